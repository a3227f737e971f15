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

# The same where every one of them is finite.
function load!(state, start::Int, first::Int)
    for i in start:first-1
        add!(state, i)
    end
    return nothing
end

# One value for each of the rows first:last, whatever is in them, row i in out[i-at]. The tally and the state hold the
# window of the row before, whose oldest row leaves unless it lies before `start`.
function slide!(state, tally::Tally, out::Vector{Float64}, at::Int, x::Vector{Float64}, start::Int, first::Int, last::Int, window::Window)
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
        out[i-at] = is_defined(tally, window) ? statistic(state, tally) : NaN
    end
    return nothing
end

# One value for each of the rows first:last of a block. Where a NaN or an infinity settles the answer of every window
# that it is in, nothing is computed for those, and the runs between are as quick as a block without any.
function slide_block!(state, out::Vector{Float64}, at::Int, x::Vector{Float64}, start::Int, first::Int, last::Int, window::Window, clean::Bool)
    if clean
        slide_clean!(state, out, at, x, start, first, last, window)
    elseif window.skip || !settled_by_any(state, x, start, last)
        tally = Tally()
        begin!(state, tally, x, start, first)
        slide!(state, tally, out, at, x, start, first, last, window)
    else
        @inbounds for i in first-at:last-at
            out[i] = NaN
        end
        each_run(x, start, first, last, window.len) do run, from, to
            clear!(state)
            slide_clean!(state, out, at, x, run, from, to, window)
        end
    end
    return nothing
end

function infinite_inside(x::Vector{Float64}, first::Int, last::Int)
    found = false
    @inbounds @simd for i in first:last
        found |= abs(x[i]) == Inf
    end
    return found
end

# Calls f(run, from, to) for the rows from:to whose windows are finite and lie in the run that begins with row `run`.
@inline function each_run(f::F, x::Vector{Float64}, start::Int, first::Int, last::Int, len::Int) where {F}
    run = start
    while run <= last
        after = run
        while after <= last && isfinite(@inbounds x[after])
            after += 1
        end
        # The run that the block begins with goes on from before, or has windows that still grow.
        from = run == start ? first : len > last - run + 1 ? last + 1 : max(first, run + len - 1)
        from < after && f(run, from, after - 1)
        run = after + 1
    end
    return nothing
end

# The first row from `first` on that is NaN, or the one after the last.
function first_nan(x::Vector{Float64}, first::Int)
    while first <= length(x)
        last = min(first + 1023, length(x))
        found = false
        @inbounds @simd for i in first:last
            found |= isnan(x[i])
        end
        found && break
        first = last + 1
    end
    @inbounds while first <= length(x) && !isnan(x[first])
        first += 1
    end
    return first
end
