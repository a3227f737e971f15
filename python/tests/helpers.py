"""What the tests share: the case files, series made of them, and children with a clean environment."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import omega_slicer as om
from omega_slicer import _library

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"
SOURCES = ROOT / "python" / "src"
MINUTE = 60_000_000
FIELDS = ("open", "high", "low", "close", "volume")
CONFIGURATION = (
    "USE_RUST_SLICER",
    "OMEGA_USE_RUST_SLICER",
    "USE_RUST_KERNELS",
    "OMEGA_USE_RUST_KERNELS",
    "USE_RUST_MULTI_SYMBOL",
    "OMEGA_USE_RUST_MULTI_SYMBOL",
    "OMEGA_CONFIG",
    "OMEGA_LIBRARY",
    "OMEGA_SHADOW",
    "OMEGA_SHADOW_SEED",
)


def library_path() -> str:
    """The native library under test."""
    return _library.load("slicer", retry=False).path


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a tab-separated case file."""
    lines = [line for line in path.read_text("utf-8").split("\n") if line and not line.startswith("#")]
    header, *rows = (line.split("\t") for line in lines)
    return [dict(zip(header, row, strict=True)) for row in rows]


def floats_of_bits(cells: list[str]) -> np.ndarray:
    return np.array([struct.unpack(">d", bytes.fromhex(cell))[0] for cell in cells], np.float64)


def expect_error(value: str, ask: Any) -> None:
    """The refusal that a case file describes: `code|fragment|fragment...`."""
    code, *fragments = value.split("|")
    with pytest.raises(om.OmegaError) as caught:
        ask()
    assert caught.value.code == int(code), caught.value
    names = {row["code"]: row["name"] for row in table(VECTORS / "error_codes.tsv")}
    assert caught.value.name == names[code]
    for fragment in fragments:
        assert fragment in str(caught.value)


def vector_columns(name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Columns and description of tests/vectors/series/<name>.tsv."""
    path = VECTORS / "series" / f"{name}.tsv"
    first = path.read_text("utf-8").split("\n", 1)[0]
    words = dict(word.split("=") for word in first.removeprefix("#").split() if "=" in word)
    rows = table(path)
    columns: dict[str, Any] = {"timestamp": np.array([int(row["timestamp"]) for row in rows], np.int64)}
    for field in FIELDS:
        if field != "volume" or words["volume"] == "1":
            columns[field] = floats_of_bits([row[f"{field}_bits"] for row in rows])
    return columns, words


def vector_series(name: str, backend: str) -> om.CandleSeries:
    columns, words = vector_columns(name)
    return om.CandleSeries.from_columns(
        **columns,
        symbol=words["symbol"],
        timeframe=words["timeframe"],
        price_type=words["price_type"],
        allow_missing=words.get("allow_missing") == "1",
        backend=backend,
    )


def same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    """Equal to the bit, except that any NaN equals any NaN."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    if left.dtype.kind != "f":
        return bool((left == right).all())
    bits = np.ascontiguousarray(left).view(np.int64) == np.ascontiguousarray(right).view(np.int64)
    return bool((bits | (np.isnan(left) & np.isnan(right))).all())


def series_of(
    timestamp: Any, *, backend: str | None = None, timeframe: Any = "M1", **columns: Any
) -> om.CandleSeries:
    """A series whose prices follow from its rows, unless given."""
    length = len(timestamp)
    rows = np.arange(length, dtype=np.float64)
    values = {
        "open": 100 + rows,
        "high": 101 + rows,
        "low": 99 + rows,
        "close": 100.5 + rows,
        "volume": 10 * (1 + rows),
        **columns,
    }
    return om.CandleSeries.from_columns(
        timestamp, **values, symbol="TEST", timeframe=timeframe, price_type="bid", backend=backend
    )


def run_python(code: str, *, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """A child process that imports the package from the sources, with only these settings."""
    clean = {name: value for name, value in os.environ.items() if name not in CONFIGURATION}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, "PYTHONPATH": str(SOURCES), **environment},
        cwd=cwd or SOURCES,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


_MAKE = """
import numpy as np, omega_slicer as om
column = np.arange(5.0) + 1
def make(**how):
    return om.CandleSeries.from_columns(np.arange(5) * 60_000_000, column, column, column, column,
        symbol='X', timeframe='M1', price_type='bid', **how)
def mapped():
    return any('libomega_slicer' in line for line in open('/proc/self/maps'))
"""


def child(code: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """A child process with `make()`, a series, and `mapped()`, whether the library is in the process."""
    return run_python(_MAKE + code, **how)


def answer_of(child: subprocess.CompletedProcess[str]) -> str:
    assert child.returncode == 0, child.stderr
    return child.stdout.strip()


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line, in the state folder that the test has set."""
    return subprocess.run(
        [sys.executable, "-m", "omega_slicer", *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
