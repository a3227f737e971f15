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

# The same by a floating-point division whose remainder is exact: (value, exponent, is it certain?), with
# bits / divisor = value * 2^exponent. For bits > 0 and a whole divisor below 2^53.
#
# bits = (high + low) * 2^exponent up to 2^-106 of itself. The remainder of high / divisor is a double, so that the
# correction to the quotient is off by less than 2^-103 of it: if a change of 2^-95 either way does not change
# what rounding gives, then that is the rounded quotient.
@inline function quick_quotient(bits::UInt128, divisor::Float64)
    zeros = leading_zeros(bits)
    shifted = bits << (zeros & 127)
    upper, lower = (shifted >> 64) % UInt64, shifted % UInt64
    high = Float64((upper >> 11) % Int64)
    low = Float64((((upper & 0x7ff) << 42) | (lower >> 22)) % Int64) * 0x1p-53
    quotient = high / divisor
    correction = (fma(-quotient, divisor, high) + low) / divisor
    slack = quotient * 0x1p-95
    value = quotient + (correction - slack)
    return value, 75 - zeros, value == quotient + (correction + slack)
end

# bits * 2^unit / divisor, rounded, where neither the answer nor 2^unit is near the ends of the range.
@inline function fixed_quotient(negative::Bool, bits::UInt128, divisor::Int, unit::Int)
    bits == 0 && return 0.0
    value, exponent, certain = quick_quotient(bits, Float64(divisor))
    certain || return round_quotient(negative, bits, false, divisor % UInt64, unit)
    value *= power_of_two(exponent + unit)
    return negative ? -value : value
end
