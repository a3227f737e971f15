"""Columns out of a data frame: pandas, Polars, or anything that looks like one of them.

Neither library is imported. Finds the columns by name in any case; converting them is `_columns`' work.
"""

from __future__ import annotations

from typing import Any

from ._csv import header_places
from ._errors import SchemaViolationError, TypeMismatchError

__all__ = ["columns_of", "is_frame"]


def is_frame(value: Any) -> bool:
    """Whether this has columns that can be asked for by name."""
    return hasattr(value, "columns") and hasattr(value, "__getitem__")


def columns_of(frame: Any) -> dict[str, Any]:
    """`timestamp`, the prices and, if there is one, `volume`; the time may be the index of a pandas frame.

    Raises `TypeMismatchError` for what is no frame, `SchemaViolationError` naming columns that are missing
    or there twice.
    """
    if not is_frame(frame):
        raise TypeMismatchError(f"a pandas or Polars data frame was expected, not {type(frame).__name__}")
    names = [name if isinstance(name, str) else repr(name) for name in frame.columns]
    stripped = [name.strip(" \t") or " " for name in names]  # a nameless column is not a time here
    index = _time_index(frame)
    places = header_places(stripped if index is None else [*stripped, "timestamp"])
    columns: dict[str, Any] = {}
    for name, place in places.items():
        if place == len(names):
            columns[name] = index
        elif hasattr(frame, "iloc"):
            columns[name] = frame.iloc[:, place]
        else:
            columns[name] = frame[names[place]]
    return {name: _plain(column, name) for name, column in columns.items()}


def _time_index(frame: Any) -> Any:
    """The index of a pandas frame if it holds dates, or is named like a time."""
    index = getattr(frame, "index", None)
    if index is None or callable(index):
        return None
    if hasattr(index, "tz") or getattr(getattr(index, "dtype", None), "kind", "") == "M":
        return index
    name = getattr(index, "name", None)
    named = isinstance(name, str) and name.strip().lower() in (
        "timestamp",
        "time",
        "datetime",
        "date",
        "utc time",
    )
    return index if named else None


def _plain(column: Any, name: str) -> Any:
    """Something NumPy reads without loss; zoned times stay what they are."""
    to_numpy = getattr(column, "to_numpy", None)
    if to_numpy is None:
        raise SchemaViolationError(f"column {name!r} of the data frame cannot be made a NumPy array")
    if getattr(getattr(column, "dtype", None), "tz", None) is not None:
        return column
    return to_numpy()
