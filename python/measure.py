"""What a call costs from Python, and how fast the fallback is beside pandas, on numbers of every kind.

Measures and prints; whether a number is good enough is decided by whoever reads it. `benches/peers` compares
with more libraries on one walk; here the series are those on which a fallback is slow. From this folder:

    PYTHONPATH=src python measure.py [--calls] [--rows N] [--rounds N] [--only KERNEL,...] [--on SERIES,...]

Calls: nanoseconds of one call on 20 rows, and of one push, the best of many rounds. Rows: nanoseconds per row
of the fallback and of pandas, medians of interleaved rounds, and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from omega_slicer import rolling

WINDOWED = ("sum", "mean", "var", "std", "zscore", "cov", "corr")
KERNELS = (*WINDOWED, "ema", "wilder", "rsi", "atr", "macd", "log_returns")
SPANS = ("ema", "wilder", "rsi")


def series(n: int) -> dict[str, np.ndarray]:
    """A walk near 1.1, and what is made of one that is harder."""
    random = np.random.default_rng(20120201)
    walk = 1.1 * np.exp(np.cumsum(random.normal(0, 1e-4, n)))
    ticks, gaps = walk.copy(), walk.copy()
    ticks[n // 2] = 1e9
    gaps[random.random(n) < 0.01] = np.nan
    return {
        "walk": walk,
        "returns": np.diff(np.log(walk), prepend=0.0),
        "noise": random.normal(0, 1, n),
        "a tick": ticks,
        "a NaN": np.where(np.arange(n) == n // 2, np.nan, walk),
        "1% NaN": gaps,
        "across 0": np.cumsum(random.normal(0, 1, n)),
        "subnormal": np.ldexp(random.integers(-(2**40), 2**40, n).astype(float), -1074),
        "mixed": np.ldexp(random.uniform(-1, 1, n), random.integers(-1022, 1023, n)),
    }


def best(ask: Callable[[], Any], times: int, rounds: int) -> float:
    """Nanoseconds of one call."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        for _ in range(times):
            ask()
        found.append((time.perf_counter_ns() - begin) / times)
    return min(found)


def calls(rounds: int) -> None:
    """What short calls and pushes cost with the backend that is chosen."""
    x, out, table = np.arange(1.0, 21.0), np.empty(20), np.ones((20, 2))
    asks: dict[str, Callable[[], Any]] = {
        "mean(x, 20)": lambda: rolling.mean(x, 20),
        "mean(x, 20, out=out)": lambda: rolling.mean(x, 20, out=out),
        "std(x, 20)": lambda: rolling.std(x, 20),
        "ema(x, 20)": lambda: rolling.ema(x, 20),
        "rsi(x)": lambda: rolling.rsi(x),
        "diff(x)": lambda: rolling.diff(x),
        "cov(x, x, 20)": lambda: rolling.cov(x, x, 20),
        "atr(x, x, x)": lambda: rolling.atr(x, x, x),
        "macd(x)": lambda: rolling.macd(x),
        "bollinger(x)": lambda: rolling.bollinger(x),
        "ema(x, (5, 20))": lambda: rolling.ema(x, (5, 20)),
        "mean(table, 20)": lambda: rolling.mean(table, 20),
        "mean(x, 20, backend='python')": lambda: rolling.mean(x, 20, backend="python"),
    }
    for name, make, row in (
        ("RollingMean.push", lambda: rolling.RollingMean(20), (1.5,)),
        ("RollingStd.push", lambda: rolling.RollingStd(20), (1.5,)),
        ("StreamingEma.push", lambda: rolling.StreamingEma(20), (1.5,)),
        ("RollingCorr.push", lambda: rolling.RollingCorr(20), (1.5, 1.5)),
        ("StreamingAtr.push", lambda: rolling.StreamingAtr(20), (1.5, 1.5, 1.5)),
        ("StreamingMacd.push", rolling.StreamingMacd, (1.5,)),
    ):
        push = make().push
        asks[name] = lambda push=push, row=row: push(*row)
    for name, ask in asks.items():
        print(f"call\t{name}\t{best(ask, 2000, rounds):.0f}", flush=True)


def by_pandas(kernel: str, x: pd.Series, w: int) -> Callable[[], Any]:
    """The same from pandas, as it is usually written."""
    y = x.shift(1)
    if hasattr(x.rolling(w), kernel):
        return lambda: getattr(x.rolling(w), kernel)(*((y,) if kernel in ("cov", "corr") else ()))
    if kernel == "zscore":
        return lambda: (x - x.rolling(w).mean()) / x.rolling(w).std()
    if kernel in ("ema", "macd"):
        return lambda: x.ewm(span=w, adjust=False).mean()
    if kernel in ("wilder", "atr"):
        return lambda: x.ewm(alpha=1 / w, adjust=False).mean()
    if kernel == "log_returns":
        return lambda: np.log(x / x.shift(1))
    assert kernel == "rsi"

    def rsi() -> Any:
        change = x.diff()
        gain = change.clip(lower=0).ewm(alpha=1 / w, adjust=False).mean()
        loss = -change.clip(upper=0).ewm(alpha=1 / w, adjust=False).mean()
        return 100 - 100 / (1 + gain / loss)

    return rsi


def ours(kernel: str, x: np.ndarray, w: int) -> Callable[[], Any]:
    """The fallback's kernel."""
    y = np.concatenate([x[:1], x[:-1]])
    inputs = (x, y) if kernel in ("cov", "corr") else (x, x, x) if kernel == "atr" else (x,)
    given = () if kernel == "macd" else (w,)
    return lambda: getattr(rolling, kernel)(*inputs, *given, backend="python")


def windows(kernel: str) -> tuple[int, ...]:
    """Windows or periods that are measured."""
    usual = (14, 200) if kernel in (*SPANS, "atr") else (20, 200)
    return {"log_returns": (1,), "macd": (26,)}.get(kernel, usual)


def rows(n: int, rounds: int, kernels: list[str], names: list[str]) -> None:
    """The fallback's time per row beside that of pandas."""
    for name, x in series(n).items():
        if names and name not in names:
            continue
        for kernel in kernels:
            for w in windows(kernel):
                asks = (ours(kernel, x, w), by_pandas(kernel, pd.Series(x), w))
                taken: tuple[list[int], list[int]] = ([], [])
                for _ in range(rounds):
                    for ask, times in zip(asks, taken, strict=True):
                        begin = time.perf_counter_ns()
                        ask()
                        times.append(time.perf_counter_ns() - begin)
                mine, his = (statistics.median(times) / n for times in taken)
                print(f"row\t{kernel}\t{name}\t{w}\t{mine:.1f}\t{his:.1f}\t{mine / his:.2f}", flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="calls from Python, and the fallback beside pandas")
    parser.add_argument("--calls", action="store_true", help="only what calls cost")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(KERNELS), help="kernels, with commas between them")
    parser.add_argument("--on", default="", help="series, with commas between them")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    calls(5 * options.rounds)
    if not options.calls:
        with np.errstate(all="ignore"):
            names = [name for name in options.on.split(",") if name]
            rows(options.rows, options.rounds, options.only.split(","), names)


if __name__ == "__main__":
    main()
