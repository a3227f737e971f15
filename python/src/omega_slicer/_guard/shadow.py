"""Shadow mode: a seeded fraction of the library's answers is worked out again by the fallback, bit for bit.

Whole-series kernels are sampled by row, in blocks worked out from their own windows, which exactness makes
legal; long batches by element; what has no rows of its own, or few, by call. A recurrence is begun some rows
before the block: where that meets other bits than the library's, the whole series decides. So nothing that is
right is ever reported, and a wrong row is found with the fraction's probability.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np

from omega_slicer._arrow_engine import Imported
from omega_slicer._config import MODULES
from omega_slicer._counts import untick
from omega_slicer._engine import Read
from omega_slicer._errors import InvalidArgumentError, OmegaError, TypeMismatchError
from omega_slicer._fallback import PYTHON
from omega_slicer._kernel_engine import SHAPES
from omega_slicer._locks import free_in_forks

from .breaker import Breaker
from .incidents import now
from .text import arguments_text

__all__ = [
    "SHADOW",
    "Shadow",
    "batch_answer",
    "kernel_answer",
    "same_line",
    "set_shadow",
    "shadow_from_environment",
]

_BLOCKS: Final = 16
"""Blocks that a long series is expected to have worked out again."""
_LEAST: Final = 64
"""Rows of the shortest block."""
_RECURRENCES: Final = {"ema": 30, "wilder": 60, "rsi": 60, "atr": 60, "macd": 60}
"""Rows for each row of the period until a chain has forgotten where it began, as a rule."""
_KEYS: Final = {module: zlib.crc32(module.encode()) for module in MODULES}
_MASK: Final = (1 << 64) - 1
_CANNOT: Final = 6000
"""From here on the fallback's error is that it cannot (memory, a part that is not there): no judgement."""
_BY_ELEMENT: Final = ("get_lookbacks", "get_candles_at", "get_candles_asof", "gather_lookback")


class Shadow:
    """The fraction, the seed, and what has been found."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.fraction, self.seed = 0.0, 0
        self.rows = self.differences = 0
        self.chosen = False  # by `set_shadow`, which stands above the environment

    @property
    def title(self) -> str:
        """How it looks, for records."""
        return f"shadow mode (fraction {self.fraction:g}, seed {self.seed})"

    def counted(self, rows: int, differences: int = 0) -> None:
        """Add to what has been looked at."""
        with self._lock:
            self.rows += rows
            self.differences += differences

    def generator(self, module: str, number: int) -> np.random.Generator:
        """What decides about the parts of a call: a function of seed, module and the call's number alone."""
        return np.random.default_rng((self.seed, _KEYS[module], number))

    def chooses(self, module: str, number: int) -> bool:
        """Whether a call that is looked at as a whole is: of the same, by splitmix64.

        To make a generator takes twenty times as long, and ten times as long as a short call.
        """
        z = (self.seed + (_KEYS[module] << 32) + number * 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & _MASK
        return (z ^ z >> 31) * 2.0**-64 < self.fraction


SHADOW: Final = Shadow()
free_in_forks(SHADOW._lock)


def set_shadow(fraction: float, seed: int | None = None) -> None:
    """Have a fraction of the library's answers, 0 to 1, worked out again by the fallback and compared.

    The same seed looks at the same rows of the same calls. A difference is an incident: the module goes on
    with the fallback, whose answer is the one returned. `OMEGA_SHADOW` and `OMEGA_SHADOW_SEED` say the same
    from outside. A wrong row is found with probability `fraction` each time it is answered.

    >>> set_shadow(0.01, seed=7)
    >>> set_shadow(0)
    """
    if isinstance(fraction, bool) or not isinstance(fraction, int | float | np.integer | np.floating):
        raise TypeMismatchError(f"the fraction is a number, not {fraction!r}")
    if not 0.0 <= fraction <= 1.0:
        raise InvalidArgumentError(f"the fraction must be from 0 to 1, got {fraction!r}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
        raise TypeMismatchError(f"the seed is an integer, not {seed!r}")
    if seed is not None and seed < 0:
        raise InvalidArgumentError(f"the seed must not be negative, got {seed}")
    if seed is not None:
        SHADOW.seed = int(seed)
    SHADOW.fraction, SHADOW.chosen = float(fraction), True


def shadow_from_environment() -> None:
    """Take `OMEGA_SHADOW` and `OMEGA_SHADOW_SEED` as they are now; 1001 naming them otherwise."""
    text, seed = os.environ.get("OMEGA_SHADOW"), os.environ.get("OMEGA_SHADOW_SEED")
    if text is None or SHADOW.chosen:
        return
    try:
        set_shadow(float(text), None if seed is None else int(seed))
    except ValueError:  # which an InvalidArgumentError is, too
        raise InvalidArgumentError(
            f"environment variables OMEGA_SHADOW={text!r}, OMEGA_SHADOW_SEED={seed!r}: a fraction from 0 "
            "to 1 and an integer of 0 or more were expected"
        ) from None
    SHADOW.chosen = False


def kernel_answer(
    breaker: Breaker, kernel: str, inputs: Any, numbers: Any, outputs: Any, number: int
) -> bool:
    """Work out some rows again; where one differs, put the fallback's answer in place of all, and say so."""
    rows = len(inputs[0])
    before, certain = _rows_before(kernel, numbers)
    length = max(_LEAST, int(rows * SHADOW.fraction) // _BLOCKS, min(before, rows) // 4)
    if before >= rows // 2 or rows <= length:  # as good as the whole series: all or nothing
        blocks = [(0, rows)] if SHADOW.chooses(breaker.module, number) else []
    else:
        generator = SHADOW.generator(breaker.module, number)
        first = int(generator.integers(length))  # so that no row is always at a block's edge
        edges = [0, *range(first, rows, length), rows] if first else [*range(0, rows, length), rows]
        chosen = generator.random(len(edges) - 1) < SHADOW.fraction
        blocks = [(edges[i], edges[i + 1]) for i in np.flatnonzero(chosen).tolist()]
    for start, stop in blocks:
        wrong = _first_wrong(kernel, inputs, numbers, outputs, start, stop, before)
        SHADOW.counted(stop - start)
        if wrong is None:
            continue
        if not certain and start > before:
            wrong = _first_wrong(kernel, inputs, numbers, outputs, 0, rows, 0)
            if wrong is None:
                continue  # the block had not forgotten where it began
        _wrong_kernel(breaker, kernel, inputs, numbers, outputs, wrong)
        return True
    return False


def _rows_before(kernel: str, numbers: Any) -> tuple[int, bool]:
    """How many rows before a row bear on it, and whether none before those do."""
    if kernel == "true_range":
        return 1, True
    if kernel == "macd":
        return _RECURRENCES[kernel] * (max(numbers[:2]) + numbers[2]), False
    if kernel in _RECURRENCES:
        return _RECURRENCES[kernel] * int(numbers[0]), False
    window = int(numbers[0])
    return (window if SHAPES[kernel].options == ("window",) else window - 1), True


Found: TypeAlias = tuple[int, list[float]]
"""A row that differs, and the fallback's values there."""


def _first_wrong(
    kernel: str, inputs: Any, numbers: Any, outputs: Any, start: int, stop: int, before: int
) -> Found | None:
    """The first row of a block whose bits are not the fallback's."""
    begin = max(0, start - before)
    parts = tuple(x[begin:stop] for x in inputs)
    lines = tuple(np.empty(stop - begin) for _ in outputs)
    PYTHON.kernels.run(kernel, parts, numbers, lines)
    rows = [
        int(differ.argmax())
        for out, line in zip(outputs, lines, strict=True)
        if (differ := _different(out[start:stop], line[start - begin :])).any()
    ]
    if not rows:
        return None
    row = start + min(rows)
    return row, [float(line[row - begin]) for line in lines]


def _different(ours: Any, theirs: Any) -> Any:
    """Where two arrays of doubles have other bits; any NaN is any other."""
    a, b = np.ascontiguousarray(ours), np.ascontiguousarray(theirs)
    return (a.view(np.int64) != b.view(np.int64)) & ~(np.isnan(a) & np.isnan(b))


def _wrong_kernel(
    breaker: Breaker, kernel: str, inputs: Any, numbers: Any, outputs: Any, found: Found
) -> None:
    row, theirs = found
    started = now()
    ours = [float(out[row]) for out in outputs]
    before, certain = _rows_before(kernel, numbers)
    begin = max(0, row - before) if certain else 0
    kept = tuple(x[begin : row + 1] for x in inputs)
    SHADOW.counted(0, 1)
    breaker.open(
        "wrong_answer",
        f"{kernel}, row {row}: the library says {_hex(ours)}, the fallback {_hex(theirs)}",
        call=kernel,
        started=started,
        arguments=lambda: arguments_text(kernel, (kept, numbers), row - begin),
        by=SHADOW.title,
    )
    PYTHON.kernels.run(kernel, inputs, numbers, outputs)


def same_line(ours: tuple[float, ...], theirs: tuple[float, ...]) -> bool:
    """Whether two answers of a stream have the same bits."""
    return not _different(np.array(ours), np.array(theirs)).any()


def _hex(values: list[float]) -> str:
    return ", ".join(f"{value!r} ({np.float64(value).view(np.uint64):016x})" for value in values)


def batch_answer(breaker: Breaker, call: str, args: Any, answer: Any, number: int, fallback: Any) -> Any:
    """The answer, or the fallback's where a part that was worked out again differs."""
    if call in _BY_ELEMENT and len(args[1]) > _LEAST:
        times = args[1]
        generator = SHADOW.generator(breaker.module, number)
        chosen = np.flatnonzero(generator.random(len(times)) < SHADOW.fraction)
        if not len(chosen):
            return answer
        theirs = _compared(fallback, call)(args[0], np.ascontiguousarray(times[chosen]), *args[2:])
        differ = _rows_that_differ(answer[chosen], theirs)
        SHADOW.counted(len(chosen))
        if not differ.any():
            return answer
        element = int(chosen[differ.argmax()])
        what = f"{call}, element {element}"
    else:
        if not SHADOW.chooses(breaker.module, number):
            return answer
        try:
            theirs = _compared(fallback, call)(*args)
        except OmegaError as error:
            if error.code >= _CANNOT:
                return answer
            breaker.open(
                "wrong_answer",
                f"{call}: the library answers, the fallback refuses: {error}",
                call=call,
                arguments=lambda: arguments_text(call, args),
                by=SHADOW.title,
            )
            SHADOW.counted(1, 1)
            raise
        SHADOW.counted(1)
        if _equal(answer, theirs):
            return answer
        what = call
    SHADOW.counted(0, 1)
    breaker.open(
        "wrong_answer",
        f"{what}: the library's answer is not the fallback's",
        call=call,
        arguments=lambda: arguments_text(call, args),
        by=SHADOW.title,
    )
    return getattr(fallback, call)(*args)


def _compared(fallback: Any, call: str) -> Callable[..., Any]:
    """The fallback's call, without its being counted: nobody gets this answer."""

    def ask(*args: Any) -> Any:
        answer = getattr(fallback, call)(*args)
        untick({"moments": "timeline"}.get(call, call), "fallback")
        return answer

    return ask


def _rows_that_differ(ours: Any, theirs: Any) -> Any:
    differ = _different(ours, theirs) if ours.dtype == np.float64 else ours != theirs
    return differ if differ.ndim == 1 else differ.any(axis=1)


def _equal(ours: Any, theirs: Any) -> bool:
    """Whether two answers are the same: arrays to the bit; of handles there is nothing to see."""
    if isinstance(ours, Read | Imported):
        ours, theirs = ours.columns, theirs.columns
    if isinstance(ours, np.ndarray):
        if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
            return False
        return not (_different(ours, theirs) if ours.dtype == np.float64 else ours != theirs).any()
    if isinstance(ours, tuple | list):
        return len(ours) == len(theirs) and all(map(_equal, ours, theirs))
    if isinstance(ours, int | float | str):
        return bool(ours == theirs)
    return (ours is None) == (theirs is None) if not hasattr(ours, "address") else True
