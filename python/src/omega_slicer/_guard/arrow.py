"""Arrow through the library with the fallback behind it: the `ArrowEngine` of a guarded backend.

As the other calls, but for two things: a table is shown at once, since later the library might not give it
any more; and what is imported is never asked for twice to compare, for a stream may be there only once.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from omega_slicer._arrow_engine import ArrowEngine, Imported
from omega_slicer._fallback import PYTHON

from .breaker import Breaker
from .call import forwarded
from .text import ARROW

if TYPE_CHECKING:
    from omega_slicer._native_engine import NativeEngine

__all__ = ["guarded_arrow"]

_CALLS: Final = tuple(
    name for name, value in vars(ArrowEngine).items() if callable(value) and not name.startswith("_")
)


def guarded_arrow(native: NativeEngine, breaker: Breaker) -> ArrowEngine:
    """The library's Arrow, with the fallback's behind it."""

    def shown(first: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: Any) -> Any:
            answer = first(*args)
            if isinstance(answer, Imported) and answer.columns is None and answer.handle is not None:
                return answer._replace(columns=native.columns(answer.handle))
            return answer

        return ask

    calls: Any = SimpleNamespace(
        **{
            call: forwarded(
                breaker, call, shown(getattr(native.arrow, call)), PYTHON.arrow, compared=call in ARROW
            )
            for call in _CALLS
        }
    )
    engine: ArrowEngine = calls
    return engine
