"""A candle series: six columns and an identity, checked once and never changed again.

Makes, describes, shows and pickles the data; questions in time are the slicer's. The columns of a file
that the native library read are fetched when first needed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from . import _backend, _model
from ._arrow_doors import ArrowTarget
from ._candles import Candles, moment, row_of, rows_of_slice, shared_candles
from ._columns import Floats, Stamps, absent, as_stamps, as_values, fingerprint, read_only
from ._counts import kind_of, tick
from ._engine import Engine, Read
from ._errors import DeserializationFailedError, TypeMismatchError
from ._frames import columns_of
from ._model import Candle, Columns, Options, PriceType, check_length, make_candle
from ._quality import Quality, report
from ._search import Coarse
from .timeframe import Timeframe

if TYPE_CHECKING:
    from ._arrow_engine import ArrowEngine
    from ._csv_file import CsvFile
    from ._ipc import IpcFile
    from ._native_engine import Handle

__all__ = ["CandleSeries"]

_COLUMN_SLOTS: Final = (
    "_timestamp",
    "_open",
    "_high",
    "_low",
    "_close",
    "_volume",
    "_stamps",
    "_cells",
    "_absent",
)
_LENDING: Final = threading.Lock()
_STATE_SLOTS: Final = ("_asked", "_coarse", "_digest", "_engine", "_file", "_handle", "_options")


class CandleSeries(ArrowTarget):
    """One symbol, timeframe and price type: an immutable series of candles, safe to read from any thread.

    Made by `from_columns`, `from_dataframe`, `from_arrow`, `read_csv` or `read_ipc`. `timestamp` (int64
    microseconds since 1970-01-01 UTC, open times) and `open`, `high`, `low`, `close`, `volume` (float64) are
    read-only NumPy arrays of shape (rows,). `series[i]` is a `Candle`, `series[a:b]` are `Candles`. Two
    series are equal only if they are the same object.

    >>> import numpy as np
    >>> stamps = np.array(["2024-03-01T00:00", "2024-03-01T00:01"], "datetime64[us]")
    >>> prices = np.array([1.0, 1.1])
    >>> series = CandleSeries.from_columns(
    ...     stamps, prices, prices, prices, prices, symbol="EURUSD", timeframe="M1", price_type="bid")
    >>> series
    <CandleSeries EURUSD M1 bid: 2 candles, 2024-03-01 00:00 to 2024-03-01 00:01>
    >>> series.timeframe, str(series.price_type), series.close, series[-1].close
    (Timeframe('M1'), 'bid', array([1. , 1.1]), 1.1)
    """

    __slots__ = (*_COLUMN_SLOTS, *_STATE_SLOTS, "__weakref__")
    _timestamp: Stamps
    _open: Floats
    _high: Floats
    _low: Floats
    _close: Floats
    _volume: Floats
    _stamps: memoryview
    _cells: tuple[memoryview, ...]
    _absent: bool
    _options: Options
    _engine: Engine
    _handle: Handle | None
    _asked: str | None
    _file: CsvFile | IpcFile | None
    _coarse: Coarse | None
    _digest: str | None

    def __init__(self, *_: Any, **__: Any) -> None:
        raise TypeMismatchError(
            "a CandleSeries is made by CandleSeries.from_columns, CandleSeries.from_dataframe or read_csv"
        )

    @classmethod
    def from_columns(
        cls,
        timestamp: Any,
        open: Any,  # noqa: A002 - the column's own name
        high: Any,
        low: Any,
        close: Any,
        volume: Any = None,
        *,
        symbol: str,
        timeframe: Timeframe | str | int,
        price_type: PriceType | str,
        check: str = "full",
        allow_missing: bool = False,
        copy: bool = False,
        backend: str | None = None,
    ) -> CandleSeries:
        """A series over arrays of one length, shared where possible: they must not change while it lives.

        Contiguous int64 or datetime64[us] stamps and float64 values are shared, everything else (lists,
        other types, strided arrays) and with `copy=True` everything is copied, 48 bytes a row. Stamps are
        microseconds since 1970 UTC or dates. `check` is "full", "order" (stamps only) or "none" (you vouch);
        `allow_missing` admits NaN prices. O(rows).

        Raises `SizeMismatchError`, `TypeMismatchError`, `InvalidArgumentError`, `InvalidFormatError` (a stamp
        finer than a microsecond) and `ConstraintViolationError` (stamps that do not increase, prices that are
        not finite), naming the first offending row and its value.

        >>> CandleSeries.from_columns([60, 60], [1, 1], [1, 1], [1, 1], [1, 1],
        ...                           symbol="X", timeframe="M1", price_type="bid")
        Traceback (most recent call last):
        omega_slicer.ConstraintViolationError: row 1: timestamp 60 is not after 60
        """
        copy = _model.check_flag(copy, "copy")
        columns = Columns(
            as_stamps(timestamp, copy=copy),
            as_values(open, "open", copy=copy),
            as_values(high, "high", copy=copy),
            as_values(low, "low", copy=copy),
            as_values(close, "close", copy=copy),
            None if volume is None else as_values(volume, "volume", copy=copy),
        )
        check_length(columns)
        options = Options.of(symbol, timeframe, price_type, check, allow_missing)
        engine = _backend.engine("slicer", backend)
        tick("from_columns", kind_of(engine.name))
        series = cls._made(options, engine, engine.accept(columns, options), backend, None)
        series._show(columns)
        return series

    @classmethod
    def from_dataframe(
        cls,
        df: Any,
        *,
        symbol: str,
        timeframe: Timeframe | str | int,
        price_type: PriceType | str,
        copy: bool = True,
        check: str = "full",
        allow_missing: bool = False,
        backend: str | None = None,
    ) -> CandleSeries:
        """A series from a pandas or Polars frame; the data are copied, since a frame can change under us.

        Columns in any case: open, high, low, close, perhaps volume, and one of timestamp, time, datetime,
        date or "UTC time", or dates in the index of a pandas frame. Times without a zone are UTC. O(rows).
        Raises `SchemaViolationError` naming missing or repeated columns; else as `from_columns`.
        """
        return cls.from_columns(
            **columns_of(df),
            symbol=symbol,
            timeframe=timeframe,
            price_type=price_type,
            check=check,
            allow_missing=allow_missing,
            copy=copy,
            backend=backend,
        )

    @classmethod
    def _made(
        cls,
        options: Options,
        engine: Engine,
        handle: Handle | None,
        asked: str | None,
        file: CsvFile | IpcFile | None,
    ) -> CandleSeries:
        series = cls.__new__(cls)
        series._options, series._engine, series._handle = options, engine, handle
        series._asked, series._file = asked, file
        series._coarse = series._digest = None
        return series

    @classmethod
    def _from(
        cls, read: Read, options: Options, engine: Engine, asked: str | None, file: CsvFile | IpcFile | None
    ) -> CandleSeries:
        series = cls._made(options, engine, read.handle, asked, file)
        if read.columns is not None:
            series._show(read.columns)
        return series

    def _show(self, columns: Columns) -> None:
        """Keep the columns, read-only, as arrays and as the memoryviews that single rows are read from."""
        length = len(columns.timestamp)
        self._absent = columns.volume is None
        volume = absent(length) if columns.volume is None else read_only(columns.volume)
        arrays: list[Any] = [*(read_only(column) for column in columns[:5] if column is not None), volume]
        self._timestamp, self._open, self._high, self._low, self._close, self._volume = arrays
        self._cells = tuple(array.data for array in arrays)
        self._stamps = self._cells[0]

    def __getattr__(self, name: str) -> Any:
        # Only reached for slots still empty: the columns of a file that the native library read.
        if name in _COLUMN_SLOTS and self._handle is not None:
            self._show(self._engine.columns(self._handle))
            return getattr(self, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _handle_of(self, engine: Engine) -> int:
        """The native series' address; made here, once, for a series of the other backend."""
        if self._handle is None:
            with _LENDING:  # a second handle would free the first while another thread uses it
                if self._handle is None:
                    unchecked = self._options._replace(check="none")
                    self._handle = engine.accept(self._columns(), unchecked)
        assert self._handle is not None
        return self._handle.address

    def _columns(self) -> Columns:
        volume = None if self._absent else self._volume
        return Columns(self._timestamp, self._open, self._high, self._low, self._close, volume)

    def _candle(self, row: int) -> Candle:
        timestamp, open_, high, low, close, volume = self._cells
        values = (timestamp[row], open_[row], high[row], low[row], close[row], volume[row])
        return make_candle(Candle, values)

    def _stretches(self) -> Coarse:
        if self._coarse is None:
            self._coarse = Coarse(self._timestamp)
        return self._coarse

    @property
    def symbol(self) -> str:
        """The instrument."""
        return self._options.symbol

    @property
    def timeframe(self) -> Timeframe:
        """How long each candle lasts."""
        return self._options.timeframe

    @property
    def price_type(self) -> PriceType:
        """The side of the market; equal to "bid" or "ask"."""
        return self._options.price_type

    @property
    def title(self) -> str:
        """Symbol, timeframe and price type in one line."""
        return f"{self.symbol} {self.timeframe} {self.price_type}".lstrip()

    @property
    def backend(self) -> str:
        """The backend this series was made with: "native" or "python"."""
        return self._engine.name

    @property
    def timestamp(self) -> Stamps:
        """Open times, int64 microseconds since 1970-01-01 UTC."""
        return self._timestamp

    @property
    def open(self) -> Floats:
        """First prices."""
        return self._open

    @property
    def high(self) -> Floats:
        """Highest prices."""
        return self._high

    @property
    def low(self) -> Floats:
        """Lowest prices."""
        return self._low

    @property
    def close(self) -> Floats:
        """Last prices."""
        return self._close

    @property
    def volume(self) -> Floats:
        """Traded volumes, NaN where missing."""
        return self._volume

    def quality(self, ask: CandleSeries | None = None) -> Quality:
        """What is legal but odd here, and how this bid series fits `ask`. O(rows).

        >>> prices = [1.0, 1.1]
        >>> series = CandleSeries.from_columns([0, 180_000_000], prices, prices, prices, prices,
        ...                                    symbol="X", timeframe="M1", price_type="bid")
        >>> series.quality().gaps, dict(series.quality().steps)
        (1, {180000000: 1})
        """
        if ask is not None and not isinstance(ask, CandleSeries):
            raise TypeMismatchError(f"ask must be a CandleSeries, not {type(ask).__name__}")
        return report(self, ask, self._engine)

    def refresh(self) -> str:
        """What has become of the file: "not mapped", "unchanged", "changed" or "gone". O(1).

        The series itself never changes; a mapped file that did should be read again.
        """
        return self._engine.arrow.refresh(self)

    def _rows(self) -> tuple[CandleSeries, int, int]:
        return self, 0, len(self)

    def _arrow(self) -> ArrowEngine:
        return self._engine.arrow

    def __len__(self) -> int:
        return len(self._stamps)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Candle: ...
    @overload
    def __getitem__(self, index: slice) -> Candles: ...
    def __getitem__(self, index: int | np.integer[Any] | slice) -> Candle | Candles:
        if isinstance(index, slice):
            return shared_candles(self, *rows_of_slice(index, len(self)))
        return self._candle(row_of(index, len(self)))

    def __iter__(self) -> Iterator[Candle]:
        return iter(self[:])

    def __copy__(self) -> CandleSeries:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> CandleSeries:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self._file is not None:
            return _read_again, (self._file, self._options, self._asked, self._fingerprint())
        return _from_values, (self._columns(), self._options, self._asked)

    def _fingerprint(self) -> str:
        if self._digest is None:
            self._digest = fingerprint(self._columns())
        return self._digest

    def __repr__(self) -> str:
        span = f", {moment(self._stamps[0])} to {moment(self._stamps[-1])}" if len(self) else ""
        return f"<CandleSeries {self.title}: {len(self)} candles{span}>"


def _from_values(columns: Columns, options: Options, asked: str | None) -> CandleSeries:
    """Unpickle what was pickled by value; it was checked before."""
    unchecked = {**options._asdict(), "check": "none"}
    return CandleSeries.from_columns(*columns, **unchecked, backend=asked)


def _read_again(
    file: CsvFile | IpcFile, options: Options, asked: str | None, fingerprint: str
) -> CandleSeries:
    """Unpickle what was pickled by path; the file must still hold the same candles."""
    series = file.read(options, asked)
    if series._fingerprint() != fingerprint:
        raise DeserializationFailedError(
            f"{file.path}: the file no longer holds the candles that were pickled ({series.title})"
        )
    return series
