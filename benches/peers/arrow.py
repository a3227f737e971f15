"""Arrow in and out of Python on 10,000,000 candles, beside pyarrow's and Polars' reading of the same file.

Measures and prints, as slicer.py beside it: `python <tab> question <tab> who <tab> nanoseconds per call`.
The peers map or read without checking anything; that ours also looks at stamps or prices is what it is
for. The file's pages are in memory. With PYTHONPATH=python/src:

    python benches/peers/arrow.py [--rows N] [--rounds N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from slicer import FIELDS, MINUTE, each, market, measure

import omega_slicer as om

IDENTITY: dict[str, Any] = {"symbol": "SYNTH", "timeframe": "M1", "price_type": "bid"}
LOOKBACKS = 2_000


class Bench:
    """One market as a table of pyarrow's, a frame of Polars' and a file."""

    def __init__(self, rows: int, rounds: int, folder: Path) -> None:
        self.rounds, self.path = rounds, str(folder / "candles.arrow")
        columns = market(rows)
        stamps = pa.array(columns["timestamp"]).view(pa.timestamp("us", "UTC"))
        names = ("timestamp", *FIELDS, "volume")
        self.table = pa.table(
            [stamps, *(pa.array(columns[name]) for name in names[1:])],
            schema=pa.schema(
                [("timestamp", stamps.type), *((name, pa.float64()) for name in names[1:])], metadata=IDENTITY
            ),
        )
        with pa.ipc.new_file(self.path, self.table.schema) as writer:
            writer.write_table(self.table)
        frame = pl.from_arrow(self.table)
        assert isinstance(frame, pl.DataFrame)
        self.frame = frame.rechunk()

    def whole(self, question: str, contenders: dict[str, Any]) -> None:
        """Contenders that do all the work in one call."""
        measure(question, contenders, dict.fromkeys(contenders, 1), self.rounds)

    def read_ipc(self) -> None:
        """Opening the file: mapped with each check, and copied."""
        peers: dict[str, Any] = {
            "pyarrow": lambda: pa.ipc.open_file(pa.memory_map(self.path)).read_all(),
            "polars": lambda: pl.read_ipc(self.path),
        }
        for check in ("order", "none", "full"):
            ours = {"omega_native": lambda check=check: om.read_ipc(self.path, mmap=True, check=check)}
            self.whole(f"read_ipc_mmap_{check}", ours | peers)
        copies: dict[str, Any] = {
            "omega_native": lambda: om.read_ipc(self.path),
            "pyarrow": lambda: pa.ipc.open_file(self.path).read_all(),
            "polars": lambda: pl.read_ipc(self.path),
        }
        self.whole("read_ipc_copy", copies)

    def from_arrow(self) -> None:
        """A table and a frame in memory as a series, with the full check; no column is copied."""
        for who, given in (("pyarrow", self.table), ("polars", self.frame)):
            series = om.CandleSeries.from_arrow(given, **IDENTITY, backend="native")
            addresses = {
                chunk.buffers()[1].address for column in pa.table(given).columns for chunk in column.chunks
            }
            shared = {getattr(series, name).ctypes.data for name in ("timestamp", *FIELDS, "volume")}
            if shared != addresses:
                raise AssertionError(f"a column from {who} was copied")
            self.whole(
                f"from_arrow_{who}",
                {
                    "omega_native": lambda given=given: om.CandleSeries.from_arrow(
                        given, **IDENTITY, backend="native"
                    )
                },
            )

    def lookback(self) -> None:
        """200 rows up to a moment, exported through the C Data Interface, and as other programs' tables."""
        slicer = om.SymbolDataSlicer(om.CandleSeries.from_arrow(self.table, **IDENTITY, backend="native"))
        stamps = slicer.series.timestamp
        moments = [int(stamps[len(stamps) // 2 + at]) for at in range(LOOKBACKS)]
        ask = {
            "omega_native": lambda now: slicer.get_lookback(now, 200).__arrow_c_array__(),
            "pyarrow_table": lambda now: slicer.get_lookback(now, 200).to_arrow(),
            "pyarrow_slice": lambda now: self.table.slice((now - moments[0]) // MINUTE, 200),
        }
        contenders = {who: each(go, moments) for who, go in ask.items()}
        measure("lookback_200_to_arrow", contenders, dict.fromkeys(contenders, LOOKBACKS), self.rounds)


def main() -> None:
    """Everything."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(given.rows, given.rounds, Path(folder))
        for part in (bench.read_ipc, bench.from_arrow, bench.lookback):
            print(part.__doc__, file=sys.stderr)
            part()


if __name__ == "__main__":
    main()
