"""The walk over series: both backends alike in any order, and loud where a question makes no sense."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from markets import MARKETS, SIDES, TIMEFRAMES, series

import omega_slicer as om
from helpers import FIELDS, MINUTE, same_bits

pytestmark = pytest.mark.usefixtures("native")


def walk_over(market: dict[Any, np.ndarray], backend: str, primary: str | None = None) -> om.SymbolDataSlice:
    data: dict[str, dict[str, om.CandleSeries]] = {}
    for (timeframe, side), stamps in market.items():
        data.setdefault(timeframe, {})[side] = series(stamps, timeframe, side, backend)
    return om.SymbolDataSlice(data, primary=primary)


class Both(RuleBasedStateMachine):
    """Native and Python side by side, and the definition: a scan of every candle for the last one closed."""

    @initialize(market=MARKETS, data=st.data())
    def begin(self, market: dict[Any, np.ndarray], data: st.DataObject) -> None:
        primary = data.draw(st.none() | st.sampled_from(sorted({timeframe for timeframe, _ in market})))
        self.market = market
        self.walks = [walk_over(market, backend, primary) for backend in ("native", "python")]
        self.clock = market.get(
            (self.walks[0].primary.name, "bid"), market.get((self.walks[0].primary.name, "ask"))
        )
        self.index = 0

    @rule(index=st.integers(0, 33))
    def set_index(self, index: int) -> None:
        self.index = index
        for walk in self.walks:
            walk.set_index(index)

    def shown(self, timeframe: str, side: str, index: int) -> int:
        stamps = self.market.get((timeframe, side))
        if stamps is None:
            return -1
        if stamps is self.clock:
            return index
        decided = self.clock[index] + self.walks[0].primary.duration
        closed = [k for k, t in enumerate(stamps) if t + om.Timeframe(timeframe).duration <= decided]
        return closed[-1] if closed else -1

    @rule(timeframe=st.sampled_from(TIMEFRAMES), side=st.sampled_from(SIDES))
    def latest(self, timeframe: str, side: str) -> None:
        row = self.shown(timeframe, side, self.index) if self.index < len(self.clock) else -1
        for walk in self.walks:
            found = walk.latest(timeframe, side)
            assert found == (None if row < 0 else walk.series_ref(timeframe, side)[row])

    @rule(timeframe=st.sampled_from(TIMEFRAMES), side=st.sampled_from(SIDES), length=st.integers(0, 40))
    def history(self, timeframe: str, side: str, length: int) -> None:
        expected: list[int] = []
        if len(self.clock):
            last = len(self.clock) - 1
            newest = self.shown(timeframe, side, min(self.index, last))
            first = newest + max(0, self.index - last) - length + 1
            expected = [row for row in range(newest + 1) if row >= first]
        for walk in self.walks:
            found = walk.history(timeframe, side, length)
            assert list(found.rows) == expected
            if expected:
                assert found.series is walk.series_ref(timeframe, side)
                assert np.shares_memory(found.close, found.series.close)

    @rule(
        timeframe=st.sampled_from(TIMEFRAMES),
        side=st.sampled_from(SIDES),
        length=st.integers(0, 12),
        field=st.sampled_from(FIELDS),
        span=st.tuples(st.integers(0, 33), st.none() | st.integers(0, 33)),
    )
    def history_matrix(self, timeframe: str, side: str, length: int, field: str, span: Any) -> None:
        start, stop = span
        matrices = [walk.history_matrix(timeframe, side, length, field, start, stop) for walk in self.walks]
        end = len(self.clock) if stop is None else min(stop, len(self.clock))
        expected = np.full((max(0, end - start), length), np.nan)
        for k, bar in enumerate(self.walks[1].walk(start, stop)):
            values = getattr(bar.history(timeframe, side, length), field)
            expected[k, length - len(values) :] = values
        for walk in self.walks:
            walk.set_index(self.index)
        assert all(same_bits(matrix, expected) for matrix in matrices)

    @invariant()
    def the_walk_stands_where_it_was_set(self) -> None:
        for walk in getattr(self, "walks", []):
            assert walk.index == self.index


TestBoth = Both.TestCase


def test_spans_of_time_may_be_timedeltas(backend: str) -> None:
    one = series(np.arange(10) * MINUTE, "M1", "bid", backend)
    shifted = om.resample(one, "M5", origin=timedelta(minutes=2), keep_partial=True)
    assert shifted.timestamp.tolist() == [-3 * MINUTE, 2 * MINUTE, 7 * MINUTE]
    limit = timedelta(minutes=1)
    market = om.MultiSymbolSlice([one], asof=True, stale_limit=limit, backend=backend)
    assert len(market) == 10
    for wrong in (2.0, "5", None, True, np.timedelta64(5, "m")):
        with pytest.raises(om.TypeMismatchError):
            om.resample(one, "M5", origin=wrong)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda one: om.align(one, one, decision="mid"), om.InvalidArgumentError),
        (lambda one: om.align(one, one, stamps=1), om.TypeMismatchError),
        (lambda one: om.align(one, one, stale_limit=2.5), om.TypeMismatchError),
        (lambda one: om.align(one, [1]), om.TypeMismatchError),
        (lambda one: om.resample([1], "M5"), om.TypeMismatchError),
        (lambda one: om.resample(one, "M5", keep_partial=1), om.TypeMismatchError),
        (lambda one: om.resample(one, "five"), om.InvalidFormatError),
        (lambda one: om.SymbolDataSlice({"M5": {"bid": one}}), om.InvalidArgumentError),
        (lambda one: om.SymbolDataSlice({"M1": {"ask": one}}), om.InvalidArgumentError),
        (lambda one: om.SymbolDataSlice({"M1": {"bid": one, "ask": [1]}}), om.TypeMismatchError),
        (lambda one: om.SymbolDataSlice({"M1": {"bid": one}}).latest("five"), om.InvalidFormatError),
        (lambda one: om.SymbolDataSlice({"M1": {"bid": one}}).latest("M1", "mid"), om.InvalidArgumentError),
        (
            lambda one: om.SymbolDataSlice({"M1": {"bid": one}}).history("M1", length=1.0),
            om.TypeMismatchError,
        ),
        (lambda one: om.MultiSymbolSlice([one, 1]), om.TypeMismatchError),
        (lambda one: om.MultiSymbolSlice([one], timeline="both"), om.InvalidArgumentError),
        (lambda one: om.MultiSymbolSlice([one]).get_price("X", "last"), om.InvalidArgumentError),
    ],
)
def test_wrong_questions_are_refused(ask: Any, error: type[om.OmegaError], backend: str) -> None:
    one = series(np.arange(3) * MINUTE, "M1", "bid", backend)
    with pytest.raises(error):
        ask(one)


def test_copies_and_pickles_stand_where_the_walk_stands_and_move_by_themselves(backend: str) -> None:
    one = series(np.arange(10) * MINUTE, "M1", "bid", backend)
    walk = om.SymbolDataSlice({"M1": {"bid": one}}, 3, {"rsi": [1]})
    market = om.MultiSymbolSlice([one], timeline="union", asof=True, stale_limit=5, backend=backend)
    market.set_index(4)
    for again in (copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))):
        other, moments = again(walk), again(market)
        assert (other.index, other.backend, other.indicators) == (3, backend, {"rsi": [1]})
        assert other.latest("M1") == walk.latest("M1")
        assert (moments.index, moments.get_price("X", "bid")) == (4, market.get_price("X", "bid"))
        other.index, moments.index = 7, 8
        assert (walk.index, market.index) == (3, 4)


def test_what_a_walk_accepts_does_not_depend_on_what_it_was_asked_before(backend: str) -> None:
    walk = om.SymbolDataSlice({"M1": {"bid": series(np.arange(3) * MINUTE, "M1", "bid", backend)}})
    assert walk.latest(MINUTE) == walk.latest("M1") == walk.latest(om.Timeframe("1min"))
    for wrong in (float(MINUTE), True):
        with pytest.raises(om.TypeMismatchError):
            walk.latest(wrong)


def test_the_last_moment_of_time_is_decided_then(backend: str) -> None:
    one = series(np.array([2**63 - 1]), "M1", "bid", backend)
    assert om.MultiSymbolSlice([one], backend=backend).decision_time == 2**63 - 1
    assert om.SymbolDataSlice({"M1": {"bid": one}}).decision_time == 2**63 - 1


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("timeframe", "rule"), [("M5", "5min"), ("M15", "15min"), ("H1", "1h"), ("H4", "4h"), ("D1", "1D")]
)
@pytest.mark.parametrize("origin_minutes", [0, 7 * 60 + 15])
def test_real_candles_are_resampled_as_pandas_does(
    real_data: Any, side: str, timeframe: str, rule: str, origin_minutes: int, backend: str
) -> None:
    pd = pytest.importorskip("pandas")
    path = real_data / f"gbpusd-m1-{side}-2012.csv"
    minutes = om.read_csv(path, symbol="GBPUSD", timeframe="M1", price_type=side, backend=backend)
    origin = timedelta(minutes=origin_minutes)
    made = om.resample(minutes, timeframe, origin=origin, keep_partial=True)
    frame = minutes.to_pandas().resample(
        rule, label="left", closed="left", origin=pd.Timestamp("1970-01-01", tz="UTC") + origin
    )
    expected = frame.agg({"open": "first", "high": "max", "low": "min", "close": "last"}).dropna()
    assert made.timestamp.tolist() == expected.index.as_unit("us").asi8.tolist()
    for name in FIELDS[:4]:
        assert same_bits(getattr(made, name), expected[name].to_numpy())
    whole = om.resample(minutes, timeframe, origin=origin)
    last = int(minutes.timestamp[-1]) + MINUTE
    kept = [t for t in made.timestamp.tolist() if t + made.timeframe.duration <= last]
    assert whole.timestamp.tolist() == kept
