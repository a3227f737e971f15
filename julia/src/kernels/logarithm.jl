# The correctly rounded natural logarithm: libraries differ in its last bit, and one bit is one answer too many.
#
# x = 2^k * z with z in [0.70, 1.42), and ln x = k*ln(2) - ln(c) + ln(1 + r) with r = z*c - 1 below 2^-6.9, c having
# nine bits, so that r is exact in two doubles. The largest parts are added without rounding; only what is small
# beside the answer is rounded, and bounds the error. Where a change by four times the bound, either way, would
# change what rounding gives (one value in ten thousand, and those a few last bits from 1), pairs of doubles are asked, whose
# error is 2^-98 of the answer; next to 1, where answers lie nearest to boundaries, exact terms. In the very few cases
# after that 256 bits of fraction decide: no double's logarithm is that near to a boundary (the nearest needs 118).
#
# Columns of quotients of prices, which are near 1, have a way of their own before all that, in lanes: see the end.

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
const LN2_LOWEST = nearest_double(log_of_2() - as_units(LN2_HIGH) - as_units(LN2_LOW))

@inline function natural_log(x::Float64)
    bits = reinterpret(UInt64, x)
    # Positive, finite and not subnormal, all in one comparison.
    bits - 0x0010_0000_0000_0000 < 0x7fe0_0000_0000_0000 || return rare_log(x)
    value, certain = quick_log(bits, 0)
    return certain ? value : careful_log(x, bits, 0)
end

@noinline function rare_log(x::Float64)
    isnan(x) | (x < 0.0) && return NaN
    x == 0.0 && return -Inf
    isinf(x) && return x
    bits = reinterpret(UInt64, x * 0x1p54)
    value, certain = quick_log(bits, -54)
    return certain ? value : careful_log(x, bits, -54)
end

# 2^k * z, and c with what belongs to it.
@inline function reduced(bits::UInt64, more::Int)
    i = ((bits >> 45) & 0x7f) % Int
    upper = i >= 53
    k = Float64(((bits >> 52) % Int) - 1023 + more + upper)
    z = reinterpret(Float64, (bits & 0x000f_ffff_ffff_ffff) | (upper ? 0x3fe0_0000_0000_0000 : 0x3ff0_0000_0000_0000))
    return k, z, @inbounds(LOG_TABLE[i+1])
end

@inline function quick_log(bits::UInt64, more::Int)
    k, z, (c, minus_log, minus_log_low) = reduced(bits, more)
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

# How often pairs of doubles could not tell, for the tests.
const LONG_LOGS = Threads.Atomic{Int}(0)

@noinline function careful_log(x::Float64, bits::UInt64, more::Int)
    k, z, (c, minus_log, minus_log_low) = reduced(bits, more)
    value, certain = (k == 0.0) & (abs(z - 1.0) < 0x1p-20) ? log_next_to_1(z - 1.0) : paired_log(k, z, c, minus_log, minus_log_low)
    certain && return value
    Threads.atomic_add!(LONG_LOGS, 1)
    return long_log(x)
end

# Numbers in two doubles: a fast sum for |a| >= |b|, a product, a sum.
@inline fast_sum(a::Float64, b::Float64) = (sum = a + b; (sum, b - (sum - a)))
@inline function pair_product(a::NTuple{2,Float64}, b::NTuple{2,Float64})
    product = a[1] * b[1]
    return fast_sum(product, fma(a[1], b[1], -product) + (a[1] * b[2] + a[2] * b[1]))
end
@inline function pair_sum(a::NTuple{2,Float64}, b::NTuple{2,Float64})
    sum, error = two_sum(a[1], b[1])
    low, lower = two_sum(a[2], b[2])
    sum, error = fast_sum(sum, error + low)
    return fast_sum(sum, error + lower)
end

# 1/n in two doubles.
reciprocal(n::Int) = (1.0 / n, fma(-(1.0 / n), Float64(n), 1.0) / n)
const RECIPROCALS = ntuple(reciprocal, 8)

# Each pair operation is off by 2^-103 of its result at most; the terms from the ninth on, in plain doubles, by 2^-52 of
# what is 2^-55 of the first. No sum loses more than a bit and a half to cancellation.
function paired_log(k::Float64, z::Float64, c::Float64, minus_log::Float64, minus_log_low::Float64)
    product = z * c
    r = fast_sum(product - 1.0, fma(z, c, -product))
    tail = 1 / 9 + r[1] * (-1 / 10 + r[1] * (1 / 11 + r[1] * (-1 / 12 + r[1] * (1 / 13 + r[1] * (-1 / 14 + r[1] * (1 / 15 - r[1] / 16))))))
    factor = (tail, 0.0)
    for n in 8:-1:1
        step = pair_product(r, factor)
        factor = pair_sum(@inbounds(RECIPROCALS[n]), (-step[1], -step[2]))
    end
    series = pair_product(r, factor)
    middle = k * LN2_LOW
    total = pair_sum(two_sum(k * LN2_HIGH, minus_log), pair_sum((middle, fma(k, LN2_LOW, -middle) + k * LN2_LOWEST), (minus_log_low, 0.0)))
    total = pair_sum(total, series)
    slack = 0x1p-96 * abs(total[1])
    value = total[1] + (total[2] - slack)
    return value, value == total[1] + (total[2] + slack)
end

# r - r^2/2 + (r^3/3 - ...) for |r| < 2^-20, in a sum and what is left of it: all exact but for the series in brackets and
# the last bit of what is left. Of one double alone the series is lost beside that bit, while the rest lies on a boundary:
# ln(1 - 2^-52) = -2^-52 - 2^-105 - (2^-156 / 3 + ...), which is beyond it.
function log_next_to_1(r::Float64)
    r == -0x1p-52 && return prevfloat(r), true
    square = r * r
    half, half_low = 0.5 * square, 0.5 * fma(r, r, -square)
    series = r * square * (1 / 3 + r * (-1 / 4 + r * (1 / 5 + r * (-1 / 6 + r * (1 / 7)))))
    sum, low = two_sum(r, -half)
    middle, lowest = two_sum(low, -half_low)
    low = middle + (series + lowest)
    slack = 0x1p-48 * (abs(series) + abs(lowest)) + 0x1p-51 * abs(low)
    value = sum + (low - slack)
    return value, value == sum + (low + slack)
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

# --- the quotients of successive prices ---

# How many of them were not decided in lanes, for the tests.
const LOGS_ONE_BY_ONE = Threads.Atomic{Int}(0)

# ln(1 + r) for |r| up to 2^-5, by its series: (value, is it certain?). No branch and no table, so that a compiler makes
# lanes of it whatever the processor.
#
# r is a whole multiple of 2^-53. Cut at 2^-30, r = high + low, the square of high is exact, and
# r - r^2/2 = (r - high^2/2) - low * (r + high) / 2; the first of these is a sum of two doubles, and the second, at most
# 2^-31 of r, has two roundings: 2^-83 of r. As much comes from the two sums that follow. The terms from r^3 on lose less
# than 2^-51 of r^3: two roundings of powers, three of the series, two of sums, each of r^3/3; what the series leaves out
# is 2^-67. Twice all that is allowed for, whether or not the products in the series are rounded.
@inline function log_near_1(x::Float64)
    r = x - 1.0 # exact where it is small
    sum, rest, slack = log_parts(r)
    value = sum + (rest - slack)
    return value, (abs(r) <= 0x1p-5) & (value == sum + (rest + slack))
end

# ln(1 + r) in two parts, and twice what may be missing.
@inline function log_parts(r::Float64)
    high = (r + 0x1.8p22) - 0x1.8p22
    low = r - high
    half = (0.5 * high) * high
    sum = r - half
    error = ((r - sum) - half) - 0.5 * (low * (r + high))
    square = r * r
    rest = error + (square * r) * log_series(r, square)
    return sum, rest, abs(r) * (square * 0x1p-50 + 0x1p-80)
end

# 1/3 - r/4 + r^2/5 - ... - r^11/14 + r^12/15: two terms at a time, as each waits for the one before.
@inline function log_series(r::Float64, square::Float64)
    series = muladd(r, -1 / 14, 1 / 13) + square * (1 / 15)
    series = muladd(square, series, muladd(r, -1 / 12, 1 / 11))
    series = muladd(square, series, muladd(r, -1 / 10, 1 / 9))
    series = muladd(square, series, muladd(r, -1 / 8, 1 / 7))
    series = muladd(square, series, muladd(r, -1 / 6, 1 / 5))
    return muladd(square, series, muladd(r, -1 / 4, 1 / 3))
end

function julia_log_returns!(out::Vector{Float64}, x::Vector{Float64}, period::Int)
    rows = length(x)
    @inbounds for i in 1:min(period, rows)
        out[i] = NaN
    end
    period < rows || return out
    for first in period+1:CHUNK_ROWS:rows
        last = min(first + CHUNK_ROWS - 1, rows)
        doubts = logs_in_lanes!(out, x, first, last, period)
        doubts == 0 || logs_one_by_one!(out, x, first, last, period)
    end
    return out
end

# Rows that are not certain become NaN; gives their number.
function logs_in_lanes!(out::Vector{Float64}, x::Vector{Float64}, first::Int, last::Int, period::Int)
    doubts = 0
    @inbounds @simd for i in first:last
        value, certain = log_near_1(x[i] / x[i-period])
        out[i] = ifelse(certain, value, NaN)
        doubts += ifelse(certain, 0, 1)
    end
    return doubts
end

@noinline function logs_one_by_one!(out::Vector{Float64}, x::Vector{Float64}, first::Int, last::Int, period::Int)
    done = 0
    @inbounds for i in first:last
        isnan(out[i]) || continue
        out[i] = natural_log(x[i] / x[i-period])
        done += 1
    end
    Threads.atomic_add!(LOGS_ONE_BY_ONE, done)
    return nothing
end
