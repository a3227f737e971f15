"""The `native` backend's kernels: one call into the library for each call of the shim."""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Callable
from typing import Any, Final

from ._columns import Floats
from ._errors import make_error
from ._kernel_engine import SHAPES, Numbers
from ._native_abi import KernelOptions, text_of

__all__ = ["NativeKernels"]

_ROLLING: Final = frozenset(
    ("sum", "mean", "var", "std", "zscore", "min", "max", "argmin", "argmax", "cov", "corr")
)
_char_at: Final = ctypes.c_char.from_buffer
_address_of: Final = ctypes.addressof


class NativeKernels:
    """The `KernelEngine` over the loaded library."""

    kind = "native"

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        self._functions = {kernel: getattr(library, _name(kernel)) for kernel in SHAPES if kernel != "ema"}

    def run(
        self, kernel: str, inputs: tuple[Floats, ...], numbers: Numbers, outputs: tuple[Floats, ...]
    ) -> None:
        """The kernel's own function."""
        if kernel == "ema":
            self.emas(inputs[0], numbers[:1], numbers[1], outputs[0])
            return
        function = self._functions[kernel]
        if len(inputs) == len(outputs) == 1:  # as below, in half the time
            (x,), (out,) = inputs, outputs
            status = function(_address(x), len(x), *numbers, _address(out))
        else:
            status = function(*map(_address, inputs), len(inputs[0]), *numbers, *map(_address, outputs))
        if status:
            self._fail(status)

    def columns(self, kernel: str, x: Floats, numbers: Numbers, out: Floats) -> None:
        """All columns in one call."""
        rows, columns = x.shape
        if not x.size:
            return
        number, options = SHAPES[kernel].number, _options(kernel, numbers)
        status = self.library.omega_kernel_columns(
            number, options, _address(x.T), rows, columns, _address(out.T)
        )
        if status:
            self._fail(status)

    def emas(self, x: Floats, periods: tuple[int, ...], nan: int, out: Floats) -> None:
        """All periods in one call."""
        array = (ctypes.c_size_t * len(periods))(*periods)
        status = self.library.omega_ema(_address(x), len(x), array, len(periods), nan, _address(out.T))
        if status:
            self._fail(status)

    def stream(self, kernel: str, numbers: Numbers) -> _NativeStream:
        """A handle that is freed with the object that holds it."""
        out = ctypes.c_void_p()
        status = self.library.omega_stream_new(
            SHAPES[kernel].number, _options(kernel, numbers), ctypes.byref(out)
        )
        if status:
            self._fail(status)
        assert out.value is not None
        return _NativeStream(self, out.value, kernel)

    def _fail(self, status: int) -> None:
        raise make_error(status, text_of(self.library.omega_last_error_message()))


class _NativeStream:
    """A stream of the library; freed as series are, neither at the end of the process nor in a fork."""

    __slots__ = ("__weakref__", "_address", "_engine", "_push", "_results", "_values")

    def __init__(self, engine: NativeKernels, address: int, kernel: str) -> None:
        self._engine, self._address, self._push = engine, address, engine.library.omega_stream_push
        shape = SHAPES[kernel]
        self._values = (ctypes.c_double * shape.inputs)()
        self._results = (ctypes.c_double * shape.outputs)()
        weakref.finalize(self, _free, engine.library.omega_stream_free, address, os.getpid()).atexit = False

    def push(self, *row: float) -> tuple[float, ...]:
        values, results = self._values, self._results
        values[:] = row  # type: ignore[call-overload] # any sequence will do
        status = self._push(self._address, values, len(values), results, len(results))
        if status:
            self._engine._fail(status)
        return tuple(results)


def _free(function: Callable[[int], int], address: int, owner: int) -> None:
    if os.getpid() == owner:
        function(address)


def _name(kernel: str) -> str:
    return f"omega_rolling_{kernel}" if kernel in _ROLLING else f"omega_{kernel}"


def _options(kernel: str, numbers: Numbers) -> KernelOptions:
    return KernelOptions(**dict(zip(SHAPES[kernel].options, numbers, strict=True)))


def _address(array: Floats) -> Any:
    """Where a contiguous array begins."""
    try:
        return _address_of(_char_at(array))  # type: ignore[arg-type] # arrays are buffers; typeshed knows from 3.12
    except (TypeError, ValueError, BufferError):  # read-only or empty
        return array.ctypes.data if array.size else None
