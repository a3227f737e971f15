"""What answers, why, and how often: a picture of the backends for people and for programs.

Looks without changing anything, except that looking at a module that may use the native library loads it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from . import _backend, _library
from ._config import MODULES
from ._counts import KINDS, counts
from ._guard.breaker import BREAKERS
from ._guard.shadow import SHADOW
from ._ipc import mapped_files
from ._version import __version__

__all__ = ["LibraryStatus", "MappedFile", "ModuleStatus", "ShadowStatus", "Status", "status"]


@dataclasses.dataclass(frozen=True)
class ModuleStatus:
    """One module: `backend` answers for objects made now ("none": it cannot be had) for this `reason`.

    `requested` is the word asked for and `source` who said it: argument, set_backend, an environment
    variable's name, the path of an omega.toml, or default. `counts` has, per operation, the calls answered
    `native`, `shared` (in Python over the shared columns, since that is faster than a call) and `fallback`.
    """

    backend: str
    reason: str
    requested: str
    source: str
    counts: dict[str, dict[str, int]]
    incident: str
    """The open incident: its name, trigger and severity, and why it is not recorded if it is not."""
    native_errors: int
    """Calls that failed inside the library (4xxx)."""
    native_faults: int
    """Calls that the library broke down in (5xxx)."""


@dataclasses.dataclass(frozen=True)
class LibraryStatus:
    """The native library in this process; empty texts and the reason while there is none."""

    loaded: bool
    path: str
    version: str
    build_id: str
    abi: str
    reason: str
    manifest: str
    """What the file was compared with before it was loaded."""
    self_test: str


@dataclasses.dataclass(frozen=True)
class ShadowStatus:
    """Shadow mode: the fraction that is worked out again, and what came of it."""

    fraction: float
    seed: int
    rows: int
    differences: int


@dataclasses.dataclass(frozen=True)
class MappedFile:
    """The file of a series made by `read_ipc(mmap=True)`: "unchanged" since then, "changed" or "gone"."""

    path: str
    state: str


@dataclasses.dataclass(frozen=True)
class Status:
    """All of it. `as_dict()` for programs; printing it is for people."""

    version: str
    modules: dict[str, ModuleStatus]
    library: LibraryStatus
    mapped: tuple[MappedFile, ...]
    shadow: ShadowStatus

    def as_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, texts, numbers and booleans."""
        plain = dataclasses.asdict(self)
        return {**plain, "mapped": list(plain["mapped"])}

    def __str__(self) -> str:
        return self.of(tuple(self.modules))

    def of(self, names: tuple[str, ...]) -> str:
        """The text about some of the modules."""
        lines = [f"omega_slicer {self.version}"]
        for name, module in self.modules.items():
            if name not in names:
                continue
            incident, _, about = module.incident.partition(" ")
            told = incident and incident in module.reason
            reason = "an incident is open: verify, then reenable" if told else module.reason
            lines += [
                f"  {name}: {module.backend} ({reason})",
                f"    requested {module.requested or '-'} by {module.source}",
            ]
            if incident:
                lines += [f"    OPEN INCIDENT {about}", f"      {incident}"]
            if module.native_errors or module.native_faults:
                lines.append(
                    f"    failed in the library: {module.native_errors} errors, {module.native_faults} faults"
                )
            used = {
                operation: numbers for operation, numbers in module.counts.items() if any(numbers.values())
            }
            if used:
                lines.append(f"    {'calls':<18}" + "".join(f"{kind:>12}" for kind in KINDS))
            for operation, numbers in used.items():
                lines.append(f"    {operation:<18}" + "".join(f"{numbers[kind]:>12}" for kind in KINDS))
        library = self.library
        if library.loaded:
            lines.append(f"  library: {library.path}")
            lines.append(f"    version {library.version}, build {library.build_id}, ABI {library.abi}")
            lines.append(f"    {library.manifest}; self-test {library.self_test}")
        else:
            lines.append(f"  library: not loaded ({library.reason})")
        lines += [f"  mapped: {file.path} ({file.state})" for file in self.mapped]
        shadow = self.shadow
        if shadow.fraction or shadow.rows:
            lines.append(
                f"  shadow: {shadow.fraction:g} of the answers, seed {shadow.seed}: "
                f"{shadow.rows} worked out again, {shadow.differences} differed"
            )
        return "\n".join(lines)


def status() -> Status:
    """Which backend answers for each module and why, call counts, and the native library.

    >>> import omega_slicer
    >>> omega_slicer.set_backend("slicer", "python")
    >>> module = omega_slicer.status().modules["slicer"]
    >>> module.backend, module.source
    ('python', 'set_backend')
    >>> omega_slicer.set_backend("slicer", None)
    """
    modules: dict[str, ModuleStatus] = {}
    for name in MODULES:
        answer = _backend.inspect(name)
        backend = "none" if answer.engine is None else answer.engine.name
        modules[name] = ModuleStatus(
            backend,
            answer.reason,
            answer.choice.requested,
            answer.choice.source,
            counts(name),
            *_trouble(name),
        )
    native = _library.loaded()
    if native is None:
        wanted = any(module.requested != "python" for module in modules.values())
        reason = "see the reasons above" if wanted else "not needed: the fallback is chosen"
        record = _library.build_record()
        library = LibraryStatus(False, "", "", "", "", f"{reason}; {record}" if record else reason, "", "")
    else:
        engine = native.engine
        library = LibraryStatus(
            True,
            engine.path,
            engine.version,
            engine.build_id,
            engine.abi,
            "loaded",
            native.candidate.manifest,
            native.self_test,
        )
    shadow = ShadowStatus(SHADOW.fraction, SHADOW.seed, SHADOW.rows, SHADOW.differences)
    mapped = tuple(MappedFile(*found) for found in mapped_files())
    return Status(__version__, modules, library, mapped, shadow)


def _trouble(module: str) -> tuple[str, int, int]:
    breaker = BREAKERS[module]
    incident = breaker.incident
    if incident is None:
        return "", breaker.internal, breaker.faults
    text = f"{incident.rollback_id} ({incident.trigger or incident.corrupt}, {incident.severity})"
    if incident.unrecorded:
        text += f", unrecorded: {incident.unrecorded}"
    return text, breaker.internal, breaker.faults
