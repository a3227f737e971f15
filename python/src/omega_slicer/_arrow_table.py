"""From the columns of an Arrow table to what a series is made of: the rules of the contract.

Picks the time, the prices, the volume and the rows that are missing bars, and settles the identity. Knows
neither files nor foreign structs; the values themselves are converted in `_arrow_values`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from ._arrow_schemas import METADATA_KEYS, SYMBOL_SLICE, schema
from ._arrow_values import (
    Batch,
    Buffers,
    Fault,
    Missing,
    Source,
    bits_of,
    is_number,
    is_time,
    nulls_of,
    numbers,
    refuse_nulls,
    refuse_wrong_unit,
    times,
)
from ._columns import FIELDS, PRICES, Floats
from ._errors import (
    ConstraintViolationError,
    DeserializationFailedError,
    InvalidArgumentError,
    InvalidFormatError,
    OmegaError,
    SchemaViolationError,
)
from ._model import CHECKS, Columns, Options, PriceType, check_flag, check_symbol, one_of
from .timeframe import Timeframe

__all__ = ["ArrowOptions", "Field", "Found", "Table", "columns_of_table"]

_TIME_NAMES: Final = ("timestamp", "time", "datetime", "date", "utc time")
_PANDAS_INDEX: Final = "__index_level_0__"


class ArrowOptions(NamedTuple):
    """What a reader is told beside the data; what is None is in the metadata, a `check` the reader's own."""

    symbol: str | None
    timeframe: Timeframe | None
    price_type: PriceType | None
    check: str | None
    allow_missing: bool
    strict: bool

    @classmethod
    def of(
        cls, symbol: Any, timeframe: Any, price_type: Any, check: Any, allow_missing: Any, strict: Any
    ) -> ArrowOptions:
        """The options of a user, each checked in this order."""
        if symbol is not None:
            check_symbol(symbol)
        if timeframe is not None and not isinstance(timeframe, Timeframe):
            timeframe = Timeframe(timeframe)
        if price_type is not None:
            price_type = PriceType(one_of(price_type, ("bid", "ask"), "price_type"))
        if check is not None:
            check = one_of(check, CHECKS, "check")
        missing = check_flag(allow_missing, "allow_missing")
        return cls(symbol, timeframe, price_type, check, missing, check_flag(strict, "strict"))


class Field(NamedTuple):
    """The description of a column; `type` is its name for people, such as `timestamp[us, UTC]`."""

    name: str
    type: str
    nullable: bool


class Table(NamedTuple):
    """A table as it was found: batches of one column for each field, None where its type is none of ours."""

    fields: Sequence[Field]
    metadata: dict[str, str]
    batches: Sequence[Batch]
    rows: Sequence[Buffers] = ()
    """The validity of whole rows by batch, where the table is an array of structs."""


class _Roles(NamedTuple):
    """Which column is which."""

    time: int
    fields: dict[str, int]
    valid: int | None


class Found(NamedTuple):
    """The columns of a series not yet checked; `rows` gives a row of the table for one of theirs."""

    columns: Columns
    options: Options
    row: Callable[[int], int]


def columns_of_table(table: Table, given: ArrowOptions, default_check: str) -> Found:
    """What the table says, columns that are ours already being shared.

    Raises in this order: 1005 for the schema, 1001 and 1009 for the identity, 3004 for counts of nulls that
    lie, 1006, 1004 and 1009 for values (the first row; in one row the first column).
    """
    if given.strict:
        _check_strictly(table)
    _check_version(table)
    roles = _roles(table.fields)
    options = _identity(table.metadata, given, default_check)
    _refuse_null_rows(table, options.check != "full")
    columns, missing = _values(table, roles, options)
    return Found(columns, options, missing.original)


def _refuse_null_rows(table: Table, trust: bool) -> None:
    first = 0
    for number, (rows, batch) in enumerate(zip(table.rows, table.batches, strict=False)):
        try:
            nulls = nulls_of(rows, batch.length, trust)
        except ValueError as error:
            raise DeserializationFailedError(f"batch {number}, its rows: {error}") from None
        if nulls and rows.validity is not None:
            there = bits_of(rows.validity, rows.offset, batch.length)
            if not there.all():
                raise ConstraintViolationError(f"row {first + int(there.argmin())} is null as a whole")
        first += batch.length


def _check_strictly(table: Table) -> None:
    """Whether the table is, to the letter, one of ours; 1005 naming the first difference."""
    absent = [key for key in METADATA_KEYS if key not in table.metadata]
    if absent:
        raise SchemaViolationError(f"strict: the metadata lack {absent[0]}")
    registered = schema(table.metadata["schema_name"], table.metadata["schema_version"])
    for i, wanted in enumerate(map(_described, registered.fields)):
        if i >= len(table.fields):
            raise SchemaViolationError(f"strict: column {i} is missing: {wanted}")
        found = _described(table.fields[i])
        if found != wanted:
            raise SchemaViolationError(f"strict: column {i} is {found}, not {wanted}")
    count = len(registered.fields)
    if len(table.fields) > count:
        raise SchemaViolationError(f"strict: column {count} is one too many: {table.fields[count].name}")
    extra = sorted(set(table.metadata).difference(METADATA_KEYS))
    if extra:
        raise SchemaViolationError(f"strict: the metadata have {extra[0]}, too")


def _described(field: Any) -> str:
    return f"{field.name} {field.type} {'nullable' if field.nullable else 'not null'}"


def _check_version(table: Table) -> None:
    """A later major version of what we write may mean something else."""
    name, known, version = SYMBOL_SLICE.name, SYMBOL_SLICE.version, table.metadata.get("schema_version")
    if table.metadata.get("schema_name") == name and version is not None and version.split(".")[0] != "1":
        raise SchemaViolationError(f"{name} {version} is of another major version than {known}")


def _roles(fields: Sequence[Field]) -> _Roles:
    time = _time(fields)
    found: dict[str, int] = {}
    for name in FIELDS:
        at = _number(fields, name)
        if at is not None:
            found[name] = at
        elif name in PRICES:
            raise _missing(fields, name)
    valid = _only(fields, "valid", lambda field: _is_named(field, ("valid",)) and field.type == "bool")
    return _Roles(time, found, valid)


def _is_named(field: Field, names: tuple[str, ...]) -> bool:
    return field.name.isascii() and field.name.lower() in names


def _only(fields: Sequence[Field], what: str, fits: Callable[[Field], bool]) -> int | None:
    """The one column that `fits`; None if none does."""
    found = [i for i, field in enumerate(fields) if fits(field)]
    if len(found) > 1:
        names = ", ".join(fields[i].name for i in found)
        raise SchemaViolationError(f"more than one {what} column: {names}")
    return found[0] if found else None


def _missing(fields: Sequence[Field], what: str) -> SchemaViolationError:
    there = ", ".join(f"{field.name} {field.type}" for field in fields)
    return SchemaViolationError(f"no {what} column among the {len(fields)}: {there}")


def _wrong_type(field: Field, wanted: str) -> SchemaViolationError:
    return SchemaViolationError(f"column {field.name} is {field.type}, not {wanted}")


def _time(fields: Sequence[Field]) -> int:
    named = _only(fields, "time", lambda field: _is_named(field, _TIME_NAMES))
    if named is not None:
        if not is_time(fields[named].type):
            raise _wrong_type(fields[named], "a timestamp, a date or int64")
        return named
    index = _only(  # an integer index counts rows
        fields,
        "time",
        lambda field: field.name == _PANDAS_INDEX and is_time(field.type) and field.type != "int64",
    )
    if index is not None:
        return index
    lone = [i for i, field in enumerate(fields) if field.type.startswith("timestamp[")]
    if len(lone) > 1:
        raise _missing(fields, "column named as the time, and more than one timestamp")
    if not lone:
        raise _missing(fields, "time")
    return lone[0]


def _number(fields: Sequence[Field], name: str) -> int | None:
    found = _only(fields, name, lambda field: _is_named(field, (name,)))
    if found is not None and not is_number(fields[found].type):
        raise _wrong_type(fields[found], "a float64, float32 or integer")
    return found


def _identity(metadata: dict[str, str], given: ArrowOptions, default_check: str) -> Options:
    """Arguments, else metadata."""
    symbol, timeframe, price_type = given.symbol, given.timeframe, given.price_type
    if symbol is None:
        symbol = metadata.get("symbol", "")
        if "\0" in symbol:  # no C string could hold it
            raise _bad("symbol", symbol, "it holds a NUL")
    given_none = {"timeframe": timeframe, "price_type": price_type}
    absent = [key for key, value in given_none.items() if value is None and key not in metadata]
    if timeframe is None and "timeframe" in metadata:
        text = metadata["timeframe"]
        try:
            timeframe = Timeframe(text)
        except OmegaError:
            known = "M1 M5 M15 M30 H1 H4 D1 W1, <n>min, <n>h, <n>d"
            raise _bad("timeframe", text, f"timeframe {json.dumps(text)} is none of {known}") from None
    if timeframe is None or (price_type is None and "price_type" in absent):
        what, how = " and no ".join(absent), "= and ".join(absent)
        raise InvalidArgumentError(f"no {what}: give {how}=, or data whose schema metadata have it")
    if price_type is None:
        side = metadata["price_type"]
        if side not in ("bid", "ask"):
            raise _bad("price_type", side, f'price type {json.dumps(side)} is neither "bid" nor "ask"')
        price_type = PriceType(side)
    return Options(symbol, timeframe, price_type, given.check or default_check, given.allow_missing)


def _bad(key: str, value: str, why: str) -> InvalidFormatError:
    return InvalidFormatError(f"metadata {key} = {json.dumps(value, ensure_ascii=False)}: {why}")


def _values(table: Table, roles: _Roles, options: Options) -> tuple[Columns, Missing]:
    trust = options.check != "full"  # only a full check is worth a look at every bitmap

    def source(position: int) -> Source:
        field = table.fields[position]
        return Source.of(field.name, field.type, position, table.batches, trust)

    time = source(roles.time)
    sources = {name: source(at) for name, at in roles.fields.items()}
    if "volume" in sources and sources["volume"].is_all_null():
        del sources["volume"]  # nothing but nulls is no volume; of no rows there is nothing to say
    valid = None if roles.valid is None else source(roles.valid)
    missing = Missing(valid)
    stays = options.allow_missing
    faults: list[Fault] = []
    if valid is not None:
        refuse_nulls(valid, faults)
    stamps = times(time, missing, stays, faults)
    values: dict[str, Floats] = {}
    for name, one in sources.items():
        values[name] = numbers(one, missing, stays, stays or name == "volume", faults)
    if faults:
        raise min(faults, key=lambda fault: fault.row).error
    if time.type == "int64":
        refuse_wrong_unit(stamps)
    opens, high, low, close = (values[name] for name in PRICES)
    return Columns(stamps, opens, high, low, close, values.get("volume")), missing
