"""Made-up markets for tests of walks and moments: gappy series in several timeframes, sides and symbols."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import omega_slicer as om
from helpers import FIELDS, MINUTE

TIMEFRAMES = ("M1", "M5", "M15", "H1")
SIDES = ("bid", "ask")


@st.composite
def stamps_of(draw: st.DrawFn, timeframe: str) -> np.ndarray:
    """Gappy, starting anywhere within two hours, sometimes overlapping."""
    steps = draw(st.lists(st.sampled_from([1.0, 1.0, 1.0, 2.0, 5.0, 0.5, 0.01]), max_size=30))
    unit = om.Timeframe(timeframe).duration
    start = draw(st.integers(-60, 60)) * MINUTE
    return (
        start
        + np.cumsum([0, *(int(step * unit) for step in steps)], dtype=np.int64)[draw(st.integers(0, 1)) :]
    )


def series(
    stamps: np.ndarray, timeframe: str, side: str, backend: str, symbol: str = "X", **columns: Any
) -> Any:
    rows = np.arange(len(stamps), dtype=np.float64) + 1000 * TIMEFRAMES.index(timeframe)
    made = {name: rows + k / 8 for k, name in enumerate(FIELDS)} | columns
    return om.CandleSeries.from_columns(
        stamps, **made, symbol=symbol, timeframe=timeframe, price_type=side, backend=backend, check="order"
    )


MARKETS = st.dictionaries(
    st.tuples(st.sampled_from(TIMEFRAMES), st.sampled_from(SIDES)), st.just(None), min_size=1
).flatmap(lambda keys: st.fixed_dictionaries({key: stamps_of(key[0]) for key in keys}))


def outcome(ask: Any) -> Any:
    """The answer, or the code of the error."""
    try:
        return ask()
    except om.OmegaError as error:
        return error.code


def spoiled(market: dict[Any, np.ndarray], time: int) -> dict[Any, tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Every series with garbage in each row that closes after `time`."""
    found = {}
    for key, stamps in market.items():
        garbage = stamps + om.Timeframe(key[0]).duration > time
        rows = np.arange(len(stamps), dtype=np.float64)
        found[key] = (stamps, {name: np.where(garbage, np.nan, rows + k) for k, name in enumerate(FIELDS)})
    return found
