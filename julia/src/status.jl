# What the package says about itself: which backend answers and why, and what has been counted so far.
# Plain structures for programs, text for people. Asking never throws because of a wrong setting: the
# setting's error is the reason it gives.

"""
    ModuleStatus

One module's part of [`status`](@ref), by property: `backend` (`"native"`, `"julia"`, or `"none"` where asking
for an answer would throw), `reason`, `requested` (`"native"`, `"julia"` or `"auto"`), `source` (what asked for
it), `counts` (a named tuple by operation, each `(native, shared, fallback)`), `incident` (the open one, an
[`OmegaJulia.Incident`](@ref), or `nothing`), `native_errors` and `native_faults` (calls that failed inside the library: 4xxx, 5xxx).
Source: `src/status.jl`.
"""
struct ModuleStatus
    backend::String
    reason::String
    requested::String
    source::String
    counts::NamedTuple
    incident::Union{Nothing,Incident}
    native_errors::Int
    native_faults::Int
end

"""
    LibraryStatus

The native library's part of [`status`](@ref), by property: `loaded`, `path`, `version`, `build_id`, `abi` (empty
texts unless loaded), `reason`, `failures`, each place looked at in vain with its reason, `manifest` (what the file was compared with before
it was loaded) and `self_test`. Source: `src/status.jl`.
"""
struct LibraryStatus
    loaded::Bool
    path::String
    version::String
    build_id::String
    abi::String
    reason::String
    failures::Vector{Pair{String,String}}
    manifest::String
    self_test::String
end

"""
    ShadowStatus

Shadow mode's part of [`status`](@ref), by property: `fraction`, `seed`, `rows` (worked out again) and `differences`.
Source: `src/status.jl`.
"""
struct ShadowStatus
    fraction::Float64
    seed::Int
    rows::Int
    differences::Int
end

"""
What [`status`](@ref) returns: `slicer`, `kernels` and `multi_symbol`, each a [`ModuleStatus`](@ref), `library`, a
[`LibraryStatus`](@ref), and `shadow`, a [`ShadowStatus`](@ref).
"""
struct Status
    slicer::ModuleStatus
    kernels::ModuleStatus
    multi_symbol::ModuleStatus
    library::LibraryStatus
    shadow::ShadowStatus
end

"""
    status() -> OmegaJulia.Status

Which backend each module gets and why, how often each operation was answered by which path, and the native
library's path, version, build id and ABI. Prints well; its properties are plain values (`status().slicer`,
`status().kernels`, `status().multi_symbol`, `status().library`). Counts are of this process: a call counts when it is made, `native` for the native
library, `shared` for answers in Julia over columns shared with it (walks and moments, where that is faster than a call),
`fallback` for plain Julia. With several threads a sum may miss calls still being made; none is lost.

Under `auto` and `native` this opens the library if nothing has yet; under `julia` it is left alone.
O(threads). Source: `src/status.jl`.

```jldoctest
julia> using OmegaJulia

julia> reset_counts(); set_backend("slicer", "julia");

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> get_lookback(SymbolDataSlicer(series), 0, 1);

julia> status().slicer.counts.get_lookback, status().slicer.source
((native = 0, shared = 0, fallback = 1), "set_backend")

julia> set_backend("slicer", nothing)
```
"""
function status()
    modules = (module_status("slicer", SLICER_OPERATIONS), module_status("kernels", KERNEL_OPERATIONS),
        module_status("multi_symbol", MULTI_SYMBOL_OPERATIONS))
    return Status(modules..., library_status(any(part -> part.requested != "julia", modules)),
        ShadowStatus(SHADOW.fraction, SHADOW.seed, SHADOW.rows[], SHADOW.differences[]))
end

function module_status(name::String, operations::Tuple)
    counts = NamedTuple{operations}(map(operation_counts, operations))
    choice = try
        resolve_choice(nothing, name)
    catch error
        error isa OmegaError || rethrow()
        return ModuleStatus("none", string("the configuration cannot be read: ", error.message), "", "configuration", counts, trouble(name)...)
    end
    backend, reason = backend_and_reason(choice, name)
    return ModuleStatus(backend, reason, String(choice.requested), choice.source, counts, trouble(name)...)
end

trouble(name::String) = (breaker = breaker_of(name); (breaker.incident, breaker.internal, breaker.faults))

function backend_and_reason(choice::Choice, name::String)
    choice.requested === :julia && return ("julia", string("chosen (", choice.source, ")"))
    found, incident = located(), breaker_of(name).incident
    incident !== nothing && choice.requested === :auto && return ("julia", held_back(incident))
    library = found === nothing ? nothing : find_library(name)
    library === nothing ||
        return ("native", choice.requested === :native ? string("chosen (", choice.source, ")") : "the native library was found")
    incident = breaker_of(name).incident
    incident !== nothing && choice.requested === :auto && return ("julia", held_back(incident))
    reason = string("the native library is not available: ", replace(lookup_failure(name).text, r"\s*\n\s*" => "; "))
    return choice.requested === :native ? ("none", string("native is demanded (", choice.source, "), but: ", reason)) : ("julia", reason)
end

function operation_counts(name::Symbol)
    slot = operation_slot(name)
    return NamedTuple{PATHS}((total_count(slot + NATIVE), total_count(slot + SHARED), total_count(slot + FALLBACK)))
end

function library_status(wanted::Bool)
    library = LIBRARY.library
    failures = Pair{String,String}[f.place => f.why for f in LIBRARY.failures]
    manifest = LIBRARY.candidate === nothing ? "" : LIBRARY.candidate.manifest
    library === nothing && return LibraryStatus(false, "", "", "", "", wanted ? "see the reasons above" :
        "not needed: the fallback is chosen", failures, manifest, "")
    return LibraryStatus(true, library.path, library.version, library.build_id, version_text(library.abi), "loaded", failures, manifest,
        LIBRARY.self_test)
end

Base.show(io::IO, status::Status) = show(io, MIME("text/plain"), status)
function Base.show(io::IO, ::MIME"text/plain", status::Status)
    print(io, "OmegaJulia ", VERSION_TEXT, " on Julia ", VERSION)
    for (name, part) in ("slicer" => status.slicer, "kernels" => status.kernels, "multi_symbol" => status.multi_symbol)
        incident = part.incident
        told = incident !== nothing && occursin(incident.rollback_id, part.reason)
        print(io, "\n  ", name, ": ", part.backend, " (", told ? "an incident is open: verify, then reenable" : part.reason, ")")
        print(io, "\n    requested ", isempty(part.requested) ? "-" : part.requested, " by ", part.source)
        incident === nothing || print(io, "\n    OPEN INCIDENT (", isempty(incident.trigger) ? incident.corrupt : incident.trigger, ", ",
            incident.severity, ")", isempty(incident.unrecorded) ? "" : string(", unrecorded: ", incident.unrecorded), "\n      ",
            incident.rollback_id)
        part.native_errors + part.native_faults == 0 ||
            print(io, "\n    failed in the library: ", part.native_errors, " errors, ", part.native_faults, " faults")
        show_counts(io, part.counts)
    end
    library = status.library
    if library.loaded
        print(io, "\n  library: ", library.path, "\n    version ", library.version, ", build ", library.build_id, ", ABI ", library.abi,
            "\n    ", library.manifest, "; self-test ", library.self_test)
    else
        print(io, "\n  library: not loaded (", library.reason, ")")
    end
    shadow = status.shadow
    shadow.fraction == 0 && shadow.rows == 0 || print(io, "\n  shadow: ", shadow.fraction, " of the answers, seed ", shadow.seed, ": ",
        shadow.rows, " worked out again, ", shadow.differences, " differed")
end

function show_counts(io::IO, counts::NamedTuple)
    used = [name => values(kinds) for (name, kinds) in pairs(counts) if sum(kinds) > 0]
    isempty(used) || print(io, "\n    ", rpad("calls", 18), join(lpad.(PATHS, 12)))
    foreach(((name, kinds),) -> print(io, "\n    ", rpad(name, 18), join(lpad.(kinds, 12))), used)
end
