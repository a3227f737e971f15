"""Every speed this project claims, measured in one run beside what a user would pick instead: `make bench`.

Runs the benches of the four languages in turn, several rounds, so that all meet the same noise; takes
medians; prints tables that say what was wanted and whether it was met, writes them to out/, and exits 1 if
anything was missed or could not be measured. A missing number is an error, never a pass. The slicer's table
is made here, that of the lookback kernels in `kernel_table/`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kernel_table import measure as kernel_measure
from kernel_table import page as kernel_page
from kernel_table.contenders import MissingError
from kernel_table.judge import table as kernel_judgements

ROOT = Path(__file__).resolve().parent.parent
TARGET_DIR = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
Key = tuple[str, str, str]
"""Language, what is measured, who does it."""
Numbers = Mapping[Key, float]


def run(command: list[str], what: str, environment: Mapping[str, str] | None = None) -> str:
    """The standard output of a command that must succeed."""
    print(f"  {what} ...", file=sys.stderr, flush=True)
    done = subprocess.run(  # noqa: S603 - our own benches
        command,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise MissingError(
            f"{what} failed with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )
    return done.stdout


def rust() -> dict[Key, float]:
    """Nanoseconds per element, the medians Criterion wrote."""
    benches = [part for name in ("slicer", "alignment", "arrow") for part in ("--bench", name)]
    command = ["cargo", "bench", "--locked", *benches, "--", "--noplot"]
    short = ["--warm-up-time", "0.5", "--measurement-time", "1", "--sample-size", "20"]
    # Yesterday's numbers must not pass for today's where a bench did not run.
    shutil.rmtree(TARGET_DIR / "criterion", ignore_errors=True)
    # What a bench prints itself is memory, not time.
    found = lines(run(command + short, "Rust (Criterion)"))
    for estimates in sorted((TARGET_DIR / "criterion").glob("*/*/new/estimates.json")):
        about = json.loads(estimates.with_name("benchmark.json").read_text())
        median = json.loads(estimates.read_text())["median"]["point_estimate"]
        found["rust", about["group_id"], about["function_id"]] = median / about["throughput"]["Elements"]
    return found


def lines(output: str) -> dict[Key, float]:
    """What the other benches print: `language<TAB>what<TAB>[who<TAB>]nanoseconds[<TAB>bytes]`."""
    found: dict[Key, float] = {}
    for line in output.splitlines():
        match line.split("\t"):
            case ["c", name, nanoseconds]:
                group, _, function = name.partition("/")
                found["c", group, function] = float(nanoseconds)
            case ["rust", group, name, value]:
                found["rust", group, name] = float(value)
            case ["julia", name, who, nanoseconds, held]:
                found["julia", name, who] = float(nanoseconds)
                found["julia bytes", name, who] = float(held)
            case ["python", name, who, nanoseconds]:
                found["python", name, who] = float(nanoseconds)
            case _:
                pass
    return found


def c_program() -> Path:
    """The C bench, compiled against the release build."""
    program = TARGET_DIR / "c-bench"
    library = TARGET_DIR / "release"
    compiler = os.environ.get("CC", "cc")
    flags = ["-O2", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    where = ["-Iinclude", f"-L{library}", f"-Wl,-rpath,{library}"]
    source = ["benches/c/slicer.c", "-o", str(program), "-lomega_slicer"]
    run([compiler, *flags, *where, *source], "building the C bench")
    return program


@dataclass(frozen=True)
class Target:
    """One number that was promised."""

    what: str
    ours: Key
    beside: Key | None
    wanted: str
    met: Callable[[float, float], bool]


def at_most(limit: float) -> Callable[[float, float], bool]:
    """Met by an absolute time."""
    return lambda ours, _: ours <= limit


def above_by(limit: float) -> Callable[[float, float], bool]:
    """Met by costing at most so much more than the other."""
    return lambda ours, other: ours - other <= limit


def faster(times: float) -> Callable[[float, float], bool]:
    """Met by being so many times faster than the other."""
    return lambda ours, other: other >= times * ours


def python(question: str, who: str, times: float, *, ours: str = "omega_native") -> Target:
    """A target of the Python package against a peer."""
    wanted = f"{times:g}x faster" if times > 1 else "not slower" if times else "shown"
    what = f"Python {question} against {who}"
    return Target(what, ("python", question, ours), ("python", question, who), wanted, faster(times))


# The system maps a large file in pages of 2 MiB: the stamps' own, one of which may reach out at each end.
STAMPS_PAGES = 8 + 2 * 2**21 / 10_000_000
SEQUENTIAL, RANDOM, BATCH = "sequential", "random", "batch"
TARGETS = [
    Target(
        "Rust get_lookback, ascending",
        ("rust", SEQUENTIAL, "get_lookback"),
        ("rust", SEQUENTIAL, "partition_point"),
        "<= 5 ns",
        at_most(5),
    ),
    Target(
        "Rust get_lookback, random",
        ("rust", RANDOM, "get_lookback"),
        ("rust", RANDOM, "partition_point"),
        "3x faster",
        faster(3),
    ),
    Target(
        "C get_lookback, ascending",
        ("c", SEQUENTIAL, "get_lookback"),
        ("rust", SEQUENTIAL, "get_lookback"),
        "<= 5 ns more",
        above_by(5),
    ),
    *(
        Target(
            f"Julia get_lookback, ascending, {backend}",
            ("julia", "get_lookback_sequential", backend),
            ("julia", "searchsortedlast_sequential", "base"),
            "<= 25 ns",
            at_most(25),
        )
        for backend in ("native", "julia")
    ),
    *(
        Target(
            f"Julia get_lookback, {backend}: bytes allocated",
            ("julia bytes", "get_lookback_sequential", backend),
            None,
            "0",
            at_most(0),
        )
        for backend in ("native", "julia")
    ),
    *(
        Target(f"Rust memory: {name}", ("rust", "memory", name), None, wanted, at_most(limit))
        for name, wanted, limit in (
            ("copied, bytes per row", "<= 48.07", 48.07),
            ("borrowed, bytes per row", "<= 0.07", 0.07),
            ("allocations of a lookback", "0", 0),
        )
    ),
    Target(
        "C allocations of a lookback", ("c", "memory", "allocations of a lookback"), None, "0", at_most(0)
    ),
    python("get_lookback_200_ascending", "pandas_loc_tail", 15),
    python("get_lookback_200_ascending", "pandas_searchsorted_iloc", 3),
    python("get_lookback_200_ascending", "pandas_loc_tail_close", 15, ours="omega_native_close"),
    python("get_lookback_200_random", "pandas_loc_tail", 15),
    python("get_lookback_200_ascending", "numpy_searchsorted_close", 0, ours="omega_native_close"),
    python("get_lookback_200_random", "numpy_searchsorted_close", 0, ours="omega_native_close"),
    python("get_slice_1000", "numpy_searchsorted_close", 0, ours="omega_native_close"),
    python("get_slice_1000", "pandas_loc", 8),
    python("get_slice_1000", "pandas_searchsorted_iloc", 3),
    python("get_candle_at_ascending", "pandas_loc", 8),
    python("get_candle_at_ascending", "pandas_searchsorted_iloc", 3),
    python("get_lookbacks_100000_ascending", "bisect_loop", 20),
    python("get_lookbacks_100000_ascending", "numpy_searchsorted", 3),
    python("read_csv", "pandas_read_csv", 1),
    Target(
        "Rust align M1 to H1, per bar",
        ("rust", "align", "M1_to_H1"),
        ("rust", "align", "merge"),
        "<= 1 ns",
        at_most(1),
    ),
    python("align", "pandas_merge_asof", 5),
    python("align", "polars_join_asof", 2),
    python("resample", "pandas_resample", 5),
    python("resample", "polars_group_by_dynamic", 1),
    python("walk", "plain_python", 1, ours="omega_lists"),
    python("walk", "plain_python", 8),
    *(
        Target(
            f"Julia walk, {backend}: {what}", (language, "walk_step", backend), None, wanted, at_most(limit)
        )
        for backend in ("native", "julia")
        for language, what, wanted, limit in (
            ("julia", "per bar and timeframe", "<= 40 ns", 40),
            ("julia bytes", "bytes allocated", "0", 0),
        )
    ),
    *(
        Target(
            f"Rust read_ipc, 10,000,000 rows, {name}",
            ("rust", "read_ipc", name),
            ("python", f"read_ipc_{name}", "pyarrow"),
            f"<= {limit} ms",
            at_most(limit * 1e6),
        )
        for name, limit in (("mmap_order", 20), ("mmap_none", 1), ("mmap_full", 60))
    ),
    *(
        Target(
            f"Rust memory: mapped, check {check}, bytes per row",
            ("rust", "memory", f"mapped with check {check}, bytes per row"),
            None,
            wanted,
            at_most(limit),
        )
        for check, wanted, limit in (("order", "the stamps' pages", STAMPS_PAGES), ("none", "<= 0.05", 0.05))
    ),
    *(
        Target(
            f"Python from_arrow, 10,000,000 rows of {who}",
            ("python", f"from_arrow_{who}", "omega_native"),
            None,
            "<= 40 ms",
            at_most(40e6),
        )
        for who in ("pyarrow", "polars")
    ),
    Target("C 200-row lookback to Arrow", ("c", "arrow", "lookback_200"), None, "<= 2 us", at_most(2000)),
    Target(
        "Python 200-row lookback to Arrow",
        ("python", "lookback_200_to_arrow", "omega_native"),
        ("python", "lookback_200_to_arrow", "pyarrow_slice"),
        "<= 10 us",
        at_most(10_000),
    ),
    python("read_ipc_copy", "pyarrow", 0),
    python("read_ipc_copy", "polars", 0),
    python("read_ipc_mmap_order", "polars", 0),
    *(
        Target(f"Python guard: {name}", ("python", f"guard, {name}", "guard"), None, wanted, at_most(limit))
        for name, wanted, limit in (
            ("a kernel's call", "<= 250 ns", 250),
            ("a batch of lookbacks", "<= 250 ns", 250),
            ("a push to a stream", "<= 250 ns", 250),
            ("import and first answer, ms", "<= 60 ms", 60),
            ("cold verify, s", "<= 30 s", 30),
            ("shadow mode in backtest, percent", "<= 5", 5),
            ("shadow mode in trend, percent", "<= 5", 5),
        )
    ),
    *(
        Target(
            f"Julia guard: shadow mode in {name}, percent",
            ("julia", f"guard, shadow mode in {name}, percent", "guard"),
            None,
            "<= 5",
            at_most(5),
        )
        for name in ("backtest", "trend")
    ),
    *(
        Target(f"Julia guard: {name}", ("julia", f"guard, {name}", "guard"), None, wanted, met)
        for name, wanted, met in (
            ("the check at every load, ms", "<= 60 ms", at_most(60)),
            ("get_lookback", "<= 5 ns", at_most(5)),
            ("get_candle_asof", "<= 5 ns", at_most(5)),
            ("a push to a stream, mean", "<= 5 ns", at_most(5)),
            ("a push to a stream, ema", "<= 5 ns", at_most(5)),
            ("a push to a stream, rsi", "<= 5 ns", at_most(5)),
            ("a batch of lookbacks", "<= 5 ns", at_most(5)),
            ("a kernel's call", "<= 5 ns", at_most(5)),
            ("using OmegaJulia, ms", "shown", at_most(float("inf"))),
        )
    ),
    Target(
        "Rust memory: a walk above its series, percent",
        ("rust", "memory", "a walk, percent of its series"),
        None,
        "<= 10",
        at_most(10),
    ),
]


def row(target: Target, numbers: Numbers) -> tuple[list[str], bool]:
    """One line of the table, and whether its target is met."""
    for key in filter(None, (target.ours, target.beside)):
        if key not in numbers:
            raise MissingError(f"no bench printed {' / '.join(key)}, which '{target.what}' needs")
    ours = numbers[target.ours]
    other = numbers[target.beside] if target.beside else float("nan")
    met = target.met(ours, other)
    beside = [f"{other:,.1f}", f"{other / ours:.1f}x"] if target.beside and ours else ["", ""]
    verdict = "" if target.wanted == "shown" else "yes" if met else "NO"
    return [target.what, f"{ours:,.1f}", *beside, target.wanted, verdict], met


def table(rows: list[list[str]]) -> str:
    """A Markdown table that reads well as plain text."""
    header = ["what", "ours", "beside", "ratio", "wanted", "met"]
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    justify = [str.ljust, str.rjust, str.rjust, str.rjust, str.ljust, str.ljust]
    cells = [
        [just(cell, width) for just, cell, width in zip(justify, line, widths, strict=True)]
        for line in [header, *rows]
    ]
    rule = [
        "-" * width if just is str.ljust else "-" * (width - 1) + ":"
        for just, width in zip(justify, widths, strict=True)
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [cells[0], rule, *cells[1:]])


def machine() -> str:
    """What this ran on."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def slicer(julia: str, rounds: int) -> int:
    """Measure the slicer, print, judge."""
    numbers: dict[Key, list[float]] = defaultdict(list)
    program = c_program()
    for turn in range(1, rounds + 1):
        print(f"round {turn} of {rounds}", file=sys.stderr)
        measured = rust()
        measured |= lines(run([str(program)], "C"))
        memory = ["cargo", "test", "--locked", "--test", "memory", "--", "--nocapture"]
        measured |= lines(run(memory, "memory per row"))
        measured |= lines(run([julia, "--project=julia", "benches/julia/slicer.jl"], "Julia"))
        shadow = [julia, "--project=julia", "benches/julia/guard_shadow.jl"]
        measured |= lines(run(shadow, "shadow mode in Julia"))
        measured |= lines(run([julia, "--project=julia", "benches/julia/guard.jl"], "the guard in Julia"))
        path = {"PYTHONPATH": str(ROOT / "python" / "src")}
        measured |= lines(run([sys.executable, "benches/peers/slicer.py"], "Python and its peers", path))
        aligned = [sys.executable, "benches/peers/alignment.py"]
        measured |= lines(run(aligned, "several timeframes in Python and its peers", path))
        arrow = [sys.executable, "benches/peers/arrow.py"]
        measured |= lines(run(arrow, "Arrow in Python and its peers", path))
        measured |= lines(run([sys.executable, "benches/peers/guard.py"], "the guard in Python", path))
        for key, value in measured.items():
            numbers[key].append(value)
    medians = {key: statistics.median(values) for key, values in numbers.items()}
    judged = [row(target, medians) for target in TARGETS]
    text = table([cells for cells, _ in judged])
    missed = sum(not met for _, met in judged)
    closing = (
        f"{date.today()}, {machine()}; nanoseconds per call unless said otherwise, "
        f"medians of {rounds} round(s), 1,000,000 one-minute candles."
    )
    print(f"{text}\n\n{closing}")
    (ROOT / "out").mkdir(exist_ok=True)
    (ROOT / "out" / "bench.md").write_text(f"{text}\n\n{closing}\n")
    print(f"slicer: {len(judged) - missed} met, {missed} missed", file=sys.stderr)
    return 1 if missed else 0


def kernels(julia: str, rounds: int) -> int:
    """Measure the kernels, print, judge."""
    path = ROOT / "out" / "kernels.json"
    kernel_measure.save(kernel_measure.measure(julia, rounds), path)
    result = kernel_measure.load(path)
    judged = kernel_page.judgements(result)
    text = "\n\n".join(
        (
            kernel_page.overview(result),
            kernel_judgements(judged),
            kernel_page.caption(result),
            kernel_page.NOTES,
        )
    )
    print(text)
    path.with_suffix(".md").write_text(f"{text}\n")
    failed = sum(one.failed for one in judged)
    print(f"kernels: {len(judged) - failed} met, {failed} missed or not measured", file=sys.stderr)
    return 1 if failed else 0


PARTS: dict[str, Callable[[str, int], int]] = {"slicer": slicer, "kernels": kernels}
ROUNDS = {"slicer": 3, "kernels": kernel_measure.ROUNDS}


def main() -> int:
    """Each part that is asked for, whatever becomes of the other."""
    parser = argparse.ArgumentParser(description="Measures every speed this project claims.")
    parser.add_argument("--only", choices=PARTS, help="one part; both otherwise")
    parser.add_argument("--rounds", type=int, help="how often each bench runs; medians are shown")
    parser.add_argument(
        "--readme", action="store_true", help="write the README's kernels from the last run's numbers"
    )
    options = parser.parse_args()
    if options.readme:
        kernel_page.publish(ROOT / "out" / "kernels.json")
        return 0
    status = 0
    for name in [options.only] if options.only else PARTS:
        try:
            julia = os.environ.get("JULIA")
            julia = julia or run([str(ROOT / "tools" / "setup_julia.sh")], "finding Julia").strip()
            status |= PARTS[name](julia, options.rounds or ROUNDS[name])
        except MissingError as missing:
            print(f"bench: {missing}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
