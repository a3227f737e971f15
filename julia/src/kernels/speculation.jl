# Long chains e = (b*e) + (a*x) by exact speculation. A chain is all waiting, so several stretches of a series are run side
# by side, each but the first from a guess made some rows earlier, which the chain has forgotten by its first row. That
# it has is not believed but looked at: where a stretch ends with the very bits that the next one began with, the next one
# is what one chain would have given; where not, rows are done again until old and new meet.

const CHAINS = 4
# Stretches that are shorter are not worth their guesses.
const LEAST_STRETCH = 2048

# A slow chain takes too many rows to forget what it began with. It begins with what it must be but for roundings, the sum
# of a * b^k times the row k before; after so many times 1/a rows most of these have met the chain itself.
const SLOW = 0.02
const JOINED = 5.0
# Rows that are older than so many times 1/a weigh nothing: 2^-46.
const WEIGHTY = 32.0
const SUM_ROWS = 256

# How often a guess was wrong at the first row of its stretch, for the tests.
const WRONG_GUESSES = Threads.Atomic{Int}(0)

same_state(a::Float64, b::Float64) = reinterpret(UInt64, a) == reinterpret(UInt64, b) || (isnan(a) & isnan(b))

# Rows first:last of a chain whose value before `first` is `e`; value_at(i) is what row i adds. Of NaN nothing is made but
# NaN; such a row repeats the value before if `skip`. Gives the last value.
function chain_rows!(out::Vector{Float64}, value_at::F, first::Int, last::Int, a::Float64, b::Float64, e::Float64, skip::Bool) where {F}
    # Until b^forgotten < 2^-80: the state's bits, and some more for it to fall on the same rounded values.
    forgotten = a < 1.0 ? 56.0 / -log1p(-a) : 1.0
    summed = a < SLOW && !skip
    summed && (forgotten = JOINED / a)
    stretch = (last - first + 1) ÷ CHAINS
    # Stretches a multiple of 4096 bytes apart would fight for the same lines of a cache.
    stretch -= stretch & 511 < 64 ? 64 + (stretch & 511) : 0
    least = summed ? 1.5forgotten : 4forgotten
    stretch >= max(LEAST_STRETCH, least) || return one_chain!(out, value_at, first, last, a, b, e, skip)
    early = unsafe_trunc(Int, forgotten)
    starts = ntuple(k -> first + (k - 1) * stretch, CHAINS)
    if skip
        guesses = ntuple(k -> k == 1 ? e : guess_before(value_at, starts[k] - early, starts[k] - 1, a, b, skip), CHAINS)
        skip_chains!(out, value_at, starts, stretch, a, b, guesses)
    else
        from = map(start -> start - early, starts)
        # The first chain has no guess, and what would be its row may lie before the series.
        states = summed ? sums_before(value_at, first, from, a, b, e) : (e, value_at(from[2]), value_at(from[3]), value_at(from[4]))
        guesses = (e, guesses_before(value_at, from, early, a, b, states)...)
        side_by_side!(out, value_at, starts, stretch, a, b, guesses)
    end
    for k in 2:CHAINS
        before = @inbounds out[starts[k]-1]
        same_state(before, guesses[k]) && continue
        Threads.atomic_add!(WRONG_GUESSES, 1)
        do_again!(out, value_at, starts[k], starts[k] + stretch - 1, a, b, before, skip)
    end
    after = starts[CHAINS] + stretch
    return one_chain!(out, value_at, after, last, a, b, @inbounds(out[after-1]), skip)
end

@inline next_value(e::Float64, now::Float64, a::Float64, b::Float64, skip::Bool) = ifelse(skip & isnan(now), e, (b * e) + (a * now))

# What the chain that is `e` before `first` must be before each of `rows`, in any order of its sums; the first is not used.
function sums_before(value_at::F, first::Int, rows::NTuple{4,Int}, a::Float64, b::Float64, e::Float64) where {F}
    weights = [a * b^(SUM_ROWS - k) for k in 1:SUM_ROWS]
    reach = unsafe_trunc(Int, WEIGHTY / a)
    e2 = sum_before(value_at, weights, max(first, rows[2] - reach), rows[2] - 1, a, b, e)
    e3 = sum_before(value_at, weights, max(rows[2], rows[3] - reach), rows[3] - 1, a, b, e2)
    e4 = sum_before(value_at, weights, max(rows[3], rows[4] - reach), rows[4] - 1, a, b, e3)
    return (e, e2, e3, e4)
end

function sum_before(value_at::F, weights::Vector{Float64}, first::Int, last::Int, a::Float64, b::Float64, e::Float64) where {F}
    whole = (last - first + 1) ÷ SUM_ROWS
    @inbounds for i in first:last-whole*SUM_ROWS
        e = (b * e) + (a * value_at(i))
    end
    of_block = b^SUM_ROWS
    for block in whole:-1:1
        before, sum = last - block * SUM_ROWS, 0.0
        @inbounds @simd for k in 1:SUM_ROWS
            sum += weights[k] * value_at(before + k)
        end
        e = of_block * e + sum
    end
    return e
end

# The chains but the first, from `states` before `rows` on, `count` rows later.
function guesses_before(value_at::F, rows::NTuple{4,Int}, count::Int, a::Float64, b::Float64, states::NTuple{4,Float64}) where {F}
    _, e2, e3, e4 = states
    _, r2, r3, r4 = rows
    @inbounds for i in 0:count-1
        e2 = (b * e2) + (a * value_at(r2 + i))
        e3 = (b * e3) + (a * value_at(r3 + i))
        e4 = (b * e4) + (a * value_at(r4 + i))
    end
    return e2, e3, e4
end

function guess_before(value_at::F, first::Int, last::Int, a::Float64, b::Float64, skip::Bool) where {F}
    e = value_at(first)
    skip & isnan(e) && (e = 0.0)
    for i in first+1:last
        e = next_value(e, value_at(i), a, b, skip)
    end
    return e
end

function one_chain!(out, value_at::F, first::Int, last::Int, a::Float64, b::Float64, e::Float64, skip::Bool) where {F}
    if skip
        @inbounds for i in first:last
            e = next_value(e, value_at(i), a, b, true)
            out[i] = e
        end
    else
        @inbounds for i in first:last
            e = (b * e) + (a * value_at(i))
            out[i] = e
        end
    end
    return e
end

function do_again!(out, value_at::F, first::Int, last::Int, a::Float64, b::Float64, e::Float64, skip::Bool) where {F}
    @inbounds for i in first:last
        e = next_value(e, value_at(i), a, b, skip)
        same_state(e, out[i]) && return nothing
        out[i] = e
    end
    return nothing
end

function side_by_side!(out, value_at::F, starts::NTuple{4,Int}, stretch::Int, a::Float64, b::Float64, guesses::NTuple{4,Float64}) where {F}
    e1, e2, e3, e4 = guesses
    s1, s2, s3, s4 = starts
    @inbounds for i in 0:stretch-1
        e1 = (b * e1) + (a * value_at(s1 + i))
        e2 = (b * e2) + (a * value_at(s2 + i))
        e3 = (b * e3) + (a * value_at(s3 + i))
        e4 = (b * e4) + (a * value_at(s4 + i))
        out[s1+i], out[s2+i], out[s3+i], out[s4+i] = e1, e2, e3, e4
    end
    return nothing
end

function skip_chains!(out, value_at::F, starts::NTuple{4,Int}, stretch::Int, a::Float64, b::Float64, guesses::NTuple{4,Float64}) where {F}
    e1, e2, e3, e4 = guesses
    s1, s2, s3, s4 = starts
    @inbounds for i in 0:stretch-1
        e1 = next_value(e1, value_at(s1 + i), a, b, true)
        e2 = next_value(e2, value_at(s2 + i), a, b, true)
        e3 = next_value(e3, value_at(s3 + i), a, b, true)
        e4 = next_value(e4, value_at(s4 + i), a, b, true)
        out[s1+i], out[s2+i], out[s3+i], out[s4+i] = e1, e2, e3, e4
    end
    return nothing
end
