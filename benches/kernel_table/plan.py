"""What is measured, against whom, and what is promised of it: data, and nothing that measures or judges.

A promise divides our time by the fastest of those it names, round by round. Where it names nobody, the
number itself is judged. Beside the must, whose miss fails the run, stands the aim, whose miss is only said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Cell = tuple[str, int, str]
"""Kernel, window or period, who."""

PEERS = {
    "sum": ("Bottleneck", "TA-Lib", "pandas", "Polars", "NumPy"),
    "mean": ("Bottleneck", "TA-Lib", "pandas", "Polars", "NumPy"),
    "min": ("Bottleneck", "TA-Lib", "pandas", "Polars", "NumPy"),
    "max": ("Bottleneck", "TA-Lib", "pandas", "Polars", "NumPy"),
    "var": ("Bottleneck", "TA-Lib", "pandas", "Polars", "NumPy"),
    "std": ("Bottleneck", "TA-Lib", "pandas", "Polars", "NumPy"),
    "zscore": ("pandas",),
    "argmin": ("Bottleneck", "TA-Lib"),
    "argmax": ("Bottleneck", "TA-Lib"),
    "cov": ("pandas", "Polars"),
    "corr": ("TA-Lib", "pandas", "Polars"),
    "bollinger": ("TA-Lib",),
    "ema": ("TA-Lib", "pandas", "Polars"),
    "wilder": ("pandas", "Polars"),
    "rsi": ("TA-Lib", "pandas"),
    "atr": ("TA-Lib", "pandas"),
    "macd": ("TA-Lib",),
    "true_range": ("TA-Lib", "pandas"),
    "diff": ("TA-Lib", "pandas", "Polars", "NumPy"),
    "returns": ("TA-Lib", "pandas", "Polars", "NumPy"),
    "log_returns": ("pandas", "NumPy"),
    "shift": ("pandas", "Polars"),
    "ema_8_periods": (),
}
"""Every kernel, and which peers have it (or, for pandas and NumPy, how it is written with them)."""

WITHOUT_WINDOW = ("true_range", "ema_8_periods")
PERIODS = ("diff", "returns", "log_returns", "shift")
"""Their number is a lag, and a lag is no window: a row takes the same two values and operations at any.

So they are timed at 5000 but not held to 1.3 of 20. What changes is where the values come from. From 20 rows
back the nearest cache has them; from 5000, which are 40 kB, the next one, as a stream of its own: two_streams
of benches/kernels.rs, which does nothing but read the same two rows and write one, pays just that (0.20 and
0.29 ns a row where diff pays 0.19 and 0.29; reading ahead and other orders of the rows were slower). And
prices 5000 rows apart differ by more, so that log_returns takes the logarithm of any number instead of that
of numbers near 1.
"""
ISAS = ("avx512", "avx2", "portable")
RUST = tuple(f"Rust {isa}" for isa in ISAS)
BINDINGS = ("Python native", "Python fallback", "Julia native", "Julia fallback", "C")
OURS = (*RUST, *BINDINGS)
JULIA = ("Julia native", "Julia fallback")
BEST = RUST[0]
JUDGED = ("sum", "mean", "min", "max", "var", "std", "ema", "rsi", "wilder", "atr")
CALLS = ("call_mean", "call_std", "call_ema", "push_mean", "push_std", "push_ema")
ONE_ROW = (
    *(f"row_{kernel}" for kernel in PEERS),
    *(f"table_{kernel}" for kernel in PEERS if kernel != "ema_8_periods"),
)
"""Calls on a single row, of series and of tables: what Python and the ABI add to a kernel."""
HOSTILE = ("sum", "mean", "var", "std", "cov", "min", "max")


def windows(kernel: str) -> tuple[int, ...]:
    """The windows that a kernel is timed at: for all its contenders, or for the law of flatness."""
    if kernel in WITHOUT_WINDOW:
        return (1,)
    return (5, 20, 200, 5000) if kernel in ("min", "max") else (20, 200, 5000)


def peers(kernel: str, window: int) -> tuple[str, ...]:
    """Who is asked for a kernel at a window; NumPy's view of windows is left out where it takes seconds."""
    if window == 5000 and kernel not in ("min", "max"):
        return ()
    return tuple(who for who in PEERS[kernel] if (who, window) != ("NumPy", 5000))


def cells() -> Iterator[Cell]:
    """Everything that is timed, those beside each other that are compared."""
    for kernel in PEERS:
        for window in windows(kernel):
            ours = (*RUST, *JULIA) if window == 5000 else OURS
            yield from ((kernel, window, who) for who in ("memcpy", *ours, *peers(kernel, window)))
    for call in CALLS:
        yield from ((call, 20, who) for who in ("Python native", "Python fallback"))
        if call.startswith("call_"):
            yield (call, 20, "TA-Lib")
    yield from (("call_mean", 20, "Bottleneck"), ("call_std", 20, "Bottleneck"))
    yield from ((call, 1, "Python native") for call in ONE_ROW)


@dataclass(frozen=True)
class Promise:
    """One number that was promised."""

    group: str
    kernel: str
    window: int
    ours: Cell
    beside: tuple[Cell, ...]
    must: float | None
    aim: float | None = None
    aim_beside: tuple[Cell, ...] | None = None
    """Where the aim looks at others than the must."""


MUSTS: dict[str, tuple[float, float | None]] = {
    "sum": (1.5, 1.0),
    "mean": (1.5, 1.0),
    "min": (1.0, 0.5),
    "max": (1.0, 0.5),
    "ema": (1.0, None),
    "rsi": (1.0, None),
    "wilder": (1.5, 1.2),
    "atr": (1.5, 1.2),
}


def beside_peers() -> Iterator[Promise]:
    """Our fastest, and what the older instructions may take."""
    for kernel in JUDGED:
        for window in windows(kernel):
            others = tuple((kernel, window, who) for who in peers(kernel, window))
            if not others:
                continue
            ours = (kernel, window, BEST)
            if kernel in ("var", "std"):
                bottleneck, talib = (("std", window, "Bottleneck"),), ((kernel, window, "TA-Lib"),)
                yield Promise("fastest peer", kernel, window, ours, bottleneck, 1.0, 1.0, talib)
            else:
                must, aim = MUSTS[kernel]
                yield Promise("fastest peer", kernel, window, ours, others, must, aim)
            for isa, limit in (("avx2", 2.0), ("portable", 4.0)):
                yield Promise(isa, kernel, window, (kernel, window, f"Rust {isa}"), others, limit)


def promises() -> Iterator[Promise]:
    """Everything but the digits and the hostile series, which are no times of these cells."""
    yield from beside_peers()
    eight = ("ema_8_periods", 1, BEST)
    yield Promise("8 periods of one", "ema", 20, eight, (("ema", 20, BEST),), None, 2.5)
    for kernel in PEERS:
        if kernel not in (*WITHOUT_WINDOW, *PERIODS):
            long, short = ((kernel, window, BEST) for window in (5000, 20))
            yield Promise("5000 of 20", kernel, 5000, long, (short,), 1.3)
    for call in CALLS[:3]:
        yield Promise("ns a call from Python", call, 20, (call, 20, "Python native"), (), 4000.0)
    for call in ONE_ROW:
        yield Promise("ns a call of one row from Python", call, 1, (call, 1, "Python native"), (), 4000.0)
    for kernel, others in PEERS.items():
        for window in windows(kernel):
            native = ((kernel, window, "Julia native"),)
            fallback = (kernel, window, "Julia fallback")
            yield Promise("Julia fallback of native", kernel, window, fallback, native, 4.0)
            if window < 5000 and "pandas" in others and kernel not in (*PERIODS, "true_range"):
                limit = 15.0 if kernel in ("ema", "wilder", "rsi", "atr") else 6.0
                fallback, pandas = (kernel, window, "Python fallback"), ((kernel, window, "pandas"),)
                yield Promise("Python fallback of pandas", kernel, window, fallback, pandas, limit)
