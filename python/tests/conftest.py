"""Fixtures: both backends, the library demanded loudly, and a configuration that no test inherits."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import omega_slicer as om
from helpers import CONFIGURATION, ROOT
from omega_slicer import _library

# Incidents of tests are nobody's business: a state folder of their own, for child processes, too.
_STATE = tempfile.TemporaryDirectory(prefix="omega-state-")
os.environ["OMEGA_VAR_DIR"] = _STATE.name

settings.register_profile("default", deadline=None, print_blob=True)
settings.load_profile("default")


def why_no_native() -> str | None:
    try:
        _library.load("slicer", retry=False)
    except om.OmegaError as error:
        return str(error)
    return None


@pytest.fixture(scope="session")
def native() -> None:
    """Fails without the library, unless OMEGA_ALLOW_NO_NATIVE=1 says that this machine cannot have it."""
    reason = why_no_native()
    if reason is None:
        return
    if os.environ.get("OMEGA_ALLOW_NO_NATIVE") == "1":
        pytest.skip(f"OMEGA_ALLOW_NO_NATIVE=1 and {reason}")
    pytest.fail(
        f"{reason}\nBuild it with `cargo build --release`, or set OMEGA_ALLOW_NO_NATIVE=1 to test without."
    )


@pytest.fixture(params=["native", "python"])
def backend(request: pytest.FixtureRequest) -> str:
    if request.param == "native":
        request.getfixturevalue("native")
    return str(request.param)


@pytest.fixture(autouse=True)
def own_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    for name in CONFIGURATION:
        if name != "OMEGA_LIBRARY":  # a library named for the whole run stays the one under test
            monkeypatch.delenv(name, raising=False)
    yield
    for module in ("slicer", "kernels", "multi_symbol"):
        om.set_backend(module, None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "gbpusd-m1-bid-2012.csv").is_file():
        pytest.skip(f"the real candles of ../shared/data are not on this machine ({folder})")
    return folder


def fault_library() -> Path:
    """The build that errs on purpose: the one that is named, else where `make` puts it."""
    named = os.environ.get("OMEGA_FAULT_LIBRARY")
    if named:
        return Path(named)
    target = ROOT / (os.environ.get("CARGO_TARGET_DIR") or "target")
    return target / "fault-injection" / "debug" / _library.library_name()


@pytest.fixture(scope="session")
def faulty() -> str:
    """Fails without that build, unless OMEGA_ALLOW_NO_FAULTS=1 says that this machine cannot have it."""
    path = fault_library()
    if path.is_file():
        return str(path)
    if os.environ.get("OMEGA_ALLOW_NO_FAULTS") == "1":
        pytest.skip(f"OMEGA_ALLOW_NO_FAULTS=1 and no library at {path}")
    pytest.fail(
        f"no library at {path}\nMake it with `cargo build --features fault-injection --target-dir "
        "target/fault-injection`, or set OMEGA_ALLOW_NO_FAULTS=1 to test without."
    )
