"""What is a time, what is not, and that nothing is rounded on the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import omega_slicer as om
from helpers import MINUTE, series_of
from omega_slicer._time import to_us, to_us_array

_UTC = dt.timezone.utc
_EAST = dt.timezone(dt.timedelta(hours=5, minutes=30))
_US = 1_700_000_040_000_001
_INT64 = st.integers(-(2**63), 2**63 - 1)

ONE_TIME = [
    _US,
    np.int64(_US),
    np.uint64(_US),
    dt.datetime(2023, 11, 14, 22, 14, 0, 1),
    dt.datetime(2023, 11, 14, 22, 14, 0, 1, _UTC),
    dt.datetime(2023, 11, 15, 3, 44, 0, 1, _EAST),
    np.datetime64(_US, "us"),
    np.datetime64(_US * 1000, "ns"),
    np.datetime64(_US * 10**6, "ps") if _US * 10**6 < 2**63 else np.datetime64(_US, "us"),
    pd.Timestamp(_US, unit="us"),
    pd.Timestamp(_US, unit="us", tz="UTC"),
    pd.Timestamp(_US, unit="us", tz="Asia/Kolkata"),
]

REFUSED = [
    (True, 1004),
    (np.True_, 1004),
    (1.0, 1004),
    (np.float64(1.0), 1004),
    ("2023-11-14", 1004),
    (b"2023", 1004),
    (None, 1004),
    (dt.timedelta(1), 1004),
    (np.timedelta64(1, "us"), 1004),
    ([_US], 1004),
    (np.array([_US]), 1004),
    (2**63, 1001),
    (-(2**63) - 1, 1001),
    (np.uint64(2**63), 1001),
    (np.datetime64("NaT"), 1001),
    (pd.NaT, 1001),
    (np.datetime64(1, "ns"), 1009),
    (np.datetime64(-1, "ns"), 1009),
    (pd.Timestamp(1, unit="ns"), 1009),
    (np.datetime64(10**15, "s"), 1001),
]


@pytest.mark.parametrize("time", ONE_TIME, ids=lambda time: f"{type(time).__name__}-{time}")
def test_all_date_types_name_the_same_microsecond(time: Any, backend: str) -> None:
    assert to_us(time) == _US
    slicer = om.SymbolDataSlicer(series_of([_US - 5 * MINUTE, _US, _US + MINUTE], backend=backend))
    assert slicer.get_candle_at(time) == slicer.series[1]
    assert slicer.get_candle_asof(time) == slicer.series[1]
    assert slicer.get_lookback(time, 2).rows == range(2)
    assert slicer.get_slice(time, time).rows == range(1, 2)
    assert slicer.get_candles_at([time]).tolist() == [1]


@pytest.mark.parametrize(("time", "code"), REFUSED, ids=lambda value: f"{type(value).__name__}-{value}")
def test_what_is_no_time_is_refused_by_every_question(time: Any, code: int, backend: str) -> None:
    slicer = om.SymbolDataSlicer(series_of([0, MINUTE], backend=backend))
    questions = [
        lambda: slicer.get_candle_at(time),
        lambda: slicer.get_candle_asof(time),
        lambda: slicer.get_lookback(time, 1),
        lambda: slicer.get_slice(time, 0),
        lambda: slicer.get_slice(0, time),
    ]
    for ask in questions:
        with pytest.raises(om.OmegaError) as caught:
            ask()
        assert caught.value.code == code
        offending = type(time).__name__ if code == 1004 else str(time)
        assert offending in str(caught.value)
    assert slicer.get_candle_at(0) == slicer.series[0]


@pytest.mark.parametrize(("time", "code"), REFUSED, ids=lambda value: f"{type(value).__name__}-{value}")
def test_the_first_bad_time_of_a_batch_is_named_by_its_index(time: Any, code: int, backend: str) -> None:
    slicer = om.SymbolDataSlicer(series_of([0, MINUTE], backend=backend))
    with pytest.raises(om.OmegaError, match=r"times\[1\]") as caught:
        slicer.get_candles_at([0, time, "later"])
    assert caught.value.code == code


@pytest.mark.parametrize("unit", ["Y", "M", "W", "D", "h", "m", "s", "ms", "us"])
def test_coarse_datetime64_is_exact_alone_and_in_arrays(unit: str) -> None:
    counts = np.arange(-30, 60)
    dates = counts.astype(f"M8[{unit}]")
    expected = dates.astype("M8[us]").astype(np.int64).tolist()
    assert to_us_array(dates, "times").tolist() == expected
    assert [to_us(date) for date in dates] == expected
    assert to_us_array(list(dates), "times").tolist() == expected


@given(st.lists(_INT64))
def test_integers_pass_unchanged(stamps: list[int]) -> None:
    assert to_us_array(stamps, "times").tolist() == stamps
    assert [to_us(stamp) for stamp in stamps] == stamps


@given(st.datetimes(min_value=dt.datetime(1, 1, 2), max_value=dt.datetime(9999, 12, 30)))
def test_datetimes_are_exact_to_the_microsecond(moment: dt.datetime) -> None:
    us = to_us(moment)
    assert dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=us) == moment
    assert to_us(moment.replace(tzinfo=_EAST)) == us - (5 * 60 + 30) * MINUTE
    assert to_us(np.datetime64(moment)) == us
    assert to_us(pd.Timestamp(moment)) == us


@given(st.integers(-(2**62), 2**62))
def test_nanoseconds_are_exact_or_refused(ns: int) -> None:
    for time in (np.datetime64(ns, "ns"), pd.Timestamp(ns, unit="ns")):
        if ns % 1000:
            with pytest.raises(om.InvalidFormatError, match="finer than a microsecond"):
                to_us(time)
        else:
            assert to_us(time) == ns // 1000


def test_arrays_of_every_kind_hold_the_same_times() -> None:
    stamps = np.arange(5, dtype=np.int64) * MINUTE
    index = pd.to_datetime(stamps, unit="us")
    for times in (
        stamps,
        stamps.tolist(),
        tuple(stamps.tolist()),
        range(0, 5 * MINUTE, MINUTE),
        stamps.astype(">i8"),
        stamps.astype(np.uint64),
        np.repeat(stamps, 2)[::2],
        stamps.astype("M8[us]"),
        (stamps * 1000).astype("M8[ns]"),
        stamps.astype("M8[us]").astype(">M8[us]"),
        (stamps // MINUTE).astype("M8[m]"),
        index,
        index.tz_localize("UTC"),
        index.tz_localize("UTC").tz_convert("Asia/Kolkata"),
        pd.Series(index),
        pd.Series(index.tz_localize("UTC").tz_convert("Asia/Kolkata")),
        list(index),
        pd.Series(stamps, dtype="Int64"),
        memoryview(stamps),
    ):
        converted = to_us_array(times, "times")
        assert converted.dtype == np.int64
        assert converted.flags.c_contiguous
        assert converted.tolist() == stamps.tolist()


@pytest.mark.parametrize(
    ("times", "code"),
    [
        (np.array([1.0]), 1004),
        (np.array([True]), 1004),
        (np.array(["2023"]), 1004),
        (np.array([1 + 0j]), 1004),
        (np.ma.masked_array([1, 2], [0, 1]), 1004),
        (5, 1004),
        ("2023", 1004),
        (None, 1004),
        ({1, 2}, 1004),
        (np.array([[1, 2]]), 1011),
        (np.array([1, 2**63], np.uint64), 1001),
        (np.array(["NaT"], "M8[us]"), 1001),
        (np.array(["NaT"], "M8"), 1001),
        (np.array([10**15], "M8[s]"), 1001),
        (np.array([1001], "M8[ns]"), 1009),
        (pd.to_datetime([1001], unit="ns"), 1009),
        (pd.DatetimeIndex([pd.NaT]), 1001),
        ([1, 2.0], 1004),
        ([1, 2**63], 1001),
        (pd.Series([1, None], dtype="Int64"), 1004),
    ],
    ids=repr,
)
def test_arrays_that_are_not_times_are_refused(times: Any, code: int, backend: str) -> None:
    slicer = om.SymbolDataSlicer(series_of([0, MINUTE], backend=backend))
    for ask in (
        lambda: slicer.get_candles_at(times),
        lambda: slicer.get_candles_asof(times),
        lambda: slicer.get_lookbacks(times, 1),
        lambda: slicer.gather_lookback(times, 1),
    ):
        with pytest.raises(om.OmegaError, match="times") as caught:
            ask()
        assert caught.value.code == code


def test_a_date_is_its_midnight_in_utc(backend: str) -> None:
    days = [dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31)]
    expected = [to_us(dt.datetime(day.year, day.month, day.day, tzinfo=_UTC)) for day in days]
    assert [to_us(day) for day in days] == expected
    for times in (days, tuple(days), np.array(days, object), pd.Series(days)):
        assert to_us_array(times, "times").tolist() == expected
    slicer = om.SymbolDataSlicer(series_of(days[:2], timeframe="D1", backend=backend))
    assert slicer.get_candle_at(days[1]) == slicer.series[1]
    assert slicer.get_lookbacks(days[:2], 1).tolist() == [[0, 1], [1, 1]]
    assert slicer.get_slice(days[0], days[1]).rows == range(2)


@pytest.mark.parametrize("unit", ["Y", "M"])
def test_years_that_numpy_itself_would_wrap_are_refused(unit: str) -> None:
    many = 292_000 * (12 if unit == "M" else 1)
    for far in (many + 10**6 * 12, 2**40, 2**55 + 3, 2**63 - 1):
        for count in (far, -far):
            with pytest.raises(om.InvalidArgumentError, match="does not fit"):
                to_us(np.array([count]).view(f"M8[{unit}]")[0])
            with pytest.raises(om.InvalidArgumentError, match=r"times\[1\]"):
                to_us_array(np.array([0, count]).view(f"M8[{unit}]"), "times")
    near = np.array([many, -many, 0]).view(f"M8[{unit}]")
    assert to_us_array(near, "times").tolist() == near.astype("M8[us]").view(np.int64).tolist()
    with pytest.raises(om.InvalidArgumentError, match="does not fit"):
        to_us(np.datetime64(50505469855533108, "Y"))
    for ask in (
        lambda: to_us(np.array([5]).view("M8")[0]),
        lambda: to_us_array(np.array([5]).view("M8"), ""),
    ):
        with pytest.raises(om.TypeMismatchError, match="without a unit"):
            ask()
    assert to_us_array(np.array([0]).view("M8[2000000000W]"), "times").tolist() == [0]


@pytest.mark.parametrize("huge", [10**400, -(10**400), 10**5000], ids=["400", "-400", "5000"])
def test_integers_of_any_length_are_refused_as_times(huge: int) -> None:
    with pytest.raises(om.InvalidArgumentError, match="does not fit"):
        to_us(huge)
    with pytest.raises(om.InvalidArgumentError, match=r"times\[1\]: .*does not fit"):
        to_us_array([0, huge], "times")


def test_pandas_times_beyond_the_nanosecond_range_are_exact() -> None:
    far = pd.Timestamp(np.datetime64("2900-01-01T00:00:00.000001", "us"))
    assert to_us(far) == to_us(dt.datetime(2900, 1, 1, 0, 0, 0, 1))
