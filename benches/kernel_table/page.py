"""What people read: the overview that the run prints, and the README's section, both of saved numbers.

`python benches/run.py --readme` takes out/kernels.json over into benches/results/kernels.json and writes the
section and the chart; a test holds them to that file.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .chart import chart
from .contenders import ROOT
from .judge import NOT_MEASURED, OK, Judgement, judge, judge_digits, judge_hostile, markdown, ratios
from .measure import load, save
from .oracle import KERNELS
from .plan import BEST, PEERS, WITHOUT_WINDOW, Cell, beside_peers, peers, promises, windows

README = ROOT / "README.md"
COMMITTED = ROOT / "benches" / "results" / "kernels.json"
CHART = ROOT / "docs" / "kernels.svg"
BEGIN, END = "<!-- kernels: benches/run.py --readme -->", "<!-- /kernels -->"
EVERYONE = ("Bottleneck", "TA-Lib", "pandas", "Polars", "NumPy")
NOTES = """\
Times are nanoseconds per row, of `call`, `push`, `row` and `table` per call; ratios are medians over
interleaved rounds of ours by the fastest of the others in the same round, and the spread is that of the
rounds. Ours is Rust with AVX-512 into a buffer, beside it the peers called from Python, who may keep the
memory they free. Errors are the worst relative ones on sampled rows against exact arithmetic: on ordinary
prices / with one tick of 1e9. TA-Lib's var and std are compared with ddof 0, which is its own; diff to shift,
macd, bollinger and true_range are timed only. NumPy's view of windows is left out at 5000 rows, where it
takes seconds."""
Result = Mapping[str, Any]


def judgements(result: Result) -> list[Judgement]:
    """Every promise, judged."""
    times, errors, hostile = result["times"], result["errors"], result["hostile"]
    return [
        *(judge(promise, times) for promise in promises()),
        *judge_digits(errors),
        *judge_hostile(hostile),
    ]


def middle(result: Result, cell: Cell) -> float:
    """The median of a cell's rounds; NaN if it was not measured."""
    times = result["times"].get(cell)
    return statistics.median(times) if times else math.nan


def fastest(result: Result, kernel: str, window: int) -> tuple[str, float]:
    """The fastest peer's name and time."""
    found = ((who, middle(result, (kernel, window, who))) for who in peers(kernel, window))
    known = [(who, time) for who, time in found if not math.isnan(time)]
    return min(known, key=lambda one: one[1], default=("", math.nan))


def number(value: float) -> str:
    """With two decimals; nothing if there is none."""
    return "" if math.isnan(value) else f"{value:,.2f}"


def ratio(result: Result, kernel: str, window: int, beside: tuple[Cell, ...]) -> float:
    """The median over the rounds of our time by the fastest of the others."""
    found = ratios((kernel, window, BEST), beside, result["times"])
    return statistics.median(found) if found else math.nan


def error(value: float | None) -> str:
    """A relative error; one that leaves no digit is said in a word."""
    if value is None:
        return ""
    return "0" if value == 0 else f"{value:.0e}".replace("e-0", "e-") if value < 1 else "none right"


def both(result: Result, cell: Cell) -> str:
    """The worst error on ordinary prices, and with the wild tick."""
    found = result["errors"].get(cell, {})
    plain, tick = error(found.get("plain")), error(found.get("tick"))
    return plain if plain == tick else f"{plain} / {tick}"


def verdicts(result: Result, kernel: str, window: int) -> str:
    """What was promised beside the peers, in short."""
    for promise in beside_peers():
        if (promise.group, promise.kernel, promise.window) == ("fastest peer", kernel, window):
            judged = judge(promise, result["times"])
            limit = f"<= {promise.must:g}" + (" of Bottleneck's std" if promise.aim_beside else "")
            return f"{limit}: {judged.verdict}"
    return ""


def overview(result: Result) -> str:
    """Every kernel and window that peers have, beside them."""
    header = (
        "kernel",
        "window",
        "ours",
        "fastest peer",
        "",
        "ratio",
        "promised",
        "of memcpy",
        "our error",
        *EVERYONE,
    )
    rows = []
    for kernel in PEERS:
        for window in windows(kernel):
            others = tuple((kernel, window, who) for who in peers(kernel, window))
            if not others:
                continue
            name, time = fastest(result, kernel, window)
            rows.append(
                [
                    kernel,
                    str(window),
                    number(middle(result, (kernel, window, BEST))),
                    name,
                    number(time),
                    number(ratio(result, kernel, window, others)),
                    verdicts(result, kernel, window),
                    number(ratio(result, kernel, window, ((kernel, window, "memcpy"),))),
                    both(result, (kernel, window, BEST)),
                    *(both(result, (kernel, window, who)) for who in EVERYONE),
                ]
            )
    return markdown(header, rows, (1, 2, 4, 5, 7))


def caption(result: Result) -> str:
    """When, where and with what."""
    load = f", load {result['load']:.1f} before it" if "load" in result else ""
    where = f"{result['date']}, {result['machine']}{load}, one core, one thread"
    return f"{where}, {result['rows']:,} rows; {', '.join(result['versions'])}."


def section(result: Result) -> str:
    """The README's section, its two marks included."""
    header = (
        "kernel",
        "ours",
        "from Python",
        "fastest peer",
        "ratio",
        "ratio, 200 rows",
        "promised",
        "our worst error",
        "peers' worst error",
    )
    rows = []
    for kernel in PEERS:
        if not PEERS[kernel]:
            continue
        window = 1 if kernel in WITHOUT_WINDOW else 20
        others = tuple((kernel, window, who) for who in peers(kernel, window))
        later = tuple((kernel, 200, who) for who in peers(kernel, 200))
        name, time = fastest(result, kernel, window)
        said: dict[str, list[str]] = {}
        for who in PEERS[kernel] if kernel in KERNELS else ():
            said.setdefault(both(result, (kernel, window, who)), []).append(who)
        rows.append(
            [
                kernel,
                number(middle(result, (kernel, window, BEST))),
                number(middle(result, (kernel, window, "Python native"))),
                f"{name} {number(time)}",
                number(ratio(result, kernel, window, others)),
                "" if kernel in WITHOUT_WINDOW else number(ratio(result, kernel, 200, later)),
                verdicts(result, kernel, window),
                both(result, (kernel, window, BEST)),
                "; ".join(f"{', '.join(names)} {found}" for found, names in said.items()),
            ]
        )
    table = markdown(header, rows, (1, 2, 4, 5))
    failed = [one for one in judgements(result) if one.verdict != OK]
    told = [f"{one.what} {one.verdict} {number(one.ratio)}" for one in failed if one.verdict != NOT_MEASURED]
    without = Counter(one.what.partition(":")[0] for one in failed if one.verdict == NOT_MEASURED)
    told += [f"{group}: {count} {NOT_MEASURED}" for group, count in without.items()]
    short = "; ".join(told) or "none"
    return f"""{BEGIN}
![Speed and right digits of six libraries](docs/kernels.svg)

Nanoseconds per row, windows of 20 rows; ratios to the fastest peer are medians over interleaved rounds.
Errors are the worst relative ones against exact arithmetic, on ordinary prices / with one tick of 1e9 that
enters and leaves. 0 is every bit right, which for ours is proved in the same run, for all languages,
backends and instruction sets. Recurrences (ema, wilder, rsi, atr) are as right as plain arithmetic makes
them, ours and theirs; ours have the same bits everywhere. "From Python" includes the new array, as the peers'
times do.

{table}

{caption(result)}

Not reached of {len(judgements(result))} promises: {short}.
{END}"""


def with_section(readme: str, result: Result) -> str:
    """The README with its section renewed."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no {BEGIN} ... {END}")
    return before + section(result) + after


def publish(measured: Path) -> None:
    """Take the numbers of a run over: the committed file, the README's section, the chart."""
    save(load(measured), COMMITTED)
    result = load(COMMITTED)
    README.write_text(with_section(README.read_text(), result))
    CHART.write_text(chart(result))
