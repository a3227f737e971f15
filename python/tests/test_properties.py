"""Laws on random series: both backends give the same bits, and no question sees the future."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import omega_slicer as om
from helpers import FIELDS, MINUTE, same_bits

pytestmark = pytest.mark.usefixtures("native")

_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_VOLUMES = st.floats(allow_infinity=False)


@st.composite
def columns(draw: st.DrawFn, *, min_size: int = 0) -> dict[str, Any]:
    """Gappy, overlapping, sometimes at the very ends of time; prices of any finite bits."""
    kind = draw(st.sampled_from(["minutes", "odd", "anything"]))
    size = draw(st.integers(min_size, 40))
    if kind == "anything":
        stamps = draw(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, min_size=size, max_size=size))
        stamps.sort()
    else:
        unit = MINUTE if kind == "minutes" else 1
        step = st.sampled_from([1, 1, 1, 1, 2, 5, 2880]) if kind == "minutes" else st.integers(1, 3 * MINUTE)
        steps = draw(st.lists(step, min_size=size, max_size=size))
        stamps = np.cumsum([draw(st.integers(-(10**6), 10**6)), *steps])[1:] * unit
    made: dict[str, Any] = {"timestamp": np.array(stamps, np.int64)}
    for name in FIELDS[:4]:
        made[name] = np.array(draw(st.lists(_FLOATS, min_size=size, max_size=size)), np.float64)
    if draw(st.booleans()):
        made["volume"] = np.array(draw(st.lists(_VOLUMES, min_size=size, max_size=size)), np.float64)
    return made


_TIMEFRAMES = st.sampled_from(["M1", "M5", "H1", "W1", (2**63 - 1) // MINUTE * MINUTE])


def both(given_columns: dict[str, Any], timeframe: Any) -> tuple[om.SymbolDataSlicer, om.SymbolDataSlicer]:
    native, python = (
        om.CandleSeries.from_columns(
            **given_columns, symbol="X", timeframe=timeframe, price_type="bid", backend=backend
        )
        for backend in ("native", "python")
    )
    return om.SymbolDataSlicer(native), om.SymbolDataSlicer(python)


def times_for(stamps: np.ndarray) -> st.SearchStrategy[int]:
    anything = st.integers(-(2**63), 2**63 - 1)
    if not len(stamps):
        return anything
    near = st.builds(
        lambda stamp, by: min(max(stamp + by, -(2**63)), 2**63 - 1),
        st.sampled_from(stamps.tolist()),
        st.sampled_from([0, 0, 1, -1, MINUTE, -MINUTE, 5 * MINUTE]),
    )
    return near | anything


def outcome(ask: Any) -> Any:
    """The answer, or the code of the error."""
    try:
        return ask()
    except om.OmegaError as error:
        return error.code


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return same_bits(left, right)
    if isinstance(left, om.Candles) and isinstance(right, om.Candles):
        return left.rows == right.rows and all(
            same_bits(getattr(left, name), getattr(right, name)) for name in ("timestamp", *FIELDS)
        )
    if isinstance(left, om.Candle) and isinstance(right, om.Candle):
        return left.timestamp == right.timestamp and same_bits(np.array(left[1:]), np.array(right[1:]))
    return type(left) is type(right) and bool(left == right)


_QUESTIONS: dict[str, Any] = {
    "get_slice": lambda s, t, u, n, f, c: s.get_slice(min(t), max(t), f),
    "get_candle_at": lambda s, t, u, n, f, c: s.get_candle_at(t[0]),
    "get_candle_asof": lambda s, t, u, n, f, c: s.get_candle_asof(t[0], c),
    "get_lookback": lambda s, t, u, n, f, c: s.get_lookback(t[0], n, f, c, u),
    "get_lookbacks": lambda s, t, u, n, f, c: s.get_lookbacks(t, n, f, c, u),
    "get_candles_at": lambda s, t, u, n, f, c: s.get_candles_at(t),
    "get_candles_asof": lambda s, t, u, n, f, c: s.get_candles_asof(t, c),
    "gather_close": lambda s, t, u, n, f, c: s.gather_lookback(t, n, "close", f, c, u),
    "gather_volume": lambda s, t, u, n, f, c: s.gather_lookback(t, n, "volume", f, c, u),
}


@given(columns(), _TIMEFRAMES, st.data())
def test_native_and_python_give_the_same_bits_to_every_question(
    made: dict[str, Any], timeframe: Any, data: st.DataObject
) -> None:
    native, python = both(made, timeframe)
    times = data.draw(st.lists(times_for(made["timestamp"]), min_size=1, max_size=20))
    if data.draw(st.booleans()):
        times.sort()
    partial, current, closed = (data.draw(st.booleans()) for _ in range(3))
    n = data.draw(st.integers(1, 45))
    for name, ask in _QUESTIONS.items():
        left = outcome(lambda ask=ask: ask(native, times, partial, n, current, closed))
        right = outcome(lambda ask=ask: ask(python, times, partial, n, current, closed))
        assert equal(left, right), (name, left, right)


@given(columns(), _TIMEFRAMES, st.data())
def test_single_and_batch_questions_agree(made: dict[str, Any], timeframe: Any, data: st.DataObject) -> None:
    times = data.draw(st.lists(times_for(made["timestamp"]), max_size=10))
    closed, current = data.draw(st.booleans()), data.draw(st.booleans())
    n = data.draw(st.integers(1, 45))
    for slicer in both(made, timeframe):
        single = [slicer.get_lookback(t, n, current, closed, True).rows for t in times]
        batch = slicer.get_lookbacks(times, n, current, closed, True)
        assert [range(start, start + length) for start, length in batch.tolist()] == single
        rows = slicer.get_candles_asof(times, closed).tolist()
        found = [slicer.get_candle_asof(t, closed) for t in times]
        assert [candle and candle.timestamp for candle in found] == [
            None if row < 0 else int(slicer.series.timestamp[row]) for row in rows
        ]
        matrix = slicer.gather_lookback(times, n, "open", current, closed, True)
        for values, kept in zip(matrix, single, strict=True):
            assert same_bits(values[n - len(kept) :], slicer.series.open[kept.start : kept.stop])
            assert np.isnan(values[: n - len(kept)]).all()


@given(columns(), columns(), _TIMEFRAMES)
def test_native_and_python_count_the_same_oddities(
    made: dict[str, Any], other: dict[str, Any], timeframe: Any
) -> None:
    native, python = both(made, timeframe)
    native_ask, python_ask = both(other, timeframe)
    left = native.series.quality(native_ask.series).as_dict()
    assert left == python.series.quality(python_ask.series).as_dict()
    assert left == native.series.quality(python_ask.series).as_dict()


_ODD_FLOATS = st.sampled_from([1.0, 1.0, 1.0, np.nan, np.inf, -np.inf])


@given(
    st.lists(st.integers(0, 6), max_size=6),
    st.lists(st.lists(_ODD_FLOATS, min_size=6, max_size=6), min_size=5, max_size=5),
    st.sampled_from(["full", "order", "none"]),
    st.booleans(),
)
def test_native_and_python_refuse_the_same_columns(
    stamps: list[int], values: list[list[float]], check: str, allow_missing: bool
) -> None:
    def make(backend: str) -> Any:
        try:
            series = om.CandleSeries.from_columns(
                stamps,
                *(column[: len(stamps)] for column in values),
                symbol="X",
                timeframe="M1",
                price_type="bid",
                check=check,
                allow_missing=allow_missing,
                backend=backend,
            )
        except om.OmegaError as error:
            return error.code, str(error).lower()
        return series.timestamp.tolist()

    assert make("native") == make("python")


def with_other_futures(
    made: dict[str, Any], visible: int, after: int, data: st.DataObject
) -> list[dict[str, Any]]:
    """The same first `visible` rows, and then: garbage, nothing, or rows at other times after `after`."""
    spoiled = {name: column.copy() for name, column in made.items()}
    for name in FIELDS:
        if name in spoiled:
            spoiled[name][visible:] = np.nan
    truncated = {name: column[:visible] for name, column in made.items()}
    rows = len(made["timestamp"]) - visible
    steps = data.draw(st.lists(st.integers(1, 2**40) | st.just(1), min_size=rows, max_size=rows))
    last = int(made["timestamp"][visible - 1]) if visible else -(2**63) - 1
    stamps = made["timestamp"][:visible].tolist()
    for stamp in itertools.accumulate(steps, initial=max(last, after)):
        if stamp > max(last, after) and stamp < 2**63:
            stamps.append(stamp)
    respaced = {name: column[: len(stamps)] for name, column in spoiled.items()}
    respaced["timestamp"] = np.array(stamps, np.int64)
    return [spoiled, truncated, respaced]


@settings(max_examples=60)
@given(columns(min_size=1), st.sampled_from(["M1", "M5", "H1"]), st.data())
def test_no_question_sees_past_its_decision_time(
    made: dict[str, Any], timeframe: str, data: st.DataObject
) -> None:
    """Whatever comes after the decision time, if anything does, every answer is the same to the bit."""
    stamps = made["timestamp"]
    now = data.draw(times_for(stamps))
    times = [min(now, t) for t in data.draw(st.lists(times_for(stamps), min_size=1, max_size=8))] + [now]
    if data.draw(st.booleans()):
        times.sort()
    closed = data.draw(st.booleans())
    after = now - (om.Timeframe(timeframe).duration if closed else 0)
    visible = sum(stamp <= after for stamp in stamps.tolist())
    n = data.draw(st.integers(1, 45))
    flags = {"closed_only": closed, "partial": data.draw(st.booleans())}
    questions: list[Any] = [
        lambda s: s.get_candle_asof(now, closed),
        lambda s: s.get_candles_asof(times, closed),
    ]
    for current in (True, False):
        questions += [
            lambda s, c=current: s.get_lookback(now, n, include_current=c, **flags),
            lambda s, c=current: s.get_lookbacks(times, n, include_current=c, **flags),
            *(
                lambda s, c=current, name=name: s.gather_lookback(times, n, name, include_current=c, **flags)
                for name in FIELDS
            ),
        ]
    if not closed:
        # Not from a start after the last visible row: there the contract itself tells whether a row comes
        # later, by an empty slice (a gap) or 1003 (all rows are earlier).
        start = min([*times, *stamps[visible - 1 : visible].tolist()])
        questions += [
            lambda s: s.get_candle_at(now),
            lambda s: s.get_candles_at(times),
            lambda s: s.get_slice(start, now),
            lambda s: s.get_slice(start, now, include_current=False),
        ]
    futures = with_other_futures(made, visible, after, data)
    for backend in ("native", "python"):
        clean, *others = (
            om.SymbolDataSlicer(
                om.CandleSeries.from_columns(
                    **these, symbol="X", timeframe=timeframe, price_type="bid", check="order", backend=backend
                )
            )
            for these in (made, *futures)
        )
        for ask in questions:
            expected = outcome(lambda ask=ask: ask(clean))  # noqa: B023 - called here
            for other in others:
                assert equal(expected, outcome(lambda ask=ask, other=other: ask(other)))
