//! Exponential moving averages: chains in which every row depends on the one before, each operation rounded
//! once in the written order. Nothing here may be reordered or fused.

use super::statistics::{Statistic, Sum};
use super::{NanPolicy, Window, check_period, same_length};
use crate::error::Error;

/// The exponential moving average with a = 2/(period+1): the first value seeds, then `(b*e) + (a*x)`.
/// `out` holds one column for each of `periods`, one after the other, each as long as `x`.
///
/// ```
/// use omega_slicer::kernels::{NanPolicy, ema};
/// let mut out = [0.0; 4];
/// ema(&[4.0, 8.0], &[1, 3], NanPolicy::Propagate, &mut out)?;
/// assert_eq!(out, [4.0, 8.0, 4.0, 6.0]);
/// # Ok::<(), omega_slicer::Error>(())
/// ```
///
/// # Errors
/// 1001 for a period of 0; 1011 if `out` is not `periods.len() * x.len()` values.
pub fn ema(x: &[f64], periods: &[usize], nan: NanPolicy, out: &mut [f64]) -> Result<(), Error> {
    for &period in periods {
        check_period("period", period)?;
    }
    same_length("out", out.len(), x.len().saturating_mul(periods.len()))?;
    if x.is_empty() {
        return Ok(());
    }
    for (&period, out) in periods.iter().zip(out.chunks_exact_mut(x.len())) {
        let mut chain = Chain::ema(period, nan);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = chain.push(x);
        }
    }
    Ok(())
}

/// Wilder's average with a = 1/period: the mean of the first `period` values at the row of the last of them,
/// NaN before, then `(b*e) + (a*x)`.
///
/// # Errors
/// 1001 for a period of 0; 1011 if `out` differs from `x` in length.
pub fn wilder(x: &[f64], period: usize, nan: NanPolicy, out: &mut [f64]) -> Result<(), Error> {
    check_period("period", period)?;
    same_length("out", out.len(), x.len())?;
    let mut chain = WilderChain::new(period, nan);
    for (out, &x) in out.iter_mut().zip(x) {
        *out = chain.push(x);
    }
    Ok(())
}

/// `(b*e) + (a*x)`, row after row.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    a: f64,
    b: f64,
    skip: bool,
    started: bool,
    pub(super) value: f64,
}

impl Chain {
    fn new(a: f64, nan: NanPolicy) -> Self {
        Self { a, b: 1.0 - a, skip: nan == NanPolicy::Skip, started: false, value: f64::NAN }
    }

    pub(super) fn ema(period: usize, nan: NanPolicy) -> Self {
        Self::new(2.0 / (period as f64 + 1.0), nan)
    }

    #[inline]
    pub(super) fn push(&mut self, x: f64) -> f64 {
        if !(self.skip && x.is_nan()) {
            self.value = if self.started { (self.b * self.value) + (self.a * x) } else { x };
            self.started = true;
        }
        self.value
    }
}

/// A chain whose seed is the mean of its first values.
#[derive(Clone)]
pub(super) struct WilderChain {
    seed: Sum<true>,
    wanted: usize,
    period: usize,
    chain: Chain,
}

impl WilderChain {
    pub(super) fn new(period: usize, nan: NanPolicy) -> Self {
        Self { seed: Sum::new(), wanted: period, period, chain: Chain::new(1.0 / period as f64, nan) }
    }

    #[inline]
    pub(super) fn push(&mut self, x: f64) -> f64 {
        if self.wanted == 0 {
            return self.chain.push(x);
        }
        if !(self.chain.skip && x.is_nan()) {
            self.seed.add(x);
            self.wanted -= 1;
            if self.wanted == 0 {
                self.chain.push(self.seed.value(&Window::new(self.period)));
                self.chain.started = true;
            }
        }
        self.chain.value
    }
}
