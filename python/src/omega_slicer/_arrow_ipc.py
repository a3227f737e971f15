"""Arrow IPC files without the native library: pyarrow or Polars reads the bodies.

What those libraries do not tell is looked up in `_arrow_messages`. Writing needs pyarrow, since Polars drops
a schema's metadata.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import os
from collections.abc import Iterator
from typing import Any, Final

from ._arrow_export import Rows, metadata_of
from ._arrow_import import ask, table_of
from ._arrow_messages import look
from ._arrow_schemas import SYMBOL_SLICE
from ._arrow_table import Table
from ._errors import (
    DeserializationFailedError,
    EmptyInputError,
    InvalidArgumentError,
    NotBuiltInError,
    OmegaError,
    OutOfMemoryError,
    make_error,
)

__all__ = ["batch_of", "carrier", "naming", "parse", "read", "to_bytes", "write"]

_NEEDED: Final = (
    "Arrow IPC {what} needs the native library built with the feature 'arrow' (omega_slicer.status() says "
    "why it is not there), or {which}"
)


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
    head = look(memoryview(data))
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
        given = ask(frame)  # names that are no text are found here
    except MemoryError:
        raise
    except Exception as error:
        raise DeserializationFailedError(f"it cannot be read: {error}") from None
    return table_of(given)._replace(metadata=head.metadata)


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
