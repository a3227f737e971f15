"""The tables that lie in arrow/'s files, as plain Python. Each is about one thing."""

from dataclasses import replace
from typing import Any

from oracle.arrow_rules import INDEX, Field, Table
from oracle.model import DAY, INT64_MAX, MINUTE, NAN, PRICES

from cases.series_data import minutes, priced

STAMPS = minutes(0, 1, 2, 5, 6, 20, 21, 22)
ROWS = len(STAMPS)
BASE = priced(STAMPS)
IDENTITY = {"symbol": "TEST", "timeframe": "M1", "price_type": "bid"}
OURS = {"schema_name": "symbol_slice", "schema_version": "1.0.0", **IDENTITY}
OHLCV = {**OURS, "schema_name": "ohlcv"}
UTC = "timestamp[us, UTC]"


def float64(name: str, values: list[Any] | None = None, nullable: bool = True) -> Field:
    return Field(name, "float64", tuple(BASE.column(name) if values is None else values), nullable)


def time(
    kind: str = UTC, name: str = "timestamp", stamps: list[int] | None = None, nullable: bool = True
) -> Field:
    """The usual stamps in another unit; they are whole minutes, and whole days for dates."""
    one = Field(name, kind, (), nullable)
    assert one.step is not None
    rows = [STAMPS[0] + DAY * row for row in range(ROWS)] if kind == "date32" else STAMPS
    counts = tuple(stamp / one.step for stamp in rows) if stamps is None else tuple(stamps)
    return replace(one, values=tuple(int(count) for count in counts))


def candles(
    timestamp: Field | None = None, *more: Field, meta: dict[str, str] = IDENTITY, nullable: bool = True
) -> Table:
    prices = (float64(name, nullable=nullable) for name in PRICES)
    first = timestamp or time(nullable=nullable)
    return Table((first, *prices, *(more or (float64("volume"),))), dict(meta))


def with_null(values: list[Any], *rows: int) -> list[Any]:
    return [None if row in rows else value for row, value in enumerate(values)]


def column(name: str, kind: str, values: list[Any]) -> Field:
    return Field(name, kind, tuple(values))


def part(table: Table, start: int, stop: int | None = None) -> Table:
    return replace(table, fields=tuple(replace(one, values=one.values[start:stop]) for one in table.fields))


def flat(kind: str, *volumes: int) -> Table:
    """Prices that are integers, so that each type can hold them."""
    rows = range(ROWS)
    prices = ((name, [add + row for row in rows]) for name, add in zip(PRICES, (20, 30, 10, 25), strict=True))
    counts = [*volumes, *range(ROWS)][:ROWS]
    return candles().to(
        **{name: column(name, kind, values) for name, values in prices}, volume=column("volume", kind, counts)
    )


VOLUMES = list(BASE.column("volume"))
STRICT = candles(meta=OURS, nullable=False)
VALID = [True, True, False, True, True, False, True, True]
STRICT_OHLCV = candles(
    time(nullable=False),
    float64("volume", nullable=False),
    Field("valid", "bool", tuple(VALID), nullable=False),
    meta=OHLCV,
    nullable=False,
)
TEXTS = ["a", "", "b", None, "\u20ac", "a", "b", "a"]
EXTRAS = (
    column("note", "string", TEXTS),
    column("venue", "dictionary", TEXTS),
    column("depth", "list", [[1.5], [], None, [2.5, 3.5], [0.5], [1.0], [2.0], []]),
    column("quote", "struct", [{"bid": 1.0 + row, "who": "x"} for row in range(ROWS)]),
    column("id", "int32", list(range(ROWS))),
    column("spread", "decimal128", [None] * ROWS),
    column("nothing", "null", [None] * ROWS),
)


def reordered(table: Table) -> Table:
    names = ("volume", "close", "low", "timestamp", "high", "open")
    return replace(table, fields=tuple(table.named(name)[0] for name in names))


def renamed(table: Table, **names: str) -> Table:
    return replace(
        table, fields=tuple(replace(one, name=names.get(one.name, one.name)) for one in table.fields)
    )


def price_of(name: str, kind: str) -> Table:
    values = {"string": ["1.5"] * ROWS, "dictionary": ["1.5"] * ROWS, "bool": [True] * ROWS}
    return candles().to(**{name: column(name, kind, values.get(kind, list(range(ROWS))))})


def zones() -> dict[str, Table]:
    shown = {
        "none": "timestamp[us]",
        "offset": "timestamp[us, +02:00]",
        "place": "timestamp[us, Europe/Berlin]",
    }
    return {f"zone_{name}": candles(time(kind)) for name, kind in shown.items()}


TABLES: dict[str, Table] = {
    "plain": candles(),
    "strict": STRICT,
    "strict_ohlcv": STRICT_OHLCV,
    "no_metadata": candles(meta={}),
    "only_symbol": candles(meta={"symbol": "EURUSD"}),
    "no_price_type": candles(meta={"symbol": "EURUSD", "timeframe": "M1"}),
    "ask_m5": candles(meta={"symbol": "EURUSD", "timeframe": "5min", "price_type": "ask"}),
    "no_symbol": candles(meta={"timeframe": "M1", "price_type": "bid"}),
    "pandas_metadata": candles(meta={**IDENTITY, "pandas": '{"index_columns": [], "creator": "x"}'}),
    "bad_timeframe": candles(meta={**IDENTITY, "timeframe": "M7x"}),
    "bad_price_type": candles(meta={**IDENTITY, "price_type": "mid"}),
    "version_1_9": candles(meta={**OURS, "schema_version": "1.9.0"}),
    "version_2": candles(meta={**OURS, "schema_version": "2.0.0"}),
    **zones(),
    "unit_s": candles(time("timestamp[s, UTC]")),
    "unit_ms": candles(time("timestamp[ms]")),
    "unit_ns": candles(time("timestamp[ns, UTC]")),
    "unit_ns_fine": candles(
        time("timestamp[ns]", stamps=[stamp * 1000 + (row == 5) for row, stamp in enumerate(STAMPS)])
    ),
    "unit_ns_before_1970": candles(time("timestamp[ns]", stamps=[(row - 7) * 1000 for row in range(ROWS)])),
    "unit_s_too_far": candles(
        time("timestamp[s]", stamps=[*(stamp // 10**6 for stamp in STAMPS[:7]), INT64_MAX // 10**6 + 1])
    ),
    "unit_ms_too_far": candles(
        time("timestamp[ms]", stamps=[-(INT64_MAX // 1000) - 1, *(stamp // 1000 for stamp in STAMPS[1:])])
    ),
    "unit_ms_ends": candles(
        time("timestamp[ms]", stamps=[-(INT64_MAX // 1000), *range(6), INT64_MAX // 1000])
    ),
    "unit_us_ends": candles(time("timestamp[us]", stamps=[-(2**63), *range(-3, 3), INT64_MAX])),
    "date32": candles(time("date32"), meta={**IDENTITY, "timeframe": "D1"}),
    "date64": candles(time("date64")),
    "int64_time": candles(time("int64")),
    "int64_seconds": candles(time("int64", stamps=[stamp // 10**6 for stamp in STAMPS])),
    "int64_from_1971": candles(
        time("int64", stamps=[MINUTE * row - 31 for row in range(7)] + [31_536_000_000_000])
    ),
    "int32_time": candles(column("timestamp", "int32", list(range(ROWS)))),
    "float_time": candles(column("timestamp", "float64", [float(stamp) for stamp in STAMPS])),
    "string_time": candles(column("timestamp", "string", ["2024-03-01"] * ROWS)),
    "duration_time": candles(column("time", "duration", list(range(ROWS)))),
    "time_null": candles(replace(time(), values=tuple(with_null(list(STAMPS), 3)))),
    "time_order": candles(time(stamps=[*STAMPS[:6], STAMPS[5], STAMPS[7]])),
    "name_time": renamed(candles(), timestamp="Time"),
    "name_datetime": renamed(
        candles(), timestamp="DATETIME", open="Open", high="HIGH", close="cLOSE", volume="Volume"
    ),
    "name_date": renamed(candles(time("date32")), timestamp="Date"),
    "name_utc_time": renamed(candles(), timestamp="UTC time"),
    "time_twice": candles(time(), float64("volume"), time(name="datetime")),
    "time_alone": renamed(candles(), timestamp="when"),
    "time_alone_twice": renamed(
        candles(time(), float64("volume"), time("timestamp[s]", name="until")), timestamp="when"
    ),
    "time_alone_integer": renamed(candles(time("int64")), timestamp="when"),
    "index": renamed(candles(), timestamp=INDEX),
    "index_and_timestamps": renamed(
        candles(time(), float64("volume"), time("timestamp[s]", name="until")), timestamp=INDEX
    ),
    "index_and_time": candles(time(), float64("volume"), column(INDEX, "int64", list(range(ROWS)))),
    "order": reordered(candles()),
    "extras": candles(time(), float64("volume"), *EXTRAS),
    "extras_between": candles(time(), *EXTRAS[:4], float64("volume"), EXTRAS[4]),
    "no_volume": candles().to(volume=None),
    "volume_all_null": candles().to(volume=float64("volume", [None] * ROWS)),
    "volume_all_nan": candles().to(volume=float64("volume", [NAN] * ROWS)),
    "volume_null": candles().to(volume=float64("volume", with_null(VOLUMES, 0, 3, 7))),
    "volume_null_integer": candles().to(volume=column("volume", "int64", with_null(list(range(ROWS)), 2, 4))),
    "volume_infinite": candles().to(volume=float64("volume", [*VOLUMES[:7], float("inf")])),
    "price_null": candles().to(high=float64("high", with_null(BASE.column("high"), 4))),
    "price_nulls": candles().to(
        close=float64("close", with_null(BASE.column("close"), 2)),
        low=float64("low", with_null(BASE.column("low"), 2, 6)),
    ),
    "price_nan": candles().to(low=float64("low", [*BASE.low[:3], NAN, *BASE.low[4:]])),
    "price_infinite": candles().to(open=float64("open", [*BASE.open[:7], float("-inf")])),
    "price_zeros": candles().to(
        open=float64("open", [0.0, -0.0] * 4), low=float64("low", [-0.0, 5e-324] * 4)
    ),
    "price_string": price_of("close", "string"),
    "price_dictionary": price_of("open", "dictionary"),
    "price_bool": price_of("high", "bool"),
    "price_decimal": price_of("low", "decimal128"),
    "price_half": price_of("open", "float16"),
    "price_timestamp": candles().to(close=time(name="close")),
    "volume_string": price_of("volume", "string"),
    "price_twice": candles(time(), float64("volume"), replace(float64("close"), name="CLOSE")),
    "volume_twice": candles(time(), float64("volume"), replace(float64("volume"), name="Volume")),
    "price_absent": candles().to(low=None),
    "float32": candles().to(
        **{name: column(name, "float32", [1.0 + row / 8 for row in range(ROWS)]) for name in ("open", "low")},
        volume=column("volume", "float32", [16777216.0, 0.1, *VOLUMES[2:]]),
    ),
    **{
        kind: flat(kind)
        for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    },
    "int64_largest": flat("int64", 2**53, -(2**53)),
    "int64_too_large": flat("int64", 1, 2**53 + 1),
    "int64_too_small": flat("int64", -(2**53) - 2),
    "uint64_too_large": flat("uint64", 2**64 - 1),
    "int64_price_too_large": candles().to(
        high=column("high", "int64", [2**60] * ROWS), low=column("low", "int64", [2**62] * ROWS)
    ),
    "valid_text": candles(time(), float64("volume"), column("valid", "string", ["no"] * ROWS)),
    "valid_case": candles(time(), float64("volume"), column("VALID", "bool", VALID)),
    "valid_all": candles(time(), float64("volume"), column("valid", "bool", [True] * ROWS)),
    "valid_none": candles(time(), float64("volume"), column("valid", "bool", [False] * ROWS)),
    "valid_null": candles(time(), float64("volume"), column("valid", "bool", with_null(VALID, 6))),
    "valid_prices_null": candles(
        time(), float64("volume", with_null(VOLUMES, 2, 5)), column("valid", "bool", VALID)
    ).to(open=float64("open", with_null(BASE.open, 2, 5)), high=float64("high", with_null(BASE.high, 2))),
    "almost_order": reordered(STRICT),
    "almost_type": STRICT.to(volume=replace(float64("volume"), type="float32", values=tuple([1.0] * ROWS))),
    "almost_zone": STRICT.to(timestamp=time("timestamp[us, Etc/UTC]", nullable=False)),
    "almost_unit": STRICT.to(timestamp=time("timestamp[ms, UTC]", nullable=False)),
    "almost_nullable": STRICT.to(close=float64("close", nullable=True)),
    "almost_name": renamed(STRICT, high="High"),
    "almost_extra": replace(STRICT, fields=(*STRICT.fields, column("note", "string", TEXTS))),
    "almost_short": STRICT.to(volume=None),
    "almost_nameless": replace(STRICT, metadata=IDENTITY),
    "almost_unversioned": replace(STRICT, metadata={k: v for k, v in OURS.items() if k != "schema_version"}),
    "almost_symbol": replace(STRICT, metadata={k: v for k, v in OURS.items() if k != "symbol"}),
    "almost_unknown": replace(STRICT, metadata={**OURS, "schema_name": "renko"}),
    "strict_volume_null": STRICT.to(volume=float64("volume", with_null(VOLUMES, 1, 2))),
    "constant": Table(
        (
            Field("timestamp", UTC, (STAMPS[0],) * 200_000),  # that they do not increase is never seen
            *(Field(name, "float64", (1.0,) * 200_000) for name in PRICES),
        ),
        IDENTITY,
    ),
}
TABLES["empty"] = part(TABLES["plain"], 0, 0)
TABLES["empty_no_volume"] = part(TABLES["no_volume"], 0, 0)
TABLES["one"] = part(TABLES["plain"], 0, 1)
TABLES["sliced"] = part(
    candles(time(), float64("volume", with_null(VOLUMES, 4)), column("valid", "bool", VALID)), 3
)
# What is written is longer, and these are rows 3 to 8 of it.
LONGER = {"sliced": candles(time(), float64("volume", with_null(VOLUMES, 4)), column("valid", "bool", VALID))}


# What producers make of a table that is theirs: their names, types and metadata.
def pandas_table(table: Table, index: str) -> Table:
    """pandas writes the index last."""
    stamps = table.fields[0]
    return Table((*table.fields[1:], replace(stamps, name=index)), {})


TABLES["index_pandas"] = pandas_table(candles(time("timestamp[ns]")), INDEX)
TABLES["index_pandas_zone"] = pandas_table(candles(time("timestamp[ns, UTC]")), INDEX)
TABLES["named_pandas"] = pandas_table(candles(time("timestamp[us, Asia/Tokyo]")), "Date")
TABLES["feather_pandas"] = candles(time("timestamp[ns]"), float64("volume"), meta={})
TABLES["plain_nanoarrow"] = candles(meta={})
TABLES["extras_polars"] = candles(
    time(), float64("volume"), *EXTRAS[:4], column("text", "string_view", TEXTS), meta={}
)
TABLES["extras_duckdb"] = candles(
    time("timestamp[us]"), float64("volume"), *EXTRAS[:1], *EXTRAS[2:5], meta={}
)
