"""The streaming twins of rolling statistics: push a row, get the value that the batch kernel gives for it.

They equal the batch bit for bit from any first row once the window is full. O(1) amortised per push.
"""

from __future__ import annotations

from typing import NamedTuple

from ._kernel_input import moment, number
from ._kernel_input import window as _window
from ._streams import Paired, Single, Stream

__all__ = [
    "BollingerPoint",
    "RollingArgmax",
    "RollingArgmin",
    "RollingBollinger",
    "RollingCorr",
    "RollingCov",
    "RollingMax",
    "RollingMean",
    "RollingMin",
    "RollingStd",
    "RollingSum",
    "RollingVar",
    "RollingZscore",
]


class BollingerPoint(NamedTuple):
    """One row of `bollinger`."""

    middle: float
    upper: float
    lower: float


class RollingSum(Single):
    """The streaming twin of `sum`."""

    __slots__ = ()
    kernel = "sum"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(_window(window, min_periods, nan), backend)


class RollingMean(Single):
    """The streaming twin of `mean`.

    >>> stream = RollingMean(2)
    >>> [stream.push(x) for x in (1.0, 2.0, 4.0)], stream.value()
    ([nan, 1.5, 3.0], 3.0)
    """

    __slots__ = ()
    kernel = "mean"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(_window(window, min_periods, nan), backend)


class RollingMin(Single):
    """The streaming twin of `min`."""

    __slots__ = ()
    kernel = "min"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(_window(window, min_periods, nan), backend)


class RollingMax(Single):
    """The streaming twin of `max`."""

    __slots__ = ()
    kernel = "max"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(_window(window, min_periods, nan), backend)


class RollingArgmin(Single):
    """The streaming twin of `argmin`."""

    __slots__ = ()
    kernel = "argmin"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(_window(window, min_periods, nan), backend)


class RollingArgmax(Single):
    """The streaming twin of `argmax`."""

    __slots__ = ()
    kernel = "argmax"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(_window(window, min_periods, nan), backend)


class RollingVar(Single):
    """The streaming twin of `var`."""

    __slots__ = ()
    kernel = "var"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        ddof: int = 1,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(moment(window, min_periods, ddof, nan), backend)


class RollingStd(Single):
    """The streaming twin of `std`."""

    __slots__ = ()
    kernel = "std"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        ddof: int = 1,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(moment(window, min_periods, ddof, nan), backend)


class RollingZscore(Single):
    """The streaming twin of `zscore`."""

    __slots__ = ()
    kernel = "zscore"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        ddof: int = 1,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(moment(window, min_periods, ddof, nan), backend)


class RollingCov(Paired):
    """The streaming twin of `cov`."""

    __slots__ = ()
    kernel = "cov"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        ddof: int = 1,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(moment(window, min_periods, ddof, nan), backend)


class RollingCorr(Paired):
    """The streaming twin of `corr`."""

    __slots__ = ()
    kernel = "corr"

    def __init__(
        self,
        window: int,
        min_periods: int | None = None,
        *,
        ddof: int = 1,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        super().__init__(moment(window, min_periods, ddof, nan), backend)


class RollingBollinger(Stream):
    """The streaming twin of `bollinger`."""

    __slots__ = ()
    kernel = "bollinger"

    def __init__(
        self,
        window: int = 20,
        width: float = 2.0,
        min_periods: int | None = None,
        *,
        ddof: int = 1,
        nan: str = "propagate",
        backend: str | None = None,
    ) -> None:
        length, least, ddof, skip = moment(window, min_periods, ddof, nan)
        super().__init__((length, least, ddof, number(width, "width"), skip), backend)

    def push(self, x: float) -> BollingerPoint:
        """Take a row; the bands of the window that ends with it."""
        return BollingerPoint(*self._take(number(x, "x")))

    def value(self) -> BollingerPoint:
        """What the last push gave; NaN before the first."""
        return BollingerPoint(*self._last)
