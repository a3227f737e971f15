"""The `python` backend: whole-series and whole-array work in NumPy, the same answers as the native library.

Never loads anything. Errors have the codes, and in substance the messages, of the native library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._arrow_engine import ArrowEngine
from ._arrow_fallback import PythonArrow
from ._columns import Floats, Stamps
from ._counts import tick
from ._csv import read_table
from ._engine import Admits, Matched, Read
from ._errors import InsufficientDataError, InvalidStateError, OutOfMemoryError
from ._fallback_timeframes import align_rows, common_timeline, resampled, rows_at
from ._kernel_engine import KernelEngine
from ._kernels.backend import PythonKernels
from ._model import Columns, Options
from ._series_checks import check_columns, check_finite
from ._time import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._native_engine import Handle
    from ._series import CandleSeries

__all__ = ["PYTHON", "PythonEngine", "insufficient"]

# Gathering goes in pieces of so many cells, so that its indices stay in cache.
_CELLS = 1 << 18


class PythonEngine:
    """The `Engine` in NumPy."""

    name = "python"
    single = "fallback"
    kernels: KernelEngine = PythonKernels()
    arrow: ArrowEngine = PythonArrow()

    def accept(self, columns: Columns, options: Options) -> Handle | None:
        """Check, in the order of the contract; there is nothing to keep."""
        check_columns(columns, options)
        return None

    def read_csv(self, path: str, unit: str, options: Options) -> Read:
        """Read all columns, then check them."""
        columns = Columns(*read_table(path, unit))
        self.accept(columns, options)
        return Read(columns, None)

    def columns(self, handle: Handle) -> Columns:  # noqa: ARG002 - the protocol's
        """A native series is never this engine's."""
        raise InvalidStateError("the python backend holds no native series")

    def quality(self, series: CandleSeries) -> tuple[int, ...]:
        """One pass of NumPy per count; NaN compares false."""
        tick("quality", "fallback")
        steps = np.diff(series.timestamp.view(np.uint64))
        prices = [series.open, series.high, series.low, series.close]
        opens, high, low, close = prices
        outside = (opens > high) | (opens < low) | (close > high) | (close < low)
        duration = np.uint64(series.timeframe.duration)
        counts = [
            steps > duration,
            steps < duration,
            high < low,
            outside,
            np.logical_or.reduce([price <= 0 for price in prices]),
            series.volume < 0,
            np.logical_or.reduce([np.isnan(price) for price in prices]),
            np.isnan(series.volume),
        ]
        return (len(series), *(int(np.count_nonzero(count)) for count in counts))

    def gaps(self, series: CandleSeries, at_most: int) -> list[tuple[int, int]]:  # noqa: ARG002
        """Distinct long steps; one longer than int64 counts as the longest."""
        steps = np.diff(series.timestamp.view(np.uint64))
        steps = np.minimum(steps[steps > np.uint64(series.timeframe.duration)], np.uint64(INT64_MAX))
        lengths, counts = np.unique(steps, return_counts=True)
        return list(zip(lengths.tolist(), counts.tolist(), strict=True))

    def pair_quality(self, bid: CandleSeries, ask: CandleSeries) -> Matched:
        """Match stamps, compare closes."""
        _, at_bid, at_ask = np.intersect1d(
            bid.timestamp, ask.timestamp, assume_unique=True, return_indices=True
        )
        bids, asks = bid.close[at_bid], ask.close[at_ask]
        matched = len(at_bid)
        crossed, locked = int(np.count_nonzero(asks < bids)), int(np.count_nonzero(asks == bids))
        return Matched(matched, crossed, locked, len(bid) - matched, len(ask) - matched)

    def get_lookbacks(self, series: CandleSeries, times: Stamps, n: int, admits: Admits) -> Stamps:
        """A binary search per time."""
        tick("get_lookbacks", "fallback")
        return self._ranges(series, times, n, admits)

    def _ranges(self, series: CandleSeries, times: Stamps, n: int, admits: Admits) -> Stamps:
        ends = _rows_admitted(series, times, admits)
        if not admits.partial:
            short = ends < n
            if short.any():
                i = int(short.argmax())
                raise insufficient(n, int(ends[i]), int(times[i]), i)
        ranges = np.empty((len(times), 2), np.int64)
        np.minimum(ends, n, out=ranges[:, 1])
        np.subtract(ends, ranges[:, 1], out=ranges[:, 0])
        return ranges

    def get_candles_at(self, series: CandleSeries, times: Stamps) -> Stamps:
        """A binary search per time."""
        tick("get_candles_at", "fallback")
        if not len(series):
            return np.full(len(times), -1, np.int64)
        rows = np.searchsorted(series.timestamp, times, "right") - 1
        return np.where((rows >= 0) & (series.timestamp[np.maximum(rows, 0)] == times), rows, -1)

    def get_candles_asof(self, series: CandleSeries, times: Stamps, closed_only: bool) -> Stamps:
        """A binary search per time."""
        tick("get_candles_asof", "fallback")
        return _rows_admitted(series, times, Admits(True, closed_only, True)) - 1

    def gather_lookback(
        self, series: CandleSeries, times: Stamps, n: int, field: str, admits: Admits
    ) -> Floats:
        """Rows of indices, a piece at a time; missing history is NaN on the left."""
        tick("gather_lookback", "fallback")
        ranges = self._ranges(series, times, n, admits)
        column: Floats = getattr(series, field)
        try:
            matrix = np.full((len(times), n), np.nan)
        except (MemoryError, ValueError):
            raise OutOfMemoryError(f"no memory for a matrix of {len(times)} times and n {n}") from None
        width = int(ranges[:, 1].max(initial=0))  # no further back than there is history
        if width:
            back = np.arange(-width, 0)
            for first in range(0, len(times), max(1, _CELLS // width)):
                piece = ranges[first : first + max(1, _CELLS // width)]
                rows = (piece[:, 0] + piece[:, 1])[:, None] + back
                values = column[np.maximum(rows, 0)]
                values[rows < piece[:, :1]] = np.nan
                matrix[first : first + len(piece), n - width :] = values
        return matrix

    def resample(self, series: CandleSeries, duration: int, origin: int, keep_partial: bool) -> Read:
        """Buckets are runs of rows."""
        tick("resample", "fallback")
        columns = resampled(series, duration, origin, keep_partial)
        check_finite(columns, allow_missing=True)  # volumes whose sum is too large for a double
        return Read(columns, None)

    def align(
        self,
        primary: CandleSeries,
        higher: CandleSeries,
        at_close: bool,
        stamped_at_close: bool,
        stale_limit: int | None,
    ) -> Stamps:
        """A binary search per higher candle."""
        tick("align", "fallback")
        return align_rows(primary, higher, at_close, stamped_at_close, stale_limit)

    def moments(
        self, series: Sequence[CandleSeries], union: bool, asof: bool, stale_limit: int | None
    ) -> tuple[Stamps, list[Stamps]]:
        """Sets of stamps, and a binary search per moment and series."""
        tick("timeline", "fallback")
        timeline = common_timeline(series, union)
        return timeline, [rows_at(one, timeline, asof, stale_limit) for one in series]


def insufficient(n: int, available: int, now: int, element: int | None = None) -> InsufficientDataError:
    """2008, naming how many there are, how many were asked for, and when."""
    which = "" if element is None else f"times[{element}]: "
    return InsufficientDataError(f"{which}{n} rows asked for at {now}, {available} available")


def _rows_admitted(series: CandleSeries, times: Stamps, admits: Admits) -> Stamps:
    """How many rows each time may see."""
    stamps = series.timestamp
    if admits.closed_only:
        duration = series.timeframe.duration
        possible = times >= INT64_MIN + duration
        ends = np.searchsorted(stamps, np.where(possible, times, duration + INT64_MIN) - duration, "right")
        return np.where(possible, ends, 0).astype(np.int64)
    side = "right" if admits.include_current else "left"
    return np.searchsorted(stamps, times, side).astype(np.int64)  # type: ignore[call-overload, no-any-return]


PYTHON = PythonEngine()
