# Switching a module off by hand, and back on. A module comes back only after verify found nothing; whoever wants the library in
# spite of that demands `native`. What is decided here holds for this process and for later ones.

"""
    incidents() -> Vector{OmegaJulia.Incident}
    incidents(rollback_id) -> OmegaJulia.Incident

Every [`OmegaJulia.Incident`](@ref) in the state folder (`\$OMEGA_VAR_DIR`), oldest first, whichever language opened it, and those of
this process that could not be written; or the one of that name, which prints all that is known of it. Errors: 1001 for an unknown
name. O(incidents). Source: `src/guard/commands.jl`.

```jldoctest
julia> using OmegaJulia

julia> all(incident -> incident.state in ("open", "closed"), incidents())
true
```
"""
function incidents()
    found = every_incident()
    for breaker in BREAKERS
        mine = breaker.incident
        mine === nothing || any(one -> one.rollback_id == mine.rollback_id, found) || push!(found, mine)
    end
    return found
end
incidents(rollback_id) = find_incident(rollback_id)

"""
    rollback(module, reason=""; severity="LOW") -> OmegaJulia.Incident

Switches a module off the library, here and in later processes of either language with the same build, until
[`reenable`](@ref). The incident that says so; the open one if there is one. Objects that exist go over with their next call, but
those made under an explicit `"native"`. Errors: 1007 where there is no library to switch off, 1001 for unknown words.
Source: `src/guard/commands.jl`.

```jldoctest
julia> using OmegaJulia

julia> try rollback("csv") catch error; error.code end
1001
```
"""
function rollback(mod, reason=""; severity="LOW")
    name = module_name(mod)
    severity_named(string(severity))
    if located(true) === nothing && LIBRARY.failure === nothing
        fail(INVALID_STATE, name, ": the julia backend answers already: ", lookup_failure(name).text)
    end
    message = isempty(string(reason)) ? "switched off by hand" : string(reason)
    return trip!(nothing, breaker_of(name), "by_hand", message; call="rollback", by="rollback", severity=string(severity), quietly=true)
end

# Switches off the modules that `verify(bench=true)` found slower, each for its slowest number.
function rollback_slower(report::Report)
    lines = report.speed === nothing ? SpeedLine[] : report.speed.lines
    for name in report.modules
        slow = filter(line -> line.slower && speed_module(line.name) == name, lines)
        isempty(slow) && continue
        worst = slow[last(findmax(map(sure_percent, slow)))]
        message = string(worst.name, ": ", round(Int, sure_percent(worst)), " % slower than the baseline in ", length(worst.percents), " runs")
        trip!(nothing, breaker_of(name), worst.trigger, message; call=worst.name, by="verify --bench")
    end
    return nothing
end

"""
    reenable(module; progress=(done, total) -> nothing) -> OmegaJulia.Report

Closes the open incident of a module with this build, if [`verify`](@ref) finds nothing; what that found. Errors: 1007 saying what is
wrong, with nothing changed, or that no incident is open; 1001 for an unknown module. Takes some seconds.
Source: `src/guard/commands.jl`.

```jldoctest
julia> using OmegaJulia

julia> try reenable("csv") catch error; error.code end
1001
```
"""
function reenable(mod; progress=(done, total) -> nothing)
    name = module_name(mod)
    forget_library()
    breaker, report = breaker_of(name), verify(name; progress=progress)
    mine = filter(one -> one.module_name == name && one.state == "open", every_incident())
    here = filter(one -> is_about(one, SUBJECT[]), mine)
    isempty(here) && breaker.incident === nothing && fail(INVALID_STATE, name, ": no incident is open",
        isempty(mine) ? "" : " with this build; $(length(mine)) with others")
    if isempty(report.library) || !report.ok
        foreach(refused_incident, here)
        fail(INVALID_STATE, name, " stays on the julia backend: verify found: ",
            isempty(report.failures) ? report.note : join(at_most(report.failures, 3), "; "))
    end
    try
        foreach(incident -> close_incident(incident, "reenable"), here)
    catch error
        error isa SystemFailure || rethrow()
        fail(INVALID_STATE, name, ": the incident cannot be closed: ", failure_text(error))
    end
    candidate = located(true)::Candidate
    passed = union(passed_before(candidate), [name])
    remember_pass(candidate, filter(one -> one in passed, collect(MODULES)))
    close!(breaker)
    forget_library()
    lock(() -> empty!(WARNED), BACKEND_LOCK)
    return report
end
