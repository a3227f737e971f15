"""The library against the fallback: tables nobody thought of are read or refused alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from arrow_tables import METADATA, START, same
from hypothesis import event, given, settings
from hypothesis import strategies as st

import omega_slicer as om
from helpers import MINUTE

_TIMES = {
    "timestamp": [
        pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "Asia/Tokyo")
    ],
    "others": [pa.date32(), pa.date64(), pa.int64()],
    "wrong": [pa.string(), pa.int32(), pa.time64("us"), pa.float64()],
}
_NUMBERS = {
    "floats": [pa.float64(), pa.float32()],
    "integers": [
        pa.int8(),
        pa.int16(),
        pa.int32(),
        pa.int64(),
        pa.uint8(),
        pa.uint16(),
        pa.uint32(),
        pa.uint64(),
    ],
    "wrong": [pa.string(), pa.bool_(), pa.decimal128(10, 2), pa.float16(), pa.null()],
}
_PER_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": None}


def usually(*common: Any) -> Any:
    def pick(rare: Any) -> Any:
        # One in forty, at a number that Hypothesis has no liking for.
        numbers = st.integers(0, 9_999)
        return numbers.flatmap(lambda n: rare if n % 40 == 17 else st.just(common[n % len(common)]))

    return pick


@st.composite
def stamps(draw: Any, rows: int) -> pa.Array:
    good = st.sampled_from([*_TIMES["timestamp"], *_TIMES["others"] * 2])
    kind = draw(draw(usually(good)(st.just(st.sampled_from(_TIMES["wrong"])))))
    steps = draw(st.lists(st.integers(1, 9), min_size=rows, max_size=rows))
    if rows and draw(usually(False)(st.just(True))):
        steps[-1] = 0
    counts = [int(step) for step in np.cumsum(steps)] if rows else []
    if pa.types.is_timestamp(kind):
        per = _PER_UNIT[kind.unit]
        unit = 1_000 if per is None else 0
        values = [
            (START + count * MINUTE) * unit or (START + count * MINUTE) // (per or 1) for count in counts
        ]
        extreme = st.sampled_from([2**63 - 1, -(2**63), 0, 1, 2**62])
    elif pa.types.is_date32(kind):
        values, extreme = [19_000 + count for count in counts], st.sampled_from([0, 2**31 - 1, -(2**31)])
    elif kind == pa.date64():
        values, extreme = [(19_000 + count) * 86_400_000 for count in counts], st.sampled_from([0, 2**62])
    elif pa.types.is_string(kind):
        return pa.array([str(count) for count in counts], kind)
    elif kind == pa.int64():
        scale = draw(st.sampled_from([1, 1_000, 1_000_000]))
        values, extreme = (
            [(START + count * MINUTE) // scale for count in counts],
            st.sampled_from([0, -5, 2**62]),
        )
    else:
        return pa.array(counts, pa.int32()).cast(kind if kind != pa.time64("us") else pa.int32())
    for row in draw(st.lists(st.integers(0, max(rows - 1, 0)), max_size=draw(st.sampled_from([0, 0, 0, 1])))):
        if rows:
            values[row] = draw(extreme | st.none())
    raw = pa.array(values, pa.int32() if pa.types.is_date32(kind) else pa.int64())
    return raw.view(kind)


@st.composite
def numbers(draw: Any, rows: int) -> pa.Array:
    good = st.sampled_from([*_NUMBERS["floats"] * 9, *_NUMBERS["integers"]])
    kind = draw(draw(usually(good)(st.just(st.sampled_from(_NUMBERS["wrong"])))))
    if pa.types.is_null(kind):
        return pa.nulls(rows)
    if kind in _NUMBERS["wrong"]:
        return pa.array([None] * rows, kind)
    if pa.types.is_floating(kind):
        width = 32 if kind == pa.float32() else 64
        common = st.floats(0.5, 2.0, width=width)
        rare = st.floats(width=width)
    else:
        common = st.integers(1, 100)
        edge = np.iinfo(kind.to_pandas_dtype())
        near = [
            value for value in (2**53, 2**53 + 1, -(2**53), -(2**53) - 1) if edge.min <= value <= edge.max
        ]
        rare = st.sampled_from([int(edge.min), int(edge.max), *near])
    cells = draw(st.lists(common, min_size=rows, max_size=rows))
    if rows and draw(usually(False, False, False)(st.just(True)) | st.just(False)):
        cells[draw(st.integers(0, rows - 1))] = draw(rare | st.none())
    return pa.array(cells, kind)


@st.composite
def tables(draw: Any) -> pa.Table:
    rows = draw(st.integers(0, 20))
    columns: list[tuple[str, pa.Array, bool]] = []

    def add(name: str, column: pa.Array) -> None:
        columns.append((name, column, column.null_count > 0 or draw(st.booleans())))

    add(
        draw(
            usually("timestamp", "time")(st.sampled_from(["Date", "UTC time", "when", "__index_level_0__"]))
        ),
        draw(stamps(rows)),
    )
    for name in ("open", "high", "low", "close"):
        add(draw(usually(name)(st.sampled_from([name.upper(), "open", "other"]))), draw(numbers(rows)))
    if draw(st.integers(0, 3)):
        add("volume", draw(st.just(pa.nulls(rows, pa.float64())) | numbers(rows)))
    if not draw(st.integers(0, 2)):
        cells = draw(st.lists(st.one_of(*[st.booleans()] * 20, st.none()), min_size=rows, max_size=rows))
        add("valid", pa.array(cells, pa.bool_()))
    if draw(st.booleans()):
        add("note", pa.array(["x"] * rows).dictionary_encode())
        add("nested", pa.array([[1]] * rows, pa.list_(pa.int8())))
    order = draw(st.permutations(columns)) if draw(st.booleans()) else columns
    metadata: dict[str, str] | None = dict(METADATA)
    for key in draw(st.sets(st.sampled_from(sorted(METADATA)), max_size=1)):
        changed = draw(st.sampled_from(["", "2.0.0", "ask", "H4", "ohlcv", "x", None]))
        metadata = (
            {**metadata, key: changed}
            if changed is not None
            else {k: v for k, v in METADATA.items() if k != key}
        )
    schema = pa.schema(
        [pa.field(name, column.type, nullable) for name, column, nullable in order], metadata=metadata
    )
    made = pa.table([column for _, column, _ in order], schema=schema)
    start = draw(st.integers(0, rows))
    made = made.slice(start, draw(st.integers(0, rows)))
    if draw(st.booleans()) and len(made):
        cut = draw(st.integers(0, len(made)))
        made = pa.concat_tables([made.slice(0, cut), made.slice(cut)])
    return made


_OPTIONS = st.fixed_dictionaries(
    {
        "check": usually("full")(st.sampled_from(["order", "none"])),
        "allow_missing": st.booleans(),
        "strict": usually(False)(st.just(True)),
    },
    optional={
        "symbol": st.sampled_from(["", "GBPUSD"]),
        "timeframe": st.sampled_from(["M5", "90min"]),
        "price_type": st.sampled_from(["bid", "ask"]),
    },
)


def outcome(door: Any, given: Any, how: dict[str, Any], backend: str) -> Any:
    try:
        return door(given, **how, backend=backend)
    except om.OmegaError as error:
        return error.code, str(error)


def assert_alike(native: Any, fallback: Any) -> None:
    if isinstance(native, tuple) or isinstance(fallback, tuple):
        event(f"refused: {native[0] if isinstance(native, tuple) else native}")
        assert native == fallback
        return
    event("read")
    assert same(native, fallback)
    assert native.title == fallback.title
    for word in ("native", "python"):
        again = om.CandleSeries.from_arrow(native, check="none", allow_missing=True, backend=word)
        assert same(again, native)


@pytest.mark.usefixtures("native")
@settings(max_examples=200)
@given(made=tables(), how=_OPTIONS)
def test_tables_are_taken_or_refused_alike(made: pa.Table, how: dict[str, Any]) -> None:
    assert_alike(*(outcome(om.CandleSeries.from_arrow, made, how, word) for word in ("native", "python")))


@pytest.mark.usefixtures("native")
@settings(max_examples=100)
@given(made=tables(), how=_OPTIONS, codec=st.sampled_from([None, "lz4", "zstd"]), stream=st.booleans())
def test_files_are_read_or_refused_alike(
    made: pa.Table, how: dict[str, Any], codec: Any, stream: bool
) -> None:
    sink = pa.BufferOutputStream()
    writer = pa.ipc.new_stream if stream else pa.ipc.new_file
    with writer(sink, made.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as out:
        out.write_table(made)
    data = sink.getvalue().to_pybytes()
    assert_alike(*(outcome(om.CandleSeries.from_ipc, data, how, word) for word in ("native", "python")))


@pytest.mark.usefixtures("native")
@settings(max_examples=100)
@given(data=st.data())
def test_damaged_bytes_never_do_more_than_raise(data: Any) -> None:
    from helpers import VECTORS

    name = data.draw(
        st.sampled_from(["plain.arrow", "plain_stream.arrows", "plain_lz4.arrow", "plain_zstd.arrow"])
    )
    whole = bytearray((VECTORS / "arrow" / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)) | st.just(len(whole)))
    for word in ("native", "python"):
        found = outcome(om.CandleSeries.from_ipc, bytes(whole[:cut]), {}, word)
        if not isinstance(found, tuple):
            assert (np.diff(found.timestamp) > 0).all()
            assert np.isfinite(found.close).all()


@pytest.mark.usefixtures("native")
def test_a_name_that_is_no_text_is_refused_alike() -> None:
    made = pa.table({"timestamp": pa.array([0], pa.timestamp("us", "UTC")), "open": [1.0]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, made.schema) as out:
        out.write_table(made)
    data = sink.getvalue().to_pybytes().replace(b"open", b"\x80pen")
    codes = [outcome(om.CandleSeries.from_ipc, data, {}, word)[0] for word in ("native", "python")]
    assert codes == [3004, 3004]
