# The library with the fallback behind it: what "auto" means where the library is there. Every call goes to the library,
# and where that fails by its own fault, Julia answers the same call. Once the breaker of a module is open the library is not
# asked again, by objects that exist neither. The caller's own errors pass through untouched.

# A whole call. `library` is nothing where Julia was chosen; `given` are the arguments, for the record of a failure.
function guarded(native::N, julia::J, breaker::Breaker, slot::Int, call::String, library, is_auto::Bool, given::Tuple,
    by::Union{Nothing,Missing,ByElement}=nothing) where {N,J}

    if library === nothing || (is_auto && breaker.off)
        count!(slot, FALLBACK)
        return julia()
    end
    count!(slot, NATIVE)
    is_auto || return counted_failures(native, breaker)
    answer = try
        native()
    catch error
        is_fault(error) || rethrow()
        failed!(() -> arguments_text(call, given), breaker, error, call)
        count!(slot, FALLBACK)
        return julia()
    end
    return breaker.plain || breaker.off ? answer : rarely(compared, breaker, call, answer, julia, by, given)::typeof(answer)
end

# Under an explicit native the error goes to the caller; all that is kept of it is a number in status().
function counted_failures(native::N, breaker::Breaker) where {N}
    try
        return native()
    catch error
        is_fault(error) && count_failure!(breaker, error)
        rethrow()
    end
end

@noinline function count_failure!(breaker::Breaker, error::OmegaError)
    lock(breaker.lock) do
        error.code >= 5000 ? (breaker.faults += 1) : (breaker.internal += 1)
    end
    return nothing
end

# --- questions at every bar: no closures, nothing allocated while all is well ---

# What a question of a native slicer does while its module is off the library, or its answer is compared.
@noinline function watched(native::N, julia::J, slicer::SymbolDataSlicer, slot::Int, call::String, given::Vararg{Any,K}) where {N,J,K}
    if !is_auto(slicer)
        SLICER.samples && draw_until!(SLICER)
        return native(slicer, given...)
    end
    if SLICER.off
        count!(slot, FALLBACK)
        return julia(in_julia(slicer), given...)
    end
    answer = native(slicer, given...)
    return SLICER.samples ? compared_bar(answer, julia, slicer, call, given...) : answer
end

# What a native answer that is none leads to: an error for the caller, or Julia's answer.
@noinline function rescued(julia::J, slicer::SymbolDataSlicer, slot::Int, call::String, error::OmegaError, given::Vararg{Any,K}) where {J,K}
    is_fault(error) || throw(error)
    if !is_auto(slicer)
        count_failure!(SLICER, error)
        throw(error)
    end
    failed!(() -> arguments_text(call, OneBar(slicer, given)), SLICER, error, call)
    count!(slot, FALLBACK)
    return julia(in_julia(slicer), given...)
end

# Whether a slicer, or a series, may go over to Julia by itself. Fields and no properties: one of those asks this.
is_auto(series::CandleSeries) = getfield(series, :requested) === :auto
function is_auto(slicer::SymbolDataSlicer)
    requested = getfield(slicer, :requested)
    return requested === :auto || (requested === :series && is_auto(getfield(slicer, :series)))
end

# Whether a question goes to the library now.
@inline asks_library(slicer::SymbolDataSlicer) = getfield(slicer, :handle) != C_NULL && (SLICER.plain || still_asks(slicer))
@noinline still_asks(slicer::SymbolDataSlicer) = !SLICER.off || !is_auto(slicer)

# The Julia twin of a slicer, made once.
function in_julia(slicer::SymbolDataSlicer)
    getfield(slicer, :handle) == C_NULL && return slicer
    twin = getfield(slicer, :instead)
    twin === nothing || return twin
    made = SymbolDataSlicer(getfield(slicer, :series), nothing)
    setfield!(slicer, :instead, made)
    return made
end

# A native series over Julia's columns, or NO_HANDLE where the library failed at it and may.
function lent_handle(series::CandleSeries, library::NativeLibrary, auto::Bool)
    try
        return native_handle(series, library)
    catch error
        auto && is_fault(error) || rethrow()
        rarely(failed!, () -> arguments_text("accept", saved_parts(series)), SLICER, error, "accept")
        return NO_HANDLE
    end
end
