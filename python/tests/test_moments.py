"""Several symbols: both backends show the same moments, neither shows the future, and time only moves on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markets import SIDES, outcome, series, stamps_of

import omega_slicer as om
from helpers import FIELDS, MINUTE

pytestmark = pytest.mark.usefixtures("native")


SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY")
SEVERAL = st.dictionaries(
    st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(SIDES)), stamps_of("M1"), min_size=1
)


def moments(
    several: dict[Any, np.ndarray], backend: str, after: int = 2**62, **how: Any
) -> om.MultiSymbolSlice:
    made = []
    for (symbol, side), stamps in several.items():
        garbage = stamps + MINUTE > after
        values = {
            name: np.where(garbage, np.nan, np.arange(len(stamps)) + k / 8) for k, name in enumerate(FIELDS)
        }
        made.append(series(stamps, "M1", side, backend, symbol, **values))
    return om.MultiSymbolSlice(made, backend=backend, **how)


def everything_at(market: om.MultiSymbolSlice, index: int) -> list[Any]:
    market.set_index(index)
    answers: list[Any] = [market.timestamp, market.decision_time, market.snapshot(), market.peek()]
    for symbol in market.symbols:
        answers += [
            outcome(lambda s=symbol, k=kind: market.get_price(s, k)) for kind in ("bid", "ask", "mid")
        ]
        answers.append(outcome(lambda s=symbol: market.get_spread(s)))
    return answers


HOW = st.fixed_dictionaries(
    {"timeline": st.sampled_from(["intersection", "union"])},
    optional={"asof": st.just(True)},
).flatmap(
    lambda how: (
        st.just(how)
        if "asof" not in how
        else st.builds(lambda limit: {**how, "stale_limit": limit}, st.none() | st.integers(0, 5 * MINUTE))
    )
)


@given(SEVERAL, HOW, st.data())
def test_both_backends_show_the_same_moments_and_neither_the_future(
    several: dict[Any, np.ndarray], how: dict[str, Any], data: st.DataObject
) -> None:
    native, python = (moments(several, backend, **how) for backend in ("native", "python"))
    assert native.timeline.tolist() == python.timeline.tolist()
    every = [set(stamps.tolist()) for stamps in several.values()]
    together = set.union(*every) if how["timeline"] == "union" else set.intersection(*every)
    assert native.timeline.tolist() == sorted(together)
    if not together:
        with pytest.raises(om.OutOfBoundsError):
            native.get_candle(native.symbols[0], next(iter(several))[1])
        for empty in (native, python):
            assert empty.skip() == 0
            with pytest.raises(om.OutOfBoundsError):
                empty.peek()
        return
    index = data.draw(st.integers(0, len(together) - 1))
    expected = everything_at(native, index)
    assert everything_at(python, index) == expected
    for backend in ("native", "python"):
        assert everything_at(moments(several, backend, native.decision_time, **how), index) == expected


def test_iteration_peeking_and_skipping_move_through_time(backend: str) -> None:
    stamps = np.arange(6) * MINUTE
    market = moments({("EURUSD", "bid"): stamps, ("EURUSD", "ask"): stamps[1:]}, backend)
    assert list(market) == stamps[1:].tolist()
    assert (market.index, market.timestamp, market.peek(), market.skip()) == (4, 5 * MINUTE, None, 0)
    visited = []
    for stamp in market:
        visited.append((stamp, market.timestamp, market.peek(2)))
        market.skip(2)
    assert visited == [(MINUTE, MINUTE, 3 * MINUTE), (4 * MINUTE, 4 * MINUTE, None)]
    assert (market.peek(0), market.skip(100), len(market)) == (market.timestamp, 0, 5)
    with pytest.raises(om.InvalidArgumentError):
        market.peek(-1)
    with pytest.raises(om.InvalidArgumentError):
        market.skip(-1)
    for wrong in (-1, 5, np.int64(9)):
        with pytest.raises(om.OutOfBoundsError):
            market.set_index(wrong)
    with pytest.raises(om.TypeMismatchError):
        market.set_index(1.0)
    assert market.index == 4
