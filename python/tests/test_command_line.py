"""`python -m omega_slicer`: exit codes, what is said and how often."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import SOURCES, command, run_python


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("OMEGA_VAR_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_the_command_line_switches_off_and_on_again(native: None, state: Path) -> None:
    assert command("status").returncode == 0
    off = command("rollback", "--module", "kernels", "--reason", "a try", "--json")
    incident = json.loads(off.stdout)
    assert (off.returncode, incident["error_message"], incident["trigger"]) == (0, "a try", "by_hand")
    shown = command("status", "--json")
    assert shown.returncode == 1
    modules = json.loads(shown.stdout)["modules"]
    assert (modules["kernels"]["backend"], modules["slicer"]["backend"]) == ("python", "native")
    assert incident["rollback_id"] in modules["kernels"]["incident"]
    assert command("incidents", "show", incident["rollback_id"]).returncode == 1  # it is open
    refused = command("reenable", "--module", "slicer")
    assert (refused.returncode, "no incident is open" in refused.stderr) == (1, True)
    back = command("reenable", "--module", "kernels")
    assert back.returncode == 0, back.stderr
    assert command("status").returncode == 0
    assert "closed" in command("incidents").stdout


@pytest.mark.parametrize(
    "arguments",
    [("what",), (), ("rollback",), ("verify", "--module", "all"), ("incidents", "show", "RB-none")],
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], state: Path) -> None:
    assert command(*arguments).returncode == 2


def test_there_is_no_colour_where_nobody_looks(native: None, state: Path) -> None:
    done = command("verify", "--module", "multi_symbol")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr


def test_status_says_what_shadow_mode_is_or_cannot_be(native: None, state: Path) -> None:
    shown = command("status", OMEGA_SHADOW="0.25", OMEGA_SHADOW_SEED="7")
    assert (shown.returncode, "shadow: 0.25 of the answers, seed 7" in shown.stdout) == (0, True)
    for fraction, seed in (("much", "1"), ("2", "1"), ("nan", "1"), ("0.5", "-1"), ("0.5", "x")):
        broken = command("status", OMEGA_SHADOW=fraction, OMEGA_SHADOW_SEED=seed)
        assert broken.returncode == 1
        assert f"OMEGA_SHADOW={fraction!r}, OMEGA_SHADOW_SEED={seed!r}" in broken.stdout


def test_an_incident_is_told_once_where_the_call_is(faulty: str, state: Path) -> None:
    code = """
import omega_slicer as om
om.rolling.mean([1.0, 2.0], 2)
for _ in range(20): om.rolling.mean([1.0, 2.0], 2)
"""
    done = run_python(code, OMEGA_LIBRARY=faulty, OMEGA_FAULT="flip")
    told = [line for line in done.stderr.split("\n") if "self_test_failed" in line]
    assert sorted(line.split(": ")[2] for line in told) == ["kernels", "multi_symbol", "slicer"]
    assert all(line.startswith("<string>:3: FallbackWarning: ") for line in told)
    logged = "import logging; logging.basicConfig(format='%(name)s %(levelname)s')\n" + code
    done = run_python(logged, OMEGA_LIBRARY=faulty, OMEGA_FAULT="flip", OMEGA_VAR_DIR=f"{state}-2")
    assert done.stderr.split("\n").count("omega_slicer WARNING") == 3
    seen = command("status", OMEGA_LIBRARY=faulty, OMEGA_FAULT="flip", OMEGA_VAR_DIR=f"{state}-3").stderr
    assert sorted(line.split(": ")[0] for line in seen.split("\n") if line) == [
        "kernels",
        "multi_symbol",
        "slicer",
    ]


def test_a_reader_that_has_seen_enough_is_no_crash(native: None, state: Path) -> None:
    command("rollback", "--module", "slicer")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "omega_slicer", "incidents", "--json"],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
