"""Every language-neutral Arrow case of tests/vectors, on both backends, and the registry of schemas."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import omega_slicer as om
from helpers import FIELDS, VECTORS, expect_error, same_bits, table, vector_columns

_CASES = table(VECTORS / "arrow.tsv")
# Files whose bytes were damaged: those with no case that can be read.
_DAMAGED = {case["file"] for case in _CASES if case["value"][:4] in ("3004", "6004")}


def arguments(text: str) -> dict[str, Any]:
    pairs = [] if text == "-" else [word.split("=", 1) for word in text.split(" ")]
    return {name: value == "true" if value in ("true", "false") else value for name, value in pairs}


def assert_is(series: om.CandleSeries, name: str) -> None:
    columns, words = vector_columns(name)
    assert (series.symbol, series.timeframe, series.price_type) == (
        words.get("symbol", ""),
        om.Timeframe(words["timeframe"]),
        words["price_type"],
    )
    assert len(series) == len(columns["timestamp"])
    for field in ("timestamp", *FIELDS):
        assert same_bits(getattr(series, field), columns.get(field, np.full(len(series), np.nan))), field


@pytest.mark.parametrize("case", _CASES, ids=[case["case"] for case in _CASES])
def test_arrow_files_are_read_alike(case: dict[str, str], backend: str) -> None:
    path, how = VECTORS / "arrow" / case["file"], {**arguments(case["args"]), "backend": backend}
    doors: list[Any] = [lambda: om.read_ipc(path, **how)]
    if not how.get("mmap"):
        bytes_alone = {name: value for name, value in how.items() if name != "mmap"}
        doors.append(lambda: om.CandleSeries.from_ipc(path.read_bytes(), **bytes_alone))
    what = case["value"]
    if backend == "python" and case["file"] in _DAMAGED:
        what = what.split("|")[0]  # pyarrow does not say where
    for door in doors:
        if case["result"] == "error":
            expect_error(what, door)
        else:
            assert_is(door(), case["value"])


@pytest.mark.parametrize(
    "case",
    [case for case in _CASES if case["file"] not in _DAMAGED and "mmap=true" not in case["args"]],
    ids=lambda case: case["case"],
)
def test_tables_in_memory_are_taken_as_files_are_read(case: dict[str, str], backend: str) -> None:
    path, how = VECTORS / "arrow" / case["file"], {**arguments(case["args"]), "backend": backend}
    opened = pa.ipc.open_file if path.suffix == ".arrow" else pa.ipc.open_stream
    try:
        found = opened(pa.BufferReader(path.read_bytes())).read_all()
    except pa.ArrowInvalid:
        assert case["result"] == "error"  # no Arrow at all, or of before pyarrow
        return
    if case["value"].startswith("1009|") and "endian" in case["value"]:
        return  # pyarrow swaps the bytes itself

    def take() -> om.CandleSeries:
        return om.CandleSeries.from_arrow(found, **how)

    if case["result"] == "error":
        expect_error(case["value"], take)
    else:
        assert_is(take(), case["value"])


def test_the_schemas_are_those_of_every_language() -> None:
    rows = table(VECTORS / "schemas.tsv")
    found = {(one.name, one.version): one for one in om.schemas()}
    by_schema = itertools.groupby(rows, key=lambda row: (row["schema"], row["version"]))
    expected = {name: list(group) for name, group in by_schema}
    assert list(found) == list(expected)
    for name, fields in expected.items():
        one = found[name]
        assert [(str(i), *field) for i, field in enumerate(one.fields)] == [
            (row["position"], row["field"], row["type"], row["nullable"] == "true") for row in fields
        ]
        assert {row["fingerprint"] for row in fields} == {one.fingerprint}
        text = json.dumps([field._asdict() for field in one.fields], sort_keys=True)
        assert hashlib.sha256(text.encode()).hexdigest() == one.fingerprint


def test_what_is_written_is_the_registered_schema(backend: str, tmp_path: Path) -> None:
    columns, _ = vector_columns("arrow_plain")
    series = om.CandleSeries.from_columns(
        **columns, symbol="TEST", timeframe="M1", price_type="bid", backend=backend
    )
    series.write_ipc(tmp_path / "a.arrow")
    assert_is(om.read_ipc(tmp_path / "a.arrow", strict=True, backend=backend), "arrow_plain")
    assert_is(om.CandleSeries.from_ipc(series.to_ipc(), strict=True, backend=backend), "arrow_plain")
    assert_is(om.CandleSeries.from_arrow(series, strict=True, backend=backend), "arrow_plain")
    assert (tmp_path / "a.arrow").read_bytes() == series.to_ipc()
