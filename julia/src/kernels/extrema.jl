# Rolling minimum and maximum, and where they are. Of equal values (the signed zeros are equal) the newest.
# Without a NaN by van Herk's method: stretches of one window's length, in each the extremes of its tails and of
# its heads; a window is one tail and one head. With NaNs by a queue of candidates, as in the streams.

# Whether `old` stands although `new` has come.
@inline stands(old::Float64, new::Float64, ::Val{MAX}) where {MAX} = MAX ? old > new : old < new
@inline extreme(old::Float64, new::Float64, largest::Val) = ifelse(stands(old, new, largest), old, new)

function julia_extreme!(out::Vector{Float64}, x::Vector{Float64}, window::Window, largest::Val, ::Val{WHERE}) where {WHERE}
    len = min(window.len, length(x))
    if any_nan(x)
        queue_extremes!(out, x, window, largest, Val(WHERE))
    elseif WHERE
        herk_places!(out, x, len, largest)
    else
        herk_extremes!(out, x, len, largest)
    end
    @inbounds for i in 1:min(window.min_periods - 1, length(out))
        out[i] = NaN
    end
    return out
end

function any_nan(x::Vector{Float64})
    found = false
    @inbounds @simd for i in eachindex(x)
        found |= isnan(x[i])
    end
    return found
end

function herk_extremes!(out, x, len::Int, largest::Val{MAX}) where {MAX}
    nothing_yet = MAX ? -Inf : Inf
    tails = fill(nothing_yet, len + 1) # tails[j]: of rows j.. of the stretch before; none after its end
    first, rows = 1, length(x)
    @inbounds while first <= rows
        last = min(first + len - 1, rows)
        head = x[first]
        out[first] = extreme(tails[2], head, largest)
        for i in first+1:last
            head = extreme(head, x[i], largest)
            out[i] = extreme(tails[i-first+2], head, largest)
        end
        if last < rows
            tail = x[last]
            tails[len] = tail
            for j in len-1:-1:2
                tail = extreme(x[first+j-1], tail, largest)
                tails[j] = tail
            end
        end
        first = last + 1
    end
    return out
end

function herk_places!(out, x, len::Int, largest::Val{MAX}) where {MAX}
    tails = fill(MAX ? -Inf : Inf, len + 1)
    places = zeros(Int, len + 1) # the rows of those; 0 where there is none, which no value loses to
    first, rows = 1, length(x)
    @inbounds while first <= rows
        last = min(first + len - 1, rows)
        head, place = x[first], first
        for i in first:last
            old = stands(head, x[i], largest)
            head, place = ifelse(old, head, x[i]), ifelse(old, place, i)
            j = i - first + 2
            out[i] = Float64(i - ifelse((places[j] != 0) & stands(tails[j], head, largest), places[j], place))
        end
        if last < rows
            tail, place = x[last], last
            tails[len], places[len] = tail, place
            for j in len-1:-1:2
                old = stands(x[first+j-1], tail, largest)
                tail, place = ifelse(old, x[first+j-1], tail), ifelse(old, first + j - 1, place)
                tails[j], places[j] = tail, place
            end
        end
        first = last + 1
    end
    return out
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
