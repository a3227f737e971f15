"""Rolling sum and mean, correctly rounded.

In integers a sum is exact, and a mean is a quotient with a remainder; both are then rounded once. Blocks
whose numbers span too many binades go through Python's integers.
"""

from __future__ import annotations

import math

import numpy as np

from .exact import Sum
from .windows import Column, Floats, Ints, Window, fixed_point, slide, window_sums

__all__ = ["rolling_mean", "rolling_sum"]

# Results of a grid as fine as this are normal numbers, so that scaling them does not round.
_LOWEST = -960
_SMALL = 1 << 27
_LOW = 30


def rolling_sum(x: Floats, window: Window) -> Floats:
    """Correctly rounded sums."""
    return _rolling(x, window, mean=False)


def rolling_mean(x: Floats, window: Window) -> Floats:
    """Correctly rounded means."""
    return _rolling(x, window, mean=True)


def _rolling(x: Floats, window: Window, *, mean: bool) -> Floats:
    column, out = Column(x, window), np.empty(len(x))
    bits = 62 - window.length.bit_length()

    def quick(start: int, stop: int) -> bool:
        fixed = fixed_point(column.values[column.first(start) : stop], bits, _LOWEST)
        if fixed is None:
            return False
        bad = column.marked(start, stop)
        if bad is not None:
            fixed.steps[bad] = 0
        sums = window_sums(fixed.steps, stop - start, window.length)
        m = column.counts(start, stop)
        rounded = _means(sums, m, fixed.anchor) if mean else _totals(sums, m, fixed.anchor)
        np.multiply(rounded, math.ldexp(1.0, fixed.exponent), out=out[start:stop])
        return True

    def careful(start: int, stop: int) -> None:
        first = column.first(start)
        values = column.values[first:stop].tolist()
        counted = [True] * len(values) if column.bad is None else (~column.bad[first:stop]).tolist()
        state, m = Sum(), 0
        for i, value in enumerate(values):
            oldest = i - window.length
            if oldest >= 0 and counted[oldest]:
                state.add(values[oldest], -1)
                m -= 1
            if counted[i]:
                state.add(value)
                m += 1
            if first + i >= start:
                out[first + i] = state.quotient(max(m, 1) if mean else 1)

    slide(len(x), window.length, quick, careful)
    return column.finish(out, sums=True)


def _totals(sums: Ints, m: int | Ints, anchor: int) -> Floats:
    """`sums + m * anchor`, rounded once: both parts are doubles, and adding two doubles rounds once."""
    high, low = anchor >> _LOW, anchor & ((1 << _LOW) - 1)
    lows = (sums & ((1 << _LOW) - 1)) + m * low
    highs = (sums >> _LOW) + m * high
    highs += lows >> _LOW
    lows &= (1 << _LOW) - 1
    answer = highs.astype(np.float64)
    answer *= 1 << _LOW
    answer += lows
    return answer


def _means(sums: Ints, m: int | Ints, anchor: int) -> Floats:
    """`sums / m + anchor`, rounded once, for m up to 2**24 or so.

    A quotient q with remainder r is q + r/m. Where q is not small beside m, no midpoint of doubles is as
    near to r/m as r/m is to its own rounding, unless it is one: rounding r/m first changes nothing. Where
    q is small, the sum is below 2**53 and IEEE's own division rounds it once.
    """
    quotients = sums // m
    remainders = sums - quotients * m
    quotients += anchor
    answer = quotients.astype(np.float64)
    rest = np.asarray(remainders / m, np.float64)
    rest += quotients - answer.astype(np.int64)  # what a quotient past 2**53 lost
    answer += rest
    small = np.abs(quotients) <= _SMALL
    if small.any():
        divisors = m if isinstance(m, int) else m[small]
        answer[small] = (quotients[small] * divisors + remainders[small]) / divisors
    return answer
