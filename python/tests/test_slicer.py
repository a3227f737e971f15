"""Questions in time: their arguments, their answers beside pandas', and what a result is."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import omega_slicer as om
from helpers import FIELDS, MINUTE, same_bits, series_of

_STAMPS = np.array([0, 1, 2, 5, 6, 2880, 2881, 2890], np.int64) * MINUTE


@pytest.fixture
def slicer(backend: str) -> om.SymbolDataSlicer:
    return om.SymbolDataSlicer(series_of(_STAMPS, backend=backend))


@pytest.mark.parametrize(
    ("n", "code"),
    [
        (0, 1001),
        (-1, 1001),
        (2**63, 1001),
        (2**70, 1001),
        (True, 1004),
        (np.True_, 1004),
        (2.0, 1004),
        ("2", 1004),
        (None, 1004),
        (np.timedelta64(2, "s"), 1004),
    ],
    ids=repr,
)
def test_n_is_a_positive_integer(n: Any, code: int, slicer: om.SymbolDataSlicer) -> None:
    for partial in (False, True):
        for ask in (
            lambda partial=partial: slicer.get_lookback(0, n, partial=partial),
            lambda partial=partial: slicer.get_lookbacks([0], n, partial=partial),
            lambda partial=partial: slicer.get_lookbacks([], n, partial=partial),
            lambda partial=partial: slicer.gather_lookback([0], n, partial=partial),
        ):
            with pytest.raises(om.OmegaError, match="n ") as caught:
                ask()
            assert caught.value.code == code
    assert slicer.get_lookback(0, np.int32(1)).rows == range(1)
    assert slicer.get_lookbacks([0], np.uint8(1)).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("field", "code"),
    [("mid", 1001), ("timestamp", 1001), ("Close", 1001), (3, 1004), (None, 1004)],
    ids=repr,
)
def test_field_is_a_price_or_the_volume(field: Any, code: int, slicer: om.SymbolDataSlicer) -> None:
    with pytest.raises(om.OmegaError) as caught:
        slicer.gather_lookback([0], 1, field)
    assert caught.value.code == code
    assert repr(field) in str(caught.value)


_NO_FLAGS = ["False", "no", "", None, 0, 1, 1.0, [], np.array([True, False]), np.array([True]), np.int64(1)]


@pytest.mark.parametrize("flag", _NO_FLAGS, ids=repr)
def test_a_flag_is_true_or_false_and_nothing_like_it(flag: Any, slicer: om.SymbolDataSlicer) -> None:
    asks: list[tuple[str, Any]] = [("include_current", lambda **flags: slicer.get_slice(0, MINUTE, **flags))]
    asks += [("closed_only", lambda **flags: slicer.get_candle_asof(0, **flags))]
    asks += [("closed_only", lambda **flags: slicer.get_candles_asof([0], **flags))]
    for name in ("include_current", "closed_only", "partial"):
        asks += [
            (name, lambda **flags: slicer.get_lookback(MINUTE, 1, **flags)),
            (name, lambda **flags: slicer.get_lookback(MINUTE, 1, **{"closed_only": True, **flags})),
            (name, lambda **flags: slicer.get_lookbacks([MINUTE], 1, **flags)),
            (name, lambda **flags: slicer.gather_lookback([MINUTE], 1, **flags)),
        ]
    for name in ("copy", "allow_missing"):
        asks.append((name, lambda **flags: om.SymbolDataSlicer(slicer.series, **flags)))
    for name, ask in asks:
        with pytest.raises(om.TypeMismatchError, match=f"{name} is True or False"):
            ask(**{name: flag})


def test_a_flag_of_numpy_is_a_flag(slicer: om.SymbolDataSlicer) -> None:
    yes, no = np.array([True, False])
    assert slicer.get_slice(0, MINUTE, no) == slicer.get_slice(0, MINUTE, False)
    assert slicer.get_slice(0, MINUTE, yes) == slicer.get_slice(0, MINUTE)
    assert slicer.get_candle_asof(MINUTE, yes) == slicer.series[0]
    assert slicer.get_lookback(MINUTE, 1, no).rows == range(1)
    assert slicer.get_lookback(MINUTE, 1, yes, yes).rows == range(1)
    assert slicer.get_lookback(MINUTE, 9, yes, no, yes).rows == range(2)
    assert slicer.get_lookbacks([MINUTE], 9, no, no, yes).tolist() == [[0, 1]]
    assert slicer.get_candles_asof([MINUTE], yes).tolist() == [0]
    assert slicer.gather_lookback([MINUTE], 1, "open", no).tolist() == [[100.0]]


def test_too_little_history_says_how_much_there_is(slicer: om.SymbolDataSlicer) -> None:
    for ask in (
        lambda: slicer.get_lookback(MINUTE, 5),
        lambda: slicer.get_lookbacks([_STAMPS[-1], MINUTE], 5),
        lambda: slicer.gather_lookback([_STAMPS[-1], MINUTE], 5),
    ):
        with pytest.raises(om.InsufficientDataError) as caught:
            ask()
        for part in ("5", "2", "60000000"):
            assert part in str(caught.value)
    with pytest.raises(om.InsufficientDataError, match=r"times\[1\]"):
        slicer.get_lookbacks([_STAMPS[-1], MINUTE], 5)
    with pytest.raises(om.InsufficientDataError):
        slicer.get_lookback(MINUTE, 2**63 - 1)
    with pytest.raises(om.InsufficientDataError):
        slicer.gather_lookback([MINUTE], 2**63 - 1)


def test_a_matrix_that_no_memory_holds_is_refused(slicer: om.SymbolDataSlicer) -> None:
    with pytest.raises(MemoryError) as caught:
        slicer.gather_lookback([MINUTE] * 4, 2**61, partial=True)
    assert caught.value.code == 6001
    for partial in (False, True):
        assert slicer.gather_lookback([], 2**40, partial=partial).shape == (0, 2**40)
        for n in (2**60, 2**62, 2**63 - 1):  # NumPy has no such shape, though nothing would be in it
            with pytest.raises(om.OutOfMemoryError, match="0 times"):
                slicer.gather_lookback([], n, partial=partial)


def test_no_memory_for_a_table_of_answers_has_its_code(
    slicer: om.SymbolDataSlicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise MemoryError("none left")

    times = np.zeros(3, np.int64)
    for name in ("empty", "full", "searchsorted", "maximum"):
        monkeypatch.setattr(np, name, refuse)
    for ask in (
        lambda: slicer.get_lookbacks(times, 1, partial=True),
        lambda: slicer.get_candles_at(times),
        lambda: slicer.get_candles_asof(times),
        lambda: slicer.gather_lookback(times, 1, partial=True),
    ):
        with pytest.raises(om.OutOfMemoryError) as caught:
            ask()
        assert caught.value.code == 6001
        assert "3 times" in str(caught.value)


def test_slices_outside_the_data_are_refused_and_those_in_gaps_empty(slicer: om.SymbolDataSlicer) -> None:
    last = int(_STAMPS[-1])
    for start, end in ((-5, -1), (last + 1, last + 5)):
        with pytest.raises(om.OutOfBoundsError, match=str(start)):
            slicer.get_slice(start, end)
        with pytest.raises(IndexError):
            slicer.get_slice(start, end)
    with pytest.raises(om.InvalidArgumentError, match="start 1 is after end 0"):
        slicer.get_slice(1, 0)
    weekend = slicer.get_slice(10 * MINUTE, 20 * MINUTE)
    assert (len(weekend), weekend.rows, weekend.close.shape) == (0, range(5, 5), (0,))
    assert len(slicer.get_slice(-(2**63), 2**63 - 1)) == len(_STAMPS)


def test_times_at_the_ends_of_int64_never_wrap_round(slicer: om.SymbolDataSlicer) -> None:
    low, high = -(2**63), 2**63 - 1
    for closed_only in (False, True):
        assert slicer.get_candle_asof(low, closed_only) is None
        assert slicer.get_candle_asof(high, closed_only) == slicer.series[-1]
        assert slicer.get_candles_asof([low, high], closed_only).tolist() == [-1, len(_STAMPS) - 1]
        asked = slicer.get_lookbacks(
            [low, high], 2, closed_only=closed_only, include_current=False, partial=True
        )
        assert asked.tolist() == [[0, 0], [len(_STAMPS) - 2, 2]]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 6, 50])
def test_the_place_last_found_never_changes_an_answer(size: int, backend: str) -> None:
    random = np.random.default_rng(size)
    stamps = np.cumsum(random.integers(1, 4, size))
    slicer = om.SymbolDataSlicer(series_of(stamps, backend=backend))
    for t in random.integers(-2, 4 * size + 3, 3000).tolist():
        expected = int(np.searchsorted(stamps, t, "right"))
        assert slicer.get_lookback(t, 3, partial=True).rows.stop == expected


@st.composite
def gappy(draw: st.DrawFn) -> np.ndarray:
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 7, 2880]), min_size=1, max_size=60))
    return np.cumsum([draw(st.integers(-5000, 5000)), *steps]) * MINUTE


@given(gappy(), st.data())
def test_answers_are_those_of_pandas(stamps: np.ndarray, data: st.DataObject) -> None:
    series = series_of(stamps, backend="python")
    slicer, frame = om.SymbolDataSlicer(series), series.to_pandas()
    moments = st.integers(int(stamps[0]) - 3 * MINUTE, int(stamps[-1]) + 3 * MINUTE) | st.sampled_from(
        stamps.tolist()
    )
    a, b = sorted((data.draw(moments), data.draw(moments)))
    n = data.draw(st.integers(1, 70))
    at = pd.Timestamp(a, unit="us", tz="UTC")
    until = pd.Timestamp(b, unit="us", tz="UTC")

    tail = frame.loc[:at].tail(n)
    assert same_bits(slicer.get_lookback(a, n, partial=True).close, tail["close"].to_numpy())
    before = frame.loc[frame.index < at].tail(n)
    assert same_bits(slicer.get_lookback(at, n, False, partial=True).open, before["open"].to_numpy())
    closed = frame.loc[frame.index + pd.Timedelta("1min") <= at].tail(n)
    assert same_bits(slicer.get_lookback(at, n, closed_only=True, partial=True).low, closed["low"].to_numpy())

    inside = frame.loc[at:until]
    if a <= stamps[-1] and b >= stamps[0]:
        assert same_bits(slicer.get_slice(a, b).high, inside["high"].to_numpy())
    else:
        assert inside.empty

    exact = slicer.get_candle_at(a)
    assert (exact is not None) == (at in frame.index)
    if exact is not None:
        assert exact[1:] == tuple(frame.loc[at])
    asof = slicer.get_candle_asof(a)
    assert (asof.close if asof else None) == (None if tail.empty else tail["close"].iloc[-1])


def test_candles_are_a_sequence_of_candles(slicer: om.SymbolDataSlicer) -> None:
    candles = slicer.get_lookback(int(_STAMPS[-1]), 4)
    assert (len(candles), candles.rows) == (4, range(4, 8))
    assert [candle.timestamp for candle in candles] == _STAMPS[4:].tolist()
    assert list(candles) == [candles[i] for i in range(4)] == [candles[i - 4] for i in range(4)]
    assert next(reversed(candles)) == candles[-1]
    assert candles[np.int64(1)] == slicer.series[5]
    candle = candles[0]
    assert candle == om.Candle(int(_STAMPS[4]), 104.0, 105.0, 103.0, 104.5, 50.0)
    assert [type(part) for part in candle] == [int, *[float] * 5]
    assert candles[1:3].rows == range(5, 7)
    assert candles[-1:].rows == range(7, 8)
    assert candles[3:1].rows == range(7, 7)
    assert candles[1:3] == slicer.series[5:7]
    assert len({candles[1:3], slicer.series[5:7]}) == 1
    assert candles[1:3] != candles[1:2]
    for index, code in (
        (4, 1003),
        (-5, 1003),
        ("close", 1004),
        (1.0, 1004),
        (True, 1004),
        (slice(0, 4, 2), 1001),
    ):
        with pytest.raises(om.OmegaError) as caught:
            candles[index]  # type: ignore[call-overload]
        assert caught.value.code == code
    with pytest.raises(om.OutOfBoundsError):
        om.Candles(slicer.series, 2, 9)


def test_views_are_the_series_own_memory(slicer: om.SymbolDataSlicer) -> None:
    candles = slicer.get_slice(MINUTE, 6 * MINUTE)
    for name in ("timestamp", *FIELDS):
        whole, part = getattr(slicer.series, name), getattr(candles, name)
        assert np.shares_memory(whole, part)
        assert same_bits(part, whole[1:5])
        assert part.dtype == whole.dtype
    frame = candles.to_pandas()
    assert frame.index.tolist() == [pd.Timestamp(stamp, unit="us", tz="UTC") for stamp in candles.timestamp]
    assert frame["volume"].tolist() == candles.volume.tolist()


def test_a_view_keeps_the_memory_of_its_series_alive(backend: str, tmp_path: Any) -> None:
    file = tmp_path / "a.csv"
    rows = (
        f"{stamp},1,3,0,{i + 0.5}\n"
        for i, stamp in enumerate(range(MINUTE * 10**6, MINUTE * (10**6 + 5000), MINUTE))
    )
    file.write_text("time,open,high,low,close\n" + "".join(rows))
    series = om.read_csv(file, symbol="X", timeframe="M1", price_type="bid", backend=backend)
    gone = weakref.ref(series)
    close = om.SymbolDataSlicer(series).get_lookback(MINUTE * (10**6 + 4999), 5000).close
    candles = series[10:20]
    del series
    gc.collect()
    assert gone() is not None
    del candles
    gc.collect()
    assert gone() is None
    litter = [np.full(5000, -1.0) for _ in range(100)]
    assert close.tolist() == [i + 0.5 for i in range(5000)]
    del litter


def test_native_memory_is_given_back_with_the_last_reference(native: None) -> None:
    from omega_slicer._native_engine import Handle

    gc.collect()
    before = sum(isinstance(thing, Handle) for thing in gc.get_objects())
    freed = []
    for _ in range(100):
        series = series_of(_STAMPS, backend="native")
        weakref.finalize(series._handle, freed.append, 1)
        slicer = om.SymbolDataSlicer(series)
        slicer.get_lookback(0, 1)
        del series, slicer
    gc.collect()
    assert len(freed) == 100
    assert sum(isinstance(thing, Handle) for thing in gc.get_objects()) == before


def test_answers_are_right_from_many_threads_at_once(backend: str) -> None:
    stamps = np.cumsum(np.random.default_rng(5).integers(1, 5, 20_000)) * MINUTE
    slicer = om.SymbolDataSlicer(series_of(stamps, backend=backend))
    wrong: list[Any] = []
    start = threading.Barrier(8)

    def ask(seed: int) -> None:
        times = np.random.default_rng(seed).choice(stamps, 3000)
        if seed % 2:
            times.sort()
        rows = np.searchsorted(stamps, times)
        start.wait()
        for t, row in zip(times.tolist(), rows.tolist(), strict=True):
            found = slicer.get_candle_at(t)
            if found is None or found.timestamp != t or slicer.get_lookback(t, 1).rows.start != row:
                wrong.append((t, row, found))
        if slicer.get_candles_at(times).tolist() != rows.tolist():
            wrong.append(times)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_many_threads_may_ask_a_python_series_for_its_first_native_answer(native: None) -> None:
    for _ in range(30):
        series = series_of(_STAMPS, backend="python")
        start, answers = threading.Barrier(4), []

        def ask(series: om.CandleSeries = series, start: threading.Barrier = start) -> None:
            start.wait()
            slicer = om.SymbolDataSlicer(series, backend="native")
            answers.append(slicer.get_lookbacks(_STAMPS, 1).tolist())  # noqa: B023 - read after the join

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [[[row, 1] for row in range(len(_STAMPS))]] * 4


def test_copies_of_what_never_changes_are_itself(slicer: om.SymbolDataSlicer) -> None:
    candles = slicer.get_lookback(0, 1)
    for thing in (slicer, slicer.series, candles):
        assert copy.copy(thing) is thing
        assert copy.deepcopy(thing) is thing


def test_everything_reads_well(slicer: om.SymbolDataSlicer) -> None:
    described = "TEST M1 bid: 8 candles, 1970-01-01 00:00 to 1970-01-03 00:10"
    assert repr(slicer.series) == f"<CandleSeries {described}>"
    assert repr(slicer) == f"<SymbolDataSlicer on <CandleSeries {described}>>"
    assert (
        repr(slicer.get_lookback(MINUTE, 2))
        == "<2 candles of TEST M1 bid, 1970-01-01 00:00 to 1970-01-01 00:01>"
    )
    assert str(slicer.series.price_type) == "bid"
    assert slicer.series.quality().steps == {3 * MINUTE: 1, 9 * MINUTE: 1, 2874 * MINUTE: 1}
    assert "gaps=3" in repr(slicer.series.quality())
    assert len(slicer) == 8
    with pytest.raises(om.TypeMismatchError):
        slicer.series.quality(slicer)  # type: ignore[arg-type]
