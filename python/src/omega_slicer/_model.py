"""The plain nouns of the package: a candle, the two price types, and what a series is made with.

Values and their validation only; nothing here holds or searches data.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, NamedTuple

import numpy as np

from ._columns import FIELDS, PRICES, Floats, Stamps
from ._errors import InvalidArgumentError, SizeMismatchError, TypeMismatchError
from ._time import INT64_MAX
from .timeframe import Timeframe

__all__ = [
    "CHECKS",
    "UNITS",
    "Candle",
    "Columns",
    "Options",
    "PriceType",
    "check_field",
    "check_flag",
    "check_length",
    "check_n",
    "check_path",
    "check_symbol",
    "check_unit",
    "column_lengths",
    "make_candle",
    "one_of",
]

CHECKS: Final = ("full", "order", "none")
UNITS: Final = ("us", "s", "ms", "ns")


class Candle(NamedTuple):
    """One candle: open time in microseconds since 1970-01-01 UTC, four prices, volume (NaN if missing).

    Unlike bare NaNs, missing values are equal to each other here.

    >>> Candle(0, 1.0, 1.2, 0.9, 1.1, float("nan")) == Candle(0, 1.0, 1.2, 0.9, 1.1, float("nan"))
    True
    """

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, tuple):
            return NotImplemented
        return len(self) == len(other) and all(map(_same, self, other))

    def __ne__(self, other: object) -> bool:
        return not self == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(None if np.isnan(value) else value for value in self))


# Half as long as calling the class, which a single question does for each answer.
make_candle: Final[Callable[[type[Candle], tuple[Any, ...]], Candle]] = tuple.__new__


def _same(left: Any, right: Any) -> bool:
    return bool(left == right or (left != left and right != right))  # noqa: PLR0124 - both missing


class PriceType(str, Enum):
    """The side of the market a series quotes; equal to the words "bid" and "ask"."""

    BID = "bid"
    ASK = "ask"

    def __str__(self) -> str:
        return self.value


class Columns(NamedTuple):
    """The six columns of a series, contiguous; `volume` is None where all of it is missing."""

    timestamp: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None


class Options(NamedTuple):
    """What a series is of, and how much of it is checked."""

    symbol: str
    timeframe: Timeframe
    price_type: PriceType
    check: str
    allow_missing: bool

    @classmethod
    def of(cls, symbol: Any, timeframe: Any, price_type: Any, check: Any, allow_missing: Any) -> Options:
        """The options of a user, each checked in this order."""
        check_symbol(symbol)
        frame = timeframe if isinstance(timeframe, Timeframe) else Timeframe(timeframe)
        side = one_of(price_type, ("bid", "ask"), "price_type")
        how = one_of(check, CHECKS, "check")
        return cls(symbol, frame, PriceType(side), how, check_flag(allow_missing, "allow_missing"))


def check_symbol(symbol: Any) -> str:
    """A symbol as the C ABI takes it, or 1001/1004."""
    if not isinstance(symbol, str):
        raise TypeMismatchError(f"a symbol is text, not {type(symbol).__name__}: {symbol!r}")
    if "\0" in symbol:
        raise InvalidArgumentError(f"a symbol cannot hold a NUL character: {symbol!r}")
    try:
        symbol.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"a symbol must be valid Unicode, got {symbol!r}") from None
    return symbol


def one_of(value: Any, allowed: tuple[str, ...], what: str) -> str:
    """One of some words, or 1001/1004."""
    if not isinstance(value, str):
        raise TypeMismatchError(
            f"{what} is one of {', '.join(allowed)}, not {type(value).__name__}: {value!r}"
        )
    if value not in allowed:
        raise InvalidArgumentError(f"{what} must be one of {', '.join(allowed)}, got {value!r}")
    return str(value)


def check_unit(unit: Any) -> str:
    """The unit of integer stamps in a file, or 1001/1004."""
    return one_of(unit, UNITS, "unit")


def check_field(field: Any) -> str:
    """The name of a price or volume column, or 1001/1004."""
    return one_of(field, FIELDS, "field")


def check_flag(flag: Any, name: str) -> bool:
    """A flag that is no plain True or False: NumPy's, or 1004."""
    if not isinstance(flag, (bool, np.bool_)):
        raise TypeMismatchError(f"{name} is True or False, not {type(flag).__name__}: {flag!r}")
    return bool(flag)


def check_n(n: Any) -> int:
    """A number of candles: at least 1."""
    if isinstance(n, (bool, np.bool_, np.timedelta64)) or not isinstance(n, (int, np.integer)):
        raise TypeMismatchError(f"n must be an integer, not {type(n).__name__}: {n!r}")
    if n < 1:
        raise InvalidArgumentError(f"n must be at least 1, got {n}")
    if n > INT64_MAX:
        raise InvalidArgumentError(f"n does not fit into 64 bits: {n}")
    return int(n)


def check_path(path: Any) -> str:
    """A path as the file system takes it, or 1001/1004."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeMismatchError(f"a path is text or a Path, not {type(path).__name__}: {path!r}")
    name = os.fsdecode(path)
    if "\0" in name:
        raise InvalidArgumentError(f"a path cannot hold a NUL character: {name!r}")
    return name


def check_length(columns: Columns) -> None:
    """Columns of one length, or 1011 naming the first that differs."""
    expected = len(columns.timestamp)
    for name, length in column_lengths(columns):
        if length != expected:
            raise SizeMismatchError(f"column {name} has {length} rows, timestamp has {expected}")


def column_lengths(columns: Columns) -> list[tuple[str, int]]:
    """Name and length of every column that there is."""
    lengths = [(name, len(getattr(columns, name))) for name in PRICES]
    return lengths if columns.volume is None else [*lengths, ("volume", len(columns.volume))]
