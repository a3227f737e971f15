"""TA-Lib agrees within its own accuracy, where it can be imported; where definitions differ is said here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from omega_slicer import rolling


@pytest.fixture(scope="module")
def talib() -> Any:
    return pytest.importorskip("talib", reason="TA-Lib (PyPI, development only) is not installed")


def bars(n: int = 3_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(6)
    close = 1.1 * np.exp(np.cumsum(random.normal(0, 1e-4, n)))
    return close * (1 + 1e-4 * random.random(n)), close * (1 - 1e-4 * random.random(n)), close


def agree(ours: np.ndarray, theirs: np.ndarray, rtol: float, skip: int = 0) -> None:
    np.testing.assert_allclose(ours[skip:], theirs[skip:], rtol=rtol, atol=1e-15)


def test_windows_agree_with_talib(talib: Any) -> None:
    _, _, x = bars()
    for w in (5, 20, 200):
        agree(rolling.mean(x, w), talib.SMA(x, w), 1e-12)
        agree(rolling.sum(x, w), talib.SUM(x, w), 1e-12)
        agree(rolling.min(x, w), talib.MIN(x, w), 0)
        agree(rolling.max(x, w), talib.MAX(x, w), 0)
        agree(rolling.std(x, w, ddof=0), talib.STDDEV(x, w), 1e-5)  # its ddof is 0
        ours = rolling.bollinger(x, w, 2.0, ddof=0)
        upper, middle, lower = talib.BBANDS(x, w, 2.0, 2.0)
        agree(ours.middle, middle, 1e-9)
        agree(ours.upper, upper, 1e-9)
        agree(ours.lower, lower, 1e-9)


def test_recurrences_agree_with_talib_once_their_seeds_are_forgotten(talib: Any) -> None:
    high, low, x = bars()
    # Its ema is seeded by the mean of the first `period` values, ours by the first value.
    agree(rolling.ema(x, 20), talib.EMA(x, 20), 1e-9, skip=600)
    line, signal, histogram = talib.MACD(x)  # whose slow and fast averages start at the same row
    ours = rolling.macd(x)
    for mine, theirs in ((ours.macd, line), (ours.signal, signal), (ours.histogram, histogram)):
        np.testing.assert_allclose(mine[900:], theirs[900:], atol=1e-12)
    # Its rsi has the same seeds, to the row; its atr leaves out row 0, which has no close before it.
    agree(rolling.rsi(x, 14), talib.RSI(x, 14), 1e-8)
    agree(rolling.true_range(high, low, x)[1:], talib.TRANGE(high, low, x)[1:], 1e-12)
    agree(rolling.atr(high, low, x, 14), talib.ATR(high, low, x, 14), 1e-9, skip=600)
