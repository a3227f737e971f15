"""The guard around every kind of kernel call; what failed asked again; which files an incident is about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import MINUTE, ROOT, answer_of, command, run_python, same_bits, series_of
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
    kernel, numbers = ("cov", (20, 20, 1, 0)) if how == "columns" else ("ema", (5, 8, 13, 0))
    table, one = np.asfortranarray(X), np.ascontiguousarray(X[:, 0])
    given: Any = (table, np.asfortranarray(X[::-1])) if how == "columns" else one
    truth, out = np.empty(X.shape, order="F"), np.empty(X.shape, order="F")
    lines: Any = (lambda made: (made,)) if how == "columns" else (lambda made: made)
    getattr(PYTHON.kernels, how)(kernel, given, numbers, lines(truth))

    def wrong(*_: Any) -> None:
        out[:] = truth
        for column, row in enumerate((3_000, 9_000, 15_000)):
            out[row, column] = np.nextafter(out[row, column], np.inf)

    found = 0
    for seed in range(30):
        shadow.seed, breaker = seed, Breaker("kernels")
        compare = guard._compare_columns if how == "columns" else guard._compare_emas
        instead = getattr(PYTHON.kernels, how)
        guard._asked(breaker, wrong, instead, lambda x: x, compare)(kernel, given, numbers, lines(out))
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
y, named = x[:, 0], {"symbol": "X", "timeframe": "M1", "price_type": "bid"}
series = om.CandleSeries.from_columns(np.arange(50) * 60_000_000, y, y + 1, y - 1, y, **named)
ask = lambda: CALL
truth = ask()
_library.loaded().engine._library.omega_fault_set(ctypes.c_uint32(1))
again = ask()
truth, again = (one.close if isinstance(one, om.CandleSeries) else one for one in (truth, again))
same = isinstance(truth, bytes | None) or np.array_equal(np.asarray(truth), np.asarray(again), equal_nan=True)
print(same, om.status().modules["MODULE"].backend)
"""


@pytest.mark.parametrize(
    ("call", "asked", "values"),
    [
        ("om.rolling.mean(x, 5)", "mean", "the same 100 values"),
        ("om.rolling.ema(y, [3, 5])", "ema", "the same 100 values"),
        ("om.rolling.cov(x, x, 5)", "cov", "the same 100 values"),
        ("om.rolling.bollinger(y, 5)", "bollinger", "the same 150 values"),
        ("om.rolling.RollingMean(5).push(1.0)", "mean", "accepted"),
        ("om.read_csv('rows.csv', **named)", "read_csv", "the same 10 values"),
        ("om.read_ipc('rows.arrow')", "read_ipc", "the same 300 values"),
        ("om.resample(series, 'M5')", "resample", "the same 50 values"),
    ],
)
def test_the_very_call_that_failed_is_asked_again(
    call: str, asked: str, values: str, faulty: str, tmp_path: Path
) -> None:
    where: dict[str, Any] = {"OMEGA_LIBRARY": faulty, "OMEGA_VAR_DIR": str(tmp_path), "cwd": tmp_path}
    (tmp_path / "rows.csv").write_text("time,open,high,low,close\n2024-01-01,1,1,1,1\n2024-01-02,1,1,1,1\n")
    series_of(np.arange(50) * MINUTE).write_ipc(tmp_path / "rows.arrow")
    module = "slicer" if "named" in call or "ipc" in call or "series" in call else "kernels"
    assert (
        answer_of(run_python(FAILING.replace("CALL", call).replace("MODULE", module), **where))
        == "True python"
    )
    [record] = (tmp_path / "results").glob(f"RB-*-{module}-*.json")
    words = json.loads(record.read_text("utf-8"))["reproduce"].split()[3:]
    program = f"import sys; from omega_slicer._guard.cli import main; sys.exit(main({words}))"
    assert answer_of(run_python(program, **where)) == f"{asked}: the library and the fallback say {values}"
    done = run_python(program, **where, OMEGA_FAULT="panic")
    assert (done.returncode, "PANIC" in done.stdout) == (1, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    "call", ["om.rolling.cov(x, x[::-1], 5)", "om.rolling.atr(x + 1, x, x, 5)", "om.rolling.bollinger(x, 5)"]
)
def test_tables_of_several_series_or_lines_are_never_half_the_librarys(
    call: str, faulty: str, tmp_path: Path
) -> None:
    flipped = """
_library.loaded().engine._library.omega_fault_set(ctypes.c_uint32(2))
om.set_shadow(1.0)
again = ask()
"""
    armed = "_library.loaded().engine._library.omega_fault_set(ctypes.c_uint32(1))\nagain = ask()\n"
    program = FAILING.replace(armed, flipped).replace("CALL", call)
    where = {"OMEGA_LIBRARY": faulty, "OMEGA_VAR_DIR": str(tmp_path)}
    assert answer_of(run_python(program.replace("MODULE", "kernels"), **where)) == "True python"


@pytest.mark.parametrize("call", ["series.to_ipc()", "series.write_ipc('written.arrow')"])
def test_what_must_not_be_done_twice_keeps_no_arguments(call: str, faulty: str, tmp_path: Path) -> None:
    where: dict[str, Any] = {"OMEGA_LIBRARY": faulty, "OMEGA_VAR_DIR": str(tmp_path), "cwd": tmp_path}
    program = FAILING.replace("CALL", call).replace("MODULE", "slicer")
    assert answer_of(run_python(program, **where)).endswith(" python")  # whose bytes are another writer's
    [record] = (tmp_path / "results").glob("RB-*-slicer-*.json")
    incident = json.loads(record.read_text("utf-8"))
    assert incident["arguments_file"] == ""
    assert incident["reproduce"] == "python -m omega_slicer verify --module slicer"


def test_a_process_without_a_file_to_spare_switches_and_answers(faulty: str, tmp_path: Path) -> None:
    no_more = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\nagain = ask()"
    program = FAILING.replace("again = ask()", no_more).replace("CALL", "om.rolling.mean(y, 5)")
    program = program.replace("MODULE", "kernels") + "print(om.incidents()[-1].unrecorded)"
    said = answer_of(
        run_python(program, OMEGA_LIBRARY=faulty, OMEGA_VAR_DIR=str(tmp_path), RUST_BACKTRACE="0")
    )
    assert said.startswith("True python\n")
    assert "Too many open files" in said


@pytest.mark.filterwarnings("ignore::omega_slicer.FallbackWarning")
def test_arguments_that_cannot_be_kept_cost_no_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OMEGA_VAR_DIR", str(tmp_path))

    def odd() -> str:
        raise MemoryError

    incident = Breaker("kernels").open("panic", "said", by="the call", call="mean", arguments=odd)
    assert (incident.unrecorded, incident.arguments_file) == ("", "")
    assert incident.reproduce == "python -m omega_slicer verify --module kernels"
    assert json.loads(incident.path.read_text("utf-8"))["arguments_file"] == ""


def test_a_path_that_is_no_utf8_is_guarded_like_others(faulty: str, tmp_path: Path) -> None:
    library = tmp_path / os.fsdecode(b"odd \xff") / "libomega_slicer.so"
    library.parent.mkdir()
    library.symlink_to(faulty)
    where = {"OMEGA_LIBRARY": str(library), "OMEGA_VAR_DIR": str(library.with_name("state"))}
    program = FAILING.replace("CALL", "om.rolling.mean(y, 5)").replace("MODULE", "kernels")
    assert answer_of(run_python(program, **where)) == "True python"
    shown = command("incidents", **where)
    assert (shown.returncode, "panic" in shown.stdout) == (1, True), shown.stderr
    [incident] = json.loads(command("incidents", "--json", **where).stdout)
    assert incident["native_path"] == str(library)
    assert incident["corrupt"] == ""


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
