"""One moment across several symbols: which candle each has then, and what it costs to trade.

The moments are put together once, by the backend; what is asked at one of them is answered here over the
shared columns. Nothing is shown that has not closed at the moment's decision time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from . import _backend
from ._columns import Stamps, read_only
from ._counts import ticker
from ._errors import EmptyInputError, InvalidArgumentError, OutOfBoundsError, TypeMismatchError
from ._model import Candle, PriceType, check_flag, make_candle, one_of
from ._series import CandleSeries
from ._symbol_slice import SIDES, check_count, check_index
from ._time import INT64_MAX
from ._timeframes import check_span

__all__ = ["MultiSymbolSlice"]


class _Column:
    """A series and its row at each moment."""

    __slots__ = ("cells", "close", "rows", "series")

    def __init__(self, series: CandleSeries, rows: Stamps) -> None:
        self.series = series
        self.rows = rows.data
        self.cells = series._cells
        self.close = series._cells[4]


class MultiSymbolSlice:
    """One moment across several symbols, moved through time.

    The moments are the stamps that all series share, or with `timeline="union"` all there are; every series
    has the same timeframe, and a moment stamped t is decided at t + timeframe. At a moment a series shows the
    candle stamped exactly then; with `asof` the latest one closed by its decision time, unless it is more
    than `stale_limit` (microseconds or a `timedelta`) old.

    Iterating goes through the moments from the first, yields each one's timestamp, and leaves the slice
    there. Iterators of one slice share its moment: each goes on from wherever the slice was moved to. Slices
    that go their own ways are copies (`copy.copy`).

    >>> import numpy as np
    >>> import omega_slicer as om
    >>> def series(symbol, side, price, minutes):
    ...     p = np.full(len(minutes), price)
    ...     return om.CandleSeries.from_columns(
    ...         np.array(minutes) * 60_000_000, p, p, p, p, symbol=symbol, timeframe="M1", price_type=side)
    >>> market = om.MultiSymbolSlice([
    ...     series("EURUSD", "bid", 1.25, [0, 1, 3]), series("EURUSD", "ask", 1.5, [0, 1, 3]),
    ...     series("GBPUSD", "bid", 2.0, [1, 2, 3])])
    >>> [(stamp // 60_000_000, market.get_price("EURUSD"), market.get_spread("EURUSD")) for stamp in market]
    [(1, 1.375, 0.25), (3, 1.375, 0.25)]
    """

    __slots__ = (
        "__weakref__",
        "_columns",
        "_count_candle",
        "_count_price",
        "_engine",
        "_how",
        "_index",
        "_span",
        "_symbols",
        "_timeline",
        "_times",
    )

    def __init__(
        self,
        series: Iterable[CandleSeries],
        *,
        timeline: str = "intersection",
        asof: bool = False,
        stale_limit: int | timedelta | None = None,
        backend: str | None = None,
    ) -> None:
        """Stands on the first moment. O(rows of all series).

        Raises `EmptyInputError` without a series, `InvalidArgumentError` for different timeframes, for a
        symbol and side given twice, and for a `stale_limit` that is negative or without `asof`.
        """
        given = _listed(series)
        if not given:
            raise EmptyInputError("several symbols need at least one series")
        frames = {one.timeframe: one for one in given}
        if len(frames) > 1:
            raise InvalidArgumentError(
                f"one timeframe for all, not {', '.join(frame.name for frame in frames)}"
            )
        union = one_of(timeline, ("intersection", "union"), "timeline") == "union"
        latest = check_flag(asof, "asof")
        limit = None if stale_limit is None else check_span(stale_limit, "stale_limit")
        if limit is not None and (limit < 0 or not latest):
            why = "is negative" if limit < 0 else "needs asof=True"
            raise InvalidArgumentError(f"stale_limit {limit} {why}")
        keys = [(one.symbol, str(one.price_type)) for one in given]
        for key in keys:
            if keys.count(key) > 1:
                raise InvalidArgumentError(f"{key[0]} {key[1]} was given twice")
        engine = _backend.engine("multi_symbol", backend)
        moments, rows = engine.moments(given, union, latest, limit)
        self._engine = engine
        self._how = {"timeline": timeline, "asof": latest, "stale_limit": limit, "backend": backend}
        self._columns = {
            key: _Column(*pair) for key, pair in zip(keys, zip(given, rows, strict=True), strict=True)
        }
        self._symbols = tuple(dict.fromkeys(symbol for symbol, _ in keys))
        self._timeline = read_only(moments)
        self._times = self._timeline.data
        self._span = given[0].timeframe.duration
        self._index = 0
        self._count_candle = ticker("get_candle", engine.single)
        self._count_price = ticker("get_price", engine.single)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, in the order they were given."""
        return self._symbols

    @property
    def timeline(self) -> Stamps:
        """The moments' timestamps, ascending: (moments,) int64 microseconds, read-only."""
        return self._timeline

    @property
    def index(self) -> int:
        """The number of the moment; assigning is `set_index`."""
        return self._index

    @index.setter
    def index(self, index: int) -> None:
        self.set_index(index)

    @property
    def timestamp(self) -> int:
        """The moment's timestamp, microseconds since 1970-01-01 UTC."""
        self._check_any()
        return int(self._times[self._index])

    @property
    def decision_time(self) -> int:
        """When the moment's candles close."""
        return min(self.timestamp + self._span, INT64_MAX)

    @property
    def backend(self) -> str:
        """The backend that put the moments together: "native" or "python"."""
        return self._engine.name

    def set_index(self, index: int) -> None:
        """Go to a moment; `OutOfBoundsError` where there is none. O(1)."""
        number = check_index(index)
        if number >= len(self._times):
            raise OutOfBoundsError(f"moment {number} is past the last of {len(self._times)}")
        self._index = number

    def peek(self, n: int = 1) -> int | None:
        """The timestamp `n` moments ahead, None past the end: when, never at what price."""
        self._check_any()
        ahead = self._index + _steps(n)
        return int(self._times[ahead]) if ahead < len(self._times) else None

    def skip(self, n: int = 1) -> int:
        """Go ahead by `n` moments, or to the last; how many were gone."""
        steps = min(_steps(n), max(0, len(self._times) - 1 - self._index))
        self._index += steps
        return steps

    def get_candle(self, symbol: str, price_type: str | PriceType = "bid") -> Candle | None:
        """The symbol's candle at this moment, or None; `InvalidArgumentError` if it was never given. O(1)."""
        column = self._column(symbol, price_type)
        self._count_candle()
        row = self._row(column)
        if row < 0:
            return None
        timestamp, open_, high, low, close, volume = column.cells
        values = (timestamp[row], open_[row], high[row], low[row], close[row], volume[row])
        return make_candle(Candle, values)

    def get_price(self, symbol: str, price_type: str = "mid") -> float | None:
        """The close of the bid or the ask, or `(bid + ask) / 2`; None where a candle is missing. O(1)."""
        if price_type == "mid":
            bid, ask = self._both(symbol)
            return None if bid is None or ask is None else (bid + ask) / 2
        column = self._column(symbol, price_type, ("bid", "ask", "mid"))
        self._count_price()
        row = self._row(column)
        if row < 0:
            return None
        price: float = column.close[row]
        return price

    def get_spread(self, symbol: str) -> float | None:
        """Ask minus bid of the closes; None where a candle is missing. O(1)."""
        bid, ask = self._both(symbol)
        return None if bid is None or ask is None else ask - bid

    def snapshot(self) -> dict[str, dict[str, Candle | None]]:
        """Every candle of this moment: `{symbol: {"bid": candle, "ask": candle}}` of the sides given."""
        found: dict[str, dict[str, Candle | None]] = {symbol: {} for symbol in self._symbols}
        for symbol, side in self._columns:
            found[symbol][side] = self.get_candle(symbol, side)
        return found

    def _both(self, symbol: str) -> tuple[float | None, float | None]:
        for side in ("bid", "ask"):
            self._column(symbol, side)
        return self.get_price(symbol, "bid"), self.get_price(symbol, "ask")

    def _column(self, symbol: str, price_type: str, words: tuple[str, ...] = SIDES) -> _Column:
        try:
            column = self._columns.get((symbol, price_type))
        except TypeError:  # one of them is not hashable
            column = None
        if column is None:
            side = one_of(price_type, words, "price_type")
            if not isinstance(symbol, str):
                raise TypeMismatchError(f"a symbol must be a str, not {type(symbol).__name__}: {symbol!r}")
            given = ", ".join(" ".join(key) for key in self._columns)
            raise InvalidArgumentError(f"{symbol!r} {side} was never given; there are {given}")
        return column

    def _row(self, column: _Column) -> int:
        try:
            row: int = column.rows[self._index]
        except IndexError:
            self._check_any()
            raise
        return row

    def _check_any(self) -> None:
        if not len(self._times):
            raise OutOfBoundsError("the symbols share no moment: the timeline is empty")

    def __iter__(self) -> Iterator[int]:
        self._index = 0
        if len(self._times):
            yield int(self._times[0])
            while self.skip():
                yield int(self._times[self._index])

    def __len__(self) -> int:
        return len(self._times)

    def __copy__(self) -> MultiSymbolSlice:
        return _again(*self.__reduce__()[1])

    def __deepcopy__(self, memo: dict[int, Any]) -> MultiSymbolSlice:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, ([column.series for column in self._columns.values()], self._how, self._index)

    def __repr__(self) -> str:
        return f"<MultiSymbolSlice of {', '.join(self._symbols)}: moment {self._index} of {len(self)}>"


def _listed(series: Any) -> list[CandleSeries]:
    """The series as a list, or 1004."""
    wanted = "several symbols are given as a list of CandleSeries"
    if isinstance(series, CandleSeries):
        raise TypeMismatchError(f"{wanted}, not as one of them ({series.title}): put it into a list")
    if not isinstance(series, Iterable) or isinstance(series, (str, Mapping)):
        raise TypeMismatchError(f"{wanted}, not as {type(series).__name__}: {series!r}")
    given = list(series)
    for one in given:
        if not isinstance(one, CandleSeries):
            raise TypeMismatchError(f"{wanted}; there is {type(one).__name__} among them: {one!r}")
    return given


def _steps(n: Any) -> int:
    return check_count(n, "n")


def _again(series: list[CandleSeries], how: dict[str, Any], index: int) -> MultiSymbolSlice:
    made = MultiSymbolSlice(series, **how)
    if index:
        made.set_index(index)
    return made
