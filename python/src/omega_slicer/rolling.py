"""Lookback kernels that are right to the last bit, and their streaming twins.

>>> from omega_slicer import rolling
>>> rolling.mean([1.0, 2.0, 4.0, 8.0], 2)
array([nan, 1.5, 3. , 6. ])
>>> rolling.std([1.1, 1e9, 1.1, 1.1], 2)       # a bad tick is gone once it has left the window
array([          nan, 7.0710678e+08, 7.0710678e+08, 0.0000000e+00])

Rolling sum, mean, var, cov, min and max are the correctly rounded values of the exact statistic of the
numbers inside the window: they depend neither on what came before nor on where the series starts, nor on
backend or machine. std, zscore, corr and bollinger are written compositions of those. The recurrences (ema,
wilder, rsi, atr, macd) depend on their first row; from the same one they have the same bits everywhere.

A series is anything `numpy.asarray` turns into numbers in one dimension, or in two: then each column is a
series, and the answer has the same shape. float32 and integers up to 2**53 are widened exactly; larger
integers, booleans and texts are refused (1004). Row i of an answer belongs to the window of rows i-window+1
to i; it is NaN with fewer than `min_periods` values (by default the window). `nan` is "propagate" (a NaN in
the window gives NaN; in a recurrence NaN from there on) or "skip" (NaNs are not counted; a recurrence
repeats its value). Infinities follow IEEE in sum and mean; var and cov of a window with one are NaN.

`out` is a float64 array for the answer, of its shape, contiguous if it has one dimension, and apart from the
inputs. `backend` is "auto", "native" or "python" for this call; `omega_slicer.set_backend("kernels", ...)`
chooses for all.
"""

# The names of builtins are meant to be used as `rolling.sum`.
# ruff: noqa: A004

from ._rolling_chains import (
    MacdLines,
    atr,
    diff,
    ema,
    log_returns,
    macd,
    returns,
    rsi,
    shift,
    true_range,
    wilder,
)
from ._rolling_windows import (
    BollingerBands,
    argmax,
    argmin,
    bollinger,
    corr,
    cov,
    max,
    mean,
    min,
    std,
    sum,
    var,
    zscore,
)
from ._stream_chains import (
    MacdPoint,
    StreamingAtr,
    StreamingDiff,
    StreamingEma,
    StreamingLogReturns,
    StreamingMacd,
    StreamingReturns,
    StreamingRsi,
    StreamingShift,
    StreamingTrueRange,
    StreamingWilder,
)
from ._stream_windows import (
    BollingerPoint,
    RollingArgmax,
    RollingArgmin,
    RollingBollinger,
    RollingCorr,
    RollingCov,
    RollingMax,
    RollingMean,
    RollingMin,
    RollingStd,
    RollingSum,
    RollingVar,
    RollingZscore,
)

__all__ = [
    "BollingerBands",
    "BollingerPoint",
    "MacdLines",
    "MacdPoint",
    "RollingArgmax",
    "RollingArgmin",
    "RollingBollinger",
    "RollingCorr",
    "RollingCov",
    "RollingMax",
    "RollingMean",
    "RollingMin",
    "RollingStd",
    "RollingSum",
    "RollingVar",
    "RollingZscore",
    "StreamingAtr",
    "StreamingDiff",
    "StreamingEma",
    "StreamingLogReturns",
    "StreamingMacd",
    "StreamingReturns",
    "StreamingRsi",
    "StreamingShift",
    "StreamingTrueRange",
    "StreamingWilder",
    "argmax",
    "argmin",
    "atr",
    "bollinger",
    "corr",
    "cov",
    "diff",
    "ema",
    "log_returns",
    "macd",
    "max",
    "mean",
    "min",
    "returns",
    "rsi",
    "shift",
    "std",
    "sum",
    "true_range",
    "var",
    "wilder",
    "zscore",
]

# Shown under the name people import them by.
for _name in __all__:
    globals()[_name].__module__ = __name__
del _name
