# The rows that a rolling kernel looks at, what is counted in them, and how a statistic slides over them. What
# the statistic is, and how it is kept exact, is its state's business: add!, remove!, statistic.

struct Window
    len::Int
    min_periods::Int
    skip::Bool
end

# How many values of each kind are in the window.
mutable struct Tally
    finite::Int
    nan::Int
    above::Int
    below::Int
end
Tally() = Tally(0, 0, 0, 0)

@inline function count_value!(tally::Tally, x::Float64, step::Int)
    if isfinite(x)
        tally.finite += step
    elseif isnan(x)
        tally.nan += step
    elseif x > 0
        tally.above += step
    else
        tally.below += step
    end
    return nothing
end

is_defined(tally::Tally, window::Window) = ((tally.nan == 0) | window.skip) &
    (tally.finite + tally.above + tally.below >= window.min_periods)

no_infinity(tally::Tally) = (tally.above == 0) & (tally.below == 0)

# What the infinities, of which there are some, make of a sum.
infinite_sum(tally::Tally) = tally.below == 0 ? Inf : tally.above == 0 ? -Inf : NaN

# Rows that are worked on together: long enough to make little of what is done once for each, short enough to
# stay in the nearest caches, and a few windows at least.
const BLOCK_ROWS = 2048
block_rows(window::Int, rows::Int) = max(1, min(rows, max(BLOCK_ROWS, 4 * min(window, rows))))
# The same with the rows that the first window reaches back to.
scratch_rows(window::Int, rows::Int) = min(rows, block_rows(window, rows) + min(window, rows) - 1)

# Calls f(start, first, last) for each block first:last, whose windows reach back to row `start`.
@inline function each_block(f::F, window::Int, rows::Int) where {F}
    first, step = 1, block_rows(window, rows)
    while first <= rows
        last = first + min(step - 1, rows - first)
        f(max(1, first - min(window, rows) + 1), first, last)
        first = last + 1
    end
    return nothing
end

# One row leaves and one joins; states that can do better than one by one do.
@inline replace!(state, old::Int, new::Int) = (remove!(state, old); add!(state, new))

# Adds the rows before `first`, whose window is not asked for.
function begin!(state, tally::Tally, x::Vector{Float64}, start::Int, first::Int)
    for i in start:first-1
        @inbounds count_value!(tally, x[i], 1)
        @inbounds isfinite(x[i]) && add!(state, i)
    end
    return nothing
end

# One value for each of the rows first:last, whatever is in them. The tally and the state hold the window of
# the row before, whose oldest row leaves unless it lies before `start`.
function slide!(state, tally::Tally, out::Vector{Float64}, x::Vector{Float64}, start::Int, first::Int, last::Int, window::Window)
    @inbounds for i in first:last
        oldest = i - window.len
        leaves = oldest >= start
        leaves && count_value!(tally, x[oldest], -1)
        count_value!(tally, x[i], 1)
        if leaves && isfinite(x[oldest])
            isfinite(x[i]) ? replace!(state, oldest, i) : remove!(state, oldest)
        elseif isfinite(x[i])
            add!(state, i)
        end
        out[i] = is_defined(tally, window) ? statistic(state, tally) : NaN
    end
    return nothing
end
