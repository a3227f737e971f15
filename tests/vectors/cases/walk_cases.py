"""Questions by index and at one moment of several symbols."""

import math
from collections.abc import Iterator

from oracle.model import MINUTE, Failure, bits
from oracle.symbols import Moments
from oracle.text import parse_timeframe, timeframe_name
from oracle.walk import Walk

from cases.series_data import SERIES
from cases.slicer_cases import written

Row = tuple[str, str, str, str, str, str]

# Names of series, the primary timeframe if it is said, the timeframes asked for.
WALKS: list[tuple[str, str | None, tuple[str, ...]]] = [
    ("m5_day,m5_ask,h1_day", None, ("M5", "H1", "60min", "D1")),
    ("m5_day,h1_day,d1_week", "H1", ("M5", "H1", "D1")),
    ("m5_ask,h1_two_missing", None, ("M5", "H1")),
    ("gappy,m1_ask_gappy,m5_ask,h1_before", None, ("M1", "M5", "H1")),
    ("m5_sessions,h1_overlapping,d1_evening", None, ("M5", "H1", "D1")),
    ("one", None, ("M1", "H1")),
    ("empty,h1_day", None, ("M1", "H1")),
    ("gappy,h1_empty", None, ("H1",)),
    ("extremes,edge_min_hour", None, ("M1", "H1")),
    ("missing,h1_before", None, ("M1", "H1")),
    ("novolume", None, ("M1",)),
]
REFUSED = [
    ("-", None),
    ("m5_day,h1_day,h1_odd", None),
    ("m5_day,eur_bid", None),
    ("m5_day,h1_day", "M1"),
]


def _named(names: str) -> list:
    return [] if names == "-" else [SERIES[name] for name in names.split(",")]


def _text(args: dict[str, object]) -> str:
    return " ".join(f"{key}={written(arg)}" for key, arg in args.items()) or "-"


def _matrix(value: list[list[float]]) -> str:
    cells = [["nan" if math.isnan(v) else bits(v) for v in row] or ["-"] for row in value]
    return ";".join(",".join(row) for row in cells) or "-"


def _walk_answer(op: str, names: str, primary: str | None, args: dict[str, object]) -> tuple[str, str]:
    given = dict(args)
    if "timeframe" in given:
        given["timeframe_us"] = parse_timeframe(str(given.pop("timeframe")))
    try:
        walk = Walk(_named(names), primary and parse_timeframe(primary))
        if op == "bars":
            return "number", str(walk.bars())
        value = getattr(walk, op)(**given)
    except Failure as failure:
        return "error", failure.text()
    if op == "decision_time":
        return "number", str(value)
    if op == "latest":
        return "row", str(value)
    if op == "history":
        return "range", f"{value[0]}:{value[1]}"
    return "matrix", _matrix(value)


def _questions(names: str, timeframes: tuple[str, ...], bars: int) -> Iterator[tuple[str, dict[str, object]]]:
    yield "bars", {}
    picked = sorted(
        {0, 1, 2, 11, 12, 13, bars // 2, bars - 2, bars - 1, bars, bars + 2} & set(range(bars + 3))
    )
    for index in picked:
        yield "decision_time", {"index": index}
        for timeframe in timeframes:
            sides = ("bid", "ask") if timeframe == timeframes[0] else ("bid",)
            for side in sides:
                asked: dict[str, object] = {"index": index, "timeframe": timeframe}
                asked |= {} if side == "bid" and index % 2 else {"price_type": side}
                yield "latest", asked
                for length in (0, 1, 3, 1000):
                    yield "history", {**asked, "length": length}
                yield "history", asked
    first = timeframes[0]
    yield "latest", {"index": -1, "timeframe": first}
    yield "latest", {"index": 0, "timeframe": first, "price_type": "mid"}
    yield "history", {"index": -2, "timeframe": first}
    yield "history", {"index": 0, "timeframe": first, "length": -1}
    yield "history_matrix", {"timeframe": first, "length": -1}
    yield "history_matrix", {"timeframe": first, "price_type": "mid"}
    yield "history_matrix", {"timeframe": first, "start": -1}
    for timeframe in timeframes:
        for length in (1, 3):
            yield "history_matrix", {"timeframe": timeframe, "length": length, "start": 0, "stop": 14}
        yield (
            "history_matrix",
            {"timeframe": timeframe, "length": 2, "field": "volume", "start": max(0, bars - 3)},
        )
        yield (
            "history_matrix",
            {"timeframe": timeframe, "price_type": "ask", "length": 2, "stop": 6, "field": "high"},
        )
        yield "history_matrix", {"timeframe": timeframe, "length": 2, "start": 5, "stop": 5}


def walk_rows() -> Iterator[Row]:
    for names, primary, timeframes in WALKS:
        bars = Walk(_named(names), primary and parse_timeframe(primary)).bars()
        for op, args in _questions(names, timeframes, bars):
            shown = {**args, **({"primary": primary} if primary else {})}
            kind, value = _walk_answer(op, names, primary, args)
            text = _text(shown)
            yield "/".join([op, names, *text.split()]), op, names, text, kind, value
    for names, primary in REFUSED:
        text = f"primary={primary}" if primary else "-"
        yield "/".join(["bars", names, text]), "bars", names, text, *_walk_answer("bars", names, primary, {})


MULTI = [
    ("eur_bid,eur_ask", {}),
    ("eur_bid,eur_ask,gbp_bid,gbp_ask", {}),
    ("eur_bid,eur_ask,gbp_bid,gbp_ask", {"timeline": "union"}),
    ("eur_bid,eur_ask,gbp_bid,gbp_ask", {"timeline": "union", "asof": True}),
    *(
        ("gbp_bid,eur_bid,eur_ask,gbp_ask", {"timeline": "union", "asof": True, "stale_limit": limit})
        for limit in (0, MINUTE - 1, MINUTE, 3 * MINUTE)
    ),
    ("eur_bid,jpy_bid", {}),
    ("eur_bid,jpy_bid", {"timeline": "union"}),
    ("eur_bid,chf_bid_empty", {}),
    ("eur_bid,chf_bid_empty", {"timeline": "union", "asof": True}),
    ("missing_ask,eur_bid", {"timeline": "union"}),
    ("eur_bid", {"asof": True}),
]
MULTI_REFUSED: list[tuple[str, dict[str, object]]] = [
    ("-", {}),
    ("eur_bid,eur_bid", {}),
    ("eur_bid,eur_bid_hour", {}),
    ("eur_bid", {"stale_limit": 5}),
    ("eur_bid", {"asof": True, "stale_limit": -1}),
]


def _price(value: float | None) -> tuple[str, str]:
    if value is None:
        return "none", "-"
    return "price", "nan" if math.isnan(value) else bits(value)


def _moment_questions(moments: Moments) -> Iterator[tuple[str, dict[str, object]]]:
    symbols = list(dict.fromkeys(symbol for symbol, _ in moments.series))
    yield "timeline", {}
    for symbol, side in moments.series:
        yield "rows", {"symbol": symbol, "price_type": side}
    for index in range(len(moments.timeline)):
        for symbol in symbols:
            yield "get_candle", {"index": index, "symbol": symbol}
            yield "get_price", {"index": index, "symbol": symbol, "price_type": "bid"}
            yield "get_price", {"index": index, "symbol": symbol}
            yield "get_spread", {"index": index, "symbol": symbol}
    yield "get_price", {"index": len(moments.timeline), "symbol": symbols[0], "price_type": "bid"}
    if moments.timeline:
        yield "get_price", {"index": 0, "symbol": "XAUUSD", "price_type": "bid"}
        yield "get_candle", {"index": 0, "symbol": "XAUUSD"}
        yield "get_spread", {"index": 0, "symbol": "XAUUSD"}
        yield "get_price", {"index": 0, "symbol": symbols[0], "price_type": "last"}


def _moment_answer(moments: Moments, op: str, args: dict[str, object]) -> tuple[str, str]:
    given = {("kind" if op == "get_price" and key == "price_type" else key): v for key, v in args.items()}
    try:
        if op == "timeline":
            return "stamps", written(moments.timeline)
        if op == "rows":
            return "rows", written(moments.rows(**given))  # type: ignore[arg-type]
        if op == "get_candle":
            return "row", str(moments.candle(**given))  # type: ignore[arg-type]
        return _price(moments.price(**given) if op == "get_price" else moments.spread(**given))  # type: ignore[arg-type]
    except Failure as failure:
        return "error", failure.text()


def multi_rows() -> Iterator[Row]:
    for names, options in MULTI:
        moments = Moments(_named(names), **options)
        for op, args in _moment_questions(moments):
            text = _text({**options, **args})
            yield "/".join([op, names, *text.split()]), op, names, text, *_moment_answer(moments, op, args)
    for names, options in MULTI_REFUSED:
        try:
            Moments(_named(names), **options)
            raise AssertionError(names)
        except Failure as failure:
            text = _text(options)
            yield "/".join(["timeline", names, text]), "timeline", names, text, "error", failure.text()


assert timeframe_name(MINUTE) == "M1"
