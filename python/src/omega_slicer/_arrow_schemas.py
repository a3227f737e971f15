"""The registered tables: their columns, versions and fingerprints, the same in every language.

A registered version never changes; another layout is another version. Nothing here reads data.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ._errors import SchemaViolationError

__all__ = ["METADATA_KEYS", "OHLCV", "SYMBOL_SLICE", "Schema", "SchemaField", "schema", "schemas"]

METADATA_KEYS: Final = ("schema_name", "schema_version", "symbol", "timeframe", "price_type")


class SchemaField(NamedTuple):
    """One column: its name, its type (`timestamp[us, UTC]`, `float64`, `bool`), whether it may hold nulls."""

    name: str
    type: str
    nullable: bool


class Schema(NamedTuple):
    """A registered table.

    `fingerprint` is the SHA-256 of `json.dumps([{"name", "type", "nullable"} of each field],
    sort_keys=True)`.
    """

    name: str
    version: str
    fields: tuple[SchemaField, ...]
    fingerprint: str


_COMMON: Final = (
    SchemaField("timestamp", "timestamp[us, UTC]", False),
    SchemaField("open", "float64", False),
    SchemaField("high", "float64", False),
    SchemaField("low", "float64", False),
    SchemaField("close", "float64", False),
)
SYMBOL_SLICE: Final = Schema(
    "symbol_slice",
    "1.0.0",
    (*_COMMON, SchemaField("volume", "float64", True)),
    "6696ee81acaa64d4a11509c7eedf4615bb986546de76fc89578e333373e153a7",
)
OHLCV: Final = Schema(
    "ohlcv",
    "1.0.0",
    (*_COMMON, SchemaField("volume", "float64", False), SchemaField("valid", "bool", False)),
    "e00cf098d8db8d245ea9ae0e447cb39e0b55791a3678e004bc39e6bf42dbf6b7",
)


def schemas() -> tuple[Schema, ...]:
    """Every registered table: `symbol_slice`, which series are written as, and `ohlcv`, which is read.

    >>> for one in schemas():
    ...     print(one.name, one.version, len(one.fields), one.fingerprint[:8])
    symbol_slice 1.0.0 6 6696ee81
    ohlcv 1.0.0 7 e00cf098
    """
    return SYMBOL_SLICE, OHLCV


def schema(name: str, version: str) -> Schema:
    """The table registered under this name and version, or 1005 listing those there are."""
    for one in schemas():
        if (one.name, one.version) == (name, version):
            return one
    known = ", ".join(f"{one.name} {one.version}" for one in schemas())
    raise SchemaViolationError(f"no schema {name} {version}: there are {known}")
