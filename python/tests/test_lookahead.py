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


def questions(data: Any, index: int, planted: bool = False) -> list[Any]:
    """Every answer of the walk and of align at a bar; `planted` shows each candle a bar too early."""
    walk = om.SymbolDataSlice(data, index)
    primary = data[walk.primary.name].get("bid") or data[walk.primary.name]["ask"]
    answers: list[Any] = []
    for timeframe, sides in data.items():
        for side, higher in sides.items():
            answers.append(walk.latest(timeframe, side))
            for field in FIELDS:
                answers.append(getattr(walk.history(timeframe, side, 7), field))
                answers.append(walk.history_matrix(timeframe, side, 5, field)[: index + 1])
            stamps = "close" if planted else "open"
            row = int(om.align(primary, higher, decision="close", stamps=stamps)[index])
            answers.append(None if row < 0 else higher[row])
    return answers


def same_answers(left: list[Any], right: list[Any]) -> bool:
    return all(
        same_bits(a, b) if isinstance(a, np.ndarray) else a == b for a, b in zip(left, right, strict=True)
    )


@settings(max_examples=60)
@given(MARKETS, st.data(), st.sampled_from(["native", "python"]))
def test_no_answer_at_a_bar_depends_on_candles_that_close_after_it(
    market: dict[Any, np.ndarray], data: st.DataObject, backend: str
) -> None:
    clock, side = min(market, key=lambda key: (TIMEFRAMES.index(key[0]), SIDES.index(key[1])))
    if not len(market[clock, side]):
        return
    index = data.draw(st.integers(0, len(market[clock, side]) - 1))
    decided = int(market[clock, side][index]) + om.Timeframe(clock).duration

    def made(spoil_after: int) -> Any:
        found: dict[str, dict[str, Any]] = {}
        for (timeframe, one), (stamps, values) in spoiled(market, spoil_after).items():
            found.setdefault(timeframe, {})[one] = series(stamps, timeframe, one, backend, **values)
        return found

    assert same_answers(questions(made(2**62), index), questions(made(decided), index))


def test_the_look_ahead_law_catches_a_look_ahead_planted_on_purpose(backend: str) -> None:
    """Reading a candle's open as its close is the classic mistake: the same comparison must fail for it."""
    market = {("M5", "bid"): np.arange(30) * 5 * MINUTE, ("H1", "bid"): np.arange(3) * 60 * MINUTE}

    def made(spoil_after: int) -> Any:
        return {
            timeframe: {one: series(stamps, timeframe, one, backend, **values)}
            for (timeframe, one), (stamps, values) in spoiled(market, spoil_after).items()
        }

    honest, mistaken = [
        same_answers(questions(made(2**62), 6, planted), questions(made(35 * MINUTE), 6, planted))
        for planted in (False, True)
    ]
    assert honest
    assert not mistaken
