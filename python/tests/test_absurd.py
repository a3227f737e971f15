"""What nobody means to ask is refused by this package, naming the value: no foreign exception leaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import omega_slicer as om
from helpers import MINUTE

HUGE = 10**40


def candles(symbol: str = "X", backend: str | None = None) -> om.CandleSeries:
    prices = np.arange(1.0, 11.0)
    return om.CandleSeries.from_columns(
        np.arange(10) * MINUTE, prices, prices, prices, prices,
        symbol=symbol, timeframe="M1", price_type="bid", backend=backend,
    )  # fmt: skip


def refused(code: int, says: str, ask: Callable[[], Any]) -> None:
    with pytest.raises(om.OmegaError) as caught:
        ask()
    assert caught.value.code == code, caught.value
    assert says in str(caught.value)


def test_a_matrix_that_no_memory_holds_is_refused_with_its_length(backend: str) -> None:
    walk = om.SymbolDataSlice({"M1": {"bid": candles(backend=backend)}}, backend=backend)
    for side in ("bid", "ask"):  # the side that is there, and the one that is not
        for length, code in ((HUGE, 1001), (2**63, 1001), (2**63 - 1, 6001), (2**50, 6001)):
            refused(code, str(length), lambda s=side, n=length: walk.history_matrix("M1", s, n))
    assert len(walk.history("M1", length=HUGE)) == 1  # all there is, without a copy


@pytest.mark.parametrize("key", [[], {}, {1}], ids=repr)
def test_what_cannot_be_a_key_is_refused_by_name(key: Any, backend: str) -> None:
    market = om.MultiSymbolSlice([candles(backend=backend)], backend=backend)
    for ask in (market.get_price, market.get_candle, market.get_spread):
        refused(1004, f"{type(key).__name__}: {key!r}", lambda f=ask: f(key))
    for ask in (market.get_price, market.get_candle):
        refused(1004, f"price_type is one of bid, ask{', mid' * (ask == market.get_price)}, not",
                lambda f=ask: f("X", key))  # fmt: skip
    lists = om.SymbolDataSlice({"M1": {"bid": ["a"]}})
    series = om.SymbolDataSlice({"M1": {"bid": candles(backend=backend)}})
    for walk in (lists, series):
        for ask in (walk.latest, walk.history, walk.history_view, walk.get, walk.__getitem__):
            refused(1004, f"{type(key).__name__}: {key!r}", lambda f=ask: f(key))
        refused(1004, repr(key), lambda w=walk: w.latest("M1", key))
    both = om.CandleSet({"M1": ["b"]}, {"M1": ["a"]})
    refused(1004, f"{type(key).__name__}: {key!r}", lambda: both.get_all(key))
    refused(1004, f"{type(key).__name__}: {key!r}", lambda: both.get_latest(key, 0))


ROWS = [5, iter("ab"), {1, 2}, {0: "a"}, np.array(4), list, (x for x in "ab")]


@pytest.mark.parametrize("rows", ROWS, ids=lambda rows: type(rows).__name__)
def test_rows_that_are_no_sequence_are_refused_when_they_are_given(rows: Any) -> None:
    says = f"not {type(rows).__name__}: {rows!r}"
    refused(1004, f"'M1' bid must be a list or another sequence of candles, {says}",
            lambda: om.SymbolDataSlice({"M1": {"bid": rows}}))  # fmt: skip
    refused(1004, f"'M1' of tf_ask_candles must be a list or another sequence of candles, {says}",
            lambda: om.CandleSet({"M1": ["b"]}, {"M1": rows}))  # fmt: skip


@pytest.mark.parametrize("rows", [["a", "b"], ("a", "b"), "ab", np.array(["a", "b"])], ids=repr)
def test_any_sequence_is_taken_as_it_is(rows: Any) -> None:
    walk = om.SymbolDataSlice({"M1": {"bid": rows}}, 1)
    assert walk.get("M1") is rows
    assert walk.latest("M1") == "b"
    assert om.CandleSet({"M1": rows}, {}).get_all("M1") is rows


@pytest.mark.parametrize("given", [None, 5, ["M1"], "M1"], ids=repr)
def test_a_candle_set_of_no_mappings_is_refused(given: Any) -> None:
    says = f"not {type(given).__name__}: {given!r}"
    refused(1004, f"tf_bid_candles must be {{timeframe: [...]}}, {says}", lambda: om.CandleSet(given, given))
    refused(1004, f"tf_ask_candles must be {{timeframe: [...]}}, {says}", lambda: om.CandleSet({}, given))


def test_several_symbols_are_a_list_and_the_message_says_so(backend: str) -> None:
    one = candles(backend=backend)
    wanted = "several symbols are given as a list of CandleSeries"
    for given, says in (
        (one, f"{wanted}, not as one of them (X M1 bid): put it into a list"),
        (None, f"{wanted}, not as NoneType: None"),
        (5, f"{wanted}, not as int: 5"),
        ("XY", f"{wanted}, not as str: 'XY'"),
        ({"X": one}, f"{wanted}, not as dict: "),
        ([one, "Y"], f"{wanted}; there is str among them: 'Y'"),
    ):
        refused(1004, says, lambda series=given: om.MultiSymbolSlice(series, backend=backend))
    assert om.MultiSymbolSlice(iter([one]), backend=backend).symbols == ("X",)
