"""Timestamp to row in Python: how many rows are stamped at or before a time.

One question costs less here than a call into the native library. Both backends use it; neither the
series nor the question is known here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

import numpy as np

from ._columns import Stamps

__all__ = ["Coarse", "rows_through"]

# At most so many buckets: a fixed cost (128 KiB), not one per row.
_BUCKETS: Final = 1 << 14


class Coarse:
    """Where each of up to 16384 equally long stretches of time begins among the rows.

    Narrows a search to the few rows of one stretch. Made from strictly increasing stamps in O(16384 log n).
    """

    __slots__ = ("buckets", "first", "rows", "shift")

    def __init__(self, stamps: Stamps) -> None:
        first, last = int(stamps[0]), int(stamps[-1])
        self.first = first
        self.shift = max(0, (last - first).bit_length() - _BUCKETS.bit_length() + 1)
        self.buckets = ((last - first) >> self.shift) + 1
        # Python's integers: the last edge may lie beyond int64, where no stamp can.
        edges = np.array([first + (k << self.shift) for k in range(self.buckets)], np.int64)
        rows = np.searchsorted(stamps, edges)
        self.rows = np.append(rows, len(stamps)).astype(np.int64).data.toreadonly()


def rows_through(stamps: memoryview, coarse: Callable[[], Coarse]) -> Callable[[int], int]:
    """A function of `t` that counts the rows with timestamp <= t, remembering where it last was.

    A walk forward in time costs O(1) a step; a jump costs a search among the rows of one stretch. Any
    integer is a legal `t`, also one outside int64. Safe to call from many threads: what it remembers
    is replaced whole.
    """
    length = len(stamps)
    if length < 4:
        few = stamps.tolist()
        return lambda t: bisect_right(few, t)
    top = length - 2
    # (row count, the stamp before it, the stamp after it) of the last answer.
    last_hit: tuple[int, int, int] = (1, stamps[0], stamps[1])
    table: Coarse | None = None

    def through(t: int) -> int:
        nonlocal last_hit, table
        rows, before, after = last_hit
        if before <= t:
            if t < after:
                return rows
            if rows < top:
                following: int = stamps[rows + 1]
                if t < following:
                    last_hit = (rows + 1, after, following)
                    return rows + 1
        if table is None:
            table = coarse()
        bucket = (t - table.first) >> table.shift
        if bucket < 0:
            return 0
        if bucket >= table.buckets:
            return length
        rows = bisect_right(stamps, t, table.rows[bucket], table.rows[bucket + 1])
        if 0 < rows <= top:
            last_hit = (rows, stamps[rows - 1], stamps[rows])
        return rows

    return through
