"""Is the library as fast as it was? `make baseline` records, `make bench-compare` compares.

A few numbers of four sources: the kernels by `benches/kernels.rs`, the slicer by `benches/slicer.rs`, and
both through the C ABI by the Python package and by the Julia one. Every source measures a calibration beside
its numbers (a scalar loop and a copy), and ratios to that are compared, so that a slower machine is no
regression.

    baseline.py record  [--folder F] [--only SOURCE ...]
    baseline.py compare [--folder F] [--only SOURCE ...]

Exit status of compare: 0 as fast as recorded; 1 slower by more than 10 % in three runs out of three; 2
something was not measured, or there is no baseline to compare with. (`make` itself ends with 2 for either.)
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
from kernel_table import measure as kernels
from kernel_table.contenders import Contender, MissingError, one_core

from omega_slicer import OmegaError, __version__, _library
from omega_slicer._config import MODULES
from omega_slicer._guard import speed, timing
from omega_slicer._guard.terminal import Bar

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benches" / "baselines"
ROUNDS = 7
SET_UP_JULIA = ROOT / ".julia" / "bin" / "julia"
SOURCES = ("rust", "slicer", "python", "julia")
KERNELS = (("mean", 20), ("std", 20), ("max", 200), ("ema", 20), ("atr", 20))
QUESTIONS = (("sequential", "get_lookback"), ("random", "get_lookback"), ("batch", "get_lookbacks"))
HOW_TO = "make one with `make baseline`, on a machine that is doing nothing else"
Measure = Callable[[int], dict[str, float]]
"""One run over series of so many rows."""


@contextlib.contextmanager
def one_core_alone() -> Iterator[None]:
    """What is started in here stays on one core."""
    cores = os.sched_getaffinity(0)
    one_core()
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


class Kernels:
    """`benches/kernels.rs`, serving: the kernels as Rust calls them, in the widest instructions there are."""

    def __init__(self, program: list[str], folder: Path) -> None:
        self._program, self._folder = program, folder

    def __call__(self, rows: int) -> dict[str, float]:
        """One run in a process of its own: rounds of turns, calibration first."""
        plain = {name: values[:rows] for name, values in kernels.market()["plain"].items()}
        kernels.write(self._folder, {"plain": plain, "tick": plain}, np.zeros(1, np.int64))
        found: dict[str, list[float]] = {}
        with (
            one_core_alone(),
            Contender("benches/kernels.rs", [*self._program, "--serve", str(self._folder)]) as rust,
        ):
            isa = rust.ask("isas").split("\t")[-1]
            for turn in range(ROUNDS + 1):
                cells = (("calibration", 1), *KERNELS)
                for kernel, window in cells if turn % 2 == 0 else cells[::-1]:
                    name = "calibration" if kernel == "calibration" else f"kernels/{kernel} {window}"
                    taken = rust.time(kernel, window, isa, 3)
                    if turn:  # the first round warms up
                        found.setdefault(f"rust/{name}", []).append(taken)
        return timing.of_rounds(found)


class Questions:
    """`benches/slicer.rs`, by Criterion: the slicer as Rust calls it."""

    def __init__(self, program: list[str]) -> None:
        self._program = program

    def __call__(self, _: int) -> dict[str, float]:
        """One run; Criterion's medians. Its series has a length of its own."""
        wanted = "|".join(f"^{group}/{question}$" for group, question in QUESTIONS)
        short = [
            "--warm-up-time",
            "0.3",
            "--measurement-time",
            "0.7",
            "--sample-size",
            "20",
            "--nresamples",
            "1001",
        ]
        with tempfile.TemporaryDirectory() as home:
            command = [*self._program, "--bench", "--noplot", *short, f"^calibration/|{wanted}"]
            environment = {**os.environ, "CRITERION_HOME": home}
            with one_core_alone():
                done = subprocess.run(  # noqa: S603 - our own bench
                    command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
                )
            if done.returncode:
                raise MissingError(f"benches/slicer.rs failed with {done.returncode}:\n{done.stderr[-2000:]}")
            found = {f"slicer/{name}": ns for name, ns in _medians(Path(home))}
        missing = {f"slicer/slicer/{question}, {group}" for group, question in QUESTIONS} - set(found)
        if missing or "slicer/calibration" not in found:
            raise MissingError(
                f"benches/slicer.rs did not measure {', '.join(sorted(missing)) or 'its calibration'}"
            )
        return found


def _medians(home: Path) -> Iterator[tuple[str, float]]:
    for estimates in sorted(home.glob("*/*/new/estimates.json")):
        about = json.loads(estimates.with_name("benchmark.json").read_text())
        median = json.loads(estimates.read_text())["median"]["point_estimate"]
        group, question = about["group_id"], about["function_id"]
        name = "calibration" if group == "calibration" else f"slicer/{question}, {group}"
        yield name, median / about["throughput"]["Elements"]


def python(rows: int) -> dict[str, float]:
    """What the Python package makes of the library, through the C ABI."""
    return timing.measure(_library.load("slicer", retry=True).path, MODULES, rows=rows)


def julia_program() -> str:
    """As `tools/setup_julia.sh` would take it, where it is there."""
    named = os.environ.get("JULIA")
    program = shutil.which(named) if named else shutil.which("julia") or shutil.which(SET_UP_JULIA)
    if program is None:
        others = " ".join(name for name in SOURCES if name != "julia")
        raise MissingError(f"no Julia: make setup-julia, name one in JULIA, or do without: --only {others}")
    return program


def julia(rows: int) -> dict[str, float]:
    """What the Julia package makes of it: `julia/src/guard/timing.jl`, as `verify(bench=true)` asks there."""
    code = "using OmegaJulia; OmegaJulia.timing_child(ARGS)"
    plain = ("--startup-file=no", "--history-file=no", f"--project={ROOT / 'julia'}")
    command = [julia_program(), *plain, "-e", code, "--"]
    return timing.measure_by(command, _library.load("slicer", retry=True).path, MODULES, rows=rows)


@contextlib.contextmanager
def sources() -> Iterator[Mapping[str, Measure]]:
    """All there are, their programs built when they are first asked."""
    program = functools.cache(kernels.rust_program)
    with tempfile.TemporaryDirectory(prefix="omega-baseline-") as folder:

        def rust(rows: int) -> dict[str, float]:
            return Kernels([program("kernels")], Path(folder))(rows)

        def questions(rows: int) -> dict[str, float]:
            return Questions([program("slicer")])(rows)

        yield dict(zip(SOURCES, (rust, questions, python, julia), strict=True))


def measured(which: Mapping[str, Measure], rows: int, run: int, bar: Bar) -> dict[str, float]:
    """One run of every source."""
    found: dict[str, float] = {}
    for number, (name, measure) in enumerate(which.items()):
        bar(run * len(which) + number, speed.RUNS * len(which))
        mine = measure(rows)
        if not {f"{name}/calibration"} < set(mine):
            raise MissingError(f"{name} measured nothing beside a calibration")
        found |= mine
    return found


def record(which: Mapping[str, Measure], folder: Path, rows: int) -> int:
    """Three runs, and their medians in the file of this machine."""
    bar = Bar("measured", after=0.0)
    runs = [measured(which, rows, run, bar) for run in range(speed.RUNS)]
    bar.end()
    engine = _library.load("slicer", retry=True)
    about = speed.about_here(__version__, engine.build_id, rows, date.today().isoformat())
    if "julia" in which:
        said = subprocess.check_output([julia_program(), "--version"], text=True)  # noqa: S603 - the user's own
        about = {**about, "julia": said.split()[-1]}
    path = folder / speed.file_name(*speed.processor())
    speed.save(path, about, speed.median_of(runs))
    busy = f"; the machine was busy (load {about['load']})" if float(str(about["load"])) > 1.5 else ""
    print(f"recorded {path}: {len(runs[0]) - len(which)} numbers{busy}")
    return 0


def compare(which: Mapping[str, Measure], folder: Path) -> int:
    """Up to three runs beside the baseline, a table, and a verdict."""
    baseline = speed.load(folder)
    rows, bar = int(str(baseline.about["rows"])), Bar("measured", after=0.0)

    def measure(run: int) -> dict[str, float]:
        return measured(which, rows, run, bar)

    found = speed.compare(baseline, measure, lambda name: name.split("/")[0] in which)
    bar.end()
    print(f"baseline {found.baseline}\n{speed.table(found)}")
    slower = sum(line.slower for line in found.lines)
    for problem in found.failures:
        print(f"bench-compare: {problem}", file=sys.stderr)
    if found.problems:
        print(f"bench-compare: the baseline does not fit what is measured; {HOW_TO}", file=sys.stderr)
    print(f"{len(found.lines) - slower} of {len(found.lines)} as fast as recorded, {slower} slower")
    return 1 if slower else 2 if found.problems else 0


def main(arguments: list[str], given: Mapping[str, Measure] | None = None) -> int:
    """Record or compare; `given` are other sources than the real ones."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=("record", "compare"))
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the baselines are")
    parser.add_argument(
        "--only", nargs="+", metavar="SOURCE", help=f"{', '.join(SOURCES)}; all of them otherwise"
    )
    parser.add_argument("--rows", type=int, default=timing.ROWS, help="of the series that are recorded")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        known = stack.enter_context(sources()) if given is None else given
        unknown = set(options.only or ()) - set(known)
        if unknown:
            parser.error(f"no source {', '.join(sorted(unknown))}; known: {', '.join(known)}")
        which = {name: known[name] for name in options.only or known}
        try:
            if options.action == "record":
                return record(which, options.folder, options.rows)
            return compare(which, options.folder)
        except (OmegaError, MissingError) as error:
            what = f"{error}; {HOW_TO}" if str(error).startswith("no baseline") else f"{error}"
            print(f"{options.action}: {what}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
