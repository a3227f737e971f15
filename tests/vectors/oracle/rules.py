"""What makes columns a series, and what is legal but odd about one."""

import math

from oracle.model import (
    CONSTRAINT_VIOLATION,
    FIELDS,
    INT64_MAX,
    INVALID_ARGUMENT,
    MINUTE,
    PRICES,
    SIZE_MISMATCH,
    Failure,
    Series,
)


def check_series(series: Series, check: str = "full", allow_missing: bool = False) -> Series:
    """The faults in the order they are looked for; the first one found is the failure.

    Fragments name columns and stamps but not non-finite values (languages print those
    differently) and not rows (Julia counts from one).
    """
    rows = len(series.timestamp)
    for name in FIELDS:
        values = getattr(series, name)
        if values is not None and len(values) != rows:
            raise Failure(SIZE_MISMATCH, name, len(values), rows)
    if series.timeframe_us <= 0 or series.timeframe_us % MINUTE != 0:
        raise Failure(INVALID_ARGUMENT, series.timeframe_us)
    if series.price_type not in ("bid", "ask"):
        raise Failure(INVALID_ARGUMENT)
    if check == "none":
        return series
    stamps = series.timestamp
    for row in range(1, rows):
        if stamps[row] <= stamps[row - 1]:
            raise Failure(CONSTRAINT_VIOLATION, stamps[row], stamps[row - 1])
    if check == "order":
        return series
    _check_values(series, allow_missing)
    return series


def _check_values(series: Series, allow_missing: bool) -> None:
    """Row by row, and within a row open, high, low, close; volumes last."""
    for row in range(len(series)):
        for name in PRICES:
            value = series.column(name)[row]
            if math.isinf(value) or (math.isnan(value) and not allow_missing):
                raise Failure(CONSTRAINT_VIOLATION, name)
    if any(map(math.isinf, series.column("volume"))):
        raise Failure(CONSTRAINT_VIOLATION, "volume")


def _steps(series: Series) -> list[int]:
    """Distances between neighbouring stamps; one too long for int64 counts as its maximum."""
    stamps = series.timestamp
    return [min(stamps[i] - stamps[i - 1], INT64_MAX) for i in range(1, len(stamps))]


def gaps(series: Series) -> list[tuple[int, int]]:
    """Steps longer than the timeframe, grouped by length, shortest first."""
    longer = [step for step in _steps(series) if step > series.timeframe_us]
    return [(step, longer.count(step)) for step in sorted(set(longer))]


def quality(series: Series) -> dict[str, int]:
    """Counts of what is legal but odd. A NaN compares false, as everywhere in IEEE."""
    rows = range(len(series))
    opens, highs, lows, closes = (series.column(name) for name in PRICES)
    volumes = series.column("volume")

    def prices(row: int) -> list[float]:
        return [opens[row], highs[row], lows[row], closes[row]]

    def outside(row: int) -> bool:
        ends = (opens[row], closes[row])
        return any(price > highs[row] or price < lows[row] for price in ends)

    steps = _steps(series)
    return {
        "rows": len(series),
        "gaps": sum(step > series.timeframe_us for step in steps),
        "overlaps": sum(step < series.timeframe_us for step in steps),
        "high_below_low": sum(highs[row] < lows[row] for row in rows),
        "outside_high_low": sum(outside(row) for row in rows),
        "nonpositive_prices": sum(any(p <= 0 for p in prices(row)) for row in rows),
        "negative_volumes": sum(volumes[row] < 0 for row in rows),
        "missing_prices": sum(any(math.isnan(p) for p in prices(row)) for row in rows),
        "missing_volumes": sum(math.isnan(volumes[row]) for row in rows),
    }


def pair_quality(bid: Series, ask: Series) -> dict[str, int]:
    """Rows of equal stamps compared by their closes, and rows only one side has."""
    both = [
        (bid.close[i], ask.close[j])
        for i, stamp in enumerate(bid.timestamp)
        for j, other in enumerate(ask.timestamp)
        if stamp == other
    ]
    return {
        "matched": len(both),
        "crossed": sum(ask_close < bid_close for bid_close, ask_close in both),
        "locked": sum(ask_close == bid_close for bid_close, ask_close in both),
        "bid_only": sum(stamp not in ask.timestamp for stamp in bid.timestamp),
        "ask_only": sum(stamp not in bid.timestamp for stamp in ask.timestamp),
    }
