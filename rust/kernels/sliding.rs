//! Sliding sums of integers on a grid, a vector of rows at a time: each vector's changes are summed up lane by lane
//! and added to what the vector before ended with. Integers do not round, so neither order nor width matters.

use super::exact::round_quotient;
use super::grid::Grid;
use super::rounding::lane_values;
use super::simd::{Lanes, Work, load_some};

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

/// The first window and its sum or mean: the sum of its integers, with their anchors.
pub(super) struct FirstSum<'a, const MEAN: bool> {
    pub(super) grid: &'a Grid,
    pub(super) rows: &'a [f64],
}

impl<const MEAN: bool> Work for FirstSum<'_, MEAN> {
    type Output = (i128, f64);

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self { grid, rows } = self;
        let (scale, anchor) = (lanes.splat(grid.scale()), lanes.splat(grid.anchor));
        let mut sum = lanes.splat_integer(0);
        for at in (0..rows.len()).step_by(L::N) {
            let rows = load_some(lanes, rows, at, grid.anchor);
            sum = lanes.add_integers(sum, lanes.integer(lanes.mul(lanes.sub(rows, anchor), scale)));
        }
        let sum: i64 = lane_values(lanes, sum)[..L::N].iter().sum();
        let m = rows.len();
        let total = i128::from(sum) + m as i128 * i128::from(grid.integer_anchor());
        (total, round_quotient(total, grid.exponent, if MEAN { m as u64 } else { 1 }))
    }
}

/// Sums or means of the windows after one whose integers, with their anchors, sum up to `total`.
pub(super) struct Sums<'a, const MEAN: bool> {
    pub(super) slide: Slide<'a>,
    pub(super) total: i128,
}

impl<const MEAN: bool> Work for Sums<'_, MEAN> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (grid, window) = (self.slide.grid, self.slide.window);
        let anchors = window as i128 * i128::from(grid.integer_anchor());
        let most = anchors.abs() + (grid.largest * window as f64) as i128;
        let rounding = Rounding::<L, MEAN>::new(lanes, window, grid);
        let scale = lanes.splat(grid.scale());
        if most < 1 << 62 {
            let sum = Carried(lanes.splat_integer(self.total as i64));
            self.slide.run(lanes, &mut ShortStep { sum, scale, rounding });
        } else {
            // What the sums are cut by: no total, to a multiple of this, has more than 53 bits, and the anchors are one,
            // as the count has 21 bits at most. The sums themselves have 62, so what is left of them has 53.
            let places = i128::BITS - most.leading_zeros() - 53;
            let sum = Carried(lanes.splat_integer((self.total - anchors) as i64));
            // 32 bits times 21: exact.
            let anchors = lanes.splat(anchors as f64);
            let below = lanes.splat_integer((1 << places) - 1);
            self.slide.run(lanes, &mut LongStep { sum, scale, anchors, below, rounding });
        }
    }
}

/// Makes the sum or mean of a total that is known exactly.
struct Rounding<L: Lanes, const MEAN: bool> {
    unit: L::F,
    /// The number of rows and its inverse, in units; the inverse also as its first 26 bits and the rest.
    m: L::F,
    inverse: L::F,
    upper: L::F,
    lower: L::F,
}

impl<L: Lanes, const MEAN: bool> Rounding<L, MEAN> {
    #[inline(always)]
    fn new(lanes: L, window: usize, grid: &Grid) -> Self {
        let (m, unit) = (window as f64, grid.unit());
        let inverse = 1.0 / m;
        let upper = f64::from_bits(inverse.to_bits() & !0x7ff_ffff);
        // 26 bits times 20 or 21, taken from 1: exact.
        let lower = (1.0 - upper * m) / m;
        Self {
            unit: lanes.splat(unit),
            m: lanes.splat(m * grid.scale()),
            inverse: lanes.splat(inverse * unit),
            upper: lanes.splat(upper * unit),
            lower: lanes.splat(lower * unit),
        }
    }

    /// The mean of the exact total `high + low`, both of them integers, `low` less than two places of `high`.
    ///
    /// The quotient is off by fewer than four of its last places, of which the remainder is a multiple, or of the
    /// unit where that is less: an integer of 26 bits at most. So its product with the upper part of the inverse is
    /// exact, the correction as good as rounded once, and where half a place is missing it is that.
    #[inline(always)]
    fn mean(&self, lanes: L, high: L::F, low: L::F) -> L::F {
        let quotient = lanes.mul(high, self.inverse);
        let remainder = lanes.add(lanes.remainder_of_short(high, quotient, self.m), low);
        let correction = lanes.scale(remainder, self.upper, lanes.mul(remainder, self.lower));
        lanes.add(quotient, correction)
    }
}

/// Totals that fit a lane.
struct ShortStep<L: Lanes, const MEAN: bool> {
    sum: Carried<L>,
    scale: L::F,
    rounding: Rounding<L, MEAN>,
}

impl<L: Lanes, const MEAN: bool> Step<L> for ShortStep<L, MEAN> {
    #[inline(always)]
    fn step(&mut self, lanes: L, new: L::F, old: L::F) -> L::F {
        let total = self.sum.step(lanes, change(lanes, new, old, self.scale));
        if !MEAN {
            return lanes.mul(lanes.nearest(total), self.rounding.unit);
        }
        let (high, low) = lanes.pair(total);
        self.rounding.mean(lanes, high, low)
    }
}

/// Totals that do not, for their anchors: these and the upper places of a sum are exact as a double.
struct LongStep<L: Lanes, const MEAN: bool> {
    sum: Carried<L>,
    scale: L::F,
    anchors: L::F,
    below: L::I,
    rounding: Rounding<L, MEAN>,
}

impl<L: Lanes, const MEAN: bool> Step<L> for LongStep<L, MEAN> {
    #[inline(always)]
    fn step(&mut self, lanes: L, new: L::F, old: L::F) -> L::F {
        let sum = self.sum.step(lanes, change(lanes, new, old, self.scale));
        let lower = lanes.and_integers(sum, self.below);
        let total = lanes.add(self.anchors, lanes.nearest(lanes.sub_integers(sum, lower)));
        let rest = lanes.nearest(lower);
        if MEAN {
            self.rounding.mean(lanes, total, rest)
        } else {
            lanes.mul(lanes.add(total, rest), self.rounding.unit)
        }
    }
}

/// What a row that enters and one that leaves make of a sum: both are multiples of the unit, fewer than 2^51 apart.
#[inline(always)]
fn change<L: Lanes>(lanes: L, new: L::F, old: L::F, scale: L::F) -> L::I {
    lanes.integer(lanes.mul(lanes.sub(new, old), scale))
}
