"""Trying a library before it is trusted: in a child process, which may crash, and briefly at every load.

A child loads the file, compares version and layout, asks all known answers; a pass is remembered by build, so
that this happens once. What a failure means is decided by `gate`.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_slicer._config import MODULES
from omega_slicer._counts import uncounted
from omega_slicer._errors import FfiSchemaMismatchError
from omega_slicer._version import __version__

from . import state

if TYPE_CHECKING:
    from omega_slicer._native_engine import NativeEngine

__all__ = ["Finding", "child", "open_library", "passed_before", "quick", "remember", "try_in_child"]

_TIMEOUT: Final = 60.0
_WRONG, _MISMATCH, _UNLOADABLE = 10, 11, 12


class Finding(NamedTuple):
    """What is wrong with a library; `modules` are those that must not use it."""

    trigger: str
    modules: tuple[str, ...]
    message: str
    call: str = ""
    code: int | None = None


def open_library(path: str) -> NativeEngine:
    """Load a file and make a backend of it. `OSError` or `FfiSchemaMismatchError` where that cannot be."""
    from omega_slicer._native_abi import abi_of, declare  # noqa: PLC0415 - what no library is loaded for is not imported
    from omega_slicer._native_engine import NativeEngine  # noqa: PLC0415

    library = ctypes.CDLL(path)
    abi = abi_of(library)
    declare(library)
    return NativeEngine(library, path, abi)


def quick(engine: NativeEngine) -> list[Finding]:
    """The few known answers that are asked at every load."""
    from . import known  # noqa: PLC0415 - needs the whole package, which needs this one

    with uncounted():
        return _findings(known.wrong_answers(engine, known.cases()[: known.AT_LOAD]))


def _findings(wrong: Iterable[tuple[str, str, str, int | None]]) -> list[Finding]:
    first: dict[str, Finding] = {}
    for module, call, text, code in wrong:
        first.setdefault(module, Finding("self_test_failed", (module,), text, call, code))
    return list(first.values())


def child(path: str) -> int:
    """What the child process does; what it found goes to its output, a line each."""
    from . import known  # noqa: PLC0415

    try:
        engine = open_library(path)
    except FfiSchemaMismatchError as error:
        print(json.dumps(["", "", str(error), error.code]))
        return _MISMATCH
    except (OSError, AttributeError) as error:
        print(json.dumps(["", "", str(error), None]))
        return _UNLOADABLE
    wrong = list(known.wrong_answers(engine, known.cases()))
    for one in wrong:
        print(json.dumps(one))
    print(json.dumps(["end", "", "", None]))
    return _WRONG if wrong else 0


_CHILD: Final = (
    "import sys; sys.path[:0] = [sys.argv[2]]; "
    "from omega_slicer._guard.selftest import child; sys.exit(child(sys.argv[1]))"
)


def try_in_child(path: str) -> list[Finding]:
    """All known answers, asked in a process of their own; what is wrong."""
    import subprocess  # noqa: PLC0415 - slow to import, and a build is tried once

    if not sys.executable:  # Python inside another program: there is nothing to start
        return quick(open_library(path))
    package = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-c", _CHILD, path, package]
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            command, capture_output=True, text=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return [_crashed(f"the self-test did not end within {_TIMEOUT:.0f} s")]
    except OSError as error:
        return [_crashed(f"the self-test could not be started: {error}")]
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    ended = any(row[0] == "end" for row in said)
    if done.returncode == 0 and ended:
        return []
    if done.returncode == _MISMATCH and said:
        return [Finding("abi_mismatch", MODULES, said[0][2], "", said[0][3])]
    if done.returncode == _UNLOADABLE and said:
        return [Finding("library_damaged", MODULES, said[0][2])]
    if done.returncode == _WRONG and ended:
        return _findings(tuple(row) for row in said if row[0] in MODULES)
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no message")
    return [_crashed(f"the self-test ended with {how}: {last[:500]}")]


def _crashed(message: str) -> Finding:
    return Finding("self_test_crashed", MODULES, message)


def _record(key: str) -> Path:
    return state.results() / f"self-test-python-{state.safe(key)}.json"


def passed_before(key: str, sha256: str) -> tuple[str, ...]:
    """The modules that passed with this very file, as this release of the package asks."""
    try:
        known = state.parse_flat(_record(key).read_text("utf-8"))
    except (OSError, ValueError, RuntimeError):
        return ()
    if known.get("sha256") != sha256 or known.get("package_version") != __version__:
        return ()
    return tuple(str(known.get("modules", "")).split())


def remember(key: str, sha256: str, modules: Iterable[str]) -> str:
    """Write down which modules passed; why that was not possible, if it was not."""
    passed: state.Flat = {
        "schema": "omega-self-test/1",
        "build": key,
        "sha256": sha256,
        "modules": " ".join(modules),
        "package_version": __version__,
    }
    try:
        state.write_whole(_record(key), state.flat_json(passed) + "\n")
    except (OSError, RuntimeError) as error:
        return f"{error}"
    return ""
