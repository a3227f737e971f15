# One breaker per module: counts what the library fails at, takes the module off it when that is too much. Once open it
# stays open for the life of the process, or until `reenable`. Knows nothing of what the calls are.

# Calls over which internal failures are counted, and how many of them may fail.
const FAILURE_WINDOW = 10_000
const MOST_FAILURES = 10

# Whether the library may answer for a module; `incident` is what it was opened for.
mutable struct Breaker
    # What a native answer looks at, and nothing else: whether the module is on the library and nobody compares.
    plain::Bool
    # Shadow mode samples what is asked at every bar: so many answers go by until the next one that is compared.
    samples::Bool
    until::Int
    off::Bool
    lock::ReentrantLock
    name::String
    operations::Tuple{Vararg{Symbol}}
    incident::Union{Nothing,Incident}
    refused::Union{Nothing,OmegaError} # why the library was not admitted when this module asked for it
    adopted::Bool # from an earlier process: nobody has been told in this one
    internal::Int
    faults::Int
    failures::Vector{Int} # numbers of the calls that failed
    calls::Threads.Atomic{Int} # counted for shadow mode alone
    draws::UInt64 # what `until` is drawn from
    forgotten::Int # native calls whose counts were reset
    switched::Float64 # when it went off the library
end

new_breaker(name::String, operations::Tuple) = Breaker(true, false, 0, false, ReentrantLock(), name, operations, nothing, nothing,
    false, 0, 0, Int[], Threads.Atomic{Int}(0), UInt64(0), 0, 0.0)

# The library that all of them are about.
const SUBJECT = Ref(Subject(""))

const SLICER = new_breaker("slicer", SLICER_OPERATIONS)
const KERNEL_BREAKER = new_breaker("kernels", KERNEL_OPERATIONS)
const MULTI_SYMBOL = new_breaker("multi_symbol", MULTI_SYMBOL_OPERATIONS)
const BREAKERS = (SLICER, KERNEL_BREAKER, MULTI_SYMBOL)

breaker_of(mod::String) = mod == "slicer" ? SLICER : mod == "kernels" ? KERNEL_BREAKER : MULTI_SYMBOL

# Whether an error is the library's own, and not its caller's.
is_fault(code::Integer) = 4000 <= code < 6000
is_fault(error) = error isa OmegaError && is_fault(error.code)

# The number of a module's native calls so far: those that were counted anyway, so that the counting costs nothing.
native_calls(breaker::Breaker) = breaker.forgotten + counted_native(breaker)
counted_native(breaker::Breaker) = sum(total_count(operation_slot(name) + NATIVE) for name in breaker.operations)

# Whether the next answer of the library is looked at by nobody. Threads that count at once may take one for another's: which call
# is compared then depends on them anyway.
@inline goes_by!(breaker::Breaker) = breaker.plain || (breaker.samples && (breaker.until -= 1) >= 0)

# To be called with the lock held, after anything it depends on has changed.
function settle!(breaker::Breaker)
    breaker.off = breaker.incident !== nothing
    breaker.plain = !breaker.off && SHADOW.fraction == 0.0
    breaker.samples = !breaker.off && SHADOW.fraction != 0.0
    return nothing
end

# Closed, with nothing counted.
function close!(breaker::Breaker)
    lock(breaker.lock) do
        breaker.incident = nothing
        breaker.adopted = false
        breaker.internal = breaker.faults = 0
        empty!(breaker.failures)
        settle!(breaker)
    end
end

# Takes the module off the library, at once; `switched` is when. What is to be said about it comes after.
function switch_off!(breaker::Breaker)
    breaker.off || (breaker.switched = time())
    breaker.plain, breaker.samples, breaker.off = false, false, true
    return nothing
end

# Counts a failure of the library, and opens where that is one too many. `arguments` makes the text of the call's.
@noinline function failed!(@nospecialize(arguments), breaker::Breaker, error::OmegaError, call::String)
    started = time()
    lock(breaker.lock)
    trigger = try
        counted = error.code >= 5000 ? count_panic!(breaker) : count_internal!(breaker)
        isempty(counted) || switch_off!(breaker)
        counted
    finally
        unlock(breaker.lock)
    end
    isempty(trigger) || rarely(trip_for_error!, arguments, breaker, trigger, error, call, started)
    return nothing
end

@noinline trip_for_error!(@nospecialize(arguments), breaker::Breaker, trigger::String, error::OmegaError, call::String, started::Float64) =
    trip!(arguments, breaker, trigger, string("OmegaError ", error.code, " ", error.name, ": ", error.message); call=call, code=error.code,
        started=started, by="the call")

count_panic!(breaker::Breaker) = (breaker.faults += 1; "panic")

function count_internal!(breaker::Breaker)
    breaker.internal += 1
    number = native_calls(breaker)
    push!(breaker.failures, number)
    while breaker.failures[1] <= number - FAILURE_WINDOW
        popfirst!(breaker.failures)
    end
    return length(breaker.failures) > MOST_FAILURES ? "error_rate" : ""
end

# Opens an incident; the first one's where threads race. The module is off before anything is made or written: a slow disk
# delays the record, not the switch.
function trip!(@nospecialize(arguments), breaker::Breaker, trigger::String, message::String; call::String="",
    code::Union{Nothing,Int}=nothing, started::Float64=time(), by::String, severity::Union{Nothing,String}=nothing, quietly::Bool=false)

    lock(breaker.lock)
    incident, first = try
        open_incident!(breaker, trigger, message, call, code, started, by, severity, arguments !== nothing)
    finally
        unlock(breaker.lock)
    end
    first || return incident
    incident = recorded(incident, arguments === nothing ? "" : argument_words(arguments))
    lock(breaker.lock)
    breaker.incident === nothing || (breaker.incident = incident)
    unlock(breaker.lock)
    quietly || say(incident)
    return incident
end

# What cannot be put into words must not cost the answer.
function argument_words(@nospecialize(arguments))
    try
        return arguments()::String
    catch error
        return string("# the arguments could not be written: ", sprint(showerror, error), '\n')
    end
end

# With the lock held: the incident, and whether it is a new one.
function open_incident!(breaker::Breaker, trigger::String, message::String, call::String, code::Union{Nothing,Int}, started::Float64,
    by::String, severity::Union{Nothing,String}, has_arguments::Bool)

    known = breaker.incident
    known === nothing || return known, false
    switch_off!(breaker)
    made = new_incident(breaker.name, trigger, SUBJECT[]; started=started, switched=max(started, breaker.switched), code=code,
        message=message, call=call, has_arguments=has_arguments, by=by, severity=severity)
    breaker.incident = made
    return made, true
end

# Honours an incident that another process, or an earlier one, opened.
function adopt!(breaker::Breaker, incident::Incident)
    lock(breaker.lock) do
        breaker.incident === nothing || return nothing
        breaker.incident, breaker.adopted = incident, true
        settle!(breaker)
    end
end

# The one warning about an incident.
function say(incident::Incident)
    where = isempty(incident.unrecorded) ? incident_path(incident) : string("it could not be recorded: ", incident.unrecorded)
    Logging.@warn string(incident.module_name, ": the julia backend answers from now on; ", incident.trigger, " (", incident.severity,
        ", act within: ", incident.time_allowed, "): ", incident.error_message, " [", incident.rollback_id, "; ", where, "]")
    return nothing
end
