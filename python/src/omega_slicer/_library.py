"""Where the native library may lie, and loading it once.

Looks, checks ABI version and layout before any real call, and keeps why each place failed. Who may ask
for the library is decided in `_backend`.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from pathlib import Path
from typing import Final

from ._errors import FfiSchemaMismatchError, NotBuiltInError, OmegaError
from ._native_abi import abi_of, declare
from ._native_engine import NativeEngine

__all__ = ["build_record", "forget_failure", "library_name", "load", "loaded"]

_PACKAGE: Final = Path(__file__).resolve().parent
_LOCK: Final = threading.Lock()
_engine: NativeEngine | None = None
# The failure found under a value of OMEGA_LIBRARY: `auto` asks for every object, and need not search again.
_failure: tuple[str | None, OmegaError] | None = None


def library_name() -> str:
    """The library's file name on this system."""
    if sys.platform == "win32":
        return "omega_slicer.dll"
    return "libomega_slicer.dylib" if sys.platform == "darwin" else "libomega_slicer.so"


def build_record() -> str:
    """What the installation said about building the library; empty if it said nothing."""
    try:
        return (_PACKAGE / "_native" / "build.txt").read_text("utf-8").strip()
    except OSError:
        return ""


def loaded() -> NativeEngine | None:
    """The native backend if the library is in this process."""
    return _engine


def load(*, retry: bool) -> NativeEngine:
    """The native backend; `NotBuiltInError` or `FfiSchemaMismatchError` saying where it was looked for.

    Without `retry`, a failure is remembered for as long as OMEGA_LIBRARY stays what it is.
    """
    global _engine, _failure  # noqa: PLW0603 - one library per process
    if _engine is not None:
        return _engine
    named = os.environ.get("OMEGA_LIBRARY") or None
    with _LOCK:
        if _engine is not None:
            return _engine
        if not retry and _failure is not None and _failure[0] == named:
            raise _failure[1].with_traceback(None)  # else each raise makes it longer
        try:
            _engine = _search(named)
        except OmegaError as error:
            _failure = (named, error)
            raise
        return _engine


def forget_failure() -> None:
    """Have a library that was not found looked for again."""
    global _failure  # noqa: PLW0603 - one library per process
    with _LOCK:
        _failure = None


def _search(named: str | None) -> NativeEngine:
    why: list[str] = []
    mismatch = False
    for place, what in _places(named):
        if isinstance(what, Path) and not what.exists():
            note = build_record() if place == "the package" else ""
            why.append(f"{place} ({what}): no such file" + (f"; {note}" if note else ""))
            continue
        try:
            library = ctypes.CDLL(str(what))
            abi = abi_of(library)
        except (OSError, FfiSchemaMismatchError) as error:
            mismatch = mismatch or isinstance(error, FfiSchemaMismatchError)
            why.append(f"{place} ({what}): {error}")
            continue
        declare(library)
        return NativeEngine(library, _path_of(library, str(what)), abi)
    kind = FfiSchemaMismatchError if mismatch else NotBuiltInError
    raise kind("the native library was not found; looked in " + "; ".join(why))


def _places(named: str | None) -> list[tuple[str, Path | str]]:
    if named is not None:
        return [("OMEGA_LIBRARY", Path(named).absolute())]
    places: list[tuple[str, Path | str]] = [("the package", _PACKAGE / "_native" / library_name())]
    built = Path(os.environ.get("CARGO_TARGET_DIR") or "target", "release", library_name())
    places += [("the checkout", root / built) for root in _checkout()]
    soname = "libomega_slicer.so.0" if sys.platform.startswith("linux") else library_name()
    return [*places, ("the system", soname)]


def _checkout() -> list[Path]:
    """The source tree this package stands in, if it does."""
    for folder in _PACKAGE.parents:
        try:
            manifest = (folder / "Cargo.toml").read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if 'name = "omega-slicer"' in manifest:
            return [folder]
    return []


def _path_of(library: ctypes.CDLL, asked: str) -> str:
    """The file the loader took, which for a bare name only the loader knows."""
    if Path(asked).is_absolute():
        return asked
    address = ctypes.cast(library.omega_abi_version, ctypes.c_void_p).value or 0
    try:
        with Path("/proc/self/maps").open(encoding="utf-8") as maps:
            for line in maps:
                begin, end = (int(part, 16) for part in line.split(" ", 1)[0].split("-"))
                if begin <= address < end:
                    return line.split(maxsplit=5)[5].strip()
    except (OSError, IndexError, ValueError):
        pass
    return asked
