"""The streaming twins in Python: a row in, the value of the window or chain that ends with it out.

Windowed ones keep their rows and exact sums of them, so they give the bits of the batch kernels.
"""

# ruff: noqa: ARG002 - not every statistic looks at the newest row

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .exact import Moments, Sum, Tally, mean_of
from .logarithm import log
from .recurrences import strength

__all__ = ["STREAMS"]

Row = tuple[float, ...]
Lines = tuple[float, ...]
_NAN: Final = math.nan


class _Statistic:
    """Of a set of rows that come and go: `change` takes one in (1) or out (-1)."""

    def change(self, row: Row, sign: int) -> None:
        raise NotImplementedError

    def lines(self, row: Row, least: int, skip: bool) -> Lines:
        """The value, `row` being the newest."""
        raise NotImplementedError


class _Total(_Statistic):
    def __init__(self, mean: bool) -> None:
        self._mean, self._tally, self._sum = mean, Tally(), Sum()

    def change(self, row: Row, sign: int) -> None:
        if self._tally.add(row[0], sign):
            self._sum.add(row[0], sign)

    def value(self, least: int, skip: bool) -> float:
        tally = self._tally
        if not tally.defined(least, skip):
            return _NAN
        infinity = tally.infinity()
        return self._sum.quotient(tally.finite if self._mean else 1) if infinity is None else infinity

    def lines(self, row: Row, least: int, skip: bool) -> Lines:
        return (self.value(least, skip),)


class _Spread(_Statistic):
    """Variance and covariance: of a row with two values, or of one with itself."""

    def __init__(self, ddof: int) -> None:
        self._ddof, self._tally, self._moments = ddof, Tally(), Moments()

    def change(self, row: Row, sign: int) -> None:
        x, y = row[0], row[-1]
        finite = math.isfinite(x) and math.isfinite(y)
        if self._tally.add(x if finite else abs(x) + abs(y), sign):
            self._moments.add(x, y, sign)

    def value(self, least: int, skip: bool) -> float:
        tally = self._tally
        if not tally.defined(least, skip) or tally.infinity() is not None:
            return _NAN
        return self._moments.quotient(tally.finite, self._ddof)

    def lines(self, row: Row, least: int, skip: bool) -> Lines:
        return (self.value(least, skip),)


class _Deviation(_Spread):
    def value(self, least: int, skip: bool) -> float:
        return math.sqrt(super().value(least, skip))


class _Pair(_Statistic):
    """A mean and a standard deviation."""

    def __init__(self, ddof: int) -> None:
        self._mean, self._std = _Total(True), _Deviation(ddof)

    def change(self, row: Row, sign: int) -> None:
        self._mean.change(row, sign)
        self._std.change(row, sign)


class _Score(_Pair):
    def lines(self, row: Row, least: int, skip: bool) -> Lines:
        std = self._std.value(least, skip)
        return (_NAN if std == 0.0 else (row[0] - self._mean.value(least, skip)) / std,)


class _Bands(_Pair):
    def __init__(self, ddof: int, width: float) -> None:
        super().__init__(ddof)
        self._width = width

    def lines(self, row: Row, least: int, skip: bool) -> Lines:
        middle = self._mean.value(least, skip)
        distance = self._width * self._std.value(least, skip)
        return (middle, middle + distance, middle - distance)


class _Correlation(_Statistic):
    def __init__(self, ddof: int) -> None:
        self._x, self._y, self._xy = _Deviation(ddof), _Deviation(ddof), _Spread(ddof)

    def change(self, row: Row, sign: int) -> None:
        x, y = row if not any(map(math.isnan, row)) else (_NAN, _NAN)
        self._x.change((x,), sign)
        self._y.change((y,), sign)
        self._xy.change((x, y), sign)

    def lines(self, row: Row, least: int, skip: bool) -> Lines:
        x, y = self._x.value(least, skip), self._y.value(least, skip)
        if x == 0.0 or y == 0.0:
            return (_NAN,)
        value = _divide(self._xy.value(least, skip), x * y)
        return (value if math.isnan(value) else min(1.0, max(-1.0, value)),)


class _Extreme(_Statistic):
    """The largest value times `sign`, or rows back to it: those that may yet be it, oldest first."""

    def __init__(self, sign: float, where: bool) -> None:
        self._sign, self._where, self._tally = sign, where, Tally()
        self._candidates: deque[tuple[int, float]] = deque()
        self._added = self._dropped = 0

    def change(self, row: Row, sign: int) -> None:
        x = row[0]
        self._tally.add(x, sign)
        candidates = self._candidates
        if sign < 0:
            if candidates and candidates[0][0] == self._dropped:
                candidates.popleft()
            self._dropped += 1
            return
        if not math.isnan(x):
            while candidates and self._sign * candidates[-1][1] <= self._sign * x:
                candidates.pop()
            candidates.append((self._added, x))
        self._added += 1

    def lines(self, row: Row, least: int, skip: bool) -> Lines:
        if not self._tally.defined(least, skip):
            return (_NAN,)
        place, value = self._candidates[0]
        return (float(self._added - 1 - place) if self._where else value,)


class _Rolling:
    """A statistic with the rows of its window."""

    def __init__(self, make: Callable[[], _Statistic], length: int, least: int, skip: int) -> None:
        self._statistic, self._rows = make(), deque[Row]()
        self._length, self._least, self._skip = length, least, bool(skip)

    def push(self, *row: float) -> Lines:
        if len(self._rows) == self._length:
            self._statistic.change(self._rows.popleft(), -1)
        self._rows.append(row)
        self._statistic.change(row, 1)
        return self._statistic.lines(row, self._least, self._skip)


class _Ema:
    def __init__(self, a: float) -> None:
        self._a, self._b = a, 1.0 - a
        self.value: float | None = None

    def push(self, x: float) -> float:
        self.value = x if self.value is None else self._b * self.value + self._a * x
        return self.value


class _Wilder:
    def __init__(self, period: int) -> None:
        self._period, self._chain = period, _Ema(1.0 / period)
        self._seeds: list[float] = []

    def push(self, x: float) -> float:
        if self._chain.value is not None:
            return self._chain.push(x)
        self._seeds.append(x)
        if len(self._seeds) < self._period:
            return _NAN
        seed = mean_of(self._seeds)
        self._seeds.clear()
        return self._chain.push(seed)


class _Strength:
    def __init__(self, period: int) -> None:
        self._gain, self._loss = _Wilder(period), _Wilder(period)
        self._before: float | None = None

    def push(self, x: float) -> float:
        before, self._before = self._before, x
        if before is None:
            return _NAN
        change = x - before
        gain = self._gain.push(max(change, 0.0))
        return strength(gain, self._loss.push(0.0 if change > 0.0 else -change))


class _Range:
    def __init__(self) -> None:
        self._close: float | None = None

    def push(self, high: float, low: float, close: float) -> float:
        before, self._close = self._close, close
        inside = high - low
        if before is None:
            return inside
        up, down = abs(high - before), abs(low - before)
        if math.isnan(inside) or math.isnan(up) or math.isnan(down):
            return _NAN
        outside = max(up, down)
        return max(outside, inside)


class _AverageRange:
    def __init__(self, period: int) -> None:
        self._range, self._average = _Range(), _Wilder(period)

    def push(self, high: float, low: float, close: float) -> float:
        return self._average.push(self._range.push(high, low, close))


class _Macd:
    def __init__(self, fast: int, slow: int, signal: int) -> None:
        self._fast, self._slow, self._signal = (_Ema(2.0 / (p + 1.0)) for p in (fast, slow, signal))

    def push(self, x: float) -> Lines:
        line = self._fast.push(x) - self._slow.push(x)
        signal = self._signal.push(line)
        return (line, signal, line - signal)


class _Chain:
    """A recurrence; under `skip` a row with a NaN repeats the value before."""

    def __init__(self, chain: Any, lines: int, skip: int) -> None:
        self._chain, self._skip = chain, bool(skip)
        self._value: Lines = (_NAN,) * lines

    def push(self, *row: float) -> Lines:
        if not (self._skip and any(map(math.isnan, row))):
            value = self._chain.push(*row)
            self._value = value if isinstance(value, tuple) else (value,)
        return self._value


class _Lag:
    def __init__(self, kernel: Callable[[float, float], float], period: int) -> None:
        self._kernel, self._period = kernel, period
        self._rows: deque[float] = deque()

    def push(self, x: float) -> Lines:
        self._rows.append(x)
        return (self._kernel(x, self._rows.popleft()) if len(self._rows) > self._period else _NAN,)


def _divide(x: float, y: float) -> float:
    """IEEE's division, by zeros too."""
    if y != 0.0:
        return x / y
    return _NAN if x == 0.0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1.0, y)


def _log_return(x: float, y: float) -> float:
    with np.errstate(all="ignore"):
        return float(log(np.array([_divide(x, y)]))[0])


def _statistic(make: Callable[..., _Statistic], *fixed: Any) -> Callable[..., _Rolling]:
    """`own` are the kernel's own parameters, between `min_periods` and the policy."""
    return lambda length, least, *own: _Rolling(lambda: make(*fixed, *own[:-1]), length, least, own[-1])


def _chain(make: Callable[..., Any], lines: int = 1) -> Callable[..., _Chain]:
    return lambda *own: _Chain(make(*own[:-1]), lines, own[-1])


STREAMS: Final[dict[str, Callable[..., Any]]] = {
    "sum": _statistic(_Total, False),
    "mean": _statistic(_Total, True),
    "var": _statistic(_Spread),
    "std": _statistic(_Deviation),
    "zscore": _statistic(_Score),
    "min": _statistic(_Extreme, -1.0, False),
    "max": _statistic(_Extreme, 1.0, False),
    "argmin": _statistic(_Extreme, -1.0, True),
    "argmax": _statistic(_Extreme, 1.0, True),
    "cov": _statistic(_Spread),
    "corr": _statistic(_Correlation),
    "bollinger": _statistic(_Bands),
    "ema": _chain(lambda period: _Ema(2.0 / (period + 1.0))),
    "wilder": _chain(_Wilder),
    "rsi": _chain(_Strength),
    "atr": _chain(_AverageRange),
    "macd": _chain(_Macd, 3),
    "true_range": lambda: _Chain(_Range(), 1, 0),
    "diff": lambda period: _Lag(lambda x, y: x - y, period),
    "returns": lambda period: _Lag(lambda x, y: _divide(x, y) - 1.0, period),
    "log_returns": lambda period: _Lag(_log_return, period),
    "shift": lambda period: _Lag(lambda _, y: y, period),
}
"""What makes a stream of each kernel of its parameters, in the order of the C ABI."""
