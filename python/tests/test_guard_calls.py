"""The guard around every kind of kernel call; what failed asked again; which files an incident is about."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import ROOT, answer_of, run_python, same_bits
from omega_slicer._fallback import PYTHON
from omega_slicer._guard import engine as guard
from omega_slicer._guard.breaker import Breaker
from omega_slicer._guard.shadow import SHADOW, Shadow
from omega_slicer._guard.stream import guarded_push

X = 1.1 + np.cumsum(np.random.default_rng(8).normal(0, 1e-4, (20_000, 3)), axis=0)


@pytest.fixture
def shadow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.setenv("OMEGA_VAR_DIR", str(tmp_path))
    SHADOW.fraction = 0.1
    yield SHADOW
    SHADOW.fraction, SHADOW.seed = 0.0, 0


@pytest.mark.filterwarnings("ignore::omega_slicer.FallbackWarning")
@pytest.mark.parametrize("how", ["columns", "emas"])
def test_a_wrong_row_puts_the_fallbacks_whole_table_in_place(how: str, shadow: Any) -> None:
    kernel, numbers = ("mean", (20, 20, 0)) if how == "columns" else ("ema", (5, 8, 13, 0))
    given = np.asfortranarray(X) if how == "columns" else np.ascontiguousarray(X[:, 0])
    truth = np.empty(X.shape, order="F")
    getattr(PYTHON.kernels, how)(kernel, given, numbers, truth)

    def wrong(_kernel: str, _given: Any, _numbers: Any, out: Any) -> None:
        out[:] = truth
        for column, row in enumerate((3_000, 9_000, 15_000)):
            out[row, column] = np.nextafter(out[row, column], np.inf)

    found = 0
    for seed in range(30):
        shadow.seed, breaker = seed, Breaker("kernels")
        compare = guard._compare_columns if how == "columns" else guard._compare_emas
        instead = getattr(PYTHON.kernels, how)
        out = np.empty(X.shape, order="F")
        guard._asked(breaker, wrong, instead, f"{how} ", compare)(kernel, given, numbers, out)
        found += breaker.is_open
        assert same_bits(out, truth) == breaker.is_open
    assert 3 <= found <= 20  # each of three rows with probability 0.1


def test_short_calls_are_chosen_with_the_fractions_probability_and_one_by_one() -> None:
    one = Shadow()
    for seed, fraction in ((0, 0.01), (1, 0.01), (7, 0.2), (2**70, 0.5)):
        one.seed, one.fraction = seed, fraction
        chosen = np.array([one.chooses("kernels", number) for number in range(50_000)])
        pairs = chosen[1:] & chosen[:-1]
        for found, expected in ((chosen, fraction), (pairs, fraction**2)):
            assert abs(found.mean() - expected) < 6 * np.sqrt(expected / len(found))
        again = [one.chooses("kernels", number) for number in range(50_000)]
        assert again == chosen.tolist() != [one.chooses("slicer", number) for number in range(50_000)]


@pytest.mark.filterwarnings("ignore::omega_slicer.FallbackWarning")
def test_a_wrong_push_is_found_with_the_fractions_probability(shadow: Any) -> None:
    found, numbers = 0, (3, 3, 0)
    for seed in range(400):
        shadow.seed, breaker = seed, Breaker("kernels")
        mean = PYTHON.kernels.stream("mean", numbers)
        push = guarded_push(lambda x, mean=mean: (np.nextafter(*mean(x), 9.0),), "mean", numbers, breaker)
        answers = [push(x) for x in (1.0, 2.0, 3.0)]
        assert (answers[2] == (2.0,)) == breaker.is_open
        found += breaker.is_open
    assert 10 <= found <= 80  # 400 draws of probability 0.1


FAILING = """
import ctypes, warnings
import numpy as np
import omega_slicer as om
from omega_slicer import _library
warnings.simplefilter("ignore")
x = np.cumsum(np.random.default_rng(3).normal(size=(50, 2)), axis=0) + 50
ask = lambda: CALL
truth = ask()
_library.loaded().engine._library.omega_fault_set(ctypes.c_uint32(1))
again = ask()
same = np.array_equal(np.asarray(truth), np.asarray(again), equal_nan=True)
print(same, om.status().modules["kernels"].backend)
"""


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("om.rolling.mean(x, 5)", "columns mean: the library and the fallback say the same 100 values"),
        ("om.rolling.ema(x[:, 0], [3, 5])", "emas ema: the library and the fallback say the same 100 values"),
        ("om.rolling.cov(x, x, 5)", "cov: the library and the fallback say the same 50 values"),
        (
            "om.rolling.bollinger(x[:, 1], 5)",
            "bollinger: the library and the fallback say the same 150 values",
        ),
        ("om.rolling.RollingMean(5).push(1.0)", "stream mean: the library and the fallback say made"),
    ],
)
def test_the_very_call_that_failed_is_asked_again(call: str, said: str, faulty: str, tmp_path: Path) -> None:
    where = {"OMEGA_LIBRARY": faulty, "OMEGA_VAR_DIR": str(tmp_path)}
    assert answer_of(run_python(FAILING.replace("CALL", call), **where)) == "True python"
    [record] = (tmp_path / "results").glob("RB-*-kernels-*.json")
    incident = json.loads(record.read_text("utf-8"))
    words = incident["reproduce"].split()[3:]
    program = f"import sys; from omega_slicer._guard.cli import main; sys.exit(main({words}))"
    assert answer_of(run_python(program, **where)) == said
    done = run_python(program, **where, OMEGA_FAULT="panic")
    assert (done.returncode, "PANIC" in done.stdout) == (1, True), done.stdout + done.stderr


ASKING = """
import warnings
import omega_slicer as om
warnings.simplefilter("ignore")
om.rolling.mean([1.0], 1)
print(om.status().modules["kernels"].backend)
"""


def test_an_incident_holds_back_the_same_file_with_and_without_its_manifest(
    native: None, tmp_path: Path
) -> None:
    from omega_slicer import _library

    original = Path(_library.load("slicer", retry=False).path)
    library, manifest = tmp_path / original.name, tmp_path / f"{original.name}.manifest"
    library.write_bytes(original.read_bytes())
    where = {"OMEGA_LIBRARY": str(library), "OMEGA_VAR_DIR": str(tmp_path / "state")}
    tool = [sys.executable, str(ROOT / "tools" / "write_manifest.py"), str(library)]

    def backend() -> str:
        return answer_of(run_python(ASKING, **where))

    for first, then in ((True, False), (False, True)):
        for is_described in (first, then):
            manifest.unlink(missing_ok=True)
            if is_described:
                subprocess.run(tool, check=True)
            if is_described == first:
                assert backend() == "native"
                answer_of(run_python("import omega_slicer as om; om.rollback('kernels')", **where))
            assert backend() == "python", is_described
        code = (
            "import omega_slicer as om; om.reenable('kernels'); print(om.status().modules['kernels'].backend)"
        )
        assert answer_of(run_python(code, **where)) == "native"
