"""The state folder that both languages share: where it is, and writing in it so that nothing is ever torn.

A file appears whole or not at all. What cannot be written is an `OSError` for the caller to survive; nothing
here decides what that means.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

__all__ = ["Flat", "append_line", "flat_json", "folder", "logs", "parse_flat", "results", "write_whole"]

Flat: TypeAlias = "dict[str, str | int | float | bool | None]"
"""A flat JSON object: the most that both languages read without a library."""

_NAME: Final = "omega-slicer"
_ODD: Final = "backslashreplace"
"""Paths need not be UTF-8: their odd bytes become what JSON reads back."""
_SAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


def folder() -> Path:
    """`$OMEGA_VAR_DIR`, else the user's state folder on this system; it need not exist."""
    named = os.environ.get("OMEGA_VAR_DIR")
    if named:
        return Path(named).absolute()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base or Path.home() / "AppData" / "Local") / _NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _NAME
    base = os.environ.get("XDG_STATE_HOME")
    return Path(base or Path.home() / ".local" / "state") / _NAME


def results() -> Path:
    """Where incidents, their arguments and self-test passes are."""
    return folder() / "results"


def logs() -> Path:
    """Where the log of events is."""
    return folder() / "logs"


def safe(text: str) -> str:
    """The text with nothing in it that a file name could not hold."""
    return _SAFE.sub("_", text)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one, and never a part."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with temporary.open("x", encoding="utf-8", errors=_ODD, newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def append_line(path: Path, line: str) -> None:
    """Add one line in one write, so that processes that write at once do not mix theirs."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        data = f"{line}\n".encode(errors=_ODD)
        if os.write(descriptor, data) != len(data):
            raise OSError(f"{path}: the line was cut short")
    finally:
        os.close(descriptor)


def flat_json(values: Mapping[str, str | int | float | bool | None]) -> str:
    """One line of JSON, keys in their order."""
    return json.dumps(dict(values), ensure_ascii=False, allow_nan=False)


def parse_flat(text: str) -> Flat:
    """A flat JSON object; `ValueError` for anything else."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("too deep to be flat") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    for key, value in found.items():
        if not (value is None or isinstance(value, str | int | float | bool)):
            raise ValueError(f"{key!r} is not a plain value")
    return found
