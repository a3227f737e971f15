"""A big-endian stream: no producer at hand writes one, so its schema's flatbuffer is laid by hand.

The metadata of a big-endian stream is little-endian as ever; the Schema table says endianness 1, and
its body would hold swapped numbers. A reader must refuse it by the schema alone.
"""

import struct

from oracle.arrow_rules import Table

DOUBLE, TIMESTAMP = 3, 10  # the Type union
SCHEMA, V5 = 1, 4


class Builder:
    """Writes forwards: whatever is pointed at comes later, and offsets are filled in then."""

    def __init__(self) -> None:
        self.data = bytearray()

    def table(self, slots: list[tuple[str, int] | None]) -> dict[int, int]:
        """A vtable and its table; where each slot lies. Every slot takes eight bytes."""
        while len(self.data) % 8:
            self.data.append(0)
        places = [0 if slot is None else 8 + 8 * at for at, slot in enumerate(slots)]
        vtable = struct.pack(f"<HH{len(slots)}H", 4 + 2 * len(slots), 8 + 8 * len(slots), *places)
        vtable += bytes(-len(vtable) % 8)
        start = len(self.data) + len(vtable)
        self.data += vtable + struct.pack("<i4x", len(vtable))
        for slot in slots:
            self.data += b"" if slot is None else struct.pack("<" + slot[0], slot[1]).ljust(8, b"\0")
            if slot is None:
                self.data += bytes(8)
        self.last = start
        return {at: start + place for at, place in enumerate(places) if place}

    def text(self, value: str) -> int:
        while len(self.data) % 4:
            self.data.append(0)
        at = len(self.data)
        self.data += struct.pack("<I", len(value.encode())) + value.encode() + b"\0"
        return at

    def vector(self, length: int) -> int:
        while len(self.data) % 4:
            self.data.append(0)
        at = len(self.data)
        self.data += struct.pack("<I", length) + bytes(4 * length)
        return at

    def point(self, at: int, target: int) -> None:
        struct.pack_into("<I", self.data, at, target - at)


def schema_message(table: Table) -> bytes:
    out = Builder()
    out.data += bytes(8)
    message = out.table([("h", V5), ("B", SCHEMA), ("I", 0), ("q", 0)])
    out.point(0, out.last)
    schema = out.table([("h", 1), ("I", 0)])  # 1: big
    out.point(message[2], out.last)
    fields = out.vector(len(table.fields))
    out.point(schema[1], fields)
    for place, one in enumerate(table.fields):
        is_time = one.type.startswith("timestamp")
        kind = TIMESTAMP if is_time else DOUBLE
        slots = out.table([("I", 0), ("B", 1), ("B", kind), ("I", 0), None, ("I", 0)])
        out.point(fields + 4 + 4 * place, out.last)
        out.point(slots[0], out.text(one.name))
        out.table([("h", 2)])  # microseconds; doubles
        out.point(slots[3], out.last)
        out.point(slots[5], out.vector(0))
    out.data += bytes(-len(out.data) % 8)
    return bytes(out.data)


def big_endian_stream(table: Table) -> bytes:
    schema = schema_message(table)
    return b"\xff\xff\xff\xff" + struct.pack("<i", len(schema)) + schema + b"\xff\xff\xff\xff" + bytes(4)
