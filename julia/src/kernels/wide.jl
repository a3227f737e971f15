# The wide path: exact sums of any finite doubles at all, as long two's complement integers that values are added
# to and taken from. Work per value is proportional to the limbs that the values of a block span, never to the
# window; a stream's spans every double there is.

# A whole number in limbs, the lowest first.
const Limbs = Vector{UInt64}

# Adds (or takes away) addend * 2^shift.
@inline function add_bits!(limbs::Limbs, addend::UInt128, shift::Int, negative::Bool)
    at, rest = (shift >>> 6) + 1, shift & 63
    low = addend << rest
    high = rest == 0 ? UInt64(0) : (addend >> (128 - rest)) % UInt64
    carry = add_limb!(limbs, at, low % UInt64, false, negative)
    carry = add_limb!(limbs, at + 1, (low >> 64) % UInt64, carry, negative)
    carry = add_limb!(limbs, at + 2, high, carry, negative)
    at += 3
    while carry & (at <= length(limbs))
        carry = add_limb!(limbs, at, UInt64(0), true, negative)
        at += 1
    end
    return nothing
end

# One limb of an addition or subtraction; what does not fit is outside the number, whose sign goes on for ever.
@inline function add_limb!(limbs::Limbs, at::Int, addend::UInt64, carry::Bool, negative::Bool)
    at <= length(limbs) || return false
    limb = @inbounds limbs[at]
    if negative
        first = limb - addend
        second = first - carry
        carry = (first > limb) | (second > first)
    else
        first = limb + addend
        second = first + carry
        carry = (first < limb) | (second < first)
    end
    @inbounds limbs[at] = second
    return carry
end

# limbs ± other, which is not longer.
add_limbs!(limbs::Limbs, other::Limbs, negative::Bool) = negative ? subtract_all!(limbs, other) : add_all!(limbs, other)

function add_all!(limbs::Limbs, other::Limbs)
    carry, sign = UInt64(0), sign_limb(other)
    @inbounds for at in eachindex(other)
        first = limbs[at] + other[at]
        second = first + carry
        carry = (first < other[at]) | (second < first) ? UInt64(1) : UInt64(0)
        limbs[at] = second
    end
    for at in length(other)+1:length(limbs)
        carry = UInt64(add_limb!(limbs, at, sign, carry != 0, false))
    end
    return nothing
end

function subtract_all!(limbs::Limbs, other::Limbs)
    borrow, sign = UInt64(0), sign_limb(other)
    @inbounds for at in eachindex(other)
        limb = limbs[at]
        first = limb - other[at]
        second = first - borrow
        borrow = (first > limb) | (second > first) ? UInt64(1) : UInt64(0)
        limbs[at] = second
    end
    for at in length(other)+1:length(limbs)
        borrow = UInt64(add_limb!(limbs, at, sign, borrow != 0, true))
    end
    return nothing
end

sign_limb(limbs::Limbs) = @inbounds ((limbs[end] % Int64) >> 63) % UInt64

# limbs ± other * factor * 2^shift.
function add_product!(limbs::Limbs, other::Limbs, factor::UInt64, shift::Int, negative::Bool)
    offset, rest = shift >>> 6, shift & 63
    # The factor has at most 53 bits: shifted within a limb it may take two.
    wide = UInt128(factor) << rest
    low, high = wide % UInt64, (wide >> 64) % UInt64
    carry, product, before, sign = false, UInt128(0), UInt64(0), sign_limb(other)
    borrow = UInt128(0)
    @inbounds for at in 1:length(limbs)-offset
        limb = at <= length(other) ? other[at] : sign
        # Past the end of a number that is not negative nothing but what was carried is left.
        (at > length(other) + 1) & (sign == 0) && !carry && (product >> 64) % UInt64 | borrow % UInt64 == 0 && break
        # This limb's share: limb * low, and the limb before times high, with what was carried.
        lower = widemul(limb, low) + (product >> 64)
        upper = widemul(before, high) + (lower % UInt64) + borrow
        product = lower
        borrow = upper >> 64
        carry = add_limb!(limbs, at + offset, upper % UInt64, carry, negative)
        before = limb
    end
    return nothing
end

# The magnitude of `limbs` in `scratch`; whether it was negative.
function magnitude!(scratch::Limbs, limbs::Limbs)
    negative = sign_limb(limbs) != 0
    if negative
        carry = true
        @inbounds for at in eachindex(limbs)
            limb = ~limbs[at] + carry
            carry &= limb == 0
            scratch[at] = limb
        end
    else
        copyto!(scratch, limbs)
    end
    return negative
end

# limbs * 2^unit / divisor, rounded. Overwrites scratch, which is as long.
function limbs_quotient(limbs::Limbs, scratch::Limbs, divisor::UInt128, unit::Int)
    negative = magnitude!(scratch, limbs)
    top = length(scratch)
    while top > 0 && @inbounds(scratch[top]) == 0
        top -= 1
    end
    top == 0 && return 0.0
    divisor >> 64 == 0 || return long_quotient(negative, scratch, divisor, unit)
    at(i) = i >= 1 ? @inbounds(scratch[i]) : UInt64(0)
    zeros = leading_zeros(at(top))
    bits = (UInt128(at(top)) << 64 | at(top - 1)) << zeros
    zeros == 0 || (bits |= at(top - 2) >> (64 - zeros))
    more = at(top - 2) << zeros != 0
    below = top - 3
    while !more & (below >= 1)
        more = at(below) != 0
        below -= 1
    end
    unit += 64 * (top - 2) - zeros
    if divisor < UInt128(1) << 53
        # Four bits less, and what is below them, are beyond what a certain answer depends on.
        count = Float64(divisor % Int64)
        value, certain = quick_quotient(bits >> 4, count, 1.0 / count)
        exponent = ((reinterpret(UInt64, value) >> 52) % Int) + unit + 4
        if certain & (1 < exponent < 2046)
            return reinterpret(Float64, (reinterpret(UInt64, value) & 0x000f_ffff_ffff_ffff) | (exponent % UInt64) << 52 |
                                        (negative % UInt64) << 63)
        end
    end
    return round_quotient(negative, bits, more, divisor % UInt64, unit)
end

# Divisors that take more than 2^32 rows.
@noinline function long_quotient(negative::Bool, magnitude::Limbs, divisor::UInt128, unit::Int)
    whole = BigInt(0)
    for limb in Iterators.reverse(magnitude)
        whole = (whole << 64) + limb
    end
    shift = max(0, 256 - ndigits(whole; base=2))
    quotient, rest = divrem(whole << shift, BigInt(divisor))
    excess = max(0, ndigits(quotient; base=2) - 128)
    top = quotient >> excess
    more = (rest != 0) | (top << excess != quotient)
    return round_bits(negative, UInt128(top), more, unit - shift + excess)
end

# What the values of a block may be: whole multiples of 2^unit below 2^top.
struct Span
    unit::Int
    top::Int
end
const WHOLE_SPAN = Span(-1074, 1024)
joined(a::Span, b::Span) = Span(a.unit + b.unit, a.top + b.top)
limbs_for(span::Span, count_bits::Int) = zeros(UInt64, max(3, cld(span.top - span.unit + count_bits + 1, 64)))

function span_of(x::Vector{Float64}, first::Int, last::Int)
    smallest, largest, _ = magnitudes(x, first, last)
    largest == 0 && return Span(0, 1)
    return Span(exponent_field(smallest + 1) - 1075, exponent_field(largest) - 1022)
end

# --- states ---

# Where a state takes its rows from: a block's column, or the ring of a stream.
mutable struct WideSum{MEAN}
    x::Vector{Float64}
    sum::Limbs
    scratch::Limbs
    unit::Int
end

function WideSum{MEAN}(x::Vector{Float64}, span::Span) where {MEAN}
    sum = limbs_for(span, 64)
    return WideSum{MEAN}(x, sum, similar(sum), span.unit)
end

@inline function change!(state::WideSum, x::Float64, remove::Bool)
    negative, mantissa, exponent = parts(x)
    mantissa == 0 || add_bits!(state.sum, UInt128(mantissa), exponent - state.unit, negative != remove)
    return nothing
end
add!(state::WideSum, i::Int) = change!(state, @inbounds(state.x[i]), false)
remove!(state::WideSum, i::Int) = change!(state, @inbounds(state.x[i]), true)

function statistic(state::WideSum{MEAN}, tally::Tally) where {MEAN}
    no_infinity(tally) || return infinite_sum(tally)
    return limbs_quotient(state.sum, state.scratch, UInt128(MEAN ? max(tally.finite, 1) : 1), state.unit)
end

# m * Sxy - Sx * Sy, changed row by row without ever multiplying two long numbers: a pair (x, y) that joins m
# others adds Sxy + m*x*y - x*Sy - y*Sx to it, and one that leaves m - 1 others takes Sxy + m*x*y - x*Sy - y*Sx
# away. All sums are those of the m values before the change.
mutable struct WideMoment{SQUARE}
    x::Vector{Float64}
    y::Vector{Float64}
    ddof::Int
    m::Int
    sum_x::WideSum{false}
    sum_y::WideSum{false} # the same object for the variance
    products::Limbs
    spread::Limbs
    scratch::Limbs
    unit::Int
end

function WideMoment{SQUARE}(x, y, span_x::Span, span_y::Span, ddof::Int) where {SQUARE}
    span = joined(span_x, span_y)
    products, spread = limbs_for(span, 64), limbs_for(span, 130)
    sum_x = WideSum{false}(x, span_x)
    sum_y = SQUARE ? sum_x : WideSum{false}(y, span_y)
    return WideMoment{SQUARE}(x, y, ddof, 0, sum_x, sum_y, products, spread, similar(spread), span.unit)
end

function change!(state::WideMoment{SQUARE}, x::Float64, y::Float64, remove::Bool) where {SQUARE}
    negative_x, mantissa_x, exponent_x = parts(x)
    negative_y, mantissa_y, exponent_y = parts(y)
    sum_x, sum_y, spread = state.sum_x, state.sum_y, state.spread
    product, negative = widemul(mantissa_x, mantissa_y), negative_x != negative_y
    shift = exponent_x + exponent_y - state.unit
    add_limbs!(spread, state.products, remove)
    if product != 0
        add_bits!(state.products, product, shift, negative != remove)
        # m * x * y, in two pieces: m has up to 63 bits.
        low, high = product % UInt64, (product >> 64) % UInt64
        add_bits!(spread, widemul(low, state.m % UInt64), shift, negative != remove)
        add_bits!(spread, widemul(high, state.m % UInt64), shift + 64, negative != remove)
    end
    if SQUARE
        mantissa_x == 0 ||
            add_product!(spread, sum_x.sum, mantissa_x, exponent_x + sum_x.unit - state.unit + 1, negative_x == remove)
    else
        mantissa_x == 0 ||
            add_product!(spread, sum_y.sum, mantissa_x, exponent_x + sum_y.unit - state.unit, negative_x == remove)
        mantissa_y == 0 ||
            add_product!(spread, sum_x.sum, mantissa_y, exponent_y + sum_x.unit - state.unit, negative_y == remove)
        change!(sum_y, y, remove)
    end
    change!(sum_x, x, remove)
    state.m += remove ? -1 : 1
    return nothing
end
# A pair (a, c) leaves and (b, d) joins at once, so that m stays: with the sums before, the spread changes by
# (m-1)*b*d - (m+1)*a*c + b*c + a*d - Sx*d + Sx*c - Sy*b + Sy*a, and no long number is added to it.
function replace_pair!(state::WideMoment{SQUARE}, a::Float64, c::Float64, b::Float64, d::Float64) where {SQUARE}
    sum_x, sum_y = state.sum_x, state.sum_y
    add_multiple!(state, b, d, state.m - 1, false)
    add_multiple!(state, a, c, state.m + 1, true)
    if SQUARE
        add_multiple!(state, a, b, 2, false)
        subtract_share!(state, sum_x, b, 1, false)
        subtract_share!(state, sum_x, a, 1, true)
    else
        add_multiple!(state, b, c, 1, false)
        add_multiple!(state, a, d, 1, false)
        subtract_share!(state, sum_x, d, 0, false)
        subtract_share!(state, sum_x, c, 0, true)
        subtract_share!(state, sum_y, b, 0, false)
        subtract_share!(state, sum_y, a, 0, true)
        change!(sum_y, c, true)
        change!(sum_y, d, false)
    end
    add_product_of!(state.products, state, a, c, true)
    add_product_of!(state.products, state, b, d, false)
    change!(sum_x, a, true)
    change!(sum_x, b, false)
    return nothing
end

@inline function add_product_of!(limbs::Limbs, state::WideMoment, x::Float64, y::Float64, negative::Bool)
    negative_x, mantissa_x, exponent_x = parts(x)
    negative_y, mantissa_y, exponent_y = parts(y)
    (mantissa_x == 0) | (mantissa_y == 0) && return nothing
    add_bits!(limbs, widemul(mantissa_x, mantissa_y), exponent_x + exponent_y - state.unit, negative != (negative_x != negative_y))
    return nothing
end

# Adds `times` * x * y to the spread, or takes it away.
@inline function add_multiple!(state::WideMoment, x::Float64, y::Float64, times::Int, negative::Bool)
    negative_x, mantissa_x, exponent_x = parts(x)
    negative_y, mantissa_y, exponent_y = parts(y)
    (mantissa_x == 0) | (mantissa_y == 0) && return nothing
    product, shift = widemul(mantissa_x, mantissa_y), exponent_x + exponent_y - state.unit
    negative = negative != (negative_x != negative_y)
    add_bits!(state.spread, widemul(product % UInt64, times % UInt64), shift, negative)
    add_bits!(state.spread, widemul((product >> 64) % UInt64, times % UInt64), shift + 64, negative)
    return nothing
end

# Takes 2^double * x * sum off the spread, or adds it back.
@inline function subtract_share!(state::WideMoment, sum::WideSum, x::Float64, double::Int, back::Bool)
    negative, mantissa, exponent = parts(x)
    mantissa == 0 && return nothing
    add_product!(state.spread, sum.sum, mantissa, exponent + sum.unit - state.unit + double, negative == back)
    return nothing
end

add!(state::WideMoment, i::Int) = change!(state, @inbounds(state.x[i]), @inbounds(state.y[i]), false)
replace!(state::WideMoment, old::Int, new::Int) = @inbounds replace_pair!(state, state.x[old], state.y[old], state.x[new], state.y[new])
remove!(state::WideMoment, i::Int) = change!(state, @inbounds(state.x[i]), @inbounds(state.y[i]), true)

function statistic(state::WideMoment, tally::Tally)
    m = tally.finite
    (m > state.ddof) & no_infinity(tally) || return NaN
    return limbs_quotient(state.spread, state.scratch, UInt128(m) * UInt128(m - state.ddof), state.unit)
end
