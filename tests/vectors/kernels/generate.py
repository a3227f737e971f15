#!/usr/bin/env python3
"""Writes the kernels' cases, from their definitions alone: Python's fractions, decimals and floats.

    generate.py            write series.tsv and cases.tsv beside this file
    generate.py --check    fail when they differ from what would be written

Nothing here knows how any kernel is computed. Values are doubles as 16 hexadecimal digits; every NaN
is written 7ff8000000000000 and may be any NaN.
"""

import itertools
import math
import random
import struct
import sys
from decimal import Context, Decimal
from fractions import Fraction
from math import isnan
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
NAN, INF = math.nan, math.inf
LARGEST = Fraction(sys.float_info.max)


def to_hex(value):
    return "7ff8000000000000" if isnan(value) else struct.pack(">d", value).hex()


def nearest(value):
    """A fraction as the nearest double, ties to even."""
    try:
        return value.numerator / value.denominator  # CPython rounds the quotient of integers correctly
    except OverflowError:
        return INF if value > 0 else -INF


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
    return made


# Windows: the values that count, then the statistic.


def windows(columns, window, min_periods, skip):
    """For each row the counted values of each column, or none where the answer is NaN."""
    for i in range(len(columns[0])):
        rows = list(zip(*(column[max(0, i - window + 1) : i + 1] for column in columns), strict=True))
        there = [row for row in rows if not any(isnan(v) for v in row)]
        bad = (len(there) < len(rows) and not skip) or len(there) < min_periods
        yield None if bad else list(zip(*there, strict=True))


def of_infinities(values):
    found = {v for v in values if math.isinf(v)}
    return None if not found else found.pop() if len(found) == 1 else NAN


def total(values):
    infinite = of_infinities(values)
    return infinite if infinite is not None else nearest(sum(map(Fraction, values), Fraction(0)))


def mean(values):
    infinite = of_infinities(values)
    return (
        infinite if infinite is not None else nearest(sum(map(Fraction, values), Fraction(0)) / len(values))
    )


def cov(xs, ys, ddof):
    m = len(xs)
    if m <= ddof or any(map(math.isinf, xs + ys)):
        return NAN
    x, y = [Fraction(v) for v in xs], [Fraction(v) for v in ys]
    spread = m * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)
    return nearest(spread / (m * (m - ddof)))


def root(value):
    return value if isnan(value) else math.sqrt(value)


def quotient(a, b):
    """IEEE division by a positive number or infinity."""
    return NAN if math.isinf(a) and math.isinf(b) else a / b


def correlation(xs, ys, ddof):
    spread, x, y = cov(xs, ys, ddof), root(cov(xs, xs, ddof)), root(cov(ys, ys, ddof))
    if isnan(spread) or isnan(x) or isnan(y) or x == 0 or y == 0:
        return NAN
    product = x * y
    if product == 0:
        return NAN if spread == 0 else math.copysign(1.0, spread)
    value = quotient(spread, product)
    return value if isnan(value) else max(-1.0, min(1.0, value))


def extremes(column, window, min_periods, skip, largest, where):
    for i in range(len(column)):
        rows = column[max(0, i - window + 1) : i + 1]
        there = [v for v in rows if not isnan(v)]
        if (len(there) < len(rows) and not skip) or len(there) < min_periods:
            yield NAN
            continue
        best = None
        for back in range(len(rows)):
            value = rows[-1 - back]
            if not isnan(value) and (
                best is None or (value > rows[-1 - best] if largest else value < rows[-1 - best])
            ):
                best = back
        assert best is not None
        yield float(best) if where else rows[-1 - best]


def windowed(kernel, columns, window, min_periods, ddof, skip):
    if kernel in ("min", "max", "argmin", "argmax"):
        return list(
            extremes(columns[0], window, min_periods, skip, kernel.endswith("max"), kernel.startswith("arg"))
        )
    answer = []
    for i, counted in enumerate(windows(columns, window, min_periods, skip)):
        if counted is None:
            answer.append(NAN)
            continue
        values = counted[0]
        if kernel == "sum":
            answer.append(total(values))
        elif kernel == "mean":
            answer.append(mean(values))
        elif kernel == "var":
            answer.append(cov(values, values, ddof))
        elif kernel == "std":
            answer.append(root(cov(values, values, ddof)))
        elif kernel == "zscore":
            std, x = root(cov(values, values, ddof)), columns[0][i]
            answer.append(NAN if isnan(std) or std == 0 or isnan(x) else quotient(x - mean(values), std))
        elif kernel == "cov":
            answer.append(cov(counted[0], counted[1], ddof))
        elif kernel == "corr":
            answer.append(correlation(counted[0], counted[1], ddof))
    return answer


# Recurrences: floats, one operation at a time. Python never fuses.


def remaining(rows, skip, kernel, nothing):
    """Under skip the kernel of the rows that remain, those left out repeating the last answer."""
    if not skip:
        return kernel(rows)
    answers = iter(kernel([row for row in rows if not any(isnan(v) for v in row)]))
    made, last = [], nothing
    for row in rows:
        last = last if any(isnan(v) for v in row) else next(answers)
        made.append(last)
    return made


def ema(values, period):
    a = 2.0 / (period + 1.0)
    b, answer = 1.0 - a, []
    for x in values:
        answer.append((b * answer[-1]) + (a * x) if answer else x)
    return answer


def wilder(values, period):
    a = 1.0 / period
    b, answer = 1.0 - a, [NAN] * min(period - 1, len(values))
    for i in range(period - 1, len(values)):
        if i == period - 1:
            seeds = values[:period]
            answer.append(NAN if any(isnan(v) for v in seeds) else mean(seeds))
        else:
            answer.append((b * answer[-1]) + (a * values[i]))
    return answer


def rsi(values, period):
    changes = [b - a for a, b in itertools.pairwise(values)]
    gains = wilder([c if isnan(c) else max(c, 0.0) for c in changes], period)
    losses = wilder([c if isnan(c) else max(-c, 0.0) for c in changes], period)
    answer = [NAN] * min(1, len(values))
    for gain, loss in zip(gains, losses, strict=True):
        if isnan(gain) or isnan(loss):
            answer.append(NAN)
        elif loss == 0:
            answer.append(50.0 if gain == 0 else 100.0)
        else:
            answer.append(100.0 * quotient(gain, gain + loss))
    return answer


def true_range(rows):
    answer = []
    for i, (high, low, _) in enumerate(rows):
        parts = [high - low]
        if i:
            parts += [abs(high - rows[i - 1][2]), abs(low - rows[i - 1][2])]
        answer.append(NAN if any(isnan(p) for p in parts) else max(parts))
    return answer


def macd(values, fast, slow, signal):
    line = [a - b for a, b in zip(ema(values, fast), ema(values, slow), strict=True)]
    averaged = ema(line, signal)
    return [line, averaged, [a - b for a, b in zip(line, averaged, strict=True)]]


def logarithm(value):
    if isnan(value) or value < 0:
        return NAN
    if value == 0:
        return -INF
    if math.isinf(value):
        return INF
    return float(Decimal(value).ln(Context(prec=80)))


def divide(a, b):
    if isnan(a) or isnan(b) or (math.isinf(a) and math.isinf(b)) or (a == 0 and b == 0):
        return NAN
    if b == 0:
        return math.copysign(INF, a) * math.copysign(1.0, b)
    try:
        return a / b
    except OverflowError:
        return math.copysign(INF, a) * math.copysign(1.0, b)


def lagged(values, period, kernel):
    return [kernel(x, values[i - period]) if i >= period else NAN for i, x in enumerate(values)]


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
