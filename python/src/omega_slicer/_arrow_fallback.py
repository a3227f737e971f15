"""Arrow for the `python` backend: C structs in ctypes, IPC files through pyarrow or Polars.

The same rules, values and codes as the native library. Never loads anything but pyarrow and Polars, and those
only when a file or a capsule is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _arrow_ipc
from ._arrow_c import ARRAY, SCHEMA, STREAM, ArrowArray, ArrowArrayStream, ArrowSchema
from ._arrow_engine import Imported
from ._arrow_export import array_of, rows_of, schema_of, stream_of
from ._arrow_import import ask, table_of
from ._arrow_leases import lend
from ._arrow_table import ArrowOptions, Table, columns_of_table
from ._series_checks import check_columns

if TYPE_CHECKING:
    from ._series import CandleSeries

__all__ = ["PythonArrow"]


class PythonArrow:
    """The `ArrowEngine` in Python."""

    def take(self, source: Any, options: ArrowOptions) -> Imported:
        """The producer's memory is kept while columns of it are."""
        return _imported(table_of(ask(source)), options, "full")

    def read_ipc(self, path: str, mmap: bool, options: ArrowOptions) -> Imported:
        """Through pyarrow or Polars."""
        with _arrow_ipc.naming(path):
            table = _arrow_ipc.read(path, mmap, options.strict)
            return _imported(table, options, "order" if mmap else "full")

    def parse_ipc(self, data: bytes, options: ArrowOptions) -> Imported:
        """Through pyarrow or Polars."""
        return _imported(_arrow_ipc.parse(data, options.strict), options, "full")

    def write_ipc(self, series: CandleSeries, start: int, stop: int, path: str) -> None:
        """Through pyarrow."""
        _arrow_ipc.write(rows_of(series, start, stop), path)

    def to_ipc(self, series: CandleSeries, start: int, stop: int) -> bytes:
        """Through pyarrow."""
        return _arrow_ipc.to_bytes(rows_of(series, start, stop))

    def schema(self, series: CandleSeries) -> Any:
        """Made by pyarrow, if it is there."""
        carrier = _arrow_ipc.carrier()
        if carrier is not None:
            return _arrow_ipc.batch_of(carrier, rows_of(series, 0, 0)).schema.__arrow_c_schema__()
        struct = ArrowSchema()
        schema_of(series, struct)
        return lend(struct, SCHEMA)

    def array(self, series: CandleSeries, start: int, stop: int) -> tuple[Any, Any]:
        """Made by pyarrow, if it is there."""
        rows, carrier = rows_of(series, start, stop), _arrow_ipc.carrier()
        if carrier is not None:
            schema, array = _arrow_ipc.batch_of(carrier, rows).__arrow_c_array__()
            return schema, array
        struct = ArrowArray()
        array_of(rows, struct)
        return self.schema(series), lend(struct, ARRAY)

    def stream(self, series: CandleSeries, start: int, stop: int) -> Any:
        """Made by pyarrow, if it is there."""
        rows, carrier = rows_of(series, start, stop), _arrow_ipc.carrier()
        if carrier is not None:
            return _arrow_ipc.batch_of(carrier, rows).__arrow_c_stream__()
        struct = ArrowArrayStream()
        stream_of(rows, struct)
        return lend(struct, STREAM)

    def refresh(self, series: CandleSeries) -> str:
        """By a look at the file."""
        return "not mapped" if series._file is None else series._file.state()


def _imported(table: Table, given: ArrowOptions, default_check: str) -> Imported:
    found = columns_of_table(table, given, default_check)
    check_columns(found.columns, found.options, found.row)
    return Imported(found.columns, None, found.options)
