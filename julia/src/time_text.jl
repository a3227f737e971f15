# Timestamps as text, read from bytes: RFC 3339 and what spreadsheets and pandas write. Strict: nothing is
# guessed, cut off or normalised, and each refusal has its number, so that reading costs no string.

# What can be wrong with a timestamp's text, by number.
const TIMESTAMP_FAULTS = (
    "expected YYYY-MM-DD[ HH:MM[:SS[.ffffff]][Z|+HH:MM]]", "year 0000 does not exist", "no such month", "no such day",
    "no such time of day", "finer than a microsecond", "no such offset",
)
const NOT_A_TIME, NO_YEAR, NO_MONTH, NO_DAY, NO_TIME_OF_DAY, TOO_FINE, NO_OFFSET = 1, 2, 3, 4, 5, 6, 7

# Two, or four, ASCII digits from `i`; negative when one of them is none.
@inline function two_digits(bytes, i::Int)
    @inbounds a, b = bytes[i] - 0x30, bytes[i+1] - 0x30
    return (a <= 0x09) & (b <= 0x09) ? 10 * Int(a) + Int(b) : -1
end
@inline function four_digits(bytes, i::Int)
    a, b = two_digits(bytes, i), two_digits(bytes, i + 2)
    return (a >= 0) & (b >= 0) ? 100a + b : -1
end

const DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)

is_leap(year::Int) = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))

# Days from 1970-01-01 to a day that exists, years 1 to 9999.
@inline function days_since_1970(year::Int, month::Int, day::Int)
    y = year - 1
    return 365y + y ÷ 4 - y ÷ 100 + y ÷ 400 - 719_162 +
           @inbounds(DAYS_BEFORE_MONTH[month]) + ((month > 2) & is_leap(year)) + day - 1
end

@inline function days_in_month(year::Int, month::Int)
    month == 2 && return 28 + is_leap(year)
    return 30 + (month + (month > 7)) % 2
end

# The timestamp in bytes[first:last]: (0, microseconds), or (a number of TIMESTAMP_FAULTS, 0).
function scan_timestamp(bytes::AbstractVector{UInt8}, first::Int, last::Int)
    last - first >= 9 || return (NOT_A_TIME, Int64(0))
    year, month, day = four_digits(bytes, first), two_digits(bytes, first + 5), two_digits(bytes, first + 8)
    dashes = @inbounds (bytes[first+4] == UInt8('-')) & (bytes[first+7] == UInt8('-'))
    dashes & (year >= 0) & (month >= 0) & (day >= 0) || return (NOT_A_TIME, Int64(0))
    year == 0 && return (NO_YEAR, Int64(0))
    1 <= month <= 12 || return (NO_MONTH, Int64(0))
    1 <= day <= days_in_month(year, month) || return (NO_DAY, Int64(0))
    us = days_since_1970(year, month, day) * DAY
    last - first == 9 && return (0, us)
    fault, time = scan_time_of_day(bytes, first + 10, last)
    return fault == 0 ? (0, us + time) : (fault, Int64(0))
end

# T, t or a space, HH:MM[:SS[.f]] and an offset filling bytes[at:last], as microseconds after midnight UTC.
@inline function scan_time_of_day(bytes, at::Int, last::Int)
    last - at >= 5 || return (NOT_A_TIME, Int64(0))
    mark = @inbounds bytes[at]
    (mark == UInt8('T')) | (mark == UInt8('t')) | (mark == UInt8(' ')) || return (NOT_A_TIME, Int64(0))
    hour, minute, second, fraction = two_digits(bytes, at + 1), two_digits(bytes, at + 4), 0, Int64(0)
    @inbounds (bytes[at+3] == UInt8(':')) & (hour >= 0) & (minute >= 0) || return (NOT_A_TIME, Int64(0))
    at += 6
    if at <= last && @inbounds(bytes[at]) == UInt8(':')
        last - at >= 2 || return (NOT_A_TIME, Int64(0))
        second = two_digits(bytes, at + 1)
        second >= 0 || return (NOT_A_TIME, Int64(0))
        at += 3
        if at <= last && @inbounds(bytes[at]) == UInt8('.')
            fault, fraction, at = scan_fraction(bytes, at + 1, last)
            fault == 0 || return (fault, Int64(0))
        end
    end
    (hour <= 23) & (minute <= 59) & (second <= 59) || return (NO_TIME_OF_DAY, Int64(0))
    us = hour * HOUR + minute * MINUTE + second * 1_000_000 + fraction
    at > last && return (0, us)
    fault, offset = scan_offset(bytes, at, last)
    return (fault, us - offset)
end

# One to nine digits of a second, as microseconds; those past the sixth must be zero.
@inline function scan_fraction(bytes, at::Int, last::Int)
    us, digits, finer = Int64(0), 0, false
    while at <= last
        digit = @inbounds(bytes[at]) - 0x30
        digit <= 0x09 || break
        digits += 1
        digits <= 6 ? (us = 10us + digit) : (finer |= digit != 0x00)
        at += 1
    end
    1 <= digits <= 9 || return (NOT_A_TIME, us, at)
    finer && return (TOO_FINE, us, at)
    for _ in digits+1:6
        us *= 10
    end
    return (0, us, at)
end

# Z, z, +HH:MM, +HHMM or +HH filling bytes[at:last], as microseconds east of UTC.
@inline function scan_offset(bytes, at::Int, last::Int)
    sign = @inbounds bytes[at]
    (sign == UInt8('Z')) | (sign == UInt8('z')) && return (at == last ? 0 : NOT_A_TIME, Int64(0))
    (sign == UInt8('+')) | (sign == UInt8('-')) || return (NOT_A_TIME, Int64(0))
    left = last - at
    (left == 2) | (left == 4) | (left == 5) || return (NOT_A_TIME, Int64(0))
    hour = two_digits(bytes, at + 1)
    minute = left == 2 ? 0 : two_digits(bytes, last - 1)
    (left == 5) & (@inbounds(bytes[at+min(left, 3)]) != UInt8(':')) && return (NOT_A_TIME, Int64(0))
    (hour >= 0) & (minute >= 0) || return (NOT_A_TIME, Int64(0))
    (hour <= 23) & (minute <= 59) || return (NO_OFFSET, Int64(0))
    offset = hour * HOUR + minute * MINUTE
    return (0, sign == UInt8('+') ? offset : -offset)
end
