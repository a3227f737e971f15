# How often each operation was answered by which path. Each thread counts in its own block of one plain
# array: no atomics, no locks, about a nanosecond. A task cannot move to another thread inside count!, so
# no call is lost or counted twice; a sum taken while other threads run may miss their latest calls.

const SLICER_OPERATIONS = (
    :CandleSeries, :read_csv, :get_slice, :get_candle_at, :get_candle_asof, :get_lookback,
    :get_lookbacks, :get_candles_at, :get_candles_asof, :gather_lookback, :quality,
    :resample, :align, :latest, :history, :history_matrix,
    :read_ipc, :write_ipc, :to_ipc, :import_arrow, :export_arrow,
)
# Kernels by the names of their functions, and every push to a stream.
const KERNEL_OPERATIONS = (
    :rolling_sum, :rolling_mean, :rolling_var, :rolling_std, :rolling_zscore, :rolling_min, :rolling_max,
    :rolling_argmin, :rolling_argmax, :ema, :wilder, :rsi, :difference, :returns, :log_returns, :shift,
    :rolling_cov, :rolling_corr, :true_range, :atr, :macd, :bollinger, :push,
)
# Moments put together, and what is asked at one.
const MULTI_SYMBOL_OPERATIONS = (:timeline, :get_candle, :get_price)
const OPERATIONS = (SLICER_OPERATIONS..., KERNEL_OPERATIONS..., MULTI_SYMBOL_OPERATIONS...)
const PATHS = (:native, :shared, :fallback)
const NATIVE, SHARED, FALLBACK = 1, 2, 3

# Whole cache lines per thread, and one to spare, so that threads do not share one.
const COUNTS_PER_THREAD = cld(length(OPERATIONS) * length(PATHS), 8) * 8 + 8
const COUNTS = Int[]
# Threads that came up after the package was loaded (adopted from C) count here instead.
const LATE_COUNTS = [Threads.Atomic{Int}(0) for _ in 1:COUNTS_PER_THREAD]

function size_counts()
    threads = @static isdefined(Threads, :maxthreadid) ? Threads.maxthreadid() : Threads.nthreads()
    resize!(COUNTS, threads * COUNTS_PER_THREAD)
    fill!(COUNTS, 0)
    return nothing
end

# The slot of an operation, to be spelled once as a constant where the operation is defined.
operation_slot(name::Symbol) = 3 * (findfirst(==(name), OPERATIONS) - 1)

# For what is no call of its own: in the line to spare, which nobody sums.
const NO_SLOT = length(OPERATIONS) * length(PATHS)

@inline function count!(operation::Int, path::Int)
    slot = operation + path
    i = (Threads.threadid() - 1) * COUNTS_PER_THREAD + slot
    if i <= length(COUNTS)
        @inbounds COUNTS[i] += 1
    else
        count_late!(slot)
    end
    return nothing
end

@noinline count_late!(slot::Int) = (Threads.atomic_add!(@inbounds(LATE_COUNTS[slot]), 1); nothing)

# Calls counted so far in one slot, over all threads.
total_count(slot::Int) = sum(COUNTS[slot:COUNTS_PER_THREAD:end]) + LATE_COUNTS[slot][]

"""
    reset_counts()

Sets every call count that [`status`](@ref) shows back to zero. Calls that other threads make meanwhile
may or may not be counted. O(threads). Source: `src/counts.jl`.

```jldoctest
julia> using OmegaJulia

julia> reset_counts()

julia> status().slicer.counts.get_lookback
(native = 0, shared = 0, fallback = 0)
```
"""
function reset_counts()
    # The guard numbers native calls by these counts.
    foreach(breaker -> (breaker.forgotten += counted_native(breaker)), BREAKERS)
    fill!(COUNTS, 0)
    foreach(count -> (count[] = 0), LATE_COUNTS)
    return nothing
end
