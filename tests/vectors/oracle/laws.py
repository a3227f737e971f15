"""Answers that semantics.md gives in words, written out by hand, against the oracle.

The oracle produces every expectation; this is the second opinion on the oracle.
"""

import datetime as dt
import math
from collections.abc import Callable

from oracle.arrow_rules import Field, Table, series_of
from oracle.csv_text import read_csv, records
from oracle.model import DAY, HOUR, INT64_MAX, INT64_MIN, MINUTE, NAN, PRICES, WEEK, Failure, Series, bits
from oracle.questions import (
    gather_lookback,
    get_candle_asof,
    get_candle_at,
    get_candles_asof,
    get_candles_at,
    get_lookback,
    get_lookbacks,
    get_slice,
)
from oracle.rules import check_series, gaps, pair_quality, quality
from oracle.symbols import Moments
from oracle.text import (
    STANDARD,
    parse_integer,
    parse_number,
    parse_timeframe,
    parse_timestamp,
    timeframe_name,
)
from oracle.timeframes import align, bucket_start, resample
from oracle.walk import Walk


def flat(stamps: list[int], timeframe: int = 10, close: list[float] | None = None) -> Series:
    ones = [1.0] * len(stamps)
    return Series(stamps, ones, ones, ones, close or ones, None, timeframe_us=timeframe)


def code(call: Callable[..., object], *args: object, **options: object) -> int:
    try:
        call(*args, **options)
    except Failure as failure:
        return failure.code
    return 0


def _questions() -> None:
    none, some = flat([]), flat([100, 110, 120, 150], close=[1.0, 2.0, 3.0, 4.0])
    # get_slice: bounds, clipping, the gap, and what counts as outside.
    assert get_slice(some, 110, 120) == (1, 2)
    assert get_slice(some, 110, 120, include_current=False) == (1, 1)
    assert get_slice(some, 0, 115) == (0, 2)
    assert get_slice(some, 111, INT64_MAX) == (2, 2)
    assert get_slice(some, 130, 140) == (3, 0)
    assert get_slice(some, 120, 120) == (2, 1)
    assert get_slice(some, 120, 120, include_current=False) == (2, 0)
    assert code(get_slice, some, 0, 99) == 1003
    assert code(get_slice, some, 0, 100, include_current=False) == 1003
    assert code(get_slice, some, 151, 200) == 1003
    assert get_slice(some, 150, 150, include_current=False) == (3, 0)
    assert code(get_slice, none, 1, 2) == 1003
    assert code(get_slice, some, 120, 119) == 1001
    assert code(get_slice, none, 2, 1) == 1001
    # Candles: exactly there, or the latest one begun, or the latest one closed.
    assert [get_candle_at(some, t) for t in (100, 101, 150, 99)] == [0, -1, 3, -1]
    assert [get_candle_asof(some, t) for t in (99, 100, 119, 149, 150)] == [-1, 0, 1, 2, 3]
    closed = [get_candle_asof(some, t, closed_only=True) for t in (109, 110, 119, 120, 159, 160)]
    assert closed == [-1, 0, 0, 1, 2, 3]
    # Lookback: the current candle, the one before, the closed ones.
    assert get_lookback(some, 120, 2) == (1, 2)
    assert get_lookback(some, 120, 2, include_current=False) == (0, 2)
    assert get_lookback(some, 121, 2, include_current=False) == (1, 2)
    assert get_lookback(some, 120, 2, closed_only=True) == (0, 2)
    assert get_lookback(some, 129, 2, closed_only=True) == (0, 2)
    assert get_lookback(some, 130, 2, closed_only=True) == (1, 2)
    assert get_lookback(some, INT64_MAX, 4) == (0, 4)
    assert code(get_lookback, some, INT64_MAX, 5) == 2008
    assert get_lookback(some, INT64_MAX, 5, partial=True) == (0, 4)
    assert get_lookback(some, 99, 5, partial=True) == (0, 0)
    assert code(get_lookback, some, 120, 0) == code(get_lookback, none, 1, 0) == 1001
    assert code(get_lookback, none, 1, 1) == 2008
    # Batches.
    assert get_lookbacks(some, [150, 110], 2) == [(2, 2), (0, 2)]
    assert get_lookbacks(some, [], 2) == []
    assert code(get_lookbacks, some, [150, 100, 110], 2) == 2008
    assert get_candles_at(some, [150, 1, 100]) == [3, -1, 0]
    assert get_candles_asof(some, [150, 1, 109], closed_only=True) == [2, -1, -1]
    assert gather_lookback(some, [150, 110], 2) == [[3.0, 4.0], [1.0, 2.0]]
    padded = gather_lookback(some, [110, 1], 3, partial=True)
    assert math.isnan(padded[0][0])
    assert padded[0][1:] == [1.0, 2.0]
    assert all(map(math.isnan, padded[1]))
    volumes = gather_lookback(some, [150], 2, field="volume")
    assert all(map(math.isnan, volumes[0]))
    # At the ends of int64 no close time wraps round.
    ends = flat([INT64_MIN, INT64_MAX], MINUTE)
    assert get_candle_asof(ends, INT64_MIN, closed_only=True) == -1
    assert get_candle_asof(ends, INT64_MAX, closed_only=True) == 0
    assert get_lookback(ends, INT64_MAX, 2, closed_only=True, partial=True) == (0, 1)


def _text() -> None:
    assert parse_timeframe("60min") == parse_timeframe("H1") == parse_timeframe("1h") == HOUR
    assert parse_timeframe("7D") == parse_timeframe("w1") == 7 * 24 * HOUR
    assert [timeframe_name(parse_timeframe(t)) for t in ("24h", "90min", "48h")] == ["D1", "90min", "2d"]
    assert all(timeframe_name(parse_timeframe(name)) == name for name in STANDARD)
    assert {code(parse_timeframe, t) for t in ("", "M2", "0h", " M1", "1m", "-1min")} == {1009}
    assert parse_timestamp("1970-01-01") == 0
    assert parse_timestamp("2012-01-02T03:04:05.678901Z") == 1325473445678901
    assert parse_timestamp("1970-01-01 00:00+01:00") == -HOUR
    assert parse_timestamp("1969-12-31t23:00-0100") == 0
    # A second opinion on the calendar, over every day of four centuries and both ends.
    epoch = dt.date(1970, 1, 1).toordinal()
    for ordinal in [1, 2, 60, *range(584023, 730487), 3652058, 3652059]:
        day = dt.date.fromordinal(ordinal)
        if day.day in (1, 28, 29) or day.month == 2:
            assert parse_timestamp(day.isoformat()) == (ordinal - epoch) * 24 * HOUR
    bad = ("2023-02-29", "2024-01-01T24:00", "2024-01-01T00:00:00.1234567", "2024-01-01T00:00 Z")
    assert {code(parse_timestamp, text) for text in bad} == {1009}
    assert parse_integer("-5", "s") == -5_000_000
    assert parse_integer("-1000", "ns") == -1
    assert code(parse_integer, "1001", "ns") == 1009
    assert bits(parse_number("-.0")) == "8000000000000000"
    assert parse_number("-Infinity") == -math.inf
    assert math.isnan(parse_number("+nAn"))
    assert {code(parse_number, t) for t in ("0x1", "1_0", ".", "1e", "", "infi")} == {1009}


def _series() -> None:
    good = flat([10, 20, 30], MINUTE)
    assert check_series(good) is good
    backwards, stray = flat([10, 20, 20], MINUTE), flat([10, 20, 30], MINUTE, [1.0, math.nan, 1.0])
    assert code(check_series, backwards) == code(check_series, backwards, "order") == 1006
    assert code(check_series, backwards, "none") == 0
    assert code(check_series, stray) == 1006
    assert code(check_series, stray, allow_missing=True) == code(check_series, stray, "order") == 0
    assert code(check_series, flat([1, 2], MINUTE, [1.0])) == 1011
    assert code(check_series, flat([1, 2], MINUTE + 1)) == 1001
    steps = flat([0, 10, 15, 40, 65, 100])
    assert gaps(steps) == [(25, 2), (35, 1)]
    report = quality(steps)
    assert (report["gaps"], report["overlaps"], report["missing_volumes"]) == (3, 1, 6)
    asked = flat([10, 15, 65], close=[0.5, 1.0, 1.0])
    assert list(pair_quality(steps, asked).values()) == [3, 1, 2, 3, 0]


def _csv() -> None:
    assert records('a,"b ""c"", d"\r\n\r\n"x\ny",z\nlast') == [
        (1, ["a", 'b "c", d']),
        (3, ["x\ny", "z"]),
        (5, ["last"]),
    ]
    head = b"\xef\xbb\xbfTime,Open,High,Low,Close\n"
    read = read_csv(head + b"2024-03-01,1,1,1,1\n")
    assert read.timestamp == [1709251200000000]
    assert read.volume is None
    assert code(read_csv, b"") == code(read_csv, b"\n\n") == 1010
    assert len(read_csv(head)) == 0
    assert code(read_csv, b"open,high,low,close\n") == 1005
    assert code(read_csv, b"date,time,open,high,low,close\n") == 1005
    assert code(read_csv, head + b"1709251200,1,1,1,1\n") == 1009
    assert read_csv(head + b"1709251200,1,1,1,1\n", unit="s").timestamp == read.timestamp
    assert code(read_csv, head + b"2024-03-01,1,1,1\n") == 1009
    assert code(read_csv, head + b"2024-03-01,1,1,,1\n") == 1006


def _timeframes() -> None:
    # The table of the semantics: M5 primary, H1 higher, gapless, both from midnight.
    m5 = flat([k * 5 * MINUTE for k in range(40)], 5 * MINUTE)
    h1 = flat([k * HOUR for k in range(4)], HOUR)
    opened, closed = align(m5, h1), align(m5, h1, "close")
    assert opened[:12] == [-1] * 12
    assert (opened[12], opened[23], opened[24]) == (0, 0, 1)
    assert (closed[10], closed[11], closed[22], closed[23]) == (-1, 0, 0, 1)
    stamped_at_close = align(m5, h1, stamps="close")
    assert (stamped_at_close[0], stamped_at_close[11], stamped_at_close[12]) == (0, 0, 1)
    gone = flat([0, 3 * HOUR], HOUR)
    assert align(m5, gone)[12:] == [0] * 28
    # A candle that closed at bar 12 is shown for as many bars more as the limit says.
    limited = align(m5, gone, stale_limit=2)
    assert limited[11:16] == [-1, 0, 0, 0, -1]
    assert align(m5, flat([-9 * HOUR], HOUR), stale_limit=0)[:2] == [0, -1]
    assert code(align, m5, h1, stale_limit=-1) == 1001
    # Buckets: weeks begin on Mondays, the last one is kept when it is whole.
    monday = parse_timestamp("2024-03-04")
    assert bucket_start(parse_timestamp("2024-03-10T23:59"), WEEK, 0) == monday
    assert bucket_start(-1, HOUR, 0) == -HOUR
    assert bucket_start(0, DAY, -2 * HOUR) == -2 * HOUR
    minutes = flat([k * MINUTE for k in range(13)], MINUTE, [float(k) for k in range(13)])
    five = resample(minutes, 5 * MINUTE)
    assert five.timestamp == [0, 5 * MINUTE]
    assert five.close == [4.0, 9.0]
    assert resample(minutes, 5 * MINUTE, keep_partial=True).close == [4.0, 9.0, 12.0]
    assert code(resample, minutes, 90) == code(resample, m5, 12 * MINUTE) == 1001
    assert code(resample, flat([MINUTE], 2 * MINUTE), 2 * MINUTE) == 1006
    assert code(resample, flat([MINUTE], 2 * MINUTE), 2 * MINUTE, MINUTE) == 0
    price = Series([0, 1], [NAN, 2.0], [0.0, -0.0], [NAN] * 2, [1.0, NAN], [1e16, 1.0], timeframe_us=MINUTE)
    made = resample(price, MINUTE * 2, keep_partial=True)
    assert (made.open, made.close, made.volume) == ([2.0], [1.0], [1e16])
    assert bits(made.high[0]) == bits(-0.0)
    assert math.isnan(made.low[0])


def _walk_and_symbols() -> None:
    m5 = flat([k * 5 * MINUTE for k in range(40)], 5 * MINUTE)
    h1 = flat([k * HOUR for k in range(4)], HOUR)
    walk = Walk([h1, m5])
    assert (walk.bars(), walk.decision_time(0)) == (40, 5 * MINUTE)
    assert [walk.latest(i, HOUR) for i in (10, 11, 39, 40)] == [-1, 0, 2, -1]
    assert walk.latest(7, 5 * MINUTE) == 7
    assert walk.latest(7, 5 * MINUTE, "ask") == walk.latest(7, DAY) == -1
    assert walk.history(7, 5 * MINUTE, length=3) == (5, 3)
    assert walk.history(1, 5 * MINUTE, length=3) == (0, 2)
    assert walk.history(41, 5 * MINUTE, length=3) == (39, 1)
    assert walk.history(42, 5 * MINUTE, length=3) == (0, 0)
    assert code(walk.latest, -1, HOUR) == code(walk.decision_time, 40) == 1003
    assert code(walk.latest, 0, HOUR, "mid") == code(walk.history, 0, HOUR, length=-1) == 1001
    assert code(Walk, []) == 1010
    matrix = walk.history_matrix(5 * MINUTE, length=2, stop=1)
    assert math.isnan(matrix[0][0])
    assert matrix[0][1] == 1.0

    bid = flat([0, 10, 30], MINUTE, [1.0, 2.0, 3.0])
    ask = Series([10, 20], *[[2.5, 3.5]] * 4, None, timeframe_us=MINUTE, price_type="ask")
    both = Moments([bid, ask])
    assert both.timeline == [10]
    assert (both.price(0, "TEST"), both.spread(0, "TEST")) == (2.25, 0.5)
    every = Moments([bid, ask], "union")
    assert every.rows("TEST", "ask") == [-1, 0, 1, -1]
    assert Moments([bid, ask], "union", asof=True).rows("TEST", "ask") == [-1, 0, 1, 1]
    assert Moments([bid, ask], "union", asof=True, stale_limit=9).rows("TEST", "ask") == [-1, 0, 1, -1]
    assert every.price(0, "TEST") is None
    assert code(both.price, 1, "TEST") == 1003
    assert code(both.price, 0, "OTHER") == code(Moments, [bid], stale_limit=1) == 1001


def _arrow() -> None:
    def table(time: Field, *more: Field) -> Table:
        prices = (Field(name, "float64", (1.5,) * len(time.values)) for name in PRICES)
        return Table((time, *prices, *more), {"timeframe": "H1", "price_type": "ask"})

    def stamps(kind: str, *values: int | None, name: str = "timestamp") -> Field:
        return Field(name, kind, values)

    read = series_of(table(stamps("timestamp[ns, Asia/Tokyo]", -3000, 0, 9000)))
    assert (read.timestamp, read.volume) == ([-3, 0, 9], None)
    assert (read.symbol, read.timeframe_us, read.price_type) == ("", HOUR, "ask")
    assert series_of(table(stamps("date32", 0, 19783))).timestamp == [0, parse_timestamp("2024-03-01")]
    assert series_of(table(stamps("date64", 86_400_000))).timestamp == [DAY]
    assert series_of(table(stamps("timestamp[s]", 7, name="x"))).timestamp == [7_000_000]
    assert code(series_of, table(stamps("timestamp[ns]", 1001))) == 1009
    assert code(series_of, table(stamps("timestamp[ms]", 2**63 // 1000 + 1))) == 1009
    assert code(series_of, table(stamps("int64", 5))) == 1009
    assert (
        code(series_of, table(stamps("int64", 5, name="x")))
        == code(series_of, table(stamps("int32", 5)))
        == 1005
    )
    assert code(series_of, table(stamps("timestamp[s]", 7, None))) == 1006
    assert code(series_of, Table(table(stamps("int64")).fields)) == 1001
    two = stamps("timestamp[s]", 7, 8)
    for kind, volume, wanted in (
        ("int64", (2**53, None), [2.0**53, NAN]),
        ("uint64", (2**53 + 1, 1), 1004),
        ("float32", (0.1, 0.5), [0.10000000149011612, 0.5]),
        ("bool", (True, True), 1005),
        ("float64", (None, None), None),
    ):
        asked = table(two, Field("Volume", kind, volume))
        if isinstance(wanted, int):
            assert code(series_of, asked) == wanted
        else:
            assert str(series_of(asked).volume) == str(wanted)
    gone = table(two, Field("valid", "bool", (False, True)))
    assert series_of(gone).timestamp == [8_000_000]
    assert math.isnan(series_of(gone, allow_missing=True).close[0])
    assert code(series_of, gone, strict=True) == 1005


def check() -> None:
    """Raises AssertionError on the first disagreement."""
    _timeframes()
    _walk_and_symbols()
    _questions()
    _text()
    _series()
    _csv()
    _arrow()
