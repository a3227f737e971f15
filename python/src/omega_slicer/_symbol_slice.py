"""The walk a backtest does: one symbol's bid and ask candles in several timeframes, seen from one bar.

The answer depends on the bar alone, never on the path to it, and a candle is seen once it has closed. Per-bar
questions are answered here over the shared columns; whole matrices go to the backend.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

import numpy as np

from . import _backend
from ._candles import Candles, shared_candles
from ._columns import Floats
from ._counts import kind_of, tick, ticker
from ._engine import Admits, Engine
from ._errors import InvalidArgumentError, OutOfBoundsError, TypeMismatchError
from ._model import Candle, check_field, make_candle, one_of
from ._search import rows_through
from ._series import CandleSeries
from ._time import INT64_MAX
from .timeframe import Timeframe

__all__ = ["MarketSlice", "SymbolDataSlice", "check_count", "check_index", "check_side"]

SIDES: Final = ("bid", "ask")


@runtime_checkable
class MarketSlice(Protocol):
    """What a strategy needs of a walk: `SymbolDataSlice` has it, over series and over lists alike."""

    index: int
    indicators: Any

    def set_index(self, index: int) -> None:
        """Go to a bar."""

    def latest(self, timeframe: Any, price_type: str = "bid") -> Any:
        """The current candle, or None."""

    def history(self, timeframe: Any, price_type: str = "bid", length: int = 20) -> Any:
        """The last candles, oldest first."""


class SymbolDataSlice:
    """One symbol's bid and ask candles in several timeframes, seen from one bar.

    Over `CandleSeries`, `{timeframe: {"bid": series, "ask": series}}` (either side may be missing): `index`
    counts the bars of the **primary** timeframe, the shortest or `primary=`; those of its bid series, or of
    its ask if it has no bid. A bar is decided at its close, and every other series answers with its last
    candle that has closed by then. `history` counts each timeframe's own candles and is a view; nothing is
    copied.

    Over plain sequences of any objects, `{timeframe: {"bid": [...], "ask": [...]}}`, row i of every list
    belongs to bar i: aligning them was your work, and nothing here can know when a candle closed. The very
    objects and lists that were given are returned.

    `indicators` is what was given as `indicator_cache`, or a new dict. A negative index raises
    `OutOfBoundsError`: it must never wrap round to the future. Any larger one is legal; past the end `latest`
    is None and `history` grows shorter. A price type other than bid and ask raises `InvalidArgumentError`.

    >>> import numpy as np
    >>> import omega_slicer as om
    >>> def gapless(timeframe, n, side="bid"):
    ...     d, ones = om.Timeframe(timeframe).duration, np.arange(1.0, n + 1)
    ...     return om.CandleSeries.from_columns(
    ...         np.arange(n) * d, ones, ones, ones, ones, symbol="X", timeframe=timeframe, price_type=side)
    >>> walk = om.SymbolDataSlice({"M5": {"bid": gapless("M5", 30)}, "H1": {"bid": gapless("H1", 3)}})
    >>> walk.set_index(10)
    >>> walk.latest("H1") is None, walk.history("M5", length=3).close
    (True, array([ 9., 10., 11.]))
    >>> walk.index = 11
    >>> walk.latest("H1").close
    1.0
    >>> om.SymbolDataSlice({"M5": {"bid": ["a", "b", "c"], "ask": []}}, 1).history("M5")
    ['a', 'b']
    """

    __slots__ = ("__weakref__", "_index", "indicators")
    _index: int
    indicators: Any
    _lists: ClassVar[type[SymbolDataSlice] | None] = None

    def __new__(cls, multi_candle_data: Mapping[Any, Any], *_: Any, **__: Any) -> SymbolDataSlice:  # noqa: PYI034
        """A walk over series, or over whatever else the mapping holds."""
        if cls is SymbolDataSlice:
            if not isinstance(multi_candle_data, Mapping):
                form = "{timeframe: {'bid': ..., 'ask': ...}}"
                raise TypeMismatchError(f"candles are given as {form}, not {multi_candle_data!r}")
            holds = [isinstance(rows, CandleSeries) for *_, rows in _entries(multi_candle_data)]
            if any(holds) and not all(holds):
                raise TypeMismatchError("a walk is over CandleSeries or over lists, not over both")
            assert SymbolDataSlice._lists is not None
            return object.__new__(SeriesSlice if any(holds) else SymbolDataSlice._lists)
        return object.__new__(cls)

    def __init__(
        self,
        multi_candle_data: Mapping[Any, Any],
        index: int = 0,
        indicator_cache: Any = None,
        *,
        primary: Timeframe | str | int | None = None,
        backend: str | None = None,
    ) -> None:
        """A walk that stands on bar `index`. O(series)."""
        raise NotImplementedError  # one of the two kinds is made, see __new__

    @property
    def index(self) -> int:
        """The bar; assigning is `set_index`."""
        return self._index

    @index.setter
    def index(self, index: int) -> None:
        self.set_index(index)

    def set_index(self, index: int) -> None:
        """Go to a bar: 0 or more, past the end too. O(1)."""
        raise NotImplementedError

    def latest(self, timeframe: Any, price_type: str = "bid") -> Any:
        """The last closed candle at this bar; None past the end and for what is not there. O(1)."""
        raise NotImplementedError

    def history(self, timeframe: Any, price_type: str = "bid", length: int = 20) -> Any:
        """The last `length` candles, oldest first, the latest included; fewer near both ends."""
        raise NotImplementedError

    def history_view(self, timeframe: Any, price_type: str = "bid", length: int = 20) -> Any:
        """`history` without copying anything."""
        raise NotImplementedError

    def series_ref(self, timeframe: Any, price_type: str = "bid") -> Any:
        """The series or list itself, the candles still to come included."""
        raise NotImplementedError

    def get(self, timeframe: Any, price_type: str = "bid") -> Any:
        """As `series_ref`."""
        return self.series_ref(timeframe, price_type)

    def __getitem__(self, timeframe: Any) -> Any:
        return self.series_ref(timeframe, "bid")

    def walk(self, start: int = 0, stop: int | None = None) -> Iterator[SymbolDataSlice]:
        """Go through bars `start` to `stop` (not included; the last bar at most), yielding the walk itself.

        >>> walk = SymbolDataSlice({"M1": {"bid": "abc"}})
        >>> [bar.latest("M1") for bar in walk.walk(1)]
        ['b', 'c']
        """
        first = check_index(start)
        last = len(self) if stop is None else min(check_index(stop), len(self))
        return self._bars(first, last)

    def _bars(self, start: int, stop: int) -> Iterator[SymbolDataSlice]:
        for index in range(start, stop):
            self.set_index(index)
            yield self

    def __len__(self) -> int:
        raise NotImplementedError


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
        for key, side, series in _entries(multi_candle_data):
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
        self._given = sources
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
        self._index = index
        self._time: int | None = None
        if index <= self._last:
            time: int = self._stamps[index] + self._span
            self._time = min(INT64_MAX, time)

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
        if source is None or not count or not bars:
            return np.full((bars, count), np.nan)
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
        self._found[side][timeframe] = source
        return source

    def _bars(self, start: int, stop: int) -> Iterator[SymbolDataSlice]:
        span = self._span
        for index in range(start, stop):
            time = self._stamps[index] + span
            self._index, self._time = index, min(INT64_MAX, time)
            yield self

    def __len__(self) -> int:
        return self._last + 1

    def __repr__(self) -> str:
        words = ", ".join(f"{timeframe.name} {side}" for timeframe, side in self._given)
        return f"<SymbolDataSlice {self._clock.symbol} ({words}) at bar {self._index} of {len(self)}>"


def _entries(data: Mapping[Any, Any]) -> Iterator[tuple[Any, str, Any]]:
    """Timeframe, side and candles of each entry; sides given as None are not there."""
    for timeframe, sides in data.items():
        if not isinstance(sides, Mapping):
            raise TypeMismatchError(f"{timeframe!r} has no {{'bid': ..., 'ask': ...}} but {sides!r}")
        for side, rows in sides.items():
            if rows is not None:
                yield timeframe, check_side(side), rows


def check_side(price_type: Any) -> str:
    """The word bid or ask, or 1001/1004."""
    return one_of(price_type, SIDES, "price_type")


def check_index(index: Any) -> int:
    """A bar's number: an integer (1004), never one that wraps round from the end (1003)."""
    if isinstance(index, (bool, np.bool_)) or not hasattr(index, "__index__"):
        raise TypeMismatchError(f"an index is an integer, not {type(index).__name__}: {index!r}")
    number = operator.index(index)
    if number < 0:
        raise OutOfBoundsError(f"index {number} is negative: bars count from 0, and none wraps round")
    return number


def check_count(length: Any) -> int:
    """A number of candles: 0 or more (1001), an integer (1004)."""
    if isinstance(length, (bool, np.bool_)) or not hasattr(length, "__index__"):
        raise TypeMismatchError(f"length must be an integer, not {type(length).__name__}: {length!r}")
    number = operator.index(length)
    if number < 0:
        raise InvalidArgumentError(f"length must not be negative, got {number}")
    return number
