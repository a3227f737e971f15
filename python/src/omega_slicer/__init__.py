"""Candle series and the questions in time that a backtest asks of them at every bar.

>>> import omega_slicer as om
>>> prices = [1.0, 1.1, 1.2]
>>> series = om.CandleSeries.from_columns(
...     [0, 60_000_000, 120_000_000], prices, prices, prices, prices,
...     symbol="EURUSD", timeframe="M1", price_type="bid")
>>> om.SymbolDataSlicer(series).get_lookback(120_000_000, 2).close
array([1.1, 1.2])

A Rust library answers where it was built, NumPy elsewhere, with the same bits: `print(omega_slicer.status())`
says which and why.
"""

from . import _errors, _series_slice, rolling
from ._backend import FallbackWarning, set_backend
from ._candles import Candles
from ._counts import reset_counts
from ._errors import (
    ConstraintViolationError,
    DeserializationFailedError,
    EmptyInputError,
    FfiError,
    FfiPanicCaughtError,
    FfiSchemaMismatchError,
    FileMissingError,
    InputOutputError,
    InsufficientDataError,
    InternalError,
    InvalidArgumentError,
    InvalidFormatError,
    InvalidStateError,
    NotBuiltInError,
    NullPointerError,
    OmegaError,
    OutOfBoundsError,
    OutOfMemoryError,
    PermissionDeniedError,
    ResourceLimitExceededError,
    SchemaViolationError,
    SerializationFailedError,
    SizeMismatchError,
    TypeMismatchError,
    error_codes,
)
from ._guard.commands import incidents, reenable, rollback
from ._guard.incidents import Incident
from ._guard.shadow import set_shadow
from ._guard.verify import Report, verify
from ._list_slice import CandleSet
from ._model import Candle, PriceType
from ._multi_symbol import MultiSymbolSlice
from ._quality import PairQuality, Quality
from ._series import CandleSeries, read_csv
from ._slicer import SymbolDataSlicer
from ._status import LibraryStatus, ModuleStatus, ShadowStatus, Status, status
from ._symbol_slice import MarketSlice, SymbolDataSlice
from ._time import parse_timestamp
from ._timeframes import align, resample
from ._version import __version__
from .timeframe import Timeframe

__all__ = [
    "Candle",
    "CandleSeries",
    "CandleSet",
    "Candles",
    "ConstraintViolationError",
    "DeserializationFailedError",
    "EmptyInputError",
    "FallbackWarning",
    "FfiError",
    "FfiPanicCaughtError",
    "FfiSchemaMismatchError",
    "FileMissingError",
    "Incident",
    "InputOutputError",
    "InsufficientDataError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidFormatError",
    "InvalidStateError",
    "LibraryStatus",
    "MarketSlice",
    "ModuleStatus",
    "MultiSymbolSlice",
    "NotBuiltInError",
    "NullPointerError",
    "OmegaError",
    "OutOfBoundsError",
    "OutOfMemoryError",
    "PairQuality",
    "PermissionDeniedError",
    "PriceType",
    "Quality",
    "Report",
    "ResourceLimitExceededError",
    "SchemaViolationError",
    "SerializationFailedError",
    "ShadowStatus",
    "SizeMismatchError",
    "Status",
    "SymbolDataSlice",
    "SymbolDataSlicer",
    "Timeframe",
    "TypeMismatchError",
    "__version__",
    "align",
    "error_codes",
    "incidents",
    "parse_timestamp",
    "read_csv",
    "reenable",
    "resample",
    "reset_counts",
    "rollback",
    "rolling",
    "set_backend",
    "set_shadow",
    "status",
    "verify",
]

# Imported for what that does: the walk over series names itself to SymbolDataSlice.
del _series_slice
# Errors are shown and pickled under the name people import them by.
for _name in _errors.__all__:
    if isinstance(getattr(_errors, _name), type):
        getattr(_errors, _name).__module__ = __name__
del _name
