"""The slicer's questions from Python, beside the same work done by pandas, NumPy and plain Python.

Measures and prints; whether a number is good enough is decided by whoever reads it. On 1,000,000
one-minute candles with the gaps of a real market (made here, from a fixed seed), rounds interleaved so
that all contenders meet the same noise. One line per contender on standard output, medians:

    python <tab> question <tab> who <tab> nanoseconds per call

`omega_native` and `omega_python` are this package's two backends. With PYTHONPATH=python/src:

    python benches/peers/slicer.py [--rows N] [--rounds N]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import omega_slicer as om

MINUTE = 60_000_000
WEEK = 7 * 1440
FIELDS = ("open", "high", "low", "close")
LOOKBACK, SLICE, BATCH, GATHER = 200, 1000, 100_000, 20
Contenders = dict[str, Callable[[], Any]]
Stamps = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]


def market(rows: int) -> Columns:
    """Candles from Sunday evening to Friday evening, three in a thousand missing; a seeded random walk."""
    random = np.random.default_rng(20120201)
    minutes = np.arange(int(rows * 1.5) + WEEK)
    of_week = minutes % WEEK  # counted from a Sunday 22:00 UTC
    kept = minutes[(of_week < 5 * 1440) & (random.random(len(minutes)) > 0.003)][:rows]
    first = int(np.datetime64("2010-01-03T22:00", "m").astype(np.int64))
    close = np.round(1.3 + np.cumsum(random.normal(0, 1e-4, rows)), 5)
    opens = np.concatenate([close[:1], close[:-1]])
    high = np.round(np.maximum(opens, close) + np.abs(random.normal(0, 5e-5, rows)), 5)
    low = np.round(np.minimum(opens, close) - np.abs(random.normal(0, 5e-5, rows)), 5)
    volume = random.integers(1, 500, rows).astype(np.float64)
    stamps = (first + kept) * MINUTE
    return {"timestamp": stamps, "open": opens, "high": high, "low": low, "close": close, "volume": volume}


def each(ask: Callable[[Any], Any], items: Sequence[Any]) -> Callable[[], None]:
    """A round: `ask` of every item."""

    def go() -> None:
        for item in items:
            ask(item)

    return go


def measure(question: str, contenders: Contenders, calls: dict[str, int], rounds: int) -> None:
    """Interleaved rounds of all contenders; prints the median of each."""
    taken: dict[str, list[int]] = {who: [] for who in contenders}
    for turn in range(rounds + 1):
        for who, go in contenders.items():
            gc.collect()
            gc.disable()
            begin = time.perf_counter_ns()
            go()
            elapsed = time.perf_counter_ns() - begin
            gc.enable()
            if turn:  # the first round warms up
                taken[who].append(elapsed)
    medians = {who: statistics.median(times) / calls[who] for who, times in taken.items()}
    for who, nanoseconds in medians.items():
        print(f"python\t{question}\t{who}\t{nanoseconds:.1f}", flush=True)
    ours = medians["omega_native"]
    shown = ", ".join(f"{who} {ns / ours:.1f}x" for who, ns in medians.items() if who != "omega_native")
    print(f"{question}: {ours:,.0f} ns; {shown}", file=sys.stderr)


class Bench:
    """One market in every contender's own form, and the questions asked of it."""

    def __init__(self, rows: int, rounds: int) -> None:
        self.rounds = rounds
        self.columns = market(rows)
        self.stamps = self.columns["timestamp"]
        self.close = self.columns["close"]
        self.native, self.python = (
            om.SymbolDataSlicer(
                om.CandleSeries.from_columns(
                    **self.columns, symbol="EURUSD", timeframe="M1", price_type="bid", backend=backend
                )
            )
            for backend in ("native", "python")
        )
        index = pd.DatetimeIndex(self.stamps.view("M8[us]")).as_unit("ns")
        prices = {name: self.columns[name] for name in (*FIELDS, "volume")}
        self.frame = pd.DataFrame(prices, index=index)
        self.index = self.frame.index

    def asked(self, count: int, *, ascending: bool) -> Stamps:
        """Stamps to ask at: a stretch of the walk, or rows drawn at random."""
        room = np.arange(SLICE + LOOKBACK, len(self.stamps))
        at_random = np.random.default_rng(7).choice(room, count)
        stamps: Stamps = self.stamps[room[len(room) // 2 :][:count] if ascending else at_random]
        return stamps

    def single(self, question: str, times: Stamps, asks: dict[str, tuple[Callable[[Any], Any], str]]) -> None:
        """Questions one by one: each contender gets as many as fit its pace, in its own type of time."""
        kinds: dict[str, Iterable[Any]] = {
            "int": times.tolist(),
            "stamp": pd.DatetimeIndex(times.view("M8[us]")).as_unit("ns"),
        }
        contenders: Contenders = {}
        calls: dict[str, int] = {}
        for who, (ask, kind) in asks.items():
            share = 1 if who.startswith(("omega", "numpy", "bisect", "dict")) else 40
            items = list(kinds[kind])[: len(times) // share]
            contenders[who], calls[who] = each(ask, items), len(items)
        measure(question, contenders, calls, self.rounds)

    def whole(self, question: str, contenders: Contenders, rounds: int | None = None) -> None:
        """Questions asked of a whole series at once."""
        measure(question, contenders, dict.fromkeys(contenders, 1), rounds or self.rounds)

    def lookback(self) -> None:
        """The last 200 candles."""
        frame, index, stamps, close = self.frame, self.index, self.stamps, self.close
        native, python = self.native.get_lookback, self.python.get_lookback
        n = LOOKBACK

        def searched(t: Any) -> pd.DataFrame:
            end = index.searchsorted(t, "right")
            return frame.iloc[end - n : end]

        def sliced(t: int) -> npt.NDArray[Any]:
            end = stamps.searchsorted(t, "right")
            return close[end - n : end]

        for order in ("ascending", "random"):
            times = self.asked(20_000, ascending=order == "ascending")
            self.single(
                f"get_lookback_{n}_{order}",
                times,
                {
                    "omega_native": (lambda t: native(t, n), "int"),
                    "omega_python": (lambda t: python(t, n), "int"),
                    "omega_native_close": (lambda t: native(t, n).close, "int"),
                    "omega_native_timestamp": (lambda t: native(t, n), "stamp"),
                    "pandas_loc_tail": (lambda t: frame.loc[:t].tail(n), "stamp"),
                    "pandas_loc_tail_close": (lambda t: frame.loc[:t].tail(n)["close"].to_numpy(), "stamp"),
                    "pandas_searchsorted_iloc": (searched, "stamp"),
                    "numpy_searchsorted_close": (sliced, "int"),
                },
            )

    def slices(self) -> None:
        """A stretch of 1,000 candles."""
        frame, index, stamps, close = self.frame, self.index, self.stamps, self.close
        native, python = self.native.get_slice, self.python.get_slice
        length = SLICE * MINUTE
        step = pd.Timedelta(SLICE, "min")

        def searched(t: Any) -> pd.DataFrame:
            return frame.iloc[index.searchsorted(t - step) : index.searchsorted(t, "right")]

        def sliced(t: int) -> npt.NDArray[Any]:
            return close[stamps.searchsorted(t - length) : stamps.searchsorted(t, "right")]

        self.single(
            f"get_slice_{SLICE}",
            self.asked(20_000, ascending=True),
            {
                "omega_native": (lambda t: native(t - length, t), "int"),
                "omega_python": (lambda t: python(t - length, t), "int"),
                "omega_native_close": (lambda t: native(t - length, t).close, "int"),
                "omega_native_timestamp": (lambda t: native(t - step, t), "stamp"),
                "pandas_loc": (lambda t: frame.loc[t - step : t], "stamp"),
                "pandas_loc_close": (lambda t: frame.loc[t - step : t]["close"].to_numpy(), "stamp"),
                "pandas_searchsorted_iloc": (searched, "stamp"),
                "numpy_searchsorted_close": (sliced, "int"),
            },
        )

    def candles(self) -> None:
        """One candle: stamped so, and the latest one."""
        frame, index, stamps, columns = self.frame, self.index, self.stamps, self.columns
        listed = stamps.tolist()
        by_stamp = dict(
            zip(listed, zip(*(column.tolist() for column in columns.values()), strict=True), strict=True)
        )
        values = [columns[name] for name in (*FIELDS, "volume")]

        def row(t: int) -> tuple[Any, ...]:
            at = stamps.searchsorted(t)
            return tuple(column[at] for column in values)

        for order in ("ascending", "random"):
            times = self.asked(20_000, ascending=order == "ascending")
            self.single(
                f"get_candle_at_{order}",
                times,
                {
                    "omega_native": (self.native.get_candle_at, "int"),
                    "omega_python": (self.python.get_candle_at, "int"),
                    "omega_native_close": (lambda t: self.native.get_candle_at(t).close, "int"),
                    "omega_native_timestamp": (self.native.get_candle_at, "stamp"),
                    "pandas_loc": (lambda t: frame.loc[t], "stamp"),
                    "pandas_loc_close": (lambda t: frame.loc[t]["close"], "stamp"),
                    "pandas_searchsorted_iloc": (lambda t: frame.iloc[index.searchsorted(t)], "stamp"),
                    "numpy_searchsorted_row": (row, "int"),
                    "dict_of_tuples": (by_stamp.get, "int"),
                },
            )
        self.single(
            "get_candle_asof",
            self.asked(20_000, ascending=True) + 1,
            {
                "omega_native": (self.native.get_candle_asof, "int"),
                "omega_python": (self.python.get_candle_asof, "int"),
                "pandas_asof": (frame.asof, "stamp"),
                "pandas_searchsorted_iloc": (
                    lambda t: frame.iloc[index.searchsorted(t, "right") - 1],
                    "stamp",
                ),
                "bisect_row_number": (lambda t: bisect_right(listed, t) - 1, "int"),
            },
        )

    def batches(self) -> None:
        """100,000 questions in one call."""
        stamps, close = self.stamps, self.close
        listed = stamps.tolist()
        for order in ("ascending", "random"):
            times = self.asked(BATCH, ascending=order == "ascending")
            asked = times.tolist()
            moments = pd.DatetimeIndex(times.view("M8[us]")).as_unit("ns")

            def looped(asked: list[int] = asked) -> list[tuple[int, int]]:
                return [(bisect_right(listed, t) - LOOKBACK, LOOKBACK) for t in asked]

            def searched(times: Stamps = times) -> npt.NDArray[Any]:
                ends = np.searchsorted(stamps, times, "right")
                return np.stack([ends - LOOKBACK, np.full(len(ends), LOOKBACK)], axis=1)

            def windows(times: Stamps = times) -> npt.NDArray[Any]:
                ends = np.searchsorted(stamps, times, "right")
                return np.lib.stride_tricks.sliding_window_view(close, GATHER)[ends - GATHER]

            self.whole(
                f"get_lookbacks_{BATCH}_{order}",
                {
                    "omega_native": lambda times=times: self.native.get_lookbacks(times, LOOKBACK),
                    "omega_python": lambda times=times: self.python.get_lookbacks(times, LOOKBACK),
                    "numpy_searchsorted": lambda times=times: np.searchsorted(stamps, times, "right"),
                    "numpy_searchsorted_table": searched,
                    "bisect_loop": looped,
                },
            )
            self.whole(
                f"gather_lookback_{BATCH}x{GATHER}_{order}",
                {
                    "omega_native": lambda times=times: self.native.gather_lookback(times, GATHER),
                    "omega_python": lambda times=times: self.python.gather_lookback(times, GATHER),
                    "numpy_sliding_windows": windows,
                },
            )
            self.whole(
                f"get_candles_at_{BATCH}_{order}",
                {
                    "omega_native": lambda times=times: self.native.get_candles_at(times),
                    "omega_python": lambda times=times: self.python.get_candles_at(times),
                    "numpy_searchsorted": lambda times=times: np.searchsorted(stamps, times),
                    "pandas_get_indexer": lambda moments=moments: self.index.get_indexer(moments),
                },
            )

    def making(self) -> None:
        """A series of arrays, and of a file."""
        how: dict[str, Any] = {"symbol": "EURUSD", "timeframe": "M1", "price_type": "bid"}
        make = om.CandleSeries.from_columns
        self.whole(
            "from_columns",
            {
                "omega_native": lambda: make(**self.columns, **how, backend="native"),
                "omega_python": lambda: make(**self.columns, **how, backend="python"),
                "pandas_frame_checked": lambda: pandas_checked(self.columns),
            },
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "market.csv")
            write_csv(path, self.columns)
            self.whole(
                "read_csv",
                {
                    "omega_native": lambda: om.read_csv(path, **how, backend="native"),
                    "omega_python": lambda: om.read_csv(path, **how, backend="python"),
                    "pandas_read_csv": lambda: pd.read_csv(path, parse_dates=["timestamp"]),
                },
                rounds=5,
            )


def pandas_checked(columns: Columns) -> pd.DataFrame:
    """A frame made and checked as a series is."""
    index = pd.DatetimeIndex(columns["timestamp"].view("M8[us]"))
    frame = pd.DataFrame({name: columns[name] for name in (*FIELDS, "volume")}, index=index, copy=False)
    if not (
        index.is_monotonic_increasing and index.is_unique and np.isfinite(frame[list(FIELDS)]).all(axis=None)
    ):
        raise ValueError("not a series")
    return frame


def write_csv(path: Path, columns: Columns) -> None:
    """The market as a file, times with their offset written out."""
    texts = np.char.replace(
        np.datetime_as_string(columns["timestamp"].view("M8[us]"), "s"), "T", " "
    ).tolist()
    cells = zip(texts, *(columns[name].tolist() for name in (*FIELDS, "volume")), strict=True)
    with path.open("w", encoding="ascii") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        file.writelines(
            f"{text}+00:00,{open_:.5f},{high:.5f},{low:.5f},{close:.5f},{volume:.0f}\n"
            for text, open_, high, low, close, volume in cells
        )


def main() -> None:
    """Ask everything."""
    parser = argparse.ArgumentParser(
        description="the slicer's questions, beside pandas, NumPy and plain Python"
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    bench = Bench(options.rows, options.rounds)
    for part in (bench.lookback, bench.slices, bench.candles, bench.batches, bench.making):
        part()


if __name__ == "__main__":
    main()
