"""More series for the cases of several timeframes and several symbols. All of it is made up."""

from oracle.model import DAY, HOUR, INT64_MAX, INT64_MIN, MINUTE, NAN, WEEK, Series

from cases.series_data import SERIES, T0, minutes, priced

M5 = 5 * MINUTE
MONDAY = T0 + 3 * DAY


def sided(name: str, price_type: str, symbol: str = "TEST") -> Series:
    """A series of series_data under another identity."""
    source = SERIES[name]
    columns = {key: getattr(source, key) for key in ("timestamp", "open", "high", "low", "close", "volume")}
    return Series(
        **columns,
        symbol=symbol,
        timeframe_us=source.timeframe_us,
        price_type=price_type,
        allow_missing=source.allow_missing,
    )


def stamped(stamps: list[int], timeframe_us: int, price_type: str = "bid", symbol: str = "TEST") -> Series:
    return priced(stamps, timeframe_us=timeframe_us, price_type=price_type, symbol=symbol)


SERIES |= {
    # The table of the semantics: M5 bars and H1 candles from midnight, without a gap.
    "m5_day": stamped([T0 + k * M5 for k in range(50)], M5),
    "h1_day": stamped([T0 + k * HOUR for k in range(5)], HOUR),
    "h1_two_missing": stamped([T0, T0 + HOUR, T0 + 4 * HOUR], HOUR),
    "h1_before": stamped([T0 - k * HOUR for k in (30, 3, 2)], HOUR),
    "h1_later": stamped([T0 + 40 * HOUR], HOUR),
    "h1_odd": stamped([T0 - 50 * MINUTE, T0 + 10 * MINUTE, T0 + 70 * MINUTE], HOUR),
    "h1_empty": stamped([], HOUR),
    "h1_overlapping": stamped([T0 + k * 20 * MINUTE for k in range(-3, 9)], HOUR),
    "d1_week": stamped([T0 + k * DAY for k in (-2, -1, 0, 3, 4)], DAY),
    "d1_evening": stamped([T0 + k * DAY + 22 * HOUR for k in (-3, -2, -1, 2, 3)], DAY),
    # Sessions: a weekend, a lunch break, a lone bar.
    "m5_sessions": stamped(
        [T0 + h * HOUR + k * M5 for h in (20, 21, 71, 73) for k in range(12) if (h, k) != (71, 4)]
        + [T0 + 80 * HOUR + 25 * MINUTE],
        M5,
    ),
    "m1_ask_gappy": stamped(minutes(0, 2, 3, 5, 6, 7, 20, 24, 61), MINUTE, "ask"),
    "m5_ask": stamped([T0 + k * M5 for k in (0, 1, 3, 4, 9)], M5, "ask"),
    "m1_negative": stamped([-5 * MINUTE, -4 * MINUTE, -MINUTE, 0, MINUTE], MINUTE),
    "m1_hour": priced(minutes(*range(-7, 130, 1)), timeframe_us=MINUTE),
    "m1_partial": priced(minutes(*range(14))),
    "m1_complete": priced(minutes(*range(15))),
    "m1_off_grid": stamped([T0 + 30_000_000, T0 + 90_000_000, T0 + 4 * MINUTE + 30_000_000], MINUTE),
    # One double is not enough for these sums until the last rounding.
    "volumes": Series(
        minutes(*range(12)),
        [1.0] * 12,
        [2.0] * 12,
        [0.5] * 12,
        [1.5] * 12,
        [1e16, 1.0, 1.0, 0.1, 0.2, NAN, NAN, 0.3, 1.0, 2.0**53, 2.0**-60, 5e-324],
    ),
    "volumes_huge": Series(
        minutes(*range(4)),
        [1.0] * 4,
        [2.0] * 4,
        [0.5] * 4,
        [1.5] * 4,
        [1e308, 5e307, 1e308, 1e308],
    ),
    "volumes_missing": Series(
        minutes(*range(10)),
        [1.0] * 10,
        [2.0] * 10,
        [0.5] * 10,
        [1.5] * 10,
        [NAN] * 5 + [3.0, NAN, NAN, NAN, -0.0],
    ),
    "zeros": Series(
        minutes(*range(5)),
        [0.0, -0.0, 1.0, 1.0, 1.0],
        [-0.0, 0.0, -0.0, -1.0, -1.0],
        [0.0, -0.0, 0.0, 1.0, 1.0],
        [1.0, 1.0, 1.0, -0.0, 0.0],
        [-0.0, -0.0, -0.0, -0.0, -0.0],
    ),
    "edge_min": stamped([INT64_MIN + 8 * MINUTE], MINUTE),
    "edge_min_hour": stamped([INT64_MIN, INT64_MIN + HOUR], HOUR),
    "edge_max_hour": stamped([INT64_MAX - 2 * HOUR, INT64_MAX - HOUR, INT64_MAX - 1], HOUR),
    # Several symbols.
    "eur_bid": stamped(minutes(0, 1, 2, 4, 5, 9), MINUTE, "bid", "EURUSD"),
    "eur_ask": stamped(minutes(0, 1, 3, 4, 5, 9, 10), MINUTE, "ask", "EURUSD"),
    "gbp_bid": stamped(minutes(-3, 0, 1, 4, 5, 6, 9), MINUTE, "bid", "GBPUSD"),
    "gbp_ask": stamped(minutes(0, 1, 4, 5, 9, 40), MINUTE, "ask", "GBPUSD"),
    "jpy_bid": stamped(minutes(100, 101), MINUTE, "bid", "USDJPY"),
    "chf_bid_empty": stamped([], MINUTE, "bid", "USDCHF"),
    "eur_bid_hour": stamped([T0], HOUR, "bid", "EURUSD"),
}
SERIES |= {
    "missing_ask": sided("missing", "ask", "EURUSD"),
    "weeks_ask": sided("weeks", "ask"),
    "fortnight": stamped([MONDAY + k * DAY for k in range(14)], DAY),
}
assert SERIES["weeks"].timeframe_us == WEEK
