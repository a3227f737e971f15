"""What the kernels' tests share: an oracle in fractions, the vectors, and calls by name."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from helpers import VECTORS, floats_of_bits, table
from omega_slicer import rolling

NAN = math.nan
WINDOWED = ("sum", "mean", "min", "max", "argmin", "argmax")
MOMENTS = ("var", "std", "zscore")
PAIRED = ("cov", "corr")
PERIODIC = ("ema", "wilder", "rsi")
LAGGED = ("diff", "returns", "log_returns", "shift")
BARS = ("true_range", "atr")
SINGLE = (*WINDOWED, *MOMENTS, *PERIODIC, *LAGGED)
EVERY = (*SINGLE, *PAIRED, *BARS, "macd", "bollinger")


def arguments_of(kernel: str, length: int, **more: Any) -> dict[str, Any]:
    """Arguments by name with `length` as window or period, and those of `more` that the kernel knows."""
    known = {"nan"} if kernel not in (*LAGGED, "true_range") else set()
    if kernel in (*WINDOWED, *MOMENTS, *PAIRED, "bollinger"):
        given: dict[str, Any] = {"window": length}
        known |= {"min_periods"}
        if kernel not in WINDOWED:
            known |= {"ddof"}
    elif kernel == "macd":
        given = {"fast": length, "slow": length + 3, "signal": max(1, length // 2)}
    else:
        given = {} if kernel == "true_range" else {"period": length}
    return given | {name: value for name, value in more.items() if name in known}


def inputs_of(kernel: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    if kernel in BARS:
        return (np.fmax(x, y), np.fmin(x, y), x)
    return (x, y) if kernel in PAIRED else (x,)


def lines(answer: Any) -> list[np.ndarray]:
    """The answer of a kernel of one line or of three."""
    return list(answer) if isinstance(answer, tuple) else [answer]


def call(
    kernel: str, inputs: tuple[np.ndarray, ...], arguments: dict[str, Any], backend: str
) -> list[np.ndarray]:
    return lines(getattr(rolling, kernel)(*inputs, **arguments, backend=backend))


def stream_class(kernel: str) -> type:
    name = "".join(part.capitalize() for part in kernel.split("_"))
    windowed = kernel in (*WINDOWED, *MOMENTS, *PAIRED, "bollinger")
    return getattr(rolling, f"{'Rolling' if windowed else 'Streaming'}{name}")


def streamed(
    kernel: str, inputs: tuple[np.ndarray, ...], arguments: dict[str, Any], backend: str
) -> list[np.ndarray]:
    """The lines that a stream gives, row by row."""
    stream = stream_class(kernel)(**arguments, backend=backend)
    rows = [stream.push(*row) for row in zip(*(column.tolist() for column in inputs), strict=True)]
    if not rows:
        return [np.empty(0)] * (3 if kernel in ("macd", "bollinger") else 1)
    return [
        np.array(column) for column in zip(*(r if isinstance(r, tuple) else (r,) for r in rows), strict=True)
    ]


# The vectors.


@cache
def vector_series() -> dict[str, np.ndarray]:
    rows = table(VECTORS / "kernels" / "series.tsv")
    return {row["name"]: values_of(row["values"]) for row in rows}


def values_of(cell: str) -> np.ndarray:
    return floats_of_bits([] if cell == "-" else cell.split(","))


def vector_cases() -> Iterator[tuple[str, tuple[np.ndarray, ...], dict[str, Any], list[np.ndarray], str]]:
    """Kernel, inputs, arguments, expected lines and a label."""
    for row in table(VECTORS / "kernels" / "cases.tsv"):
        kernel, about = row["kernel"], row["arguments"]
        words = {} if about == "-" else dict(word.split("=") for word in about.split(" "))
        given: dict[str, Any] = {
            name: value if name == "nan" else double(value) if name == "width" else int(value)
            for name, value in words.items()
            if name != "ddof" or kernel not in WINDOWED
        }
        inputs = tuple(vector_series()[name] for name in row["series"].split(","))
        expected = [values_of(cell) for cell in row["expected"].split(";")]
        yield kernel, inputs, given, expected, f"{kernel} {row['series']} {about}"


def double(digits: str) -> float:
    return float(struct.unpack(">d", bytes.fromhex(digits))[0])


# The oracle: definitions, a window at a time, in fractions.


def nearest(value: Fraction) -> float:
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def statistic(kernel: str, xs: list[float], ys: list[float], ddof: int) -> float:
    m = len(xs)
    infinite = {v for v in xs + ys if math.isinf(v)}
    if kernel in ("sum", "mean"):
        if infinite:
            return infinite.pop() if len(infinite) == 1 else NAN
        return nearest(sum(map(Fraction, xs), Fraction()) / (m if kernel == "mean" else 1))
    if infinite or m <= ddof:
        return NAN
    x, y = list(map(Fraction, xs)), list(map(Fraction, ys))
    products = sum((a * b for a, b in zip(x, y, strict=True)), Fraction())
    return nearest((m * products - sum(x) * sum(y)) / (m * (m - ddof)))


def exactly(
    kernel: str, x: np.ndarray, y: np.ndarray, window: int, least: int, ddof: int, skip: bool, rows: list[int]
) -> list[float]:
    """sum, mean, var or cov at some rows, by their definition."""
    answer = []
    for i in rows:
        first = max(0, i - window + 1)
        pairs = list(zip(x[first : i + 1].tolist(), y[first : i + 1].tolist(), strict=True))
        there = [pair for pair in pairs if not any(map(math.isnan, pair))]
        if len(there) < least or (len(there) < len(pairs) and not skip):
            answer.append(NAN)
        else:
            answer.append(statistic(kernel, [a for a, _ in there], [b for _, b in there], ddof))
    return answer


Maker = Callable[[np.random.Generator, int], np.ndarray]


def walk(start: float, step: float = 1e-4) -> Maker:
    return lambda random, n: start * np.exp(np.cumsum(random.normal(0, step, n)))


MAKERS: dict[str, Maker] = {
    "walk near 1.1": walk(1.1),
    "walk in decimals": lambda random, n: np.round(walk(1.1)(random, n), 5),
    "walk near 40,000": walk(40_000.0),
    "walk across 1": walk(1.0, 1e-3),
    "falling below 0": lambda random, n: np.cumsum(random.normal(0, 1, n)),
    "volumes": lambda random, n: random.integers(1, 5_000_000, n).astype(np.float64),
    "integers past 2^53": lambda random, n: 2.0**53 + random.integers(-(2**30), 2**54, n),
    "small integers": lambda random, n: random.integers(-9, 10, n).astype(np.float64),
    "returns": lambda random, n: random.normal(0, 1e-4, n),
    "mixed magnitudes": lambda random, n: np.ldexp(random.uniform(-1, 1, n), random.integers(-1022, 1023, n)),
    "subnormals": lambda random, n: np.ldexp(random.integers(-(2**40), 2**40, n).astype(float), -1074),
    "near 1e-160": lambda random, n: random.uniform(-1, 1, n) * 1e-160,
    "near 1e154": lambda random, n: random.uniform(-1, 1, n) * 1e154,
    "near the largest": lambda random, n: random.uniform(-1, 1, n) * 1.7e308,
    "a tick of 1e9": lambda random, n: np.where(np.arange(n) == n // 2, 1e9, walk(1.1)(random, n)),
    "a tick of 1e300": lambda random, n: np.where(np.arange(n) == n // 2, 1e300, walk(1.1)(random, n)),
    "alternating": lambda random, n: walk(1.1)(random, n) * np.where(np.arange(n) % 2, 1.0, -1.0),
    "constants": lambda random, n: np.repeat(np.round(random.uniform(1, 2, n // 40 + 1), 5), 40)[:n],
    "zeros of both signs": lambda random, n: random.choice([0.0, -0.0, 0.0, -0.0, 1.0, -1.0], n),
    "NaNs": lambda random, n: np.where(random.random(n) < 0.02, np.nan, walk(1.1)(random, n)),
    "infinities": lambda random, n: np.where(
        random.random(n) < 0.01, random.choice([np.inf, -np.inf, np.nan], n), walk(1.1)(random, n)
    ),
    "the smallest": lambda random, n: random.integers(-3, 3, n) * 5e-324,
    "sparse": lambda random, n: np.where(random.random(n) < 0.01, 1.1, 0.0),
    "levels": lambda random, n: at_levels(random, walk(1.1)(random, n)),
}
REMARKABLE = (NAN, NAN, math.inf, -math.inf, 0.0, -0.0, 1.0, 1.1, 1e9, -1e300, -5e-324)


def at_levels(random: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """The series in stretches that are any power of two apart."""
    levels = np.repeat(random.integers(-1070, 1023, len(x) // 30 + 1), 30)
    return np.ldexp(x, levels[: len(x)])


def visited(random: np.random.Generator, n: int) -> np.ndarray:
    """A series in which remarkable values come and go, and stretches of another level."""
    x = MAKERS[random.choice(list(MAKERS))](random, n).astype(np.float64)
    for _ in range(random.integers(0, 6)):
        first = random.integers(0, n)
        rows = slice(first, first + int(random.choice([1, random.integers(1, 200)])))
        level = int(random.integers(-1100, 1020))
        with np.errstate(over="ignore"):
            x[rows] = random.choice(REMARKABLE) if random.random() < 0.6 else np.ldexp(x[rows], level)
    return x


def any_length(random: np.random.Generator) -> int:
    """A window or period of one of the kinds that are worked on differently."""
    least, most = random.choice([(1, 10), (10, 70), (70, 256), (256, 400), (400, 1500)])
    return int(random.integers(least, most))
