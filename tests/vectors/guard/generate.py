"""Writes the guard's tables into both packages: known answers, chosen from the cases beside this folder,
what an incident weighs, and the schema of its record.

    python3 tests/vectors/guard/generate.py           # writes them
    python3 tests/vectors/guard/generate.py --check   # exit 1 where a package's copy differs

No answer is computed here. An installed package has no tests beside it, so each carries its own copy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent
ROOT = VECTORS.parent.parent
PACKAGES = (ROOT / "python" / "src" / "omega_slicer" / "_guard", ROOT / "julia" / "src" / "guard")

# One case of each of these is asked at every load, of ten different functions of the library; the rest
# when a new build is tried, and by `verify`.
AT_LOAD = (
    "mean",
    "var",
    "max",
    "ema",
    "rsi",
    "get_lookbacks",
    "get_candles_asof",
    "align",
    "resample",
    "timeline",
)
KERNEL_SERIES = ("walk_fx", "mixed", "nans", "tick_1e9", "log_returns", "high")
SLICER_SERIES = ("gappy", "bits")
HEADER = ("kind", "name", "subject", "args", "result", "value")

Row = tuple[str, str, str, str, str, str]


def table(path: Path) -> Iterator[dict[str, str]]:
    """The rows of one of the tables beside this folder."""
    lines = [line for line in path.read_text("utf-8").split("\n") if line and not line.startswith("#")]
    names = lines[0].split("\t")
    for line in lines[1:]:
        yield dict(zip(names, line.split("\t"), strict=True))


def kernels() -> list[Row]:
    """One case of each kernel on each of a few series: a window of 20 if there is one, never of 1."""
    found: dict[tuple[str, str], Row] = {}
    cases = list(table(VECTORS / "kernels" / "cases.tsv"))
    cases.sort(key=lambda case: not case["arguments"].startswith("window=20 "))  # stable
    for case in cases:
        first = case["series"].split(",")[0]
        trivial = f"{case['arguments']} ".startswith(("window=1 ", "period=1 "))
        if first in KERNEL_SERIES and not trivial:
            row = ("kernels", case["kernel"], case["series"], case["arguments"], "bits", case["expected"])
            found.setdefault((case["kernel"], first), row)
    return list(found.values())


def slicer() -> list[Row]:
    """The batch questions on two series, one of each kind of result."""
    found: dict[tuple[str, str, str], Row] = {}
    for case in table(VECTORS / "slicer.tsv"):
        if case["series"] in SLICER_SERIES and case["result"] != "error":
            row = ("slicer", case["op"], case["series"], case["args"], case["result"], case["value"])
            found.setdefault((case["op"], case["series"], case["result"]), row)
    align = [case for case in table(VECTORS / "align.tsv") if case["primary"] == "m5_day"][:4]
    for case in align:
        subject = f"{case['primary']},{case['higher']}"
        found["align", subject, case["args"]] = (
            "slicer",
            "align",
            subject,
            case["args"],
            "rows",
            case["value"],
        )
    resample = [case for case in table(VECTORS / "resample.tsv") if case["result"] == "series"][1:4]
    for case in resample:
        args = f"timeframe={case['timeframe']}" + ("" if case["args"] == "-" else f" {case['args']}")
        key = ("resample", case["series"], args)
        found[key] = ("slicer", "resample", case["series"], args, "series", case["value"])
    return list(found.values())


def multi_symbol() -> list[Row]:
    """The timelines of the first few sets of symbols."""
    found: dict[tuple[str, str], Row] = {}
    for case in table(VECTORS / "multi_symbol.tsv"):
        if case["op"] in ("timeline", "rows") and case["result"] != "error":
            row = ("multi_symbol", case["op"], case["series"], case["args"], case["result"], case["value"])
            found.setdefault((case["op"], case["args"]), row)
    return list(found.values())[:8]


def candles(name: str) -> Row:
    """A series of candles: identity, stamps, and the bits of its five columns."""
    path = VECTORS / "series" / f"{name}.tsv"
    identity = path.read_text("utf-8").split("\n", 1)[0].removeprefix("# ")
    rows = list(table(path))
    stamps = ",".join(row["timestamp"] for row in rows)
    fields = ("open_bits", "high_bits", "low_bits", "close_bits", "volume_bits")
    return (
        "series",
        name,
        identity,
        stamps or "-",
        "bits",
        ";".join(",".join(r[f] for r in rows) for f in fields),
    )


def known_answers() -> str:
    """The whole table: what the cases are about, then those asked at each load, then the others."""
    cases = [*kernels(), *slicer(), *multi_symbol()]
    first = [next(case for case in cases if case[1] == name) for name in AT_LOAD]
    rest = [case for case in cases if case not in first]
    names = list(dict.fromkeys(name for case in cases if case[0] != "kernels" for name in case[2].split(",")))
    names += [case[5] for case in cases if case[4] == "series" and case[5] not in names]
    values = {row["name"]: row["values"] for row in table(VECTORS / "kernels" / "series.tsv")}
    used = dict.fromkeys(name for case in cases if case[0] == "kernels" for name in case[2].split(","))
    rows = [candles(name) for name in dict.fromkeys(names)]
    rows += [("values", name, "-", "-", "bits", values[name]) for name in used]
    lines = [HEADER, *rows, *first, *rest]
    return "# Written by generate.py; do not edit. The first ten cases are asked at every load.\n" + "".join(
        "\t".join(line) + "\n" for line in lines
    )


def main(arguments: list[str]) -> int:
    """Write or compare; 1 where something differs."""
    tables = {name: (HERE / name).read_text("utf-8") for name in ("severities.tsv", "triggers.tsv")}
    tables["incident.schema.json"] = (ROOT / "docs" / "incident.schema.json").read_text("utf-8")
    tables["known_answers.tsv"] = known_answers()
    differ = []
    for package in PACKAGES:
        for name, text in tables.items():
            path = package / name
            if path.is_file() and path.read_text("utf-8") == text:
                continue
            if arguments == ["--check"]:
                differ.append(str(path.relative_to(ROOT)))
            else:
                package.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8", newline="\n")
    if differ:
        print("differ from what tests/vectors/guard/generate.py writes:", *differ, file=sys.stderr)
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
