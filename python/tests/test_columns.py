"""How columns become a series: what is shared, what is copied, and what is refused."""

from __future__ import annotations

import gc
import weakref
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import omega_slicer as om
from helpers import FIELDS, MINUTE, same_bits, series_of

_STAMPS = np.arange(4, dtype=np.int64) * MINUTE
_ALL = ("timestamp", *FIELDS)


def make(backend: str | None = None, **changes: Any) -> om.CandleSeries:
    columns: dict[str, Any] = {"timestamp": _STAMPS.copy(), **{name: np.arange(4.0) + 1 for name in FIELDS}}
    how: dict[str, Any] = {"symbol": "EURUSD", "timeframe": "M1", "price_type": "bid", "backend": backend}
    for name, value in changes.items():
        (columns if name in columns else how)[name] = value
    return om.CandleSeries.from_columns(**columns, **how)


def chain(array: np.ndarray) -> list[Any]:
    """The array and everything it says its memory is based on."""
    found: list[Any] = []
    link: Any = array
    while link is not None:
        found.append(link)
        link = getattr(link, "base", None)
    return found


def assert_locked(array: np.ndarray) -> None:
    assert not array.flags.writeable
    for link in chain(array):
        if isinstance(link, np.ndarray):
            with pytest.raises(ValueError, match="WRITEABLE"):
                link.setflags(write=True)
            with pytest.raises(ValueError, match="WRITEABLE"):
                link.flags.writeable = True
            with pytest.raises(ValueError, match="read-only"):
                link[...] = 0
        elif isinstance(link, memoryview):
            assert link.readonly


def test_arrays_of_the_right_type_are_shared(backend: str) -> None:
    columns = {name: np.arange(4.0) + 1 for name in FIELDS}
    stamps = _STAMPS.copy()
    series = make(backend, timestamp=stamps, **columns)
    assert np.shares_memory(series.timestamp, stamps)
    for name, column in columns.items():
        assert np.shares_memory(getattr(series, name), column)
    dated = make(backend, timestamp=stamps.view("M8[us]"))
    assert np.shares_memory(dated.timestamp, stamps)


def test_copied_columns_are_the_series_own(backend: str) -> None:
    columns = {name: np.arange(4.0) + 1 for name in FIELDS}
    stamps = _STAMPS.copy()
    series = make(backend, timestamp=stamps, **columns, copy=True)
    for name, column in {"timestamp": stamps, **columns}.items():
        before = column.copy()
        column[:] = -1
        assert same_bits(getattr(series, name), before)
        assert_locked(getattr(series, name))


@pytest.mark.parametrize(
    "column",
    [
        [1, 2, 3, 4],
        (1.0, 2.0, 3.0, 4.0),
        [1, 2.0, np.float32(3), Decimal(4)],
        np.array([1, 2, 3, 4], np.int32),
        np.array([1, 2, 3, 4], np.float32),
        np.array([1, 2, 3, 4], ">f8"),
        np.repeat(np.arange(1.0, 5), 2)[::2],
        np.arange(4.0, 0, -1)[::-1],
        pd.Series([1.0, 2, 3, 4]),
        pd.Series([1, 2, 3, 4], dtype="Int64"),
        pd.Series([1, 2, 3, 4], dtype="Float64"),
        np.frombuffer(b"x" + np.arange(1.0, 5).tobytes(), np.uint8)[1:].view(np.float64),
        range(1, 5),
    ],
    ids=lambda column: f"{type(column).__name__}-{getattr(column, 'dtype', '')}",
)
def test_other_numbers_are_converted_to_the_same_values(column: Any, backend: str) -> None:
    assert make(backend, close=column).close.tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("column", "code", "says"),
    [
        (["1", "2", "3", "4"], 1004, "'1'"),
        ([1, 2, 10**400, 4], 1004, "row 2"),
        (np.array([1, 10**400, 3, 4], object), 1004, "row 1"),
        (np.ma.masked_array(["1", "2", "3", "4"], [0, 1, 0, 0]), 1004, "U1"),
        (np.ma.masked_array([1, 10**400, 3, 4], [0, 0, 1, 0], object), 1004, "row 1"),
        ([1, 2, True, 4], 1004, "row 2: True"),
        ([1, 2, 3, "four"], 1004, "row 3: 'four'"),
        (np.array([True] * 4), 1004, "bool"),
        (np.array(["1"] * 4), 1004, "<U1"),
        (np.array([1j] * 4), 1004, "complex"),
        (_STAMPS.astype("M8[us]"), 1004, "datetime64"),
        (1.0, 1004, "float"),
        ("1234", 1004, "'1234'"),
        (np.ones((2, 2)), 1011, "dimension"),
        ([[1, 2], [3, 4], [5, 6], [7, 8]], 1011, "dimension"),
        ([1, 2, 3], 1011, "close has 3 rows, timestamp has 4"),
        ([1, 2, np.nan, 4], 1006, "row 2: close is nan"),
        ([1, 2, None, 4], 1006, "row 2: close is nan"),
        ([1, np.inf, np.nan, 4], 1006, "row 1: close is inf"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_prices_that_are_none_are_refused_naming_the_first(
    column: Any, code: int, says: str, backend: str
) -> None:
    with pytest.raises(om.OmegaError) as caught:
        make(backend, close=column)
    assert caught.value.code == code
    assert "close" in str(caught.value)
    assert says.lower() in str(caught.value).lower()  # Rust writes NaN
    assert len(make(backend)) == 4


def test_a_price_of_five_thousand_digits_is_refused(backend: str) -> None:
    with pytest.raises(om.TypeMismatchError, match="column 'close', row 2"):
        make(backend, close=[1, 2.5, 10**5000, None])


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"timestamp": [0, 1, 1, 2]}, 1006, "row 2: timestamp 1 is not after 1"),
        ({"timestamp": [0, 5, 3, 6]}, 1006, "row 2: timestamp 3 is not after 5"),
        ({"timestamp": np.array([0.0, 1, 2, 3])}, 1004, "float64"),
        ({"timestamp": ["a", "b", "c", "d"]}, 1004, "timestamp[0]"),
        ({"timestamp": np.array([0, 1, 2, "NaT"], "M8[us]")}, 1001, "timestamp[3]"),
        ({"timestamp": np.array([1, 2, 3, 4], "M8[ns]")}, 1009, "finer than a microsecond"),
        ({"symbol": 5}, 1004, "symbol"),
        ({"symbol": None}, 1004, "symbol"),
        ({"symbol": "A\0B"}, 1001, "NUL"),
        ({"symbol": "\ud800"}, 1001, "Unicode"),
        ({"timeframe": "M7x"}, 1009, "M7x"),
        ({"timeframe": 0}, 1001, "0"),
        ({"timeframe": -MINUTE}, 1001, "-60000000"),
        ({"timeframe": 90_000_000}, 1001, "90000000"),
        ({"timeframe": 2**63}, 1001, "9223372036854775808"),
        ({"timeframe": 1.0}, 1004, "float"),
        ({"timeframe": True}, 1004, "bool"),
        ({"timeframe": None}, 1004, "None"),
        ({"price_type": "mid"}, 1001, "mid"),
        ({"price_type": 0}, 1004, "0"),
        ({"check": "some"}, 1001, "some"),
        ({"check": True}, 1004, "True"),
        ({"allow_missing": "yes"}, 1004, "yes"),
        ({"allow_missing": np.array([True, False])}, 1004, "allow_missing"),
        ({"copy": "no"}, 1004, "copy is True or False, not str: 'no'"),
        ({"copy": None}, 1004, "copy"),
        ({"copy": np.array([True, False])}, 1004, "copy"),
        ({"backend": "rust"}, 1001, "rust"),
        ({"backend": 1}, 1004, "1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_every_other_fault_of_a_series_is_named(changes: Any, code: int, says: str, backend: str) -> None:
    with pytest.raises(om.OmegaError) as caught:
        make(**{"backend": backend, **changes})
    assert caught.value.code == code
    assert says in str(caught.value)
    assert len(make(backend)) == 4


def test_faults_are_looked_for_in_one_order(backend: str) -> None:
    faults: list[tuple[int, dict[str, Any]]] = [
        (1011, {"close": [1.0]}),
        (1004, {"symbol": 5}),
        (1001, {"timeframe": 1}),
        (1001, {"price_type": "mid"}),
        (1006, {"timestamp": [0, 1, 1, 2]}),
        (1006, {"open": [1, 2, 3, np.nan]}),
    ]
    for first in range(len(faults)):
        changes = {name: value for _, fault in faults[first:] for name, value in fault.items()}
        with pytest.raises(om.OmegaError) as caught:
            make(backend, **changes)
        assert caught.value.code == faults[first][0]


def test_weaker_checks_let_through_what_they_do_not_look_at(backend: str) -> None:
    holes = [1, np.nan, 3, np.inf]
    assert same_bits(make(backend, close=holes, check="order").close, np.array(holes))
    assert make(backend, timestamp=[3, 2, 1, 0], check="none").timestamp.tolist() == [3, 2, 1, 0]
    with pytest.raises(om.ConstraintViolationError):
        make(backend, timestamp=[3, 2, 1, 0], check="order")
    assert np.isnan(make(backend, close=[1, np.nan, 3, 4], allow_missing=True).close[1])
    with pytest.raises(om.ConstraintViolationError, match="row 3: close is inf"):
        make(backend, close=holes, allow_missing=True)


def test_no_array_of_a_series_can_be_made_writable(backend: str, tmp_path: Any) -> None:
    file = tmp_path / "a.csv"
    file.write_text("time,open,high,low,close\n2024-01-01,1,1,1,1\n2024-01-02,1,1,1,1\n")
    read = om.read_csv(file, symbol="X", timeframe="D1", price_type="bid", backend=backend)
    framed = om.CandleSeries.from_dataframe(
        pd.DataFrame({"time": _STAMPS, **dict.fromkeys(FIELDS, 1.0)}),
        symbol="X",
        timeframe="M1",
        price_type="bid",
        backend=backend,
    )
    for series in (make(backend), make(backend, copy=True), make(backend, volume=None), read, framed):
        last = om.SymbolDataSlicer(series).get_lookback(series[-1].timestamp, 2)
        for name in _ALL:
            assert_locked(getattr(series, name))
            assert_locked(getattr(last, name))
            assert_locked(getattr(series[1:], name))
    for candle in make(backend):
        with pytest.raises(AttributeError):
            candle.close = 5.0  # type: ignore[misc]


def test_nothing_behind_a_column_of_a_file_can_be_written_to(backend: str, tmp_path: Any) -> None:
    file = tmp_path / "a.csv"
    for stamps in (["1700000000000000", "1700000060000000"], ["2024-01-01", "2024-01-02"]):
        for note in ("", '"quoted"'):
            rows = "".join(f"{stamp},1,1,1,1,5,{note}\n" for stamp in stamps)
            file.write_text("time,open,high,low,close,volume,note\n" + rows)
            series = om.read_csv(file, symbol="X", timeframe="M1", price_type="bid", backend=backend)
            for name in _ALL:
                link: Any = getattr(series, name)
                while link is not None:
                    if isinstance(link, np.ndarray):
                        with pytest.raises(ValueError, match="WRITEABLE"):
                            link.flags.writeable = True
                    link = link.obj if isinstance(link, memoryview) else getattr(link, "base", None)


def test_an_absent_volume_is_missing_everywhere_and_costs_nothing(backend: str) -> None:
    series = make(backend, volume=None)
    assert series.volume.shape == (4,)
    assert np.isnan(series.volume).all()
    assert series.volume.strides == (0,)
    assert np.isnan(series[0].volume)
    assert np.isnan(om.SymbolDataSlicer(series).gather_lookback([0], 1, "volume")).all()
    assert series.quality().missing_volumes == 4


def test_a_series_keeps_the_arrays_it_shares_alive(backend: str) -> None:
    close = np.arange(4.0) + 1
    gone = weakref.ref(close)
    series = make(backend, close=close)
    del close
    gc.collect()
    assert gone() is not None
    assert series.close.tolist() == [1.0, 2.0, 3.0, 4.0]
    view = series.close
    del series
    gc.collect()
    assert gone() is not None
    assert view.tolist() == [1.0, 2.0, 3.0, 4.0]
    del view
    gc.collect()
    assert gone() is None


def test_empty_and_single_rows_are_series(backend: str) -> None:
    empty = series_of([], backend=backend)
    assert len(empty) == 0
    assert repr(empty) == "<CandleSeries TEST M1 bid: 0 candles>"
    assert list(empty) == []
    assert all(getattr(empty, name).shape == (0,) for name in _ALL)
    assert empty.timestamp.dtype == np.int64
    slicer = om.SymbolDataSlicer(empty)
    assert slicer.get_candle_at(0) is None
    assert slicer.get_candles_asof([0, 1]).tolist() == [-1, -1]
    assert len(slicer.get_lookback(0, 3, partial=True)) == 0
    single = om.SymbolDataSlicer(series_of([7], backend=backend))
    assert single.get_candle_asof(8) == single.series[0]


def test_a_series_is_equal_to_itself_alone(backend: str) -> None:
    series, twin = make(backend), make(backend)
    assert series == series  # noqa: PLR0124 - the law under test
    assert series != twin
    assert len({series, twin}) == 2


def test_a_series_cannot_be_made_by_its_class() -> None:
    with pytest.raises(om.TypeMismatchError, match="from_columns"):
        om.CandleSeries([1, 2, 3])


def test_timeframes_of_equal_length_are_equal() -> None:
    assert om.Timeframe("60min") == om.Timeframe("H1") == om.Timeframe(3_600_000_000)
    assert om.Timeframe(pd.Timedelta("1h")) == om.Timeframe("h1")
    assert len({om.Timeframe("7d"), om.Timeframe("W1")}) == 1
    assert om.Timeframe("M1") < om.Timeframe("M5")
    assert om.Timeframe("M1") != "M1"
    with pytest.raises(AttributeError):
        om.Timeframe("M1").duration = 5  # type: ignore[misc]
    with pytest.raises(om.InvalidArgumentError):
        om.Timeframe(pd.Timedelta("1min") + pd.Timedelta(1, "ns"))
