"""Is this as fast as it was? A recorded baseline, what is measured now, and the rule that compares them.

Every number is divided by a calibration workload measured beside it, so that machines, and hours of one
machine, differ fairly. A number is slower only if three runs out of three say so. Measuring is `timing`'s
business, and for the Rust benches `benches/baseline.py`'s; here numbers are compared, and nothing is timed.
"""

from __future__ import annotations

import math
import os
import platform
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from omega_slicer._errors import InvalidFormatError, NotBuiltInError

from . import state
from .tables import severity_of, slowdown_trigger

__all__ = [
    "LIMIT", "NOTICED", "RUNS", "Baseline", "Line", "Numbers", "Speed", "compare", "default_folder", "load",
    "median_of", "processor", "save", "table",
]  # fmt: skip

SCHEMA: Final = "omega-baseline/1"
RUNS: Final = 3
LIMIT: Final = 10.0
"""More percent than this, in every run, is a regression."""
NOTICED: Final = 5.0
"""More than this, in every run, is said, and fails nothing."""

Numbers: TypeAlias = Mapping[str, float]
"""Nanoseconds by name: "<source>/<module>/<what>", and "<source>/calibration" of every source."""


class Baseline(NamedTuple):
    """What was recorded, and about what."""

    path: str
    about: state.Flat
    numbers: dict[str, float]

    def text(self) -> str:
        """One line for people."""
        about = self.about
        return (
            f"{self.path}: {about['date']}, {about['machine']} ({about['instructions']}), "
            f"version {about['version']}, build {about['build_id'] or 'unknown'}"
        )


@dataclass(frozen=True)
class Line:
    """One number: nanoseconds then and now, and by how many percent each run was slower."""

    name: str
    before: float
    now: float
    percents: tuple[float, ...]

    @property
    def module(self) -> str:
        """The module it is about."""
        return self.name.split("/")[1]

    @property
    def percent(self) -> float:
        """What every run says: the least of them."""
        return min(self.percents)

    @property
    def sure(self) -> bool:
        """Whether as many runs were made as a verdict takes."""
        return len(self.percents) >= RUNS

    @property
    def slower(self) -> bool:
        """Whether it is a regression."""
        return self.sure and self.percent > LIMIT

    @property
    def trigger(self) -> str:
        """How much slower, as incidents say it; empty where every run but noise says nothing."""
        return slowdown_trigger(self.percent) if self.sure and self.percent > NOTICED else ""

    @property
    def verdict(self) -> str:
        """One word, or the trigger with its severity."""
        if not self.trigger:
            return "ok"
        return f"{self.trigger} ({severity_of(self.trigger).name})"


@dataclass(frozen=True)
class Speed:
    """What came of comparing; `ok` if nothing is slower and everything could be compared."""

    baseline: str
    machine: str
    lines: tuple[Line, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and not any(line.slower for line in self.lines)

    @property
    def failures(self) -> list[str]:
        """What is wrong, a line each."""
        slow = [
            f"{line.name}: {line.trigger} ({severity_of(line.trigger).name}), {line.percent:.0f} % slower "
            f"than the baseline in {len(line.percents)} runs of {len(line.percents)}"
            for line in self.lines
            if line.slower
        ]
        return [*self.problems, *slow]

    def as_dict(self) -> dict[str, Any]:
        """Plain lists, texts, numbers and booleans."""
        lines = [
            {
                "name": line.name,
                "baseline_ns": line.before,
                "ns": line.now,
                "percents": list(line.percents),
                "trigger": line.trigger,
                "severity": severity_of(line.trigger).name if line.trigger else "",
                "slower": line.slower,
            }
            for line in self.lines
        ]
        about = {"ok": self.ok, "baseline": self.baseline, "machine": self.machine}
        return {**about, "lines": lines, "problems": list(self.problems)}


def processor() -> tuple[str, str]:
    """The processor's name, and the widest instructions it has of those the kernels are written for."""
    name, flags = platform.processor() or platform.machine(), ""
    try:
        described = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        described = ""
    for line in described.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() == "flags":
            flags = value
    words = flags.split()
    widest = "avx512" if "avx512f" in words else "avx2" if "avx2" in words else "portable"
    return name, widest


def file_name(machine: str, instructions: str) -> str:
    """What the baseline of a machine is called."""
    return re.sub(r"[^a-z0-9]+", "-", f"{machine} {instructions}".lower()).strip("-") + ".json"


def default_folder() -> Path | None:
    """Where the checkout keeps its baselines; nothing for an installed package."""
    from omega_slicer._library import checkout  # noqa: PLC0415 - which needs the guard

    return next((root / "benches" / "baselines" for root in checkout()), None)


def save(path: Path, about: state.Flat, numbers: Numbers) -> None:
    """Write a baseline: a flat object, a line for every number."""
    kept = {name: float(f"{value:.5g}") for name, value in numbers.items()}
    cells = [
        f'  "{key}": {state.flat_json({"": value})[5:-1]}'
        for key, value in {**about, **dict(sorted(kept.items()))}.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    state.write_whole(path, "{\n" + ",\n".join(cells) + "\n}\n")


def load(named: Path | None) -> Baseline:
    """The baseline in a file, or in a folder the one that suits this machine best.

    `NotBuiltInError` where there is none, `InvalidFormatError` for what is none.
    """
    place = default_folder() if named is None else named
    if place is None:
        raise NotBuiltInError(
            "no baseline: the package stands in no checkout; name a file with --baseline PATH"
        )
    if not place.is_dir():
        if not place.is_file():
            raise NotBuiltInError(f"no baseline: {place}: no such file")
        return _read(place)
    machine, instructions = processor()
    found = [_read(path) for path in sorted(place.glob("*.json"))]
    alike = [one for one in found if one.about["instructions"] == instructions]
    same = [one for one in alike if one.about["machine"] == machine] or alike
    if not same:
        others = f"; those in {place} are of other instructions" if found else f" in {place}"
        raise NotBuiltInError(f"no baseline for {machine} ({instructions}){others}")
    return max(same, key=lambda one: str(one.about["date"]))


def _read(path: Path) -> Baseline:
    try:
        values = state.parse_flat(path.read_text("utf-8"))
        if values.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        about = {key: value for key, value in values.items() if "/" not in key}
        missing = {"date", "machine", "instructions", "version", "build_id", "rows"} - set(about)
        if missing:
            raise ValueError(f"it does not say its {', '.join(sorted(missing))}")
        numbers = {key: float(str(value)) for key, value in values.items() if "/" in key}
        bad = [key for key, value in numbers.items() if not 0.0 < value < math.inf]
        if bad or not numbers:
            raise ValueError(f"{', '.join(bad) or 'it'} says no time")
    except (OSError, ValueError) as error:
        raise InvalidFormatError(f"no baseline: {path}: {error}") from error
    return Baseline(str(path), about, numbers)


def compare(
    baseline: Baseline, measure: Callable[[int], Numbers], wanted: Callable[[str], bool] = lambda _: True
) -> Speed:
    """Measure up to three times, and say what is slower than recorded.

    `measure` is given the number of the run. Once no number is slower in every run so far, no further run
    could change the verdict, and none is made. What was recorded and is not measured, or the reverse, is a
    problem.
    """
    before = {name: value for name, value in baseline.numbers.items() if wanted(name)}
    runs: list[Numbers] = []
    while len(runs) < RUNS:
        measured = measure(len(runs))
        runs.append({name: value for name, value in measured.items() if wanted(name)})
        if not any(min(_slowdowns(name, before, runs), default=0.0) > NOTICED for name in _names(before)):
            break
    sources = {name.split("/")[0] for run in runs for name in run}
    problems = [
        f"{name}: {what}"
        for names, others, what in (
            ([*before], runs[0], "recorded, and not measured"),
            ([*runs[0]], before, "measured, and there is no baseline for it"),
        )
        for name in names
        if name not in others and name.split("/")[0] in sources
    ]
    if not _names(before):
        problems.append(f"no baseline: {baseline.path} has no number of those asked for")
    lines = tuple(
        Line(name, before[name], statistics.median(run[name] for run in runs), tuple(percents))
        for name in _names(before)
        if (percents := _slowdowns(name, before, runs))
    )
    return Speed(baseline.text(), " ".join(processor()), lines, tuple(problems))


def _names(numbers: Iterable[str]) -> list[str]:
    return [name for name in numbers if not name.endswith("/calibration")]


def _slowdowns(name: str, before: Numbers, runs: Sequence[Numbers]) -> list[float]:
    """Percent by which each run was slower than recorded, both beside their calibration."""
    calibration = f"{name.split('/', 1)[0]}/calibration"
    if any(name not in run or calibration not in run for run in (before, *runs)):
        return []
    then = before[name] / before[calibration]
    return [100.0 * (run[name] / run[calibration] / then - 1.0) for run in runs]


def median_of(runs: Sequence[Numbers]) -> dict[str, float]:
    """What to record of several runs: medians of the ratios, in nanoseconds of the median calibration."""
    found: dict[str, float] = {}
    for name in runs[0]:
        calibration = f"{name.split('/', 1)[0]}/calibration"
        usual = statistics.median(run[calibration] for run in runs)
        found[name] = usual * statistics.median(run[name] / run[calibration] for run in runs)
    return found


def table(speed: Speed) -> str:
    """The comparison as people read it."""
    wide = max([len(line.name) for line in speed.lines] + [len("ns, each beside its calibration")])
    runs = max((len(line.percents) for line in speed.lines), default=0)
    heads = "".join(f"{f'run {number}':>9}" for number in range(1, runs + 1))
    rows = [f"{'ns, each beside its calibration':<{wide}}{'baseline':>11}{'now':>11}{heads}  verdict"]
    for line in speed.lines:
        percents = "".join(f"{percent:>+8.1f}%" for percent in line.percents)
        rows.append(f"{line.name:<{wide}}{line.before:>11,.3f}{line.now:>11,.3f}{percents}  {line.verdict}")
    return "\n".join(rows)


def about_here(version: str, build_id: str, rows: int, date: str) -> state.Flat:
    """What a baseline says of where it was made."""
    machine, instructions = processor()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {
        "schema": SCHEMA,
        "date": date,
        "machine": machine,
        "instructions": instructions,
        "cores": os.cpu_count() or 0,
        "load": round(load, 2),
        "version": version,
        "build_id": build_id,
        "python": platform.python_version(),
        "rows": rows,
    }
