"""Who answers `rolling`: counts and status that are true, the choice of a backend, one native call each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_rolling import X, inputs

import omega_slicer as om
from helpers import answer_of, library_path, run_python
from kernels import EVERY, SINGLE, arguments_of, call, stream_class
from omega_slicer import _library, rolling
from omega_slicer._native_kernels import NativeKernels


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
    engine = _library.load("slicer", retry=False)
    kernels, spying = engine.kernels, NativeKernels(engine._library)
    calls: list[str] = []

    def spied(name: str, function: Any) -> Any:
        return lambda *arguments: (calls.append(name), function(*arguments))[1]

    spying._calls = {name: spied(name, function) for name, function in spying._calls.items()}
    spying._table = spied("omega_kernel_columns", spying._table)
    spying._tables = spied("omega_kernel_tables", spying._tables)
    engine.kernels = spying
    try:
        for kernel in EVERY:
            calls.clear()
            call(kernel, inputs(kernel), arguments_of(kernel, 2), "native")
            assert len(calls) == 1, kernel
            assert calls[0].removeprefix("omega_").removeprefix("rolling_") == kernel
            calls.clear()
            call(kernel, inputs(kernel, X.reshape(3, 2)), arguments_of(kernel, 2), "native")
            assert calls == ["omega_kernel_columns" if kernel in SINGLE else "omega_kernel_tables"], kernel
            calls.clear()
            call(kernel, inputs(kernel), arguments_of(kernel, 2), "python")
            assert not calls
    finally:
        engine.kernels = kernels


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
from omega_slicer._native_kernels import NativeKernels
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
