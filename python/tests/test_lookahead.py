"""No look-ahead, as a law: candles that close after the decision time change no answer at a bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import MARKETS, SIDES, TIMEFRAMES, series, spoiled

import omega_slicer as om
from helpers import FIELDS, MINUTE, same_bits

pytestmark = pytest.mark.usefixtures("native")


def at_close(data: Any, index: int) -> list[Any]:
    """Every answer of the walk at a bar, which it decides at its close."""
    walk = om.SymbolDataSlice(data, index)
    answers: list[Any] = []
    for timeframe, sides in data.items():
        for side in sides:
            answers.append(walk.latest(timeframe, side))
            for field in FIELDS:
                answers.append(getattr(walk.history(timeframe, side, 7), field))
                answers.append(walk.history_matrix(timeframe, side, 5, field)[: index + 1])
    return answers


def aligned(data: Any, index: int, **words: str) -> list[Any]:
    """The candle of every series that align shows at a bar of the shortest timeframe."""
    clock = min(data, key=TIMEFRAMES.index)
    primary = data[clock].get("bid") or data[clock]["ask"]
    every = [higher for sides in data.values() for higher in sides.values()]
    rows = [int(om.align(primary, higher, **words)[index]) for higher in every]
    return [None if row < 0 else higher[row] for row, higher in zip(rows, every, strict=True)]


def same_answers(left: list[Any], right: list[Any]) -> bool:
    return all(
        same_bits(a, b) if isinstance(a, np.ndarray) else a == b for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("decision", ["open", "close"])
@settings(max_examples=60)
@given(MARKETS, st.data(), st.sampled_from(["native", "python"]))
def test_no_answer_at_a_bar_depends_on_candles_that_close_after_it_is_decided(
    decision: str, market: dict[Any, np.ndarray], data: st.DataObject, backend: str
) -> None:
    clock, side = min(market, key=lambda key: (TIMEFRAMES.index(key[0]), SIDES.index(key[1])))
    if not len(market[clock, side]):
        return
    index = data.draw(st.integers(0, len(market[clock, side]) - 1))
    wait = om.Timeframe(clock).duration if decision == "close" else 0
    decided = int(market[clock, side][index]) + wait

    def answers(spoil_after: int) -> list[Any]:
        found: dict[str, dict[str, Any]] = {}
        for (timeframe, one), (stamps, values) in spoiled(market, spoil_after).items():
            found.setdefault(timeframe, {})[one] = series(stamps, timeframe, one, backend, **values)
        walked = at_close(found, index) if decision == "close" else []
        return walked + aligned(found, index, decision=decision)

    assert same_answers(answers(2**62), answers(decided))


@pytest.mark.parametrize(
    ("decision", "mistake"),
    [
        ("open", {"decision": "open", "stamps": "close"}),  # the open of a candle taken for its close
        ("close", {"decision": "close", "stamps": "close"}),
        ("open", {"decision": "close"}),  # trading at the open on what the close knows
    ],
    ids=str,
)
def test_the_look_ahead_law_catches_a_look_ahead_planted_on_purpose(
    decision: str, mistake: dict[str, str], backend: str
) -> None:
    """The classic mistakes: the same comparison must fail for each of them."""
    market = {("M5", "bid"): np.arange(30) * 5 * MINUTE, ("H1", "bid"): np.arange(3) * 60 * MINUTE}
    index = 11
    decided = {"open": 55, "close": 60}[decision] * MINUTE

    def answers(spoil_after: int, words: dict[str, str]) -> list[Any]:
        found = {
            timeframe: {one: series(stamps, timeframe, one, backend, **values)}
            for (timeframe, one), (stamps, values) in spoiled(market, spoil_after).items()
        }
        return aligned(found, index, **words)

    def law_holds(words: dict[str, str]) -> bool:
        return same_answers(answers(2**62, words), answers(decided, words))

    assert law_holds({"decision": decision})
    assert not law_holds(mistake)
