"""The speed gate fires where the library was slowed down, and not for noise. No baseline is no success."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import baseline
import pytest
from kernel_table.contenders import MissingError

from omega_slicer._config import MODULES
from omega_slicer._guard import speed, timing

NUMBERS = {"made/calibration": 2.0, "made/kernels/mean 20": 1.0, "made/slicer/get_lookback": 5.0}
FAULTY = Path(
    os.environ.get("OMEGA_FAULT_LIBRARY")
    or baseline.ROOT / "target" / "fault-injection" / "debug" / "libomega_slicer.so"
)


def turns(*runs: dict[str, float]) -> Callable[[int], dict[str, float]]:
    """A source that measures these, one run after another; the last one from then on."""
    left = list(runs)
    return lambda _: dict(left.pop(0) if len(left) > 1 else left[0])


def slowed(times: float, what: str = "made/kernels/mean 20") -> dict[str, float]:
    return {**NUMBERS, what: NUMBERS[what] * times}


def ends(action: str, folder: Path, *runs: dict[str, float]) -> int:
    """The exit status where that is measured."""
    return baseline.main([action, "--folder", str(folder)], {"made": turns(*runs)})


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    assert ends("record", tmp_path, NUMBERS) == 0
    return tmp_path


def test_as_fast_as_recorded_is_fine_after_one_run(recorded: Path, capsys: Any) -> None:
    assert ends("compare", recorded, NUMBERS) == 0
    assert "run 2" not in capsys.readouterr().out


def test_slower_in_three_runs_of_three_fails_and_is_named(recorded: Path, capsys: Any) -> None:
    assert ends("compare", recorded, slowed(1.12)) == 1
    said = capsys.readouterr()
    assert "slower (MEDIUM)" in said.out
    assert "made/kernels/mean 20: slower" in said.err
    assert "get_lookback:" not in said.err


@pytest.mark.parametrize("quiet", range(3))
def test_noise_in_two_runs_of_three_is_none(recorded: Path, quiet: int) -> None:
    runs: Sequence[dict[str, float]] = [NUMBERS if run == quiet else slowed(2.0) for run in range(3)]
    assert ends("compare", recorded, *runs) == 0


@pytest.mark.parametrize("loud", range(3))
def test_noise_in_one_run_of_three_is_none(recorded: Path, loud: int) -> None:
    runs = [slowed(2.0) if run == loud else NUMBERS for run in range(3)]
    assert ends("compare", recorded, *runs) == 0


def test_different_numbers_slow_in_different_runs_are_noise(recorded: Path) -> None:
    other = slowed(2.0, "made/slicer/get_lookback")
    assert ends("compare", recorded, slowed(2.0), other, slowed(2.0)) == 0


def test_a_slower_machine_is_no_regression_and_a_faster_one_hides_none(recorded: Path) -> None:
    assert ends("compare", recorded, {name: 3.0 * value for name, value in NUMBERS.items()}) == 0
    assert ends("compare", recorded, {name: 0.5 * value for name, value in slowed(1.2).items()}) == 1


@pytest.mark.parametrize(
    ("times", "trigger", "status"),
    [(1.04, "", 0), (1.07, "slightly_slower", 0), (1.099, "slightly_slower", 0), (1.101, "slower", 1),
     (1.29, "slower", 1), (1.31, "much_slower", 1)],
)  # fmt: skip
def test_how_much_slower_is_told_as_incidents_tell_it(
    recorded: Path, times: float, trigger: str, status: int
) -> None:
    found = speed.compare(speed.load(recorded), turns(slowed(times)))
    [line] = [line for line in found.lines if line.module == "kernels"]
    assert (line.trigger, found.ok) == (trigger, status == 0)
    assert ends("compare", recorded, slowed(times)) == status


def test_no_baseline_is_an_error_that_says_how_to_make_one(tmp_path: Path, capsys: Any) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        assert ends("compare", folder, NUMBERS) == 2
        said = capsys.readouterr().err
        assert "no baseline" in said
        assert "make baseline" in said


@pytest.mark.parametrize("name", [*NUMBERS])
def test_a_number_that_is_measured_or_recorded_alone_is_an_error(recorded: Path, name: str) -> None:
    less = {other: value for other, value in NUMBERS.items() if other != name}
    assert ends("compare", recorded, less) == 2
    assert ends("compare", recorded, {**NUMBERS, "made/kernels/new": 1.0}) == 2


def test_a_source_that_cannot_be_measured_is_an_error(recorded: Path) -> None:
    def dead(_: int) -> dict[str, float]:
        raise MissingError("a child died")

    for action in ("record", "compare"):
        assert baseline.main([action, "--folder", str(recorded)], {"made": dead}) == 2


@pytest.mark.parametrize(
    "change",
    [{"schema": "other/1"}, {"rows": None}, {"made/calibration": 0.0}, {"made/calibration": "fast"}, None],
)
def test_a_file_that_is_no_baseline_is_an_error(recorded: Path, change: dict[str, Any] | None) -> None:
    [path] = recorded.glob("*.json")
    values = json.loads(path.read_text())
    if change is None:
        path.write_text("{ cut")
    else:
        kept = {**values, **change}
        path.write_text(json.dumps({key: value for key, value in kept.items() if value is not None}))
    assert ends("compare", recorded, NUMBERS) == 2


def test_a_baseline_of_other_instructions_is_none(recorded: Path, monkeypatch: Any) -> None:
    name, _ = speed.processor()
    monkeypatch.setattr(speed, "processor", lambda: (name, "quantum"))
    assert ends("compare", recorded, NUMBERS) == 2


def test_of_two_baselines_this_machines_is_taken(recorded: Path, monkeypatch: Any) -> None:
    _, instructions = speed.processor()
    monkeypatch.setattr(speed, "processor", lambda: ("another", instructions))
    assert ends("compare", recorded, slowed(2.0)) == 1  # with the only one there is
    assert ends("record", recorded, slowed(2.0)) == 0
    assert len(list(recorded.glob("*.json"))) == 2
    assert ends("compare", recorded, slowed(2.0)) == 0


def test_what_is_recorded_are_medians_of_ratios(tmp_path: Path) -> None:
    # The second run on a machine twice as slow: no ratio sees it. The third is disturbed.
    runs = (NUMBERS, {name: 2 * value for name, value in NUMBERS.items()}, slowed(9.0))
    assert ends("record", tmp_path, *runs) == 0
    numbers = speed.load(tmp_path).numbers
    assert numbers["made/kernels/mean 20"] / numbers["made/calibration"] == 0.5


def slow_library(fault: Callable[[int], str]) -> Callable[[int], dict[str, float]]:
    """The real library, which tells itself to be slow in the runs that `fault` names."""
    run = [0]

    def measure(rows: int) -> dict[str, float]:
        armed = {"OMEGA_FAULT": fault(run[0])}
        run[0] += 1
        return timing.measure(str(FAULTY), MODULES, rows=rows, rounds=3, environment=armed)

    return measure


def test_a_library_slowed_down_on_purpose_fires_the_gate(tmp_path: Path, capsys: Any) -> None:
    if not FAULTY.is_file() and os.environ.get("OMEGA_ALLOW_NO_FAULTS") == "1":
        pytest.skip(f"OMEGA_ALLOW_NO_FAULTS=1 and no library at {FAULTY}")
    assert FAULTY.is_file(), "make build-faulty makes it"
    here = ["--folder", str(tmp_path)]
    well, slow = (lambda _: "none"), (lambda _: "slow")
    assert baseline.main(["record", *here, "--rows", "2000"], {"python": slow_library(well)}) == 0
    assert baseline.main(["compare", *here], {"python": slow_library(slow)}) == 1
    said = capsys.readouterr()
    assert "python/kernels/mean 20: much_slower (HIGH)" in said.err
    # A thousandfold slowdown in one run of three is noise: the gate may fire for other noise, not for that.
    once = slow_library(lambda run: "slow" if run == 0 else "none")
    found = speed.compare(speed.load(tmp_path), lambda _: once(2000))
    [mean] = [line for line in found.lines if line.name == "python/kernels/mean 20 of 100 rows, a call"]
    assert mean.percents[0] > 100.0
    assert len(mean.percents) > 1
    assert mean.percent < 100.0


def test_a_missing_julia_is_an_error_that_says_how_to_do_without(
    tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("JULIA", "/no/such/julia")
    here = ["--folder", str(tmp_path), "--rows", "2000"]
    assert baseline.main(["record", *here, "--only", "julia"]) == 2
    said = capsys.readouterr().err
    assert "no Julia: make setup-julia" in said
    assert "--only rust slicer python" in said
    assert baseline.main(["record", *here, "--only", "python"]) == 0


def test_what_is_measured_in_julia_has_the_names_of_what_is_measured_in_python() -> None:
    try:
        baseline.julia_program()
    except MissingError as error:
        if os.environ.get("OMEGA_REQUIRE_TOOLS"):
            raise
        pytest.skip(str(error))
    found = baseline.julia(2000)  # outside: what fails with Julia there is no reason to skip
    names = {name.replace("julia/", "python/") for name in found}
    assert names == set(baseline.python(2000))


def test_a_rust_bench_slowed_down_on_purpose_fires_the_gate(tmp_path: Path) -> None:
    bench = tmp_path / "bench.py"
    bench.write_text(SERVING)

    def kernels(nanoseconds: int) -> Callable[[int], dict[str, float]]:
        return baseline.Kernels([sys.executable, str(bench), str(nanoseconds)], tmp_path / "series")

    here = ["--folder", str(tmp_path / "baselines")]
    assert baseline.main(["record", *here, "--rows", "1000"], {"rust": kernels(300)}) == 0
    assert baseline.main(["compare", *here], {"rust": kernels(3000)}) == 1


SERVING = """
import sys, time
def work(kernel, rows=1000):  # a wrapped bench: everything but the calibration waits so many ns a row
    began = time.perf_counter_ns()
    until = began + rows * (300 if kernel == "calibration" else int(sys.argv[1]))
    while time.perf_counter_ns() < until:
        pass
    return (time.perf_counter_ns() - began) / rows
for line in sys.stdin:
    words = line.rstrip("\\n").split("\\t")
    print("portable" if words[0] == "isas" else min(work(words[1]) for _ in range(int(words[4]))), flush=True)
"""
