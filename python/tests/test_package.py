"""The package as such: its documentation runs, its files stay small, it installs."""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import omega_slicer as om
from helpers import CONFIGURATION, ROOT, SOURCES

_PACKAGE = SOURCES / "omega_slicer"
_FILES = sorted(path for path in _PACKAGE.rglob("*.py"))
_MODULES = sorted(
    module.name.removeprefix("omega_slicer.")
    for module in pkgutil.walk_packages([str(_PACKAGE)], "omega_slicer.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("word", ["native", "python"])
@pytest.mark.parametrize("name", ["", *_MODULES])
def test_every_example_of_the_documentation_runs(
    name: str, word: str, request: pytest.FixtureRequest
) -> None:
    if word == "native":
        request.getfixturevalue("native")
    for part in ("slicer", "kernels", "multi_symbol"):
        om.set_backend(part, word)
    module = importlib.import_module(f"omega_slicer.{name}".rstrip("."))
    failed, _ = doctest.testmod(module)
    assert failed == 0


def test_the_readme_runs() -> None:
    failed, tried = doctest.testfile(str(ROOT / "python" / "README.md"), module_relative=False)
    assert (failed, tried > 0) == (0, True)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
def test_files_are_small_and_say_what_they_are_for(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 400
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("module", [om, om.rolling], ids=lambda module: module.__name__)
def test_everything_public_is_exported_and_documented(module: ModuleType) -> None:
    assert sorted(module.__all__) == module.__all__
    for name in module.__all__:
        thing = getattr(module, name)
        if name != "__version__":
            assert thing.__doc__, name
        if isinstance(thing, type):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    assert value.__doc__, f"{name}.{member}"


def test_the_version_is_written_alike_everywhere() -> None:
    for path in (ROOT / "python" / "pyproject.toml", ROOT / "Cargo.toml"):
        found = re.search(r'^version = "(.*)"$', path.read_text("utf-8"), re.MULTILINE)
        assert found is not None
        assert found[1] == om.__version__


def install(tmp_path: Path, **environment: str) -> Path:
    """A fresh virtual environment with the package and nothing of this run's settings; its Python."""
    clean = {
        n: v for n, v in os.environ.items() if n not in (*CONFIGURATION, "PYTHONPATH", "OMEGA_SKIP_NATIVE")
    }
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    python = venv / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--disable-pip-version-check", str(ROOT / "python")],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return python


_ASK = """
import omega_slicer as om, sys, warnings
warnings.simplefilter('ignore')
prices = [1.0, 1.1, 1.2]
series = om.CandleSeries.from_columns([0, 60_000_000, 120_000_000], prices, prices, prices, prices,
    symbol='EURUSD', timeframe='M1', price_type='bid')
print(om.SymbolDataSlicer(series).get_lookbacks([120_000_000], 2).tolist(), series.backend)
print(om.status().library.path or om.status().library.reason)
print(om.__file__)
"""


def ask(python: Path, cwd: Path) -> list[str]:
    clean = {n: v for n, v in os.environ.items() if n not in (*CONFIGURATION, "PYTHONPATH")}
    done = subprocess.run(
        [python, "-c", _ASK], env=clean, cwd=cwd, capture_output=True, text=True, check=True
    )
    answer, library, file = done.stdout.strip().split("\n")
    assert file.startswith(str(python.parents[1]))
    return [answer, library]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not on PATH")
def test_an_installation_with_cargo_carries_the_library(tmp_path: Path) -> None:
    python = install(tmp_path)
    answer, library = ask(python, tmp_path)
    assert answer == "[[1, 2]] native"
    assert library.startswith(str(tmp_path / "venv"))
    assert library.endswith("omega_slicer/_native/libomega_slicer.so")
    (wheel,) = (tmp_path / "venv").glob("lib/*/site-packages/omega_slicer-*.dist-info/WHEEL")
    assert (
        "Root-Is-Purelib: false\nTag: py3-none-linux" in wheel.read_text().replace("\r", "")
        or sys.platform != "linux"
    )


@pytest.mark.slow
def test_an_installation_without_the_library_works_and_says_why(tmp_path: Path) -> None:
    python = install(tmp_path, OMEGA_SKIP_NATIVE="1")
    answer, reason = ask(python, tmp_path)
    assert answer == "[[1, 2]] python"
    assert "left out at installation: OMEGA_SKIP_NATIVE=1" in reason
