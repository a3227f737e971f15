//! Lookback kernels that are right to the last bit: rolling statistics, recurrences, and their streaming twins.
//!
//! **The law.** Rolling sum, mean, var, cov, min and max are the correctly rounded values of the exact statistic
//! of the numbers inside the window: they depend neither on what came before nor on where the series starts,
//! nor on the instruction set. std, zscore, corr and the indicators are written compositions of those, so they
//! inherit it. A recurrence depends on its first row; from the same first row it has the same bits everywhere.
//!
//! The window of row `i` is the rows `i-len+1..=i` that exist; `m` is the number of values counted in it.
//!
//! | kernel | value |
//! |---|---|
//! | sum, mean | RN(Sx), RN(Sx / m) of the exact sum; the sum may overflow where the mean does not |
//! | var, cov | RN((m*Sxx - Sx^2) / (m*(m - ddof))), RN((m*Sxy - Sx*Sy) / (m*(m - ddof))); NaN for m <= ddof |
//! | std | sqrt(var) of the rounded var, which may overflow or underflow where a std need not |
//! | zscore | (x - mean) / std, each operation rounded once; NaN where std is 0 |
//! | corr | cov / (std_x * std_y), clamped to [-1, 1]; NaN where either std is 0; corr(x, x) may be 1 - 2^-53 |
//! | min, max | exact; of equal values, the signed zeros too, the newest |
//! | argmin, argmax | rows back from the current one, of equal values the fewest |
//! | bollinger | middle = mean, upper and lower = mean ± (width * std) |
//! | ema | the first value seeds; then (b*e) + (a*x) with a = 2/(period+1), b = 1-a; never fused |
//! | wilder | mean of the first `period` values, at the row of the last of them; then as ema with a = 1/period |
//! | rsi | wilder of the gains and of the losses of successive rows: 100 * (gain / (gain + loss)); 100 without loss, 50 without either |
//! | true_range | max(high-low, abs(high-close'), abs(low-close')) with close' of the row before; high-low in row 0 |
//! | atr | wilder of true_range from row 0 |
//! | macd | ema(fast) - ema(slow), its ema(signal), and their difference |
//! | diff, returns, log_returns, shift | x - x', (x / x') - 1, ln(x / x'), x' with x' `period` rows before; NaN without one |
//!
//! RN rounds to nearest, ties to even. An exact zero is `+0.0`; a negative mean, var or cov too small for the
//! subnormals is `-0.0`, as rounding gives it. The natural logarithm is correctly rounded, too.
//!
//! **Missing values.** Windows with fewer than `min_periods` values give NaN. Under [`NanPolicy::Propagate`] a NaN
//! gives NaN as long as it is in the window, and for ever in a recurrence. Under [`NanPolicy::Skip`] NaNs are not
//! counted; a recurrence treats such a row as if it were not there and repeats its last value. A row of two or
//! three series counts as NaN if any of them is. zscore of a NaN row is NaN, and `true_range`, `diff`, `returns`,
//! `log_returns` and `shift` look at single rows: there a NaN gives NaN and no policy applies.
//!
//! **Infinities.** Sum and mean follow IEEE on the set (both infinities: NaN); var and cov of a window with one
//! are NaN; min and max compare them. Once it has left the window, results are exact again. Recurrences are
//! plain arithmetic: one that has become NaN stays so.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::doc_markdown,
    clippy::float_cmp,
    clippy::inline_always,
    clippy::many_single_char_names,
    clippy::similar_names,
    reason = "exact arithmetic moves between integers and doubles on purpose, and its prose is full of formulas"
)]

mod centred_spread;
mod differences;
mod digits;
mod divisor;
mod exact;
mod extrema;
mod extremes;
mod fixed;
mod grid;
mod indicator_chains;
mod indicators;
mod limbs;
mod logarithm;
mod moments;
mod narrow;
mod narrow_moments;
mod recurrences;
mod rounding;
mod segments;
mod simd;
mod sliding;
mod sliding_spread;
mod speculation;
mod spread;
mod statistics;
mod streaming;
mod sums;
mod total;
mod wide;

pub use differences::{diff, log_returns, returns, shift};
pub use extrema::{rolling_argmax, rolling_argmin, rolling_max, rolling_min};
pub use grid::{Paths, take_paths};
pub use indicators::{Bands, Macd, MacdPeriods, atr, bollinger, macd, rsi, true_range};
pub use moments::{rolling_corr, rolling_cov, rolling_std, rolling_var, rolling_zscore};
pub use recurrences::{ema, wilder};
pub use simd::Isa;
#[doc(hidden)]
pub use speculation::{Segments, take_segments};
pub use streaming::{
    RollingArgmax, RollingArgmin, RollingBollinger, RollingCorr, RollingCov, RollingMax, RollingMean, RollingMin,
    RollingStd, RollingSum, RollingVar, RollingZscore,
};
pub use streaming::{
    StreamingAtr, StreamingDiff, StreamingEma, StreamingLogReturns, StreamingMacd, StreamingReturns, StreamingRsi,
    StreamingShift, StreamingTrueRange, StreamingWilder,
};
pub use sums::{rolling_mean, rolling_sum};

pub(crate) use total::total;

use std::ops::Range;

use crate::error::Error;

/// What a NaN does to the results near it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NanPolicy {
    /// A NaN in the window gives NaN; in a recurrence NaN from there on.
    #[default]
    Propagate,
    /// NaNs are not counted; a recurrence carries its value.
    Skip,
}

/// The rows that a rolling kernel looks at, and how many values it wants among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Rows, the current one included: 1 to `isize::MAX`.
    pub len: usize,
    /// Fewer values than this give NaN: 1 to `len`.
    pub min_periods: usize,
    /// What a NaN does.
    pub nan: NanPolicy,
}

impl Window {
    /// A full window of `len` rows, without a NaN.
    #[must_use]
    pub const fn new(len: usize) -> Self {
        Self { len, min_periods: len, nan: NanPolicy::Propagate }
    }

    /// The same with results from `min_periods` values on.
    #[must_use]
    pub const fn min_periods(self, min_periods: usize) -> Self {
        Self { min_periods, ..self }
    }

    /// The same with another treatment of NaNs.
    #[must_use]
    pub const fn nan(self, nan: NanPolicy) -> Self {
        Self { nan, ..self }
    }

    fn check(&self) -> Result<(), Error> {
        if self.len == 0 || self.len > isize::MAX as usize {
            return Err(Error::InvalidArgument(format!("window is {}, not 1 to {}", self.len, isize::MAX)));
        }
        if self.min_periods == 0 || self.min_periods > self.len {
            let Self { len, min_periods, .. } = self;
            return Err(Error::InvalidArgument(format!("min_periods is {min_periods}, not 1 to the window of {len}")));
        }
        Ok(())
    }

    /// The first row of the window of row `i`.
    const fn start(&self, i: usize) -> usize {
        (i + 1).saturating_sub(self.len)
    }
}

/// Runs a kernel on each of the contiguous columns of `x`, `rows` values each, into the same place of `out`.
///
/// ```
/// use omega_slicer::kernels::{Window, columns, rolling_max};
/// let (x, mut out) = ([1.0, 3.0, 2.0, 8.0, 4.0, 6.0], [0.0; 6]);
/// columns(3, &x, &mut out, |x, out| rolling_max(x, Window::new(1), out))?;
/// assert_eq!(x, out);
/// # Ok::<(), omega_slicer::Error>(())
/// ```
///
/// # Errors
/// 1011 if `x` is not whole columns or `out` differs in length; whatever the kernel returns.
pub fn columns<F>(rows: usize, x: &[f64], out: &mut [f64], mut kernel: F) -> Result<(), Error>
where
    F: FnMut(&[f64], &mut [f64]) -> Result<(), Error>,
{
    same_length("out", out.len(), x.len())?;
    if rows == 0 || !x.len().is_multiple_of(rows) {
        let columns = x.len().checked_div(rows).unwrap_or(0);
        return same_length("x", x.len(), columns * rows);
    }
    x.chunks_exact(rows).zip(out.chunks_exact_mut(rows)).try_for_each(|(x, out)| kernel(x, out))
}

fn same_length(name: &'static str, len: usize, expected: usize) -> Result<(), Error> {
    if len == expected { Ok(()) } else { Err(Error::LengthMismatch { name, len, expected }) }
}

fn check_period(name: &str, period: usize) -> Result<(), Error> {
    if period == 0 || period > isize::MAX as usize {
        return Err(Error::InvalidArgument(format!("{name} is {period}, not 1 to {}", isize::MAX)));
    }
    Ok(())
}

/// Rows that are worked on together: long enough to make little of what is done once for each, short enough
/// to stay in the nearest caches, and many windows: the first of each lane is summed up before any slides. Of long
/// windows fewer, since the further values wander the fewer fit one grid.
fn blocks(rows: Range<usize>, window: usize) -> impl Iterator<Item = Range<usize>> {
    let many = window.saturating_mul(48).clamp(4096, 1 << 18);
    let len = many.max(window.saturating_mul(12));
    rows.clone().step_by(len).map(move |start| start..start.saturating_add(len).min(rows.end))
}
