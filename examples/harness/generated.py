"""Small market files for the check: the same on every machine, and awkward on purpose.

Prices are whole ticks, written out as text; every random number comes from `random.Random(seed).random()`,
which Python promises never to change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import NamedTuple

TICKS = 100_000  # to 1.0


class Candle(NamedTuple):
    """A stamp and four prices in ticks."""

    time: datetime
    open: int
    high: int
    low: int
    close: int

    def moved(self, ticks: int) -> Candle:
        """The same candle, so many ticks higher."""
        return Candle(self.time, *(price + ticks for price in self[1:]))


def walk(seed: int, rows: int, start: datetime, step: timedelta) -> list[Candle]:
    """Trends that turn, noise, gaps of a few bars, a weekend, and shocks that turn a trend within one bar."""
    random = Random(seed)  # noqa: S311 - nothing to hide

    def uniform(low: int, high: int) -> int:
        return low + int(random.random() * (high - low + 1))

    candles, time, price, trend = [], start, 130_000, 1
    for row in range(rows):
        if row % 45 == 0:
            trend = uniform(-2, 2)
        shock = 0
        if row % 150 == 149:  # against the trend, further than any extreme of the last 50 bars
            trend = -trend or 1
            shock = 400 if trend > 0 else -400
        close = price + shock + trend + uniform(-5, 5)
        high, low = max(price, close) + uniform(0, 3), min(price, close) - uniform(0, 3)
        candles.append(Candle(time, price, high, low, close))
        price = close
        time += step * (uniform(2, 5) if random.random() < 0.04 else 1)
        if row == rows // 2:
            time += timedelta(days=2)
    return candles


def write(path: Path, candles: Sequence[Candle], header: str, stamp: str) -> Path:
    """A CSV file with the given header line; `stamp` is a format of `strftime`."""
    volume = ",100" if header.lower().endswith("volume") else ""
    lines = [header]
    for time, *prices in candles:
        cells = ",".join(f"{ticks // TICKS}.{ticks % TICKS:05d}" for ticks in prices)
        lines.append(f"{time.strftime(stamp)},{cells}{volume}")
    path.write_text("\n".join(lines) + "\n")
    return path


def pair(folder: Path, name: str = "test", seed: int = 1, rows: int = 1500) -> tuple[Path, Path]:
    """M1 bid and ask; some rows of each have no counterpart, the last three of the bid among them.

    Now and then the ask is so far above the bid that no trade can pay.
    """
    start = datetime(2024, 3, 1, 21, 0, tzinfo=timezone.utc)
    bid = walk(seed, rows, start, step=timedelta(minutes=1))
    random = Random(seed + 1)  # noqa: S311 - nothing to hide
    ask = [
        candle.moved((5 + int(random.random() * 16)) * (20 if random.random() < 0.05 else 1))
        for row, candle in enumerate(bid)
        if random.random() > 0.08 and row < len(bid) - 3
    ]
    taken = {candle.time for candle in bid}
    lonely = [candle._replace(time=candle.time + timedelta(minutes=1)) for candle in ask]
    ask = sorted([*ask, *(candle for candle in lonely if candle.time not in taken)])
    layout = "timestamp,open,high,low,close", "%Y-%m-%d %H:%M:%S+00:00"
    bid_file, ask_file = (folder / f"{name}-m1-{side}.csv" for side in ("bid", "ask"))
    return write(bid_file, bid, *layout), write(ask_file, ask, *layout)


def single(folder: Path) -> Path:
    """H1 on one side, in the layout that pandas writes for a frame with an index."""
    start = datetime(2024, 1, 2, tzinfo=timezone.utc)
    candles = walk(seed=3, rows=1200, start=start, step=timedelta(hours=1))
    return write(folder / "TEST.csv", candles, ",Open,High,Low,Close,Volume", "%Y-%m-%d %H:%M:%S")


def with_price(path: Path, row: int, column: int, price: float) -> Path:
    """A copy of a file beside it, with one price replaced. Row 0 is the first after the header."""
    lines = path.read_text().splitlines()
    cells = lines[row + 1].split(",")
    cells[column] = f"{price:.5f}"
    lines[row + 1] = ",".join(cells)
    changed = path.with_name(f"changed-{path.name}")
    changed.write_text("\n".join(lines) + "\n")
    return changed


def head(path: Path, rows: int) -> Path:
    """A copy of a file beside it, with so many of its rows."""
    few = path.with_name(f"{path.stem}-{rows}.csv")
    few.write_text("".join(path.read_text().splitlines(keepends=True)[: rows + 1]))
    return few
