"""From the bytes of Arrow columns to the values of a series: shared where possible, else converted.

Conversions are exact or refused with the row, counted over all batches. What a null or an invalid row means
is the caller's to decide; nothing here knows a column's role.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ._columns import Floats, Stamps
from ._errors import (
    ConstraintViolationError,
    DeserializationFailedError,
    InvalidFormatError,
    OmegaError,
    TypeMismatchError,
)
from ._time import INT64_MAX, INT64_MIN

__all__ = [
    "Batch",
    "Buffers",
    "Fault",
    "Missing",
    "Source",
    "bits_of",
    "damaged",
    "is_number",
    "is_time",
    "nulls_of",
    "numbers",
    "ones",
    "refuse_nulls",
    "refuse_wrong_unit",
    "times",
    "width_of",
]

Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]

_NUMBERS: Final = {
    "int8": "i1",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "float32": "f4",
    "float64": "f8",
}
_EXACT: Final = 1 << 53
_DAY: Final = 86_400_000_000
_YEAR_1971: Final = 31_536_000_000_000
_YEAR_2201: Final = 7_289_654_400_000_000
_BLOCK: Final = 1 << 20
_ONES: Final = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)


class Buffers(NamedTuple):
    """One column in one batch; `offset` is in rows, of the bitmaps too; `null_count` None if not counted."""

    values: Bytes
    validity: Bytes | None
    offset: int
    null_count: int | None


class Batch(NamedTuple):
    """Some consecutive rows: buffers for each field, None where its type is none of ours."""

    length: int
    columns: Sequence[Buffers | None]


class Fault(NamedTuple):
    """The first refusal of a column's values."""

    row: int
    error: OmegaError


def width_of(kind: str) -> int | None:
    """Bits a value of a type takes up; None for a type whose buffers are unknown."""
    if kind == "bool":
        return 1
    if kind == "date32":
        return 32
    if kind == "date64" or kind.startswith("timestamp["):
        return 64
    code = _NUMBERS.get(kind)
    return None if code is None else 8 * int(code[1])


def is_time(kind: str) -> bool:
    """Whether `times` can read a type."""
    return kind in ("date32", "date64", "int64") or kind.startswith("timestamp[")


def is_number(kind: str) -> bool:
    """Whether `numbers` can read a type."""
    return kind in _NUMBERS


def damaged(batch: int, column: str, what: str) -> DeserializationFailedError:
    """A refusal of damaged buffers."""
    return DeserializationFailedError(f"batch {batch}, column {column}: {what}")


def bits_of(bitmap: Bytes, start: int, length: int) -> Bits:
    """The bits of a bitmap, least significant first."""
    first = start // 8
    piece = bitmap[first : (start + length + 7) // 8]
    return np.unpackbits(piece, bitorder="little")[start % 8 :][:length].view(np.bool_)


def ones(bitmap: Bytes, start: int, length: int) -> int:
    """Bits set among `length` bits from `start` on."""
    head = min(-start % 8, length)
    whole = (length - head) // 8
    at = (start + head) // 8
    tail = start + head + 8 * whole
    count = int(bits_of(bitmap, start, head).sum()) + int(bits_of(bitmap, tail, start + length - tail).sum())
    for block in range(at, at + whole, _BLOCK):
        count += int(_ONES[bitmap[block : min(block + _BLOCK, at + whole)]].sum(dtype=np.int64))
    return count


def nulls_of(buffers: Buffers, length: int, trust: bool) -> int:
    """The nulls of a column in one batch: counted, unless the producer's count is to be trusted."""
    claimed = buffers.null_count
    if buffers.validity is None:
        return 0
    if trust and claimed is not None:
        return claimed
    counted = length - ones(buffers.validity, buffers.offset, length)
    if claimed is not None and claimed != counted:
        raise ValueError(f"{claimed} nulls announced, {counted} found")
    return counted


class Part(NamedTuple):
    """One column in one batch that has rows, its nulls counted."""

    buffers: Buffers
    length: int
    nulls: int

    def null(self) -> Bits | None:
        """Which rows are null; None if none is."""
        if not self.nulls or self.buffers.validity is None:
            return None
        return ~bits_of(self.buffers.validity, self.buffers.offset, self.length)


class Source(NamedTuple):
    """One column over all batches that have rows."""

    name: str
    type: str
    parts: list[Part]

    @classmethod
    def of(cls, name: str, kind: str, position: int, batches: Sequence[Batch], trust: bool) -> Source:
        """The column at `position`; 3004 for a count of nulls that lies, unless counts are to be trusted."""
        parts: list[Part] = []
        for number, batch in enumerate(batches):
            buffers = batch.columns[position]
            if buffers is None:
                raise damaged(number, name, "its buffers are missing")
            try:
                nulls = nulls_of(buffers, batch.length, trust)
            except ValueError as error:
                raise damaged(number, name, str(error)) from None
            if batch.length:
                parts.append(Part(buffers, batch.length, nulls))
        return cls(name, kind, parts)

    def rows(self) -> int:
        """How many there are."""
        return sum(part.length for part in self.parts)

    def is_all_null(self) -> bool:
        """Whether there are rows, and all are null."""
        return bool(self.parts) and all(part.nulls == part.length for part in self.parts)

    def null(self) -> Bits | None:
        """Which rows are null; None if none is."""
        found = [part.null() for part in self.parts]
        if all(bits is None for bits in found):
            return None
        return np.concatenate(
            [
                np.zeros(part.length, np.bool_) if bits is None else bits
                for part, bits in zip(self.parts, found, strict=True)
            ]
        )

    def raw(self, dtype: str) -> npt.NDArray[Any]:
        """The values as they lie there; shared, if they are one aligned piece."""
        size = int(dtype[1])
        pieces = []
        for part in self.parts:
            start = part.buffers.offset * size
            pieces.append(part.buffers.values[start : start + part.length * size])
        if len(pieces) == 1 and pieces[0].ctypes.data % 8 == 0:
            return pieces[0].view(dtype)
        joined: Bytes = np.concatenate(pieces) if pieces else np.empty(0, np.uint8)
        return joined.view(dtype)


class Missing:
    """The rows a `valid` column calls missing bars: `bits` is None where none is."""

    __slots__ = ("_kept", "bits")

    def __init__(self, valid: Source | None) -> None:
        self.bits: Bits | None = None
        self._kept: npt.NDArray[np.intp] | None = None
        if valid is None or not valid.parts:
            return
        parts = [bits_of(part.buffers.values, part.buffers.offset, part.length) for part in valid.parts]
        missing = ~np.concatenate(parts)
        null = valid.null()
        if null is not None:  # refused elsewhere; it makes no row missing
            missing &= ~null
        if missing.any():
            self.bits = missing

    def original(self, kept: int) -> int:
        """The row of the table that became row `kept` once the missing ones were left out."""
        if self.bits is None:
            return kept
        if self._kept is None:
            self._kept = np.flatnonzero(~self.bits)
        return int(self._kept[kept])


def _first(wrong: Bits, missing: Bits | None) -> int | None:
    """The first wrong row that counts."""
    if missing is not None:
        wrong = wrong & ~missing
    return int(wrong.argmax()) if wrong.any() else None


def _refuse(fault: Fault | None, row: int | None, error: type[OmegaError], what: str) -> Fault | None:
    """The earlier of a fault and another one in `row`."""
    if row is None or (fault is not None and fault.row <= row):
        return fault
    return Fault(row, error(what))


def times(source: Source, missing: Missing, stays: bool, faults: list[Fault]) -> Stamps:
    """A column of times, as microseconds. Rows that are missing are left out unless missing rows stay."""
    absent = None if stays else missing.bits  # a row that stays must have a time like any other
    null = source.null()
    fault: Fault | None = None
    if null is not None:
        row = _first(null, absent)
        fault = _refuse(fault, row, ConstraintViolationError, f"row {row}: {source.name} is null")
    raw = source.raw("i4" if source.type == "date32" else "i8")
    unit, factor = _scale(source.type)
    stamps: Stamps
    if unit == "ns":
        stamps, rest = np.divmod(raw, 1_000)
        wrong, why = rest != 0, "ns is finer than a microsecond"
    elif factor != 1:
        most, least = INT64_MAX // factor, -(-INT64_MIN // factor)
        counts = raw.astype(np.int64)
        wrong, why = (counts > most) | (counts < least), f"{unit} is outside int64 microseconds"
        stamps = counts * factor  # wraps where it is refused
    else:
        stamps, wrong, why = raw, np.zeros(0, np.bool_), ""
    if wrong.any():
        row = _first(wrong if null is None else wrong & ~null, absent)
        if row is not None:
            what = f"row {row}: {source.name} {raw[row]} {why}"
            fault = _refuse(fault, row, InvalidFormatError, what)
    if fault is not None:
        faults.append(fault)
    return stamps if absent is None else stamps[~absent]


def _scale(kind: str) -> tuple[str, int]:
    if kind == "date32":
        return "days", _DAY
    if kind == "date64":
        return "ms", 1_000
    unit = kind.removeprefix("timestamp[").rstrip("]").split(",")[0]
    return unit, {"s": 1_000_000, "ms": 1_000}.get(unit, 1)


def numbers(source: Source, missing: Missing, stays: bool, may_be_null: bool, faults: list[Fault]) -> Floats:
    """A column of numbers, as float64; a null, or a missing row that stays, is NaN."""
    bits, null = missing.bits, source.null()
    raw = source.raw(_NUMBERS[source.type])
    unreal = null if bits is None else bits if null is None else null | bits
    fault: Fault | None = None
    if null is not None and not may_be_null:
        row = _first(null, bits)
        what = f"row {row}: {source.name} is null (allow_missing admits missing prices)"
        fault = _refuse(fault, row, ConstraintViolationError, what)
    if source.type in ("int64", "uint64"):
        wrong = raw > _EXACT
        if source.type == "int64":
            wrong |= raw < -_EXACT
        row = _first(wrong, unreal) if wrong.any() else None
        if row is not None:
            what = f"row {row}: {source.name} {raw[row]} lies beyond 2^53, where float64 skips integers"
            fault = _refuse(fault, row, TypeMismatchError, what)
    if fault is not None:
        faults.append(fault)
    values: Floats = raw.astype(np.float64, copy=False)
    if unreal is None:
        return values
    values = np.where(unreal, np.nan, values)
    if bits is not None and not stays:
        values = values[~bits]
    return values


def refuse_nulls(source: Source, faults: list[Fault]) -> None:
    """The first null of a column that may not have any."""
    null = source.null()
    row = None if null is None else _first(null, None)
    if row is not None:
        faults.append(Fault(row, ConstraintViolationError(f"row {row}: {source.name} is null")))


def refuse_wrong_unit(stamps: Stamps) -> None:
    """1009 for integers that all lie before 1971 when read as microseconds; no market data do."""
    if not len(stamps) or (stamps >= _YEAR_1971).any():
        return
    last = int(stamps[-1])
    for unit, stamp in (("s", last * 1_000_000), ("ms", last * 1_000), ("ns", last // 1_000)):
        if _YEAR_1971 <= stamp < _YEAR_2201:
            hint = f"they are likely {unit}: cast the column to timestamp[{unit}]"
            break
    else:
        hint = "no unit puts the last of them between 1971 and 2200"
    raise InvalidFormatError(
        f"all integer stamps, the last being {last}, lie before 1971 when read with unit=us; {hint}"
    )
