"""Whether a library may be loaded, and for which modules: manifest, incidents, self-test, in that order.

Nothing is loaded into this process before all of that is known. What stands against a library becomes an
incident, once; the caller hears of it as an error that says why.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from omega_slicer._config import MODULES
from omega_slicer._errors import FfiError, FfiSchemaMismatchError, NotBuiltInError, OmegaError

from . import incidents, selftest
from .breaker import BREAKERS, say
from .manifest import Damaged, checked
from .selftest import Finding
from .tables import severity_of

if TYPE_CHECKING:
    from omega_slicer._native_engine import NativeEngine

__all__ = ["Admitted", "Candidate", "admitted", "looked_at"]


class Candidate(NamedTuple):
    """A library that has been looked at and not loaded; `key` names its build in incidents."""

    path: str
    key: str
    sha256: str
    manifest: str


def looked_at(path: Path) -> Candidate:
    """Compare a file with its manifest, honour the incidents of its build; `FfiError` if it is damaged."""
    try:
        seen = checked(path)
    except Damaged as damaged:
        key = damaged.build_id or f"sha256-{damaged.sha256[:16]}"
        _honour(Candidate(str(path), key, damaged.sha256, str(damaged)))
        _open_all([Finding("library_damaged", MODULES, f"{path}: {damaged}")])
        raise FfiError(f"{path}: {damaged}") from None
    except OSError as error:
        raise NotBuiltInError(f"{path}: {error.strerror or error}") from error
    key = seen.build_id or f"sha256-{seen.sha256[:16]}"
    candidate = Candidate(str(path), key, seen.sha256, seen.manifest)
    _honour(candidate)
    return candidate


def _honour(candidate: Candidate) -> None:
    """Take every module off the library that has an open incident with this build."""
    subject = incidents.Subject(candidate.key, "", candidate.path, candidate.sha256)
    for module, breaker in BREAKERS.items():
        breaker.subject = subject
        found = incidents.open_for(module, subject)
        if found:
            breaker.adopt(found[-1])


def _open_all(findings: list[Finding]) -> None:
    """Every incident first, and then the warnings: those may be errors to whoever asked for that."""
    new = []
    for finding in findings:
        for module in finding.modules:
            breaker = BREAKERS[module]
            if breaker.is_open:
                continue
            incident = breaker.open(
                finding.trigger,
                finding.message,
                call=finding.call,
                code=finding.code,
                by="the self-test" if finding.trigger.startswith("self_test") else "the load",
                quietly=True,
            )
            new.append(incident)
    for incident in new:
        say(incident)


class Admitted(NamedTuple):
    """A library that was loaded, what its self-test came to, and the modules that may use it."""

    engine: NativeEngine
    self_test: str
    modules: tuple[str, ...]


def admitted(candidate: Candidate, module: str) -> Admitted:
    """The library, loaded, for a module that may use it.

    Raises `FfiSchemaMismatchError` or `FfiError` saying what stands against it; the incident is then open.
    """
    severity_of("panic")  # reads the tables, which later might not be opened any more
    state = "passed before"
    passed = selftest.passed_before(candidate.key, candidate.sha256)
    if module not in passed:
        findings = selftest.try_in_child(candidate.path)
        _open_all(findings)
        passed = _without(MODULES, findings)
        unwritten = selftest.remember(candidate.key, candidate.sha256, passed)
        state = f"passed; that could not be written down: {unwritten}" if unwritten else "passed"
        _refuse(candidate, findings, module)
    try:
        engine = selftest.open_library(candidate.path)
    except (OSError, FfiSchemaMismatchError) as error:
        fitting = isinstance(error, OSError)
        trigger = "library_damaged" if fitting else "abi_mismatch"
        findings = [Finding(trigger, MODULES, str(error), "", None if fitting else 5004)]
    else:
        findings = selftest.quick(engine)
        for breaker in BREAKERS.values():
            breaker.subject = breaker.subject._replace(native_version=engine.version)
    _open_all(findings)
    _refuse(candidate, findings, module)
    return Admitted(engine, state, _without(passed, findings))


def _without(modules: tuple[str, ...], findings: list[Finding]) -> tuple[str, ...]:
    """The modules that nothing was found against."""
    bad = {name for finding in findings for name in finding.modules}
    return tuple(name for name in modules if name not in bad)


def _refuse(candidate: Candidate, findings: list[Finding], module: str) -> None:
    for finding in findings:
        if module in finding.modules:
            kind: type[OmegaError] = FfiSchemaMismatchError if finding.trigger == "abi_mismatch" else FfiError
            incident = BREAKERS[module].incident
            which = f" [{incident.rollback_id}]" if incident is not None else ""
            raise kind(f"{candidate.path}: {finding.trigger}: {finding.message}{which}")
