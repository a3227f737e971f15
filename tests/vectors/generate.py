#!/usr/bin/env python3
"""Writes every .tsv and .csv in this folder from the oracle; `--check` only compares.

Standard library alone, any Python from 3.10 on. Before anything is written, answers that
semantics.md spells out are compared with the oracle's (oracle/laws.py).
"""

import difflib
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from cases import arrow_cases, csv_cases, rule_cases, slicer_cases, text_cases, timeframe_cases, walk_cases
from cases.series_data import SERIES
from oracle import laws
from oracle.model import ERROR_CODES, FIELDS, Failure, Series, bits, decimal
from oracle.rules import gaps, pair_quality, quality
from oracle.text import timeframe_name

HERE = Path(__file__).resolve().parent
NOTE = "# Written by generate.py; do not edit. The format is in README.md."


def tsv(header: str, rows: Iterable[tuple[str, ...]], unique: bool = True) -> bytes:
    lines = [NOTE, "\t".join(header.split())]
    seen = set()
    for row in rows:
        assert not any(c in cell for cell in row for c in "\t\n\r"), row
        assert all(row), f"an empty cell: {row}"
        assert row[0] not in seen or not unique, f"named twice: {row[0]}"
        seen.add(row[0])
        lines.append("\t".join(row))
    return ("\n".join(lines) + "\n").encode("utf-8")


def series_file(series: Series) -> bytes:
    identity = [
        f"symbol={series.symbol}",
        f"timeframe={timeframe_name(series.timeframe_us)}",
        f"price_type={series.price_type}",
        f"volume={int(series.volume is not None)}",
    ]
    if series.allow_missing:
        identity.append("allow_missing=1")
    columns = ("timestamp", *FIELDS, *(f"{name}_bits" for name in FIELDS))
    lines = ["# " + " ".join(identity), "\t".join(columns)]
    for row, stamp in enumerate(series.timestamp):
        values = [series.column(name)[row] for name in FIELDS]
        shown, exact = [decimal(v) for v in values], [bits(v) for v in values]
        if series.volume is None:
            shown[-1] = exact[-1] = "-"
        lines.append("\t".join([str(stamp), *shown, *exact]))
    return ("\n".join(lines) + "\n").encode("ascii")


def pairs(values: dict[str, int]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())


def quality_rows() -> Iterable[tuple[str, str, str, str]]:
    for name in rule_cases.QUALITY:
        steps = ",".join(f"{step}:{count}" for step, count in gaps(SERIES[name])) or "-"
        yield name, name, "-", f"{pairs(quality(SERIES[name]))} steps={steps}"
    for bid, ask in rule_cases.PAIRS:
        yield f"{bid}+{ask}", bid, ask, pairs(pair_quality(SERIES[bid], SERIES[ask]))


def everything() -> dict[str, bytes]:
    """Every generated file by its name in this folder."""
    out = {f"series/{name}.tsv": series_file(series) for name, series in SERIES.items()}
    known: dict[bytes, str] = {}
    csv_rows: list[tuple[str, ...]] = []
    for case, file, args, outcome in csv_cases.outcomes():
        if isinstance(outcome, Failure):
            csv_rows.append((case, file, args, "error", outcome.text()))
            continue
        # Equal answers share one file, named after the first case that gives it.
        data = series_file(outcome)
        name = known.setdefault(data, f"csv_{case.replace('=', '_').replace('+', '_')}")
        out[f"series/{name}.tsv"] = data
        csv_rows.append((case, file, args, "series", name))
    for name, content in csv_cases.files().items():
        out[f"csv/{name}.csv"] = content
    arrow_rows: list[tuple[str, ...]] = []
    for case, file, args, outcome in arrow_cases.outcomes():
        if isinstance(outcome, Failure):
            arrow_rows.append((case, file, args, "error", outcome.text()))
            continue
        data = series_file(outcome)
        name = known.setdefault(data, "arrow_" + re.sub("[^0-9A-Za-z_]+", "_", case))
        out[f"series/{name}.tsv"] = data
        arrow_rows.append((case, file, args, "series", name))
    codes = sorted(ERROR_CODES.items())
    resample_rows: list[tuple[str, ...]] = []
    for case, source, target, args, outcome in timeframe_cases.resampled():
        if isinstance(outcome, Failure):
            resample_rows.append((case, source, target, args, "error", outcome.text()))
            continue
        data = series_file(outcome)
        name = known.setdefault(
            data, "resample_" + re.sub("[^0-9A-Za-z_]+", "_", case.replace("=-", "_minus_"))
        )
        assert out.setdefault(f"series/{name}.tsv", data) == data, f"two files named {name}"
        resample_rows.append((case, source, target, args, "series", name))
    out["resample.tsv"] = tsv("case series timeframe args result value", resample_rows)
    out["align.tsv"] = tsv("case primary higher args result value", timeframe_cases.align_rows())
    out["symbol_slice.tsv"] = tsv("case op series args result value", walk_cases.walk_rows())
    out["multi_symbol.tsv"] = tsv("case op series args result value", walk_cases.multi_rows())
    out["error_codes.tsv"] = tsv("code name", ((str(code), name) for code, name in codes))
    out["slicer.tsv"] = tsv("case op series args result value", slicer_cases.rows())
    out["timeframe.tsv"] = tsv("text result value", text_cases.timeframe_rows())
    out["timestamp.tsv"] = tsv("text result value", text_cases.timestamp_rows())
    out["csv.tsv"] = tsv("case file args result value", csv_rows)
    out["arrow.tsv"] = tsv("case file args result value", arrow_rows)
    out["schemas.tsv"] = tsv(
        "schema version position field type nullable fingerprint", arrow_cases.schema_rows(), unique=False
    )
    out["series.tsv"] = tsv("case columns args result value", rule_cases.series_rows())
    out["quality.tsv"] = tsv("case series ask value", quality_rows())
    return out


def compare(wanted: dict[str, bytes]) -> int:
    """Differences as a diff; how many files differ, are missing, or should not be there."""
    # A folder with a generator of its own checks itself.
    own = {p.parent for p in HERE.glob("*/generate.py")}
    found = [p for kind in ("tsv", "csv") for p in sorted(HERE.rglob(f"*.{kind}")) if p.parent not in own]
    present = {p.relative_to(HERE).as_posix(): p.read_bytes() for p in found}
    differing = 0
    for name in sorted(wanted.keys() | present.keys()):
        ours, theirs = present.get(name), wanted.get(name)
        if ours == theirs:
            continue
        differing += 1
        before, after = ((data or b"").decode("utf-8").splitlines(keepends=True) for data in (ours, theirs))
        diff = difflib.unified_diff(before, after, f"{name} (here)", f"{name} (generated)", n=1)
        sys.stdout.writelines(line.rstrip("\n") + "\n" for line in diff)
        if ours is None or theirs is None or not b"".join([ours, theirs]):
            print(f"{name}: {'missing' if ours is None else 'not generated'}")
    return differing


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    laws.check()
    wanted = everything()
    if arguments == ["--check"]:
        differing = compare(wanted)
        print(f"vectors: {len(wanted)} files, {differing} differ from what generate.py writes")
        return 1 if differing else 0
    for name, data in wanted.items():
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    print(f"vectors: {len(wanted)} files written")
    stale = compare(wanted)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
