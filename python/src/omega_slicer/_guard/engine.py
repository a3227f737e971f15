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
from .shadow import SHADOW, batch_answer, kernel_answer
from .stream import guarded_push
from .text import arguments_text

if TYPE_CHECKING:
    from omega_slicer._native_engine import NativeEngine

__all__ = ["guarded"]

_KEEPS: Final = ("read_csv", "resample")
"""Calls after which the data would be in the library alone."""
_MADE_BY_HAND: Final = ("columns", *_KEEPS)


def _methods() -> tuple[str, ...]:
    """What an engine is asked, but for what has its own way below."""
    public = (name for name, value in vars(Engine).items() if callable(value) and not name.startswith("_"))
    return tuple(name for name in public if name not in _MADE_BY_HAND)


_CALLS: Final = _methods()


class _Guarded:
    """The `Engine`; most of its calls are made one like the other."""

    kernels: KernelEngine
    arrow: ArrowEngine

    def __init__(self, native: NativeEngine, breaker: Breaker) -> None:
        self.native, self._breaker = native, breaker
        kernels: Any = _GuardedKernels(native.kernels, breaker)
        self.kernels, self.arrow = kernels, guarded_arrow(native, breaker)
        self.name, self.single = native.name, native.single
        for call in _CALLS:
            setattr(self, call, _forwarded(call, native, breaker))
        breaker.tell(self._told)

    def _told(self, off: bool) -> None:
        """Say who answers from now on."""
        who: Engine = PYTHON if off else self.native
        self.name, self.single = who.name, who.single

    def columns(self, handle: Any) -> Any:
        """Only asked for series made under a plain native backend."""
        return self.native.columns(handle)

    def _kept(self, call: str, *args: Any) -> Read:
        """As a plain call, and the columns at once: later the library might not give them any more."""
        if self._breaker.incident is not None:
            return self._instead(call, *args)
        number = self._breaker.call()
        try:
            read: Read = getattr(self.native, call)(*args)
            if read.columns is None and read.handle is not None:
                read = Read(self.native.columns(read.handle), read.handle)
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            self._breaker.failed(error, call, number, lambda: arguments_text(call, args))
            return self._instead(call, *args)
        return batch_answer(self._breaker, call, args, read, number) if SHADOW.fraction else read

    @staticmethod
    def _instead(call: str, *args: Any) -> Read:
        read: Read = getattr(PYTHON, call)(*args)
        return read

    def read_csv(self, *args: Any) -> Read:
        """Read and check a file."""
        return self._kept("read_csv", *args)

    def resample(self, *args: Any) -> Read:
        """The columns of the longer candles."""
        return self._kept("resample", *args)


def _forwarded(call: str, native: NativeEngine, breaker: Breaker) -> Callable[..., Any]:
    """A call that goes to the library first; a closure, which finds what it needs fastest."""
    first, fallback, count = getattr(native, call), getattr(PYTHON, call), breaker.call

    def ask(*args: Any) -> Any:
        if breaker.incident is not None:
            return fallback(*args)
        number = count()
        try:
            answer = first(*args)
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            breaker.failed(error, call, number, lambda: arguments_text(call, args))
            return fallback(*args)
        return batch_answer(breaker, call, args, answer, number) if SHADOW.fraction else answer

    return ask


class _GuardedKernels:
    """The `KernelEngine` with the fallback behind it."""

    def __init__(self, native: KernelEngine, breaker: Breaker) -> None:
        self._native, self._breaker = native, breaker
        self._run, self._count = native.run, breaker.call
        self.kind = native.kind
        breaker.tell(self._told)

    def _told(self, off: bool) -> None:
        """Say who answers from now on."""
        self.kind = PYTHON.kernels.kind if off else self._native.kind

    def run(self, kernel: str, inputs: Any, numbers: Numbers, outputs: Any) -> None:
        """One series of each input."""
        breaker = self._breaker
        if breaker.incident is not None:
            PYTHON.kernels.run(kernel, inputs, numbers, outputs)
            return
        number = self._count()
        try:
            self._run(kernel, inputs, numbers, outputs)
        except OmegaError as error:
            self._rescued(
                error,
                kernel,
                (inputs, numbers),
                number,
                lambda: PYTHON.kernels.run(kernel, inputs, numbers, outputs),
            )
            return
        if SHADOW.fraction:
            kernel_answer(breaker, kernel, inputs, numbers, outputs, number)

    def _rescued(
        self, error: OmegaError, call: str, given: Any, number: int, fallback: Callable[[], None]
    ) -> None:
        if not is_fault(error.code):
            raise error
        self._breaker.failed(error, call, number, lambda: arguments_text(call, given))
        fallback()

    def columns(self, kernel: str, x: Any, numbers: Numbers, out: Any) -> None:
        """Each column of a table."""
        breaker = self._breaker
        if breaker.incident is not None:
            PYTHON.kernels.columns(kernel, x, numbers, out)
            return
        number = breaker.call()
        try:
            self._native.columns(kernel, x, numbers, out)
        except OmegaError as error:
            self._rescued(
                error,
                kernel,
                ((x,), numbers),
                number,
                lambda: PYTHON.kernels.columns(kernel, x, numbers, out),
            )
            return
        if SHADOW.fraction:
            for i in range(x.shape[1]):
                kernel_answer(breaker, kernel, (x[:, i],), numbers, (out[:, i],), number)

    def emas(self, x: Any, periods: tuple[int, ...], nan: int, out: Any) -> None:
        """One column for each period."""
        breaker = self._breaker
        if breaker.incident is not None:
            PYTHON.kernels.emas(x, periods, nan, out)
            return
        number = breaker.call()
        try:
            self._native.emas(x, periods, nan, out)
        except OmegaError as error:
            self._rescued(
                error,
                "ema",
                ((x,), (*periods, nan)),
                number,
                lambda: PYTHON.kernels.emas(x, periods, nan, out),
            )
            return
        if SHADOW.fraction:
            for i, period in enumerate(periods):
                kernel_answer(breaker, "ema", (x,), (period, nan), (out[:, i],), number)

    def stream(self, kernel: str, numbers: Numbers) -> Push:
        """A stream that the fallback can go on with."""
        breaker = self._breaker
        if breaker.incident is not None:
            return PYTHON.kernels.stream(kernel, numbers)
        number = breaker.call()
        try:
            push = self._native.stream(kernel, numbers)
        except OmegaError as error:
            made: list[Push] = []
            self._rescued(
                error,
                kernel,
                ((), numbers),
                number,
                lambda: made.append(PYTHON.kernels.stream(kernel, numbers)),
            )
            return made[0]
        return guarded_push(push, kernel, numbers, breaker)


_ENGINES: dict[tuple[int, str], _Guarded] = {}


def guarded(native: NativeEngine, module: str) -> Engine:
    """The library for a module, with the fallback behind it."""
    key = id(native), module
    if key not in _ENGINES:
        _ENGINES[key] = _Guarded(native, BREAKERS[module])
    engine: Any = _ENGINES[key]
    checked: Engine = engine
    return checked
