# The state folder that both languages share: where it is, and writing in it so that nothing is ever torn. A file
# appears whole or not at all. What cannot be written is a SystemError or IOError for the caller to survive.

const STATE_NAME = "omega-slicer"
# What the system says when it cannot.
const SystemFailure = Union{SystemError,Base.IOError}

logs_folder() = joinpath(state_folder(), "logs")

random_hex(bytes::Int) = bytes2hex(rand(Random.RandomDevice(), UInt8, bytes))

# Writes a file so that readers see the old one or the new one, and never a part.
function write_whole(path::String, text::String)
    mkpath(dirname(path); mode=0o700)
    temporary = joinpath(dirname(path), string(".", basename(path), ".", getpid(), ".", random_hex(4)))
    try
        file = Base.Filesystem.open(temporary, Base.JL_O_WRONLY | Base.JL_O_CREAT | Base.JL_O_EXCL, 0o600)
        try
            write_all(file, text)
            flush_to_disk(file)
        finally
            close(file)
        end
        rename_file(temporary, path)
    catch
        try
            rm(temporary; force=true)
        catch error
            error isa SystemFailure || rethrow()
        end
        rethrow()
    end
    return nothing
end

# Julia's own copies where it cannot rename, and a copy can be torn.
function rename_file(from::String, to::String)
    status = ccall(:jl_fs_rename, Int32, (Cstring, Cstring), from, to)
    status == 0 || throw(Base.IOError(string("rename ", to), status))
    return nothing
end

# One write; a system that takes less of it, as where a disk is full, has failed.
function write_all(file::Base.Filesystem.File, text::String)
    written = write(file, text)
    written == sizeof(text) || throw(SystemError("write", Libc.ENOSPC))
    return nothing
end

function flush_to_disk(file::Base.Filesystem.File)
    descriptor = Base.cconvert(Cint, fd(file))
    status = Sys.iswindows() ? ccall(:_commit, Cint, (Cint,), descriptor) : ccall(:fsync, Cint, (Cint,), descriptor)
    systemerror("fsync", status != 0)
    return nothing
end

# Adds one line in one write, so that processes that write at once do not mix theirs.
function append_line(path::String, line::String)
    mkpath(dirname(path); mode=0o700)
    file = Base.Filesystem.open(path, Base.JL_O_WRONLY | Base.JL_O_APPEND | Base.JL_O_CREAT, 0o600)
    try
        write_all(file, string(line, '\n'))
    finally
        close(file)
    end
    return nothing
end

# --- flat JSON: what both languages read without a library ---

const Plain = Union{String,Int,Float64,Bool,Nothing}
# Keys in their order, as they are written.
const Flat = Vector{Pair{String,Plain}}

flat_json(values::Flat) = string("{", join((string(json_text(key), ": ", json_text(value)) for (key, value) in values), ", "), "}")

json_text(::Nothing) = "null"
json_text(value::Union{Bool,Int}) = string(value)
json_text(value::Float64) = isfinite(value) ? string(value) : "null"
function json_text(value::AbstractString)
    out = IOBuffer()
    print(out, '"')
    for char in value
        escape = char == '"' ? "\\\"" : char == '\\' ? "\\\\" : char == '\n' ? "\\n" : char == '\r' ? "\\r" : char == '\t' ? "\\t" : ""
        if !isempty(escape)
            print(out, escape)
        elseif !isvalid(char)
            print(out, '\ufffd')
        elseif char < ' '
            print(out, "\\u", string(UInt32(char); base=16, pad=4))
        else
            print(out, char)
        end
    end
    print(out, '"')
    return String(take!(out))
end

# One token: punctuation, a string, a number or a word.
const JSON_TOKEN = r"\G\s*([{}\[\]:,]|\"(?:[^\"\\\x00-\x1f]|\\.)*\"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"

# A flat JSON object; ArgumentError for anything else.
function parse_flat(text::AbstractString)
    isvalid(String(text)) || throw(ArgumentError("not UTF-8 text"))
    tokens = json_tokens(String(text))
    length(tokens) >= 2 && tokens[1] == "{" && tokens[end] == "}" || throw(ArgumentError("not a JSON object"))
    found = Flat()
    inside = tokens[2:end-1]
    isempty(inside) && return found
    length(inside) % 4 == 3 || throw(ArgumentError("not a flat JSON object"))
    for at in 1:4:length(inside)
        key, colon, value = inside[at], inside[at+1], inside[at+2]
        (at + 3 > length(inside) || inside[at+3] == ",") && startswith(key, '"') && colon == ":" ||
            throw(ArgumentError("not a flat JSON object"))
        push!(found, json_string(key) => json_value(value))
    end
    return found
end

# A JSON list of plain values, as child processes say what they found.
function parse_list(text::AbstractString)
    tokens = json_tokens(String(text))
    length(tokens) >= 2 && tokens[1] == "[" && tokens[end] == "]" || throw(ArgumentError("not a JSON list"))
    return Plain[json_value(token) for token in tokens[2:2:end-1]]
end
list_json(values) = string("[", join(map(json_text, values), ", "), "]")

function json_tokens(text::String)
    tokens, at = String[], 1
    text = String(rstrip(text))
    while at <= ncodeunits(text)
        found = match(JSON_TOKEN, text, at)
        found === nothing && throw(ArgumentError("not JSON at byte $at"))
        push!(tokens, found[1])
        at = found.offset + ncodeunits(found.match)
    end
    return tokens
end

function json_value(token::String)
    token == "null" && return nothing
    (token == "true" || token == "false") && return token == "true"
    startswith(token, '"') && return json_string(token)
    token in ("{", "}", "[", "]", ":", ",") && throw(ArgumentError("not a plain value: $token"))
    return occursin(r"^-?[0-9]+$", token) ? parse(Int, token) : parse(Float64, token)
end

const JSON_ESCAPES = Dict('"' => '"', '\\' => '\\', '/' => '/', 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t')

function json_string(token::String)
    inner = chop(token; head=1, tail=1)
    occursin('\\', inner) || return String(inner)
    out, units = IOBuffer(), UInt16[]
    at = firstindex(inner)
    while at <= lastindex(inner)
        char = inner[at]
        if char == '\\' && inner[nextind(inner, at)] == 'u'
            push!(units, parse(UInt16, inner[at+2:at+5]; base=16))
            at += 6
            continue
        end
        isempty(units) || (print(out, transcode(String, units)); empty!(units))
        if char == '\\'
            at = nextind(inner, at)
            print(out, get(() -> throw(ArgumentError("unknown escape \\$(inner[at])")), JSON_ESCAPES, inner[at]))
        else
            print(out, char)
        end
        at = nextind(inner, at)
    end
    isempty(units) || print(out, transcode(String, units))
    return String(take!(out))
end

# The value of a key, or nothing.
function flat_get(values::Flat, key::String)
    found = findfirst(pair -> first(pair) == key, values)
    return found === nothing ? nothing : last(values[found])
end
