"""What the environment and `omega.toml` say about backends.

Reads and validates; who wins is `_backend`'s business. The environment counts as it is at each call, since
to look at it costs next to nothing. The file is read when it is first needed, and again after `set_backend`
or once OMEGA_CONFIG names another one; a file that cannot be read is tried again each time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from ._errors import (
    FileMissingError,
    InputOutputError,
    InvalidArgumentError,
    InvalidFormatError,
    PermissionDeniedError,
)

__all__ = ["MODULES", "WORDS", "Choice", "forget_file", "from_environment", "from_file", "surroundings"]

MODULES: Final = ("slicer", "kernels", "multi_symbol")
WORDS: Final = ("auto", "native", "python")

_ENVIRONMENT: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), "native"),
    **dict.fromkeys(("false", "0", "no", "off"), "python"),
    "auto": "auto",
}
# One file serves both languages: each reads the other's name as its own fallback.
_FILE: Final = {
    "native": "native",
    "auto": "auto",
    **dict.fromkeys(("python", "julia", "fallback"), "python"),
}
_LINE: Final = re.compile(r'[ \t]*(?:([A-Za-z0-9_-]+)[ \t]*=[ \t]*"([^"\\]*)"[ \t]*)?(?:#.*)?')


class Choice(NamedTuple):
    """A word and who said it."""

    requested: str
    source: str


# The environment's own dictionary: `os.environ` takes a microsecond to say that a variable is not there.
_variables: Final[Any] = getattr(os.environ, "_data", None)


def _looked_at(module: str) -> tuple[Any, ...]:
    plain = f"USE_RUST_{module.upper()}"
    names = (plain, f"OMEGA_{plain}", "OMEGA_CONFIG", "OMEGA_LIBRARY")
    return names if _variables is None else tuple(map(os.environ.encodekey, names))


# The words of the file that was read last, by the value of OMEGA_CONFIG it was found under.
_read: tuple[str | None, str, dict[str, str]] | None = None


def _surroundings_of(module: str) -> Callable[[], tuple[Any, ...]]:
    get = os.environ.get if _variables is None else _variables.get
    plain, prefixed, file, library = _looked_at(module)
    return lambda: (get(plain), get(prefixed), get(file), get(library))


surroundings: Final = {module: _surroundings_of(module) for module in MODULES}
"""What the environment holds that bears on a module: as long as it is the same, so is a choice."""


def forget_file() -> None:
    """Have the file read again when it is next needed."""
    global _read  # noqa: PLW0603 - one file per process
    _read = None


def from_environment(module: str) -> Choice | None:
    """What `USE_RUST_<MODULE>` or `OMEGA_USE_RUST_<MODULE>` says; 1001 for other words, or both at odds."""
    plain = f"USE_RUST_{module.upper()}"
    found: list[Choice] = []
    for variable in (f"OMEGA_{plain}", plain):
        text = os.environ.get(variable)
        if text is None:
            continue
        word = _ENVIRONMENT.get(text.lower())
        if word is None:
            allowed = ", ".join(_ENVIRONMENT)
            raise InvalidArgumentError(f"environment variable {variable} is {text!r}; allowed: {allowed}")
        found.append(Choice(word, variable))
    if len({choice.requested for choice in found}) > 1:
        both = " and ".join(f"{choice.source}={os.environ[choice.source]!r}" for choice in found)
        raise InvalidArgumentError(f"environment variables disagree: {both}")
    return found[0] if found else None


def from_file(module: str) -> Choice | None:
    """What `$OMEGA_CONFIG`, else `omega.toml` in the working directory, says. Errors name file and line."""
    global _read  # noqa: PLW0603 - one file per process
    named, read = os.environ.get("OMEGA_CONFIG"), _read
    if read is None or read[0] != named:
        path = Path(named or "omega.toml")
        text = _text(path, named)
        _read = read = named, str(path.absolute()), {} if text is None else _parse(path, text)
    _, source, words = read
    word = words.get(module)
    return Choice(word, source) if word else None


def _text(path: Path, named: str | None) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        if named:
            raise FileMissingError(f"{path}: no such file (environment variable OMEGA_CONFIG)") from None
        return None
    except PermissionError as error:
        raise PermissionDeniedError(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise InputOutputError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidFormatError(f"{path}: not UTF-8 text: {error.reason}") from error


def _parse(path: Path, text: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        where = f"{path}, line {number}"
        match = _LINE.fullmatch(line.removesuffix("\r"))
        if match is None:
            raise InvalidFormatError(f'{where}: {line!r} is not of the form: module = "word"')
        module, word = match.groups()
        if module is None:
            continue
        if module not in MODULES:
            raise InvalidArgumentError(f"{where}: unknown key {module!r}; known: {', '.join(MODULES)}")
        if module in words:
            raise InvalidArgumentError(f"{where}: {module!r} is there twice")
        if word not in _FILE:
            raise InvalidArgumentError(f"{where}: unknown word {word!r}; allowed: {', '.join(_FILE)}")
        words[module] = _FILE[word]
    return words
