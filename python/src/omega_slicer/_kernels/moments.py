"""Rolling variance and covariance, correctly rounded.

With x = anchor + dx and so on, u and v the floors of the windows' means of dx and dy, and r and s what is
left of their sums, m * Sxy - Sx * Sy is m * T - r * s, where T is the sum of (dx - u) * (dy - v): an integer
that is as small as the spread of the window allows. T is known exactly, from its value modulo 2**64, which
wrapping integers give, and from doubles, which give it to 2**62. The quotient is then taken in pairs of
doubles; the rare one that might round either way, and blocks whose numbers span too many binades, go
through Python's integers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .exact import Moments, quotient
from .windows import Bools, Column, Floats, Ints, Window, fixed_point, slide, window_sums

__all__ = ["rolling_cov", "rolling_var"]

# Products of grids as fine as this leave results normal, so that scaling them does not round.
_LOWEST = -440
_HIGHEST = 1000
_SPLIT = float((1 << 27) + 1)
_WORD = 2.0**64
_LOW = 32


def rolling_var(x: Floats, window: Window, ddof: int) -> Floats:
    """Correctly rounded variances."""
    column = Column(x, window)
    return column.finish(_rolling(column, None, ddof), sums=False)


def rolling_cov(x: Floats, y: Floats, window: Window, ddof: int) -> Floats:
    """Correctly rounded covariances; a pair counts as NaN if either is, as infinite if either is."""
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        kind = np.abs(x) + np.abs(y)
        x, y = np.where(finite, x, kind), np.where(finite, y, kind)
    first, second = Column(x, window), Column(y, window)
    return first.finish(_rolling(first, second, ddof), sums=False)


def _rolling(x: Column, y: Column | None, ddof: int) -> Floats:
    length = x.window.length
    rows = len(x.values)
    out = np.empty(rows)
    width = length.bit_length()
    bits = min((112 - width) // 2, (123 - 2 * width) // 2, 62 - width)

    def quick(start: int, stop: int) -> bool:
        first = x.first(start)
        fixed = fixed_point(x.values[first:stop], bits, _LOWEST)
        if fixed is None:
            return False
        other = fixed
        if y is not None:
            found = fixed_point(y.values[first:stop], bits, _LOWEST)
            if found is None:
                return False
            other = found
        exponent = fixed.exponent + other.exponent
        if exponent > _HIGHEST:
            return False
        bad = x.marked(start, stop)
        if bad is not None:
            fixed.steps[bad] = other.steps[bad] = 0
        m = x.counts(start, stop)
        spreads = _spreads(fixed.steps, other.steps, m, stop - start, length, bits)
        values, sure = _rounded(spreads, m, ddof)
        out[start:stop] = values * math.ldexp(1.0, exponent)
        for i in np.flatnonzero(~sure).tolist():
            count = m if isinstance(m, int) else int(m[i])
            exact = count * spreads.exact(i) - int(spreads.rest_x[i]) * int(spreads.rest_y[i])
            out[start + i] = quotient(exact, count * max(count - ddof, 1), exponent)
        if not isinstance(m, int):
            out[start:stop][m <= ddof] = np.nan
        return True

    def careful(start: int, stop: int) -> None:
        first = x.first(start)
        xs = x.values[first:stop].tolist()
        ys = xs if y is None else y.values[first:stop].tolist()
        counted = [True] * len(xs) if x.bad is None else (~x.bad[first:stop]).tolist()
        state, m = Moments(), 0
        for i, value in enumerate(xs):
            oldest = i - length
            if oldest >= 0 and counted[oldest]:
                state.add(xs[oldest], ys[oldest], -1)
                m -= 1
            if counted[i]:
                state.add(value, ys[i])
                m += 1
            if first + i >= start:
                out[first + i] = state.quotient(m, ddof)

    if length <= ddof:
        out.fill(np.nan)
    else:
        slide(rows, length, quick, careful)
        if x.bad is not None:
            out[x.finite <= ddof] = np.nan
    return out


class _Spreads(NamedTuple):
    """T of each window, as `high` * 2**64 + `low`, and what is left of the sums of its dx and dy."""

    high: Floats
    low: Ints
    rest_x: Ints
    rest_y: Ints

    def exact(self, i: int) -> int:
        return (int(self.high[i]) << 64) + int(self.low[i])


def _spreads(dx: Ints, dy: Ints, m: int | Ints, rows: int, window: int, bits: int) -> _Spreads:
    same = dy is dx
    # Sxy modulo 2**64, and in doubles, whose products are sums in units so coarse that 64 bits hold them.
    low = window_sums(dx * dy, rows, window)
    unit = math.ldexp(1.0, max(0, 2 * bits + window.bit_length() - 64))
    products = dx.astype(np.float64)
    factors = products * (1 / unit)
    products = factors * (products if same else dy)
    high = window_sums(products.astype(np.int64), rows, window) * unit
    # The floors of the means, and what is left.
    sum_x = window_sums(dx, rows, window)
    mean_x = sum_x // m
    rest_x = sum_x - mean_x * m
    # T = Sxy - u*Sy - v*r, which for one series is Sxx - u*(Sx + r).
    if same:
        rest_y = rest_x
        sum_x += rest_x
        low -= mean_x * sum_x
        high -= mean_x.astype(np.float64) * sum_x
    else:
        sum_y = window_sums(dy, rows, window)
        mean_y = sum_y // m
        rest_y = sum_y - mean_y * m
        low -= mean_x * sum_y
        low -= mean_y * rest_x
        high -= mean_x.astype(np.float64) * sum_y
        high -= mean_y.astype(np.float64) * rest_x
    high -= low
    high *= 1 / _WORD
    return _Spreads(np.rint(high, out=high), low, rest_x, rest_y)


def _rounded(spreads: _Spreads, m: int | Ints, ddof: int) -> tuple[Floats, Bools]:
    """(m*T - r*s) / (m*(m-ddof)), and where that is certainly rounded once."""
    low = spreads.low
    # T as a pair of doubles: exact, or right to 2**-104.
    top = spreads.high * _WORD
    middle = (low >> _LOW) * float(1 << _LOW)
    total = top + middle
    rest = middle - (total - top)
    rest += low & ((1 << _LOW) - 1)
    # r*s/m is less than m, and wrong by less than 2**-28.
    loss = spreads.rest_x * spreads.rest_y / m
    rest -= loss
    high = total + rest
    rest -= high - total
    # The quotient and its remainder.
    divisor = np.maximum(m - ddof, 1).astype(np.float64) if isinstance(m, np.ndarray) else float(m - ddof)
    answer = high / divisor
    split = answer * _SPLIT
    head = split - (split - answer)
    remainder = high - head * divisor
    remainder -= (answer - head) * divisor
    remainder += rest
    remainder /= divisor
    doubt = np.abs(answer)
    doubt *= 2.0**-95
    doubt += np.where(loss == 0.0, 0.0, 2.0**-27)
    least = answer + (remainder - doubt)
    answer += remainder + doubt
    return answer, answer == least
