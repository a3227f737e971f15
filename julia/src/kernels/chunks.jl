# Rows of one chunk at once: whole numbers that a sliding loop has left in scratch memory become rounded answers, in loops
# that the compiler turns into vector instructions. What such a loop cannot be certain of it says, and is done one by one.

const CHUNK_ROWS = 256

# Memory of one call, proportional to the window; what only rarer blocks need is made when the first of them comes.
struct Scratch
    d::Vector{Int64}
    e::Vector{Int64}
    long_d::Vector{Int128}
    long_e::Vector{Int128}
    sums::Vector{Int64}
    high::Vector{UInt64} # of a magnitude below 2^124, the sign in the last bit
    low::Vector{UInt64}
    scales::Vector{Float64}
    spreads::Vector{Int256}
end

Scratch(rows::Int, pairs::Bool) = Scratch(Vector{Int64}(undef, rows), Vector{Int64}(undef, pairs ? rows : 0), Int128[], Int128[],
    Vector{Int64}(undef, CHUNK_ROWS), Vector{UInt64}(undef, CHUNK_ROWS), Vector{UInt64}(undef, CHUNK_ROWS), Float64[], Int256[])

at_least!(memory::Vector, rows::Int) = (length(memory) < rows && resize!(memory, rows); memory)

# Whole numbers below 2^52 as doubles, by means that every vector unit has.
@inline small_number(bits::UInt64) = reinterpret(Float64, bits | 0x4330_0000_0000_0000) - 0x1p52

# A sum below 2^62 in two doubles, exactly: a multiple of 2^26, and less than that.
@inline function two_doubles(sum::Int64)
    bits = (sum + (1 << 62)) % UInt64
    return (small_number(bits >> 26) - 0x1p36) * 0x1p26, small_number(bits & 0x03ff_ffff)
end

# fixed_sum for each sum.
function sum_chunk!(out::Vector{Float64}, first::Int, count::Int, sums::Vector{Int64}, anchor_units::Float64, unit::Int)
    scale = power_of_two(unit)
    @inbounds @simd for k in 1:count
        high, low = two_doubles(sums[k])
        total, rest = two_sum(anchor_units, high)
        out[first+k-1] = (total + (rest + low)) * scale
    end
    return nothing
end

# fixed_mean for each sum. The remainder is exact: it is small, and rounded once.
function mean_chunk!(out::Vector{Float64}, first::Int, count::Int, sums::Vector{Int64}, m::Int, anchor_units::Float64, unit::Int)
    scale, divisor, inverse = power_of_two(unit), Float64(m), 1.0 / m
    enough, doubts = 32divisor, 0
    @inbounds @simd for k in 1:count
        high, low = two_doubles(sums[k])
        whole = round((high + low) * inverse)
        remainder = fma(-whole, divisor, high) + low
        total, rest = two_sum(anchor_units, whole)
        out[first+k-1] = (total + (rest + remainder / divisor)) * scale
        doubts += ifelse((abs(total) >= enough) | (remainder == 0.0), 0, 1)
    end
    doubts == 0 || doubtful_means!(out, first, count, sums, m, anchor_units, unit)
    return nothing
end

@noinline function doubtful_means!(out, first::Int, count::Int, sums, m::Int, anchor_units::Float64, unit::Int)
    @inbounds for k in 1:count
        out[first+k-1] = fixed_mean(sums[k], m, Float64(m), 1.0 / m, anchor_units, unit)
    end
    return nothing
end

# A signed number below 2^124 for quotient_chunk!.
@inline function keep_number!(scratch::Scratch, k::Int, number::Int128)
    sign = number >> 127
    magnitude = (xor(number, sign) - sign) % UInt128
    @inbounds scratch.high[k] = ((magnitude >> 64) % UInt64) | (sign % UInt64) << 63
    @inbounds scratch.low[k] = magnitude % UInt64
    return nothing
end

# The same of one that is not negative.
@inline function keep_magnitude!(scratch::Scratch, k::Int, magnitude::Int128)
    @inbounds scratch.high[k] = (magnitude >> 64) % UInt64
    @inbounds scratch.low[k] = magnitude % UInt64
    return nothing
end

# quick_quotient for each number kept, times 2^unit; how many of them are not certain.
function quotient_chunk!(out::Vector{Float64}, first::Int, count::Int, scratch::Scratch, divisor::Float64, unit::Int)
    high, low, scale, inverse = scratch.high, scratch.low, power_of_two(unit), 1.0 / divisor
    doubts = 0
    @inbounds @simd for k in 1:count
        value, certain = kept_quotient(high[k], low[k], divisor, inverse)
        out[first+k-1] = value * scale
        doubts += ifelse(certain, 0, 1)
    end
    return doubts
end

# The same with a scale for each.
function scaled_quotient_chunk!(out::Vector{Float64}, first::Int, count::Int, scratch::Scratch, divisor::Float64)
    high, low, scales, inverse = scratch.high, scratch.low, scratch.scales, 1.0 / divisor
    doubts = 0
    @inbounds @simd for k in 1:count
        value, certain = kept_quotient(high[k], low[k], divisor, inverse)
        out[first+k-1] = value * scales[k]
        doubts += ifelse(certain, 0, 1)
    end
    return doubts
end

# As quick_quotient, without a branch: each of the four parts is exact, and smaller than one before it that is not 0.
@inline function kept_quotient(high::UInt64, low::UInt64, divisor::Float64, inverse::Float64)
    sign, upper = high & 0x8000_0000_0000_0000, high & 0x7fff_ffff_ffff_ffff
    first, second = small_number(upper >> 32) * 0x1p96, small_number(upper & 0xffff_ffff) * 0x1p64
    third, fourth = small_number(low >> 32) * 0x1p32, small_number(low & 0xffff_ffff)
    some = first + second
    error = second - (some - first)
    most = some + third
    rest = error + ((third - (most - some)) + fourth)
    sum = most + rest
    beyond = rest - (sum - most)
    quotient = sum / divisor
    correction = (fma(-quotient, divisor, sum) + beyond) * inverse
    slack = quotient * 0x1p-95
    value = quotient + (correction - slack)
    certain = value == quotient + (correction + slack)
    return reinterpret(Float64, reinterpret(UInt64, value) | sign), certain
end

# Divides a number kept for certain: (magnitude, is it negative?).
@inline kept_number(scratch::Scratch, k::Int) = @inbounds(UInt128(scratch.high[k] & 0x7fff_ffff_ffff_ffff) << 64 | scratch.low[k]),
    @inbounds(scratch.high[k] >> 63) != 0

# Numbers kept, divided and times 2^unit.
function divide_chunk!(out::Vector{Float64}, first::Int, count::Int, scratch::Scratch, divisor::Int, unit::Int)
    doubts = quotient_chunk!(out, first, count, scratch, Float64(divisor), unit)
    doubts == 0 || doubtful_quotients!(out, first, count, scratch, divisor, unit)
    return nothing
end

@noinline function doubtful_quotients!(out, first::Int, count::Int, scratch::Scratch, divisor::Int, unit::Int)
    inverse = 1.0 / divisor
    @inbounds for k in 1:count
        value, certain = kept_quotient(scratch.high[k], scratch.low[k], Float64(divisor), inverse)
        certain && continue
        magnitude, negative = kept_number(scratch, k)
        out[first+k-1] = round_quotient(negative, magnitude, false, divisor % UInt64, unit)
    end
    return nothing
end
