# omega.toml, the flat `key = "value"` subset of TOML that both bindings share: Julia 1.5 has no TOML
# parser. Reading only; which answer wins over which is decided in backend.jl.

# The modules whose backend can be chosen today.
const MODULES = ("slicer", "kernels")
# Words of omega.toml and what they mean; the other language's own name means its fallback, here ours.
const FILE_WORDS = ("native" => :native, "julia" => :julia, "python" => :julia, "fallback" => :julia, "auto" => :auto)

allowed(words) = join(first.(words), ", ", " or ")

# The configuration file that counts now: (path, must it exist?).
function config_path()
    path = get(ENV, "OMEGA_CONFIG", "")
    return isempty(path) ? ("omega.toml", false) : (path, true)
end

# What the file says about `mod`: nothing, or (:native | :julia | :auto, path). The whole file is checked.
function config_choice(mod::String)
    path, demanded = config_path()
    if !isfile(path)
        demanded && fail(ispath(path) ? IO_ERROR : FILE_NOT_FOUND, path,
            ": no such file (environment variable OMEGA_CONFIG)")
        return nothing
    end
    text = try
        read(path, String)
    catch error
        fail(IO_ERROR, path, ": ", sprint(showerror, error))
    end
    choices = parse_config(text, path)
    return haskey(choices, mod) ? (choices[mod], abspath(path)) : nothing
end

# A whole line: nothing, a comment, or a key and a word.
const CONFIG_LINE = r"^[ \t]*(?:([A-Za-z0-9_-]+)[ \t]*=[ \t]*\"([^\"\\]*)\"[ \t]*)?(?:#.*)?$"

# Module name to choice. Errors name the file and the line.
function parse_config(text::String, path::String)
    choices = Dict{String,Symbol}()
    isvalid(text) || fail(INVALID_FORMAT, path, ": not UTF-8 text")
    for (number, line) in enumerate(split(text, '\n'))
        where = string(path, ", line ", number)
        found = match(CONFIG_LINE, endswith(line, '\r') ? chop(line) : line)
        found === nothing && fail(INVALID_FORMAT, where, ": ", quoted(line), " is not of the form: module = \"word\"")
        key, word = found.captures
        key === nothing && continue
        key in MODULES || fail(INVALID_ARGUMENT, where, ": unknown key ", quoted(key), "; known: ", join(MODULES, ", "))
        haskey(choices, key) && fail(INVALID_ARGUMENT, where, ": ", quoted(key), " is there twice")
        choices[key] = word_choice(word, FILE_WORDS, string(where, ": ", key))
    end
    return choices
end

# The choice a word stands for; anything else is an error naming where it stood and what is allowed.
function word_choice(word::AbstractString, words, where::String)
    for (name, choice) in words
        name == word && return choice
    end
    fail(INVALID_ARGUMENT, where, " is ", quoted(word), "; allowed: ", allowed(words))
end
