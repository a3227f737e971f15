"""Arrow on the objects people hold: what `CandleSeries` and `Candles` give, and what a series is made from.

The doors alone: checks arguments, counts, asks the backend. Files by name are `_ipc`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _backend
from ._arrow_engine import Imported
from ._arrow_table import ArrowOptions
from ._counts import kind_of, tick
from ._engine import Read
from ._errors import NotBuiltInError, TypeMismatchError
from ._model import PriceType, check_path
from .timeframe import Timeframe

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa  # type: ignore[import-untyped]
    from typing_extensions import Self

    from ._engine import Engine
    from ._series import CandleSeries

__all__ = ["ArrowSource", "ArrowTarget"]


class ArrowSource:
    """What can be read as an Arrow table: one batch of the registered schema `symbol_slice`.

    Made of the series' own memory; only a volume with missing values is copied, its NaNs being nulls.
    """

    __slots__ = ()

    def _rows(self) -> tuple[CandleSeries, int, int]:
        raise NotImplementedError

    def __arrow_c_schema__(self) -> Any:
        return self._rows()[0]._arrow().schema(self._rows()[0])

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        series, start, stop = self._rows()
        return series._arrow().array(series, start, stop)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        series, start, stop = self._rows()
        return series._arrow().stream(series, start, stop)

    def to_arrow(self) -> pa.Table:
        """A pyarrow Table over the same memory. O(rows). `NotBuiltInError` without pyarrow.

        For Parquet: `pyarrow.parquet.write_table(candles.to_arrow(), path)`, and back with
        `CandleSeries.from_arrow(pyarrow.parquet.read_table(path))`.
        """
        try:
            import pyarrow  # noqa: PLC0415, ICN001 - pyarrow is optional
        except ImportError as error:
            raise NotBuiltInError(f"to_arrow needs pyarrow: {error}") from None
        return pyarrow.table(self)

    def to_polars(self) -> pl.DataFrame:
        """A Polars DataFrame over the same memory. O(rows). `NotBuiltInError` without Polars.

        For Parquet: `candles.to_polars().write_parquet(path)`, and back with
        `CandleSeries.from_arrow(polars.read_parquet(path), symbol=..., timeframe=..., price_type=...)`.
        """
        try:
            import polars  # noqa: PLC0415, ICN001 - Polars is optional
        except ImportError as error:
            raise NotBuiltInError(f"to_polars needs Polars: {error}") from None
        return polars.DataFrame(self)

    def to_pandas(self) -> pd.DataFrame:
        """A copy as a pandas DataFrame, indexed by UTC time. O(n). `NotBuiltInError` without pandas."""
        try:
            import pandas as pd  # noqa: PLC0415 - pandas is optional
        except ImportError as error:
            raise NotBuiltInError(f"to_pandas needs pandas: {error}") from None
        series, start, stop = self._rows()
        index = pd.DatetimeIndex(series.timestamp[start:stop].astype("M8[us]"), name="timestamp")
        names = ("open", "high", "low", "close", "volume")
        columns = {name: getattr(series, name)[start:stop].copy() for name in names}
        return pd.DataFrame(columns, index=index.tz_localize("UTC"))

    def to_ipc(self) -> bytes:
        """The bytes of an Arrow IPC file (Feather 2) with one batch, uncompressed. O(rows).

        Without the native library `NotBuiltInError` unless there is pyarrow.
        """
        series, start, stop = self._rows()
        tick("to_ipc", kind_of(series.backend))
        return series._arrow().to_ipc(series, start, stop)

    def write_ipc(self, path: Any) -> None:
        """Write an Arrow IPC file (Feather 2) with one batch, uncompressed: it can be mapped. O(rows).

        Written beside the target, then renamed: there is the old file or the new one, never half of it.
        Raises `FileMissingError` (no such folder), `PermissionDeniedError`, `InputOutputError`; without the
        native library `NotBuiltInError` unless there is pyarrow.
        """
        series, start, stop = self._rows()
        name = check_path(path)
        tick("write_ipc", kind_of(series.backend))
        series._arrow().write_ipc(series, start, stop, name)


class ArrowTarget(ArrowSource):
    """What can be made from an Arrow table."""

    __slots__ = ()

    @classmethod
    def _from(cls, read: Read, options: Any, engine: Engine, asked: str | None, file: Any) -> Self:
        raise NotImplementedError

    @classmethod
    def from_arrow(
        cls,
        obj: Any,
        *,
        symbol: str | None = None,
        timeframe: Timeframe | str | int | None = None,
        price_type: PriceType | str | None = None,
        check: str = "full",
        allow_missing: bool = False,
        strict: bool = False,
        backend: str | None = None,
    ) -> Self:
        """A series over an Arrow table: anything with `__arrow_c_stream__` or `__arrow_c_array__`.

        So do tables of pyarrow, Polars, pandas, DuckDB and nanoarrow. Columns in any case and order: the time
        (timestamp, time, datetime, date, "utc time", pandas' unnamed index or the only timestamp column, in
        UTC whatever its zone), open, high, low, close, perhaps volume, perhaps `valid` (false: a missing bar,
        left out unless `allow_missing`); others are ignored. A table of one batch is shared, not copied,
        where it holds microseconds and float64 without nulls; it must not change while the series lives. What
        is not given is taken from the table's metadata. `strict` admits the schemas of `schemas()` alone, to
        the letter. O(rows), with `check="none"` O(1) for what is shared.

        Raises `TypeMismatchError` for what is no table and for integers beyond 2^53, `SchemaViolationError`
        naming columns, `InvalidArgumentError` naming what is missing, `InvalidFormatError` for stamps finer
        than a microsecond, `DeserializationFailedError` for damaged structs; else as `from_columns`.

        >>> import omega_slicer as om
        >>> series = om.CandleSeries.from_columns([0, 60_000_000], [1, 2], [1, 2], [1, 2], [1, 2],
        ...                                       symbol="EURUSD", timeframe="M1", price_type="bid")
        >>> om.CandleSeries.from_arrow(series[1:])
        <CandleSeries EURUSD M1 bid: 1 candles, 1970-01-01 00:01 to 1970-01-01 00:01>
        """
        options = ArrowOptions.of(symbol, timeframe, price_type, check, allow_missing, strict)
        engine = _backend.engine("slicer", backend)
        tick("from_arrow", kind_of(engine.name))
        return cls._arrived(engine.arrow.take(obj, options), engine, backend, None)

    @classmethod
    def from_ipc(
        cls,
        data: Any,
        *,
        check: str | None = None,
        symbol: str | None = None,
        timeframe: Timeframe | str | int | None = None,
        price_type: PriceType | str | None = None,
        allow_missing: bool = False,
        strict: bool = False,
        backend: str | None = None,
    ) -> Self:
        """A series from the bytes of an Arrow IPC file or stream; what is kept is copied. O(size).

        Rules and errors are those of `read_ipc`.

        >>> import omega_slicer as om
        >>> series = om.CandleSeries.from_columns([0, 60_000_000], [1, 2], [1, 2], [1, 2], [1, 2],
        ...                                       symbol="EURUSD", timeframe="M1", price_type="bid")
        >>> om.CandleSeries.from_ipc(series.to_ipc()).close
        array([1., 2.])
        """
        options = ArrowOptions.of(symbol, timeframe, price_type, check, allow_missing, strict)
        try:
            held = data if isinstance(data, bytes) else memoryview(data).tobytes()
        except TypeError:
            raise TypeMismatchError(f"IPC data are bytes, not {type(data).__name__}") from None
        engine = _backend.engine("slicer", backend)
        tick("from_ipc", kind_of(engine.name))
        return cls._arrived(engine.arrow.parse_ipc(held, options), engine, backend, None)

    @classmethod
    def _arrived(cls, imported: Imported, engine: Engine, asked: str | None, file: Any) -> Self:
        read = Read(imported.columns, imported.handle)
        return cls._from(read, imported.options, engine, asked, file)
