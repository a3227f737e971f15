"""A bench that cannot fail proves nothing: every promise, once broken and once unmeasured, fails the run."""

from __future__ import annotations

import math
import statistics
import sys
from fractions import Fraction
from typing import Any

import pytest
import run
from kernel_table import judge, measure, page, plan
from kernel_table.contenders import Contender, MissingError
from kernel_table.oracle import KERNELS, RECURRENCES, Whole, worst

PROMISES = list(plan.promises())
JUDGED = [promise for promise in PROMISES if promise.must is not None]


def kept() -> dict[str, Any]:
    """What a run would bring in which everything is kept, with room."""
    times = {cell: [1.0, 1.0, 1.0] for cell in plan.cells()}
    times |= {cell: [8.0] * 3 for cell in times if cell[2] in page.EVERYONE}
    exact = {"plain": 0.0, "tick": 0.0, "plain defined": 0.0, "tick defined": 0.0}
    errors = {
        (k, w, who): dict(exact) for k in KERNELS for w in (20, 200) for who in (*plan.OURS, *plan.PEERS[k])
    }
    hostile = {f"{kernel}\t20\tmixed": 30.0 for kernel in plan.HOSTILE}
    about = {"date": "2026-01-01", "machine": "none", "versions": ["none 0"], "rows": 10, "rounds": 3}
    return {**about, "times": times, "errors": errors, "hostile": hostile}


def failed(result: dict[str, Any]) -> list[str]:
    """The verdicts that fail a run which measures this."""
    return [one.verdict for one in page.judgements(result) if one.failed]


def ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, result: dict[str, Any]) -> int:
    """The exit status of a run that measures this."""
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(measure, "measure", lambda *_: result)
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "kernels"])
    monkeypatch.setenv("JULIA", "julia")
    return run.main()


def label(promise: plan.Promise) -> str:
    return f"{promise.group} {promise.kernel} {promise.window}"


def test_a_run_that_keeps_everything_ends_with_0(monkeypatch: Any, tmp_path: Any, capsys: Any) -> None:
    assert ends(monkeypatch, tmp_path, kept()) == 0
    printed = capsys.readouterr().out
    assert judge.MISSED not in printed
    assert judge.NOT_MEASURED not in printed


@pytest.mark.parametrize("promise", JUDGED, ids=label)
def test_a_missed_bound_fails(promise: plan.Promise) -> None:
    result = kept()
    others = [result["times"][cell][0] for cell in promise.beside] or [1.0]
    assert promise.must is not None
    above = 1.001 * promise.must * min(others)
    result["times"][promise.ours] = [0.001, above, math.inf]  # the median decides
    assert judge.MISSED in failed(result)


@pytest.mark.parametrize("promise", PROMISES, ids=label)
def test_a_number_that_is_not_there_fails(promise: plan.Promise) -> None:
    for cell in (promise.ours, *promise.beside, *(promise.aim_beside or ())):
        result = kept()
        result["times"][cell] = []
        assert judge.judge(promise, result["times"]).verdict == judge.NOT_MEASURED
        del result["times"][cell]
        assert judge.judge(promise, result["times"]).verdict == judge.NOT_MEASURED
        assert judge.NOT_MEASURED in failed(result)


def test_a_missed_bound_and_a_missing_number_end_the_run_with_1(
    monkeypatch: Any, tmp_path: Any, capsys: Any
) -> None:
    result = kept()
    result["times"]["wilder", 200, plan.BEST] = [12.1] * 3
    assert ends(monkeypatch, tmp_path, result) == 1
    assert judge.MISSED in capsys.readouterr().out
    result = kept()
    del result["times"]["wilder", 200, "Polars"]
    assert ends(monkeypatch, tmp_path, result) == 1
    assert judge.NOT_MEASURED in capsys.readouterr().out


def test_a_ratio_that_is_no_number_keeps_no_promise() -> None:
    assert judge.verdict(math.nan, 1.0, 0.5, None) == judge.MISSED
    assert judge.verdict(math.inf, 1.0, 0.5, None) == judge.MISSED


def test_a_missed_aim_is_said_and_does_not_fail(monkeypatch: Any, tmp_path: Any, capsys: Any) -> None:
    result = kept()
    result["times"]["mean", 20, plan.BEST] = [8.0 * 1.2] * 3  # must 1.5, aim 1
    result["times"]["mean", 5000, plan.BEST] = [8.0 * 1.2] * 3
    assert ends(monkeypatch, tmp_path, result) == 0
    assert judge.AIM_MISSED in capsys.readouterr().out


def test_ratios_compare_within_a_round() -> None:
    ours, theirs, other = ("a", 1, "we"), ("a", 1, "they"), ("a", 1, "others")
    # A machine twice as slow in one round, for all: no ratio sees it. Of the others the fastest counts.
    times = {ours: [1.0, 2.0, 1.0], theirs: [2.0, 4.0, 2.0], other: [9.0, 1.0]}
    assert judge.ratios(ours, [theirs], times) == [0.5, 0.5, 0.5]
    assert judge.ratios(ours, [theirs, other], times) == [0.5, 2.0, 0.5]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_wrong_bit_or_an_unasked_contender_fails(kernel: str) -> None:
    for who in plan.OURS:
        result = kept()
        result["errors"][kernel, 200, who]["tick defined" if kernel in RECURRENCES else "tick"] = 1e-16
        assert failed(result) == [judge.MISSED]
    for who in (*plan.OURS, *plan.PEERS[kernel]):
        result = kept()
        del result["errors"][kernel, 20, who]
        assert failed(result) == [judge.NOT_MEASURED]


@pytest.mark.parametrize("ratio", [100.5, math.nan, math.inf, None])
def test_a_hostile_series_slower_than_promised_or_not_tried_fails(ratio: float | None) -> None:
    for kernel in plan.HOSTILE:
        result = kept()
        if ratio is None:
            del result["hostile"][f"{kernel}\t20\tmixed"]
        else:
            result["hostile"][f"{kernel}\t5\tworse"] = ratio
        assert failed(result) == [judge.NOT_MEASURED if ratio is None else judge.MISSED]


@pytest.mark.parametrize(
    "code", ["raise SystemExit(3)", "input()", "print('1.0', end='')", "import os; os.kill(os.getpid(), 9)"]
)
def test_a_contender_that_dies_is_an_error(code: str) -> None:
    with (
        Contender("it", [sys.executable, "-c", code], {}) as it,
        pytest.raises(MissingError, match="it ended with"),
    ):
        it.time("mean", 20, "it", 1)


@pytest.mark.parametrize("answer", ["", "ok", "nan", "inf", "0.0", "-1.0"])
def test_an_answer_that_is_no_time_is_an_error(answer: str) -> None:
    code = f"input(); print({answer!r})"
    with Contender("it", [sys.executable, "-c", code], {}) as it, pytest.raises(MissingError):
        it.time("mean", 20, "it", 1)


def test_a_part_that_cannot_be_measured_fails_the_run_and_not_the_other_part(monkeypatch: Any) -> None:
    asked = []

    def dead(*_: object) -> int:
        raise MissingError("a child died")

    def fine(*_: object) -> int:
        asked.append("fine")
        return 0

    monkeypatch.setattr(run, "PARTS", {"slicer": dead, "kernels": fine})
    monkeypatch.setattr(sys, "argv", ["run.py"])
    monkeypatch.setenv("JULIA", "julia")
    assert run.main() == 1
    assert asked == ["fine"]


def slicer_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, numbers: dict[run.Key, float]) -> int:
    """The exit status of a run of the slicer's part that measures this."""
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "c_program", lambda: tmp_path)
    monkeypatch.setattr(run, "run", lambda *_: "")
    monkeypatch.setattr(run, "rust", lambda: dict(numbers))
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "slicer", "--rounds", "1"])
    monkeypatch.setenv("JULIA", "julia")
    return run.main()


def test_the_slicers_table_fails_on_a_missing_line_and_on_a_missed_bound(
    monkeypatch: Any, tmp_path: Any
) -> None:
    numbers = {target.beside: 1e6 for target in run.TARGETS if target.beside}
    numbers |= {target.ours: 0.0 for target in run.TARGETS}
    assert slicer_ends(monkeypatch, tmp_path, numbers) == 0
    for target in run.TARGETS:
        without = {key: value for key, value in numbers.items() if key != target.ours}
        assert slicer_ends(monkeypatch, tmp_path, without) == 1, f"{target.what} not measured"
        if target.wanted != "shown":
            missed = {**numbers, target.ours: 1e9}
            assert slicer_ends(monkeypatch, tmp_path, missed) == 1, f"{target.what} missed"


def test_a_bench_of_the_slicer_that_crashes_is_an_error() -> None:
    with pytest.raises(MissingError, match="it failed with 3"):
        run.run([sys.executable, "-c", "raise SystemExit(3)"], "it")


def test_the_oracle_is_exact() -> None:
    x = [1.1, 1e9, 0.3, 0.1 + 0.2, 5e-5, 7.0]
    y = [2.5, 1.0 / 3.0, 4.0, 1e-3, 0.7, 9.0]
    whole = Whole(x, y)
    for row in range(2, 6):
        window = [Fraction(value) for value in x[row - 2 : row + 1]]
        assert whole.windowed("sum", row, 3, 1) == float(sum(window))
        assert whole.windowed("mean", row, 3, 1) == float(statistics.mean(window))
        assert whole.windowed("var", row, 3, 1) == float(statistics.variance(window))
        assert whole.windowed("var", row, 3, 0) == float(statistics.pvariance(window))
        other = [Fraction(value) for value in y[row - 2 : row + 1]]
        means = statistics.mean(window), statistics.mean(other)
        products = [(a - means[0]) * (b - means[1]) for a, b in zip(window, other, strict=True)]
        assert whole.windowed("cov", row, 3, 1) == float(sum(products) / 2)


def test_an_error_is_seen_in_the_last_bit_and_in_a_missing_number() -> None:
    assert worst([1.0, 2.0], [1.0, 2.0]) == 0.0
    assert worst([1.0, math.nextafter(2.0, 3.0)], [1.0, 2.0]) == 2.0**-52
    assert worst([1.0, math.nan], [1.0, 2.0]) == math.inf
    assert worst([1e-300], [0.0]) == math.inf


def test_saved_numbers_are_judged_the_same(tmp_path: Any) -> None:
    result = kept()
    result["errors"]["std", 20, "NumPy"]["tick"] = math.inf
    measure.save(result, tmp_path / "kernels.json")
    assert measure.load(tmp_path / "kernels.json") == result


def test_the_readme_and_its_chart_are_what_the_committed_numbers_say() -> None:
    result = measure.load(page.COMMITTED)
    readme = page.README.read_text()
    assert page.with_section(readme, result) == readme, "run: python benches/run.py --readme"
    assert page.chart(result) == page.CHART.read_text(), "run: python benches/run.py --readme"
