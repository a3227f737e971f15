"""Series cut into blocks of windows, and blocks as 64-bit integers around an anchor, where the numbers allow.

Integers make a sliding sum exact: what leaves a window leaves no trace, and a cumulative sum that wraps
around does no harm as long as the sums of the windows themselves fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Bools", "Column", "Fixed", "Floats", "Ints", "Window", "fixed_point", "slide", "window_sums"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Rows worked on together: enough to make little of what a call of NumPy costs, few enough for the caches.
_BLOCK = 1 << 13
# A block that does not qualify is halved down to this (or the window) before it is done without NumPy.
_SMALLEST = 1 << 8
WIDEST = 1 << 20
"""The longest window of the vectorised paths."""


class Window(NamedTuple):
    """Rows, how many values are wanted among them, and whether NaNs are just not counted."""

    length: int
    least: int
    skip: bool


class Fixed(NamedTuple):
    """A block of doubles: (`anchor` + `steps`) * 2**`exponent`, exactly."""

    steps: Ints
    anchor: int
    exponent: int


def fixed_point(block: Floats, bits: int, lowest: int) -> Fixed | None:
    """Finite doubles as integers of fewer than `bits` bits around an anchor; none where they do not fit.

    The grid is as fine as `bits` allow, but no finer than 2**`lowest`.

    >>> fixed_point(np.array([1.5, 1.75]), 3, -900)
    Fixed(steps=array([-2,  2]), anchor=26, exponent=-4)
    >>> fixed_point(np.array([1.5, 1e-9]), 30, -900) is None
    True
    """
    least, most = float(block.min()), float(block.max())
    top = max(most, -least)
    spread = most * 0.5 - least * 0.5
    exponent = max(math.frexp(top)[1] - 62, lowest)
    if spread:
        exponent = max(exponent, math.frexp(spread)[1] + 1 - bits)
    scale = math.ldexp(1.0, -exponent)
    scaled = block * scale
    bottom = least if least > 0 else -most if most < 0 else 0.0  # no value is nearer to zero
    if math.frexp(bottom)[1] - 53 < exponent or bottom == 0.0:
        scaled = np.rint(scaled, out=scaled)
        if (scaled * math.ldexp(1.0, exponent) != block).any():
            return None
    steps = scaled.astype(np.int64)
    anchor = (int(least * scale) + int(most * scale)) >> 1
    steps -= anchor
    return Fixed(steps, anchor, exponent)


def window_sums(values: Ints, rows: int, window: int) -> Ints:
    """Sums of the windows that end in the last `rows` of `values`, modulo 2**64.

    `values` begins where the first of those windows does; windows cut short by the start are the head's.

    >>> window_sums(np.array([1, 2, 3, 4]), 3, 2), window_sums(np.array([1, 2, 3, 4]), 2, 9)
    (array([3, 5, 7]), array([ 6, 10]))
    """
    sums = np.cumsum(values)
    if len(values) < rows + window - 1:
        return sums[len(sums) - rows :]
    answer = sums[window - 1 :].copy()
    answer[1:] -= sums[: rows - 1]
    return answer


class Column:
    """A series ready for blocks: without NaNs and infinities, which are counted instead."""

    def __init__(self, x: Floats, window: Window) -> None:
        self.window = window
        self.bad: Bools | None = None
        self.values = x
        self._raw = x
        finite = np.isfinite(x)
        if not finite.all():
            self.bad = ~finite
            # The value before keeps blocks as narrow as they were.
            last = np.maximum.accumulate(np.where(finite, np.arange(len(x)), -1))
            first = x[int(finite.argmax())] if finite.any() else 0.0
            self.values = np.where(last >= 0, x[np.maximum(last, 0)], first)
            self.finite = self.count(finite)

    def count(self, mask: Bools) -> Ints:
        """How many rows of each window are marked."""
        counts = np.cumsum(mask, dtype=np.int64)
        length = self.window.length
        if length < len(counts):
            counts[length:] -= counts[:-length].copy()
        return counts

    def first(self, start: int) -> int:
        """The first row of the window of row `start`."""
        return max(0, start - self.window.length + 1)

    def marked(self, start: int, stop: int) -> Bools | None:
        """The rows not counted in the windows of the rows from `start` to `stop`; none if all are."""
        if self.bad is None:
            return None
        bad = self.bad[self.first(start) : stop]
        return bad if bad.any() else None

    def counts(self, start: int, stop: int) -> int | Ints:
        """How many finite values each of these windows holds, at least 1; one number if they are the same."""
        if self.marked(start, stop) is not None:
            return np.maximum(self.finite[start:stop], 1)
        if start + 1 >= self.window.length:
            return self.window.length
        rows: Ints = np.arange(start + 1, stop + 1)
        return np.minimum(rows, self.window.length)

    def finish(self, out: Floats, sums: bool) -> Floats:
        """Put in what NaNs, infinities and `min_periods` make of the windows that hold them."""
        window, x = self.window, self._raw
        if self.bad is None:
            out[: window.least - 1] = np.nan
            return out
        nans, above, below = (self.count(mask) for mask in (np.isnan(x), x == np.inf, x == -np.inf))
        if sums:
            out[above > 0] = np.inf
            out[below > 0] = -np.inf
            out[(above > 0) & (below > 0)] = np.nan
        else:
            out[(above > 0) | (below > 0)] = np.nan
        out[self.finite + above + below < window.least] = np.nan
        if not window.skip:
            out[nans > 0] = np.nan
        return out


def slide(
    rows: int, window: int, quick: Callable[[int, int], bool], careful: Callable[[int, int], None]
) -> None:
    """Have all rows answered: by `quick` block by block, by `careful` where `quick` says it cannot."""
    left: list[tuple[int, int]] = []
    if window > WIDEST:
        careful(0, rows)
        return
    head = min(window - 1, rows)
    if head and not quick(0, head):
        left.append((0, head))
    block, smallest = max(_BLOCK, 2 * window), max(_SMALLEST, window)
    todo = [(start, min(start + block, rows)) for start in range(head, rows, block)][::-1]
    while todo:
        start, stop = todo.pop()
        if quick(start, stop):
            continue
        if stop - start > smallest:
            middle = (start + stop) // 2
            todo += [(middle, stop), (start, middle)]
        elif left and left[-1][1] == start:
            left[-1] = (left[-1][0], stop)
        else:
            left.append((start, stop))
    for start, stop in left:
        careful(start, stop)
