# Rolling minimum and maximum, and where they are. Of equal values (the signed zeros are equal) the newest.
# Without a NaN by van Herk's method: stretches of one window's length, in each the extremes of its tails and of
# its heads; a window is one tail and one head. The rows of short windows are rather compared one by one, in lanes, and
# where NaNs are to be skipped a queue holds the candidates, as in the streams.

# Whether `old` stands although `new` has come.
@inline stands(old::Float64, new::Float64, ::Val{MAX}) where {MAX} = MAX ? old > new : old < new
@inline extreme(old::Float64, new::Float64, largest::Val) = ifelse(stands(old, new, largest), old, new)

function julia_extreme!(out::Vector{Float64}, x::Vector{Float64}, window::Window, largest::Val, ::Val{WHERE}) where {WHERE}
    rows, len = length(x), min(window.len, length(x))
    missed = first_nan(x, 1)
    if missed <= rows && window.skip
        queue_extremes!(out, x, window, largest, Val(WHERE))
    else
        scratch = WHERE ? Places(len, largest) : tails_for(len, largest)
        first = 1
        while first <= rows
            # Windows that hold the NaN before this run, and there may be no others, are not looked at.
            full = first == 1 ? 1 : first + len - 1
            full < missed && herk!(out, x, scratch, first, missed - 1, len, largest)
            next = first_number(x, missed)
            @inbounds for i in first:min(full, missed)-1
                out[i] = NaN
            end
            @inbounds for i in missed:next-1
                out[i] = NaN
            end
            first, missed = next, first_nan(x, next)
        end
    end
    @inbounds for i in 1:min(window.min_periods - 1, rows)
        out[i] = NaN
    end
    return out
end

function first_number(x::Vector{Float64}, first::Int)
    while first <= length(x) && isnan(@inbounds x[first])
        first += 1
    end
    return first
end

# Column k of tails[j, k]: of rows j.. of a stretch; none after its end. The first is of the stretch before.
# Handfuls have their place there, too.
tails_for(len::Int, ::Val{MAX}) where {MAX} =
    fill(MAX ? -Inf : Inf, len <= LONGEST_BY_HANDFULS ? cld(HANDFULS + len, 5) : len + 1, 5)

# Rows first:last, before which there is nothing.
function herk!(out, x, tails::Matrix{Float64}, first::Int, last::Int, len::Int, largest::Val{MAX}) where {MAX}
    len <= LONGEST_COMPARED && return short_windows!(out, x, first, last, len, largest)
    len <= LONGEST_BY_HANDFULS && return by_handfuls!(out, x, tails, first, last, len, largest)
    @inbounds for j in 2:len
        tails[j, 1] = MAX ? -Inf : Inf
    end
    near = len < LONGEST_NEAR ? last : first - 1
    while first <= last - 4len
        if near < first + 4len - 1
            # Four short streams there and back are more than the machine fetches ahead; one long copy is not.
            rows = min(max(4len, ROWS_NEAR), last - near)
            copyto!(out, near + 1, x, near + 1, rows)
            near += rows
        end
        four_stretches!(out, x, tails, first, len, largest)
        first += 4len
    end
    while first <= last
        to = min(first + len - 1, last)
        one_stretch!(out, x, tails, first, to, largest)
        first = to + 1
    end
    return nothing
end

# So many rows, and what is made of them, fit the nearest cache; four stretches of so few lie so near that they are one stream.
const ROWS_NEAR = 1024
const LONGEST_NEAR = 32

# Windows of more rows take longer to be compared row by row, and by handfuls.
const LONGEST_COMPARED = 10
const LONGEST_BY_HANDFULS = 64
# So many handfuls, the rows and what is made of them fit the nearest cache.
const HANDFULS = 1024

function short_windows!(out, x, first::Int, last::Int, len::Int, largest::Val)
    growing_windows!(out, x, first, min(first + len - 2, last), largest)
    # The compiler makes a loop for each length.
    compare_windows!(out, first + len - 1, x, first + len - 1, last, Val(len), largest)
    return nothing
end

# Windows that still grow, and before a NaN there may be no others.
function growing_windows!(out, x, first::Int, last::Int, largest::Val)
    @inbounds out[first] = x[first]
    @inbounds for i in first+1:last
        out[i] = extreme(out[i-1], x[i], largest)
    end
    return nothing
end

# Into `out` from `at` on.
function compare_windows!(out, at::Int, x, first::Int, last::Int, len::Val, largest::Val)
    @inbounds @simd ivdep for i in 0:last-first
        out[at+i] = extreme_of(x, first + i, len, largest)
    end
    return nothing
end

# A window is some handfuls of rows, the last two of which may overlap.
function by_handfuls!(out, x, handfuls, first::Int, last::Int, len::Int, largest::Val)
    growing_windows!(out, x, first, min(first + len - 2, last), largest)
    hand = isqrt(len - 1) + 1
    count = cld(len, hand)
    # The compiler makes a loop for each size of a handful, and one for each number of them.
    return by_handfuls!(out, x, handfuls, first + len - 1, last, len, Val(hand), Val(count), largest)
end

function by_handfuls!(out, x, handfuls, first::Int, last::Int, len::Int, ::Val{HAND}, count::Val, largest::Val) where {HAND}
    while first <= last
        to = min(first + HANDFULS - 1, last)
        oldest = first - len + HAND
        compare_windows!(handfuls, 1, x, oldest, to, Val(HAND), largest)
        compare_handfuls!(out, handfuls, first, to, len - HAND, HAND, count, largest)
        first = to + 1
    end
    return nothing
end

# `handfuls` has those that end `before` rows before `first` and later.
function compare_handfuls!(out, handfuls, first::Int, last::Int, before::Int, hand::Int, ::Val{COUNT}, largest::Val) where {COUNT}
    @inbounds @simd ivdep for i in 1:last-first+1
        newer = extreme_of_handfuls(handfuls, i + before, hand, Val(COUNT - 1), largest)
        out[first+i-1] = extreme(handfuls[i], newer, largest)
    end
    return nothing
end

# Of those that end in row i, and `hand` rows before it, and so on, the oldest first.
@inline extreme_of_handfuls(handfuls, i::Int, hand::Int, ::Val{1}, ::Val) = @inbounds handfuls[i]
@inline extreme_of_handfuls(handfuls, i::Int, hand::Int, ::Val{COUNT}, largest::Val) where {COUNT} =
    extreme(extreme_of_handfuls(handfuls, i - hand, hand, Val(COUNT - 1), largest), @inbounds(handfuls[i]), largest)

# Of row i and those before it, the oldest first.
@inline extreme_of(x, i::Int, ::Val{1}, ::Val) = @inbounds x[i]
@inline extreme_of(x, i::Int, ::Val{LEN}, largest::Val) where {LEN} =
    extreme(extreme_of(x, i - 1, Val(LEN - 1), largest), @inbounds(x[i]), largest)

@inline function one_stretch!(out, x, tails::Matrix{Float64}, first::Int, last::Int, largest::Val)
    @inbounds begin
        head = x[first]
        out[first] = extreme(tails[2, 1], head, largest)
        for i in first+1:last
            head = extreme(head, x[i], largest)
            out[i] = extreme(tails[i-first+2, 1], head, largest)
        end
        len = size(tails, 1) - 1
        last - first + 1 == len || return nothing
        tail = x[last]
        tails[len, 1] = tail
        for j in len-1:-1:2
            tail = extreme(x[first+j-1], tail, largest)
            tails[j, 1] = tail
        end
    end
    return nothing
end

# Four of them at once: every scan is all waiting for the comparison before.
@inline function four_stretches!(out, x, tails::Matrix{Float64}, first::Int, len::Int, largest::Val)
    f1, f2, f3, f4 = first - 1, first + len - 1, first + 2len - 1, first + 3len - 1
    @inbounds begin
        t1, t2, t3, t4 = x[f1+len], x[f2+len], x[f3+len], x[f4+len]
        for j in len:-1:2
            t1, t2 = extreme(x[f1+j], t1, largest), extreme(x[f2+j], t2, largest)
            t3, t4 = extreme(x[f3+j], t3, largest), extreme(x[f4+j], t4, largest)
            tails[j, 2], tails[j, 3], tails[j, 4], tails[j, 5] = t1, t2, t3, t4
        end
        h1, h2, h3, h4 = x[f1+1], x[f2+1], x[f3+1], x[f4+1]
        for j in 1:len
            h1, h2 = extreme(h1, x[f1+j], largest), extreme(h2, x[f2+j], largest)
            h3, h4 = extreme(h3, x[f3+j], largest), extreme(h4, x[f4+j], largest)
            out[f1+j], out[f2+j] = extreme(tails[j+1, 1], h1, largest), extreme(tails[j+1, 2], h2, largest)
            out[f3+j], out[f4+j] = extreme(tails[j+1, 3], h3, largest), extreme(tails[j+1, 4], h4, largest)
        end
        for j in 2:len
            tails[j, 1] = tails[j, 5]
        end
    end
    return nothing
end

# The same with the rows of the extremes; 0 where there is none, which no value loses to.
struct Places
    tails::Vector{Float64}
    rows::Vector{Int}
end
Places(len::Int, ::Val{MAX}) where {MAX} = Places(fill(MAX ? -Inf : Inf, len + 1), zeros(Int, len + 1))

# One of two rows without a branch, which nobody could foresee.
@inline chosen(first::Bool, a::Int, b::Int) = b ⊻ ((a ⊻ b) & -(first % Int))

function herk!(out, x, places::Places, first::Int, last::Int, len::Int, largest::Val{MAX}) where {MAX}
    tails, rows = places.tails, places.rows
    fill!(tails, MAX ? -Inf : Inf)
    fill!(rows, 0)
    @inbounds while first <= last
        to = min(first + len - 1, last)
        head, place = x[first], first
        for i in first:to
            old = stands(head, x[i], largest)
            head, place = ifelse(old, head, x[i]), chosen(old, place, i)
            j = i - first + 2
            out[i] = Float64(i - chosen((rows[j] != 0) & stands(tails[j], head, largest), rows[j], place))
        end
        if to < last
            tail, place = x[to], to
            tails[len], rows[len] = tail, place
            for j in len-1:-1:2
                old = stands(x[first+j-1], tail, largest)
                tail, place = ifelse(old, x[first+j-1], tail), chosen(old, first + j - 1, place)
                tails[j], rows[j] = tail, place
            end
        end
        first = to + 1
    end
    return nothing
end

# The rows that may yet be the extreme of a window, oldest and most extreme first, in a ring; rows count from 1.
mutable struct Candidates{MAX}
    rows::Vector{Int}
    values::Vector{Float64}
    head::Int  # of the oldest candidate, from 0
    count::Int
    added::Int
end

Candidates{MAX}() where {MAX} = Candidates{MAX}(Vector{Int}(undef, 16), Vector{Float64}(undef, 16), 0, 0, 0)

@inline ring_place(queue::Candidates, i::Int) = ((queue.head + i) & (length(queue.rows) - 1)) + 1

function push_row!(queue::Candidates{MAX}, x::Float64) where {MAX}
    queue.added += 1
    isnan(x) && return nothing
    @inbounds while queue.count > 0 && !stands(queue.values[ring_place(queue, queue.count - 1)], x, Val(MAX))
        queue.count -= 1
    end
    queue.count == length(queue.rows) && grow!(queue)
    place = ring_place(queue, queue.count)
    @inbounds queue.rows[place], queue.values[place] = queue.added, x
    queue.count += 1
    return nothing
end

# Drops the rows up to `last` that are still there: at most one when rows leave one by one.
function forget!(queue::Candidates, last::Int)
    @inbounds while queue.count > 0 && queue.rows[queue.head+1] <= last
        queue.head = (queue.head + 1) & (length(queue.rows) - 1)
        queue.count -= 1
    end
    return nothing
end

@noinline function grow!(queue::Candidates)
    order = [ring_place(queue, i) for i in 0:queue.count-1]
    rows, values = queue.rows[order], queue.values[order]
    queue.rows, queue.values = resize!(rows, 2length(order)), resize!(values, 2length(order))
    queue.head = 0
    return nothing
end

function clear!(queue::Candidates)
    queue.head = queue.count = queue.added = 0
    return nothing
end

oldest_value(queue::Candidates) = @inbounds queue.values[queue.head+1]
oldest_distance(queue::Candidates) = Float64(queue.added - @inbounds(queue.rows[queue.head+1]))

function queue_extremes!(out, x, window::Window, ::Val{MAX}, ::Val{WHERE}) where {MAX,WHERE}
    queue, tally = Candidates{MAX}(), Tally()
    @inbounds for i in eachindex(x)
        if i > window.len
            count_value!(tally, x[i-window.len], -1)
            forget!(queue, i - window.len)
        end
        count_value!(tally, x[i], 1)
        push_row!(queue, x[i])
        out[i] = !is_defined(tally, window) ? NaN : WHERE ? oldest_distance(queue) : oldest_value(queue)
    end
    return out
end
