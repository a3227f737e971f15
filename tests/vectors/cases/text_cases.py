"""Timeframes and timestamps as text: every form of the grammar, and near misses of each."""

# ruff: noqa: RUF001 (letters that only look like ours are what is tested)

from collections.abc import Callable, Iterator

from oracle.model import Failure
from oracle.text import parse_timeframe, parse_timestamp, timeframe_name

Row = tuple[str, str, str]


def words(text: str, separator: str = " ") -> list[str]:
    return text.split(separator)


TIMEFRAMES = words(
    "M1 M5 M15 M30 H1 H4 D1 W1 m1 m5 m15 m30 h1 h4 d1 w1 "
    "1min 5min 15min 30min 60min 240min 1440min 10080min 1h 4h 24h 168h 1d 7d "
    "2min 7min 90min 120min 1439min 2h 8h 25h 36h 48h 167h 2d 14d 30d 365d "
    "1MIN 1Min 5mIn 1H 4H 1D 7D 01min 0060min 00000000000000000000000001h 007d "
    "153722867280min 2562047788h 106751991d "
    # Zero, and the first that int64 cannot hold; then some that no integer holds.
    "0min 0h 0d 000min 153722867281min 2562047789h 106751992d 18446744073709551616min "
    "18446744073709551617h 99999999999999999999999999999999d "
    "M H D W M0 M2 M10 M01 M60 H0 H2 H12 H24 D0 D2 D7 W0 W2 MN1 M1M "
    "1m 1M 5m 60 1 0 min h d -1min +1min -1h 1.5h 1.0h 1e1h 0x1h 1_0min 1w 1W 1week 1s 60s "
    "1minute 1minutes 1mins 1hour 1hours 1day 1days 1mo 1y min1 h1h 1hh 1min1h 1h30min 1d4h M1,M5 "
    "tick daily"
)
# Spaces (a cell is taken as it stands), and letters that only look or fold like ours.
ODD_TIMEFRAMES = words(
    " M1,M1 , H1 ,M 1,1 min,1min , 1min,1 h, ,１min,١h,1mın,1MİN,Ｍ1,M１,1µs,1ｈ,1−min",
    ",",
)

DATES = words(
    "1970-01-01 1969-12-31 1970-01-02 2024-03-01 2012-01-02 0001-01-01 9999-12-31 "
    "2000-02-29 2024-02-29 2023-02-28 1904-02-29 0004-02-29 2400-02-29 2100-02-28 2024-12-31 "
    "2024-01-31 2024-04-30 2024-06-30 2024-09-30 2024-11-30 1900-03-01 2000-12-31"
)
BAD_DATES = words(
    "2023-02-29 1900-02-29 2100-02-29 2024-02-30 2024-04-31 2024-06-31 2024-09-31 2024-11-31 "
    "2024-01-32 2024-01-00 2024-00-01 2024-13-01 0000-01-01 0000-12-31 10000-01-01 "
    "2024-1-1 2024-01-1 2024-1-01 24-01-01 20240101 2024/01/01 01.02.2024 2024-001 2024-W01-1 "
    "2024-01 2024 2024-01-01Z 2024-01-01+00:00 +2024-01-01 -2024-01-01 2024-01-01- x 0 "
    "1709251200000000 now nan NaT null 2024-0a-01 ２０２４-01-01 2024-01-0١ 2024–01–01"
)
TIMES = words(
    "00:00 23:59 10:20:30 00:00:00 23:59:59 10:20:30.1 10:20:30.12 10:20:30.123 10:20:30.1234 "
    "10:20:30.12345 10:20:30.123456 10:20:30.1234560 10:20:30.12345600 10:20:30.123456000 "
    "10:20:30.000001 10:20:30.000000 10:20:30.000000000 10:20:30.000000001 10:20:30.0000010 "
    "23:59:59.999999 10:20:30.999999000"
)
BAD_TIMES = words(
    "24:00 24:00:00 25:00 10:60 10:20:60 23:59:60 10:20:61 10 10: 1:20 10:2 10:20: 10:20:3 "
    "1020 102030 10:20.5 10:20:30. 10:20:30,5 10:20:30.1234567 10:20:30.123456001 "
    "10:20:30.999999999 10:20:30.1234560000 10:20:30.0000000000 10:20:30.12a 10:20:30.-1 "
    "10:20:30.+1 10.20.30 10:20:30:40 -1:20 +1:20 10:20:30e0 10-20-30 10:20PM １0:20"
)
OFFSETS = words(
    "Z z +00:00 -00:00 +00 -00 +0000 -0000 +01:00 -01:00 +05:30 -05:30 +0530 -0530 +05 -05 "
    "+14:00 -12:00 +23:59 -23:59 +2359 +23 -23"
)
BAD_OFFSETS = words(
    "+24:00 -24:00 +24 +99:00 +00:60 -00:60 +0060 +1 -1 +1:00 +100 +010 +01:0 +01: +01:00:00 "
    "+010000 ZZ Z+00:00 +00:00Z UTC GMT CET [UTC] EST + - +-01:00 ++01:00 +aa:bb −01:00"
)


def _outcome(parse: Callable[[str], object], text: str) -> Row:
    """A fragment is the text itself as far as it is plain: quoting may change the rest."""
    cell = text or "<empty>"
    try:
        return cell, "ok", str(parse(text))
    except Failure as failure:
        plain = text.strip()
        named = plain and plain.isascii() and "|" not in plain
        return cell, "error", f"{failure.code}|{plain}" if named else str(failure.code)


def timeframe_rows() -> Iterator[Row]:
    def parse(text: str) -> str:
        duration = parse_timeframe(text)
        return f"{duration} {timeframe_name(duration)}"

    for text in (*TIMEFRAMES, *ODD_TIMEFRAMES):
        yield _outcome(parse, text)


def timestamp_texts() -> Iterator[str]:
    yield ""
    yield from DATES
    yield from BAD_DATES
    for time in (*TIMES, *BAD_TIMES):
        yield f"2024-02-29T{time}"
    for time in ("10:20", "10:20:30", "10:20:30.5"):
        for between in ("t", " ", "  ", "_", "", "\u00a0", "T ", " T"):
            yield f"2024-02-29{between}{time}"
    for offset in (*OFFSETS, *BAD_OFFSETS):
        yield f"2024-03-01T00:10{offset}"
    # Across midnight, months and years, both ways; the ends of what can be written.
    for offset in ("Z", "+00:11", "-00:11", "+05:30", "-0530", "+05", "-23:59"):
        for date in ("2024-03-01", "2024-01-01", "2023-12-31", "1970-01-01"):
            yield f"{date} 00:10:00.25{offset}"
            yield f"{date}T23:50:59{offset}"
    yield "0001-01-01T00:00+23:59"
    yield "9999-12-31T23:59:59.999999-23:59"
    yield "9999-12-31T23:59:59.999999"
    yield "2024-03-01T00:10:00.123456789Z"
    yield "2024-03-01T00:10:00.123456000+01:00"
    for spaced in (" 2024-03-01", "2024-03-01 ", "2024-03-01T00:10 Z", "2024-03-01T00:10 +01:00"):
        yield spaced
    for spaced in ("2024-03-01T", "2024-03-01 T00:10", "2024 -03-01", "2024-03-01T00 :10", " "):
        yield spaced


def timestamp_rows() -> Iterator[Row]:
    for text in dict.fromkeys(timestamp_texts()):
        yield _outcome(parse_timestamp, text)
