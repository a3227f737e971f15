"""Has every contender take its turns, and compares their digits with the oracle's.

The outcome is one plain structure, raw times of every round included, so that every verdict can be had from
it again: out/kernels.json, and for the README benches/results/kernels.json.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .contenders import ROOT, Contender, MissingError, one_core
from .oracle import KERNELS, RECURRENCES, Whole, recurrence, worst
from .plan import CALLS, ISAS, ONE_ROW, OURS, PEERS, Cell, cells

ROWS = 1_000_000
ROUNDS = 7
TICK = 100_000
"""The row of the wild tick. Recurrences, which forget, are compared on the first 2 * TICK rows alone."""
SAMPLE = 3000
WINDOWS = (20, 200)
TARGET_DIR = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
Floats = npt.NDArray[np.float64]


def say(text: str) -> None:
    """Progress."""
    print(f"  {text}", file=sys.stderr, flush=True)


def market(rows: int = ROWS) -> dict[str, dict[str, Floats]]:
    """A walk near 1.1 in steps of a basis point, its bars, a second series; and all with one wild tick."""
    random = np.random.default_rng(20120201)
    close = 1.1 * np.exp(np.cumsum(random.normal(0, 1e-4, rows)))
    plain = {
        "x": close,
        "y": 40_000 * np.exp(np.cumsum(random.normal(0, 1e-4, rows))),
        "high": close * (1 + 1e-4 * random.random(rows)),
        "low": close * (1 - 1e-4 * random.random(rows)),
    }
    tick = {name: values.copy() for name, values in plain.items()}
    for name in ("x", "high", "low"):
        tick[name][TICK] = 1e9
    return {"plain": plain, "tick": tick}


def sampled() -> npt.NDArray[np.int64]:
    """Rows to compare: spread over all, a fifth where recurrences are compared, and all around the tick."""
    random = np.random.default_rng(3)
    first = 50 * max(WINDOWS)  # by then a recurrence has forgotten how it was seeded, which differs
    spread = random.integers(first, ROWS, SAMPLE)
    early = random.integers(first, 2 * TICK, SAMPLE // 5)
    around = np.arange(TICK - 5, TICK + 2 * max(WINDOWS) + 50)
    rows: npt.NDArray[np.int64] = np.unique(np.concatenate([spread, early, around]))
    return rows


def write(folder: Path, series: Mapping[str, Mapping[str, Floats]], rows: npt.NDArray[np.int64]) -> None:
    """The series where the contenders look for them."""
    for name, columns in series.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for column, values in columns.items():
            values.tofile(folder / name / f"{column}.f64")
    rows.tofile(folder / "rows.i64")


def output(command: Sequence[str], what: str) -> str:
    """Of a command that must succeed."""
    say(f"{what} ...")
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - our own
    if done.returncode:
        raise MissingError(f"{what} failed with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def rust_program(bench: str) -> str:
    """A Rust bench, built."""
    command = ["cargo", "bench", "--locked", "--no-run", "--message-format=json", "--bench", bench]
    for line in output(command, f"building benches/{bench}.rs").splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == bench:
            return str(message["executable"])
    raise MissingError(f"cargo built no program of benches/{bench}.rs")


def c_program() -> str:
    """The C contender, built against the release library."""
    program, library = TARGET_DIR / "c-kernels", TARGET_DIR / "release"
    flags = ["-O2", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    where = ["-Iinclude", f"-L{library}", f"-Wl,-rpath,{library}"]
    source = ["benches/c/kernels.c", "-o", str(program), "-lomega_slicer"]
    output([os.environ.get("CC", "cc"), *flags, *where, *source], "building benches/c/kernels.c")
    return str(program)


class Field:
    """All contenders, each known by the name it has in the table."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path, rust: str, c: str, julia: str) -> None:
        # What a call of the Python package costs must not be a fallback's cost.
        python = {"PYTHONPATH": str(ROOT / "python" / "src"), "USE_RUST_KERNELS": "1"}
        at = str(folder)
        start = {
            "Rust": ([rust, "--serve", at], {}),
            "C": ([c, at], {}),
            "Julia": ([julia, "--project=julia", "benches/julia/kernels.jl", "--serve", at], {}),
            "Python": ([sys.executable, "benches/peers/kernels.py", at], python),
        }
        self.processes = {
            name: stack.enter_context(Contender(name, command, settings))
            for name, (command, settings) in start.items()
        }

    def find(self, who: str) -> tuple[Contender, str]:
        """The process of a contender, and what it calls it."""
        language, _, variant = who.partition(" ")
        if who == "memcpy":
            return self.processes["Rust"], "portable"
        if who == "C":
            return self.processes["C"], "c"
        if language in self.processes:
            return self.processes[language], variant
        return self.processes["Python"], who

    def able(self) -> set[str]:
        """Who can run here: an instruction set that this machine lacks stays unmeasured, and that is said."""
        lacking = set(ISAS) - set(self.processes["Rust"].ask("isas").split("\t"))
        everyone = {*OURS, "memcpy", *(who for others in PEERS.values() for who in others)}
        return everyone - {f"Rust {isa}" for isa in lacking}

    def time(self, cell: Cell, repeats: int) -> float:
        """One turn."""
        kernel, window, who = cell
        process, name = self.find(who)
        return process.time("copy" if who == "memcpy" else kernel, window, name, repeats)

    def answer(self, series: str, cell: Cell, file: Path) -> Floats:
        """The sampled rows of an answer."""
        kernel, window, who = cell
        process, name = self.find(who)
        said = process.ask("answer", series, kernel, window, name, file)
        if said != "ok":
            raise MissingError(f"{who} says {said!r} of {kernel} {window}")
        return np.fromfile(file)


def turns(field: Field, wanted: Sequence[Cell], rounds: int) -> dict[Cell, list[float]]:
    """Round by round, everyone's fastest of three; who takes long has one run, and fewer rounds."""
    times: dict[Cell, list[float]] = {cell: [] for cell in wanted}
    begin = time.monotonic()
    cost, short = {}, (*CALLS, *ONE_ROW)
    for cell in wanted:
        field.time(cell, 1)  # compiles, touches, fills caches
        cost[cell] = field.time(cell, 1) * (200 if cell[0] in short else ROWS) / 1e6
    say(f"warmed up in {time.monotonic() - begin:.0f} s")
    for turn in range(rounds):
        # Forth and back, so that nobody always follows the same one.
        for cell in wanted if turn % 2 == 0 else wanted[::-1]:
            milliseconds = cost[cell]
            if turn < (rounds if milliseconds < 60 else max(3, rounds // 2) if milliseconds < 300 else 2):
                repeats = 15 if cell[0] in short else 3 if milliseconds < 30 else 1
                times[cell].append(field.time(cell, repeats))
        say(f"round {turn + 1} of {rounds} done after {time.monotonic() - begin:.0f} s")
    return times


def digits(
    field: Field, series: Mapping[str, Mapping[str, Floats]], rows: npt.NDArray[np.int64], folder: Path
) -> dict[Cell, dict[str, float]]:
    """Everyone's worst relative error on both series; of our recurrences also against their definition."""
    errors: dict[Cell, dict[str, float]] = {}
    able = field.able()
    file = folder / "answer.f64"
    early = rows < 2 * TICK
    for name, columns in series.items():
        say(f"digits, series '{name}' ...")
        whole = Whole(columns["x"].tolist(), columns["y"].tolist())
        bars = [columns[column][: 2 * TICK].tolist() for column in ("high", "low", "x")]
        for kernel in KERNELS:
            chosen = rows[early] if kernel in RECURRENCES else rows
            for w in WINDOWS:
                if kernel in RECURRENCES:
                    exact = recurrence(kernel, bars, w, Decimal)
                    right = {1: [float(exact[row]) for row in chosen]}
                    definition = recurrence(kernel, bars, w, float)
                    defined = [definition[row] for row in chosen]
                else:
                    right = {
                        ddof: [whole.windowed(kernel, row, w, ddof) for row in chosen.tolist()]
                        for ddof in ((0, 1) if kernel in ("var", "std") else (1,))
                    }
                for who in (*OURS, *PEERS[kernel]):
                    if who not in able:
                        continue
                    cell = (kernel, w, who)
                    answer = field.answer(name, cell, file)
                    if kernel in RECURRENCES:
                        answer = answer[early]
                    if who == "TA-Lib" and kernel.startswith("arg"):
                        answer = chosen - answer  # it tells rows, not how far back
                    given = answer.tolist()
                    found = errors.setdefault(cell, {})
                    found[name] = worst(given, right.get(0, right[1]) if who == "TA-Lib" else right[1])
                    if kernel in RECURRENCES and who in OURS:
                        found[f"{name} defined"] = worst(given, defined)
    return errors


def hostile(program: str) -> dict[str, float]:
    """How many times slower than its fast path a kernel is on each series made to hurt."""
    found = {}
    for line in output([program, "--bench"], "hostile series").splitlines():
        match line.split("\t"):
            case ["hostile", kernel, window, family, _, ratio]:
                found[f"{kernel}\t{window}\t{family}"] = float(ratio)
            case _:
                pass
    return found


def machine() -> str:
    """The processor this ran on."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return os.uname().machine


def measure(julia: str, rounds: int = ROUNDS) -> dict[str, Any]:
    """Everything."""
    folder = ROOT / "out" / "kernels"
    # Of other programs: with these, slow calls are interrupted and look slower than they are.
    load = os.getloadavg()[0]
    series, rows = market(), sampled()
    write(folder, series, rows)
    rust, c = rust_program("kernels"), c_program()
    # Without that bench its lines stay unmeasured, which the table says.
    harmful = rust_program("hostile") if (ROOT / "benches" / "hostile.rs").exists() else None
    all_cores = os.sched_getaffinity(0)
    one_core()
    try:
        harm = hostile(harmful) if harmful else {}
        with contextlib.ExitStack() as stack:
            field = Field(stack, folder, rust, c, julia)
            versions = [
                *field.processes["Python"].ask("versions").split("\t"),
                field.processes["Julia"].ask("versions"),
                output(["rustc", "--version"], "versions").strip(),
            ]
            able = field.able()
            times = turns(field, [cell for cell in cells() if cell[2] in able], rounds)
            errors = digits(field, series, rows, folder)
    finally:
        os.sched_setaffinity(0, all_cores)
        shutil.rmtree(folder)
    return {
        "date": date.today().isoformat(),
        "machine": machine(),
        "versions": versions,
        "load": load,
        "rows": ROWS,
        "rounds": rounds,
        "times": times,
        "errors": errors,
        "hostile": harm,
    }


def _nested(flat: Mapping[Cell, Any]) -> dict[str, dict[str, Any]]:
    nested: dict[str, dict[str, Any]] = {}
    for (kernel, window, who), value in flat.items():
        nested.setdefault(f"{kernel} {window}", {})[who] = value
    return nested


def _flat(nested: Mapping[str, Mapping[str, Any]]) -> dict[Cell, Any]:
    flat: dict[Cell, Any] = {}
    for name, values in nested.items():
        kernel, window = name.split(" ")
        flat |= {(kernel, int(window), who): value for who, value in values.items()}
    return flat


def save(result: Mapping[str, Any], path: Path) -> None:
    """As JSON, a line for each contender; times to four digits, infinite errors as null."""
    plain = dict(result)
    plain["times"] = _nested(
        {cell: [float(f"{value:.4g}") for value in values] for cell, values in result["times"].items()}
    )
    plain["errors"] = _nested(
        {
            cell: {
                name: float(f"{error:.3g}") if math.isfinite(error) else None for name, error in found.items()
            }
            for cell, found in result["errors"].items()
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for key, value in plain.items():
        if key in ("times", "errors"):
            inner = ",\n".join(
                f"    {json.dumps(name)}: {{\n"
                + ",\n".join(f"      {json.dumps(who)}: {json.dumps(what)}" for who, what in whos.items())
                + "\n    }"
                for name, whos in value.items()
            )
            parts.append(f"  {json.dumps(key)}: {{\n{inner}\n  }}")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def load(path: Path) -> dict[str, Any]:
    """What was saved."""
    result: dict[str, Any] = json.loads(path.read_text())
    result["times"] = _flat(result["times"])
    result["errors"] = {
        cell: {name: math.inf if error is None else error for name, error in found.items()}
        for cell, found in _flat(result["errors"]).items()
    }
    return result
