//! Recurrences, indicators, and kernels of a row and an earlier one. `crate::kernels` says what each is.

use super::arguments::{Span, array, outputs};
use super::kernels::{OmegaNanPolicy, drill, policy_of, run, window_of};
use super::status::{Failure, OmegaStatus};
use crate::error::ErrorCode;
use crate::kernels::{
    MacdPeriods, atr, bollinger, diff, ema, log_returns, macd, returns, rsi, shift, true_range, wilder,
};

/// The exponential moving average for each of count periods: out holds count columns of n values.
///
/// The first value seeds; then (b*e) + (a*x) with a = 2 / (period + 1) and b = 1 - a, each operation rounded once.
/// Threads: any; nobody else may touch out during the call. O(n x count); allocates nothing per row. Errors:
/// OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the value, unless each period is 1 to PTRDIFF_MAX, or naming
/// the arrays that overlap.
///
/// # Safety
/// `x` must be readable for `n` values, `periods` for `count`, and `out` writable for `n * count`, for the length
/// of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_ema(
    x: *const f64,
    n: usize,
    periods: *const usize,
    count: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        let (x, periods) = unsafe { (array(x, n, "x")?, array(periods, count, "periods")?) };
        let nan = policy_of(nan)?;
        let cells = n.checked_mul(count).ok_or_else(|| {
            Failure::new(ErrorCode::InvalidArgument, format!("{count} columns of {n} rows are not addressable"))
        })?;
        // SAFETY: promised by the caller.
        let mut out = unsafe { outputs([("out", out)], cells, &[("x", Span::of(x)), ("periods", Span::of(periods))]) }?;
        ema(x, periods, nan, out[0])?;
        drill(&mut out);
        Ok(())
    }
}

/// Wilder's average: the mean of the first period values at the row of the last of them, NaN before, then as
/// omega_ema with a = 1 / period.
///
/// Threads: any; nobody else may touch out during the call. O(n). Errors: OMEGA_NULL_POINTER;
/// OMEGA_INVALID_ARGUMENT naming the value, unless period is 1 to PTRDIFF_MAX, or naming the arrays that overlap.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_wilder(
    x: *const f64,
    n: usize,
    period: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let nan = policy_of(nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| wilder(x, period, nan, out)) }
    }
}

/// The relative strength index: 100 * (gain / (gain + loss)) of Wilder's averages of the gains and of the losses
/// from row to row; 100 without loss, 50 without either. NaN before row period.
///
/// The rest as omega_wilder.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rsi(
    x: *const f64,
    n: usize,
    period: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let nan = policy_of(nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rsi(x, period, nan, out)) }
    }
}

/// The largest of high - low, abs(high - close') and abs(low - close') with the close of the row before;
/// high - low in row 0. NaN if any of them is.
///
/// Threads: any; nobody else may touch out during the call. O(n). Errors: OMEGA_NULL_POINTER;
/// OMEGA_INVALID_ARGUMENT naming the arrays that overlap.
///
/// # Safety
/// `high`, `low` and `close` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_true_range(
    high: *const f64,
    low: *const f64,
    close: *const f64,
    n: usize,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let bars = [("high", high), ("low", low), ("close", close)];
        // SAFETY: promised by the caller.
        unsafe { run(n, bars, [("out", out)], |[high, low, close], [out]| true_range(high, low, close, out)) }
    }
}

/// omega_wilder of omega_true_range from row 0; NaN before row period - 1.
///
/// A bar with any NaN counts as NaN. The rest as omega_wilder.
///
/// # Safety
/// `high`, `low` and `close` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_atr(
    high: *const f64,
    low: *const f64,
    close: *const f64,
    n: usize,
    period: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let nan = policy_of(nan)?;
        let bars = [("high", high), ("low", low), ("close", close)];
        // SAFETY: promised by the caller.
        unsafe { run(n, bars, [("out", out)], |[high, low, close], [out]| atr(high, low, close, period, nan, out)) }
    }
}

/// Moving average convergence and divergence: macd = ema(fast) - ema(slow), signal_line = ema(signal) of that,
/// histogram = macd - signal_line. All start at row 0.
///
/// The rest as omega_wilder, with three periods and three outputs.
///
/// # Safety
/// `x` must be readable and `macd`, `signal_line` and `histogram` writable for `n` values, for the length of the
/// call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_macd(
    x: *const f64,
    n: usize,
    fast: usize,
    slow: usize,
    signal: usize,
    nan: OmegaNanPolicy,
    macd: *mut f64,
    signal_line: *mut f64,
    histogram: *mut f64,
) -> OmegaStatus {
    guard! {
        let (periods, nan) = (MacdPeriods { fast, slow, signal }, policy_of(nan)?);
        let out = [("macd", macd), ("signal_line", signal_line), ("histogram", histogram)];
        // SAFETY: promised by the caller.
        unsafe {
            run(n, [("x", x)], out, |[x], [macd, signal_line, histogram]| {
                self::macd(x, periods, nan, macd, signal_line, histogram)
            })
        }
    }
}

/// omega_rolling_mean, and width times omega_rolling_std above and below it.
///
/// The rest as omega_rolling_var, with three outputs. Any width is allowed.
///
/// # Safety
/// `x` must be readable and `middle`, `upper` and `lower` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_bollinger(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    ddof: usize,
    width: f64,
    nan: OmegaNanPolicy,
    middle: *mut f64,
    upper: *mut f64,
    lower: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        let out = [("middle", middle), ("upper", upper), ("lower", lower)];
        // SAFETY: promised by the caller.
        unsafe {
            run(n, [("x", x)], out, |[x], [middle, upper, lower]| {
                bollinger(x, window, width, ddof, middle, upper, lower)
            })
        }
    }
}

/// x - x' with x' the value period rows before; NaN in the first period rows.
///
/// A NaN gives NaN in the rows that look at it. Threads: any; nobody else may touch out during the call. O(n).
/// Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the value, unless period is 1 to PTRDIFF_MAX, or
/// naming the arrays that overlap.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_diff(x: *const f64, n: usize, period: usize, out: *mut f64) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| diff(x, period, out)) }
    }
}

/// (x / x') - 1 with x' the value period rows before; NaN in the first period rows.
///
/// The rest as omega_diff.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_returns(x: *const f64, n: usize, period: usize, out: *mut f64) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| returns(x, period, out)) }
    }
}

/// The correctly rounded natural logarithm of the rounded x / x' with x' the value period rows before; NaN in the
/// first period rows.
///
/// The rest as omega_diff.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_log_returns(x: *const f64, n: usize, period: usize, out: *mut f64) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| log_returns(x, period, out)) }
    }
}

/// The value period rows before, the past brought forward; NaN in the first period rows. 0 rows before is a copy.
///
/// The rest as omega_diff; any period is allowed.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_shift(x: *const f64, n: usize, period: usize, out: *mut f64) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| shift(x, period, out)) }
    }
}
