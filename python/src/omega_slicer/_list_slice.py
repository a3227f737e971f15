"""The walk over plain lists: the drop-in for code that keeps its candles in lists of any objects.

Row i of every list belongs to bar i. Nothing is converted, checked or copied but what `history` returns;
there is no backend, since there is nothing to compute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

from ._errors import InvalidArgumentError, TypeMismatchError
from ._symbol_slice import SymbolDataSlice, check_count, check_index, check_side, entries, walk_again
from .timeframe import Timeframe

__all__ = ["CandleSet", "ListSlice", "RowsView"]


class RowsView(Sequence[Any]):
    """Consecutive entries of a list, without a copy: what the list holds there when it is looked at.

    >>> view = RowsView(["a", "b", "c"], 1, 3)
    >>> len(view), view[-1], list(view), view == ["b", "c"]
    (2, 'c', ['b', 'c'], True)
    """

    __slots__ = ("_rows", "_start", "_stop")

    def __init__(self, rows: Sequence[Any], start: int, stop: int) -> None:
        self._rows, self._start, self._stop = rows, start, max(start, stop)

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return (
            self._rows[range(self._start, self._stop)[index]]
            if not isinstance(index, slice)
            else list(self)[index]
        )

    def __iter__(self) -> Iterator[Any]:
        return (self._rows[row] for row in range(self._start, self._stop))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment] # as a list

    def __repr__(self) -> str:
        return f"<view of {list(self)!r}>"


class ListSlice(SymbolDataSlice):
    """The walk over lists; see `SymbolDataSlice`."""

    __slots__ = ("_length", "_lists_of")

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
        if primary is not None or backend is not None:
            raise InvalidArgumentError("primary and backend are for walks over CandleSeries")
        self._lists_of: dict[str, dict[Any, Sequence[Any]]] = {"bid": {}, "ask": {}}
        for timeframe, side, rows in entries(multi_candle_data):
            self._lists_of[side][timeframe] = _checked(rows, f"{timeframe!r} {side}")
        self.indicators = {} if indicator_cache is None else indicator_cache
        self.set_index(index)

    def set_index(self, index: int) -> None:
        """See `SymbolDataSlice`."""
        self._index = index if type(index) is int and index >= 0 else check_index(index)

    def latest(self, timeframe: Any, price_type: str = "bid") -> Any:
        """See `SymbolDataSlice`."""
        try:
            rows = self._lists_of[price_type][timeframe]
        except (KeyError, TypeError):
            rows = self._missing(timeframe, price_type)
        index = self._index
        return rows[index] if index < len(rows) else None

    def history(self, timeframe: Any, price_type: str = "bid", length: int = 20) -> Any:
        """See `SymbolDataSlice`; a new list."""
        try:
            rows = self._lists_of[price_type][timeframe]
        except (KeyError, TypeError):
            rows = self._missing(timeframe, price_type)
        if type(length) is not int or length < 0:
            length = check_count(length)
        stop = self._index + 1
        return rows[stop - length if stop > length else 0 : stop]

    def history_view(self, timeframe: Any, price_type: str = "bid", length: int = 20) -> RowsView:
        """See `SymbolDataSlice`."""
        rows, count = self.series_ref(timeframe, price_type), check_count(length)
        stop = min(self._index + 1, len(rows))
        return RowsView(rows, max(0, self._index + 1 - count), stop)

    def series_ref(self, timeframe: Any, price_type: str = "bid") -> Any:
        """The very list that was given; an empty one for what is not there."""
        try:
            return self._lists_of[price_type][timeframe]
        except (KeyError, TypeError):
            return self._missing(timeframe, price_type)

    def _missing(self, timeframe: Any, price_type: Any) -> Sequence[Any]:
        return _rows_of(self._lists_of[check_side(price_type)], timeframe)

    def __copy__(self) -> ListSlice:
        made = object.__new__(ListSlice)
        made._lists_of, made.indicators, made._index = self._lists_of, self.indicators, self._index
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        data: dict[Any, dict[str, Sequence[Any]]] = {}
        for side, lists in self._lists_of.items():
            for timeframe, rows in lists.items():
                data.setdefault(timeframe, {})[side] = rows
        return walk_again, (data, self._index, self.indicators, {})

    def __len__(self) -> int:
        return max((len(rows) for side in self._lists_of.values() for rows in side.values()), default=0)

    def __repr__(self) -> str:
        words = ", ".join(
            f"{timeframe} {side}" for side, lists in self._lists_of.items() for timeframe in lists
        )
        return f"<SymbolDataSlice of lists ({words}) at bar {self._index} of {len(self)}>"


SymbolDataSlice._kinds["lists"] = ListSlice


class CandleSet:
    """Bid and ask candles by timeframe, asked by row: a mapping of timeframe to list for each side.

    >>> candles = CandleSet({"M1": ["b0", "b1"]}, {"M1": ["a0", "a1"]})
    >>> candles.get_latest("M1", 1, "ask"), candles.get_latest("M1", 2), candles.get_all("M1")
    ('a1', None, ['b0', 'b1'])
    """

    __slots__ = ("_sides",)

    def __init__(
        self, tf_bid_candles: Mapping[Any, Sequence[Any]], tf_ask_candles: Mapping[Any, Sequence[Any]]
    ) -> None:
        """Keeps both mappings; copies nothing."""
        for name, lists in (("tf_bid_candles", tf_bid_candles), ("tf_ask_candles", tf_ask_candles)):
            if not isinstance(lists, Mapping):
                raise TypeMismatchError(f"{name} must be {{timeframe: [...]}}, not {_shown(lists)}")
            for timeframe, rows in lists.items():
                _checked(rows, f"{timeframe!r} of {name}")
        self._sides = {"bid": tf_bid_candles, "ask": tf_ask_candles}

    def get_latest(self, timeframe: Any, index: int, price_type: str = "bid") -> Any:
        """The candle of row `index`; None past the end and for an unknown timeframe. Negative: 1003."""
        row, rows = check_index(index), self.get_all(timeframe, price_type)
        return rows[row] if row < len(rows) else None

    def get_all(self, timeframe: Any, price_type: str = "bid") -> Sequence[Any]:
        """The very list that was given, to its end; an empty one for an unknown timeframe."""
        return _rows_of(self._sides[check_side(price_type)], timeframe)


def _checked(rows: Any, what: str) -> Any:
    """Rows that can be counted and numbered, or 1004."""
    try:
        len(rows)
    except TypeError:
        pass
    else:
        if hasattr(type(rows), "__getitem__") and not isinstance(rows, (Mapping, AbstractSet)):
            return rows
    raise TypeMismatchError(f"{what} must be a list or another sequence of candles, not {_shown(rows)}")


def _rows_of(lists: Mapping[Any, Sequence[Any]], timeframe: Any) -> Sequence[Any]:
    """The rows of a timeframe; none if it is unknown, 1004 if it could be no key."""
    try:
        return lists.get(timeframe, [])
    except TypeError:
        raise TypeMismatchError(f"a timeframe must be hashable, not {_shown(timeframe)}") from None


def _shown(value: Any) -> str:
    return f"{type(value).__name__}: {value!r}"
