"""Series from Arrow IPC files: reading, mapping, and whether a mapped file is still what was opened.

Knows files by name; their bytes are the backend's.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import Any, Final, NamedTuple

from . import _backend
from ._arrow_table import ArrowOptions
from ._counts import kind_of, tick
from ._model import Options, PriceType, check_flag, check_path
from ._series import CandleSeries
from .timeframe import Timeframe

__all__ = ["IpcFile", "mapped_files", "read_ipc"]

_mapped: Final[weakref.WeakValueDictionary[int, CandleSeries]] = weakref.WeakValueDictionary()


class IpcFile(NamedTuple):
    """Where a series came from, and what a mapped file looked like then."""

    path: str
    mmap: bool
    strict: bool
    seen: tuple[int, ...] | None = None

    def read(self, options: Options, asked: str | None) -> CandleSeries:
        """Once more, as the same series."""
        return _read(self, self.path, ArrowOptions(*options, self.strict), asked)

    def state(self) -> str:
        """What has become of the file."""
        if self.seen is None:
            return "not mapped"
        try:
            return "unchanged" if _look(self.path) == self.seen else "changed"
        except OSError:
            return "gone"


def read_ipc(
    path: str | bytes | os.PathLike[Any],
    *,
    mmap: bool = False,
    check: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | str | int | None = None,
    price_type: PriceType | str | None = None,
    allow_missing: bool = False,
    strict: bool = False,
    backend: str | None = None,
) -> CandleSeries:
    """A series from an Arrow IPC file (Feather 2) or stream, compressed or not. O(size of the file).

    Columns, metadata and `strict` are as in `CandleSeries.from_arrow`. By default the file is read and
    checked in full. With `mmap=True` it is mapped: one uncompressed batch is read when it is used, and
    `check` is "order" by default. A mapped file must not change: whoever truncates it ends the process at the
    next look at what is gone. `series.refresh()` tells whether it has changed; writers that rename, as
    `write_ipc` does, are harmless.

    Without the native library this needs pyarrow or (not mapped, not strict) Polars; else `NotBuiltInError`.

    Raises `FileMissingError`, `PermissionDeniedError`, `InputOutputError`; `EmptyInputError`;
    `DeserializationFailedError` for a damaged file and for one that is no Arrow; `ResourceLimitExceededError`
    for one that asks for far more memory than it has bytes; `InvalidArgumentError` for mapping a compressed
    one; else as `CandleSeries.from_arrow`.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "eurusd.arrow")
    >>> series = CandleSeries.from_columns([0, 60_000_000], [1, 2], [1, 2], [1, 2], [1, 2],
    ...                                    symbol="EURUSD", timeframe="M1", price_type="bid")
    >>> series.write_ipc(file)
    >>> read_ipc(file)
    <CandleSeries EURUSD M1 bid: 2 candles, 1970-01-01 00:00 to 1970-01-01 00:01>
    >>> read_ipc(file, mmap=True).refresh()
    'unchanged'
    """
    name = check_path(path)
    flag = check_flag(mmap, "mmap")
    options = ArrowOptions.of(symbol, timeframe, price_type, check, allow_missing, strict)
    absolute = os.path.abspath(name)  # noqa: PTH100 - keeps links as they are
    return _read(IpcFile(absolute, flag, options.strict), name, options, backend)


def _read(file: IpcFile, name: str, options: ArrowOptions, backend: str | None) -> CandleSeries:
    engine = _backend.engine("slicer", backend)
    tick("read_ipc", kind_of(engine.name))
    seen = None
    if file.mmap:
        with contextlib.suppress(OSError):  # the reader says what is wrong
            seen = _look(name)
    imported = engine.arrow.read_ipc(name, file.mmap, options)
    series = CandleSeries._arrived(imported, engine, backend, file._replace(seen=seen))
    if file.mmap:
        _mapped[id(series)] = series
    return series


def _look(path: str) -> tuple[int, ...]:
    """What tells one file from another, and its state from an earlier one."""
    found = os.stat(path)  # noqa: PTH116 - a path may hold bytes that are no text
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def mapped_files() -> list[tuple[str, str]]:
    """Path and state of the file of every mapped series there is."""
    return [(series._file.path, series.refresh()) for series in _mapped.values() if series._file is not None]
