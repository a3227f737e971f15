"""Series from CSV files: checks arguments, counts, asks the backend.

Knows files by name; what is in them is read in `_csv` or by the native library.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from . import _backend
from ._counts import kind_of, tick
from ._model import Options, PriceType, check_path, check_unit
from ._series import CandleSeries
from .timeframe import Timeframe

__all__ = ["CsvFile", "read_csv"]


class CsvFile(NamedTuple):
    """Where a series came from, and the unit of its integer stamps."""

    path: str
    unit: str

    def read(self, options: Options, asked: str | None) -> CandleSeries:
        """Once more."""
        return _read(self, self.path, options, asked)

    def state(self) -> str:
        """CSV files are never mapped."""
        return "not mapped"


def read_csv(
    path: str | bytes | os.PathLike[Any],
    *,
    symbol: str,
    timeframe: Timeframe | str | int,
    price_type: PriceType | str,
    unit: str = "us",
    check: str = "full",
    allow_missing: bool = False,
    backend: str | None = None,
) -> CandleSeries:
    r"""A series from a CSV file. O(size of the file).

    Headers in any case: timestamp, time, datetime, date, "UTC time" or an unnamed first column; open, high,
    low, close; perhaps volume; others are ignored. Stamps are RFC 3339-like text (UTC unless they say
    otherwise) or integers in `unit`: "us", "s", "ms", "ns". An empty cell or `nan` is missing.

    Raises `FileMissingError`, `PermissionDeniedError`, `InputOutputError`; `EmptyInputError`;
    `SchemaViolationError` naming columns; `InvalidFormatError` naming line, column and text; else as
    `CandleSeries.from_columns`.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "eurusd.csv")
    >>> _ = file.write_text("Time,Open,High,Low,Close\n2024-03-01 00:00,1.0,1.2,0.9,1.1\n")
    >>> read_csv(file, symbol="EURUSD", timeframe="M1", price_type="bid")
    <CandleSeries EURUSD M1 bid: 1 candles, 2024-03-01 00:00 to 2024-03-01 00:00>
    """
    name, unit = check_path(path), check_unit(unit)
    options = Options.of(symbol, timeframe, price_type, check, allow_missing)
    return _read(CsvFile(os.path.abspath(name), unit), name, options, backend)  # noqa: PTH100 - keeps links as they are


def _read(file: CsvFile, name: str, options: Options, backend: str | None) -> CandleSeries:
    engine = _backend.engine("slicer", backend)
    tick("read_csv", kind_of(engine.name))
    return CandleSeries._from(engine.read_csv(name, file.unit, options), options, engine, backend, file)
