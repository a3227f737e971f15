"""The README's programs, as they stand there: each must run, and all must print the same number.

And the C programs of docs/ffi/README.md, each of which must print the text that follows it.

    python tests/readme.py JULIA CC

Rust's is compiled by `cargo test`, as the crate's documentation.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release"


def candles(path: Path) -> int:
    """Write 200 hourly candles that break out now and then; give how often, counted here."""
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    closes = [1.1 + 0.001 * ((i * i) % 37) + (0.05 if i % 60 == 59 else 0.0) + i * 1e-5 for i in range(200)]
    rows = [
        f"{(start + timedelta(hours=i)).isoformat()},{c!r},{c + 5e-4!r},{c - 5e-4!r},{c!r}"
        for i, c in enumerate(closes)
    ]
    path.write_text("timestamp,open,high,low,close\n" + "\n".join(rows) + "\n")
    highs = [c + 5e-4 for c in closes]
    return sum(closes[i] > max(highs[i - 50 : i]) for i in range(50, 200))


FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}"]
LINKED = [f"-L{RELEASE}", "-lomega_slicer", f"-Wl,-rpath,{RELEASE}"]


def documented(compiler: str, folder: Path) -> list[bool]:
    """Run the C programs of the contract; one line each."""
    text = (ROOT / "docs" / "ffi" / "README.md").read_text()
    programs = re.findall(r"```c\n(.*?)```\n\nIt prints:\n\n```text\n(.*?)```", text, re.DOTALL)
    judged = []
    for number, (program, expected) in enumerate(programs, 1):
        name = f"documented{number}"
        (folder / f"{name}.c").write_text(program)
        build = subprocess.run(
            [compiler, *FLAGS, f"{name}.c", "-o", name, *LINKED],
            check=False,
            cwd=folder,
            capture_output=True,
            text=True,
        )
        done = (
            subprocess.run([folder / name], check=False, capture_output=True, text=True)
            if build.returncode == 0
            else build
        )
        judged.append(done.returncode == 0 and done.stdout == expected)
        print(f"docs/ffi, {number}: {'ok' if judged[-1] else f'FAILED: wanted {expected!r}, got {done}'}")
    return judged


def main() -> int:
    """Run the programs; one line each, and a closing count."""
    julia, compiler = sys.argv[1:]
    found = re.findall(r"```(python|julia|c)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    blocks = {language: "".join(text for kind, text in found if kind == language) for language, _ in found}
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = f"{candles(folder / 'eurusd-h1.csv')} breakouts\n"
        (folder / "readme.c").write_text(blocks["c"])
        (folder / "readme.py").write_text(blocks["python"])
        (folder / "readme.jl").write_text(blocks["julia"])
        commands = {
            "c": [
                "sh",
                "-c",
                '"$@" && ./readme',
                "sh",
                compiler,
                *FLAGS,
                "readme.c",
                "-o",
                "readme",
                *LINKED,
            ],
            "julia": [julia, f"--project={ROOT / 'julia'}", "readme.jl"],
            "python": [sys.executable, "readme.py"],
        }
        for language, command in commands.items():
            environment = {**os.environ, "PYTHONPATH": str(ROOT / "python" / "src"), "USE_RUST_SLICER": "1"}
            done = subprocess.run(
                command, check=False, cwd=folder, env=environment, capture_output=True, text=True
            )
            right = done.returncode == 0 and done.stdout == expected
            failed += not right
            print(f"README, {language}: {'ok' if right else f'FAILED: wanted {expected!r}, got {done}'}")
        judged = documented(compiler, folder)
        failed += judged.count(False)
    print(f"{len(commands) + len(judged) - failed} passed, {failed} failed")
    # A number that is 0, or no program at all, would prove nothing.
    return 1 if failed or expected.startswith("0 ") or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
