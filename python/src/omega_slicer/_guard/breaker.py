"""One breaker per module: counts what the library fails at, takes the module off it when that is too much.

Once open it stays open for the life of the process, or until `reenable`. Knows nothing of what the calls are.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

from omega_slicer._config import MODULES
from omega_slicer._errors import OmegaError
from omega_slicer._locks import free_in_forks

from .incidents import Incident, Subject, made, now, recorded

__all__ = ["BREAKERS", "Breaker", "FallbackWarning", "is_fault", "say", "warn"]

WINDOW: Final = 10_000
"""Calls over which internal failures are counted."""
MOST: Final = 10
"""So many of them may fail."""

Arguments: TypeAlias = Callable[[], str]
"""The text of a call's arguments, made only where it is written."""

_PACKAGE: Final = __name__.partition(".")[0]
_LOG: Final = logging.getLogger(_PACKAGE)
# Who has set up no logging reads the warning; the handler of last resort would say everything once more.
_LOG.addHandler(logging.NullHandler())


class FallbackWarning(UserWarning):
    """The native library was not to be had, or failed, and the slower fallback answers instead."""


def is_fault(code: int) -> bool:
    """Whether an error is the library's own, and not its caller's."""
    return 4000 <= code < 6000


def warn(message: str) -> None:
    """Say something once, in the log and as a warning that points at the caller's code."""
    _LOG.warning("%s", message)
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, FallbackWarning, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")


class Breaker:
    """Whether the library may answer for a module; `incident` is what it was opened for."""

    __slots__ = (
        "_failures",
        "_lock",
        "_told",
        "adopted",
        "call",
        "faults",
        "incident",
        "internal",
        "module",
        "subject",
    )

    def __init__(self, module: str) -> None:
        self.module = module
        self.subject = Subject("")
        self._lock = threading.RLock()
        self._told: list[Callable[[bool], None]] = []
        self.call: Callable[[], int] = itertools.count(1).__next__
        """Count a call; its number. A plain function of C: it is made for every answer."""
        self.reset()

    def reset(self) -> None:
        """Closed, with nothing counted."""
        self.incident: Incident | None = None
        self.adopted = False  # from an earlier process: nobody has been told in this one
        self.internal = self.faults = 0
        self._failures: deque[int] = deque()
        self._tell()

    def tell(self, told: Callable[[bool], None]) -> None:
        """Have this called, now and at each change, with whether the module is off the library."""
        self._told.append(told)
        told(self.is_open)

    def _tell(self) -> None:
        for told in self._told:
            told(self.is_open)

    @property
    def is_open(self) -> bool:
        """Whether the module is off the library."""
        return self.incident is not None

    def failed(self, error: OmegaError, call: str, number: int, arguments: Arguments | None) -> None:
        """Count a failure of the library, and open where that is one too many."""
        started = now()
        with self._lock:
            if error.code < 5000:
                self.internal += 1
                failures = self._failures
                failures.append(number)
                while failures and failures[0] <= number - WINDOW:
                    failures.popleft()
                if len(failures) <= MOST:
                    return
                trigger = "error_rate"
            else:
                self.faults += 1
                trigger = "panic"
        self.open(
            trigger,
            str(error),
            call=call,
            code=error.code,
            started=started,
            arguments=arguments,
            by="the call",
        )

    def open(
        self,
        trigger: str,
        message: str,
        *,
        call: str = "",
        code: int | None = None,
        started: dt.datetime | None = None,
        arguments: Arguments | None = None,
        by: str,
        severity: str | None = None,
        quietly: bool = False,
    ) -> Incident:
        """Take the module off the library; the incident, which is the first one's where threads race.

        The module is off before anything is written: a slow disk delays the record, not the switch.
        """
        with self._lock:
            if self.incident is not None:
                return self.incident
            self.incident = incident = made(
                self.module,
                trigger,
                self.subject,
                started=now() if started is None else started,
                error_code=code,
                message=message,
                call=call,
                has_arguments=arguments is not None,
                detected_by=by,
                severity=severity,
            )
            self._tell()
        incident = recorded(incident, arguments)
        with self._lock:
            if self.incident is not None:
                self.incident = incident
        if not quietly:
            say(incident)
        return incident

    def adopt(self, incident: Incident) -> None:
        """Honour an incident that another process, or an earlier one, opened."""
        with self._lock:
            if self.incident is None:
                self.incident, self.adopted = incident, True
                self._tell()


def say(incident: Incident) -> None:
    """The one warning about an incident."""
    where = f"it could not be recorded: {incident.unrecorded}" if incident.unrecorded else f"{incident.path}"
    warn(
        f"{incident.module}: the python backend answers from now on; {incident.trigger}"
        f" ({incident.severity}, act within: {incident.time_allowed}): {incident.error_message}"
        f" [{incident.rollback_id}; {where}]"
    )


BREAKERS: Final = {module: Breaker(module) for module in MODULES}
for _one in BREAKERS.values():
    free_in_forks(_one._lock)
