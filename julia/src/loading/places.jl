# Where the library is: in a checkout the first place there is to look, else that of the system's loader.

# The library, looked at and not loaded: a Candidate, or nothing (LIBRARY then says why). Its manifest has been compared
# and its open incidents are honoured. A failed search is repeated only with `retry`, or after OMEGA_LIBRARY has changed.
function located(retry::Bool=false)
    lock(LIBRARY_LOCK)
    try
        return located_now(retry)
    finally
        unlock(LIBRARY_LOCK)
    end
end

function located_now(retry::Bool)
    LIBRARY.candidate === nothing || return LIBRARY.candidate
    wanted = get(ENV, "OMEGA_LIBRARY", "")
    !retry && LIBRARY.tried_for === wanted && return nothing
    LIBRARY.tried_for, LIBRARY.failure = wanted, nothing
    empty!(LIBRARY.failures)
    file = isempty(wanted) ? checkout_library() : wanted
    if isempty(file) || !ispath(file)
        file = rarely(look_further, wanted)::String
        isempty(file) && return nothing
    end
    file = abspath(file)
    try
        LIBRARY.candidate = looked_at(file)
    catch error
        rarely(refuse_file, file, error)
    end
    return LIBRARY.candidate
end

# Where Cargo builds, in a checkout of omega-slicer; empty elsewhere.
@inline function checkout_library()
    checkout = dirname(dirname(dirname(@__DIR__)))
    occursin("\nname = \"omega-slicer\"\n", text_of(joinpath(checkout, "Cargo.toml"))) || return ""
    built = get(ENV, "CARGO_TARGET_DIR", "") # joinpath keeps an absolute folder and takes another from the checkout
    return joinpath(checkout, isempty(built) ? "target" : built, "release", LIBRARY_FILE)
end

# Compares a file with its manifest, and takes every module off the library that has an open incident with this build.
@inline function looked_at(path::String)
    seen = checked_file(path)
    key = isempty(seen.build_id) ? rarely(hash_key, seen.sha256)::String : seen.build_id
    candidate = Candidate(path, key, seen.sha256, seen.manifest)
    SUBJECT[] = Subject(key, "", path, seen.sha256)
    for name in names_of_results()
        if startswith(name, "RB-")
            rarely(adopt_known, candidate)
            break
        end
    end
    return candidate
end

# (what the place is called, path, whether it must be a file) in the order of looking.
function library_places(wanted::String)
    isempty(wanted) || return [(string("OMEGA_LIBRARY ", wanted), wanted, true)]
    built = checkout_library()
    system = (string("system loader ", SYSTEM_SONAME), SYSTEM_SONAME, false)
    return isempty(built) ? [system] : [(string("checkout ", built), built, true), system]
end

# The first file there is, is the library; empty if there is none. LIBRARY keeps the places that were looked at in vain.
function look_further(wanted::String)
    for (place, path, must_be_file) in library_places(wanted)
        file = must_be_file ? abspath(path) : installed_library()
        !isempty(file) && ispath(file) && return file
        push!(LIBRARY.failures, LookupFailure(place, "no such file"))
    end
    return ""
end

# Where the system's loader would take the library from, asked without loading it; empty for nowhere.
function installed_library()
    name = Sys.islinux() ? SYSTEM_SONAME : LIBRARY_FILE
    named = get(ENV, Sys.iswindows() ? "PATH" : Sys.islinux() ? "LD_LIBRARY_PATH" : "DYLD_LIBRARY_PATH", "")
    folders = split(named, Sys.iswindows() ? ";" : ":")
    if Sys.islinux()
        # The loader's own list is a file of texts that end with a zero: what stands before the name is a folder.
        parts = split(text_of("/etc/ld.so.cache"), string("/", name, "\0"))
        for i in 1:length(parts)-1
            push!(folders, split(parts[i], "\0")[end])
        end
    end
    Sys.iswindows() || append!(folders, split("/usr/local/lib:/usr/lib:/lib", ":"))
    for folder in folders
        place = joinpath(String(folder), name)
        !isempty(folder) && isfile(place) && return abspath(place)
    end
    return ""
end
