"""Blocks of plain CSV lines to columns, many cells at a time.

Never wrong and never an error: a block that is not plainly readable gives None, and the careful reader
takes it. Only called on blocks without quotes.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ._columns import Floats, Stamps
from ._errors import InvalidFormatError
from ._time import INT64_MAX, INT64_MIN, parse_timestamp

__all__ = ["parse_block"]

# Within these characters float() and int() accept exactly the grammar of the contract: what else
# they take (underscores, other digits, other white space) cannot occur.
_ODD: Final = re.compile(rb"[^ -^`-~\t\n]")
_COMMA, _LINE = 44, 10
_CUMULATIVE_DAYS: Final = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def parse_block(
    block: bytes, width: int, time: int, fields: list[int], integers: bool
) -> list[Stamps | Floats] | None:
    """The stamps and the columns at `fields` of lines of `width` cells, or None."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if not block.endswith(b"\n"):
        block = block.removesuffix(b"\r") + b"\n"
    if _ODD.search(block) or block.startswith(b"\n") or b"\n\n" in block:
        return None
    raw = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero((raw == _COMMA) | (raw == _LINE))
    if len(ends) % width:
        return None
    ends = ends.reshape(-1, width)
    marks = raw[ends]
    if not ((marks[:, :-1] == _COMMA).all() and (marks[:, -1] == _LINE).all()):
        return None
    cells = block.decode("ascii").replace("\n", ",").split(",")
    cells.pop()
    if integers:
        stamps = _integers(cells[time::width])
    else:
        begins = ends[:, time - 1] + 1 if time else np.append(0, ends[:-1, -1] + 1)
        stamps = _text_stamps(raw, begins, ends[:, time])
    if stamps is None:
        return None
    columns: list[Stamps | Floats] = [stamps]
    for place in fields:
        values = _floats(cells[place::width])
        if values is None:
            return None
        columns.append(values)
    return columns


def _integers(cells: list[str]) -> Stamps | None:
    try:
        counts = [int(cell) for cell in cells]
    except ValueError:
        return None
    if min(counts) < INT64_MIN or max(counts) > INT64_MAX:
        return None
    return np.array(counts, np.int64)


def _floats(cells: list[str]) -> Floats | None:
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        pass
    try:
        return np.array([float(cell) if cell.strip(" \t") else np.nan for cell in cells], np.float64)
    except ValueError:
        return None


def _text_stamps(
    raw: npt.NDArray[np.uint8], begins: npt.NDArray[Any], ends: npt.NDArray[Any]
) -> Stamps | None:
    """Stamps that differ in `YYYY-MM-DD[ HH:MM[:SS]]` alone: one length, one ending."""
    length = int(ends[0] - begins[0])
    if (ends - begins != length).any() or length < 10:
        return None
    text = raw[begins[:, None] + np.arange(length)]
    varying = 19 if length >= 19 else 16 if length == 16 else 10
    if (text[:, varying:] != text[0, varying:]).any():
        return None
    first = text[0].tobytes().decode("ascii")
    try:
        whole, base = parse_timestamp(first), parse_timestamp(first[:varying])
    except InvalidFormatError:
        return None
    microseconds = _fixed(text[:, :varying])
    return None if microseconds is None else microseconds + (whole - base)


def _fixed(text: npt.NDArray[np.uint8]) -> Stamps | None:
    length = text.shape[1]
    if (text[:, 4] != 45).any() or (text[:, 7] != 45).any():
        return None
    if length > 10:
        between = text[:, 10]
        if not ((between == 32) | (between == 84) | (between == 116)).all() or (text[:, 13] != 58).any():
            return None
    if length > 16 and (text[:, 16] != 58).any():
        return None
    digits = text - 48  # unsigned: what is below '0' wraps far above 9

    def number(first: int, count: int) -> Stamps | None:
        part = digits[:, first : first + count]
        if (part > 9).any():
            return None
        value = part[:, 0].astype(np.int64)
        for i in range(1, count):
            value = value * 10 + part[:, i]
        return value

    parts = [number(0, 4), number(5, 2), number(8, 2)]
    parts += [number(at, 2) if length > at else np.zeros(1, np.int64) for at in (11, 14, 17)]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    year, month, day, hour, minute, second = known
    if (year < 1).any() or (month < 1).any() or (month > 12).any() or (day < 1).any():
        return None
    if (hour > 23).any() or (minute > 59).any() or (second > 59).any():
        return None
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    if (day > _MONTH_DAYS[month] + (leap & (month == 2))).any():
        return None
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 - 719_162
    days += _CUMULATIVE_DAYS[month] + (leap & (month > 2)) + day - 1
    stamps: Stamps = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000
    return stamps
