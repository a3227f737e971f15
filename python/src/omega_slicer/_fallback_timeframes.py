"""Several timeframes and several symbols in NumPy: the `python` half of resample, align and timelines.

Works on columns and plain numbers; what may be asked is checked before it comes here. The same bits and
the same refusals as the native library.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from ._columns import PRICES, Floats, Stamps
from ._errors import ConstraintViolationError, InvalidArgumentError
from ._kernels.exact import sum_of
from ._model import Columns
from ._time import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._series import CandleSeries

__all__ = ["align_rows", "anchor", "common_timeline", "resampled", "rows_at"]

_WEEK: Final = 604_800_000_000
_MONDAY: Final = 345_600_000_000  # 1970-01-05


def align_rows(
    primary: CandleSeries,
    higher: CandleSeries,
    at_close: bool,
    stamped_at_close: bool,
    stale_limit: int | None,
) -> Stamps:
    """For each bar the last candle that has closed when it is decided: a binary search per candle."""
    decided, closes = primary.timestamp, higher.timestamp
    if at_close:
        d = primary.timeframe.duration
        decided = np.where(decided > INT64_MAX - d, INT64_MAX, decided + d)  # the sum wraps only where unused
    if not stamped_at_close:
        d = higher.timeframe.duration
        closes = closes[: np.searchsorted(closes, INT64_MAX - d, "right")] + d  # later ones never close
    bars = len(decided)
    # Where each candle comes into sight; before the first nothing is.
    first = np.searchsorted(decided, closes, "left")
    shown = np.diff(first, prepend=0, append=bars)
    rows = np.repeat(np.arange(-1, len(closes)), shown)
    if stale_limit is not None:
        since = np.repeat(np.append(0, first), shown)
        rows[np.arange(bars) - since > stale_limit] = -1
    return rows.astype(np.int64, copy=False)


def anchor(duration: int) -> int:
    """Where buckets of this length are counted from: weeks from a Monday, everything else from 1970."""
    return _MONDAY if duration == _WEEK else 0


def resampled(series: CandleSeries, duration: int, origin: int, keep_partial: bool) -> Columns:
    """One row for each bucket that has a source row."""
    stamps, source = series.timestamp, series.timeframe.duration
    volume = None if series._absent else series.volume
    if not len(stamps):
        return _nothing(volume)
    inside = (stamps % duration - (anchor(duration) + origin) % duration) % duration
    _check_grid(stamps, inside, duration, source)
    starts = stamps - inside
    first = np.flatnonzero(np.append(True, starts[1:] != starts[:-1]))
    if not keep_partial and int(starts[-1]) + duration > int(stamps[-1]) + source:
        rows = int(first[-1])
        first, stamps, starts = first[:-1], stamps[:rows], starts[:rows]
    if not len(first):
        return _nothing(volume)
    rows = len(stamps)
    stop = np.append(first[1:], rows)
    open_, high, low, close = (getattr(series, name)[:rows] for name in PRICES)
    return Columns(
        starts[first],
        _first_present(open_, first, stop, 1),
        _extreme(high, first, stop, np.fmax),
        _extreme(low, first, stop, np.fmin),
        _first_present(close, first, stop, -1),
        None if volume is None else _sums(volume[:rows], first, stop),
    )


def _nothing(volume: Floats | None) -> Columns:
    none: Floats = np.empty(0)
    return Columns(np.empty(0, np.int64), none, none, none, none, None if volume is None else none)


def _check_grid(stamps: Stamps, inside: Stamps, duration: int, source: int) -> None:
    """The first row whose bucket cannot be, or that would close after its bucket."""
    early = stamps < INT64_MIN + inside
    late = inside > duration - source
    wrong = early | late
    if not wrong.any():
        return
    row = int(wrong.argmax())
    stamp = int(stamps[row])
    if early[row]:
        raise InvalidArgumentError(
            f"row {row}: the bucket of timestamp {stamp} starts before 64-bit microseconds do"
        )
    close = stamp - int(inside[row]) + duration
    raise ConstraintViolationError(
        f"row {row}: the candle stamped {stamp} closes at {stamp + source}, after its bucket, which closes "
        f"at {close}: it would be seen before it exists; shift the buckets with origin"
    )


def _first_present(values: Floats, first: Stamps, stop: Stamps, step: int) -> Floats:
    """The first value of each bucket that is there, or with step -1 the last."""
    chosen = values[first] if step == 1 else values[stop - 1]
    for bucket in np.flatnonzero(np.isnan(chosen)):
        there = values[first[bucket] : stop[bucket]]
        there = there[~np.isnan(there)]
        if len(there):
            chosen[bucket] = there[0 if step == 1 else -1]
    return chosen


def _extreme(values: Floats, first: Stamps, stop: Stamps, of: Any) -> Floats:
    found: Floats = of.reduceat(values, first)
    # Of signed zeros the newest; NumPy keeps whichever it met in its own order.
    for bucket in np.flatnonzero(found == 0):
        inside = values[first[bucket] : stop[bucket]]
        found[bucket] = inside[inside == 0][-1]
    return found


def _sums(volume: Floats, first: Stamps, stop: Stamps) -> Floats:
    """The exact sum of each bucket's volumes rounded once; missing where all are."""
    missing = np.isnan(volume)
    there = np.where(missing, 0.0, volume)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not whole, and summed again below
        total = np.add.reduceat(there, first) + 0.0
        # Whole numbers whose sum stays below 2^53 have not been rounded; infinities have no exact sum.
        whole = bool((there == np.rint(there)).all()) and float(np.abs(there).sum()) < 2.0**53
    if not whole:
        values, ends = there.tolist(), stop.tolist()
        total = np.array([sum_of(values[a:b]) for a, b in zip(first.tolist(), ends, strict=True)])
    counted = np.add.reduceat(~missing, first, dtype=np.int64)
    total[counted == 0] = np.nan
    return total


def common_timeline(series: Sequence[CandleSeries], union: bool) -> Stamps:
    """The stamps that every series has, or that any has, ascending."""
    stamps = [one.timestamp for one in series]
    if union:
        return np.unique(np.concatenate(stamps))
    return reduce(lambda a, b: np.intersect1d(a, b, assume_unique=True), stamps).copy()


def rows_at(
    series: CandleSeries, timeline: Stamps, asof: bool, stale_limit: int | None
) -> npt.NDArray[np.int64]:
    """The row stamped at each moment, or with `asof` the latest by then that is not stale."""
    stamps = series.timestamp
    rows = np.searchsorted(stamps, timeline, "right") - 1
    if not len(stamps):
        return rows.astype(np.int64)
    shown = stamps[np.maximum(rows, 0)]
    if not asof:
        hidden = shown != timeline
    elif stale_limit is None:
        hidden = rows < 0
    else:
        # A distance that int64 cannot hold is right in uint64; before the first row it means nothing.
        hidden = timeline.view(np.uint64) - shown.view(np.uint64) > np.uint64(min(stale_limit, 2**64 - 1))
    return np.where(hidden | (rows < 0), -1, rows).astype(np.int64)
