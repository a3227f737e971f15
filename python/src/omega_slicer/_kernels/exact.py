"""Sums and moments of doubles that come and go, in Python's integers: exact whatever the doubles are.

The streaming twins are made of these, and the batch kernels use them for rows that 64 bits cannot hold.
"""

from __future__ import annotations

import math
from fractions import Fraction

__all__ = ["Moments", "Sum", "Tally", "mean_of", "quotient", "sum_of"]

_ONE = float(1 << 53)
_NORMAL = 2.0**-1021


def quotient(numerator: int, denominator: int, exponent: int) -> float:
    """The double nearest to `numerator / denominator * 2**exponent`, ties to even.

    >>> quotient(1, 3, 1) == 2 / 3, quotient(1, 1, 5000), quotient(-1, 3, -5000)
    (True, inf, -0.0)
    """
    try:
        value = math.ldexp(numerator / denominator, exponent)  # Python rounds a quotient of integers once
    except OverflowError:
        value = math.inf
    if _NORMAL < abs(value) < math.inf or not numerator:
        return value
    # Out of the normal range the power of two has to be part of the one rounding.
    try:
        return (numerator << max(exponent, 0)) / (denominator << max(-exponent, 0))
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def _split(x: float) -> tuple[int, int]:
    """A finite double as an integer and the power of two to multiply it with."""
    fraction, exponent = math.frexp(x)
    return int(fraction * _ONE), exponent - 53


class Sum:
    """The exact sum of finite doubles, as an integer on a grid as fine as the finest of them needs."""

    __slots__ = ("_grid", "_total")

    def __init__(self) -> None:
        self._grid = 0
        self._total = 0

    def add(self, x: float, sign: int = 1) -> None:
        """Take a value in, or with `sign` -1 out again."""
        mantissa, exponent = _split(x)
        if mantissa:
            if exponent < self._grid:
                self._total <<= self._grid - exponent
                self._grid = exponent
            self._total += (sign * mantissa) << (exponent - self._grid)

    def quotient(self, m: int) -> float:
        """The sum by `m`, rounded once."""
        return quotient(self._total, m, self._grid)


class Moments:
    """The exact sums of finite pairs of doubles and of their products."""

    __slots__ = ("_grid_x", "_grid_y", "_x", "_xy", "_y")

    def __init__(self) -> None:
        self._grid_x = self._grid_y = 0
        self._x = self._y = self._xy = 0

    def add(self, x: float, y: float, sign: int = 1) -> None:
        """Take a pair in, or with `sign` -1 out again."""
        x_mantissa, x_exponent = _split(x)
        y_mantissa, y_exponent = _split(y)
        if x_mantissa and x_exponent < self._grid_x:
            self._x <<= self._grid_x - x_exponent
            self._xy <<= self._grid_x - x_exponent
            self._grid_x = x_exponent
        if y_mantissa and y_exponent < self._grid_y:
            self._y <<= self._grid_y - y_exponent
            self._xy <<= self._grid_y - y_exponent
            self._grid_y = y_exponent
        x_shift = x_exponent - self._grid_x if x_mantissa else 0
        y_shift = y_exponent - self._grid_y if y_mantissa else 0
        x_mantissa *= sign
        self._x += x_mantissa << x_shift
        self._y += (sign * y_mantissa) << y_shift
        self._xy += (x_mantissa * y_mantissa) << (x_shift + y_shift)

    def quotient(self, m: int, ddof: int) -> float:
        """The covariance of the `m` pairs, rounded once; NaN for `m <= ddof`."""
        if m <= ddof:
            return math.nan
        spread = m * self._xy - self._x * self._y
        return quotient(spread, m * (m - ddof), self._grid_x + self._grid_y)


class Tally:
    """How many finite values, NaNs and infinities there are."""

    __slots__ = ("above", "below", "finite", "nan")

    def __init__(self) -> None:
        self.finite = self.nan = self.above = self.below = 0

    def add(self, x: float, sign: int = 1) -> bool:
        """Count a value, or with `sign` -1 take it back; says whether it is finite."""
        if -math.inf < x < math.inf:
            self.finite += sign
            return True
        if x == math.inf:
            self.above += sign
        elif x == -math.inf:
            self.below += sign
        else:
            self.nan += sign
        return False

    def defined(self, least: int, skip: bool) -> bool:
        """Whether these are values enough for an answer."""
        return (skip or not self.nan) and self.finite + self.above + self.below >= least

    def infinity(self) -> float | None:
        """What the infinities make of a sum."""
        if not (self.above or self.below):
            return None
        return math.nan if self.above and self.below else math.inf if self.above else -math.inf


def sum_of(values: list[float]) -> float:
    """The sum of values, rounded once; of infinities and NaNs what IEEE makes of their set.

    >>> sum_of([1e308, 1e308, -1e308]), sum_of([2.0**53, 1.0, 1.0]) == 2.0**53 + 2
    (1e+308, True)
    """
    try:
        return math.fsum(values) + 0.0
    except (OverflowError, ValueError):
        return _share(values, 1)  # an intermediate sum beyond doubles, or infinities of both signs


def mean_of(values: list[float]) -> float:
    """The mean of values, rounded once; of infinities and NaNs what IEEE makes of their set.

    >>> mean_of([1e308, 1e308, 1e308])
    1e+308
    """
    return _share(values, len(values))


def _share(values: list[float], m: int) -> float:
    if not all(map(math.isfinite, values)):
        special = {v for v in values if not math.isfinite(v)}
        return special.pop() if len(special) == 1 else math.nan
    total = sum(map(Fraction, values), Fraction())
    return quotient(total.numerator, total.denominator * m, 0)
