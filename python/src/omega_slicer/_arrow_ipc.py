"""Arrow IPC files without the native library: pyarrow or Polars reads the bodies, this file everything about them.

Looks at the first messages itself, for what those libraries do not tell: the metadata's version, the byte order,
compression, and the schema's metadata. Writing needs pyarrow, since Polars drops a schema's metadata.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import os
import struct as packing
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ._arrow_export import Rows, metadata_of
from ._arrow_import import ask, table_of
from ._arrow_schemas import SYMBOL_SLICE
from ._arrow_table import Table
from ._errors import (
    DeserializationFailedError,
    EmptyInputError,
    InvalidArgumentError,
    InvalidFormatError,
    NotBuiltInError,
    OmegaError,
    OutOfMemoryError,
    make_error,
)

__all__ = ["batch_of", "carrier", "naming", "parse", "read", "to_bytes", "write"]

_FILE: Final = b"ARROW1"
_HINTS: Final = {
    b"FEA1": " (Feather version 1: write it as version 2)",
    b"PAR1": " (it is a Parquet file: read it with pyarrow or Polars and pass the table to from_arrow)",
}
_NEEDED: Final = (
    "Arrow IPC {what} needs the native library built with the feature 'arrow' (omega_slicer.status() says why it "
    "is not there), or {which}"
)
_V4: Final = 3
_SCHEMA, _BATCH = 1, 3


@functools.cache
def _module(name: str) -> Any:
    """A library if it can be imported, else None."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def carrier() -> Any:
    """pyarrow, if it is there: its structs are released by C code, which may run at any moment."""
    return _module("pyarrow")


@contextlib.contextmanager
def naming(path: str) -> Iterator[None]:
    """Put the file's name in front of what is wrong in it."""
    try:
        yield
    except MemoryError:
        raise OutOfMemoryError(f"{path}: no memory for what the file holds") from None
    except OSError as error:
        if isinstance(error, OmegaError):
            raise
        raise _failed(path, error) from error
    except OmegaError as error:
        raise type(error)(f"{path}: {error}") from None


def _failed(path: str, error: OSError) -> OmegaError:
    code = {FileNotFoundError: 3001, PermissionError: 3002}.get(type(error), 3000)
    return make_error(code, f"{path}: {error.strerror or error}")


def read(path: str, mmap: bool, strict: bool) -> Table:
    """The table of a file."""
    if not mmap:
        with open(path, "rb") as file:  # noqa: PTH123 - a path may hold bytes that are no text
            return parse(file.read(), strict)
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        _reader("reading", strict)  # before the file is asked anything
        if not os.fstat(file.fileno()).st_size:
            raise EmptyInputError("the input is empty")
    if carrier() is None:
        raise NotBuiltInError(_NEEDED.format(what="mapping", which="pyarrow"))
    return _parse(carrier().memory_map(path).read_buffer(), True, strict)


def parse(data: bytes, strict: bool) -> Table:
    """The table of IPC bytes, file or stream."""
    if not data:
        raise EmptyInputError("the input is empty")
    return _parse(data, False, strict)


def _reader(what: str, strict: bool) -> Any:
    if carrier() is None and (strict or _module("polars") is None):
        which = "pyarrow" if strict else "pyarrow or Polars"
        raise NotBuiltInError(_NEEDED.format(what=what, which=which))
    return carrier()


def _parse(data: Any, mapped: bool, strict: bool) -> Table:
    head = _look(memoryview(data))
    if mapped and head.compressed:
        raise InvalidArgumentError("the file is compressed, which cannot be mapped: read it without mmap")
    pyarrow = _reader("reading", strict)
    try:
        if pyarrow is None:
            polars = _module("polars")
            source = io.BytesIO(data)
            frame = polars.read_ipc(source) if head.is_file else polars.read_ipc_stream(source)
        else:
            ipc, buffer = pyarrow.ipc, pyarrow.py_buffer(data)
            frame = (ipc.open_file(buffer) if head.is_file else ipc.open_stream(buffer)).read_all()
            frame.validate()
    except MemoryError:
        raise
    except Exception as error:
        raise DeserializationFailedError(f"it cannot be read: {error}") from None
    return table_of(ask(frame))._replace(metadata=head.metadata)


class _Head(NamedTuple):
    """What the messages say."""

    is_file: bool
    compressed: bool
    metadata: dict[str, str]


def _look(data: memoryview) -> _Head:
    """3004 unless it is Arrow at all; 1009 for versions and byte orders that are not read."""
    is_file = bytes(data[:6]) == _FILE
    neither = "neither an Arrow IPC file nor a stream" + _HINTS.get(bytes(data[:4]), "")
    messages = _messages(data, 8 if is_file else 0)
    try:
        kind, header, version = next(messages)
        if kind != _SCHEMA:
            raise DeserializationFailedError(neither)
        if version < _V4:
            raise InvalidFormatError(f"Arrow metadata of version {version + 1}: versions 4 and 5 are read")
        order = header.scalar(0, "<h")
        if order:
            raise InvalidFormatError("the values are big-endian: only little-endian data are read")
        metadata = {pair.text(0): pair.text(1) for pair in header.tables(2)}
    except (StopIteration, IndexError, packing.error, OverflowError):
        raise DeserializationFailedError(neither) from None
    compressed = False
    with contextlib.suppress(IndexError, packing.error, OverflowError):  # the reader says what is wrong with it
        compressed = any(kind == _BATCH and header.at(3) is not None for kind, header, _ in messages)
    return _Head(is_file, compressed, metadata)


class _Flat(NamedTuple):
    """A table of a flatbuffer."""

    data: memoryview
    place: int

    def number(self, code: str, place: int) -> int:
        if place < 0:
            raise IndexError(place)
        return int(packing.unpack_from(code, self.data, place)[0])

    def at(self, slot: int) -> int | None:
        """Where a field is, if it is there."""
        layout = self.place - self.number("<i", self.place)
        if 4 + 2 * slot >= self.number("<H", layout):
            return None
        return self.place + offset if (offset := self.number("<H", layout + 4 + 2 * slot)) else None

    def scalar(self, slot: int, code: str) -> int:
        place = self.at(slot)
        return 0 if place is None else self.number(code, place)

    def far(self, place: int) -> int:
        return place + self.number("<I", place)

    def table(self, slot: int) -> _Flat:
        place = self.at(slot)
        if place is None:
            raise IndexError(slot)
        return _Flat(self.data, self.far(place))

    def tables(self, slot: int) -> Iterator[_Flat]:
        place = self.at(slot)
        if place is not None:
            vector = self.far(place)
            for i in range(self.number("<I", vector)):
                yield _Flat(self.data, self.far(vector + 4 + 4 * i))

    def text(self, slot: int) -> str:
        place = self.at(slot)
        if place is None:
            return ""
        begin = self.far(place)
        return bytes(self.data[begin + 4 : begin + 4 + self.number("<I", begin)]).decode("utf-8", "replace")


def _messages(data: memoryview, at: int) -> Iterator[tuple[int, _Flat, int]]:
    """Kind, header and version of message after message, until they end or make no sense."""
    while at + 4 <= len(data):
        (length,) = packing.unpack_from("<i", data, at)
        at += 4
        if length == -1:  # the continuation marker; older writers have none
            (length,) = packing.unpack_from("<i", data, at)
            at += 4
        if length <= 0 or at + length > len(data):
            return
        bounded = data[: at + length]
        message = _Flat(bounded, at + packing.unpack_from("<I", data, at)[0])
        yield message.scalar(1, "<B"), message.table(2), message.scalar(0, "<h")
        at += length + max(0, message.scalar(3, "<q"))


def batch_of(pyarrow: Any, rows: Rows) -> Any:
    """The rows as a pyarrow RecordBatch over the same memory."""
    kinds = {"timestamp[us, UTC]": pyarrow.timestamp("us", "UTC"), "float64": pyarrow.float64()}
    fields = [pyarrow.field(name, kinds[kind], nullable) for name, kind, nullable in SYMBOL_SLICE.fields]
    bitmaps = [*[None] * 5, None if rows.validity is None else pyarrow.py_buffer(rows.validity)]
    arrays = [
        pyarrow.Array.from_buffers(field.type, len(rows), [bitmap, pyarrow.py_buffer(column)])
        for field, column, bitmap in zip(fields, rows.columns, bitmaps, strict=True)
    ]
    schema = pyarrow.schema(fields, metadata=metadata_of(rows.series))
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def to_bytes(rows: Rows) -> bytes:
    """The rows as the bytes of an IPC file of one batch."""
    pyarrow = carrier()
    if pyarrow is None:
        raise NotBuiltInError(_NEEDED.format(what="writing", which="pyarrow"))
    sink = pyarrow.BufferOutputStream()
    batch = batch_of(pyarrow, rows)
    with pyarrow.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def write(rows: Rows, path: str) -> None:
    """Beside the target first, so that there is the old file or the new one, and never half of it."""
    data = to_bytes(rows)
    target = os.path.realpath(path)
    beside = f"{target}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        number = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, target)  # noqa: PTH105
        except BaseException:
            os.unlink(beside)  # noqa: PTH108
            raise
    except OSError as error:
        raise _failed(path, error) from error
