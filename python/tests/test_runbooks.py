"""The runbooks' commands, as they stand there: each is run, ends as it says, and prints what stands under it.

A block is ```console: `$ command  # exit N`, then lines of its output, `...` for anything. The commands of
one runbook share a shell's exported variables and a state folder; every runbook starts with no incident.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from helpers import CONFIGURATION, ROOT, SOURCES, table
from omega_slicer._guard import drill

FOLDER = ROOT / "docs" / "runbooks"
RUNBOOKS = sorted(path.name for path in FOLDER.glob("*.md"))
# Whole suites, builds and benches: minutes each, and `make test` runs most of them anyway. That make knows
# them, and what they need, is checked by a dry run.
LONG = (
    "make setup", "make build", "make build-faulty", "make run", "make lint", "make header", "make test-rust",
    "make test-c", "make test-julia", "make test-python", "make test-examples", "make check", "make drill",
    "make baseline", "make bench", "make bench-compare",
)  # fmt: skip


class Command(NamedTuple):
    """A command, where it stands, how it ends and what it prints."""

    line: int
    text: str
    status: int
    output: tuple[str, ...]


def commands(text: str) -> list[Command]:
    """Of all console blocks, in order."""
    found: list[Command] = []
    block = ""
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            block = "" if block else line.removeprefix("```") or "text"
        elif block == "console" and line.startswith("$ "):
            command, _, status = line.removeprefix("$ ").partition("   # exit ")
            if not status:
                command, _, status = command.partition("  # exit ")
            found.append(Command(number, command.strip(), int(status or 0), ()))
        elif block == "console":
            last = found.pop()
            found.append(last._replace(output=(*last.output, line)))
        assert block not in ("sh", "bash", "shell"), f"line {number}: a console block says how commands end"
    return found


def printed(line: str, text: str) -> bool:
    """Whether a line of the text begins as the runbook's line does."""
    wanted = "[^\n]*".join(map(re.escape, line.split("...")))
    return re.search(f"^{wanted}", text, re.MULTILINE) is not None


class Shell:
    """Runs commands one after another; what one exports, the next has."""

    def __init__(self, folder: Path, faulty: str) -> None:
        self._kept = folder / "environment"
        self._environment = {name: text for name, text in os.environ.items() if name not in CONFIGURATION}
        self._environment |= {
            "OMEGA_VAR_DIR": str(folder / "state"),
            "OMEGA_FAULT_LIBRARY": faulty,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(SOURCES),
            "PYTHONWARNINGS": "ignore",
            "TMPDIR": str(folder),
        }

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        before = f"[ ! -f '{self._kept}' ] || . '{self._kept}'"
        after = f"ended=$?\nexport -p > '{self._kept}'\nexit $ended"
        return subprocess.run(
            ["bash", "-c", f"{before}\n{command}\n{after}"],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNBOOKS)
def test_every_command_ends_and_prints_as_the_runbook_says(
    name: str, native: None, faulty: str, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, faulty)
    for line, text, status, output in commands((FOLDER / name).read_text("utf-8")):
        where = f"{name}:{line}: $ {text}"
        if text in LONG:
            dry = shell.run(f"make -n {text.removeprefix('make ')}")
            assert dry.returncode == 0, f"{where}\n{dry.stderr}"
            continue
        assert not text.startswith("make "), f"{where}: is it quick, or LONG?"
        done = shell.run(text)
        said = done.stdout + done.stderr
        assert done.returncode == status, f"{where}: ends with {done.returncode}\n{said}"
        for wanted in output:
            assert printed(wanted, said), f"{where}: does not print {wanted!r} but\n{said}"


def test_the_commands_are_found_and_a_wrong_one_is_seen(tmp_path: Path) -> None:
    block = "```console\n$ export A=b\n$ echo $A; false   # exit 1\nb\n$ make drill\n```"
    text = f"a\n{block}\n$ no\n```json\n$ no\n```\n"
    assert commands(text) == [
        Command(3, "export A=b", 0, ()),
        Command(4, "echo $A; false", 1, ("b",)),
        Command(6, "make drill", 0, ()),
    ]
    shell = Shell(tmp_path, "none")
    assert shell.run("export A=b").returncode == 0
    done = shell.run("echo $A; false")
    assert (done.returncode, done.stdout) == (1, "b\n")
    assert printed("  one...two", "zero\n  one and two and\n")
    assert not printed("one", "zero one")
    assert sum(len(commands((FOLDER / name).read_text("utf-8"))) for name in RUNBOOKS) > 30


def test_the_severities_of_the_runbook_are_the_tables() -> None:
    text = (FOLDER / "rollback.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")] for line in text.split("\n") if line.startswith("| ")]
    told = {row[1]: (row[3], row[4]) for row in rows if row[1].isupper()}
    known = table(ROOT / "tests" / "vectors" / "guard" / "severities.tsv")
    assert told == {row["severity"]: (row["time_allowed"], row["action"]) for row in known}


def test_the_runbooks_incident_is_a_record_that_the_drill_makes(faulty: str, tmp_path: Path) -> None:
    text = (FOLDER / "incident.md").read_text("utf-8")
    [block] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    shown = json.loads(block)
    rules = json.loads((ROOT / "docs" / "incident.schema.json").read_text("utf-8"))
    jsonschema.validate(shown, rules)
    [drilled] = drill.drill("wrong bit in 1 % of rows", keep=tmp_path)
    assert drilled.ok
    [path] = tmp_path.glob("*/results/RB-*.json")
    made = json.loads(path.read_text("utf-8"))
    assert list(made) == list(shown)
    same = (
        "trigger",
        "severity",
        "action",
        "time_allowed",
        "state",
        "closed_by",
        "call",
        "detected_by",
        "build_id",
    )
    assert {key: made[key] for key in same} == {key: shown[key] for key in same}
