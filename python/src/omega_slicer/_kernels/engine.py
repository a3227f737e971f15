"""Every kernel of the fallback by its name, and those that are written compositions of others.

A kernel takes its series, then its parameters in the order of the C ABI, and gives its lines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from . import differences, extrema, moments, recurrences, sums
from .windows import Floats, Window

__all__ = ["KERNELS"]

Lines = list[Floats]
Kernel = Callable[..., Lines]


def _windowed(kernel: Callable[[Floats, Window], Floats]) -> Kernel:
    def run(x: Floats, length: int, least: int, skip: int) -> Lines:
        return [kernel(x, Window(length, least, bool(skip)))]

    return run


def _var(x: Floats, length: int, least: int, ddof: int, skip: int) -> Lines:
    return [moments.rolling_var(x, Window(length, least, bool(skip)), ddof)]


def _std(x: Floats, length: int, least: int, ddof: int, skip: int) -> Lines:
    (var,) = _var(x, length, least, ddof, skip)
    return [np.sqrt(var, out=var)]


def _zscore(x: Floats, length: int, least: int, ddof: int, skip: int) -> Lines:
    (std,) = _std(x, length, least, ddof, skip)
    mean = sums.rolling_mean(x, Window(length, least, bool(skip)))
    score = (x - mean) / std
    score[std == 0.0] = np.nan
    return [score]


def _cov(x: Floats, y: Floats, length: int, least: int, ddof: int, skip: int) -> Lines:
    return [moments.rolling_cov(x, y, Window(length, least, bool(skip)), ddof)]


def _corr(x: Floats, y: Floats, length: int, least: int, ddof: int, skip: int) -> Lines:
    missing = np.isnan(x) | np.isnan(y)
    if missing.any():
        x, y = np.where(missing, np.nan, x), np.where(missing, np.nan, y)
    (cov,) = _cov(x, y, length, least, ddof, skip)
    (std_x,) = _std(x, length, least, ddof, skip)
    (std_y,) = _std(y, length, least, ddof, skip)
    answer = np.clip(cov / (std_x * std_y), -1.0, 1.0)
    answer[(std_x == 0.0) | (std_y == 0.0)] = np.nan
    return [answer]


def _bollinger(x: Floats, length: int, least: int, ddof: int, width: float, skip: int) -> Lines:
    middle = sums.rolling_mean(x, Window(length, least, bool(skip)))
    (std,) = _std(x, length, least, ddof, skip)
    distance = width * std
    return [middle, middle + distance, middle - distance]


def _single(kernel: Callable[..., Floats]) -> Kernel:
    return lambda *arguments: [kernel(*arguments)]


KERNELS: Final[dict[str, Kernel]] = {
    "sum": _windowed(sums.rolling_sum),
    "mean": _windowed(sums.rolling_mean),
    "min": _windowed(extrema.rolling_min),
    "max": _windowed(extrema.rolling_max),
    "argmin": _windowed(extrema.rolling_argmin),
    "argmax": _windowed(extrema.rolling_argmax),
    "var": _var,
    "std": _std,
    "zscore": _zscore,
    "cov": _cov,
    "corr": _corr,
    "bollinger": _bollinger,
    "ema": _single(recurrences.ema),
    "wilder": _single(recurrences.wilder),
    "rsi": _single(recurrences.rsi),
    "atr": _single(recurrences.atr),
    "true_range": _single(recurrences.true_range),
    "macd": recurrences.macd,
    "diff": _single(differences.diff),
    "returns": _single(differences.returns),
    "log_returns": _single(differences.log_returns),
    "shift": _single(differences.shift),
}
