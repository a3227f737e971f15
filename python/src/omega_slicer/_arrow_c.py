"""The structs of the Arrow C Data and C Stream Interfaces in ctypes, and the capsules they travel in.

Declares, moves and releases; what the memory behind a struct means is read in `_arrow_import` and written
in `_arrow_export`. No struct here owns its memory by itself.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from ctypes import CFUNCTYPE, PYFUNCTYPE, Structure, c_char_p, c_int, c_int64, c_void_p, py_object
from typing import Any, Final, TypeVar

from ._errors import InvalidStateError, TypeMismatchError

__all__ = [
    "ARRAY",
    "DICTIONARY_ORDERED",
    "NULLABLE",
    "SCHEMA",
    "STREAM",
    "ArrowArray",
    "ArrowArrayStream",
    "ArrowSchema",
    "Owner",
    "address_in",
    "new_capsule",
    "release",
    "take",
]

SCHEMA: Final = b"arrow_schema"
ARRAY: Final = b"arrow_array"
STREAM: Final = b"arrow_array_stream"
DICTIONARY_ORDERED: Final = 1
NULLABLE: Final = 2


class ArrowSchema(Structure):
    """The description of a column or table."""

    _fields_ = [
        ("format", c_void_p),
        ("name", c_void_p),
        ("metadata", c_void_p),
        ("flags", c_int64),
        ("n_children", c_int64),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


class ArrowArray(Structure):
    """The buffers of a column, or the columns of a table."""

    _fields_ = [
        ("length", c_int64),
        ("null_count", c_int64),
        ("offset", c_int64),
        ("n_buffers", c_int64),
        ("n_children", c_int64),
        ("buffers", c_void_p),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


class ArrowArrayStream(Structure):
    """Arrays of one schema, one after the other."""

    _fields_ = [
        ("get_schema", c_void_p),
        ("get_next", c_void_p),
        ("get_last_error", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


_Struct = TypeVar("_Struct", ArrowSchema, ArrowArray, ArrowArrayStream)
_Any = ArrowSchema | ArrowArray | ArrowArrayStream

RELEASE: Final = CFUNCTYPE(None, c_void_p)
GET: Final = CFUNCTYPE(c_int, c_void_p, c_void_p)
GET_ERROR: Final = CFUNCTYPE(c_char_p, c_void_p)

# Own prototypes: those of ctypes.pythonapi are shared with every other user in the process.
_python: Final = ctypes.pythonapi
_new: Final = PYFUNCTYPE(py_object, c_void_p, c_void_p, c_void_p)(("PyCapsule_New", _python))
_pointer: Final = PYFUNCTYPE(c_void_p, py_object, c_char_p)(("PyCapsule_GetPointer", _python))
_is_valid: Final = PYFUNCTYPE(c_int, py_object, c_char_p)(("PyCapsule_IsValid", _python))
# A capsule keeps the address of its name, not a copy: these are never freed, not even at exit.
_NAMES: Final = {name: ctypes.create_string_buffer(name) for name in (SCHEMA, ARRAY, STREAM)}
_ADDRESSES: Final = {name: ctypes.addressof(buffer) for name, buffer in _NAMES.items()}
PYFUNCTYPE(None, py_object)(("Py_IncRef", _python))(_NAMES)


def new_capsule(struct: _Any, name: bytes) -> Any:
    """A capsule that points at `struct`, which must outlive it. It has no destructor: see `_arrow_leases`."""
    return _new(ctypes.addressof(struct), _ADDRESSES[name], None)


def address_in(capsule: Any, name: bytes) -> int:
    """Where the struct in a capsule lies; 1004 for what is no capsule of this name."""
    if not _is_valid(capsule, name):
        raise TypeMismatchError(f"a capsule named {name.decode()!r} was expected, not {capsule!r}")
    address = _pointer(capsule, name)
    assert isinstance(address, int)
    return address


def take(kind: type[_Struct], address: int) -> _Struct:
    """The struct at `address`, moved out: what is left there is marked as released.

    Raises `InvalidStateError` if that was done before.
    """
    there = kind.from_address(address)
    if not there.release:
        name = kind.__name__.removeprefix("Arrow").removeprefix("Array").lower() or "array"
        raise InvalidStateError(f"the Arrow {name} has been released")
    mine = kind.from_buffer_copy(there)
    there.release = None
    return mine


def release(struct: _Any) -> None:
    """Call the producer's release, unless that was done before."""
    function = struct.release
    if function:
        RELEASE(function)(ctypes.addressof(struct))
        struct.release = None  # as a producer must, and not all do


class Owner:
    """A struct that was moved here; released once, when the last that refers to this goes.

    Not at the end of the process, when the producer may be gone, nor in a fork: the memory goes with the
    process.
    """

    __slots__ = ("__weakref__", "struct")

    def __init__(self, struct: _Any) -> None:
        self.struct = struct
        weakref.finalize(self, _release_here, struct, os.getpid()).atexit = False


def _release_here(struct: _Any, owner: int) -> None:
    if os.getpid() == owner:
        release(struct)
