# The middle path: blocks whose values are whole multiples of one power of two, within 98 bits at least (noise around
# zero, logarithmic returns). Sums are exact in Int128, sums of products in 256 bits; no more is known of a value than
# of one on the fast path, so that a slid sum is as good as a new one.

# The highest 124 bits of the magnitude, how many bits lie below them, whether any of those is set, and the sign.
@inline function leading_part(a::Int256)
    negative = a.high < 0
    a = negative ? minus(ZERO_256, a) : a
    high = a.high % UInt128
    width = high == 0 ? 128 - leading_zeros(a.low) : 256 - leading_zeros(high)
    shift = max(0, width - 124)
    shift == 0 && return a.low, 0, false, negative
    shift >= 128 && return high >> (shift - 128), shift, (a.low != 0) | (high << (256 - shift) != 0), negative
    return high << (128 - shift) | a.low >> shift, shift, a.low << (128 - shift) != 0, negative
end

# a * 2^unit / divisor, rounded, for a divisor below 2^53.
@noinline function long_value(a::Int256, divisor::Int, unit::Int)
    bits, shift, more, negative = leading_part(a)
    bits == 0 && return 0.0
    # Rounding wants the highest bit of what has something below it set; only the first 124 need be known.
    zeros = leading_zeros(bits)
    return round_quotient(negative, bits << zeros, more, divisor % UInt64, unit + shift - zeros)
end

# Bits that a value may have so that a sum over `window` rows stays below 2^124.
long_bits(window::Int) = 124 - (64 - leading_zeros(window))

# The unit of rows first:last, or nothing.
function long_unit(x::Vector{Float64}, first::Int, last::Int, bits::Int)
    smallest, largest, _ = magnitudes(x, first, last)
    largest == 0 && return 0
    top, unit = exponent_field(largest) - 1022, exponent_field(smallest + 1) - 1075
    top - unit <= bits || (unit = common_unit(x, first, last, top - bits - 1))
    return (top - unit <= bits) & (top <= FIXED_EXPONENTS) & (unit >= -FIXED_EXPONENTS) ? unit : nothing
end

# Rows first:last in units; those that are not finite are 0.
function long_numbers!(d::Vector{Int128}, x::Vector{Float64}, first::Int, last::Int, unit::Int)
    @inbounds for i in first:last
        negative, mantissa, exponent = parts(isfinite(x[i]) ? x[i] : 0.0)
        number = Int128(mantissa) << max(exponent - unit, 0) # 0 may have any exponent
        # A value with zeros at its end may have a lower exponent than the unit.
        exponent < unit && (number = Int128(mantissa >> min(unit - exponent, 63)))
        d[i-first+1] = negative ? -number : number
    end
    return d
end

# --- states, as in sliding.jl ---

mutable struct LongSum{MEAN}
    d::Vector{Int128}
    start::Int
    unit::Int
    sum::Int128
    scratch::Scratch
end
LongSum{MEAN}(scratch::Scratch, start::Int, unit::Int) where {MEAN} = LongSum{MEAN}(scratch.long_d, start, unit, Int128(0), scratch)

@inline add!(state::LongSum, i::Int) = (state.sum += @inbounds state.d[i-state.start+1]; nothing)
@inline remove!(state::LongSum, i::Int) = (state.sum -= @inbounds state.d[i-state.start+1]; nothing)
clear!(state::LongSum) = (state.sum = 0; nothing)

function statistic(state::LongSum{MEAN}, tally::Tally) where {MEAN}
    no_infinity(tally) || return infinite_sum(tally)
    m = MEAN ? max(tally.finite, 1) : 1
    return round_quotient(state.sum < 0, abs(state.sum) % UInt128, false, m % UInt64, state.unit)
end

begin_windows!(::LongSum, ::Int) = nothing

function full_chunk!(state::LongSum{MEAN}, out::Vector{Float64}, at::Int, first::Int, last::Int, m::Int) where {MEAN}
    d, sum, scratch = state.d, state.sum, state.scratch
    @inbounds for i in first:last
        j = i - state.start + 1
        sum += d[j] - (j > m ? d[j-m] : Int128(0))
        keep_number!(scratch, i - first + 1, sum)
    end
    state.sum = sum
    divide_chunk!(out, first - at, last - first + 1, scratch, MEAN ? m : 1, state.unit)
    return nothing
end

mutable struct LongMoment{SQUARE}
    d::Vector{Int128}
    e::Vector{Int128}
    start::Int
    unit::Int # of a product
    ddof::Int
    sum_d::Int128
    sum_e::Int128
    products::Int256
    spread::Int256 # of the last full window
    scratch::Scratch
end
LongMoment{SQUARE}(scratch::Scratch, start::Int, unit::Int, ddof::Int) where {SQUARE} = LongMoment{SQUARE}(
    scratch.long_d, SQUARE ? scratch.long_d : scratch.long_e, start, unit, ddof, Int128(0), Int128(0), ZERO_256, ZERO_256, scratch)

@inline function add!(state::LongMoment, i::Int)
    d, e = @inbounds state.d[i-state.start+1], state.e[i-state.start+1]
    state.sum_d += d
    state.sum_e += e
    state.products = plus(state.products, long_product(d, e))
    return nothing
end
@inline function remove!(state::LongMoment, i::Int)
    d, e = @inbounds state.d[i-state.start+1], state.e[i-state.start+1]
    state.sum_d -= d
    state.sum_e -= e
    state.products = minus(state.products, long_product(d, e))
    return nothing
end
clear!(state::LongMoment) = (state.sum_d = state.sum_e = 0; state.products = ZERO_256; nothing)

@inline spread_of(state::LongMoment, m::Int) = minus(times(state.products, m), long_product(state.sum_d, state.sum_e))

function statistic(state::LongMoment, tally::Tally)
    m = tally.finite
    (m > state.ddof) & no_infinity(tally) || return NaN
    return long_value(spread_of(state, m), m * (m - state.ddof), state.unit)
end

# The spread of a window of m rows whose oldest is 0; later ones follow from it.
begin_windows!(state::LongMoment, m::Int) = (state.spread = spread_of(state, m); nothing)

function full_chunk!(state::LongMoment{SQUARE}, out::Vector{Float64}, at::Int, first::Int, last::Int, m::Int) where {SQUARE}
    d, e, scratch = state.d, state.e, state.scratch
    scales, spreads = at_least!(scratch.scales, CHUNK_ROWS), at_least!(scratch.spreads, CHUNK_ROWS)
    sum_d, sum_e, spread = state.sum_d, state.sum_e, state.spread
    @inbounds for i in first:last
        j = i - state.start + 1
        new_d, old_d = d[j], j > m ? d[j-m] : Int128(0)
        change_d = new_d - old_d
        next_d = sum_d + change_d
        if SQUARE
            spread = plus(spread, long_product(change_d, m * (new_d + old_d) - sum_d - next_d))
            sum_e = next_d
        else
            new_e, old_e = e[j], j > m ? e[j-m] : Int128(0)
            change_e = new_e - old_e
            spread = plus(spread, long_product(change_e, m * new_d - next_d))
            spread = plus(spread, long_product(change_d, m * old_e - sum_e))
            sum_e += change_e
        end
        sum_d = next_d
        bits, shift, _, negative = leading_part(spread)
        k = i - first + 1
        spreads[k] = spread
        scratch.high[k], scratch.low[k] = ((bits >> 64) % UInt64) | (negative % UInt64) << 63, bits % UInt64
        scales[k] = power_of_two(shift + state.unit)
    end
    state.sum_d, state.sum_e, state.spread = sum_d, sum_e, spread
    divisor = m * (m - state.ddof)
    doubts = scaled_quotient_chunk!(out, first - at, last - first + 1, scratch, Float64(divisor))
    doubts == 0 || doubtful_spreads!(out, first - at, last - first + 1, scratch, divisor, state.unit)
    return nothing
end

@noinline function doubtful_spreads!(out, first::Int, count::Int, scratch::Scratch, divisor::Int, unit::Int)
    inverse = 1.0 / divisor
    @inbounds for k in 1:count
        _, certain = kept_quotient(scratch.high[k], scratch.low[k], Float64(divisor), inverse)
        certain || (out[first+k-1] = long_value(scratch.spreads[k], divisor, unit))
    end
    return nothing
end
