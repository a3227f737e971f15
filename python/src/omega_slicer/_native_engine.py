"""The `native` backend: one call into the library for each piece of whole-series work.

Lends arrays to the library and keeps them alive for it; turns its statuses into exceptions. Nothing is
answered here without the library.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from ._arrow_engine import ArrowEngine
from ._arrow_fallback import PythonArrow
from ._columns import FIELDS, Floats, Stamps
from ._counts import tick
from ._engine import Admits, Matched, Read
from ._errors import OutOfMemoryError, make_error
from ._kernel_engine import KernelEngine
from ._model import CHECKS, UNITS, Columns, Options
from ._native_abi import Columns as ColumnsStruct
from ._native_abi import Gap, PairQuality, Quality, SeriesOptions, has_arrow, text_of
from ._native_arrow import NativeArrow
from ._native_kernels import NativeKernels
from ._native_owner import handed_over, take_back
from ._time import INT64_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._series import CandleSeries

__all__ = ["Handle", "NativeEngine"]

_ALLOW_MISSING: Final = 1
_EXCLUDE_CURRENT: Final = 1
_CLOSED_ONLY: Final = 2
_PARTIAL: Final = 4
_KEEP_PARTIAL: Final = 1


class Handle:
    """A native series, freed when the Python series that holds it, and the arrays it borrows, goes.

    Not freed at the end of the process, nor in a fork of the process that made it: there the library
    may be gone or its locks held, and the memory goes with the process anyway.
    """

    __slots__ = ("__weakref__", "address")

    def __init__(self, library: ctypes.CDLL, address: int) -> None:
        self.address = address
        weakref.finalize(self, _free, library.omega_series_free, address, os.getpid()).atexit = False


def _free(function: Any, address: int, owner: int) -> None:
    if os.getpid() == owner:
        function(address)


class _Memory:
    """A column inside a native series, for NumPy to look at: read-only, and it keeps the series alive."""

    __slots__ = ("__array_interface__", "handle")

    def __init__(self, handle: Handle, address: int, length: int, kind: str) -> None:
        self.handle = handle
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (length,),
            "typestr": kind,
            "version": 3,
        }


class NativeEngine:
    """The `Engine` over the loaded library."""

    name = "native"
    single = "shared"

    def __init__(self, library: ctypes.CDLL, path: str, abi: str) -> None:
        self._library = library
        self.path = path
        self.abi = abi
        self.version = text_of(library.omega_library_version())
        self.build_id = text_of(library.omega_build_id())
        self.kernels: KernelEngine = NativeKernels(library)
        self.arrow: ArrowEngine = NativeArrow(self, library) if has_arrow(library) else PythonArrow()

    def _check(self, status: int) -> None:
        if status:
            raise make_error(status, text_of(self._library.omega_last_error_message()))

    def accept(self, columns: Columns, options: Options) -> Handle:
        """Borrow the columns, which the library keeps for as long as it needs them."""
        addresses = [None if column is None else column.ctypes.data for column in columns]
        struct = ColumnsStruct(*addresses, len(columns.timestamp))
        out, (letting_go, owner) = ctypes.c_void_p(), handed_over(columns)
        status = self._library.omega_series_new_borrowed(
            struct, _options(options), letting_go, owner, ctypes.byref(out)
        )
        if status:
            error = make_error(status, text_of(self._library.omega_last_error_message()))
            take_back(letting_go, owner)
            raise error
        return self._own(out)

    def _own(self, out: ctypes.c_void_p) -> Handle:
        assert out.value is not None
        return Handle(self._library, out.value)

    def read_csv(self, path: str, unit: str, options: Options) -> Read:
        """The library keeps what it read; `columns` shows it."""
        out = ctypes.c_void_p()
        self._check(
            self._library.omega_series_read_csv(
                os.fsencode(path), UNITS.index(unit), _options(options), ctypes.byref(out)
            )
        )
        return Read(None, self._own(out))

    def columns(self, handle: Handle) -> Columns:
        """Views of the library's own memory."""
        struct = ColumnsStruct()
        self._check(self._library.omega_series_columns(handle.address, struct))

        def view(address: int, kind: str) -> npt.NDArray[Any]:
            if not struct.len:
                return np.empty(0, kind)
            return np.asarray(_Memory(handle, address, struct.len, kind))

        return Columns(
            view(struct.timestamp, "<i8"),
            view(struct.open, "<f8"),
            view(struct.high, "<f8"),
            view(struct.low, "<f8"),
            view(struct.close, "<f8"),
            None if struct.volume is None else view(struct.volume, "<f8"),
        )

    def quality(self, series: CandleSeries) -> tuple[int, ...]:
        """The nine counts."""
        struct, handle = Quality(), series._handle_of(self)
        tick("quality", self.name)
        self._check(self._library.omega_series_quality(handle, struct))
        return tuple(getattr(struct, name) for name, *_ in Quality._fields_)

    def gaps(self, series: CandleSeries, at_most: int) -> list[tuple[int, int]]:
        """Distinct lengths, of which there are at most as many as gaps."""
        gaps, count = (Gap * at_most)(), ctypes.c_size_t()
        self._check(
            self._library.omega_series_gaps(series._handle_of(self), gaps, at_most, ctypes.byref(count))
        )
        return [(gap.step_us, gap.count) for gap in gaps[: count.value]]

    def pair_quality(self, bid: CandleSeries, ask: CandleSeries) -> Matched:
        """Counts over both sides."""
        struct = PairQuality()
        self._check(
            self._library.omega_series_pair_quality(bid._handle_of(self), ask._handle_of(self), struct)
        )
        return Matched(struct.matched, struct.crossed, struct.locked, struct.bid_only, struct.ask_only)

    def get_lookbacks(self, series: CandleSeries, times: Stamps, n: int, admits: Admits) -> Stamps:
        """The table is the library's array of ranges."""
        return self._ranges("get_lookbacks", series, times, n, admits)

    def _ranges(self, operation: str, series: CandleSeries, times: Stamps, n: int, admits: Admits) -> Stamps:
        ranges, handle = np.empty((len(times), 2), np.int64), series._handle_of(self)
        tick(operation, self.name)
        self._check(
            self._library.omega_slicer_get_lookbacks(
                handle, _address(times), len(times), n, _flags(admits), _address(ranges)
            )
        )
        return ranges

    def get_candles_at(self, series: CandleSeries, times: Stamps) -> Stamps:
        """Rows."""
        rows, handle = np.empty(len(times), np.int64), series._handle_of(self)
        tick("get_candles_at", self.name)
        self._check(
            self._library.omega_slicer_get_candles_at(handle, _address(times), len(times), _address(rows))
        )
        return rows

    def get_candles_asof(self, series: CandleSeries, times: Stamps, closed_only: bool) -> Stamps:
        """Rows."""
        rows, handle = np.empty(len(times), np.int64), series._handle_of(self)
        flags = _CLOSED_ONLY if closed_only else 0
        tick("get_candles_asof", self.name)
        self._check(
            self._library.omega_slicer_get_candles_asof(
                handle, _address(times), len(times), flags, _address(rows)
            )
        )
        return rows

    def resample(self, series: CandleSeries, duration: int, origin: int, keep_partial: bool) -> Read:
        """The library keeps the new series."""
        out, handle = ctypes.c_void_p(), series._handle_of(self)
        tick("resample", self.name)
        flags = _KEEP_PARTIAL if keep_partial else 0
        self._check(self._library.omega_series_resample(handle, duration, origin, flags, ctypes.byref(out)))
        return Read(None, self._own(out))

    def align(
        self,
        primary: CandleSeries,
        higher: CandleSeries,
        at_close: bool,
        stamped_at_close: bool,
        stale_limit: int | None,
    ) -> Stamps:
        """One pass over both."""
        rows = np.empty(len(primary), np.int64)
        bars, candles = primary._handle_of(self), higher._handle_of(self)
        limit = -1 if stale_limit is None else stale_limit
        tick("align", self.name)
        self._check(
            self._library.omega_align(
                bars, candles, int(at_close), int(stamped_at_close), limit, _address(rows), len(rows)
            )
        )
        return rows

    def moments(
        self, series: Sequence[CandleSeries], union: bool, asof: bool, stale_limit: int | None
    ) -> tuple[Stamps, list[Stamps]]:
        """The library puts them together; copied out, since a moment is asked for thousands of times."""
        handles = np.array([one._handle_of(self) for one in series], np.uint64)
        limit = -1 if stale_limit is None else stale_limit
        out, stamps, length = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t()
        tick("timeline", self.name)
        library = self._library
        self._check(
            library.omega_multi_symbol_new(
                _address(handles), len(handles), int(union), int(asof), limit, ctypes.byref(out)
            )
        )
        try:
            self._check(
                library.omega_multi_symbol_timeline(out.value, ctypes.byref(stamps), ctypes.byref(length))
            )
            timeline: Stamps = np.empty(length.value, np.int64)
            if stamps.value is not None:
                ctypes.memmove(timeline.ctypes.data, stamps.value, timeline.nbytes)
            rows: list[Stamps] = [np.empty(length.value, np.int64) for _ in series]
            for number, column in enumerate(rows):
                self._check(library.omega_multi_symbol_rows(out.value, number, _address(column), len(column)))
        finally:
            library.omega_multi_symbol_free(out.value)
        return timeline, rows

    def gather_lookback(
        self, series: CandleSeries, times: Stamps, n: int, field: str, admits: Admits
    ) -> Floats:
        """The matrix is written by the library."""
        if not len(times):
            tick("gather_lookback", self.single)  # there is nothing to ask the library
        elif n > len(series) and not admits.partial:
            self._ranges("gather_lookback", series, times, n, admits)  # says why the first time fails
        if n * max(1, len(times)) > INT64_MAX // 8:
            raise OutOfMemoryError(f"no memory for a matrix of {len(times)} times and n {n}")
        try:
            matrix = np.empty((len(times), n))
        except MemoryError:
            raise OutOfMemoryError(f"no memory for a matrix of {len(times)} times and n {n}") from None
        if len(times):
            handle = series._handle_of(self)
            tick("gather_lookback", self.name)
            self._check(
                self._library.omega_slicer_gather_lookback(
                    handle,
                    _address(times),
                    len(times),
                    n,
                    FIELDS.index(field),
                    _flags(admits),
                    _address(matrix),
                )
            )
        return matrix


def _options(options: Options) -> SeriesOptions:
    return SeriesOptions(
        options.symbol.encode(),
        options.timeframe.duration,
        ("bid", "ask").index(options.price_type),
        CHECKS.index(options.check),
        _ALLOW_MISSING if options.allow_missing else 0,
    )


def _flags(admits: Admits) -> int:
    flags = 0 if admits.include_current else _EXCLUDE_CURRENT
    return flags | (_CLOSED_ONLY if admits.closed_only else 0) | (_PARTIAL if admits.partial else 0)


_char_at: Final = ctypes.c_char.from_buffer
_address_of: Final = ctypes.addressof


def _address(array: npt.NDArray[Any]) -> int | None:
    """Where an array begins; five times as fast as `array.ctypes.data` for one that may be written to."""
    if not array.size:
        return None
    try:
        return _address_of(_char_at(array))  # type: ignore[arg-type] # arrays are buffers; typeshed knows from 3.12
    except (TypeError, BufferError):
        return array.ctypes.data
