"""Rolling minimum and maximum, and where they are. Of equal values (the signed zeros are equal) the newest.

Extremes of stretches are doubled in length until two of them, overlapping, cover the window: as many passes
as the window has binary digits. Infinities stand for the rows before the first and for NaNs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .windows import Bools, Floats, Ints, Window

__all__ = ["rolling_argmax", "rolling_argmin", "rolling_max", "rolling_min"]

_BLOCK = 1 << 14


def rolling_min(x: Floats, window: Window) -> Floats:
    """Smallest values."""
    return _extremes(x, window, np.minimum, np.inf)


def rolling_max(x: Floats, window: Window) -> Floats:
    """Largest values."""
    return _extremes(x, window, np.maximum, -np.inf)


def rolling_argmin(x: Floats, window: Window) -> Floats:
    """Rows back to the smallest values."""
    return _distances(-x, window)


def rolling_argmax(x: Floats, window: Window) -> Floats:
    """Rows back to the largest values."""
    return _distances(x, window)


def _blocks(rows: int, window: int) -> Iterator[tuple[int, int, int]]:
    """Blocks of rows, and how many rows before the first of them their windows reach back to."""
    size = max(_BLOCK, 2 * window)
    for start in range(0, rows, size):
        yield start, min(start + size, rows), min(start, window - 1)


def _before(values: npt.NDArray[Any], count: int, value: float) -> npt.NDArray[Any]:
    return np.concatenate([np.full(count, value, values.dtype), values]) if count else values


def _extremes(x: Floats, window: Window, better: np.ufunc, worst: float) -> Floats:
    out = np.empty(len(x))
    length = min(window.length, max(len(x), 1))
    missing = np.isnan(x)
    any_missing = bool(missing.any())
    values: Floats = np.where(missing, worst, x) if any_missing else x
    for start, stop, back in _blocks(len(x), length):
        level = _before(values[start - back : stop], length - 1 - back, worst)
        width = 1
        while 2 * width <= length:
            level = better(level[width:], level[:-width])
            width *= 2
        if width < length:
            better(level[length - width :], level[: width - length], out=out[start:stop])
        else:
            out[start:stop] = level
    zero = x == 0.0
    if (zero & np.signbit(x)).any():
        newest = np.maximum.accumulate(np.where(zero, np.arange(len(x)), 0))
        of_zeros = out == 0.0
        out[of_zeros] = x[newest[of_zeros]]
    return _defined(out, missing if any_missing else None, window)


def _distances(x: Floats, window: Window) -> Floats:
    """Rows back to the largest value."""
    out = np.empty(len(x))
    length = min(window.length, max(len(x), 1))
    missing = np.isnan(x)
    any_missing = bool(missing.any())
    for start, stop, back in _blocks(len(x), length):
        level = _before(x[start - back : stop], length - 1 - back, np.nan)
        # Where the largest of the rows up to each is, counted from the first row of `level`.
        place: Ints = np.arange(len(level))
        width, gaps = 1, any_missing or back < length - 1
        while width < length:
            step = min(width, length - width)
            newer, older = level[step:], level[:-step]
            chosen = newer >= older
            if gaps:
                chosen |= np.isnan(older)
            level = np.where(chosen, newer, older)
            place = np.where(chosen, place[step:], place[:-step])
            width += step
        np.subtract(np.arange(length - 1, length - 1 + stop - start), place, out=out[start:stop])
    return _defined(out, missing if any_missing else None, window)


def _defined(out: Floats, missing: Bools | None, window: Window) -> Floats:
    """Put NaN where there are too few values, or a NaN that counts."""
    if missing is None:
        out[: window.least - 1] = np.nan
        return out
    nans = np.cumsum(missing, dtype=np.int64)
    if window.length < len(out):
        nans[window.length :] -= nans[: -window.length].copy()
    rows = np.minimum(np.arange(1, len(out) + 1), window.length)
    out[rows - nans < window.least] = np.nan
    if not window.skip:
        out[nans > 0] = np.nan
    return out
