"""What a backend must be able to do with Arrow: structs in and out, IPC files and bytes in and out.

Types only. `_arrow_fallback` does it in Python, `_native_arrow` in the native library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ._arrow_table import ArrowOptions
from ._model import Columns, Options

if TYPE_CHECKING:
    from ._native_engine import Handle
    from ._series import CandleSeries

__all__ = ["ArrowEngine", "Imported"]


class Imported(NamedTuple):
    """What reading gave: the columns, or the native series that holds them; and what the series is of."""

    columns: Columns | None
    handle: Handle | None
    options: Options


class ArrowEngine(Protocol):
    """One backend's Arrow."""

    def take(self, source: Any, options: ArrowOptions) -> Imported:
        """Import anything with `__arrow_c_stream__` or `__arrow_c_array__`."""

    def read_ipc(self, path: str, mmap: bool, options: ArrowOptions) -> Imported:
        """Read and check an IPC file."""

    def parse_ipc(self, data: bytes, options: ArrowOptions) -> Imported:
        """Read and check IPC bytes."""

    def write_ipc(self, series: CandleSeries, start: int, stop: int, path: str) -> None:
        """Write rows to an IPC file, whole or not at all."""

    def to_ipc(self, series: CandleSeries, start: int, stop: int) -> bytes:
        """Rows as the bytes of an IPC file."""

    def schema(self, series: CandleSeries) -> Any:
        """A capsule with the schema of a series."""

    def array(self, series: CandleSeries, start: int, stop: int) -> tuple[Any, Any]:
        """Capsules with schema and rows."""

    def stream(self, series: CandleSeries, start: int, stop: int) -> Any:
        """A capsule with a stream of the rows."""

    def refresh(self, series: CandleSeries) -> str:
        """What has become of the file of a series: "not mapped", "unchanged", "changed" or "gone"."""
