"""Recurrences, indicators and differences: they depend on their first row, or on single rows.

`nan="skip"` treats a row with a NaN as if it were not there and repeats the value before; with "propagate" a
recurrence is NaN from there on. Seeds and first rows differ between libraries: see docs/differences.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ._calls import emas, joined, one, several
from ._columns import Floats
from ._errors import SizeMismatchError
from ._kernel_input import period as _period
from ._kernel_input import periods, policy, series, whole

__all__ = [
    "MacdLines",
    "atr",
    "diff",
    "ema",
    "log_returns",
    "macd",
    "returns",
    "rsi",
    "shift",
    "true_range",
    "wilder",
]

_BARS = ("high", "low", "close")


def _bars(high: Any, low: Any, close: Any) -> tuple[Floats, Floats, Floats]:
    return series(high, "high"), series(low, "low"), series(close, "close")


class MacdLines(NamedTuple):
    """The lines of `macd`."""

    macd: Floats
    signal: Floats
    histogram: Floats


def ema(
    x: Any,
    period: int | Iterable[int],
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Exponential moving average: the first value, then (b*e) + (a*x) with a = 2/(period+1), b = 1-a.

    The seed is the first value, as pandas has it with `adjust=False`; TA-Lib's is the mean of the first
    `period` values, with NaN before. Several periods of one series are one call: the answer has a column for
    each.

    >>> ema([4.0, 8.0], 3)
    array([4., 6.])
    >>> ema([4.0, 8.0], [1, 3])
    array([[4., 4.],
           [8., 6.]])
    """
    # The types that come first are found in a tenth of the time that Iterable takes.
    if type(period) is int or not isinstance(period, list | tuple | Iterable):
        return one("ema", x, (_period(period), policy(nan)), out, backend)
    several_periods, number = periods(period), policy(nan)
    array = series(x, "x")
    if array.ndim != 1:
        raise SizeMismatchError(f"x must have one dimension, not {array.ndim}, for several periods")
    return emas(array, several_periods, number, out, backend)


def wilder(
    x: Any,
    period: int,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Wilder's average: the mean of the first `period` values, then (b*e) + (a*x) with a = 1/period, b = 1-a.

    NaN before row `period` - 1. pandas' `ewm(alpha=1/period)` is seeded by the first value instead.

    >>> wilder([1.0, 3.0, 4.0], 2)
    array([nan,  2.,  3.])
    """
    return one("wilder", x, (_period(period), policy(nan)), out, backend)


def rsi(
    x: Any,
    period: int = 14,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Relative strength index: 100 * (gain / (gain + loss)) of Wilder's averages of the gains and the losses.

    100 without loss, 50 without either (TA-Lib says 0); NaN before row `period`, the first of TA-Lib's, too.

    >>> rsi([1.0, 2.0, 1.0, 2.0], 2)
    array([nan, nan, 50., 75.])
    """
    return one("rsi", x, (_period(period), policy(nan)), out, backend)


def true_range(
    high: Any, low: Any, close: Any, *, out: Floats | None = None, backend: str | None = None
) -> Floats:
    """The largest of high - low, abs(high - close') and abs(low - close') with the close of the row before.

    `high - low` in row 0, where TA-Lib has NaN; NaN if any of the three is.

    >>> true_range([3.0, 4.0], [1.0, 3.5], [2.0, 4.0])
    array([2., 2.])
    """
    return joined("true_range", _bars(high, low, close), _BARS, (), out, backend)


def atr(
    high: Any,
    low: Any,
    close: Any,
    period: int = 14,
    *,
    nan: str = "propagate",
    out: Floats | None = None,
    backend: str | None = None,
) -> Floats:
    """Average true range: Wilder's average of `true_range` from row 0; NaN before row `period` - 1.

    TA-Lib leaves row 0 out, so that its first value is in row `period`.

    >>> atr([3.0, 4.0, 5.0], [1.0, 3.5, 4.0], [2.0, 4.0, 5.0], 2)
    array([nan, 2. , 1.5])
    """
    numbers = (_period(period), policy(nan))
    return joined("atr", _bars(high, low, close), _BARS, numbers, out, backend)


def macd(
    x: Any,
    fast: int = 12,
    slow: int = 26,
    signal: int = 9,
    *,
    nan: str = "propagate",
    backend: str | None = None,
) -> MacdLines:
    """Moving average convergence and divergence: ema(fast) - ema(slow), its ema(signal), their difference.

    All averages start at row 0 with its value. TA-Lib's start with means; NaN before row slow + signal - 2.

    >>> macd([1.0, 3.0], 1, 3, 1).macd
    array([0., 1.])
    """
    numbers = (_period(fast, "fast"), _period(slow, "slow"), _period(signal, "signal"), policy(nan))
    return several("macd", x, numbers, backend, MacdLines)


def diff(x: Any, period: int = 1, *, out: Floats | None = None, backend: str | None = None) -> Floats:
    """X - x', with x' `period` rows before; NaN in the first `period` rows.

    >>> diff([1.0, 2.0, 4.0])
    array([nan,  1.,  2.])
    """
    return one("diff", x, (whole(period, "period", 1),), out, backend)


def returns(x: Any, period: int = 1, *, out: Floats | None = None, backend: str | None = None) -> Floats:
    """(x / x') - 1, with x' `period` rows before; NaN in the first `period` rows.

    >>> returns([1.0, 2.0, 3.0])
    array([nan, 1. , 0.5])
    """
    return one("returns", x, (whole(period, "period", 1),), out, backend)


def log_returns(x: Any, period: int = 1, *, out: Floats | None = None, backend: str | None = None) -> Floats:
    """ln(x / x'), the quotient rounded and its logarithm rounded once; NaN in the first `period` rows.

    >>> log_returns([1.0, 2.0, 2.0])
    array([       nan, 0.69314718, 0.        ])
    """
    return one("log_returns", x, (whole(period, "period", 1),), out, backend)


def shift(x: Any, period: int = 1, *, out: Floats | None = None, backend: str | None = None) -> Floats:
    """The value `period` rows before, 0 being a copy; there is no way to look ahead. NaN in the first rows.

    >>> shift([1.0, 2.0, 3.0])
    array([nan,  1.,  2.])
    """
    return one("shift", x, (whole(period, "period", 0),), out, backend)
