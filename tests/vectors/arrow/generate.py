#!/usr/bin/env python3
"""Writes the Arrow files of this folder with real producers; `--check` reads them back with other ones.

Needs what python/requirements-dev.txt pins. The tables and what they mean are plain Python in ../cases
and ../oracle, which import none of these programs; ../generate.py writes arrow.tsv from them. Producers
change the bytes they write, so the check compares meaning: each undamaged file is read by pyarrow, whose
values, nulls, types and metadata must be the table's; each damaged one must be its whole one, damaged.
"""

import struct
import sys
from pathlib import Path

import pyarrow as pa

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from big_endian import big_endian_stream  # noqa: E402
from cases.arrow_cases import FILES, File, file_name  # noqa: E402
from cases.arrow_tables import TABLES  # noqa: E402
from damage import DAMAGE, Bytes  # noqa: E402
from producers import VERSIONS, arrow_table, produced  # noqa: E402

LARGEST = 16 * 1024


def content(file: File) -> bytes:
    if file.damage == "big_endian":
        return big_endian_stream(TABLES[file.table])
    data = produced(file, TABLES[file.table])
    return DAMAGE[file.damage](Bytes(data)) if file.damage else data


def raw(column: pa.ChunkedArray) -> list[object]:
    """Values as the bits or counts they are, so that NaN equals NaN and -0.0 does not equal 0.0."""
    kind = column.type
    if pa.types.is_date32(kind):
        return column.cast(pa.int32()).to_pylist()
    if pa.types.is_temporal(kind):
        return column.cast(pa.int64()).to_pylist()
    if pa.types.is_floating(kind) and not pa.types.is_float16(kind):
        return [None if value is None else struct.pack("<d", value) for value in column.to_pylist()]
    return column.to_pylist()


def same_type(found: pa.DataType, wanted: pa.DataType) -> bool:
    """The very type, except of columns that are not ours to read: each producer has its own strings."""
    loose = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    if any(is_it(wanted) for is_it in loose):
        return any(is_it(found) for is_it in loose)
    if pa.types.is_dictionary(wanted) or pa.types.is_nested(wanted):
        return found.id == wanted.id or pa.types.is_large_list(found) or pa.types.is_string(found)
    return bool(found == wanted)


def faults(name: str, file: File, data: bytes) -> list[str]:
    """How an undamaged file differs from its table."""
    wanted = arrow_table(TABLES[file.table])
    reader = pa.ipc.open_stream(data) if file.stream else pa.ipc.open_file(data)
    found = reader.read_all()
    out = []
    if found.column_names != wanted.column_names:
        return [f"columns {found.column_names}, not {wanted.column_names}"]
    for one in wanted.schema:
        column = found[one.name]
        kind = found.schema.field(one.name)
        if not same_type(kind.type, one.type):
            out.append(f"{one.name} is {kind.type}, not {one.type}")
        elif file.producer == "pyarrow" and kind.nullable != one.nullable:
            out.append(f"{one.name}: nullable is {kind.nullable}")
        elif (
            same_type(pa.string(), one.type)
            or pa.types.is_dictionary(one.type)
            or pa.types.is_nested(one.type)
        ):
            if column.to_pylist() != wanted[one.name].to_pylist():
                out.append(f"{one.name}: other values")
        elif raw(column) != raw(wanted[one.name]):
            out.append(f"{one.name}: other values")
    metadata = {k.decode(): v.decode() for k, v in (found.schema.metadata or {}).items()}
    # pyarrow alone was given metadata; pandas adds its own.
    if (
        metadata != (TABLES[file.table].metadata if file.producer == "pyarrow" else {})
        and "pandas" not in metadata
    ):
        out.append(f"metadata {metadata}")
    if not file.stream and file.producer == "pyarrow" and file.batches:
        batches = [reader.get_batch(at).num_rows for at in range(reader.num_record_batches)]
        if batches != [length for length in file.batches if length >= 0]:
            out.append(f"batches of {batches}")
    return [f"{name}: {fault}" for fault in out]


def declares_big_endian(data: bytes) -> bool:
    """A second opinion on the schema laid by hand: it differs from the machine's by its endianness alone."""
    swapped, native = (
        pa.ipc.open_stream(data, options=pa.ipc.IpcReadOptions(ensure_native_endian=convert)).schema
        for convert in (False, True)
    )
    fields = [[(one.name, one.type, one.nullable) for one in schema] for schema in (swapped, native)]
    return fields[0] == fields[1] and len(fields[0]) == 6 and not swapped.equals(native)


def check() -> int:
    wanted = {file_name(name) for name in FILES}
    present = {path.name for kind in ("arrow", "arrows") for path in HERE.glob(f"*.{kind}")}
    found = [
        f"{name}: {'missing' if name in wanted else 'nobody asks for it'}"
        for name in sorted(wanted ^ present)
    ]
    for name, file in FILES.items():
        if file_name(name) not in present:
            continue
        data = (HERE / file_name(name)).read_bytes()
        if len(data) > LARGEST:
            found.append(f"{name}: {len(data)} bytes are too many for a case")
        if not file.damage or file.damage == "drop_end":
            found += faults(name, file, data)
        elif file.damage == "big_endian" and not declares_big_endian(data):
            found.append(f"{name}: pyarrow does not see big-endian columns")
        elif data != content(file):  # the damaged ones are small; written anew with new versions
            found.append(f"{name}: not what damaging it gives with these versions")
    print("\n".join(found), end="\n" if found else "")
    print(f"arrow: {len(FILES)} files, {len(found)} faults; checked with {VERSIONS}")
    return 1 if found else 0


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    if not arguments:
        for name, file in FILES.items():
            (HERE / file_name(name)).write_bytes(content(file))
    return check()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
