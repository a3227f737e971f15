"""The README's programs, as they stand there: each must run, and all must print the same number.

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
        flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}"]
        linked = [f"-L{RELEASE}", "-lomega_slicer", f"-Wl,-rpath,{RELEASE}"]
        commands = {
            "c": [
                "sh",
                "-c",
                '"$@" && ./readme',
                "sh",
                compiler,
                *flags,
                "readme.c",
                "-o",
                "readme",
                *linked,
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
    print(f"{len(commands) - failed} passed, {failed} failed")
    return 1 if failed or expected.startswith("0 ") else 0


if __name__ == "__main__":
    sys.exit(main())
