"""The chain e = (b*e) + (a*x), each operation rounded once, in NumPy: guessed in many places, then proved.

A chain forgets where it began: two that take in the same rows soon have the same bits. So the series is cut
into segments, which run side by side, each from a guess some rows before its own first. If a segment began
with the very bits at which the one before it ended, its rows are right, given that those before are. Where it
did not, rows are done again until they meet what is there. No guess can make an answer wrong, only late.
"""

from __future__ import annotations

import math

import numpy as np

from .windows import Floats, Ints

__all__ = ["chain"]

# Rows cut up together.
_PIECE = 1 << 20
# Rows of the plain loop between looks at whether a NaN has put an end to it.
_CHUNK = 1 << 12
# How often the segments that are left are begun anew, before those that are wrong are done in a loop.
_TRIES = 3
# Nanoseconds, roughly: of a step however wide, of what each segment adds to it, and of a row without NumPy.
_STEP, _LANE, _ROW = 1300.0, 0.8, 100.0
# In units of 1/a: the rows until a difference is below the last bit, and until last bits are equal as well.
_FORGOTTEN = 42.0 + 18.0


def chain(x: Floats, a: float, e: float) -> Floats:
    """The chain over every row but the first, whose value is the seed `e`.

    >>> chain(np.array([0.0, 1.0, 1.0]), 0.5, 4.0).tolist()
    [4.0, 2.5, 1.75]
    """
    b = 1.0 - a
    out = np.empty(len(x))
    out[0] = e
    rest = np.multiply(x[1:], a, out=out[1:])
    finite = np.isfinite(rest)
    end = len(rest) if finite.all() else int(finite.argmin())  # an infinity is not forgotten
    for start in range(0, len(rest), _PIECE):
        piece = rest[start : min(start + _PIECE, end)] if start < end else rest[:0]
        shape = _cut(len(piece), a) if math.isfinite(e) else None
        done = 0
        if shape is not None:
            lanes, length, back = shape
            done = lanes * length
            _side_by_side(piece[:done].reshape(lanes, length), b, e, back)
            e = float(piece[done - 1])
        for first in range(start + done, min(start + _PIECE, len(rest)), _CHUNK):
            left = rest[first : min(first + _CHUNK, start + _PIECE)]
            if math.isnan(e):  # and so it stays
                left.fill(e)
            else:
                left[:] = [e := b * e + ax for ax in left.tolist()]
    return out


def _cut(rows: int, a: float) -> tuple[int, int, int] | None:
    """How many segments of how many rows, begun how many segments early; none where a loop is as fast."""
    early = _FORGOTTEN / a
    lanes = int(math.sqrt(rows * _STEP / (early * _LANE)))
    if lanes < 4:
        return None
    length = max(1, rows // lanes)
    back = math.ceil(early / length)
    cost = length * (1 + back) * (_STEP + lanes * _LANE)
    return None if cost > 0.5 * rows * _ROW else (lanes, length, back)


def _side_by_side(
    rows: Floats, b: float, seed: float, back: int, guess: float | None = None, tries: int = _TRIES
) -> None:
    """Replace a*x by the chain from `seed` on, `rows` being segments that follow each other."""
    lanes = len(rows)
    steps = np.ascontiguousarray(rows.T)
    e = np.empty(lanes)
    if back < lanes:
        e[back:] = steps[0, : lanes - back] / (1.0 - b) if guess is None else guess
    for before in range(min(back, lanes - 1), 0, -1):
        e[before] = seed  # its early rows reach the first: no guess
        now = e[before:]
        for step in steps[:, : lanes - before]:
            np.multiply(now, b, out=now)
            np.add(now, step, out=now)
    e[0] = seed
    begun, now = e.view(np.int64), e
    product = np.empty(lanes)
    for step in steps:
        np.multiply(now, b, out=product)
        now = np.add(product, step, out=step)
    ended: Ints = steps[-1].view(np.int64)
    for lane in (np.flatnonzero(begun[1:] != ended[:-1]) + 1).tolist():
        following = lane
        while following < lanes and begun[following] != ended[following - 1]:
            begun[following] = ended[following - 1]
            met = _again(rows[following], steps[:, following], b, float(e[following]))
            following += 1
            if not (met or tries == 0 or following == lanes):
                # Where nothing moves, a chain may come to rest in several places: guess that it is in this.
                e_here = float(steps[-1, following - 1])
                rows[:following] = steps[:, :following].T
                _side_by_side(rows[following:], b, e_here, back, e_here, tries - 1)
                return
    rows[:] = steps.T


def _again(rows: Floats, found: Floats, b: float, e: float) -> bool:
    """Mend a segment that should have begun with `e`; whether it met what was there."""
    right: list[float] = []
    for ax, there in zip(rows.tolist(), found.tolist(), strict=True):
        e = b * e + ax
        if e == there and (e or math.copysign(1.0, e) == math.copysign(1.0, there)):
            break
        right.append(e)
    found[: len(right)] = right
    return len(right) < len(found)
