"""What columns must be to make a series, in NumPy; the messages are the native library's.

Only looks; `row` gives the row that people know for one of these columns, where rows before it were left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._columns import FIELDS, PRICES, Floats, Stamps
from ._errors import ConstraintViolationError
from ._model import Columns, Options

__all__ = ["check_columns", "check_finite"]

_Row = Callable[[int], int]


def _same(row: int) -> int:
    return row


def check_columns(columns: Columns, options: Options, row: _Row = _same) -> None:
    """As much as `options` say, in the order of the contract; 1006 naming the first offending row."""
    name = _same if options.allow_missing else row
    if options.check != "none":
        _check_order(columns.timestamp, name)
    if options.check == "full":
        check_finite(columns, options.allow_missing, name)


def _check_order(stamps: Stamps, name: _Row) -> None:
    wrong = stamps[1:] <= stamps[:-1]
    if wrong.any():
        row = int(wrong.argmax()) + 1
        raise ConstraintViolationError(
            f"row {name(row)}: timestamp {stamps[row]} is not after {stamps[row - 1]}"
        )


def check_finite(columns: Columns, allow_missing: bool, name: _Row = _same) -> None:
    """No infinities, and no missing prices unless they are allowed."""
    row, column = len(columns.timestamp), ""
    for field in FIELDS:
        values: Floats | None = getattr(columns, field)
        if values is None:
            continue
        head = values[:row]
        wrong = np.isinf(head) if field not in PRICES or allow_missing else ~np.isfinite(head)
        if wrong.any():
            row, column = int(wrong.argmax()), field
    if column:
        value = float(getattr(columns, column)[row])
        hint = " (allow_missing admits missing prices)" if np.isnan(value) else ""
        raise ConstraintViolationError(f"row {name(row)}: {column} is {value}, not a finite number{hint}")
