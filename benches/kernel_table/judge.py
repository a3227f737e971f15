"""Whether what was measured keeps what was promised, and the table that says so.

Judged is the median over the rounds of our time divided by the fastest of the others in the same round. A
number that is not there is NOT MEASURED, which fails the run just as MISSED does.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .oracle import KERNELS, RECURRENCES
from .plan import HOSTILE, OURS, PEERS, Cell, Promise

Times = Mapping[Cell, Sequence[float]]
"""Nanoseconds of each round; those too slow for every round have fewer, of the first rounds."""
Errors = Mapping[Cell, Mapping[str, float]]
"""The worst relative error of each series; for our recurrences also against their definition."""
OK, AIM_MISSED, MISSED, NOT_MEASURED = "ok", "must met, aim not", "MISSED", "NOT MEASURED"


@dataclass(frozen=True)
class Judgement:
    """A line of the table."""

    what: str
    ours: str
    beside: str
    ratio: float
    spread: tuple[float, float]
    must: float | None
    aim: float | None
    verdict: str

    @property
    def failed(self) -> bool:
        """Whether the run is to fail for it."""
        return self.verdict in (MISSED, NOT_MEASURED)


def ratios(ours: Cell, beside: Sequence[Cell], times: Times) -> list[float]:
    """Ours by the fastest of the others, of every round that has both; nothing if anyone was not measured."""
    if not times.get(ours) or not all(times.get(cell) for cell in beside):
        return []
    if not beside:
        return list(times[ours])
    found = []
    for turn, nanoseconds in enumerate(times[ours]):
        others = [times[cell][turn] for cell in beside if turn < len(times[cell])]
        if others:
            found.append(nanoseconds / min(others))
    return found


def verdict(value: float, must: float | None, aim_value: float, aim: float | None) -> str:
    """Of a number that was measured. One that is none keeps no promise."""
    if must is not None and not value <= must:
        return MISSED
    if aim is not None and not aim_value <= aim:
        return AIM_MISSED if must is not None else "aim missed"
    return OK


def judge(promise: Promise, times: Times) -> Judgement:
    """One promise."""
    kernel, _, who = promise.ours
    what = f"{promise.group}: {promise.kernel} {promise.window}"
    found = ratios(promise.ours, promise.beside, times)
    aimed = found if promise.aim_beside is None else ratios(promise.ours, promise.aim_beside, times)
    if not found or (promise.aim is not None and not aimed):
        nan = math.nan
        return Judgement(what, "", "", nan, (nan, nan), promise.must, promise.aim, NOT_MEASURED)
    middle, aim_middle = statistics.median(found), statistics.median(aimed) if aimed else math.nan
    fastest = min(promise.beside, key=lambda cell: statistics.median(times[cell]), default=None)
    beside = ""
    if fastest:
        name = fastest[2] if fastest[0] == kernel else f"{fastest[2]} {fastest[0]}"
        name = f"{fastest[0]} {fastest[1]}" if fastest[2] == who else name
        beside = f"{name} {statistics.median(times[fastest]):.2f}"
    if promise.aim_beside:
        beside += f", {promise.aim_beside[0][2]} {statistics.median(times[promise.aim_beside[0]]):.2f}"
    return Judgement(
        what,
        f"{who} {statistics.median(times[promise.ours]):.2f}",
        beside,
        middle,
        (min(found), max(found)),
        promise.must,
        promise.aim,
        verdict(middle, promise.must, aim_middle, promise.aim),
    )


def judge_digits(errors: Errors, windows: Iterable[int] = (20, 200)) -> list[Judgement]:
    """Ours must be right to the last bit, whoever computes it, on both series; peers only be measured."""
    found = []
    for kernel in KERNELS:
        for window in windows:
            wrong, missing = 0.0, []
            for who in (*OURS, *PEERS[kernel]):
                measured = errors.get((kernel, window, who), {})
                key = "defined" if kernel in RECURRENCES else None
                names = [f"{series} {key}" if key and who in OURS else series for series in ("plain", "tick")]
                if any(name not in measured for name in names):
                    missing.append(who)
                elif who in OURS:
                    wrong = max(wrong, *(measured[name] for name in names))
            verdict = NOT_MEASURED if missing else MISSED if wrong else OK
            what = f"digits: {kernel} {window}"
            ours = "every bit as defined" if verdict == OK else ", ".join(missing) or "a wrong bit"
            found.append(Judgement(what, ours, "", wrong, (wrong, wrong), 0.0, None, verdict))
    return found


def judge_hostile(ratios: Mapping[str, float]) -> list[Judgement]:
    """The worst ratio of any hostile series to the fast path, of each kernel."""
    found = []
    for kernel in dict.fromkeys((*HOSTILE, *(name.split("\t")[0] for name in ratios))):
        worst = {name: value for name, value in ratios.items() if name.split("\t")[0] == kernel}
        what = f"hostile of fast path: {kernel}"
        if not worst:
            nan = math.nan
            found.append(Judgement(what, "", "", nan, (nan, nan), 100.0, None, NOT_MEASURED))
            continue
        # A number that is none counts as the worst.
        name, value = max(worst.items(), key=lambda item: math.inf if math.isnan(item[1]) else item[1])
        spread = (min(worst.values()), value)
        series = " ".join(name.split("\t")[1:])
        found.append(
            Judgement(what, series, "", value, spread, 100.0, None, verdict(value, 100.0, 0.0, None))
        )
    return found


def lines(judgements: Sequence[Judgement]) -> list[list[str]]:
    """The cells of the printed table."""
    return [
        [
            one.what,
            one.ours,
            one.beside,
            "" if math.isnan(one.ratio) else f"{one.ratio:,.2f}",
            ""
            if math.isnan(one.ratio) or one.spread[0] == one.spread[1]
            else f"{one.spread[0]:,.2f}-{one.spread[1]:,.2f}",
            "" if one.must is None else f"{one.must:g}",
            "" if one.aim is None else f"{one.aim:g}",
            one.verdict,
        ]
        for one in judgements
    ]


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    """A Markdown table that reads well as plain text; the columns in `right` are numbers."""
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]

    def joined(line: Sequence[str]) -> str:
        pads = (
            cell.rjust(w) if i in right else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        return "| " + " | ".join(pads) + " |"

    rule = ["-" * (w - 1) + ":" if i in right else "-" * w for i, w in enumerate(widths)]
    return "\n".join([joined(header), joined(rule), *map(joined, rows)])


HEADER = ("what", "ours, ns", "beside, ns", "ratio", "spread", "must", "aim", "verdict")


def table(judgements: Sequence[Judgement]) -> str:
    """All of them."""
    return markdown(HEADER, lines(judgements), (3, 4, 5, 6))
