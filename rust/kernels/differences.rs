//! Kernels of single rows and an earlier one: no state, so no NaN policy.

use super::logarithm::{Quotients, ln};
use super::simd::dispatch;
use super::{check_period, same_length};
use crate::error::Error;

/// `x[i] - x[i - period]`; NaN in the first `period` rows.
///
/// # Errors
/// 1001 for a period of 0; 1011 if `out` differs from `x` in length.
pub fn diff(x: &[f64], period: usize, out: &mut [f64]) -> Result<(), Error> {
    check_period("period", period)?;
    lagged(x, period, out, difference)
}

/// `(x[i] / x[i - period]) - 1`; NaN in the first `period` rows.
///
/// # Errors
/// As [`diff`].
pub fn returns(x: &[f64], period: usize, out: &mut [f64]) -> Result<(), Error> {
    check_period("period", period)?;
    lagged(x, period, out, simple_return)
}

/// `ln(x[i] / x[i - period])`, the quotient rounded, then its logarithm; NaN in the first `period` rows.
///
/// # Errors
/// As [`diff`].
pub fn log_returns(x: &[f64], period: usize, out: &mut [f64]) -> Result<(), Error> {
    check_period("period", period)?;
    same_length("out", out.len(), x.len())?;
    let (head, tail) = out.split_at_mut(period.min(x.len()));
    head.fill(f64::NAN);
    dispatch(Quotients { now: &x[head.len()..], before: &x[..tail.len()], out: tail });
    Ok(())
}

/// `x[i - rows]`, the past brought forward; NaN in the first `rows` rows. There is no way to look ahead.
///
/// # Errors
/// 1011 if `out` differs from `x` in length.
pub fn shift(x: &[f64], rows: usize, out: &mut [f64]) -> Result<(), Error> {
    lagged(x, rows, out, |_, before| before)
}

pub(super) fn difference(now: f64, before: f64) -> f64 {
    now - before
}

pub(super) fn simple_return(now: f64, before: f64) -> f64 {
    (now / before) - 1.0
}

pub(super) fn log_return(now: f64, before: f64) -> f64 {
    ln(now / before)
}

fn lagged(x: &[f64], period: usize, out: &mut [f64], kernel: impl Fn(f64, f64) -> f64) -> Result<(), Error> {
    same_length("out", out.len(), x.len())?;
    let (head, tail) = out.split_at_mut(period.min(x.len()));
    head.fill(f64::NAN);
    for ((out, &now), &before) in tail.iter_mut().zip(&x[head.len()..]).zip(x) {
        *out = kernel(now, before);
    }
    Ok(())
}
