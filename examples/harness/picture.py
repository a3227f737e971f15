"""A backtest as a picture: price with every trade, a part of it up close, and what it earned.

One column of these for each symbol. Draws what the programs computed (a `--trades` file and the candles)
and decides nothing. Long and short differ by marker and line, not by colour alone. Bars stand side by side,
so weekends take no room.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from omega_slicer import CandleSeries

from .programs import RunError

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Bools = NDArray[np.bool_]

LONG, SHORT = "#0b6e99", "#d9651a"  # also apart in grey: dark and light
PRICE, GRID, TEXT = "#4a4a4a", "#e4e4e4", "#333333"
LOSS = "#b03a2e"
CLOSE_UP_TRADES, CLOSE_UP_BARS = 12, (150, 420)
WIDTH = 1400  # of a symbol
LEFT, RIGHT, TOP, BOTTOM = 0.06, 0.015, 0.1, 0.045  # margins, as parts of a symbol's width and of the height


class Trades:
    """A `--trades` file as columns; of one symbol, where the file tells them apart."""

    def __init__(self, path: Path, symbol: int = 0) -> None:
        names, *rows = [line.split("\t") for line in path.read_text().splitlines()]
        table = np.array(rows, np.float64).reshape(-1, len(names))
        if "symbol" in names:
            table = table[table[:, names.index("symbol")] == symbol]
        column = dict(zip(names, table.T, strict=True))
        self.entry: Rows = column["entry_row"].astype(np.int64)
        self.exit: Rows = column["exit_row"].astype(np.int64)
        self.side: Rows = column["side"].astype(np.int64)
        self.entry_price, self.exit_price = column["entry_price"], column["exit_price"]
        self.profit = column["profit"]

    def __len__(self) -> int:
        return len(self.entry)


class Guide(NamedTuple):
    """A line that the rules look at, with a value at every bar; its twin is drawn alike."""

    label: str
    values: Floats
    twin: Floats | None = None
    width: float = 1.0
    line: str = "-"
    colour: str = "#8a8a8a"
    everywhere: bool = False
    """Drawn over all bars, too, not only up close."""


class Study(NamedTuple):
    """One symbol's candles, its trades, and the rules in words and lines."""

    rules: str
    bid: CandleSeries
    ask: CandleSeries
    trades: Trades
    guides: Sequence[Guide]


class Unit(NamedTuple):
    """What results are shown in."""

    size: float
    name: str

    def text(self, amount: float) -> str:
        """An amount of price, in this unit."""
        return f"{amount / self.size:,.1f} {self.name}" if self.name == "pips" else f"{amount:,.5g}"


def unit_of(bid: CandleSeries) -> Unit:
    """Pips for what looks like a currency pair, else the price's own unit."""
    if re.fullmatch("[A-Za-z]{6}", bid.symbol):
        if bid.symbol.upper().endswith("JPY"):
            return Unit(0.01, "pips")
        if np.median(bid.close) < 20:
            return Unit(0.0001, "pips")
    return Unit(1.0, "price units")


def equity_of(bid: Floats, ask: Floats, trades: Trades) -> Floats:
    """Profit so far at every bar, an open position at what closing it would give; NaN without a quote."""
    equity = np.zeros(len(bid))
    banked = 0.0
    done = 0
    for entry, left, side, paid, profit in zip(
        trades.entry, trades.exit, trades.side, trades.entry_price, trades.profit, strict=True
    ):
        equity[done:entry] = banked
        held = slice(entry, left)
        equity[held] = banked + (bid[held] - paid if side > 0 else paid - ask[held])
        banked += profit
        done = left
    equity[done:] = banked
    return equity


def draw(path: Path, studies: Sequence[Study]) -> None:
    """Write the picture as a PNG, `WIDTH` pixels wide for each symbol."""
    if not all(len(study.bid) for study in studies):
        raise RunError("there is nothing to draw: the bid series is empty")
    mpl.rcParams.update({"font.size": 10, "axes.edgecolor": "#bbbbbb", "text.color": TEXT})
    count = len(studies)
    figure = Figure(figsize=(WIDTH / 100 * count, 11), dpi=100, facecolor="white")
    for number, study in enumerate(studies):
        left, right = (number + LEFT) / count, (number + 1 - RIGHT) / count
        grid = GridSpec(
            3,
            1,
            figure,
            height_ratios=[4, 4, 2.4],
            hspace=0.24,
            left=left,
            right=right,
            top=1 - TOP,
            bottom=BOTTOM,
        )
        draw_study(study, *(figure.add_subplot(grid[row]) for row in range(3)))
        title(figure, left, study)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def draw_study(study: Study, whole: Axes, near: Axes, earned: Axes) -> None:
    """The three parts."""
    bid, ask, trades = study.bid, study.ask, study.trades
    ask_close = np.full(len(bid), np.nan)
    _, rows, ask_rows = np.intersect1d(bid.timestamp, ask.timestamp, assume_unique=True, return_indices=True)
    ask_close[rows] = ask.close[ask_rows]
    equity = equity_of(bid.close, ask_close, trades)

    draw_whole(whole, study)
    first, last = close_up(len(bid), trades)
    whole.axvspan(first, last, color="#f4e9c9", alpha=0.7, zorder=0, lw=0)
    draw_near(near, study, first, last)
    draw_equity(earned, bid, equity, unit_of(bid))


def title(figure: Figure, left: float, study: Study) -> None:
    """What this is of, and what came out."""
    bid, trades = study.bid, study.trades
    net, unit = float(trades.profit.sum()), unit_of(bid)
    in_pips = f" = {unit.text(net)}" if unit.name == "pips" else ""
    won = int((trades.profit > 0).sum())
    symbol = bid.symbol or "(no symbol)"
    span = f"{day(bid, 0)} to {day(bid, len(bid) - 1)}"
    sides = "one series for both sides" if study.ask is bid else "bid and ask"
    figure.text(left, 0.963, f"{symbol} {bid.timeframe}   {span}", fontsize=17, weight="bold")
    figure.text(
        left,
        0.937,
        f"{study.rules} on {sides}   ·   {len(bid):,} bars   ·   {len(trades)} trades "
        f"({int((trades.side > 0).sum())} long, {int((trades.side < 0).sum())} short, {won} won)   ·   "
        f"net {net:+.5f}{in_pips}",
        fontsize=11.5,
    )


def draw_whole(axes: Axes, study: Study) -> None:
    """All bars; each trade is a line from way in to way out, long solid, short dashed."""
    bid, trades = study.bid, study.trades
    axes.plot(np.arange(len(bid)), bid.close, color="#b5b5b5", lw=0.7, zorder=1)
    draw_trades(axes, trades, width=1.3, size=max(9.0, 42.0 - len(trades) / 8))
    lines = draw_guides(axes, [guide for guide in study.guides if guide.everywhere], np.arange(len(bid)))
    handles = [*legend_of_trades(), *lines]
    axes.legend(handles=handles, loc="best", ncol=2, fontsize=9, framealpha=0.9)
    dress(axes, "price (bid close) and every trade; the shaded part is shown below", bid, 0, len(bid))


def close_up(bars: int, trades: Trades) -> tuple[int, int]:
    """The rows of the last dozen trades, but not so many that candles could not be told apart."""
    shortest, longest = CLOSE_UP_BARS
    last = min(bars, int(trades.exit[-1]) + 10) if len(trades) else bars
    wanted = last - int(trades.entry[-CLOSE_UP_TRADES:][0]) + 15 if len(trades) else shortest
    return max(0, last - min(max(wanted, shortest), longest)), last


def draw_guides(axes: Axes, guides: Sequence[Guide], rows: Rows) -> list[Line2D]:
    """Lines that step from bar to bar; one of each, for a legend."""
    drawn = []
    for label, values, twin, width, line, colour, _ in guides:
        style: dict[str, Any] = {"where": "mid", "color": colour, "lw": width, "ls": line, "zorder": 1}
        drawn += axes.step(rows, values[rows], label=label, **style)
        if twin is not None:
            axes.step(rows, twin[rows], **style)
    return drawn


def draw_near(axes: Axes, study: Study, first: int, last: int) -> None:
    """Candles, the lines that decide, and the trades."""
    bid, trades = study.bid, study.trades
    rows = np.arange(first, last)
    draw_guides(axes, study.guides, rows)
    wicks = [((row, bid.low[row]), (row, bid.high[row])) for row in rows]
    bodies = [((row, bid.open[row]), (row, bid.close[row])) for row in rows]
    shades = np.where(bid.close[rows] < bid.open[rows], "#555555", "#a9a9a9").tolist()
    thick = max(1.2, 620 / max(len(rows), 1))
    axes.add_collection(LineCollection(wicks, colors="#9a9a9a", linewidths=0.7, zorder=2))
    axes.add_collection(LineCollection(bodies, colors=shades, linewidths=thick, zorder=2, capstyle="butt"))
    inside = (trades.exit >= first) & (trades.entry < last)
    draw_trades(axes, trades, width=1.8, size=70, only=inside)
    axes.legend(loc="best", fontsize=9, framealpha=0.9)
    axes.autoscale_view()
    dress(axes, f"the last {inside.sum()} trades up close; falling candles are darker", bid, first, last)


def draw_trades(axes: Axes, trades: Trades, width: float, size: float, only: Bools | None = None) -> None:
    """Triangles at the ways in (up: long, down: short), crosses at the ways out."""
    chosen = np.ones(len(trades), bool) if only is None else only
    for side, colour, line, marker in ((1, LONG, "solid", "^"), (-1, SHORT, (0, (3, 1.5)), "v")):
        mine = chosen & (trades.side == side)
        entry, left = trades.entry[mine], trades.exit[mine]
        paid, got = trades.entry_price[mine], trades.exit_price[mine]
        path = list(np.stack([np.column_stack([entry, paid]), np.column_stack([left, got])], axis=1))
        axes.add_collection(
            LineCollection(path, colors=colour, linewidths=width, linestyles=[line], zorder=3)
        )
        inner = colour if side > 0 else "white"
        axes.scatter(entry, paid, s=size, marker=marker, facecolor=inner, edgecolor=colour, lw=1.0, zorder=5)
        axes.scatter(left, got, s=size * 0.6, marker="x", color=colour, lw=1.1, zorder=4)


def legend_of_trades() -> list[Line2D]:
    """One entry per kind of mark."""
    entries = []
    for side, colour, line, marker, inner in (
        ("long", LONG, "solid", "^", LONG),
        ("short", SHORT, (0, (3, 1.5)), "v", "white"),
    ):
        entries += [
            Line2D(
                [], [], color=colour, lw=1.6, ls=line, marker=marker, ms=7, mfc=inner, label=f"{side}: entry"
            ),
            Line2D([], [], color=colour, lw=0, marker="x", ms=6, label=f"{side}: exit"),
        ]
    return entries


def draw_equity(axes: Axes, bid: CandleSeries, equity: Floats, unit: Unit) -> None:
    """Profit so far, and how far it has fallen from its highest."""
    known = np.flatnonzero(~np.isnan(equity))
    value = equity[known] / unit.size
    peak = np.maximum.accumulate(np.maximum(value, 0.0))
    axes.fill_between(known, value, peak, color=LOSS, alpha=0.18, lw=0, label="below its highest so far")
    axes.plot(known, value, color="#222222", lw=1.2, label="equity, open position included")
    axes.axhline(0, color="#999999", lw=0.8, zorder=0)
    fall = peak - value
    words = f"equity in {unit.name}"
    if fall.any():
        worst = int(fall.argmax())
        words += f"; largest fall {unit.text(fall[worst] * unit.size)}, deepest on {day(bid, known[worst])}"
    axes.legend(loc="best", fontsize=9, framealpha=0.9)
    dress(axes, words, bid, 0, len(bid))


def dress(axes: Axes, words: str, bid: CandleSeries, first: int, last: int) -> None:
    """Heading, grid, limits, and dates under the bars they belong to."""
    axes.set_title(words, loc="left", fontsize=10)
    margin = max(1.0, (last - first) * 0.008)
    axes.set_xlim(first - margin, last + margin)
    stamps = bid.timestamp[first:last].astype("M8[us]")
    ticks, labels = date_ticks(stamps, first)
    axes.set_xticks(ticks, labels)
    axes.grid(visible=True, color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=TEXT, labelsize=9, length=3)
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)


def date_ticks(stamps: NDArray[np.datetime64], first: int) -> tuple[list[int], list[str]]:
    """The first bar of each hour, day, week, month or year: the finest with room for its labels."""
    count = {unit: stamps.astype(f"M8[{unit}]").astype(np.int64) for unit in "hDMY"}
    steps = [(count["h"] // hours, "%d %b %H:%M") for hours in (1, 2, 4, 12)]
    steps += [(count["D"], "%d %b"), (count["D"] // 2, "%d %b"), ((count["D"] + 3) // 7, "%d %b %Y")]
    steps += [(count["M"], "%b %Y"), (count["M"] // 3, "%b %Y"), (count["Y"], "%Y")]
    fits = (step for step in steps if np.count_nonzero(np.diff(step[0])) <= 16)
    group, text = next(fits, steps[-1])
    starts = np.flatnonzero(np.diff(group)) + 1
    apart = 0.055 * len(stamps)  # less than the width of a label
    ticks: list[int] = []
    for row in map(int, starts):
        if row < len(stamps) - 0.4 * apart and (not ticks or row - ticks[-1] >= apart):
            ticks.append(row)
    return [first + row for row in ticks], [stamps[row].item().strftime(text) for row in ticks]


def day(bid: CandleSeries, row: int) -> str:
    """The date of a row."""
    return str(bid.timestamp[row].astype("M8[us]").astype("M8[D]"))
