"""Builds the native library with cargo and carries it in the package; installs without it where it cannot.

Whatever happened is written to omega_slicer/_native/build.txt, which `omega_slicer.status()` shows. Set
OMEGA_SKIP_NATIVE=1 to leave the library out on purpose.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

_ROOT = Path(__file__).resolve().parent.parent
_NAMES = {"win32": "omega_slicer.dll", "darwin": "libomega_slicer.dylib"}


class NotBuilt(Exception):  # noqa: N818 - a reason, not a fault
    """Why there is no native library."""


def build_library() -> Path:
    """Run cargo in the checkout this package stands in; the library's path."""
    if os.environ.get("OMEGA_SKIP_NATIVE") == "1":
        raise NotBuilt("left out at installation: OMEGA_SKIP_NATIVE=1")
    manifest = _ROOT / "Cargo.toml"
    if not manifest.is_file() or 'name = "omega-slicer"' not in manifest.read_text("utf-8"):
        raise NotBuilt("not built at installation: the Rust sources are not above the package")
    cargo = shutil.which("cargo")
    if cargo is None:
        raise NotBuilt("not built at installation: no cargo on PATH (a Rust toolchain is needed)")
    command = [cargo, "build", "--release", "--locked", "--lib"]
    print("omega_slicer:", *command, "in", _ROOT, flush=True)
    done = subprocess.run(command, cwd=_ROOT, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    sys.stderr.write(done.stderr)
    if done.returncode:
        last = next((line for line in done.stderr.splitlines() if line.startswith("error")), "see its output")
        raise NotBuilt(f"not built at installation: cargo failed with status {done.returncode}: {last}")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or "target")
    library = _ROOT / target / "release" / _NAMES.get(sys.platform, "libomega_slicer.so")
    if not library.is_file():
        raise NotBuilt(f"not built at installation: cargo left no {library.name}")
    return library


class BuildWithLibrary(build_py):
    """Copies the package, then the library beside it; an editable install uses the checkout's own build."""

    def run(self) -> None:
        """Build into an empty folder: what an earlier build left there would be installed too."""
        package = Path(self.build_lib, "omega_slicer")
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(package, ignore_errors=True)
        super().run()
        folder = package / "_native"
        folder.mkdir(parents=True)
        try:
            library = build_library()
        except NotBuilt as reason:
            print("omega_slicer: installing without the native library:", reason, file=sys.stderr)
            (folder / "build.txt").write_text(f"{reason}\n", "utf-8")
            return
        shutil.copy2(library, folder)
        # What the package compares the library with before it loads it.
        write = [sys.executable, str(_ROOT / "tools" / "write_manifest.py"), str(folder / library.name)]
        subprocess.run(write, check=True)  # noqa: S603 - the checkout's own
        (folder / "build.txt").write_text("built at installation\n", "utf-8")


class PlatformWheel(bdist_wheel):
    """A wheel for any Python of this platform if it carries the library, for any platform if not."""

    def run(self) -> None:
        """Build first: only then is it known which of the two it is."""
        self.run_command("build_py")
        folder = Path(self.get_finalized_command("build_py").build_lib, "omega_slicer", "_native")
        self.root_is_pure = not any(folder.glob("*omega_slicer.*"))
        super().run()

    def get_tag(self) -> tuple[str, str, str]:
        """py3-none-<platform>, or py3-none-any."""
        python, abi, platform = super().get_tag()
        return (python, abi, platform) if self.root_is_pure else ("py3", "none", platform)


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel})
