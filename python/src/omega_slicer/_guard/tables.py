"""The tables that both languages carry: known answers, severities, triggers. Reads; decides nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Severity", "read_table", "severities", "severity_of"]

_HERE: Final = Path(__file__).resolve().parent


class Severity(NamedTuple):
    """How bad an incident is, and what that asks for."""

    name: str
    time_allowed: str
    action: str


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of a tab-separated table of this package, by column."""
    lines = (_HERE / name).read_text("utf-8").split("\n")
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@cache
def severities() -> dict[str, Severity]:
    """By name, worst first."""
    rows = read_table("severities.tsv")
    return {row["severity"]: Severity(row["severity"], row["time_allowed"], row["action"]) for row in rows}


@cache
def _triggers() -> dict[str, str]:
    return {row["trigger"]: row["severity"] for row in read_table("triggers.tsv")}


def severity_of(trigger: str) -> Severity:
    """What a trigger weighs."""
    return severities()[_triggers()[trigger]]


def slowdown_trigger(percent: float) -> str:
    """The trigger for being so many percent slower than the baseline."""
    if percent > 30.0:
        return "much_slower"
    return "slower" if percent >= 10.0 else "slightly_slower"
