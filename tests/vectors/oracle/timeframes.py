"""Several timeframes: what a resampled candle holds, and which candle may be seen when. Each
bucket looks at every row, and each bar at every candle."""

import math
from fractions import Fraction

from oracle.model import (
    CONSTRAINT_VIOLATION,
    DAY,
    INT64_MAX,
    INT64_MIN,
    INVALID_ARGUMENT,
    NAN,
    WEEK,
    Failure,
    Series,
)
from oracle.rules import check_series

# 1970-01-01 was a Thursday; weeks start on Mondays.
MONDAY = 4 * DAY


def bucket_start(t: int, duration: int, origin: int) -> int:
    """The start of the bucket that `t` lies in."""
    anchor = (MONDAY if duration == WEEK else 0) + origin
    return t - (t - anchor) % duration


def _present(values: list[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _newest_extreme(values: list[float], sign: int) -> float:
    """The largest (sign 1) or smallest (-1); of equal ones, signed zeros too, the newest."""
    best = NAN
    for value in _present(values):
        if math.isnan(best) or sign * value >= sign * best:
            best = value
    return best


def exact_sum(values: list[float]) -> float:
    """The exact sum rounded once; too large for a double, it is infinite."""
    total = sum((Fraction(value) for value in values), Fraction(0))
    try:
        return float(total)
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def resample(series: Series, timeframe_us: int, origin: int = 0, keep_partial: bool = False) -> Series:
    """One candle for each bucket that has a source candle."""
    d = timeframe_us
    if d < series.timeframe_us or d % series.timeframe_us != 0:
        raise Failure(INVALID_ARGUMENT, d, series.timeframe_us)
    stamps = series.timestamp
    starts = [bucket_start(t, d, origin) for t in stamps]
    for t, start in zip(stamps, starts, strict=True):
        if start < INT64_MIN:
            early = f"the bucket of timestamp {t} starts before 64-bit microseconds do"
            raise Failure(INVALID_ARGUMENT, early)
        if t + series.timeframe_us > start + d:
            raise Failure(
                CONSTRAINT_VIOLATION,
                f"the candle stamped {t} closes at {t + series.timeframe_us}, after its bucket, which closes "
                f"at {start + d}: it would be seen before it exists; shift the buckets with origin",
            )
    out: dict[str, list[float]] = {name: [] for name in ("open", "high", "low", "close", "volume")}
    kept: list[int] = []
    for start in sorted(set(starts)):
        if not keep_partial and start + d > stamps[-1] + series.timeframe_us:
            continue
        rows = [row for row, own in enumerate(starts) if own == start]
        column = {name: [series.column(name)[row] for row in rows] for name in out}
        opens, closes = _present(column["open"]), _present(column["close"])
        volumes = _present(column["volume"])
        kept.append(start)
        out["open"].append(opens[0] if opens else NAN)
        out["high"].append(_newest_extreme(column["high"], 1))
        out["low"].append(_newest_extreme(column["low"], -1))
        out["close"].append(closes[-1] if closes else NAN)
        out["volume"].append(exact_sum(volumes) if volumes else NAN)
    made = Series(
        kept,
        out["open"],
        out["high"],
        out["low"],
        out["close"],
        None if series.volume is None else out["volume"],
        symbol=series.symbol,
        timeframe_us=d,
        price_type=series.price_type,
        allow_missing=series.allow_missing,
    )
    return check_series(made, allow_missing=True)  # volumes whose sum is too large for a double


def close_time(series: Series, row: int, stamps: str = "open") -> int:
    """When the candle has closed: its stamp says so, or its stamp and its duration."""
    lag = 0 if stamps == "close" else series.timeframe_us
    return series.timestamp[row] + lag


def decision_time(primary: Series, bar: int, decision: str) -> int:
    """When a bar is decided; later than int64 is its last moment."""
    t = primary.timestamp[bar]
    return t if decision == "open" else min(t + primary.timeframe_us, INT64_MAX)


def _visible(higher: Series, t: int, stamps: str) -> int:
    """The last candle that has closed by `t`; one that closes beyond int64 never has."""
    closes = [close_time(higher, row, stamps) for row in range(len(higher))]
    rows = [row for row, close in enumerate(closes) if close <= t and close <= INT64_MAX]
    return rows[-1] if rows else -1


def align(
    primary: Series,
    higher: Series,
    decision: str = "open",
    stamps: str = "open",
    stale_limit: int | None = None,
) -> list[int]:
    """For each primary bar the last higher candle that has closed when the bar is decided."""
    if stale_limit is not None and stale_limit < 0:
        raise Failure(INVALID_ARGUMENT, stale_limit)
    bars = range(len(primary))
    shown = [_visible(higher, decision_time(primary, bar, decision), stamps) for bar in bars]
    if stale_limit is None:
        return shown
    return [
        row if row >= 0 and bar - shown.index(row) <= stale_limit else -1 for bar, row in enumerate(shown)
    ]
