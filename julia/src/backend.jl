# Which backend answers: argument, then set_backend, then the environment, then omega.toml, then
# a preference of Julia's Preferences package (1.9 and later, where that is loaded), then auto.
# Decided when a series, a slicer or a stream is made and at each call of a kernel, never at a question. With
# the Julia backend chosen the native library is not loaded at all; nothing here falls back without saying so.

const ARGUMENT_WORDS = ("native" => :native, "julia" => :julia, "auto" => :auto)
const ENVIRONMENT_WORDS = (
    "true" => :native, "1" => :native, "yes" => :native, "on" => :native,
    "false" => :julia, "0" => :julia, "no" => :julia, "off" => :julia, "auto" => :auto,
)
const ENVIRONMENT_NAMES = (
    "slicer" => ("OMEGA_USE_RUST_SLICER", "USE_RUST_SLICER"),
    "kernels" => ("OMEGA_USE_RUST_KERNELS", "USE_RUST_KERNELS"),
    "multi_symbol" => ("OMEGA_USE_RUST_MULTI_SYMBOL", "USE_RUST_MULTI_SYMBOL"),
)

# What was asked for, and by whom.
struct Choice
    requested::Symbol # :native, :julia or :auto
    source::String
end

const BACKEND_LOCK = ReentrantLock()
const SET_BACKEND = Dict{String,Symbol}()
const WARNED = Set{String}()

"""
    set_backend(module, "native" | "auto" | "julia" | nothing)

Chooses who answers from now on, over the environment and `omega.toml` and under a `backend=` argument;
`nothing` takes the choice back. Modules: `"slicer"` (series, slicers and walks; existing ones keep theirs),
`"kernels"` (rolling kernels, recurrences and indicators; existing streams keep theirs) and `"multi_symbol"`
(moments across symbols; existing ones keep theirs). `"native"` looks for
the library at once. What was made under `"auto"` goes over to Julia by itself where the library fails or a [`rollback`](@ref)
switches it off; an explicit `"native"` never does, and is told by an error.

Without any of these a preference holds, where Julia (1.9 or later) has loaded Preferences:
`Preferences.set_preferences!(OmegaJulia, "slicer" => "julia")`; without one, `"auto"`.

Errors: 1001 for an unknown module or word, 1004 for another type; with `"native"` 6005, listing each place
looked at and why it failed, if there is no library, or 5004 if one is there but does not fit: then nothing
has changed. O(1), thread-safe.
Source: `src/backend.jl`.

```jldoctest
julia> using OmegaJulia

julia> set_backend("slicer", "julia")

julia> status().slicer.backend
"julia"

julia> set_backend("slicer", nothing)
```
"""
function set_backend(mod, backend)
    name = module_name(mod)
    choice = backend === nothing ? nothing : argument_choice(backend, string("set_backend(\"", name, "\")"))
    forget_library()
    choice === :native && library_for(Choice(:native, "set_backend"), name)
    lock(BACKEND_LOCK) do
        choice === nothing ? delete!(SET_BACKEND, name) : (SET_BACKEND[name] = choice)
    end
    return nothing
end

function module_name(mod)
    mod isa Union{AbstractString,Symbol} || fail(TYPE_MISMATCH, "module must be a name, got ", repr(mod))
    name = String(mod)
    name in MODULES || fail(INVALID_ARGUMENT, "unknown module ", quoted(name), "; known: ", join(MODULES, ", "))
    return name
end

function argument_choice(backend, where::String)
    backend isa Union{AbstractString,Symbol} ||
        fail(TYPE_MISMATCH, where, " must be ", allowed(ARGUMENT_WORDS), ", got ", repr(backend))
    return word_choice(String(backend), ARGUMENT_WORDS, where)
end

# The environment's choice for a module: nothing, or a Choice. Two spellings that disagree are an error.
function environment_choice(mod::String)
    found = Pair{String,Symbol}[]
    for name in environment_names(mod)
        haskey(ENV, name) || continue
        word = ENV[name]
        push!(found, name => word_choice(lowercase(word), ENVIRONMENT_WORDS, string("environment variable ", name)))
    end
    isempty(found) && return nothing
    if last(found[1]) !== last(found[end])
        a, b = first(found[1]), first(found[end])
        fail(INVALID_ARGUMENT, "environment variables disagree: ", a, " is ", quoted(ENV[a]), ", ",
            b, " is ", quoted(ENV[b]))
    end
    return Choice(last(found[1]), first(found[1]))
end

environment_names(mod::String) = last(ENVIRONMENT_NAMES[findfirst(pair -> first(pair) == mod, ENVIRONMENT_NAMES)])

# What holds for something new of module `mod` whose backend argument is `argument`.
function resolve_choice(argument=nothing, mod::String="slicer")
    argument === nothing || return Choice(argument_choice(argument, "backend"), "argument")
    set = lock(() -> get(SET_BACKEND, mod, nothing), BACKEND_LOCK)
    set === nothing || return Choice(set, "set_backend")
    environment = environment_choice(mod)
    environment === nothing || return environment
    configured = config_choice(mod)
    configured === nothing || return Choice(configured...)
    preferred = preference_choice(mod)
    preferred === nothing || return Choice(preferred, "Preferences")
    return Choice(:auto, "default")
end

# The library to use for a choice, or nothing for the Julia backend. Throws 6005 (5000 or 5004 where a library was found but
# is refused) when native is demanded and cannot be had.
function library_for(choice::Choice, mod::String="slicer")
    choice.requested === :julia && return nothing
    breaker = breaker_of(mod)
    if choice.requested === :native
        library = find_library(mod, true)
        library === nothing && rarely(fail_no_library, choice, mod)
        breaker.incident === nothing || rarely(warn_demanded, choice, mod, breaker.incident)
        return library
    end
    # Once it is there, a call that asks for it again costs a few loads.
    library = LIBRARY.library
    if library === nothing || breaker.off || breaker.refused !== nothing
        shadow_from_environment()
        library = find_library(mod, false, true)
    end
    incident = breaker.incident
    if incident !== nothing
        breaker.adopted && rarely(warn_held_back, mod, incident)
        return nothing
    end
    library === nothing && !breaker.off &&
        rarely(warn_fallback, mod)
    return library
end

warn_demanded(choice::Choice, mod::String, incident::Incident) = warn_once(string("native ", mod), mod, ": native is demanded (",
    choice.source, "): the library answers although ", held_back(incident))
warn_held_back(mod::String, incident::Incident) =
    warn_once(string("incident ", mod), mod, ": the julia backend answers, since ", held_back(incident))
warn_fallback(mod::String) =
    warn_once("fallback", "OmegaJulia answers in Julia: the native library is not available; looked at:\n", lookup_failure(mod).text)

held_back(incident::Incident) = string("incident ", incident.rollback_id, " (",
    isempty(incident.trigger) ? incident.corrupt : incident.trigger, ") is open: verify, then reenable")

@noinline function fail_no_library(choice::Choice, mod::String="slicer")
    failure = lookup_failure(mod)
    fail(failure.code, "the native backend is demanded (", choice.source, ") but not available; looked at:\n", failure.text)
end

function warn_once(key::String, parts...)
    first_time = lock(BACKEND_LOCK) do
        key in WARNED ? false : (push!(WARNED, key); true)
    end
    first_time && Logging.@warn string(parts...)
    return nothing
end
