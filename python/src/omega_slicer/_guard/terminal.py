"""How the command line looks: colour, a progress bar, and tables that fit the terminal they are shown in.

Colour and bars only where people look: on a terminal, and without NO_COLOR or a dumb one. What is printed is
the same text either way.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, Any, Final

from .incidents import Incident

__all__ = [
    "Bar",
    "drilled_head",
    "drilled_line",
    "incident_lines",
    "incident_table",
    "paint",
    "painted_status",
    "waiting",
]

_COLOURS: Final = {"fine": "32", "wrong": "31", "open": "33"}
_WIDE: Final = 30
_BLINK: Final = 0.05
"""Seconds between two drawings of the bar."""
_RECORD: Final = 8
_FAULT: Final = 34
_NUMBERS: Final = 24
_NAME: Final = 18


def paint(kind: str, text: str, stream: IO[str] | None = None) -> str:
    """The text in the colour of its kind, if the stream (standard output) is looked at in colour."""
    shown = (sys.stdout if stream is None else stream).isatty() and os.environ.get("TERM") != "dumb"
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if shown and not os.environ.get("NO_COLOR") else text


def width() -> int:
    """Columns that may be used: the terminal's, or those of a usual page."""
    return max(60, shutil.get_terminal_size((120, 24)).columns) if sys.stdout.isatty() else 120


class Bar:
    """A bar on standard error, where that is a terminal, for what takes longer than a second."""

    def __init__(self, what: str, after: float = 1.0) -> None:
        self._what, self._after = what, after
        self._began, self._shown, self._last = time.monotonic(), 0, 0.0

    def __call__(self, done: int, total: int) -> None:
        """So many are done."""
        full = _WIDE * min(done, total) // max(1, total)
        self._draw(f"[{'#' * full}{'.' * (_WIDE - full)}] {done} of {total} {self._what}")

    def run(self) -> None:
        """Nobody knows how many there are: something moves, and the seconds are told."""
        took = time.monotonic() - self._began
        at = int(took / _BLINK) % _WIDE
        self._draw(f"[{'.' * at}#{'.' * (_WIDE - 1 - at)}] {self._what}, {took:.0f} s")

    def _draw(self, line: str) -> None:
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._began < self._after or now - self._last < _BLINK:
            return
        self._last = now
        room = shutil.get_terminal_size().columns - 1
        line = line[:room]
        sys.stderr.write(f"\r{line:<{min(self._shown, room)}}")
        sys.stderr.flush()
        self._shown = len(line)

    def end(self) -> None:
        """Take it away again."""
        if self._shown:
            sys.stderr.write(f"\r{' ' * self._shown}\r")
            sys.stderr.flush()
            self._shown = 0


@contextlib.contextmanager
def waiting(what: str, after: float = 1.0) -> Iterator[None]:
    """A bar over what takes as long as it takes: a new build's self-test, a file on a slow disk."""
    bar, ended = Bar(what, after), threading.Event()

    def watch() -> None:
        while not ended.wait(_BLINK):
            bar.run()

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
        bar.end()


def painted_status(text: str) -> str:
    """The text of `status`, its backends and open incidents in colour."""
    text = re.sub(r"(?m)^(  \w+: )native\b", lambda m: m[1] + paint("fine", "native"), text)
    text = re.sub(r"(?m)^(  (?!library)\w+: )none\b", lambda m: m[1] + paint("wrong", "none"), text)
    return text.replace("OPEN INCIDENT", paint("wrong", "OPEN INCIDENT"))


def _by_width() -> int:
    """What is left for "detected by"."""
    return min(40, max(12, width() - _FAULT - _NUMBERS - _RECORD - 2))


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 2]}.."


def drilled_head() -> str:
    """The first line of the drill's table."""
    numbers = f"{'after ms':>9}{'switch ms':>10}{'lost':>5}"
    return f"{'fault':<{_FAULT}}{'detected by':<{_by_width()}}{numbers}  record"


def drilled_line(drilled: Any) -> str:
    """A line of the drill's table; what went wrong is on lines of its own."""
    times = f"{drilled.detected_seconds * 1e3:>9.2f}{drilled.switched_seconds * 1e3:>10.3f}"
    room = _by_width()
    left = max(_RECORD, width() - _FAULT - _NUMBERS - room - 2)
    record = drilled.record if len(drilled.record) <= left else drilled.record.partition(":")[0]
    line = f"{drilled.fault:<{_FAULT}}{_cut(drilled.detected_by, room - 1):<{room}}{times}"
    problems = [f"  {paint('wrong', 'PROBLEM')}: {problem}" for problem in drilled.problems]
    return "\n".join([f"{line}{drilled.answers_lost:>5}  {record}", *problems])


def incident_table(incidents: list[Incident]) -> str:
    """One line each: state, severity, time allowed, module, trigger, name."""
    rows = [f"{'state':<8}{'severity':<10}{'module':<14}{'trigger':<19}incident"]
    for one in incidents:
        state = paint("open" if one.state == "open" else "fine", f"{one.state:<8}")
        what = one.trigger or "corrupt"
        name = one.rollback_id
        if width() < 51 + len(name):  # on a line of its own, whole: it is there to be copied
            name = f"\n  {name}"
        rows.append(f"{state}{one.severity:<10}{one.module:<14}{what:<19}{name}".rstrip())
    return "\n".join(rows)


def incident_lines(incident: Incident) -> str:
    """Everything about one, the words that matter first."""
    kind = "open" if incident.state == "open" else "fine"
    first = "" if incident.state == "closed" else f", act within: {incident.time_allowed}"
    lines = [
        f"{incident.rollback_id}: {paint(kind, incident.state)}",
        f"  {incident.severity}{first}: {incident.action}",
    ]
    plain = {**incident.as_record(), "unrecorded": incident.unrecorded, "corrupt": incident.corrupt}
    said = ("schema", "rollback_id", "state", "severity", "action")
    lines += [
        f"  {name:<{_NAME}}{value}"
        for name, value in plain.items()
        if value not in ("", None) and name not in said
    ]
    return "\n".join(lines)
