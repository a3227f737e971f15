"""Where the native library may lie, and loading it once.

The first file there is, is the library; whether it may be loaded is `_guard`'s to say. Keeps why each place
failed. Who may ask for the library is decided in `_backend`.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ._errors import NotBuiltInError, OmegaError
from ._guard import gate
from ._guard.gate import Candidate
from ._locks import free_in_forks

if TYPE_CHECKING:
    from ._native_engine import NativeEngine

__all__ = ["Found", "build_record", "checkout", "forget", "library_name", "load", "loaded", "located"]

_PACKAGE: Final = Path(__file__).resolve().parent
_LOCK: Final = free_in_forks(threading.RLock())
_SONAME: Final = "libomega_slicer.so.0"


class Found(NamedTuple):
    """The library in this process; `modules` are those that may use it."""

    engine: NativeEngine
    candidate: Candidate
    self_test: str
    modules: tuple[str, ...]


_candidate: Candidate | None = None
_found: Found | None = None
# The failure found under a value of OMEGA_LIBRARY: `auto` asks for every object, and need not search again.
_failure: tuple[str | None, OmegaError] | None = None
# What an admitted library was refused for, by module.
_refused: dict[str, OmegaError] = {}


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


def loaded() -> Found | None:
    """The library if it is in this process."""
    return _found


def located(*, retry: bool) -> Candidate:
    """The library, looked at and not loaded: `NotBuiltInError` saying where it was looked for.

    Its manifest has been compared (`FfiError` if it is damaged) and its open incidents are honoured. Without
    `retry`, a failure is remembered for as long as OMEGA_LIBRARY stays what it is.
    """
    global _candidate, _failure  # noqa: PLW0603 - one library per process
    if _candidate is not None:
        return _candidate
    named = os.environ.get("OMEGA_LIBRARY") or None
    with _LOCK:
        if _candidate is not None:
            return _candidate
        if not retry and _failure is not None and _failure[0] == named:
            raise _failure[1].with_traceback(None)  # else each raise makes it longer
        try:
            _candidate = gate.looked_at(_search(named))
        except OmegaError as error:
            _failure = (named, error)
            raise
        return _candidate


def load(module: str, *, retry: bool) -> NativeEngine:
    """The native backend for a module, self-tested; errors say where it was looked for or what is wrong."""
    global _found  # noqa: PLW0603 - one library per process
    if _found is not None and module in _found.modules:
        return _found.engine
    with _LOCK:
        if module in _refused and not retry:
            raise _refused[module].with_traceback(None)
        candidate = located(retry=retry)
        _refused.pop(module, None)
        try:
            admitted = gate.admitted(candidate, module)
        except OmegaError as error:
            _refused[module] = error
            raise
        engine = admitted.engine if _found is None else _found.engine
        _found = Found(engine, candidate, admitted.self_test, admitted.modules)
        return engine


def forget() -> None:
    """Have a library that was not found, or was refused, looked for again."""
    global _failure, _candidate  # noqa: PLW0603 - one library per process
    with _LOCK:
        _failure = None
        _refused.clear()
        if _found is None:
            _candidate = None


def _search(named: str | None) -> Path:
    why: list[str] = []
    for place, path in _places(named):
        if path is not None and path.exists():
            return path
        note = build_record() if place == "the package" else ""
        what = f"{place} ({path or _SONAME}): no such file"
        why.append(what + (f"; {note}" if note else ""))
    raise NotBuiltInError("the native library was not found; looked in " + "; ".join(why))


def _places(named: str | None) -> list[tuple[str, Path | None]]:
    if named is not None:
        return [("OMEGA_LIBRARY", Path(named).absolute())]
    places: list[tuple[str, Path | None]] = [("the package", _PACKAGE / "_native" / library_name())]
    built = Path(os.environ.get("CARGO_TARGET_DIR") or "target", "release", library_name())
    places += [("the checkout", root / built) for root in checkout()]
    return [*places, ("the system", _installed())]


def _installed() -> Path | None:
    """Where the system's loader would take the library from; asked without loading it."""
    linux = sys.platform.startswith("linux")
    name = _SONAME if linux else library_name()
    variable = "PATH" if sys.platform == "win32" else "LD_LIBRARY_PATH" if linux else "DYLD_LIBRARY_PATH"
    folders = [Path(folder) for folder in os.environ.get(variable, "").split(os.pathsep) if folder]
    cached: list[Path] = []
    if linux:
        try:
            cache = Path("/etc/ld.so.cache").read_bytes()
        except OSError:
            cache = b""
        cached = [
            Path(os.fsdecode(path))
            for path in re.findall(rb"(/[^\0]*/" + re.escape(name.encode()) + rb")\0", cache)
        ]
    usual = [] if sys.platform == "win32" else [Path("/usr/local/lib"), Path("/usr/lib"), Path("/lib")]
    places = [*(folder / name for folder in folders), *cached, *(folder / name for folder in usual)]
    return next((path.absolute() for path in places if path.is_file()), None)


def checkout() -> list[Path]:
    """The source tree this package stands in, if it does."""
    for folder in _PACKAGE.parents:
        try:
            manifest = (folder / "Cargo.toml").read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if 'name = "omega-slicer"' in manifest:
            return [folder]
    return []
