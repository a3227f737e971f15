"""What the pictures show of each example: the rules in words, and the lines its rules look at.

The lines are computed once more here, with omega-slicer; the trades are those the programs wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from omega_slicer import CandleSeries, Timeframe, align, resample, rolling

from .market import Market
from .picture import Floats, Guide, Study, Trades

ENTRY, EXIT = 50, 20  # of backtest
HOUR, TREND, STRETCH = 60, 24, 60  # of trend


def of(example: str, markets: Sequence[Market], trades: Path) -> list[Study]:
    """Every symbol that the example trades."""
    rules, guides = EXAMPLES[example]
    studies = []
    for number, market in enumerate(markets):
        bid, ask = market.read()
        studies.append(Study(rules, bid, ask, Trades(trades, number), guides(bid)))
    return studies


def channels(bid: CandleSeries) -> list[Guide]:
    """Highest high and lowest low of the bars before each bar."""
    return [
        Guide(f"entry channel, {ENTRY}", *channel(bid, ENTRY)),
        Guide(f"exit channel, {EXIT}", *channel(bid, EXIT), width=0.7, line=":"),
    ]


def channel(bid: CandleSeries, length: int) -> tuple[Floats, Floats]:
    """The upper and lower edge; NaN where there are too few bars."""
    upper, lower = rolling.max(bid.high, length), rolling.min(bid.low, length)
    return rolling.shift(upper, 1), rolling.shift(lower, 1)


def trend(bid: CandleSeries) -> list[Guide]:
    """The average of the hours as each bar sees it, and how far a stretched price is from its mean."""
    hours = resample(bid, Timeframe(HOUR * bid.timeframe.duration))
    seen = align(bid, hours, decision="close")
    average = np.full(len(bid), np.nan)
    average[seen >= 0] = rolling.ema(hours.close, TREND)[seen[seen >= 0]]
    bands = rolling.bollinger(bid.close, STRETCH, 2.0)
    return [
        Guide(
            f"trend: {hours.timeframe} average, {TREND}",
            average,
            colour="#6a4c93",
            width=1.4,
            everywhere=True,
        ),
        Guide("stretched: two deviations from the mean", bands.upper, bands.lower),
        Guide(f"mean of {STRETCH}, the way out", bands.middle, width=0.7, line=":"),
    ]


EXAMPLES: dict[str, tuple[str, Callable[[CandleSeries], list[Guide]]]] = {
    "backtest": (f"Donchian breakout {ENTRY}/{EXIT}", channels),
    "trend": ("Pullbacks within the trend", trend),
}
