"""Reports on what is legal but odd in a series or in a bid/ask pair.

Counts only: nothing is repaired, and nothing here decides whether a series is fit to trade.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ._engine import Engine, Matched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._series import CandleSeries

__all__ = ["PairQuality", "Quality", "report"]

_COUNTS: Final = (
    "rows",
    "gaps",
    "overlaps",
    "high_below_low",
    "outside_high_low",
    "nonpositive_prices",
    "negative_volumes",
    "missing_prices",
    "missing_volumes",
)

PairQuality = Matched


class Quality:
    """What is odd in a series; comparisons with a missing value count as false.

    `rows`; `gaps` and `overlaps`: steps longer and shorter than the timeframe; `high_below_low`;
    `outside_high_low`: rows whose open or close lies outside; `nonpositive_prices`; `negative_volumes`;
    `missing_prices`; `missing_volumes`: all numbers of rows. `steps` and `pair` are worked out when first
    looked at.
    """

    __slots__ = (*_COUNTS, "_ask", "_engine", "_pair", "_series", "_steps")
    rows: int
    gaps: int
    overlaps: int
    high_below_low: int
    outside_high_low: int
    nonpositive_prices: int
    negative_volumes: int
    missing_prices: int
    missing_volumes: int

    def __init__(
        self, counts: tuple[int, ...], series: CandleSeries, ask: CandleSeries | None, engine: Engine
    ) -> None:
        for name, count in zip(_COUNTS, counts, strict=True):
            setattr(self, name, count)
        self._series, self._ask, self._engine = series, ask, engine
        self._steps: Mapping[int, int] | None = None
        self._pair: PairQuality | None = None

    @property
    def steps(self) -> Mapping[int, int]:
        """The gaps by length: microseconds from stamp to stamp -> how many, ascending. O(rows) once."""
        if self._steps is None:
            found = self._engine.gaps(self._series, self.gaps) if self.gaps else []
            self._steps = MappingProxyType(dict(found))
        return self._steps

    @property
    def pair(self) -> PairQuality | None:
        """Rows matched with the ask series by stamp, and those that are not; None without one. O(rows) once.

        `matched`; `crossed` and `locked`: matched rows whose ask close is below, or equals, the bid close;
        `bid_only` and `ask_only`.
        """
        if self._pair is None and self._ask is not None:
            self._pair = self._engine.pair_quality(self._series, self._ask)
        return self._pair

    def as_dict(self) -> dict[str, Any]:
        """Everything, as plain numbers and dicts."""
        pair = self.pair
        counts: dict[str, Any] = {name: getattr(self, name) for name in _COUNTS}
        return {**counts, "steps": dict(self.steps), "pair": None if pair is None else pair._asdict()}

    def __repr__(self) -> str:
        return f"Quality({', '.join(f'{name}={value!r}' for name, value in self.as_dict().items())})"


def report(series: CandleSeries, ask: CandleSeries | None, engine: Engine) -> Quality:
    """The report of a series, and of the pair it makes with `ask`."""
    return Quality(engine.quality(series), series, ask, engine)
