"""Arrow IPC files by name: read, mapped, written, watched, pickled, and what is said when that goes wrong."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from arrow_tables import HOW, METADATA, STAMPS, prices, same, series, table

import omega_slicer as om
from helpers import VECTORS, answer_of, run_python
from omega_slicer import _arrow_ipc


@pytest.fixture
def file(tmp_path: Path, backend: str) -> Path:
    path = tmp_path / "eurusd.arrow"
    series(backend).write_ipc(path)
    return path


def test_what_was_written_is_read_by_everyone(file: Path, backend: str) -> None:
    made = series(backend)
    for back in (
        om.read_ipc(file, backend=backend),
        om.read_ipc(str(file), mmap=True, backend=backend),
        om.read_ipc(os.fsencode(file), strict=True, backend=backend),
        om.CandleSeries.from_ipc(file.read_bytes(), backend=backend),
        om.CandleSeries.from_ipc(bytearray(made.to_ipc()), backend=backend),
        om.CandleSeries.from_ipc(memoryview(made[:].to_ipc()), backend=backend),
        om.CandleSeries.from_arrow(pl.read_ipc(file), **HOW, backend=backend),
    ):
        assert same(back, made)
        assert back.title == made.title == "EURUSD M1 bid"
        assert back.backend == backend
    with pa.memory_map(str(file)) as mapped:
        found = pa.ipc.open_file(mapped)
        assert found.num_record_batches == 1
        assert found.schema.metadata == {key.encode(): value.encode() for key, value in METADATA.items()}
        assert found.read_all().equals(made.to_arrow())


@pytest.mark.parametrize("volume", [None, np.where(np.arange(7) % 2 == 0, np.nan, 1.5)], ids=["none", "some"])
def test_a_missing_volume_is_null_in_a_file(volume: Any, tmp_path: Path, backend: str) -> None:
    made = series(backend, volume=volume)
    made[1:].write_ipc(tmp_path / "a.arrow")
    assert same(om.read_ipc(tmp_path / "a.arrow", backend=backend), made[1:])
    nulls = pa.ipc.open_file((tmp_path / "a.arrow").read_bytes()).read_all()["volume"].null_count
    assert nulls == int(np.isnan(made.volume[1:]).sum())


def test_arguments_win_over_metadata(file: Path, backend: str) -> None:
    given = om.read_ipc(file, symbol="", timeframe="H4", price_type="ask", backend=backend)
    assert (given.symbol, given.timeframe.name, given.price_type) == ("", "H4", "ask")


def test_a_mapped_file_is_not_copied_and_cannot_be_written_to(file: Path, backend: str) -> None:
    mapped = om.read_ipc(file, mmap=True, check="none", backend=backend)
    with Path("/proc/self/maps").open(encoding="utf-8") as maps:
        found = [line.split()[0].split("-") for line in maps if str(file) in line]
    (begin, end), *_ = ((int(a, 16), int(b, 16)) for a, b in found)
    for name in ("timestamp", "open", "high", "low", "close", "volume"):
        assert begin <= getattr(mapped, name).ctypes.data < end
        assert not getattr(mapped, name).flags.writeable


def test_a_mapped_file_is_checked_for_order_alone_unless_asked(tmp_path: Path, backend: str) -> None:
    infinite = table(close=pa.array([1.0, np.inf, 3, 4, 5, 6, 7]))
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), infinite.schema) as writer:
        writer.write_table(infinite)
    assert om.read_ipc(tmp_path / "a.arrow", mmap=True, backend=backend).close[1] == np.inf
    for how in ({}, {"mmap": True, "check": "full"}):
        with pytest.raises(om.ConstraintViolationError, match="row 1: close is inf"):
            om.read_ipc(tmp_path / "a.arrow", **how, backend=backend)


def test_refresh_and_status_tell_what_became_of_a_mapped_file(file: Path, backend: str) -> None:
    copied, mapped = om.read_ipc(file, backend=backend), om.read_ipc(file, mmap=True, backend=backend)
    assert (copied.refresh(), mapped.refresh(), series(backend).refresh()) == (
        "not mapped",
        "unchanged",
        "not mapped",
    )
    assert (str(file), "unchanged") in {(one.path, one.state) for one in om.status().mapped}
    assert f"mapped: {file} (unchanged)" in str(om.status())
    closes = mapped.close.tolist()
    os.utime(file, ns=(1, 1))
    assert mapped.refresh() == "changed"
    series(backend, rows=3).write_ipc(file)  # another file of this name: the old one stays as it is mapped
    assert mapped.refresh() == "changed"
    assert mapped.close.tolist() == closes
    assert om.read_ipc(file, mmap=True, backend=backend).refresh() == "unchanged"
    file.unlink()
    assert mapped.refresh() == "gone"
    assert {"path": str(file), "state": "gone"} in om.status().as_dict()["mapped"]
    del mapped
    assert str(file) not in {one.path for one in om.status().mapped}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(file: Path, backend: str) -> None:
    before = file.read_bytes()
    folder = file.parent / "folder.arrow"
    folder.mkdir()
    for target, kind in (
        (file.parent / "no" / "such" / "a.arrow", om.FileMissingError),
        (folder, om.InputOutputError),
    ):
        with pytest.raises(kind) as caught:
            series(backend).write_ipc(target)
        assert str(target) in str(caught.value)
    assert sorted(path.name for path in file.parent.iterdir()) == ["eurusd.arrow", "folder.arrow"]
    assert file.read_bytes() == before


def test_readers_see_whole_files_while_one_is_rewritten(file: Path, backend: str) -> None:
    long, short, stop, errors = (
        series(backend),
        series(backend, rows=2),
        threading.Event(),
        list[BaseException](),
    )

    def write() -> None:
        while not stop.is_set():
            short.write_ipc(file)
            long.write_ipc(file)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            assert len(om.read_ipc(file, backend=backend)) in (2, 7)
    except BaseException as error:  # the writer must be stopped first
        errors.append(error)
    stop.set()
    writer.join()
    assert errors == []
    assert [path.name for path in file.parent.iterdir()] == ["eurusd.arrow"]


def test_errors_name_the_file_and_are_the_builtins_people_catch(file: Path, backend: str) -> None:
    damaged, empty, other = (file.parent / name for name in ("damaged", "empty", "other"))
    damaged.write_bytes(file.read_bytes()[:-40])
    empty.write_bytes(b"")
    other.write_bytes(b"timestamp,open,high,low,close\n")
    for path, kind, builtin in (
        (file.parent / "missing", om.FileMissingError, FileNotFoundError),
        (file.parent, om.InputOutputError, OSError),
        (damaged, om.DeserializationFailedError, ValueError),
        (empty, om.EmptyInputError, ValueError),
        (other, om.DeserializationFailedError, ValueError),
    ):
        for mmap in (False, True):
            with pytest.raises(builtin) as caught:
                om.read_ipc(path, mmap=mmap, backend=backend)
            assert type(caught.value) is kind
            assert str(path) in str(caught.value)
    with pytest.raises(om.DeserializationFailedError, match="neither an Arrow IPC file nor a stream"):
        om.CandleSeries.from_ipc(other.read_bytes(), backend=backend)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read_is_named(file: Path, backend: str) -> None:
    file.chmod(0)
    with pytest.raises(om.PermissionDeniedError, match=str(file)):
        om.read_ipc(file, backend=backend)


def test_wrong_arguments_are_refused(file: Path, backend: str) -> None:
    for wrong, kind in (
        ({"mmap": 1}, om.TypeMismatchError),
        ({"check": "some"}, om.InvalidArgumentError),
        ({"symbol": 1}, om.TypeMismatchError),
        ({"symbol": "a\0b"}, om.InvalidArgumentError),
        ({"timeframe": "M7x"}, om.InvalidFormatError),
        ({"price_type": "mid"}, om.InvalidArgumentError),
        ({"strict": None}, om.TypeMismatchError),
        ({"allow_missing": "no"}, om.TypeMismatchError),
    ):
        with pytest.raises(kind):
            om.read_ipc(file, **wrong, backend=backend)
    for path in (1, None, "a\0b"):
        with pytest.raises((om.TypeMismatchError, om.InvalidArgumentError)):
            om.read_ipc(path, backend=backend)
    for data in ("text", 1, None):
        with pytest.raises(om.TypeMismatchError, match="IPC data are bytes"):
            om.CandleSeries.from_ipc(data, backend=backend)


@pytest.mark.parametrize("mmap", [False, True])
def test_a_series_of_a_file_is_pickled_by_its_path(
    mmap: bool, file: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    made = om.read_ipc(file.name, mmap=mmap, symbol="Y", backend=backend)
    pickled = pickle.dumps((made, made[2:4]))
    monkeypatch.chdir("/")
    assert made.close.tobytes() not in pickled
    back, candles = pickle.loads(pickled)
    assert same(back, made)
    assert (back.title, back.backend, back.refresh()) == (made.title, backend, made.refresh())
    assert candles.series is back
    series(backend, close=prices()["close"] + 1e-9).write_ipc(file)
    with pytest.raises(om.DeserializationFailedError, match="no longer holds"):
        pickle.loads(pickled)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(pickled)


def test_a_table_in_memory_is_pickled_by_value(backend: str) -> None:
    for made in (
        om.CandleSeries.from_arrow(table(), backend=backend),
        om.CandleSeries.from_ipc(series(backend).to_ipc(), backend=backend),
    ):
        back = pickle.loads(pickle.dumps(made))
        assert same(back, made)
        assert back.title == made.title


def test_missing_bars_stay_only_if_they_may(backend: str) -> None:
    valid = pa.array([True, False, True, True, False, True, True])
    given = table(valid=valid)
    assert (
        om.CandleSeries.from_arrow(given, backend=backend).timestamp.tolist()
        == STAMPS[[0, 2, 3, 5, 6]].tolist()
    )
    kept = om.CandleSeries.from_arrow(given, allow_missing=True, backend=backend)
    assert kept.timestamp.tolist() == STAMPS.tolist()
    assert np.isnan(kept.close).tolist() == (~np.array(valid)).tolist()
    assert same(pickle.loads(pickle.dumps(kept)), kept)


def test_the_fallback_without_pyarrow_reads_through_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_arrow_ipc, "carrier", lambda: None)
    for name in ("plain", "plain_lz4", "plain_zstd", "plain_batches"):
        back = om.read_ipc(VECTORS / "arrow" / f"{name}.arrow", backend="python")
        assert back.title == "TEST M1 bid"  # Polars drops the metadata: they are read here
        assert len(back) == len(om.read_ipc(VECTORS / "arrow" / "plain.arrow"))
    for act in (
        lambda: om.read_ipc(VECTORS / "arrow" / "plain.arrow", strict=True, backend="python"),
        lambda: om.read_ipc(VECTORS / "arrow" / "plain.arrow", mmap=True, backend="python"),
        lambda: series("python").to_ipc(),
    ):
        with pytest.raises(
            om.NotBuiltInError, match=r"native library built with the feature 'arrow'.*pyarrow"
        ):
            act()


def test_the_fallback_with_neither_names_both_ways_out() -> None:
    code = """
import sys
sys.modules['pyarrow'] = sys.modules['polars'] = None
import omega_slicer as om
try:
    om.read_ipc(PATH, backend='python')
except om.NotBuiltInError as error:
    print(error.code, 'feature' in str(error), 'pyarrow or Polars' in str(error))
"""
    path = repr(str(VECTORS / "arrow" / "plain.arrow"))
    assert answer_of(run_python(code.replace("PATH", path))) == "6005 True True"
