"""The series the cases are asked of. All of it is made up."""

from oracle.model import DAY, HOUR, INT64_MAX, INT64_MIN, MINUTE, NAN, WEEK, Series
from oracle.text import days_since_epoch

# Friday 2024-03-01 00:00 UTC.
T0 = days_since_epoch(2024, 3, 1) * DAY


def priced(stamps: list[int], volume: bool = True, **identity: object) -> Series:
    """A different, finite price in every cell, so that a wrong row or column shows."""
    base = [1.1 + 0.0001 * row for row in range(len(stamps))]
    return Series(
        list(stamps),
        [round(price, 5) for price in base],
        [round(price + 0.00031, 5) for price in base],
        [round(price - 0.00027, 5) for price in base],
        [round(price + 0.00013, 5) for price in base],
        [100.0 + row for row in range(len(stamps))] if volume else None,
        **identity,  # type: ignore[arg-type]
    )


def minutes(*offsets: int) -> list[int]:
    return [T0 + offset * MINUTE for offset in offsets]


def walk(rows: int) -> Series:
    """A longer M1 series with irregular gaps, from a small linear congruential generator."""
    state, stamp, price = 12345, T0, 110_000
    stamps, prices = [], []
    for _ in range(rows):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        draw = state >> 40
        stamps.append(stamp)
        prices.append(price)
        stamp += MINUTE * (1 + (draw % 7 == 0) * (draw % 11) + (draw % 61 == 0) * 2880)
        price += draw % 21 - 10
    closes = [*prices[1:], price]
    volumes = [NAN if p % 9 == 0 else float(p % 50) for p in prices]
    return Series(
        stamps,
        [p / 100_000 for p in prices],
        [(max(p, c) + 2) / 100_000 for p, c in zip(prices, closes, strict=True)],
        [(min(p, c) - 3) / 100_000 for p, c in zip(prices, closes, strict=True)],
        [c / 100_000 for c in closes],
        volumes,
    )


FRIDAY_TO_MONDAY = [T0 + hour * HOUR for hour in (18, 19, 20, 21, 70, 71, 72, 73)]
TINY, HUGE = 5e-324, 1.7976931348623157e308

SERIES: dict[str, Series] = {
    "empty": priced([]),
    "empty_novolume": priced([], volume=False),
    "one": priced([T0]),
    "minutes": priced(minutes(*range(10))),
    # Gaps of every shape: in the middle, next to one another, before the last row.
    "gappy": priced(minutes(0, 1, 2, 5, 6, 20, 21, 22, 24, 60)),
    "weekend": priced(FRIDAY_TO_MONDAY, timeframe_us=HOUR, price_type="ask"),
    "novolume": priced(minutes(0, 1, 2, 4, 5), volume=False),
    # Steps shorter than the timeframe: candles overlap, and several are open at once.
    "overlapping": priced([T0 + k * 20 * MINUTE for k in range(9)], timeframe_us=HOUR),
    "weeks": priced([T0 + k * WEEK for k in range(5)], timeframe_us=WEEK),
    "seven_minutes": priced(minutes(0, 7, 14, 28), timeframe_us=7 * MINUTE),
    "before_epoch": priced([-3 * DAY, -2 * DAY, -DAY, 0, DAY], timeframe_us=DAY),
    # Close times beyond int64, and stamps whose distance is.
    "extremes": priced(
        [
            INT64_MIN,
            INT64_MIN + 1,
            INT64_MIN + MINUTE,
            -1,
            0,
            1,
            INT64_MAX - MINUTE,
            INT64_MAX - MINUTE + 1,
            INT64_MAX - 1,
            INT64_MAX,
        ]
    ),
    "whole_range": priced([INT64_MIN, 0, INT64_MAX]),
    "at_min": priced([INT64_MIN], timeframe_us=HOUR),
    "at_max": priced([INT64_MAX], timeframe_us=HOUR),
    "microseconds": priced([T0, T0 + 1, T0 + 2, T0 + 4]),
    # Doubles that a careless copy changes: signed zeros, subnormals, the largest one.
    "bits": Series(
        minutes(0, 1, 2, 3, 4),
        [0.0, -0.0, TINY, -TINY, 0.1],
        [HUGE, 2.2250738585072014e-308, 1.0, 9007199254740993.0, 0.30000000000000004],
        [-HUGE, -0.0, 2.225073858507201e-308, -1.0, -1e-300],
        [1 / 3, -0.0, 1e16, 1.0000000000000002, 123456789.12345679],
        [-0.0, 0.0, NAN, HUGE, TINY],
    ),
    # Missing prices: admitted by allow_missing alone.
    "missing": Series(
        minutes(0, 1, 2, 3, 5),
        [1.0, NAN, 1.2, 1.3, NAN],
        [1.5, NAN, NAN, 1.6, NAN],
        [0.5, 0.6, 0.7, NAN, NAN],
        [1.1, NAN, 1.3, 1.4, NAN],
        [NAN, 5.0, 6.0, NAN, NAN],
        allow_missing=True,
    ),
    "walk": walk(200),
    # For quality: every oddity at least once, and none of them an error.
    "odd": Series(
        [*minutes(0, 1, 2, 4, 6, 9), minutes(9)[0] + 1, minutes(10)[0], minutes(12)[0]],
        [1.0, 1.0, 2.5, 0.5, 0.0, 1.0, -1.0, 1.0, 1.0],
        [2.0, 1.0, 2.0, 2.0, 2.0, 0.5, 2.0, 2.0, 1.0],
        [0.5, 1.0, 1.0, 1.0, -0.0, 1.5, -2.0, 0.5, 1.0],
        [1.5, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0, 0.25, 1.0],
        [10.0, -1.0, -0.0, 0.0, NAN, -TINY, 5.0, NAN, 1.0],
    ),
    "pair_bid": Series(
        minutes(0, 1, 2, 3, 5, 8, 9),
        [1.0] * 7,
        [2.0] * 7,
        [0.5] * 7,
        [1.0, 1.1, 1.2, 1.3, 1.4, 0.0, 1.6],
        None,
    ),
    "pair_ask": Series(
        minutes(-1, 0, 1, 2, 4, 5, 8),
        [1.0] * 7,
        [2.0] * 7,
        [0.5] * 7,
        [1.0, 1.05, 1.1, 1.15, 1.3, 1.45, -0.0],
        None,
        price_type="ask",
    ),
    "pair_ask_missing": Series(
        minutes(0, 1, 2),
        [1.0] * 3,
        [2.0] * 3,
        [0.5] * 3,
        [NAN, 1.1, 1.3],
        None,
        price_type="ask",
        allow_missing=True,
    ),
    "pair_ask_later": priced(minutes(100, 101), price_type="ask"),
    "pair_ask_empty": priced([], price_type="ask"),
}
