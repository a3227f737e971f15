"""The correctly rounded natural logarithm. Libraries differ in its last bit; the law allows one answer.

x = 2**k * m with m near 1, and c a short reciprocal of m: ln(x) = k*ln(2) - ln(c) + ln(1 + z) with the exact
z = c*m - 1, less than 2**-6. Pairs of doubles, the constants from Python's decimals, give it to 2**-64 or
better; the rare value nearer to a midpoint is done by Python's decimals, whose logarithm is correctly rounded
to as many digits as are asked for (no double's logarithm is within 2**-118 of a midpoint).
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import cache
from typing import NamedTuple

import numpy as np

from .windows import Floats

__all__ = ["log"]

_DIGITS = 60
_STEPS = 7
_SPLIT = float((1 << 27) + 1)
_BLOCK = 1 << 13
_NEAR = 2.0**-8


class _Tables(NamedTuple):
    """ln(2) in a part short enough for its products with exponents and the rest; c; -ln(c) as pairs."""

    ln2_high: float
    ln2_low: float
    c: Floats
    high: Floats
    low: Floats


@cache
def _tables() -> _Tables:
    context = Context(prec=_DIGITS)
    ln2 = Decimal(2).ln(context)
    ln2_high = float(int(ln2 * 2**40)) / 2**40
    count = 1 << _STEPS
    # m is between 1/sqrt(2) and sqrt(2); its c has so few digits that c*m is exact in two parts.
    middles = [0.5 + (i + 0.5) / count for i in range(count)]
    c = [round(2 * count / middle) / (2 * count) for middle in middles]
    c[count // 2 - 1] = c[count // 2] = 1.0  # next to 1 nothing may cancel
    logs = [-Decimal(value).ln(context) for value in c]
    high = [float(int(value * 2**40)) / 2**40 for value in logs]
    low = [float(value - Decimal(part)) for value, part in zip(logs, high, strict=True)]
    return _Tables(ln2_high, float(ln2 - Decimal(ln2_high)), np.array(c), np.array(high), np.array(low))


def log(x: Floats) -> Floats:
    """The double nearest to ln(x) for each value; NaN for negative ones, -inf for zeros.

    >>> log(np.array([1.0, 10.0, 0.0])).tolist()
    [0.0, 2.302585092994046, -inf]
    """
    out = np.empty(len(x))
    for start in range(0, len(x), _BLOCK):
        out[start : start + _BLOCK] = _block(x[start : start + _BLOCK])
    return out


def _block(x: Floats) -> Floats:
    z = x - 1.0
    return _near_one(x, z) if max(z.max(), -z.min()) < _NEAR else _anywhere(x)


def _near_one(x: Floats, z: Floats) -> Floats:
    """Quotients of following prices: z is exact, and there is no power of two nor reciprocal."""
    split = z * _SPLIT
    head = split - (split - z)
    tail = z - head
    square = z * z
    square_low = ((head * head - square) + 2.0 * head * tail) + tail * tail
    series = z * (1 / 6 - z * (1 / 7 - z * (1 / 8)))
    series = square * z * (1 / 3 - z * (1 / 4 - z * (1 / 5 - series)))
    half = -0.5 * square
    total = z + half
    rest = (z - total) + half
    rest += series - 0.5 * square_low
    # Rounding of the series and its terms from the ninth power on; what is small in the rest.
    doubt = np.abs(series) * 2.0**-47 + np.abs(total) * 2.0**-75
    least = total + (rest - doubt)
    answer: Floats = total + (rest + doubt)
    for i in np.flatnonzero(answer != least).tolist():
        answer[i] = float(Decimal(float(x[i])).ln(Context(prec=_DIGITS)))
    return answer


def _anywhere(x: Floats) -> Floats:
    tables = _tables()
    usual = (x > 0.0) & (x < np.inf)
    m, k = np.frexp(np.where(usual, x, 1.0))
    below = m < 0.7071067811865476
    m = np.where(below, m + m, m)
    power = (k - below).astype(np.float64)
    # m in [0.5, 1.5) by its interval; those beyond are not reached.
    at = ((m - 0.5) * float(1 << _STEPS)).astype(np.intp)
    c = tables.c[at]
    split = m * _SPLIT
    m_high = split - (split - m)
    # z = z_high + z_low, exactly: both parts of c*m are short.
    z_high = m_high * c - 1.0
    z_low = (m - m_high) * c
    z = z_high + z_low
    z_low -= z - z_high
    # ln(1 + z) = z - z*z/2 + ..., the square exactly.
    split = z * _SPLIT
    head = split - (split - z)
    tail = z - head
    square = z * z
    square_low = ((head * head - square) + 2.0 * head * tail) + tail * tail
    series = z * (1 / 7 - z * (1 / 8 - z * (1 / 9 - z * (1 / 10))))
    series = square * z * (1 / 3 - z * (1 / 4 - z * (1 / 5 - z * (1 / 6 - series))))
    # The parts, largest first: k*ln2 - ln(c) is exact, then z, then half the square.
    base = power * tables.ln2_high + tables.high[at]
    total = base + z
    rest = (base - total) + z
    half = -0.5 * square
    sum_ = total + half
    rest += (total - sum_) + half
    rest += z_low - z * z_low
    rest += power * tables.ln2_low + tables.low[at]
    rest += series - 0.5 * square_low
    # Rounding of the series, of what is small in the rest, of the constants and z*z*z_low where they count.
    doubt = np.abs(series) * 2.0**-50 + np.abs(sum_) * 2.0**-75 + np.where(base == 0.0, 0.0, 2.0**-73)
    least = sum_ + (rest - doubt)
    answer: Floats = sum_ + (rest + doubt)
    for i in np.flatnonzero((answer != least) & usual).tolist():
        answer[i] = float(Decimal(float(x[i])).ln(Context(prec=_DIGITS)))
    if not usual.all():
        answer[~(x >= 0.0)] = np.nan
        answer[x == 0.0] = -np.inf
        answer[x == np.inf] = np.inf
    return answer
