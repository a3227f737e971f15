"""What `rolling` takes and refuses, which backend answers, and that it says so."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import omega_slicer as om
from helpers import answer_of, library_path, run_python, same_bits
from kernels import BARS, EVERY, LAGGED, PAIRED, SINGLE, WINDOWED, arguments_of, call, lines, stream_class
from omega_slicer import _library, rolling

X = np.array([1.0, 1.5, 1.25, 2.0, 1.75, 3.0])
WINDOWS = (*WINDOWED, "var", "std", "zscore", *PAIRED, "bollinger")
PERIODS = ("ema", "wilder", "rsi", "atr", *LAGGED)


def inputs(kernel: str, x: Any = X) -> tuple[Any, ...]:
    return (x,) * (3 if kernel in BARS else 2 if kernel in PAIRED else 1)


def refused(code: int, says: str, kernel: str, *positional: Any, **named: Any) -> None:
    for backend in ("native", "python"):
        with pytest.raises(om.OmegaError) as caught:
            getattr(rolling, kernel)(*positional, **named, backend=backend)
        assert caught.value.code == code, caught.value
        assert says in str(caught.value)


@pytest.mark.parametrize("kernel", WINDOWS)
def test_windows_out_of_range_are_refused(kernel: str, native: None) -> None:
    x = inputs(kernel)
    refused(1001, "window is 0", kernel, *x, window=0)
    refused(1001, "window is -1", kernel, *x, window=-1)
    refused(1001, f"window is {sys.maxsize + 1}", kernel, *x, window=sys.maxsize + 1)
    refused(1001, "min_periods is 0", kernel, *x, window=3, min_periods=0)
    refused(1001, "min_periods is 4", kernel, *x, window=3, min_periods=4)
    refused(1001, "'drop'", kernel, *x, window=3, nan="drop")
    refused(1004, "2.5", kernel, *x, window=2.5)
    refused(1004, "True", kernel, *x, window=True)
    refused(1004, "None", kernel, *x, window=2, nan=None)
    if kernel not in WINDOWED:
        refused(1001, "ddof is -1", kernel, *x, window=3, ddof=-1)
        refused(1004, "ddof", kernel, *x, window=3, ddof=0.5)


@pytest.mark.parametrize("kernel", PERIODS)
def test_periods_out_of_range_are_refused(kernel: str, native: None) -> None:
    x = inputs(kernel)
    if kernel != "shift":
        refused(1001, "period is 0", kernel, *x, period=0)
    refused(1001, "period is -2", kernel, *x, period=-2)
    refused(1001, f"period is {sys.maxsize + 1}", kernel, *x, period=sys.maxsize + 1)
    refused(1004, "7.5", kernel, *x, period=7.5)
    for name in ("fast", "slow", "signal"):
        refused(1001, f"{name} is 0", "macd", X, **{name: 0})
    refused(1001, "empty", "ema", X, [])


@pytest.mark.parametrize("kernel", [*PAIRED, *BARS])
def test_lengths_that_differ_are_refused(kernel: str, native: None) -> None:
    given = arguments_of(kernel, 2)
    refused(1011, "(5,)", kernel, *inputs(kernel)[:-1], X[:5], **given)


@pytest.mark.parametrize("kernel", [k for k in EVERY if k not in ("macd", "bollinger")])
def test_an_out_that_will_not_do_is_refused(kernel: str, native: None) -> None:
    given = arguments_of(kernel, 2)
    frozen = np.empty(6)
    frozen.flags.writeable = False
    x = X.copy()
    both = np.empty(9)
    both[:6] = X
    for out, series, code, says in (
        (np.empty(5), x, 1011, "(5,)"),
        (np.empty((6, 1)), x, 1011, "(6, 1)"),
        (frozen, x, 1001, "read-only"),
        (np.empty(12)[::2], x, 1001, "stride is 16"),
        (np.empty(6)[::-1], x, 1001, "not contiguous"),
        (np.empty(6, np.float32), x, 1004, "float32"),
        ([0.0] * 6, x, 1004, "list"),
        (x, x, 1001, "overlaps"),
        (both[3:], both[:6], 1001, "overlaps"),
    ):
        refused(code, says, kernel, *inputs(kernel, series), **given, out=out)
    assert (x == X).all()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (np.array([True, False]), 1004),
        ([True, False], 1004),
        (["1", "2"], 1004),
        ("12", 1004),
        (None, 1004),
        ([1.0, None], 1004),
        ([1, 2**53 + 1], 1004),
        (np.array([-(2**53) - 1]), 1004),
        (np.array([2**64 - 1], np.uint64), 1004),
        ([2**70], 1004),
        ([1j], 1004),
        (np.array(["2020-01-01"], "M8[s]"), 1004),
        (np.ones(2, np.longdouble), 1004 if np.longdouble(1).nbytes > 8 else 0),
        ([[1.0], [1.0, 2.0]], 1004),
        (1.0, 1011),
        (np.ones((2, 2, 2)), 1011),
    ],
    ids=str,
)
def test_what_are_no_exact_numbers_is_refused(values: Any, code: int, native: None) -> None:
    if code:
        for kernel in EVERY:
            refused(code, "", kernel, *inputs(kernel, values), **arguments_of(kernel, 1))


def test_numbers_of_any_type_are_widened_exactly(backend: str) -> None:
    import pandas as pd

    expected = rolling.mean(X, 2, backend=backend)
    big = rolling.sum([2.0**53, -(2.0**53), 3.0], 1, backend=backend)
    for values in (
        list(X),
        tuple(X),
        X.astype(np.float32),
        X.astype(np.float16),
        pd.Series(X),
        X[::-1][::-1],
    ):
        assert same_bits(rolling.mean(values, 2, backend=backend), expected)
    for kind in (np.int64, np.int32, np.int16, np.uint8, ">i4"):
        assert same_bits(
            rolling.sum(np.array([1, 2, 3], kind), 1, backend=backend), np.array([1.0, 2.0, 3.0])
        )
    assert same_bits(rolling.sum([2**53, -(2**53), 3], 1, backend=backend), big)
    assert same_bits(rolling.mean(X.astype(">f8"), 2, backend=backend), expected)
    assert same_bits(rolling.mean(np.repeat(X, 2)[::2], 2, backend=backend), expected)
    assert (
        rolling.mean([1.1], 1, backend=backend)[0],
        rolling.mean(np.float32([1.1]), 1, backend=backend)[0],
    ) == (
        1.1,
        float(np.float32(1.1)),
    )


@pytest.mark.parametrize("kernel", EVERY)
def test_where_and_how_numbers_lie_in_memory_does_not_matter(kernel: str, backend: str) -> None:
    expected = call(kernel, inputs(kernel), arguments_of(kernel, 2), backend)
    frozen = X.copy()
    frozen.flags.writeable = False
    crooked = np.ndarray(X.shape, np.float64, bytearray(8 * len(X) + 1), offset=1)
    crooked[:] = X
    for values in (
        frozen,
        crooked,
        X[::-1].copy()[::-1],
        np.stack([X, X], axis=1)[:, 1],
        np.append(0.0, X)[1:],
    ):
        for line, right in zip(
            call(kernel, inputs(kernel, values), arguments_of(kernel, 2), backend), expected, strict=True
        ):
            assert same_bits(line, right)


@pytest.mark.parametrize("kernel", PAIRED)
def test_pairs_of_tables_are_taken_column_by_column(kernel: str, backend: str) -> None:
    x, y = np.random.default_rng(7).normal(0, 1, (2, 60, 4)).cumsum(axis=1)
    ask = getattr(rolling, kernel)
    answer = ask(x, y, 5, 2, ddof=0, nan="skip", backend=backend)
    for i in range(4):
        alone = ask(x[:, i].copy(), y[:, i].copy(), 5, 2, ddof=0, nan="skip", backend=backend)
        assert same_bits(answer[:, i].copy(), alone)
    assert same_bits(ask(x, np.asfortranarray(y), 5, 2, ddof=0, nan="skip", backend=backend), answer)
    refused(1011, "y has shape (60,), x has (60, 4)", kernel, x, y[:, 0], 5)
    refused(1011, "y has shape (60, 3), x has (60, 4)", kernel, x, y[:, :3], 5)


@pytest.mark.parametrize("kernel", EVERY)
def test_a_table_is_a_series_in_every_column(kernel: str, backend: str) -> None:
    table = np.cumsum(np.random.default_rng(4).normal(0, 1, (50, 3)), axis=0)
    given = arguments_of(kernel, 5)
    columns = [call(kernel, inputs(kernel, table[:, i]), given, backend) for i in range(3)]
    for layout in (table, np.asfortranarray(table), np.repeat(table, 2, axis=1)[:, ::2]):
        for line, answer in enumerate(call(kernel, inputs(kernel, layout), given, backend)):
            assert answer.shape == table.shape
            for i in range(3):
                assert same_bits(np.ascontiguousarray(answer[:, i]), columns[i][line])
    if kernel not in ("macd", "bollinger"):
        for out in (np.empty((50, 3)), np.empty((50, 3), order="F"), np.empty((100, 6))[::2, ::2]):
            answer = getattr(rolling, kernel)(*inputs(kernel, table), **given, out=out, backend=backend)
            assert answer is out
            assert same_bits(np.ascontiguousarray(out[:, 1]), columns[1][0])
    for shape in ((0, 3), (3, 0), (0, 0)):
        for answer in call(kernel, inputs(kernel, np.empty(shape)), given, backend):
            assert answer.shape == shape


@pytest.mark.parametrize("kernel", EVERY)
def test_series_shorter_than_the_window_are_fine(kernel: str, backend: str) -> None:
    for n in (0, 1, 2):
        for answer in call(kernel, inputs(kernel, X[:n]), arguments_of(kernel, 1_000_000), backend):
            assert answer.shape == (n,)
            if kernel not in ("ema", "macd", "true_range"):
                assert np.isnan(answer).all()
    if kernel in WINDOWED:
        assert not np.isnan(call(kernel, (X,), {"window": sys.maxsize, "min_periods": 1}, backend)[0]).any()


def test_an_out_is_filled_and_returned(backend: str) -> None:
    for kernel in SINGLE:
        out = np.full(6, 9.0)
        given = arguments_of(kernel, 2)
        assert getattr(rolling, kernel)(X, **given, out=out, backend=backend) is out
        assert same_bits(out, call(kernel, (X,), given, backend)[0])


def test_several_periods_are_one_call(backend: str) -> None:
    for layout in ("C", "F"):
        out = np.empty((6, 2), order=layout)
        assert rolling.ema(X, np.array([2, 5]), out=out, backend=backend) is out
        for i, period in enumerate((2, 5)):
            assert same_bits(np.ascontiguousarray(out[:, i]), rolling.ema(X, period, backend=backend))
    assert rolling.ema([], (1, 2), backend=backend).shape == (0, 2)
    with pytest.raises(om.SizeMismatchError):
        rolling.ema(np.ones((2, 2)), (1, 2), backend=backend)
    with pytest.raises(om.InvalidArgumentError, match="period is 0"):
        rolling.ema(X, (1, 0), backend=backend)


@pytest.mark.parametrize("kernel", EVERY)
def test_streams_start_anew_and_check_what_they_take(kernel: str, backend: str) -> None:
    make, given = stream_class(kernel), arguments_of(kernel, 2)
    stream = make(**given, backend=backend)
    assert np.isnan(lines(stream.value())).all()
    row = (1.0,) * len(inputs(kernel))
    first = [stream.push(*(v + i for v in row)) for i in (0, 1, 3, 2)]
    assert np.array_equal(stream.value(), first[-1], equal_nan=True)
    assert make.__name__ in repr(stream)
    stream.reset()
    assert np.isnan(lines(stream.value())).all()
    again = [stream.push(*(int(v) + i for v in row)) for i in (0, 1, 3, 2)]
    assert np.array_equal(first, again, equal_nan=True)
    for bad in (True, "1", None, 2**53 + 1, [1.0]):
        with pytest.raises(om.TypeMismatchError):
            stream.push(*(bad,) * len(row))
    assert np.array_equal(stream.value(), first[-1], equal_nan=True)
    stream.push(*(np.float32(v) for v in row))
    for copied in (copy.copy, pickle.dumps):
        with pytest.raises(om.SerializationFailedError):
            copied(stream)
    name = next(iter(given), None)
    if name and kernel != "shift":
        with pytest.raises(om.InvalidArgumentError, match=f"{name} is 0"):
            make(**{**given, name: 0}, backend=backend)


def test_a_stream_in_use_refuses_a_second_thread(backend: str) -> None:
    stream = rolling.RollingMean(2, backend=backend)
    with stream._busy:  # as while another thread is pushing
        caught: list[BaseException] = []

        def push() -> None:
            try:
                stream.push(1.0)
            except om.OmegaError as error:
                caught.append(error)

        thread = threading.Thread(target=push)
        thread.start()
        thread.join()
    assert [type(error) for error in caught] == [om.InvalidStateError]
    assert stream.push(1.0) != stream.push(2.0) == 1.5


def test_streams_are_freed_with_their_objects(native: None) -> None:
    for _ in range(300_000):  # the library has room for 262,144 at a time
        rolling.StreamingShift(backend="native")


def test_counts_and_status_say_who_answered(native: None) -> None:
    for word, kind in (("native", "native"), ("python", "fallback")):
        om.set_backend("kernels", word)
        om.reset_counts()
        for kernel in EVERY:
            getattr(rolling, kernel)(*inputs(kernel), **arguments_of(kernel, 2))
            getattr(rolling, kernel)(*inputs(kernel, X.reshape(3, 2)), **arguments_of(kernel, 2))
            stream_class(kernel)(**arguments_of(kernel, 2))
        rolling.ema(X, [1, 2])
        with pytest.raises(om.InvalidArgumentError):
            rolling.mean(X, 0)
        counts = om.status().modules["kernels"].counts
        expected = dict.fromkeys(EVERY, 2) | {"ema": 3, "stream": len(EVERY)}
        assert {name: numbers[kind] for name, numbers in counts.items()} == expected
        assert sum(sum(numbers.values()) for numbers in counts.values()) == sum(expected.values())
        assert not any(any(numbers.values()) for numbers in om.status().modules["slicer"].counts.values())
        assert om.status().modules["kernels"].backend == word
        assert f"kernels: {word}" in str(om.status())


def test_the_environment_and_the_file_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, native: None
) -> None:
    def answered() -> str:
        om.reset_counts()
        rolling.mean(X, 2)
        counts = om.status().modules["kernels"].counts["mean"]
        return next(kind for kind, number in counts.items() if number)

    assert answered() == "native"
    for name in ("USE_RUST_KERNELS", "OMEGA_USE_RUST_KERNELS"):
        monkeypatch.setenv(name, "off")
        assert answered() == "fallback"
        monkeypatch.setenv(name, "perhaps")
        with pytest.raises(om.InvalidArgumentError, match=name):
            rolling.mean(X, 2)
        monkeypatch.delenv(name)
    monkeypatch.setenv("USE_RUST_SLICER", "0")
    assert answered() == "native"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "omega.toml").write_text('kernels = "python"\n')
    om.set_backend("kernels", None)
    assert answered() == "fallback"
    om.set_backend("kernels", "native")
    assert answered() == "native"
    om.set_backend("kernels", None)
    (tmp_path / "omega.toml").unlink()
    (tmp_path / "other.toml").write_text('kernels = "fallback"\nslicer = "native"\n')
    monkeypatch.setenv("OMEGA_CONFIG", str(tmp_path / "other.toml"))
    assert answered() == "fallback"
    with pytest.raises(om.InvalidArgumentError, match="unknown backend 'rust'"):
        rolling.mean(X, 2, backend="rust")


def test_the_fallback_works_without_a_library_and_never_loads_one(tmp_path: Path) -> None:
    code = """
import sys, warnings
import omega_slicer as om
from omega_slicer import rolling
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    print(rolling.mean([1.0, 2.0], 2)[1], rolling.RollingMax(1).push(4), len(caught))
print(om.status().library.loaded)
try:
    rolling.mean([1.0], 1, backend='native')
except om.NotBuiltInError as error:
    print(error.code)
"""
    said = answer_of(run_python(code, OMEGA_LIBRARY=str(tmp_path / "libnothing.so"))).split("\n")
    assert said == ["1.5 4.0 1", "False", "6005"]
    quiet = code.split("try:", maxsplit=1)[0]
    others = "for module in ('slicer', 'multi_symbol'): om.set_backend(module, 'python')\nprint(om."
    chosen = quiet.replace("print(om.", others)
    said = answer_of(run_python(chosen, USE_RUST_KERNELS="0")).split("\n")
    assert said == ["1.5 4.0 0", "False"]


def test_each_call_makes_one_native_call(native: None) -> None:
    engine = _library.load("slicer", retry=False).kernels
    library, functions = engine.library, engine._calls
    calls: list[str] = []

    class Spy:
        def __getattr__(self, name: str) -> Any:
            function = getattr(library, name)
            return lambda *arguments: (calls.append(name), function(*arguments))[1]

    def spied(name: str, function: Any) -> Any:
        return lambda *arguments: (calls.append(name), function(*arguments))[1]

    engine.library = Spy()
    engine._calls = {name: spied(name, function) for name, function in functions.items()}
    try:
        for kernel in EVERY:
            calls.clear()
            call(kernel, inputs(kernel), arguments_of(kernel, 2), "native")
            assert len(calls) == 1, kernel
            assert calls[0].removeprefix("omega_").removeprefix("rolling_") == kernel
            calls.clear()
            call(kernel, inputs(kernel, X.reshape(3, 2)), arguments_of(kernel, 2), "native")
            single = kernel in SINGLE
            assert calls == ["omega_kernel_columns"] or (len(calls) == 2 and not single), kernel
            calls.clear()
            call(kernel, inputs(kernel), arguments_of(kernel, 2), "python")
            assert not calls
    finally:
        engine.library, engine._calls = library, functions


def test_answers_really_come_from_the_library(native: None) -> None:
    import os

    path = os.environ.get("OMEGA_FAULT_LIBRARY", "")
    if not path or not Path(path).is_file():
        pytest.skip(
            f"OMEGA_FAULT_LIBRARY ({path or 'unset'}) names no library; make one with "
            "`cargo build --features fault-injection --target-dir target/fault-injection`"
        )
    code = """
import ctypes, numpy as np, omega_slicer as om
from omega_slicer import _library, rolling
import kernels
x = 1.0 + np.arange(40.0) ** 1.5 % 7
def arm(fault):
    assert _library.load("slicer", retry=False)._library.omega_fault_set(ctypes.c_uint32(fault)) == 0
def ask(kernel, backend):
    given = kernels.arguments_of(kernel, 3)
    inputs = kernels.inputs_of(kernel, x, x[::-1].copy())
    batch = kernels.call(kernel, inputs, given, backend)
    stream = kernels.streamed(kernel, inputs, given, backend)
    return np.nan_to_num(np.array([*batch, *stream])).view(np.int64)
for kernel in kernels.EVERY:
    right = ask(kernel, 'python')
    assert (ask(kernel, 'native') == right).all(), kernel
    arm(2)
    wrong = ask(kernel, 'native')
    assert (ask(kernel, 'python') == right).all(), kernel
    half = len(right) // 2
    assert (wrong[:half] ^ right[:half]).max() == 1 and (wrong[half:] ^ right[half:]).max() == 1, kernel
    arm(1)
    try:
        rolling.mean(x, 3, backend='native')
    except om.FfiPanicCaughtError as error:
        assert error.code == 5005
    else:
        raise AssertionError(kernel)
    arm(0)
    assert (ask(kernel, 'native') == right).all(), kernel
print('proved')
"""
    tests, sources = str(Path(__file__).parent), str(Path(om.__file__).parents[1])
    done = run_python(f"import sys; sys.path[:0] = [{tests!r}, {sources!r}]\n" + code, OMEGA_LIBRARY=path)
    assert answer_of(done) == "proved"


def test_the_library_under_test_is_the_one_that_answers(native: None) -> None:
    assert om.status().library.path == library_path()
