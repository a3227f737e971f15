# Sums and moments of the fast path, sliding: states for any rows, and tight loops for the many windows that are
# full and without a NaN or an infinity.

# The sum, or the mean, of whole numbers d of rows start:...
mutable struct FixedSum{MEAN}
    d::Vector{Int64}
    start::Int
    anchor::Float64 # in units
    unit::Int
    sum::Int64
    scratch::Scratch
end

FixedSum{MEAN}(scratch::Scratch, start::Int, scale::Scale) where {MEAN} =
    FixedSum{MEAN}(scratch.d, start, scale.anchor * power_of_two(-scale.unit), scale.unit, 0, scratch)

@inline add!(state::FixedSum, i::Int) = (state.sum += @inbounds state.d[i-state.start+1]; nothing)
@inline remove!(state::FixedSum, i::Int) = (state.sum -= @inbounds state.d[i-state.start+1]; nothing)
clear!(state::FixedSum) = (state.sum = 0; nothing)

function load!(state::FixedSum, start::Int, first::Int)
    sum, d = 0, state.d
    @inbounds @simd for j in start-state.start+1:first-state.start
        sum += d[j]
    end
    state.sum += sum
    return nothing
end

function statistic(state::FixedSum{MEAN}, tally::Tally) where {MEAN}
    no_infinity(tally) || return infinite_sum(tally)
    m = tally.finite
    m == 0 && return 0.0
    MEAN || return fixed_sum(state.sum, m, state.anchor, state.unit)
    return fixed_mean(state.sum, m, Float64(m), 1.0 / m, state.anchor, state.unit)
end

begin_windows!(::FixedSum, ::Int) = nothing

# Windows of m finite values for the rows first:last. Each row takes the oldest away, which the block need not have
# for the very first: then there is none.
function full_chunk!(state::FixedSum{MEAN}, out::Vector{Float64}, at::Int, first::Int, last::Int, m::Int) where {MEAN}
    d, sums, sum, offset = state.d, state.scratch.sums, state.sum, state.start - 1
    from = first
    if first - m <= offset
        sum += @inbounds d[first-offset]
        @inbounds sums[1] = sum
        from += 1
    end
    @inbounds for i in from:last
        sum += d[i-offset] - d[i-offset-m]
        sums[i-first+1] = sum
    end
    state.sum = sum
    if MEAN
        mean_chunk!(out, first - at, last - first + 1, sums, m, state.anchor, state.unit)
    else
        sum_chunk!(out, first - at, last - first + 1, sums, state.anchor * m, state.unit)
    end
    return nothing
end

# The variance of whole numbers d, or their covariance with e; `d === e` for the variance. Full windows keep the spread
# m*Sxy - Sx*Sy itself: when (a, c) leaves as (b, d) joins, it grows by (d-c)*(m*b - Sx') + (b-a)*(m*c - Sy), Sx' being the
# sum afterwards, and that without a product of more than 126 bits.
mutable struct FixedMoment{SQUARE}
    d::Vector{Int64}
    e::Vector{Int64}
    start::Int
    unit::Int # of a product
    ddof::Int
    sum_d::Int64
    sum_e::Int64
    products::Int128
    spread::Int128 # of the last full window
    scratch::Scratch
end

FixedMoment{SQUARE}(scratch::Scratch, start::Int, unit::Int, ddof::Int) where {SQUARE} =
    FixedMoment{SQUARE}(scratch.d, SQUARE ? scratch.d : scratch.e, start, unit, ddof, 0, 0, Int128(0), Int128(0), scratch)

@inline function add!(state::FixedMoment, i::Int)
    d, e = @inbounds state.d[i-state.start+1], state.e[i-state.start+1]
    state.sum_d += d
    state.sum_e += e
    state.products += widemul(d, e)
    return nothing
end
@inline function remove!(state::FixedMoment, i::Int)
    d, e = @inbounds state.d[i-state.start+1], state.e[i-state.start+1]
    state.sum_d -= d
    state.sum_e -= e
    state.products -= widemul(d, e)
    return nothing
end
clear!(state::FixedMoment) = (state.sum_d = state.sum_e = 0; state.products = 0; nothing)

function load!(state::FixedMoment, start::Int, first::Int)
    d, e, sum_d, sum_e, products = state.d, state.e, state.sum_d, state.sum_e, state.products
    @inbounds for j in start-state.start+1:first-state.start
        sum_d += d[j]
        sum_e += e[j]
        products += widemul(d[j], e[j])
    end
    state.sum_d, state.sum_e, state.products = sum_d, sum_e, products
    return nothing
end

function statistic(state::FixedMoment, tally::Tally)
    m = tally.finite
    (m > state.ddof) & no_infinity(tally) || return NaN
    divisor = Float64(m * (m - state.ddof))
    return fixed_cov(state.products, state.sum_d, state.sum_e, m, divisor, 1.0 / divisor, state.unit)
end

begin_windows!(state::FixedMoment, m::Int) = (state.spread = state.products * m - widemul(state.sum_d, state.sum_e); nothing)

# Sum and spread once `new` has joined and `old` has left.
@inline function square_step(m::Int, sum::Int64, spread::Int128, new::Int64, old::Int64)
    change = new - old
    next = sum + change
    return next, spread + widemul(change, m * (new + old) - sum - next)
end

function full_chunk!(state::FixedMoment{true}, out::Vector{Float64}, at::Int, first::Int, last::Int, m::Int)
    d, offset, scratch = state.d, state.start - 1, state.scratch
    sum, spread, from = state.sum_d, state.spread, first
    if first - m <= offset # the very first window has no row to take away
        sum, spread = square_step(m, sum, spread, d[first-offset], 0)
        keep_magnitude!(scratch, 1, spread)
        from += 1
    end
    @inbounds for i in from:last
        sum, spread = square_step(m, sum, spread, d[i-offset], d[i-offset-m])
        keep_magnitude!(scratch, i - first + 1, spread)
    end
    state.sum_d, state.sum_e, state.spread = sum, sum, spread
    divide_chunk!(out, first - at, last - first + 1, scratch, m * (m - state.ddof), state.unit)
    return nothing
end

function full_chunk!(state::FixedMoment{false}, out::Vector{Float64}, at::Int, first::Int, last::Int, m::Int)
    d, e, offset, scratch = state.d, state.e, state.start - 1, state.scratch
    sum_d, sum_e, spread = state.sum_d, state.sum_e, state.spread
    from = first
    # The very first window has no row to take away.
    first - m <= offset && (from += 1)
    @inbounds for i in first:last
        j = i - offset
        new_d, old_d = d[j], i < from ? 0 : d[max(j - m, 1)]
        new_e, old_e = e[j], i < from ? 0 : e[max(j - m, 1)]
        change_d, change_e = new_d - old_d, new_e - old_e
        next_d = sum_d + change_d
        spread += widemul(change_e, m * new_d - next_d) + widemul(change_d, m * old_e - sum_e)
        sum_d, sum_e = next_d, sum_e + change_e
        keep_number!(scratch, i - first + 1, spread)
    end
    state.sum_d, state.sum_e, state.spread = sum_d, sum_e, spread
    divide_chunk!(out, first - at, last - first + 1, scratch, m * (m - state.ddof), state.unit)
    return nothing
end

# A window with an infinity has no moment; a sum is what infinities make of it.
settled_by_any(::Union{FixedMoment,LongMoment,WideMoment}, x, first::Int, last::Int) = true
settled_by_any(::Union{FixedSum,LongSum,WideSum}, x, first::Int, last::Int) = !infinite_inside(x, first, last)

ddof_of(state::Union{FixedMoment,LongMoment}) = state.ddof
ddof_of(::Union{FixedSum,LongSum}) = -1

# One value for each of the rows first:last, whose windows lie in rows start:last, all finite.
function slide_clean!(state::Union{FixedSum,FixedMoment,LongSum,LongMoment}, out::Vector{Float64}, at::Int, x::Vector{Float64},
    start::Int, first::Int, last::Int, window::Window)
    load!(state, start, first)
    m = window.len
    # Windows that still grow come first.
    growing = m > last - start + 1 ? last : max(start + m - 2, first - 1)
    slide!(state, Tally(first - start, 0, 0, 0), out, at, x, start, first, growing, window)
    first = growing + 1
    first <= last || return nothing
    if m <= ddof_of(state)
        fill!(view(out, first-at:last-at), NaN)
        return nothing
    end
    begin_windows!(state, m)
    while first <= last
        to = min(last, first + CHUNK_ROWS - 1)
        full_chunk!(state, out, at, first, to, m)
        first = to + 1
    end
    return nothing
end

function slide_clean!(state::Union{WideSum,WideMoment}, out::Vector{Float64}, at::Int, x::Vector{Float64}, start::Int, first::Int,
    last::Int, window::Window)
    load!(state, start, first)
    slide!(state, Tally(first - start, 0, 0, 0), out, at, x, start, first, last, window)
    return nothing
end
