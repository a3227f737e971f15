"""The second example backtest once more, by brute force: lists, exact fractions, and nothing of omega-slicer.

Slow and plain on purpose. A candle is seen by comparing its close time with the bar's; every statistic is
computed from its own window alone. What the example programs print has to agree with it.
"""

from __future__ import annotations

import csv
import hashlib
import math
import struct
from collections.abc import Sequence
from datetime import datetime, timezone
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

MICROSECOND = Fraction(1, 1_000_000)


class Bar(NamedTuple):
    """One candle, stamped in microseconds."""

    time: int
    high: float
    low: float
    close: float


class Trade(NamedTuple):
    """The columns of a `--trades` file."""

    symbol: int
    entry_row: int
    exit_row: int
    side: int
    entry_price: float
    exit_price: float
    profit: float


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
        stamp = int(Fraction(time.timestamp()) / MICROSECOND)
        bars.append(Bar(stamp, float(line[high]), float(line[low]), float(line[close])))
    return bars


def longer(bars: Sequence[Bar], bar_us: int, times: int) -> list[Bar]:
    """Candles so many times as long; the last one only if it is complete."""
    length = times * bar_us
    buckets: dict[int, list[Bar]] = {}
    for bar in bars:
        buckets.setdefault(bar.time - bar.time % length, []).append(bar)
    return [
        Bar(start, max(b.high for b in inside), min(b.low for b in inside), inside[-1].close)
        for start, inside in buckets.items()
        if start + length <= bars[-1].time + bar_us
    ]


def seen(candles: Sequence[Bar], length: int, now: int) -> int:
    """The last candle that has closed by `now`, -1 for none."""
    closed = [row for row, candle in enumerate(candles) if candle.time + length <= now]
    return closed[-1] if closed else -1


def zscore(values: Sequence[float]) -> float:
    """The newest value's distance from the mean in standard deviations; each of the three rounded once."""
    m, exact = len(values), [Fraction(v) for v in values]
    mean = sum(exact) / m
    std = math.sqrt(float(sum((v - mean) ** 2 for v in exact) / (m - 1)))
    return (values[-1] - float(mean)) / std if std else math.nan


def ema(values: Sequence[float], period: int) -> list[float]:
    """From the first value on."""
    a = 2 / (period + 1)
    b = 1 - a
    found = [values[0]]
    for value in values[1:]:
        found.append((b * found[-1]) + (a * value))
    return found


def atr(candles: Sequence[Bar], period: int) -> list[float]:
    """Wilder's average of the true range, not a number before row period - 1."""
    ranges = [candles[0].high - candles[0].low]
    for before, candle in pairwise(candles):
        close = before.close
        ranges.append(max(candle.high - candle.low, abs(candle.high - close), abs(candle.low - close)))
    if len(ranges) < period:
        return [math.nan] * len(ranges)
    a = 1 / period
    b = 1 - a
    found = [math.nan] * (period - 1) + [float(sum(map(Fraction, ranges[:period])) / period)]
    for value in ranges[period:]:
        found.append((b * found[-1]) + (a * value))
    return found


class Verdict(NamedTuple):
    """What every program has to say, and which rules mattered on the way."""

    trades: list[Trade]
    printed: dict[str, str]
    stopped: list[Trade]
    dear: int
    """Ways in that the spread forbade."""
    open_at_end: int


class Market:
    """One symbol."""

    def __init__(self, bids: list[Bar], asks: list[Bar], bar_us: int) -> None:
        self.bids, self.bar_us = bids, bar_us
        self.asks = {bar.time: bar.close for bar in asks}
        self.rows = {bar.time: row for row, bar in enumerate(bids)}
        self.quarters, self.hours = longer(bids, bar_us, 15), longer(bids, bar_us, 60)
        self.range = atr(self.quarters, 14) if self.quarters else []
        self.trend = ema([hour.close for hour in self.hours], 24) if self.hours else []

    def signal(self, row: int) -> tuple[float, int, float] | None:
        """Stretch, trend and range at a bar, decided at its close."""
        now = self.bids[row].time + self.bar_us
        hour, quarter = seen(self.hours, 60 * self.bar_us, now), seen(self.quarters, 15 * self.bar_us, now)
        if hour < 3 or quarter < 0 or row < 59 or math.isnan(self.range[quarter]):
            return None
        stretch = zscore([bar.close for bar in self.bids[row - 59 : row + 1]])
        if math.isnan(stretch):
            return None
        first, last, trend = self.hours[hour - 3].close, self.hours[hour].close, self.trend[hour]
        side = 1 if last > trend and last > first else -1 if last < trend and last < first else 0
        return stretch, side, self.range[quarter]


def judge(files: Sequence[Path], bar_us: int) -> Verdict:
    """The backtest on one or two pairs of files."""
    markets = [Market(read(bid), read(ask), bar_us) for bid, ask in zip(files[::2], files[1::2], strict=True)]
    shared = set.intersection(*({*market.rows} & {*market.asks} for market in markets))
    trades: list[Trade] = []
    stopped: list[Trade] = []
    dear = 0
    held: dict[int, tuple[int, int, float, float]] = {}

    def close(number: int, row: int, bid: float, ask: float) -> None:
        entry_row, side, paid, _ = held.pop(number)
        got = bid if side == 1 else ask
        trades.append(Trade(number, entry_row, row, side, paid, got, got - paid if side == 1 else paid - got))

    for time in sorted(shared):
        for number, market in enumerate(markets):
            row = market.rows[time]
            bid, ask, signal = market.bids[row].close, market.asks[time], market.signal(row)
            if signal is None:
                continue
            stretch, trend, size = signal
            if number in held:
                _, side, _, stop = held[number]
                back = stretch >= 0 if side == 1 else stretch <= 0
                if back or (bid <= stop if side == 1 else ask >= stop):
                    close(number, row, bid, ask)
                    stopped += [] if back else trades[-1:]
            elif trend * stretch <= -2 and ask - bid >= size:
                dear += 1
            elif trend * stretch <= -2:
                paid = ask if trend == 1 else bid
                held[number] = (row, trend, paid, paid - trend * (3 * size))
    open_at_end = len(held)
    for number in sorted(held):
        row = markets[number].rows[max(shared)]
        close(number, row, markets[number].bids[row].close, markets[number].asks[max(shared)])

    net, packed = 0.0, b""
    for trade in trades:
        net += trade.profit
        packed += struct.pack("<qqqqd", *trade[:4], trade.profit)
    printed = {
        "bars": str(len(shared)),
        "trades": str(len(trades)),
        "net": f"{net:.10f}",
        "net_bits": struct.pack(">d", net).hex(),
        "fingerprint": hashlib.sha256(packed).hexdigest(),
    }
    return Verdict(trades, printed, stopped, dear, open_at_end)
