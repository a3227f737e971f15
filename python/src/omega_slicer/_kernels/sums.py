"""Rolling sum and mean, correctly rounded.

In integers a sum is exact, and a mean is a quotient with a remainder; both are then rounded once. Where the
numbers of a block span too many binades for one integer of 64 bits, there are two; where for two, Python's.
"""

from __future__ import annotations

import math

import numpy as np

from .exact import Sum
from .windows import Column, Floats, Ints, Limbs, Window, fixed_point, slide, two_limbs, window_sums

__all__ = ["rolling_mean", "rolling_sum"]

# Results of a grid as fine as this are normal numbers, so that scaling them does not round.
_LOWEST = -960
_SMALL = 1 << 27
_LOW = 30
# The grid of the smallest doubles.
_FINEST = -1074
_WHOLE = 1 << 53


def rolling_sum(x: Floats, window: Window) -> Floats:
    """Correctly rounded sums."""
    return _rolling(x, window, mean=False)


def rolling_mean(x: Floats, window: Window) -> Floats:
    """Correctly rounded means."""
    return _rolling(x, window, mean=True)


def _rolling(x: Floats, window: Window, *, mean: bool) -> Floats:
    column, out = Column(x, window), np.empty(len(x))
    width = window.length.bit_length()
    bits, shift = 62 - width, min(52, 61 - width)

    def quick(start: int, stop: int) -> bool:
        block = column.values[column.first(start) : stop]
        fixed = fixed_point(block, bits, _LOWEST)
        if fixed is None:
            limbs = two_limbs(block, 53 - width, shift, _FINEST)
            return limbs is not None and twofold(start, stop, limbs)
        bad = column.marked(start, stop)
        if bad is not None:
            fixed.steps[bad] = 0
        sums = window_sums(fixed.steps, stop - start, window.length)
        m = column.counts(start, stop)
        rounded = _means(sums, m, fixed.anchor) if mean else _totals(sums, m, fixed.anchor)
        np.multiply(rounded, math.ldexp(1.0, fixed.exponent), out=out[start:stop])
        return True

    def twofold(start: int, stop: int, limbs: Limbs) -> bool:
        bad = column.marked(start, stop)
        if bad is not None:
            limbs.high[bad] = limbs.low[bad] = 0
        high, low = (window_sums(part, stop - start, window.length) for part in (limbs.high, limbs.low))
        high += low >> shift
        low &= (1 << shift) - 1
        if mean:
            rounded = _twofold_means(high, low, shift, column.counts(start, stop), limbs.exponent == _FINEST)
        else:  # both parts are doubles, and adding two doubles rounds once
            rounded = np.asarray(high * math.ldexp(1.0, shift) + low, np.float64)
        np.multiply(rounded, math.ldexp(1.0, limbs.exponent), out=out[start:stop])
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
    return _nearest(quotients, remainders, m)


def _nearest(quotients: Ints, remainders: Ints, m: int | Ints) -> Floats:
    answer = quotients.astype(np.float64)
    rest = np.asarray(remainders / m, np.float64)
    rest += quotients - answer.astype(np.int64)  # what a quotient past 2**53 lost
    answer += rest
    small = np.abs(quotients) <= _SMALL
    if small.any():
        divisors = m if isinstance(m, int) else m[small]
        answer[small] = (quotients[small] * divisors + remainders[small]) / divisors
    return answer


def _twofold_means(high: Ints, low: Ints, shift: int, m: int | Ints, finest: bool) -> Floats:
    """`(high * 2**shift + low) / m`, rounded once; on the finest grid of all, small ones to whole numbers.

    The quotient is `high * 2**shift + low` again and a fraction. It is a last bit that decides where a double
    has none so low, and is rounded with the rest where it has.
    """
    quotients = high // m
    low = ((high - quotients * m) << shift) + low
    lows = low // m
    remainders = low - lows * m
    answer: Floats = quotients.astype(np.float64)
    answer *= math.ldexp(1.0, shift + 1)
    answer += 2 * lows + (remainders != 0)
    answer *= 0.5
    small = (np.abs(answer) <= float(_WHOLE)) & (remainders != 0)
    if small.any():
        whole, rest = (quotients[small] << shift) + lows[small], remainders[small]
        count = m if isinstance(m, int) else m[small]
        if finest:
            rounded = whole + ((2 * rest > count) | ((2 * rest == count) & (whole & 1 == 1)))
            answer[small] = np.copysign(rounded, whole)  # what rounds to zero from below is -0.0
        else:
            answer[small] = _nearest(whole, rest, count)
    return answer
