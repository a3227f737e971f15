# From a time to a row in plain Julia: how many rows are stamped at or before it. Candles are nearly evenly
# spaced, so a small table of buckets and one interpolation land on the row; elsewhere a binary search
# inside the bucket does. The table is bounded (64 KiB) however long the series is. Never writes to a column.

const MAX_BUCKETS = 1 << 14
# Rows a bucket is meant to hold in a short series.
const ROWS_PER_BUCKET = 32

# Made once per series, for exactly its column of timestamps.
struct TimeIndex
    first::Int64
    last::Int64
    shift::Int            # a bucket spans 1 << shift microseconds
    starts::Vector{UInt32} # rows before each bucket, and all rows; empty when those outnumber UInt32
end

# Stands where none has been built: known by its shift, which a copy keeps. Everything lies before it.
const NO_INDEX = TimeIndex(typemax(Int64), typemax(Int64), -1, UInt32[])
is_built(index::TimeIndex) = index.shift >= 0

# The distance from `first` to `t`, which is not before it, without overflow.
@inline distance(first::Int64, t::Int64) = (t - first) % UInt64

function TimeIndex(timestamps::Vector{Int64})
    rows = length(timestamps)
    rows == 0 && return TimeIndex(0, 0, 0, UInt32[])
    first, last = timestamps[1], timestamps[end]
    rows <= typemax(UInt32) || return TimeIndex(first, last, 0, UInt32[])
    # Stamps that do not increase (check="none" vouched for nothing): every answer then comes from a
    # binary search, which stays inside the column whatever it holds.
    last >= first || return TimeIndex(first, last, 0, UInt32[])
    wanted = min(MAX_BUCKETS, nextpow(2, max(1, rows ÷ ROWS_PER_BUCKET)))
    span = distance(first, last)
    # 63 at most: a shift by 64 would need a branch at every question.
    shift = clamp(64 - leading_zeros(span) - trailing_zeros(wanted), 0, 63)
    count = Int(span >> shift) + 1
    starts = Vector{UInt32}(undef, count + 1)
    row = 0
    for bucket in 1:count
        edge = first + (UInt64(bucket - 1) << shift) % Int64 # at most `last`: cannot wrap
        row < rows && timestamps[row+1] < edge && (row = gallop(timestamps, row, edge))
        starts[bucket] = row
    end
    starts[end] = rows
    return TimeIndex(first, last, shift, starts)
end

# How many rows are stamped before `edge`, known to be more than `from`: O(log of the distance).
function gallop(timestamps::Vector{Int64}, from::Int, edge::Int64)
    low, step = from + 1, 1 # rows 1:low are before the edge
    while low + step <= length(timestamps) && timestamps[low+step] < edge
        low += step
        step *= 2
    end
    high = min(low + step, length(timestamps) + 1) # row `high` is not, or does not exist
    while high - low > 1
        middle = (low + high) >>> 1
        timestamps[middle] < edge ? (low = middle) : (high = middle)
    end
    return low
end

# How many rows are stamped at or before `t`. Constant time on evenly spaced candles, O(log n) at worst.
@inline function rows_through(index::TimeIndex, timestamps::Vector{Int64}, t::Int64)
    rows = length(timestamps)
    rows == 0 && return 0
    t >= index.last && return rows
    t < index.first && return none_before(index)
    isempty(index.starts) && return search_rows(timestamps, 0, rows, t)
    offset = distance(index.first, t)
    bucket = (offset >> (index.shift & 63)) % Int + 1
    # t < last, so its bucket is in the table.
    low, high = @inbounds Int(index.starts[bucket]), Int(index.starts[bucket+1])
    # 32 bits of the position inside the bucket are plenty, and their product cannot overflow.
    dropped = max(0, index.shift - 32)
    inside = (offset & ((UInt64(1) << (index.shift & 63)) - 1)) >> (dropped & 63)
    start = max(0, low + ((inside * UInt64(high - low)) >> ((index.shift - dropped) & 63)) % Int - 1)
    # Even spacing puts the answer at the guess or one after it: one look at four rows around it settles
    # that without a branch that depends on the data.
    if start + 4 <= rows
        passed = @inbounds (timestamps[start+1] <= t) + (timestamps[start+2] <= t) +
                           (timestamps[start+3] <= t) + (timestamps[start+4] <= t)
        1 <= passed <= 3 && return start + passed
    end
    return search_rows(timestamps, low, high, t)
end

# No row lies before the first. What has no index must not answer: a slicer whose pointers were lost in a
# precompiled image, which keeps no pointer, or in a copy made by other means than this package's.
@noinline function none_before(index::TimeIndex)
    is_built(index) || fail(INVALID_STATE, "this slicer has lost its native series (was it made while a package was ",
        "precompiled?); make another one")
    return 0
end

# The same within rows low+1:high, by halving.
@noinline function search_rows(timestamps::Vector{Int64}, low::Int, high::Int, t::Int64)
    while low < high
        middle = (low + high + 1) >>> 1
        @inbounds(timestamps[middle]) <= t ? (low = middle) : (high = middle - 1)
    end
    return low
end
