"""Rows of a series as Arrow structs, in Python: an array over the series' own memory, or a stream of it.

Every struct that leaves holds on to what it points at until its release is called, which may happen on any
thread; children may be moved out and released on their own. Nothing is copied. The callbacks are Python
functions, which must not run while an exception is on its way (see `_arrow_leases`): where pyarrow is at hand
it exports instead.
"""

from __future__ import annotations

import ctypes
import itertools
import struct as packing
from collections.abc import Callable
from ctypes import PYFUNCTYPE, c_void_p, py_object
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from ._arrow_c import GET, NULLABLE, RELEASE, ArrowArray, ArrowArrayStream, ArrowSchema
from ._arrow_schemas import SYMBOL_SLICE
from ._arrow_values import Bytes
from ._columns import FIELDS, Floats, Stamps

if TYPE_CHECKING:
    from ._series import CandleSeries

__all__ = ["Rows", "array_of", "metadata_of", "rows_of", "schema_of", "stream_of"]

_FORMATS: Final = {"timestamp[us, UTC]": b"tsu:UTC", "float64": b"g"}
_EINVAL: Final = 22


class Rows(NamedTuple):
    """Some rows of a series; `validity` is the bitmap of a volume with missing values."""

    series: CandleSeries
    columns: tuple[Stamps | Floats, ...]
    validity: Bytes | None
    nulls: int

    def __len__(self) -> int:
        return len(self.columns[0])


def rows_of(series: CandleSeries, start: int, stop: int) -> Rows:
    """The rows as they travel: a missing volume is null."""
    columns = [getattr(series, name)[start:stop] for name in ("timestamp", *FIELDS)]
    missing = np.isnan(columns[-1])
    nulls = int(np.count_nonzero(missing))
    columns[-1] = np.ascontiguousarray(columns[-1])  # an absent one is a single NaN, over and over
    validity = np.packbits(~missing, bitorder="little") if nulls else None
    return Rows(series, tuple(columns), validity, nulls)


def metadata_of(series: CandleSeries) -> dict[str, str]:
    """What a table says of itself."""
    return {
        "schema_name": SYMBOL_SLICE.name,
        "schema_version": SYMBOL_SLICE.version,
        "symbol": series.symbol,
        "timeframe": series.timeframe.name,
        "price_type": str(series.price_type),
    }


# What the structs that are out point at, by the number in their private_data.
_live: Final[dict[int, Any]] = {}
_numbers: Final = itertools.count(1)


def _kept(*things: Any) -> int:
    number = next(_numbers)
    _live[number] = things
    return number


def _releaser(
    kind: type[ArrowSchema | ArrowArray | ArrowArrayStream],
) -> Callable[[int], None]:
    # Everything by argument: at the end of the process even builtins are gone before all structs are.
    with_children = kind is not ArrowArrayStream

    def release(
        address: int,
        live: dict[int, Any] = _live,
        at: Any = kind.from_address,
        pointer: Any = c_void_p,
        with_children: bool = with_children,
    ) -> None:
        struct = at(address)
        struct.release = None  # first, since consumers end the process where it is not done
        if with_children and struct.children:
            for child in (pointer * struct.n_children).from_address(struct.children):
                if child and at(child).release:
                    release(child)
        live.pop(struct.private_data, None)

    return release


_release_schema: Final = RELEASE(_releaser(ArrowSchema))
_release_array: Final = RELEASE(_releaser(ArrowArray))
_release_stream: Final = RELEASE(_releaser(ArrowArrayStream))


def _address(function: Any) -> int | None:
    return ctypes.cast(function, c_void_p).value


def _bytes_at(text: bytes) -> int | None:
    return ctypes.cast(ctypes.c_char_p(text), c_void_p).value


def _schema(name: bytes, code: bytes, flags: int, into: ArrowSchema, *kept: Any) -> None:
    into.format, into.name = _bytes_at(code), _bytes_at(name)
    into.flags = flags
    into.private_data = _kept(name, code, *kept)
    into.release = _RELEASE_SCHEMA


def schema_of(series: CandleSeries, into: ArrowSchema) -> None:
    """Describe the table."""
    children = []
    for field in SYMBOL_SLICE.fields:
        child = ArrowSchema()
        _schema(field.name.encode(), _FORMATS[field.type], NULLABLE if field.nullable else 0, child)
        children.append(child)
    pointers = (c_void_p * len(children))(*map(ctypes.addressof, children))
    metadata = _packed(metadata_of(series))
    into.metadata = _bytes_at(metadata)
    into.n_children, into.children = len(children), ctypes.addressof(pointers)
    _schema(b"", b"+s", 0, into, children, pointers, metadata)


def _packed(metadata: dict[str, str]) -> bytes:
    parts = [packing.pack("=i", len(metadata))]
    for text in itertools.chain.from_iterable(metadata.items()):
        encoded = text.encode()
        parts += [packing.pack("=i", len(encoded)), encoded]
    return b"".join(parts)


def _array(length: int, nulls: int, buffers: list[int | None], into: ArrowArray, *kept: Any) -> None:
    pointers = (c_void_p * len(buffers))(*buffers)
    into.length, into.null_count = length, nulls
    into.n_buffers, into.buffers = len(buffers), ctypes.addressof(pointers)
    into.private_data = _kept(pointers, *kept)
    into.release = _RELEASE_ARRAY


def array_of(rows: Rows, into: ArrowArray) -> None:
    """The columns as children of one struct array."""
    children = []
    for column in rows.columns:
        child, last = ArrowArray(), column is rows.columns[-1]
        validity = rows.validity if last else None
        bitmap = None if validity is None else validity.ctypes.data
        _array(len(rows), rows.nulls if last else 0, [bitmap, column.ctypes.data], child, column, validity)
        children.append(child)
    pointers = (c_void_p * len(children))(*map(ctypes.addressof, children))
    into.n_children, into.children = len(children), ctypes.addressof(pointers)
    _array(len(rows), 0, [None], into, children, pointers)


def _get_schema(stream: int, into: int) -> int:
    try:
        rows = _live[ArrowArrayStream.from_address(stream).private_data][0][0]
        schema_of(rows.series, _cleared(ArrowSchema, into))
    except Exception:  # nothing may leave a callback
        return _EINVAL
    return 0


def _get_next(stream: int, into: int) -> int:
    try:
        left = _live[ArrowArrayStream.from_address(stream).private_data][0]
        array = _cleared(ArrowArray, into)
        if len(left) > 1:
            array_of(left.pop(), array)
    except Exception:  # as above
        return _EINVAL
    return 0


def _get_last_error(stream: int) -> int | None:  # noqa: ARG001 - the interface's
    return None


def _cleared(kind: Any, address: int) -> Any:
    ctypes.memset(address, 0, ctypes.sizeof(kind))
    return kind.from_address(address)


_schema_getter: Final = GET(_get_schema)
_next_getter: Final = GET(_get_next)
_error_getter: Final = ctypes.CFUNCTYPE(c_void_p, c_void_p)(_get_last_error)


def stream_of(rows: Rows, into: ArrowArrayStream) -> None:
    """A stream of the rows as a single array."""
    into.get_schema = _address(_schema_getter)
    into.get_next = _address(_next_getter)
    into.get_last_error = _address(_error_getter)
    into.private_data = _kept([rows, rows])  # the first to describe, the second to give
    into.release = _address(_release_stream)


_RELEASE_SCHEMA: Final = _address(_release_schema)
_RELEASE_ARRAY: Final = _address(_release_array)
# Foreign code keeps these addresses and may call them while the process ends: they are never freed.
PYFUNCTYPE(None, py_object)(("Py_IncRef", ctypes.pythonapi))(
    (_release_schema, _release_array, _release_stream, _schema_getter, _next_getter, _error_getter)
)
