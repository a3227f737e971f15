"""Series, slicers and candles travel: by path when they came from a file, else by value."""

from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import omega_slicer as om
from helpers import FIELDS, MINUTE, VECTORS, answer_of, run_python, same_bits, series_of

_STAMPS = np.array([0, 1, 2, 5, 6], np.int64) * MINUTE


def same(left: om.CandleSeries, right: om.CandleSeries) -> bool:
    return (left.symbol, left.timeframe, left.price_type, left.backend) == (
        right.symbol,
        right.timeframe,
        right.price_type,
        right.backend,
    ) and all(same_bits(getattr(left, name), getattr(right, name)) for name in ("timestamp", *FIELDS))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes((VECTORS / "csv" / "plain.csv").read_bytes())
    return path


def read(path: Path, backend: str | None) -> om.CandleSeries:
    return om.read_csv(path, symbol="X", timeframe="M1", price_type="ask", backend=backend)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_values_survive_a_pickle(protocol: int, backend: str) -> None:
    for changes in ({}, {"volume": None}, {"volume": [1, np.nan, 3, 4, 5]}):
        series = series_of(_STAMPS, backend=backend, **changes)
        slicer = om.SymbolDataSlicer(series)
        candles = slicer.get_lookback(5 * MINUTE, 2)
        back, back_slicer, back_candles = pickle.loads(pickle.dumps((series, slicer, candles), protocol))
        assert same(series, back)
        assert back_slicer.series is back
        assert back_candles.series is back
        assert (back_candles.rows, back_candles.close.tolist()) == (candles.rows, candles.close.tolist())
        assert back_slicer.get_candle_at(MINUTE) == slicer.get_candle_at(MINUTE)
        assert not back.close.flags.writeable


def test_a_file_is_pickled_by_its_path(file: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    series = read(Path("a.csv"), backend)
    pickled = pickle.dumps(series)
    monkeypatch.chdir("/")
    assert series.close.tobytes() not in pickled
    assert str(file).encode() in pickled
    assert same(series, pickle.loads(pickled))


def test_a_file_that_was_only_touched_is_the_same(file: Path, backend: str) -> None:
    pickled = pickle.dumps(read(file, backend))
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert same(read(file, backend), pickle.loads(pickled))


def test_a_file_with_one_other_price_is_refused(file: Path, backend: str) -> None:
    series = read(file, backend)
    pickled = pickle.dumps(series)
    price = repr(float(series.close[1])).encode()
    changed = file.read_bytes().replace(price, price[:-1] + (b"1" if price[-1:] != b"1" else b"2"), 1)
    assert changed != file.read_bytes()
    file.write_bytes(changed)
    with pytest.raises(om.DeserializationFailedError, match="no longer holds") as caught:
        pickle.loads(pickled)
    assert str(file) in str(caught.value)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(pickled)


def test_a_pickle_may_change_its_backend_on_the_way(file: Path, native: None) -> None:
    om.set_backend("slicer", "native")
    pickled = pickle.dumps(
        (read(file, None), series_of(_STAMPS), om.SymbolDataSlicer(series_of(_STAMPS), backend="python"))
    )
    om.set_backend("slicer", "python")
    by_path, by_value, explicit = pickle.loads(pickled)
    assert (by_path.backend, by_value.backend, explicit.backend) == ("python", "python", "python")


def test_errors_survive_a_pickle() -> None:
    for kind in om.OmegaError.__subclasses__():
        back = pickle.loads(pickle.dumps(kind("what and where")))
        assert (type(back), back.code, str(back)) == (kind, kind.code, "what and where")


def test_small_values_survive_a_pickle() -> None:
    for value in (om.Timeframe("90min"), om.PriceType.ASK, om.Candle(1, 2.0, 3.0, 4.0, 5.0, 6.0)):
        assert pickle.loads(pickle.dumps(value)) == value


def closes(slicer: om.SymbolDataSlicer) -> Any:
    return slicer.get_lookback(6 * MINUTE, 3).close.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_slicers_work_in_other_processes(start: str, backend: str) -> None:
    slicer = om.SymbolDataSlicer(series_of(_STAMPS, backend=backend))
    with multiprocessing.get_context(start).Pool(2) as pool:
        assert pool.map(closes, [slicer] * 3) == [closes(slicer)] * 3


def test_a_fork_neither_frees_nor_breaks_what_its_parent_holds(native: None) -> None:
    code = """
import os, gc, numpy as np, omega_slicer as om
from omega_slicer import _library
column, freed = np.arange(5.0) + 1, []
engine = _library.load("slicer", retry=False)
class Spy:
    def __init__(self, library): self.library = library
    def __getattr__(self, name): return getattr(self.library, name)
    def omega_series_free(self, address): freed.append(self.library.omega_series_free(address))
engine._library = Spy(engine._library)
series = om.CandleSeries.from_columns(np.arange(5) * 60_000_000, column, column, column, column,
    symbol='X', timeframe='M1', price_type='bid', backend='native')
slicer = om.SymbolDataSlicer(series)
child = os.fork()
if child == 0:
    fine = slicer.get_lookbacks([60_000_000], 2).tolist() == [[0, 2]]
    del slicer, series
    gc.collect()
    os._exit(0 if fine and freed == [] else 1)
assert os.waitpid(child, 0)[1] == 0
print(slicer.get_lookbacks([60_000_000], 2).tolist(), freed)
del slicer, series
gc.collect()
print(freed)
"""
    assert answer_of(run_python(code)) == "[[0, 2]] []\n[0]"
