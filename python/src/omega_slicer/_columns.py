"""Whatever a user calls a column to the contiguous arrays a series holds, and those made read-only.

A column is shared where its type and layout allow it and copied otherwise. Nothing here looks at
more than one column at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ._errors import SizeMismatchError, TypeMismatchError
from ._time import shown, to_us_array

__all__ = [
    "FIELDS",
    "PRICES",
    "Floats",
    "Stamps",
    "absent",
    "as_stamps",
    "as_values",
    "fingerprint",
    "joined",
    "read_only",
]

PRICES: Final = ("open", "high", "low", "close")
FIELDS: Final = (*PRICES, "volume")

Stamps: TypeAlias = "npt.NDArray[np.int64]"
Floats: TypeAlias = "npt.NDArray[np.float64]"

_NAN: Final = np.array([np.nan]).tobytes()


def as_stamps(values: Any, *, copy: bool) -> Stamps:
    """The timestamp column: anything `to_us_array` takes."""
    stamps = to_us_array(values, "timestamp")
    return _immutable(stamps) if copy else stamps


def as_values(values: Any, name: str, *, copy: bool) -> Floats:
    """A price or volume column as float64; None and pandas.NA are NaN.

    Raises `TypeMismatchError` for what are not numbers, `SizeMismatchError` unless one-dimensional.
    """
    array = _as_array(values, name)
    if array.ndim != 1:
        raise SizeMismatchError(f"column {name!r} must have one dimension, not {array.ndim}")
    if array.dtype.kind == "O":
        array = np.array(
            [_as_float(value, name, row) for row, value in enumerate(array.tolist())], np.float64
        )
    elif array.dtype.kind not in "fiu":
        raise TypeMismatchError(
            f"column {name!r} must hold numbers, not {array.dtype} values"
            + (f" such as {array[0]!r}" if len(array) else "")
        )
    floats = np.require(array, np.float64, ["C", "A"])
    return _immutable(floats) if copy else floats


def _as_array(values: Any, name: str) -> npt.NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind == "O":
        objects: Any = values
        return np.asarray(objects.filled(np.nan))
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "fiu":
        filled: Any = values.astype(np.float64)
        return np.asarray(filled.filled(np.nan))
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, (list, tuple)):
        # Text, None and numbers together would become text if NumPy were asked to find the type.
        if {type(value) for value in values} <= {int, float}:
            with contextlib.suppress(OverflowError):  # the row is named further on
                return np.array(values, np.float64)
        return np.array(values, np.object_)
    if isinstance(values, (str, bytes)) or np.ndim(values) == 0:
        raise TypeMismatchError(
            f"column {name!r} must be an array of numbers, not {type(values).__name__}: {values!r}"
        )
    return np.asarray(values)


def _as_float(value: Any, name: str, row: int) -> float:
    if value is None or type(value).__name__ == "NAType":
        return float("nan")
    if isinstance(value, (bool, np.bool_, str, bytes)):
        raise TypeMismatchError(f"column {name!r}, row {row}: {value!r} is not a number")
    try:
        return float(value)
    except OverflowError:
        raise TypeMismatchError(
            f"column {name!r}, row {row}: {shown(value)} does not fit a float64"
        ) from None
    except (TypeError, ValueError):
        raise TypeMismatchError(f"column {name!r}, row {row}: {value!r} is not a number") from None


def _immutable(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A copy in memory that nothing can write to."""
    return np.frombuffer(array.tobytes(), array.dtype) if len(array) else array[:0].copy()


def joined(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Contiguous parts of a column, one after the other in memory that nothing can write to."""
    data = b"".join([part.data for part in parts])
    return np.frombuffer(data, parts[0].dtype) if data else parts[0][:0].copy()


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same memory seen through a read-only memoryview, so that no flag can make it writable."""
    return np.asarray(array.data.toreadonly())


def fingerprint(columns: Iterable[npt.NDArray[Any] | None]) -> str:
    """SHA-256 of the columns' bits, any NaN being equal to any other. O(rows)."""
    digest = hashlib.sha256()
    for column in columns:
        bits = b"" if column is None else column.data
        if column is not None and column.dtype.kind == "f" and (missing := np.isnan(column)).any():
            bits = np.where(missing, np.nan, column).data
        digest.update(f"{len(bits)} ".encode())
        digest.update(bits)
    return digest.hexdigest()


def absent(length: int) -> Floats:
    """NaN `length` times, in the memory of one."""
    return np.ndarray((length,), np.float64, _NAN, strides=(0,))
