"""What the streaming twins have in common: a stream of a backend, used by one thread at a time."""

from __future__ import annotations

import math
import threading
from typing import Any

from . import _backend
from ._counts import ticker
from ._errors import InvalidStateError, SerializationFailedError
from ._kernel_engine import SHAPES, Numbers, Push
from ._kernel_input import number

__all__ = ["Bars", "Paired", "Single", "Stream"]

_TICKS = {kind: ticker("stream", kind) for kind in ("native", "fallback")}


class Stream:
    """A stream of one backend; `kernel` is the batch kernel it is the twin of."""

    __slots__ = ("_busy", "_engine", "_last", "_numbers", "_push")
    kernel = ""

    def __init__(self, numbers: Numbers, backend: str | None) -> None:
        engine = _backend.engine("kernels", backend).kernels
        _TICKS[engine.kind]()
        self._engine, self._numbers = engine, numbers
        self._busy = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget every row."""
        if not self._busy.acquire(False):
            self._refuse()
        try:
            self._push: Push = self._engine.stream(self.kernel, self._numbers)
            self._last: tuple[float, ...] = (math.nan,) * SHAPES[self.kernel].outputs
        finally:
            self._busy.release()

    def _refuse(self) -> None:
        raise InvalidStateError(f"{type(self).__name__} is being used by another thread")

    def _take(self, *row: float) -> tuple[float, ...]:
        if not self._busy.acquire(False):
            self._refuse()
        try:
            self._last = last = self._push(*row)
        finally:
            self._busy.release()
        return last

    def __reduce__(self) -> Any:
        raise SerializationFailedError(f"{type(self).__name__} cannot be copied or pickled: feed a new one")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._last if len(self._last) > 1 else self._last[0]}>"


class Single(Stream):
    """A series in, a line out."""

    __slots__ = ()

    def push(self, x: float) -> float:
        """Take a row; the value of the window, or chain, that ends with it."""
        if type(x) is not float:
            x = number(x, "x")
        # As `_take`, in less time.
        if not self._busy.acquire(False):
            self._refuse()
        try:
            self._last = last = self._push(x)
        finally:
            self._busy.release()
        return last[0]

    def value(self) -> float:
        """What the last push gave; NaN before the first."""
        return self._last[0]


class Paired(Stream):
    """Two series in, a line out."""

    __slots__ = ()

    def push(self, x: float, y: float) -> float:
        """Take a row; the value of the window that ends with it."""
        if type(x) is not float or type(y) is not float:
            x, y = number(x, "x"), number(y, "y")
        return self._take(x, y)[0]

    def value(self) -> float:
        """What the last push gave; NaN before the first."""
        return self._last[0]


class Bars(Stream):
    """High, low and close in, a line out."""

    __slots__ = ()

    def push(self, high: float, low: float, close: float) -> float:
        """Take a row; the value that ends with it."""
        return self._take(number(high, "high"), number(low, "low"), number(close, "close"))[0]

    def value(self) -> float:
        """What the last push gave; NaN before the first."""
        return self._last[0]
