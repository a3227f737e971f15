"""What a backend must be able to do: the work on whole series and whole arrays of times.

Types only. `_fallback` does it in NumPy, `_native_engine` in the native library; single questions
are answered over the shared columns in either case and are not part of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ._arrow_engine import ArrowEngine
from ._columns import Floats, Stamps
from ._kernel_engine import KernelEngine
from ._model import Columns, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._native_engine import Handle
    from ._series import CandleSeries

__all__ = ["Admits", "Engine", "Matched", "Read"]


class Admits(NamedTuple):
    """Which rows a lookback admits, and whether fewer than `n` will do."""

    include_current: bool
    closed_only: bool
    partial: bool


class Read(NamedTuple):
    """What reading a file gave: the columns themselves, or the native series that holds them."""

    columns: Columns | None
    handle: Handle | None


class Matched(NamedTuple):
    """Counts over a bid and an ask series matched by stamp."""

    matched: int
    crossed: int
    locked: int
    bid_only: int
    ask_only: int


class Engine(Protocol):
    """One backend; `single` is what `status()` calls a question answered in Python under it."""

    name: str
    single: str
    kernels: KernelEngine
    arrow: ArrowEngine

    def accept(self, columns: Columns, options: Options) -> Handle | None:
        """Check columns of one length as `options` says; keep them where the backend needs to."""

    def read_csv(self, path: str, unit: str, options: Options) -> Read:
        """Read and check a file."""

    def columns(self, handle: Handle) -> Columns:
        """The columns a native series holds, as read-only arrays that keep it alive."""

    def quality(self, series: CandleSeries) -> tuple[int, ...]:
        """The nine counts of a quality report, in its order."""

    def gaps(self, series: CandleSeries, at_most: int) -> list[tuple[int, int]]:
        """(step, count) of the steps longer than the timeframe, ascending; `at_most` so many."""

    def pair_quality(self, bid: CandleSeries, ask: CandleSeries) -> Matched:
        """Counts over both sides."""

    def get_lookbacks(self, series: CandleSeries, times: Stamps, n: int, admits: Admits) -> Stamps:
        """(m, 2) starts and lengths."""

    def get_candles_at(self, series: CandleSeries, times: Stamps) -> Stamps:
        """Rows, -1 for none."""

    def get_candles_asof(self, series: CandleSeries, times: Stamps, closed_only: bool) -> Stamps:
        """Rows, -1 for none."""

    def gather_lookback(
        self, series: CandleSeries, times: Stamps, n: int, field: str, admits: Admits
    ) -> Floats:
        """(m, n) values, oldest first."""

    def resample(self, series: CandleSeries, duration: int, origin: int, keep_partial: bool) -> Read:
        """The columns of the longer candles, or the native series that holds them."""

    def align(
        self,
        primary: CandleSeries,
        higher: CandleSeries,
        at_close: bool,
        stamped_at_close: bool,
        stale_limit: int | None,
    ) -> Stamps:
        """A row for each bar, -1 for none."""

    def moments(
        self, series: Sequence[CandleSeries], union: bool, asof: bool, stale_limit: int | None
    ) -> tuple[Stamps, list[Stamps]]:
        """The timeline that the series share, and for each its row at each moment, -1 for none."""
