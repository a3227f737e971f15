"""Questions in time: each is asked at every kind of moment, with every kind of option."""

import math
from collections.abc import Iterator

import oracle.questions
from oracle.model import (
    DAY,
    FIELDS,
    HOUR,
    INT64_MAX,
    INT64_MIN,
    MINUTE,
    Failure,
    Series,
    bits,
)

from cases.series_data import SERIES, T0, minutes

Row = tuple[str, str, str, str, str, str]


def written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "-"
    return str(value)


def answer(op: str, series: Series, args: dict[str, object]) -> tuple[str, str]:
    """The oracle's answer as (result kind, value)."""
    try:
        value = getattr(oracle.questions, op)(series, **args)
    except Failure as failure:
        return "error", failure.text()
    if op in ("get_slice", "get_lookback"):
        return "range", f"{value[0]}:{value[1]}"
    if op in ("get_candle_at", "get_candle_asof"):
        return "row", str(value)
    if op == "get_lookbacks":
        return "ranges", ",".join(f"{start}:{length}" for start, length in value) or "-"
    if op == "gather_lookback":
        cells = [["nan" if math.isnan(v) else bits(v) for v in row] for row in value]
        return "matrix", ";".join(",".join(row) for row in cells) or "-"
    return "rows", ",".join(map(str, value)) or "-"


class Cases:
    """Collects rows; a case's name is op, series and what is special about it."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def ask(self, name: str, op: str, series: str, **args: object) -> str:
        kind, value = answer(op, SERIES[series], args)
        text = " ".join(f"{key}={written(arg)}" for key, arg in args.items()) or "-"
        self.rows.append((f"{op}/{series}/{name}", op, series, text, kind, value))
        return kind


# Moments named for what they are; the same names serve singles and pairs.
MOMENTS: dict[str, dict[str, int]] = {
    "empty": {"any": T0},
    "one": {"before": T0 - 1, "on_it": T0, "after": T0 + 1, "at_close": T0 + MINUTE},
    "gappy": {
        "min": INT64_MIN,
        "before": T0 - 1,
        "first": T0,
        "first+1us": T0 + 1,
        "second-1us": T0 + MINUTE - 1,
        "second": T0 + MINUTE,
        "in_gap": T0 + 10 * MINUTE,
        "after_gap": T0 + 20 * MINUTE,
        "last-1us": T0 + 60 * MINUTE - 1,
        "last": T0 + 60 * MINUTE,
        "last+1us": T0 + 60 * MINUTE + 1,
        "last_close-1us": T0 + 61 * MINUTE - 1,
        "last_close": T0 + 61 * MINUTE,
        "max": INT64_MAX,
    },
    "weekend": {
        "friday_last": T0 + 21 * HOUR,
        "friday_close-1us": T0 + 22 * HOUR - 1,
        "friday_close": T0 + 22 * HOUR,
        "saturday": T0 + DAY,
        "sunday_open": T0 + 70 * HOUR,
        "sunday_close": T0 + 71 * HOUR,
    },
    "overlapping": {
        "third": T0 + 40 * MINUTE,
        "first_close-1us": T0 + HOUR - 1,
        "first_close": T0 + HOUR,
        "second_close": T0 + 80 * MINUTE,
        "last_close": T0 + 160 * MINUTE + HOUR,
    },
    "extremes": {
        "min": INT64_MIN,
        "min+1us": INT64_MIN + 1,
        "first_close-1us": INT64_MIN + MINUTE - 1,
        "first_close": INT64_MIN + MINUTE,
        "zero": 0,
        "max-minute": INT64_MAX - MINUTE,
        "max-1us": INT64_MAX - 1,
        "max": INT64_MAX,
    },
    "at_min": {"min": INT64_MIN, "close-1us": INT64_MIN + HOUR - 1, "close": INT64_MIN + HOUR},
    "at_max": {"min": INT64_MIN, "max-1us": INT64_MAX - 1, "max": INT64_MAX},
    "microseconds": {"third": T0 + 2, "between": T0 + 3, "close": T0 + MINUTE},
    "weeks": {"close-1us": T0 + 7 * DAY - 1, "close": T0 + 7 * DAY},
}
PAIRED = {
    "empty": ("any",),
    "one": ("before", "on_it", "after"),
    "gappy": ("min", "before", "first", "first+1us", "in_gap", "after_gap", "last", "last+1us", "max"),
    "weekend": ("friday_last", "friday_close", "saturday", "sunday_open"),
    "extremes": ("min", "min+1us", "zero", "max-1us", "max"),
    "at_min": ("min", "close"),
    "at_max": ("min", "max-1us", "max"),
}
OPTIONS: tuple[tuple[str, dict[str, bool]], ...] = (
    ("", {}),
    ("+exclude", {"include_current": False}),
    ("+closed", {"closed_only": True}),
    ("+exclude+closed", {"include_current": False, "closed_only": True}),
)


def slices(cases: Cases) -> None:
    for series, names in PAIRED.items():
        moments = MOMENTS[series]
        for i, a in enumerate(names):
            # Backwards only to the neighbour: one refusal is much like another.
            for b in names[max(i - 1, 0) :]:
                start, end = moments[a], moments[b]
                cases.ask(f"{a}..{b}", "get_slice", series, start=start, end=end)
                cases.ask(
                    f"{a}..{b}+exclude",
                    "get_slice",
                    series,
                    start=start,
                    end=end,
                    include_current=False,
                )
    told = {"start": T0, "end": T0 + MINUTE, "include_current": True}
    cases.ask("default_is_true", "get_slice", "minutes", **told)
    inner = {"start": T0 + 1, "end": T0 + MINUTE - 1}
    cases.ask("between_two_minutes", "get_slice", "minutes", **inner)
    cases.ask("empty_series_start_after_end", "get_slice", "empty", start=2, end=1)
    cases.ask("no_volume_column", "get_slice", "empty_novolume", start=1, end=2)


def candles(cases: Cases) -> None:
    for series, moments in MOMENTS.items():
        for name, t in moments.items():
            cases.ask(name, "get_candle_at", series, t=t)
            cases.ask(name, "get_candle_asof", series, t=t)
            cases.ask(f"{name}+closed", "get_candle_asof", series, t=t, closed_only=True)
    cases.ask("default_is_false", "get_candle_asof", "minutes", t=T0, closed_only=False)
    for series in ("bits", "missing", "novolume"):
        for row, t in enumerate(SERIES[series].timestamp):
            cases.ask(f"row{row}", "get_candle_at", series, t=t)
            cases.ask(f"row{row}", "get_candle_asof", series, t=t + 1)


def lookbacks(cases: Cases) -> None:
    for series, moments in MOMENTS.items():
        everything = max(len(SERIES[series]), 1)
        for name, now in moments.items():
            for n in sorted({1, 3, everything}):
                for suffix, options in OPTIONS:
                    label = f"{name}/n{n}{suffix}"
                    how = {"now": now, "n": n, **options}
                    if cases.ask(label, "get_lookback", series, **how) == "error":
                        label += "+partial"
                        cases.ask(label, "get_lookback", series, **how, partial=True)
    now = minutes(9)[0]
    plain: dict[str, object] = {"now": now, "n": 4}
    told = {"include_current": True, "closed_only": False, "partial": False}
    cases.ask("defaults_told", "get_lookback", "minutes", **plain, **told)
    for key, value in told.items():
        cases.ask(f"default_{key}", "get_lookback", "minutes", **plain, **{key: value})
    cases.ask("partial_not_needed", "get_lookback", "minutes", **plain, partial=True)
    cases.ask("partial_false", "get_lookback", "minutes", now=now, n=11, partial=False)
    for n, partial in ((11, False), (11, True), (INT64_MAX, False), (INT64_MAX, True)):
        cases.ask(f"n{n}+{partial}", "get_lookback", "minutes", now=now, n=n, partial=partial)
    for series in ("empty", "minutes"):
        cases.ask("n0", "get_lookback", series, now=now, n=0)
        cases.ask("n0+partial", "get_lookback", series, now=now, n=0, partial=True)


def sweep(series: Series) -> list[int]:
    """Every stamp and close time that fits, with a microsecond on both sides, ascending."""
    edges = series.timestamp + [t + series.timeframe_us for t in series.timestamp]
    around = {edge + by for edge in edges for by in (-1, 0, 1)}
    return sorted(t for t in around if INT64_MIN <= t <= INT64_MAX)


def shuffled(times: list[int]) -> list[int]:
    """The same moments out of order and with repetitions, the same on every machine."""
    out = [times[i * 37 % len(times)] for i in range(len(times))]
    return out + out[:3] + out[2:0:-1]


def batches(cases: Cases) -> None:
    for series in ("gappy", "overlapping", "extremes", "weekend", "weeks", "seven_minutes"):
        times = sweep(SERIES[series])
        for order, asked in (("ascending", times), ("shuffled", shuffled(times))):
            cases.ask(order, "get_candles_at", series, times=asked)
            cases.ask(order, "get_candles_asof", series, times=asked)
            cases.ask(f"{order}+closed", "get_candles_asof", series, times=asked, closed_only=True)
            for suffix, options in OPTIONS:
                how = {"times": asked, "n": 3, **options, "partial": True}
                cases.ask(f"{order}{suffix}", "get_lookbacks", series, **how)
    walk = SERIES["walk"].timestamp
    times = shuffled([t + by for t in walk[::4] for by in (0, 30_000_000)])
    cases.ask("walk", "get_candles_at", "walk", times=times)
    cases.ask("walk", "get_candles_asof", "walk", times=times)
    cases.ask("walk+closed", "get_candles_asof", "walk", times=times, closed_only=True)
    for suffix, options in OPTIONS:
        how = {"times": times, "n": 20, **options, "partial": True}
        cases.ask(f"walk{suffix}", "get_lookbacks", "walk", **how)
    for series in ("empty", "one", "minutes"):
        for op in ("get_candles_at", "get_candles_asof"):
            cases.ask("no_times", op, series, times=[])
            cases.ask("two", op, series, times=[T0 + 1, T0])
        for op in ("get_lookbacks", "gather_lookback"):
            cases.ask("no_times", op, series, times=[], n=3)
            cases.ask("no_times+n0", op, series, times=[], n=0)
            cases.ask("n0", op, series, times=[T0, T0 + 1], n=0)
            cases.ask("too_few", op, series, times=[T0], n=2)
            cases.ask("partial", op, series, times=[T0, T0], n=2, partial=True)
    failures(cases)


def failures(cases: Cases) -> None:
    """The first element that fails is the one reported, also out of order."""
    at = minutes(*range(10))
    for op in ("get_lookbacks", "gather_lookback"):
        for name, times, n in (
            ("first_fails", [at[1], at[5], at[6]], 3),
            ("second_fails", [at[5], at[1], at[0]], 3),
            ("last_fails", [at[8], at[5], at[9], at[0] - 1], 3),
            ("all_but_exactly_enough", [at[9], at[8]], 10),
        ):
            cases.ask(name, op, "minutes", times=times, n=n)
        cases.ask("exactly_all", op, "minutes", times=[at[9], INT64_MAX], n=10)
        excluded = {"times": [at[5], at[3]], "n": 4, "include_current": False}
        cases.ask("fails_only_without_current", op, "minutes", **excluded)
        closed = {"times": [at[5], at[4] - 1], "n": 4, "closed_only": True}
        cases.ask("fails_only_closed", op, "minutes", **closed)
        told = {"include_current": True, "closed_only": False, "partial": False}
        cases.ask("defaults_told", op, "minutes", times=[at[5], at[4]], n=2, **told)


def gathers(cases: Cases) -> None:
    at = minutes(*range(10))
    cases.ask("default_field_is_close", "gather_lookback", "minutes", times=[at[3]], n=2)
    for field in FIELDS:
        how = {"times": [at[3], at[9], at[4] + 1], "n": 3, "field": field}
        cases.ask(field, "gather_lookback", "minutes", **how)
        for series in ("novolume", "bits", "missing"):
            stamps = SERIES[series].timestamp
            how = {"times": [stamps[4], stamps[2]], "n": 3, "field": field}
            cases.ask(field, "gather_lookback", series, **how)
    for suffix, options in OPTIONS:
        how = {"times": [at[0] - 1, at[0], at[1], at[4] + 7, at[2]], "n": 3, **options}
        cases.ask(f"padded{suffix}", "gather_lookback", "minutes", **how, partial=True)
    how = {"times": sweep(SERIES["gappy"])[::4], "n": 2, "field": "low", "partial": True}
    cases.ask("sweep", "gather_lookback", "gappy", **how)
    how = {"times": [INT64_MIN, INT64_MAX, 0], "n": 2, "closed_only": True, "partial": True}
    cases.ask("closed", "gather_lookback", "extremes", **how)
    volumes = {"times": [at[5], at[0]], "n": 4, "field": "volume", "partial": True}
    cases.ask("padded_volume", "gather_lookback", "novolume", **volumes)


def rows() -> Iterator[Row]:
    cases = Cases()
    for part in (slices, candles, lookbacks, batches, gathers):
        part(cases)
    yield from cases.rows
