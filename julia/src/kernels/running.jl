# One call of a kernel: which backend answers. Public functions are in rolling.jl
# and indicators.jl; arguments have been checked when they get here.

# By kernel number: the operations are in the order of KERNELS.
const KERNEL_SLOTS = map(operation_slot, KERNEL_OPERATIONS[1:length(KERNELS)])

# Fills outs from ins, of which each column of a matrix is a series. All have been checked to fit.
function run_kernel!(outs::Tuple, ins::Tuple, call::KernelCall, backend)
    choice = resolve_choice(backend, "kernels")
    library = library_for(choice, "kernels")
    slot = @inbounds KERNEL_SLOTS[call.kernel+1]
    if isempty(ins[1])
        count!(slot, library === nothing ? FALLBACK : NATIVE)
        return nothing
    end
    GC.@preserve outs ins begin
        guarded_kernel!(slot, library, choice.requested === :auto, outs, ins, call)
    end
    return nothing
end

# The outputs are filled anew by whoever answers in the end.
function guarded_kernel!(slot::Int, library, auto::Bool, outs::Tuple, ins::Tuple, call::KernelCall)
    breaker = KERNEL_BREAKER
    if library === nothing || (auto && breaker.off)
        count!(slot, FALLBACK)
        run_columns!(nothing, outs, ins, call)
        return nothing
    end
    count!(slot, NATIVE)
    if !auto
        counted_failures(() -> run_columns!(library, outs, ins, call), breaker)
        return nothing
    end
    # By its status: a try block would cost more than the rest of the guard.
    status = kernel_status(library, outs, ins, call)
    status == 0 || return rescued_kernel!(OmegaError(status, last_message(library)), slot, outs, ins, call)
    breaker.plain || breaker.off || compare_columns!(breaker, outs, ins, call)
    return nothing
end

# For the record: the series of the first columns, then those of the second, and so on.
saved_inputs(ins::Tuple) = Tuple(x[:, j] for j in 1:size(ins[1], 2) for x in ins)

# What a call that failed leads to: an error for the caller, or Julia's answer.
@noinline function rescued_kernel!(error, slot::Int, outs::Tuple, ins::Tuple, call::KernelCall)
    is_fault(error) || throw(error)
    name = String(KERNELS[call.kernel+1])
    failed!(() -> arguments_text(name, (saved_inputs(ins), kernel_numbers(call))), KERNEL_BREAKER, error, name)
    count!(slot, FALLBACK)
    run_columns!(nothing, outs, ins, call)
    return nothing
end

function run_columns!(::Nothing, outs::Tuple, ins::Tuple, call::KernelCall)
    for j in 1:size(ins[1], 2)
        julia_kernel!(map(out -> column_of(out, j), outs), map(x -> column_of(x, j), ins), call)
    end
    return nothing
end

function run_columns!(library::NativeLibrary, outs::Tuple, ins::Tuple, call::KernelCall)
    status = kernel_status(library, outs, ins, call)
    status == 0 || native_failure(library, status)
    return nothing
end

# Shadow mode, a column at a time; a wrong one puts Julia's answer in the place of all.
function compare_columns!(breaker::Breaker, outs::Tuple, ins::Tuple, call::KernelCall)
    for j in 1:size(ins[1], 2)
        compare_kernel!(breaker, map(out -> column_of(out, j), outs), map(x -> column_of(x, j), ins), call) ||
            return run_columns!(nothing, outs, ins, call)
    end
    return nothing
end

# --- in Julia ---

function julia_kernel!(outs::Tuple{Vector{Float64}}, ins::Tuple{Vector{Float64}}, call::KernelCall)
    out, x, name = outs[1], ins[1], KERNELS[call.kernel+1]
    window, skip = window_of(call), call.skip
    name === :sum && return julia_sum!(out, x, window, Val(false))
    name === :mean && return julia_sum!(out, x, window, Val(true))
    name === :var && return julia_var!(out, x, window, call.ddof)
    name === :std && return julia_std!(out, x, window, call.ddof)
    name === :zscore && return julia_zscore!(out, x, window, call.ddof)
    name === :min && return julia_extreme!(out, x, window, Val(false), Val(false))
    name === :max && return julia_extreme!(out, x, window, Val(true), Val(false))
    name === :argmin && return julia_extreme!(out, x, window, Val(false), Val(true))
    name === :argmax && return julia_extreme!(out, x, window, Val(true), Val(true))
    name === :ema && return julia_ema!(out, x, call.window, skip)
    name === :wilder && return julia_wilder!(out, x, call.window, skip)
    name === :rsi && return julia_rsi!(out, x, call.window, skip)
    name === :diff && return julia_lagged!(difference_of, out, x, call.window)
    name === :returns && return julia_lagged!(return_of, out, x, call.window)
    name === :log_returns && return julia_log_returns!(out, x, call.window)
    return julia_lagged!(earlier_of, out, x, call.window)
end

function julia_kernel!(outs::NTuple{3,Vector{Float64}}, ins::Tuple{Vector{Float64}}, call::KernelCall)
    KERNELS[call.kernel+1] === :bollinger && return julia_bollinger!(outs, ins[1], window_of(call), call.ddof, call.width)
    return julia_macd!(outs, ins[1], call.window, call.slow, call.signal, call.skip)
end

function julia_kernel!(outs::Tuple{Vector{Float64}}, ins::NTuple{2,Vector{Float64}}, call::KernelCall)
    KERNELS[call.kernel+1] === :corr && return julia_corr!(outs[1], ins..., window_of(call), call.ddof)
    return julia_cov!(outs[1], ins..., window_of(call), call.ddof)
end

function julia_kernel!(outs::Tuple{Vector{Float64}}, ins::NTuple{3,Vector{Float64}}, call::KernelCall)
    KERNELS[call.kernel+1] === :atr && return julia_atr!(outs[1], ins..., call.window, call.skip)
    return julia_true_range!(outs[1], ins...)
end

# --- by the library ---

native_options(call::KernelCall) = NativeKernelOptions(call.window, call.min_periods, call.ddof, call.skip, 0, call.slow,
    call.signal, call.width)

kernel_status(library::NativeLibrary, outs::Tuple{Columns}, ins::Tuple{Columns}, call::KernelCall) =
    ccall(library.kernel_columns, Int32, (Int32, Ref{NativeKernelOptions}, Ptr{Float64}, Csize_t, Csize_t, Ptr{Float64}),
        call.kernel, Ref(native_options(call)), ins[1], size(ins[1], 1), size(ins[1], 2), outs[1])

# Of several series or lines.
kernel_status(library::NativeLibrary, outs::Tuple, ins::Tuple, call::KernelCall) = GC.@preserve outs ins ccall(library.kernel_tables,
    Int32, (Int32, Ref{NativeKernelOptions}, Ptr{Ptr{Float64}}, Csize_t, Csize_t, Csize_t, Ptr{Ptr{Float64}}, Csize_t),
    call.kernel, Ref(native_options(call)), pointers(ins), length(ins), size(ins[1], 1), size(ins[1], 2), pointers(outs), length(outs))

pointers(columns::Tuple) = Ptr{Float64}[pointer(one) for one in columns]

# Several periods over one series: a column for each.
function run_emas!(out::Matrix{Float64}, x::Vector{Float64}, periods::Vector{Int}, skip::Bool, backend)
    choice = resolve_choice(backend, "kernels")
    library = library_for(choice, "kernels")
    slot = KERNEL_SLOTS[kernel_number(:ema)+1]
    if isempty(out)
        count!(slot, library === nothing ? FALLBACK : NATIVE)
        return nothing
    end
    GC.@preserve out guarded(() -> native_emas!(out, library, x, periods, skip), () -> julia_emas!(out, x, periods, skip),
        KERNEL_BREAKER, slot, "ema", library, choice.requested === :auto, ((x,), (periods..., Int(skip))), missing)
    choice.requested === :auto && library !== nothing && !KERNEL_BREAKER.plain && !KERNEL_BREAKER.off &&
        compare_emas!(out, x, periods, skip)
    return nothing
end

function compare_emas!(out::Matrix{Float64}, x::Vector{Float64}, periods::Vector{Int}, skip::Bool)
    GC.@preserve out for (j, period) in enumerate(periods)
        compare_kernel!(KERNEL_BREAKER, (column_of(out, j),), (x,), period_call(:ema, period, skip ? "skip" : "propagate")) ||
            return julia_emas!(out, x, periods, skip)
    end
    return nothing
end

function native_emas!(out::Matrix{Float64}, library::NativeLibrary, x::Vector{Float64}, periods::Vector{Int}, skip::Bool)
    status = ccall(library.ema, Int32, (Ptr{Float64}, Csize_t, Ptr{Csize_t}, Csize_t, Int32, Ptr{Float64}),
        x, length(x), periods, length(periods), skip, out)
    status == 0 || native_failure(library, status)
    return nothing
end

function julia_emas!(out::Matrix{Float64}, x::Vector{Float64}, periods::Vector{Int}, skip::Bool)
    GC.@preserve out begin
        j = 1
        while j + 3 <= length(periods)
            julia_emas!(ntuple(k -> column_of(out, j + k - 1), 4), x, ntuple(k -> periods[j+k-1], 4), skip)
            j += 4
        end
        for last in j:length(periods)
            julia_ema!(column_of(out, last), x, periods[last], skip)
        end
    end
    return nothing
end
