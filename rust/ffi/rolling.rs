//! Rolling statistics: the exact value of each window, rounded once. `crate::kernels` says what each is.

use super::kernels::{OmegaNanPolicy, run, window_of};
use super::status::OmegaStatus;
use crate::kernels::{
    rolling_argmax, rolling_argmin, rolling_corr, rolling_cov, rolling_max, rolling_mean, rolling_min, rolling_std,
    rolling_sum, rolling_var, rolling_zscore,
};

/// The correctly rounded sum of each window; the infinity that rounding gives where it overflows.
///
/// The window of row i is the rows i - window + 1 to i that exist. One with fewer than min_periods values gives
/// NaN. An exact zero is 0.0. Threads: any; nobody else may touch out during the call. O(n) for any window and any
/// values, in scratch of O(window). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the value, unless
/// window is 1 to PTRDIFF_MAX and min_periods 1 to window, or naming the arrays that overlap.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_sum(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_sum(x, window, out)) }
    }
}

/// The correctly rounded mean of each window, also where the sum overflows.
///
/// The rest as omega_rolling_sum.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_mean(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_mean(x, window, out)) }
    }
}

/// The correctly rounded variance of each window of m values, with a divisor of m - ddof.
///
/// NaN for m <= ddof and for windows with an infinity. The rest as omega_rolling_sum.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_var(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    ddof: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_var(x, window, ddof, out)) }
    }
}

/// The square root of omega_rolling_var.
///
/// Where the variance overflows or underflows, so does this. The rest as omega_rolling_sum.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_std(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    ddof: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_std(x, window, ddof, out)) }
    }
}

/// (x - mean) / std of each row in its own window, each operation rounded once; NaN where std is 0.
///
/// The rest as omega_rolling_sum.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_zscore(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    ddof: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_zscore(x, window, ddof, out)) }
    }
}

/// The correctly rounded covariance of each window, with a divisor of m - ddof.
///
/// A row where either value is NaN counts as NaN. x and y may be the same. The rest as omega_rolling_var.
///
/// # Safety
/// `x` and `y` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_cov(
    x: *const f64,
    y: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    ddof: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x), ("y", y)], [("out", out)], |[x, y], [out]| rolling_cov(x, y, window, ddof, out)) }
    }
}

/// cov / (std_x * std_y) of each window, clamped to [-1, 1]; NaN where either std is 0.
///
/// x with itself may be 1 - 2^-53. The rest as omega_rolling_cov.
///
/// # Safety
/// `x` and `y` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_corr(
    x: *const f64,
    y: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    ddof: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x), ("y", y)], [("out", out)], |[x, y], [out]| rolling_corr(x, y, window, ddof, out)) }
    }
}

/// The smallest value of each window; of equal ones, the signed zeros too, the newest.
///
/// The rest as omega_rolling_sum.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_min(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_min(x, window, out)) }
    }
}

/// The largest value of each window; of equal ones, the signed zeros too, the newest.
///
/// The rest as omega_rolling_sum.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_max(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_max(x, window, out)) }
    }
}

/// How many rows before the current one the smallest value of each window is; of equal ones the newest.
///
/// The rest as omega_rolling_sum.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_argmin(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_argmin(x, window, out)) }
    }
}

/// How many rows before the current one the largest value of each window is; of equal ones the newest.
///
/// The rest as omega_rolling_sum.
///
/// # Safety
/// `x` must be readable and `out` writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_rolling_argmax(
    x: *const f64,
    n: usize,
    window: usize,
    min_periods: usize,
    nan: OmegaNanPolicy,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let window = window_of(window, min_periods, nan)?;
        // SAFETY: promised by the caller.
        unsafe { run(n, [("x", x)], [("out", out)], |[x], [out]| rolling_argmax(x, window, out)) }
    }
}
