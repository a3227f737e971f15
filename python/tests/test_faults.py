"""Native answers really come from the library: a build that errs on purpose is seen to err."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import ROOT, answer_of, run_python
from omega_slicer import _library

_PREAMBLE = """
import ctypes, numpy as np, omega_slicer as om
from omega_slicer import _library
column = np.arange(1.0, 9.0)
stamps = np.arange(8) * 60_000_000
def make(backend):
    return om.CandleSeries.from_columns(stamps, column, column, column, column,
        symbol='X', timeframe='M1', price_type='bid', backend=backend)
def arm(fault):
    assert _library.load("slicer", retry=False)._library.omega_fault_set(ctypes.c_uint32(fault)) == 0
series, twin = make('native'), make('python')
slicer, honest = om.SymbolDataSlicer(series), om.SymbolDataSlicer(twin)
times = stamps[3:6]
"""

_SETTINGS = ROOT / "python" / "pyproject.toml"
_BATCH = {
    "get_lookbacks": "(times, 2)",
    "get_candles_at": "(times)",
    "get_candles_asof": "(times)",
    "gather_lookback": "(times, 2)",
}


@pytest.mark.parametrize(("allowed", "says"), [("", "1 error"), ("1", "1 skipped")])
def test_a_missing_faulty_build_is_a_failure_unless_allowed(allowed: str, says: str, tmp_path: Path) -> None:
    one = f"{__file__}::test_single_questions_do_not_ask_the_library"
    code = f"import pytest; pytest.main([{one!r}, '-p', 'no:cacheprovider', '-c', {str(_SETTINGS)!r}])"
    missing = str(tmp_path / "libnone.so")
    said = answer_of(run_python(code, OMEGA_FAULT_LIBRARY=missing, OMEGA_ALLOW_NO_FAULTS=allowed))
    assert says in said.splitlines()[-1]
    assert missing in said


@pytest.mark.parametrize("operation", _BATCH)
def test_one_flipped_bit_of_a_native_answer_reaches_the_caller(operation: str, faulty: str) -> None:
    code = f"""
ask = lambda s: s.{operation}{_BATCH[operation]}
right = ask(honest)
assert (ask(slicer) == right).all()
arm(2)
wrong = ask(slicer)
assert (ask(honest) == right).all()
print((wrong != right).any(), (wrong.view(np.int64) ^ right.view(np.int64)).max() == 1)
arm(0)
assert (ask(slicer) == right).all()
"""
    assert answer_of(run_python(_PREAMBLE + code, OMEGA_LIBRARY=faulty)) == "True True"


def test_single_questions_do_not_ask_the_library(faulty: str) -> None:
    code = """
arm(2)
print(slicer.get_candle_at(60_000_000) == honest.get_candle_at(60_000_000),
      slicer.get_lookback(60_000_000, 2).rows == honest.get_lookback(60_000_000, 2).rows)
"""
    assert answer_of(run_python(_PREAMBLE + code, OMEGA_LIBRARY=faulty)) == "True True"


def test_a_panic_is_an_error_and_everything_works_after_it(faulty: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,open,high,low,close\n2024-01-01,1,1,1,1\n")
    code = f"""
quality = series.quality(series)
read = lambda: om.read_csv({str(path)!r}, symbol='X', timeframe='D1', price_type='bid', backend='native')
file = read()
asks = [lambda: slicer.get_lookbacks(times, 2), lambda: slicer.get_candles_at(times),
        lambda: slicer.get_candles_asof(times), lambda: slicer.gather_lookback(times, 2),
        lambda: make('native'), read, lambda: file.close, lambda: series.quality(), lambda: quality.pair]
arm(1)
for ask in asks:
    try:
        ask()
    except om.FfiPanicCaughtError as error:
        assert error.code == 5005 and str(error), error
    else:
        raise AssertionError(ask)
arm(0)
for ask in asks:
    ask()
print(slicer.get_lookbacks(times, 2).tolist() == honest.get_lookbacks(times, 2).tolist())
"""
    done = run_python(_PREAMBLE + code, OMEGA_LIBRARY=faulty)
    assert answer_of(done) == "True"


def test_the_release_library_has_no_faults_to_arm(native: None, faulty: str) -> None:
    library = _library.load("slicer", retry=False)
    if Path(library.path) == Path(faulty):
        pytest.skip("the library under test is the faulty one")
    assert not hasattr(library._library, "omega_fault_set")
