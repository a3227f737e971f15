"""Building a series: each rule, the order of the rules, and what each check leaves out.
And quality: which series to report on."""

import math
from collections.abc import Iterator

from oracle.model import FIELDS, INF, INT64_MAX, INT64_MIN, MINUTE, NAN, Failure, Series
from oracle.rules import check_series

DEFAULT = {
    "timestamp": [10, 20, 30],
    "open": [1.0, 1.0, 1.0],
    "high": [2.0, 2.0, 2.0],
    "low": [0.5, 0.5, 0.5],
    "close": [1.5, 1.5, 1.5],
}
FULL = {**DEFAULT, "volume": [1.0, 2.0, 3.0]}
Options = dict[str, object]


def but(base: dict[str, list], **changes: list) -> dict[str, list]:
    return {**base, **changes}


def at(value: float, row: int, other: float = 1.0) -> list[float]:
    return [value if r == row else other for r in range(3)]


EMPTY: dict[str, list] = {name: [] for name in DEFAULT}
CASES: list[tuple[str, dict[str, list], Options]] = [
    ("plain", FULL, {}),
    ("no_volume", DEFAULT, {}),
    ("empty", EMPTY, {}),
    ("empty_with_volume", {name: [] for name in FIELDS} | {"timestamp": []}, {}),
    ("one_row", {name: values[:1] for name, values in FULL.items()}, {}),
    # Lengths.
    *((f"short_{name}", but(FULL, **{name: FULL[name][:2]}), {}) for name in FIELDS),
    *((f"long_{name}", but(FULL, **{name: [*FULL[name], 1.0]}), {}) for name in FIELDS),
    ("short_timestamp", but(FULL, timestamp=[10, 20]), {}),
    ("empty_timestamp", but(FULL, timestamp=[]), {}),
    ("empty_volume_is_not_no_volume", but(FULL, volume=[]), {}),
    ("first_wrong_length_is_named", but(FULL, low=[0.5], close=[]), {}),
    ("lengths_even_unchecked", but(FULL, high=[2.0, 2.0]), {"check": "none"}),
    # Timeframe and price type.
    *(
        (f"timeframe_{us}", FULL, {"timeframe_us": us})
        for us in (0, 1, -1, -MINUTE, MINUTE - 1, MINUTE + 1, 90_000_000, INT64_MAX, INT64_MIN)
    ),
    *((f"timeframe_{us}", FULL, {"timeframe_us": us}) for us in (MINUTE, 7 * MINUTE, 153722867280 * MINUTE)),
    ("price_type_bid", FULL, {"price_type": "bid"}),
    ("price_type_ask", FULL, {"price_type": "ask"}),
    ("price_type_mid", FULL, {"price_type": "mid"}),
    ("timeframe_even_unchecked", FULL, {"timeframe_us": 0, "check": "none"}),
    ("price_type_even_unchecked", FULL, {"price_type": "mid", "check": "none"}),
    # Order of stamps.
    ("stamps_repeated", but(FULL, timestamp=[1015, 1022, 1022]), {}),
    ("stamps_backwards", but(FULL, timestamp=[1015, 1022, 1021]), {}),
    ("stamps_backwards_at_once", but(FULL, timestamp=[1015, 1014, 1013]), {}),
    ("stamps_first_offender_is_named", but(FULL, timestamp=[1015, 1014, 12]), {}),
    ("stamps_extremes", but(FULL, timestamp=[INT64_MIN, 0, INT64_MAX]), {}),
    ("stamps_extremes_backwards", but(FULL, timestamp=[0, INT64_MAX, INT64_MIN]), {}),
    ("stamps_one_apart", but(FULL, timestamp=[-1, 0, 1]), {}),
    ("stamps_in_order_check", but(FULL, timestamp=[1015, 1022, 1021]), {"check": "order"}),
    ("stamps_unchecked", but(FULL, timestamp=[1015, 1022, 1021]), {"check": "none"}),
]
for _name in DEFAULT:
    if _name == "timestamp":
        continue
    for _row in range(3):
        for _label, _value in (("nan", NAN), ("inf", INF), ("minus_inf", -INF)):
            _changed = but(FULL, **{_name: at(_value, _row)})
            CASES.append((f"{_name}_{_label}_row{_row}", _changed, {}))
    for _label, _value in (("nan", NAN), ("inf", INF), ("minus_inf", -INF)):
        _changed = but(FULL, **{_name: at(_value, 1)})
        CASES.append((f"{_name}_{_label}_allowed", _changed, {"allow_missing": True}))
        CASES.append((f"{_name}_{_label}_order", _changed, {"check": "order"}))
        CASES.append((f"{_name}_{_label}_none", _changed, {"check": "none"}))
CASES += [
    ("nan_told_not_allowed", but(FULL, open=at(NAN, 0)), {"allow_missing": False}),
    ("rows_before_columns", but(FULL, open=at(NAN, 2), close=at(INF, 1)), {}),
    ("columns_in_order_within_a_row", but(FULL, high=at(NAN, 1), low=at(NAN, 1)), {}),
    ("infinite_after_allowed_nan", but(FULL, open=at(NAN, 0), low=at(INF, 0)), {"allow_missing": True}),
    ("all_nan", but(FULL, **{n: [NAN] * 3 for n in ("open", "high", "low", "close")}), {}),
    (
        "all_nan_allowed",
        but(FULL, **{n: [NAN] * 3 for n in ("open", "high", "low", "close")}),
        {"allow_missing": True},
    ),
    ("volume_nan", but(FULL, volume=[NAN, 1.0, NAN]), {}),
    ("volume_inf", but(FULL, volume=at(INF, 2)), {}),
    ("volume_minus_inf", but(FULL, volume=at(-INF, 0)), {}),
    ("volume_inf_allow_missing", but(FULL, volume=at(INF, 2)), {"allow_missing": True}),
    ("volume_inf_order", but(FULL, volume=at(INF, 2)), {"check": "order"}),
    ("volume_inf_none", but(FULL, volume=at(INF, 2)), {"check": "none"}),
    ("volume_negative", but(FULL, volume=[-1.0, -0.0, 0.0]), {}),
    ("price_before_volume", but(FULL, close=at(NAN, 1), volume=at(INF, 1)), {}),
    ("high_below_low_is_legal", but(FULL, high=[0.1, 0.1, 0.1]), {}),
    ("negative_prices_are_legal", but(FULL, open=[-1.0, -0.0, 0.0]), {}),
    ("largest_prices", but(FULL, high=[1.7976931348623157e308] * 3, low=[5e-324] * 3), {}),
    # Which fault is reported when there are several.
    ("lengths_before_timeframe", but(FULL, high=[2.0]), {"timeframe_us": 0}),
    ("timeframe_before_order", but(FULL, timestamp=[30, 20, 10]), {"timeframe_us": 90_000_000}),
    ("price_type_before_order", but(FULL, timestamp=[30, 20, 10]), {"price_type": "mid"}),
    ("order_before_prices", but(FULL, timestamp=[1015, 1022, 1021], open=at(NAN, 0)), {}),
]


def _text(values: list) -> str:
    return ",".join("nan" if math.isnan(v) else repr(v) for v in values) or "-"


def series_rows() -> Iterator[tuple[str, str, str, str, str]]:
    for name, columns, options in CASES:
        built = {"symbol": "TEST", **{k: v for k, v in options.items() if k != "check"}}
        allow = bool(built.pop("allow_missing", False))
        series = Series(**{"volume": None, **columns}, **built)  # type: ignore[arg-type]
        try:
            check_series(series, str(options.get("check", "full")), allow)
            result, value = "ok", "-"
        except Failure as failure:
            result, value = "error", failure.text()
        shown = (f"{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in options.items())
        cells = " ".join(f"{key}={_text(values)}" for key, values in columns.items())
        yield name, cells, " ".join(shown) or "-", result, value


_QUALITY = (
    "empty empty_novolume one minutes gappy weekend novolume overlapping weeks seven_minutes "
    "before_epoch extremes whole_range at_max microseconds bits missing walk odd"
)
QUALITY = _QUALITY.split()
PAIRS = (
    ("pair_bid", "pair_ask"),
    ("pair_bid", "pair_ask_missing"),
    ("pair_bid", "pair_ask_later"),
    ("pair_bid", "pair_ask_empty"),
    ("empty", "pair_ask"),
    ("empty", "pair_ask_empty"),
)
