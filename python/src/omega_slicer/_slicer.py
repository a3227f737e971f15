"""Time-addressed questions on one series: which rows, which candle, the last n rows.

Single questions are answered here, over the shared columns, which is measured faster than a call into the
library; whole arrays of times go to the backend. Nothing here copies a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from . import _backend
from ._candles import Candles
from ._columns import Floats, Stamps
from ._counts import ticker
from ._engine import Admits, Engine
from ._errors import InvalidArgumentError, OmegaError, OutOfBoundsError, OutOfMemoryError
from ._fallback import insufficient
from ._frames import is_frame
from ._model import Candle, PriceType, check_field, check_flag, check_n, make_candle
from ._search import rows_through
from ._series import CandleSeries
from ._time import INT64_MAX, INT64_MIN, Time, Times, to_us, to_us_array
from .timeframe import Timeframe

__all__ = ["SymbolDataSlicer"]

_new: Final = Candles.__new__


class SymbolDataSlicer:
    """Questions in time on one `CandleSeries`, or on a data frame that is made one.

    Candles are addressed by their **stamp**, the open time: a candle stamped `now` is still forming at
    `now`. `closed_only=True` admits only candles whose close time is `<= now`. Times are integer microseconds
    since 1970-01-01 UTC, `datetime`, `date`, `numpy.datetime64` or `pandas.Timestamp` (without a zone: UTC);
    others raise `TypeMismatchError`, ones finer than a microsecond `InvalidFormatError`, NaT
    `InvalidArgumentError`.

    >>> import numpy as np
    >>> import omega_slicer as om
    >>> prices = np.array([1.0, 1.1, 1.2, 1.3])
    >>> series = om.CandleSeries.from_columns(
    ...     np.arange(4) * 60_000_000, prices, prices, prices, prices,
    ...     symbol="EURUSD", timeframe="M1", price_type="bid")
    >>> slicer = SymbolDataSlicer(series)
    >>> slicer.get_lookback(120_000_000, 2).close
    array([1.1, 1.2])
    >>> slicer.get_lookback(120_000_000, 2, closed_only=True).close
    array([1. , 1.1])
    >>> slicer.get_lookbacks([60_000_000, 180_000_000], 2)
    array([[0, 2],
           [2, 2]])
    """

    __slots__ = (
        "__weakref__",
        "_before",
        "_cells",
        "_count_asof",
        "_count_at",
        "_count_lookback",
        "_count_slice",
        "_duration",
        "_engine",
        "_series",
        "_through",
    )

    def __init__(
        self,
        data: Any,
        symbol: str | None = None,
        timeframe: Timeframe | str | int | None = None,
        price_type: PriceType | str | None = None,
        *,
        copy: bool = True,
        check: str = "full",
        allow_missing: bool = False,
        backend: str | None = None,
    ) -> None:
        """A slicer on a series, or on a pandas or Polars frame with its symbol, timeframe and price type.

        `copy`, `check` and `allow_missing` are for frames, see `CandleSeries.from_dataframe`. Without
        `backend` the series' own is used. O(1) on a series.
        """
        copy, allow_missing = check_flag(copy, "copy"), check_flag(allow_missing, "allow_missing")
        given: dict[str, Any] = {"symbol": symbol, "timeframe": timeframe, "price_type": price_type}
        if isinstance(data, CandleSeries):
            extra = [name for name, value in given.items() if value is not None]
            if extra:
                raise InvalidArgumentError(
                    f"a series has its own {', '.join(extra)}: leave out what it knows"
                )
            series = data
        else:
            missing = [name for name, value in given.items() if value is None]
            if missing and is_frame(data):
                raise InvalidArgumentError(f"a slicer on a data frame needs {', '.join(missing)} too")
            series = CandleSeries.from_dataframe(
                data, **given, copy=copy, check=check, allow_missing=allow_missing, backend=backend
            )
        engine = series._engine if backend is None else _backend.engine("slicer", backend)
        if engine.name == "native":
            series._handle_of(engine)
        self._series = series
        self._engine: Engine = engine
        self._cells = series._cells
        self._duration = series.timeframe.duration
        # A place of its own for where slices start, so that both ends of a moving slice are near the last.
        self._before = rows_through(series._stamps, series._stretches)
        self._through = rows_through(series._stamps, series._stretches)
        self._count_slice = ticker("get_slice", engine.single)
        self._count_at = ticker("get_candle_at", engine.single)
        self._count_asof = ticker("get_candle_asof", engine.single)
        self._count_lookback = ticker("get_lookback", engine.single)

    @classmethod
    def from_ipc(
        cls,
        data: Any,
        symbol: str | None = None,
        timeframe: Timeframe | str | int | None = None,
        price_type: PriceType | str | None = None,
        *,
        backend: str | None = None,
    ) -> SymbolDataSlicer:
        """A slicer on the bytes of an Arrow IPC file or stream, see `CandleSeries.from_ipc`. O(size)."""
        return cls(
            CandleSeries.from_ipc(
                data, symbol=symbol, timeframe=timeframe, price_type=price_type, backend=backend
            )
        )

    @property
    def series(self) -> CandleSeries:
        """The series that is asked."""
        return self._series

    @property
    def backend(self) -> str:
        """The backend that answers: "native" or "python"."""
        return self._engine.name

    def get_slice(self, start: Time, end: Time, include_current: bool = True) -> Candles:
        """Candles stamped `start <= t <= end`; one stamped `end` is still forming at `end`.

        With `include_current=False`, `start <= t < end`. A range partly outside the data is clipped, one in
        a gap is empty. Raises `InvalidArgumentError` if `start > end`, `OutOfBoundsError` if all candles are
        later, all are earlier, or there are none. O(1) when asked forward in time, else O(log n).
        """
        if type(start) is not int or not INT64_MIN <= start <= INT64_MAX:
            start = to_us(start)
        if type(end) is not int or not INT64_MIN <= end <= INT64_MAX:
            end = to_us(end)
        if include_current is True:
            last = end
        elif include_current is False:
            last = end - 1
        else:
            last = end if check_flag(include_current, "include_current") else end - 1
        self._count_slice()
        if start > end:
            raise InvalidArgumentError(f"start {start} is after end {end}")
        first = self._before(start - 1)
        stop = self._through(last)
        if not stop or first == len(self._cells[0]):
            raise self._outside(start, end, include_current)
        candles = _new(Candles)
        candles._series = self._series
        candles._start = first
        candles._stop = stop
        return candles

    def get_candle_at(self, t: Time) -> Candle | None:
        """The candle stamped exactly `t`, which is still forming at `t`; None is an answer, not an error.

        O(1) when asked forward in time, else O(log n).
        """
        if type(t) is not int or not INT64_MIN <= t <= INT64_MAX:
            t = to_us(t)
        self._count_at()
        row = self._through(t) - 1
        timestamp, open_, high, low, close, volume = self._cells
        if row < 0 or timestamp[row] != t:
            return None
        values = (t, open_[row], high[row], low[row], close[row], volume[row])
        return make_candle(Candle, values)

    def get_candle_asof(self, t: Time, closed_only: bool = False) -> Candle | None:
        """The latest candle stamped `<= t`, which may still be forming at `t`; None if there is none.

        With `closed_only`, the latest whose close time is `<= t`. O(1) when asked forward in time, else
        O(log n).
        """
        if type(t) is not int or not INT64_MIN <= t <= INT64_MAX:
            t = to_us(t)
        if closed_only is False:
            row = self._through(t) - 1
        elif closed_only is True or check_flag(closed_only, "closed_only"):
            row = self._through(t - self._duration) - 1
        else:
            row = self._through(t) - 1
        self._count_asof()
        if row < 0:
            return None
        timestamp, open_, high, low, close, volume = self._cells
        values = (timestamp[row], open_[row], high[row], low[row], close[row], volume[row])
        return make_candle(Candle, values)

    def get_lookback(
        self,
        now: Time,
        n: int,
        include_current: bool = True,
        closed_only: bool = False,
        partial: bool = False,
    ) -> Candles:
        """The last `n` candles stamped `<= now`, oldest first; one stamped `now` is still forming.

        `include_current=False`: stamped `< now`. `closed_only`: with a close time `<= now`. Fewer than `n`:
        `InsufficientDataError` saying how many, or with `partial` those there are. `n < 1`:
        `InvalidArgumentError`; a float or bool: `TypeMismatchError`. O(1) when asked forward in time, else
        O(log n).
        """
        if type(now) is not int or not INT64_MIN <= now <= INT64_MAX:
            now = to_us(now)
        if type(n) is not int or n < 1:
            n = check_n(n)
        if partial is not False and partial is not True:
            partial = check_flag(partial, "partial")
        if closed_only is False and include_current is True:
            stop = self._through(now)
        elif closed_only is True and (include_current is True or include_current is False):
            # A closed candle is never the current one: it lies a whole timeframe back.
            stop = self._through(now - self._duration)
        elif closed_only is False and include_current is False:
            stop = self._through(now - 1)
        else:
            return self.get_lookback(now, n, *_admits(include_current, closed_only, partial))
        self._count_lookback()
        start = stop - n
        if start < 0:
            check_n(n)
            if not partial:
                raise insufficient(n, stop, now)
            start = 0
        candles = _new(Candles)
        candles._series = self._series
        candles._start = start
        candles._stop = stop
        return candles

    def get_lookbacks(
        self,
        times: Times,
        n: int,
        include_current: bool = True,
        closed_only: bool = False,
        partial: bool = False,
    ) -> Stamps:
        """`get_lookback` at each of `times` (a candle stamped so is still forming) as an (m, 2) int64 table.

        Each row is start and length: `series[start : start + length]`. Errors as `get_lookback`, with the
        index of the first failing time in the message. O(m) when the times ascend, else O(m log n).
        """
        stamps, count = to_us_array(times, "times"), check_n(n)
        admits = _admits(include_current, closed_only, partial)
        with _memory(stamps):
            return self._engine.get_lookbacks(self._series, stamps, count, admits)

    def get_candles_at(self, times: Times) -> Stamps:
        """For each of `times` the row stamped so (and still forming then): (m,) int64, -1 for none.

        O(m) when the times ascend, else O(m log n).
        """
        stamps = to_us_array(times, "times")
        with _memory(stamps):
            return self._engine.get_candles_at(self._series, stamps)

    def get_candles_asof(self, times: Times, closed_only: bool = False) -> Stamps:
        """For each of `times` the latest row stamped `<= t`, perhaps still forming: (m,) int64, -1 for none.

        With `closed_only`, the latest whose close time is `<= t`. O(m) when the times ascend, else
        O(m log n).
        """
        stamps, closed = to_us_array(times, "times"), check_flag(closed_only, "closed_only")
        with _memory(stamps):
            return self._engine.get_candles_asof(self._series, stamps, closed)

    def gather_lookback(
        self,
        times: Times,
        n: int,
        field: str = "close",
        include_current: bool = True,
        closed_only: bool = False,
        partial: bool = False,
    ) -> Floats:
        """For each of `times` (a candle stamped so is still forming) one field's lookback: (m, n) float64.

        Oldest first; `field` is open, high, low, close or volume. With `partial`, missing history is NaN on
        the left. Errors as `get_lookbacks`. O(m x n).

        >>> from omega_slicer import CandleSeries
        >>> prices = [1.0, 1.1, 1.2]
        >>> series = CandleSeries.from_columns([0, 60_000_000, 120_000_000], prices, prices, prices, prices,
        ...                                    symbol="X", timeframe="M1", price_type="bid")
        >>> SymbolDataSlicer(series).gather_lookback([0, 120_000_000], 2, partial=True)
        array([[nan, 1. ],
               [1.1, 1.2]])
        """
        stamps, count, name = to_us_array(times, "times"), check_n(n), check_field(field)
        admits = _admits(include_current, closed_only, partial)
        with _memory(stamps):
            return self._engine.gather_lookback(self._series, stamps, count, name, admits)

    def _outside(self, start: int, end: int, include_current: bool) -> OutOfBoundsError:
        stamps = self._cells[0]
        span = f"the series spans {stamps[0]} to {stamps[-1]}" if len(stamps) else "the series is empty"
        return OutOfBoundsError(f"no row in [{start}, {end}{']' if include_current else ')'}: {span}")

    def __len__(self) -> int:
        return len(self._series)

    def __copy__(self) -> SymbolDataSlicer:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> SymbolDataSlicer:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._series, None if self._engine is self._series._engine else self.backend)

    def __repr__(self) -> str:
        return f"<SymbolDataSlicer on {self._series!r}>"


@contextmanager
def _memory(times: Stamps) -> Iterator[None]:
    """6001 where memory for the answers is not to be had."""
    try:
        yield
    except OmegaError:
        raise
    except MemoryError:
        raise OutOfMemoryError(f"no memory for the answers to {len(times)} times") from None


def _admits(include_current: bool, closed_only: bool, partial: bool) -> Admits:
    return Admits(
        check_flag(include_current, "include_current"),
        check_flag(closed_only, "closed_only"),
        check_flag(partial, "partial"),
    )


def _again(series: CandleSeries, backend: str | None) -> SymbolDataSlicer:
    return SymbolDataSlicer(series, backend=backend)
