"""Forks and threads: a fork finds every lock free; shadow mode accuses nobody in a crowd."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import pytest

from helpers import answer_of, run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing forks here")

WHILE_IT_LOADS = """
import os, signal, threading, time, warnings
warnings.simplefilter("ignore")
import omega_slicer as om
from omega_slicer._guard import selftest
really, started = selftest.try_in_child, threading.Event()
def slowly(path):
    started.set()
    time.sleep(0.5)
    return really(path)
selftest.try_in_child = slowly
thread = threading.Thread(target=lambda: om.rolling.mean([1.0], 1))
thread.start()
started.wait()
child = os.fork()
if child == 0:
    signal.alarm(60)
    right = om.rolling.mean([1.0, 3.0], 2)[1] == 2.0
    os._exit(0 if right and om.status().modules["kernels"].backend == "native" else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
thread.join()
"""


def test_a_fork_while_another_thread_loads_the_library_can_use_it(native: None, tmp_path: Path) -> None:
    assert answer_of(run_python(WHILE_IT_LOADS, OMEGA_VAR_DIR=str(tmp_path))) == "0"


IN_THE_FORK = """
import ctypes, json, multiprocessing, os, warnings
import numpy as np
warnings.simplefilter("ignore")
import omega_slicer as om
from omega_slicer import _library
from omega_slicer._guard.breaker import BREAKERS
x = np.cumsum(np.random.default_rng(1).normal(size=500)) + 50
truth = om.rolling.mean(x, 20)
mean = om.rolling.RollingMean(3)
pushed = [mean.push(value) for value in x[:10].tolist()]
def work(fault):
    _library.loaded().engine._library.omega_fault_set(ctypes.c_uint32(fault))
    right = np.array_equal(om.rolling.mean(x, 20), truth, equal_nan=True)
    right = right and mean.push(1.0) == om.rolling.mean([x[8], x[9], 1.0], 3, backend="python")[2]
    incident = BREAKERS["kernels"].incident
    return right, incident.rollback_id if incident else ""
with multiprocessing.get_context("fork").Pool(4) as pool:
    said = pool.map(work, [1, 1, 1, 1], chunksize=1)
print(all(right for right, _ in said), len({name for _, name in said if name}) >= 1)
print(om.rolling.mean(x, 20)[30] == truth[30], om.status().modules["kernels"].backend)
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="nothing forks here")
def test_a_fork_trips_its_own_breaker_and_loses_no_answer(faulty: str, tmp_path: Path) -> None:
    done = run_python(IN_THE_FORK, OMEGA_LIBRARY=faulty, OMEGA_VAR_DIR=str(tmp_path))
    assert answer_of(done).split("\n") == ["True True", "True native"]
    assert list((tmp_path / "results").glob("RB-*-kernels-*.json"))


IN_THREADS = """
import threading
import numpy as np
import omega_slicer as om
om.set_shadow(0.2, seed=3)
x = np.cumsum(np.random.default_rng(1).normal(size=5000)) + 50
table = np.asfortranarray(np.column_stack([x, x[::-1]]))
stamps = np.arange(5000) * 60_000_000
named = {"symbol": "X", "timeframe": "M1", "price_type": "bid"}
series = om.CandleSeries.from_columns(stamps, x, x + 1, x - 1, x, **named)
slicer = om.SymbolDataSlicer(series)
asks = [
    lambda: om.rolling.mean(x, 20), lambda: om.rolling.ema(x, [5, 8]), lambda: om.rolling.std(table, 9),
    lambda: om.rolling.bollinger(x, 20).upper, lambda: slicer.get_lookbacks(stamps[50::7], 9),
]
truth = [ask() for ask in asks]
wrong = []
def work():
    stream, other = om.rolling.RollingStd(5), om.rolling.RollingStd(5, backend="python")
    for _ in range(20):
        wrong.extend(1 for ask, right in zip(asks, truth) if not np.array_equal(ask(), right, equal_nan=True))
        for value in x[:20].tolist():
            a, b = stream.push(value), other.push(value)
            wrong.extend([1] if not (a == b or a != a and b != b) else [])
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
status = om.status()
backends = [module.backend for module in status.modules.values()]
print(len(wrong), status.shadow.differences, status.shadow.rows > 0, backends)
"""


def test_eight_threads_under_shadow_get_right_answers_and_no_incident(native: None, tmp_path: Path) -> None:
    said = answer_of(run_python(IN_THREADS, OMEGA_VAR_DIR=str(tmp_path)))
    assert said == "0 0 True ['native', 'native', 'native']"
    assert not list((tmp_path / "results").glob("RB-*"))
