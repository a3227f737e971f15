"""The child process of a drill: works as a strategy would, with a fault on the way, and says what it saw.

Every answer is compared with the fallback's; user errors are made on purpose, for they must not count. Prints
one JSON object and ends with status 0 whatever it found: the drill judges.
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np

import omega_slicer as om
from omega_slicer import _library
from omega_slicer._guard.breaker import BREAKERS

__all__ = ["main"]

_MINUTE: Final = 60_000_000


class _Work:
    """Objects made before the fault, asked again and again: series, slicer, kernels, streams."""

    def __init__(self, rows: int) -> None:
        random = np.random.default_rng(7)
        self.close = 1.1 + np.cumsum(random.normal(0.0, 1e-4, rows))
        self.stamps = np.arange(rows) * _MINUTE
        self.times = self.stamps[50::40]
        self.series = {backend: self._series(backend) for backend in ("auto", "python")}
        self.streams = {
            backend: om.rolling.RollingMean(20, backend=backend) for backend in ("auto", "python")
        }
        self.chains = {
            backend: om.rolling.StreamingEma(20, backend=backend) for backend in ("auto", "python")
        }

    def _series(self, backend: str) -> om.CandleSeries:
        high, low = self.close + 1e-4, self.close - 1e-4
        return om.CandleSeries.from_columns(
            self.stamps, self.close, high, low, self.close,
            symbol="DRILL", timeframe="M1", price_type="bid", backend=backend,
        )  # fmt: skip

    def slicer(self) -> int:
        """Wrong answers of one round of the slicer."""
        slicers = [om.SymbolDataSlicer(series) for series in self.series.values()]
        table = [slicer.get_lookbacks(self.times, 20) for slicer in slicers]
        rows = [slicer.get_candles_asof(self.times) for slicer in slicers]
        hours = [om.resample(series, "H1") for series in self.series.values()]
        aligned = [om.align(series, hour) for series, hour in zip(self.series.values(), hours, strict=True)]
        pairs: list[Any] = [table, rows, aligned, [hour.close for hour in hours]]
        return sum(not np.array_equal(*pair) for pair in pairs)

    def kernels(self) -> int:
        """Wrong answers of one round of the kernels and streams."""
        wrong = 0
        for kernel in (om.rolling.mean, om.rolling.std, om.rolling.max):
            wrong += not _same(*(kernel(self.close, 20, backend=b) for b in ("auto", "python")))
        wrong += not _same(*(om.rolling.ema(self.close, 20, backend=b) for b in ("auto", "python")))
        for twins in (self.streams, self.chains):
            for x in self.close[:25].tolist():
                ours, theirs = (twin.push(x) for twin in twins.values())
                wrong += not _same(np.array([ours]), np.array([theirs]))
        return wrong

    def multi_symbol(self) -> int:
        """Wrong answers of one moment's making."""
        made = [om.MultiSymbolSlice([series], backend=b) for b, series in self.series.items()]
        left, right = (one.timeline for one in made)
        return int(not np.array_equal(left, right))

    def user_errors(self) -> int:
        """Errors that are the caller's, and how many were not what they should be."""
        slicer = om.SymbolDataSlicer(self.series["auto"])
        wrong = 0
        for ask, code in (
            (lambda: slicer.get_lookbacks(np.array([0]), 20), 2008),
            (lambda: om.rolling.mean(self.close, 0), 1001),
            (lambda: slicer.get_lookback(0, 0), 1001),
        ):
            try:
                ask()
                wrong += 1
            except om.OmegaError as error:
                wrong += error.code != code
        return wrong


def _same(left: Any, right: Any) -> bool:
    return bool(((left == right) | (np.isnan(left) & np.isnan(right))).all())


def main(module: str, fault: int, rounds: int, rows: int = 2000, threads: int = 1) -> None:
    """Rounds of work of one module until its incident is open, then a few more."""
    warnings.simplefilter("ignore")
    work = _Work(rows)
    ask = getattr(work, module)
    wrong = ask() + sum(work.user_errors() for _ in range(20))
    before = BREAKERS[module].incident
    began = time.perf_counter()
    if fault:
        found = _library.loaded()
        assert found is not None, "the fault cannot be armed: the library is not loaded"
        found.engine._library.omega_fault_set(ctypes.c_uint32(fault))
    took, done = 0.0, 0
    if threads > 1:
        counted: list[int] = []
        several = [
            threading.Thread(target=lambda: counted.append(_Work(rows).kernels())) for _ in range(threads)
        ]
        for one in several:
            one.start()
        for one in several:
            one.join()
        wrong += sum(counted) + abs(len(counted) - threads)
    while done < rounds and BREAKERS[module].incident is None:
        wrong += ask()
        done += 1
    incident = BREAKERS[module].incident
    if incident is not None and before is None:
        took = time.perf_counter() - began
    wrong += ask() + work.user_errors()
    status = om.status().modules[module]
    print(
        json.dumps(
            {
                "wrong": wrong,
                "rounds": done,
                "detected_seconds": took,
                "incident": "" if incident is None else incident.rollback_id,
                "trigger": "" if incident is None else incident.trigger,
                "unrecorded": "" if incident is None else incident.unrecorded,
                "switch_seconds": 0.0 if incident is None else incident.duration_seconds,
                "detected_by": "" if incident is None else incident.detected_by,
                "backend": status.backend,
                "reason": status.reason,
                "native_calls": sum(counts["native"] for counts in status.counts.values()),
                "mapped": "libomega_slicer" in Path("/proc/self/maps").read_text("utf-8")
                if Path("/proc/self/maps").exists()
                else None,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
