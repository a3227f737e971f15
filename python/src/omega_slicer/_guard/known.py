"""Known answers: what a backend must say to the questions of `known_answers.tsv`, to the bit.

Asks a backend directly, whatever the choices in force, and says where it was wrong. What follows from that
is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from omega_slicer._columns import Floats
from omega_slicer._engine import Admits, Engine, Read
from omega_slicer._errors import OmegaError
from omega_slicer._kernel_engine import SHAPES
from omega_slicer._model import Columns, Options
from omega_slicer._series import CandleSeries
from omega_slicer.timeframe import Timeframe

from .tables import read_table

__all__ = ["AT_LOAD", "Case", "Wrong", "cases", "wrong_answers"]

AT_LOAD: Final = 10
"""So many of the first cases are asked at every load."""

_PARAMETERS: Final = {"window": ("window", "period", "fast"), "slow": ("slow",), "signal": ("signal",)}
_NANS: Final = ("propagate", "skip")


class Case(NamedTuple):
    """A question, and the answer as text."""

    module: str
    call: str
    subject: str
    args: dict[str, str]
    result: str
    value: str


class Wrong(NamedTuple):
    """An answer that is not the known one; `code` where an error came instead."""

    module: str
    call: str
    text: str
    code: int | None


@cache
def _rows() -> list[dict[str, str]]:
    return read_table("known_answers.tsv")


@cache
def cases() -> tuple[Case, ...]:
    """Those that a backend of this language answers; questions over shared columns are not among them."""
    shared = ("get_slice", "get_lookback", "get_candle_at", "get_candle_asof")
    return tuple(
        Case(row["kind"], row["name"], row["subject"], _pairs(row["args"]), row["result"], row["value"])
        for row in _rows()
        if row["kind"] not in ("series", "values") and row["name"] not in shared
    )


def wrong_answers(engine: Engine, asked: Iterable[Case]) -> Iterator[Wrong]:
    """Every case whose answer is not the known one."""
    made: dict[str, CandleSeries] = {}
    for case in asked:
        try:
            fine = _ANSWERS[case.module](engine, case, made)
        except OmegaError as error:
            yield Wrong(case.module, case.call, f"{case.call} of {case.subject}: {error}", error.code)
            continue
        if not fine:
            given = " ".join(f"{name}={value}" for name, value in case.args.items())
            text = f"{case.call} of {case.subject} ({given[:200]}) is not the known answer"
            yield Wrong(case.module, case.call, text, None)


def _pairs(text: str) -> dict[str, str]:
    return {} if text == "-" else dict(word.split("=", 1) for word in text.split(" "))


def _floats(text: str) -> Floats:
    bits = [] if text in ("", "-") else [int(part, 16) for part in text.split(",")]
    return np.array(bits, np.uint64).view(np.float64)


def _integers(text: str) -> list[int]:
    return [] if text in ("", "-") else [int(part) for part in text.split(",")]


def _same(left: Floats, right: Floats) -> bool:
    """The same bits; any NaN is any other."""
    if left.shape != right.shape:
        return False
    equal = left.view(np.uint64) == right.view(np.uint64)
    return bool((equal | (np.isnan(left) & np.isnan(right))).all())


@cache
def _values(name: str) -> Floats:
    [row] = [row for row in _rows() if (row["kind"], row["name"]) == ("values", name)]
    return _floats(row["value"])


def _kernel(engine: Engine, case: Case, made: dict[str, CandleSeries]) -> bool:  # noqa: ARG001
    inputs = tuple(_values(name) for name in case.subject.split(","))
    shape = SHAPES[case.call]
    numbers = tuple(_parameter(name, case.args) for name in shape.options)
    outputs = tuple(np.empty(len(inputs[0])) for _ in range(shape.outputs))
    engine.kernels.run(case.call, inputs, numbers, outputs)
    return all(_same(*pair) for pair in zip(outputs, map(_floats, case.value.split(";")), strict=True))


def _parameter(name: str, args: dict[str, str]) -> Any:
    if name == "nan":
        return _NANS.index(args["nan"])
    if name == "width":
        return float(_floats(args["width"])[0])
    return int(next(args[word] for word in _PARAMETERS.get(name, (name,)) if word in args))


@cache
def _stored(name: str) -> tuple[Columns, Options]:
    [row] = [row for row in _rows() if (row["kind"], row["name"]) == ("series", name)]
    identity = _pairs(row["subject"])
    missing = identity.get("allow_missing") == "1"
    options = Options.of(identity["symbol"], identity["timeframe"], identity["price_type"], "full", missing)
    stamps = np.array(_integers(row["args"]), np.int64)
    *prices, volume = row["value"].split(";")
    has_volume = identity["volume"] == "1"
    open_, high, low, close = map(_floats, prices)
    return Columns(stamps, open_, high, low, close, _floats(volume) if has_volume else None), options


def _series(engine: Engine, name: str, made: dict[str, CandleSeries]) -> CandleSeries:
    if name not in made:
        columns, options = _stored(name)
        read = Read(columns, engine.accept(columns, options))
        series = CandleSeries._from(read, options, engine, None, None)
        made[name] = series
    return made[name]


def _listed(array: Any) -> list[Any]:
    listed: list[Any] = array.tolist()
    return listed


def _slicer(engine: Engine, case: Case, made: dict[str, CandleSeries]) -> bool:
    args = case.args
    given = [_series(engine, name, made) for name in case.subject.split(",")]
    if case.call == "align":
        limit = int(args["stale_limit"]) if "stale_limit" in args else None
        closes = args.get("decision") == "close", args.get("stamps") == "close"
        return _listed(engine.align(given[0], given[1], *closes, limit)) == _integers(case.value)
    if case.call == "resample":
        return _resampled(engine, given[0], case)
    times = np.array(_integers(args["times"]), np.int64)
    if case.call == "get_candles_at":
        return _listed(engine.get_candles_at(given[0], times)) == _integers(case.value)
    if case.call == "get_candles_asof":
        closed = args.get("closed_only") == "true"
        return _listed(engine.get_candles_asof(given[0], times, closed)) == _integers(case.value)
    n = int(args["n"])
    admits = Admits(
        args.get("include_current") != "false",
        args.get("closed_only") == "true",
        args.get("partial") == "true",
    )
    if case.call == "get_lookbacks":
        table = _listed(engine.get_lookbacks(given[0], times, n, admits))
        return table == [[int(cell) for cell in pair.split(":")] for pair in case.value.split(",")]
    matrix = engine.gather_lookback(given[0], times, n, args.get("field", "close"), admits)
    rows = [cell for row in case.value.split(";") for cell in row.split(",")]
    cells = _floats(",".join("7ff8000000000000" if cell == "nan" else cell for cell in rows))
    return _same(np.ascontiguousarray(matrix).reshape(-1), cells)


def _resampled(engine: Engine, series: CandleSeries, case: Case) -> bool:
    duration = Timeframe(case.args["timeframe"]).duration
    partial = case.args.get("keep_partial") == "true"
    read = engine.resample(series, duration, int(case.args.get("origin", "0")), partial)
    columns = read.columns
    if columns is None:
        assert read.handle is not None
        columns = engine.columns(read.handle)
    expected, _ = _stored(case.value)
    if (columns.volume is None) != (expected.volume is None):
        return False
    same = _listed(columns.timestamp) == _listed(expected.timestamp)
    pairs = zip(columns[1:], expected[1:], strict=True)
    return same and all(_same(a, b) for a, b in pairs if a is not None and b is not None)


def _multi_symbol(engine: Engine, case: Case, made: dict[str, CandleSeries]) -> bool:
    args = case.args
    given = [_series(engine, name, made) for name in case.subject.split(",")]
    limit = int(args["stale_limit"]) if "stale_limit" in args else None
    union, asof = args.get("timeline") == "union", args.get("asof") == "true"
    stamps, rows = engine.moments(given, union, asof, limit)
    if case.call == "timeline":
        return _listed(stamps) == _integers(case.value)
    wanted = args["symbol"], args.get("price_type", "bid")
    [place] = [i for i, one in enumerate(given) if (one.symbol, str(one.price_type)) == wanted]
    return _listed(rows[place]) == _integers(case.value)


_ANSWERS: Final[dict[str, Any]] = {"kernels": _kernel, "slicer": _slicer, "multi_symbol": _multi_symbol}
