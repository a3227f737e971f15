"""Locks that a fork finds free.

A thread that holds one while another forks is not there in the child, where nobody would ever give it back.
So a fork waits for the lock. What is made last is waited for first, as the load, which opens incidents, is.
They are such as their own thread may take again: a signal's handler, which may fork, is in no other.
"""

from __future__ import annotations

import os
from typing import Protocol, TypeVar

__all__ = ["free_in_forks"]


class _Lock(Protocol):
    def acquire(self) -> bool: ...
    def release(self) -> None: ...


L = TypeVar("L", bound=_Lock)


def free_in_forks(lock: L) -> L:
    """The lock, which a fork of this process has to itself."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock
