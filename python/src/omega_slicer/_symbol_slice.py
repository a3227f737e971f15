"""The walk a backtest does: one symbol's bid and ask candles in several timeframes, seen from one bar.

The answer depends on the bar alone, never on the path to it, and a candle is seen once it has closed. Per-bar
questions are answered here over the shared columns; whole matrices go to the backend.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

import numpy as np

from ._columns import Floats
from ._errors import (
    EmptyInputError,
    InvalidArgumentError,
    InvalidStateError,
    OutOfBoundsError,
    TypeMismatchError,
)
from ._model import one_of
from ._series import CandleSeries
from .timeframe import Timeframe

__all__ = [
    "MarketSlice",
    "SymbolDataSlice",
    "check_count",
    "check_index",
    "check_side",
    "entries",
    "walk_again",
]

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

    A walk stands on one bar, so it is one thread's: share the series, not the walk.

    Over `CandleSeries`,
    `{timeframe: {"bid": series, "ask": series}}` (either side may be missing): `index` counts the bars of the
    **primary** timeframe, the shortest or `primary=`; those of its bid series, or of its ask if it has no
    bid. A bar is decided at its close, and every other series answers with its last candle that has closed by
    then. `history` counts each timeframe's own candles and is a view; nothing is copied.

    Over plain sequences of any objects, `{timeframe: {"bid": [...], "ask": [...]}}`, row i of every list
    belongs to bar i: aligning them was your work, and nothing here can know when a candle closed. The very
    objects and lists that were given are returned. Timeframes are keys here, compared as they are: "H1" is
    neither "h1" nor "60min".

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
    # The two kinds, which name themselves here as they are imported: this file knows neither.
    _kinds: ClassVar[dict[str, type[SymbolDataSlice]]] = {}

    def __new__(cls, multi_candle_data: Mapping[Any, Any], *_: Any, **__: Any) -> SymbolDataSlice:  # noqa: PYI034
        """A walk over series, or over whatever else the mapping holds."""
        if cls is SymbolDataSlice:
            if not isinstance(multi_candle_data, Mapping):
                form = "{timeframe: {'bid': ..., 'ask': ...}}"
                raise TypeMismatchError(f"candles are given as {form}, not {multi_candle_data!r}")
            holds = [isinstance(rows, CandleSeries) for *_, rows in entries(multi_candle_data)]
            if not holds:
                raise EmptyInputError("a walk needs at least one series or list")
            if any(holds) and not all(holds):
                raise TypeMismatchError("a walk is over CandleSeries or over lists, not over both")
            return object.__new__(cls._kinds["series" if any(holds) else "lists"])
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

    @property
    def primary(self) -> Timeframe:
        """The timeframe whose bars are counted; of a walk over series."""
        raise _over_lists("primary")

    @property
    def timeframes(self) -> tuple[Timeframe, ...]:
        """All timeframes, the shortest first; of a walk over series."""
        raise _over_lists("timeframes")

    @property
    def decision_time(self) -> int:
        """The bar's close time in microseconds; of a walk over series. `OutOfBoundsError` past the end."""
        raise _over_lists("decision_time")

    @property
    def backend(self) -> str:
        """The backend that answers, "native" or "python"; of a walk over series."""
        raise _over_lists("backend")

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

        Of a walk over series. Oldest first; what is missing is NaN on the left, everything for a series that
        is not there. O(cells).
        """
        raise _over_lists(f"history_matrix of {timeframe, price_type, length, field, start, stop}")

    def walk(self, start: int = 0, stop: int | None = None) -> Iterator[SymbolDataSlice]:
        """Go through bars `start` to `stop` (not included; the last bar at most), yielding the walk itself.

        Iterators of one walk share its bar: whichever was advanced last has moved it for all. Walks that go
        their own ways are copies (`copy.copy`).

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


def _over_lists(what: str) -> InvalidStateError:
    return InvalidStateError(f"a walk over lists knows no {what}: make it of CandleSeries")


def walk_again(data: dict[Any, Any], index: int, indicators: Any, how: dict[str, Any]) -> SymbolDataSlice:
    return SymbolDataSlice(data, index, indicators, **how)


def entries(data: Mapping[Any, Any]) -> Iterator[tuple[Any, str, Any]]:
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
    if isinstance(index, (bool, np.bool_, np.ndarray)) or not hasattr(index, "__index__"):
        raise TypeMismatchError(f"an index is an integer, not {type(index).__name__}: {index!r}")
    number = operator.index(index)
    if number < 0:
        raise OutOfBoundsError(f"index {number} is negative: bars count from 0, and none wraps round")
    return number


def check_count(length: Any, name: str = "length") -> int:
    """A number of candles or moments: 0 or more (1001), an integer (1004)."""
    if isinstance(length, (bool, np.bool_, np.ndarray)) or not hasattr(length, "__index__"):
        raise TypeMismatchError(f"{name} must be an integer, not {type(length).__name__}: {length!r}")
    number = operator.index(length)
    if number < 0:
        raise InvalidArgumentError(f"{name} must not be negative, got {number}")
    return number
