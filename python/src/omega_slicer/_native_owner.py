"""Python objects as owners of memory that the library borrows, let go by C code.

The library may drop its last reference on any thread, without the interpreter's lock, while an exception is
on its way, or after the interpreter has ended: no Python function may be called then. NumPy has a C function
for just that, the deleter of its DLPack tensors; a tensor of one byte that refers to an object makes it the
object's.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, PYFUNCTYPE, Structure, c_char_p, c_int, c_int32, c_uint64, c_void_p, py_object
from typing import Any, Final

import numpy as np

__all__ = ["handed_over", "take_back"]


class _ManagedTensor(Structure):
    """DLManagedTensor of the DLPack interface, as it has been since its first version."""

    _fields_ = [
        ("data", c_void_p),
        ("device_type", c_int32),
        ("device_id", c_int32),
        ("ndim", c_int32),
        ("dtype", c_int32),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("byte_offset", c_uint64),
        ("manager_ctx", c_void_p),
        ("deleter", c_void_p),
    ]


_TENSOR: Final = b"dltensor"
_USED: Final = ctypes.create_string_buffer(b"used_dltensor")
_BYTE: Final = ctypes.create_string_buffer(1)
_pointer: Final = PYFUNCTYPE(c_void_p, py_object, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
_rename: Final = PYFUNCTYPE(c_int, py_object, c_void_p)(("PyCapsule_SetName", ctypes.pythonapi))
_DELETER: Final = CFUNCTYPE(None, c_void_p)


class _Kept:
    """A byte for NumPy to look at, and what is kept for as long as it does."""

    __slots__ = ("__array_interface__", "kept")

    def __init__(self, kept: Any) -> None:
        self.kept = kept
        self.__array_interface__ = {
            "data": (ctypes.addressof(_BYTE), False),
            "shape": (1,),
            "typestr": "|u1",
            "version": 3,
        }


def handed_over(kept: Any) -> tuple[int, int]:
    """A C function and its argument; `kept` is kept until it is called, once, on whatever thread."""
    capsule = np.asarray(_Kept(kept)).__dlpack__()
    tensor = _pointer(capsule, _TENSOR)
    deleter = _ManagedTensor.from_address(tensor).deleter
    _rename(capsule, ctypes.addressof(_USED))  # consumed: its destructor leaves the tensor to us
    return deleter, tensor


def take_back(deleter: int, tensor: int) -> None:
    """Let go of what was handed over and not accepted."""
    _DELETER(deleter)(tensor)
