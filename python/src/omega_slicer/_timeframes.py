"""Several timeframes: candles made from shorter ones, and which longer candle may be seen at each bar.

Checks what is asked and hands it to the backend. **A candle exists once it has closed**: nothing here shows
one that is still forming, and there is no option that does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np

from . import _backend
from ._columns import Stamps
from ._errors import InvalidArgumentError, TypeMismatchError
from ._model import check_flag, one_of
from ._series import CandleSeries
from ._time import INT64_MAX, INT64_MIN
from .timeframe import Timeframe

__all__ = ["align", "check_span", "resample"]

_MICROSECOND: Final = timedelta(microseconds=1)


def resample(
    series: CandleSeries,
    timeframe: Timeframe | str | int,
    *,
    origin: int | timedelta = 0,
    keep_partial: bool = False,
    backend: str | None = None,
) -> CandleSeries:
    """The same market in a longer timeframe, a new series. O(rows).

    Buckets are `[k * d + origin, (k + 1) * d + origin)`, counted from 1970-01-01 UTC, weeks from a Monday;
    `origin` is an offset in microseconds or a `timedelta`. A candle is stamped with its bucket's start: open
    is the first price, high the highest, low the lowest, close the last, volume the exact sum rounded once;
    missing values are passed over. Empty buckets make no row. A last bucket that closes after the last source
    candle does is left out unless `keep_partial`; a first one that began before the data is kept. Nothing
    marks a partial candle that was kept: to another `resample`, to `align` and to a walk it is one like all
    others, complete when its bucket closes.

    `timeframe` must be a whole multiple of the series' (`InvalidArgumentError`), and no source candle may
    close after its bucket (`ConstraintViolationError`, naming it): its prices would be seen before they
    exist.

    >>> import numpy as np
    >>> import omega_slicer as om
    >>> prices = np.arange(7.0)
    >>> minutes = om.CandleSeries.from_columns(
    ...     np.arange(7) * 60_000_000, prices, prices + 1, prices, prices, np.ones(7),
    ...     symbol="EURUSD", timeframe="M1", price_type="bid")
    >>> fives = om.resample(minutes, "M5")
    >>> fives[0]
    Candle(timestamp=0, open=0.0, high=5.0, low=0.0, close=4.0, volume=5.0)
    >>> len(fives), len(om.resample(minutes, "M5", keep_partial=True))
    (1, 2)
    """
    _check_series(series, "series")
    frame = timeframe if isinstance(timeframe, Timeframe) else Timeframe(timeframe)
    offset = check_span(origin, "origin")
    partial = check_flag(keep_partial, "keep_partial")
    longer, shorter = frame.duration, series.timeframe.duration
    if longer < shorter or longer % shorter:
        raise InvalidArgumentError(
            f"{frame.name} ({longer} us) is no whole multiple of {series.timeframe.name} ({shorter} us), "
            "the series' own"
        )
    engine = series._engine if backend is None else _backend.engine("slicer", backend)
    made = engine.resample(series, longer, offset, partial)
    options = series._options._replace(timeframe=frame)
    return CandleSeries._from(made, options, engine, backend or series._asked, None)


def align(
    primary: CandleSeries,
    higher: CandleSeries,
    *,
    decision: str = "open",
    stamps: str = "open",
    stale_limit: int | None = None,
    backend: str | None = None,
) -> Stamps:
    """For each bar of `primary` the row of the last closed `higher` candle: (bars,) int64, -1 for none.

    A bar is decided at its open or, with `decision="close"`, at its close; a candle is visible iff its close
    time is `<=` that. With `stamps="close"` the stamps of `higher` are its close times. With `stale_limit=k`
    a candle is hidden once more than k bars have passed since it came into sight. O(bars + candles).

    >>> import numpy as np
    >>> import omega_slicer as om
    >>> def gapless(timeframe, n):
    ...     d, ones = om.Timeframe(timeframe).duration, np.ones(n)
    ...     return om.CandleSeries.from_columns(
    ...         np.arange(n) * d, ones, ones, ones, ones, symbol="X", timeframe=timeframe, price_type="bid")
    >>> m5, h1 = gapless("M5", 25), gapless("H1", 3)
    >>> om.align(m5, h1)[[11, 12, 23, 24]], om.align(m5, h1, decision="close")[[10, 11, 23]]
    (array([-1,  0,  0,  1]), array([-1,  0,  1]))
    """
    _check_series(primary, "primary")
    _check_series(higher, "higher")
    at_close = one_of(decision, ("open", "close"), "decision") == "close"
    stamped_at_close = one_of(stamps, ("open", "close"), "stamps") == "close"
    limit = None if stale_limit is None else check_span(stale_limit, "stale_limit", bars=True)
    engine = primary._engine if backend is None else _backend.engine("slicer", backend)
    return engine.align(primary, higher, at_close, stamped_at_close, limit)


def check_span(value: Any, name: str, bars: bool = False) -> int:
    """A length of time as microseconds of 64 bits, or a number of bars that is not negative."""
    if isinstance(value, timedelta) and not bars:
        value = value // _MICROSECOND
    if isinstance(value, (bool, np.bool_, np.timedelta64)) or not isinstance(value, (int, np.integer)):
        kind = "a number of bars" if bars else "integer microseconds or a timedelta"
        raise TypeMismatchError(f"{name} is {kind}, not {type(value).__name__}: {value!r}")
    if bars and value < 0:
        raise InvalidArgumentError(f"{name} must not be negative, got {value}")
    if not INT64_MIN <= value <= INT64_MAX:
        raise InvalidArgumentError(f"{name} does not fit into 64 bits: {value}")
    return int(value)


def _check_series(series: Any, name: str) -> None:
    if not isinstance(series, CandleSeries):
        raise TypeMismatchError(f"{name} must be a CandleSeries, not {type(series).__name__}")
