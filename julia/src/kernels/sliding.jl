# Sums and moments of the fast path, sliding: states for any rows, and tight loops for the many windows that are
# full and without a NaN or an infinity.

# The sum, or the mean, of whole numbers d of rows start:...
mutable struct FixedSum{MEAN}
    d::Vector{Int64}
    start::Int
    anchor::Float64 # in units
    unit::Int
    sum::Int64
end

FixedSum{MEAN}(d::Vector{Int64}, start::Int, scale::Scale) where {MEAN} =
    FixedSum{MEAN}(d, start, scale.anchor * power_of_two(-scale.unit), scale.unit, 0)

@inline add!(state::FixedSum, i::Int) = (state.sum += @inbounds state.d[i-state.start+1]; nothing)
@inline remove!(state::FixedSum, i::Int) = (state.sum -= @inbounds state.d[i-state.start+1]; nothing)

function statistic(state::FixedSum{MEAN}, tally::Tally) where {MEAN}
    no_infinity(tally) || return infinite_sum(tally)
    m = tally.finite
    m == 0 && return 0.0
    MEAN || return fixed_sum(state.sum, m, state.anchor, state.unit)
    return fixed_mean(state.sum, m, Float64(m), 1.0 / m, state.anchor, state.unit)
end

# Windows of `m` finite values for the rows first:last.
function full_windows!(state::FixedSum{MEAN}, out::Vector{Float64}, first::Int, last::Int, m::Int) where {MEAN}
    d, sum, anchor, unit = state.d, state.sum, state.anchor, state.unit
    count, inverse, offset = Float64(m), 1.0 / m, state.start - 1
    # The row that is about to leave, if the block has it: only the first row may have none.
    if first - m <= offset
        sum += @inbounds d[first-offset]
        out[first] = MEAN ? fixed_mean(sum, m, count, inverse, anchor, unit) : fixed_sum(sum, m, anchor, unit)
        first += 1
    end
    @inbounds for i in first:last
        sum += d[i-offset] - d[i-offset-m]
        out[i] = MEAN ? fixed_mean(sum, m, count, inverse, anchor, unit) : fixed_sum(sum, m, anchor, unit)
    end
    state.sum = sum
    return nothing
end

# The variance of whole numbers d, or their covariance with e; `d === e` for the variance.
mutable struct FixedMoment{SQUARE}
    d::Vector{Int64}
    e::Vector{Int64}
    start::Int
    unit::Int # of a product
    ddof::Int
    sum_d::Int64
    sum_e::Int64
    products::Int128
end

FixedMoment{SQUARE}(d, e, start::Int, unit::Int, ddof::Int) where {SQUARE} =
    FixedMoment{SQUARE}(d, e, start, unit, ddof, 0, 0, Int128(0))

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

function statistic(state::FixedMoment, tally::Tally)
    m = tally.finite
    (m > state.ddof) & no_infinity(tally) || return NaN
    divisor = Float64(m * (m - state.ddof))
    return fixed_cov(state.products, state.sum_d, state.sum_e, m, divisor, 1.0 / divisor, state.unit)
end

function full_windows!(state::FixedMoment{SQUARE}, out::Vector{Float64}, first::Int, last::Int, m::Int) where {SQUARE}
    if m <= state.ddof
        @inbounds fill!(view(out, first:last), NaN)
        return nothing
    end
    d, e, unit, offset = state.d, state.e, state.unit, state.start - 1
    divisor = Float64(m * (m - state.ddof))
    inverse = 1.0 / divisor
    sum_d, sum_e, products = state.sum_d, state.sum_e, state.products
    @inbounds for i in first:last
        j = i - offset
        new_d, old_d = d[j], j > m ? d[j-m] : 0
        sum_d += new_d - old_d
        if SQUARE
            products += widemul(new_d - old_d, new_d + old_d) # a^2 - b^2
            out[i] = fixed_var(products, sum_d, m, divisor, inverse, unit)
        else
            new_e, old_e = e[j], j > m ? e[j-m] : 0
            sum_e += new_e - old_e
            products += widemul(new_d, new_e) - widemul(old_d, old_e)
            out[i] = fixed_cov(products, sum_d, sum_e, m, divisor, inverse, unit)
        end
    end
    state.sum_d, state.sum_e, state.products = sum_d, sum_e, products
    return nothing
end

# One value for each of the rows first:last of a block that the fast path holds. x tells which rows are counted.
function slide_fixed!(state, out::Vector{Float64}, x::Vector{Float64}, start::Int, first::Int, last::Int, window::Window, clean::Bool)
    tally = Tally()
    begin!(state, tally, x, start, first)
    if clean
        # Windows that still grow come first.
        growing = min(last, window.len - 1)
        slide!(state, tally, out, x, start, first, growing, window)
        first = max(first, growing + 1)
        first <= last && full_windows!(state, out, first, last, window.len)
    else
        slide!(state, tally, out, x, start, first, last, window)
    end
    return nothing
end
