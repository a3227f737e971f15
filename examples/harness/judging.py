"""What the checks of both examples are made of: programs run side by side, and held against a verdict."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from . import picture, studies
from .market import Market
from .programs import RESULT, Outcome, Program, RunError, differences, names_of, progress, run


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


@dataclass(frozen=True)
class Case:
    """Files, and what an oracle says about them."""

    name: str
    markets: Sequence[Market]
    printed: Mapping[str, str]
    columns: tuple[str, ...]
    trades: Sequence[tuple[float, ...]]

    @property
    def folder(self) -> Path:
        """Where the files are, and where there is room for others."""
        return self.markets[0].bid.parent


def hold(report: Report, programs: Sequence[Program], case: Case) -> None:
    """Every program against the oracle: what it prints, and the trades it writes."""
    with progress(f"{case.name}: running {len(programs)} programs"):
        results = run_all(programs, case)
    outcomes = []
    for number, (program, result) in enumerate(zip(programs, results, strict=True)):
        if isinstance(result, str):
            report.expect(False, program.name, result)
            continue
        outcomes.append(result)
        wrong = [
            f"{key} is {result.printed[key]}, not {right}"
            for key, right in case.printed.items()
            if result.printed[key] != right
        ]
        report.expect(not wrong, f"{program.name} says what the oracle says", "; ".join(wrong))
        written = trades_in(trades_file(case, number)) == (
            case.columns,
            [tuple(trade) for trade in case.trades],
        )
        report.expect(written, f"{program.name} writes the oracle's trades")
    check_comparison(report, outcomes)


def run_all(programs: Sequence[Program], case: Case) -> list[Outcome | str]:
    """What each program printed, or why it did not; side by side."""

    def attempt(number: int) -> Outcome | str:
        try:
            return run(programs[number], case.markets, trades_file(case, number))
        except RunError as error:
            return str(error)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(attempt, range(len(programs))))


def trades_file(case: Case, number: int) -> Path:
    """Where a program's trades go."""
    return case.folder / f"trades-{number}.tsv"


def trades_in(file: Path) -> tuple[tuple[str, ...], list[tuple[float, ...]]]:
    """The header and the rows of a `--trades` file; the last three columns are prices."""
    header, *lines = (line.split("\t") for line in file.read_text().splitlines())
    return tuple(header), [(*map(int, cells[:-3]), *map(float, cells[-3:])) for cells in lines]


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


def check_backends_are_proven(
    report: Report, programs: Sequence[Program], case: Case, modules: Sequence[str] = ()
) -> None:
    """A program is refused when a fallback answers where native was asked for, be it for one module only."""
    print("backends:")
    odd: list[tuple[str, Program]] = []
    for program in programs:
        if program.backend != "native" or program.language not in ("julia", "python"):
            continue
        refused = f"{program.name} is refused when {program.language} answers"
        if not modules:
            command = (*program.command, "--backend", program.language)
            odd.append((refused, replace(program, command=command)))
        for module in modules:
            flags = [f"{name}=0" for name in names_of(module)]
            command = ("env", *flags, *program.command)
            odd.append((f"{refused} for {module.lower()}", replace(program, command=command)))
    results = run_all([program for _, program in odd], case)
    for (what, program), result in zip(odd, results, strict=True):
        told = isinstance(result, str) and f"{program.language}) answered" in result
        report.expect(told, what, str(result))


def check_market_is_found(report: Report, market: Market, timeframe: str) -> None:
    """What nobody gave is found in the file."""
    found = f"{market.symbol} {market.timeframe}"
    report.expect(found == f"TEST {timeframe}", "symbol and timeframe are found", found)


def check_picture(report: Report, example: str, case: Case) -> None:
    """A picture comes out, as wide as it should be; whether it is a good one takes eyes."""
    table, drawn = case.folder / "drawn.tsv", case.folder / "drawn.png"
    table.write_text("\n".join("\t".join(map(str, line)) for line in (case.columns, *case.trades)))
    picture.draw(drawn, studies.of(example, case.markets, table))
    head = drawn.read_bytes()[:24]
    width = picture.WIDTH * len(case.markets)
    wide = head[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(head[16:20], "big") == width
    report.expect(wide, f"a picture of {len(case.trades)} trades is drawn", str(head))


def check_noticed(report: Report, before: Case, after: Case, what: str) -> None:
    """All programs agree with the oracle before and after, so its fingerprint speaks for all."""
    changed = before.printed["fingerprint"] != after.printed["fingerprint"]
    report.expect(changed, f"{what} changes the fingerprint")
