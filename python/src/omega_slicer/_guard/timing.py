"""Timing what this package makes of the library: a child process whose answers are the library's alone.

The child demands `native`, works on one core, and takes turns: calibration and every number, round by round,
so that all meet the same noise. The calibration is a scalar loop (a running sum) and a copy, both NumPy's.
Prints a JSON line for every number of a round; what they are compared with is `speed`'s business.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from omega_slicer._errors import InvalidStateError

__all__ = ["ROUNDS", "ROWS", "child", "measure", "measure_by", "of_rounds"]

ROWS: Final = 200_000
ROUNDS: Final = 7
_FASTEST_OF: Final = 3
_MINUTE: Final = 60_000_000
_CHILD: Final = (
    "import sys; sys.path[:0] = [sys.argv[1]]; "
    "from omega_slicer._guard.timing import child; child(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])"
)
# Freed memory stays in the process: page faults of new arrays are the system's business, not the library's.
_SETTINGS: Final = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "OMP_NUM_THREADS": "1",
    "USE_RUST_SLICER": "1",
    "USE_RUST_KERNELS": "1",
    "USE_RUST_MULTI_SYMBOL": "1",
}
_NOT_HANDED_ON: Final = ("OMEGA_CONFIG", "OMEGA_SHADOW", "OMEGA_SHADOW_SEED")

Progress = Callable[[int, int], None]


def measure(
    library: str,
    modules: Iterable[str],
    *,
    rows: int = ROWS,
    rounds: int = ROUNDS,
    progress: Progress | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Nanoseconds by name, of one run in a process of its own. `InvalidStateError` if that fails."""
    sources = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-W", "ignore", "-c", _CHILD, sources]
    return measure_by(
        command, library, modules, rows=rows, rounds=rounds, progress=progress, environment=environment
    )


def measure_by(
    command: Sequence[str],
    library: str,
    modules: Iterable[str],
    *,
    rows: int = ROWS,
    rounds: int = ROUNDS,
    progress: Progress | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """The same by a child of one's own, given rows, rounds and modules; it says a JSON line a number."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if "USE_RUST" not in name and name not in _NOT_HANDED_ON
    }
    found: dict[str, list[float]] = {}
    with subprocess.Popen(  # noqa: S603 - ourselves
        [*command, str(rows), str(rounds), *modules],
        env={**kept, **_SETTINGS, "OMEGA_LIBRARY": library, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        for line in running.stdout:
            done, total, name, nanoseconds = json.loads(line)
            found.setdefault(name, []).append(nanoseconds)
            if progress is not None:
                progress(done, total)
        said = running.stderr.read()
    if running.returncode:
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "no message")
        raise InvalidStateError(f"measuring ended with status {running.returncode}: {last[:500]}")
    return of_rounds(found)


def of_rounds(found: Mapping[str, list[float]]) -> dict[str, float]:
    """The median over the rounds of each number's ratio to the calibration of its round, in nanoseconds."""
    numbers: dict[str, float] = {}
    for name, times in found.items():
        beside = found[f"{name.split('/')[0]}/calibration"]
        usual = statistics.median(beside)
        numbers[name] = usual * statistics.median(a / b for a, b in zip(times, beside, strict=True))
    return numbers


def child(rows: int, rounds: int, modules: list[str]) -> None:
    """Measure, and say so line by line."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    work = {name: one for name, one in _work(rows).items() if name.split("/")[1] in ("calibration", *modules)}
    for run, _ in work.values():
        run()  # touches memory, fills caches, tests the library
    total, done = rounds * len(work), 0
    for turn in range(rounds):
        # Forth and back, so that nobody always follows the same one.
        for name in [*work] if turn % 2 == 0 else [*work][::-1]:
            run, elements = work[name]
            done += 1
            print(json.dumps([done, total, name, _fastest(run) / elements]), flush=True)


def _fastest(run: Callable[[], Any]) -> float:
    times = []
    for _ in range(_FASTEST_OF):
        began = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - began)
    return float(max(1, min(times)))


def _work(rows: int) -> dict[str, tuple[Callable[[], Any], int]]:
    """By name: what is run, and how many elements it answers."""
    import omega_slicer as om  # noqa: PLC0415 - this module is part of it
    from omega_slicer import rolling  # noqa: PLC0415

    random = np.random.default_rng(20120201)
    close = 1.1 * np.exp(np.cumsum(random.normal(0.0, 1e-4, rows)))
    stamps = np.arange(rows, dtype=np.int64) * _MINUTE
    sums, copy, few = np.empty(rows), np.empty(rows), close[:100].copy()

    def calibration() -> None:
        np.add.accumulate(close, out=sums)
        np.copyto(copy, sums)

    def series(symbol: str) -> Any:
        return om.CandleSeries.from_columns(
            stamps, close, close + 1e-4, close - 1e-4, close, symbol=symbol, timeframe="M1", price_type="bid"
        )

    one, other = series("A"), series("B")
    hours = om.resample(one, "H1")
    slicer = om.SymbolDataSlicer(one)
    times = stamps[200 :: max(1, rows // 100_000)]
    many = rows // 100  # calls that are timed together
    asked = stamps[np.linspace(200, rows - 1, many).astype(np.int64)].tolist()

    def calls() -> None:
        for _ in range(many):
            rolling.mean(few, 20)

    def lookbacks() -> None:
        for moment in asked:
            slicer.get_lookback(moment, 200)

    def kernel(call: Callable[..., Any], *numbers: int) -> tuple[Callable[[], Any], int]:
        return lambda: call(close, *numbers), rows

    return {
        "python/calibration": (calibration, rows),
        "python/kernels/mean 20": kernel(rolling.mean, 20),
        "python/kernels/std 20": kernel(rolling.std, 20),
        "python/kernels/max 200": kernel(rolling.max, 200),
        "python/kernels/ema 20": kernel(rolling.ema, 20),
        "python/kernels/mean 20 of 100 rows, a call": (calls, many),
        "python/slicer/get_lookback, a call": (lookbacks, many),
        "python/slicer/get_lookbacks": (lambda: slicer.get_lookbacks(times, 200), len(times)),
        "python/slicer/resample M1 to H1": (lambda: om.resample(one, "H1"), rows),
        "python/slicer/align M1 to H1": (lambda: om.align(one, hours), rows),
        "python/multi_symbol/moments of two": (lambda: om.MultiSymbolSlice([one, other]), rows),
    }
