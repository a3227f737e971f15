"""Arrow through the library with the fallback behind it: the `ArrowEngine` of a guarded backend.

As the other calls, but for two things: a table is shown at once, since later the library might not give it
any more; and what is imported is never asked for twice to compare, for a stream may be there only once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from omega_slicer._arrow_engine import ArrowEngine, Imported
from omega_slicer._errors import OmegaError
from omega_slicer._fallback import PYTHON

from .breaker import Breaker, is_fault
from .shadow import SHADOW, batch_answer
from .text import arguments_text

if TYPE_CHECKING:
    from omega_slicer._native_engine import NativeEngine

__all__ = ["guarded_arrow"]

_COMPARED = ("read_ipc", "parse_ipc")


class _GuardedArrow:
    """Its calls are added below, one like the other."""

    def __init__(self, native: NativeEngine, breaker: Breaker) -> None:
        self._native, self._breaker = native, breaker


def _forwarded(call: str) -> Callable[..., Any]:
    """A call that goes to the library first."""

    def ask(self: _GuardedArrow, *args: Any) -> Any:
        breaker, fallback = self._breaker, getattr(PYTHON.arrow, call)
        if breaker.incident is not None:
            return fallback(*args)
        number = breaker.call()
        try:
            answer = getattr(self._native.arrow, call)(*args)
            if isinstance(answer, Imported) and answer.columns is None and answer.handle is not None:
                answer = answer._replace(columns=self._native.columns(answer.handle))
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            breaker.failed(error, call, number, lambda: arguments_text(call, args))
            return fallback(*args)
        if SHADOW.fraction and call in _COMPARED:
            return batch_answer(breaker, call, args, answer, number, PYTHON.arrow)
        return answer

    ask.__name__, ask.__doc__ = call, getattr(ArrowEngine, call).__doc__
    return ask


for _call, _value in vars(ArrowEngine).items():
    if callable(_value) and not _call.startswith("_"):
        setattr(_GuardedArrow, _call, _forwarded(_call))


def guarded_arrow(native: NativeEngine, breaker: Breaker) -> ArrowEngine:
    """The library's Arrow, with the fallback's behind it."""
    guarded: Any = _GuardedArrow(native, breaker)
    engine: ArrowEngine = guarded
    return engine
