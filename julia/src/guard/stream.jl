# A stream of the library that Julia can take over at any row, with nothing lost. Windowed kernels keep the rows of their
# window; where the state is a few numbers, a twin in Julia goes along, which costs less than keeping every row would.

mutable struct GuardedTwin{INPUTS,OUTPUTS,JULIA<:Twin{INPUTS,OUTPUTS}} <: Twin{INPUTS,OUTPUTS}
    native::NativeTwin{INPUTS,OUTPUTS}
    julia::JULIA
    goes_along::Bool
    switched::Bool # once on Julia, always: the library has not seen the rows since
    call::KernelCall
    most::Int
    rows::Vector{NTuple{INPUTS,Float64}} # the ring; grows as it is fed
    oldest::Int
end

guarded_twin(native::NativeTwin{INPUTS,OUTPUTS}, julia::JULIA, call::KernelCall) where {INPUTS,OUTPUTS,JULIA} =
    GuardedTwin{INPUTS,OUTPUTS,JULIA}(native, julia, !is_windowed(call), false, call, call.window, NTuple{INPUTS,Float64}[], 1)

# Where the next answer hangs on rows of a window, and not on a state of a few numbers or a ring that Julia keeps anyway.
is_windowed(call::KernelCall) = KERNELS[call.kernel+1] in (:sum, :mean, :var, :std, :zscore, :min, :max, :argmin, :argmax, :cov, :corr, :bollinger)

function guarded_twin(library::NativeLibrary, call::KernelCall)
    native = try
        native_twin(library, call)
    catch error
        is_fault(error) || rethrow()
        name = String(KERNELS[call.kernel+1])
        failed!(() -> arguments_text(name, ((), kernel_numbers(call))), KERNEL_BREAKER, error, name)
        return julia_twin(call)
    end
    return guarded_twin(native, julia_twin(call), call)
end

asks_library(twin::GuardedTwin) = !(twin.switched | KERNEL_BREAKER.off)

function take_row!(twin::GuardedTwin{INPUTS}, row::NTuple{INPUTS,Float64}) where {INPUTS}
    !twin.switched && goes_by!(KERNEL_BREAKER) || return watched_row!(twin, row)
    status = offer_row!(twin.native, row)
    status == 0 || return rescued_row!(twin, row, status)
    keep_row!(twin, row)
    return results_of(twin.native)
end

@inline function keep_row!(twin::GuardedTwin{INPUTS}, row::NTuple{INPUTS,Float64}) where {INPUTS}
    if twin.goes_along
        follow_row!(twin.julia, row)
    elseif length(twin.rows) == twin.most
        @inbounds twin.rows[twin.oldest] = row
        twin.oldest = twin.oldest == twin.most ? 1 : twin.oldest + 1
    else
        push!(twin.rows, row)
    end
    return nothing
end

# The module is off the library, or this stream is, or the answer is compared.
@noinline function watched_row!(twin::GuardedTwin{INPUTS,OUTPUTS,JULIA}, row::NTuple{INPUTS,Float64}) where {INPUTS,OUTPUTS,JULIA}
    twin.switched && return take_row!(twin.julia, row)
    if KERNEL_BREAKER.off
        switch!(twin)
        return take_row!(twin.julia, row)
    end
    status = offer_row!(twin.native, row)
    status == 0 || return rescued_row!(twin, row, status)
    line = results_of(twin.native)
    if KERNEL_BREAKER.samples
        draw_until!(KERNEL_BREAKER)
        # The twin's type is known by the call alone: said here, so that an answer is never boxed.
        theirs = twin.goes_along ? take_row!(twin.julia, row) : take_row!(fed!(julia_twin(twin.call)::JULIA, twin), row)
        count_shadow!(1)
        if !same_answer(line, theirs)
            rarely(wrong_row!, twin, row, line, theirs)
            return theirs
        end
        twin.goes_along && return line
    end
    keep_row!(twin, row)
    return line
end

function wrong_row!(twin::GuardedTwin, row, line, theirs)
    count_difference!()
    name = String(KERNELS[twin.call.kernel+1])
    trip!(() -> row_text(twin, row), KERNEL_BREAKER, "wrong_answer",
        string("push to ", name, ": the library says ", line, ", the fallback ", theirs); call=name, by=shadow_title())
    if twin.goes_along
        twin.switched = true
    else
        switch!(twin)
        take_row!(twin.julia, row)
    end
    return nothing
end

# The library may or may not have taken the row: this stream goes on without it in any case.
@noinline function rescued_row!(twin::GuardedTwin, row, status::Int32)
    error = OmegaError(status, last_message(twin.native.library))
    is_fault(error) || throw(error)
    rarely(failed!, () -> row_text(twin, row), KERNEL_BREAKER, error, String(KERNELS[twin.call.kernel+1]))
    count!(SLOT_PUSH, FALLBACK)
    switch!(twin)
    return take_row!(twin.julia, row)
end

function switch!(twin::GuardedTwin)
    twin.goes_along || fed!(twin.julia, twin)
    twin.switched = true
    return nothing
end

# A twin that has taken in the rows that are kept.
function fed!(julia::Twin, twin::GuardedTwin)
    clear!(julia)
    for k in eachindex(twin.rows)
        follow_row!(julia, twin.rows[mod1(twin.oldest + k - 1, length(twin.rows))])
    end
    return julia
end

# The rows by column, the one that was to be taken, and the parameters, for the record.
function row_text(twin::GuardedTwin{INPUTS}, row) where {INPUTS}
    ordered = [twin.rows[mod1(twin.oldest + k - 1, length(twin.rows))] for k in eachindex(twin.rows)]
    columns = ntuple(i -> Float64[one[i] for one in ordered], INPUTS)
    return arguments_text(string("push ", KERNELS[twin.call.kernel+1]), (columns..., row, kernel_numbers(twin.call)))
end

# Forgets every row; a stream that had gone over to Julia is the library's again if that may answer.
function clear!(twin::GuardedTwin)
    clear!(twin.julia)
    empty!(twin.rows)
    twin.oldest, twin.switched = 1, true
    KERNEL_BREAKER.off && return nothing
    native = twin.native
    status = GC.@preserve native ccall(native.library.stream_reset, Int32, (Ptr{Cvoid},), native.pointer)
    if status == 0
        twin.switched = false
    else
        error = OmegaError(status, last_message(native.library))
        is_fault(error) || throw(error)
        failed!(() -> arguments_text("reset", (kernel_numbers(twin.call),)), KERNEL_BREAKER, error, "reset")
    end
    return nothing
end
