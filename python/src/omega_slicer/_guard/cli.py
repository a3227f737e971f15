"""`python -m omega_slicer`: the guard from the command line.

Exit status 0: fine; 1: a problem was found; 2: wrong usage. What it looks like is in `terminal`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from omega_slicer._config import MODULES
from omega_slicer._errors import InvalidStateError, OmegaError

from . import terminal
from .breaker import FallbackWarning
from .commands import incidents, reenable, rollback, rollback_slower
from .incidents import Incident, find
from .tables import severities
from .terminal import Bar, paint
from .verify import Report, verify

__all__ = ["main"]

_EPILOG: Final = "exit status: 0 fine, 1 a problem was found, 2 wrong usage"
Run = Callable[[argparse.Namespace], int]


def main(arguments: list[str]) -> int:
    """Run one command; its exit status."""
    options = _parser().parse_args(arguments)
    ask: Run = options.run
    # What is opened here is said once, as a line without the place in the code.
    logging.basicConfig(format="%(message)s")
    warnings.simplefilter("ignore", FallbackWarning)
    if isinstance(sys.stdout, io.TextIOWrapper):  # paths need not be UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = ask(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except InvalidStateError as error:
        return _refused(options, error, 1)
    except OmegaError as error:
        return _refused(options, error, 2 if error.code < 2000 else 1)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


def _refused(options: argparse.Namespace, error: OmegaError, status: int) -> int:
    if options.json:
        print(json.dumps({"error": error.code, "name": error.name, "message": str(error)}, indent=2))
    print(f"{paint('wrong', error.name, sys.stderr)} ({error.code}): {error}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    what = "Which backend answers, whether it may be trusted, switching it off and coming back."
    parser = argparse.ArgumentParser(prog="python -m omega_slicer", description=what, epilog=_EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(
        name: str, run: Run, brief: str, more: str, module: str = "one module alone; all of them otherwise"
    ) -> Any:
        one = commands.add_parser(name, help=brief, description=more, epilog=_EPILOG)
        one.add_argument("--json", action="store_true", help="print JSON, for programs")
        needed = name in ("rollback", "reenable")
        one.add_argument("--module", choices=MODULES, required=needed, help=module)
        one.set_defaults(run=run)
        return one

    command(
        "status",
        _status,
        "which backend answers, why, and what is open",
        "Which backend answers for each module, why, and what is open. 1 if an incident is, or a backend "
        "that was demanded cannot be had.",
    )
    check = command(
        "verify",
        _verify,
        "is what the library answers right, and as fast as recorded?",
        "Ask known answers and compare the library with the fallback; some seconds. 1 if anything differs.",
    )
    check.add_argument(
        "--bench",
        action="store_true",
        help="compare the speed with the baseline, too: 1 if more than 10 %% slower in three runs of three, "
        "or if there is no baseline",
    )
    check.add_argument(
        "--baseline",
        metavar="PATH",
        help="the baseline's file or folder; the checkout's benches/baselines otherwise",
    )
    check.add_argument(
        "--record", metavar="PATH", help="measure, and write a baseline of this package to a file"
    )
    check.add_argument(
        "--rollback", action="store_true", help="with --bench: switch off the modules that are slower"
    )
    off = command(
        "rollback",
        _rollback,
        "switch a module off the library",
        "Switch a module off the library, for this user's processes with this build, until reenable. "
        "1 if there is no library to switch off, or the incident could not be written.",
        "the module to switch off",
    )
    off.add_argument("--reason", default="", help="why, for the record")
    off.add_argument(
        "--severity", choices=tuple(severities()), default="LOW", help="how bad, for the record; LOW"
    )
    command(
        "reenable",
        _reenable,
        "verify, and close the open incident of a module",
        "Verify a module, and close its open incident if nothing is wrong. 1 if anything is, or none is open",
        "the module to bring back",
    )
    one = command(
        "drill",
        _drill,
        "put in every fault on purpose, and see what comes of it",
        "Put in every fault on purpose, in processes and a state folder of their own; minutes. Needs the "
        "fault-injection build: make build-faulty. 1 if the guard did not catch one as it must.",
        "the faults put into one module alone; all of them otherwise",
    )
    one.add_argument("--fault", metavar="NAME", help="only the one of that name; a wrong name lists them")
    one.add_argument("--keep", metavar="FOLDER", type=Path, help="leave every fault's records there")
    shown = command(
        "incidents",
        _incidents,
        "what was recorded",
        "List what was recorded, show one incident, or ask the call that failed again from its saved "
        "arguments. 1 if one is open, or the call still fails.",
        "those of one module alone; all of them otherwise",
    )
    shown.add_argument("action", nargs="?", choices=("list", "show", "reproduce"), default="list")
    shown.add_argument("id", nargs="?", default="", metavar="ID", help="the incident to show or reproduce")
    return parser


def _status(options: argparse.Namespace) -> int:
    from omega_slicer._status import status  # noqa: PLC0415 - which needs the guard

    with terminal.waiting("looking at the library"):
        found = status()
    modules = {name: part for name, part in found.modules.items() if options.module in (None, name)}
    if options.json:
        plain = found.as_dict()
        plain["modules"] = {name: plain["modules"][name] for name in modules}
        print(json.dumps(plain, indent=2))
    else:
        print(terminal.painted_status(found.of(tuple(modules))))
    return int(any(part.backend == "none" or part.incident for part in modules.values()))


def _usage(said: str) -> int:
    print(f"python -m omega_slicer: error: {said}", file=sys.stderr)
    return 2


def _verify(options: argparse.Namespace) -> int:
    if (options.baseline or options.rollback) and not options.bench:
        return _usage("--baseline and --rollback say what --bench is to do")
    if options.record:
        if options.bench or options.module:
            return _usage("--record measures every module and compares with nothing")
        return _record(options, Path(options.record))
    bar = Bar("checks")
    try:
        report = verify(options.module, bench=options.bench, baseline=options.baseline, progress=bar)
    finally:
        bar.end()
    _print_report(options, report)
    for incident in rollback_slower(report) if options.rollback else []:
        print(f"{incident.module}: off the library: {incident.rollback_id}", file=sys.stderr)
    return int(not report.ok)


def _record(options: argparse.Namespace, path: Path) -> int:
    from omega_slicer import __version__  # noqa: PLC0415 - which needs the guard
    from omega_slicer._library import load  # noqa: PLC0415

    from . import speed, timing  # noqa: PLC0415 - rare

    engine = load("slicer", retry=True)
    bar = Bar("measurements")
    try:
        runs = [
            timing.measure(
                engine.path,
                MODULES,
                progress=lambda done, total, run=run: bar(run * total + done, speed.RUNS * total),  # type: ignore[misc]
            )
            for run in range(speed.RUNS)
        ]
    finally:
        bar.end()
    today = dt.datetime.now(dt.timezone.utc).date().isoformat()
    speed.save(
        path, speed.about_here(__version__, engine.build_id, timing.ROWS, today), speed.median_of(runs)
    )
    print(json.dumps({"baseline": str(path)}) if options.json else f"recorded {path}")
    return 0


def _print_report(options: argparse.Namespace, report: Report) -> None:
    if options.json:
        print(json.dumps(report.as_dict(), indent=2))
        return
    first, *rest = str(report).split("\n")
    word, colon, more = first.partition(":")
    print(paint("fine" if report.ok else "wrong", word) + colon + more, *rest, sep="\n")


def _rollback(options: argparse.Namespace) -> int:
    with terminal.waiting("looking at the library"):
        incident = rollback(options.module, options.reason, severity=options.severity)
    _print_incident(options, incident)
    return int(bool(incident.unrecorded))


def _reenable(options: argparse.Namespace) -> int:
    bar = Bar("checks")
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
        return _usage(f"no fault {options.fault!r}; known: {', '.join(wanted)}")
    names = wanted if options.fault is None else [options.fault]
    bar = Bar("faults", after=0.0)
    done: list[Any] = []
    try:
        for number, name in enumerate(names):
            bar(number, len(names))
            for drilled in drill(name, keep=options.keep):
                bar.end()
                if not options.json:
                    print(
                        *([] if done else [terminal.drilled_head()]),
                        terminal.drilled_line(drilled),
                        sep="\n",
                        flush=True,
                    )
                done.append(drilled)
    finally:
        bar.end()
    if options.json:
        print(json.dumps([as_dict(one) for one in done], indent=2))
    else:
        survived, lost = sum(one.ok for one in done), sum(one.answers_lost for one in done)
        closing = f"{survived} of {len(done)} survived, {lost} answers lost"
        print(paint("fine" if survived == len(done) else "wrong", closing))
    return int(not all(one.ok for one in done))


def _incidents(options: argparse.Namespace) -> int:
    if options.action != "list" and not options.id:
        return _usage(f"incidents {options.action} needs an ID; `incidents` lists them")
    if options.action == "reproduce":
        from .reproduce import reproduced  # noqa: PLC0415 - rare

        with terminal.waiting("asking the call again"):
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
    else:
        print(terminal.incident_table(found) if found else "no incidents")
    return int(any(one.state == "open" for one in found))


def _plain(incident: Incident) -> dict[str, Any]:
    return {**incident.as_record(), "unrecorded": incident.unrecorded, "corrupt": incident.corrupt}


def _print_incident(options: argparse.Namespace, incident: Incident) -> None:
    print(json.dumps(_plain(incident), indent=2) if options.json else terminal.incident_lines(incident))
