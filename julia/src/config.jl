# omega.toml, the flat `key = "value"` subset of TOML that both bindings share: Julia 1.5 has no TOML
# parser. Reading only; which answer wins over which is decided in backend.jl.

# The modules whose backend can be chosen today.
const MODULES = ("slicer", "kernels", "multi_symbol")
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
    if !path_exists(path)
        demanded && fail(FILE_NOT_FOUND, path, ": no such file (environment variable OMEGA_CONFIG)")
        return nothing
    end
    choices = parse_config(String(file_bytes(path)), path)
    return haskey(choices, mod) ? (choices[mod], abspath(path)) : nothing
end

# Whether anything at all, a folder too, stands at `path`; not being allowed to know is an error.
function path_exists(path::String)
    try
        return ispath(path)
    catch error
        error isa Union{SystemError,Base.IOError} || rethrow()
        fail_system(path, error)
    end
end

# What answers (module name -> word or nothing) from Julia's Preferences. Filled by ext/OmegaPreferencesExt.jl,
# from Julia 1.9 on, where a program has that package; this package itself needs none.
const PREFERENCE = Ref{Union{Nothing,Function}}(nothing)

# What the preference named `mod` says: nothing, or :native, :julia or :auto.
function preference_choice(mod::String)
    ask = PREFERENCE[]
    word = ask === nothing ? nothing : ask(mod)
    word === nothing && return nothing
    where = string("preference ", mod)
    word isa AbstractString || fail(TYPE_MISMATCH, where, " must be ", allowed(FILE_WORDS), ", got ", repr(word))
    return word_choice(word, FILE_WORDS, where)
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
