"""CSV files beyond the shared cases: file errors, both readers of the fallback, real candles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import omega_slicer as om
from helpers import FIELDS, MINUTE, VECTORS, same_bits
from omega_slicer import _csv, _csv_fast

_NAMES = ("timestamp", *FIELDS)


def read(path: Any, backend: str, **how: Any) -> om.CandleSeries:
    return om.read_csv(
        path, **{"symbol": "X", "timeframe": "M1", "price_type": "bid", "backend": backend, **how}
    )


@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_any_kind_of_path_is_read(kind: Any, backend: str) -> None:
    assert len(read(kind(str(VECTORS / "csv" / "plain.csv")), backend)) > 0


def test_paths_with_any_characters_are_read(tmp_path: Path, backend: str) -> None:
    path = tmp_path / "Kerzen für 株 'x' %s.csv"
    path.write_bytes((VECTORS / "csv" / "plain.csv").read_bytes())
    assert len(read(path, backend)) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse names that are not Unicode")
def test_file_names_are_bytes_and_need_not_be_unicode(tmp_path: Path, backend: str) -> None:
    path = os.fsencode(tmp_path) + b"/eur\xffusd.csv"
    for how in (path, os.fsdecode(path), Path(os.fsdecode(path))):
        with pytest.raises(om.FileMissingError) as caught:
            read(how, backend)
        assert "usd.csv" in str(caught.value)
        str(caught.value).encode()  # the message can be printed
    Path(os.fsdecode(path)).write_bytes((VECTORS / "csv" / "plain.csv").read_bytes())
    expected = read(VECTORS / "csv" / "plain.csv", backend)
    for how in (path, os.fsdecode(path), Path(os.fsdecode(path))):
        assert same_bits(read(how, backend).close, expected.close)


def test_errors_of_the_file_have_their_codes_and_name_it(tmp_path: Path, backend: str) -> None:
    missing = tmp_path / "no such file.csv"
    for path, code, kind in ((missing, 3001, FileNotFoundError), (tmp_path, 3000, OSError)):
        with pytest.raises(kind) as caught:
            read(path, backend)
        assert isinstance(caught.value, om.OmegaError)
        assert caught.value.code == code
        assert str(path) in str(caught.value)
    locked = tmp_path / "locked.csv"
    locked.write_text("time,open,high,low,close\n")
    locked.chmod(0)
    if not os.access(locked, os.R_OK):  # not as root
        with pytest.raises(PermissionError) as refused:
            read(locked, backend)
        assert isinstance(refused.value, om.PermissionDeniedError)


@pytest.mark.parametrize("step", ["_read", "_first_record", "_blocks"])
def test_no_memory_for_a_file_has_its_code_and_names_it(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(_csv, step, refuse)
    with pytest.raises(om.OutOfMemoryError, match=r"plain\.csv") as caught:
        read(VECTORS / "csv" / "plain.csv", "python")
    assert caught.value.code == 6001


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"path": 5}, 1004),
        ({"path": None}, 1004),
        ({"path": "a\0b"}, 1001),
        ({"unit": "min"}, 1001),
        ({"unit": 1}, 1004),
        ({"check": "all"}, 1001),
        ({"symbol": None}, 1004),
        ({"timeframe": "M0x"}, 1009),
        ({"price_type": "last"}, 1001),
        ({"allow_missing": 1}, 1004),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_before_the_file_is_touched(
    changes: Any, code: int, backend: str
) -> None:
    with pytest.raises(om.OmegaError) as caught:
        read(**{"path": "no such file", "backend": backend, **changes})
    assert caught.value.code == code


# Cells that trip readers: odd spaces, signs, exponents, words, look-alikes of numbers and of times.
# fmt: off
_CELLS = st.sampled_from(
    [
        "1", "1.5", "-2", "+3.", ".5", "1e3", "1E-2", "", " ", "nan", "-NaN", "inf", "x", "1_0",
        "0x1", "1 2", "1e", "--1", "\t7 ", "1,5", "1e400", "\"8\"", "\"9", "\"1\"\"2\"", "1\r",
        "\f1", "1\x00", "\N{ARABIC-INDIC DIGIT ONE}", "\N{SUPERSCRIPT TWO}",
    ]
)
_STAMPS = st.sampled_from(
    [
        "1700000000000000", "+5", "-3", "2023-11-14", "2023-11-14 22:13", "2023-11-14T22:13:20",
        "2023-11-14T22:13:20Z", "2023-11-14 22:13:20.5+01:00", "2023-02-30", "0000-01-01",
        "2023-11-14 24:00", "2023-1-1", "", "99999999999999999999", "1_0", " 7",
    ]
)
# fmt: on
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file mostly of one kind of stamps and plain numbers, with something odd here and there."""
    kind = draw(st.sampled_from(["integers", "seconds", "zoned", "changing", "dates", "anything"]))
    size, odd = draw(st.integers(0, 6)), draw(st.integers(0, 3))
    lines = []
    for row in range(size):
        moment = pd.Timestamp(2023, 11, 14) + pd.Timedelta(draw(st.integers(0, 10**6)) if row else 0, "min")
        stamp = {
            "integers": str(1_700_000_000_000_000 + row * MINUTE),
            "seconds": moment.strftime("%Y-%m-%d %H:%M:%S"),
            "zoned": moment.strftime("%Y-%m-%dT%H:%M:%S") + "+02:00",
            "changing": moment.isoformat()
            + draw(st.sampled_from([".5Z", ".6Z", "+01", "+02", "-03", "Z", ""])),
            "dates": moment.strftime("%Y-%m-%d"),
            "anything": draw(_STAMPS),
        }[kind]
        cells = [stamp, *draw(st.lists(_NUMBERS, min_size=5, max_size=5))]
        if odd == 1:
            cells[draw(st.integers(0, 5))] = draw(_CELLS | _STAMPS)
        if odd == 2 and draw(st.booleans()):
            cells = cells[: draw(st.integers(0, 6))]
        lines.append(",".join(cells))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(["time,open,high,low,close,volume", *lines]) + draw(st.sampled_from(["", end, end + end]))
    return text.encode()


def outcome(ask: Any) -> Any:
    try:
        return ask()
    except om.OmegaError as error:
        return error.code, str(error)


@given(files(), st.sampled_from(["us", "s", "ms", "ns"]))
def test_the_fast_reader_reads_what_the_careful_reader_reads(data: bytes, unit: str) -> None:
    def parse() -> Any:
        return _csv._parse(data, unit)

    fast = outcome(parse)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv_fast, "parse_block", lambda *_: None)
        careful = outcome(parse)
    assert type(fast) is type(careful)
    if isinstance(fast, _csv.Table):
        for left, right in zip(fast, careful, strict=True):
            assert same_bits(left, right)
    else:
        assert fast == careful


def test_every_calendar_day_is_the_right_one_in_the_fast_reader() -> None:
    days = np.arange("0001-01-01", "10000-01-01", 89, dtype="M8[D]")
    for year in ("0001", "1900", "2000", "2023", "2024", "9999"):
        days = np.append(days, np.arange(f"{year}-01-01", 365, dtype="M8[D]"))
    days = np.append(days, np.array(["2000-12-31", "2024-12-31"], "M8[D]"))
    for unit, zone, ahead in (("D", "", 0), ("m", "", 0), ("s", "", 0), ("s", "+01:30", 90 * MINUTE)):
        moments = days.astype(f"M8[{unit}]") + (0 if unit == "D" else 59)
        texts = [f"{text}{zone}" for text in np.datetime_as_string(moments)]
        block = "".join(f"{text},1\n" for text in texts).encode()
        columns = _csv_fast.parse_block(block, 2, 0, [1], False)
        assert columns is not None
        assert same_bits(columns[0], moments.astype("M8[us]").astype(np.int64) - ahead)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=files(), unit=st.sampled_from(["us", "s"]), check=st.sampled_from(["full", "order", "none"]))
def test_native_and_python_read_the_same_or_refuse_with_the_same_code(
    data: bytes, unit: str, check: str, tmp_path: Path, native: None
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    left, right = (
        outcome(lambda backend=b: read(path, backend, unit=unit, check=check)) for b in ("native", "python")
    )
    if isinstance(left, om.CandleSeries) and isinstance(right, om.CandleSeries):
        for name in _NAMES:
            assert same_bits(getattr(left, name), getattr(right, name)), name
    else:
        assert isinstance(left, tuple), (left, right)
        assert isinstance(right, tuple), (left, right)
        assert left[0] == right[0], (left, right)


_PIECES = [
    '"',
    '""',
    ",",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "x",
    "-",
    "1",
    ".",
    "e",
    "nan",
    "inf",
    "\ufeff",
    "é",
]
_PIECES += ["2024-01-02", "T", "Z", "99999999999999999999"]
_HEADERS = ["time,open,high,low,close,volume", "Date,Open,High,Low,Close,Adj", ",open,high,low,close,x"]


def test_damaged_files_are_the_same_series_or_the_same_error(tmp_path: Path, native: None) -> None:
    random = np.random.default_rng(19)
    path = tmp_path / "a.csv"
    refused, files = 0, 2500
    for _ in range(files):
        kind = random.integers(3)
        text = [*random.choice(_HEADERS), "\n"]
        for row in range(1, 4):
            text += [f"2024-01-0{row}", f"2024-01-02T00:0{row}:00Z", str(17 * 10**14 + row)][kind]
            text += ",1.5,2.5,0.5,1.25,7\n"
        if not random.integers(4):
            text.pop()
        for _ in range(random.integers(4)):
            # As often in the header as in all the rest.
            at = int(random.integers(40 if random.integers(2) else len(text) + 1))
            text[at : at + int(random.integers(2))] = [str(random.choice(_PIECES))]
        data = "".join(text).encode()
        path.write_bytes(data)
        left, right = (outcome(lambda backend=b: read(path, backend)) for b in ("native", "python"))
        if isinstance(left, tuple) or isinstance(right, tuple):
            refused += 1
            assert isinstance(left, tuple), (data, right)
            assert isinstance(right, tuple), (data, left)
            assert left[0] == right[0], (data, left, right)
        else:
            for name in _NAMES:
                assert same_bits(getattr(left, name), getattr(right, name)), (data, name)
    assert files // 8 < refused < files * 7 // 8  # it has teeth on both sides


@pytest.mark.parametrize("size", [_csv._BLOCK - 1, _csv._BLOCK, _csv._BLOCK + 1])
def test_blocks_join_without_a_seam(size: int, tmp_path: Path) -> None:
    """The last line is malformed, and blamed with its true number, wherever the blocks end."""
    header, line = b"time,open,high,low,close\n", b"%d,1.25,1.5,1,1.25\n"
    lines = [line % (1_700_000_000_000_000 + MINUTE * row) for row in range(size // 36 + 3)]
    path = tmp_path / "a.csv"
    path.write_bytes(header + b"".join(lines))
    series = read(path, "python")
    assert len(series) == len(lines)
    assert (np.diff(series.timestamp) == MINUTE).all()
    path.write_bytes(header + b"".join(lines) + b"1,2,3\n")
    with pytest.raises(om.InvalidFormatError, match=f"line {len(lines) + 2}: 3 fields"):
        read(path, "python")


def test_real_candles_are_read_as_pandas_reads_them(real_data: Path, backend: str) -> None:
    for side in ("bid", "ask"):
        path = real_data / f"gbpusd-m1-{side}-2012.csv"
        series = read(path, backend, price_type=side)
        frame = pd.read_csv(path, dtype=str)
        stamps = (
            pd.to_datetime(frame["timestamp"])
            .dt.tz_convert(None)
            .to_numpy()
            .astype("M8[us]")
            .astype(np.int64)
        )
        assert same_bits(series.timestamp, stamps)
        for name in FIELDS[:4]:
            assert same_bits(getattr(series, name), np.array([float(text) for text in frame[name]]))


def test_the_real_pair_has_its_known_oddities(real_data: Path, backend: str) -> None:
    bid, ask = (
        read(real_data / f"gbpusd-m1-{side}-2012.csv", backend, price_type=side) for side in ("bid", "ask")
    )
    quality = bid.quality(ask)
    assert quality.rows == 30_117
    assert {step: count for step, count in quality.steps.items() if step <= 5 * MINUTE} == {
        2 * MINUTE: 96,
        3 * MINUTE: 10,
        5 * MINUTE: 1,
    }
    assert sum(count for step, count in quality.steps.items() if step > 1440 * MINUTE) == 4  # weekends
    assert quality.pair is not None
    assert quality.pair.crossed + quality.pair.locked == 653
    assert quality.pair.matched == 30_117
