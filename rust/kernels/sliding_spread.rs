//! Variances of rows on a grid, where a window's sum has few bits: the spread `m*Sxx - Sx^2` itself slides, by one exact
//! product a row. Where `a` enters and `b` leaves, the sum of squares grows by `(a - b)(a + b)`, the squared sum by
//! `(a - b)` times old and new sum together, so the spread grows by `(a - b)(m*(a + b) - old - new)`.

use super::fixed::Moments;
use super::grid::{Grid, count, power_of_two};
use super::rounding::{Divide, DivideIntegers, divisor, fast_two_sum};
use super::segments::{Blocks, Segments, Starts};
use super::simd::Lanes;

/// What may leave the doubles: nothing, or one bit of the factor `m*(a + b) - old - new`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Short,
    Long,
}

impl Plan {
    /// With integers up to `r`, sums up to `s = m*r`: `|a - b| <= 2r`, the factor is at most `4s`, each half of it
    /// `2s`, the spread `s^2`. That is kept as `h * 2^CUT + l`, h of 53 bits at most, products of 51 bits above the
    /// cut, `8rs <= 2^(51 + CUT)`. Each row adds half of `2^CUT` to l at most and, if a bit leaves the factor, `2r`;
    /// settled every few rows, l has 53 bits at most.
    fn of(grid: &Grid, window: usize) -> Option<Self> {
        // A little more, for what l holds of the spread.
        let sum = grid.largest * window as f64 * 1.01;
        if sum <= power_of_two(51) && grid.largest <= power_of_two(46) {
            Some(Self::Short)
        } else if sum <= power_of_two(52) && grid.largest <= power_of_two(47) {
            Some(Self::Long)
        } else {
            None
        }
    }
}

/// The place where the spread is cut in two, in units.
const CUT: [i32; 2] = [49, 51];

struct Spread<'a, L: Lanes, const LONG: bool, const ROOT: bool> {
    sum: L::F,
    high: L::F,
    low: L::F,
    anchor: L::F,
    m: L::F,
    magic: L::F,
    divide: Divide<L>,
    doubt: L::I,
    exact: &'a Exact<'a>,
    close: usize,
}

/// Runs what can be done this way; false if nothing was.
#[inline(always)]
pub(super) fn run<L: Lanes, const S: usize, const ROOT: bool>(lanes: L, moments: &mut Moments<'_, S, ROOT>) -> bool {
    let Segments { series, start, window, ref mut out } = moments.segments;
    if S != 1 || !L::REGISTERS || !Segments::<1>::in_blocks::<L>(out.len()) {
        return false;
    }
    let Some(plan) = Plan::of(&moments.grids[0], window) else { return false };
    let segments = Segments { series: [series[0]], start, window, out };
    let divisor = divisor(window, moments.ddof);
    match plan {
        Plan::Short => slide::<L, false, ROOT>(lanes, segments, &moments.grids[0], divisor),
        Plan::Long => slide::<L, true, ROOT>(lanes, segments, &moments.grids[0], divisor),
    }
    true
}

#[inline(always)]
fn slide<L: Lanes, const LONG: bool, const ROOT: bool>(lanes: L, segments: Segments<'_, 1>, grid: &Grid, divisor: u64) {
    let (x, window, zero) = (segments.series[0], segments.window, lanes.splat(0.0));
    let exact = Exact { x, start: segments.start, window, grid, divide: DivideIntegers::new(divisor), root: ROOT };
    let mut state = Spread::<L, LONG, ROOT> {
        sum: zero,
        high: zero,
        low: zero,
        anchor: lanes.splat(grid.anchor),
        m: lanes.splat(window as f64),
        magic: lanes.splat(6_755_399_441_055_744.0 * power_of_two(CUT[usize::from(LONG)] + 2 * grid.exponent)),
        divide: Divide::new(lanes, divisor),
        doubt: lanes.splat_integer(0),
        exact: &exact,
        close: 0,
    };
    segments.run_blocks(lanes, &mut state);
    count(|paths| &mut paths.close, state.close);
}

impl<L: Lanes, const LONG: bool, const ROOT: bool> Blocks<L> for Spread<'_, L, LONG, ROOT> {
    /// Sum, high and low part of the spread.
    type Saved = [L::F; 3];

    #[inline(always)]
    fn nothing(&self) -> L::F {
        self.anchor
    }

    #[inline(always)]
    fn slide(&mut self, lanes: L, entering: L::F, leaving: L::F) {
        // The difference and the factor both with the other sign.
        let difference = lanes.sub(leaving, entering);
        let (a, b) = (lanes.sub(entering, self.anchor), lanes.sub(leaving, self.anchor));
        let sum = lanes.sub(self.sum, difference);
        let factor = if LONG {
            // Of the sum of its two halves one bit may be lost; that sum less the first half is an integer of 53 bits.
            let (first, second) = (lanes.remainder(sum, self.m, a), lanes.remainder(self.sum, self.m, b));
            let factor = lanes.add(first, second);
            let lost = lanes.sub(second, lanes.sub(factor, first));
            self.low = lanes.scale(difference, lost, self.low);
            factor
        } else {
            lanes.remainder(lanes.add(sum, self.sum), self.m, lanes.add(a, b))
        };
        let high = lanes.sub(lanes.scale(difference, factor, self.magic), self.magic);
        self.high = lanes.add(self.high, high);
        self.low = lanes.sub(self.low, lanes.remainder(high, difference, factor));
        self.sum = sum;
    }

    const SETTLED_AFTER: usize = if LONG { 4 } else { 8 };

    #[inline(always)]
    fn settle(&mut self, lanes: L) {
        let more = lanes.sub(lanes.add(self.low, self.magic), self.magic);
        self.high = lanes.add(self.high, more);
        self.low = lanes.sub(self.low, more);
    }

    #[inline(always)]
    fn value(&mut self, lanes: L) -> L::F {
        let (spread, rest) = fast_two_sum(lanes, self.high, self.low);
        let (result, check) = self.divide.round_exact(lanes, spread, rest);
        self.doubt = lanes.or_differences(self.doubt, result, check);
        if ROOT { lanes.sqrt(result) } else { result }
    }

    #[inline(always)]
    fn save(&self) -> Self::Saved {
        [self.sum, self.high, self.low]
    }

    #[inline(always)]
    fn finish(&mut self, lanes: L, [sum, high, low]: Self::Saved, leaving: L::F, rows: &Starts, out: &mut [f64]) {
        let doubt = lanes.not_zero(self.doubt);
        if doubt != 0 {
            self.doubt = lanes.splat_integer(0);
            self.close += doubt.count_ones() as usize * L::N;
            let before = Before {
                sum: lane_values(lanes, sum),
                high: lane_values(lanes, high),
                low: lane_values(lanes, low),
                leaving: lane_values(lanes, leaving),
            };
            for lane in (0..L::N).filter(|lane| doubt >> lane & 1 == 1) {
                self.exact.answer(&before, lane, rows[lane], &mut out[rows[lane]..rows[lane] + L::N]);
            }
        }
    }
}

/// Sum and spread of one window in integers.
pub(super) struct Integers {
    m: i64,
    sum: i64,
    spread: i128,
}

impl Integers {
    /// Of a window of zeros; none if the factors of what follows may not fit.
    pub(super) fn new(grid: &Grid, window: usize) -> Option<Self> {
        let fits = grid.largest * window as f64 <= power_of_two(60);
        fits.then_some(Self { m: window as i64, sum: 0, spread: 0 })
    }

    #[inline(always)]
    pub(super) fn slide(&mut self, entering: i64, leaving: i64) -> i128 {
        let difference = entering - leaving;
        let sum = self.sum + difference;
        self.spread += i128::from(difference) * i128::from(self.m * (entering + leaving) - sum - self.sum);
        self.sum = sum;
        self.spread
    }
}

/// For each lane, what was before some rows.
struct Before {
    sum: [f64; 8],
    high: [f64; 8],
    low: [f64; 8],
    /// The value that leaves as the first of those rows enters.
    leaving: [f64; 8],
}

#[inline(always)]
fn lane_values<L: Lanes>(lanes: L, v: L::F) -> [f64; 8] {
    let mut values = [0.0; 8];
    lanes.store(&mut values, 0, v);
    values
}

/// What is in doubt, in integers.
struct Exact<'a> {
    x: &'a [f64],
    /// The row of the first result.
    start: usize,
    window: usize,
    grid: &'a Grid,
    divide: DivideIntegers,
    root: bool,
}

impl Exact<'_> {
    /// The results from the one at `first` on, of a lane.
    #[cold]
    #[inline(never)]
    fn answer(&self, before: &Before, lane: usize, first: usize, out: &mut [f64]) {
        let (scale, anchor) = (self.grid.scale(), self.grid.anchor);
        let integer = |value: f64| ((value - anchor) * scale) as i64;
        let spread = [before.high, before.low].map(|part| (part[lane] * scale * scale) as i128);
        let sum = (before.sum[lane] * scale) as i64;
        let mut window = Integers { m: self.window as i64, sum, spread: spread[0] + spread[1] };
        let mut leaving = before.leaving[lane];
        for (row, out) in (self.start + first..).zip(out) {
            let spread = window.slide(integer(self.x[row]), integer(leaving));
            let value = self.divide.round(spread, 2 * self.grid.exponent).0;
            *out = if self.root { value.sqrt() } else { value };
            leaving = self.x[row + 1 - self.window];
        }
    }
}
