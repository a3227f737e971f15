"""The example backtest once more, by brute force: lists, the csv module, and nothing of omega-slicer.

Slow and plain on purpose. What the example programs print has to agree with it.
"""

from __future__ import annotations

import csv
import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple


class Bar(NamedTuple):
    """One line of a file."""

    time: datetime
    high: float
    low: float
    close: float


class Trade(NamedTuple):
    """The columns of a `--trades` file."""

    entry_row: int
    exit_row: int
    side: int
    entry_price: float
    exit_price: float
    profit: float


@dataclass(frozen=True)
class Verdict:
    """What every program has to say about a pair of files."""

    trades: list[Trade]
    skipped: list[int]
    printed: dict[str, str]


def read(path: Path) -> list[Bar]:
    """The bars of a file with a header and dates; without a zone they are UTC."""
    with path.open(newline="") as file:
        header, *lines = csv.reader(file)
    names = [name.lower() for name in header]
    high, low, close = (names.index(name) for name in ("high", "low", "close"))
    bars = []
    for line in lines:
        time = datetime.fromisoformat(line[0])
        time = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
        bars.append(Bar(time, float(line[high]), float(line[low]), float(line[close])))
    return bars


def judge(bid_file: Path, ask_file: Path | None) -> Verdict:
    """The backtest on one or two files."""
    bids = read(bid_file)
    asks = {bar.time: bar.close for bar in read(ask_file or bid_file)}
    skipped = [row for row, bar in enumerate(bids) if bar.time not in asks]
    traded = [row for row, bar in enumerate(bids) if row >= 50 and bar.time in asks]
    trades: list[Trade] = []
    entry, side, paid = -1, 0, 0.0
    for row in traded:
        bid, ask = bids[row].close, asks[bids[row].time]
        highs = [bar.high for bar in bids[row - 50 : row]]
        lows = [bar.low for bar in bids[row - 50 : row]]
        if side == 1 and (bid < min(lows[30:])):
            trades.append(Trade(entry, row, side, paid, bid, bid - paid))
            side = 0
        elif side == -1 and (bid > max(highs[30:])):
            trades.append(Trade(entry, row, side, paid, ask, paid - ask))
            side = 0
        if side == 0 and bid > max(highs):
            entry, side, paid = row, 1, ask
        elif side == 0 and bid < min(lows):
            entry, side, paid = row, -1, bid
    if side == 1:
        end = bids[traded[-1]].close
        trades.append(Trade(entry, traded[-1], side, paid, end, end - paid))
    elif side == -1:
        end = asks[bids[traded[-1]].time]
        trades.append(Trade(entry, traded[-1], side, paid, end, paid - end))

    net, packed = 0.0, b""
    for trade in trades:
        net += trade.profit
        packed += struct.pack("<qqqd", trade.entry_row, trade.exit_row, trade.side, trade.profit)
    printed = {
        "bars": str(len(bids)),
        "trades": str(len(trades)),
        "net": f"{net:.10f}",
        "net_bits": struct.pack(">d", net).hex(),
        "fingerprint": hashlib.sha256(packed).hexdigest(),
    }
    return Verdict(trades, skipped, printed)
