# The few small files that every process reads as it starts, and what they say about a library: the manifest beside it, the hash
# that is remembered of it, the modules that passed with it, the names of the incidents.

# $OMEGA_VAR_DIR, else the user's state folder on this system; it need not exist.
function state_folder()
    named = get(ENV, "OMEGA_VAR_DIR", "")
    isempty(named) || return abspath(named)
    base = Sys.iswindows() ? get(ENV, "LOCALAPPDATA", "") : Sys.isapple() ? "" : get(ENV, "XDG_STATE_HOME", "")
    isempty(base) || return joinpath(base, STATE_NAME)
    home = homedir()
    Sys.iswindows() && return joinpath(home, "AppData", "Local", STATE_NAME)
    Sys.isapple() && return joinpath(home, "Library", "Application Support", STATE_NAME)
    return joinpath(home, ".local", "state", STATE_NAME)
end

results_folder() = joinpath(state_folder(), "results")

# Takes OMEGA_SHADOW and OMEGA_SHADOW_SEED as they are before the library is loaded.
function shadow_from_environment()
    SHADOW.chosen && return nothing
    said = get(ENV, "OMEGA_SHADOW", ""), get(ENV, "OMEGA_SHADOW_SEED", "")
    said === SHADOW.seen || rarely(take_shadow, said)
    return nothing
end

# The text of a file of ours, empty where it cannot be read.
function text_of(path::String)
    try
        return String(read(path))
    catch error
        error isa Union{SystemFailure,ErrorException} || rethrow() # ErrorException: no home folder
        return ""
    end
end
text_of_result(name::String) = text_of(joinpath(results_folder(), name))

# Whether JSON as we write it holds this key with this text, of which no byte is escaped.
says(json::String, key::String, text::String) = occursin(string("\"", key, "\": \"", text, "\""), json)

# The value of a key that is text without escapes, in JSON as we write it; empty where it is not there as such.
function plain_text(json::String, key::String)
    parts = split(json, string("\"", key, "\": \""))
    return length(parts) == 2 ? String(split(parts[2], "\"")[1]) : ""
end

# Size, times in nanoseconds (of the content, of anything) and inode of a file: Julia's own stat has no nanoseconds.
function file_numbers(file::String)
    # The buffer of a uv_stat_t: 64-bit numbers, and times that are pairs of them:
    # dev mode nlink uid gid rdev ino size blksize blocks flags gen atime mtime ctime birthtime
    stat = Vector{Int}(undef, STAT_WORDS)
    status = ccall(:jl_stat, Int32, (Ptr{UInt8}, Ptr{Int}), file, stat) # realpath gave it, so there is no zero inside
    status == 0 || rarely(fail_stat, file, status)
    return @inbounds Int[stat[8], stat[15] * 1_000_000_000 + stat[16], stat[17] * 1_000_000_000 + stat[18], stat[7]]
end

# The same in the words in which both languages remember it, beside the path: what tells a file from what it was.
number_words(numbers::Vector{Int}) = @inbounds string("\"size\": ", string(numbers[1]), ", \"modified_ns\": ", string(numbers[2]),
    ", \"changed_ns\": ", string(numbers[3]), ", \"inode\": ", string(numbers[4]))
@inline hash_path(numbers::Vector{Int}) = joinpath(results_folder(), string("hash-", string(numbers[4]), ".json"))

# The hash that was remembered of exactly this file, else the empty text.
@inline function remembered_hash(file::String, numbers::Vector{Int})
    text = text_of(hash_path(numbers))
    occursin(number_words(numbers), text) && (occursin(file, text) || occursin(rarely(json_text, file)::String, text)) || return ""
    return plain_text(text, "sha256")
end

# Size and hash against the manifest; throws Damaged where they differ, what the system says where it cannot be read.
@inline function checked_file(library::String)
    file = realpath(library) # the manifest is beside the file itself, whatever links lead to it
    manifest, numbers = string(file, ".manifest"), file_numbers(file)
    said, sha256 = text_of(manifest), remembered_hash(file, numbers)
    # Nearly always the file is what it was, and its manifest in our own words says so.
    if !isempty(sha256)
        says(said, "sha256", sha256) && occursin(string("\"size\": ", string(numbers[1]), ","), said) &&
            return SeenFile(sha256, plain_text(said, "build_id"), FITS)
        isempty(said) && !ispath(manifest) && return SeenFile(sha256, "", NO_MANIFEST)
    end
    return rarely(compared_file, file, manifest)::SeenFile
end

# Whether a module passed the self-test with this very file, as this release of the package asks.
@inline function has_passed(candidate::Candidate, mod::String)
    text = text_of(pass_path(candidate))
    says(text, "sha256", candidate.sha256) && occursin(PASSED_BY_THIS_PACKAGE, text) || return false
    return occursin(ALL_MODULES_PASSED, text) || occursin(string(" ", mod, " "), string(" ", plain_text(text, "modules"), " "))
end
@inline pass_path(candidate::Candidate) = joinpath(results_folder(), string("self-test-julia-", candidate.sha256, ".json"))

function names_of_results()
    try
        return readdir(results_folder())
    catch error
        error isa Union{SystemFailure,ErrorException} || rethrow()
        return String[]
    end
end
