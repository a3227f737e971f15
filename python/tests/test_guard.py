"""The guard: the library fails on purpose, and every answer is right all the same.

`make drill` puts in every fault; here are those that no change may break, and the laws that need no fault.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest

import omega_slicer as om
from helpers import MINUTE, ROOT, answer_of, child, command, run_python, series_of
from omega_slicer._fallback import PYTHON
from omega_slicer._guard import drill as drills
from omega_slicer._guard import incidents as records
from omega_slicer._guard import known, schema
from omega_slicer._guard.breaker import MOST, WINDOW, Breaker
from omega_slicer._guard.manifest import Damaged, checked
from omega_slicer._guard.reproduce import reproduced
from omega_slicer._guard.shadow import SHADOW, Shadow, batch_answer, kernel_answer
from omega_slicer._guard.text import arguments_of, arguments_text

QUICK = (
    "library absent",
    "hash not in the manifest",
    "self-test crashes",
    "panic in an export (kernels)",
    "status 4000 once",
    "wrong bit in 1 % of rows",
    "disk full",
    "incident file corrupted",
)


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("OMEGA_VAR_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def breaker() -> Breaker:
    one = Breaker("kernels")
    one.subject = records.Subject("0123456789abcdef")
    return one


@pytest.mark.parametrize("name", QUICK)
def test_no_answer_is_lost_and_the_record_is_valid(name: str, faulty: str) -> None:
    [drilled] = drills.drill(name)
    assert drilled.problems == ()
    assert drilled.answers_lost == 0


def test_every_copy_of_the_guards_tables_is_the_generators() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "vectors" / "guard" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_fallback_knows_the_known_answers() -> None:
    asked = known.cases()
    assert len(asked) > 90
    assert list(known.wrong_answers(PYTHON, asked)) == []


def test_a_wrong_known_answer_is_told_from_a_right_one() -> None:
    first = known.cases()[0]
    for value in (first.value.replace("3ff", "3fe", 1), first.value[:-1] + "0"):
        [wrong] = known.wrong_answers(PYTHON, [first._replace(value=value)])
        assert (wrong.module, wrong.call) == (first.module, first.call)


def test_ten_different_functions_are_asked_at_every_load() -> None:
    assert len({case.call for case in known.cases()[: known.AT_LOAD]}) == 10


def test_a_record_is_what_its_schema_says(breaker: Breaker, state: Path) -> None:
    with pytest.warns(om.FallbackWarning):
        breaker.open("panic", "said", code=5005, call="mean", by="the call", arguments=lambda: "x")
    [path] = (state / "results").glob("RB-*.json")
    record = json.loads(path.read_text("utf-8"))
    rules = json.loads((ROOT / "docs" / "incident.schema.json").read_text("utf-8"))
    jsonschema.validate(record, rules)
    assert schema.problems(record) == []
    for name, value in (
        ("severity", "BAD"), ("data_loss", True), ("duration_seconds", -1.0), ("error_code", "5005"),
        ("started_at", "yesterday"), ("module", "all"), ("detected_by", ""), ("more", 1),
    ):  # fmt: skip
        broken = {**record, name: value}
        assert schema.problems(broken), name
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, rules)
    del record["trigger"]
    assert schema.problems(record) == ["trigger is missing"]


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema": "omega-incident/1"}',
        "build_id",
        "severity",
        "closed_at",
        "more",
        "[" * 100_000,
        "\x00",
        "\xff",
    ],
)
def test_a_damaged_record_holds_its_module_back(breaker: Breaker, state: Path, damage: str) -> None:
    incident = breaker.open("by_hand", "said", by="rollback", quietly=True)
    record = json.loads(incident.path.read_text("utf-8"))
    text = json.dumps({**record, damage: 5}) if damage.isidentifier() else damage
    incident.path.write_bytes(text.encode("latin-1"))
    [found] = records.open_for("kernels", breaker.subject)
    assert found.corrupt
    assert (found.state, found.severity, found.rollback_id) == ("open", "CRITICAL", incident.rollback_id)
    assert records.open_for("slicer", breaker.subject) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"size": 1e999}', b'{"size": "x"}', b'{"size": 3, "sha256": ""}'],
)
def test_a_manifest_that_cannot_be_read_is_damage(content: bytes, tmp_path: Path) -> None:
    library = tmp_path / "libomega_slicer.so"
    library.write_bytes(b"abc")
    library.with_name(f"{library.name}.manifest").write_bytes(content)
    with pytest.raises(Damaged):
        checked(library)


def test_more_than_ten_failures_in_ten_thousand_calls_are_one_too_many(breaker: Breaker, state: Path) -> None:
    error = om.InternalError("inside")
    for number in range(1, 10 * WINDOW, WINDOW // MOST):  # ten in any ten thousand
        breaker.failed(error, "mean", number, lambda: "")
    assert not breaker.is_open
    with pytest.warns(om.FallbackWarning):
        breaker.failed(error, "mean", 10 * WINDOW, lambda: "")
    assert breaker.incident is not None
    assert (breaker.incident.trigger, breaker.incident.severity) == ("error_rate", "HIGH")


def test_an_incident_is_one_however_many_threads_race_for_it(breaker: Breaker, state: Path) -> None:
    start = threading.Barrier(8)
    found: list[str] = []

    def race() -> None:
        start.wait()
        found.append(breaker.open("panic", "said", by="the call", quietly=True).rollback_id)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(list((state / "results").glob("RB-*.json"))) == 1


def test_eight_threads_get_right_answers_while_the_breaker_trips(faulty: str, tmp_path: Path) -> None:
    done = run_python(
        "from omega_slicer._guard import drilled; drilled.main('kernels', 1, 20, 2000, 8)",
        OMEGA_LIBRARY=faulty,
        OMEGA_VAR_DIR=str(tmp_path),
    )
    said = json.loads(answer_of(done).split("\n")[-1])
    assert (said["wrong"], said["trigger"], said["backend"]) == (0, "panic", "python")
    assert len(list((tmp_path / "results").glob("RB-*-kernels-*.json"))) == 1


def test_a_stream_goes_on_from_the_same_row(faulty: str, tmp_path: Path) -> None:
    code = """
import ctypes, warnings
import numpy as np
import omega_slicer as om
from omega_slicer import _library
warnings.simplefilter("ignore")
x = np.cumsum(np.random.default_rng(3).normal(size=400)) + 50
makers = [getattr(om.rolling, name) for name in dir(om.rolling) if name.startswith(("Rolling", "Streaming"))]
def make(maker, backend):
    for arguments in ((20,), (3, 9, 4), ()):
        try:
            return maker(*arguments, backend=backend)
        except TypeError:
            pass
def push(stream, i):
    row = (x[i],)
    for more in ((), (x[i - 1],), (x[i] - 1, x[i] - 0.5)):
        try:
            return stream.push(*row, *more)
        except TypeError:
            pass
pairs = [(make(maker, "auto"), make(maker, "python")) for maker in makers]
same = lambda a, b: np.array_equal(np.array(a), np.array(b), equal_nan=True)
wrong = sum(not same(push(a, i), push(b, i)) for i in range(1, 200) for a, b in pairs)
_library.loaded().engine._library.omega_fault_set(ctypes.c_uint32(1))
wrong += sum(not same(push(a, i), push(b, i)) for i in range(200, 400) for a, b in pairs)
print(len(pairs), wrong, om.status().modules["kernels"].backend)
"""
    pairs, wrong, backend = answer_of(
        run_python(code, OMEGA_LIBRARY=faulty, OMEGA_VAR_DIR=str(tmp_path))
    ).split()
    assert (int(pairs) > 20, wrong, backend) == (True, "0", "python")


def shadow_finds(kernel: str, numbers: tuple[Any, ...], wrong: list[int], seed: int, fraction: float) -> bool:
    """Whether shadow mode sees rows whose last bit was flipped."""
    x = 1.1 + np.cumsum(np.random.default_rng(5).normal(0, 1e-4, 20_000))
    line = np.empty(len(x))
    PYTHON.kernels.run(kernel, (x,), numbers, (line,))
    truth = line.copy()
    line[wrong] = np.nextafter(line[wrong], np.inf)
    one = Breaker("kernels")
    SHADOW.fraction, SHADOW.seed = fraction, seed
    try:
        kernel_answer(one, kernel, (x,), numbers, (line,), 1)
    finally:
        SHADOW.fraction, SHADOW.seed = 0.0, 0
    if one.is_open:
        assert np.array_equal(line, truth, equal_nan=True), "the fallback's answer must be the one returned"
    return one.is_open


@pytest.mark.filterwarnings("ignore::omega_slicer.FallbackWarning")
@pytest.mark.parametrize(
    ("kernel", "numbers"), [("mean", (20, 20, 0)), ("max", (300, 300, 0)), ("ema", (5, 0))]
)
def test_a_wrong_row_is_found_with_the_fractions_probability(
    kernel: str, numbers: tuple[Any, ...], state: Path
) -> None:
    rows = np.random.default_rng(11).integers(1000, 20_000, 300).tolist()
    found = sum(shadow_finds(kernel, numbers, [row], seed, 0.2) for seed, row in enumerate(rows))
    # 300 draws of probability 0.2: outside 60 +- 35 once in a million runs; the seeds are fixed.
    assert 25 <= found <= 95


def test_shadow_mode_never_accuses_the_right(state: Path) -> None:
    for kernel, numbers in (("mean", (20, 20, 0)), ("ema", (50, 0)), ("wilder", (30, 0)), ("rsi", (14, 0))):
        assert not any(shadow_finds(kernel, numbers, [], seed, 0.5) for seed in range(10))


@pytest.mark.filterwarnings("ignore::omega_slicer.FallbackWarning")
def test_a_fallback_that_cannot_accuses_nobody(breaker: Breaker, state: Path) -> None:
    def compared(error: om.OmegaError) -> Any:
        def refuses() -> None:
            raise error

        om.set_shadow(1.0)
        try:
            return batch_answer(breaker, "read_ipc", (), 7, 1, SimpleNamespace(read_ipc=refuses))
        finally:
            om.set_shadow(0.0)
            SHADOW.chosen = False

    assert compared(om.NotBuiltInError("neither pyarrow nor polars")) == 7
    assert breaker.incident is None
    with pytest.raises(om.InvalidArgumentError):
        compared(om.InvalidArgumentError("no"))
    assert breaker.incident is not None


def test_what_shadow_mode_asks_is_nobodys_call(native: None, state: Path) -> None:
    series = series_of(np.arange(50) * MINUTE, backend="auto")
    om.reset_counts()
    om.set_shadow(1.0)
    try:
        om.SymbolDataSlicer(series).get_lookbacks(np.arange(10, 40) * MINUTE, 5)
        om.align(series, series)
        om.rolling.mean(np.arange(9.0), 2)
    finally:
        om.set_shadow(0.0)
        SHADOW.chosen = False
    counts = [part.counts for part in om.status().modules.values()]
    assert sum(kinds["fallback"] for part in counts for kinds in part.values()) == 0
    assert sum(kinds["native"] for part in counts for kinds in part.values()) == 3
    assert om.status().shadow.rows > 0


def test_the_same_seed_looks_at_the_same_rows() -> None:
    one, two = Shadow(), Shadow()
    one.seed = two.seed = 9
    draws = [shadow.generator("kernels", 3).random(5).tolist() for shadow in (one, two)]
    assert draws[0] == draws[1] != one.generator("kernels", 4).random(5).tolist()


@pytest.mark.parametrize(("fraction", "code"), [(-0.1, 1001), (1.1, 1001), ("all", 1004), (True, 1004)])
def test_a_fraction_is_from_zero_to_one(fraction: Any, code: int) -> None:
    with pytest.raises(om.OmegaError) as caught:
        om.set_shadow(fraction)
    assert caught.value.code == code


def test_a_shadow_that_cannot_be_read_is_an_error(native: None) -> None:
    done = child("print(make().backend)", OMEGA_SHADOW="much")
    assert done.returncode == 1
    assert "OMEGA_SHADOW='much'" in done.stderr


def test_arguments_are_text_that_can_be_asked_again() -> None:
    x = np.array([1.5, -0.0, np.nan, 5e-324])
    call, (inputs, numbers) = arguments_of(
        arguments_text("bollinger", ((x, x[::2]), (20, 2.5, True, None)), 3)
    )
    assert call == "bollinger"
    assert [part.tobytes() for part in inputs] == [x.tobytes(), x[::2].tobytes()]
    assert numbers == (20, 2.5, True, None)


def test_what_is_kept_of_a_call_is_enough_to_ask_it_again(native: None, state: Path) -> None:
    minute, x = 60_000_000, np.arange(1.0, 51.0)
    series = om.CandleSeries.from_columns(
        np.arange(50) * minute, x, x, x, x, symbol="A B", timeframe="M1", price_type="bid"
    )
    asked: list[tuple[str, Any]] = [
        ("resample", (series, 5 * minute, 0, True)),
        ("mean", ((x, 2.0 * x), (5, 5, 0))),  # the columns of a table
        ("cov", ((x, 2.0 * x, x - 1.0, 3.0 * x), (5, 5, 1, 0))),  # of two tables, column by column
        ("ema", ((x,), (3, 5, 0))),  # several periods
        ("mean", ((), (5, 5, 0))),  # a stream that was to be made
        ("push mean", (x[:4], (5.0,), (5, 5, 0))),
    ]

    def kept(call: str, args: Any) -> records.Incident:
        incident = records.made(
            "kernels", "panic", records.Subject("b1d"), started=records.now(),
            call=call.removeprefix("push "), has_arguments=True, detected_by="the call",
        )  # fmt: skip
        records.recorded(incident, functools.partial(arguments_text, call, args))
        return incident

    for call, args in asked:
        incident = kept(call, args)
        assert incident.reproduce == f"python -m omega_slicer incidents reproduce {incident.rollback_id}"
        agree, said = reproduced(incident.rollback_id)
        assert agree, said
    edited: list[tuple[str, tuple[Any, ...]]] = [
        ("cov", ((x,), (5, 5, 1, 0))),
        ("cov", ((x, x[1:]), (5, 5, 1, 0))),
        ("atr", ((x, x, x, x), (5, 0))),
        ("mean", ((x, "x"), (5, 5, 0))),
        ("mean", ((x,), (5, 5))),
        ("mean", (x, (5, 5, 0))),
        ("push cov", (x, (1.0, 2.0), (5, 5, 1, 0))),
        ("push cov", (x, x[1:], (1.0, 2.0), (5, 5, 1, 0))),
        ("push mean", (x, (1.0, 2.0), (5, 5, 0))),
        ("push mean", ((1.0,), (5, 5, 0))),
    ]
    for call, args in edited:
        with pytest.raises(om.InvalidFormatError, match=f"not the arguments of {call}, which takes"):
            reproduced(kept(call, args).rollback_id)
    arrow = records.made(
        "slicer", "panic", records.Subject("b1d"), started=records.now(), call="to_ipc", has_arguments=True,
        detected_by="the call",
    )  # fmt: skip
    records.recorded(arrow, lambda: arguments_text("to_ipc", (series, 0, 2)))
    assert arrow.reproduce == "python -m omega_slicer verify --module slicer"
    with pytest.raises(om.InvalidStateError, match="to_ipc: cannot be asked again"):
        reproduced(arrow.rollback_id)


def test_native_in_spite_of_an_incident_says_so_once(native: None, state: Path) -> None:
    assert command("rollback", "--module", "slicer").returncode == 0
    code = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(make().backend, make(backend="native").backend, make(backend="native").backend)
words = ("the python backend answers, since incident", "native is demanded")
print(len(caught), [sum(word in str(one.message) for one in caught) for word in words])
"""
    assert answer_of(child(code)).split("\n") == ["python native native", "2 [1, 1]"]


@pytest.mark.parametrize("order", [("slicer", "kernels"), ("kernels", "slicer")])
def test_what_failed_the_self_test_is_refused_whichever_module_came_first(
    order: tuple[str, str], native: None, state: Path
) -> None:
    code = f"""
import warnings; warnings.simplefilter("ignore")
from omega_slicer._guard import selftest
planted = selftest.Finding("self_test_failed", ("kernels",), "planted")
selftest.try_in_child = lambda path: [planted]
def asked(module):
    try:
        om.set_backend(module, "native")
    except om.FfiError as error:
        return "planted" in str(error)
    return "native"
print({{module: asked(module) for module in {order!r}}} == {{"slicer": "native", "kernels": True}})
"""
    assert answer_of(child(code)) == "True"


def test_a_module_that_is_off_makes_no_native_call(native: None, state: Path) -> None:
    assert command("rollback", "--module", "kernels").returncode == 0
    code = """
import warnings; warnings.simplefilter("ignore")
om.rolling.mean([1.0, 2.0], 2); make()
counts = {name: sum(c["native"] for c in part.counts.values()) for name, part in om.status().modules.items()}
print(counts["kernels"], counts["slicer"] > 0)
"""
    assert answer_of(child(code)) == "0 True"


def test_an_incident_of_another_build_is_not_this_ones(native: None, state: Path, breaker: Breaker) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        breaker.open("panic", "said", by="the call")
    assert command("status").returncode == 0
