"""arrow/'s files: which table each holds, who writes it, what is done to its bytes, and what is asked of it.

arrow/generate.py makes the files; nothing here reads one. What a damaged file gives is said here, for
no table tells it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from oracle.arrow_rules import SCHEMAS, fingerprint, series_of
from oracle.model import (
    DESERIALIZATION_FAILED,
    EMPTY_INPUT,
    INVALID_ARGUMENT,
    INVALID_FORMAT,
    RESOURCE_LIMIT_EXCEEDED,
    Failure,
    Series,
)

from cases.arrow_tables import TABLES

Options = dict[str, object]


@dataclass(frozen=True)
class File:
    """One file. `damage` is done to the bytes after the producer wrote them."""

    table: str
    producer: str = "pyarrow"
    stream: bool = False
    compression: str = ""
    batches: tuple[int, ...] = ()
    legacy: bool = False  # metadata V4, and in streams no continuation marker
    damage: str = ""
    refusal: Failure | None = None
    asked: tuple[Options, ...] = field(default=({},))


IDENTIFIED: Options = {"symbol": "TEST", "timeframe": "M1", "price_type": "bid"}
MAPPED: Options = {"mmap": True}
BOTH = ({}, MAPPED)
# What producers that write no metadata are asked with.
FOREIGN = (IDENTIFIED, {**IDENTIFIED, **MAPPED})
DAMAGED = DESERIALIZATION_FAILED

FILES: dict[str, File] = {
    "plain": File(
        "plain",
        asked=(*BOTH, *({"check": c} for c in ("full", "order", "none")), {"mmap": True, "check": "full"}),
    ),
    "plain_lz4": File("plain", compression="lz4"),
    "plain_zstd": File("plain", compression="zstd"),
    "plain_v4": File("plain", legacy=True, asked=BOTH),
    "plain_batches": File("plain", batches=(3, 1, 0, 4), asked=BOTH),
    "plain_batches_lz4": File("plain", batches=(3, 5), compression="lz4"),
    "plain_batches_zstd": File("plain", batches=(1, 7), compression="zstd"),
    "plain_stream": File("plain", stream=True, asked=BOTH),
    "plain_stream_lz4": File("plain", stream=True, compression="lz4"),
    "plain_stream_zstd": File("plain", stream=True, compression="zstd"),
    "plain_stream_v4": File("plain", stream=True, legacy=True, asked=BOTH),
    "plain_stream_batches": File("plain", stream=True, batches=(2, 6), asked=BOTH),
    # No end marker: a stream may end with its file.
    "plain_stream_endless": File("plain", stream=True, damage="drop_end"),
    "compressed_mapped": File(
        "plain", compression="zstd", refusal=Failure(INVALID_ARGUMENT, "mmap"), asked=(MAPPED,)
    ),
    "compressed_mapped_lz4": File(
        "plain", compression="lz4", refusal=Failure(INVALID_ARGUMENT, "mmap"), asked=(MAPPED,)
    ),
    "polars": File("no_metadata", "polars", asked=FOREIGN),
    "polars_lz4": File("no_metadata", "polars", compression="lz4", asked=(IDENTIFIED,)),
    "polars_zstd": File("no_metadata", "polars", compression="zstd", asked=(IDENTIFIED,)),
    "polars_stream": File("no_metadata", "polars", stream=True, asked=FOREIGN),
    "polars_stream_lz4": File("no_metadata", "polars", stream=True, compression="lz4", asked=(IDENTIFIED,)),
    "polars_batches": File("no_metadata", "polars", batches=(4, 4), asked=FOREIGN),
    "polars_nulls": File(
        "valid_prices_null", "polars", asked=({**IDENTIFIED}, {**IDENTIFIED, "allow_missing": True})
    ),
    "polars_extras": File("extras_polars", "polars", asked=FOREIGN),
    "polars_ns": File("unit_ns", "polars", asked=FOREIGN),
    "polars_date": File("date32", "polars", asked=({**IDENTIFIED, "timeframe": "D1"},)),
    "duckdb": File("no_metadata", "duckdb", stream=True, asked=FOREIGN),
    "duckdb_file": File("volume_null_integer", "duckdb", asked=FOREIGN),
    "duckdb_extras": File("extras_duckdb", "duckdb", asked=(IDENTIFIED,)),
    "pandas_index": File("index_pandas", "pandas", asked=FOREIGN),
    "pandas_index_zone": File("index_pandas_zone", "pandas", compression="lz4", asked=(IDENTIFIED,)),
    "pandas_named_index": File("named_pandas", "pandas", stream=True, asked=(IDENTIFIED,)),
    "pandas_feather": File("feather_pandas", "feather", compression="lz4", asked=(IDENTIFIED,)),
    "nanoarrow": File("plain_nanoarrow", "nanoarrow", stream=True, asked=FOREIGN),
    "no_metadata": File(
        "no_metadata",
        asked=(
            *BOTH,
            IDENTIFIED,
            {"timeframe": "M1"},
            {"price_type": "bid"},
            {"timeframe": "M1", "price_type": "ask"},
            {"symbol": "EURUSD", "timeframe": "90min", "price_type": "ask", "mmap": True},
        ),
    ),
    "only_symbol": File("only_symbol", asked=({}, {"timeframe": "M1", "price_type": "bid"}, IDENTIFIED)),
    "no_price_type": File("no_price_type", asked=({}, {"price_type": "ask"})),
    "ask_m5": File(
        "ask_m5", asked=({}, {"symbol": "X"}, {"timeframe": "M1"}, {"price_type": "bid"}, IDENTIFIED)
    ),
    "bad_timeframe": File("bad_timeframe", asked=({}, {"timeframe": "M1"})),
    "bad_price_type": File("bad_price_type", asked=({}, {"price_type": "ask"})),
    "strict": File(
        "strict",
        asked=(*BOTH, {"strict": True}, {"strict": True, "mmap": True}, {"strict": True, "symbol": "X"}),
    ),
    "strict_stream": File("strict", stream=True, asked=({"strict": True},)),
    "strict_lz4": File("strict", compression="lz4", asked=({"strict": True},)),
    "strict_volume_null": File(
        "strict_volume_null", asked=({"strict": True}, {"strict": True, "mmap": True})
    ),
    "strict_ohlcv": File(
        "strict_ohlcv",
        asked=(*BOTH, {"strict": True}, {"allow_missing": True}, {"strict": True, "allow_missing": True}),
    ),
    "version_1_9": File("version_1_9"),
    "version_2": File("version_2", asked=({}, IDENTIFIED)),
    "price_null": File("price_null", asked=({}, {"allow_missing": True}, {"check": "none"}, MAPPED)),
    "price_nulls": File("price_nulls", asked=({}, {"allow_missing": True, "mmap": True})),
    "price_nan": File(
        "price_nan",
        asked=({}, MAPPED, {"allow_missing": True}, {"check": "order"}, {"mmap": True, "check": "full"}),
    ),
    "price_infinite": File("price_infinite", asked=({}, MAPPED, {"check": "none"}, {"allow_missing": True})),
    "volume_infinite": File("volume_infinite", asked=BOTH),
    "time_order": File("time_order", asked=({}, MAPPED, {"check": "none"}, {"mmap": True, "check": "none"})),
    "valid_prices_null": File("valid_prices_null", asked=({}, {"allow_missing": True})),
    "valid_none": File("valid_none", asked=({}, {"allow_missing": True})),
    "valid_case": File("valid_case", asked=(*BOTH, {"allow_missing": True})),
    "volume_null": File("volume_null", asked=(*BOTH, {"allow_missing": True})),
    "volume_null_batches": File("volume_null", batches=(1, 2, 5), asked=BOTH),
    "price_null_batches": File("price_null", batches=(3, 5), asked=({}, {"allow_missing": True})),
    "valid_batches": File("valid_case", batches=(3, 5), asked=({}, {"allow_missing": True})),
    "sliced": File("sliced", asked=BOTH),
    "sliced_stream": File("sliced", stream=True),
    "sliced_zstd": File("sliced", compression="zstd"),
    "extras_stream": File("extras", stream=True, batches=(4, 4)),
    "extras_zstd": File("extras", compression="zstd"),
    "empty": File("empty", asked=BOTH),
    "empty_stream": File("empty", stream=True),
    "no_batches": File("empty", batches=(-1,), asked=BOTH),
    "no_batches_stream": File("empty", stream=True, batches=(-1,)),
}
# Every table not named above has a file of its own: a nullable one, mapped where that says more.
MAPPED_TOO = (
    *("unit_ns", "unit_ns_fine", "unit_s", "date32", "int64_time", "time_null", "index"),
    *("order", "extras", "extras_between", "no_volume", "volume_all_null", "volume_null_integer"),
    *("float32", "int64", "uint8"),
)
for _name in TABLES:
    if _name != "constant" and not any(file.table == _name for file in FILES.values()):
        _strict = ({"strict": True},) if _name.startswith("almost_") else ()
        FILES[_name] = File(_name, asked=(*(BOTH if _name in MAPPED_TOO else ({},)), *_strict))

HERE = "neither an Arrow IPC file nor a stream"


def damaged(
    damage: str, refusal: Failure | int, *asked: Options, table: str = "plain", **how: object
) -> File:
    refusal = Failure(refusal) if isinstance(refusal, int) else refusal
    return File(table, damage=damage, refusal=refusal, asked=asked or BOTH, **how)  # type: ignore[arg-type]


FILES |= {
    "big_endian": damaged("big_endian", Failure(INVALID_FORMAT, "endian"), stream=True),
    "version_v3": damaged("version_v3", INVALID_FORMAT, stream=True),
    "nothing": damaged("nothing", EMPTY_INPUT),
    "one_byte": damaged("one_byte", Failure(DAMAGED, HERE)),
    "magic_alone": damaged("magic_alone", DAMAGED),
    "magic_wrong": damaged("magic_wrong", Failure(DAMAGED, HERE)),
    "magic_end_wrong": damaged("magic_end_wrong", DAMAGED),
    "magic_parquet": damaged("magic_parquet", Failure(DAMAGED, HERE, "Parquet")),
    "magic_feather": damaged("magic_feather", Failure(DAMAGED, HERE, "Feather")),
    "text_csv": damaged("text_csv", Failure(DAMAGED, HERE)),
    "zeros": damaged("zeros", DAMAGED),
    "cut_footer": damaged("cut_footer", DAMAGED),
    "cut_half": damaged("cut_half", DAMAGED),
    "cut_half_stream": damaged("cut_half", DAMAGED, stream=True),
    "cut_half_lz4": damaged("cut_half", DAMAGED, {}, stream=True, compression="lz4"),
    "cut_schema_stream": damaged("cut_schema", DAMAGED, stream=True),
    "cut_body_stream": damaged("cut_body", DAMAGED, stream=True),
    "footer_length": damaged("footer_length", DAMAGED),
    "footer_length_negative": damaged("footer_length_negative", DAMAGED),
    "footer_length_zero": damaged("footer_length_zero", DAMAGED),
    "footer_root": damaged("footer_root", DAMAGED),
    "block_offset": damaged("block_offset", DAMAGED),
    "block_offset_negative": damaged("block_offset_negative", DAMAGED),
    "block_metadata_length": damaged("block_metadata_length", DAMAGED),
    "block_body_length": damaged("block_body_length", DAMAGED),
    "body_length": damaged("body_length", DAMAGED, stream=True),
    "metadata_length": damaged("metadata_length", DAMAGED, stream=True),
    "metadata_length_negative": damaged("metadata_length_negative", DAMAGED, stream=True),
    "buffer_length": damaged("buffer_length", Failure(DAMAGED, "close")),
    "buffer_length_stream": damaged("buffer_length", Failure(DAMAGED, "close"), stream=True),
    "buffer_length_negative": damaged("buffer_length_negative", Failure(DAMAGED, "close")),
    "buffer_length_short": damaged("buffer_length_short", Failure(DAMAGED, "close")),
    "buffer_offset": damaged("buffer_offset", Failure(DAMAGED, "close")),
    "buffer_offset_overflow": damaged("buffer_offset_overflow", Failure(DAMAGED, "close")),
    "node_length": damaged("node_length", Failure(DAMAGED, "close")),
    "node_nulls": damaged("node_nulls", Failure(DAMAGED, "close")),
    "node_nulls_negative": damaged("node_nulls_negative", Failure(DAMAGED, "close")),
    "batch_length": damaged("batch_length", DAMAGED),
    "null_count_lies": damaged(
        "null_count_lies",
        Failure(DAMAGED, "volume"),
        {},
        {"mmap": True, "check": "full"},
        table="volume_null",
    ),
    "lz4_length": damaged("prefix_short", Failure(DAMAGED, "close"), {}, compression="lz4"),
    "lz4_length_huge": damaged(
        "prefix_huge", Failure(RESOURCE_LIMIT_EXCEEDED, "close"), {}, compression="lz4"
    ),
    "lz4_length_negative": damaged("prefix_negative", Failure(DAMAGED, "close"), {}, compression="lz4"),
    "lz4_frame": damaged("frame", Failure(DAMAGED, "close"), {}, compression="lz4"),
    "zstd_length": damaged("prefix_short", Failure(DAMAGED, "close"), {}, compression="zstd"),
    "zstd_length_huge": damaged(
        "prefix_huge", Failure(RESOURCE_LIMIT_EXCEEDED, "close"), {}, compression="zstd"
    ),
    "zstd_frame": damaged("frame", Failure(DAMAGED, "close"), {}, compression="zstd"),
    "zstd_bomb": damaged("bomb", Failure(DAMAGED, "close"), {}, compression="zstd"),
    "zstd_rows": File("constant", compression="zstd", refusal=Failure(RESOURCE_LIMIT_EXCEEDED)),
}


def file_name(name: str) -> str:
    return f"{name}.{'arrows' if FILES[name].stream else 'arrow'}"


def outcomes() -> Iterator[tuple[str, str, str, Series | Failure]]:
    """(case, file, args, what reading it gives)."""
    for name, file in FILES.items():
        for options in file.asked:
            shown = {k: str(v).lower() if isinstance(v, bool) else v for k, v in options.items()}
            args = " ".join(f"{key}={value}" for key, value in shown.items()) or "-"
            case = "+".join([name, *(f"{key}={value}" for key, value in shown.items())])
            wanted = {k: v for k, v in options.items() if k != "mmap"}
            if options.get("mmap"):
                wanted.setdefault("check", "order")
            try:
                if file.refusal is not None:
                    raise file.refusal
                yield case, file_name(name), args, series_of(TABLES[file.table], **wanted)  # type: ignore[arg-type]
            except Failure as failure:
                yield case, file_name(name), args, failure


def schema_rows() -> Iterator[tuple[str, ...]]:
    for (name, version), fields in SCHEMAS.items():
        for place, (called, kind, nullable) in enumerate(fields):
            yield name, version, str(place), called, kind, str(nullable).lower(), fingerprint(fields)
