"""Writes a plain table with the programs that people use: pyarrow, Polars, DuckDB, pandas, nanoarrow."""

import io
from typing import Any

import duckdb
import nanoarrow
import nanoarrow.ipc
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from cases.arrow_cases import File
from cases.arrow_tables import LONGER
from oracle.arrow_rules import Field, Table

TYPES: dict[str, pa.DataType] = {
    **{
        name: getattr(pa, name)()
        for name in ("float32", "float64", "date32", "date64", "string", "string_view", "null")
    },
    **{
        f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")()
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
    "bool": pa.bool_(),
    "float16": pa.float16(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
    "list": pa.list_(pa.float64()),
    "struct": pa.struct([("bid", pa.float64()), ("who", pa.string())]),
    "decimal128": pa.decimal128(10, 2),
    "duration": pa.duration("us"),
}


def type_of(kind: str) -> pa.DataType:
    if kind.startswith("timestamp["):
        unit, _, zone = kind[10:-1].partition(", ")
        return pa.timestamp(unit, zone or None)
    return TYPES[kind]


def array(one: Field) -> pa.Array:
    kind, values = type_of(one.type), list(one.values)
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        # Raw counts: no calendar takes part.
        return pa.array(values, pa.int32() if one.type == "date32" else pa.int64()).cast(kind)
    if one.type == "dictionary":
        return pa.array(values, pa.string()).dictionary_encode()
    if one.type == "float16":
        return pa.array([np.float16(value) for value in values], kind)
    return pa.array(values, kind, from_pandas=False)  # a NaN is not a null


def arrow_table(table: Table) -> pa.Table:
    fields = [pa.field(one.name, type_of(one.type), one.nullable) for one in table.fields]
    return pa.table([array(one) for one in table.fields], schema=pa.schema(fields, table.metadata or None))


def written(table: pa.Table, file: File) -> bytes:
    version = pa.ipc.MetadataVersion.V4 if file.legacy else pa.ipc.MetadataVersion.V5
    options = pa.ipc.IpcWriteOptions(
        metadata_version=version,
        use_legacy_format=file.legacy and file.stream,
        compression=file.compression or None,
    )
    sink = io.BytesIO()
    open_writer = pa.ipc.new_stream if file.stream else pa.ipc.new_file
    with open_writer(sink, table.schema, options=options) as writer:
        start = 0
        for length in file.batches or (len(table),):
            if length < 0:
                break
            batches = table.slice(start, length).to_batches()
            writer.write_batch(batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema))
            start += length
        assert start == len(table)
    return sink.getvalue()


def by_pyarrow(file: File, table: pa.Table) -> bytes:
    return written(table, file)


def by_polars(file: File, table: pa.Table) -> bytes:
    frame, sink = pl.from_arrow(table), io.BytesIO()
    assert isinstance(frame, pl.DataFrame)
    compression: Any = file.compression or "uncompressed"
    if file.stream:
        frame.write_ipc_stream(sink, compression=compression)
    else:
        frame.write_ipc(
            sink, compression=compression, record_batch_size=file.batches[0] if file.batches else None
        )
    return sink.getvalue()


def by_duckdb(file: File, table: pa.Table) -> bytes:
    """DuckDB's own columns; the container is pyarrow's, for DuckDB writes none."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register("given", table)
        connection.execute("create table candles as select * from given")
        return written(connection.sql("select * from candles").to_arrow_table(), file)


def by_pandas(file: File, table: pa.Table) -> bytes:
    """A frame whose index is the time."""
    time = table.column_names[-1]
    frame = pd.DataFrame({name: table[name].to_numpy() for name in table.column_names[:-1]})
    frame.index = pd.DatetimeIndex(table[time].to_pandas(), name=None if time.startswith("__index") else time)
    return written(pa.Table.from_pandas(frame), file)


def by_feather(file: File, table: pa.Table) -> bytes:
    sink = io.BytesIO()
    table.to_pandas().to_feather(sink, compression=file.compression or "uncompressed")
    return sink.getvalue()


def by_nanoarrow(file: File, table: pa.Table) -> bytes:
    assert file.stream
    sink = io.BytesIO()
    with nanoarrow.ipc.StreamWriter.from_writable(sink) as writer:
        writer.write_stream(table)
    return sink.getvalue()


PRODUCERS = {
    "pyarrow": by_pyarrow,
    "polars": by_polars,
    "duckdb": by_duckdb,
    "pandas": by_pandas,
    "feather": by_feather,
    "nanoarrow": by_nanoarrow,
}
VERSIONS = {module.__name__: module.__version__ for module in (pa, pl, duckdb, pd, nanoarrow)}


def produced(file: File, table: Table) -> bytes:
    whole = arrow_table(LONGER.get(file.table, table))
    rows = whole.slice(len(whole) - len(table)) if file.table in LONGER else whole
    return PRODUCERS[file.producer](file, rows)
