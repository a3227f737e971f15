"""Every language-neutral case of tests/vectors, on both backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import omega_slicer as om
from helpers import (
    FIELDS,
    VECTORS,
    expect_error,
    floats_of_bits,
    same_bits,
    table,
    vector_columns,
    vector_series,
)

_CASES = {
    name: table(VECTORS / f"{name}.tsv")
    for name in ("csv", "error_codes", "quality", "series", "slicer", "timeframe", "timestamp")
}
_DOORS = {"from_columns": om.CandleSeries.from_columns, "read_csv": om.read_csv}


def cases(name: str) -> pytest.MarkDecorator:
    rows = _CASES[name]
    return pytest.mark.parametrize("case", rows, ids=[row.get("case", row.get("text")) for row in rows])


def argument(name: str, text: str) -> Any:
    if name == "times":
        return [] if text == "-" else [int(part) for part in text.split(",")]
    if text in ("true", "false"):
        return text == "true"
    return text if name in ("field", "unit", "check", "price_type") else int(text)


def arguments(text: str) -> dict[str, Any]:
    pairs = [] if text == "-" else [word.split("=", 1) for word in text.split(" ")]
    return {name: argument(name, value) for name, value in pairs}


def ranges(text: str) -> list[list[int]]:
    return [] if text == "-" else [[int(n) for n in part.split(":")] for part in text.split(",")]


@cases("slicer")
def test_every_question_has_the_answer_of_the_vectors(case: dict[str, str], backend: str) -> None:
    series = vector_series(case["series"], backend)
    ask = getattr(om.SymbolDataSlicer(series), case["op"])
    given = arguments(case["args"])
    kind, value = case["result"], case["value"]
    if kind == "error":
        expect_error(value, lambda: ask(**given))
        return
    answer = ask(**given)
    if kind == "range":
        assert [answer.rows.start, len(answer)] == ranges(value)[0]
        for name in ("timestamp", *FIELDS):
            view = getattr(series, name)[answer.rows.start : answer.rows.stop]
            assert same_bits(getattr(answer, name), view)
    elif kind == "row":
        expected = None if int(value) < 0 else series[int(value)]
        assert (answer is None) == (expected is None)
        if expected is not None:
            assert same_bits(np.array(answer), np.array(expected))
            columns, _ = vector_columns(case["series"])
            for name in columns:
                assert same_bits(np.array([getattr(answer, name)]), columns[name][[int(value)]])
    elif kind == "ranges":
        assert answer.dtype == np.int64
        assert answer.shape == (len(given["times"]), 2)
        assert answer.tolist() == ranges(value)
    elif kind == "rows":
        assert answer.dtype == np.int64
        assert answer.tolist() == ([] if value == "-" else [int(row) for row in value.split(",")])
    else:
        assert kind == "matrix"
        rows = [] if value == "-" else [row.split(",") for row in value.split(";")]
        cells = [cell if cell != "nan" else "7ff8000000000000" for row in rows for cell in row]
        assert same_bits(answer, floats_of_bits(cells).reshape(len(given["times"]), given["n"]))


@cases("timeframe")
def test_timeframes_are_read_and_named_alike(case: dict[str, str]) -> None:
    text = "" if case["text"] == "<empty>" else case["text"]
    if case["result"] == "error":
        expect_error(case["value"], lambda: om.Timeframe(text))
        return
    duration, name = case["value"].split(" ")
    assert om.Timeframe(text).duration == int(duration)
    assert om.Timeframe(text).name == name
    assert om.Timeframe(int(duration)) == om.Timeframe(text)


@cases("timestamp")
def test_timestamps_are_read_alike(case: dict[str, str]) -> None:
    text = "" if case["text"] == "<empty>" else case["text"]
    if case["result"] == "error":
        expect_error(case["value"], lambda: om.parse_timestamp(text))
    else:
        assert om.parse_timestamp(text) == int(case["value"])


@cases("csv")
def test_csv_files_are_read_alike(case: dict[str, str], backend: str) -> None:
    def read() -> om.CandleSeries:
        return om.read_csv(
            VECTORS / "csv" / case["file"],
            symbol="TEST",
            timeframe="M1",
            price_type="bid",
            backend=backend,
            **arguments(case["args"]),
        )

    if case["result"] == "error":
        expect_error(case["value"], read)
        return
    series = read()
    columns, _ = vector_columns(case["value"])
    assert len(series) == len(columns["timestamp"])
    for name in ("timestamp", *FIELDS):
        assert same_bits(getattr(series, name), columns.get(name, np.full(len(series), np.nan))), name


@cases("series")
def test_columns_are_accepted_and_refused_alike(case: dict[str, str], backend: str) -> None:
    columns: dict[str, Any] = {}
    for word in case["columns"].split(" "):
        name, cells = word.split("=")
        parts = [] if cells == "-" else cells.split(",")
        kind = np.int64 if name == "timestamp" else np.float64
        columns[name] = np.array([kind(part) for part in parts], kind)
    how = {"timeframe": "M1", "price_type": "bid", **arguments(case["args"])}
    if "timeframe_us" in how:
        how["timeframe"] = how.pop("timeframe_us")

    def make() -> om.CandleSeries:
        return om.CandleSeries.from_columns(**columns, symbol="TEST", backend=backend, **how)

    if case["result"] == "error":
        expect_error(case["value"], make)
        return
    series = make()
    for name, column in columns.items():
        assert same_bits(getattr(series, name), column)


@cases("quality")
def test_quality_is_counted_alike(case: dict[str, str], backend: str) -> None:
    series = vector_series(case["series"], backend)
    ask = None if case["ask"] == "-" else vector_series(case["ask"], backend)
    found = series.quality(ask).as_dict()
    pair = found.pop("pair")
    found["steps"] = ",".join(f"{step}:{count}" for step, count in found["steps"].items()) or "-"
    expected = dict(word.split("=") for word in case["value"].split(" "))
    assert {name: str(value) for name, value in (found if ask is None else pair).items()} == expected


def test_every_code_is_a_class_with_that_code_and_name() -> None:
    expected = {int(row["code"]): row["name"] for row in _CASES["error_codes"]}
    assert om.error_codes() == expected
    classes = {kind.code: kind for kind in om.OmegaError.__subclasses__()}
    assert {0, *classes} == set(expected)
    for code, kind in classes.items():
        assert kind.name == expected[code]
        assert getattr(om, kind.__name__) is kind
        assert kind.__name__ in om.__all__
