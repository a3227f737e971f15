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
from typing import Any, Final, TypeAlias

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
_MOST_READY: Final = 1 << 10

_Ask: TypeAlias = Callable[..., int]
_Ready: TypeAlias = dict[Numbers, _Ask]


class NativeKernels:
    """The `KernelEngine` over the loaded library."""

    kind = "native"

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        # Functions that take their arguments as they are; and by the parameters of earlier calls, what asks
        # them with those in the ABI's form.
        self._calls = {kernel: _as_it_is(ctypes.CFUNCTYPE, library, _name(kernel)) for kernel in SHAPES}
        self._table = _as_it_is(ctypes.CFUNCTYPE, library, "omega_kernel_columns")
        self._tables = _as_it_is(ctypes.CFUNCTYPE, library, "omega_kernel_tables")
        self._ready: dict[str, _Ready] = {kernel: {} for kernel in SHAPES}
        self._ready_for_tables: dict[str, _Ready] = {kernel: {} for kernel in SHAPES}
        self._ready_for_periods: dict[str, _Ready] = {kernel: {} for kernel in SHAPES}

    def run(
        self, kernel: str, inputs: tuple[Floats, ...], numbers: Numbers, outputs: tuple[Floats, ...]
    ) -> None:
        """The kernel's own function."""
        ready = self._ready[kernel]
        ask = ready.get(numbers) or _kept(ready, numbers, self._asker(kernel, numbers))
        status = ask(inputs, outputs)
        if status:
            self._fail(status)

    def columns(
        self, kernel: str, inputs: tuple[Floats, ...], numbers: Numbers, outputs: tuple[Floats, ...]
    ) -> None:
        """All columns in one call."""
        if not inputs[0].size:
            return
        ready = self._ready_for_tables[kernel]
        ask = ready.get(numbers) or _kept(ready, numbers, self._table_asker(kernel, numbers))
        status = ask(inputs, outputs)
        if status:
            self._fail(status)

    def emas(self, kernel: str, x: Floats, numbers: Numbers, out: Floats) -> None:
        """All periods in one call."""
        ready = self._ready_for_periods[kernel]
        ask = ready.get(numbers) or _kept(ready, numbers, self._emas_asker(numbers))
        status = ask((x,), (out,))
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

    def _asker(self, kernel: str, numbers: Numbers) -> _Ask:
        shape = SHAPES[kernel]
        given: list[Any] = [
            _TYPES.get(name, _size)(value) for name, value in zip(shape.options, numbers, strict=True)
        ]
        if kernel == "ema":
            given = [ctypes.byref(given[0]), _size(1), given[1]]
        return _asker(self._calls[kernel], shape.inputs, shape.outputs, given)

    def _table_asker(self, kernel: str, numbers: Numbers) -> _Ask:
        at, size, shape = _address, _size, SHAPES[kernel]
        number, options = ctypes.c_int32(shape.number), ctypes.byref(_options(kernel, numbers))
        if shape.inputs == shape.outputs == 1:  # the shorter way
            call = self._table

            def alone(inputs: tuple[Floats], outputs: tuple[Floats]) -> int:
                (x,), (out,) = inputs, outputs
                rows, columns = x.shape
                return call(number, options, at(x), size(rows), size(columns), at(out))

            return alone
        call_of_all, series, lines = self._tables, size(shape.inputs), size(shape.outputs)
        tables, results = ctypes.c_void_p * shape.inputs, ctypes.c_void_p * shape.outputs

        def ask(inputs: tuple[Floats, ...], outputs: tuple[Floats, ...]) -> int:
            rows, columns = inputs[0].shape
            given, made = tables(*map(at, inputs)), results(*map(at, outputs))
            return call_of_all(
                number,
                options,
                ctypes.byref(given),
                series,
                size(rows),
                size(columns),
                ctypes.byref(made),
                lines,
            )

        return ask

    def _emas_asker(self, numbers: Numbers) -> _Ask:
        *periods, nan = numbers
        each = (ctypes.c_size_t * len(periods))(*periods)
        given = [ctypes.byref(each), _size(len(periods)), _TYPES["nan"](nan)]
        return _asker(self._calls["ema"], 1, 1, given)

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


def _kept(ready: _Ready, numbers: Numbers, ask: _Ask) -> _Ask:
    """Remembered for the next call with these parameters."""
    if len(ready) >= _MOST_READY:
        ready.clear()
    if not any(number == 0.0 and isinstance(number, float) for number in numbers):  # 0.0 is not -0.0
        ready[numbers] = ask
    return ask


def _asker(call: Callable[..., int], inputs: int, outputs: int, given: list[Any]) -> _Ask:
    """What asks a kernel's function for series and lines, the parameters being given."""
    # Written out for each number of inputs and outputs: loops over them cost as much as the call.
    at, size = _address, _size

    def one(series: tuple[Floats], line: tuple[Floats]) -> int:
        (x,), (out,) = series, line
        return call(at(x), size(len(x)), *given, at(out))

    def pair(series: tuple[Floats, Floats], line: tuple[Floats]) -> int:
        (x, y), (out,) = series, line
        return call(at(x), at(y), size(len(x)), *given, at(out))

    def bars(series: tuple[Floats, Floats, Floats], line: tuple[Floats]) -> int:
        (high, low, close), (out,) = series, line
        return call(at(high), at(low), at(close), size(len(high)), *given, at(out))

    def lines(series: tuple[Floats], several: tuple[Floats, Floats, Floats]) -> int:
        (x,), (first, second, third) = series, several
        return call(at(x), size(len(x)), *given, at(first), at(second), at(third))

    return lines if outputs == 3 else (one, pair, bars)[inputs - 1]


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
