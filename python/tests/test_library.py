"""The native library: when it is in the process, where it is looked for, what does not fit; `status()`."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import omega_slicer as om
from helpers import MINUTE, answer_of, child, library_path, run_python, series_of

FLAGS = ("USE_RUST_SLICER", "USE_RUST_KERNELS", "USE_RUST_MULTI_SYMBOL")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/maps is Linux's")
def test_the_library_is_in_the_process_under_native_alone(native: None) -> None:
    work = """
s = make(backend=WORD)
slicer = om.SymbolDataSlicer(s)
slicer.get_lookback(60_000_000, 2), slicer.get_lookbacks([60_000_000], 2)
om.resample(s, 'M5'), om.align(s, s), om.SymbolDataSlice({'M1': {'bid': s}}).history_matrix('M1')
om.MultiSymbolSlice([s], backend=WORD).get_price('X', 'bid')
s.quality().steps, s.quality(s).pair
om.status()
print(mapped())
"""
    assert answer_of(child(work.replace("WORD", "'native'"))) == "True"
    work = work.replace("WORD", "None")
    every = "for module in ('slicer', 'kernels', 'multi_symbol'): om.set_backend(module, 'python')\n"
    assert answer_of(child(every + work)) == "False"
    assert answer_of(child(work, **dict.fromkeys(FLAGS, "no"))) == "False"
    assert answer_of(child("print(mapped())")) == "False"


@pytest.mark.parametrize("off", [0, 1, 2])
def test_one_flag_off_and_that_module_makes_no_native_call(off: int, native: None) -> None:
    code = """
s = make()
slicer = om.SymbolDataSlicer(s)
slicer.get_lookbacks([60_000_000], 2), slicer.get_lookback(60_000_000, 2), om.resample(s, 'M5')
om.rolling.mean(s.close, 2), om.rolling.RollingMax(2).push(1.0)
om.MultiSymbolSlice([s]).get_price('X', 'bid')
parts = om.status().modules.values()
print([sum(kinds['native'] + kinds['shared'] for kinds in part.counts.values()) for part in parts])
"""
    made = json.loads(answer_of(child(code, **{FLAGS[off]: "off"})))
    assert [number > 0 for number in made] == [module != off for module in range(3)]


def test_demanding_what_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    nothing = str(tmp_path / "libnothing.so")
    code = """
try:
    make(backend='native')
except om.NotBuiltInError as error:
    print(error.code, error)
try:
    om.set_backend('slicer', 'native')
except om.NotBuiltInError:
    print(om.status().modules['slicer'].requested)
"""
    said = answer_of(child(code, OMEGA_LIBRARY=nothing))
    assert said.startswith("6005 backend 'native' was demanded (argument), but: ")
    assert f"OMEGA_LIBRARY ({nothing}): no such file" in said
    assert said.endswith("auto")
    said = answer_of(
        child(code.replace("make(backend='native')", "make()"), OMEGA_LIBRARY=nothing, USE_RUST_SLICER="1")
    )
    assert "demanded (USE_RUST_SLICER)" in said


def test_every_place_that_was_looked_in_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "omega_slicer"
    subprocess.run(["cp", "-r", str(Path(om.__file__).parent), str(copy)], check=True)
    for library in (copy / "_native").glob("*"):
        library.unlink()
    code = """
import omega_slicer as om
try:
    om.set_backend('slicer', 'native')
except om.OmegaError as error:
    print(error)
"""
    said = answer_of(run_python(code, cwd=tmp_path, PYTHONPATH=str(tmp_path)))
    assert f"the package ({copy}/_native/libomega_slicer.so): no such file" in said
    assert "the system (libomega_slicer.so.0): " in said
    assert "the checkout" not in said


def test_an_empty_omega_library_is_none(tmp_path: Path, native: None) -> None:
    code = "print(om.status().library.path)"
    assert answer_of(child(code, cwd=tmp_path, OMEGA_LIBRARY="")) == answer_of(child(code, cwd=tmp_path))


def test_the_checkout_is_looked_through_where_cargo_builds(tmp_path: Path) -> None:
    package = tmp_path / "python" / "src" / "omega_slicer"
    shutil.copytree(Path(om.__file__).parent, package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    (tmp_path / "Cargo.toml").write_text('name = "omega-slicer"\n')
    code = """
import omega_slicer as om
try:
    om.set_backend('slicer', 'native')
except om.OmegaError as error:
    print(error)
"""
    for given, folder in (
        ("", tmp_path / "target"),
        ("other/place", tmp_path / "other" / "place"),
        (str(tmp_path / "elsewhere"), tmp_path / "elsewhere"),
    ):
        said = answer_of(
            run_python(code, cwd=package, PYTHONPATH=str(package.parent), CARGO_TARGET_DIR=given)
        )
        assert f"the checkout ({folder}/release/libomega_slicer.so): no such file" in said


def test_an_older_abi_does_not_fit(native: None, tmp_path: Path) -> None:
    code = """
from omega_slicer import _native_abi
_native_abi.ABI_MINOR = 65535
try:
    make(backend='native')
except om.FfiSchemaMismatchError as error:
    print(error.code, error)
"""
    said = answer_of(child(code, OMEGA_LIBRARY=library_path(), OMEGA_VAR_DIR=str(tmp_path)))
    assert said.startswith("5004 ")
    assert "this package needs 1.65535 or a later 1.x" in said


def test_auto_falls_back_and_says_so_once(tmp_path: Path) -> None:
    code = """
import logging, warnings
logging.basicConfig(format='%(name)s %(levelname)s')
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    print([make().backend, om.SymbolDataSlicer(make()).backend, make(backend='auto').backend])
print(len(caught), caught[0].category.__name__, caught[0].filename)
"""
    done = child(code, OMEGA_LIBRARY=str(tmp_path / "libnothing.so"))
    assert answer_of(done).split("\n") == ["['python', 'python', 'python']", "1 FallbackWarning <string>"]
    assert done.stderr.strip() == "omega_slicer WARNING"


@pytest.mark.parametrize(
    ("build", "code"),
    [("int omega_abi_version(void) { return 2 << 16; }", 5004), ("int nothing;", 5004), ("not C", 5000)],
    ids=["another ABI", "another library", "no library"],
)
def test_a_library_that_does_not_fit_is_never_called(build: str, code: int, tmp_path: Path) -> None:
    library = tmp_path / "libother.so"
    compiled = subprocess.run(
        ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)],
        input=build,
        text=True,
        check=False,
        capture_output=True,
    )
    if compiled.returncode:
        library.write_text(build)
    asked = """
try:
    make(backend='native')
except om.OmegaError as error:
    print(error.code, error)
import warnings
warnings.simplefilter('ignore')
print(make().backend, om.status().library.loaded)
"""
    said = answer_of(child(asked, OMEGA_LIBRARY=str(library), OMEGA_VAR_DIR=str(tmp_path)))
    assert said.startswith(f"{code} ")
    assert str(library) in said
    assert said.endswith("python False")


def test_a_layout_that_differs_is_named(native: None, tmp_path: Path) -> None:
    code = """
from omega_slicer import _native_abi
declared = _native_abi._layout()
_native_abi._layout = lambda: {**declared, 'gap_count': 16}
try:
    make(backend='native')
except om.FfiSchemaMismatchError as error:
    print(error.code, error)
_native_abi._layout = lambda: {**declared, 'more': 0}
try:
    make(backend='native')
except om.FfiSchemaMismatchError as error:
    print(error)
"""
    first, second = answer_of(child(code, OMEGA_LIBRARY=library_path(), OMEGA_VAR_DIR=str(tmp_path))).split(
        "\n"
    )
    assert first.startswith("5004 ")
    assert "gap_count is 8, expected 16" in first
    assert "layout_size is " in second


def test_status_is_plain_and_true(native: None) -> None:
    om.reset_counts()
    status = om.status()
    plain = status.as_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["library"]["loaded"] is True
    assert plain["library"]["path"] == library_path()
    assert (len(plain["library"]["build_id"]), plain["library"]["abi"].split(".")[0]) == (16, "1")
    for part in ("slicer: native", library_path(), plain["library"]["build_id"]):
        assert part in str(status)


def test_counts_say_who_answered(native: None) -> None:
    stamps = np.arange(5) * MINUTE
    for backend, whole, single in (("native", "native", "shared"), ("python", "fallback", "fallback")):
        om.reset_counts()
        series = series_of(stamps, backend=backend)
        slicer = om.SymbolDataSlicer(series)
        for i in range(3):
            slicer.get_slice(0, MINUTE)
            slicer.get_candle_at(i)
            slicer.get_candle_asof(i)
            slicer.get_lookback(0, 1)
            with pytest.raises(om.InsufficientDataError):
                slicer.get_lookback(0, 9)
            slicer.get_lookbacks([0, 1, 2], 1)
            slicer.get_candles_at([0])
            slicer.get_candles_asof([0])
            slicer.gather_lookback([0], 1)
            series.quality()
        with pytest.raises(om.TypeMismatchError):
            slicer.get_candle_at("now")
        counts = om.status().modules["slicer"].counts
        singles = {"get_slice": 3, "get_candle_at": 3, "get_candle_asof": 3, "get_lookback": 6}
        wholes = {"get_lookbacks": 3, "get_candles_at": 3, "get_candles_asof": 3, "gather_lookback": 3}
        wholes |= {"quality": 3, "from_columns": 1}
        for operation, kinds in counts.items():
            expected = dict.fromkeys(("native", "shared", "fallback"), 0)
            if operation in singles:
                expected[single] = singles[operation]
            elif operation in wholes:
                expected[whole] = wholes[operation]
            assert kinds == expected, operation


def test_counts_lose_nothing_between_threads() -> None:
    import threading

    slicer = om.SymbolDataSlicer(series_of(np.arange(5) * MINUTE, backend="python"))
    om.reset_counts()
    threads = [
        threading.Thread(target=lambda: [slicer.get_candle_at(0) for _ in range(20_000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert om.status().modules["slicer"].counts["get_candle_at"]["fallback"] == 80_000


def test_each_call_of_the_shim_makes_at_most_one_native_call(native: None, tmp_path: Path) -> None:
    from omega_slicer import _library

    library = _library.load("slicer", retry=False)._library
    calls: list[str] = []

    class Spy:
        def __getattr__(self, name: str) -> Any:
            function = getattr(library, name)
            if name in ("omega_series_free", "omega_last_error_message"):
                return function
            return lambda *arguments: (calls.append(name), function(*arguments))[1]

    def count(ask: Any) -> tuple[Any, list[str]]:
        calls.clear()
        return ask(), calls.copy()

    engine = _library.load("slicer", retry=False)
    path = tmp_path / "a.csv"
    path.write_text("time,open,high,low,close\n2024-01-01,1,1,1,1\n2024-01-02,1,1,1,1\n2024-01-05,1,1,1,1\n")
    engine._library = Spy()  # type: ignore[assignment]
    try:
        series, made = count(lambda: series_of(np.arange(5) * 2 * MINUTE, backend="native"))
        assert made == ["omega_series_new_borrowed"]
        file, made = count(
            lambda: om.read_csv(path, symbol="X", timeframe="D1", price_type="bid", backend="native")
        )
        assert made == ["omega_series_read_csv"]
        assert count(lambda: file.close)[1] == ["omega_series_columns"]
        assert count(lambda: (file.close, file.timestamp, len(file), file[0]))[1] == []
        slicer, made = count(lambda: om.SymbolDataSlicer(series))
        assert made == []
        quality, made = count(lambda: series.quality(series))
        assert made == ["omega_series_quality"]
        assert count(lambda: quality.steps)[1] == ["omega_series_gaps"]
        assert count(lambda: quality.pair)[1] == ["omega_series_pair_quality"]
        assert count(lambda: (quality.pair, quality.steps))[1] == []
        for name, arguments in {
            "get_lookbacks": ([0], 1),
            "get_candles_at": ([0],),
            "get_candles_asof": ([0],),
            "gather_lookback": ([0], 1),
        }.items():
            assert count(lambda n=name, a=arguments: getattr(slicer, n)(*a))[1] == [f"omega_slicer_{name}"]
        for name, single in {
            "get_slice": (0, 1),
            "get_candle_at": (0,),
            "get_candle_asof": (0,),
            "get_lookback": (0, 1),
        }.items():
            assert count(lambda n=name, a=single: getattr(slicer, n)(*a))[1] == []
        om.reset_counts()

        def native_counts() -> int:
            counts = om.status().modules["slicer"].counts
            return sum(kinds["native"] for kinds in counts.values())

        calls.clear()
        for times, n, how in (
            ([], 2, {}),
            ([], 2**62, {"partial": True}),
            ([0, 0], 2**62, {"partial": True}),
            ([0], 9, {}),
            ([0], 9, {"partial": True}),
        ):
            for _ in range(2):
                with contextlib.suppress(om.OmegaError):
                    slicer.gather_lookback(times, n, **how)
                with contextlib.suppress(om.OmegaError):
                    slicer.get_lookbacks(times, n, **how)
                assert native_counts() == len(calls), (times, n, how)
        slicer.get_candles_at([])
        slicer.get_candles_asof([])
        series.quality()
        assert native_counts() == len(calls)
        counts = om.status().modules["slicer"].counts
        assert (counts["gather_lookback"]["native"], counts["gather_lookback"]["shared"]) == (4, 4)
    finally:
        engine._library = library


def test_the_command_line_shows_the_status(tmp_path: Path, native: None) -> None:
    import os

    from helpers import CONFIGURATION, SOURCES

    clean = {name: value for name, value in os.environ.items() if name not in CONFIGURATION}

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "omega_slicer", *arguments],
            env={**clean, "PYTHONPATH": str(SOURCES), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert "slicer: native" in answer_of(run("status"))
    plain = json.loads(answer_of(run("status", "--json", **dict.fromkeys(FLAGS, "0"))))
    assert plain["modules"]["slicer"]["backend"] == "python"
    assert plain["library"]["loaded"] is False
    broken = run("status", USE_RUST_SLICER="perhaps")
    assert broken.returncode == 1
    assert "slicer: none" in broken.stdout
    assert run().returncode == 2
    assert run("what").returncode == 2


def test_a_library_that_is_not_there_is_looked_for_once_until_a_choice_is_made(tmp_path: Path) -> None:
    code = """
import sys, warnings
warnings.simplefilter('ignore')
from omega_slicer import _library, rolling
asked, search = [], _library._search
_library._search = lambda named: (asked.append(named), search(named))[1]
ask = lambda: [rolling.mean([1.0], 1) for _ in range(20)] + [make(backend='auto').backend for _ in range(20)]
ask()
traceback, length = _library._failure[1].__traceback__, 0
while traceback:
    traceback, length = traceback.tb_next, length + 1
print(len(asked), length < 9)
om.set_backend('kernels', None)
ask()
print(len(asked))
try:
    om.set_backend('kernels', 'native')
except om.NotBuiltInError:
    print(len(asked))
"""
    assert answer_of(child(code, OMEGA_LIBRARY=str(tmp_path / "libnothing.so"))).split("\n") == [
        "1 True",
        "2",
        "3",
    ]
