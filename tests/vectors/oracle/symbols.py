"""One moment across several symbols: which moments there are, and which candle each has then."""

from oracle.model import EMPTY_INPUT, INVALID_ARGUMENT, OUT_OF_BOUNDS, Failure, Series


class Moments:
    """MultiSymbolSlice; every question takes the moment's index."""

    def __init__(
        self,
        series: list[Series],
        timeline: str = "intersection",
        asof: bool = False,
        stale_limit: int | None = None,
    ) -> None:
        if not series:
            raise Failure(EMPTY_INPUT)
        if len({one.timeframe_us for one in series}) > 1:
            raise Failure(INVALID_ARGUMENT)
        self.series = {(one.symbol, one.price_type): one for one in series}
        if len(self.series) < len(series):
            raise Failure(INVALID_ARGUMENT)
        if stale_limit is not None and (not asof or stale_limit < 0):
            raise Failure(INVALID_ARGUMENT, stale_limit)
        if timeline not in ("intersection", "union"):
            raise Failure(INVALID_ARGUMENT, timeline)
        every = [set(one.timestamp) for one in series]
        together = set.intersection(*every) if timeline == "intersection" else set.union(*every)
        self.timeline = sorted(together)
        self.asof, self.stale_limit = asof, stale_limit

    def row(self, index: int, one: Series) -> int:
        """The candle stamped at the moment; with `asof` the latest one closed by its decision time."""
        if not 0 <= index < len(self.timeline):
            raise Failure(OUT_OF_BOUNDS)
        t = self.timeline[index]
        if not self.asof:
            return one.timestamp.index(t) if t in one.timestamp else -1
        closed = [row for row, stamp in enumerate(one.timestamp) if stamp <= t]
        if not closed or (self.stale_limit is not None and t - one.timestamp[closed[-1]] > self.stale_limit):
            return -1
        return closed[-1]

    def rows(self, symbol: str, price_type: str) -> list[int]:
        one = self._given(symbol, price_type)
        return [self.row(index, one) for index in range(len(self.timeline))]

    def candle(self, index: int, symbol: str, price_type: str = "bid") -> int:
        return self.row(index, self._given(symbol, price_type))

    def price(self, index: int, symbol: str, kind: str = "mid") -> float | None:
        if kind == "mid":
            bid, ask = self._both(index, symbol)
            return None if bid is None or ask is None else (bid + ask) / 2
        one = self._given(symbol, kind)
        row = self.row(index, one)
        return None if row < 0 else one.close[row]

    def spread(self, index: int, symbol: str) -> float | None:
        bid, ask = self._both(index, symbol)
        return None if bid is None or ask is None else ask - bid

    def _both(self, index: int, symbol: str) -> tuple[float | None, float | None]:
        for side in ("bid", "ask"):
            self._given(symbol, side)
        return self.price(index, symbol, "bid"), self.price(index, symbol, "ask")

    def _given(self, symbol: str, price_type: str) -> Series:
        one = self.series.get((symbol, price_type))
        if one is None:
            raise Failure(INVALID_ARGUMENT, symbol if price_type in ("bid", "ask") else price_type)
        return one
