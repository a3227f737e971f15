"""The walk over candle series: at each bar, what has closed by its decision time.

Per-bar questions are answered here over the shared columns; whole matrices go to the backend.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from . import _backend
from ._candles import Candles, shared_candles
from ._columns import Floats
from ._counts import kind_of, tick, ticker
from ._engine import Admits, Engine
from ._errors import InvalidArgumentError, OutOfBoundsError, OutOfMemoryError
from ._model import Candle, check_field, make_candle
from ._search import rows_through
from ._series import CandleSeries
from ._symbol_slice import SymbolDataSlice, check_count, check_index, check_side, entries, walk_again
from ._time import INT64_MAX
from .timeframe import Timeframe

__all__ = ["SeriesSlice"]


class _Source:
    """One series of a walk, and how to find its row at a time."""

    __slots__ = ("cells", "duration", "is_clock", "series", "through")

    def __init__(self, series: CandleSeries, is_clock: bool) -> None:
        self.series, self.is_clock = series, is_clock
        self.duration = series.timeframe.duration
        self.cells = series._cells
        self.through = rows_through(series._stamps, series._stretches)


class SeriesSlice(SymbolDataSlice):
    """The walk over `CandleSeries`; see `SymbolDataSlice`."""

    __slots__ = (
        "_asked",
        "_clock",
        "_count_history",
        "_count_latest",
        "_engine",
        "_found",
        "_given",
        "_last",
        "_span",
        "_stamps",
        "_time",
    )

    def __init__(
        self,
        multi_candle_data: Mapping[Any, Any],
        index: int = 0,
        indicator_cache: Any = None,
        *,
        primary: Timeframe | str | int | None = None,
        backend: str | None = None,
    ) -> None:
        """See `SymbolDataSlice`."""
        given: dict[tuple[Timeframe, str], CandleSeries] = {}
        for key, side, series in entries(multi_candle_data):
            timeframe = key if isinstance(key, Timeframe) else Timeframe(key)
            if timeframe != series.timeframe or side != series.price_type:
                raise InvalidArgumentError(f"{series.title} was given as {timeframe.name} {side}")
            if (timeframe, side) in given:
                raise InvalidArgumentError(f"{timeframe.name} {side} was given twice")
            given[timeframe, side] = series
        symbols = sorted({series.symbol for series in given.values()})
        if len(symbols) > 1:
            raise InvalidArgumentError(f"a walk is over one symbol, not over {', '.join(symbols)}")
        shortest = min((timeframe for timeframe, _ in given), key=lambda timeframe: timeframe.duration)
        chosen = shortest if primary is None else Timeframe(primary)
        clock = given.get((chosen, "bid"), given.get((chosen, "ask")))
        if clock is None:
            raise InvalidArgumentError(f"primary {chosen.name} is not among the series")
        sources = {key: _Source(series, series is clock) for key, series in given.items()}
        self.indicators = {} if indicator_cache is None else indicator_cache
        self._engine: Engine = clock._engine if backend is None else _backend.engine("slicer", backend)
        self._given, self._asked = sources, backend
        self._clock = clock
        self._stamps, self._span, self._last = clock._stamps, chosen.duration, len(clock) - 1
        # By the very words that were asked for, so that a walk parses each spelling once.
        self._found: dict[str, dict[Any, _Source | None]] = {"bid": {}, "ask": {}}
        self._count_latest = ticker("latest", self._engine.single)
        self._count_history = ticker("history", self._engine.single)
        self.set_index(index)

    @property
    def primary(self) -> Timeframe:
        """The timeframe whose bars are counted."""
        return self._clock.timeframe

    @property
    def timeframes(self) -> tuple[Timeframe, ...]:
        """All timeframes, the shortest first."""
        return tuple(sorted({timeframe for timeframe, _ in self._given}, key=lambda t: t.duration))

    @property
    def decision_time(self) -> int:
        """The bar's close time in microseconds; `OutOfBoundsError` past the end."""
        if self._time is None:
            raise OutOfBoundsError(f"bar {self._index} is past the last of {self._last + 1}")
        return self._time

    @property
    def backend(self) -> str:
        """The backend that answers: "native" or "python"."""
        return self._engine.name

    def set_index(self, index: int) -> None:
        """See `SymbolDataSlice`."""
        if type(index) is not int or index < 0:
            index = check_index(index)
        time: int | None = None
        if index <= self._last:
            time = min(self._stamps[index] + self._span, INT64_MAX)
        self._index, self._time = index, time

    def latest(self, timeframe: Any, price_type: str = "bid") -> Candle | None:
        """See `SymbolDataSlice`."""
        try:
            source = self._found[price_type][timeframe]
        except (KeyError, TypeError):
            source = self._find(timeframe, price_type)
        self._count_latest()
        if source is None or self._time is None:
            return None
        row = self._index if source.is_clock else source.through(self._time - source.duration) - 1
        if row < 0:
            return None
        timestamp, open_, high, low, close, volume = source.cells
        values = (timestamp[row], open_[row], high[row], low[row], close[row], volume[row])
        return make_candle(Candle, values)

    def history(self, timeframe: Any, price_type: str = "bid", length: int = 20) -> Candles:
        """See `SymbolDataSlice`; a view of the series' own rows, empty for what is not there."""
        try:
            source = self._found[price_type][timeframe]
        except (KeyError, TypeError):
            source = self._find(timeframe, price_type)
        if type(length) is not int or length < 0:
            length = check_count(length)
        self._count_history()
        if source is None or self._last < 0:
            return shared_candles(self._clock if source is None else source.series, 0, 0)
        if self._time is not None:
            newest = self._index if source.is_clock else source.through(self._time - source.duration) - 1
            first = newest + 1 - length
        else:
            end = min(self._stamps[self._last] + self._span, INT64_MAX)
            newest = self._last if source.is_clock else source.through(end - source.duration) - 1
            first = newest + 1 - length + self._index - self._last
        stop = newest + 1
        first = max(first, 0)
        if first >= stop:
            first = stop = 0
        return shared_candles(source.series, first, stop)

    history_view = history

    def series_ref(self, timeframe: Any, price_type: str = "bid") -> CandleSeries | None:
        """See `SymbolDataSlice`."""
        source = self._find(timeframe, price_type)
        return None if source is None else source.series

    def history_matrix(
        self,
        timeframe: Any,
        price_type: str = "bid",
        length: int = 20,
        field: str = "close",
        start: int = 0,
        stop: int | None = None,
    ) -> Floats:
        """`history` of one field at bars `start` to `stop` (not included): (bars, length) float64.

        Oldest first; what is missing is NaN on the left, everything for a series that is not there. O(cells).
        """
        count, name, first = check_count(length), check_field(field), check_index(start)
        last = len(self) if stop is None else min(check_index(stop), len(self))
        source = self._find(timeframe, price_type)
        bars = max(0, last - first)
        if count > INT64_MAX:
            raise InvalidArgumentError(f"length does not fit into 64 bits: {count}")
        if source is None or not count or not bars:
            try:
                return np.full((bars, count), np.nan)
            except (MemoryError, ValueError):
                raise OutOfMemoryError(f"no memory for a matrix of {bars} bars and length {count}") from None
        tick("history_matrix", kind_of(self._engine.name))
        times = self._clock.timestamp[first:last]
        if not source.is_clock:
            times = np.where(times > INT64_MAX - self._span, INT64_MAX, times + self._span)
        admits = Admits(include_current=True, closed_only=not source.is_clock, partial=True)
        return self._engine.gather_lookback(source.series, times, count, name, admits)

    def _find(self, timeframe: Any, price_type: str) -> _Source | None:
        side = check_side(price_type)
        frame = timeframe if isinstance(timeframe, Timeframe) else Timeframe(timeframe)
        source = self._given.get((frame, side))
        # Numbers are equal to numbers of other types, which are no timeframes; what is not there is rare.
        if source is not None and isinstance(timeframe, (str, Timeframe)):
            self._found[side][timeframe] = source
        return source

    def _bars(self, start: int, stop: int) -> Iterator[SymbolDataSlice]:
        span = self._span
        for index in range(start, stop):
            time = self._stamps[index] + span
            self._index, self._time = index, min(INT64_MAX, time)
            yield self

    def __copy__(self) -> SymbolDataSlice:
        return walk_again(*self.__reduce__()[1])

    def __deepcopy__(self, memo: dict[int, Any]) -> SymbolDataSlice:
        data, index, indicators, how = self.__reduce__()[1]
        return walk_again(data, index, copy.deepcopy(indicators, memo), how)

    def __reduce__(self) -> tuple[Any, ...]:
        data: dict[Timeframe, dict[str, CandleSeries]] = {}
        for (timeframe, side), source in self._given.items():
            data.setdefault(timeframe, {})[side] = source.series
        how = {"primary": self.primary, "backend": self._asked}
        return walk_again, (data, self._index, self.indicators, how)

    def __len__(self) -> int:
        return self._last + 1

    def __repr__(self) -> str:
        words = ", ".join(f"{timeframe.name} {side}" for timeframe, side in self._given)
        return f"<SymbolDataSlice {self._clock.symbol} ({words}) at bar {self._index} of {len(self)}>"


SymbolDataSlice._kinds["series"] = SeriesSlice
