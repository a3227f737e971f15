# What one cell of a CSV file may hold: a number or an integer, read from bytes without making a string.
# The grammar is checked here, byte by byte: Julia's own parser also takes hexadecimal and other forms that
# no other language of this project would. Nothing here knows about files, lines or columns.

const POWERS_OF_TEN = ntuple(i -> 10.0^(i - 1), 23)
# Decimal digits that a UInt64 always holds.
const SAFE_DIGITS = 19

@inline digit_at(bytes::Vector{UInt8}, at::Int) = @inbounds(bytes[at]) - 0x30

# The number in bytes[first:last], correctly rounded: (true, value), an empty cell being NaN, or (false, 0.0).
# Grammar: [+-]?(D+[.D*]|.D+)([eE][+-]?D+)?, or nan, inf, infinity in any case with an optional sign.
function scan_number(bytes::Vector{UInt8}, first::Int, last::Int)
    first > last && return (true, NaN)
    sign = @inbounds bytes[first]
    negative = sign == UInt8('-')
    at = first + (negative | (sign == UInt8('+')))
    mantissa, significant, scale, digits = UInt64(0), 0, 0, 0
    while at <= last && digit_at(bytes, at) <= 0x09
        mantissa = 10mantissa + digit_at(bytes, at)
        significant += (significant > 0) | (mantissa != 0)
        digits += 1
        at += 1
    end
    if at <= last && @inbounds(bytes[at]) == UInt8('.')
        at += 1
        while at <= last && digit_at(bytes, at) <= 0x09
            mantissa = 10mantissa + digit_at(bytes, at)
            significant += (significant > 0) | (mantissa != 0)
            digits += 1
            scale -= 1
            at += 1
        end
    end
    digits == 0 && return scan_word(bytes, first, last)
    if at <= last
        known, exponent = scan_exponent(bytes, at, last)
        known || return (false, 0.0)
        scale += exponent
    end
    # Both exact, so one operation rounds once: correct. Everything else goes the long way.
    if (significant <= SAFE_DIGITS) & (mantissa <= UInt64(1) << 53) & (-22 <= scale <= 22)
        value = Float64(mantissa)
        value = scale < 0 ? value / @inbounds(POWERS_OF_TEN[1-scale]) : value * @inbounds(POWERS_OF_TEN[1+scale])
        return (true, negative ? -value : value)
    end
    return (true, long_number(bytes, first, last, negative, significant + scale > 0))
end

# Julia's own parser for text whose grammar has been checked. It refuses what lies beyond the largest or
# below the smallest double; rounded correctly those are infinity and zero.
@noinline function long_number(bytes::Vector{UInt8}, first::Int, last::Int, negative::Bool, large::Bool)
    value = tryparse(Float64, String(bytes[first:last]))
    value === nothing || return value
    value = large ? Inf : 0.0
    return negative ? -value : value
end

# [eE][+-]?D+ filling bytes[at:last]; the value is capped where no double can tell any more.
function scan_exponent(bytes::Vector{UInt8}, at::Int, last::Int)
    @inbounds (bytes[at] == UInt8('e')) | (bytes[at] == UInt8('E')) || return (false, 0)
    at += 1
    at <= last || return (false, 0)
    negative = @inbounds(bytes[at]) == UInt8('-')
    at += negative | (@inbounds(bytes[at]) == UInt8('+'))
    at <= last || return (false, 0)
    exponent = 0
    while at <= last
        digit_at(bytes, at) <= 0x09 || return (false, 0)
        exponent = min(1_000_000_000, 10exponent + Int(digit_at(bytes, at)))
        at += 1
    end
    return (true, negative ? -exponent : exponent)
end

@noinline function scan_word(bytes::Vector{UInt8}, first::Int, last::Int)
    negative = bytes[first] == UInt8('-')
    start = first + (negative || bytes[first] == UInt8('+'))
    is_word(bytes, start, last, "nan") && return (true, NaN)
    is_word(bytes, start, last, "inf") || is_word(bytes, start, last, "infinity") || return (false, 0.0)
    return (true, negative ? -Inf : Inf)
end

# Whether bytes[first:last] is `word`, a lower-case ASCII one, in any case.
function is_word(bytes::AbstractVector{UInt8}, first::Int, last::Int, word::String)
    last - first + 1 == sizeof(word) || return false
    return all(i -> ascii_lower(bytes[first+i-1]) == codeunit(word, i), 1:sizeof(word))
end

ascii_lower(byte::UInt8) = UInt8('A') <= byte <= UInt8('Z') ? byte | 0x20 : byte

# An optional sign and digits: (is it that?, does it fit an Int64?, value).
@inline function scan_integer(bytes::Vector{UInt8}, first::Int, last::Int)
    first <= last || return (false, false, Int64(0))
    negative = @inbounds(bytes[first]) == UInt8('-')
    at = first + (negative | (@inbounds(bytes[first]) == UInt8('+')))
    at <= last || return (false, false, Int64(0))
    # Negative while counting: the range below zero is the larger one.
    value, fits = Int64(0), true
    while at <= last
        digit = digit_at(bytes, at)
        digit <= 0x09 || return (false, false, Int64(0))
        value, over = Base.mul_with_overflow(value, Int64(10))
        fits &= !over
        value, over = Base.sub_with_overflow(value, Int64(digit))
        fits &= !over
        at += 1
    end
    negative && return (true, fits, value)
    return (true, fits & (value != typemin(Int64)), fits & (value != typemin(Int64)) ? -value : Int64(0))
end

# --- integer stamps ---

# Word, and how an integer in that unit becomes microseconds.
const UNITS = ("us", "s", "ms", "ns")

function unit_number(unit)
    unit isa Union{AbstractString,Symbol} || fail(TYPE_MISMATCH, "unit must be us, s, ms or ns, got ", repr(unit))
    found = findfirst(==(String(unit)), UNITS)
    found === nothing && fail(INVALID_ARGUMENT, "unit ", quoted(unit), " is none of us, s, ms, ns")
    return found - 1
end

const STAMP_FITS, STAMP_OUTSIDE, STAMP_TOO_FINE = 0, 1, 2

# (one of the three above, microseconds)
@inline function to_microseconds(stamp::Int64, unit::Int)
    unit == 0 && return (STAMP_FITS, stamp)
    if unit == 3
        whole, rest = fldmod(stamp, Int64(1000))
        return rest == 0 ? (STAMP_FITS, whole) : (STAMP_TOO_FINE, Int64(0))
    end
    us, over = Base.mul_with_overflow(stamp, unit == 1 ? Int64(1_000_000) : Int64(1000))
    return over ? (STAMP_OUTSIDE, Int64(0)) : (STAMP_FITS, us)
end

const YEAR_1971 = Int64(31_536_000_000_000)
const YEAR_2201 = Int64(7_289_654_400_000_000)

# Seconds read as microseconds land in January 1970; no market data do. `raw` is the last stamp as written.
# `advice` words what to do about the likely unit.
@noinline function fail_wrong_unit(raw::Int64, unit::Int, advice=likely -> string("unit=", likely, " is likely meant"))
    hint = "no unit puts the last of them between 1971 and 2200"
    for other in (1, 2, 3)
        known, us = other == 3 ? (STAMP_FITS, fld(raw, 1000)) : to_microseconds(raw, other)
        if known == STAMP_FITS && other != unit && YEAR_1971 <= us < YEAR_2201
            hint = advice(UNITS[other+1])
            break
        end
    end
    fail(INVALID_FORMAT, "all integer stamps, the last being ", raw, ", lie before 1971 when read with unit=",
        UNITS[unit+1], "; ", hint)
end
