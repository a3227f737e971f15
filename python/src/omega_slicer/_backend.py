"""Which backend answers for a module: the choice, its reason, and what happens when it cannot be had.

The native library is loaded here and nowhere else, and never when the fallback was chosen. A choice
holds for objects made after it; those that exist keep theirs. What was decided for a module is remembered
until `set_backend` or a variable that bears on it changes: most calls are too short to decide anew.
"""

from __future__ import annotations

import threading
from typing import Any, Final, NamedTuple

from . import _library
from ._config import MODULES, WORDS, Choice, forget_file, from_environment, from_file, surroundings
from ._engine import Engine
from ._errors import InvalidArgumentError, OmegaError, TypeMismatchError
from ._fallback import PYTHON
from ._guard.breaker import BREAKERS, FallbackWarning, warn
from ._guard.engine import guarded
from ._guard.incidents import Incident
from ._guard.shadow import shadow_from_environment
from ._locks import free_in_forks

__all__ = [
    "Answer",
    "FallbackWarning",
    "check_module",
    "check_word",
    "engine",
    "forget_choices",
    "inspect",
    "set_backend",
]

_LOCK: Final = free_in_forks(threading.RLock())
_chosen: dict[str, str] = {}
# By module: the choice and the environment that were met, and which backend they come to; replaced whole.
_settled: dict[str, tuple[object, tuple[Any, ...], Engine]] = {}
_choice = object()
_warned: set[tuple[str, str]] = set()


class Answer(NamedTuple):
    """Which backend answers for a module, and why; `engine` is None if the choice cannot be met."""

    engine: Engine | None
    choice: Choice
    reason: str


def set_backend(module: str, backend: str | None) -> None:
    """Choose the backend of `module` for objects made and calls from now on; None takes the choice back.

    `module` is "slicer", "kernels" or "multi_symbol"; `backend` is "native" (an error here and now if it
    cannot be had), "python", or "auto" (native if possible). Stands above environment and `omega.toml`,
    below a `backend=` argument. The environment counts as it is at each call; `omega.toml` is read when
    first needed and then again only after a call of this function, which also has a library that was not
    found looked for anew. Raises `InvalidArgumentError` for unknown words, and `NotBuiltInError` or
    `FfiSchemaMismatchError` saying where the library was looked for.

    >>> set_backend("slicer", "python")
    >>> set_backend("slicer", None)
    """
    global _choice  # noqa: PLW0603 - what `_settled` is compared with
    check_module(module)
    word = None if backend is None else check_word(backend, "set_backend")
    if word == "native":
        _native(module, "set_backend")
    forget_file()
    _library.forget()
    if word is None:
        _chosen.pop(module, None)
    else:
        _chosen[module] = word
    _choice = object()


def engine(module: str, argument: str | None) -> Engine:
    """The backend of an object that is being made, or of a call; `argument` is its `backend=`."""
    if argument is not None:
        return _decided(module, argument)
    choice, around, settled = _choice, surroundings[module](), _settled.get(module)
    if settled is not None and settled[0] is choice and settled[1] == around:
        return settled[2]
    decided = _decided(module, None)
    _settled[module] = choice, around, decided
    return decided


def _decided(module: str, argument: str | None) -> Engine:
    choice = _requested(module, argument)
    if choice.requested == "python":
        return PYTHON
    if choice.requested == "native":
        return _native(module, choice.source)
    shadow_from_environment()
    try:
        _library.located(retry=False)
        incident = BREAKERS[module].incident
        if incident is None:
            return guarded(_library.load(module, retry=False), module)
        if not BREAKERS[module].adopted:
            return PYTHON  # which was said when the incident was opened
        reason = _held_back(incident)
    except OmegaError as error:
        if BREAKERS[module].is_open:
            return PYTHON
        reason = str(error)
    _warn_once(module, "fallback", f"{module}: the python backend answers, since {reason}")
    return PYTHON


def _native(module: str, source: str) -> Engine:
    """The library with nothing behind it."""
    try:
        _library.located(retry=True)
        incident = BREAKERS[module].incident
        native = _library.load(module, retry=True)
    except OmegaError as error:
        raise type(error)(f"backend 'native' was demanded ({source}), but: {error}") from None
    if incident is not None:
        _warn_once(
            module,
            "native",
            f"{module}: native is demanded ({source}): the library answers although {_held_back(incident)}",
        )
    return native


def _held_back(incident: Incident) -> str:
    why = incident.trigger or incident.corrupt
    return f"incident {incident.rollback_id} ({why}) is open: verify, then reenable"


def forget_choices() -> None:
    """Have every choice decided anew, as after an incident was closed."""
    global _choice  # noqa: PLW0603 - what `_settled` is compared with
    _library.forget()
    _warned.clear()
    _choice = object()


def inspect(module: str) -> Answer:
    """What `engine` would do now, without error or warning; loads the library unless it is not wanted."""
    try:
        choice = _requested(module, None)
        if choice.requested == "auto":
            shadow_from_environment()
    except OmegaError as error:
        return Answer(None, Choice("", "configuration"), f"the configuration cannot be read: {error}")
    if choice.requested == "python":
        return Answer(PYTHON, choice, f"chosen ({choice.source})")
    demanded = choice.requested == "native"
    try:
        _library.located(retry=False)
        incident = BREAKERS[module].incident
        if incident is not None and not demanded:
            return Answer(PYTHON, choice, _held_back(incident))
        native = _library.load(module, retry=False)
    except OmegaError as error:
        if demanded:
            return Answer(None, choice, f"native is demanded ({choice.source}), but: {error}")
        return Answer(PYTHON, choice, str(error))
    found = f"chosen ({choice.source})" if demanded else "the native library was found"
    return Answer(native, choice, found)


def check_word(word: Any, what: str) -> str:
    """A word for a backend, or 1001/1004."""
    if not isinstance(word, str):
        raise TypeMismatchError(f"{what}: a backend is one of {', '.join(WORDS)}, not {word!r}")
    if word not in WORDS:
        raise InvalidArgumentError(f"{what}: unknown backend {word!r}; allowed: {', '.join(WORDS)}")
    return word


def check_module(module: Any) -> None:
    """The name of a module, or 1001/1004."""
    if not isinstance(module, str):
        raise TypeMismatchError(f"a module is one of {', '.join(MODULES)}, not {module!r}")
    if module not in MODULES:
        raise InvalidArgumentError(f"unknown module {module!r}; known: {', '.join(MODULES)}")


def _requested(module: str, argument: str | None) -> Choice:
    if argument is not None:
        return Choice(check_word(argument, "backend"), "argument")
    chosen = _chosen.get(module)
    if chosen is not None:
        return Choice(chosen, "set_backend")
    return from_environment(module) or from_file(module) or Choice("auto", "default")


def _warn_once(module: str, kind: str, message: str) -> None:
    with _LOCK:
        if (module, kind) in _warned:
            return
        _warned.add((module, kind))
    warn(message)
