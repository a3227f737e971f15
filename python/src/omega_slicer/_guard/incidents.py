"""Incidents: records of a module that was taken off the library, why, and what to do about it.

One flat JSON file each in the state folder, named so that module and build id can be told even if the
content cannot be read: such a file still holds its module back. Both languages read and write them. What
opens or closes an incident is decided elsewhere.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from omega_slicer import _version
from omega_slicer._errors import InvalidArgumentError

from . import state
from .state import Flat
from .tables import severities, severity_of
from .text import is_asked_again

__all__ = [
    "Incident",
    "Subject",
    "close",
    "every",
    "find",
    "is_about",
    "made",
    "open_for",
    "recorded",
    "refused",
]

SCHEMA: Final = "omega-incident/1"
_COMMAND: Final = "python -m omega_slicer"
# Known before there is an incident: to find out may take an import, or a file that cannot be opened by then.
_MACHINE: Final = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
_PLATFORM: Final = f"{sys.platform}-{_MACHINE or 'unknown'}"
_LANGUAGE: Final = f"python {sys.version.split()[0]}"
_NAME: Final = re.compile(
    r"(RB-\d{8}T\d{6}Z-(slicer|kernels|multi_symbol)-([A-Za-z0-9._]+)-[0-9a-f]{8})\.json"
)


class Subject(NamedTuple):
    """The library an incident is about; what is not known is the empty text."""

    build_id: str
    native_version: str = ""
    native_path: str = ""
    library_sha256: str = ""


@dataclass(frozen=True)
class Incident:
    """One record. `unrecorded` says why it is not on disk, `corrupt` why its file cannot be read."""

    rollback_id: str
    module: str
    trigger: str
    severity: str
    action: str
    time_allowed: str
    state: str
    started_at: str
    completed_at: str
    duration_seconds: float
    data_loss: bool
    closed_at: str
    closed_by: str
    build_id: str
    native_version: str
    native_path: str
    library_sha256: str
    platform: str
    language: str
    package_version: str
    error_code: int | None
    error_message: str
    call: str
    arguments_file: str
    reproduce: str
    detected_by: str
    unrecorded: str = ""
    corrupt: str = ""

    def as_record(self) -> Flat:
        """What is written: flat, in a fixed order."""
        keys = [key for key in self.__dataclass_fields__ if key not in ("unrecorded", "corrupt")]
        return {"schema": SCHEMA, **{key: getattr(self, key) for key in keys}}

    @property
    def path(self) -> Path:
        """Its file."""
        return state.results() / f"{self.rollback_id}.json"


_TEXTS: Final = tuple(
    name
    for name, field in Incident.__dataclass_fields__.items()
    if field.type == "str" and name not in ("unrecorded", "corrupt")
)


def now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.timezone.utc)


def moment_text(moment: dt.datetime) -> str:
    """ISO 8601 with microseconds and Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_id(module: str, build_id: str, moment: dt.datetime) -> str:
    """An identifier that names module and build, and that no two processes make alike."""
    return f"RB-{moment:%Y%m%dT%H%M%SZ}-{module}-{_in_name(build_id)}-{os.urandom(4).hex()}"


def made(
    module: str,
    trigger: str,
    subject: Subject,
    *,
    started: dt.datetime,
    error_code: int | None = None,
    message: str = "",
    call: str = "",
    has_arguments: bool = False,
    detected_by: str = "",
    severity: str | None = None,
) -> Incident:
    """A new open incident, complete as of now and not yet written."""
    weight = severity_of(trigger) if severity is None else _severity(severity)
    completed = now()
    rollback_id = new_id(module, subject.build_id, started)
    asked = has_arguments and is_asked_again(call)
    again = f"{_COMMAND} incidents reproduce {rollback_id}" if asked else _verifying(module)
    return Incident(
        rollback_id=rollback_id,
        module=module,
        trigger=trigger,
        severity=weight.name,
        action=weight.action,
        time_allowed=weight.time_allowed,
        state="open",
        started_at=moment_text(started),
        completed_at=moment_text(completed),
        duration_seconds=max(0.0, (completed - started).total_seconds()),
        data_loss=False,
        closed_at="",
        closed_by="",
        build_id=subject.build_id,
        native_version=subject.native_version,
        native_path=subject.native_path,
        library_sha256=subject.library_sha256,
        platform=_PLATFORM,
        language=_LANGUAGE,
        package_version=_version.__version__,
        error_code=error_code,
        error_message=message,
        call=call,
        arguments_file=f"{rollback_id}.tsv" if has_arguments else "",
        reproduce=again,
        detected_by=detected_by,
    )


def _severity(name: str) -> Any:
    known = severities()
    if name not in known:
        raise InvalidArgumentError(f"unknown severity {name!r}; known: {', '.join(known)}")
    return known[name]


def _verifying(module: str) -> str:
    return f"{_COMMAND} verify --module {module}"


def recorded(incident: Incident, arguments: Callable[[], str] | None) -> Incident:
    """Write it and the text of its arguments; `unrecorded` of the result says why that was not to be."""
    text = ""
    if arguments is not None:
        try:
            text = arguments()
        except Exception:
            incident = replace(incident, arguments_file="", reproduce=_verifying(incident.module))
    try:
        if text:
            state.write_whole(state.results() / incident.arguments_file, text)
        state.write_whole(incident.path, state.flat_json(incident.as_record()) + "\n")
    except (OSError, RuntimeError) as error:  # RuntimeError: no home folder
        return replace(incident, unrecorded=f"{error}", arguments_file="")
    _log("opened", incident)
    return incident


def _log(event: str, incident: Incident) -> None:
    """The line is for people who follow the log; the record is what counts, so a failure is not one."""
    line = {"at": moment_text(now()), "event": event, **incident.as_record()}
    try:
        state.append_line(state.logs() / "incidents.jsonl", state.flat_json(line))
    except OSError:
        return


def every() -> list[Incident]:
    """All there are, oldest first; those that cannot be read too, with what their names say."""
    try:
        names = sorted(entry.name for entry in state.results().iterdir())
    except (OSError, RuntimeError):
        return []
    found = (_NAME.fullmatch(name) for name in names)
    return [_read(match.group(1), match.group(2), match.group(3)) for match in found if match]


def _read(rollback_id: str, module: str, build_id: str) -> Incident:
    path = state.results() / f"{rollback_id}.json"
    try:
        record = state.parse_flat(path.read_text("utf-8"))
        if record.pop("schema", None) != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        incident = Incident(**record)  # type: ignore[arg-type]
        if (incident.rollback_id, incident.module) != (rollback_id, module):
            raise ValueError("it says it is another incident")
        if incident.state not in ("open", "closed"):
            raise ValueError(f"its state is {incident.state!r}")
        for name in _TEXTS:
            if not isinstance(record[name], str):
                raise ValueError(f"its {name} is no text")
        return incident
    except (OSError, ValueError, TypeError) as error:
        return _unreadable(rollback_id, module, build_id, f"{path}: {error}")


def _unreadable(rollback_id: str, module: str, build_id: str, why: str) -> Incident:
    """What holds a module back although nobody can say why any more: open, and as bad as can be."""
    worst = next(iter(severities().values()))
    known: dict[str, Any] = {
        **dict.fromkeys(_TEXTS, ""),
        "rollback_id": rollback_id,
        "module": module,
        "build_id": build_id,
        "severity": worst.name,
        "action": worst.action,
        "time_allowed": worst.time_allowed,
        "state": "open",
        "duration_seconds": 0.0,
        "data_loss": False,
        "error_code": None,
        "reproduce": _verifying(module),
        "corrupt": why,
    }
    return Incident(**known)


def open_for(module: str, subject: Subject) -> list[Incident]:
    """The open incidents of a module with this library, oldest first."""
    found = (one for one in every() if one.module == module and one.state == "open")
    return [one for one in found if is_about(one, subject)]


def is_about(incident: Incident, subject: Subject) -> bool:
    """Whether it is about that build, or that very file: one that lost its manifest goes by another name.

    Of a corrupt one only the name's spelling is known.
    """
    if incident.library_sha256 and incident.library_sha256 == subject.library_sha256:
        return True
    return _in_name(incident.build_id) == _in_name(subject.build_id)


def _in_name(build_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]", "_", build_id) or "unknown"


def find(rollback_id: str) -> Incident:
    """The incident of that name; 1001 naming those there are."""
    known = every()
    for incident in known:
        if incident.rollback_id == rollback_id:
            return incident
    names = ", ".join(incident.rollback_id for incident in known[-5:]) or "none"
    raise InvalidArgumentError(f"no incident {rollback_id!r}; the newest: {names}")


def refused(incident: Incident) -> None:
    """Note in the log that it was to be closed and was not."""
    _log("refused", incident)


def close(incident: Incident, by: str) -> Incident:
    """Close it on disk. Raises `OSError` where the folder cannot be written: then it stays open."""
    if incident.corrupt:
        incident.path.replace(incident.path.with_suffix(".json.corrupt"))
        closed = replace(incident, state="closed", closed_at=moment_text(now()), closed_by=by)
    else:
        closed = replace(incident, state="closed", closed_at=moment_text(now()), closed_by=by)
        state.write_whole(incident.path, state.flat_json(closed.as_record()) + "\n")
    _log("closed", closed)
    return closed
