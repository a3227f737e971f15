"""CSV files of candles in Python: which column is which, and every cell read by the strict grammar.

Blocks of well-behaved lines go through `_csv_fast`; everything else, and every error, is read here cell
by cell. Makes columns only: whether they are a series is checked elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from . import _csv_fast
from ._columns import FIELDS, Floats, Stamps, joined
from ._errors import (
    EmptyInputError,
    InvalidFormatError,
    OmegaError,
    OutOfMemoryError,
    SchemaViolationError,
    make_error,
)
from ._time import INT64_MAX, INT64_MIN, parse_timestamp

__all__ = ["Table", "header_places", "read_table"]

_TIME_NAMES: Final = ("timestamp", "time", "datetime", "date", "utc time")
_INTEGER: Final = re.compile("[+-]?[0-9]+")
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
)
_QUOTED: Final = re.compile('"((?:[^"]|"")*)(")?([^,\n]*)|([^,\n]*)')
_QUOTED_BYTES: Final = re.compile(_QUOTED.pattern.encode())
_EMPTY_LINES: Final = re.compile(b"(?:\r?\n)*")
_FACTORS: Final = {"us": 1, "s": 1_000_000, "ms": 1_000}
_YEAR_1971: Final = 31_536_000_000_000
_YEAR_2201: Final = 7_289_654_400_000_000
# Lines go through Python's objects in blocks, so that a large file needs little memory beside its columns.
_BLOCK: Final = 1 << 21


class Table(NamedTuple):
    """The columns of a file; `volume` is None where the file has no such column."""

    timestamp: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None


class _Layout(NamedTuple):
    """What the header and the first row say about every line."""

    width: int
    time: int
    fields: dict[str, int]
    integers: bool
    unit: str


def read_table(path: str | bytes, unit: str) -> Table:
    """The candles of the file at `path`; integer stamps are read in `unit`.

    Raises the 3xxx errors naming the file, `EmptyInputError`, `SchemaViolationError` and
    `InvalidFormatError` naming line, column and text. O(size of the file).
    """
    try:
        return _parse(_read(path), unit)
    except MemoryError:
        raise OutOfMemoryError(f"{_shown(path)}: no memory for what the file holds") from None


def _read(path: str | bytes) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path given as bytes is no Path
            return file.read()
    except OSError as error:
        code = {FileNotFoundError: 3001, PermissionError: 3002}.get(type(error), 3000)
        raise make_error(code, f"{_shown(path)}: {error.strerror or error}") from error


def _shown(path: str | bytes) -> str:
    """A path as text that can be printed, whatever bytes are in it."""
    return os.fsencode(path).decode(errors="replace")


def _parse(data: bytes, unit: str) -> Table:
    data = data.removeprefix(b"\xef\xbb\xbf")
    header, body, line = _first_record(data)
    width, places = len(header), header_places(header)
    time = places.pop("timestamp")
    first = next(_records(data[body:], line), (line, [""]))[1]
    integers = len(first) == width and _INTEGER.fullmatch(first[time]) is not None
    layout = _Layout(width, time, places, integers, unit)
    parts = [*_blocks(data, body, line, layout)]
    columns = [joined(column) for column in zip(*parts, strict=True)] if parts else []
    stamps: Stamps = columns[0] if parts else np.empty(0, np.int64)
    values: dict[str, Floats] = {
        name: columns[i] if parts else np.empty(0) for i, name in enumerate(places, start=1)
    }
    if integers and not (stamps >= _YEAR_1971).any():
        raise _wrong_unit(data, body, line, layout)
    return Table(stamps, values["open"], values["high"], values["low"], values["close"], values.get("volume"))


def header_places(header: list[str]) -> dict[str, int]:
    """Where `timestamp` and the fields stand among the names of a header, without regard to case.

    Raises `SchemaViolationError` naming what is missing or there twice.
    """
    names = [name.lower() if name.isascii() else name for name in header]
    found: dict[str, list[int]] = {name: [] for name in ("timestamp", *FIELDS)}
    for place, name in enumerate(names):
        if name in _TIME_NAMES:
            found["timestamp"].append(place)
        elif name in FIELDS:
            found[name].append(place)
    if not names[0] and not found["timestamp"]:
        found["timestamp"] = [0]  # the index pandas writes, unless a column is named as the time
    for wanted, places in found.items():
        if len(places) > 1:
            several = ", ".join(repr(header[place]) for place in places)
            raise SchemaViolationError(f"more than one {wanted} column: {several}")
        if not places and wanted != "volume":
            raise SchemaViolationError(f"no {wanted} column among {', '.join(map(repr, header))}")
    return {name: places[0] for name, places in found.items() if places}


def _first_record(data: bytes) -> tuple[list[str], int, int]:
    """The header, where the bytes after it begin, and the number of the line there."""
    begin = at = len(_EMPTY_LINES.match(data)[0])  # type: ignore[index] # it matches nothing at all, if need be
    line = 1 + data.count(b"\n", 0, begin)
    while True:  # a quoted name may hold a line break; a quote further on in a name is text
        cell = _QUOTED_BYTES.match(data, at)
        assert cell is not None  # as above
        at = cell.end()
        if data[at : at + 1] != b",":
            break
        at += 1
    body = min(at + 1, len(data))
    header = next(_records(data[begin:body], line), None)
    if header is None:
        raise EmptyInputError("the file is empty: no header line")
    return header[1], body, line + data.count(b"\n", begin, body)


def _records(data: bytes, line: int) -> Iterator[tuple[int, list[str]]]:
    """Every record and the number of the line it begins on, `line` being the first; RFC 4180."""
    text = data.decode("utf-8", "replace")
    if '"' in text:
        yield from _quoted_records(text, line)
        return
    lines = text.split("\n")
    for number, cells in enumerate(lines, start=line):
        bare = cells.removesuffix("\r")
        if bare:
            yield number, [cell.strip(" \t") for cell in bare.split(",")]


def _quoted_records(text: str, line: int) -> Iterator[tuple[int, list[str]]]:
    at, cells, begun, quoted = 0, list[str](), line, False
    while True:
        match = _QUOTED.match(text, at)
        assert match is not None  # the second branch matches nothing at all, if need be
        inside, closing, after, bare = match.groups()
        if inside is not None and closing is None:
            raise InvalidFormatError(f"line {begun}: a quote is never closed")
        at = match.end()
        ends = at >= len(text) or text[at] == "\n"
        tail = (after if bare is None else bare) or ""
        if ends:
            tail = tail.removesuffix("\r")
        quoted = quoted or inside is not None
        cells.append(((inside or "").replace('""', '"') + tail).strip(" \t"))
        line += (inside or "").count("\n")
        if ends:
            if cells != [""] or quoted or tail:
                yield begun, cells
            line += 1
            cells, begun, quoted = [], line, False
        at += 1
        if at > len(text) or (ends and at == len(text)):
            return


def _blocks(data: bytes, body: int, line: int, layout: _Layout) -> Iterator[list[Stamps | Floats]]:
    """The columns of block after block: the stamps, then the fields in the order of `layout`."""
    if data.find(b'"', body) >= 0:  # a record may reach over any line break
        yield _careful(_records(data[body:], line), layout)
        return
    while body < len(data):
        end = data.find(b"\n", min(body + _BLOCK, len(data))) + 1 or len(data)
        block = data[body:end]
        columns = _csv_fast.parse_block(
            block, layout.width, layout.time, [*layout.fields.values()], layout.integers
        )
        if columns is not None and layout.integers:
            columns = _in_microseconds(columns, layout.unit)
        yield columns or _careful(_records(block, line), layout)
        line += block.count(b"\n")
        body = end


def _in_microseconds(columns: list[Stamps | Floats], unit: str) -> list[Stamps | Floats] | None:
    counts = columns[0]
    if unit == "ns":
        us, finer = np.divmod(counts, 1_000)
        return None if finer.any() else [us, *columns[1:]]
    factor = _FACTORS[unit]
    limit = INT64_MAX // factor
    if ((counts > limit) | (counts < -limit)).any():
        return columns if factor == 1 else None
    return [counts * factor, *columns[1:]]


def _careful(records: Iterable[tuple[int, list[str]]], layout: _Layout) -> list[Stamps | Floats]:
    """Cell by cell; the first that cannot be read is the error."""
    stamps: list[int] = []
    values: dict[str, list[float]] = {name: [] for name in layout.fields}
    fields = [(name, place, values[name].append) for name, place in layout.fields.items()]
    for line, cells in records:
        if len(cells) != layout.width:
            raise InvalidFormatError(f"line {line}: {len(cells)} fields where the header has {layout.width}")
        text = cells[layout.time]
        try:
            stamps.append(_integer(text, layout.unit) if layout.integers else _text_stamp(text))
        except OmegaError as error:
            raise InvalidFormatError(f"line {line}: timestamp {text!r}: {error}") from None
        for name, place, append in fields:
            number = cells[place]
            if not number:
                append(float("nan"))
            elif _NUMBER.fullmatch(number):
                append(float(number))
            else:
                raise InvalidFormatError(f"line {line}: {name} {number!r} is not a number")
    return [np.array(stamps, np.int64), *(np.array(column, np.float64) for column in values.values())]


def _integer(text: str, unit: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise InvalidFormatError("not an integer, as the rows before have")
    # Twenty digits and more are beyond int64 (leading zeros aside), and int() refuses very long text.
    digits = text.lstrip("+-").lstrip("0") or "0"
    count = int(digits) * (-1 if text[0] == "-" else 1) if len(digits) < 20 else INT64_MAX + 1
    if not INT64_MIN <= count <= INT64_MAX:
        raise InvalidFormatError("outside int64")
    if unit == "ns":
        if count % 1_000:
            raise InvalidFormatError("finer than a microsecond")
        return count // 1_000
    stamp = count * _FACTORS[unit]
    if not INT64_MIN <= stamp <= INT64_MAX:
        raise InvalidFormatError(f"outside int64 microseconds when read in unit {unit}")
    return stamp


def _text_stamp(text: str) -> int:
    if _INTEGER.fullmatch(text):
        raise InvalidFormatError("an integer, though the rows before have dates")
    return parse_timestamp(text)


def _wrong_unit(data: bytes, body: int, line: int, layout: _Layout) -> InvalidFormatError:
    last = ""
    for _, cells in _records(data[body:], line):
        last = cells[layout.time]
    count = int(last)
    for unit in ("s", "ms", "ns"):
        stamp = count // 1_000 if unit == "ns" else count * _FACTORS[unit]
        if _YEAR_1971 <= stamp < _YEAR_2201:
            hint = f"they are likely unit={unit}"
            break
    else:
        hint = "no unit puts the last of them between 1971 and 2200"
    return InvalidFormatError(
        f"all integer stamps, the last being {last}, lie before 1971 when read in unit {layout.unit}; {hint}"
    )
