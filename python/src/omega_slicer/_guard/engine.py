"""The library with the fallback behind it: what `auto` means where the library is there.

Every call goes to the library, and where that fails by its own fault, the fallback answers the same call.
Once the breaker of a module is open the library is not asked again, by objects that exist neither. The
caller's own errors pass through untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from omega_slicer._arrow_engine import ArrowEngine
from omega_slicer._engine import Engine, Read
from omega_slicer._errors import OmegaError
from omega_slicer._fallback import PYTHON
from omega_slicer._kernel_engine import KernelEngine, Numbers, Push

from .arrow import guarded_arrow
from .breaker import BREAKERS, Breaker, is_fault
from .call import forwarded
from .shadow import SHADOW, kernel_answer
from .stream import guarded_push
from .text import arguments_text

if TYPE_CHECKING:
    from omega_slicer._native_engine import NativeEngine

__all__ = ["guarded"]

_KEEPS: Final = ("read_csv", "resample")
"""Calls after which the data would be in the library alone."""
_CALLS: Final = tuple(
    name
    for name, value in vars(Engine).items()
    if callable(value) and not name.startswith("_") and name != "columns"
)


class _Guarded:
    """The `Engine`; its calls are made one like the other."""

    kernels: KernelEngine
    arrow: ArrowEngine

    def __init__(self, native: NativeEngine, breaker: Breaker) -> None:
        self.native = native
        kernels: Any = _GuardedKernels(native.kernels, breaker)
        self.kernels, self.arrow = kernels, guarded_arrow(native, breaker)
        for call in _CALLS:
            first = getattr(native, call)
            setattr(
                self,
                call,
                forwarded(breaker, call, _kept(native, first) if call in _KEEPS else first, PYTHON),
            )
        breaker.tell(self._told)

    def _told(self, off: bool) -> None:
        """Say who answers from now on."""
        who: Engine = PYTHON if off else self.native
        self.name, self.single = who.name, who.single

    def columns(self, handle: Any) -> Any:
        """Only asked for series made under a plain native backend."""
        return self.native.columns(handle)


def _kept(native: NativeEngine, first: Callable[..., Read]) -> Callable[..., Read]:
    """A call whose columns are shown at once: later the library might not give them any more."""

    def ask(*args: Any) -> Read:
        read = first(*args)
        if read.columns is None and read.handle is not None:
            return Read(native.columns(read.handle), read.handle)
        return read

    return ask


class _GuardedKernels:
    """The `KernelEngine` with the fallback behind it."""

    def __init__(self, native: KernelEngine, breaker: Breaker) -> None:
        self._native, self._breaker = native, breaker
        behind = PYTHON.kernels
        self.run = _asked(breaker, native.run, behind.run, _as_given, kernel_answer)
        self.columns = _asked(breaker, native.columns, behind.columns, _columns_of, _compare_columns)
        self.emas = _asked(breaker, native.emas, behind.emas, _alone, _compare_emas)
        breaker.tell(self._told)

    def _told(self, off: bool) -> None:
        """Say who answers from now on."""
        self.kind = PYTHON.kernels.kind if off else self._native.kind

    def stream(self, kernel: str, numbers: Numbers) -> Push:
        """A stream that the fallback can go on with."""
        breaker = self._breaker
        if breaker.incident is not None:
            return PYTHON.kernels.stream(kernel, numbers)
        number = breaker.call()
        try:
            push = self._native.stream(kernel, numbers)
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            breaker.failed(error, kernel, number, lambda: arguments_text(kernel, ((), numbers)))
            return PYTHON.kernels.stream(kernel, numbers)
        return guarded_push(push, kernel, numbers, breaker)


Run: TypeAlias = Callable[[str, Any, Numbers, Any], None]


def _asked(
    breaker: Breaker, first: Run, instead: Run, series: Callable[[Any], Any], compare: Callable[..., object]
) -> Run:
    """A call that fills its outputs; a closure, as `forwarded`. Records keep the `series` of what it got."""
    count = breaker.call

    def ask(kernel: str, given: Any, numbers: Numbers, out: Any) -> None:
        if breaker.incident is not None:
            instead(kernel, given, numbers, out)
            return
        number = count()
        try:
            first(kernel, given, numbers, out)
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            breaker.failed(error, kernel, number, lambda: arguments_text(kernel, (series(given), numbers)))
            instead(kernel, given, numbers, out)
            return
        if SHADOW.fraction:
            compare(breaker, kernel, given, numbers, out, number)

    return ask


def _as_given(inputs: Any) -> Any:
    return inputs


def _columns_of(tables: Any) -> Any:
    """The series of the first columns, then those of the second, and so on."""
    return tuple(table[:, i] for i in range(tables[0].shape[1]) for table in tables)


def _alone(x: Any) -> Any:
    return (x,)


def _compare_columns(
    breaker: Breaker, kernel: str, tables: Any, numbers: Numbers, out: Any, number: int
) -> None:
    for i in range(tables[0].shape[1]):
        series, lines = tuple(table[:, i] for table in tables), tuple(line[:, i] for line in out)
        if kernel_answer(breaker, kernel, series, numbers, lines, number):
            PYTHON.kernels.columns(kernel, tables, numbers, out)  # the columns that were not looked at, too
            return


def _compare_emas(breaker: Breaker, kernel: str, x: Any, numbers: Numbers, out: Any, number: int) -> None:
    *periods, nan = numbers
    for i, period in enumerate(periods):
        if kernel_answer(breaker, kernel, (x,), (period, nan), (out[:, i],), number):
            PYTHON.kernels.emas(kernel, x, numbers, out)
            return


_ENGINES: dict[tuple[int, str], _Guarded] = {}


def guarded(native: NativeEngine, module: str) -> Engine:
    """The library for a module, with the fallback behind it."""
    key = id(native), module
    if key not in _ENGINES:
        _ENGINES[key] = _Guarded(native, BREAKERS[module])
    engine: Any = _ENGINES[key]
    checked: Engine = engine
    return checked
