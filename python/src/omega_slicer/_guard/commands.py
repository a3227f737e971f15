"""Switching a module off by hand, and back on: `rollback`, `reenable`, `incidents`.

A module comes back only after `verify` found nothing; whoever wants the library in spite of that demands
`native`. What is decided here holds for this process and for later ones.
"""

from __future__ import annotations

from typing import Final

from omega_slicer._config import MODULES
from omega_slicer._errors import InvalidStateError, NotBuiltInError, OmegaError

from . import incidents as records
from . import selftest
from .breaker import BREAKERS
from .incidents import Incident
from .verify import Progress, Report, verify

__all__ = ["incidents", "reenable", "rollback", "rollback_slower"]

_SHOWN: Final = 3


def incidents() -> list[Incident]:
    """Every incident in the state folder, oldest first, and those of this process that could not be written.

    >>> all(incident.state in ("open", "closed") for incident in incidents())
    True
    """
    recorded = records.every()
    known = {incident.rollback_id for incident in recorded}
    ours = (breaker.incident for breaker in BREAKERS.values())
    return [*recorded, *(one for one in ours if one is not None and one.rollback_id not in known)]


def rollback(module: str, reason: str = "", *, severity: str = "LOW") -> Incident:
    """Switch a module off the library, here and in later processes with the same build, until `reenable`.

    The incident that says so; the open one if there is one. Objects that exist go over with their next call.
    Raises `InvalidStateError` where there is no library to switch off, `InvalidArgumentError` for unknown
    words.
    """
    from omega_slicer._backend import check_module  # noqa: PLC0415 - which needs the guard
    from omega_slicer._library import located  # noqa: PLC0415

    check_module(module)
    try:
        located(retry=True)
    except NotBuiltInError as error:
        raise InvalidStateError(f"{module}: the python backend answers already: {error}") from None
    except OmegaError:  # damaged: there is an incident
        pass
    message = reason or "switched off by hand"
    return BREAKERS[module].open(
        "by_hand", message, call="rollback", by="rollback", severity=severity, quietly=True
    )


def rollback_slower(report: Report) -> list[Incident]:
    """Switch off the modules that `verify(bench=True)` found slower, each for its slowest number."""
    lines = () if report.speed is None else report.speed.lines
    opened = []
    for module in report.modules:
        slow = [line for line in lines if line.slower and line.module == module]
        if slow:
            worst = max(slow, key=lambda line: line.percent)
            message = (
                f"{worst.name}: {worst.percent:.0f} % slower than the baseline in {len(worst.percents)} runs"
            )
            opened.append(
                BREAKERS[module].open(
                    worst.trigger, message, call=worst.name, by="verify --bench", quietly=True
                )
            )
    return opened


def reenable(module: str, *, progress: Progress | None = None) -> Report:
    """Close the open incident of a module with this build, if `verify` finds nothing; what it found.

    Raises `InvalidStateError` saying what is wrong, with nothing changed, or that no incident is open.
    """
    from omega_slicer import _backend, _library  # noqa: PLC0415 - which need the guard

    _backend.check_module(module)
    _library.forget()
    report = verify(module, progress=progress)
    breaker = BREAKERS[module]
    mine = [one for one in records.every() if one.module == module and one.state == "open"]
    here = [one for one in mine if records.is_about(one, breaker.subject)]
    if not here and breaker.incident is None:
        others = f" with this build; {len(mine)} with others" if mine else ""
        raise InvalidStateError(f"{module}: no incident is open{others}")
    if not report.library or not report.ok:
        for incident in here:
            records.refused(incident)
        what = "; ".join(report.failures[:_SHOWN]) or report.note
        raise InvalidStateError(f"{module} stays on the python backend: verify found: {what}")
    try:
        for incident in here:
            records.close(incident, "reenable")
    except OSError as error:
        raise InvalidStateError(f"{module}: the incident cannot be closed: {error}") from error
    candidate = _library.located(retry=True)
    passed = set(selftest.passed_before(candidate.key, candidate.sha256)) | {module}
    selftest.remember(candidate.key, candidate.sha256, [name for name in MODULES if name in passed])
    breaker.reset()
    _backend.forget_choices()
    return report
