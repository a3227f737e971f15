"""Arguments of a call as text that both languages read, and back: a line each, floats as hexadecimal bits.

So that a failure can be asked again later, elsewhere. What is too long to keep is cut, and says so.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from omega_slicer._engine import Admits
from omega_slicer._errors import InvalidFormatError
from omega_slicer._model import Columns, Options

__all__ = ["arguments_of", "arguments_text"]

_MOST: Final = 1 << 18
"""Values that are kept of one array."""
_HEADER: Final = "# omega-arguments/1"


def arguments_text(call: str, args: Any, row: int | None = None) -> str:
    """The text of a call's arguments; `row` is the first that differed."""
    lines = [_HEADER, f"call\t{call}"]
    if row is not None:
        lines.append(f"row\t{row}")
    for value in args:
        lines += _lines(value)
    return "\n".join(lines) + "\n"


def _lines(value: Any) -> list[str]:
    from omega_slicer._series import CandleSeries  # noqa: PLC0415 - which needs the guard

    if isinstance(value, CandleSeries):
        options, columns = value._options, value._columns()
        identity = (
            f"{options.symbol!r} {options.timeframe.duration} {options.price_type} {options.allow_missing}"
        )
        kept = [_array(column) for column in columns if column is not None]
        return [f"series\t{identity}\t{len(kept)}", *kept]
    if isinstance(value, Options):
        return [
            f"options\t{value.symbol!r} {value.timeframe.duration} {value.price_type} {value.allow_missing}"
        ]
    if isinstance(value, np.ndarray):
        return [_array(value)]
    if isinstance(value, Columns | Admits) or not isinstance(value, tuple | list):
        if isinstance(value, Columns):
            return [line for column in value if column is not None for line in _lines(column)]
        if isinstance(value, Admits):
            return ["admits\t" + ",".join(str(int(flag)) for flag in value)]
        if isinstance(value, float):
            return [f"float\t{_bits(np.array([value]))}"]
        return [f"{type(value).__name__}\t{value}"]
    begin: list[str] = [f"several\t{len(value)}"]
    return begin + [line for part in value for line in _lines(part)]


def _array(values: Any) -> str:
    cut = f" of {len(values)}" if len(values) > _MOST else ""
    kept = values[:_MOST]
    if kept.dtype == np.int64:
        return f"integers{cut}\t" + ",".join(map(str, kept.reshape(-1).tolist()))
    return f"floats{cut}\t" + _bits(kept)


def _bits(values: Any) -> str:
    return ",".join(
        f"{bits:016x}"
        for bits in np.ascontiguousarray(values, np.float64).reshape(-1).view(np.uint64).tolist()
    )


def arguments_of(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The call and its lines as (kind, text); `InvalidFormatError` for any other text.

    >>> arguments_of(arguments_text("ema", [np.array([1.5]), (3, 0)]))
    ('ema', [('floats', '3ff8000000000000'), ('several', '2'), ('int', '3'), ('int', '0')])
    """
    lines = text.rstrip("\n").split("\n")
    if lines[0] != _HEADER or len(lines) < 2 or not lines[1].startswith("call\t"):
        raise InvalidFormatError(f"not the arguments of a call: it begins with {lines[0][:40]!r}")
    pairs = (line.split("\t", 1) for line in lines[2:])
    return lines[1].removeprefix("call\t"), [(pair[0], pair[-1]) for pair in pairs]
