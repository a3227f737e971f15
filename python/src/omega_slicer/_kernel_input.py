"""What users pass to kernels, checked and brought into the form the backends take.

Numbers are widened to float64 where that is exact and refused where it is not: a value that was changed on
the way in would not be an exact answer.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ._columns import Floats
from ._errors import InvalidArgumentError, SizeMismatchError, TypeMismatchError

__all__ = ["number", "output", "period", "periods", "policy", "series", "together", "whole", "window"]

_ARRAY: Final = np.ndarray
_FLOAT64: Final = np.dtype(np.float64)
_WIDEST: Final = 1 << 53
_POLICIES: Final = {"propagate": 0, "skip": 1}
PROPAGATE: Final = "propagate"


def series(values: Any, name: str) -> Floats:
    """A series, or one per column, as float64 in any layout; 1004 for what are not exact doubles, 1011."""
    if type(values) is _ARRAY:
        array = values
    else:
        try:
            array = np.asarray(values)
        except (ValueError, TypeError) as error:
            raise TypeMismatchError(f"{name} must be an array of numbers: {error}") from None
    if array.dtype is not _FLOAT64:
        array = _widened(array, name)
    if not array.flags.aligned:
        array = array.copy()
    if array.ndim != 1 and array.ndim != 2:  # noqa: PLR1714 - a set is slower
        raise SizeMismatchError(f"{name} must have one or two dimensions, not {array.ndim}")
    return array


def _widened(array: npt.NDArray[Any], name: str) -> Floats:
    kind, dtype = array.dtype.kind, array.dtype
    if kind == "f" and dtype.itemsize <= _FLOAT64.itemsize:
        return array.astype(np.float64)
    if not array.size and kind == "O":
        return array.astype(np.float64)
    if kind not in "iu":
        raise TypeMismatchError(f"{name} must hold numbers that float64 can hold, not {dtype} values")
    if dtype.itemsize == _FLOAT64.itemsize and array.size:
        for extreme in (int(array.min()), int(array.max())):
            if abs(extreme) > _WIDEST:
                raise TypeMismatchError(
                    f"{name} holds {extreme}; integers beyond 2^53 are not exact as float64"
                )
    return array.astype(np.float64)


def together(arrays: Sequence[Floats], names: Sequence[str]) -> tuple[int, ...]:
    """The shape of all; 1011 unless it is the first one's."""
    first = arrays[0].shape
    for array in arrays[1:]:
        if array.shape != first:
            name = next(name for name, its in zip(names, arrays, strict=True) if its is array)
            raise SizeMismatchError(f"{name} has shape {array.shape}, {names[0]} has {first}")
    return first


def output(out: Any, shape: tuple[int, ...], inputs: Sequence[Floats]) -> Floats:
    """The caller's own array for the answer: 1004, 1011 or 1001 naming what is wrong with it."""
    if not isinstance(out, np.ndarray) or (out.dtype is not _FLOAT64 and out.dtype != _FLOAT64):
        what = f"an array of {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise TypeMismatchError(f"out must be an array of float64, not {what}")
    if out.shape != shape:
        raise SizeMismatchError(f"out has shape {out.shape}, the answer {shape}")
    flags = out.flags
    if not flags.writeable:
        raise InvalidArgumentError("out is read-only")
    if len(shape) == 1 and not (flags.c_contiguous and flags.aligned):
        raise InvalidArgumentError(f"out is not contiguous: its stride is {out.strides[0]} bytes, not 8")
    for array in inputs:
        if np.may_share_memory(out, array):
            raise InvalidArgumentError("out overlaps an input")
    return out


def whole(value: Any, name: str, least: int, most: int = sys.maxsize) -> int:
    """An integer, 1004 for what is none, 1001 naming one outside its range."""
    if type(value) is int:
        if least <= value <= most:
            return value
    else:
        if isinstance(value, (bool, np.bool_)):
            raise TypeMismatchError(f"{name} must be an integer, not {value!r}")
        try:
            value = operator.index(value)
        except TypeError:
            raise TypeMismatchError(f"{name} must be an integer, not {value!r}") from None
    if not least <= value <= most:
        raise InvalidArgumentError(f"{name} is {value}, not {least} to {most}")
    return int(value)


def window(length: Any, least: Any, nan: Any) -> tuple[int, int, int]:
    """Window, `min_periods`, by default the window, and the number of the NaN policy."""
    # What nearly every call says; the default is one object, so `is` finds it.
    if least is None and nan is PROPAGATE and type(length) is int and 1 <= length <= sys.maxsize:
        return length, length, 0
    length = whole(length, "window", 1)
    return length, length if least is None else whole(least, "min_periods", 1, length), policy(nan)


def moment(length: Any, least: Any, ddof: Any, nan: Any) -> tuple[int, int, int, int]:
    """As `window`, with the delta of the degrees of freedom before the policy."""
    if type(ddof) is not int or ddof < 0:
        ddof = whole(ddof, "ddof", 0)
    if least is None and nan is PROPAGATE and type(length) is int and 1 <= length <= sys.maxsize:
        return length, length, ddof, 0
    length, least, number = window(length, least, nan)
    return length, least, ddof, number


def period(value: Any, name: str = "period") -> int:
    """A period of 1 or more."""
    if type(value) is int and 1 <= value <= sys.maxsize:
        return value
    return whole(value, name, 1)


def periods(values: Iterable[Any]) -> tuple[int, ...]:
    """Several periods of 1 or more; 1001 for none."""
    most = sys.maxsize
    # As `period`, without a call for each of what nearly all are.
    found = tuple([one if type(one) is int and 1 <= one <= most else period(one) for one in values])
    if not found:
        raise InvalidArgumentError("period is an empty list")
    return found


def policy(nan: Any) -> int:
    """The number of a NaN policy."""
    try:
        return _POLICIES[nan]
    except (KeyError, TypeError):
        kind = InvalidArgumentError if isinstance(nan, str) else TypeMismatchError
        raise kind(f"nan is {nan!r}; allowed: {', '.join(map(repr, _POLICIES))}") from None


def number(value: Any, name: str) -> float:
    """One value as a float, by the rules of `series`.

    >>> number(3, "x"), number(np.float32(0.5), "x")
    (3.0, 0.5)
    """
    if type(value) is float:
        return value
    if isinstance(value, float):
        return float(value)
    array = np.asarray(value)
    if array.ndim:
        raise TypeMismatchError(f"{name} must be a number, not {value!r}")
    return float(_widened(array, name)) if array.dtype != _FLOAT64 else float(array)
