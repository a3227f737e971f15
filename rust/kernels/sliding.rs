//! Sliding sums of integers on a grid, a vector of rows at a time: each vector's changes are summed up lane by lane
//! and added to what the vector before ended with. Integers do not round, so neither order nor width matters.

use super::exact::round_quotient;
use super::grid::Grid;
use super::rounding::{fast_two_sum, two_sum};
use super::simd::{Lanes, Work};

/// The rows that enter and leave the windows, as many of each as there are results.
pub(super) struct Slide<'a> {
    pub(super) grid: &'a Grid,
    pub(super) window: usize,
    pub(super) entering: &'a [f64],
    pub(super) leaving: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl<'a> Slide<'a> {
    /// The rows from `start` on, one for each of `out`; the window of the one before has been dealt with.
    pub(super) fn new(grid: &'a Grid, x: &'a [f64], start: usize, window: usize, out: &'a mut [f64]) -> Self {
        let end = start + out.len();
        Self { grid, window, entering: &x[start..end], leaving: &x[start - window..end - window], out }
    }
}

/// What is done with each vector of entering and leaving values. Not a closure: those would not have the
/// instructions of the loop around them.
trait Step<L: Lanes> {
    fn step(&mut self, lanes: L, new: L::F, old: L::F) -> L::F;
}

impl Slide<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L, step: &mut impl Step<L>) {
        let Self { entering, leaving, out, .. } = self;
        let n = out.len();
        let (entering, leaving) = (&entering[..n], &leaving[..n]);
        // A few rows first, so that no store lies across two lines of the cache; a few last.
        let head = ((out.as_ptr() as usize / 8).wrapping_neg() % L::N).min(n);
        let whole = n - (n - head) % L::N;
        for (from, to) in [(0, head), (whole, n)] {
            if from > 0 {
                for at in (head..whole).step_by(L::N) {
                    let result = step.step(lanes, lanes.load(entering, at), lanes.load(leaving, at));
                    lanes.store(out, at, result);
                }
            }
            // Beyond the end nothing enters or leaves.
            let (mut new, mut old, mut results) = ([0.0; 8], [0.0; 8], [0.0; 8]);
            new[..to - from].copy_from_slice(&entering[from..to]);
            old[..to - from].copy_from_slice(&leaving[from..to]);
            let result = step.step(lanes, lanes.load(&new, 0), lanes.load(&old, 0));
            lanes.store(&mut results, 0, result);
            out[from..to].copy_from_slice(&results[..to - from]);
        }
    }
}

/// A sum that is carried from vector to vector.
#[derive(Clone, Copy)]
struct Carried<L: Lanes>(L::I);

impl<L: Lanes> Carried<L> {
    /// The sums after each lane's change.
    #[inline(always)]
    fn step(&mut self, lanes: L, change: L::I) -> L::I {
        let scan = lanes.scan(change);
        let sums = lanes.add_integers(self.0, scan);
        self.0 = lanes.add_integers(self.0, lanes.last(scan));
        sums
    }
}

/// The sum of the integers of a window, and its sum or mean.
pub(super) fn first_sum<const MEAN: bool>(grid: &Grid, rows: &[f64]) -> (i64, f64) {
    let (scale, anchor) = (grid.scale(), grid.anchor);
    let sum = rows.iter().map(|&x| ((x - anchor) * scale) as i64).sum();
    let m = rows.len();
    let total = i128::from(sum) + m as i128 * i128::from(grid.integer_anchor());
    (sum, round_quotient(total, grid.exponent, if MEAN { m as u64 } else { 1 }))
}

/// Sums or means of the windows after one whose integers sum up to `sum`.
pub(super) struct Sums<'a, const MEAN: bool> {
    pub(super) slide: Slide<'a>,
    pub(super) sum: i64,
}

impl<const MEAN: bool> Work for Sums<'_, MEAN> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (grid, m) = (self.slide.grid, self.slide.window as f64);
        let mut step = SumStep::<L, MEAN> {
            sum: Carried(lanes.splat_integer(self.sum)),
            // 32 bits times 20: exact.
            anchors: lanes.splat(grid.anchor * grid.scale() * m),
            scale: lanes.splat(grid.scale()),
            unit: lanes.splat(grid.unit()),
            m: lanes.splat(m),
            inverse: lanes.splat(1.0 / m),
        };
        self.slide.run(lanes, &mut step);
    }
}

struct SumStep<L: Lanes, const MEAN: bool> {
    sum: Carried<L>,
    anchors: L::F,
    scale: L::F,
    unit: L::F,
    m: L::F,
    inverse: L::F,
}

impl<L: Lanes, const MEAN: bool> Step<L> for SumStep<L, MEAN> {
    #[inline(always)]
    fn step(&mut self, lanes: L, new: L::F, old: L::F) -> L::F {
        // Both are multiples of the unit, fewer than 2^51 apart.
        let change = lanes.integer(lanes.mul(lanes.sub(new, old), self.scale));
        let (high, low) = lanes.pair(self.sum.step(lanes, change));
        // The exact total: high part, its error and `low` are integers, the last two of few bits.
        let (total, error) = two_sum(lanes, self.anchors, high);
        let (total, rest) = fast_two_sum(lanes, total, lanes.add(error, low));
        if !MEAN {
            return lanes.mul(total, self.unit);
        }
        // A quotient that is off by little, and how much the exact total is above it. That remainder is a multiple
        // of the quotient's last place, so dividing it is exact where it is half a place.
        let quotient = lanes.mul(total, self.inverse);
        let remainder = lanes.add(lanes.remainder_of_short(total, quotient, self.m), rest);
        let correction = lanes.divide(remainder, self.m, self.inverse);
        lanes.mul(lanes.add(quotient, correction), self.unit)
    }
}
