"""Foreign Arrow structs as a table of this package, in Python: views of the producer's memory, never copies.

Checks what a struct says of itself; that its pointers are good is the producer's promise. The producer's
memory is released once, when the last view of it is gone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct as packing
from typing import Any, Final, NamedTuple

import numpy as np

from ._arrow_c import (
    ARRAY,
    GET,
    GET_ERROR,
    NULLABLE,
    SCHEMA,
    STREAM,
    ArrowArray,
    ArrowArrayStream,
    ArrowSchema,
    Owner,
    address_in,
    take,
)
from ._arrow_table import Field, Table
from ._arrow_values import Batch, Buffers, Bytes, width_of
from ._errors import (
    DeserializationFailedError,
    InvalidStateError,
    ResourceLimitExceededError,
    SchemaViolationError,
    TypeMismatchError,
    make_error,
)
from ._time import INT64_MAX

__all__ = ["Capsules", "ask", "table_of", "type_name"]

_TYPES: Final = {
    "n": "null",
    "b": "bool",
    "c": "int8",
    "C": "uint8",
    "s": "int16",
    "S": "uint16",
    "i": "int32",
    "I": "uint32",
    "l": "int64",
    "L": "uint64",
    "e": "float16",
    "f": "float32",
    "g": "float64",
    "z": "binary",
    "Z": "large_binary",
    "vz": "binary_view",
    "u": "string",
    "U": "large_string",
    "vu": "string_view",
    "tdD": "date32",
    "tdm": "date64",
    "+l": "list",
    "+L": "large_list",
    "+vl": "list_view",
    "+vL": "list_view",
    "+s": "struct",
    "+m": "map",
    "+r": "run_end_encoded",
}
_PREFIXES: Final = {
    "tt": "time",
    "tD": "duration",
    "ti": "interval",
    "w:": "fixed_size_binary",
    "+w:": "fixed_size_list",
    "+ud:": "union",
    "+us:": "union",
}
_MOST_COLUMNS: Final = 1 << 16
_UNITS: Final = {"s": "s", "m": "ms", "u": "us", "n": "ns"}


class Capsules(NamedTuple):
    """What a producer gave: a stream, or a schema and an array."""

    stream: Any
    schema: Any
    array: Any


def ask(source: Any) -> Capsules:
    """The capsules of anything that speaks the Arrow PyCapsule interface; 1004 for what does not."""
    if isinstance(source, type):
        raise TypeMismatchError(f"an Arrow table was expected, not the class {source.__name__}")
    if hasattr(source, "__arrow_c_stream__"):
        return Capsules(source.__arrow_c_stream__(), None, None)
    if hasattr(source, "__arrow_c_array__"):
        given = source.__arrow_c_array__()
        if not isinstance(given, tuple) or len(given) != 2:
            raise TypeMismatchError(f"__arrow_c_array__ must give two capsules, not {given!r}")
        return Capsules(None, *given)
    raise TypeMismatchError(
        f"a table with __arrow_c_stream__ or __arrow_c_array__ was expected, not {type(source).__name__}"
    )


def table_of(capsules: Capsules) -> Table:
    """The table in the capsules, which are consumed. 1005 unless it is a struct of columns."""
    if capsules.stream is not None:
        return _of_stream(take(ArrowArrayStream, address_in(capsules.stream, STREAM)))
    described, there = address_in(capsules.schema, SCHEMA), address_in(capsules.array, ARRAY)
    schema = take(ArrowSchema, described)
    owner = Owner(schema)
    fields, metadata = _described(schema)
    array = take(ArrowArray, there)
    batch, rows = _batch(0, fields, array, Owner(array))
    del owner
    return Table(fields, metadata, [batch], [rows])


def _of_stream(stream: ArrowArrayStream) -> Table:
    owner, schema = Owner(stream), ArrowSchema()
    _get(stream, "get_schema", schema)
    described = Owner(schema)
    fields, metadata = _described(schema)
    batches: list[Batch] = []
    rows: list[Buffers] = []
    while True:
        array = ArrowArray()
        _get(stream, "get_next", array)
        if not array.release:
            del owner, described
            return Table(fields, metadata, batches, rows)
        batch, whole = _batch(len(batches), fields, array, Owner(array))
        batches.append(batch)
        rows.append(whole)


def _get(stream: ArrowArrayStream, name: str, into: ArrowSchema | ArrowArray) -> None:
    function, here = getattr(stream, name), ctypes.addressof(stream)
    if not function:
        raise DeserializationFailedError(f"the Arrow stream has no {name}")
    status = GET(function)(here, ctypes.addressof(into))
    if status:
        into.release = None  # whatever is there, it was not given
        said = GET_ERROR(stream.get_last_error)(here) if stream.get_last_error else None
        why = said.decode("utf-8", "replace") if said else os.strerror(status)
        raise make_error(6001 if status == errno.ENOMEM else 3000, f"the Arrow stream's {name}: {why}")


def type_name(schema: ArrowSchema) -> str:
    """A column's type for people; those this package reads have exactly one name."""
    if schema.dictionary:
        return "dictionary"
    code = _text(schema.format)
    known = _TYPES.get(code)
    if known is not None:
        return known
    if len(code) > 3 and code[:2] == "ts" and code[2] in _UNITS and code[3] == ":":
        zone = code[4:]
        return f"timestamp[{_UNITS[code[2]]}{', ' if zone else ''}{zone}]"
    if code.startswith("d:"):
        parts = code.split(",")
        return f"decimal{parts[2] if len(parts) > 2 else 128}"
    for prefix, name in _PREFIXES.items():
        if code.startswith(prefix):
            return name
    return f"unknown type {code!r}"


def _text(address: int | None) -> str:
    return "" if not address else ctypes.string_at(address).decode("utf-8", "replace")


def _described(schema: ArrowSchema) -> tuple[list[Field], dict[str, str]]:
    kind = type_name(schema)
    if kind != "struct":
        raise SchemaViolationError(f"the Arrow data are {kind}, not a struct of columns")
    fields: list[Field] = []
    for child in _children(schema.children, schema.n_children, ArrowSchema, "schema"):
        if not child.release:
            raise InvalidStateError(f"the Arrow schema of column {len(fields)} has been released")
        fields.append(Field(_text(child.name), type_name(child), bool(child.flags & NULLABLE)))
    return fields, _metadata(schema.metadata)


def _children(address: int | None, count: int, kind: Any, of: str) -> list[Any]:
    if count > _MOST_COLUMNS:
        raise ResourceLimitExceededError(f"the Arrow {of} has {count} columns")
    if count < 0 or (count and not address):
        raise DeserializationFailedError(f"the Arrow {of} has {count} children")
    if not count:
        return []
    found = list((ctypes.c_void_p * count).from_address(address or 0))
    if None in found:
        raise DeserializationFailedError(f"the Arrow {of} has no child {found.index(None)}")
    return [kind.from_address(pointer) for pointer in found]


def _metadata(address: int | None) -> dict[str, str]:
    if not address:
        return {}
    at = address

    def number() -> int:
        nonlocal at
        (found,) = packing.unpack("=i", ctypes.string_at(at, 4))
        at += 4
        if found < 0:
            raise DeserializationFailedError(f"the Arrow metadata count {found}")
        return int(found)

    def text() -> str:
        nonlocal at
        length = number()
        found = ctypes.string_at(at, length).decode("utf-8", "replace")
        at += length
        return found

    return {text(): text() for _ in range(number())}


class _Memory:
    """Bytes of a producer, for NumPy to look at: read-only, and they keep the producer's array alive."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, owner: Owner, address: int, size: int) -> None:
        self.owner = owner
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (size,),
            "typestr": "|u1",
            "version": 3,
        }


def _memory(owner: Owner, address: int | None, size: int) -> Bytes:
    if not size or not address:
        return np.empty(0, np.uint8)
    return np.asarray(_Memory(owner, address, size))


def _batch(number: int, fields: list[Field], array: ArrowArray, owner: Owner) -> tuple[Batch, Buffers]:
    """The columns, and the validity of the rows as such."""
    what = f"batch {number}"
    length, offset, nulls = _extent(array, what)
    (validity,) = _buffers(array, 1, what)
    if array.n_children != len(fields):
        raise DeserializationFailedError(f"{what}: {array.n_children} columns, its schema has {len(fields)}")
    children = _children(array.children, array.n_children, ArrowArray, "array")
    rows = Buffers(
        np.empty(0, np.uint8), _bitmap(owner, validity, offset + length), offset, None if nulls < 0 else nulls
    )
    _check_nulls(rows, nulls, length, f"{what}, its rows")
    columns = [
        _column(field, child, array, owner, f"{what}, column {field.name}")
        for field, child in zip(fields, children, strict=True)
    ]
    return Batch(length, columns), rows


def _extent(array: ArrowArray, what: str) -> tuple[int, int, int]:
    for name, found in (("length", array.length), ("offset", array.offset)):
        if found < 0:
            raise DeserializationFailedError(f"{what}: {name} {found}")
    if array.offset + array.length > INT64_MAX:
        raise DeserializationFailedError(f"{what}: offset {array.offset} and length {array.length} overflow")
    if array.null_count < -1:
        raise DeserializationFailedError(f"{what}: null count {array.null_count}")
    return array.length, array.offset, array.null_count


def _buffers(array: ArrowArray, wanted: int, what: str) -> list[int | None]:
    """The addresses of an array's buffers."""
    if array.n_buffers != wanted:
        raise DeserializationFailedError(f"{what}: {array.n_buffers} buffers, not {wanted}")
    if not array.buffers:
        raise DeserializationFailedError(f"{what}: {wanted} buffers at 0x0")
    return list((ctypes.c_void_p * wanted).from_address(array.buffers))


def _bitmap(owner: Owner, address: int | None, rows: int) -> Bytes | None:
    return _memory(owner, address, (rows + 7) // 8) if address else None


def _check_nulls(buffers: Buffers, nulls: int, length: int, what: str) -> None:
    if nulls > 0 and buffers.validity is None and length:
        raise DeserializationFailedError(f"{what}: {nulls} nulls without a validity bitmap")
    if nulls > length:
        raise DeserializationFailedError(f"{what}: {nulls} nulls in {length} rows")


def _column(field: Field, child: ArrowArray, table: ArrowArray, owner: Owner, what: str) -> Buffers | None:
    """The part of a column that the table's own offset and length leave of it."""
    if not child.release:
        raise InvalidStateError(f"{what}: the Arrow array has been released")
    there, offset, nulls = _extent(child, what)
    start, length = table.offset, table.length
    if start + length > there:
        raise DeserializationFailedError(f"{what}: {there} rows, not the {start + length} of its table")
    width = width_of(field.type)
    if width is None:
        return None
    if child.dictionary:
        raise DeserializationFailedError(f"{what}: a dictionary that its schema does not have")
    validity, values = _buffers(child, 2, what)
    end = offset + start + length
    if end > INT64_MAX // 8:
        raise DeserializationFailedError(f"{what}: {end} rows are more than memory holds")
    if length and not values:
        raise DeserializationFailedError(f"{what}: {length} rows without a buffer of values")
    # The count is of all the child's rows; of some of them it says something only when it is 0.
    counted = nulls if nulls == 0 or (nulls > 0 and there == length) else None
    size = (end * width + 7) // 8
    found = Buffers(_memory(owner, values, size), _bitmap(owner, validity, end), offset + start, counted)
    _check_nulls(found, nulls, there, what)
    return found
