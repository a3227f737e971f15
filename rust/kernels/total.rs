//! The sum of a slice, exact until it is rounded once: what the volume of a longer candle is.
//!
//! A pair of doubles holds the sums of nearly all volumes exactly, and knows when it does not; then the wide sum
//! of the rolling kernels takes over. Lanes only reorder an exact sum, so they are never seen in a result.

use super::statistics::{Statistic, Sum};
use super::{NanPolicy, Window};

/// As many as the registers of any machine hold with all that belongs to them.
const LANES: usize = 4;
/// Fewer values than this are added one by one: bringing lanes together costs as much.
const FEW: usize = 16;

/// The correctly rounded sum of the values that are not NaN; NaN where all are. O(n).
pub(crate) fn total(x: &[f64]) -> f64 {
    let mut sum = Pair::ZERO;
    let mut rest = x;
    if x.len() >= FEW {
        let mut lanes = [Pair::ZERO; LANES];
        let mut chunks = x.chunks_exact(LANES);
        for chunk in &mut chunks {
            for (pair, &x) in lanes.iter_mut().zip(chunk) {
                pair.add(x);
            }
        }
        rest = chunks.remainder();
        for pair in lanes {
            sum.add(pair.high);
            sum.add(pair.low);
            sum.lost |= pair.lost;
        }
        // The zeros of lanes without a value are none.
        sum.known = lanes.iter().fold(0, |known, pair| known | pair.known);
    }
    for &x in rest {
        sum.add(x);
    }
    match (sum.known != 0, sum.lost << 1 == 0) {
        (false, _) => f64::NAN,
        (true, true) => sum.high + sum.low,
        (true, false) => wide(x),
    }
}

/// An exact sum, `high + low`, as long as no bit of `lost` is set.
#[derive(Clone, Copy)]
struct Pair {
    high: f64,
    low: f64,
    /// The bits of what even the pair could not hold, its sign aside.
    lost: u64,
    /// Not 0 once there was a value.
    known: u64,
}

impl Pair {
    const ZERO: Self = Self { high: 0.0, low: 0.0, lost: 0, known: 0 };

    #[inline(always)]
    fn add(&mut self, x: f64) {
        let known = if x.is_nan() { 0 } else { u64::MAX };
        let (high, error) = two_sum(self.high, f64::from_bits(x.to_bits() & known));
        let (low, lost) = two_sum(self.low, error);
        // An infinity, or an overflow on the way, makes an error that is no number.
        *self = Self { high, low, lost: self.lost | lost.to_bits(), known: self.known | known };
    }
}

/// The sum rounded, and what the rounding took away.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_in_sum = sum - a;
    (sum, (a - (sum - b_in_sum)) + (b - b_in_sum))
}

#[cold]
#[inline(never)]
fn wide(x: &[f64]) -> f64 {
    let window = Window { len: x.len(), min_periods: 1, nan: NanPolicy::Skip };
    let mut sum = Sum::<false>::new();
    for &x in x {
        sum.add(x);
    }
    sum.value(&window)
}
