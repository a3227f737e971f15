"""What the Arrow tests share: tables, the three ways structs are made, and producers that count."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pyarrow as pa

import omega_slicer as om
from helpers import FIELDS, MINUTE, same_bits

START = 1_709_251_200_000_000
STAMPS = START + np.array([0, 1, 2, 3, 5, 8, 13], np.int64) * MINUTE
HOW: dict[str, Any] = {"symbol": "EURUSD", "timeframe": "M1", "price_type": "bid"}
METADATA = {
    "schema_name": "symbol_slice",
    "schema_version": "1.0.0",
    "symbol": "EURUSD",
    "timeframe": "M1",
    "price_type": "bid",
}


def prices(rows: int = len(STAMPS)) -> dict[str, np.ndarray]:
    """Numbers whose bits matter: no two equal, some with long fractions, a negative zero, a denormal."""
    base = 1 + np.arange(rows) / 3
    columns = {name: base + i / 7 for i, name in enumerate(FIELDS)}
    if rows > 1:
        columns["open"][0], columns["low"][1] = -0.0, 5e-324
    return columns


def table(rows: int = len(STAMPS), metadata: dict[str, str] | None = METADATA, **changes: Any) -> pa.Table:
    """A pyarrow table as this package writes it, some columns changed, or left out where None."""
    columns: dict[str, Any] = {"timestamp": pa.array(STAMPS[:rows], pa.timestamp("us", "UTC"))}
    columns |= {name: pa.array(column) for name, column in prices(len(STAMPS)).items()}
    columns = {name: column[:rows] for name, column in columns.items()} | changes
    made = pa.table({name: column for name, column in columns.items() if column is not None})
    return made.replace_schema_metadata(metadata)


def series(backend: str | None = None, rows: int = len(STAMPS), **changes: Any) -> om.CandleSeries:
    columns = {name: column[:rows] for name, column in prices(len(STAMPS)).items()} | changes
    return om.CandleSeries.from_columns(STAMPS[:rows], **columns, **HOW, backend=backend)


def same(left: Any, right: Any) -> bool:
    """The same rows, to the bit."""
    return all(same_bits(getattr(left, name), getattr(right, name)) for name in ("timestamp", *FIELDS))


def address(array: np.ndarray) -> int:
    return array.ctypes.data


_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Counted:
    """A producer of one array whose release is counted; pyarrow makes the structs."""

    def __init__(self, batch: Any) -> None:
        from omega_slicer._arrow_c import ARRAY, SCHEMA, ArrowArray, ArrowSchema, address_in

        self.released: list[str] = []
        self.capsules = batch.__arrow_c_array__()
        self.kept: list[Any] = []
        for kind, capsule, name in (
            (ArrowSchema, self.capsules[0], SCHEMA),
            (ArrowArray, self.capsules[1], ARRAY),
        ):
            struct = kind.from_address(address_in(capsule, name))
            self.kept.append(self._counting(struct, name.decode()))

    def _counting(self, struct: Any, name: str) -> Any:
        original = _RELEASE(struct.release)

        def release(where: int) -> None:
            self.released.append(name)
            original(where)

        counting = _RELEASE(release)
        struct.release = ctypes.cast(counting, ctypes.c_void_p).value
        return counting

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self.capsules
