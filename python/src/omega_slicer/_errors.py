"""The errors of the contract: one class per code, each also the natural built-in.

This file holds the complete table and turns a code and a message into an exception. It decides
nothing about when an error is raised.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ConstraintViolationError",
    "DeserializationFailedError",
    "EmptyInputError",
    "FfiError",
    "FfiPanicCaughtError",
    "FfiSchemaMismatchError",
    "FileMissingError",
    "InputOutputError",
    "InsufficientDataError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidFormatError",
    "InvalidStateError",
    "NotBuiltInError",
    "NullPointerError",
    "OmegaError",
    "OutOfBoundsError",
    "OutOfMemoryError",
    "PermissionDeniedError",
    "ResourceLimitExceededError",
    "SchemaViolationError",
    "SerializationFailedError",
    "SizeMismatchError",
    "TypeMismatchError",
    "error_codes",
    "make_error",
]


class OmegaError(Exception):
    """Any error of this package; `code` and `name` are those of the error table.

    >>> import omega_slicer
    >>> try:
    ...     omega_slicer.Timeframe("M7x")
    ... except omega_slicer.OmegaError as error:
    ...     print(error.code, error.name, isinstance(error, ValueError))
    1009 INVALID_FORMAT True
    """

    code: ClassVar[int] = 4000
    name: ClassVar[str] = "INTERNAL_ERROR"


class InvalidArgumentError(OmegaError, ValueError):
    """1001: a value outside what the argument allows."""

    code = 1001
    name = "INVALID_ARGUMENT"


class NullPointerError(OmegaError, ValueError):
    """1002: a NULL pointer where the C ABI wants memory."""

    code = 1002
    name = "NULL_POINTER"


class OutOfBoundsError(OmegaError, IndexError):
    """1003: a row or a time range outside the series."""

    code = 1003
    name = "OUT_OF_BOUNDS"


class TypeMismatchError(OmegaError, TypeError):
    """1004: a value of a type that the argument does not take."""

    code = 1004
    name = "TYPE_MISMATCH"


class SchemaViolationError(OmegaError, ValueError):
    """1005: a table without the columns of a candle series, or with one of them twice."""

    code = 1005
    name = "SCHEMA_VIOLATION"


class ConstraintViolationError(OmegaError, ValueError):
    """1006: timestamps that do not increase, or prices that are not finite."""

    code = 1006
    name = "CONSTRAINT_VIOLATION"


class InvalidStateError(OmegaError, RuntimeError):
    """1007: an object that can no longer do this."""

    code = 1007
    name = "INVALID_STATE"


class InvalidFormatError(OmegaError, ValueError):
    """1009: text or a value that cannot be read as what it should be."""

    code = 1009
    name = "INVALID_FORMAT"


class EmptyInputError(OmegaError, ValueError):
    """1010: a file without even a header line."""

    code = 1010
    name = "EMPTY_INPUT"


class SizeMismatchError(OmegaError, ValueError):
    """1011: columns of different lengths or of more than one dimension."""

    code = 1011
    name = "SIZE_MISMATCH"


class InsufficientDataError(OmegaError, ValueError):
    """2008: fewer candles exist than were asked for."""

    code = 2008
    name = "INSUFFICIENT_DATA"


class InputOutputError(OmegaError, OSError):
    """3000: a file that cannot be read."""

    code = 3000
    name = "IO_ERROR"


class FileMissingError(OmegaError, FileNotFoundError):
    """3001: no such file."""

    code = 3001
    name = "FILE_NOT_FOUND"


class PermissionDeniedError(OmegaError, PermissionError):
    """3002: a file that this user may not read."""

    code = 3002
    name = "PERMISSION_DENIED"


class SerializationFailedError(OmegaError, ValueError):
    """3003: an object that cannot be written down."""

    code = 3003
    name = "SERIALIZATION_FAILED"


class DeserializationFailedError(OmegaError, ValueError):
    """3004: a pickle whose file no longer holds the same candles."""

    code = 3004
    name = "DESERIALIZATION_FAILED"


class InternalError(OmegaError, RuntimeError):
    """4000: a fault of this library."""

    code = 4000
    name = "INTERNAL_ERROR"


class FfiError(OmegaError, RuntimeError):
    """5000: the native library misbehaved at its boundary."""

    code = 5000
    name = "FFI_ERROR"


class FfiSchemaMismatchError(OmegaError, RuntimeError):
    """5004: the native library found is not the one this package was written for."""

    code = 5004
    name = "FFI_SCHEMA_MISMATCH"


class FfiPanicCaughtError(OmegaError, RuntimeError):
    """5005: the native library failed inside a call; it stays usable."""

    code = 5005
    name = "FFI_PANIC_CAUGHT"


class OutOfMemoryError(OmegaError, MemoryError):
    """6001: not enough memory."""

    code = 6001
    name = "OUT_OF_MEMORY"


class ResourceLimitExceededError(OmegaError, RuntimeError):
    """6004: a limit that was set is exceeded."""

    code = 6004
    name = "RESOURCE_LIMIT_EXCEEDED"


class NotBuiltInError(OmegaError, RuntimeError):
    """6005: something this installation does not have, such as the native library."""

    code = 6005
    name = "NOT_BUILT_IN"


_BY_CODE: dict[int, type[OmegaError]] = {kind.code: kind for kind in OmegaError.__subclasses__()}


def error_codes() -> dict[int, str]:
    """Every code and its name, 0 being OK.

    >>> error_codes()[2008]
    'INSUFFICIENT_DATA'
    """
    return {0: "OK", **{code: _BY_CODE[code].name for code in sorted(_BY_CODE)}}


def make_error(code: int, message: str) -> OmegaError:
    """The exception for `code`; a code that this package does not know is an `FfiError` naming it."""
    kind = _BY_CODE.get(code)
    if kind is None:
        return FfiError(f"unknown status {code}: {message}")
    return kind(message)
