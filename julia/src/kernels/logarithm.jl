# The correctly rounded natural logarithm: libraries differ in its last bit, and one bit is one answer too many.
#
# x = 2^k * z with z in [0.70, 1.42), and ln x = k*ln(2) - ln(c) + ln(1 + r) with r = z*c - 1 below 2^-6.9, c having
# nine bits, so that r is exact in two doubles. The largest parts are added without rounding; only what is small
# beside the answer is rounded, and bounds the error. Where a change by four times the bound, either way, would
# change what rounding gives (one value in ten thousand at worst), 256 bits of fraction decide: no double's logarithm
# is that near to a rounding boundary (the nearest needs 118).

const LOG_FRACTION = 256

# 2 * atanh(a / b) in units of 2^-256, cut off, for a / b small.
function twice_atanh(a::BigInt, b::BigInt)
    power = (a << (LOG_FRACTION + 1)) ÷ b
    square = ((a * a) << LOG_FRACTION) ÷ (b * b)
    total, n = power, 1
    while power != 0
        power = (power * square) >> LOG_FRACTION
        power == -1 && break # what shifting leaves of a negative number for ever
        n += 2
        total += power ÷ n
    end
    return total
end

log_of_2() = twice_atanh(BigInt(1), BigInt(3))

# A number in units of 2^-256 as the nearest double.
function nearest_double(units::BigInt)
    units == 0 && return 0.0
    magnitude = abs(units)
    excess = max(0, ndigits(magnitude; base=2) - 128)
    top = magnitude >> excess
    return round_bits(units < 0, UInt128(top), (top << excess) != magnitude, excess - LOG_FRACTION)
end

as_units(x::Float64) = ((negative, mantissa, exponent) = parts(x); units = BigInt(mantissa) << (exponent + LOG_FRACTION); negative ? -units : units)

# For each of 128 stretches of [1, 2): c, and -ln(c) in two doubles; the upper ones are for half of it.
# Next to 1 c is 1, so that nothing is lost to cancellation.
function log_table()
    table = NTuple{3,Float64}[]
    for i in 0:127
        middle = 1.0 + (2i + 1) / 256
        z = i < 53 ? middle : middle / 2
        c = i in (0, 126, 127) ? 1.0 : round(256 / z) / 256
        whole = twice_atanh(BigInt(256 - 256c), BigInt(256 + 256c)) # -ln(c)
        high = nearest_double(whole)
        push!(table, (c, high, nearest_double(whole - as_units(high))))
    end
    return Tuple(table)
end
const LOG_TABLE = log_table()
# Short enough for products with exponents to be exact, and the rest.
const LN2_HIGH = reinterpret(Float64, reinterpret(UInt64, nearest_double(log_of_2())) & ~UInt64(0xfff))
const LN2_LOW = nearest_double(log_of_2() - as_units(LN2_HIGH))

@inline function natural_log(x::Float64)
    bits = reinterpret(UInt64, x)
    # Positive, finite and not subnormal, all in one comparison.
    bits - 0x0010_0000_0000_0000 < 0x7fe0_0000_0000_0000 || return rare_log(x)
    value, certain = quick_log(bits, 0)
    return certain ? value : long_log(x)
end

@noinline function rare_log(x::Float64)
    isnan(x) | (x < 0.0) && return NaN
    x == 0.0 && return -Inf
    isinf(x) && return x
    value, certain = quick_log(reinterpret(UInt64, x * 0x1p54), -54)
    return certain ? value : long_log(x)
end

@inline function quick_log(bits::UInt64, more::Int)
    i = ((bits >> 45) & 0x7f) % Int
    upper = i >= 53
    k = Float64(((bits >> 52) % Int) - 1023 + more + upper)
    z = reinterpret(Float64, (bits & 0x000f_ffff_ffff_ffff) | (upper ? 0x3fe0_0000_0000_0000 : 0x3ff0_0000_0000_0000))
    c, minus_log, minus_log_low = @inbounds LOG_TABLE[i+1]
    product = z * c
    r_low = fma(z, c, -product)
    r = product - 1.0
    square = r * r
    half = 0.5 * square
    half_low = 0.5 * fma(r, r, -square)
    first, first_low = two_sum(k * LN2_HIGH, minus_log)
    second, second_low = two_sum(first, r)
    third, third_low = two_sum(second, -half)
    series = r * square * (1 / 3 + r * (-1 / 4 + r * (1 / 5 + r * (-1 / 6 + r * (1 / 7 + r * (-1 / 8 + r * (1 / 9 + r * (-1 / 10))))))))
    rest = ((k * LN2_LOW + minus_log_low) + (r_low * (1.0 - r * (1.0 - r * (1.0 - r))) - half_low)) + (first_low + second_low + third_low)
    low = series + rest
    slack = 0x1p-50 * (abs(series) + abs(rest)) + (0x1p-90 * abs(k) + 0x1p-104 * abs(minus_log))
    value = third + (low - slack)
    return value, value == third + (low + slack)
end

@noinline function long_log(x::Float64)
    x == 1.0 && return 0.0
    _, mantissa, exponent = parts(x)
    bits = 64 - leading_zeros(mantissa)
    # mantissa / 2^scale is within [0.70, 1.42).
    scale = bits - (mantissa << (64 - bits) < 0xb500_0000_0000_0000)
    one = BigInt(1) << scale
    small = twice_atanh(BigInt(mantissa) - one, BigInt(mantissa) + one)
    return nearest_double(small + (exponent + scale) * log_of_2())
end
