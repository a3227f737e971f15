"""Timeframes: how long a candle lasts, with the names people write.

Equal durations are equal timeframes. Nothing here knows about series.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import numpy as np

from ._errors import InvalidArgumentError, InvalidFormatError, TypeMismatchError

__all__ = ["Timeframe"]

_MINUTE: Final = 60_000_000
_INT64_MAX: Final = 2**63 - 1
_STANDARD: Final = {
    "M1": _MINUTE,
    "M5": 5 * _MINUTE,
    "M15": 15 * _MINUTE,
    "M30": 30 * _MINUTE,
    "H1": 60 * _MINUTE,
    "H4": 240 * _MINUTE,
    "D1": 1440 * _MINUTE,
    "W1": 10080 * _MINUTE,
}
_BY_DURATION: Final = {duration: name for name, duration in _STANDARD.items()}
_UNITS: Final = {"d": 1440 * _MINUTE, "h": 60 * _MINUTE, "min": _MINUTE}
_COUNTED: Final = re.compile("([0-9]+)(min|h|d)")


class Timeframe:
    """How long a candle lasts: a positive whole number of minutes.

    Made from text (`M1 M5 M15 M30 H1 H4 D1 W1`, `<n>min`, `<n>h`, `<n>d`, in any case), from integer
    microseconds, from a `timedelta`, or from another timeframe. Raises `InvalidFormatError` for other
    text, `InvalidArgumentError` for other durations, `TypeMismatchError` for other types.

    >>> Timeframe("60min") == Timeframe("h1")
    True
    >>> Timeframe("90min"), Timeframe(7_200_000_000).name, Timeframe("M5").duration
    (Timeframe('90min'), '2h', 300000000)
    """

    __slots__ = ("_duration",)
    _duration: int

    def __init__(self, value: str | int | timedelta | Timeframe) -> None:
        object.__setattr__(self, "_duration", _duration_of(value))

    @property
    def duration(self) -> int:
        """Length in microseconds."""
        return self._duration

    @property
    def name(self) -> str:
        """The standard name if there is one, else the count of the largest unit that divides it."""
        name = _BY_DURATION.get(self._duration)
        if name is not None:
            return name
        unit = next(unit for unit, length in _UNITS.items() if self._duration % length == 0)
        return f"{self._duration // _UNITS[unit]}{unit}"

    def close_time(self, timestamp: int) -> int:
        """When the candle stamped `timestamp` (microseconds) closes.

        >>> Timeframe("M1").close_time(0)
        60000000
        """
        return timestamp + self._duration

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a Timeframe never changes: cannot set {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Timeframe never changes: cannot delete {name!r}")

    def __eq__(self, other: object) -> bool:
        return self._duration == other._duration if isinstance(other, Timeframe) else NotImplemented

    def __lt__(self, other: Timeframe) -> bool:
        return self._duration < other._duration if isinstance(other, Timeframe) else NotImplemented

    def __hash__(self) -> int:
        return hash((Timeframe, self._duration))

    def __reduce__(self) -> tuple[type[Timeframe], tuple[int]]:
        return Timeframe, (self._duration,)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Timeframe({self.name!r})"


def _duration_of(value: object) -> int:
    if isinstance(value, Timeframe):
        return value.duration
    if isinstance(value, str):
        return _parse(value)
    if isinstance(value, timedelta):
        if getattr(value, "nanoseconds", 0):
            raise InvalidArgumentError(f"a timeframe must be a positive multiple of a minute, got {value}")
        return _whole_minutes((value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds)
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64)):
        return _whole_minutes(int(value))
    raise TypeMismatchError(
        f"a timeframe is text like 'M1', microseconds or a timedelta, not {type(value).__name__}: {value!r}"
    )


def _parse(text: str) -> int:
    folded = text.lower() if text.isascii() else ""
    standard = _STANDARD.get(folded.upper())
    if standard is not None:
        return standard
    counted = _COUNTED.fullmatch(folded)
    # More digits than any int64 has, leading zeros aside, cannot fit; and int() refuses very long text.
    digits = counted[1].lstrip("0") if counted else ""
    duration = int(digits) * _UNITS[counted[2]] if counted and 0 < len(digits) < 20 else 0
    if not 0 < duration <= _INT64_MAX:
        raise InvalidFormatError(
            f"{text!r} is not a timeframe: M1 M5 M15 M30 H1 H4 D1 W1, <n>min, <n>h or <n>d"
        )
    return duration


def _whole_minutes(duration: int) -> int:
    if duration <= 0 or duration % _MINUTE or duration > _INT64_MAX:
        raise InvalidArgumentError(
            f"a timeframe must be a positive multiple of a minute (60000000 us), got {duration} us"
        )
    return duration
