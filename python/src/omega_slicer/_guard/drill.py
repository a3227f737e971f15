"""Drills: each fault that the guard is there for, put in on purpose, and what came of it.

Every fault runs in child processes with a state folder of its own, over a copy of the fault-injection build;
nothing of the installation is touched. A fault counts as survived if no answer was lost, its record is valid,
a new process stays on the fallback, and `reenable` refuses until the fault is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from omega_slicer._errors import NotBuiltInError

from .schema import problems

__all__ = ["FAULTS", "Drilled", "Fault", "drill", "fault_library"]

_SOURCES: Final = str(Path(__file__).resolve().parents[2])
_TIMEOUT: Final = 120


@dataclass(frozen=True)
class Fault:
    """One fault: how it is put in, and what the guard must make of it.

    `spoil` changes the copy of the library; `armed` is a fault of the build by its name in OMEGA_FAULT, there
    from the load on, `later` by its number, once the work has begun. `trigger` is empty where no incident may
    come of it.
    """

    name: str
    module: str
    trigger: str
    spoil: Callable[[Path], None] | None = None
    armed: str = ""
    later: int = 0
    rounds: int = 20
    rows: int = 2000
    shadow: str = ""
    state: str = ""
    """What is wrong with the state folder: "read-only", "full" or "corrupt"."""
    processes: int = 1


@dataclass(frozen=True)
class Drilled:
    """What came of a fault; `ok` if `problems` is empty. Times in seconds."""

    fault: str
    detected_by: str
    detected_seconds: float
    switched_seconds: float
    answers_lost: int
    record: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the guard did all that it is there for."""
        return not self.problems


def _cut(part: float) -> Callable[[Path], None]:
    def spoil(library: Path) -> None:
        os.truncate(library, int(library.stat().st_size * part))

    return spoil


def _byte(offset: Callable[[int], int], value: int | None) -> Callable[[Path], None]:
    """Change one byte, and nothing else about the file."""

    def spoil(library: Path) -> None:
        at = offset(library.stat().st_size)
        with library.open("r+b") as file:
            file.seek(at)
            old = file.read(1)[0]
            file.seek(at)
            file.write(bytes([old ^ 1 if value is None else value]))

    return spoil


def _shipped(spoil: Callable[[Path], None]) -> Callable[[Path], None]:
    """Spoilt before its manifest was written: size and hash fit, so the loader meets it."""

    def both(library: Path) -> None:
        spoil(library)
        _write_manifest(library)

    return both


def _write_manifest(library: Path) -> None:
    content = library.read_bytes()
    manifest = {
        "file": library.name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "build_id": "drilled",
        "version": "",
        "abi": "",
    }
    library.with_name(f"{library.name}.manifest").write_text(json.dumps(manifest), "utf-8")


_MACHINE: Final = _byte(lambda _: 18, 0xF7)  # e_machine of an ELF file: a processor nobody has here

FAULTS: Final = (
    Fault("library absent", "slicer", "", spoil=Path.unlink),
    Fault("wrong architecture", "slicer", "library_damaged", spoil=_shipped(_MACHINE)),
    Fault("file cut to 1 %", "slicer", "library_damaged", spoil=_cut(0.01)),
    Fault("file cut to half", "slicer", "library_damaged", spoil=_cut(0.5)),
    Fault("file cut to 99 %", "slicer", "library_damaged", spoil=_cut(0.99)),
    Fault("cut to 5 % before its manifest", "kernels", "self_test_crashed", spoil=_shipped(_cut(0.05))),
    Fault(
        "hash not in the manifest", "kernels", "library_damaged", spoil=_byte(lambda size: size // 2, None)
    ),
    Fault("other major ABI version", "slicer", "abi_mismatch", armed="abi"),
    Fault("wrong struct size", "slicer", "abi_mismatch", armed="layout"),
    Fault("self-test answers wrong", "kernels", "self_test_failed", armed="flip"),
    Fault("self-test crashes", "multi_symbol", "self_test_crashed", armed="abort"),
    Fault("panic in an export (slicer)", "slicer", "panic", later=1),
    Fault("panic in an export (kernels)", "kernels", "panic", later=1),
    Fault("panic in an export (multi_symbol)", "multi_symbol", "panic", later=1),
    Fault("status 4000 once", "kernels", "", later=4),
    Fault("status 4000, 0.2 % of calls", "kernels", "error_rate", later=5, rounds=6000, rows=100),
    Fault("wrong bit in 1 % of rows", "kernels", "wrong_answer", later=6, rows=200_000, shadow="0.01"),
    Fault("state folder read-only", "slicer", "panic", later=1, state="read-only"),
    Fault("disk full", "slicer", "panic", later=1, state="full"),
    Fault("two processes at once", "kernels", "panic", later=1, processes=2),
    Fault("incident file corrupted", "kernels", "panic", later=1, state="corrupt"),
)


def fault_library() -> Path:
    """`$OMEGA_FAULT_LIBRARY`, else the checkout's own; `NotBuiltInError` where there is none."""
    from omega_slicer._library import checkout, library_name  # noqa: PLC0415 - which needs the guard

    named = os.environ.get("OMEGA_FAULT_LIBRARY")
    built = Path("target", "fault-injection", "debug", library_name())
    places = [Path(named)] if named else [root / built for root in checkout()]
    for place in places:
        if place.is_file():
            return place.resolve()
    looked = ", ".join(map(str, places)) or "no checkout"
    raise NotBuiltInError(
        f"drills need the library built with the feature fault-injection ({looked}): "
        "run `make build-faulty`, or name one in OMEGA_FAULT_LIBRARY"
    )


def drill(fault: str | None = None, *, keep: Path | None = None) -> Iterator[Drilled]:
    """Put in every fault, or the one of that name, one after another; what came of each.

    Takes some seconds a fault. Leaves each one's state folder, its records included, in the folder `keep`.
    Raises `NotBuiltInError` without the fault-injection build.
    """
    library = fault_library()
    for one in FAULTS:
        if fault in (None, one.name):
            with tempfile.TemporaryDirectory(prefix="omega-drill-") as folder:
                drilled = _Drill(one, library, Path(folder)).run()
                state = Path(folder, "state")
                if keep is not None and state.is_dir():
                    kept = keep / re.sub(r"[^a-z0-9]+", "-", one.name.lower()).strip("-")
                    shutil.copytree(state, kept, dirs_exist_ok=True)
                yield drilled


class _Drill:
    """One fault in a folder of its own: `library` is the copy, `state` the state folder."""

    def __init__(self, fault: Fault, library: Path, folder: Path) -> None:
        self.fault, self.original = fault, library
        self.library = folder / library.name
        self.state = folder / "state"
        self.problems: list[str] = []

    def run(self) -> Drilled:
        """Work with the fault, work after it, come back without it."""
        fault = self.fault
        self._place()
        if fault.spoil is not None:
            fault.spoil(self.library)
        if fault.state == "read-only":
            self.state.write_text("a file where the folder should be", "utf-8")
        said = self._work(fault.later, fault.armed)
        first = said[0]
        lost = sum(one["wrong"] for one in said)
        self._must(lost == 0, f"{lost} answers were wrong")
        triggers = {one["trigger"] for one in said}
        self._must(triggers == {fault.trigger}, f"the trigger is {', '.join(triggers) or 'none'}")
        record = self._recorded(first) if fault.trigger else "none"
        if fault.trigger and record == "valid":
            self._comes_back(first["incident"])
        elif not fault.trigger:
            self._must(not self._records(), "there is an incident")
        return Drilled(
            fault.name,
            first["detected_by"] or "-",
            first["detected_seconds"],
            max(one["switch_seconds"] for one in said),
            lost,
            record,
            tuple(self.problems),
        )

    def _place(self) -> None:
        """A whole copy of the library, with its manifest."""
        self.library.write_bytes(self.original.read_bytes())
        _write_manifest(self.library)

    def _must(self, truth: bool, otherwise: str) -> None:
        if not truth:
            self.problems.append(otherwise)

    def _environment(self, armed: str) -> dict[str, str]:
        clean = {name: text for name, text in os.environ.items() if "USE_RUST" not in name}
        for name in ("OMEGA_CONFIG", "OMEGA_SHADOW", "OMEGA_SHADOW_SEED", "OMEGA_FAULT", "RUST_BACKTRACE"):
            clean.pop(name, None)
        more = {"OMEGA_VAR_DIR": str(self.state), "OMEGA_LIBRARY": str(self.library), "PYTHONPATH": _SOURCES}
        more |= {"OMEGA_FAULT": armed} if armed else {}
        more |= {"OMEGA_SHADOW": self.fault.shadow} if self.fault.shadow else {}
        return {**clean, **more}

    def _work(self, later: int, armed: str) -> list[dict[str, Any]]:
        """What each of the processes said that worked at the same time."""
        fault = self.fault
        program = [sys.executable, "-m", "omega_slicer._guard.drilled", fault.module]
        command = [*program, str(later), str(fault.rounds), str(fault.rows)]
        limit = _no_room if fault.state == "full" and later else None
        running = [
            subprocess.Popen(  # noqa: S603 - ourselves
                command, env=self._environment(armed), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, cwd=self.library.parent, preexec_fn=limit,  # noqa: PLW1509 - one call into the system
            )
            for _ in range(fault.processes)
        ]  # fmt: skip
        said = []
        for one in running:
            out, err = one.communicate(timeout=_TIMEOUT)
            if one.returncode:
                last = next((line for line in reversed(err.splitlines()) if line.strip()), "no message")
                self.problems.append(f"the process ended with status {one.returncode}: {last[:200]}")
            said.append(json.loads(out.splitlines()[-1]) if out.strip() else dict(_NOTHING))
        return said

    def _records(self) -> list[Path]:
        folder = self.state / "results"
        return sorted(folder.glob("RB-*.json")) if folder.is_dir() else []

    def _recorded(self, said: dict[str, Any]) -> str:
        """Whether the incident is on disk and valid, or why it could not be."""
        if self.fault.state in ("read-only", "full"):
            self._must(bool(said["unrecorded"]), "it is not said why there is no record")
            self._must(not self._records(), "there is a record in a folder that takes none")
            return f"none: {said['unrecorded'][:60]}"
        mine = [path for path in self._records() if f"-{self.fault.module}-" in path.name]
        self._must(bool(mine), "there is no record")
        wrong = [problem for path in mine for problem in problems(json.loads(path.read_text("utf-8")))]
        self._must(not wrong, f"the record is not valid: {'; '.join(wrong[:3])}")
        return "valid" if mine and not wrong else "INVALID"

    def _comes_back(self, incident: str) -> None:
        """A new process stays off the library; `reenable` refuses with the fault, and works without it."""
        if self.fault.state == "corrupt":
            (self.state / "results" / f"{incident}.json").write_text("{ cut", "utf-8")
        [after] = self._after(self.fault.armed)
        self._must(after["backend"] == "python", f"a new process answers with {after['backend']}")
        self._must(after["native_calls"] == 0, f"a new process makes {after['native_calls']} native calls")
        spoiled = self.fault.spoil is not None
        refused = self._reenable("" if spoiled else "flip")
        self._must(refused == 1, f"reenable with the fault there ends with {refused}, not 1")
        if spoiled:
            self._place()
        worked = self._reenable("")
        self._must(worked == 0, f"reenable without the fault ends with {worked}, not 0")
        [back] = self._after("")
        self._must(back["backend"] == "native", f"after reenable {back['backend']} answers: {back['reason']}")

    def _after(self, armed: str) -> list[dict[str, Any]]:
        return _Drill._work(_Quietly(self), 0, armed)

    def _reenable(self, armed: str) -> int:
        command = [sys.executable, "-m", "omega_slicer", "reenable", "--module", self.fault.module]
        done = subprocess.run(  # noqa: S603 - ourselves
            command,
            env=self._environment(armed),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
        return done.returncode


class _Quietly(_Drill):
    """The same drill with no fault put in and a single short process."""

    def __init__(self, drill: _Drill) -> None:
        self.__dict__.update(drill.__dict__)
        self.fault = replace(drill.fault, rounds=1, rows=2000, shadow="", state="", processes=1)


_NOTHING: Final[dict[str, Any]] = {
    **dict.fromkeys(("trigger", "incident", "unrecorded", "reason", "detected_by"), ""),
    **dict.fromkeys(("detected_seconds", "switch_seconds"), 0.0),
    "wrong": 1,
    "backend": "none",
    "native_calls": 0,
}


def _no_room() -> None:
    """In the child: no file may grow by a byte, as on a full disk."""
    import resource  # noqa: PLC0415 - not on every system
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def as_dict(drilled: Drilled) -> dict[str, Any]:
    """Plain lists, texts, numbers."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(drilled)))
    return plain
