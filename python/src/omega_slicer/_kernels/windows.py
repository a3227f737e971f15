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

__all__ = [
    "Bools",
    "Column",
    "Fixed",
    "Floats",
    "Ints",
    "Limbs",
    "Near",
    "Window",
    "fixed_point",
    "near_fixed_point",
    "slide",
    "two_limbs",
    "window_sums",
]

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


class Near(NamedTuple):
    """A block of doubles: (an anchor + `steps` + `rest`) * 2**`exponent`, exactly, no rest beyond a half."""

    steps: Ints
    rest: Floats
    exponent: int


def near_fixed_point(block: Floats, bits: int) -> Near | None:
    """Doubles up to 2**1000 as integers of fewer than `bits` bits around an anchor, and rests.

    None where a rest is so small beside the largest of them that it is no double.

    >>> near_fixed_point(np.array([1.5, 1.84375]), 3)
    Near(steps=array([-3,  3]), rest=array([ 0. , -0.5]), exponent=-4)
    >>> near_fixed_point(np.array([1e200, 1e-300]), 50) is None
    True
    """
    least, most = float(block.min()), float(block.max())
    spread = most * 0.5 - least * 0.5
    exponent = max(math.frexp(max(most, -least))[1] - 62, math.frexp(spread)[1] + 1 - bits)
    rest = block * math.ldexp(1.0, -exponent)
    if exponent > 0 and (rest * math.ldexp(1.0, exponent) != block).any():
        return None
    whole = np.rint(rest)
    rest -= whole
    steps = whole.astype(np.int64)
    steps -= (int(whole.min()) + int(whole.max())) >> 1
    return Near(steps, rest, exponent)


class Limbs(NamedTuple):
    """A block of doubles: (`high` * 2**shift + `low`) * 2**`exponent`, exactly."""

    high: Ints
    low: Ints
    exponent: int


def two_limbs(block: Floats, bits: int, shift: int, lowest: int) -> Limbs | None:
    """Finite doubles as integers of `bits` + 1 and `shift` bits; none where they do not fit.

    The grid is no finer than 2**`lowest`, and that where results in it might not be normal numbers.

    >>> two_limbs(np.array([-3.0, 2.0**-57]), 10, 50, -1000)
    Limbs(high=array([-768,    0]), low=array([0, 2]), exponent=-58)
    >>> two_limbs(np.array([1e200, 1e-300]), 10, 50, -1000) is None
    True
    """
    top = max(float(block.max()), -float(block.min()))
    size = math.frexp(top)[1]
    exponent = size - bits - shift
    if exponent < lowest + 100:
        exponent = lowest
        if size > exponent + bits + shift:
            return None
    up = -exponent - shift
    low = block * math.ldexp(1.0, min(up, 1000))
    if up > 1000:
        low *= math.ldexp(1.0, up - 1000)
    if up < 0 and (low * math.ldexp(1.0, -up) != block).any():  # too small to be a double any more
        return None
    high = np.rint(low)
    low -= high
    low *= math.ldexp(1.0, shift)
    if (low != np.rint(low)).any():
        return None
    return Limbs(high.astype(np.int64), low.astype(np.int64), exponent)


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
        missing = np.isnan(x)
        nans = self.count(missing)
        counted = self.finite
        if (missing != self.bad).any():
            above, below = self.count(x == np.inf), self.count(x == -np.inf)
            if sums:
                out[above > 0] = np.inf
                out[below > 0] = -np.inf
                out[(above > 0) & (below > 0)] = np.nan
            else:
                out[(above > 0) | (below > 0)] = np.nan
            counted = counted + above + below
        out[counted < window.least] = np.nan
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
