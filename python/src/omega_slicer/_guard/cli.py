"""`python -m omega_slicer`: the guard from the command line.

Exit status 0: fine; 1: a problem was found; 2: wrong usage. Colours and the progress bar only where people
look: on a terminal, and without NO_COLOR.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from omega_slicer._config import MODULES
from omega_slicer._errors import InvalidStateError, OmegaError

from .commands import incidents, reenable, rollback
from .incidents import Incident, find
from .tables import severities
from .verify import verify

__all__ = ["main"]

_COLOURS: Final = {"fine": "32", "wrong": "31", "open": "33"}
_EPILOG: Final = "exit status: 0 fine, 1 a problem was found, 2 wrong usage"


def main(arguments: list[str]) -> int:
    """Run one command; its exit status."""
    options = _parser().parse_args(arguments)
    ask: Callable[[argparse.Namespace], int] = options.run
    try:
        return ask(options)
    except InvalidStateError as error:
        return _refused(options, error, 1)
    except OmegaError as error:
        return _refused(options, error, 2 if error.code < 2000 else 1)


def _refused(options: argparse.Namespace, error: OmegaError, status: int) -> int:
    if options.json:
        print(json.dumps({"error": error.code, "name": error.name, "message": str(error)}, indent=2))
    print(f"{_paint('wrong', error.name)} ({error.code}): {error}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m omega_slicer", epilog=_EPILOG)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace], int], what: str, module: str = "optional"
    ) -> Any:
        one = commands.add_parser(name, help=what, description=what, epilog=_EPILOG)
        one.add_argument("--json", action="store_true", help="for programs")
        one.add_argument(
            "--module", choices=MODULES, required=module == "required", help="of one module alone"
        )
        one.set_defaults(run=run)
        return one

    command("status", _status, "which backend answers, why, and what is open")
    command("verify", _verify, "ask known answers and compare the library with the fallback")
    off = command("rollback", _rollback, "switch a module off the library", "required")
    off.add_argument("--reason", default="", help="for the record")
    off.add_argument("--severity", choices=tuple(severities()), default="LOW", help="for the record")
    command("reenable", _reenable, "verify, and close the open incident of a module", "required")
    one = command("drill", _drill, "put in every fault on purpose, and see what comes of it")
    one.add_argument("--fault", help="only the one of that name")
    shown = command("incidents", _incidents, "what was recorded")
    shown.add_argument("action", nargs="?", choices=("list", "show", "reproduce"), default="list")
    shown.add_argument("id", nargs="?", default="", help="the incident to show, or to ask again")
    return parser


def _paint(kind: str, text: str) -> str:
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"


class _Bar:
    """A bar on the terminal, from the second second on."""

    def __init__(self) -> None:
        self._began, self._shown = time.monotonic(), False

    def __call__(self, done: int, total: int) -> None:
        """So many are done."""
        if not sys.stderr.isatty() or time.monotonic() - self._began < 1.0:
            return
        self._shown = True
        full = 30 * done // max(1, total)
        sys.stderr.write(f"\r[{'#' * full}{'.' * (30 - full)}] {done} of {total}")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave an empty line behind."""
        if self._shown:
            sys.stderr.write("\r" + " " * 60 + "\r")
            sys.stderr.flush()


def _status(options: argparse.Namespace) -> int:
    from omega_slicer._status import status  # noqa: PLC0415 - which needs the guard

    found = status()
    modules = {name: part for name, part in found.modules.items() if options.module in (None, name)}
    if options.json:
        plain = found.as_dict()
        plain["modules"] = {name: plain["modules"][name] for name in modules}
        print(json.dumps(plain, indent=2))
    else:
        print(found.of(tuple(modules)))
    return int(any(part.backend == "none" or part.incident for part in modules.values()))


def _verify(options: argparse.Namespace) -> int:
    bar = _Bar()
    report = verify(options.module, progress=bar)
    bar.end()
    _print_report(options, report)
    return int(not report.ok)


def _print_report(options: argparse.Namespace, report: Any) -> None:
    if options.json:
        print(json.dumps(report.as_dict(), indent=2))
        return
    first, *rest = str(report).split("\n")
    word, colon, more = first.partition(":")
    print(_paint("fine" if report.ok else "wrong", word) + colon + more, *rest, sep="\n")


def _rollback(options: argparse.Namespace) -> int:
    incident = rollback(options.module, options.reason, severity=options.severity)
    _print_incident(options, incident)
    return int(bool(incident.unrecorded))


def _reenable(options: argparse.Namespace) -> int:
    bar = _Bar()
    try:
        report = reenable(options.module, progress=bar)
    finally:
        bar.end()
    _print_report(options, report)
    if not options.json:
        print(f"{options.module}: the library answers again")
    return 0


def _drill(options: argparse.Namespace) -> int:
    from .drill import FAULTS, as_dict, drill  # noqa: PLC0415 - rare

    wanted = [fault.name for fault in FAULTS if options.module in (None, fault.module)]
    if options.fault is not None and options.fault not in wanted:
        print(f"no fault {options.fault!r}; known: {', '.join(wanted)}", file=sys.stderr)
        return 2
    done = []
    for name in wanted if options.fault is None else [options.fault]:
        for drilled in drill(name):
            done.append(drilled)
            if not options.json:
                _print_drilled(drilled, head=len(done) == 1)
    if options.json:
        print(json.dumps([as_dict(one) for one in done], indent=2))
    else:
        survived = sum(one.ok for one in done)
        print(_paint("fine" if survived == len(done) else "wrong", f"{survived} of {len(done)} survived"))
    return int(not all(one.ok for one in done))


def _print_drilled(drilled: Any, *, head: bool) -> None:
    if head:
        print(f"{'fault':<34}{'detected by':<40}{'after ms':>9}{'switch ms':>10}{'lost':>5}  record")
    times = f"{drilled.detected_seconds * 1e3:>9.2f}{drilled.switched_seconds * 1e3:>10.3f}"
    state = "" if drilled.ok else _paint("wrong", f"  PROBLEM: {'; '.join(drilled.problems)}")
    by = drilled.detected_by[:39]
    print(f"{drilled.fault:<34}{by:<40}{times}{drilled.answers_lost:>5}  {drilled.record}{state}", flush=True)


def _incidents(options: argparse.Namespace) -> int:
    if options.action == "reproduce":
        from .reproduce import reproduced  # noqa: PLC0415 - rare

        agree, said = reproduced(options.id)
        print(json.dumps({"agree": agree, "said": said.split("\n")}, indent=2) if options.json else said)
        return int(not agree)
    if options.action == "show":
        incident = find(options.id)
        _print_incident(options, incident)
        return int(incident.state == "open")
    found = [one for one in incidents() if options.module in (None, one.module)]
    if options.json:
        print(json.dumps([_plain(one) for one in found], indent=2))
    elif not found:
        print("no incidents")
    for one in [] if options.json else found:
        state = _paint("open" if one.state == "open" else "fine", f"{one.state:<7}")
        what = one.trigger or "corrupt"
        print(f"{state}{one.severity:<9}{one.module:<13}{what:<18}{one.rollback_id}")
    return int(any(one.state == "open" for one in found))


def _plain(incident: Incident) -> dict[str, Any]:
    return {**incident.as_record(), "unrecorded": incident.unrecorded, "corrupt": incident.corrupt}


def _print_incident(options: argparse.Namespace, incident: Incident) -> None:
    if options.json:
        print(json.dumps(_plain(incident), indent=2))
        return
    print(_paint("open" if incident.state == "open" else "fine", f"{incident.rollback_id}: {incident.state}"))
    print(f"  {incident.severity}, within {incident.time_allowed}: {incident.action}")
    for name, value in _plain(incident).items():
        if value not in ("", None) and name not in ("schema", "rollback_id", "state", "severity", "action"):
            print(f"  {name:<18}{value}")
