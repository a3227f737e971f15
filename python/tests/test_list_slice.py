"""The drop-in over plain lists: equal to a straightforward model, and loud where the model would be wrong."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import omega_slicer as om

TIMEFRAMES = ("M1", "M5", "whatever", 60)


class Model:
    """What plain lists would answer, written with nothing but indexing."""

    def __init__(self, data: dict[Any, dict[str, list[object]]]) -> None:
        self.data = data

    def rows(self, timeframe: Any, side: str) -> list[object]:
        return self.data.get(timeframe, {}).get(side, [])

    def latest(self, index: int, timeframe: Any, side: str) -> object:
        rows = self.rows(timeframe, side)
        return rows[index] if index < len(rows) else None

    def history(self, index: int, timeframe: Any, side: str, length: int) -> list[object]:
        return [row for at, row in enumerate(self.rows(timeframe, side)) if index - length < at <= index]


_LISTS = st.dictionaries(
    st.sampled_from(TIMEFRAMES),
    st.dictionaries(st.sampled_from(["bid", "ask"]), st.lists(st.builds(object), max_size=12), min_size=1),
    min_size=1,
)


class Walks(RuleBasedStateMachine):
    """Any order of moves and questions: only the bar counts."""

    @initialize(data=_LISTS, index=st.integers(0, 14))
    def begin(self, data: dict[Any, dict[str, list[object]]], index: int) -> None:
        self.cache = {"rsi": object()}
        self.index, self.model = index, Model(data)
        self.walk = om.SymbolDataSlice(data, index, self.cache)

    @rule(index=st.integers(0, 2**70), kind=st.sampled_from([int, np.int64, np.int32]))
    def set_index(self, index: int, kind: type) -> None:
        self.index = index if kind is int else index % 14
        self.walk.set_index(kind(self.index))

    @rule(index=st.integers(0, 14))
    def assign_index(self, index: int) -> None:
        self.walk.index = self.index = index

    @rule(index=st.integers(-(2**70), -1))
    def never_wrap_round(self, index: int) -> None:
        with pytest.raises(om.OutOfBoundsError):
            self.walk.set_index(index)

    @rule(timeframe=st.sampled_from([*TIMEFRAMES, "unknown"]), side=st.sampled_from(["bid", "ask"]))
    def latest(self, timeframe: Any, side: str) -> None:
        assert self.walk.latest(timeframe, side) is self.model.latest(self.index, timeframe, side)

    @rule(
        timeframe=st.sampled_from([*TIMEFRAMES, "unknown"]),
        side=st.sampled_from(["bid", "ask"]),
        length=st.integers(0, 15) | st.just(2**70),
    )
    def history(self, timeframe: Any, side: str, length: int) -> None:
        expected = self.model.history(self.index, timeframe, side, length)
        found = self.walk.history(timeframe, side, length)
        assert isinstance(found, list)
        assert found == expected
        view = self.walk.history_view(timeframe, side, length)
        assert list(view) == expected
        assert len(view) == len(expected)
        assert [view[i] for i in range(-len(view), len(view))] == expected * 2

    @rule(timeframe=st.sampled_from(TIMEFRAMES), side=st.sampled_from(["bid", "ask"]))
    def the_very_list_that_was_given(self, timeframe: Any, side: str) -> None:
        given = self.model.data.get(timeframe, {}).get(side)
        for found in (self.walk.series_ref(timeframe, side), self.walk.get(timeframe, side)):
            assert found == [] if given is None else found is given
        bids = self.model.data.get(timeframe, {}).get("bid")
        assert self.walk[timeframe] == [] if bids is None else self.walk[timeframe] is bids

    @invariant()
    def the_bar_is_where_it_was_set(self) -> None:
        assert self.walk.index == self.index
        assert self.walk.indicators is self.cache
        assert isinstance(self.walk, om.MarketSlice)


TestWalks = Walks.TestCase


@given(_LISTS, st.integers(0, 14), st.none() | st.integers(0, 14))
def test_a_walk_stands_on_each_bar_in_turn(data: Any, start: int, stop: int | None) -> None:
    walk = om.SymbolDataSlice(data, 0)
    longest = max((len(rows) for sides in data.values() for rows in sides.values()), default=0)
    seen = [(bar.index, bar.latest("M1", "ask")) for bar in walk.walk(start, stop)]
    bars = range(start, longest if stop is None else min(stop, longest))
    assert seen == [(i, Model(data).latest(i, "M1", "ask")) for i in bars]


def test_a_list_that_grows_is_seen_at_its_new_length() -> None:
    rows = [1, 2]
    walk = om.SymbolDataSlice({"M1": {"bid": rows}}, 2)
    assert walk.latest("M1") is None
    rows.append(3)
    assert walk.latest("M1") == 3


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda walk: walk.latest("M1", "mid"), om.InvalidArgumentError),
        (lambda walk: walk.latest("M1", "BID"), om.InvalidArgumentError),
        (lambda walk: walk.history("none", "mid"), om.InvalidArgumentError),
        (lambda walk: walk.series_ref("M1", "mid"), om.InvalidArgumentError),
        (lambda walk: walk.history("M1", length=-1), om.InvalidArgumentError),
        (lambda walk: walk.history("M1", length=2.0), om.TypeMismatchError),
        (lambda walk: walk.history("M1", length=True), om.TypeMismatchError),
        (lambda walk: walk.history("M1", length=None), om.TypeMismatchError),
        (lambda walk: walk.history_view("M1", length=-1), om.InvalidArgumentError),
        (lambda walk: walk.latest("M1", None), om.TypeMismatchError),
        (lambda walk: walk.set_index(-1), om.OutOfBoundsError),
        (lambda walk: walk.set_index(np.int64(-1)), om.OutOfBoundsError),
        (lambda walk: walk.set_index(1.0), om.TypeMismatchError),
        (lambda walk: walk.set_index(True), om.TypeMismatchError),
        (lambda walk: walk.set_index("1"), om.TypeMismatchError),
        (lambda walk: walk.walk(-1), om.OutOfBoundsError),
        (lambda _: om.SymbolDataSlice({"M1": {"bid": [1]}}, -1), om.OutOfBoundsError),
        (lambda _: om.SymbolDataSlice({"M1": {"mid": [1]}}), om.InvalidArgumentError),
        (lambda _: om.SymbolDataSlice({"M1": [1, 2]}), om.TypeMismatchError),
        (lambda _: om.SymbolDataSlice([1, 2]), om.TypeMismatchError),
        (lambda _: om.SymbolDataSlice({}), om.EmptyInputError),
        (lambda _: om.SymbolDataSlice({"M1": {"bid": None}}, primary="M1"), om.EmptyInputError),
        (lambda walk: walk.history_matrix("M1"), om.InvalidStateError),
        (lambda walk: walk.decision_time, om.InvalidStateError),
        (lambda _: om.SymbolDataSlice({"M1": {"bid": [1]}}, primary="M1"), om.InvalidArgumentError),
    ],
)
def test_wrong_questions_are_refused_and_leave_the_bar(ask: Any, error: type[om.OmegaError]) -> None:
    walk = om.SymbolDataSlice({"M1": {"bid": [1, 2, 3]}}, 1)
    with pytest.raises(error):
        ask(walk)
    assert walk.index == 1
    assert walk.latest("M1") == 2


@given(st.lists(st.integers(), max_size=5), st.integers(0, 7))
def test_a_candle_set_answers_by_row(rows: list[int], index: int) -> None:
    candles = om.CandleSet({"M1": rows}, {"H1": rows})
    expected = rows[index] if index < len(rows) else None
    assert candles.get_latest("M1", index) == expected
    assert candles.get_latest("M1", index, "ask") is None
    assert candles.get_latest("H1", np.int32(index), price_type="ask") == expected
    assert candles.get_all("H1", "ask") is rows
    assert candles.get_all("H1") == []
    with pytest.raises(om.OutOfBoundsError):
        candles.get_latest("M1", -1)
    with pytest.raises(om.InvalidArgumentError):
        candles.get_all("M1", "mid")


def test_copies_of_a_walk_over_lists_move_by_themselves() -> None:
    rows = ["a", "b", "c"]
    walk = om.SymbolDataSlice({"M1": {"bid": rows}}, 1, {"rsi": [1]})
    for other in (copy.copy(walk), copy.deepcopy(walk), pickle.loads(pickle.dumps(walk))):
        assert (other.index, other.latest("M1"), other.indicators) == (1, "b", {"rsi": [1]})
        other.index = 2
        assert walk.index == 1
    assert copy.copy(walk).series_ref("M1") is rows
