"""Kernels of a row and an earlier one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .logarithm import log
from .windows import Floats

__all__ = ["diff", "log_returns", "returns", "shift"]


def diff(x: Floats, period: int) -> Floats:
    """X - x'."""
    return _lagged(x, period, lambda now, before: now - before)


def returns(x: Floats, period: int) -> Floats:
    """(x / x') - 1."""
    return _lagged(x, period, lambda now, before: now / before - 1.0)


def log_returns(x: Floats, period: int) -> Floats:
    """ln(x / x')."""
    return _lagged(x, period, lambda now, before: log(now / before))


def shift(x: Floats, period: int) -> Floats:
    """X'."""
    return _lagged(x, period, lambda _, before: before)


def _lagged(x: Floats, period: int, kernel: Callable[[Floats, Floats], Floats]) -> Floats:
    out = np.full(len(x), np.nan)
    if period < len(x):
        out[period:] = kernel(x[period:], x[: len(x) - period])
    return out
