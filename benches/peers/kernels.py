"""The kernels from Python, beside Bottleneck, TA-Lib, pandas, Polars and NumPy: speed, and right digits.

Measures and prints; whether a number is good enough is decided by whoever reads it. 1,000,000 rows of a
seeded random walk, one thread each, rounds interleaved so that all contenders meet the same noise. Medians,
one line per contender on standard output; `window` is `call` for single calls on 20 rows and `push` for
streams, and the number then one call's:

    python <tab> kernel <tab> who <tab> window <tab> nanoseconds per row
    python <tab> kernel <tab> who <tab> window <tab> error <tab> worst relative error against fractions

`omega_native` and `omega_python` are this package's two backends. Peers that are not installed are named on
standard error. With PYTHONPATH=python/src:

    python benches/peers/kernels.py [--rows N] [--rounds N] [--sample N]
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import sqrt
from typing import Any

for variable in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before any of them is imported

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from omega_slicer import rolling  # noqa: E402

Floats = npt.NDArray[np.float64]
Contenders = dict[str, Callable[[], Any]]
WINDOWS = (20, 200)
BACKENDS = (("omega_native", "native"), ("omega_python", "python"))


def peer(name: str) -> Any:
    """A peer's module, or None and a word on standard error."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"missing peer: {name} ({error})", file=sys.stderr)
        return None


bn, talib, pd, pl = (peer(name) for name in ("bottleneck", "talib", "pandas", "polars"))


def market(rows: int) -> dict[str, Floats]:
    """A walk near 1.1 in steps of a basis point, with the bars and a second series around it."""
    random = np.random.default_rng(20120201)
    close = 1.1 * np.exp(np.cumsum(random.normal(0, 1e-4, rows)))
    return {
        "x": close,
        "y": 40_000 * np.exp(np.cumsum(random.normal(0, 1e-4, rows))),
        "high": close * (1 + 1e-4 * random.random(rows)),
        "low": close * (1 - 1e-4 * random.random(rows)),
    }


class Bench:
    """The series in every contender's own form."""

    def __init__(self, rows: int, rounds: int, sample: int) -> None:
        self.rounds, self.sample = rounds, sample
        made = market(rows)
        self.x, self.y, self.high, self.low = made["x"], made["y"], made["high"], made["low"]
        self.series = None if pd is None else pd.Series(self.x)
        self.other = None if pd is None else pd.Series(self.y)
        self.column = None if pl is None else pl.Series(self.x)

    def windowed(self, kernel: str, w: int) -> Contenders:
        """All who can do a kernel over a window."""
        x, y = self.x, self.y
        ours = getattr(rolling, kernel)
        inputs = (x, y) if kernel in ("cov", "corr") else (x,)
        found: Contenders = {
            who: lambda backend=backend: ours(*inputs, w, backend=backend) for who, backend in BACKENDS
        }
        spread = {"ddof": 1} if kernel in ("var", "std") else {}
        if bn is not None and hasattr(bn, f"move_{kernel}"):
            move = getattr(bn, f"move_{kernel}")
            found["bottleneck"] = lambda: move(x, w, **spread)
        its = {"sum": "SUM", "mean": "SMA", "min": "MIN", "max": "MAX", "var": "VAR", "std": "STDDEV"}
        if talib is not None and kernel in its:
            function = getattr(talib, its[kernel])
            found["talib"] = lambda: function(x, w)
        if self.series is not None and hasattr(self.series.rolling(w), kernel):
            more = () if len(inputs) == 1 else (self.other,)
            found["pandas"] = lambda: getattr(self.series.rolling(w), kernel)(*more)
        if self.column is not None and hasattr(self.column, f"rolling_{kernel}"):
            method = getattr(self.column, f"rolling_{kernel}")
            found["polars"] = lambda: method(w)
        found |= self.numpy(kernel, w)
        return found

    def numpy(self, kernel: str, w: int) -> Contenders:
        """What people write who have NumPy alone: cumulative sums, or a view of windows."""
        x, view = self.x, np.lib.stride_tricks.sliding_window_view

        def mean() -> Floats:
            sums = np.cumsum(x)
            sums[w:] -= sums[:-w].copy()
            return sums / w if kernel == "mean" else sums

        def var() -> Floats:
            sums, squares = np.cumsum(x), np.cumsum(x * x)
            sums[w:] -= sums[:-w].copy()
            squares[w:] -= squares[:-w].copy()
            spread = np.maximum((squares - sums * sums / w) / (w - 1), 0.0)
            return np.sqrt(spread) if kernel == "std" else spread

        by_view = {"min": np.min, "max": np.max, "argmin": np.argmin, "argmax": np.argmax}
        if kernel in ("sum", "mean"):
            return {"numpy": mean}
        if kernel in ("var", "std"):
            return {"numpy": var}
        return {"numpy": lambda: by_view[kernel](view(x, w), axis=1)} if kernel in by_view else {}

    def chained(self, kernel: str, w: int) -> Contenders:
        """All who can do a recurrence or a difference; `w` is its period."""
        x, high, low = self.x, self.high, self.low
        ours = getattr(rolling, kernel)
        inputs = (high, low, x) if kernel in ("atr", "true_range") else (x,)
        arguments = () if kernel in ("true_range", "macd") else (w,)
        found: Contenders = {
            who: lambda backend=backend: ours(*inputs, *arguments, backend=backend)
            for who, backend in BACKENDS
        }
        its = {"ema": "EMA", "rsi": "RSI", "atr": "ATR", "true_range": "TRANGE", "macd": "MACD"}
        if talib is not None and kernel in its:
            function = getattr(talib, its[kernel])
            found["talib"] = lambda: function(*inputs, *arguments)
        if self.series is not None:
            series = self.series
            more: dict[str, Callable[[], Any]] = {
                "ema": lambda: series.ewm(span=w, adjust=False).mean(),
                "wilder": lambda: series.ewm(alpha=1 / w, adjust=False).mean(),
                "log_returns": lambda: np.log(series / series.shift(w)),
                "returns": lambda: series.pct_change(w),
                "diff": lambda: series.diff(w),
                "rsi": self.pandas_rsi(w),
            }
            if kernel in more:
                found["pandas"] = more[kernel]
        if self.column is not None and kernel in ("ema", "wilder"):
            column, how = self.column, {"span": w} if kernel == "ema" else {"alpha": 1 / w}
            found["polars"] = lambda: column.ewm_mean(**how, adjust=False)
        if kernel == "log_returns":
            found["numpy"] = lambda: np.log(x[w:] / x[:-w])
        return found

    def pandas_rsi(self, w: int) -> Callable[[], Any]:
        """As it is usually written."""

        def ask() -> Any:
            change = self.series.diff()
            gain = change.clip(lower=0).ewm(alpha=1 / w, adjust=False).mean()
            loss = -change.clip(upper=0).ewm(alpha=1 / w, adjust=False).mean()
            return 100 - 100 / (1 + gain / loss)

        return ask

    def measure(self, kernel: str, window: str, contenders: Contenders, per: int) -> None:
        """Interleaved rounds; the median of each."""
        taken: dict[str, list[int]] = {who: [] for who in contenders}
        slow: set[str] = set()
        for turn in range(self.rounds + 1):
            for who, ask in contenders.items():
                if who in slow and turn > 1:
                    continue
                gc.collect()
                begin = time.perf_counter_ns()
                ask()
                elapsed = time.perf_counter_ns() - begin
                if elapsed > 1_000_000_000:
                    slow.add(who)
                if turn:  # the first round warms up
                    taken[who].append(elapsed)
        medians = {who: statistics.median(times) / per for who, times in taken.items()}
        for who, nanoseconds in medians.items():
            print(f"python\t{kernel}\t{who}\t{window}\t{nanoseconds:.2f}", flush=True)
        shown = ", ".join(f"{who} {ns:.1f}" for who, ns in medians.items())
        print(f"{kernel} {window}: {shown}", file=sys.stderr)

    def errors(self, kernel: str, w: int, contenders: Contenders) -> None:
        """The worst relative error on a sample of rows, the exact statistic in fractions being right."""
        rows = np.random.default_rng(3).choice(np.arange(w, len(self.x)), self.sample, replace=False).tolist()
        exact = {row: self.exact(kernel, row, w) for row in rows}
        for who, ask in contenders.items():
            answer = np.asarray(ask(), np.float64)
            lead = len(self.x) - len(answer)  # a view of windows has no head
            root = sqrt(w / (w - 1)) if kernel == "std" else w / (w - 1)
            scale = root if who == "talib" and kernel in ("std", "var") else 1.0  # its ddof is 0
            worst = max(
                abs(float((Fraction(float(answer[row - lead]) * scale) - right) / right)) if right else 0.0
                for row, right in exact.items()
            )
            print(f"python\t{kernel}\t{who}\t{w}\terror\t{worst:.2e}", flush=True)

    def exact(self, kernel: str, row: int, w: int) -> Fraction:
        """The exact statistic of a window; the root of a variance to 40 digits more than a double has."""
        xs = [Fraction(v) for v in self.x[row - w + 1 : row + 1].tolist()]
        if kernel in ("sum", "mean"):
            return sum(xs, Fraction()) / (w if kernel == "mean" else 1)
        ys = [Fraction(v) for v in self.y[row - w + 1 : row + 1].tolist()] if kernel == "cov" else xs
        products = sum((a * b for a, b in zip(xs, ys, strict=True)), Fraction())
        spread = (w * products - sum(xs) * sum(ys)) / (w * (w - 1))
        if kernel != "std":
            return spread
        guess = Fraction(sqrt(spread))
        for _ in range(2):
            guess = (guess + spread / guess) / 2
        return guess

    def kernels(self) -> Iterator[tuple[str, int, Contenders]]:
        """Everything that is measured."""
        for w in WINDOWS:
            for kernel in ("sum", "mean", "var", "std", "zscore", "cov", "corr"):
                yield kernel, w, self.windowed(kernel, w)
            for kernel in ("min", "max", "argmin", "argmax"):
                yield kernel, w, self.windowed(kernel, w)
            for kernel in ("ema", "wilder", "rsi", "atr"):
                yield kernel, w, self.chained(kernel, w)
        for kernel in ("true_range", "macd", "returns", "log_returns", "diff"):
            yield kernel, 1, self.chained(kernel, 1)
        eight = [5, 8, 13, 21, 34, 55, 89, 144]
        for who, backend in BACKENDS:
            yield "ema_8_periods", 20, {who: lambda b=backend: rolling.ema(self.x, eight, backend=b)}

    def overhead(self) -> None:
        """What one call costs: 1,000 calls on 20 rows, and 1,000 rows of a stream."""
        x = self.x[:20].copy()
        out = np.empty(20)

        def many(ask: Callable[[], Any]) -> Callable[[], None]:
            def go() -> None:
                for _ in range(1000):
                    ask()

            return go

        calls = {
            "mean": lambda b: rolling.mean(x, 20, backend=b),
            "mean_out": lambda b: rolling.mean(x, 20, out=out, backend=b),
            "std": lambda b: rolling.std(x, 20, backend=b),
            "ema": lambda b: rolling.ema(x, 20, backend=b),
        }
        for name, ask in calls.items():
            found: Contenders = {
                who: many(lambda b=backend, ask=ask: ask(b))
                for who, backend in (("omega_native", None), ("omega_python", "python"))
            }
            self.measure(name, "call", found, 1000)
        values = self.x[:1000].tolist()
        for name, make in (
            ("mean", rolling.RollingMean),
            ("std", rolling.RollingStd),
            ("ema", rolling.StreamingEma),
        ):
            found = {}
            for who, backend in BACKENDS:
                stream = make(20, backend=backend)
                found[who] = lambda push=stream.push: [push(v) for v in values]
            self.measure(name, "push", found, 1000)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description="the kernels, beside five libraries")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sample", type=int, default=300, help="rows whose errors are measured")
    options = parser.parse_args()
    bench = Bench(options.rows, options.rounds, options.sample)
    with np.errstate(all="ignore"):
        for kernel, w, contenders in bench.kernels():
            bench.measure(kernel, str(w), contenders, options.rows)
            if kernel in ("sum", "mean", "var", "std", "cov"):
                bench.errors(kernel, w, contenders)
        bench.overhead()


if __name__ == "__main__":
    main()
