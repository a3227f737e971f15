r"""The kernels from Python, beside those of Bottleneck, TA-Lib, pandas, Polars and NumPy.

One of the contenders of `benches/run.py`, which asks each in turn. The questions come as lines on standard
input, their words apart by tabs, each answered by one line: `time kernel window who repeats` by the
nanoseconds per row (of `call_...`, `row_...`, `table_...` and `push_...`: per call, or where a table is a
call for each column, per column) of the fastest of so many runs on the series `plain`, and `answer series
kernel window who file` by `ok` once the values of the rows that FOLDER/rows.i64 names are in the file.
`versions` tells those of the peers. A question that cannot be answered ends the process with an error. By
hand, with PYTHONPATH=python/src:

    printf 'time\tmean\t20\tBottleneck\t5\n' | python benches/peers/kernels.py FOLDER
"""

from __future__ import annotations

import gc
import importlib.metadata
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before any of them is imported

import bottleneck as bn  # noqa: E402
import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402
import pandas as pd  # noqa: E402
import polars as pl  # noqa: E402
import talib  # noqa: E402

from omega_slicer import rolling  # noqa: E402

Floats = npt.NDArray[np.float64]
Ask = Callable[[], Any]
BACKENDS = {"native": "native", "fallback": "python"}
EIGHT = [5, 8, 13, 21, 34, 55, 89, 144]
BARS = ("atr", "true_range")
PAIRS = ("cov", "corr")
APART = (*BARS, *PAIRS, "macd", "bollinger")
"""Of a table, these are a call of the library for each column."""
COLUMNS = 8


def ours(kernel: str, w: int, backend: str | None, bars: tuple[Floats, ...], y: Floats) -> Ask:
    """Our own package, its answer in a new array like everybody's."""
    *_, x = bars
    if kernel == "ema_8_periods":
        return lambda: rolling.ema(x, EIGHT, backend=backend)
    function = getattr(rolling, kernel)
    inputs = bars if kernel in BARS else (x, y) if kernel in PAIRS else (x,)
    periods = {"true_range": (), "macd": (w // 2, w, w // 3)}.get(kernel, (w,))
    return lambda: function(*inputs, *periods, backend=backend)


class Market:
    """The series of one folder, in every contender's own form."""

    def __init__(self, folder: Path) -> None:
        self.x, self.y, self.high, self.low = (
            np.fromfile(folder / f"{name}.f64") for name in ("x", "y", "high", "low")
        )
        self.pd = {name: pd.Series(getattr(self, name)) for name in ("x", "y", "high", "low")}
        self.pl = pl.DataFrame({"x": self.x, "y": self.y})

    def ask(self, who: str, kernel: str, w: int) -> Ask:
        """What `who` does for a kernel; a KeyError or AttributeError if it has no such thing."""
        if who in BACKENDS:
            return ours(kernel, w, BACKENDS[who], (self.high, self.low, self.x), self.y)
        peers = {
            "Bottleneck": self.bottleneck,
            "TA-Lib": self.talib,
            "pandas": self.pandas,
            "Polars": self.polars,
            "NumPy": self.numpy,
        }
        return peers[who](kernel, w)

    def bottleneck(self, kernel: str, w: int) -> Ask:
        """Moving windows."""
        move = getattr(bn, f"move_{kernel}")
        if kernel in ("var", "std"):
            return lambda: move(self.x, w, ddof=1)
        return lambda: move(self.x, w)

    def talib(self, kernel: str, w: int) -> Ask:
        """Windows and recurrences; its ddof is 0."""
        bars = (self.high, self.low, self.x)
        functions = {
            "sum": talib.SUM,
            "mean": talib.SMA,
            "min": talib.MIN,
            "max": talib.MAX,
            "argmin": talib.MININDEX,
            "argmax": talib.MAXINDEX,
            "var": talib.VAR,
            "std": talib.STDDEV,
            "ema": talib.EMA,
            "rsi": talib.RSI,
        }
        if kernel in functions:
            return lambda: functions[kernel](self.x, w)
        others: dict[str, Ask] = {
            "corr": lambda: talib.CORREL(self.x, self.y, w),
            "bollinger": lambda: talib.BBANDS(self.x, w, 2.0, 2.0),
            "atr": lambda: talib.ATR(*bars, w),
            "true_range": lambda: talib.TRANGE(*bars),
            "macd": lambda: talib.MACD(self.x, w // 2, w, w // 3),
            "diff": lambda: talib.MOM(self.x, w),
            "returns": lambda: talib.ROCP(self.x, w),
        }
        return others[kernel]

    def pandas(self, kernel: str, w: int) -> Ask:
        """Windows of its own, and the rest as it is usually written with it."""
        x, y, high, low = self.pd.values()

        def wilder(values: Any) -> Any:
            return values.ewm(alpha=1 / w, adjust=False).mean()

        def rsi() -> Any:
            change = x.diff()
            gain, loss = wilder(change.clip(lower=0)), wilder(-change.clip(upper=0))
            return 100 - 100 / (1 + gain / loss)

        def true_range() -> Any:
            before = x.shift()
            return np.maximum(high - low, np.maximum((high - before).abs(), (low - before).abs()))

        others: dict[str, Ask] = {
            "cov": lambda: x.rolling(w).cov(y),
            "corr": lambda: x.rolling(w).corr(y),
            "zscore": lambda: (x - x.rolling(w).mean()) / x.rolling(w).std(),
            "ema": lambda: x.ewm(span=w, adjust=False).mean(),
            "wilder": lambda: wilder(x),
            "rsi": rsi,
            "atr": lambda: wilder(true_range()),
            "true_range": true_range,
            "diff": lambda: x.diff(w),
            "returns": lambda: x.pct_change(w),
            "log_returns": lambda: np.log(x / x.shift(w)),
            "shift": lambda: x.shift(w),
        }

        def rolled() -> Any:
            return getattr(x.rolling(w), kernel)()

        return others.get(kernel, rolled)

    def polars(self, kernel: str, w: int) -> Ask:
        """Its series, eager."""
        x, frame = self.pl["x"], self.pl
        others: dict[str, Ask] = {
            "ema": lambda: x.ewm_mean(span=w, adjust=False),
            "wilder": lambda: x.ewm_mean(alpha=1 / w, adjust=False),
            "diff": lambda: x.diff(w),
            "returns": lambda: x.pct_change(w),
            "shift": lambda: x.shift(w),
            "cov": lambda: frame.select(pl.rolling_cov("x", "y", window_size=w)),
            "corr": lambda: frame.select(pl.rolling_corr("x", "y", window_size=w)),
        }
        return others.get(kernel) or (lambda: getattr(x, f"rolling_{kernel}")(w))

    def numpy(self, kernel: str, w: int) -> Ask:
        """What people write who have NumPy alone: cumulative sums, or a view of windows."""
        x, view = self.x, np.lib.stride_tricks.sliding_window_view

        def headed(values: Any, head: int) -> Floats:
            out = np.empty(len(x))
            out[:head] = np.nan
            out[head:] = values
            return out

        def sums(values: Floats) -> Floats:
            total = np.cumsum(values)
            total[w:] -= total[:-w].copy()
            return total

        def var() -> Floats:
            total = sums(x)
            return np.maximum((sums(x * x) - total * total / w) / (w - 1), 0.0)

        asks: dict[str, Ask] = {
            "sum": lambda: sums(x),
            "mean": lambda: sums(x) / w,
            "var": var,
            "std": lambda: np.sqrt(var()),
            "min": lambda: headed(view(x, w).min(axis=1), w - 1),
            "max": lambda: headed(view(x, w).max(axis=1), w - 1),
            "diff": lambda: headed(x[w:] - x[:-w], w),
            "returns": lambda: headed(x[w:] / x[:-w] - 1, w),
            "log_returns": lambda: headed(np.log(x[w:] / x[:-w]), w),
        }
        return asks[kernel]


def small(kernel: str, who: str) -> tuple[Ask, int]:
    """Two hundred calls on 20 rows or on one, or rows pushed: short, so that few runs are interrupted."""
    how, _, name = kernel.partition("_")
    x = np.linspace(1.0, 1.1, 20)
    # As a user calls it: the backend is chosen for all calls, once.
    backend = None if who == "native" else BACKENDS.get(who)
    if how == "push":
        make = {"mean": rolling.RollingMean, "std": rolling.RollingStd, "ema": rolling.StreamingEma}[name]
        push, values = make(20, backend=backend).push, np.resize(x, 200).tolist()
        return lambda: [push(value) for value in values], 200
    if how in ("row", "table"):
        given = x[:1] if how == "row" else np.asfortranarray(x[:COLUMNS].reshape(1, -1))
        one, per = (
            ours(name, 20, backend, (given,) * 3, given),
            COLUMNS if how == "table" and name in APART else 1,
        )
    else:
        peers: dict[str, Callable[..., Any]] = {
            "Bottleneck": getattr(bn, f"move_{name}", None),
            "TA-Lib": {"mean": talib.SMA, "std": talib.STDDEV, "ema": talib.EMA}[name],
        }
        mine, per = getattr(rolling, name), 1
        one = (lambda: mine(x, 20, backend=backend)) if who in BACKENDS else (lambda: peers[who](x, 20))

    def many() -> None:
        for _ in range(200 // per):
            one()

    return many, 200


def timed(ask: Ask) -> int:
    """Nanoseconds of one run."""
    begin = time.perf_counter_ns()
    ask()
    return time.perf_counter_ns() - begin


def serve(folder: Path) -> None:
    """Answer questions until there are no more."""
    markets = {name: Market(folder / name) for name in ("plain", "tick")}
    rows = np.fromfile(folder / "rows.i64", np.int64)
    plain = markets["plain"]
    gc.disable()
    for line in sys.stdin:
        match line.rstrip("\n").split("\t"):
            case ["time", kernel, window, who, repeats]:
                if kernel.startswith(("call_", "push_", "row_", "table_")):
                    ask, per = small(kernel, who)
                else:
                    ask, per = plain.ask(who, kernel, int(window)), len(plain.x)
                gc.collect()
                print(min(timed(ask) for _ in range(int(repeats))) / per, flush=True)
            case ["answer", series, kernel, window, who, file]:
                answer = markets[series].ask(who, kernel, int(window))()
                np.asarray(answer, np.float64).reshape(-1)[rows].tofile(file)
                print("ok", flush=True)
            case ["versions"]:
                names = ("Bottleneck", "TA-Lib", "pandas", "polars", "numpy")
                found = [f"{name} {importlib.metadata.version(name)}" for name in names]
                print("\t".join([*found, f"Python {sys.version.split()[0]}"]), flush=True)
            case _:
                raise ValueError(f"not a question: {line!r}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with np.errstate(all="ignore"):
        serve(Path(sys.argv[1]))
