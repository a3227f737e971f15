"""Several timeframes from Python, beside the same work done by pandas, Polars and plain Python.

Measures and prints, as slicer.py beside it: `python <tab> question <tab> who <tab> nanoseconds per call`.
The walk is 30,000 bars of three timeframes; at each bar it moves, asks for the latest bid and ask and for the
last 50 candles of each. With PYTHONPATH=python/src:

    python benches/peers/alignment.py [--rows N] [--rounds N]
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from slicer import FIELDS, market, measure

import omega_slicer as om

BARS, LENGTH = 30_000, 50
LIST_TIMEFRAMES = ("M1", "M15", "H1")


class CachedWalk:
    """What one writes instead: lists, and a deque of the last candles for each question asked so far."""

    def __init__(self, data: dict[str, dict[str, list[Any]]]) -> None:
        self.data = data
        self.index = 0
        self.recent: dict[tuple[str, str, int], tuple[int, deque[Any]]] = {}

    def set_index(self, index: int) -> None:
        """Go to a bar."""
        self.index = index

    def latest(self, timeframe: str, price_type: str = "bid") -> Any:
        """The candle of the bar it stands on."""
        rows = self.data.get(timeframe, {}).get(price_type, [])
        return rows[self.index] if self.index < len(rows) else None

    def history(self, timeframe: str, price_type: str = "bid", length: int = 20) -> list[Any]:
        """The last candles; a step from the bar before costs one append."""
        key = (timeframe, price_type, length)
        rows = self.data.get(timeframe, {}).get(price_type, [])
        cached = self.recent.get(key)
        if cached is not None and cached[0] == self.index - 1 and self.index < len(rows):
            candles = cached[1]
            candles.append(rows[self.index])
        else:
            candles = deque(rows[max(0, self.index - length + 1) : self.index + 1], maxlen=length)
        self.recent[key] = (self.index, candles)
        return list(candles)


def walked(walk: Any) -> None:
    """The work of the walk, bar by bar."""
    set_index, latest, history = walk.set_index, walk.latest, walk.history
    for index in range(BARS):
        set_index(index)
        for timeframe in LIST_TIMEFRAMES:
            latest(timeframe, "bid")
            latest(timeframe, "ask")
            history(timeframe, "bid", LENGTH)


def columns_walk(walk: Any) -> None:
    """The same answers for all bars at once: the rows seen, and a matrix of each history."""
    clock = walk.series_ref(walk.primary)
    for timeframe in walk.timeframes:
        for side in ("bid", "ask"):
            series = walk.series_ref(timeframe, side)
            rows = om.align(clock, series, decision="close")[:BARS]
            series.close[rows]
        walk.history_matrix(timeframe, "bid", LENGTH, "close", 0, BARS)


class Bench:
    """One market in every contender's own form."""

    def __init__(self, rows: int, rounds: int) -> None:
        self.rounds, self.columns = rounds, market(rows)
        self.minutes = {
            backend: om.CandleSeries.from_columns(
                **self.columns, symbol="EURUSD", timeframe="M1", price_type="bid", backend=backend
            )
            for backend in ("native", "python")
        }
        self.hours = {backend: om.resample(one, "H1") for backend, one in self.minutes.items()}
        index = pd.DatetimeIndex(self.columns["timestamp"].view("M8[us]"))
        prices = {name: self.columns[name] for name in (*FIELDS, "volume")}
        self.frame = pd.DataFrame(prices, index=index)
        self.polars = pl.DataFrame({"timestamp": index.to_numpy(), **prices}).set_sorted("timestamp")

    def whole(self, question: str, contenders: dict[str, Any]) -> None:
        """Contenders that do all the work in one call."""
        measure(question, contenders, dict.fromkeys(contenders, 1), self.rounds)

    def align(self) -> None:
        """The last hour that has closed, for every minute."""
        native, python = (
            lambda m=self.minutes[backend], h=self.hours[backend]: om.align(m, h)
            for backend in ("native", "python")
        )
        stamps, hours = self.columns["timestamp"], self.hours["native"].timestamp
        left = pd.DataFrame({"t": stamps})
        right = pd.DataFrame({"t": hours + 3_600_000_000, "row": np.arange(len(hours))})
        pl_left = pl.DataFrame({"t": stamps}).set_sorted("t")
        pl_right = pl.DataFrame({"t": hours + 3_600_000_000, "row": np.arange(len(hours))}).set_sorted("t")
        theirs = pd.merge_asof(left, right, on="t")["row"].fillna(-1).to_numpy().astype(np.int64)
        others = pl_left.join_asof(pl_right, on="t")["row"].fill_null(-1).to_numpy()
        if not (theirs == native()).all() or not (others == python()).all():
            raise AssertionError("the contenders do different work")
        contenders = {
            "omega_native": native,
            "omega_python": python,
            "pandas_merge_asof": lambda: pd.merge_asof(left, right, on="t"),
            "polars_join_asof": lambda: pl_left.join_asof(pl_right, on="t"),
        }
        self.whole("align", contenders)

    def resample(self) -> None:
        """Hours from minutes."""
        how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
        picked = [getattr(pl.col(name), by)() for name, by in how.items()]

        def ours(backend: str) -> Any:
            return om.resample(self.minutes[backend], "H1", keep_partial=True).close

        def pandas() -> Any:
            return self.frame.resample("1h", label="left", closed="left").agg(how)

        def polars() -> Any:
            return self.polars.group_by_dynamic("timestamp", every="1h").agg(picked)

        if not (pandas()["close"].dropna().to_numpy() == ours("native")).all():
            raise AssertionError("pandas does different work")
        if not (polars()["close"].to_numpy() == ours("python")).all():
            raise AssertionError("Polars does different work")
        contenders = {
            "omega_native": lambda: ours("native"),
            "omega_python": lambda: ours("python"),
            "pandas_resample": pandas,
            "polars_group_by_dynamic": polars,
        }
        self.whole("resample", contenders)

    def walk(self) -> None:
        """Bar by bar over lists and over series, and all bars at once over columns."""
        lists = {
            timeframe: {side: [(k, timeframe, side) for k in range(BARS)] for side in ("bid", "ask")}
            for timeframe in LIST_TIMEFRAMES
        }
        contenders: dict[str, Any] = {
            "plain_python": lambda: walked(CachedWalk(lists)),
            "omega_lists": lambda: walked(om.SymbolDataSlice(lists)),
        }
        for backend in ("native", "python"):
            data: dict[str, dict[str, om.CandleSeries]] = {}
            for side in ("bid", "ask"):
                first = {name: column[: BARS + 1] for name, column in self.columns.items()}
                series = om.CandleSeries.from_columns(
                    **first, symbol="EURUSD", timeframe="M1", price_type=side, backend=backend
                )
                for timeframe in LIST_TIMEFRAMES:
                    data.setdefault(timeframe, {})[side] = om.resample(series, timeframe)
            walk = om.SymbolDataSlice(data)
            contenders[f"omega_{backend}"] = lambda walk=walk: columns_walk(walk)
            contenders[f"omega_{backend}_bars"] = lambda walk=walk: walked(walk)
        self.whole("walk", contenders)


def main() -> None:
    """Everything, or what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    bench = Bench(given.rows, given.rounds)
    for part in (bench.align, bench.resample, bench.walk):
        print(part.__doc__, file=sys.stderr)
        part()


if __name__ == "__main__":
    main()
