"""Questions by index: a symbol's series in several timeframes, seen from a bar of one of them."""

from oracle.model import (
    EMPTY_INPUT,
    INVALID_ARGUMENT,
    NAN,
    OUT_OF_BOUNDS,
    Failure,
    Series,
)
from oracle.timeframes import align, decision_time

Range = tuple[int, int]


class Walk:
    """SymbolDataSlice over series; every question takes the index."""

    def __init__(self, series: list[Series], primary_us: int | None = None) -> None:
        if not series:
            raise Failure(EMPTY_INPUT)
        if len({one.symbol for one in series}) > 1:
            raise Failure(INVALID_ARGUMENT, *sorted({one.symbol for one in series}))
        self.series = {(one.timeframe_us, one.price_type): one for one in series}
        if len(self.series) < len(series):
            raise Failure(INVALID_ARGUMENT)
        durations = [duration for duration, _ in self.series]
        if primary_us is not None and primary_us not in durations:
            raise Failure(INVALID_ARGUMENT)
        self.primary = min(durations) if primary_us is None else primary_us
        bid, ask = (self.series.get((self.primary, side)) for side in ("bid", "ask"))
        self.clock = ask if bid is None else bid

    def bars(self) -> int:
        return len(self.clock)

    def decision_time(self, index: int) -> int:
        if not 0 <= index < len(self.clock):
            raise Failure(OUT_OF_BOUNDS, *([index] if index < 0 else []))
        return decision_time(self.clock, index, "close")

    def _shown(self, index: int, one: Series) -> int:
        """The series' row at a bar there is."""
        return index if one is self.clock else align(self.clock, one, decision="close")[index]

    def latest(self, index: int, timeframe_us: int, price_type: str = "bid") -> int:
        one = self._asked(index, timeframe_us, price_type)
        return -1 if one is None or index >= len(self.clock) else self._shown(index, one)

    def history(self, index: int, timeframe_us: int, price_type: str = "bid", length: int = 20) -> Range:
        """The last rows shown; past the end those of the same window that still exist."""
        if length < 0:
            raise Failure(INVALID_ARGUMENT, length)
        one = self._asked(index, timeframe_us, price_type)
        if one is None or not len(self.clock):
            return (0, 0)
        last = len(self.clock) - 1
        beyond = max(0, index - last)
        newest = self._shown(min(index, last), one)
        wanted = range(newest + beyond - length + 1, newest + beyond + 1)
        rows = [row for row in wanted if 0 <= row <= newest]
        return (rows[0], len(rows)) if rows else (0, 0)

    def history_matrix(
        self,
        timeframe_us: int,
        price_type: str = "bid",
        length: int = 20,
        field: str = "close",
        start: int = 0,
        stop: int | None = None,
    ) -> list[list[float]]:
        """A row for each bar, right-aligned."""
        if length < 0:
            raise Failure(INVALID_ARGUMENT, length)
        if start < 0:
            raise Failure(OUT_OF_BOUNDS, start)
        one = self._asked(start, timeframe_us, price_type)
        end = len(self.clock) if stop is None else min(stop, len(self.clock))
        matrix = []
        for index in range(start, end):
            first, count = self.history(index, timeframe_us, price_type, length)
            values = [] if one is None else one.column(field)[first : first + count]
            matrix.append([NAN] * (length - count) + values)
        return matrix

    def _asked(self, index: int, timeframe_us: int, price_type: str) -> Series | None:
        if price_type not in ("bid", "ask"):
            raise Failure(INVALID_ARGUMENT, price_type)
        if index < 0:
            raise Failure(OUT_OF_BOUNDS, index)
        return self.series.get((timeframe_us, price_type))
