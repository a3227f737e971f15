"""A library and its manifest come and go together, whatever cargo is asked to build.

Shown with a crate of a few lines, the project's own build/retire.rs and tools/write_manifest.py: what matters
is what cargo does with libraries that `cargo test` and `cargo bench` build for themselves.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT
from omega_slicer._guard.manifest import checked

BUILD = """
#[path = "build/retire.rs"]
mod retire;

fn main() {
    println!("cargo:rerun-if-changed=src");
    let text = std::fs::read_to_string("src/lib.rs").unwrap();
    let answer = text.split("ANSWER = ").nth(1).unwrap().split(';').next().unwrap();
    let build = format!("build-of-answer-{answer}");
    println!("cargo:rustc-env=OMEGA_BUILD_ID={build}");
    retire::other_build(&build).unwrap();
}
"""
LIBRARY = """
// ANSWER = {answer};
#[unsafe(no_mangle)]
pub extern "C" fn omega_build_id() -> *const std::ffi::c_char {{
    concat!(env!("OMEGA_BUILD_ID"), "\\0").as_ptr().cast()
}}
#[unsafe(no_mangle)]
pub extern "C" fn omega_library_version() -> *const std::ffi::c_char {{
    c"0".as_ptr()
}}
#[unsafe(no_mangle)]
pub extern "C" fn omega_abi_version() -> u32 {{
    {broken}{answer}
}}
"""


class Crate:
    """A crate whose library says which answer it was built of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = folder / "target" / "release" / "libomega_slicer.so"
        self.manifest = self.library.with_name(f"{self.library.name}.manifest")
        (folder / "src").mkdir()
        (folder / "tests").mkdir()
        (folder / "tests" / "one.rs").write_text(
            "#[test]\nfn one() { assert!(omega_slicer::omega_abi_version() > 0) }\n"
        )
        (folder / "Cargo.toml").write_text(
            '[package]\nname = "omega-slicer"\nversion = "0.1.0"\nedition = "2024"\nbuild = "build.rs"\n'
            '[lib]\nname = "omega_slicer"\ncrate-type = ["rlib", "cdylib"]\n'
        )
        (folder / "build.rs").write_text(BUILD)
        shutil.copytree(ROOT / "build", folder / "build")

    def write(self, answer: int, broken: str = "") -> None:
        (self.folder / "src" / "lib.rs").write_text(LIBRARY.format(answer=answer, broken=broken))

    def cargo(self, *words: str) -> int:
        clean = {name: text for name, text in os.environ.items() if name != "CARGO_TARGET_DIR"}
        done = subprocess.run(
            ["cargo", *words, "--release", "--offline"],
            cwd=self.folder,
            env=clean,
            capture_output=True,
            check=False,
        )
        return done.returncode

    def make_build(self) -> None:
        assert self.cargo("build") == 0
        tool = ROOT / "tools" / "write_manifest.py"
        subprocess.run([sys.executable, str(tool), str(self.library)], check=True)

    def fits(self) -> bool:
        """Whether there is a manifest, and the library it describes."""
        return checked(self.library).build_id == json.loads(self.manifest.read_text())["build_id"]


@pytest.fixture
def crate(tmp_path: Path) -> Crate:
    if shutil.which("cargo") is None:
        pytest.skip("no cargo on this machine")
    return Crate(tmp_path)


def test_a_manifest_stays_as_long_as_its_library_and_no_longer(crate: Crate) -> None:
    crate.write(1)
    crate.make_build()
    assert crate.fits()
    crate.write(1)  # touched, not changed: the build script runs again
    assert crate.cargo("test") == 0
    assert crate.cargo("check") == 0
    assert crate.fits()

    crate.write(2)  # cargo test builds the new library for itself alone
    assert crate.cargo("test") == 0
    assert (crate.library.exists(), crate.manifest.exists()) == (False, False)
    assert crate.cargo("build") == 0
    assert "no manifest" in checked(crate.library).manifest
    crate.make_build()
    assert crate.fits()

    crate.write(3, broken="no Rust ")
    assert crate.cargo("build") != 0
    assert (crate.library.exists(), crate.manifest.exists()) == (False, False)
    crate.write(3)
    assert crate.cargo("build") == 0
    assert "no manifest" in checked(crate.library).manifest
