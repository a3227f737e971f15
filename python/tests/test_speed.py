"""`verify --bench`: slower than recorded is said, weighed, switched off if asked. No baseline is an error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import omega_slicer as om
from helpers import SOURCES, library_path, run_python
from omega_slicer._guard import speed


def command(*words: str, sources: Path = SOURCES, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from omega_slicer._guard.cli import main; sys.exit(main(sys.argv[1:]))"
    given = f"import sys; sys.argv = {['omega_slicer', *words]!r}; {code}"
    return run_python(given, cwd=sources, PYTHONPATH=str(sources), **environment)


@pytest.fixture(scope="module")
def recorded(native: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this machine does now."""
    path = tmp_path_factory.mktemp("baseline") / "here.json"
    done = command("verify", "--record", str(path))
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("OMEGA_VAR_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def once(recorded: Path, path: Path, times: float, about: str) -> Path:
    """A baseline of a library that was so many times faster than it is now, in what is about that module."""
    values: dict[str, Any] = json.loads(recorded.read_text("utf-8"))
    changed = {k: v / times if f"/{about}/" in k else v for k, v in values.items()}
    path.write_text(json.dumps(changed), "utf-8")
    return path


def test_a_baseline_says_where_when_and_of_what_it_is(recorded: Path) -> None:
    about = speed.load(recorded).about
    assert (about["version"], about["schema"]) == (om.__version__, "omega-baseline/1")
    assert about["build_id"] == om.status().library.build_id
    assert (about["machine"], about["instructions"]) == speed.processor()
    names = set(speed.load(recorded).numbers)
    modules = {name.split("/")[1] for name in names}
    assert modules == {"calibration", "slicer", "kernels", "multi_symbol"}


def test_no_slower_than_recorded_is_fine(recorded: Path, tmp_path: Path, state: Path) -> None:
    generous = once(recorded, tmp_path / "slow.json", 0.2, "multi_symbol")
    done = command("verify", "--module", "multi_symbol", "--bench", "--baseline", str(generous), "--json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)["speed"]
    assert found["ok"]
    assert {line["name"].split("/")[1] for line in found["lines"]} == {"multi_symbol"}


def test_slower_in_three_runs_is_weighed_switched_off_if_asked_and_comes_back(
    recorded: Path, tmp_path: Path, state: Path
) -> None:
    better = once(recorded, tmp_path / "fast.json", 5.0, "multi_symbol")
    words = ("verify", "--module", "multi_symbol", "--bench", "--baseline", str(better))
    done = command(*words)
    assert done.returncode == 1
    assert "much_slower (HIGH)" in done.stdout
    assert "run 3" in done.stdout
    assert json.loads(command("status", "--json").stdout)["modules"]["multi_symbol"]["backend"] == "native"

    assert command(*words, "--rollback").returncode == 1
    [incident] = json.loads(command("incidents", "--json").stdout)
    assert (incident["trigger"], incident["severity"]) == ("much_slower", "HIGH")
    assert incident["detected_by"] == "verify --bench"
    assert json.loads(command("status", "--json").stdout)["modules"]["multi_symbol"]["backend"] == "python"
    assert command("reenable", "--module", "multi_symbol").returncode == 0
    assert command("status").returncode == 0


def test_no_baseline_is_an_error_that_says_how_to_make_one(
    native: None, recorded: Path, tmp_path: Path, state: Path
) -> None:
    for place in (tmp_path / "none.json", tmp_path):
        done = command("verify", "--module", "multi_symbol", "--bench", "--baseline", str(place))
        assert done.returncode == 1
        assert "no baseline" in done.stdout
        assert "--record" in done.stdout
    cut = tmp_path / "cut.json"
    cut.write_text("{", "utf-8")
    assert command("verify", "--module", "multi_symbol", "--bench", "--baseline", str(cut)).returncode == 1


def test_an_installed_package_compares_with_the_file_it_is_given(
    recorded: Path, tmp_path: Path, state: Path
) -> None:
    shutil.copytree(SOURCES / "omega_slicer", tmp_path / "site" / "omega_slicer")
    away: dict[str, Any] = {"sources": tmp_path / "site", "OMEGA_LIBRARY": library_path()}
    words = ("verify", "--module", "multi_symbol", "--bench")
    alone = command(*words, **away)
    assert alone.returncode == 1
    assert "no baseline: the package stands in no checkout" in alone.stdout
    generous = once(recorded, tmp_path / "slow.json", 0.2, "multi_symbol")
    assert command(*words, "--baseline", str(generous), **away).returncode == 0


def test_without_a_library_there_is_nothing_to_measure(state: Path) -> None:
    done = command("verify", "--bench", OMEGA_LIBRARY="/nowhere/at/all")
    assert done.returncode == 1
    assert "there is no library to measure" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--baseline", "x"),
        ("--rollback",),
        ("--record", "x", "--bench"),
        ("--record", "x", "--module", "slicer"),
    ],
)
def test_contradictions_are_wrong_usage(words: tuple[str, ...], state: Path) -> None:
    assert command("verify", *words).returncode == 2


def test_speed_is_not_imported_with_the_package() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, omega_slicer; print('omega_slicer._guard.speed' in sys.modules)"],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
