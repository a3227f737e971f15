"""The words the oracle speaks: a series, a failure, and how both are written down.

Integers are Python's own and never wrap, which is what "arithmetic at the ends of int64
never wraps" means; floats are IEEE doubles and are written as their 64 bits.
"""

import math
import struct
from dataclasses import dataclass, field

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
NAN = float("nan")
INF = float("inf")
PRICES = ("open", "high", "low", "close")
FIELDS = (*PRICES, "volume")

INVALID_ARGUMENT = 1001
OUT_OF_BOUNDS = 1003
TYPE_MISMATCH = 1004
SCHEMA_VIOLATION = 1005
CONSTRAINT_VIOLATION = 1006
INVALID_FORMAT = 1009
EMPTY_INPUT = 1010
SIZE_MISMATCH = 1011
INSUFFICIENT_DATA = 2008
DESERIALIZATION_FAILED = 3004
RESOURCE_LIMIT_EXCEEDED = 6004

ERROR_CODES = {
    0: "OK",
    1001: "INVALID_ARGUMENT",
    1002: "NULL_POINTER",
    1003: "OUT_OF_BOUNDS",
    1004: "TYPE_MISMATCH",
    1005: "SCHEMA_VIOLATION",
    1006: "CONSTRAINT_VIOLATION",
    1007: "INVALID_STATE",
    1009: "INVALID_FORMAT",
    1010: "EMPTY_INPUT",
    1011: "SIZE_MISMATCH",
    2008: "INSUFFICIENT_DATA",
    3000: "IO_ERROR",
    3001: "FILE_NOT_FOUND",
    3002: "PERMISSION_DENIED",
    3003: "SERIALIZATION_FAILED",
    3004: "DESERIALIZATION_FAILED",
    4000: "INTERNAL_ERROR",
    5000: "FFI_ERROR",
    5004: "FFI_SCHEMA_MISMATCH",
    5005: "FFI_PANIC_CAUGHT",
    6001: "OUT_OF_MEMORY",
    6004: "RESOURCE_LIMIT_EXCEEDED",
    6005: "NOT_BUILT_IN",
}


class Failure(Exception):  # noqa: N818 (it is an answer, not a mistake)
    """An error a caller sees: its code, and pieces the message must contain."""

    def __init__(self, code: int, *fragments: object) -> None:
        super().__init__(code, *fragments)
        self.code = code
        self.fragments = tuple(str(fragment) for fragment in fragments)

    def text(self) -> str:
        return "|".join((str(self.code), *self.fragments))


@dataclass(frozen=True)
class Series:
    """Six columns and an identity; `volume` is None where the series has no such column."""

    timestamp: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float] | None
    symbol: str = "TEST"
    timeframe_us: int = MINUTE
    price_type: str = "bid"
    allow_missing: bool = field(default=False)

    def __len__(self) -> int:
        return len(self.timestamp)

    def column(self, name: str) -> list[float]:
        """A price or volume column; without a volume column every volume is missing."""
        if name == "volume" and self.volume is None:
            return [NAN] * len(self)
        values: list[float] = getattr(self, name)
        return values


def bits(value: float) -> str:
    """A double's 64 bits as 16 hexadecimal digits, most significant first."""
    return struct.pack(">d", value).hex()


def decimal(value: float) -> str:
    """For people; `bits` is what counts."""
    return "nan" if math.isnan(value) else repr(value)
