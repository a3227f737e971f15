"""Timeframes, timestamps and numbers as text. Grammars are spelled out as one expression
each; dates are counted year by year and month by month."""

import re
from functools import cache

from oracle.model import (
    DAY,
    HOUR,
    INF,
    INT64_MAX,
    INT64_MIN,
    INVALID_FORMAT,
    MINUTE,
    NAN,
    WEEK,
    Failure,
)

STANDARD = {
    "M1": MINUTE,
    "M5": 5 * MINUTE,
    "M15": 15 * MINUTE,
    "M30": 30 * MINUTE,
    "H1": HOUR,
    "H4": 4 * HOUR,
    "D1": DAY,
    "W1": WEEK,
}
UNITS = {"d": DAY, "h": HOUR, "min": MINUTE}
COUNTED = re.compile(r"([0-9]+)(min|h|d)")
STAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
INTEGER = re.compile(r"[+-]?[0-9]+")


def ascii_lower(text: str) -> str:
    """Case folding of A-Z alone: no other letter may turn into one of ours."""
    return "".join(c.lower() if "A" <= c <= "Z" else c for c in text)


def parse_timeframe(text: str) -> int:
    for name, duration in STANDARD.items():
        if ascii_lower(text) == ascii_lower(name):
            return duration
    match = COUNTED.fullmatch(ascii_lower(text))
    if not match:
        raise Failure(INVALID_FORMAT, text)
    duration = int(match[1]) * UNITS[match[2]]
    if not 0 < duration <= INT64_MAX:
        raise Failure(INVALID_FORMAT, text)
    return duration


def timeframe_name(duration: int) -> str:
    for name, standard in STANDARD.items():
        if duration == standard:
            return name
    for unit, length in UNITS.items():  # the largest first
        if duration % length == 0:
            return f"{duration // length}{unit}"
    raise AssertionError("not a multiple of a minute")


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    return [31, 29 if is_leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]


@cache
def days_before(year: int) -> int:
    """Days from 0001-01-01 to the first day of a year."""
    return sum(366 if is_leap(y) else 365 for y in range(1, year))


def days_since_epoch(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01, by adding up whole years and whole months."""
    months = sum(days_in_month(year, m) for m in range(1, month))
    return days_before(year) - days_before(1970) + months + day - 1


def parse_timestamp(text: str) -> int:
    match = STAMP.fullmatch(text)
    if not match:
        raise Failure(INVALID_FORMAT, text)
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = (int(match[group] or 0) for group in (4, 5, 6))
    nanoseconds = int((match[7] or "").ljust(9, "0"))
    offset_hour, offset_minute = int(match[10] or 0), int(match[11] or 0)
    real = (
        year >= 1
        and 1 <= month <= 12
        and 1 <= day <= days_in_month(year, month)
        and max(hour, offset_hour) <= 23
        and max(minute, offset_minute, second) <= 59
        and nanoseconds % 1000 == 0
    )
    if not real:
        raise Failure(INVALID_FORMAT, text)
    local = days_since_epoch(year, month, day) * DAY + hour * HOUR + minute * MINUTE
    local += second * 1_000_000 + nanoseconds // 1000
    offset = offset_hour * HOUR + offset_minute * MINUTE
    return local + offset if match[9] == "-" else local - offset


def parse_integer(text: str, unit: str) -> int:
    """An integer stamp in microseconds."""
    count = int(text)
    if unit == "ns":
        if count % 1000 != 0:
            raise Failure(INVALID_FORMAT, text)
        stamp = count // 1000
    else:
        stamp = count * {"us": 1, "ms": 1000, "s": 1_000_000}[unit]
    if not INT64_MIN <= stamp <= INT64_MAX or not INT64_MIN <= count <= INT64_MAX:
        raise Failure(INVALID_FORMAT, text)
    return stamp


def parse_number(text: str) -> float:
    """A decimal number, correctly rounded (as Python's float is), or nan, inf, infinity."""
    if NUMBER.fullmatch(text):
        return float(text)
    sign = -1.0 if text.startswith("-") else 1.0
    word = ascii_lower(text[1:] if text[:1] in ("+", "-") else text)
    if word == "nan":
        return NAN
    if word in ("inf", "infinity"):
        return sign * INF
    raise Failure(INVALID_FORMAT, text)
