"""The streaming twins of recurrences, indicators and differences.

Fed from the same first row they equal the batch bit for bit. O(1) per push.
"""

from __future__ import annotations

from typing import NamedTuple

from ._kernel_input import number, policy, whole
from ._kernel_input import period as _period
from ._streams import Bars, Single, Stream

__all__ = [
    "MacdPoint",
    "StreamingAtr",
    "StreamingDiff",
    "StreamingEma",
    "StreamingLogReturns",
    "StreamingMacd",
    "StreamingReturns",
    "StreamingRsi",
    "StreamingShift",
    "StreamingTrueRange",
    "StreamingWilder",
]


class MacdPoint(NamedTuple):
    """One row of `macd`."""

    macd: float
    signal: float
    histogram: float


class StreamingEma(Single):
    """The streaming twin of `ema`."""

    __slots__ = ()
    kernel = "ema"

    def __init__(self, period: int, *, nan: str = "propagate", backend: str | None = None) -> None:
        super().__init__((_period(period), policy(nan)), backend)


class StreamingWilder(Single):
    """The streaming twin of `wilder`."""

    __slots__ = ()
    kernel = "wilder"

    def __init__(self, period: int, *, nan: str = "propagate", backend: str | None = None) -> None:
        super().__init__((_period(period), policy(nan)), backend)


class StreamingRsi(Single):
    """The streaming twin of `rsi`."""

    __slots__ = ()
    kernel = "rsi"

    def __init__(self, period: int = 14, *, nan: str = "propagate", backend: str | None = None) -> None:
        super().__init__((_period(period), policy(nan)), backend)


class StreamingAtr(Bars):
    """The streaming twin of `atr`."""

    __slots__ = ()
    kernel = "atr"

    def __init__(self, period: int = 14, *, nan: str = "propagate", backend: str | None = None) -> None:
        super().__init__((_period(period), policy(nan)), backend)


class StreamingTrueRange(Bars):
    """The streaming twin of `true_range`."""

    __slots__ = ()
    kernel = "true_range"

    def __init__(self, *, backend: str | None = None) -> None:
        super().__init__((), backend)


class StreamingMacd(Stream):
    """The streaming twin of `macd`."""

    __slots__ = ()
    kernel = "macd"

    def __init__(
        self,
        fast: int = 12,
        slow: int = 26,
        signal: int = 9,
        *,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        periods = (_period(fast, "fast"), _period(slow, "slow"), _period(signal, "signal"))
        super().__init__((*periods, policy(nan)), backend)

    def push(self, x: float) -> MacdPoint:
        """Take a row; the lines at it."""
        return MacdPoint(*self._take(number(x, "x")))

    def value(self) -> MacdPoint:
        """What the last push gave; NaN before the first."""
        return MacdPoint(*self._last)


class StreamingDiff(Single):
    """The streaming twin of `diff`."""

    __slots__ = ()
    kernel = "diff"

    def __init__(self, period: int = 1, *, backend: str | None = None) -> None:
        super().__init__((whole(period, "period", 1),), backend)


class StreamingReturns(Single):
    """The streaming twin of `returns`."""

    __slots__ = ()
    kernel = "returns"

    def __init__(self, period: int = 1, *, backend: str | None = None) -> None:
        super().__init__((whole(period, "period", 1),), backend)


class StreamingLogReturns(Single):
    """The streaming twin of `log_returns`."""

    __slots__ = ()
    kernel = "log_returns"

    def __init__(self, period: int = 1, *, backend: str | None = None) -> None:
        super().__init__((whole(period, "period", 1),), backend)


class StreamingShift(Single):
    """The streaming twin of `shift`."""

    __slots__ = ()
    kernel = "shift"

    def __init__(self, period: int = 1, *, backend: str | None = None) -> None:
        super().__init__((whole(period, "period", 0),), backend)
