#!/usr/bin/env python3
"""Builds the fuzz targets with AddressSanitizer, runs each for a while, and keeps the record of long runs.

    run.py --seconds 20 [TARGET ...]            what `make fuzz-smoke` does
    run.py --seconds 1800 --record [TARGET ...] a long run, kept in runs.tsv and docs/fuzzing.md
    run.py --table                              docs/fuzzing.md anew from runs.tsv

A target starts from its seeds (committed) and its corpus (what earlier runs here found). The first crash of
any target ends the run with status 1; its input lies in artifacts/.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
VECTORS = PROJECT / "tests" / "vectors"
PAGE = PROJECT / "docs" / "fuzzing.md"
LEDGER = HERE / "runs.tsv"
COLUMNS = ("date", "target", "commit", "seconds", "executions", "edges", "corpus", "crashes")

# Each target: its seeds, its dictionary, and the longest input it is given.
TARGETS: dict[str, tuple[Path, str, int]] = {
    "ipc_bytes": (VECTORS / "arrow", "arrow.dict", 8192),
    "ipc_map": (VECTORS / "arrow", "arrow.dict", 8192),
    "csv": (VECTORS / "csv", "csv.dict", 4096),
    "c_data": (HERE / "seeds" / "c_data", "", 4096),
    "c_abi": (HERE / "seeds" / "c_abi", "", 2048),
}


def run(*command: str, **how: object) -> str:
    done = subprocess.run(command, check=True, text=True, capture_output=True, **how)  # type: ignore[call-overload]
    out: str = done.stdout
    return out.strip()


def build(targets: list[str]) -> Path:
    """Where the programs are. That they watch memory is looked at, not assumed."""
    subprocess.run(
        ["cargo", "+nightly", "fuzz", "build", "--fuzz-dir", str(HERE.relative_to(PROJECT))],
        cwd=PROJECT,
        check=True,
    )
    host = re.search(r"^host: (\S+)$", run("rustc", "+nightly", "-vV"), re.MULTILINE)
    assert host
    folder = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target")) / host[1] / "release"
    for target in targets:
        if b"__asan_init" not in (folder / target).read_bytes():
            raise SystemExit(f"{folder / target} was built without AddressSanitizer")
    return folder


def commit() -> str:
    name = run("git", "rev-parse", "--short=10", "HEAD", cwd=PROJECT)
    changed = run("git", "status", "--porcelain", "--", "rust", "Cargo.toml", "Cargo.lock", cwd=PROJECT)
    return name + ("+" if changed else "")


def figures(log: str) -> dict[str, int]:
    """What libFuzzer says at the end and on its last line of progress."""
    last = re.findall(r"cov: (\d+)", log)
    units = re.findall(r"corp: (\d+)/", log)
    executed = re.search(r"stat::number_of_executed_units: (\d+)", log) or re.search(r"Done (\d+) runs", log)
    runs = [int(number) for number in re.findall(r"^#(\d+)\t", log, re.MULTILINE)]
    return {
        "executions": int(executed[1]) if executed else max(runs, default=0),
        "edges": int(last[-1]) if last else 0,
        "corpus": int(units[-1]) if units else 0,
    }


def fuzz(folder: Path, target: str, seconds: int) -> dict[str, object]:
    seeds, dictionary, longest = TARGETS[target]
    corpus, artifacts, logs = HERE / "corpus" / target, HERE / "artifacts" / target, HERE / "logs"
    for needed in (corpus, artifacts, logs):
        needed.mkdir(parents=True, exist_ok=True)
    log = logs / f"{target}.log"
    began = time.monotonic()
    command = [
        *(["nice", "-n", "10"] if shutil.which("nice") else []),
        str(folder / target),
        str(corpus),
        str(seeds),
        f"-max_total_time={seconds}",
        f"-max_len={longest}",
        "-timeout=25",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        f"-artifact_prefix={artifacts}/",
        *([f"-dict={HERE / 'seeds' / dictionary}"] if dictionary else []),
    ]
    with log.open("w") as file:
        status = subprocess.run(
            command, stdout=file, stderr=subprocess.STDOUT, cwd=PROJECT, check=False
        ).returncode
    text = log.read_text(errors="replace")
    found: dict[str, object] = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "target": target,
        "commit": commit(),
        "seconds": round(time.monotonic() - began),
        **figures(text),
        "crashes": int(status != 0),
    }
    print("  ".join(f"{key} {found[key]}" for key in COLUMNS[1:]), flush=True)
    if status != 0:
        print(text[-6000:])
        print(f"{target}: the input is in {artifacts}; the log is {log}", file=sys.stderr)
    return found


def record(found: dict[str, object]) -> None:
    if not LEDGER.exists():
        LEDGER.write_text("\t".join(COLUMNS) + "\n")
    with LEDGER.open("a") as file:
        file.write("\t".join(str(found[key]) for key in COLUMNS) + "\n")


def table() -> None:
    """docs/fuzzing.md's table, from the ledger."""
    rows = [dict(zip(COLUMNS, line.split("\t"), strict=True)) for line in LEDGER.read_text().splitlines()[1:]]
    lines = [
        "| target | runs | seconds | executions | edges | crashes | last commit |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for target in TARGETS:
        own = [row for row in rows if row["target"] == target]
        if own:
            total = {key: sum(int(row[key]) for row in own) for key in ("seconds", "executions", "crashes")}
            edges = max(int(row["edges"]) for row in own)
            lines.append(
                f"| `{target}` | {len(own)} | {total['seconds']:,} | {total['executions']:,} | {edges:,} "
                f"| {total['crashes']} | `{own[-1]['commit']}` |"
            )
    whole = sum(int(row["seconds"]) for row in rows)
    lines.append(f"\n{whole / 60:.0f} minutes in all.")
    start, end = "<!-- table: run.py -->\n", "<!-- end -->"
    before, _, rest = PAGE.read_text().partition(start)
    PAGE.write_text(before + start + "\n".join(lines) + "\n" + end + rest.partition(end)[2])


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("targets", nargs="*", choices=[[], *TARGETS], metavar="TARGET")
    asked.add_argument("--seconds", type=int, default=20)
    asked.add_argument("--record", action="store_true")
    asked.add_argument("--table", action="store_true")
    given = asked.parse_args()
    crashes = 0
    if not given.table:
        targets = given.targets or list(TARGETS)
        folder = build(targets)
        for target in targets:
            found = fuzz(folder, target, given.seconds)
            crashes += int(found["crashes"] != 0)
            if given.record:
                record(found)
    if given.table or given.record:
        table()
    return 1 if crashes else 0


if __name__ == "__main__":
    sys.exit(main())
