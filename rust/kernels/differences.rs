//! Kernels of single rows and an earlier one: no state, so no NaN policy.

use super::logarithm::{Quotients, ln};
use super::simd::{Lanes, Work, dispatch};
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
    let (now, before, out) = aligned(x, period, out)?;
    dispatch(Returns { now, before, out });
    Ok(())
}

/// `ln(x[i] / x[i - period])`, the quotient rounded, then its logarithm; NaN in the first `period` rows.
///
/// # Errors
/// As [`diff`].
pub fn log_returns(x: &[f64], period: usize, out: &mut [f64]) -> Result<(), Error> {
    check_period("period", period)?;
    let (now, before, out) = aligned(x, period, out)?;
    dispatch(Quotients { now, before, out });
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
    let (now, before, out) = aligned(x, period, out)?;
    for ((out, &now), &before) in out.iter_mut().zip(now).zip(before) {
        *out = kernel(now, before);
    }
    Ok(())
}

/// The rows that have an earlier one, those earlier ones, and where their results go.
type Aligned<'x, 'out> = (&'x [f64], &'x [f64], &'out mut [f64]);

/// `x` beside itself `period` rows before. The results of rows without an earlier one are NaN.
fn aligned<'x, 'out>(x: &'x [f64], period: usize, out: &'out mut [f64]) -> Result<Aligned<'x, 'out>, Error> {
    same_length("out", out.len(), x.len())?;
    let (head, tail) = out.split_at_mut(period.min(x.len()));
    head.fill(f64::NAN);
    Ok((&x[head.len()..], &x[..tail.len()], tail))
}

/// Simple returns: the wider the vector, the less a division costs. The other kernels here wait for memory alone.
struct Returns<'a> {
    now: &'a [f64],
    before: &'a [f64],
    out: &'a mut [f64],
}

impl Work for Returns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let whole = if L::REGISTERS { self.out.len() / L::N * L::N } else { 0 };
        for at in (0..whole).step_by(L::N) {
            let quotient = lanes.quotient(lanes.load(self.now, at), lanes.load(self.before, at));
            lanes.store(self.out, at, lanes.sub(quotient, lanes.splat(1.0)));
        }
        for ((out, &now), &before) in self.out[whole..].iter_mut().zip(&self.now[whole..]).zip(&self.before[whole..]) {
            *out = simple_return(now, before);
        }
    }
}
