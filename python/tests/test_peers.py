"""TA-Lib agrees within its own accuracy, where it can be imported; every difference of definition is shown.

The differences are the rows of docs/differences.md: one check for each, on numbers that tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers import ROOT
from omega_slicer import rolling

X = np.array([1.0, 2.0, 4.0, 3.0, 5.0, 7.0, 6.0, 8.0, 9.0, 7.0])
S = pd.Series(X)
HIGH, LOW = X + 1.0, X - 0.5


@pytest.fixture(scope="module")
def talib() -> Any:
    return pytest.importorskip("talib", reason="TA-Lib (PyPI, development only) is not installed")


@pytest.fixture(scope="module")
def bn() -> Any:
    return pytest.importorskip("bottleneck", reason="Bottleneck (PyPI, development only) is not installed")


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
        agree(rolling.std(x, w, ddof=0), talib.STDDEV(x, w), 1e-5)
        ours = rolling.bollinger(x, w, 2.0, ddof=0)
        upper, middle, lower = talib.BBANDS(x, w, 2.0, 2.0)
        agree(ours.middle, middle, 1e-9)
        agree(ours.upper, upper, 1e-9)
        agree(ours.lower, lower, 1e-9)


def test_recurrences_agree_with_talib_once_their_seeds_are_forgotten(talib: Any) -> None:
    high, low, x = bars()
    agree(rolling.ema(x, 20), talib.EMA(x, 20), 1e-9, skip=600)
    ours = rolling.macd(x)
    for mine, theirs in zip((ours.macd, ours.signal, ours.histogram), talib.MACD(x), strict=True):
        np.testing.assert_allclose(mine[900:], theirs[900:], atol=1e-12)
    agree(rolling.rsi(x, 14), talib.RSI(x, 14), 1e-8)
    agree(rolling.true_range(high, low, x)[1:], talib.TRANGE(high, low, x)[1:], 1e-12)
    agree(rolling.atr(high, low, x, 14), talib.ATR(high, low, x, 14), 1e-9, skip=600)


def spoilt(value: float) -> tuple[np.ndarray, pd.Series]:
    """A value in row 4, so that windows of three are clean again from row 7 on."""
    x = X.copy()
    x[4] = value
    return x, pd.Series(x)


def close(answer: Any, expected: Any) -> bool:
    return bool(np.allclose(np.asarray(answer), np.asarray(expected), rtol=1e-9, atol=1e-12, equal_nan=True))


def nans(answer: Any) -> list[int]:
    return np.flatnonzero(np.isnan(np.asarray(answer))).tolist()


CLEAN = [7.0, 23 / 3, 8.0]


def mean_digits(talib: Any, bn: Any) -> None:
    x, s = spoilt(1e17)
    assert rolling.mean(x, 3)[7:].tolist() == CLEAN
    assert close(s.rolling(3).mean()[7:], CLEAN)
    for theirs in (talib.SMA(x, 3), bn.move_mean(x, 3)):
        assert (np.abs(theirs[7:] - CLEAN) > 1).all()


def mean_nan(talib: Any, bn: Any) -> None:
    x, s = spoilt(np.nan)
    for theirs in (rolling.mean(x, 3), s.rolling(3).mean(), bn.move_mean(x, 3)):
        assert nans(theirs) == [0, 1, 4, 5, 6]
    assert nans(talib.SMA(x, 3)) == [0, 1, 4, 5, 6, 7, 8, 9]


def mean_infinity(talib: Any, bn: Any) -> None:
    x, s = spoilt(np.inf)
    assert rolling.mean(x, 3)[4:].tolist() == [np.inf] * 3 + CLEAN
    assert nans(s.rolling(3).mean()) == [0, 1, 4, 5, 6]
    for theirs in (talib.SMA(x, 3), bn.move_mean(x, 3)):
        assert nans(theirs) == [0, 1, 7, 8, 9]


def mean_min_periods(talib: Any, bn: Any) -> None:
    short = [1.0, 1.5, 7 / 3]
    assert close(rolling.mean(X, 3, 1)[:3], short)
    assert close(bn.move_mean(X, 3, min_count=1)[:3], short)
    assert close(S.rolling(3, min_periods=1).mean()[:3], short)
    for theirs in (rolling.mean(X, 3), talib.SMA(X, 3), bn.move_mean(X, 3), S.rolling(3).mean()):
        assert nans(theirs) == [0, 1]


def std_ddof(talib: Any, bn: Any) -> None:
    ours, population = rolling.std(X, 3), rolling.std(X, 3, ddof=0)
    assert close(ours, S.rolling(3).std())
    for theirs in (talib.STDDEV(X, 3), bn.move_std(X, 3), ours * np.sqrt(2 / 3)):
        assert close(theirs, population)
    assert not close(ours, population)


def std_digits(talib: Any, bn: Any) -> None:
    x, s = spoilt(1e9)
    for ours, ddof in ((rolling.std(x, 3), 1), (talib.STDDEV(x, 3), 0)):
        assert close(ours[7:], rolling.std(X, 3, ddof=ddof)[7:])
    assert s.rolling(3).std()[7:].tolist() == [0.0] * 3
    assert bn.move_std(x, 3)[[7, 9]].tolist() == [0.0] * 2


def min_nan(talib: Any, bn: Any) -> None:
    x, s = spoilt(np.nan)
    for theirs in (rolling.min(x, 3), s.rolling(3).min(), bn.move_min(x, 3)):
        assert nans(theirs) == [0, 1, 4, 5, 6]
    skipped = rolling.min(x, 3, 1, nan="skip")
    assert close(talib.MIN(x, 3)[2:], skipped[2:])


def argmax_count(talib: Any, bn: Any) -> None:
    x = np.array([0.0, 2.0, 2.0, 1.0, 1.0, 0.0, 3.0, 3.0])
    ours = rolling.argmax(x, 3)
    assert close(ours, [np.nan, np.nan, 0, 1, 2, 1, 0, 0])
    assert close(bn.move_argmax(x, 3), ours)
    theirs = talib.MAXINDEX(x, 3)
    assert theirs[:2].tolist() == [0, 0]
    assert (np.arange(8) - theirs)[2:].tolist() == [1, 2, 2, 2, 0, 0]  # of equal values now this, now that
    assert (x[theirs] == rolling.max(x, 3))[2:].all()


def corr_no_variance(talib: Any, bn: Any) -> None:
    flat = np.ones(10)
    assert nans(rolling.corr(X, flat, 3)) == nans(S.rolling(3).corr(pd.Series(flat))) == list(range(10))
    assert talib.CORREL(X, flat, 3)[2:].tolist() == [0.0] * 8


def bollinger_ddof(talib: Any, bn: Any) -> None:
    theirs = talib.BBANDS(X, 3, 2.0, 2.0)[0]
    assert close(rolling.bollinger(X, 3, ddof=0).upper, theirs)
    assert (rolling.bollinger(X, 3).upper[2:] > theirs[2:] + 0.1).all()


def ema_seed(talib: Any, bn: Any) -> None:
    ours, theirs = rolling.ema(X, 3), talib.EMA(X, 3)
    assert ours[0] == X[0]
    assert nans(theirs) == [0, 1]
    assert close(theirs[2], X[:3].mean())
    assert close(S.ewm(span=3, adjust=False).mean(), ours)
    assert not close(S.ewm(span=3).mean(), ours)


def ema_nan(talib: Any, bn: Any) -> None:
    x, s = spoilt(np.nan)
    assert nans(rolling.ema(x, 3)) == [4, 5, 6, 7, 8, 9]
    assert nans(talib.EMA(x, 3)) == [0, 1, 4, 5, 6, 7, 8, 9]
    skipped, aged = rolling.ema(x, 3, nan="skip"), s.ewm(span=3, adjust=False).mean()
    assert close(skipped[4], aged[4])
    assert not close(skipped[5], aged[5])
    assert close(skipped, s.ewm(span=3, adjust=False, ignore_na=True).mean())


def wilder_seed(talib: Any, bn: Any) -> None:
    ours, theirs = rolling.wilder(X, 3), S.ewm(alpha=1 / 3, adjust=False).mean()
    assert nans(ours) == [0, 1]
    assert close(ours[2], X[:3].mean())
    assert theirs[0] == X[0]
    assert not close(ours[2:], theirs[2:])
    assert not hasattr(talib, "WILDER")


def usual_rsi(s: pd.Series, period: int) -> pd.Series:
    change = s.diff()
    gain = change.clip(lower=0).ewm(alpha=1 / period, adjust=False).mean()
    loss = -change.clip(upper=0).ewm(alpha=1 / period, adjust=False).mean()
    return 100 - 100 / (1 + gain / loss)


def rsi_standstill(talib: Any, bn: Any) -> None:
    still = np.ones(10)
    assert rolling.rsi(still, 3)[3:].tolist() == [50.0] * 7
    assert talib.RSI(still, 3)[3:].tolist() == [0.0] * 7
    assert nans(usual_rsi(pd.Series(still), 3)) == list(range(10))


def rsi_seed(talib: Any, bn: Any) -> None:
    ours = rolling.rsi(X, 3)
    assert nans(ours) == [0, 1, 2]
    assert ours[3] == 75.0  # gains of 1 and 2, a loss of 1
    assert close(talib.RSI(X, 3), ours)
    assert not close(usual_rsi(S, 3)[3:], ours[3:])


def true_range_first_row(talib: Any, bn: Any) -> None:
    ours, theirs = rolling.true_range(HIGH, LOW, X), talib.TRANGE(HIGH, LOW, X)
    assert ours[0] == HIGH[0] - LOW[0]
    assert nans(theirs) == [0]
    assert close(ours[1:], theirs[1:])


def atr_first_row(talib: Any, bn: Any) -> None:
    ranges = rolling.true_range(HIGH, LOW, X)
    ours, theirs = rolling.atr(HIGH, LOW, X, 3), talib.ATR(HIGH, LOW, X, 3)
    assert (nans(ours), nans(theirs)) == ([0, 1], [0, 1, 2])
    assert close((ours[2], theirs[3]), (ranges[:3].mean(), ranges[1:4].mean()))


def macd_seed(talib: Any, bn: Any) -> None:
    ours, theirs = rolling.macd(X, 2, 4, 3), talib.MACD(X, 2, 4, 3)
    assert [line[0] for line in ours] == [0.0] * 3
    assert [nans(line) for line in theirs] == [[0, 1, 2, 3, 4]] * 3
    # Its fast average begins with a mean that ends where the slow one's does: at row 3.
    fast, slow = X[2:4].mean(), X[:4].mean()
    for x in X[4:6].tolist():
        fast, slow = fast + (x - fast) * 2 / 3, slow + (x - slow) * 2 / 5
    assert close(theirs[0][5], fast - slow)
    assert close(ours.macd, S.ewm(span=2, adjust=False).mean() - S.ewm(span=4, adjust=False).mean())


CHECKS: dict[str, Callable[[Any, Any], None]] = {
    check.__name__: check
    for check in (
        mean_digits,
        mean_nan,
        mean_infinity,
        mean_min_periods,
        std_ddof,
        std_digits,
        min_nan,
        argmax_count,
        corr_no_variance,
        bollinger_ddof,
        ema_seed,
        ema_nan,
        wilder_seed,
        rsi_standstill,
        rsi_seed,
        true_range_first_row,
        atr_first_row,
        macd_seed,
    )
}


def test_every_row_of_the_table_of_differences_is_checked() -> None:
    lines = (ROOT / "docs" / "differences.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][
        2:
    ]
    assert all(len(row) == 7 and all(row) for row in rows)
    assert [f"{kernel} {what}".replace(" ", "_").lower() for kernel, what, *_ in rows] == list(CHECKS)


@pytest.mark.parametrize("difference", CHECKS)
def test_a_difference_of_definition_is_as_the_table_says(difference: str, talib: Any, bn: Any) -> None:
    with np.errstate(all="ignore"):
        CHECKS[difference](talib, bn)
