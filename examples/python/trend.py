"""Buying weakness in a rising market, over several timeframes and symbols: one program in four languages.

At every bar, decided at its close: the trend is that of the last closed hour, the size of a move that of
the last closed quarter; it buys weakness in a rising market and sells strength in a falling one. With
one-minute candles the quarters and hours are M15 and H1, made from them; with longer ones, 15 and 60 times
as long.

    python trend.py BID.csv ASK.csv [BID2.csv ASK2.csv] [--symbol A[,B]] [--timeframe TF] [--trades FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import math
import struct
import sys
import time
from pathlib import Path
from typing import NamedTuple

from omega_slicer import (
    CandleSeries,
    MultiSymbolSlice,
    OmegaError,
    SymbolDataSlice,
    SymbolDataSlicer,
    Timeframe,
    read_csv,
    resample,
    rolling,
    status,
)

QUARTER, HOUR = 15, 60  # bars
STRETCH, TREND, RANGE, SWING = 60, 24, 14, 4  # z-score, ema, atr, hours compared
LONG, SHORT = 1, -1


class Position(NamedTuple):
    """What is held until its trade is complete."""

    entry_row: int
    side: int
    entry_price: float
    stop: float


class Trade(NamedTuple):
    """A way in and out of the market."""

    symbol: int
    entry_row: int
    exit_row: int
    side: int
    entry_price: float
    exit_price: float
    profit: float


class Market:
    """One symbol: its candles in three timeframes, and what is computed from them once."""

    def __init__(self, bid: CandleSeries, ask: CandleSeries, backend: str | None) -> None:
        bar, quarter, hour = (Timeframe(n * bid.timeframe.duration) for n in (1, QUARTER, HOUR))
        quarters, hours = resample(bid, quarter), resample(bid, hour)
        self.symbol, self.quarter, self.hour = bid.symbol, quarter, hour
        self.candles = SymbolDataSlice(
            {bar: {"bid": bid, "ask": ask}, quarter: {"bid": quarters}, hour: {"bid": hours}}
        )
        self.stretch = rolling.zscore(bid.close, STRETCH, backend=backend).tolist()
        self.trend = rolling.ema(hours.close, TREND, backend=backend).tolist()
        self.range = rolling.atr(quarters.high, quarters.low, quarters.close, RANGE, backend=backend).tolist()
        self.rows: list[int] = []  # of the bid at each moment, once there are moments

    def signal(self, row: int) -> tuple[float, int, float] | None:
        """How far the price is stretched, where the trend points, how far it moves; None if unknown."""
        candles = self.candles
        candles.set_index(row)
        swing = candles.history(self.hour, length=SWING)
        quarters = candles.history(self.quarter, length=1).rows
        if len(swing) < SWING or not quarters:
            return None
        stretch, size = self.stretch[row], self.range[quarters[-1]]
        if math.isnan(stretch) or math.isnan(size):
            return None
        first, last = swing[0].close, swing[-1].close
        trend = self.trend[swing.rows[-1]]
        rising, falling = last > trend and last > first, last < trend and last < first
        return stretch, LONG if rising else SHORT if falling else 0, size


def leave(symbol: int, position: Position, row: int, bid: float, ask: float) -> Trade:
    """Sell at the bid what was bought, or buy back at the ask."""
    entry_row, side, entry, _ = position
    if side == LONG:
        return Trade(symbol, entry_row, row, side, entry, bid, bid - entry)
    return Trade(symbol, entry_row, row, side, entry, ask, entry - ask)


def backtest(markets: list[Market], moments: MultiSymbolSlice) -> list[Trade]:
    """Walk the moments all symbols share. Nothing that is asked reaches past the bar it stands on."""
    trades: list[Trade] = []
    held: list[Position | None] = [None] * len(markets)
    for _ in moments:
        for number, market in enumerate(markets):
            row = market.rows[moments.index]
            seen = market.signal(row)
            bid, ask = (moments.get_price(market.symbol, side) for side in ("bid", "ask"))
            spread = moments.get_spread(market.symbol)
            if seen is None or bid is None or ask is None or spread is None:
                continue
            stretch, trend, size = seen
            position = held[number]
            if position is not None:
                if position.side == LONG:
                    out = stretch >= 0 or bid <= position.stop
                else:
                    out = stretch <= 0 or ask >= position.stop
                if out:
                    trades.append(leave(number, position, row, bid, ask))
                    held[number] = None
            elif spread < size:
                if trend == LONG and stretch <= -2:
                    held[number] = Position(row, LONG, ask, ask - 3 * size)
                elif trend == SHORT and stretch >= 2:
                    held[number] = Position(row, SHORT, bid, bid + 3 * size)
    for number, (market, position) in enumerate(zip(markets, held, strict=True)):
        if position is not None:
            bid, ask = (moments.get_price(market.symbol, side) for side in ("bid", "ask"))
            assert bid is not None
            assert ask is not None
            trades.append(leave(number, position, market.rows[moments.index], bid, ask))
    return trades


def fingerprint(trades: list[Trade]) -> str:
    """SHA-256 over every trade's symbol, rows, side and profit, eight little-endian bytes each."""
    packed = (struct.pack("<qqqqd", *trade[:4], trade.profit) for trade in trades)
    return hashlib.sha256(b"".join(packed)).hexdigest()


def timed(markets: list[Market], moments: MultiSymbolSlice) -> tuple[list[Trade], float]:
    """The trades, and the seconds of the fastest of three rounds."""
    rounds: list[list[Trade]] = []
    seconds: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        rounds.append(backtest(markets, moments))
        seconds.append(time.perf_counter() - start)
    if not rounds[0] == rounds[1] == rounds[2]:
        raise AssertionError("rounds over the same candles differ")
    return rounds[0], min(seconds)


def answered() -> str:
    """Who did the work by `status()`'s counts, over all modules: "native", "python", or both."""
    counts = [kinds for module in status().modules.values() for kinds in module.counts.values()]
    names = {"native": "native", "fallback": "python"}
    return " and ".join(name for kind, name in names.items() if any(kinds[kind] for kinds in counts))


def main() -> None:
    """Read the files, run, print."""
    parser = argparse.ArgumentParser(prog="trend", description=__doc__.partition("\n")[0])
    parser.add_argument("files", metavar="BID.csv ASK.csv", nargs="+")
    parser.add_argument("--symbol", default="A,B", help="one name, or two with a comma between")
    parser.add_argument("--timeframe", default="M1")
    parser.add_argument("--trades", type=Path, metavar="FILE", help="write the trades there, tab-separated")
    parser.add_argument("--backend", choices=["native", "python", "auto"])
    given = parser.parse_args()
    names = given.symbol.split(",")
    if len(given.files) not in (2, 4) or len(names) < len(given.files) // 2:
        parser.error("a bid and an ask file for each of one or two symbols")

    def read(path: str, symbol: str, price_type: str) -> CandleSeries:
        return read_csv(
            path, symbol=symbol, timeframe=given.timeframe, price_type=price_type, backend=given.backend
        )

    pairs = [
        (read(bid, name, "bid"), read(ask, name, "ask"))
        for name, bid, ask in zip(names, given.files[::2], given.files[1::2], strict=False)
    ]
    markets = [Market(bid, ask, given.backend) for bid, ask in pairs]
    moments = MultiSymbolSlice([side for pair in pairs for side in pair], backend=given.backend)
    for market, (bid, _) in zip(markets, pairs, strict=True):
        market.rows = SymbolDataSlicer(bid).get_candles_at(moments.timeline).tolist()
    trades, seconds = timed(markets, moments)
    net = 0.0
    for trade in trades:  # one after the other: sum() rounds differently from Python 3.12 on
        net += trade.profit

    print("language python")
    print("backend", answered())
    print("bars", len(moments))
    print("trades", len(trades))
    print(f"net {net:.10f}")
    print("net_bits", struct.pack(">d", net).hex())
    print("fingerprint", fingerprint(trades))
    print(f"seconds {seconds:.9f}")
    if given.trades:
        lines = [Trade._fields, *trades]
        given.trades.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))


if __name__ == "__main__":
    try:
        main()
    except (OmegaError, OSError) as error:
        sys.exit(f"trend: {error}")
