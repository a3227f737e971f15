# Whole numbers of 256 bits, as far as sums of products need them. Nothing here looks for overflow: callers know their bounds.

# Two's complement.
struct Int256
    high::Int128
    low::UInt128
end
const ZERO_256 = Int256(0, 0)

@inline function plus(a::Int256, b::Int256)
    low = a.low + b.low
    return Int256(a.high + b.high + (low < a.low), low)
end
@inline minus(a::Int256, b::Int256) = Int256(a.high - b.high - (a.low < b.low), a.low - b.low)

@inline function long_product(a::Int128, b::Int128)
    a_high, a_low, b_high, b_low = (a >>> 64) % UInt64, a % UInt64, (b >>> 64) % UInt64, b % UInt64
    lowest, upper = widemul(a_low, b_low), widemul(a_high, b_high)
    one, other = widemul(a_low, b_high), widemul(a_high, b_low)
    middle = (lowest >> 64) + (one % UInt64) + (other % UInt64)
    # The product of the bits, taken as numbers without a sign, is too large by 2^128 times the other factor.
    high = (upper + (one >> 64) + (other >> 64) + (middle >> 64)) % Int128
    return Int256(high - (b & (a >> 127)) - (a & (b >> 127)), middle << 64 | lowest % UInt64)
end

@inline function times(a::Int256, m::Int)
    lowest = widemul(a.low % UInt64, m % UInt64)
    next = widemul((a.low >> 64) % UInt64, m % UInt64) + (lowest >> 64)
    return Int256(a.high * m + ((next >> 64) % Int128), next << 64 | lowest % UInt64)
end
