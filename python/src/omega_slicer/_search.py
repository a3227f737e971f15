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

# At most so many stretches: 256 KiB however long a series is.
_BUCKETS: Final = 1 << 16


class Coarse:
    """Where each of up to 65536 equally long stretches of time begins among the rows.

    Narrows a search to the few rows of one stretch. Made from strictly increasing stamps in O(65536 log n),
    or O(n) for short series, when the first question jumps in time.
    """

    __slots__ = ("buckets", "first", "rows", "shift")

    def __init__(self, stamps: Stamps) -> None:
        first, last = int(stamps[0]), int(stamps[-1])
        self.first = first
        buckets = min(_BUCKETS, 1 << (len(stamps) // 8).bit_length())
        self.shift = max(0, (last - first).bit_length() - buckets.bit_length() + 1)
        self.buckets = ((last - first) >> self.shift) + 1
        # An edge lies between the first stamp and the last, so nothing overflows, though a distance may.
        edges = np.arange(self.buckets, dtype=np.uint64) << np.uint64(self.shift)
        rows = np.searchsorted(stamps, (edges + np.array(first).view(np.uint64)).view(np.int64))
        small = np.int32 if len(stamps) < 1 << 31 else np.int64
        self.rows = np.append(rows, len(stamps)).astype(small).data.toreadonly()


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
