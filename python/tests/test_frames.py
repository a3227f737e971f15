"""Data frames: which columns are found, that they are copied, and what is refused."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pandas as pd
import pytest

import omega_slicer as om
from helpers import FIELDS, MINUTE, same_bits

_STAMPS = np.arange(4, dtype=np.int64) * MINUTE
_INDEX = pd.to_datetime(_STAMPS, unit="us")


def frame(**changes: Any) -> pd.DataFrame:
    return pd.DataFrame({name: np.arange(4.0) + 1 for name in FIELDS} | changes, index=_INDEX)


def slicer(data: Any, backend: str, **how: Any) -> om.SymbolDataSlicer:
    return om.SymbolDataSlicer(data, "EURUSD", "M1", "ask", backend=backend, **how)


@pytest.mark.parametrize(
    "data",
    [
        frame(),
        frame().rename(columns=str.upper),
        frame().rename(columns=lambda name: f" {name.title()} "),
        frame().tz_localize("UTC"),
        frame().tz_localize("UTC").tz_convert("Asia/Kolkata"),
        frame().reset_index(names="Timestamp"),
        frame().reset_index(names="date"),
        frame().tz_localize("UTC").reset_index(names="UTC Time"),
        frame().reset_index(drop=True).assign(time=_STAMPS),
        frame().reset_index(drop=True).assign(time=_STAMPS).set_index("time"),
        frame().assign(spread=["a", "b", "c", "d"], extra=None),
        frame().astype(np.float32),
        frame().astype("Float64"),
        frame()[["close", "open", "volume", "low", "high"]],
    ],
    ids=range(14),
)
def test_columns_are_found_in_any_case_and_order(data: pd.DataFrame, backend: str) -> None:
    series = slicer(data, backend).series
    assert series.timestamp.tolist() == _STAMPS.tolist()
    for name in FIELDS:
        assert getattr(series, name).tolist() == [1.0, 2.0, 3.0, 4.0]
    assert (series.symbol, series.timeframe, series.price_type) == ("EURUSD", om.Timeframe("M1"), "ask")


def test_a_frame_is_copied_unless_told_otherwise(backend: str) -> None:
    data = frame()
    copied, shared = slicer(data, backend), slicer(data, backend, copy=False)
    assert not np.shares_memory(copied.series.close, data["close"].to_numpy())
    assert np.shares_memory(shared.series.close, data["close"].to_numpy())
    data.loc[:, "close"] = -1.0
    assert copied.series.close.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_missing_values_of_any_kind_are_nan(backend: str) -> None:
    data = frame(volume=pd.array([1, None, 3, None], dtype="Int64"), close=[1.0, None, 3.0, 4.0])
    with pytest.raises(om.ConstraintViolationError, match=r"row 1: close is (nan|NaN)"):
        slicer(data, backend)
    series = slicer(data, backend, allow_missing=True).series
    assert same_bits(series.volume, np.array([1, np.nan, 3, np.nan]))
    assert same_bits(series.close, np.array([1, np.nan, 3, 4]))


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (frame().drop(columns="close"), 1005, "no close column"),
        (frame().reset_index(drop=True), 1005, "no timestamp column"),
        (frame().assign(Close=1.0), 1005, "more than one close column: 'close', 'Close'"),
        (frame().assign(time=_STAMPS), 1005, "more than one timestamp column"),
        (frame().reset_index(names="date").assign(time=_STAMPS), 1005, "more than one timestamp column"),
        (frame().set_index(frame().index.strftime("%Y")).rename_axis("time"), 1004, "timestamp"),
        (frame(close=["a", "b", "c", "d"]), 1004, "close"),
        (frame()[::-1], 1006, "row 1: timestamp 120000000 is not after 180000000"),
        (np.zeros((4, 5)), 1004, "data frame"),
        ({"close": [1]}, 1004, "data frame"),
        (None, 1004, "data frame"),
    ],
    ids=range(11),
)
def test_frames_that_are_no_candles_are_refused(data: Any, code: int, says: str, backend: str) -> None:
    with pytest.raises(om.OmegaError) as caught:
        slicer(data, backend)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_a_frame_needs_to_be_told_what_it_is_of(backend: str) -> None:
    with pytest.raises(om.InvalidArgumentError, match="symbol, timeframe, price_type"):
        om.SymbolDataSlicer(frame(), backend=backend)
    series = slicer(frame(), backend).series
    with pytest.raises(om.InvalidArgumentError, match="symbol"):
        om.SymbolDataSlicer(series, "EURUSD", backend=backend)
    assert om.SymbolDataSlicer(series).series is series


def test_to_pandas_gives_back_what_a_frame_gave(backend: str) -> None:
    data = frame().tz_localize("UTC")
    asked = slicer(data, backend)
    back = asked.series.to_pandas()
    pd.testing.assert_frame_equal(back, data, check_freq=False, check_names=False, check_index_type=False)
    assert back.index.name == "timestamp"
    back.loc[:, "close"] = 0.0
    assert asked.series.close.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert slicer(back, backend).series.timestamp.tolist() == _STAMPS.tolist()


class Polarish:
    """A frame as Polars has it: names in `columns`, columns by name, no index."""

    def __init__(self, columns: dict[str, np.ndarray]) -> None:
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name: str) -> Any:
        return pd.Series(self._columns[name])


def test_frames_without_an_index_are_read_by_column_name(backend: str) -> None:
    data = Polarish({"Time": _STAMPS.view("M8[us]"), **{name: np.arange(4.0) + 1 for name in FIELDS}})
    assert slicer(data, backend).get_candle_at(MINUTE) == slicer(frame(), backend).get_candle_at(MINUTE)


@pytest.mark.skipif(importlib.util.find_spec("polars") is None, reason="Polars is not installed")
def test_polars_frames_are_read(backend: str) -> None:
    import polars as pl

    columns = {name: [1.0, 2.0, 3.0, None if name == "volume" else 4.0] for name in FIELDS}
    for times in (
        pl.Series(_STAMPS).cast(pl.Datetime("us")),
        pl.Series(_STAMPS).cast(pl.Datetime("us", "UTC")),
        pl.Series(_STAMPS * 1000).cast(pl.Datetime("ns", "Asia/Kolkata")),
        pl.Series(_STAMPS),
    ):
        series = slicer(pl.DataFrame({"time": times, **columns}), backend).series
        assert series.timestamp.tolist() == _STAMPS.tolist()
        assert same_bits(series.volume, np.array([1, 2, 3, np.nan]))
