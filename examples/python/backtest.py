"""A Donchian breakout backtest: the same program as in Rust, C and Julia beside it, to the bit.

At every bar, decided at its close, it looks back over the 50 candles before it: long above their highest
high, short below their lowest low, out on the opposite extreme of the last 20. It buys at the ask and sells
at the bid.

    python backtest.py BID.csv [ASK.csv] [--symbol S] [--timeframe TF] [--trades FILE] [--backend native]
"""

from __future__ import annotations

import argparse
import hashlib
import struct
import sys
import time
from pathlib import Path
from typing import NamedTuple

from omega_slicer import CandleSeries, OmegaError, SymbolDataSlicer, read_csv

ENTRY = 50
EXIT = 20
LONG, SHORT = 1, -1


class Quote(NamedTuple):
    """One bar's closing prices, at which orders are filled."""

    row: int
    bid: float
    ask: float


class Position(NamedTuple):
    """What is held until its trade is complete."""

    entry_row: int
    side: int
    entry_price: float


class Trade(NamedTuple):
    """A way in and out of the market."""

    entry_row: int
    exit_row: int
    side: int
    entry_price: float
    exit_price: float
    profit: float


def enter(side: int, at: Quote) -> Position:
    """Buy at the ask, or sell at the bid."""
    return Position(at.row, side, at.ask if side == LONG else at.bid)


def leave(position: Position, at: Quote) -> Trade:
    """Sell at the bid what was bought, or buy back at the ask."""
    entry_row, side, entry = position
    if side == LONG:
        return Trade(entry_row, at.row, side, entry, at.bid, at.bid - entry)
    return Trade(entry_row, at.row, side, entry, at.ask, entry - at.ask)


def backtest(bid: SymbolDataSlicer, ask: SymbolDataSlicer) -> list[Trade]:
    """Walk the bid series bar by bar. Nothing that is asked reaches past the bar it stands on."""
    trades: list[Trade] = []
    position: Position | None = None
    last: Quote | None = None
    bars = bid.series
    for row, (now, close) in enumerate(zip(bars.timestamp.tolist(), bars.close.tolist(), strict=True)):
        past = bid.get_lookback(now, ENTRY, include_current=False, partial=True)
        asked = ask.get_candle_at(now)
        if asked is None or len(past) < ENTRY:
            continue
        last = Quote(row, close, asked.close)

        if position is not None:
            if position.side == LONG:
                broken = close < past.low[-EXIT:].min()
            else:
                broken = close > past.high[-EXIT:].max()
            if broken:
                trades.append(leave(position, last))
                position = None
        if position is None:
            if close > past.high.max():
                position = enter(LONG, last)
            elif close < past.low.min():
                position = enter(SHORT, last)
    if position is not None and last is not None:
        trades.append(leave(position, last))
    return trades


def fingerprint(trades: list[Trade]) -> str:
    """SHA-256 over every trade's entry row, exit row, side and profit, eight little-endian bytes each."""
    packed = (struct.pack("<qqqd", t.entry_row, t.exit_row, t.side, t.profit) for t in trades)
    return hashlib.sha256(b"".join(packed)).hexdigest()


def timed(bid: SymbolDataSlicer, ask: SymbolDataSlicer) -> tuple[list[Trade], float]:
    """The trades, and the seconds of the fastest of three rounds."""
    rounds: list[list[Trade]] = []
    seconds: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        rounds.append(backtest(bid, ask))
        seconds.append(time.perf_counter() - start)
    if not rounds[0] == rounds[1] == rounds[2]:
        raise AssertionError("rounds over the same candles differ")
    return rounds[0], min(seconds)


def main() -> None:
    """Read the files, run, print."""
    parser = argparse.ArgumentParser(prog="backtest", description=__doc__.partition("\n")[0])
    parser.add_argument("bid", metavar="BID.csv")
    parser.add_argument("ask", metavar="ASK.csv", nargs="?", help="without it BID.csv serves as both sides")
    parser.add_argument("--symbol", default="")
    parser.add_argument("--timeframe", default="H1")
    parser.add_argument("--trades", type=Path, metavar="FILE", help="write the trades there, tab-separated")
    parser.add_argument("--backend", choices=["native", "python", "auto"])
    given = parser.parse_args()

    def read(path: str, price_type: str) -> CandleSeries:
        return read_csv(
            path,
            symbol=given.symbol,
            timeframe=given.timeframe,
            price_type=price_type,
            backend=given.backend,
        )

    bid = SymbolDataSlicer(read(given.bid, "bid"))
    ask = SymbolDataSlicer(read(given.ask, "ask")) if given.ask else bid
    trades, seconds = timed(bid, ask)
    net = 0.0
    for trade in trades:  # one after the other: sum() rounds differently from Python 3.12 on
        net += trade.profit

    print("language python")
    print("backend", bid.backend)
    print("bars", len(bid.series))
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
        sys.exit(f"backtest: {error}")
