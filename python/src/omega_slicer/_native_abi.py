"""The C ABI of `include/omega_slicer.h` in ctypes: structs, prototypes, and whether a library speaks it.

Declarations and their comparison with the library's own report; no real call is made here.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_void_p
from typing import Any, Final

from ._arrow_c import ArrowArray, ArrowArrayStream, ArrowSchema
from ._errors import FfiSchemaMismatchError

__all__ = [
    "Columns",
    "Gap",
    "KernelOptions",
    "PairQuality",
    "Quality",
    "Range",
    "SeriesInfo",
    "SeriesOptions",
    "abi_of",
    "declare",
    "has_arrow",
    "text_of",
]

ABI_MAJOR: Final = 1
ABI_MINOR: Final = 4  # the least that will do


class Columns(Structure):
    """OmegaColumns."""

    _fields_ = [(name, c_void_p) for name in ("timestamp", "open", "high", "low", "close", "volume")] + [
        ("len", c_size_t)
    ]


class Range(Structure):
    """OmegaRange; arrays of it are (m, 2) int64 tables."""

    _fields_ = [("start", c_int64), ("len", c_int64)]


class CandleStruct(Structure):
    """OmegaCandle."""

    _fields_ = [("timestamp", c_int64)] + [
        (name, c_double) for name in ("open", "high", "low", "close", "volume")
    ]


class SeriesOptions(Structure):
    """OmegaSeriesOptions."""

    _fields_ = [
        ("symbol", c_char_p),
        ("timeframe_us", c_int64),
        ("price_type", c_int32),
        ("check", c_int32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
    ]


class SeriesInfo(Structure):
    """OmegaSeriesInfo."""

    _fields_ = [
        ("symbol", c_char_p),
        ("timeframe_us", c_int64),
        ("price_type", c_int32),
        ("reserved", c_uint32),
        ("len", c_size_t),
    ]


class Quality(Structure):
    """OmegaQuality."""

    _fields_ = [
        (name, c_int64)
        for name in (
            "rows",
            "gaps",
            "overlaps",
            "high_below_low",
            "outside_high_low",
            "nonpositive_prices",
            "negative_volumes",
            "missing_prices",
            "missing_volumes",
        )
    ]


class Gap(Structure):
    """OmegaGap."""

    _fields_ = [("step_us", c_int64), ("count", c_int64)]


class PairQuality(Structure):
    """OmegaPairQuality."""

    _fields_ = [(name, c_int64) for name in ("matched", "crossed", "locked", "bid_only", "ask_only")]


class KernelOptions(Structure):
    """OmegaKernelOptions."""

    _fields_ = [
        ("window", c_size_t),
        ("min_periods", c_size_t),
        ("ddof", c_size_t),
        ("nan", c_int32),
        ("reserved", c_uint32),
        ("slow", c_size_t),
        ("signal", c_size_t),
        ("width", c_double),
    ]


_STRUCTS: Final[dict[str, type[Structure]]] = {
    "columns": Columns,
    "range": Range,
    "candle": CandleStruct,
    "options": SeriesOptions,
    "info": SeriesInfo,
    "quality": Quality,
    "gap": Gap,
    "pair_quality": PairQuality,
    "kernel_options": KernelOptions,
    "arrow_schema": ArrowSchema,
    "arrow_array": ArrowArray,
    "arrow_stream": ArrowArrayStream,
}
_HANDLE: Final = c_void_p
_ARRAY: Final = c_void_p  # addresses as integers: the cheapest argument there is
_OUT_HANDLE: Final = POINTER(c_void_p)


def _kernels() -> dict[str, tuple[Any, ...]]:
    """The kernels' functions: series, rows, parameters, lines."""
    window = (c_size_t, c_size_t)
    one, two, three = (_ARRAY, c_size_t), (_ARRAY, _ARRAY, c_size_t), (_ARRAY, _ARRAY, _ARRAY, c_size_t)
    found: dict[str, tuple[Any, ...]] = {
        "omega_ema": (*one, _ARRAY, c_size_t, c_int32, _ARRAY),
        "omega_true_range": (*three, _ARRAY),
        "omega_atr": (*three, c_size_t, c_int32, _ARRAY),
        "omega_macd": (*one, c_size_t, c_size_t, c_size_t, c_int32, _ARRAY, _ARRAY, _ARRAY),
        "omega_bollinger": (*one, *window, c_size_t, c_double, c_int32, _ARRAY, _ARRAY, _ARRAY),
    }
    for name in ("sum", "mean", "min", "max", "argmin", "argmax"):
        found[f"omega_rolling_{name}"] = (*one, *window, c_int32, _ARRAY)
    for name in ("var", "std", "zscore"):
        found[f"omega_rolling_{name}"] = (*one, *window, c_size_t, c_int32, _ARRAY)
    for name in ("cov", "corr"):
        found[f"omega_rolling_{name}"] = (*two, *window, c_size_t, c_int32, _ARRAY)
    for name in ("wilder", "rsi"):
        found[f"omega_{name}"] = (*one, c_size_t, c_int32, _ARRAY)
    for name in ("diff", "returns", "log_returns", "shift"):
        found[f"omega_{name}"] = (*one, c_size_t, _ARRAY)
    return {name: (c_int32, *arguments) for name, arguments in found.items()}


# Every function this package calls: its result, then its arguments.
_PROTOTYPES: Final[dict[str, tuple[Any, ...]]] = {
    "omega_library_version": (c_char_p,),
    "omega_build_id": (c_char_p,),
    "omega_last_error_message": (c_char_p,),
    "omega_series_new_borrowed": (
        c_int32,
        POINTER(Columns),
        POINTER(SeriesOptions),
        c_void_p,
        c_void_p,
        _OUT_HANDLE,
    ),
    "omega_series_read_csv": (c_int32, c_char_p, c_int32, POINTER(SeriesOptions), _OUT_HANDLE),
    "omega_series_free": (c_int32, _HANDLE),
    "omega_series_info": (c_int32, _HANDLE, POINTER(SeriesInfo)),
    "omega_series_columns": (c_int32, _HANDLE, POINTER(Columns)),
    "omega_series_quality": (c_int32, _HANDLE, POINTER(Quality)),
    "omega_series_gaps": (c_int32, _HANDLE, _ARRAY, c_size_t, POINTER(c_size_t)),
    "omega_series_pair_quality": (c_int32, _HANDLE, _HANDLE, POINTER(PairQuality)),
    "omega_slicer_get_lookbacks": (c_int32, _HANDLE, _ARRAY, c_size_t, c_size_t, c_uint32, _ARRAY),
    "omega_slicer_get_candles_at": (c_int32, _HANDLE, _ARRAY, c_size_t, _ARRAY),
    "omega_slicer_get_candles_asof": (c_int32, _HANDLE, _ARRAY, c_size_t, c_uint32, _ARRAY),
    "omega_slicer_gather_lookback": (
        c_int32,
        _HANDLE,
        _ARRAY,
        c_size_t,
        c_size_t,
        c_int32,
        c_uint32,
        _ARRAY,
    ),
    "omega_series_resample": (c_int32, _HANDLE, c_int64, c_int64, c_uint32, _OUT_HANDLE),
    "omega_align": (c_int32, _HANDLE, _HANDLE, c_int32, c_int32, c_int64, _ARRAY, c_size_t),
    "omega_multi_symbol_new": (c_int32, _ARRAY, c_size_t, c_int32, c_uint32, c_int64, _OUT_HANDLE),
    "omega_multi_symbol_free": (c_int32, _HANDLE),
    "omega_multi_symbol_timeline": (c_int32, _HANDLE, _OUT_HANDLE, POINTER(c_size_t)),
    "omega_multi_symbol_rows": (c_int32, _HANDLE, c_size_t, _ARRAY, c_size_t),
    **_kernels(),
    "omega_kernel_columns": (c_int32, c_int32, POINTER(KernelOptions), _ARRAY, c_size_t, c_size_t, _ARRAY),
    "omega_kernel_tables": (
        c_int32,
        c_int32,
        POINTER(KernelOptions),
        _ARRAY,
        c_size_t,
        c_size_t,
        c_size_t,
        _ARRAY,
        c_size_t,
    ),
    "omega_stream_new": (c_int32, c_int32, POINTER(KernelOptions), _OUT_HANDLE),
    "omega_stream_push": (c_int32, _HANDLE, _ARRAY, c_size_t, _ARRAY, c_size_t),
    "omega_stream_free": (c_int32, _HANDLE),
    "omega_series_read_ipc": (c_int32, c_char_p, POINTER(SeriesOptions), _OUT_HANDLE),
    "omega_series_from_ipc": (c_int32, c_char_p, c_size_t, POINTER(SeriesOptions), _OUT_HANDLE),
    "omega_series_refresh": (c_int32, _HANDLE, POINTER(c_int32)),
    "omega_candles_write_ipc": (c_int32, _HANDLE, Range, c_char_p),
    "omega_candles_to_ipc": (c_int32, _HANDLE, Range, _ARRAY, c_size_t, POINTER(c_size_t)),
    "omega_series_import": (c_int32, c_void_p, c_void_p, POINTER(SeriesOptions), _OUT_HANDLE),
    "omega_series_import_stream": (c_int32, c_void_p, POINTER(SeriesOptions), _OUT_HANDLE),
    "omega_candles_export": (c_int32, _HANDLE, Range, c_void_p, c_void_p),
    "omega_candles_export_schema": (c_int32, _HANDLE, c_void_p),
    "omega_candles_export_stream": (c_int32, _HANDLE, Range, c_void_p),
    "omega_schema_json": (c_int32, c_char_p, c_char_p, POINTER(c_char_p)),
}


def _layout() -> dict[str, int]:
    """Sizes and offsets as declared above, in the order of OmegaAbiLayout."""
    numbers: dict[str, int] = {}
    for prefix, struct in _STRUCTS.items():
        numbers[f"{prefix}_size"] = ctypes.sizeof(struct)
        for name, *_ in struct._fields_:
            if name != "reserved":
                numbers[f"{prefix}_{name}"] = getattr(struct, name).offset
    return numbers


def abi_of(library: ctypes.CDLL) -> str:
    """The ABI version as text, once version and layout agree; else 5004 naming what differs."""
    try:
        library.omega_abi_version.restype = c_uint32
        library.omega_abi_layout.restype = POINTER(c_uint32)
        version = library.omega_abi_version()
        major, minor = version >> 16, version & 0xFFFF
        if major != ABI_MAJOR or minor < ABI_MINOR:
            needed = f"{ABI_MAJOR}.{ABI_MINOR} or a later {ABI_MAJOR}.x"
            raise FfiSchemaMismatchError(f"its ABI is {major}.{minor}, this package needs {needed}")
        reported = library.omega_abi_layout()
        missing = [name for name in _PROTOTYPES if not hasattr(library, name)]
    except AttributeError as error:
        raise FfiSchemaMismatchError(f"it is no omega_slicer library: {error}") from None
    layout = _layout()
    size = 4 * (1 + len(layout))
    if reported[0] < size:  # later minor versions add fields at the end
        raise FfiSchemaMismatchError(f"its layout differs: layout_size is {reported[0]}, expected {size}")
    arrow = has_arrow(library)
    for i, (name, number) in enumerate(layout.items(), start=1):
        if reported[i] != (number if arrow or not name.startswith("arrow_") else 0):
            raise FfiSchemaMismatchError(f"its layout differs: {name} is {reported[i]}, expected {number}")
    if missing:
        raise FfiSchemaMismatchError(f"it lacks {', '.join(missing)}")
    return f"{major}.{minor}"


def has_arrow(library: ctypes.CDLL) -> bool:
    """Whether a library of a layout that is long enough was built with the feature arrow."""
    library.omega_abi_layout.restype = POINTER(c_uint32)
    place = 1 + list(_layout()).index("arrow_schema_size")
    return bool(library.omega_abi_layout()[place])


def declare(library: ctypes.CDLL) -> None:
    """Set the prototypes."""
    for name, (result, *arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


def text_of(raw: bytes | None) -> str:
    """A C string of the library."""
    return (raw or b"").decode("utf-8", "replace")
