"""What is right, with no code of the kernels: integers of any length, and decimals of fifty digits.

A price is a whole number of some power of two, so that running sums of Python's integers are exact and
dividing two of them rounds once. Recurrences come twice: in plain floats, which is their definition to the
bit, and in decimals, which is what they would be without any rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

RECURRENCES = ("ema", "wilder", "rsi", "atr")
KERNELS = (
    "sum",
    "mean",
    "var",
    "std",
    "zscore",
    "min",
    "max",
    "argmin",
    "argmax",
    "cov",
    "corr",
    *RECURRENCES,
)


class Whole:
    """Series as integers over one power of two, and the running sums of all their products."""

    def __init__(self, x: Sequence[float], y: Sequence[float]) -> None:
        self.values = {"x": x, "y": y}
        parts = {name: [value.as_integer_ratio() for value in values] for name, values in self.values.items()}
        self.unit = {name: max(below for _, below in ratios) for name, ratios in parts.items()}
        whole = {
            name: [above * (self.unit[name] // below) for above, below in ratios]
            for name, ratios in parts.items()
        }
        self.sums = {name: [0, *accumulate(values)] for name, values in whole.items()}
        for a, b in ("xx", "yy", "xy"):
            products = (p * q for p, q in zip(whole[a], whole[b], strict=True))
            self.sums[a + b] = [0, *accumulate(products)]

    def total(self, of: str, row: int, w: int) -> int:
        """The exact sum of the window that ends at a row, in units."""
        return self.sums[of][row + 1] - self.sums[of][row + 1 - w]

    def spread(self, a: str, b: str, row: int, w: int, ddof: int) -> float:
        """The covariance of a and b, rounded once."""
        above = w * self.total(a + b, row, w) - self.total(a, row, w) * self.total(b, row, w)
        return above / (w * (w - ddof) * self.unit[a] * self.unit[b])

    def windowed(self, kernel: str, row: int, w: int, ddof: int) -> float:
        """The statistic of one window, as it is defined."""
        x = self.values["x"]
        if kernel in ("min", "max", "argmin", "argmax"):
            best = (max if kernel.endswith("max") else min)(x[row + 1 - w : row + 1])
            back = next(back for back in range(w) if x[row - back] == best)
            return float(back) if kernel.startswith("arg") else best
        mean = self.total("x", row, w) / (w * self.unit["x"])
        if kernel in ("sum", "mean"):
            return self.total("x", row, w) / self.unit["x"] if kernel == "sum" else mean
        if kernel == "cov":
            return self.spread("x", "y", row, w, ddof)
        var = self.spread("x", "x", row, w, ddof)
        if kernel == "var":
            return var
        std = math.sqrt(var)
        if kernel == "std":
            return std
        if kernel == "zscore":
            return (x[row] - mean) / std
        other = math.sqrt(self.spread("y", "y", row, w, ddof))
        return max(-1.0, min(1.0, self.spread("x", "y", row, w, ddof) / (std * other)))


def average(values: Sequence[Any], a: Any, first: int) -> list[Any]:
    """The mean of the first values, then (b*e) + (a*x); None before."""
    number = type(a)
    mean = Fraction(sum(map(Fraction, values[:first])), first)
    e = number(mean.numerator) / number(mean.denominator) if number is Decimal else float(mean)
    b = number(1) - a
    out = [None] * (first - 1) + [e]
    for x in values[first:]:
        e = (b * e) + (a * x)
        out.append(e)
    return out


def recurrence(
    kernel: str, bars: Sequence[Sequence[float]], w: int, number: Callable[[Any], Any]
) -> list[Any]:
    """A recurrence in `float` (its definition) or in `Decimal` (without rounding); bars: high, low, close."""
    with localcontext() as context:
        context.prec = 50
        high, low, x = ([number(value) for value in values] for values in bars)
        if kernel == "ema":
            return average(x, number(2) / number(w + 1), 1)
        a = number(1) / number(w)
        if kernel == "wilder":
            return average(x, a, w)
        if kernel == "atr":
            ranges = [high[0] - low[0]]
            ranges += [
                max(h - lo, abs(h - before), abs(lo - before))
                for h, lo, before in zip(high[1:], low[1:], x[:-1], strict=True)
            ]
            return average(ranges, a, w)
        changes = [after - before for before, after in pairwise(x)]
        zero = number(0)
        gains = average([max(zero, change) for change in changes], a, w)
        losses = average([-change if change < zero else zero for change in changes], a, w)
        out: list[Any] = [None]
        for gain, loss in zip(gains, losses, strict=True):
            if gain is None:
                out.append(None)
            elif loss == zero:
                out.append(number(50 if gain == zero else 100))
            else:
                out.append(number(100) * (gain / (gain + loss)))
        return out


def worst(answers: Sequence[float], right: Sequence[float]) -> float:
    """The worst relative error; infinite where there is no number, or one where zero is right."""
    errors = [0.0]
    for answer, truth in zip(answers, right, strict=True):
        if answer == truth:
            continue
        error = (
            abs(float((Fraction(answer) - Fraction(truth)) / Fraction(truth)))
            if (truth and math.isfinite(answer))
            else math.inf
        )
        errors.append(error)
    return max(errors)
