"""One call with the fallback behind it: what `auto` means, wherever a backend is asked for something.

The library answers, unless its breaker is open; where it fails by its own fault, the fallback answers the
same call. The caller's own errors pass through untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omega_slicer._errors import OmegaError

from .breaker import Breaker, is_fault
from .shadow import SHADOW, batch_answer
from .text import arguments_text

__all__ = ["forwarded"]


def forwarded(
    breaker: Breaker, call: str, first: Callable[..., Any], behind: Any, *, compared: bool = True
) -> Callable[..., Any]:
    """The call `first` of the library, with the one of that name of the fallback `behind` it.

    A closure, which finds what it needs fastest. Without `compared` shadow mode leaves the answers alone,
    and no arguments are kept, for the call must not be made again.
    """
    fallback, count = getattr(behind, call), breaker.call

    def ask(*args: Any) -> Any:
        if breaker.incident is not None:
            return fallback(*args)
        number = count()
        try:
            answer = first(*args)
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            breaker.failed(error, call, number, (lambda: arguments_text(call, args)) if compared else None)
            return fallback(*args)
        if compared and SHADOW.fraction:
            return batch_answer(breaker, call, args, answer, number, behind)
        return answer

    return ask
