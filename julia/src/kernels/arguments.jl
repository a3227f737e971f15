# What callers hand to the kernels, checked and turned into what both backends take: vectors of Float64, a window,
# a number for each kernel. Every refusal names the value.

# The numbers of OmegaKernel.
const KERNELS = (:sum, :mean, :var, :std, :zscore, :min, :max, :argmin, :argmax, :ema, :wilder, :rsi, :diff, :returns,
    :log_returns, :shift, :cov, :corr, :true_range, :atr, :macd, :bollinger)

# A kernel and its options, as OmegaKernelOptions has them.
struct KernelCall
    kernel::Int
    window::Int
    min_periods::Int
    ddof::Int
    skip::Bool
    slow::Int
    signal::Int
    width::Float64
end

kernel_number(name::Symbol) = findfirst(==(name), KERNELS) - 1
window_of(call::KernelCall) = Window(call.window, call.min_periods, call.skip)

function windowed_call(name::Symbol, window, min_periods, nan, ddof=0, width=0.0)
    rows = count_argument(window, "window")
    least = min_periods === nothing ? rows : count_argument(min_periods, "min_periods")
    least <= rows || fail(INVALID_ARGUMENT, "min_periods is ", least, ", not 1 to the window of ", rows)
    return KernelCall(kernel_number(name), rows, least, ddof_argument(ddof), nan_argument(nan), 0, 0, width_argument(width))
end

period_call(name::Symbol, period, nan="propagate"; what="period") =
    KernelCall(kernel_number(name), count_argument(period, what), 0, 0, nan_argument(nan), 0, 0, 0.0)

macd_call(fast, slow, signal, nan) = KernelCall(kernel_number(:macd), count_argument(fast, "fast"), 0, 0,
    nan_argument(nan), count_argument(slow, "slow"), count_argument(signal, "signal"), 0.0)

function integer_argument(value, name::String, least::Int)
    value isa Integer && !(value isa Bool) ||
        fail(TYPE_MISMATCH, name, " must be an integer, got ", repr(value), " (", typeof(value), ")")
    least <= value <= typemax(Int) ||
        fail(INVALID_ARGUMENT, name, " is ", value, ", not ", least, " to ", typemax(Int))
    return Int(value)
end
count_argument(value, name::String) = integer_argument(value, name, 1)
ddof_argument(value) = integer_argument(value, "ddof", 0)

function width_argument(value)
    value isa Real && !(value isa Bool) ||
        fail(TYPE_MISMATCH, "width must be a number, got ", repr(value), " (", typeof(value), ")")
    return Float64(value)
end

function nan_argument(value)
    value isa Union{AbstractString,Symbol} ||
        fail(TYPE_MISMATCH, "nan must be \"propagate\" or \"skip\", got ", repr(value), " (", typeof(value), ")")
    value in ("propagate", :propagate) && return false
    value in ("skip", :skip) && return true
    fail(INVALID_ARGUMENT, "nan is ", quoted(value), "; allowed: propagate or skip")
end

# --- columns ---

# One series, or one series in each column.
const Columns = Union{Vector{Float64},Matrix{Float64}}

# x as Float64s: itself where it is that, else converted, exactly or not at all.
series_argument(x::Columns, ::String) = x
series_argument(x::Column{Float64}, ::String) =
    x.offset == 0 && x.length == length(x.data) ? x.data : collect(x)
function series_argument(x, name::String)
    x isa Union{AbstractVector,AbstractMatrix} ||
        fail(TYPE_MISMATCH, name, " must be a vector or a matrix of numbers, got ", typeof(x))
    numbers = x isa AbstractVector ? Vector{Float64}(undef, length(x)) : Matrix{Float64}(undef, size(x)...)
    for (i, value) in enumerate(x)
        numbers[i] = exact_number(value, name, i)
    end
    return numbers
end

@inline exact_number(value::Float64, ::String, ::Int=0) = value
@inline exact_number(value::Union{Float32,Float16}, ::String, ::Int=0) = Float64(value)
function exact_number(value, name::String, i::Int=0)
    value === missing && return NaN
    place = i == 0 ? name : string(name, "[", i, "]")
    value isa Real && !(value isa Bool) ||
        fail(TYPE_MISMATCH, place, " is ", repr(value), " (", typeof(value), "), not a number")
    value isa Integer && !(-9007199254740992 <= value <= 9007199254740992) &&
        fail(TYPE_MISMATCH, place, " is ", value, ", an integer past 2^53 that a Float64 may not hold")
    number = Float64(value)
    number == value || isnan(value) || fail(TYPE_MISMATCH, place, " is ", value, ", which no Float64 holds exactly")
    return number
end

function out_argument(out, name::String, shape)
    out isa Columns || fail(TYPE_MISMATCH, name, " must be a Vector or a Matrix of Float64, got ", typeof(out))
    size(out) == shape ||
        fail(SIZE_MISMATCH, name, " has ", shape_text(size(out)), ", expected ", shape_text(shape))
    return out
end

shape_text(shape::Tuple{Int}) = string(shape[1], " rows")
shape_text(shape::Tuple{Int,Int}) = string(shape[1], " rows and ", shape[2], " columns")

function same_shape(x::Columns, name::String, shape)
    size(x) == shape || fail(SIZE_MISMATCH, name, " has ", shape_text(size(x)), ", expected ", shape_text(shape))
    return x
end

function memory_overlaps(a::Columns, b::Columns)
    (isempty(a) || isempty(b)) && return false
    first_a, first_b = UInt(pointer(a)), UInt(pointer(b))
    return first_a < first_b + sizeof(b) && first_b < first_a + sizeof(a)
end

# Outputs are written before all inputs have been read.
function check_apart(outs::Tuple, ins::Tuple, names::Tuple)
    for (i, out) in enumerate(outs)
        for x in ins
            memory_overlaps(out, x) && fail(INVALID_ARGUMENT, names[i], " lies over the memory of an input")
        end
        for j in 1:i-1
            memory_overlaps(out, outs[j]) && fail(INVALID_ARGUMENT, names[i], " lies over the memory of ", names[j])
        end
    end
    return nothing
end

# Column j as a Vector over the same memory, for as long as the matrix is preserved.
column_of(x::Vector{Float64}, ::Int) = x
column_of(x::Matrix{Float64}, j::Int) =
    size(x, 1) == 0 ? Float64[] : unsafe_wrap(Array, pointer(x, (j - 1) * size(x, 1) + 1), size(x, 1))
