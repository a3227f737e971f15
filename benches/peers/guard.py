"""What the guard costs in Python: per call, at the import, in shadow mode, and to verify an installation.

Measures and prints, as slicer.py beside it: `python <tab> question <tab> who <tab> number`. The same call is
timed with the guard (`auto`) and without (`native`), round by round; what is printed is the difference of the
minima. With PYTHONPATH=python/src:

    python benches/peers/guard.py [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path

import numpy as np
from slicer import market

import omega_slicer as om

ROOT = Path(__file__).resolve().parents[2]
CALLS = 200
"""Timed together: short enough that some are never interrupted."""


def say(question: str, number: float) -> None:
    """One line of what `make bench` reads."""
    print(f"python\t{question}\tguard\t{number:.3f}", flush=True)


def per_call(rounds: int) -> None:
    """Nanoseconds that a guarded call takes more than the same call without."""
    x, minute = np.arange(100.0), 60_000_000
    series = {}
    for backend in ("auto", "native"):
        ones = np.ones(1000)
        series[backend] = om.CandleSeries.from_columns(
            np.arange(1000) * minute, ones, ones, ones, ones,
            symbol="", timeframe="M1", price_type="bid", backend=backend,
        )  # fmt: skip
    slicers = {backend: om.SymbolDataSlicer(one) for backend, one in series.items()}
    streams = {backend: om.rolling.RollingMean(20, backend=backend) for backend in series}
    times = np.arange(20, 40) * minute

    def calls(backend: str) -> dict[str, Callable[[], object]]:
        return {
            "a kernel's call": lambda: om.rolling.mean(x, 20),
            "a batch of lookbacks": lambda: slicers[backend].get_lookbacks(times, 5),
            "a push to a stream": lambda: streams[backend].push(1.5),
        }

    best: dict[tuple[str, str], float] = {}
    for _ in range(10 * rounds):
        for backend in ("auto", "native"):
            om.set_backend("kernels", backend)
            for name, call in calls(backend).items():
                taken = timeit.timeit(call, number=CALLS) / CALLS * 1e9
                best[name, backend] = min(best.get((name, backend), taken), taken)
    om.set_backend("kernels", None)
    for name in calls("auto"):
        say(f"guard, {name}", best[name, "auto"] - best[name, "native"])


def child(code: str, *arguments: str, **environment: str) -> float:
    """Seconds that a child process says it took."""
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": ""},  # as installed: compiled once
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def imported(rounds: int) -> None:
    """Milliseconds from NumPy being there to the first native answer, the self-test having passed before."""
    code = (
        "import numpy, time; began = time.perf_counter()\n"
        "import omega_slicer as om; om.rolling.mean([1.0, 2.0], 2, backend='auto')\n"
        "assert om.status().modules['kernels'].backend == 'native'\n"
        "print((time.perf_counter() - began) * 1e3)"
    )
    child(code)  # the self-test in its own process, once for each build
    say("guard, import and first answer, ms", min(child(code) for _ in range(rounds)))


def shadowed(rounds: int, folder: Path) -> None:
    """Per cent that the example backtests take longer with one row in a hundred worked out again."""
    columns = market(60_000)
    path = folder / "candles.csv"
    names = ("timestamp", "open", "high", "low", "close")
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    path.write_text("\n".join([",".join(names), *(",".join(map(repr, row)) for row in rows)]) + "\n")
    for example in ("backtest", "trend"):
        taken: dict[str, list[float]] = {"0": [], "0.01": []}
        for _ in range(rounds):
            for fraction, seconds in taken.items():
                program = str(ROOT / "examples" / "python" / f"{example}.py")
                done = subprocess.run(  # noqa: S603 - ourselves
                    [sys.executable, program, str(path), str(path), "--timeframe", "M1"],
                    env={**os.environ, "OMEGA_SHADOW": fraction},
                    capture_output=True,
                    text=True,
                    check=True,
                )
                seconds.append(float(done.stdout.split("seconds ")[1].split()[0]))
        say(f"guard, shadow mode in {example}, percent", 100.0 * (min(taken["0.01"]) / min(taken["0"]) - 1.0))


def main() -> None:
    """All of it, with a state folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OMEGA_VAR_DIR"] = folder
        began = time.perf_counter()
        assert om.verify().ok
        say("guard, cold verify, s", time.perf_counter() - began)
        per_call(rounds)
        imported(max(5, rounds // 3))
        shadowed(max(3, rounds // 4), Path(folder))


if __name__ == "__main__":
    main()
