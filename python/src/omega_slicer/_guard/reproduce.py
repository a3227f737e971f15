"""Asking again what an incident was opened for, of library and fallback, from its saved arguments."""

from __future__ import annotations

import re
import struct
from typing import Any

import numpy as np

from omega_slicer._arrow_engine import Imported
from omega_slicer._engine import Engine, Read
from omega_slicer._errors import InvalidFormatError, InvalidStateError, OmegaError
from omega_slicer._fallback import PYTHON
from omega_slicer._kernel_engine import SHAPES
from omega_slicer._model import Columns, Options

from . import state
from .incidents import Incident, find
from .selftest import open_library
from .text import ARROW, arguments_of, is_asked_again

__all__ = ["reproduced"]


def reproduced(rollback_id: str) -> tuple[bool, str]:
    """Whether the two backends agree now, and what each says.

    Raises `InvalidArgumentError` for an unknown incident, `InvalidStateError` for one without arguments or
    whose call cannot be asked alone, `InvalidFormatError` where they were too long to be kept, or are none
    that the kernel can have had.
    """
    from omega_slicer._library import located  # noqa: PLC0415 - which needs the guard

    incident = find(rollback_id)
    call, args = arguments_of(_saved(incident))
    if not is_asked_again(call.removeprefix("push ")):
        raise InvalidStateError(f"{call}: cannot be asked again alone; verify asks everything")
    _check(call, args)
    theirs = _said(PYTHON, call, args)
    ours = _said(open_library(located(retry=True).path), call, args)
    return ours == theirs, _beside(call, ours, theirs)


def _beside(call: str, ours: str, theirs: str) -> str:
    """Both answers as people read them: the first value in which they differ, if they do."""
    mine, others = (re.split(r"; |,", text) for text in (ours, theirs))
    if ours == theirs:
        same = f"the same {len(mine)} values" if len(mine) > 1 else ours
        return f"{call}: the library and the fallback say {same}"
    if len(mine) != len(others):
        return f"{call}: the library says {ours[:200]}\n{call}: the fallback says {theirs[:200]}"
    first = next(at for at, pair in enumerate(zip(mine, others, strict=True)) if pair[0] != pair[1])
    where = f"{call}, value {first} (from 0) of {len(mine)}" if len(mine) > 1 else call
    said = (("library", mine[first]), ("fallback", others[first]))
    return "\n".join(f"{where}: the {who} says {_readable(value)}" for who, value in said)


def _readable(value: str) -> str:
    """Bits with the number that they are."""
    if not re.fullmatch("[0-9a-f]{16}", value):
        return value
    return f"{struct.unpack('>d', bytes.fromhex(value))[0]!r} ({value})"


def _saved(incident: Incident) -> str:
    if not incident.arguments_file:
        raise InvalidStateError(f"{incident.rollback_id}: no arguments were saved; verify asks everything")
    path = state.results() / incident.arguments_file
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise InvalidStateError(f"{path}: {error.strerror or error}") from error


def _check(call: str, args: list[Any]) -> None:
    """`InvalidFormatError` for what no call can have had: files can be edited, and native code trusts."""
    kernel = call.removeprefix("push ")
    if kernel not in SHAPES:
        return
    shape = SHAPES[kernel]
    *given, numbers = args or [()]
    if call == kernel:
        # Those of several columns, or of none.
        series: list[Any] = list(given[0]) if len(given) == 1 and isinstance(given[0], tuple) else [None]
        count = len(series) % shape.inputs == 0
    else:
        *series, row = given or [()]
        count = isinstance(row, tuple) and len(row) == len(series) == shape.inputs
    floats = all(isinstance(one, np.ndarray) and one.dtype == np.float64 for one in series)
    lengths = [len(one) for one in series] if floats else []
    wanted = len(shape.options)
    several = kernel == "ema" and isinstance(numbers, tuple) and len(numbers) > wanted
    numbered = isinstance(numbers, tuple) and (len(numbers) == wanted or several)
    if not (count and floats and len(set(lengths)) <= 1 and numbered):
        raise InvalidFormatError(
            f"these are not the arguments of {call}, which takes {shape.inputs} series of one length"
            f" (or those of several columns), and {', '.join(shape.options) or 'nothing else'};"
            f" the record has {len(series)} series, of {lengths} rows, and {numbers!r}"
        )


def _said(engine: Engine, call: str, args: list[Any]) -> str:
    """The answer as text: bits, so that equal texts are equal answers."""
    try:
        return _text(_asked(engine, call, args))
    except OmegaError as error:
        return f"{error.name} ({error.code})"


def _asked(engine: Engine, call: str, args: list[Any]) -> Any:
    if call.startswith("push "):
        *columns, row, numbers = args
        push = engine.kernels.stream(call.removeprefix("push "), numbers)
        for earlier in zip(*(column.tolist() for column in columns), strict=True):
            push(*earlier)
        return push(*row)
    if call in SHAPES:
        return _lines(engine, call, *args)
    of = engine.arrow if call in ARROW else engine
    answer = getattr(of, call)(*(_live(engine, value) for value in args))
    if isinstance(answer, Read | Imported):  # what is shown of it: who holds it is not the answer
        return engine.columns(answer.handle) if answer.columns is None and answer.handle else answer.columns
    return answer


def _lines(engine: Engine, kernel: str, inputs: tuple[Any, ...], numbers: tuple[Any, ...]) -> Any:
    """A kernel's lines. More series than it takes are columns of tables, several periods of `ema` lines each.

    No series is a new stream.
    """
    shape = SHAPES[kernel]
    several = kernel == "ema" and len(numbers) > len(shape.options)
    calls = [(period, numbers[-1]) for period in numbers[:-1]] if several else [numbers]
    if not inputs:
        engine.kernels.stream(kernel, calls[0])
        return None
    found: list[Any] = []
    for series in (inputs[i : i + shape.inputs] for i in range(0, len(inputs), shape.inputs)):
        for one in calls:
            lines = tuple(np.empty(len(series[0])) for _ in range(shape.outputs))
            engine.kernels.run(kernel, series, one, lines)
            found += lines
    return found


def _live(engine: Engine, value: Any) -> Any:
    """A saved series as one of this backend's; anything else as it is."""
    from omega_slicer._series import CandleSeries  # noqa: PLC0415

    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[0], Options):
        return tuple(_live(engine, part) for part in value) if type(value) is tuple else value
    options, columns = value
    assert isinstance(columns, Columns)
    return CandleSeries._from(Read(columns, engine.accept(columns, options)), options, engine, None, None)


def _text(answer: Any) -> str:
    if isinstance(answer, np.ndarray):
        if answer.dtype == np.float64:
            bits = np.where(np.isnan(answer), np.nan, answer).reshape(-1).view(np.uint64)
            return ",".join(f"{one:016x}" for one in bits.tolist())
        return ",".join(map(str, answer.reshape(-1).tolist()))
    if isinstance(answer, float):
        return _text(np.array([answer]))
    if isinstance(answer, tuple | list):
        return "; ".join(_text(part) for part in answer if part is not None)
    return "accepted" if hasattr(answer, "address") or answer is None else str(answer)
