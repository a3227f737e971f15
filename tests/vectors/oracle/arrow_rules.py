"""What a table with Arrow's types is as a series, whatever brought it here.

A table is plain Python: names, types as Arrow prints them, and lists in which None is null. Times are
the raw integers of their unit. Which bytes say so is not this file's matter.
"""

import hashlib
import json
import struct
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from oracle.model import (
    CONSTRAINT_VIOLATION,
    DAY,
    INT64_MAX,
    INT64_MIN,
    INVALID_ARGUMENT,
    INVALID_FORMAT,
    NAN,
    PRICES,
    SCHEMA_VIOLATION,
    TYPE_MISMATCH,
    Failure,
    Series,
)
from oracle.rules import check_series
from oracle.text import ascii_lower, parse_timeframe, parse_timestamp

TIME_NAMES = ("timestamp", "time", "datetime", "date", "utc time")
INDEX = "__index_level_0__"
# Microseconds in one step of each type that can be a time.
STEPS = {"s": Fraction(10**6), "ms": Fraction(1000), "us": Fraction(1), "ns": Fraction(1, 1000)}
PLAIN_STEPS = {"date32": Fraction(DAY), "date64": Fraction(1000), "int64": Fraction(1)}
INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
FIRST_OF_1971 = parse_timestamp("1971-01-01")

SchemaField = tuple[str, str, bool]
CANDLE: tuple[SchemaField, ...] = (
    ("timestamp", "timestamp[us, UTC]", False),
    *((name, "float64", False) for name in PRICES),
)
SCHEMAS: dict[tuple[str, str], tuple[SchemaField, ...]] = {
    ("symbol_slice", "1.0.0"): (*CANDLE, ("volume", "float64", True)),
    ("ohlcv", "1.0.0"): (*CANDLE, ("volume", "float64", False), ("valid", "bool", False)),
}


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    values: tuple[Any, ...]
    nullable: bool = True

    @property
    def step(self) -> Fraction | None:
        """Microseconds in one step, if this can be a time."""
        if self.type.startswith("timestamp["):
            return STEPS[self.type[10:-1].partition(",")[0]]
        return PLAIN_STEPS.get(self.type)


@dataclass(frozen=True)
class Table:
    fields: tuple[Field, ...]
    metadata: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.fields[0].values)

    def named(self, *names: str) -> list[Field]:
        return [one for one in self.fields if ascii_lower(one.name) in names]

    def to(self, **changes: Field | None) -> "Table":
        """The same table with fields replaced by name; None takes one away."""
        kept = [changes.get(one.name, one) for one in self.fields]
        return replace(self, fields=tuple(one for one in kept if one is not None))


def fingerprint(fields: tuple[SchemaField, ...]) -> str:
    listed = [{"name": name, "type": kind, "nullable": nullable} for name, kind, nullable in fields]
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode("ascii")).hexdigest()


def violation(*fragments: object) -> Failure:
    return Failure(SCHEMA_VIOLATION, *fragments)


def time_field(table: Table) -> Field:
    found = table.named(*TIME_NAMES)
    if len(found) > 1:
        raise violation(*(one.name for one in found))
    if not found:
        found = [one for one in table.fields if one.name == INDEX and one.step]
    if not found:
        found = [one for one in table.fields if one.type.startswith("timestamp[")]
        if len(found) != 1:  # it lists what there is, with types
            raise violation(*(part for one in table.fields for part in (one.name, one.type)))
    if found[0].step is None:
        raise violation(found[0].name, found[0].type)
    return found[0]


def number_field(table: Table, name: str) -> Field | None:
    found = table.named(name)
    if len(found) > 1:
        raise violation(*dict.fromkeys(one.name for one in found))
    if not found:
        if name == "volume":
            return None
        raise violation(name)
    if found[0].type not in ("float64", "float32", *INTEGERS):
        raise violation(found[0].name, found[0].type)
    return found[0]


def valid_rows(table: Table) -> Field | None:
    found = [one for one in table.named("valid") if one.type == "bool"]
    return found[0] if found else None


def check_strict(table: Table) -> None:
    """To the letter: the first difference from the schema that the metadata names."""
    meta = table.metadata
    for key in ("schema_name", "schema_version"):
        if key not in meta:
            raise violation(key)
    wanted = SCHEMAS.get((meta["schema_name"], meta["schema_version"]))
    if wanted is None:
        raise violation(meta["schema_name"], meta["schema_version"])
    for place, (name, kind, nullable) in enumerate(wanted):
        if place >= len(table.fields):
            raise violation(name)
        one = table.fields[place]
        if one.name != name:
            raise violation(name, one.name)
        if one.type != kind:
            raise violation(name, kind, one.type)
        if one.nullable != nullable:
            raise violation(name)
    if len(table.fields) > len(wanted):
        raise violation(table.fields[len(wanted)].name)
    for key in ("symbol", "timeframe", "price_type"):
        if key not in meta:
            raise violation(key)


def identity(
    table: Table, symbol: str | None, timeframe: str | None, price_type: str | None
) -> tuple[str, int, str]:
    """The arguments, else the metadata."""
    meta = table.metadata
    missing = [
        name
        for name, given in (("timeframe", timeframe), ("price_type", price_type))
        if given is None and name not in meta
    ]
    if missing:
        raise Failure(INVALID_ARGUMENT, *missing)
    if timeframe is not None:
        length = parse_timeframe(timeframe)
    else:
        try:
            length = parse_timeframe(meta["timeframe"])
        except Failure:
            raise Failure(INVALID_FORMAT, "timeframe", meta["timeframe"]) from None
    side = price_type if price_type is not None else meta["price_type"]
    if side not in ("bid", "ask"):
        raise Failure(INVALID_FORMAT, "price_type", side)
    return (symbol if symbol is not None else meta.get("symbol", "")), length, side


def stamp_of(one: Field, value: int) -> int:
    assert one.step is not None
    micros = value * one.step
    if micros.denominator != 1 or not INT64_MIN <= micros <= INT64_MAX:
        raise Failure(INVALID_FORMAT, one.name, value)
    return int(micros)


def number_of(one: Field, value: Any) -> float:
    if one.type in INTEGERS:
        if abs(value) > 2**53:
            raise Failure(TYPE_MISMATCH, one.name, value)
        return float(value)
    if one.type == "float32":
        return struct.unpack("f", struct.pack("f", value))[0]
    return float(value)


def series_of(
    table: Table,
    symbol: str | None = None,
    timeframe: str | None = None,
    price_type: str | None = None,
    check: str = "full",
    allow_missing: bool = False,
    strict: bool = False,
) -> Series:
    if strict:
        check_strict(table)
    time = time_field(table)
    numbers = {name: number_field(table, name) for name in (*PRICES, "volume")}
    if table.metadata.get("schema_name") == "symbol_slice":
        version = table.metadata.get("schema_version", "1.0.0")
        if version.partition(".")[0] != "1":
            raise violation(version)
    called, length, side = identity(table, symbol, timeframe, price_type)
    valid, volume = valid_rows(table), numbers["volume"]
    if volume is not None and len(table) > 0 and all(value is None for value in volume.values):
        volume = numbers["volume"] = None
    stamps: list[int] = []
    values: dict[str, list[float]] = {name: [] for name, one in numbers.items() if one is not None}
    for row in range(len(table)):
        present = valid is None or valid.values[row]
        if present is None:
            raise Failure(CONSTRAINT_VIOLATION, valid.name if valid else "")
        if not present and not allow_missing:
            continue  # a missing bar
        if time.values[row] is None:
            raise Failure(CONSTRAINT_VIOLATION, time.name)
        stamps.append(stamp_of(time, time.values[row]))
        for name, column in values.items():
            one = numbers[name]
            assert one is not None
            value = one.values[row]
            if present and value is None and name != "volume" and not allow_missing:
                raise Failure(CONSTRAINT_VIOLATION, one.name)
            column.append(NAN if value is None or not present else number_of(one, value))
    if time.type == "int64" and stamps and all(stamp < FIRST_OF_1971 for stamp in stamps):
        raise Failure(INVALID_FORMAT, "1971")
    made = Series(
        stamps,
        *(values[name] for name in PRICES),
        values.get("volume"),
        symbol=called,
        timeframe_us=length,
        price_type=side,
        allow_missing=allow_missing,
    )
    return check_series(made, check, allow_missing)
