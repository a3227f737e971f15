"""The library with the fallback behind it: what `auto` means where the library is there.

Every call goes to the library, and where that fails by its own fault, the fallback answers the same call.
Once the breaker of a module is open the library is not asked again, by objects that exist neither. The
caller's own errors pass through untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

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
        self._run, self._count = native.run, breaker.call
        breaker.tell(self._told)

    def _told(self, off: bool) -> None:
        """Say who answers from now on."""
        self.kind = PYTHON.kernels.kind if off else self._native.kind

    def run(self, kernel: str, inputs: Any, numbers: Numbers, outputs: Any) -> None:
        """One series of each input."""
        # As `_answer`, in less time: most calls are this one.
        breaker = self._breaker
        if breaker.incident is not None:
            PYTHON.kernels.run(kernel, inputs, numbers, outputs)
            return
        number = self._count()
        try:
            self._run(kernel, inputs, numbers, outputs)
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            breaker.failed(error, kernel, number, lambda: arguments_text(kernel, (inputs, numbers)))
            PYTHON.kernels.run(kernel, inputs, numbers, outputs)
            return
        if SHADOW.fraction:
            kernel_answer(breaker, kernel, inputs, numbers, outputs, number)

    def _answer(
        self, kernel: str, given: Any, first: Callable[[], Any], instead: Callable[[], Any]
    ) -> tuple[Any, int]:
        """The library's answer and the number of the call; or the fallback's and 0."""
        if self._breaker.incident is not None:
            return instead(), 0
        number = self._count()
        try:
            return first(), number
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            self._breaker.failed(error, kernel, number, lambda: arguments_text(kernel, given))
            return instead(), 0

    def columns(self, kernel: str, x: Any, numbers: Numbers, out: Any) -> None:
        """Each column of a table."""
        _, number = self._answer(
            kernel,
            (tuple(x.T), numbers),
            lambda: self._native.columns(kernel, x, numbers, out),
            lambda: PYTHON.kernels.columns(kernel, x, numbers, out),
        )
        if number and SHADOW.fraction:
            for i in range(x.shape[1]):
                kernel_answer(self._breaker, kernel, (x[:, i],), numbers, (out[:, i],), number)

    def emas(self, x: Any, periods: tuple[int, ...], nan: int, out: Any) -> None:
        """One column for each period."""
        _, number = self._answer(
            "ema",
            ((x,), (*periods, nan)),
            lambda: self._native.emas(x, periods, nan, out),
            lambda: PYTHON.kernels.emas(x, periods, nan, out),
        )
        if number and SHADOW.fraction:
            for i, period in enumerate(periods):
                kernel_answer(self._breaker, "ema", (x,), (period, nan), (out[:, i],), number)

    def stream(self, kernel: str, numbers: Numbers) -> Push:
        """A stream that the fallback can go on with."""
        push: Push
        push, number = self._answer(
            kernel,
            ((), numbers),
            lambda: self._native.stream(kernel, numbers),
            lambda: PYTHON.kernels.stream(kernel, numbers),
        )
        return guarded_push(push, kernel, numbers, self._breaker) if number else push


_ENGINES: dict[tuple[int, str], _Guarded] = {}


def guarded(native: NativeEngine, module: str) -> Engine:
    """The library for a module, with the fallback behind it."""
    key = id(native), module
    if key not in _ENGINES:
        _ENGINES[key] = _Guarded(native, BREAKERS[module])
    engine: Any = _ENGINES[key]
    checked: Engine = engine
    return checked
