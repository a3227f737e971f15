"""What is done to a good file's bytes to make a bad one.

A flatbuffer is walked with `struct` alone to find the few numbers that are changed; each damage
asserts what it replaces, so that a producer that lays files out differently is noticed.
"""

import struct
from collections.abc import Callable

MAGIC = b"ARROW1"
CONTINUATION = b"\xff\xff\xff\xff"
CLOSE = 4  # the column that is damaged
HUGE = 1 << 40


class Bytes:
    """A file's bytes, read and changed in place."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    def get(self, kind: str, at: int) -> int:
        value: int = struct.unpack_from("<" + kind, self.data, at)[0]
        return value

    def put(self, kind: str, at: int, value: int) -> None:
        assert self.get(kind, at) != value, "nothing would change"
        struct.pack_into("<" + kind, self.data, at, value)

    def slot(self, table: int, number: int) -> int:
        """Where a table's field lies; 0 where it is absent."""
        vtable = table - self.get("i", table)
        place = 4 + 2 * number
        return (
            table + self.get("H", vtable + place)
            if place < self.get("H", vtable) and self.get("H", vtable + place)
            else 0
        )

    def follow(self, at: int) -> int:
        return at + self.get("I", at)

    def first_message(self, header: int) -> tuple[int, int, int]:
        """The first message of a kind: where its length, its table and its body are."""
        at = 8 if self.data.startswith(MAGIC) else 0
        while True:
            assert self.data[at : at + 4] == CONTINUATION
            length = self.get("i", at + 4)
            message = self.follow(at + 8)
            if self.data[self.slot(message, 1)] == header:
                return at + 4, message, at + 8 + length
            body = self.slot(message, 3)
            at += 8 + length + (self.get("q", body) if body else 0)

    def batch(self) -> tuple[int, int, int, int]:
        """The first record batch: where its length, nodes and buffers lie, and its body."""
        _, message, body = self.first_message(3)
        table = self.follow(self.slot(message, 2))
        nodes, buffers = (self.follow(self.slot(table, number)) + 4 for number in (1, 2))
        return self.slot(table, 0), nodes, buffers, body

    def buffer(self) -> tuple[int, int]:
        """Where the description of the closes' values lies, and the values themselves."""
        _, _, buffers, body = self.batch()
        at = buffers + 16 * (2 * CLOSE + 1)
        return at, body + self.get("q", at)

    def footer(self) -> int:
        return len(self.data) - 10 - self.get("i", len(self.data) - 10)

    def block(self) -> int:
        return self.follow(self.slot(self.follow(self.footer()), 3)) + 4


def cut(where: Callable[[Bytes], int]) -> Callable[[Bytes], bytes]:
    return lambda file: bytes(file.data[: where(file)])


def put(kind: str, where: Callable[[Bytes], int], value: int) -> Callable[[Bytes], bytes]:
    def change(file: Bytes) -> bytes:
        file.put(kind, where(file), value)
        return bytes(file.data)

    return change


def replaced(start: bytes, end: bytes) -> Callable[[Bytes], bytes]:
    return lambda file: start + bytes(file.data[len(start) : len(file.data) - len(end)]) + end


def drop_end(file: Bytes) -> bytes:
    assert file.data.endswith(CONTINUATION + bytes(4))
    return bytes(file.data[:-8])


def spoil_frame(file: Bytes) -> bytes:
    _, values = file.buffer()
    for at in range(values + 8, values + 16):
        file.data[at] ^= 0xFF
    return bytes(file.data)


def bomb(file: Bytes) -> bytes:
    """The closes' frame becomes one of 256 MiB of zeros, while their 64 bytes stay announced."""
    import pyarrow as pa

    described, values = file.buffer()
    length = file.get("q", described + 8)
    frame = struct.pack("<q", 64) + pa.Codec("zstd", compression_level=19).compress(
        bytes(1 << 28), asbytes=True
    )
    grown = (len(frame) + 7) // 8 * 8 - (length + 7) // 8 * 8
    # What lies behind it moves.
    _, message, body = file.first_message(3)
    at = described + 16
    while at < described + 16 * 3:
        file.put("q", at, file.get("q", at) + grown)
        at += 16
    file.put("q", described + 8, len(frame))
    file.put("q", file.slot(message, 3), file.get("q", file.slot(message, 3)) + grown)
    file.put("q", file.block() + 16, file.get("q", file.block() + 16) + grown)
    del body
    tail = bytes(file.data[values + (length + 7) // 8 * 8 :])
    return bytes(file.data[:values]) + frame.ljust((len(frame) + 7) // 8 * 8, b"\0") + tail


DAMAGE: dict[str, Callable[[Bytes], bytes]] = {
    "drop_end": drop_end,
    "version_v3": put("h", lambda f: f.slot(f.first_message(1)[1], 0), 2),
    "nothing": cut(lambda _: 0),
    "one_byte": cut(lambda _: 1),
    "magic_alone": cut(lambda _: 8),
    "magic_wrong": replaced(b"ARROW2", b"ARROW2"),
    "magic_end_wrong": replaced(b"", b"ARROW2"),
    "magic_parquet": replaced(b"PAR1", b"PAR1"),
    "magic_feather": replaced(b"FEA1", b"FEA1"),
    "text_csv": lambda _: b"timestamp,open,high,low,close\n1709251200000000,1,1,1,1\n",
    "zeros": lambda file: bytes(len(file.data)),
    "cut_footer": cut(lambda f: len(f.data) - 10),
    "cut_half": cut(lambda f: len(f.data) // 2),
    "cut_schema": cut(lambda f: 100),
    "cut_body": cut(lambda f: f.buffer()[1] + 9),
    "footer_length": put("i", lambda f: len(f.data) - 10, 1 << 30),
    "footer_length_negative": put("i", lambda f: len(f.data) - 10, -8),
    "footer_length_zero": put("i", lambda f: len(f.data) - 10, 0),
    "footer_root": put("I", lambda f: f.footer(), 0xFFFF_FFF0),
    "block_offset": put("q", lambda f: f.block(), HUGE),
    "block_offset_negative": put("q", lambda f: f.block(), -8),
    "block_metadata_length": put("i", lambda f: f.block() + 8, 1 << 30),
    "block_body_length": put("q", lambda f: f.block() + 16, HUGE),
    "body_length": put("q", lambda f: f.slot(f.first_message(3)[1], 3), HUGE),
    "metadata_length": put("i", lambda f: f.first_message(3)[0], 1 << 30),
    "metadata_length_negative": put("i", lambda f: f.first_message(3)[0], -64),
    "buffer_length": put("q", lambda f: f.buffer()[0] + 8, HUGE),
    "buffer_length_negative": put("q", lambda f: f.buffer()[0] + 8, -64),
    "buffer_length_short": put("q", lambda f: f.buffer()[0] + 8, 56),
    "buffer_offset": put("q", lambda f: f.buffer()[0], HUGE),
    "buffer_offset_overflow": put("q", lambda f: f.buffer()[0], (1 << 63) - 8),
    "node_length": put("q", lambda f: f.batch()[1] + 16 * CLOSE, 1 << 33),
    "node_nulls": put("q", lambda f: f.batch()[1] + 16 * CLOSE + 8, 9),
    "node_nulls_negative": put("q", lambda f: f.batch()[1] + 16 * CLOSE + 8, -2),
    "batch_length": put("q", lambda f: f.batch()[0], 7),
    "null_count_lies": put("q", lambda f: f.batch()[1] + 16 * (CLOSE + 1) + 8, 2),
    "prefix_short": put("q", lambda f: f.buffer()[1], 56),
    "prefix_huge": put("q", lambda f: f.buffer()[1], HUGE),
    "prefix_negative": put("q", lambda f: f.buffer()[1], -2),
    "frame": spoil_frame,
    "bomb": bomb,
}
