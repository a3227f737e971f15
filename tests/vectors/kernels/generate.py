#!/usr/bin/env python3
"""Writes the kernels' cases: which series are asked what, and the answers of the definitions.

    generate.py            write series.tsv and cases.tsv beside this file
    generate.py --check    fail when they differ from what would be written

Values are doubles as 16 hexadecimal digits; every NaN is written 7ff8000000000000 and may be any NaN.
"""

import math
import random
import struct
import sys
from math import isnan
from pathlib import Path

from definitions import (
    INF,
    NAN,
    divide,
    ema,
    lagged,
    logarithm,
    macd,
    remaining,
    rsi,
    true_range,
    wilder,
    windowed,
)

FOLDER = Path(__file__).resolve().parent


def to_hex(value):
    return "7ff8000000000000" if isnan(value) else struct.pack(">d", value).hex()


# Series. Random numbers come from a seeded generator whose stream Python promises to keep.


def walk(seed, start, step, n, digits=None):
    source, value, values = random.Random(seed), start, []
    for _ in range(n):
        value *= 1 + step * (source.random() - 0.5)
        values.append(value if digits is None else round(value, digits))
    return values


def series():
    source = random.Random(7)
    n = 72
    uniform = [source.random() for _ in range(n)]
    price = walk(1, 1.1, 4e-4, n)
    made = {
        "walk_fx": price,
        "walk_fx_decimals": walk(2, 1.1, 4e-4, n, 5),
        "walk_index": walk(3, 40000.0, 2e-3, n),
        "walk_index_ticks": walk(4, 40000.0, 2e-3, n, 2),
        "crosses_one": walk(5, 1.0, 3e-3, n),
        "volumes": [float(source.randrange(1, 5_000_000)) for _ in range(n)],
        "past_2_53": [float(2**53 + source.randrange(-(2**30), 2**54)) for _ in range(n)],
        "mixed": [math.ldexp(source.uniform(-1, 1), source.randrange(-1022, 1023)) for _ in range(n)],
        "mixed_near": [math.ldexp(source.uniform(-1, 1), source.randrange(-40, 40)) for _ in range(n)],
        "log_returns": [math.ldexp(source.uniform(-1, 1), -source.randrange(8, 16)) for _ in range(n)],
        "subnormals": [math.ldexp(source.randrange(-(2**40), 2**40), -1074) for _ in range(n)],
        "tiny": [source.uniform(-1, 1) * 1e-160 for _ in range(n)],
        "huge": [source.uniform(-1, 1) * 1e154 for _ in range(n)],
        "huger": [source.uniform(0.5, 1) * 1e300 for _ in range(n)],
        "sum_overflows": [1e308, 1e308, 1e308, -1e308, 1.7e308, -1.7e308, 1.7e308, 1.7e308, -1e308] * 4,
        "tick_1e9": [*price[:30], 1000000000.0, *price[31:]],
        "tick_1e300": [*price[:30], 1e300, *price[31:50], -1e300, *price[51:]],
        "alternating": [(-1.0) ** i * (1.1 + (i % 7) / 10) for i in range(n)],
        "alternating_same": [(-1.0) ** i * 0.1 for i in range(40)],
        "constant": [1.1] * 40,
        "constant_then_not": [0.1] * 30 + [0.3] + [0.1] * 20,
        "zeros": [0.0, -0.0, -0.0, 0.0, -0.0, 0.0, 1.0, -0.0, 0.0, -1.0, 0.0, -0.0] * 3,
        "ties_of_halves": [float(2**53), 1.0, 2.0**-60, 1.0, -(2.0**-60), 3.0, 1.0, -1.0, 2.0**53] * 4,
        "hard_var": [134217729.0, 0.0, 0.0, 1e-300, 134217729.0, 0.0, 1e-150, 0.0, 3.0, 134217727.0] * 3,
        "nans": [NAN if i in (0, 5, 6, 30, 31, 32, 33, 60) else v for i, v in enumerate(price)],
        "all_nan": [NAN] * 8,
        "infinities": [
            INF if i in (9, 40) else -INF if i in (25, 41) else NAN if i == 55 else v
            for i, v in enumerate(price)
        ],
        "uniform": uniform,
        "uniform_shifted": [v - 0.25 for v in uniform],
        "integers": [float(source.randrange(-9, 10)) for _ in range(n)],
        "short": [1.5, -2.25],
        "one": [3.0],
        "empty": [],
    }
    # Bars around the walk: high, low and close.
    made["high"] = [v * (1 + 1e-4 * u) for v, u in zip(price, uniform, strict=True)]
    made["low"] = [v * (1 - 1e-4 * u) for v, u in zip(price, reversed(uniform), strict=True)]
    made["high_nan"] = [NAN if i in (3, 40) else v for i, v in enumerate(made["high"])]
    made["nans_y"] = [NAN if i in (1, 5, 20, 50) else v for i, v in enumerate(made["walk_index"])]
    # Beside a far larger number that comes and goes these are easily taken for nothing.
    made["beside_a_tick"] = [{5: 1e200, 40: -1e300}.get(i, v * 1e-300) for i, v in enumerate(uniform)]
    made["levels"] = [
        math.ldexp(v, (0, 700, -1040, -30, 1020, -700, 90, -1050)[i // 9]) for i, v in enumerate(uniform)
    ]
    # So small that means round to a zero, which has the sign of what it stands for.
    made["smallest"] = [source.randrange(-3, 3) * 5e-324 for _ in range(n)]
    return made


# Cases.


def about_window(window, least, ddof, skip):
    return f"window={window} min_periods={least} ddof={ddof} {policy(skip)}"


def policy(skip):
    return f"nan={'skip' if skip else 'propagate'}"


def single_cases(made):
    single = [name for name in made if name not in ("high", "low", "high_nan", "nans_y")]
    for name in single:
        x, n = made[name], len(made[name])
        settings = [(1, 1, 0, 0), (2, 2, 1, 0), (3, 3, 1, 0), (20, 20, 1, 0), (20, 5, 0, 1), (7, 1, 1, 1)]
        settings.append((max(n, 1), 1, 1, 0))
        for window, least, ddof, skip in settings:
            about = about_window(window, least, ddof, skip)
            kernels = ["sum", "mean", "var", "min", "max"]
            if window in (3, 20):
                kernels += ["std", "zscore", "argmin", "argmax"]
            for kernel in kernels:
                yield kernel, name, about, [windowed(kernel, [x], window, least, ddof, skip)]


def pair_cases(made):
    pairs = [
        ("walk_fx", "walk_index"),
        ("volumes", "walk_fx"),
        ("mixed", "mixed_near"),
        ("walk_fx", "walk_fx"),
        ("tiny", "huge"),
        ("tick_1e300", "walk_fx"),
        ("nans", "nans_y"),
        ("infinities", "walk_fx"),
        ("integers", "volumes"),
        ("log_returns", "uniform"),
        ("alternating", "volumes"),
        ("constant", "constant"),
        ("walk_fx", "beside_a_tick"),
        ("levels", "uniform_shifted"),
        ("smallest", "uniform_shifted"),
    ]
    for x, y in pairs:
        for window, least, ddof, skip in ((2, 2, 1, 0), (20, 20, 1, 0), (20, 3, 0, 1)):
            about = about_window(window, least, ddof, skip)
            for kernel in ("cov", "corr"):
                yield (
                    kernel,
                    f"{x},{y}",
                    about,
                    [windowed(kernel, [made[x], made[y]], window, least, ddof, skip)],
                )


SERIES_OF_RECURRENCES = (
    "walk_fx",
    "walk_index_ticks",
    "volumes",
    "constant",
    "nans",
    "infinities",
    "mixed",
    "short",
    "empty",
)


def recurrence_cases(made):
    for name in SERIES_OF_RECURRENCES:
        rows = [(v,) for v in made[name]]
        for skip in (0, 1):
            nan = policy(skip)
            for period in (1, 2, 14):
                for kernel, function in (("ema", ema), ("wilder", wilder), ("rsi", rsi)):
                    answer = remaining(
                        rows, skip, lambda kept, f=function, p=period: f([row[0] for row in kept], p), NAN
                    )
                    yield kernel, name, f"period={period} {nan}", [answer]
            kept = [row[0] for row in rows if not skip or row[0] == row[0]]
            lines = [remaining(rows, skip, lambda _, line=line: line, NAN) for line in macd(kept, 3, 7, 4)]
            yield "macd", name, f"fast=3 slow=7 signal=4 {nan}", lines


def lag_cases(made):
    for name in SERIES_OF_RECURRENCES:
        for period in (1, 3):
            about = f"period={period}"
            yield "diff", name, about, [lagged(made[name], period, lambda a, b: a - b)]
            yield "returns", name, about, [lagged(made[name], period, lambda a, b: divide(a, b) - 1.0)]
            yield (
                "log_returns",
                name,
                about,
                [lagged(made[name], period, lambda a, b: logarithm(divide(a, b)))],
            )
            yield "shift", name, about, [lagged(made[name], period, lambda _, b: b)]


def bar_cases(made):
    for high in ("high", "high_nan"):
        names = f"{high},low,walk_fx"
        rows = list(zip(made[high], made["low"], made["walk_fx"], strict=True))
        yield "true_range", names, "-", [true_range(rows)]
        for skip in (0, 1):
            for period in (1, 14):
                answer = remaining(rows, skip, lambda kept, p=period: wilder(true_range(kept), p), NAN)
                yield "atr", names, f"period={period} {policy(skip)}", [answer]
    for name in ("walk_fx", "tick_1e9", "nans"):
        for skip in (0, 1):
            middle = windowed("mean", [made[name]], 20, 10, 0, skip)
            std = windowed("std", [made[name]], 20, 10, 0, skip)
            bands = [middle]
            bands.append([m + 2.5 * s for m, s in zip(middle, std, strict=True)])
            bands.append([m - 2.5 * s for m, s in zip(middle, std, strict=True)])
            about = (
                f"window=20 min_periods=10 ddof=0 width={to_hex(2.5)} nan={'skip' if skip else 'propagate'}"
            )
            yield "bollinger", name, about, bands


def cases(made):
    for family in (single_cases, pair_cases, recurrence_cases, lag_cases, bar_cases):
        yield from family(made)


def text_of(rows, *header):
    return "\n".join(["\t".join(header), *("\t".join(row) for row in rows)]) + "\n"


def cell(values):
    return ",".join(map(to_hex, values)) or "-"


def main():
    made = series()
    files = {
        "series.tsv": text_of(((name, cell(values)) for name, values in made.items()), "name", "values"),
        "cases.tsv": text_of(
            ((kernel, names, about, ";".join(map(cell, got))) for kernel, names, about, got in cases(made)),
            "kernel",
            "series",
            "arguments",
            "expected",
        ),
    }
    stale = []
    for name, text in files.items():
        path = FOLDER / name
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            path.write_text(text)
    if stale:
        sys.exit(f"{', '.join(stale)}: not what generate.py writes")


if __name__ == "__main__":
    main()
