"""A CSV file of candles: RFC 4180 read one character at a time, then one cell at a time."""

from oracle.model import (
    EMPTY_INPUT,
    INVALID_FORMAT,
    NAN,
    PRICES,
    SCHEMA_VIOLATION,
    Failure,
    Series,
)
from oracle.rules import check_series
from oracle.text import (
    INTEGER,
    ascii_lower,
    parse_integer,
    parse_number,
    parse_timestamp,
)

TIME_NAMES = ("timestamp", "time", "datetime", "date", "utc time")
LIKELY = (("s", 1_000_000), ("ms", 1_000), ("ns", None))
Record = tuple[int, list[str]]


def records(text: str) -> list[Record]:  # noqa: PLR0912 (one state machine)
    """Every record with the physical line it begins on; fully empty lines are none."""
    found: list[Record] = []
    fields: list[str] = []
    cell, line, begun, quoted, closed = "", 1, 1, False, False
    for at, char in enumerate(text + ("" if text.endswith("\n") else "\n")):
        following = text[at + 1 : at + 2]
        if quoted:
            line += char == "\n"
            if char != '"':
                cell += char
            elif following == '"' and not closed:
                closed = True  # the first of a pair: the second one is the quote meant
            elif closed:
                cell, closed = cell + '"', False
            else:
                quoted = False
        elif char == '"' and cell == "":
            quoted = True
        elif char == ",":
            fields, cell = [*fields, cell], ""
        elif char == "\r" and following in ("\n", ""):
            pass  # of a CRLF, or of one that the end of the file cut off
        elif char == "\n":
            if fields or cell or text[at - 1 : at] == '"':
                found.append((begun, [*fields, cell]))
            fields, cell, line = [], "", line + 1
            begun = line
        else:
            cell += char
    if quoted:
        raise Failure(INVALID_FORMAT)
    return [(number, [cell.strip(" \t") for cell in cells]) for number, cells in found]


def columns_of(header: list[str]) -> dict[str, int]:
    """Which column of the file is which of ours."""
    names = [ascii_lower(name) for name in header]
    found: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        if name in TIME_NAMES:
            found.setdefault("timestamp", []).append(at)
        elif name in PRICES or name == "volume":
            found.setdefault(name, []).append(at)
    if names[0] == "":
        found.setdefault("timestamp", [0])  # pandas' index, unless a column is named as the time
    for places in found.values():
        if len(places) > 1:
            raise Failure(SCHEMA_VIOLATION, *dict.fromkeys(header[at] for at in places if header[at]))
    for name in ("timestamp", *PRICES):
        if name not in found:
            called = "time" if name == "timestamp" else name  # whichever of its names is given
            raise Failure(SCHEMA_VIOLATION, called, *(text for text in header if text))
    return {name: places[0] for name, places in found.items()}


def _likely_unit(last: int) -> Failure:
    """A column of integers that lies wholly before 1971: which unit was meant?"""
    low, high = parse_timestamp("1971-01-01"), parse_timestamp("2200-12-31T23:59:59.999999")
    for unit, factor in LIKELY:
        stamp = last * factor if factor else last // 1000
        if low <= stamp <= high:
            return Failure(INVALID_FORMAT, f"unit={unit}")
    return Failure(INVALID_FORMAT, "1971")


def read_csv(data: bytes, unit: str = "us", check: str = "full", allow_missing: bool = False) -> Series:
    table = records(data.decode("utf-8").removeprefix("\ufeff"))
    if not table:
        raise Failure(EMPTY_INPUT)
    header = table[0][1]
    where = columns_of(header)
    stamps: list[int] = []
    values: dict[str, list[float]] = {name: [] for name in where if name != "timestamp"}
    integers = bool(table[1:]) and bool(
        len(table[1][1]) == len(header) and INTEGER.fullmatch(table[1][1][where["timestamp"]])
    )
    for line, cells in table[1:]:
        if len(cells) != len(header):
            raise Failure(INVALID_FORMAT, f"line {line}")
        text = cells[where["timestamp"]]
        try:
            if integers != bool(INTEGER.fullmatch(text)):
                raise Failure(INVALID_FORMAT, text)
            stamps.append(parse_integer(text, unit) if integers else parse_timestamp(text))
        except Failure:
            raise Failure(INVALID_FORMAT, f"line {line}", *([text] if text else [])) from None
        for name, column in values.items():
            text = cells[where[name]]
            try:
                column.append(parse_number(text) if text else NAN)
            except Failure:
                raise Failure(INVALID_FORMAT, f"line {line}", name, text) from None
    if integers and all(stamp < parse_timestamp("1971-01-01") for stamp in stamps):
        raise _likely_unit(int(table[-1][1][where["timestamp"]]))
    series = Series(stamps, *(values[name] for name in PRICES), values.get("volume"))
    return check_series(series, check, allow_missing)
