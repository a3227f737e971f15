"""Candles and the Arrow libraries people use: the same bits there and back, and nobody's memory copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import nanoarrow as na
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from arrow_tables import HOW, METADATA, STAMPS, address, prices, same, series, table

import omega_slicer as om
from helpers import FIELDS, VECTORS
from omega_slicer import _arrow_ipc

_VOLUMES = {
    "whole": prices()["volume"],
    "some missing": np.where(np.arange(7) % 3 == 0, np.nan, prices()["volume"]),
    "none": None,
}


@pytest.fixture(params=["native", "pyarrow", "ctypes"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who makes the structs: the library, pyarrow for the fallback, the fallback itself."""
    if request.param == "native":
        request.getfixturevalue("native")
        return "native"
    if request.param == "ctypes":
        monkeypatch.setattr(_arrow_ipc, "carrier", lambda: None)
    return "python"


def through_duckdb(candles: Any) -> Any:
    with duckdb.connect() as connection:
        return connection.sql("from candles").to_arrow_table()


_LIBRARIES: dict[str, Any] = {
    "pyarrow table": pa.table,
    "pyarrow batch": pa.record_batch,
    "pyarrow reader": pa.RecordBatchReader.from_stream,
    "polars": pl.DataFrame,
    "polars, with pyarrow's nulls": lambda candles: pl.DataFrame(pa.table(candles)),
    "duckdb": through_duckdb,
    "nanoarrow array": na.Array,
    "nanoarrow c array": na.c_array,
    "nanoarrow stream": na.ArrayStream,
    "itself": lambda candles: candles,
}


@pytest.mark.parametrize("volume", _VOLUMES)
@pytest.mark.parametrize("library", _LIBRARIES)
def test_bits_survive_a_round_trip(library: str, volume: str, backend: str) -> None:
    made = series(backend, volume=_VOLUMES[volume])
    for candles in (made, made[:], made[2:6], made[3:3], made[5:]):
        back = om.CandleSeries.from_arrow(_LIBRARIES[library](candles), **HOW, backend=backend)
        assert same(back, candles)


def test_a_pandas_frame_travels_with_its_index(backend: str) -> None:
    made = series(backend)
    frame = made.to_pandas()
    assert same(om.CandleSeries.from_arrow(frame, **HOW, backend=backend), made)
    frame.index.name = None  # pandas then calls it __index_level_0__
    assert same(om.CandleSeries.from_arrow(frame, **HOW, backend=backend), made)
    assert same(om.CandleSeries.from_arrow(pa.Table.from_pandas(frame), **HOW, backend=backend), made)


def test_what_arrives_is_the_registered_schema(backend: str) -> None:
    made = series(backend, volume=_VOLUMES["some missing"])
    found = pa.table(made[1:])
    assert [(field.name, str(field.type), field.nullable) for field in found.schema] == [
        (
            field.name,
            {"timestamp[us, UTC]": "timestamp[us, tz=UTC]", "float64": "double"}[field.type],
            field.nullable,
        )
        for field in om.schemas()[0].fields
    ]
    assert found.schema.metadata == {key.encode(): value.encode() for key, value in METADATA.items()}
    assert found["volume"].null_count == 2
    assert found["volume"].to_pylist() == [None if np.isnan(v) else v for v in made.volume[1:]]
    assert pa.schema(made) == found.schema
    assert pa.table(series(backend, volume=None))["volume"].null_count == len(STAMPS)
    found.validate(full=True)


def test_conversions_hold_the_rows(backend: str) -> None:
    made = series(backend, volume=_VOLUMES["some missing"])[1:5]
    assert made.to_arrow().equals(pa.table(made))
    assert made.to_polars().equals(pl.DataFrame(made))
    assert made.to_polars().schema["timestamp"] == pl.Datetime("us", "UTC")
    assert made.to_pandas().index.tolist() == [pd.Timestamp(int(t), unit="us", tz="UTC") for t in STAMPS[1:5]]
    assert isinstance(made.to_arrow(), pa.Table)


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    made = series()
    for module, method in (
        ("pyarrow", made.to_arrow),
        ("polars", made.to_polars),
        ("pandas", made.to_pandas),
    ):
        monkeypatch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(om.NotBuiltInError, match="(?i)" + module):
            method()


def test_exported_columns_are_the_series_own_memory(backend: str) -> None:
    made = series(backend)
    found = pa.table(made[2:])
    for name in ("timestamp", *FIELDS):
        (chunk,) = found[name].chunks
        assert chunk.buffers()[1].address + 8 * chunk.offset == address(getattr(made, name)[2:]), name
    missing = pa.table(series(backend, volume=_VOLUMES["some missing"]))
    assert missing["volume"].chunk(0).buffers()[0] is not None
    assert all(missing[name].chunk(0).buffers()[0] is None for name in ("timestamp", "open", "close"))


def test_imported_columns_are_the_tables_own_memory(backend: str) -> None:
    nulls = [None, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    for given, shared in ((table(), FIELDS), (table(volume=pa.array(nulls)), FIELDS[:4])):
        for made in (given, given.slice(3, 3), pl.DataFrame(given)):
            taken = om.CandleSeries.from_arrow(made, **HOW, backend=backend)
            # Polars has its own table to hand out again.
            columns = made.rechunk().to_arrow() if isinstance(made, pl.DataFrame) else made
            for name in ("timestamp", *shared):
                chunk = columns[name].chunk(0)
                assert address(getattr(taken, name)) == chunk.buffers()[1].address + 8 * chunk.offset, name
                assert not getattr(taken, name).flags.writeable


def test_several_chunks_are_joined(backend: str) -> None:
    whole = table()
    parts = pa.concat_tables([whole.slice(0, 1), whole.slice(1, 0), whole.slice(1, 4), whole.slice(5)])
    assert parts["open"].num_chunks > 1
    assert same(om.CandleSeries.from_arrow(parts, backend=backend), series())
    halves = pl.concat([pl.DataFrame(whole.slice(0, 3)), pl.DataFrame(whole.slice(3))], rechunk=False)
    assert same(om.CandleSeries.from_arrow(halves, **HOW, backend=backend), series())
    rows = pa.chunked_array([batch.to_struct_array() for batch in parts.to_batches()])
    assert same(om.CandleSeries.from_arrow(rows, **HOW, backend=backend), series())


@pytest.mark.parametrize("start", range(7))
def test_offsets_that_are_no_whole_byte_are_right(start: int, backend: str) -> None:
    volume = pa.array([1.0, None, 3.0, 4.0, None, 6.0, 7.0])
    valid = pa.array([True, False, True, True, False, True, True])
    batch = table(volume=volume, valid=valid).to_batches()[0]
    expected = table(volume=volume).to_batches()[0].filter(valid)[int(sum(valid.to_pylist()[:start])) :]
    rows = batch.to_struct_array()
    for sliced in (batch.slice(start), rows.slice(start), pa.table(batch).slice(start)):
        taken = om.CandleSeries.from_arrow(sliced, **HOW, backend=backend)
        assert taken.timestamp.tolist() == expected["timestamp"].cast(pa.int64()).to_pylist()
        assert [None if np.isnan(v) else v for v in taken.volume] == expected["volume"].to_pylist()


def test_no_rows_are_a_series_of_no_rows(backend: str) -> None:
    for empty in (
        table(0),
        table().schema.empty_table(),
        pl.DataFrame(table(0)),
        na.Array(series(backend)[3:3]),
    ):
        assert len(om.CandleSeries.from_arrow(empty, **HOW, backend=backend)) == 0


def test_the_stream_may_be_asked_for_again_and_again(backend: str) -> None:
    made = series(backend)[1:]
    streams = [made.__arrow_c_stream__() for _ in range(3)]
    assert len({id(stream) for stream in streams}) == 3
    assert pl.DataFrame(made).equals(pl.DataFrame(made))
    with duckdb.connect() as connection:
        assert connection.sql("select count(*) from made a, made b").fetchall() == [(36,)]


def test_parquet_is_a_line_away(backend: str, tmp_path: Path) -> None:
    made, path = series(backend, volume=_VOLUMES["some missing"]), tmp_path / "a.parquet"
    pq.write_table(made.to_arrow(), path)
    back = om.CandleSeries.from_arrow(pq.read_table(path), backend=backend)
    assert same(back, made)
    assert back.title == made.title
    made.to_polars().write_parquet(path)
    assert same(om.CandleSeries.from_arrow(pl.read_parquet(path), **HOW, backend=backend), made)


def test_a_slicer_is_made_of_ipc_bytes(backend: str) -> None:
    data = (VECTORS / "arrow" / "plain.arrow").read_bytes()
    slicer = om.SymbolDataSlicer.from_ipc(data, "X", "M5", "ask", backend=backend)
    assert same(slicer.series, om.CandleSeries.from_ipc(data, backend=backend))
    assert slicer.series.title == "X M5 ask"


def test_calls_are_counted(backend: str) -> None:
    kind = "native" if backend == "native" else "fallback"
    om.reset_counts()
    om.CandleSeries.from_arrow(table(), backend=backend)
    assert om.status().modules["slicer"].counts["from_arrow"][kind] == 1
