"""A stream of the library that the fallback can take over at any row, with nothing lost.

Keeps the rows that bear on the next answer: a window's, or, for recurrences, all of them (8 bytes a number).
"""

from __future__ import annotations

from array import array
from collections import deque
from typing import Any, Final

import numpy as np

from omega_slicer._errors import OmegaError
from omega_slicer._fallback import PYTHON
from omega_slicer._kernel_engine import SHAPES, Numbers, Push

from .breaker import Breaker, is_fault
from .shadow import SHADOW, same_line
from .text import arguments_text

__all__ = ["guarded_push"]

_CHAINED: Final = frozenset(("ema", "wilder", "rsi", "atr", "macd"))


def guarded_push(push: Push, kernel: str, numbers: Numbers, breaker: Breaker) -> Push:
    """A push that goes to the library as long as that is well."""
    rows = _Rows(kernel, numbers)
    keep, count = rows.keep, breaker.call
    instead: Push | None = None

    def gone_over(row: tuple[float, ...]) -> tuple[float, ...]:
        nonlocal instead
        if instead is None:
            instead = rows.replayed()
        return instead(*row)

    def failed(row: tuple[float, ...], number: int, error: OmegaError) -> tuple[float, ...]:
        # The library may or may not have taken the row: this stream goes on without it in any case.
        nonlocal instead
        instead = rows.replayed()
        breaker.failed(error, kernel, number, lambda: rows.text(row))
        return instead(*row)

    def compared(row: tuple[float, ...], line: tuple[float, ...]) -> tuple[float, ...]:
        nonlocal instead
        theirs = rows.replayed()(*row)
        SHADOW.counted(1)
        if same_line(line, theirs):
            keep(*row)
            return line
        SHADOW.counted(0, 1)
        instead = rows.replayed()
        breaker.open(
            "wrong_answer",
            f"push to {kernel}: the library says {line}, the fallback {theirs}",
            call=kernel,
            arguments=lambda: rows.text(row),
            by=SHADOW.title,
        )
        return instead(*row)

    # Twice the same, for a row that need not be a tuple costs less than the guard may.
    def single(x: float) -> tuple[float, ...]:
        if breaker.incident is not None or instead is not None:
            return gone_over((x,))
        number = count()
        try:
            line = push(x)
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            return failed((x,), number, error)
        if SHADOW.fraction and SHADOW.chooses(breaker.module, number):
            return compared((x,), line)
        keep(x)
        return line

    def several(*row: float) -> tuple[float, ...]:
        if breaker.incident is not None or instead is not None:
            return gone_over(row)
        number = count()
        try:
            line = push(*row)
        except OmegaError as error:
            if not is_fault(error.code):
                raise
            return failed(row, number, error)
        if SHADOW.fraction and SHADOW.chooses(breaker.module, number):
            return compared(row, line)
        keep(*row)
        return line

    return single if SHAPES[kernel].inputs == 1 else several


class _Rows:
    """The rows so far, as far as they matter."""

    def __init__(self, kernel: str, numbers: Numbers) -> None:
        self._kernel, self._numbers = kernel, numbers
        shape = SHAPES[kernel]
        most = None if kernel in _CHAINED else 2 if kernel == "true_range" else int(numbers[0]) + 1
        self._columns: list[Any] = [
            array("d") if most is None else deque(maxlen=min(most, 1 << 62)) for _ in range(shape.inputs)
        ]
        self.keep: Any = self._columns[0].append if shape.inputs == 1 else self._keep_all

    def _keep_all(self, *row: float) -> None:
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def replayed(self) -> Push:
        """A stream of the fallback that has taken in all of them."""
        push: Push = PYTHON.kernels.stream(self._kernel, self._numbers)
        for row in zip(*self._columns, strict=True):
            push(*row)
        return push

    def text(self, row: tuple[float, ...]) -> str:
        """The rows by column, the one that was to be taken, and the parameters, for the record."""
        columns = [np.array(column, np.float64) for column in self._columns]
        return arguments_text(f"push {self._kernel}", (*columns, row, self._numbers))
