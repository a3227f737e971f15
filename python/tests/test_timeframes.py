"""Several timeframes, the walk and several symbols: every case of tests/vectors, on both backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_vectors import expect_error

import omega_slicer as om
from helpers import FIELDS, VECTORS, floats_of_bits, same_bits, table, vector_columns, vector_series

_CASES = {
    name: table(VECTORS / f"{name}.tsv") for name in ("resample", "align", "symbol_slice", "multi_symbol")
}
_WORDS = ("timeframe", "price_type", "field", "symbol", "decision", "stamps", "timeline", "primary")


def cases(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", _CASES[name], ids=[row["case"] for row in _CASES[name]])


def arguments(text: str) -> dict[str, Any]:
    pairs = [] if text == "-" else [word.split("=", 1) for word in text.split(" ")]
    return {name: argument(name, value) for name, value in pairs}


def argument(name: str, value: str) -> Any:
    if value in ("true", "false"):
        return value == "true"
    return value if name in _WORDS else int(value)


def series_of_names(names: str, backend: str) -> list[om.CandleSeries]:
    return [] if names == "-" else [vector_series(name, backend) for name in names.split(",")]


def same_candle(candle: om.Candle | None, series: om.CandleSeries | None, row: int) -> bool:
    if row < 0 or series is None or candle is None:
        return candle is None and row < 0
    return same_bits(np.array(candle), np.array(series[row]))


def integers(text: str) -> list[int]:
    return [] if text == "-" else [int(cell) for cell in text.split(",")]


@cases("resample")
def test_a_longer_timeframe_has_the_candles_of_the_oracle(case: dict[str, str], backend: str) -> None:
    series = vector_series(case["series"], backend)
    given = arguments(case["args"])
    if case["result"] == "error":
        expect_error(case["value"], lambda: om.resample(series, case["timeframe"], **given))
        return
    made = om.resample(series, case["timeframe"], **given)
    columns, words = vector_columns(case["value"])
    assert (made.symbol, made.timeframe.name, str(made.price_type)) == (
        words["symbol"],
        words["timeframe"],
        words["price_type"],
    )
    for name in ("timestamp", *FIELDS):
        expected = columns.get(name, np.full(len(made), np.nan))
        assert same_bits(getattr(made, name), expected), name
    assert made._absent == (words["volume"] == "0")


@cases("align")
def test_each_bar_sees_the_candle_that_a_scan_of_all_candles_finds(
    case: dict[str, str], backend: str
) -> None:
    primary, higher = (vector_series(case[name], backend) for name in ("primary", "higher"))
    given = arguments(case["args"])
    if case["result"] == "error":
        expect_error(case["value"], lambda: om.align(primary, higher, **given))
        return
    rows = om.align(primary, higher, **given)
    assert rows.dtype == np.int64
    assert rows.tolist() == integers(case["value"])


def walk_over(names: str, backend: str, primary: str | None) -> om.SymbolDataSlice:
    data: dict[Any, dict[str, om.CandleSeries]] = {}
    for series in series_of_names(names, backend):
        key: Any = series.timeframe.name
        if str(series.price_type) in data.get(key, {}):
            key = series.timeframe  # the same timeframe in another spelling
        data.setdefault(key, {})[str(series.price_type)] = series
    return om.SymbolDataSlice(data, primary=primary)


@cases("symbol_slice")
def test_every_question_of_the_walk_has_the_answer_of_the_oracle(case: dict[str, str], backend: str) -> None:
    given = arguments(case["args"])
    primary, op = given.pop("primary", None), case["op"]
    index = given.pop("index", None)

    def ask() -> Any:
        walk = walk_over(case["series"], backend, primary)
        if op == "bars":
            return len(walk)
        if index is not None:
            walk.set_index(index)
        return walk.decision_time if op == "decision_time" else getattr(walk, op)(**given)  # type: ignore[attr-defined]

    kind, value = case["result"], case["value"]
    if kind == "error":
        expect_error(value, ask)
        return
    answer = ask()
    if kind == "number":
        assert answer == int(value)
    elif kind == "row":
        series = walk_over(case["series"], backend, primary).series_ref(
            given["timeframe"], given.get("price_type", "bid")
        )
        assert same_candle(answer, series, int(value))
    elif kind == "range":
        start, length = (int(part) for part in value.split(":"))
        assert (answer.rows.start, len(answer)) == (start, length)
    else:
        rows = [] if value == "-" and not answer.size else [row.split(",") for row in value.split(";")]
        cells = [cell if cell != "nan" else "7ff8000000000000" for row in rows for cell in row]
        assert same_bits(answer, floats_of_bits(cells).reshape(answer.shape))
        assert len(answer) == len(rows)


@cases("multi_symbol")
def test_every_question_of_a_moment_has_the_answer_of_the_oracle(case: dict[str, str], backend: str) -> None:
    given = arguments(case["args"])
    how = {name: given.pop(name) for name in ("timeline", "asof", "stale_limit") if name in given}
    index, op = given.pop("index", None), case["op"]
    given_series = series_of_names(case["series"], backend)
    moments: list[om.MultiSymbolSlice] = []

    def ask() -> Any:
        moments.append(om.MultiSymbolSlice(given_series, backend=backend, **how))
        if op == "timeline":
            return moments[-1].timeline
        if op == "rows":
            return [moments[-1].get_candle(**given) for moments[-1].index in range(len(moments[-1]))]
        if index is not None and (index or len(moments[-1])):
            moments[-1].set_index(index)
        return getattr(moments[-1], op)(**given)

    kind, value = case["result"], case["value"]
    if kind == "error":
        expect_error(value, ask)
        return
    answer = ask()
    if kind in ("row", "rows"):
        side = given.get("price_type", "bid")
        [series] = [s for s in given_series if (s.symbol, str(s.price_type)) == (given["symbol"], side)]
        found = answer if kind == "rows" else [answer]
        assert len(found) == len(integers(value))
        assert all(same_candle(c, series, row) for c, row in zip(found, integers(value), strict=True))
    elif kind == "stamps":
        assert answer.dtype == np.int64
        assert answer.tolist() == integers(value)
    elif kind == "none":
        assert answer is None
    else:
        assert kind == "price"
        cell = value if value != "nan" else "7ff8000000000000"
        assert same_bits(np.array([answer]), floats_of_bits([cell]))
