"""The candles of a run: which files, of what symbols, in which timeframe; guessed where not given."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from omega_slicer import CandleSeries, OmegaError, Timeframe, read_csv

from .programs import RunError


@dataclass(frozen=True)
class Market:
    """The candles of one symbol; without `ask`, `bid` serves as both sides."""

    bid: Path
    ask: Path | None
    symbol: str
    timeframe: str

    @classmethod
    def of(cls, bid: Path | None, ask: Path | None, symbol: str | None, timeframe: str | None) -> Market:
        """What the user gave, completed."""
        bid = (bid or default_input()).resolve()
        frame = Timeframe(timeframe) if timeframe else timeframe_of(bid)
        return cls(bid, ask.resolve() if ask else None, symbol or symbol_of(bid), str(frame))

    @classmethod
    def of_all(
        cls, files: Sequence[tuple[Path | None, Path | None]], symbols: str | None, timeframe: str | None
    ) -> list[Market]:
        """One symbol, or several in the same timeframe, named `A,B`; `RunError` where they do not fit."""
        names = symbols.split(",") if symbols else [None] * len(files)
        if len(names) != len(files):
            raise RunError(f"--symbol names {len(names)} ({symbols}), but there are files of {len(files)}")
        markets = [cls.of(*pair, name, timeframe) for pair, name in zip(files, names, strict=True)]
        for before, market in pairwise(markets):
            if market.timeframe != before.timeframe:
                raise RunError(f"{before.bid} is {before.timeframe}, but {market.bid} is {market.timeframe}")
            if market.symbol == before.symbol:
                raise RunError(f"both symbols are {market.symbol}; tell them apart with --symbol A,B")
        return markets

    @property
    def sides(self) -> list[Path]:
        """The two files, or one of them twice."""
        return [self.bid, self.ask or self.bid]

    @property
    def files(self) -> list[Path]:
        """The one or two files."""
        return [path for path in (self.bid, self.ask) if path]

    def read(self) -> tuple[CandleSeries, CandleSeries]:
        """The bid and the ask series."""
        bid = read_csv(self.bid, symbol=self.symbol, timeframe=self.timeframe, price_type="bid")
        if not self.ask:
            return bid, bid
        return bid, read_csv(self.ask, symbol=self.symbol, timeframe=self.timeframe, price_type="ask")


def default_input() -> Path:
    """EURUSD.csv where `backtesting` is installed; the package itself is not imported."""
    spec = importlib.util.find_spec("backtesting")
    if spec is None or spec.origin is None:
        raise RunError("no input: the package `backtesting` is not installed; use `make run`, or --bid FILE")
    return Path(spec.origin).parent / "test" / "EURUSD.csv"


def symbol_of(path: Path) -> str:
    """The leading letters of a file's name: `gbpusd-m1-bid-2012.csv` holds GBPUSD."""
    found = re.match(r"[A-Za-z]+", path.name)
    return found.group().upper() if found else path.stem


def timeframe_of(path: Path) -> Timeframe:
    """The most frequent step from candle to candle; of equally frequent ones the shortest."""
    # Any timeframe will do to read the stamps.
    stamps = read_csv(path, symbol="", timeframe="M1", price_type="bid").timestamp
    steps, counts = np.unique(np.diff(stamps), return_counts=True)
    if not len(steps):
        raise RunError(f"{path}: too few candles to see their timeframe; give it with --timeframe")
    step = int(steps[counts.argmax()])
    try:
        return Timeframe(step)
    except OmegaError as error:
        raise RunError(f"{path}: most steps are {step} us long, which is no timeframe: {error}") from None
