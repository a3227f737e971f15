# The fast path. Values of a block are whole multiples of 2^unit around an anchor, small enough for their sums over
# a window to be exact in Int64 and those of their products in Int128: then a slid sum is as good as a new one.
# Whether a block qualifies is found by looking at it, never assumed.

# x = anchor + d * 2^unit for every finite value of a block. The anchor has at most 24 bits, so that up to 2^26
# times it is a double, too.
struct Scale
    anchor::Float64
    unit::Int
end

# Windows that are longer go the wide way.
const LONGEST_FIXED = 1 << 26
# Far enough from both ends of the range for products to stay there.
const FIXED_EXPONENTS = 440

# Largest magnitude that whole numbers may have so that sums over `window` rows stay below 2^62, and no difference is rounded.
fixed_limit(window::Int) = min(1 << 53, 1 << 62 ÷ window) - 1

# Bits (sign removed) of the smallest and largest finite values that are not zero, and whether all are finite.
# The smallest is one less, so that zero is the largest of all.
function magnitudes(x::Vector{Float64}, first::Int, last::Int)
    smallest, largest, top = typemax(UInt64), UInt64(0), UInt64(0)
    @inbounds @simd for i in first:last
        bits = reinterpret(UInt64, x[i]) & 0x7fff_ffff_ffff_ffff
        top = ifelse(bits > top, bits, top)
        bits = ifelse(bits >= 0x7ff0_0000_0000_0000, UInt64(0), bits)
        largest = ifelse(bits > largest, bits, largest)
        smallest = ifelse(bits - 1 < smallest, bits - 1, smallest)
    end
    return smallest, largest, top < 0x7ff0_0000_0000_0000
end

exponent_field(bits::UInt64) = max((bits >> 52) % Int, 1)

# The largest power of two that divides every finite value, or any at most 2^enough: looking further would not help then.
function common_unit(x::Vector{Float64}, first::Int, last::Int, enough::Int)
    unit = 1024
    @inbounds for i in first:last
        unit <= enough && break
        isfinite(x[i]) & (x[i] != 0.0) || continue
        _, mantissa, exponent = parts(x[i])
        unit = min(unit, exponent + trailing_zeros(mantissa))
    end
    return unit
end

# Fills d from rows first:last of x: (found one?, all finite?, scale). Values that are not finite become 0.
function fixed_point!(d::Vector{Int64}, x::Vector{Float64}, first::Int, last::Int, limit::Int)
    smallest, largest, clean = magnitudes(x, first, last)
    if largest == 0
        fill!(d, 0)
        return true, clean, Scale(0.0, 0)
    end
    top = exponent_field(largest) - 1023
    lowest = exponent_field(smallest + 1) - 1075
    (top <= FIXED_EXPONENTS) & (lowest >= -FIXED_EXPONENTS) || return false, clean, Scale(0.0, 0)
    middle = @inbounds x[(first+last)>>>1]
    anchor = isfinite(middle) ? reinterpret(Float64, reinterpret(UInt64, middle) & 0xffff_ffff_e000_0000) : 0.0
    # With this unit or a larger one any two values are near enough; a smaller one than needed does no harm.
    enough = top + 2 - (63 - leading_zeros(limit))
    for attempt in 1:2
        unit = min(lowest, enough)
        if top - unit <= 60
            scale = power_of_two(-unit)
            found = clean ? subtract_anchor!(d, x, first, last, anchor, scale) :
                    subtract_from_finite!(d, x, first, last, anchor, scale)
            if found <= limit
                found < UInt64(1) << SHIFTER_BITS || subtract_slowly!(d, x, first, last, anchor, scale)
                return true, clean, Scale(anchor, unit)
            end
        end
        # The exponent of the smallest value may promise bits that no value has.
        attempt == 1 && (lowest = common_unit(x, first, last, top - 61))
    end
    return false, clean, Scale(0.0, 0)
end

# Adding it to a whole number below 2^51 leaves that number in the last bits.
const SHIFTER = 0x1.8p52
const SHIFTER_BITS = 51

# The whole numbers (x - anchor) * scale as far as they are below 2^51, and the largest magnitude among them, which
# tells whether they are right: a difference below 2^53 units is exact, and no larger one is rounded to less.
function subtract_anchor!(d::Vector{Int64}, x::Vector{Float64}, first::Int, last::Int, anchor::Float64, scale::Float64)
    largest = UInt64(0)
    offset = first - 1
    @inbounds @simd for i in 1:last-offset
        value = (x[i+offset] - anchor) * scale
        bits = reinterpret(UInt64, abs(value))
        largest = ifelse(bits > largest, bits, largest)
        d[i] = reinterpret(Int64, value + SHIFTER) - reinterpret(Int64, SHIFTER)
    end
    return magnitude_of(largest)
end

function subtract_from_finite!(d::Vector{Int64}, x::Vector{Float64}, first::Int, last::Int, anchor::Float64, scale::Float64)
    largest = UInt64(0)
    offset = first - 1
    @inbounds @simd for i in 1:last-offset
        value = ifelse(isfinite(x[i+offset]), (x[i+offset] - anchor) * scale, 0.0)
        bits = reinterpret(UInt64, abs(value))
        largest = ifelse(bits > largest, bits, largest)
        d[i] = reinterpret(Int64, value + SHIFTER) - reinterpret(Int64, SHIFTER)
    end
    return magnitude_of(largest)
end

# The same for numbers below 2^53, without the vector instructions.
function subtract_slowly!(d::Vector{Int64}, x::Vector{Float64}, first::Int, last::Int, anchor::Float64, scale::Float64)
    offset = first - 1
    @inbounds for i in 1:last-offset
        d[i] = isfinite(x[i+offset]) ? unsafe_trunc(Int64, (x[i+offset] - anchor) * scale) : 0
    end
    return nothing
end

magnitude_of(bits::UInt64) = min(reinterpret(Float64, bits), 0x1p62) |> UInt64

# --- values of a window of m rows whose whole numbers have these sums ---

# (m * anchor + sum * 2^unit): all parts are whole multiples of 2^unit, and each step but the last is exact.
@inline function fixed_sum(sum::Int64, m::Int, anchor_units::Float64, unit::Int)
    high = Float64(sum)
    low = Float64(sum - unsafe_trunc(Int64, high))
    total, rest = two_sum(anchor_units * m, high)
    return (total + (rest + low)) * power_of_two(unit)
end

# anchor + sum / m, in units: whole part and remainder of the division are exact, so that one rounding is left of
# a number whose fraction, at most 4, is off by 2^-51 at most. It decides rightly unless the number lies nearer than
# that to a boundary; boundaries are multiples of 2^(j-53) for a number of at least 2^j units, so that nothing but a
# tie, which is exact, is nearer than 2^(j-53) / m. With 2^j >= 8m, for a total of 32m, that is far enough.
@inline function fixed_mean(sum::Int64, m::Int, count::Float64, inverse::Float64, anchor_units::Float64, unit::Int)
    whole = round(Float64(sum) * inverse)
    remainder = sum - unsafe_trunc(Int64, whole) * m
    total, rest = two_sum(anchor_units, whole)
    value = total + (rest + Float64(remainder) / count)
    (abs(total) >= 32count) | (remainder == 0) || return small_mean(sum, m, anchor_units, unit)
    return value * power_of_two(unit)
end

@noinline function small_mean(sum::Int64, m::Int, anchor_units::Float64, unit::Int)
    total = Int128(anchor_units) * m + sum
    magnitude = fixed_quotient(abs(total) % UInt128, Float64(m), 1.0 / m, unit)
    return total < 0 ? -magnitude : magnitude
end

# (m * products - sum_x * sum_y) * 2^unit / (m * (m - ddof)).
@inline function fixed_cov(products::Int128, sum_x::Int64, sum_y::Int64, m::Int, divisor::Float64, inverse::Float64, unit::Int)
    spread = products * m - widemul(sum_x, sum_y)
    magnitude = fixed_quotient(abs(spread) % UInt128, divisor, inverse, unit)
    return spread < 0 ? -magnitude : magnitude
end
