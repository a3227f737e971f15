//! Finding a grid that holds every value of some rows as an integer of few bits, and working on such rows. Prices
//! span few binades, so most series lie on one; what does not is halved until only the rows around the outlier miss.

use std::cell::Cell;
use std::ops::Range;

use super::limbs::Limbs;
use super::simd::{Lanes, Work, dispatch, load_some};
use super::{NanPolicy, Window};

/// Integers of 50 bits at most, so that their differences have 51.
const LARGEST: f64 = 1_125_899_906_842_624.0;
/// What a sum of such integers over a window may be, so that it fits a lane and its nearest double does, too.
const LARGEST_SUM: f64 = 4_611_686_018_427_387_904.0;
/// Below this, blocks are not halved any more.
const LEAST_ROWS: usize = 256;
/// Up to this, limbs are as good for any part of a block: halving it would not find much better.
const FEW_BITS: i32 = 74;

/// `x = anchor + k * 2^exponent` with an integer `k` of `bits` bits. The anchor has 32 bits at most and is a multiple
/// of `2^exponent`, too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) anchor: f64,
    pub(super) exponent: i32,
    pub(super) bits: i32,
    /// What no integer exceeds.
    pub(super) largest: f64,
}

impl Grid {
    fn between(low: f64, high: f64, exponent: i32, window: usize) -> Option<Self> {
        if !(-900..=900).contains(&exponent) {
            // All zero: any grid will do.
            return (low == 0.0 && high == 0.0).then_some(Self { anchor: 0.0, exponent: 0, bits: 1, largest: 1.0 });
        }
        let unit = power_of_two(exponent);
        let middle = f64::midpoint(low, high);
        let anchor = if middle.abs() >= unit * 4_294_967_296.0 {
            f64::from_bits(middle.to_bits() & !0x1f_ffff)
        } else {
            (middle / unit).round() * unit
        };
        let largest = (high - anchor).max(anchor - low) / unit;
        let bits = self::exponent(largest).max(0) + 1;
        let fits = largest < LARGEST && largest * window as f64 <= LARGEST_SUM / 1.01;
        fits.then_some(Self { anchor, exponent, bits, largest })
    }

    /// Whether variances, in units of the unit's square, are normal numbers.
    pub(super) fn holds_squares(&self) -> bool {
        (-450..=450).contains(&self.exponent)
    }

    pub(super) fn unit(&self) -> f64 {
        power_of_two(self.exponent)
    }

    /// One over the unit.
    pub(super) fn scale(&self) -> f64 {
        power_of_two(-self.exponent)
    }

    pub(super) fn integer_anchor(&self) -> i64 {
        (self.anchor * self.scale()) as i64
    }
}

/// What a series' values have in common.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Grid(Grid),
    Limbs(Limbs),
    /// Nothing, or NaNs and infinities.
    None,
}

impl Place {
    /// The best place of values whose sums over a window must be exact there.
    pub(super) fn of(x: &[f64], window: usize) -> Self {
        let (low, high, sum) = dispatch(Extent(x));
        // Infinities and NaNs show in the sum; so do values whose sum overflows, which are too large anyway.
        if !sum.is_finite() || low < -2_f64.powi(900) || high > 2_f64.powi(900) || window > 1 << 20 {
            return Self::None;
        }
        // Of values of one sign, the smallest has the finest last bit.
        let coarse = if low > 0.0 || high < 0.0 { exponent(low.abs().min(high.abs())) - 52 } else { -1074 };
        if let Some(grid) = Grid::between(low, high, coarse, window) {
            return Self::Grid(grid);
        }
        let finest = exponent(dispatch(LowestBit(x)));
        let grid = Grid::between(low, high, finest, window).map(Self::Grid);
        let limbs = || Limbs::between(low, high, finest, window).map(Self::Limbs);
        grid.or_else(limbs).unwrap_or(Self::None)
    }

    fn limbs(&self, window: usize) -> Option<Limbs> {
        match self {
            Self::Grid(grid) => Limbs::of_grid(grid, window),
            Self::Limbs(limbs) => Some(*limbs),
            Self::None => None,
        }
    }
}

/// `2^exponent`, of the normal numbers.
pub(super) fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// Of a positive normal number; -1023 of less, 1024 of infinity.
pub(super) fn exponent(x: f64) -> i32 {
    (x.to_bits() >> 52) as i32 - 1023
}

/// Smallest, largest and sum.
struct Extent<'a>(&'a [f64]);

impl Work for Extent<'_> {
    type Output = (f64, f64, f64);

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let first = self.0.first().copied().unwrap_or(f64::NAN);
        let (mut low, mut high, mut sum) = (lanes.splat(first), lanes.splat(first), lanes.splat(0.0));
        for at in (0..self.0.len()).step_by(L::N) {
            let v = load_some(lanes, self.0, at, first);
            low = lanes.min(low, v);
            high = lanes.max(high, v);
            sum = lanes.add(sum, v);
        }
        let (mut lows, mut highs, mut sums) = ([0.0; 8], [0.0; 8], [0.0; 8]);
        lanes.store(&mut lows, 0, low);
        lanes.store(&mut highs, 0, high);
        lanes.store(&mut sums, 0, sum);
        let low = lows[..L::N].iter().copied().fold(first, f64::min);
        (low, highs[..L::N].iter().copied().fold(first, f64::max), sums[..L::N].iter().sum())
    }
}

/// The lowest bit set in any value.
struct LowestBit<'a>(&'a [f64]);

impl Work for LowestBit<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> f64 {
        let mut lowest = lanes.splat(f64::INFINITY);
        for at in (0..self.0.len()).step_by(L::N) {
            lowest = lanes.min(lowest, lanes.lowest_bit(load_some(lanes, self.0, at, 0.0)));
        }
        let mut each = [0.0; 8];
        lanes.store(&mut each, 0, lowest);
        each[..L::N].iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// A kernel of `S` series that is fast for rows on a grid or in limbs, and right for all.
pub(super) trait OnGrids<const S: usize> {
    fn window(&self) -> &Window;
    fn series(&self) -> [&[f64]; S];
    /// False if the grids will not do after all.
    fn fixed(&mut self, rows: Range<usize>, grids: [Grid; S]) -> bool;
    /// False if the limbs will not do after all.
    fn pairs(&mut self, rows: Range<usize>, limbs: [Limbs; S]) -> bool;
    fn slow(&mut self, rows: Range<usize>);
    /// Where the results of `rows` go.
    fn results(&mut self, rows: Range<usize>) -> &mut [f64];
}

/// Cuts `rows`, which all have a full window, into blocks for the path that each can take. Slow blocks side by side are
/// done as one, since each fills its first window anew.
pub(super) fn on_grids<const S: usize>(kernel: &mut impl OnGrids<S>, rows: Range<usize>) {
    let mut slow = rows.start..rows.start;
    halved(kernel, rows, &mut slow);
    if !slow.is_empty() {
        kernel.slow(slow);
    }
}

fn halved<const S: usize>(kernel: &mut impl OnGrids<S>, rows: Range<usize>, slow: &mut Range<usize>) {
    if rows.is_empty() {
        return;
    }
    let window = *kernel.window();
    let values = window.start(rows.start)..rows.end;
    let places = kernel.series().map(|x| Place::of(&x[values.clone()], window.len));
    if let Some(grids) = all(places.map(|place| if let Place::Grid(grid) = place { Some(grid) } else { None }))
        && kernel.fixed(rows.clone(), grids)
    {
        return count(|paths| &mut paths.fixed, rows.len());
    }
    let smallest = rows.len() <= LEAST_ROWS.max(window.len);
    if let Some(limbs) = all(places.map(|place| place.limbs(window.len)))
        && (smallest || limbs.iter().all(|limbs| limbs.bits() <= FEW_BITS))
        && kernel.pairs(rows.clone(), limbs)
    {
        return count(|paths| &mut paths.pairs, rows.len());
    }
    if window.nan == NanPolicy::Propagate && values.clone().any(|row| is_nan_at(kernel, row)) {
        between_nans(kernel, rows);
    } else if smallest {
        count(|paths| &mut paths.wide, rows.len());
        if slow.end == rows.start {
            slow.end = rows.end;
        } else {
            let before = std::mem::replace(slow, rows);
            if !before.is_empty() {
                kernel.slow(before);
            }
        }
    } else {
        let middle = usize::midpoint(rows.start, rows.end);
        halved(kernel, rows.start..middle, slow);
        halved(kernel, middle..rows.end, slow);
    }
}

/// NaN where there is one in the window, with nothing computed, and the clean rows between as if there were none.
fn between_nans<const S: usize>(kernel: &mut impl OnGrids<S>, rows: Range<usize>) {
    let window = kernel.window().len;
    let mut next = rows.start;
    while next < rows.end {
        let first = next + 1 - window;
        // The rows before the first NaN from here on are clean.
        let nan = (first..rows.end).find(|row| is_nan_at(kernel, *row)).unwrap_or(rows.end);
        if nan > next {
            on_grids(kernel, next..nan);
        }
        // Those up to a window after the last of a run of NaNs are not.
        let clean = (nan..rows.end).find(|row| !is_nan_at(kernel, *row)).unwrap_or(rows.end);
        let start = nan.max(next);
        next = (clean + window - 1).min(rows.end).max(start);
        kernel.results(start..next).fill(f64::NAN);
    }
}

fn is_nan_at<const S: usize>(kernel: &impl OnGrids<S>, row: usize) -> bool {
    kernel.series().iter().any(|x| x[row].is_nan())
}

fn all<T: Copy, const S: usize>(each: [Option<T>; S]) -> Option<[T; S]> {
    let first = each[0]?;
    each.iter().all(Option::is_some).then(|| each.map(|one| one.unwrap_or(first)))
}

/// Deals with those of `rows` whose window reaches before row 0; returns the first that is left.
pub(super) fn partial_windows<const S: usize>(kernel: &mut impl OnGrids<S>, rows: Range<usize>) -> usize {
    let window = *kernel.window();
    let full = rows.end.min(window.len - 1).max(rows.start);
    // Too few values, whatever they are.
    let some = full.min(window.min_periods - 1).max(rows.start);
    kernel.results(rows.start..some).fill(f64::NAN);
    if some < full {
        kernel.slow(some..full);
    }
    full
}

/// How many rows of sums and moments each path has answered, in this thread. Rows that are NaN for a NaN or too few
/// values in their window take none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paths {
    /// Rows whose values are integers of at most 50 bits on a common grid: sliding sums of integers, in lanes.
    pub fixed: usize,
    /// Rows whose values have up to about 100 bits in common: sums of pairs of doubles, products in four, in lanes.
    pub pairs: usize,
    /// Rows of either kind whose last rounding took long integers, too.
    pub close: usize,
    /// Rows of any other kind: the wide sums.
    pub wide: usize,
}

thread_local! {
    static PATHS: Cell<Paths> = const { Cell::new(Paths { fixed: 0, pairs: 0, close: 0, wide: 0 }) };
}

/// The counts since the last call, for tests and measurements.
#[must_use]
pub fn take_paths() -> Paths {
    PATHS.take()
}

pub(super) fn count(path: impl Fn(&mut Paths) -> &mut usize, rows: usize) {
    let mut paths = PATHS.get();
    *path(&mut paths) += rows;
    PATHS.set(paths);
}
