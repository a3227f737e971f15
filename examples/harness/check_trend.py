"""Tests of the `trend` example, part of `run.py --check`: the same laws as in check.py.

Its files have gaps, bars that only one symbol or one side has, spreads too wide to trade, prices that run
into the stop, and positions that are open at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from . import generated, oracle_trend
from .judging import Case, Report, check_backends_are_proven, check_noticed, check_picture, hold
from .market import Market
from .oracle_trend import Trade, Verdict
from .programs import MODULES, Program, RunError

MINUTE = 60_000_000
CLOSE = 4  # column of the generated files
TICK = 1 / generated.TICKS


def check(report: Report, programs: Sequence[Program], folder: Path) -> None:
    """One symbol, a changed price, two symbols, and too little to trade."""
    first = Market.of(*generated.pair(folder, "first", seed=1, rows=3000), None, None)
    verdict, case = judged("one symbol", [first])
    hold(report, programs, case)
    check_rules_matter(report, verdict)

    entry = next(trade for trade in verdict.trades if trade.side == 1)
    asks, bids = (oracle_trend.read(path) for path in (first.sides[1], first.bid))
    ask_row = [bar.time for bar in asks].index(bids[entry.entry_row].time)
    dearer = generated.with_price(first.sides[1], ask_row, CLOSE, entry.entry_price + TICK)
    _, changed = judged("an entry's ask price, one tick higher", [replace(first, ask=dearer)])
    hold(report, programs, changed)
    check_noticed(report, case, changed, "one tick in one ask price")

    second = Market.of(*generated.pair(folder, "second", seed=3, rows=3000), None, None)
    check_pairs_are_refused(report, first, second)
    # At this row both symbols hold something.
    check_two(report, programs, [replace(first, bid=generated.head(first.bid, 2476)), second])

    few = Market.of(generated.head(first.bid, 200), None, None, None)
    verdict, case = judged("200 bars, for both sides", [few])
    hold(report, programs, case)
    report.expect(not verdict.trades, "200 bars are too few to trade")
    check_picture(report, "trend", case)
    check_backends_are_proven(report, programs, case, MODULES)


def check_pairs_are_refused(report: Report, first: Market, second: Market) -> None:
    """Files that cannot be traded together are named, before anything runs."""
    one, other = (first.bid, first.ask), (second.bid, second.ask)
    hours = (generated.single(first.bid.parent), None)
    for files, symbols, why in (
        ([one, one], None, "both symbols are FIRST"),
        ([one, other], "A,A", "both symbols are A;"),
        ([one], "A,B", "names 2"),
        ([one, hours], None, "is H1"),
    ):
        try:
            found = str(Market.of_all(files, symbols, None))
        except RunError as error:
            found = str(error)
        report.expect(why in found, f"refused: {why}", found)


def check_two(report: Report, programs: Sequence[Program], markets: Sequence[Market]) -> None:
    """Two symbols, traded only at the bars that all four files have."""
    verdict, case = judged("two symbols", markets)
    hold(report, programs, case)
    check_rules_matter(report, verdict)
    traded = [sum(trade.symbol == number for trade in verdict.trades) for number in (0, 1)]
    report.expect(min(traded) >= 8, f"{traded[0]} and {traded[1]} trades")
    stamps = [{bar.time for bar in oracle_trend.read(market.bid)} for market in markets]
    lonely = [len(stamps[0] - stamps[1]), len(stamps[1] - stamps[0])]
    report.expect(min(lonely) >= 100, f"{lonely[0]} and {lonely[1]} bars that the other symbol does not have")
    ends = [trade.symbol for trade in verdict.trades[-2:]]
    report.expect(
        verdict.open_at_end == 2 and ends == [0, 1], "both are open at the end, and closed in order"
    )
    check_picture(report, "trend", case)


def judged(name: str, markets: Sequence[Market]) -> tuple[Verdict, Case]:
    """What the oracle says, for people and to hold programs against."""
    verdict = oracle_trend.judge([file for market in markets for file in market.sides], MINUTE)
    return verdict, Case(name, markets, verdict.printed, Trade._fields, verdict.trades)


def check_rules_matter(report: Report, verdict: Verdict) -> None:
    """Enough trades on both sides, stops on both sides, and a spread that forbids."""
    sides = [sum(trade.side == side for trade in verdict.trades) for side in (1, -1)]
    report.expect(min(sides) >= 5, f"{sides[0]} long and {sides[1]} short trades")
    stopped = [sum(trade.side == side for trade in verdict.stopped) for side in (1, -1)]
    report.expect(min(stopped) >= 1, f"{stopped[0]} long and {stopped[1]} short trades end at their stops")
    report.expect(verdict.dear >= 1, f"the spread forbids {verdict.dear} ways in")
