"""Verifying an installation: is what the library answers right? In a child process, which may crash.

Known answers, and the library against the fallback; if asked, also whether it is as fast as was recorded.
Works wherever the package is, under all choices and incidents.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omega_slicer._config import MODULES
from omega_slicer._counts import uncounted
from omega_slicer._errors import NotBuiltInError, OmegaError
from omega_slicer._fallback import PYTHON

from .selftest import open_library

if TYPE_CHECKING:
    from .speed import Speed

__all__ = ["Report", "speed_of", "verify"]

Progress = Callable[[int, int], None]
_CHILD: Final = (
    "import sys; sys.path[:0] = [sys.argv[2]]; "
    "from omega_slicer._guard.verify import child; sys.exit(child(sys.argv[1], tuple(sys.argv[3:])))"
)


@dataclass(frozen=True)
class Report:
    """What `verify` found; `ok` if nothing is wrong. Without a library the fallback alone was asked."""

    ok: bool
    modules: tuple[str, ...]
    library: str
    build_id: str
    checks: int
    failures: tuple[str, ...]
    seconds: float
    note: str
    speed: Speed | None = None
    """What came of comparing with the baseline, where that was asked for and could be done."""

    def as_dict(self) -> dict[str, Any]:
        """Plain lists, texts, numbers and booleans."""
        plain = asdict(self) | {"speed": None if self.speed is None else self.speed.as_dict()}
        return json.loads(json.dumps(plain))  # type: ignore[no-any-return]

    def __str__(self) -> str:
        head = f"{'fine' if self.ok else 'WRONG'}: {self.checks} checks of {', '.join(self.modules)}"
        lines = [f"{head} in {self.seconds:.1f} s", f"  library: {self.library or 'none'}"]
        if self.build_id:
            lines[-1] += f", build {self.build_id}"
        if self.note:
            lines.append(f"  {self.note}")
        lines += [f"  {failure}" for failure in self.failures[:20]]
        if len(self.failures) > 20:
            lines.append(f"  and {len(self.failures) - 20} more")
        if self.speed is not None:
            from . import speed as speeds  # noqa: PLC0415 - rare

            lines += [f"  baseline {self.speed.baseline}", *speeds.table(self.speed).split("\n")]
        return "\n".join(lines)


def verify(
    module: str | None = None,
    *,
    bench: bool = False,
    baseline: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Ask known answers and differential cases of one module, or of all, and say what is wrong.

    Runs in a child process; takes some seconds. `progress` is told how many checks of how many are done.
    `bench` also compares with the recorded baseline: with the file or folder that is named, else with the
    checkout's. More than 10 % slower in three runs out of three is wrong, and so is that there is none.
    Never raises for what it finds.

    >>> verify("multi_symbol").ok
    True
    """
    import subprocess  # noqa: PLC0415 - slow to import

    from omega_slicer._backend import check_module  # noqa: PLC0415 - which needs the guard
    from omega_slicer._library import located  # noqa: PLC0415

    if module is not None:
        check_module(module)
    modules = MODULES if module is None else (module,)
    began = time.perf_counter()

    def report(library: str, build: str, checks: int, failures: list[str], note: str = "") -> Report:
        found = None
        if bench and library and not failures:  # of a library that answers wrong no speed matters
            found, failures = speed_of(library, modules, baseline, progress)
        took = time.perf_counter() - began
        return Report(not failures, modules, library, build, checks, tuple(failures), took, note, found)

    try:
        candidate = located(retry=True)
    except NotBuiltInError as error:
        checks, failures = _fallback(modules)
        if bench:
            failures.append("there is no library to measure")
        return report("", "", checks, failures, f"only the fallback was asked: {error}")
    except OmegaError as error:
        return report("", "", 1, [str(error)])
    command = [
        sys.executable,
        "-c",
        _CHILD,
        candidate.path,
        str(Path(__file__).resolve().parents[2]),
        *modules,
    ]
    checks, failures, build = 0, [], ""
    with subprocess.Popen(  # noqa: S603 - ourselves
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        for line in running.stdout:
            done, total, failure, build_id = json.loads(line)
            checks, build = done, build_id or build
            if failure:
                failures.append(failure)
            if progress is not None:
                progress(done, total)
        said = running.stderr.read()
    if running.returncode not in (0, 1):
        how = f"signal {-running.returncode}" if running.returncode < 0 else f"status {running.returncode}"
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "no message")
        failures.append(f"the child process ended with {how}: {last[:500]}")
    return report(candidate.path, build or candidate.key, checks, failures)


def speed_of(
    library: str, modules: tuple[str, ...], baseline: str | Path | None, progress: Progress | None = None
) -> tuple[Speed | None, list[str]]:
    """The library's speed beside the baseline's, and what is wrong with it."""
    from . import speed as speeds  # noqa: PLC0415 - rare, and what they need takes a while to import
    from . import timing  # noqa: PLC0415

    try:
        recorded = speeds.load(None if baseline is None else Path(baseline))
        rows = int(str(recorded.about["rows"]))

        def run(number: int) -> dict[str, float]:
            def shown(done: int, total: int) -> None:
                if progress is not None:
                    progress(number * total + done, speeds.RUNS * total)

            return timing.measure(library, modules, rows=rows, progress=shown)

        def wanted(name: str) -> bool:
            source, module = name.split("/")[:2]
            return source == "python" and module in ("calibration", *modules)

        found = speeds.compare(recorded, run, wanted)
    except NotBuiltInError as error:
        return None, [f"{error}; `make baseline` or `python -m omega_slicer verify --record PATH` makes one"]
    except OmegaError as error:
        return None, [str(error)]
    return found, found.failures


def _fallback(modules: tuple[str, ...]) -> tuple[int, list[str]]:
    """The fallback's own known answers, where there is nothing else."""
    from . import known  # noqa: PLC0415

    asked = [case for case in known.cases() if case.module in modules]
    with uncounted():
        return len(asked), [wrong.text for wrong in known.wrong_answers(PYTHON, asked)]


def child(path: str, modules: tuple[str, ...]) -> int:
    """What the child process does: a line for each check, as JSON."""
    from . import known  # noqa: PLC0415
    from .differential import checks  # noqa: PLC0415

    def say(done: int, total: int, failure: str = "", build_id: str = "") -> None:
        print(json.dumps([done, total, failure, build_id]), flush=bool(failure) or done % 20 == 0)

    try:
        engine = open_library(path)
    except (OSError, AttributeError, OmegaError) as error:
        say(1, 1, str(error))
        return 1
    asked = [case for case in known.cases() if case.module in modules]
    failed = False
    total = len(asked) + _LONG
    for number, case in enumerate(asked, 1):
        wrong = next(known.wrong_answers(engine, [case]), None)
        failed = failed or wrong is not None
        say(number, total, wrong.text if wrong else "", engine.build_id)
    number = len(asked)
    for _, found in checks(engine, PYTHON, modules):
        number += 1
        failed = failed or found is not None
        say(number, max(total, number), found.text if found else "")
    return int(failed)


_LONG: Final = 450
"""Differential checks, roughly: what the bar is drawn against."""
