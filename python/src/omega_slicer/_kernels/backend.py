"""The `python` backend's kernels as the shim asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine import KERNELS
from .streams import STREAMS
from .windows import Floats

__all__ = ["PythonKernels"]


class PythonKernels:
    """The `KernelEngine` in Python."""

    kind = "fallback"

    def run(
        self, kernel: str, inputs: tuple[Floats, ...], numbers: tuple[Any, ...], outputs: tuple[Floats, ...]
    ) -> None:
        """Compute all lines, then hand them over. Infinities and NaNs are answers, not warnings."""
        with np.errstate(all="ignore"):
            lines = KERNELS[kernel](*inputs, *numbers)
        for out, line in zip(outputs, lines, strict=True):
            out[:] = line

    def columns(
        self, kernel: str, inputs: tuple[Floats, ...], numbers: tuple[Any, ...], outputs: tuple[Floats, ...]
    ) -> None:
        """Column by column."""
        for i in range(inputs[0].shape[1]):
            series, lines = tuple(x[:, i] for x in inputs), tuple(out[:, i] for out in outputs)
            self.run(kernel, series, numbers, lines)

    def emas(self, kernel: str, x: Floats, numbers: tuple[Any, ...], out: Floats) -> None:
        """Period by period."""
        *periods, nan = numbers
        for i, period in enumerate(periods):
            self.run(kernel, (x,), (period, nan), (out[:, i],))

    def stream(self, kernel: str, numbers: tuple[Any, ...]) -> Any:
        """The push of a stream in Python."""
        return STREAMS[kernel](*numbers).push
