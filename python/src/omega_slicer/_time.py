"""Times of every accepted kind to integer microseconds since 1970-01-01 UTC, and back from text.

Nothing is rounded and nothing is guessed: what does not fit is an error that names it. pandas is
recognised but never imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ._errors import (
    InvalidArgumentError,
    InvalidFormatError,
    OmegaError,
    SizeMismatchError,
    TypeMismatchError,
)

__all__ = ["INT64_MAX", "INT64_MIN", "Time", "Times", "parse_timestamp", "shown", "to_us", "to_us_array"]

INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)
_AWARE_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

Time: TypeAlias = "int | np.integer[Any] | np.datetime64 | datetime | date"
"""Microseconds since 1970-01-01 UTC, or a date type; a naive one is UTC, a date its midnight.

pandas.Timestamp is a datetime.
"""
Times: TypeAlias = Any
"""A one-dimensional array, list or index of `Time`s."""

# How many units make a microsecond or how many microseconds a unit has: (multiplier, divisor).
_UNITS: Final = {
    "W": (604_800_000_000, 1),
    "D": (86_400_000_000, 1),
    "h": (3_600_000_000, 1),
    "m": (60_000_000, 1),
    "s": (1_000_000, 1),
    "ms": (1_000, 1),
    "us": (1, 1),
    "ns": (1, 1_000),
    "ps": (1, 10**6),
    "fs": (1, 10**9),
    "as": (1, 10**12),
}
# So many years or months are more than 64-bit microseconds hold, and few enough for NumPy to count in days.
_MOST: Final = {"Y": 300_000, "M": 3_600_000}


def to_us(value: Any) -> int:
    """One time in microseconds.

    >>> to_us(datetime(1970, 1, 2)), to_us(np.datetime64("1970-01-01T00:00:01")), to_us(5)
    (86400000000, 1000000, 5)
    """
    kind = type(value)
    convert = _CONVERTERS.get(kind)
    if convert is None:
        convert = _CONVERTERS[kind] = _converter_for(value)
    return convert(value)


def _converter_for(value: Any) -> Callable[[Any], int]:
    if isinstance(value, (bool, np.bool_, float, np.timedelta64)):
        return _refuse
    if isinstance(value, (int, np.integer)):
        return _from_integer
    if isinstance(value, np.datetime64):
        return _from_datetime64
    if isinstance(value, datetime):
        if not hasattr(value, "asm8"):
            return _from_datetime
        # pandas.Timestamp, a datetime that knows nanoseconds; or pandas.NaT, the only one of its type.
        return _refuse_nat if np.isnat(value.asm8) else _from_pandas
    if isinstance(value, date):
        return _from_date
    return _refuse


def _refuse(value: Any) -> int:
    many = " (for many times at once there are batch forms)" if isinstance(value, (np.ndarray, list)) else ""
    raise TypeMismatchError(
        "a time is integer microseconds, datetime, date, numpy.datetime64 or pandas.Timestamp, "
        f"not {type(value).__name__}: {value!r}{many}"
    )


def _refuse_nat(_: Any) -> int:
    raise InvalidArgumentError("NaT is not a time")


def _from_integer(value: Any) -> int:
    return _fitting(int(value), value)


def _fitting(us: int, value: object) -> int:
    if not INT64_MIN <= us <= INT64_MAX:
        raise InvalidArgumentError(f"time {shown(value)} does not fit into 64-bit microseconds")
    return us


def shown(value: object) -> str:
    """A value as text in a message; Python refuses to write out very long integers."""
    try:
        return str(value)
    except ValueError:
        return (
            f"(an integer of {value.bit_length()} bits)" if isinstance(value, int) else type(value).__name__
        )


def _from_date(value: date) -> int:
    return (value.toordinal() - _EPOCH_DAY) * 86_400_000_000


def _from_datetime(value: datetime) -> int:
    if value.tzinfo is None:
        delta = value - _NAIVE_EPOCH
    elif value.utcoffset() is None:
        delta = value.replace(tzinfo=None) - _NAIVE_EPOCH
    else:
        delta = value - _AWARE_EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _from_pandas(value: Any) -> int:
    try:
        us, finer = divmod(value.value, 1_000)
    except (AttributeError, OverflowError):  # outside the years that nanoseconds can count
        return _from_datetime64(value.asm8)
    if finer:
        raise _too_fine(value)
    return int(us)


def _from_datetime64(value: np.datetime64) -> int:
    if np.isnat(value):
        return _refuse_nat(value)
    unit, count = np.datetime_data(value.dtype)
    if unit in _MOST:
        far = int(value.astype(np.int64)) * count
        if abs(far) > _MOST[unit]:  # NumPy would wrap round
            raise InvalidArgumentError(f"time {far} {unit} after 1970 does not fit into 64-bit microseconds")
        value, unit, count = value.astype("M8[D]"), "D", 1
    if unit not in _UNITS:
        raise TypeMismatchError(f"a {type(value).__name__} without a unit is no time")
    multiplier, divisor = _UNITS[unit]
    us, finer = divmod(int(value.astype(np.int64)) * count * multiplier, divisor)
    if finer:
        raise _too_fine(value)
    return _fitting(us, value)


def _too_fine(value: object) -> InvalidFormatError:
    return InvalidFormatError(f"{value} is finer than a microsecond")


_CONVERTERS: Final[dict[type, Callable[[Any], int]]] = {
    int: _from_integer,
    np.int64: _from_integer,
    datetime: _from_datetime,
    date: _from_date,
    np.datetime64: _from_datetime64,
    bool: _refuse,
    float: _refuse,
    str: _refuse,
}


def to_us_array(values: Times, name: str) -> npt.NDArray[np.int64]:
    """Many times as a contiguous int64 array of microseconds; no copy where it already is one.

    `name` and the index of the first bad element are in the message of every error.
    """
    if isinstance(values, (list, tuple)):
        return _from_objects(values, name)
    if isinstance(values, np.ma.MaskedArray):
        raise TypeMismatchError(f"{name} is a masked array: times cannot be missing")
    if isinstance(values, np.ndarray):
        array: npt.NDArray[Any] = values
    else:
        if isinstance(values, (str, bytes)) or np.ndim(values) == 0:
            raise TypeMismatchError(
                f"{name} must be an array of times, not {type(values).__name__}: {values!r}"
            )
        array = np.asarray(_without_zone(values))
    if array.ndim != 1:
        raise SizeMismatchError(f"{name} must have one dimension, not {array.ndim}")
    return _from_array(array, name)


def _without_zone(values: Any) -> Any:
    """A zoned pandas column as its UTC stamps; to NumPy it would be slow objects."""
    if getattr(getattr(values, "dtype", None), "tz", None) is None:
        return values
    return getattr(values, "dt", values).tz_convert(None).to_numpy()


def _from_array(values: npt.NDArray[Any], name: str) -> npt.NDArray[np.int64]:
    kind = values.dtype.kind
    if kind == "M":
        return _from_datetime64_array(values, name)
    if kind == "i":
        return np.require(values, np.int64, ["C", "A"])
    if kind == "u":
        beyond = np.flatnonzero(values > np.uint64(INT64_MAX))
        if len(beyond):
            raise InvalidArgumentError(
                f"{name}[{beyond[0]}]: time {values[beyond[0]]} does not fit into 64-bit microseconds"
            )
        return values.astype(np.int64)
    if kind == "O":
        return _from_objects(values.tolist(), name)
    raise TypeMismatchError(
        f"{name} must hold integer microseconds or dates, not {values.dtype} values"
        + (f" such as {values[0]!r}" if len(values) else "")
    )


def _from_objects(values: list[Any] | tuple[Any, ...], name: str) -> npt.NDArray[np.int64]:
    if set(map(type, values)) == {int}:
        try:
            return np.array(values, np.int64)
        except OverflowError:
            pass  # the loop below finds the one to name
    converted = np.empty(len(values), np.int64)
    for i, value in enumerate(values):
        try:
            converted[i] = to_us(value)
        except OmegaError as error:
            raise type(error)(f"{name}[{i}]: {error}") from None
    return converted


def _from_datetime64_array(values: npt.NDArray[np.datetime64], name: str) -> npt.NDArray[np.int64]:
    missing = np.isnat(values)
    if missing.any():
        raise InvalidArgumentError(f"{name}[{missing.argmax()}]: NaT is not a time")
    unit, count = np.datetime_data(values.dtype)
    if unit in _MOST:
        counts = values.astype(np.int64)
        if len(counts) and max(-int(counts.min()), int(counts.max())) * count > _MOST[unit]:
            return _from_objects(list(values), name)
        values, unit, count = values.astype("M8[D]"), "D", 1
    if unit not in _UNITS:
        raise TypeMismatchError(f"{name} holds datetime64 without a unit")
    multiplier, divisor = _UNITS[unit]
    multiplier *= count
    # np.require for native byte order, and a view: datetime64[us] is shared as it is.
    stamps = np.require(values, values.dtype.newbyteorder("="), ["C", "A"]).view(np.int64)
    if divisor != 1:
        if multiplier != 1:
            return _from_objects(list(values), name)
        us, finer = np.divmod(stamps, divisor)
        if finer.any():
            row = int(np.flatnonzero(finer)[0])
            raise InvalidFormatError(f"{name}[{row}]: {values[row]} is finer than a microsecond")
        return us
    if multiplier == 1:
        return stamps
    if multiplier > INT64_MAX or (
        len(stamps) and max(-int(stamps.min()), int(stamps.max())) > INT64_MAX // multiplier
    ):
        return _from_objects(list(values), name)
    return stamps * multiplier


_TEXT: Final = re.compile(
    "([0-9]{4})-([0-9]{2})-([0-9]{2})"
    "(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.]([0-9]{1,9}))?)?"
    "(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)


def parse_timestamp(text: str) -> int:
    """Microseconds since 1970-01-01 UTC of RFC 3339-like text; without an offset it is UTC.

    `YYYY-MM-DD`, or that and `T` or a space, `HH:MM[:SS[.f]]` with up to nine digits (past six they must
    be zero) and an offset `Z`, `+HH:MM`, `+HHMM` or `+HH`. Raises `InvalidFormatError` for anything else.

    >>> parse_timestamp("1970-01-01 01:00:00.5+01:00")
    500000
    """
    if not isinstance(text, str):
        raise TypeMismatchError(f"a timestamp to parse is text, not {type(text).__name__}: {text!r}")
    parts = _TEXT.fullmatch(text)
    if parts is None:
        raise InvalidFormatError(f"{text!r} is not a timestamp")
    fraction = (parts[7] or "").ljust(9, "0")
    hour, minute, second, offset_hour, offset_minute = (int(parts[i] or 0) for i in (4, 5, 6, 9, 10))
    if hour > 23 or minute > 59 or second > 59 or offset_hour > 23 or offset_minute > 59:
        raise InvalidFormatError(f"{text!r} is not a timestamp: no such time of day")
    if fraction[6:] != "000":
        raise InvalidFormatError(f"{text!r} is finer than a microsecond")
    try:
        day = date(int(parts[1]), int(parts[2]), int(parts[3])).toordinal() - _EPOCH_DAY
    except ValueError:
        raise InvalidFormatError(f"{text!r} is not a timestamp: no such day") from None
    minutes = (day * 24 + hour) * 60 + minute
    offset = offset_hour * 60 + offset_minute
    minutes += offset if parts[8] == "-" else -offset
    return (minutes * 60 + second) * 1_000_000 + int(fraction[:6])
