"""Whether a record is what `incident.schema.json` says: the keywords that file uses, and no others."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

__all__ = ["problems"]

_TYPES: Final[dict[str, Any]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "null": type(None),
    "object": dict,
}
_KNOWN: Final = frozenset(
    ("type", "const", "enum", "pattern", "minLength", "minimum", "description", "title", "$schema")
)


@cache
def _schema() -> dict[str, Any]:
    path = Path(__file__).resolve().parent / "incident.schema.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def problems(record: dict[str, Any]) -> list[str]:
    """What is wrong with an incident's record; nothing if it is valid."""
    schema = _schema()
    properties = schema["properties"]
    found = [f"{name} is missing" for name in schema["required"] if name not in record]
    found += [f"{name} is not known" for name in record if name not in properties]
    for name, value in record.items():
        found += [f"{name}: {what}" for what in _against(properties.get(name, {}), value)]
    return found


def _against(rule: dict[str, Any], value: Any) -> list[str]:
    unknown = set(rule) - _KNOWN
    if unknown:
        raise ValueError(f"the schema uses {', '.join(sorted(unknown))}, which is not checked here")
    found = []
    if "const" in rule and value != rule["const"]:
        found.append(f"{value!r} is not {rule['const']!r}")
    if "enum" in rule and value not in rule["enum"]:
        found.append(f"{value!r} is none of {', '.join(map(repr, rule['enum']))}")
    types = rule.get("type", [])
    kinds = [types] if isinstance(types, str) else types
    right = [kind for kind in kinds if isinstance(value, _TYPES[kind]) and not isinstance(value, bool)]
    if kinds and not right:
        return [*found, f"{value!r} is not of type {' or '.join(kinds)}"]
    if "pattern" in rule and not re.search(rule["pattern"], value):
        found.append(f"{value!r} does not match {rule['pattern']}")
    if "minLength" in rule and len(value) < rule["minLength"]:
        found.append("is empty")
    if "minimum" in rule and value < rule["minimum"]:
        found.append(f"{value!r} is less than {rule['minimum']}")
    return found
