"""Rolling statistics: sum, mean, var, std, zscore, cov, corr, and the extremes and where they are."""
# The names are the statistics'; those of builtins are meant to be used as `rolling.sum`.
# ruff: noqa: A001

from __future__ import annotations

from typing import Any, NamedTuple

from ._calls import joined, one, several
from ._columns import Floats
from ._kernel_input import moment, number, series
from ._kernel_input import window as _window

__all__ = [
    "BollingerBands",
    "argmax",
    "argmin",
    "bollinger",
    "corr",
    "cov",
    "max",
    "mean",
    "min",
    "std",
    "sum",
    "var",
    "zscore",
]


_PAIR = ("x", "y")


class BollingerBands(NamedTuple):
    """The lines of `bollinger`."""

    middle: Floats
    upper: Floats
    lower: Floats


def sum(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling sum: the exact sum of each window, rounded once; 1e300 leaves no trace once it has left.

    >>> sum([1e300, 1.0, 2.0, 3.0], 2)
    array([    nan, 1.e+300, 3.e+000, 5.e+000])
    """
    return one("sum", x, _window(window, min_periods, nan), out, backend)


def mean(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling mean: the exact mean of each window, rounded once, also where the sum overflows.

    A NaN or an infinity counts while it is in the window; TA-Lib's moving average is NaN ever after.

    >>> mean([1.0, 2.0, 4.0, 8.0], 2)
    array([nan, 1.5, 3. , 6. ])
    """
    return one("mean", x, _window(window, min_periods, nan), out, backend)


def min(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling minimum. Of equal values, the signed zeros too, the newest.

    TA-Lib passes over NaNs, as `nan="skip"` with `min_periods=1` does.

    >>> min([3.0, 1.0, 2.0, 4.0], 2)
    array([nan,  1.,  1.,  2.])
    """
    return one("min", x, _window(window, min_periods, nan), out, backend)


def max(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling maximum. Of equal values, the signed zeros too, the newest.

    TA-Lib passes over NaNs, as `nan="skip"` with `min_periods=1` does.

    >>> max([3.0, 1.0, 2.0, 4.0], 2, min_periods=1)
    array([3., 3., 2., 4.])
    """
    return one("max", x, _window(window, min_periods, nan), out, backend)


def argmin(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """How many rows back the minimum of each window is, 0 being the current row; of equal values the fewest.

    >>> argmin([3.0, 1.0, 2.0, 4.0], 2)
    array([nan,  0.,  1.,  1.])
    """
    return one("argmin", x, _window(window, min_periods, nan), out, backend)


def argmax(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """How many rows back the maximum of each window is, 0 being the current row; of equal values the fewest.

    >>> argmax([3.0, 1.0, 2.0, 4.0], 2)
    array([nan,  1.,  0.,  0.])
    """
    return one("argmax", x, _window(window, min_periods, nan), out, backend)


def var(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    ddof: int = 1,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling variance: (m*Sxx - Sx*Sx) / (m*(m-ddof)) of the exact sums of m values, rounded once.

    NaN for `ddof` values or fewer, and for a window with an infinity. It may overflow or underflow where the
    standard deviation would not.

    >>> var([1.0, 2.0, 4.0, 1e9, 5.0, 5.0], 2).tolist()
    [nan, 0.5, 2.0, 4.99999996e+17, 4.99999995e+17, 0.0]
    """
    numbers = moment(window, min_periods, ddof, nan)
    return one("var", x, numbers, out, backend)


def std(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    ddof: int = 1,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling standard deviation: the square root of `var`.

    `ddof` is 1 as in pandas; in TA-Lib and Bottleneck it is 0.

    >>> std([1.0, 2.0, 4.0], 2, ddof=0)
    array([nan, 0.5, 1. ])
    """
    numbers = moment(window, min_periods, ddof, nan)
    return one("std", x, numbers, out, backend)


def zscore(
    x: Any,
    window: int,
    min_periods: int | None = None,
    *,
    ddof: int = 1,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling standard score: (x - mean) / std of each row in its own window; NaN where std is 0.

    >>> zscore([1.0, 2.0, 4.0, 4.0], 2, ddof=0)
    array([nan,  1.,  1., nan])
    """
    numbers = moment(window, min_periods, ddof, nan)
    return one("zscore", x, numbers, out, backend)


def cov(
    x: Any,
    y: Any,
    window: int,
    min_periods: int | None = None,
    *,
    ddof: int = 1,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling covariance: (m*Sxy - Sx*Sy) / (m*(m-ddof)) of the exact sums of m pairs, rounded once.

    A pair with a NaN counts as one; NaN for `ddof` pairs or fewer, and for a window with an infinity.

    >>> cov([1.0, 2.0, 4.0], [1.0, 3.0, 4.0], 2)
    array([nan,  1.,  1.])
    """
    numbers = moment(window, min_periods, ddof, nan)
    return joined("cov", (series(x, "x"), series(y, "y")), _PAIR, numbers, out, backend)


def corr(
    x: Any,
    y: Any,
    window: int,
    min_periods: int | None = None,
    *,
    ddof: int = 1,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Rolling correlation: cov / (std_x * std_y), clamped to [-1, 1]; NaN where either std is 0.

    `corr(x, x)` may be 1 - 2**-53, since each operation is rounded once. TA-Lib has 0 where a std is.

    >>> corr([1.0, 2.0, 4.0, 5.0], [1.0, 3.0, 2.0, 3.0], 2).round(9)
    array([nan,  1., -1.,  1.])
    """
    numbers = moment(window, min_periods, ddof, nan)
    return joined("corr", (series(x, "x"), series(y, "y")), _PAIR, numbers, out, backend)


def bollinger(
    x: Any,
    window: int = 20,
    width: float = 2.0,
    min_periods: int | None = None,
    *,
    ddof: int = 1,
    nan: str = "propagate",
    backend: str | None = None,
) -> BollingerBands:
    """Bollinger bands: the mean, and `width` standard deviations above and below it.

    TA-Lib's are those of `ddof=0`.

    >>> bollinger([1.0, 2.0, 4.0], 2, ddof=0).upper
    array([nan, 2.5, 5. ])
    """
    length, least, ddof, skip = moment(window, min_periods, ddof, nan)
    numbers = (length, least, ddof, number(width, "width"), skip)
    return several("bollinger", x, numbers, backend, BollingerBands)
