"""Questions in time. Each looks at every row and keeps those the definition admits."""

from oracle.model import INSUFFICIENT_DATA, INVALID_ARGUMENT, NAN, OUT_OF_BOUNDS, Failure, Series

Range = tuple[int, int]


def get_slice(series: Series, start: int, end: int, include_current: bool = True) -> Range:
    """Rows with start <= t <= end, or start <= t < end without the current one."""
    if start > end:
        raise Failure(INVALID_ARGUMENT, start, end)
    stamps = series.timestamp
    if not stamps:
        raise Failure(OUT_OF_BOUNDS, "empty")
    not_later = [t <= end if include_current else t < end for t in stamps]
    not_earlier = [t >= start for t in stamps]
    if not any(not_later):
        raise Failure(OUT_OF_BOUNDS, end)
    if not any(not_earlier):
        raise Failure(OUT_OF_BOUNDS, start)
    inside = [row for row in range(len(stamps)) if not_later[row] and not_earlier[row]]
    # An empty answer stands where its rows would be: after every row that is too early.
    return (inside[0] if inside else not_earlier.count(False), len(inside))


def get_candle_at(series: Series, t: int) -> int:
    """The row stamped exactly t, else -1."""
    rows = [row for row, stamp in enumerate(series.timestamp) if stamp == t]
    return rows[0] if rows else -1


def get_candle_asof(series: Series, t: int, closed_only: bool = False) -> int:
    """The latest row with stamp <= t, or with close time <= t; else -1."""
    lag = series.timeframe_us if closed_only else 0
    rows = [row for row, stamp in enumerate(series.timestamp) if stamp + lag <= t]
    return rows[-1] if rows else -1


def _admitted(series: Series, now: int, include_current: bool, closed_only: bool) -> list[int]:
    """The rows a lookback at `now` may see, oldest first."""
    rows = []
    for row, stamp in enumerate(series.timestamp):
        seen = stamp <= now
        if not include_current:
            seen = seen and stamp < now
        if closed_only:
            seen = seen and stamp + series.timeframe_us <= now
        if seen:
            rows.append(row)
    return rows


def get_lookback(
    series: Series,
    now: int,
    n: int,
    *,
    include_current: bool = True,
    closed_only: bool = False,
    partial: bool = False,
) -> Range:
    """The last n admitted rows."""
    if n == 0:
        raise Failure(INVALID_ARGUMENT, n)
    rows = _admitted(series, now, include_current, closed_only)
    if len(rows) < n and not partial:
        raise Failure(INSUFFICIENT_DATA, len(rows), n, now)
    rows = rows[-n:]
    return (rows[0], len(rows)) if rows else (0, 0)


def get_lookbacks(series: Series, times: list[int], n: int, **how: bool) -> list[Range]:
    """get_lookback at each time; the first that fails is the failure."""
    if n == 0:
        raise Failure(INVALID_ARGUMENT, n)
    return [get_lookback(series, now, n, **how) for now in times]


def get_candles_at(series: Series, times: list[int]) -> list[int]:
    return [get_candle_at(series, t) for t in times]


def get_candles_asof(series: Series, times: list[int], closed_only: bool = False) -> list[int]:
    return [get_candle_asof(series, t, closed_only) for t in times]


def gather_lookback(
    series: Series, times: list[int], n: int, field: str = "close", **how: bool
) -> list[list[float]]:
    """One row per time, oldest first; with `partial` what is missing is NaN on the left."""
    matrix = []
    for start, length in get_lookbacks(series, times, n, **how):
        values = series.column(field)[start : start + length]
        matrix.append([NAN] * (n - length) + values)
    return matrix
