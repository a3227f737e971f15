"""Several timeframes: resample and align, asked of every kind of series with every kind of option."""

from collections.abc import Iterator

from oracle.model import DAY, HOUR, MINUTE, WEEK, Failure, Series
from oracle.text import timeframe_name
from oracle.timeframes import align, resample

from cases.series_data import SERIES
from cases.slicer_cases import written
from cases.timeframe_series import M5

Outcome = Series | Failure

RESAMPLED: list[tuple[str, int, dict[str, object]]] = [
    *(("m1_hour", d, {}) for d in (MINUTE, M5, 15 * MINUTE, HOUR, 4 * HOUR, DAY, WEEK, 7 * MINUTE)),
    *(("m1_hour", d, {"keep_partial": True}) for d in (M5, HOUR, DAY, WEEK)),
    *(("m1_hour", HOUR, {"origin": o}) for o in (20 * MINUTE, -20 * MINUTE, HOUR, 7 * HOUR + MINUTE)),
    *(("m1_hour", HOUR, {"origin": o, "keep_partial": True}) for o in (59 * MINUTE, -(2**63), 2**63 - 1 - 7)),
    *(("m1_partial", d, {"keep_partial": k}) for d in (M5, 7 * MINUTE) for k in (False, True)),
    *(("m1_complete", d, {"keep_partial": k}) for d in (M5, 15 * MINUTE) for k in (False, True)),
    *((name, M5, {"keep_partial": True}) for name in ("gappy", "novolume", "missing", "bits", "zeros")),
    *((name, HOUR, {}) for name in ("gappy", "walk", "empty", "empty_novolume", "m5_sessions", "m5_day")),
    *((name, DAY, {"keep_partial": True}) for name in ("walk", "weekend", "m5_sessions")),
    *(("volumes", d, {"keep_partial": True}) for d in (2 * MINUTE, 3 * MINUTE, 4 * MINUTE, M5, HOUR)),
    ("volumes_missing", M5, {}),
    ("volumes_huge", MINUTE, {}),
    ("volumes_huge", 2 * MINUTE, {}),
    ("volumes_huge", 2 * MINUTE, {"origin": MINUTE, "keep_partial": True}),
    ("missing", 2 * MINUTE, {"keep_partial": True}),
    ("before_epoch", 2 * DAY, {"keep_partial": True}),
    ("m1_negative", 3 * MINUTE, {"keep_partial": True}),
    ("fortnight", WEEK, {}),
    ("fortnight", WEEK, {"origin": -4 * DAY}),
    ("fortnight", 2 * WEEK, {"keep_partial": True}),
    ("d1_evening", WEEK, {"origin": -2 * HOUR, "keep_partial": True}),
    ("m1_off_grid", M5, {"origin": 30_000_000, "keep_partial": True}),
    # Refused.
    ("m1_off_grid", 2 * MINUTE, {}),
    ("d1_evening", WEEK, {}),
    ("h1_odd", DAY, {}),
    ("overlapping", 2 * HOUR, {}),
    ("m5_day", MINUTE, {}),
    ("m5_day", 7 * MINUTE, {}),
    ("m5_day", 12 * MINUTE, {}),
    ("edge_min", HOUR, {}),
    ("edge_min", HOUR, {"origin": 8 * MINUTE}),
    ("at_min", DAY, {}),
    ("edge_max_hour", DAY, {"keep_partial": True}),
]


def resampled() -> Iterator[tuple[str, str, str, str, Outcome]]:
    for name, duration, args in RESAMPLED:
        text = " ".join(f"{key}={written(value)}" for key, value in args.items()) or "-"
        target = timeframe_name(duration)
        case = "/".join([name, target, *(f"{key}={written(value)}" for key, value in args.items())])
        try:
            outcome: Outcome = resample(SERIES[name], duration, **args)  # type: ignore[arg-type]
        except Failure as failure:
            outcome = failure
        yield case, name, target, text, outcome


PAIRS = [
    *(("m5_day", name) for name in SERIES if name.startswith("h1_")),
    ("m5_day", "m5_day"),
    ("m5_day", "m5_ask"),
    ("m5_day", "d1_week"),
    ("m5_sessions", "h1_day"),
    ("m5_sessions", "weekend"),
    ("m5_sessions", "d1_week"),
    ("h1_day", "m5_day"),
    ("h1_overlapping", "overlapping"),
    ("gappy", "m5_ask"),
    ("gappy", "m1_ask_gappy"),
    ("empty", "h1_day"),
    ("empty", "h1_empty"),
    ("one", "h1_before"),
    ("weekend", "d1_week"),
    ("weeks", "d1_week"),
    ("extremes", "extremes"),
    ("extremes", "edge_max_hour"),
    ("extremes", "edge_min_hour"),
    ("edge_max_hour", "extremes"),
    ("edge_max_hour", "at_max"),
    ("at_max", "at_max"),
    ("at_min", "at_min"),
    ("whole_range", "extremes"),
]


def align_rows() -> Iterator[tuple[str, str, str, str, str, str]]:
    for primary, higher in PAIRS:
        every: list[dict[str, object]] = [{}]
        every += [{"decision": d, "stamps": s} for d in ("open", "close") for s in ("open", "close")]
        every += [{"decision": "close", "stale_limit": limit} for limit in (0, 1, 11, 12, 1000)]
        every += [{"stale_limit": 0}, {"stamps": "close", "stale_limit": 2}, {"stale_limit": -1}]
        for args in every:
            text = " ".join(f"{key}={written(value)}" for key, value in args.items()) or "-"
            case = "/".join([primary, higher, *text.split()])
            try:
                rows = align(SERIES[primary], SERIES[higher], **args)  # type: ignore[arg-type]
                yield case, primary, higher, text, "rows", written(rows)
            except Failure as failure:
                yield case, primary, higher, text, "error", failure.text()
