# The streaming twins as callers meet them: a type for each kernel, push!, value, reset!. Behind each stands a twin in
# Julia or a handle of the native library, chosen when the stream is made.

"""
    OmegaJulia.KernelStream

What all streaming twins are: `push!(stream, x)` (or `x, y`, or `high, low, close`) takes a row and gives the value that
ends with it, `value(stream)` gives that again, `reset!(stream)` forgets every row; `stream.backend` says who
answers. Windowed ones give the bits of their functions from any first row on once the window is full, recurrences when fed
from the same first row. O(1) amortised a row. One thread at a time may use a stream. Source: `src/kernels/streams.jl`.

```jldoctest
julia> using OmegaJulia

julia> stream = RollingMean(2);

julia> push!(stream, 1.0), push!(stream, 2.0), value(stream)
(NaN, 1.5, 1.5)
```
"""
abstract type KernelStream end

# A handle of the library, freed when the stream that has it is gone.
mutable struct NativeTwin{INPUTS,OUTPUTS} <: Twin{INPUTS,OUTPUTS}
    pointer::Ptr{Cvoid}
    library::NativeLibrary
    row::Vector{Float64}
    results::Vector{Float64}
end

inputs_of(call::KernelCall) = (name = KERNELS[call.kernel+1]; name in (:cov, :corr) ? 2 : name in (:true_range, :atr) ? 3 : 1)
outputs_of(call::KernelCall) = KERNELS[call.kernel+1] in (:macd, :bollinger) ? 3 : 1

function native_twin(library::NativeLibrary, call::KernelCall)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    status = ccall(library.stream_new, Int32, (Int32, Ref{NativeKernelOptions}, Ref{Ptr{Cvoid}}),
        call.kernel, Ref(native_options(call)), out)
    status == 0 || native_failure(library, status)
    inputs, outputs = inputs_of(call), outputs_of(call)
    return finalizer(free_twin, NativeTwin{inputs,outputs}(out[], library, zeros(inputs), zeros(outputs)))
end

# A finalizer: it may neither print nor switch tasks.
function free_twin(twin::NativeTwin)
    pointer = twin.pointer
    twin.pointer = C_NULL
    pointer == C_NULL || ccall(twin.library.stream_free, Int32, (Ptr{Cvoid},), pointer)
    return nothing
end

asks_library(::Twin) = false
asks_library(::NativeTwin) = true

function take_row!(twin::NativeTwin{INPUTS,OUTPUTS}, row::NTuple{INPUTS,Float64}) where {INPUTS,OUTPUTS}
    status = offer_row!(twin, row)
    status == 0 || stream_failure(twin, status)
    return results_of(twin)
end

@noinline function stream_failure(twin::NativeTwin, status::Int32)
    error = OmegaError(status, last_message(twin.library))
    is_fault(error) && count_failure!(KERNEL_BREAKER, error)
    throw(error)
end

@inline function offer_row!(twin::NativeTwin{INPUTS,OUTPUTS}, row::NTuple{INPUTS,Float64}) where {INPUTS,OUTPUTS}
    @inbounds for i in 1:INPUTS
        twin.row[i] = row[i]
    end
    return GC.@preserve twin ccall(twin.library.stream_push, Int32, (Ptr{Cvoid}, Ptr{Float64}, Csize_t, Ptr{Float64}, Csize_t),
        twin.pointer, twin.row, INPUTS, twin.results, OUTPUTS)
end

@inline function results_of(twin::NativeTwin{INPUTS,OUTPUTS}) where {INPUTS,OUTPUTS}
    results = twin.results
    return @inbounds OUTPUTS == 1 ? results[1] : (results[1], results[2], results[3])
end

function clear!(twin::NativeTwin)
    status = GC.@preserve twin ccall(twin.library.stream_reset, Int32, (Ptr{Cvoid},), twin.pointer)
    status == 0 || native_failure(twin.library, status)
    return nothing
end

function make_twin(call::KernelCall, backend)
    choice = resolve_choice(backend, "kernels")
    library = library_for(choice, "kernels")
    library === nothing && return julia_twin(call)
    return choice.requested === :auto ? guarded_twin(library, call) : native_twin(library, call)
end

const SLOT_PUSH = operation_slot(:push)

@inline function push_row!(stream::KernelStream, row::NTuple{N,Float64}) where {N}
    check_inputs(getfield(stream, :twin), Val(N))
    twin = getfield(stream, :twin)
    count!(SLOT_PUSH, asks_library(twin) ? NATIVE : FALLBACK)
    setfield!(stream, :value, take_row!(twin, row))
    return value(stream)
end

@inline check_inputs(::Twin{N}, ::Val{N}) where {N} = nothing
@noinline check_inputs(::Twin{M}, ::Val{N}) where {M,N} =
    fail(SIZE_MISMATCH, "this stream takes ", M, " number", M == 1 ? "" : "s", " a row, got ", N)

Base.push!(stream::KernelStream, x) = push_row!(stream, (exact_number(x, "x"),))
Base.push!(stream::KernelStream, x, y) = push_row!(stream, (exact_number(x, "x"), exact_number(y, "y")))
Base.push!(stream::KernelStream, high, low, close) =
    push_row!(stream, (exact_number(high, "high"), exact_number(low, "low"), exact_number(close, "close")))
Base.push!(stream::KernelStream, a, b, c, d, more...) = check_inputs(getfield(stream, :twin), Val(4 + length(more)))

"""
    value(stream)

What the last `push!` to a streaming twin gave; NaN before the first. O(1). Source: `src/kernels/streams.jl`.

```jldoctest
julia> using OmegaJulia

julia> value(StreamingEma(3))
NaN
```
"""
@inline value(stream::KernelStream) = named_value(stream, getfield(stream, :value))

named_value(::KernelStream, value::Float64) = value

"""
    reset!(stream) -> stream

Forgets every row that a streaming twin was given. O(window). Source: `src/kernels/streams.jl`.

```jldoctest
julia> using OmegaJulia

julia> stream = RollingSum(1); push!(stream, 2.0); value(reset!(stream))
NaN
```
"""
function reset!(stream::KernelStream)
    twin = getfield(stream, :twin)
    clear!(twin)
    setfield!(stream, :value, undefined(twin))
    return stream
end

function Base.getproperty(stream::KernelStream, name::Symbol)
    name === :backend && return asks_library(getfield(stream, :twin)) ? "native" : "julia"
    return getfield(stream, name)
end
Base.propertynames(::KernelStream, private::Bool=false) = (:backend,)
Base.show(io::IO, stream::KernelStream) =
    print(io, nameof(typeof(stream)), "(value: ", value(stream), ", answers: ", stream.backend, ")")

# (type, function, parameters, keywords, how they make a call, example, answer)
const WINDOW_ARGUMENTS = ([:window], [Expr(:kw, :min_periods, nothing), Expr(:kw, :nan, "propagate")])
const DDOF_ARGUMENTS = ([:window], [Expr(:kw, :min_periods, nothing), Expr(:kw, :ddof, 1), Expr(:kw, :nan, "propagate")])
period_arguments(default) = ([default === nothing ? :period : Expr(:kw, :period, default)], [Expr(:kw, :nan, "propagate")])

windowed(kernel) = :(windowed_call($(QuoteNode(kernel)), window, min_periods, nan))
with_ddof(kernel) = :(windowed_call($(QuoteNode(kernel)), window, min_periods, nan, ddof))
periodic(kernel) = :(period_call($(QuoteNode(kernel)), period, nan))
lagged(kernel) = :(lagged_call($(QuoteNode(kernel)), period))

const STREAMS = (
    (:RollingSum, :rolling_sum, WINDOW_ARGUMENTS, windowed(:sum), "push!(RollingSum(1), 2.5)", "2.5"),
    (:RollingMean, :rolling_mean, WINDOW_ARGUMENTS, windowed(:mean), "push!(RollingMean(3; min_periods=1), 2.5)", "2.5"),
    (:RollingMin, :rolling_min, WINDOW_ARGUMENTS, windowed(:min), "push!(RollingMin(1), 2.5)", "2.5"),
    (:RollingMax, :rolling_max, WINDOW_ARGUMENTS, windowed(:max), "push!(RollingMax(1), 2.5)", "2.5"),
    (:RollingArgmin, :rolling_argmin, WINDOW_ARGUMENTS, windowed(:argmin), "push!(RollingArgmin(1), 2.5)", "0.0"),
    (:RollingArgmax, :rolling_argmax, WINDOW_ARGUMENTS, windowed(:argmax), "push!(RollingArgmax(1), 2.5)", "0.0"),
    (:RollingVar, :rolling_var, DDOF_ARGUMENTS, with_ddof(:var), "push!(RollingVar(1; ddof=0), 2.5)", "0.0"),
    (:RollingStd, :rolling_std, DDOF_ARGUMENTS, with_ddof(:std), "push!(RollingStd(1; ddof=0), 2.5)", "0.0"),
    (:RollingZscore, :rolling_zscore, DDOF_ARGUMENTS, with_ddof(:zscore), "push!(RollingZscore(1; ddof=0), 2.5)", "NaN"),
    (:RollingCov, :rolling_cov, DDOF_ARGUMENTS, with_ddof(:cov), "push!(RollingCov(1; ddof=0), 2.5, 1.0)", "0.0"),
    (:RollingCorr, :rolling_corr, DDOF_ARGUMENTS, with_ddof(:corr), "push!(RollingCorr(1; ddof=0), 2.5, 1.0)", "NaN"),
    (:RollingBollinger, :bollinger,
        ([Expr(:kw, :window, 20), Expr(:kw, :width, 2.0)], DDOF_ARGUMENTS[2]),
        :(windowed_call(:bollinger, window, min_periods, nan, ddof, width)), "push!(RollingBollinger(1; ddof=0), 2.5).upper", "2.5"),
    (:StreamingEma, :ema, period_arguments(nothing), periodic(:ema), "push!(StreamingEma(3), 2.5)", "2.5"),
    (:StreamingWilder, :wilder, period_arguments(nothing), periodic(:wilder), "push!(StreamingWilder(1), 2.5)", "2.5"),
    (:StreamingRsi, :rsi, period_arguments(14), periodic(:rsi), "push!(StreamingRsi(), 2.5)", "NaN"),
    (:StreamingAtr, :atr, period_arguments(14), periodic(:atr), "push!(StreamingAtr(1), 3.0, 1.0, 2.0)", "2.0"),
    (:StreamingTrueRange, :true_range, ([], []), :TRUE_RANGE_CALL, "push!(StreamingTrueRange(), 3.0, 1.0, 2.0)", "2.0"),
    (:StreamingMacd, :macd, ([Expr(:kw, :fast, 12), Expr(:kw, :slow, 26), Expr(:kw, :signal, 9)], [Expr(:kw, :nan, "propagate")]),
        :(macd_call(fast, slow, signal, nan)), "push!(StreamingMacd(), 2.5).macd", "0.0"),
    (:StreamingDiff, :difference, ([Expr(:kw, :period, 1)], []), lagged(:diff), "push!(StreamingDiff(), 2.5)", "NaN"),
    (:StreamingReturns, :returns, ([Expr(:kw, :period, 1)], []), lagged(:returns), "push!(StreamingReturns(), 2.5)", "NaN"),
    (:StreamingLogReturns, :log_returns, ([Expr(:kw, :period, 1)], []), lagged(:log_returns), "push!(StreamingLogReturns(), 2.5)", "NaN"),
    (:StreamingShift, :shift, ([Expr(:kw, :period, 1)], []), lagged(:shift), "push!(StreamingShift(0), 2.5)", "2.5"),
)

argument_text(argument::Symbol) = string(argument)
argument_text(argument::Expr) = argument.args[1] === :min_periods ? "min_periods=window" : string(argument.args[1], "=", repr(argument.args[2]))

for (name, kernel, (positional, keywords), call, sample, answer) in STREAMS
    signature = string("    ", name, "(", join(map(argument_text, positional), ", "), "; ",
        join([map(argument_text, keywords); "backend=nothing"], ", "), ")")
    text = string(signature, "\n\nThe streaming twin of [`", kernel, "`](@ref), with its arguments and errors: see ",
        "[`OmegaJulia.KernelStream`](@ref). Source: `src/kernels/streams.jl`.\n\n", example(sample, answer))
    @eval begin
        mutable struct $name{TWIN,VALUE} <: KernelStream
            twin::TWIN
            value::VALUE
            function $name($(positional...); $(keywords...), backend=nothing)
                twin = make_twin($call, backend)
                nothing_yet = undefined(twin)
                return new{typeof(twin),typeof(nothing_yet)}(twin, nothing_yet)
            end
        end
        @doc $text $name
        export $name
    end
end

named_value(::StreamingMacd, values::NTuple{3,Float64}) = NamedTuple{(:macd, :signal, :histogram)}(values)
named_value(::RollingBollinger, values::NTuple{3,Float64}) = NamedTuple{(:middle, :upper, :lower)}(values)

export value, reset!
