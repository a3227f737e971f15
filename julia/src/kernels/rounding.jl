# Rounding exact numbers once, to nearest, ties to even. Everything the windowed kernels answer passes through
# here or through one floating-point operation whose operands are exact; nothing here knows what a window is.

# 2^k for -1022 <= k <= 1023.
@inline power_of_two(k::Int) = reinterpret(Float64, ((k + 1023) % UInt64) << 52)

# a + b = sum + error, exactly.
@inline function two_sum(a::Float64, b::Float64)
    sum = a + b
    part = sum - a
    return sum, (a - (sum - part)) + (b - part)
end

# A finite number as (negative, mantissa, exponent): mantissa * 2^exponent.
@inline function parts(x::Float64)
    bits = reinterpret(UInt64, x)
    field = ((bits >> 52) & 0x7ff) % Int
    fraction = bits & 0x000f_ffff_ffff_ffff
    mantissa = field == 0 ? fraction : fraction | 0x0010_0000_0000_0000
    return (bits >> 63) != 0, mantissa, max(field, 1) - 1075
end

# (bits + something below 1 if `more`) * 2^unit, rounded. With `more` there must be at least 55 bits.
function round_bits(negative::Bool, bits::UInt128, more::Bool, unit::Int)
    bits == 0 && return 0.0
    width = 128 - leading_zeros(bits)
    top = width - 1 + unit
    top > 1023 && return negative ? -Inf : Inf
    last = max(top - 52, -1074) # the exponent of the last bit that is kept
    drop = last - unit
    mantissa = UInt64(0)
    if drop <= 0
        mantissa = (bits << -drop) % UInt64
    elseif drop <= width
        mantissa = (bits >> drop) % UInt64
        half = UInt128(1) << (drop - 1)
        rest = bits & ((half << 1) - UInt128(1))
        mantissa += (rest > half) | ((rest == half) & (more | isodd(mantissa)))
    end
    # The leading bit of a mantissa adds one to the exponent's field; a carry out of it adds another.
    magnitude = ((last + 1074) % UInt64) << 52 + mantissa
    magnitude = min(magnitude, reinterpret(UInt64, Inf))
    return reinterpret(Float64, magnitude | (negative % UInt64) << 63)
end

# (bits + something below 1 if `more`) * 2^unit / divisor, rounded. With `more` the highest bit must be set;
# divisors of 64 bits and more are divided in long_quotient.
function round_quotient(negative::Bool, bits::UInt128, more::Bool, divisor::UInt64, unit::Int)
    bits == 0 && return 0.0
    divisor == 1 && return round_bits(negative, bits, more, unit)
    zeros = leading_zeros(bits)
    bits <<= zeros
    quotient = div(bits, UInt128(divisor)) # at least 64 bits
    return round_bits(negative, quotient, more | (quotient * divisor != bits), unit - zeros)
end

# bits / divisor by floating-point arithmetic whose errors are known: (value, is it certain?). For bits below 2^124
# and a whole divisor below 2^53, of which `inverse` is the rounded reciprocal.
#
# bits = sum + low up to 2^-105 of itself, sum being the nearest double. The remainder of sum / divisor is a double, so that
# the correction to the quotient is off by less than 2^-102 of it: if a change of 2^-95 either way does not change
# what rounding gives, then that is the rounded quotient.
@inline function quick_quotient(bits::UInt128, divisor::Float64, inverse::Float64)
    upper, lower = (bits >> 64) % Int64, bits % UInt64
    top = Float64(upper)
    left = Float64(upper - unsafe_trunc(Int64, top)) * 0x1p64
    high = top * 0x1p64
    middle = Float64((lower >> 32) % Int64) * 0x1p32
    nearly = high + middle # high is 0 or the larger
    rest = (middle - (nearly - high)) + (Float64((lower & 0xffff_ffff) % Int64) + left)
    sum = nearly + rest # which is smaller, too, unless all of it is there
    low = rest - (sum - nearly)
    quotient = sum / divisor
    correction = (fma(-quotient, divisor, sum) + low) * inverse
    slack = quotient * 0x1p-95
    value = quotient + (correction - slack)
    return value, value == quotient + (correction + slack)
end

# bits * 2^unit / divisor, rounded, where neither the answer nor 2^unit is near the ends of the range.
@inline function fixed_quotient(bits::UInt128, divisor::Float64, inverse::Float64, unit::Int)
    value, certain = quick_quotient(bits, divisor, inverse)
    certain || return round_quotient(false, bits, false, unsafe_trunc(UInt64, divisor), unit)
    return value * power_of_two(unit)
end
