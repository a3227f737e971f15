"""A run of consecutive rows of a series, seen as columns.

Never a copy and never writable; keeps its series alive. Made by the thousand, so it holds nothing but
the series and two numbers, and makes a column's view when it is asked for.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from ._arrow_doors import ArrowSource
from ._columns import Floats, Stamps
from ._errors import InvalidArgumentError, OutOfBoundsError, TypeMismatchError
from ._model import Candle

if TYPE_CHECKING:
    from ._series import CandleSeries

__all__ = ["Candles", "row_of", "rows_of_slice", "shared_candles"]

_CHUNK: Final = 1024


class Candles(ArrowSource):
    """Consecutive candles of one series, oldest first.

    `timestamp` (int64 microseconds since 1970-01-01 UTC, open times), `open`, `high`, `low`, `close` and
    `volume` (float64) are read-only NumPy views of shape (n,) on the series' own memory, made anew at each
    access in O(1). `candles[i]` is a `Candle` (negative `i` from the end), `candles[a:b]` are `Candles`,
    iteration gives `Candle`s. Equal when they are the same rows of the same series.

    >>> import omega_slicer as om
    >>> prices = [1.0, 1.1, 1.2]
    >>> series = om.CandleSeries.from_columns(
    ...     [0, 60_000_000, 120_000_000], prices, prices, prices, prices,
    ...     symbol="EURUSD", timeframe="M1", price_type="bid")
    >>> candles = om.SymbolDataSlicer(series).get_lookback(120_000_000, 2)
    >>> len(candles), candles.rows, candles.close
    (2, range(1, 3), array([1.1, 1.2]))
    >>> candles[-1].close, [c.timestamp for c in candles], candles[:1].close
    (1.2, [60000000, 120000000], array([1.1]))
    """

    __slots__ = ("_series", "_start", "_stop")
    _series: CandleSeries
    _start: int
    _stop: int

    def __init__(self, series: CandleSeries, start: int, stop: int) -> None:
        if not 0 <= start <= stop <= len(series):
            raise OutOfBoundsError(f"rows {start} to {stop} are outside a series of {len(series)} rows")
        self._series, self._start, self._stop = series, start, stop

    @property
    def series(self) -> CandleSeries:
        """The series these rows are of."""
        return self._series

    @property
    def rows(self) -> range:
        """The row numbers in the series."""
        return range(self._start, self._stop)

    @property
    def timestamp(self) -> Stamps:
        """Open times, int64 microseconds since 1970-01-01 UTC."""
        return self._series._timestamp[self._start : self._stop]

    @property
    def open(self) -> Floats:
        """First prices."""
        return self._series._open[self._start : self._stop]

    @property
    def high(self) -> Floats:
        """Highest prices."""
        return self._series._high[self._start : self._stop]

    @property
    def low(self) -> Floats:
        """Lowest prices."""
        return self._series._low[self._start : self._stop]

    @property
    def close(self) -> Floats:
        """Last prices."""
        return self._series._close[self._start : self._stop]

    @property
    def volume(self) -> Floats:
        """Traded volumes, NaN where missing."""
        return self._series._volume[self._start : self._stop]

    def _rows(self) -> tuple[CandleSeries, int, int]:
        return self._series, self._start, self._stop

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Candle: ...
    @overload
    def __getitem__(self, index: slice) -> Candles: ...
    def __getitem__(self, index: int | np.integer[Any] | slice) -> Candle | Candles:
        if isinstance(index, slice):
            start, stop = rows_of_slice(index, len(self))
            return shared_candles(self._series, self._start + start, self._start + stop)
        return self._series._candle(self._start + row_of(index, len(self)))

    def __iter__(self) -> Iterator[Candle]:
        for start in range(self._start, self._stop, _CHUNK):
            columns = self._series._cells
            stop = min(start + _CHUNK, self._stop)
            yield from map(
                Candle._make, zip(*(column[start:stop].tolist() for column in columns), strict=True)
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Candles):
            return NotImplemented
        return self._series is other._series and (self._start, self._stop) == (other._start, other._stop)

    def __hash__(self) -> int:
        return hash((id(self._series), self._start, self._stop))

    def __copy__(self) -> Candles:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Candles:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Candles, (self._series, self._start, self._stop)

    def __repr__(self) -> str:
        stamps = self.timestamp
        span = f", {moment(stamps[0])} to {moment(stamps[-1])}" if len(stamps) else ""
        return f"<{len(self)} candles of {self._series.title}{span}>"


_new: Final = Candles.__new__


def shared_candles(series: CandleSeries, start: int, stop: int) -> Candles:
    """`Candles` of rows known to be inside the series."""
    candles = _new(Candles)
    candles._series = series
    candles._start = start
    candles._stop = stop
    return candles


def row_of(index: Any, length: int) -> int:
    """A Python index as a row; 1003 outside, 1004 for what is no integer."""
    if isinstance(index, (bool, np.bool_)) or not hasattr(index, "__index__"):
        raise TypeMismatchError(f"an index is an integer or a slice, not {type(index).__name__}: {index!r}")
    row = operator.index(index)
    if not -length <= row < length:
        raise OutOfBoundsError(f"index {row} is outside {length} candles")
    return row + length if row < 0 else row


def rows_of_slice(index: slice, length: int) -> tuple[int, int]:
    """Start and stop of a slice; consecutive rows only."""
    start, stop, step = index.indices(length)
    if step != 1:
        raise InvalidArgumentError(f"candles are consecutive rows: a slice step of {step} is not possible")
    return start, max(start, stop)


def moment(stamp: Any) -> str:
    """A stamp as people read it."""
    text = str(np.datetime64(int(stamp), "us")).replace("T", " ")
    return text.removesuffix(".000000").removesuffix(":00")
