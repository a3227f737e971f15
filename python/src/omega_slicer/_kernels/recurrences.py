"""Recurrences and indicators: plain floats in the written order, each operation rounded once.

Neither Python nor NumPy fuses a multiplication with an addition. What does not depend on the row before is
done for all rows at once; what does is a chain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .chains import chain
from .exact import mean_of
from .windows import Floats

__all__ = ["atr", "ema", "macd", "rsi", "strength", "true_range", "wilder"]


def ema(x: Floats, period: int, skip: bool) -> Floats:
    """(b*e) + (a*x), seeded by the first value."""
    return _remaining([x], skip, lambda kept: [_ema(kept[0], period)])[0]


def wilder(x: Floats, period: int, skip: bool) -> Floats:
    """The same with a = 1/period, seeded by the mean of the first `period` values."""
    return _remaining([x], skip, lambda kept: [_wilder(kept[0], period)])[0]


def rsi(x: Floats, period: int, skip: bool) -> Floats:
    """100 * (gain / (gain + loss))."""
    return _remaining([x], skip, lambda kept: [_rsi(kept[0], period)])[0]


def atr(high: Floats, low: Floats, close: Floats, period: int, skip: bool) -> Floats:
    """Wilder's average of the true range."""
    return _remaining([high, low, close], skip, lambda kept: [_wilder(true_range(*kept), period)])[0]


def macd(x: Floats, fast: int, slow: int, signal: int, skip: bool) -> list[Floats]:
    """The line, its average, and their difference."""

    def lines(kept: Sequence[Floats]) -> list[Floats]:
        line = _ema(kept[0], fast) - _ema(kept[0], slow)
        average = _ema(line, signal)
        return [line, average, line - average]

    return _remaining([x], skip, lines)


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """The largest of three distances, `high - low` in row 0."""
    inside = high - low
    up, down = np.abs(high[1:] - close[:-1]), np.abs(low[1:] - close[:-1])
    outside = np.maximum(up, down)
    rest = inside[1:]
    inside[1:] = np.where(np.isnan(rest) | np.isnan(outside), np.nan, np.where(rest > outside, rest, outside))
    return inside


def strength(gain: float, loss: float) -> float:
    """The relative strength index of two averages."""
    if loss == 0.0:
        return 50.0 if gain == 0.0 else 100.0 if gain > 0.0 else gain
    return 100.0 * (gain / (gain + loss))


def _ema(x: Floats, period: int) -> Floats:
    a = 2.0 / (period + 1.0)
    return chain(x, a, float(x[0])) if len(x) else x.copy()


def _wilder(x: Floats, period: int) -> Floats:
    if len(x) < period:
        return np.full(len(x), np.nan)
    average = chain(x[period - 1 :], 1.0 / period, mean_of(x[:period].tolist()))
    return np.concatenate([np.full(period - 1, np.nan), average])


def _rsi(x: Floats, period: int) -> Floats:
    out = np.full(len(x), np.nan)
    changes = np.diff(x)
    gain = _wilder(np.where(changes < 0.0, 0.0, changes), period)
    loss = _wilder(np.where(changes > 0.0, 0.0, -changes), period)
    answer = 100.0 * (gain / (gain + loss))
    lossless = (loss == 0.0) & ~np.isnan(gain)
    answer[lossless] = np.where(gain[lossless] == 0.0, 50.0, 100.0)
    out[1:] = answer
    return out


def _remaining(
    columns: Sequence[Floats], skip: bool, kernel: Callable[[Sequence[Floats]], list[Floats]]
) -> list[Floats]:
    """The kernel's answers; under `skip` those of the rows that remain, repeated where rows are left out."""
    missing = np.logical_or.reduce([np.isnan(column) for column in columns]) if skip else None
    if missing is None or not missing.any():
        return kernel(columns)
    answers = kernel([column[~missing] for column in columns])
    row = np.cumsum(~missing) - 1
    spread: list[Floats] = []
    for answer in answers:
        out = np.full(len(row), np.nan)
        out[row >= 0] = answer[row[row >= 0]]
        spread.append(out)
    return spread
