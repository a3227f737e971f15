"""From a checked call of `rolling` to the backend that answers it.

The one place that decides who answers a kernel, counts it, and makes or checks the array for the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from . import _backend
from ._columns import Floats
from ._counts import ticker
from ._errors import OutOfMemoryError
from ._kernel_engine import SHAPES, Numbers
from ._kernel_input import output, series, together

__all__ = ["emas", "joined", "one", "several"]

Lines = TypeVar("Lines", bound="tuple[Floats, Floats, Floats]")

# A call on a short series costs what Python adds to it: a name found in one step is a step less.
_contiguous, _empty = np.ascontiguousarray, np.empty
_TICKS = {kind: {kernel: ticker(kernel, kind) for kernel in SHAPES} for kind in ("native", "fallback")}


def one(kernel: str, x: Any, numbers: Numbers, out: Any, backend: str | None) -> Floats:
    """A kernel of one series: its line, in `out` if there is one."""
    engine = _backend.engine("kernels", backend).kernels
    array = series(x, "x")
    _TICKS[engine.kind][kernel]()
    if array.ndim == 1:
        result: Floats = _line(len(array)) if out is None else output(out, array.shape, (array,))
        engine.run(kernel, (_contiguous(array),), numbers, (result,))
        return result
    given = None if out is None else output(out, array.shape, (array,))
    made = _columns_for(given, array.shape)
    engine.columns(kernel, (np.asfortranarray(array),), numbers, (made,))
    return _handed_over(made, given)


def joined(
    kernel: str,
    arrays: tuple[Floats, ...],
    names: Sequence[str],
    numbers: Numbers,
    out: Any,
    backend: str | None,
) -> Floats:
    """A kernel of several series of one shape, checked by `series`: its line."""
    engine = _backend.engine("kernels", backend).kernels
    shape = together(arrays, names)
    _TICKS[engine.kind][kernel]()
    if len(shape) == 1:
        result: Floats = _line(shape[0]) if out is None else output(out, shape, arrays)
        engine.run(kernel, _whole(arrays), numbers, (result,))
        return result
    given = None if out is None else output(out, shape, arrays)
    made = _columns_for(given, shape)
    engine.columns(kernel, tuple(np.asfortranarray(array) for array in arrays), numbers, (made,))
    return _handed_over(made, given)


def several(kernel: str, x: Any, numbers: Numbers, backend: str | None, lines: type[Lines]) -> Lines:
    """A kernel of one series and three lines, which come as a named tuple."""
    engine = _backend.engine("kernels", backend).kernels
    array = series(x, "x")
    _TICKS[engine.kind][kernel]()
    if array.ndim == 1:
        made = _three_lines(len(array))
        engine.run(kernel, (_contiguous(array),), numbers, made)
    else:
        shape = array.shape
        made = _columns_for(None, shape), _columns_for(None, shape), _columns_for(None, shape)
        engine.columns(kernel, (np.asfortranarray(array),), numbers, made)
    return tuple.__new__(lines, made)  # half the time that the class's own takes


def emas(x: Floats, periods: tuple[int, ...], nan: int, out: Any, backend: str | None) -> Floats:
    """One column for each period of a single series."""
    engine = _backend.engine("kernels", backend).kernels
    shape = (len(x), len(periods))
    given = None if out is None else output(out, shape, (x,))
    _TICKS[engine.kind]["ema"]()
    made = _columns_for(given, shape)
    if made.size:
        engine.emas("ema", _contiguous(x), (*periods, nan), made)
    return _handed_over(made, given)


def _whole(arrays: tuple[Floats, ...]) -> tuple[Floats, ...]:
    """Two or three arrays, contiguous; written out, for `map` costs twice as much."""
    whole = _contiguous
    if len(arrays) == 2:
        return whole(arrays[0]), whole(arrays[1])
    return whole(arrays[0]), whole(arrays[1]), whole(arrays[2])


def _line(rows: int) -> Floats:
    try:
        return _empty(rows)
    except MemoryError:
        raise OutOfMemoryError(f"no memory for an answer of {rows} rows") from None


def _three_lines(rows: int) -> tuple[Floats, Floats, Floats]:
    try:
        return _empty(rows), _empty(rows), _empty(rows)
    except MemoryError:
        raise OutOfMemoryError(f"no memory for answers of {rows} rows") from None


def _columns_for(given: Floats | None, shape: tuple[int, ...]) -> Floats:
    """An array of contiguous columns: the caller's own if it is one."""
    if given is not None and given.flags.f_contiguous and given.flags.aligned:
        return given
    try:
        return np.empty(shape, order="F")
    except (MemoryError, ValueError):
        raise OutOfMemoryError(f"no memory for an answer of shape {shape}") from None


def _handed_over(made: Floats, given: Floats | None) -> Floats:
    if given is None or given is made:
        return made
    given[...] = made
    return given
