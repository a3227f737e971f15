"""The kernels' vocabulary: their names, series, parameters and lines, and what a backend must do with them.

The order of parameters is that of the C ABI. Types and tables only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from ._columns import Floats

__all__ = ["SHAPES", "KernelEngine", "Numbers", "Push", "Shape"]

Numbers = tuple[Any, ...]
"""The parameters of a kernel in their order: integers, but for bollinger's width."""


class Shape(NamedTuple):
    """What a kernel takes and gives; `options` are its parameters by their names in OmegaKernelOptions."""

    number: int
    inputs: int
    outputs: int
    options: tuple[str, ...]


_WINDOW: Final = ("window", "min_periods", "nan")
_MOMENT: Final = ("window", "min_periods", "ddof", "nan")
_PERIOD: Final = ("window", "nan")

SHAPES: Final = {
    "sum": Shape(0, 1, 1, _WINDOW),
    "mean": Shape(1, 1, 1, _WINDOW),
    "var": Shape(2, 1, 1, _MOMENT),
    "std": Shape(3, 1, 1, _MOMENT),
    "zscore": Shape(4, 1, 1, _MOMENT),
    "min": Shape(5, 1, 1, _WINDOW),
    "max": Shape(6, 1, 1, _WINDOW),
    "argmin": Shape(7, 1, 1, _WINDOW),
    "argmax": Shape(8, 1, 1, _WINDOW),
    "ema": Shape(9, 1, 1, _PERIOD),
    "wilder": Shape(10, 1, 1, _PERIOD),
    "rsi": Shape(11, 1, 1, _PERIOD),
    "diff": Shape(12, 1, 1, ("window",)),
    "returns": Shape(13, 1, 1, ("window",)),
    "log_returns": Shape(14, 1, 1, ("window",)),
    "shift": Shape(15, 1, 1, ("window",)),
    "cov": Shape(16, 2, 1, _MOMENT),
    "corr": Shape(17, 2, 1, _MOMENT),
    "true_range": Shape(18, 3, 1, ()),
    "atr": Shape(19, 3, 1, _PERIOD),
    "macd": Shape(20, 1, 3, ("window", "slow", "signal", "nan")),
    "bollinger": Shape(21, 1, 3, ("window", "min_periods", "ddof", "width", "nan")),
}


Push = Callable[..., tuple[float, ...]]
"""A stream of one backend, used by one thread at a time: takes a row, gives the lines' values."""


class KernelEngine(Protocol):
    """The kernels of one backend; `kind` is what `status()` calls a call it answered."""

    kind: str

    def run(
        self, kernel: str, inputs: tuple[Floats, ...], numbers: Numbers, outputs: tuple[Floats, ...]
    ) -> None:
        """One series of each input, all contiguous and of one length; fills the outputs."""

    def columns(
        self, kernel: str, inputs: tuple[Floats, ...], numbers: Numbers, outputs: tuple[Floats, ...]
    ) -> None:
        """A kernel on each column of tables of one shape, all of them Fortran-contiguous."""

    def emas(self, kernel: str, x: Floats, numbers: Numbers, out: Floats) -> None:
        """One column of `out`, which is Fortran-contiguous, for each period of `numbers`; the last is nan."""

    def stream(self, kernel: str, numbers: Numbers) -> Push:
        """A new stream without rows."""
