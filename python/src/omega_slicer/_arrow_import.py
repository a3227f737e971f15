"""Foreign Arrow structs as a table of this package, in Python: views of the producer's memory, never copies.

Checks what a struct says of itself; that its pointers are good is the producer's promise. The producer's memory
is released once, when the last view of it is gone.
"""

from __future__ import annotations

import ctypes
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
from ._arrow_values import Batch, Buffers, Bytes, damaged, ones, width_of
from ._errors import (
    ConstraintViolationError,
    DeserializationFailedError,
    SchemaViolationError,
    TypeMismatchError,
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
    schema = Owner(take(ArrowSchema, described))
    fields, metadata = _described(schema.struct)
    return Table(fields, metadata, [_batch(0, fields, Owner(take(ArrowArray, there)))])


def _of_stream(struct: ArrowArrayStream) -> Table:
    stream = Owner(struct)
    schema = Owner(ArrowSchema())
    _get(stream, struct.get_schema, schema)
    fields, metadata = _described(schema.struct)
    batches: list[Batch] = []
    while True:
        array = Owner(ArrowArray())
        _get(stream, struct.get_next, array)
        if not array.struct.release:
            return Table(fields, metadata, batches)
        batches.append(_batch(len(batches), fields, array))


def _get(stream: Owner, function: int | None, into: Owner) -> None:
    here = ctypes.addressof(stream.struct)
    status = GET(function or 0)(here, ctypes.addressof(into.struct)) if function else 22
    if status:
        into.struct.release = None  # whatever is there, it was not given
        said = GET_ERROR(stream.struct.get_last_error)(here) if stream.struct.get_last_error else None
        why = said.decode("utf-8", "replace") if said else f"error {status}"
        raise DeserializationFailedError(f"the stream cannot be read: {why}")


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
        raise SchemaViolationError(f"a table, which is a struct of columns, was expected, not {kind}")
    if not 0 <= schema.n_children <= INT64_MAX // 8 or (schema.n_children and not schema.children):
        raise DeserializationFailedError(f"the schema has {schema.n_children} columns")
    fields: list[Field] = []
    for child in _children(schema.children, schema.n_children, ArrowSchema):
        if child is None or not child.release:
            raise DeserializationFailedError(f"column {len(fields)} of the schema was released before")
        fields.append(Field(_text(child.name), type_name(child), bool(child.flags & NULLABLE)))
    return fields, _metadata(schema.metadata)


def _children(address: int | None, count: int, kind: Any) -> list[Any]:
    if not count:
        return []
    pointers = (ctypes.c_void_p * count).from_address(address or 0)
    return [None if pointer is None else kind.from_address(pointer) for pointer in pointers]


def _metadata(address: int | None) -> dict[str, str]:
    if not address:
        return {}
    at = address

    def number() -> int:
        nonlocal at
        (found,) = packing.unpack("=i", ctypes.string_at(at, 4))
        at += 4
        if found < 0:
            raise DeserializationFailedError(f"the schema's metadata announce {found} entries or bytes")
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


def _batch(number: int, fields: list[Field], owner: Owner) -> Batch:
    array: ArrowArray = owner.struct

    def wrong(what: str) -> DeserializationFailedError:
        return DeserializationFailedError(f"batch {number}: {what}")

    length, offset = array.length, array.offset
    if length < 0 or offset < 0 or offset + length > INT64_MAX:
        raise wrong(f"{length} rows from {offset} on")
    if array.n_children != len(fields) or (fields and not array.children):
        raise wrong(f"{array.n_children} columns, {len(fields)} described")
    _refuse_null_rows(number, owner)
    columns: list[Buffers | None] = []
    for field, child in zip(fields, _children(array.children, len(fields), ArrowArray), strict=True):
        if child is None or not child.release:
            raise damaged(number, field.name, "it was released before")
        columns.append(_column(number, field, child, owner))
    return Batch(length, columns)


def _buffers(array: ArrowArray, wanted: int) -> list[int | None] | None:
    """The addresses of an array's buffers, or None if there are not so many."""
    if array.n_buffers != wanted or not array.buffers:
        return None
    return list((ctypes.c_void_p * wanted).from_address(array.buffers))


def _refuse_null_rows(number: int, owner: Owner) -> None:
    array: ArrowArray = owner.struct
    buffers = _buffers(array, 1)
    if not array.null_count or not array.length:
        return
    if buffers is None or not buffers[0]:
        if array.null_count > 0:
            raise DeserializationFailedError(
                f"batch {number}: {array.null_count} nulls without a validity bitmap"
            )
        return
    bitmap = _memory(owner, buffers[0], (array.offset + array.length + 7) // 8)
    nulls = array.length - ones(bitmap, array.offset, array.length)
    if nulls:
        bits = np.unpackbits(bitmap, bitorder="little")[array.offset :]
        raise ConstraintViolationError(f"batch {number}, row {int(bits.argmin())}: the whole row is null")


def _column(number: int, field: Field, child: ArrowArray, owner: Owner) -> Buffers | None:
    """The part of a column that the table's own offset and length leave of it."""
    width = width_of(field.type)
    if width is None:
        return None
    table: ArrowArray = owner.struct
    if child.length < 0 or child.offset < 0 or child.offset + child.length > INT64_MAX // 8:
        raise damaged(number, field.name, f"{child.length} rows from {child.offset} on")
    if child.length < table.offset + table.length:
        raise damaged(number, field.name, f"{child.length} rows, the table has {table.offset + table.length}")
    addresses = _buffers(child, 2)
    if addresses is None:
        raise damaged(number, field.name, f"{child.n_buffers} buffers, not 2")
    start = child.offset + table.offset
    end = start + table.length
    if table.length and not addresses[1]:
        raise damaged(number, field.name, f"{table.length} rows without values")
    whole = not table.offset and table.length == child.length
    claimed = child.null_count if whole and child.null_count >= 0 else None
    validity = _memory(owner, addresses[0], (end + 7) // 8) if addresses[0] else None
    if validity is None and child.null_count > 0 and table.length:
        raise damaged(number, field.name, f"{child.null_count} nulls without a validity bitmap")
    if claimed is not None and claimed > table.length:
        raise damaged(number, field.name, f"{claimed} nulls in {table.length} rows")
    return Buffers(_memory(owner, addresses[1], (end * width + 7) // 8), validity, start, claimed)
