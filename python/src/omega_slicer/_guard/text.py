"""Arguments of a call as text that both languages read, and back: a line each, floats as hexadecimal bits.

So that a failure can be asked again later, elsewhere. What is too long to keep is cut, and says so.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from omega_slicer._arrow_table import ArrowOptions
from omega_slicer._engine import Admits, Engine
from omega_slicer._errors import InvalidFormatError
from omega_slicer._kernel_engine import SHAPES
from omega_slicer._model import Columns, Options, PriceType
from omega_slicer.timeframe import Timeframe

__all__ = ["ARROW", "arguments_of", "arguments_text", "is_asked_again"]

ARROW: Final = ("read_ipc", "parse_ipc")
"""What of Arrow can be asked twice: others take what is there only once, or write where the caller said."""
_CALLS: Final = frozenset(
    name for name, value in vars(Engine).items() if callable(value) and not name.startswith("_")
) - {"columns"}

_MOST: Final = 1 << 18
"""Values that are kept of one array."""
_HEADER: Final = "# omega-arguments/1"


def is_asked_again(call: str) -> bool:
    """Whether a call's saved arguments are enough to ask it."""
    return call in SHAPES or call in _CALLS or call in ARROW


def arguments_text(call: str, args: Any, row: int | None = None) -> str:
    """The text of a call's arguments; `row` is the first that differed."""
    lines = [_HEADER, f"call\t{call}"]
    if row is not None:
        lines.append(f"row\t{row}")
    for value in args:
        lines += _lines(value)
    return "\n".join(lines) + "\n"


def _lines(value: Any) -> list[str]:
    """A value as lines: its kind, a tab, and the rest; parts follow what holds them."""
    from omega_slicer._series import CandleSeries  # noqa: PLC0415 - which needs the guard

    if isinstance(value, CandleSeries):
        return [f"series\t{_identity(value._options)}", *_lines(value._columns())]
    if isinstance(value, Options):
        return [f"options\t{_identity(value)}"]
    if isinstance(value, Columns):
        kept = [column for column in value if column is not None]
        return [f"columns\t{len(kept)}", *map(_array, kept)]
    if isinstance(value, Admits):
        return ["admits\t" + ",".join(str(int(flag)) for flag in value)]
    if isinstance(value, np.ndarray):
        return [_array(value)]
    if isinstance(value, ArrowOptions):
        return ["arrow_options\t", *(line for part in value for line in _lines(part))]
    if isinstance(value, Timeframe):
        return [f"timeframe\t{value.duration}"]
    if isinstance(value, PriceType):
        return [f"price_type\t{value.value}"]
    if isinstance(value, bytes):
        return [f"bytes{_cut(value)}\t{value[:_MOST].hex()}"]
    if isinstance(value, tuple | list):
        return [f"several\t{len(value)}", *(line for part in value for line in _lines(part))]
    if isinstance(value, float):
        return [f"float\t{_bits(np.array([value]))}"]
    return [f"{type(value).__name__}\t{value}"]


def _identity(options: Options) -> str:
    symbol = " ".join(options.symbol.split())
    return f"{options.timeframe.duration} {options.price_type} {int(options.allow_missing)} {symbol}"


def _cut(values: Any) -> str:
    return f" of {len(values)}" if len(values) > _MOST else ""


def _array(values: Any) -> str:
    cut = _cut(values)
    kept = values[:_MOST]
    if kept.dtype == np.int64:
        return f"integers{cut}\t" + ",".join(map(str, kept.reshape(-1).tolist()))
    return f"floats{cut}\t" + _bits(kept)


def _bits(values: Any) -> str:
    return ",".join(
        f"{bits:016x}"
        for bits in np.ascontiguousarray(values, np.float64).reshape(-1).view(np.uint64).tolist()
    )


def arguments_of(text: str) -> tuple[str, list[Any]]:
    """The call and its arguments again; `InvalidFormatError` for any other text, or one that was cut.

    >>> arguments_of(arguments_text("ema", [(np.array([1.5]),), (3, 0)]))
    ('ema', [(array([1.5]),), (3, 0)])
    """
    lines = text.rstrip("\n").split("\n")
    if lines[0] != _HEADER or len(lines) < 2 or not lines[1].startswith("call\t"):
        raise InvalidFormatError(f"not the arguments of a call: it begins with {lines[0][:40]!r}")
    left = [line for line in reversed(lines[2:]) if not line.startswith("row\t")]
    values = []
    while left:
        values.append(_value(left))
    return lines[1].removeprefix("call\t"), values


def _value(left: list[str]) -> Any:
    """The value that the next lines say; takes them off the end."""
    kind, _, rest = left.pop().partition("\t")
    if " of " in kind:
        raise InvalidFormatError(f"{kind}: too long to be kept, so it cannot be asked again")
    read = _READ.get(kind)
    if read is not None:
        return read(rest)
    if kind == "several":
        return tuple(_value(left) for _ in range(int(rest)))
    if kind == "columns":
        columns = [_value(left) for _ in range(int(rest))]
        return Columns(*columns, *([None] * (6 - len(columns))))
    if kind == "arrow_options":
        return ArrowOptions(*(_value(left) for _ in ArrowOptions._fields))
    if kind == "series":
        return _options_of(rest), _value(left)
    raise InvalidFormatError(f"unknown kind {kind!r}")


def _floats(rest: str) -> Any:
    bits = [int(part, 16) for part in rest.split(",") if part]
    return np.array(bits, np.uint64).view(np.float64)


def _options_of(rest: str) -> Options:
    duration, side, missing, symbol = rest.split(" ", 3)
    return Options.of(symbol, int(duration), side, "none", missing == "1")


_READ: Final[dict[str, Any]] = {
    "floats": _floats,
    "integers": lambda rest: np.array([int(part) for part in rest.split(",") if part], np.int64),
    "float": lambda rest: float(_floats(rest)[0]),
    "int": int,
    "str": str,
    "bytes": bytes.fromhex,
    "timeframe": lambda rest: Timeframe(int(rest)),
    "price_type": PriceType,
    "bool": lambda rest: rest == "True",
    "NoneType": lambda _: None,
    "admits": lambda rest: Admits(*(part == "1" for part in rest.split(","))),
    "options": _options_of,
}
