"""The example programs: how each is built, started with one backend, and what it printed.

A backend is not only asked for but proven, in every module: the program must print the one that was asked
for, native cannot be had without the library, and a fallback runs with a library path that leads nowhere,
so that it cannot have had help.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .market import Market

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
BUILT = TARGET / "examples"
LIBRARY = TARGET / "release" / "libomega_slicer.so"
MODULES = ("SLICER", "KERNELS", "MULTI_SYMBOL")
C_FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]

# The examples: one series and questions in time; several timeframes and symbols, walked by index.
NAMES = ("backtest", "trend")
# The lines every program prints, in this order.
KEYS = ("language", "backend", "bars", "trades", "net", "net_bits", "fingerprint", "seconds")
# What all programs must agree on.
RESULT = ("bars", "trades", "net_bits", "fingerprint")


class RunError(Exception):
    """Something did not build, did not run, or was not what it claimed to be."""


@dataclass(frozen=True)
class Program:
    """One example in one language on one backend."""

    example: str
    language: str
    backend: str
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """How the program is called in tables and messages."""
        return f"{self.language} ({self.backend})"


@dataclass(frozen=True)
class Outcome:
    """What a program printed, by key."""

    program: Program
    printed: Mapping[str, str]

    @property
    def bars_per_second(self) -> float:
        """Bars in the loop alone, without starting and reading."""
        return int(self.printed["bars"]) / float(self.printed["seconds"])


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say what is being done, and when it is done how long it took."""
    print(f"{what} ... ", end="", flush=True)
    start = time.perf_counter()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.perf_counter() - start:.1f} s", flush=True)


def execute(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, talks: bool = False
) -> str:
    """What the command wrote to stdout; `RunError` if it failed. One that `talks` shows its stderr itself."""
    stderr = None if talks else subprocess.PIPE
    try:
        done = subprocess.run(  # noqa: S603 - commands of this project
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False
        )
    except OSError as error:
        raise RunError(f"{command[0]} cannot be started: {error}") from None
    if done.returncode != 0:
        why = "see above" if talks else done.stderr.strip()
        raise RunError(f"{shlex.join(command)} failed ({done.returncode}): {why}")
    return done.stdout


def build(*julia_options: str) -> dict[str, list[Program]]:
    """Build what has to be built; the programs of every example, ready to run."""
    # Examples are built with the test tools' demands on common dependencies. In the library's own folder
    # each of the two builds would undo the other.
    examples = [word for name in NAMES for word in ("--example", name)]
    for what, options in (("library", []), ("Rust examples", [*examples, "--target-dir", str(BUILT)])):
        print(f"building the {what}:", flush=True)
        execute(["cargo", "build", "--release", "--locked", *options], talks=True)
    with progress("building the C examples"):
        for name in NAMES:
            build_c(name)
    julia = (find_julia(), "--startup-file=no", "--project=julia", *julia_options)
    return {name: programs_of(name, julia) for name in NAMES}


def programs_of(example: str, julia: Sequence[str]) -> list[Program]:
    """One example in every language, on every backend the language has."""
    in_julia = (*julia, str(EXAMPLES / "julia" / f"{example}.jl"))
    in_python = (sys.executable, str(EXAMPLES / "python" / f"{example}.py"))
    return [
        Program(example, "rust", "native", (str(BUILT / "release" / "examples" / example),)),
        Program(example, "c", "native", (str(BUILT / "c" / example),)),
        Program(example, "julia", "native", in_julia),
        Program(example, "julia", "julia", in_julia),
        Program(example, "python", "native", in_python),
        Program(example, "python", "python", in_python),
    ]


def build_c(name: str) -> Path:
    """`examples/c/NAME.c`, linked to the release build of the shared library."""
    folder = BUILT / "c"
    folder.mkdir(parents=True, exist_ok=True)
    # The loader looks for the library by its soname, which only an installed one is called by.
    soname = folder / "libomega_slicer.so.0"
    soname.unlink(missing_ok=True)
    soname.symlink_to(LIBRARY)
    program = folder / name
    compiler = shlex.split(os.environ.get("CC", "cc"))
    source = EXAMPLES / "c" / f"{name}.c"
    search = [f"-I{ROOT / 'include'}", f"-L{LIBRARY.parent}", "-lomega_slicer", "-Wl,-rpath,$ORIGIN"]
    execute([*compiler, *C_FLAGS, str(source), *search, "-o", str(program)])
    return program


def find_julia() -> str:
    """$JULIA, one on PATH, or the project's own; where there is none, the script names the ways out."""
    return execute([str(ROOT / "tools" / "setup_julia.sh")], talks=True).strip()


def run(program: Program, markets: Sequence[Market], trades: Path | None = None) -> Outcome:
    """Run one program on its backend; `RunError` unless that very backend answered."""
    if program.example == "trend":  # all symbols, with both sides of each
        files = [file for market in markets for file in market.sides]
        options = ["--symbol", ",".join(market.symbol for market in markets)]
    else:
        files = markets[0].files
        options = ["--symbol", markets[0].symbol]
    options += ["--timeframe", markets[0].timeframe]
    if trades:
        options += ["--trades", str(trades)]
    text = execute([*program.command, *map(str, files), *options], environment(program.backend))
    printed = dict(line.partition(" ")[::2] for line in text.splitlines())
    if tuple(printed) != KEYS:
        raise RunError(f"{program.name} printed {', '.join(printed)} instead of {', '.join(KEYS)}")
    proven = printed["language"], printed["backend"]
    if proven != (program.language, program.backend):
        raise RunError(f"{program.name} was asked for, but {proven[0]} ({proven[1]}) answered")
    return Outcome(program, printed)


def environment(backend: str) -> dict[str, str]:
    """The environment that forces one backend on every module, whatever else is configured."""
    settings = {name: value for name, value in os.environ.items() if name != "OMEGA_CONFIG"}
    paths = [str(ROOT / "python" / "src"), os.environ.get("PYTHONPATH")]
    settings["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    native = backend == "native"
    for module in MODULES:
        settings.update(dict.fromkeys(names_of(module), "1" if native else "0"))
    settings["OMEGA_LIBRARY"] = str(LIBRARY if native else TARGET / "no-library-for-a-fallback")
    return settings


def names_of(module: str) -> tuple[str, str]:
    """The variables that choose a module's backend."""
    return f"USE_RUST_{module}", f"OMEGA_USE_RUST_{module}"


def differences(outcomes: Sequence[Outcome]) -> list[str]:
    """Who differs from the majority, and in what; empty if all agree to the bit."""
    found = []
    for key in RESULT:
        values = Counter(outcome.printed[key] for outcome in outcomes)
        usual = values.most_common(1)[0][0]
        found += [
            f"{outcome.program.name} differs in {key}: {outcome.printed[key]}, the others {usual}"
            for outcome in outcomes
            if outcome.printed[key] != usual
        ]
    return found
