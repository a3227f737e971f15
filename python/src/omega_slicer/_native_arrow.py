"""Arrow for the `native` backend: one call into the library for each table, file or capsule.

Hands the library foreign structs where they lie and its own out in capsules; nothing is looked into here.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ._arrow_c import ARRAY, SCHEMA, STREAM, ArrowArray, ArrowArrayStream, ArrowSchema, address_in
from ._arrow_engine import Imported
from ._arrow_import import ask
from ._arrow_leases import lend
from ._arrow_table import ArrowOptions
from ._errors import OutOfMemoryError
from ._model import CHECKS, Options, PriceType
from ._native_abi import Range, SeriesInfo, SeriesOptions, text_of
from .timeframe import Timeframe

if TYPE_CHECKING:
    from ._native_engine import NativeEngine
    from ._series import CandleSeries

__all__ = ["NativeArrow"]

_ALLOW_MISSING: Final = 1
_STRICT: Final = 2
_MMAP: Final = 4
_FROM_METADATA: Final = -1
_DEFAULT: Final = -1


class NativeArrow:
    """The `ArrowEngine` over the loaded library."""

    def __init__(self, engine: NativeEngine, library: ctypes.CDLL) -> None:
        self._engine = engine
        self._library = library
        self._export = library.omega_candles_export
        self._export_stream = library.omega_candles_export_stream

    def take(self, source: Any, options: ArrowOptions) -> Imported:
        """The library moves the structs out of their capsules."""
        given, library = ask(source), self._library
        struct = _options(options)
        if given.stream is not None:
            stream = address_in(given.stream, STREAM)
            return self._made(options, lambda out: library.omega_series_import_stream(stream, struct, out))
        schema, array = address_in(given.schema, SCHEMA), address_in(given.array, ARRAY)
        return self._made(options, lambda out: library.omega_series_import(array, schema, struct, out))

    def read_ipc(self, path: str, mmap: bool, options: ArrowOptions) -> Imported:
        """The library keeps what it read or mapped."""
        struct = _options(options, _MMAP if mmap else 0)
        name = os.fsencode(path)
        return self._made(options, lambda out: self._library.omega_series_read_ipc(name, struct, out))

    def parse_ipc(self, data: bytes, options: ArrowOptions) -> Imported:
        """The library copies what it keeps."""
        struct = _options(options)
        return self._made(
            options, lambda out: self._library.omega_series_from_ipc(data, len(data), struct, out)
        )

    def _made(self, options: ArrowOptions, make: Callable[[Any], int]) -> Imported:
        out, info = ctypes.c_void_p(), SeriesInfo()
        self._engine._check(make(ctypes.byref(out)))
        handle = self._engine._own(out)
        self._engine._check(self._library.omega_series_info(handle.address, info))
        found = Options(
            text_of(info.symbol),
            Timeframe(info.timeframe_us),
            PriceType(("bid", "ask")[info.price_type]),
            options.check or "full",
            options.allow_missing,
        )
        return Imported(None, handle, found)

    def write_ipc(self, series: CandleSeries, start: int, stop: int, path: str) -> None:
        """The library writes and renames."""
        handle, rows = series._handle_of(self._engine), Range(start, stop - start)
        self._engine._check(self._library.omega_candles_write_ipc(handle, rows, os.fsencode(path)))

    def to_ipc(self, series: CandleSeries, start: int, stop: int) -> bytes:
        """Room for what is surely enough, so that the library makes the bytes once."""
        handle, rows, length = series._handle_of(self._engine), Range(start, stop - start), ctypes.c_size_t()
        room = 50 * (stop - start) + 8192 + 8 * len(series.symbol)
        try:
            buffer = bytearray(room)
        except MemoryError:
            raise OutOfMemoryError(f"no memory for {room} bytes") from None
        there = (ctypes.c_char * room).from_buffer(buffer)
        self._engine._check(
            self._library.omega_candles_to_ipc(
                handle, rows, ctypes.addressof(there), room, ctypes.byref(length)
            )
        )
        return bytes(memoryview(buffer)[: length.value])

    def schema(self, series: CandleSeries) -> Any:
        """The library's own struct."""
        schema = ArrowSchema()
        handle = series._handle_of(self._engine)
        self._engine._check(self._library.omega_candles_export_schema(handle, ctypes.addressof(schema)))
        return lend(schema, SCHEMA)

    def array(self, series: CandleSeries, start: int, stop: int) -> tuple[Any, Any]:
        """The library's own structs, over the series' memory."""
        array, schema = ArrowArray(), ArrowSchema()
        status = self._export(
            series._handle_of(self._engine),
            Range(start, stop - start),
            ctypes.addressof(array),
            ctypes.addressof(schema),
        )
        if status:
            self._engine._check(status)
        return lend(schema, SCHEMA), lend(array, ARRAY)

    def stream(self, series: CandleSeries, start: int, stop: int) -> Any:
        """The library's own struct, over the series' memory."""
        stream = ArrowArrayStream()
        status = self._export_stream(
            series._handle_of(self._engine), Range(start, stop - start), ctypes.addressof(stream)
        )
        if status:
            self._engine._check(status)
        return lend(stream, STREAM)

    def refresh(self, series: CandleSeries) -> str:
        """As the library sees it."""
        state, handle = ctypes.c_int32(), series._handle_of(self._engine)
        self._engine._check(self._library.omega_series_refresh(handle, ctypes.byref(state)))
        return ("not mapped", "unchanged", "changed", "gone")[state.value]


def _options(options: ArrowOptions, flags: int = 0) -> SeriesOptions:
    flags |= _ALLOW_MISSING if options.allow_missing else 0
    flags |= _STRICT if options.strict else 0
    return SeriesOptions(
        None if options.symbol is None else options.symbol.encode(),
        0 if options.timeframe is None else options.timeframe.duration,
        _FROM_METADATA if options.price_type is None else ("bid", "ask").index(options.price_type),
        _DEFAULT if options.check is None else CHECKS.index(options.check),
        flags,
    )
