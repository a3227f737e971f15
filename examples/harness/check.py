"""Tests of the example programs on small generated files: `run.py --check`.

Every program must say what the brute-force oracle says, to the bit, and must notice when one price that
matters changes. The files are made so that the rules matter: gaps, bars without an ask candle, reversals
within one bar, a position that is still open at the end. This is `backtest`; `trend` has check_trend.py.
Ends with `N passed, N failed`.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from . import check_trend, generated, oracle
from .judging import (
    Case,
    Report,
    check_backends_are_proven,
    check_market_is_found,
    check_noticed,
    check_picture,
    hold,
)
from .market import Market
from .oracle import Trade, Verdict
from .programs import Program, build, build_c, execute

HIGH, CLOSE = 2, 4  # columns of the generated files
TICK = 1 / generated.TICKS
MESSAGES = {"the empty message": b"", "abc": b"abc", "a million times a": b"a" * 1_000_000}


def main() -> int:
    """0 if every test passed."""
    report = Report()
    # Compiling is most of what Julia does on small files, and the level may not change a bit.
    programs = build("-O0")
    check_sha256(report)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        check_pair(report, programs["backtest"], folder)
        check_single(report, programs["backtest"], folder)
        check_trend.check(report, programs["trend"], folder)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


def check_pair(report: Report, programs: Sequence[Program], folder: Path) -> None:
    """Bid and ask, where some bars have no ask candle."""
    bid, ask = generated.pair(folder)
    market = Market.of(bid, ask, None, None)
    check_market_is_found(report, market, "M1")
    verdict, case = judged("bid and ask", market)
    check_backends_are_proven(report, programs, case)
    hold(report, programs, case)
    check_rules_matter(report, verdict)
    check_picture(report, "backtest", case)
    held = {row for trade in verdict.trades for row in range(trade.entry_row + 1, trade.exit_row)}
    inside = len(held.intersection(verdict.skipped))
    report.expect(inside >= 10, f"{inside} bars without an ask candle lie inside trades")
    last = int(verdict.printed["bars"]) - 1
    report.expect(
        verdict.skipped[-3:] == [last - 2, last - 1, last] and verdict.trades[-1].exit_row == last - 3,
        "the last position is closed at the last bar that has both sides",
    )

    entry = first(verdict.trades, side=1)
    ask_row = [bar.time for bar in oracle.read(ask)].index(oracle.read(bid)[entry.entry_row].time)
    dearer = replace(market, ask=generated.with_price(ask, ask_row, CLOSE, entry.entry_price + TICK))
    _, changed = judged("an entry's ask price, one tick higher", dearer)
    hold(report, programs, changed)
    check_noticed(report, case, changed, "one tick in one ask price")


def check_single(report: Report, programs: Sequence[Program], folder: Path) -> None:
    """One series for both sides, and one that is too short for a trade."""
    market = Market.of(generated.single(folder), None, None, None)
    check_market_is_found(report, market, "H1")
    verdict, case = judged("one series for both sides", market)
    hold(report, programs, case)
    check_rules_matter(report, verdict)

    entry = first(verdict.trades, side=1)
    # Above the close that broke out: then it does not break out.
    higher = generated.with_price(market.bid, entry.entry_row - 1, HIGH, entry.entry_price + TICK)
    _, changed = judged("a high before an entry, raised", replace(market, bid=higher))
    hold(report, programs, changed)
    check_noticed(report, case, changed, "a high that decides")

    verdict, case = judged("40 bars", replace(market, bid=generated.head(market.bid, 40)))
    hold(report, programs, case)
    report.expect(not verdict.trades, "40 bars are too few to trade")
    check_picture(report, "backtest", case)


def judged(name: str, market: Market) -> tuple[Verdict, Case]:
    """What the oracle says, for people and to hold programs against."""
    verdict = oracle.judge(market.bid, market.ask)
    return verdict, Case(name, [market], verdict.printed, Trade._fields, verdict.trades)


def check_sha256(report: Report) -> None:
    """sha256.h of the C example against Python's, on the standard's test messages."""
    print("sha256.h:")
    digests = execute([str(build_c("test_sha256"))]).split()
    for (name, message), digest in zip(MESSAGES.items(), digests, strict=True):
        known = hashlib.sha256(message).hexdigest()
        report.expect(digest == known, name, f"{digest}, not {known}")


def first(trades: Sequence[Trade], side: int) -> Trade:
    """The first trade on one side."""
    return next(trade for trade in trades if trade.side == side)


def check_rules_matter(report: Report, verdict: Verdict) -> None:
    """Enough trades on both sides, and reversals within one bar to both."""
    trades = verdict.trades
    sides = [sum(trade.side == side for trade in trades) for side in (1, -1)]
    report.expect(len(trades) >= 12 and min(sides) >= 4, f"{sides[0]} long and {sides[1]} short trades")
    reversals = {
        after.side
        for before, after in pairwise(trades)
        if before.exit_row == after.entry_row and before.side != after.side
    }
    report.expect(reversals == {1, -1}, "reversals within one bar, to either side")
