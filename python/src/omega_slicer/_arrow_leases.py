"""The memory behind capsules this package hands out, kept for as long as somebody has the capsule.

A capsule's destructor would have to be a Python function here, and Python calls destructors while an
exception is on its way, when running any Python code loses it and ends the process. So a capsule has none: it
is kept in this register, and given up, releasing what nobody consumed, once the register alone holds it. That
is looked after at each further capsule and whenever the garbage collector runs.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections import deque
from typing import Any, Final, NamedTuple

from ._arrow_c import ArrowArray, ArrowArrayStream, ArrowSchema, new_capsule, release

__all__ = ["lend", "settle"]


class _Lease(NamedTuple):
    """A capsule, the struct it points at, and the process that made it."""

    capsule: Any
    struct: ArrowSchema | ArrowArray | ArrowArrayStream | None
    process: int


# The oldest first. The collector may run, and look after them, in the middle of anything: no iteration here.
_leases: Final[deque[_Lease]] = deque()
# How many are looked at when one more is made, so that many held ones cost each further one little.
_AT_ONCE: Final = 4


def _holders(lease: _Lease) -> int:
    return sys.getrefcount(lease.capsule)


# What the register alone comes to; Python's versions count differently.
_NOBODY: Final = _holders(_Lease(object(), None, 0))


def lend(struct: ArrowSchema | ArrowArray | ArrowArrayStream, name: bytes) -> Any:
    """A capsule for `struct`, which is kept while the capsule is and then released unless it was consumed."""
    if _leases:
        _settle(_AT_ONCE)
    elif _collected not in gc.callbacks:
        gc.callbacks.append(_collected)
    capsule = new_capsule(struct, name)
    _leases.append(_Lease(capsule, struct, os.getpid()))
    return capsule


def settle() -> int:
    """Give up every lease whose capsule is gone; how many are left."""
    _settle(len(_leases))
    return len(_leases)


def _settle(at_most: int) -> None:
    for _ in range(min(at_most, len(_leases))):
        try:
            lease = _leases[0]
            if _holders(lease) > _NOBODY:
                _leases.rotate(-1)
                continue
            _leases.remove(lease)
        except (IndexError, ValueError):  # someone else was faster
            continue
        if lease.struct is not None and lease.process == os.getpid():
            release(lease.struct)


def _collected(phase: str, info: dict[str, int]) -> None:
    if phase == "start" and _leases:
        _settle(len(_leases) if info.get("generation") == 2 else 64)


def _stop() -> None:
    """At the end of the process its memory goes anyway; whoever consumed a struct still has it."""
    if _collected in gc.callbacks:
        gc.callbacks.remove(_collected)


atexit.register(_stop)
