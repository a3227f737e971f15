"""Tests of the example programs on small generated files: `run.py --check`.

Every program must say what the brute-force oracle says, to the bit, and must notice when one price that
matters changes. The files are made so that the rules matter: gaps, bars without an ask candle, reversals
within one bar, a position that is still open at the end. Ends with `N passed, N failed`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from . import generated, oracle, picture
from .market import Market
from .oracle import Trade, Verdict
from .programs import RESULT, Outcome, Program, RunError, build, build_c, differences, execute, progress, run

HIGH, CLOSE = 2, 4  # columns of the generated files
TICK = 1 / generated.TICKS
MESSAGES = {"the empty message": b"", "abc": b"abc", "a million times a": b"a" * 1_000_000}


class Report:
    """Counts what passed and what failed, and says so line by line."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def expect(self, true: bool, what: str, otherwise: str = "") -> None:
        """One test."""
        if true:
            self.passed += 1
            print(f"  ok      {what}")
        else:
            self.failed += 1
            print(f"  FAILED  {what}{f': {otherwise}' if otherwise else ''}")


def main() -> int:
    """0 if every test passed."""
    report = Report()
    programs = build()
    check_sha256(report)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        check_pair(report, programs, folder)
        check_single(report, programs, folder)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


def check_pair(report: Report, programs: Sequence[Program], folder: Path) -> None:
    """Bid and ask, where some bars have no ask candle."""
    bid, ask = generated.pair(folder)
    market = Market.of(bid, ask, None, None)
    check_found(report, market, "M1")
    check_backends_are_proven(report, programs, market)
    verdict = check_market(report, programs, market, "bid and ask")
    check_rules_matter(report, verdict)
    check_picture(report, market, verdict, folder)
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
    changed = check_market(report, programs, dearer, "an entry's ask price, one tick higher")
    check_noticed(report, verdict, changed, "one tick in one ask price")


def check_single(report: Report, programs: Sequence[Program], folder: Path) -> None:
    """One series for both sides, and one that is too short for a trade."""
    market = Market.of(generated.single(folder), None, None, None)
    check_found(report, market, "H1")
    verdict = check_market(report, programs, market, "one series for both sides")
    check_rules_matter(report, verdict)

    entry = first(verdict.trades, side=1)
    # Above the close that broke out: then it does not break out.
    higher = generated.with_price(market.bid, entry.entry_row - 1, HIGH, entry.entry_price + TICK)
    changed = check_market(report, programs, replace(market, bid=higher), "a high before an entry, raised")
    check_noticed(report, verdict, changed, "a high that decides")

    few = folder / "few.csv"
    few.write_text("".join(market.bid.read_text().splitlines(keepends=True)[:41]))
    verdict = check_market(report, programs, replace(market, bid=few), "40 bars")
    report.expect(not verdict.trades, "40 bars are too few to trade")
    check_picture(report, replace(market, bid=few), verdict, folder)


def check_found(report: Report, market: Market, timeframe: str) -> None:
    """What nobody gave is found in the file."""
    found = f"{market.symbol} {market.timeframe}"
    report.expect(found == f"TEST {timeframe}", "symbol and timeframe are found", found)


def check_backends_are_proven(report: Report, programs: Sequence[Program], market: Market) -> None:
    """A program that answers with another backend than the one asked for is refused."""
    print("backends:")
    for program in programs:
        if (program.language, program.backend) in (("julia", "native"), ("python", "native")):
            other = replace(program, command=(*program.command, "--backend", program.language))
            result = attempt(other, market, market.bid.with_name("unused.tsv"))
            report.expect(
                isinstance(result, str) and f"{program.language} ({program.language}) answered" in result,
                f"{program.name} is refused when {program.language} answers",
                str(result),
            )


def check_sha256(report: Report) -> None:
    """sha256.h of the C example against Python's, on the standard's test messages."""
    print("sha256.h:")
    digests = execute([str(build_c("test_sha256"))]).split()
    for (name, message), digest in zip(MESSAGES.items(), digests, strict=True):
        known = hashlib.sha256(message).hexdigest()
        report.expect(digest == known, name, f"{digest}, not {known}")


def check_market(report: Report, programs: Sequence[Program], market: Market, name: str) -> Verdict:
    """Every program against the oracle: what it prints, and the trades it writes."""
    verdict = oracle.judge(market.bid, market.ask)
    with progress(f"{name}: running {len(programs)} programs"):
        files = [market.bid.with_name(f"trades-{number}.tsv") for number in range(len(programs))]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(attempt, programs, [market] * len(programs), files))
    outcomes = []
    for program, result, file in zip(programs, results, files, strict=True):
        if isinstance(result, str):
            report.expect(False, program.name, result)
            continue
        outcomes.append(result)
        wrong = [
            f"{key} is {result.printed[key]}, not {right}"
            for key, right in verdict.printed.items()
            if result.printed[key] != right
        ]
        report.expect(not wrong, f"{program.name} says what the oracle says", "; ".join(wrong))
        report.expect(trades_in(file) == verdict.trades, f"{program.name} writes the oracle's trades")
    check_comparison(report, outcomes)
    return verdict


def attempt(program: Program, market: Market, trades: Path) -> Outcome | str:
    """What the program printed, or why it did not."""
    try:
        return run(program, market, trades)
    except RunError as error:
        return str(error)


def trades_in(file: Path) -> list[Trade]:
    """A `--trades` file."""
    header, *lines = (line.split("\t") for line in file.read_text().splitlines())
    if tuple(header) != Trade._fields:
        return []
    return [Trade(*map(int, cells[:3]), *map(float, cells[3:])) for cells in lines]


def check_comparison(report: Report, outcomes: Sequence[Outcome]) -> None:
    """`differences`, which `make run` relies on, is silent here and names whoever is changed."""
    found = differences(outcomes)
    report.expect(bool(outcomes) and not found, "all agree", "; ".join(found))
    if len(outcomes) < 3:  # the others have failed already; two cannot outvote one
        return
    unnoticed = []
    for key in RESULT:
        odd = outcomes[1]
        forged = replace(odd, printed={**odd.printed, key: "0" + odd.printed[key]})
        found = differences([outcomes[0], forged, *outcomes[2:]])
        if len(found) != 1 or not found[0].startswith(f"{odd.program.name} differs in {key}"):
            unnoticed.append(key)
    report.expect(not unnoticed, "one that did not agree would be named", ", ".join(unnoticed))


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


def check_picture(report: Report, market: Market, verdict: Verdict, folder: Path) -> None:
    """A picture comes out, as wide as it should be; whether it is a good one takes eyes."""
    table = folder / "drawn.tsv"
    table.write_text("\n".join("\t".join(map(str, line)) for line in (Trade._fields, *verdict.trades)))
    picture.draw(folder / "drawn.png", *market.read(), picture.Trades(table))
    head = (folder / "drawn.png").read_bytes()[:24]
    wide = head[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(head[16:20], "big") == picture.WIDTH
    report.expect(wide, f"a picture of {len(verdict.trades)} trades is drawn", str(head))


def check_noticed(report: Report, before: Verdict, after: Verdict, what: str) -> None:
    """All programs agree with the oracle before and after, so its fingerprint speaks for all."""
    changed = before.printed["fingerprint"] != after.printed["fingerprint"]
    report.expect(changed, f"{what} changes the fingerprint")
