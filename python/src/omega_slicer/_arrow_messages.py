"""What the messages of an IPC file or stream say: version, byte order, compression, sizes, metadata.

A few tables of flatbuffers, read in place. Bodies are never read but for the lengths that compressed buffers
announce, which are held against the size of the whole before anybody makes room for them.
"""

from __future__ import annotations

import struct as packing
from collections.abc import Iterator
from typing import Final, NamedTuple

from ._errors import DeserializationFailedError, InvalidFormatError, ResourceLimitExceededError

__all__ = ["Head", "look"]

_MAGIC: Final = b"ARROW1"
_HINTS: Final = {
    b"FEA1": " (Feather version 1: write it as version 2)",
    b"PAR1": " (it is a Parquet file: read it with pyarrow or Polars and pass the table to from_arrow)",
}
_V4: Final = 3
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_BROKEN: Final = (IndexError, OverflowError, packing.error)
# More memory than this times the size of the input, and this, no honest writer asks for.
_MOST: Final = (16, 1 << 20)


class Head(NamedTuple):
    """What the messages say."""

    is_file: bool
    compressed: bool
    metadata: dict[str, str]


def look(data: memoryview) -> Head:
    """3004 unless it is Arrow and holds together; 1009 for versions and byte orders that are not read."""
    is_file = bytes(data[:6]) == _MAGIC
    try:
        schema, version, batches = _file(data) if is_file else _stream(data)
    except _BROKEN:
        hint = _HINTS.get(bytes(data[:4]), "")
        what = "the file's footer is damaged" if is_file else f"neither an Arrow IPC file nor a stream{hint}"
        raise DeserializationFailedError(what) from None
    if version < _V4:
        raise InvalidFormatError(f"Arrow metadata of version {version + 1}: versions 4 and 5 are read")
    compressed = False
    try:
        if schema.scalar(0, "<h"):
            raise InvalidFormatError("the values are big-endian: only little-endian data are read")
        metadata = {pair.text(0): pair.text(1) for pair in schema.tables(2)}
        for number, batch in enumerate(batches):
            compressed = _check(number, batch, len(data)) or compressed
    except _BROKEN:
        raise DeserializationFailedError("the messages are damaged") from None
    return Head(is_file, compressed, metadata)


class _Flat(NamedTuple):
    """A table of a flatbuffer."""

    data: memoryview
    place: int

    @classmethod
    def root(cls, data: memoryview, at: int) -> _Flat:
        return cls(data, at + number(data, "<I", at))

    def at(self, slot: int) -> int | None:
        """Where a field is, if it is there."""
        layout = self.place - number(self.data, "<i", self.place)
        if 4 + 2 * slot >= number(self.data, "<H", layout):
            return None
        offset = number(self.data, "<H", layout + 4 + 2 * slot)
        return self.place + offset if offset else None

    def scalar(self, slot: int, code: str) -> int:
        place = self.at(slot)
        return 0 if place is None else number(self.data, code, place)

    def far(self, place: int) -> int:
        return place + number(self.data, "<I", place)

    def table(self, slot: int) -> _Flat:
        place = self.at(slot)
        if place is None:
            raise IndexError(slot)
        return _Flat(self.data, self.far(place))

    def vector(self, slot: int, size: int) -> Iterator[int]:
        """Where each element of a vector is."""
        place = self.at(slot)
        if place is None:
            return
        begin = self.far(place)
        count = number(self.data, "<I", begin)
        if count * size > len(self.data):
            raise IndexError(count)
        yield from range(begin + 4, begin + 4 + count * size, size)

    def tables(self, slot: int) -> Iterator[_Flat]:
        for place in self.vector(slot, 4):
            yield _Flat(self.data, self.far(place))

    def text(self, slot: int) -> str:
        place = self.at(slot)
        if place is None:
            return ""
        begin = self.far(place)
        return bytes(self.data[begin + 4 : begin + 4 + number(self.data, "<I", begin)]).decode(
            "utf-8", "replace"
        )


def number(data: memoryview, code: str, place: int) -> int:
    """A number, wherever it lies."""
    if place < 0:
        raise IndexError(place)
    return int(packing.unpack_from(code, data, place)[0])


class _Message(NamedTuple):
    """A message, and where its body begins and ends."""

    kind: int
    header: _Flat
    version: int
    body: int
    end: int


def _message(data: memoryview, at: int) -> _Message | None:
    """The message at a place; None where a stream ends."""
    length = number(data, "<i", at)
    at += 4
    if length == -1:  # the continuation marker; older writers have none
        length = number(data, "<i", at)
        at += 4
    if length == 0:
        return None
    if length < 0 or at + length > len(data):
        raise IndexError(length)
    message = _Flat.root(data[: at + length], at)
    end = at + length + message.scalar(3, "<q")
    return _Message(
        message.scalar(1, "<B"), message.table(2), message.scalar(0, "<h"), at + length, max(end, at + length)
    )


_Found = tuple[_Flat, int, Iterator[_Message]]


def _file(data: memoryview) -> _Found:
    if bytes(data[-6:]) != _MAGIC:
        raise IndexError
    end = len(data) - 10
    footer = _Flat.root(data[:end], end - number(data, "<i", end))

    def batches() -> Iterator[_Message]:
        for slot in (2, 3):
            for block in footer.vector(slot, 24):
                found = _message(data, number(footer.data, "<q", block))
                if found is not None:
                    yield found

    return footer.table(1), footer.scalar(0, "<h"), batches()


def _stream(data: memoryview) -> _Found:
    first = _message(data, 0)
    if first is None or first.kind != _SCHEMA:
        raise IndexError

    def batches() -> Iterator[_Message]:
        at = first.end
        while at < len(data):
            found = _message(data, at)
            if found is None:
                return
            yield found
            at = found.end

    return first.header, first.version, batches()


def _check(count: int, message: _Message, size: int) -> bool:
    """Whether a batch is compressed; 6004 if it announces more than the input is worth."""
    if message.kind not in (_BATCH, _DICTIONARY):
        return False
    batch = message.header.table(1) if message.kind == _DICTIONARY else message.header
    if batch.at(3) is None:
        return False
    data, most = memoryview(message.header.data.obj), _MOST[0] * size + _MOST[1]
    for place in batch.vector(2, 16):
        begin, length = (number(batch.data, "<q", place + 8 * i) for i in (0, 1))
        if length < 8:
            continue
        announced = number(data, "<q", message.body + begin)
        if announced > most:
            what = f"a buffer announces {announced} bytes, more than {size} bytes of input are worth"
            raise ResourceLimitExceededError(f"batch {count}: {what}")
        if announced < -1:
            raise DeserializationFailedError(f"batch {count}: a buffer announces {announced} bytes")
    return True
