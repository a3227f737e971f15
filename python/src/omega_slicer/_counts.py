"""How often each operation was answered, and by whom.

One tick costs a single C call and loses nothing between threads. Only counts; decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Final

from ._kernel_engine import SHAPES

__all__ = [
    "BATCH",
    "KINDS",
    "OPERATIONS",
    "SINGLE",
    "counts",
    "kind_of",
    "reset_counts",
    "tick",
    "ticker",
    "uncounted",
    "untick",
]

KINDS: Final = ("native", "shared", "fallback")
SINGLE: Final = ("get_slice", "get_candle_at", "get_candle_asof", "get_lookback")
BATCH: Final = ("get_lookbacks", "get_candles_at", "get_candles_asof", "gather_lookback")
ARROW: Final = ("from_arrow", "read_ipc", "from_ipc", "to_ipc", "write_ipc")
TIMEFRAMES: Final = ("resample", "align", "latest", "history", "history_matrix")
OPERATIONS: Final = {
    "slicer": ("from_columns", "read_csv", *ARROW, "quality", *SINGLE, *BATCH, *TIMEFRAMES),
    "kernels": (*SHAPES, "stream"),
    "multi_symbol": ("timeline", "get_candle", "get_price"),
}
"""By module; `stream` counts streams made, not rows, and `timeline` sets of symbols put together."""


class _Counter:
    """Counts calls of `tick`; `itertools.count` steps in one go, where `+= 1` can be interrupted."""

    __slots__ = ("_before", "_count", "tick")

    def __init__(self) -> None:
        self._count = count()
        self._before = 0
        self.tick: Callable[[], int] = self._count.__next__

    def _total(self) -> int:
        # The one way to look at a count without stepping it that no Python version deprecates.
        return int(repr(self._count).removeprefix("count(").removesuffix(")"))

    def value(self) -> int:
        return self._total() - self._before

    def forget(self, calls: int) -> None:
        self._before += calls

    def reset(self) -> None:
        self._before = self._total()


_COUNTERS: Final = {
    (operation, kind): _Counter()
    for operations in OPERATIONS.values()
    for operation in operations
    for kind in KINDS
}


def kind_of(backend: str) -> str:
    """What a call answered by a backend counts as."""
    return "native" if backend == "native" else "fallback"


def ticker(operation: str, kind: str) -> Callable[[], int]:
    """The function that counts one call; its result means nothing."""
    return _COUNTERS[operation, kind].tick


def tick(operation: str, kind: str) -> None:
    """Count one call."""
    _COUNTERS[operation, kind].tick()


def untick(operation: str, kind: str) -> None:
    """Take one call back: it was made to compare, and its answer was nobody's."""
    counter = _COUNTERS.get((operation, kind))
    if counter is not None:
        counter.forget(1)


def counts(module: str) -> dict[str, dict[str, int]]:
    """Calls of a module's operations since the start or the last reset, by who answered."""
    return {
        operation: {kind: _COUNTERS[operation, kind].value() for kind in KINDS}
        for operation in OPERATIONS[module]
    }


@contextmanager
def uncounted() -> Iterator[None]:
    """Calls made meanwhile do not count: the self-test's are nobody's."""
    before = {key: counter.value() for key, counter in _COUNTERS.items()}
    try:
        yield
    finally:
        for key, counter in _COUNTERS.items():
            counter.forget(counter.value() - before[key])


def reset_counts() -> None:
    """Set every count of `status()` to zero.

    >>> import omega_slicer
    >>> omega_slicer.reset_counts()
    >>> sum(sum(c.values()) for c in omega_slicer.status().modules["slicer"].counts.values())
    0
    """
    for counter in _COUNTERS.values():
        counter.reset()
