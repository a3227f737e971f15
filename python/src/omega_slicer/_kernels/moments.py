"""Rolling variance and covariance, correctly rounded.

With x = anchor + dx and so on, u and v the floors of the windows' means of dx and dy, and r and s what is
left of their sums, m * Sxy - Sx * Sy is m * T - r * s, where T is the sum of (dx - u) * (dy - v): an integer
that is as small as the spread of the window allows. T is known exactly, from its value modulo 2**64, which
wrapping integers give, and from doubles, which give it to 2**62. The quotient is then taken in pairs of
doubles; the rare one that might round either way is done in Python's integers.

Where no grid holds all numbers of a block, dx and dy are the nearest in one, and fx and fy, of half a unit at
most, what is missing. The sum of (dx - u) * fy and (dy - v) * fx is then to be added: so little that knowing
it to a few units leaves few results in doubt. Blocks in which that leaves many are halved.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .exact import Moments, quotient
from .windows import (
    Bools,
    Column,
    Floats,
    Ints,
    Near,
    Window,
    fixed_point,
    near_fixed_point,
    slide,
    window_sums,
)

__all__ = ["rolling_cov", "rolling_var"]

# Products of grids as fine as this leave results normal, so that scaling them does not round.
_LOWEST = -440
_SMALLEST = -1020
_HIGHEST = 1000
_SPLIT = float((1 << 27) + 1)
_WORD = 2.0**64
_LOW = 32
# Numbers below 2**-_TINY are worked on multiplied by 2**_LIFT; where all results of a block round to zero.
_TINY, _LIFT = 400, 600
_NOTHING = -1080
# Bits of the grid where it does not hold all: fewer than 53, so that doubles know what is added well enough.
_NEAR = 50
# What is added is wrong by less than so many units for each value of the window.
_SLACK = 16.0


def rolling_var(x: Floats, window: Window, ddof: int) -> Floats:
    """Correctly rounded variances."""
    column = Column(x, window)
    return column.finish(_Rolling(column, None, ddof).answer(), sums=False)


def rolling_cov(x: Floats, y: Floats, window: Window, ddof: int) -> Floats:
    """Correctly rounded covariances; a pair counts as NaN if either is, as infinite if either is."""
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        kind = np.abs(x) + np.abs(y)
        x, y = np.where(finite, x, kind), np.where(finite, y, kind)
    first, second = Column(x, window), Column(y, window)
    return first.finish(_Rolling(first, second, ddof).answer(), sums=False)


class _Rolling:
    """One answer in the making: of two columns, or of one with itself."""

    def __init__(self, x: Column, y: Column | None, ddof: int) -> None:
        self.x, self.y, self.ddof = x, y, ddof
        self.length = length = x.window.length
        self.out = np.empty(len(x.values))
        self.width = width = length.bit_length()
        self.bits = min((112 - width) // 2, (123 - 2 * width) // 2, 62 - width)

    def answer(self) -> Floats:
        """All rows."""
        out, x = self.out, self.x
        if self.length <= self.ddof:
            out.fill(np.nan)
        else:
            slide(len(out), self.length, self.quick, self.careful)
            if x.bad is not None:
                out[x.finite <= self.ddof] = np.nan
        return out

    def blocks(self, start: int, stop: int) -> tuple[Floats, Floats | None]:
        """The numbers in the windows of these rows."""
        rows = slice(self.x.first(start), stop)
        return self.x.values[rows], None if self.y is None else self.y.values[rows]

    def quick(self, start: int, stop: int) -> bool:
        """A block on a grid that holds all its numbers, else on one that nearly does."""
        first, second = self.blocks(start, stop)
        x = fixed_point(first, self.bits, _LOWEST)
        y = x if second is None or x is None else fixed_point(second, self.bits, _LOWEST)
        if x is None or y is None:
            return self.nearly(start, stop)
        exponent = x.exponent + y.exponent
        if exponent > _HIGHEST:
            return False
        bad = self.x.marked(start, stop)
        if bad is not None:
            x.steps[bad] = y.steps[bad] = 0
        m = self.x.counts(start, stop)
        spreads = _spreads(x.steps, y.steps, m, stop - start, self.length, self.bits)
        values, sure = _rounded(spreads, m, self.ddof)
        self.out[start:stop] = values * math.ldexp(1.0, exponent)
        for i in np.flatnonzero(~sure).tolist():
            count = m if isinstance(m, int) else int(m[i])
            exact = count * spreads.exact(i) - int(spreads.rest_x[i]) * int(spreads.rest_y[i])
            self.out[start + i] = quotient(exact, count * max(count - self.ddof, 1), exponent)
        return self.settle(start, stop, m)

    def nearly(self, start: int, stop: int) -> bool:
        """A block on the nearest grid, if it leaves few rows in doubt."""
        first, second = self.blocks(start, stop)
        bits = min(self.bits, _NEAR)
        x = _near(first, bits)
        y = x if second is None or x is None else _near(second, bits)
        if x is None or y is None:
            return False
        exponent = x.exponent + y.exponent
        nothing = exponent + 2 * bits + self.width < _NOTHING
        if not (nothing or _SMALLEST + 2 * self.width <= exponent <= _HIGHEST):
            return False
        bad = self.x.marked(start, stop)
        if bad is not None:
            for part in (x.steps, x.rest, y.steps, y.rest):
                part[bad] = 0
        m = self.x.counts(start, stop)
        spreads = _spreads(x.steps, y.steps, m, stop - start, self.length, bits)
        values, sure = _rounded(spreads, m, self.ddof, _missing(x, y, spreads, m, self.length))
        doubtful = np.flatnonzero(~sure).tolist()
        if len(doubtful) * self.length > stop - start:  # one by one would take longer than `careful`
            return False
        self.out[start:stop] = values * (0.0 if nothing else math.ldexp(1.0, exponent))
        for i in doubtful:
            self.out[start + i] = self.exactly(start + i)
        return self.settle(start, stop, m)

    def settle(self, start: int, stop: int, m: int | Ints) -> bool:
        """Too few values have no variance."""
        if not isinstance(m, int):
            self.out[start:stop][m <= self.ddof] = np.nan
        return True

    def exactly(self, row: int) -> float:
        """A row on its own."""
        first, second = self.blocks(row, row + 1)
        state, count = Moments(), 0
        bad = self.x.marked(row, row + 1)
        xs = first.tolist()
        ys = xs if second is None else second.tolist()
        for i, pair in enumerate(zip(xs, ys, strict=True)):
            if bad is None or not bad[i]:
                state.add(*pair)
                count += 1
        return state.quotient(count, self.ddof)

    def careful(self, start: int, stop: int) -> None:
        """Rows one after the other."""
        first = self.x.first(start)
        block, other = self.blocks(start, stop)
        xs = block.tolist()
        ys = xs if other is None else other.tolist()
        bad = self.x.marked(start, stop)
        counted = [True] * len(xs) if bad is None else (~bad).tolist()
        state, m = Moments(), 0
        for i, value in enumerate(xs):
            oldest = i - self.length
            if oldest >= 0 and counted[oldest]:
                state.add(xs[oldest], ys[oldest], -1)
                m -= 1
            if counted[i]:
                state.add(value, ys[i])
                m += 1
            if first + i >= start:
                self.out[first + i] = state.quotient(m, self.ddof)


class _Spreads(NamedTuple):
    """T of each window, as `high` * 2**64 + `low`, and what is left of the sums of its dx and dy."""

    high: Floats
    low: Ints
    rest_x: Ints
    rest_y: Ints
    mean_x: Ints
    mean_y: Ints

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
        rest_y, mean_y = rest_x, mean_x
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
    return _Spreads(np.rint(high, out=high), low, rest_x, rest_y, mean_x, mean_y)


class _Missing(NamedTuple):
    """What is to be added to T, and by how much that may be wrong."""

    sum: Floats
    doubt: Floats


def _near(block: Floats, bits: int) -> Near | None:
    """The grid nearest to a block; none where its numbers are equal, or leave the range."""
    top = max(float(block.max()), -float(block.min()))
    size = math.frexp(top)[1]
    if size > _HIGHEST or (block == block[0]).all():
        return None
    if size > -_TINY:
        return near_fixed_point(block, bits)
    lifted = near_fixed_point(block * math.ldexp(1.0, _LIFT), bits)
    return lifted and lifted._replace(exponent=lifted.exponent - _LIFT)


def _missing(x: Near, y: Near, spreads: _Spreads, m: int | Ints, window: int) -> _Missing:
    """The sum of (dx - u) * fy and (dy - v) * fx, in integers of units so fine that all 64 bits are used."""
    rows, width = len(spreads.low), window.bit_length()
    fine = math.ldexp(1.0, 61 - width)
    coarse = math.ldexp(1.0, 63 - _NEAR - width)

    def part(steps: Ints, mean: Ints, left: Ints, rest: Floats) -> Floats:
        products = window_sums(np.rint(steps * rest * coarse).astype(np.int64), rows, window)
        rests = window_sums(np.rint(rest * fine).astype(np.int64), rows, window)
        answer = products.astype(np.float64) * (1 / coarse)
        means = np.asarray(mean + left / m, np.float64)
        answer -= means * (rests * (1 / fine))
        return answer

    total = part(x.steps, spreads.mean_x, spreads.rest_x, y.rest)
    total += total if x is y else part(y.steps, spreads.mean_y, spreads.rest_y, x.rest)
    inexact = x.rest != 0.0
    if x is not y:
        inexact |= y.rest != 0.0
    touched = window_sums(inexact.astype(np.int64), rows, window) > 0
    return _Missing(total, touched * (_SLACK * m))


def _rounded(
    spreads: _Spreads, m: int | Ints, ddof: int, missing: _Missing | None = None
) -> tuple[Floats, Bools]:
    """(m*T - r*s) / (m*(m-ddof)), and where that is certainly rounded once."""
    low = spreads.low
    # T as a pair of doubles: exact, or right to 2**-104.
    top = spreads.high * _WORD
    middle = (low >> _LOW) * float(1 << _LOW)
    total = top + middle
    rest = middle - (total - top)
    bottom = (low & ((1 << _LOW) - 1)).astype(np.float64)
    high = total + bottom
    rest += bottom - (high - total)
    # r*s/m is less than m, and wrong by less than 2**-28. What is taken away may be more than what is there.
    loss = np.asarray(spreads.rest_x * spreads.rest_y / m, np.float64)
    less: Floats = loss if missing is None else loss - missing.sum
    total = high - less
    kept = high - total
    rest += (high - (total + kept)) + (kept - less)
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
    if missing is not None:
        doubt += missing.doubt / divisor
    least = answer + (remainder - doubt)
    answer += remainder + doubt
    return answer, answer == least
