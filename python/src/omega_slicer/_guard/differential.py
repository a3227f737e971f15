"""Differential cases: the library against the fallback on seeded data, every operation, bit for bit.

Where known answers are few and small, these are long enough for every way through the kernels. Asks two
backends directly and reports where they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np

from omega_slicer._columns import Floats
from omega_slicer._engine import Admits, Engine, Read
from omega_slicer._errors import OmegaError
from omega_slicer._kernel_engine import SHAPES
from omega_slicer._model import Columns, Options
from omega_slicer._series import CandleSeries

from .known import Wrong

__all__ = ["checks"]

Check = tuple[str, str, Callable[[], bool]]
_ROWS: Final = 3000
_WINDOWS: Final = (2, 20, 200)
_MINUTE: Final = 60_000_000


def checks(ours: Engine, theirs: Engine, modules: tuple[str, ...]) -> Iterator[tuple[str, Wrong | None]]:
    """One after another: what was asked, and what is wrong if something is."""
    made: list[Check] = []
    if "kernels" in modules:
        made += _kernels(ours, theirs)
    if "slicer" in modules:
        made += _slicer(ours, theirs)
    if "multi_symbol" in modules:
        made += _multi_symbol(ours, theirs)
    for module, what, agree in made:
        try:
            wrong = (
                None
                if agree()
                else Wrong(module, what.split(" ")[0], f"{what}: differs from the fallback", None)
            )
        except OmegaError as error:
            wrong = Wrong(module, what.split(" ")[0], f"{what}: {error}", error.code)
        yield what, wrong


def _data() -> dict[str, Floats]:
    random = np.random.default_rng(20_240_301)
    walk = 1.1 + np.cumsum(random.normal(0.0, 1e-4, _ROWS))
    mixed = random.normal(size=_ROWS) * 10.0 ** random.integers(-300, 300, _ROWS)
    gaps = walk.copy()
    gaps[random.random(_ROWS) < 0.02] = np.nan
    tick = walk.copy()
    tick[_ROWS // 2] = 1e9
    return {
        "prices": np.round(walk, 5),
        "a walk": walk,
        "returns": np.diff(walk, prepend=walk[0]),
        "mixed magnitudes": mixed,
        "missing values": gaps,
        "a wild tick": tick,
    }


def _same(left: Any, right: Any) -> bool:
    if left.dtype != np.float64:
        return left.shape == right.shape and bool((left == right).all())
    a, b = np.ascontiguousarray(left), np.ascontiguousarray(right)
    return a.shape == b.shape and bool(
        ((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))).all()
    )


def _kernels(ours: Engine, theirs: Engine) -> Iterator[Check]:
    data = _data()
    for kernel, shape in SHAPES.items():
        for name, x in data.items():
            for window in _WINDOWS if shape.options else (1,):
                inputs = (x, x[::-1].copy(), np.roll(x, 1))[: shape.inputs]
                given: dict[str, float] = {
                    "window": window,
                    "min_periods": max(1, window // 2),
                    "ddof": 1,
                    "nan": window % 3 == 2,
                }
                given |= {"slow": 2 * window, "signal": window, "width": 2.0}
                numbers = tuple(
                    float(given[option]) if option == "width" else int(given[option])
                    for option in shape.options
                )
                yield (
                    "kernels",
                    f"{kernel} of {name}, window {window}",
                    _asked(ours, theirs, kernel, inputs, numbers),
                )


def _asked(ours: Engine, theirs: Engine, kernel: str, inputs: Any, numbers: Any) -> Callable[[], bool]:
    def agree() -> bool:
        lines = [[np.empty(len(inputs[0])) for _ in range(SHAPES[kernel].outputs)] for _ in range(2)]
        ours.kernels.run(kernel, inputs, numbers, tuple(lines[0]))
        theirs.kernels.run(kernel, inputs, numbers, tuple(lines[1]))
        return all(_same(*pair) for pair in zip(*lines, strict=True))

    return agree


def _series(
    engine: Engine, seed: int, minutes: int, symbol: str = "EURUSD", side: str = "bid"
) -> CandleSeries:
    """Candles with gaps, weekends' worth too, and a few missing volumes."""
    random = np.random.default_rng(seed)
    steps = np.where(random.random(_ROWS) < 0.02, random.integers(2, 3000, _ROWS), 1)
    stamps = 1_709_251_200_000_000 + np.cumsum(steps) * (minutes * _MINUTE)
    close = 1.1 + np.cumsum(random.normal(0.0, 1e-4, _ROWS))
    spread = np.abs(random.normal(0.0, 1e-4, (2, _ROWS)))
    open_ = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(open_, close) + spread[0], np.minimum(open_, close) - spread[1]
    volume = np.where(random.random(_ROWS) < 0.05, np.nan, random.random(_ROWS) * 1e3)
    options = Options.of(symbol, f"{minutes}min", side, "full", False)
    columns = Columns(stamps, open_, high, low, close, volume)
    return CandleSeries._from(Read(columns, engine.accept(columns, options)), options, engine, None, None)


Ask = Callable[[Engine, CandleSeries, CandleSeries], Any]


def _questions(stamps: Any, seed: int, minutes: int) -> Iterator[tuple[str, Ask]]:
    """What is asked of a series and of a longer one."""
    times = np.sort(np.random.default_rng(seed).integers(stamps[0], stamps[-1] + _MINUTE, 500))

    def of(name: str, *args: Any) -> tuple[str, Ask]:
        return name, lambda engine, series, _: getattr(engine, name)(series, *args)

    def aligned(at_close: bool, limit: int | None) -> Ask:
        return lambda engine, series, higher: engine.align(series, higher, at_close, False, limit)

    def resampled(partial_too: bool) -> Ask:
        return lambda engine, series, _: _resampled(engine, series, 12 * minutes * _MINUTE, partial_too)

    for current in (True, False):
        for closed in (True, False):
            admits = Admits(current, closed, True)
            yield of("get_lookbacks", times, 20, admits)
            yield of("gather_lookback", times, 5, "close", admits)
    for flag in (True, False):
        yield of("get_candles_asof", times, flag)
        yield "resample", resampled(flag)
        yield "align", aligned(flag, None)
        yield "align", aligned(flag, 3)
    yield of("get_candles_at", stamps[::7] + stamps[::7] % 2)
    yield of("quality")


def _slicer(ours: Engine, theirs: Engine) -> Iterator[Check]:
    for seed, minutes in ((1, 1), (2, 5), (3, 60)):
        sets = [
            (engine, _series(engine, seed, minutes), _series(engine, seed + 10, 4 * minutes))
            for engine in (ours, theirs)
        ]
        for name, ask in _questions(sets[0][1].timestamp, seed, minutes):
            yield "slicer", f"{name} on {minutes} minute candles", partial(_both, ask, sets)


def _both(ask: Ask, sets: list[tuple[Engine, CandleSeries, CandleSeries]]) -> bool:
    left, right = (ask(*one) for one in sets)
    return _agree(left, right)


def _resampled(engine: Engine, series: CandleSeries, duration: int, partial: bool) -> Columns:
    read = engine.resample(series, duration, 0, partial)
    if read.columns is not None:
        return read.columns
    assert read.handle is not None
    return engine.columns(read.handle)


def _agree(left: Any, right: Any) -> bool:
    if isinstance(left, tuple | list):
        return len(left) == len(right) and all(_agree(*pair) for pair in zip(left, right, strict=True))
    if isinstance(left, np.ndarray):
        return _same(left, right)
    return bool(left == right)


def _multi_symbol(ours: Engine, theirs: Engine) -> Iterator[Check]:
    names = (("EURUSD", "bid"), ("EURUSD", "ask"), ("GBPUSD", "bid"))
    sets = [[_series(engine, 20 + i, 1, *name) for i, name in enumerate(names)] for engine in (ours, theirs)]
    for union in (True, False):
        for asof, limit in ((False, None), (True, None), (True, 90 * _MINUTE)):
            what = f"timeline as a {'union' if union else 'intersection'}"

            def agree(union: bool = union, asof: bool = asof, limit: int | None = limit) -> bool:
                pairs = zip((ours, theirs), sets, strict=True)
                left, right = (engine.moments(series, union, asof, limit) for engine, series in pairs)
                return _agree(left, right)

            yield "multi_symbol", what, agree
