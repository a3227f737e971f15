"""The `native` backend's kernels: one call into the library for each call of the shim.

A call on a short series costs what Python adds to it. So the addresses of arrays are found the short way, and
a stream keeps its function and its arguments in the form in which they are handed over.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import weakref
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

from ._columns import Floats
from ._errors import make_error
from ._kernel_engine import SHAPES, Numbers, Push
from ._native_abi import KernelOptions, text_of

__all__ = ["NativeKernels"]

_ROLLING: Final = frozenset(
    ("sum", "mean", "var", "std", "zscore", "min", "max", "argmin", "argmax", "cov", "corr")
)
_TYPES: Final = {"nan": ctypes.c_int32, "width": ctypes.c_double}
_OBJECT: Final = object.__basicsize__
_pointer_at: Final = ctypes.c_void_p.from_address
_size: Final = ctypes.c_size_t
# Enough for a program's own kernels, and for a search through parameters in its inner loops.
_MOST_GIVEN: Final = 1 << 10


class NativeKernels:
    """The `KernelEngine` over the loaded library."""

    kind = "native"

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        # Functions that take their arguments as they are, and the parameters of earlier calls in that form.
        self._calls = {kernel: _as_it_is(ctypes.CFUNCTYPE, library, _name(kernel)) for kernel in SHAPES}
        self._given: dict[tuple[str, Numbers], tuple[Any, ...]] = {}

    def run(
        self, kernel: str, inputs: tuple[Floats, ...], numbers: Numbers, outputs: tuple[Floats, ...]
    ) -> None:
        """The kernel's own function."""
        # Written out for each number of inputs and outputs: loops over them cost as much as the call.
        call, at = self._calls[kernel], _address
        x, out = inputs[0], outputs[0]
        rows, given = _size(len(x)), self._given.get((kernel, numbers)) or self._prepared(kernel, numbers)
        if len(outputs) == 3:
            status = call(at(x), rows, *given, at(out), at(outputs[1]), at(outputs[2]))
        elif len(inputs) == 1:
            status = call(at(x), rows, *given, at(out))
        elif len(inputs) == 2:
            status = call(at(x), at(inputs[1]), rows, *given, at(out))
        else:
            status = call(at(x), at(inputs[1]), at(inputs[2]), rows, *given, at(out))
        if status:
            self._fail(status)

    def columns(self, kernel: str, x: Floats, numbers: Numbers, out: Floats) -> None:
        """All columns in one call."""
        rows, columns = x.shape
        if not x.size:
            return
        number, options = SHAPES[kernel].number, _options(kernel, numbers)
        status = self.library.omega_kernel_columns(number, options, _address(x), rows, columns, _address(out))
        if status:
            self._fail(status)

    def emas(self, x: Floats, periods: tuple[int, ...], nan: int, out: Floats) -> None:
        """All periods in one call."""
        array = _sizes(len(periods))(*periods)
        status = self.library.omega_ema(_address(x), len(x), array, len(periods), nan, _address(out))
        if status:
            self._fail(status)

    def stream(self, kernel: str, numbers: Numbers) -> Push:
        """The push of a stream whose handle goes with it."""
        handle = _Handle()
        status = self.library.omega_stream_new(
            SHAPES[kernel].number, _options(kernel, numbers), ctypes.byref(handle)
        )
        if status:
            self._fail(status)
        handle.own(self.library)
        call = _as_it_is(ctypes.PYFUNCTYPE, self.library, "omega_stream_push")  # too short to unlock Python
        return _pusher(call, handle, SHAPES[kernel].inputs, SHAPES[kernel].outputs, self._fail)

    def _prepared(self, kernel: str, numbers: Numbers) -> tuple[Any, ...]:
        """Parameters as the ABI has them, remembered for the next call."""
        if len(self._given) >= _MOST_GIVEN:
            self._given.clear()
        given: tuple[Any, ...] = tuple(
            _TYPES.get(name, _size)(number)
            for name, number in zip(SHAPES[kernel].options, numbers, strict=True)
        )
        if kernel == "ema":
            given = (ctypes.byref(given[0]), _size(1), given[1])
        self._given[kernel, numbers] = given
        return given

    def _fail(self, status: int) -> None:
        raise make_error(status, text_of(self.library.omega_last_error_message()))


class _Handle(ctypes.c_void_p):
    """A stream of the library; freed as series are, neither at the end of the process nor in a fork."""

    def own(self, library: ctypes.CDLL) -> None:
        """Free the stream when this goes."""
        assert self.value is not None
        weakref.finalize(self, _free, library.omega_stream_free, self.value, os.getpid()).atexit = False


def _free(function: Callable[[int], int], address: int, owner: int) -> None:
    if os.getpid() == owner:
        function(address)


def _pusher(
    call: Callable[..., int], handle: _Handle, inputs: int, outputs: int, fail: Callable[[int], None]
) -> Push:
    """A row in, the lines' values out; `call` takes what it is given as it is, so the types must be right."""
    size, byref = _size, ctypes.byref
    values, results = (ctypes.c_double * inputs)(), (ctypes.c_double * outputs)()
    value, result = ctypes.c_double.from_buffer(values), ctypes.c_double.from_buffer(results)
    given: Final = (handle, byref(values), size(inputs), byref(results), size(outputs))

    def single(x: float) -> tuple[float, ...]:
        value.value = x
        status = call(*given)
        if status:
            fail(status)
        return (result.value,)

    put, take = struct.Struct(f"{inputs}d").pack_into, struct.Struct(f"{outputs}d").unpack_from

    def several(*row: float) -> tuple[float, ...]:
        put(values, 0, *row)
        status = call(*given)
        if status:
            fail(status)
        return take(results)

    return single if inputs == outputs == 1 else several


def _as_it_is(kind: Any, library: ctypes.CDLL, name: str) -> Callable[..., int]:
    """A function that converts nothing: each argument must have the ABI's own type."""
    address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    function: Callable[..., int] = kind(ctypes.c_int32)(address)
    return function


def _name(kernel: str) -> str:
    return f"omega_rolling_{kernel}" if kernel in _ROLLING else f"omega_{kernel}"


def _options(kernel: str, numbers: Numbers) -> KernelOptions:
    return KernelOptions(**dict(zip(SHAPES[kernel].options, numbers, strict=True)))


@cache
def _sizes(count: int) -> Any:
    return ctypes.c_size_t * count


def _address(array: Floats) -> Any:
    """Where a contiguous array begins."""
    return array.ctypes.data


def _address_in_object(array: Floats) -> Any:
    """The same in a tenth of the time: NumPy's C ABI has that address first in every array."""
    return _pointer_at(id(array) + _OBJECT)


def _has_address_first() -> bool:
    array = np.empty(3)[1:]
    if sys.implementation.name != "cpython":  # elsewhere id() is no address
        return False
    return bool(_pointer_at(id(array) + _OBJECT).value == array.ctypes.data)


if _has_address_first():
    _address = _address_in_object
