//! Variances of rows on a grid, where a window's sum has few bits: the spread `m*Sxx - Sx^2` itself slides, by one exact
//! product a row. Where `a` enters and `b` leaves, the sum of squares grows by `(a - b)(a + b)`, the squared sum by
//! `(a - b)` times old and new sum together, so the spread grows by `(a - b)(m*(a + b) - old - new)`.

use super::centred_spread;
use super::fixed::{Moments, first_sums};
use super::grid::{Grid, count, power_of_two};
use super::rounding::{Divide, DivideIntegers, divisor, fast_two_sum};
use super::segments::{Blocks, Segments, Starts};
use super::simd::{Lanes, MAGIC};

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

/// Whether rows on this grid can be done this way, or around a centre.
pub(super) fn holds(grid: &Grid, window: usize) -> bool {
    Plan::of(grid, window).is_some() || centred_spread::Plan::of(grid, window).is_some()
}

/// Runs what can be done this way; false if that is nothing, whatever the results hold then.
#[inline(always)]
pub(super) fn run<L: Lanes, const S: usize, const ROOT: bool>(lanes: L, moments: &mut Moments<'_, S, ROOT>) -> bool {
    let Segments { series, start, window, ref mut out } = moments.segments;
    if S != 1 || !L::REGISTERS || !Segments::<1>::in_blocks::<L>(out.len()) {
        return false;
    }
    let (grid, divisor) = (&moments.grids[0], divisor(window, moments.ddof));
    let exact = Exact { x: series[0], start, window, grid, divide: DivideIntegers::new(divisor), root: ROOT };
    let segments = Segments { series: [series[0]], start, window, out };
    match Plan::of(grid, window) {
        Some(Plan::Short) => slide::<L, false, ROOT>(lanes, segments, &exact, divisor),
        Some(Plan::Long) => slide::<L, true, ROOT>(lanes, segments, &exact, divisor),
        None => return centred_spread::run::<L, ROOT>(lanes, segments, &exact, moments.ddof),
    }
    true
}

#[inline(always)]
fn slide<L: Lanes, const LONG: bool, const ROOT: bool>(
    lanes: L,
    segments: Segments<'_, 1>,
    exact: &Exact<'_>,
    divisor: u64,
) {
    let (grid, zero) = (exact.grid, lanes.splat(0.0));
    let mut state = Spread::<L, LONG, ROOT> {
        sum: zero,
        high: zero,
        low: zero,
        anchor: lanes.splat(grid.anchor),
        m: lanes.splat(exact.window as f64),
        magic: lanes.splat(MAGIC * power_of_two(CUT[usize::from(LONG)] + 2 * grid.exponent)),
        divide: Divide::new(lanes, divisor),
        doubt: lanes.splat_integer(0),
        exact,
        close: 0,
    };
    segments.run_blocks(lanes, &mut state);
    count(|paths| &mut paths.close, state.close);
}

/// Fewer rows than these slide in as fast as they are summed up.
const MANY: usize = 64;

impl<L: Lanes, const LONG: bool, const ROOT: bool> Blocks<L> for Spread<'_, L, LONG, ROOT> {
    /// Sum, high and low part of the spread.
    type Saved = [L::F; 3];

    #[inline(always)]
    fn nothing(&self) -> L::F {
        self.anchor
    }

    #[inline(always)]
    fn fill(&mut self, lanes: L, x: &[f64], from: &Starts, rows: usize) -> bool {
        if rows < MANY {
            return false;
        }
        let Exact { window, grid, .. } = *self.exact;
        let (mut sums, mut highs, mut lows) = ([0.0; 8], [0.0; 8], [0.0; 8]);
        for lane in 0..L::N {
            let (sum, squares) = first_sums(lanes, grid, window, &x[from[lane]..from[lane] + rows]);
            let spread = squares * window as i128 - i128::from(sum) * i128::from(sum);
            sums[lane] = sum as f64 * grid.unit();
            (highs[lane], lows[lane]) = cut(spread, CUT[usize::from(LONG)], grid);
        }
        [self.sum, self.high, self.low] = [sums, highs, lows].map(|values| lanes.load(&values, 0));
        true
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
    fn finish(&mut self, lanes: L, saved: Self::Saved, leaving: L::F, rows: &Starts, out: &mut [f64]) {
        let doubt = lanes.not_zero(self.doubt);
        if doubt != 0 {
            self.doubt = lanes.splat_integer(0);
            self.close += doubt.count_ones() as usize * L::N;
            let [sum, high, low] = saved.map(|part| lane_values(lanes, part));
            let leaving = lane_values(lanes, leaving);
            for lane in (0..L::N).filter(|lane| doubt >> lane & 1 == 1) {
                let spread = self.exact.squared_units(high[lane]) + self.exact.squared_units(low[lane]);
                let exact = self.exact;
                let before = Integers { m: exact.window as i64, sum: exact.units(sum[lane]), spread };
                exact.answer(before, leaving[lane], rows[lane], &mut out[rows[lane]..rows[lane] + L::N]);
            }
        }
    }
}

/// An integer of squared units as a multiple of `2^place` of them and the rest, which has `place` bits at most.
pub(super) fn cut(n: i128, place: i32, grid: &Grid) -> (f64, f64) {
    let high = (n + (1 << (place - 1))) >> place;
    let unit = power_of_two(2 * grid.exponent);
    (high as f64 * power_of_two(place) * unit, (n - (high << place)) as f64 * unit)
}

/// Sum and spread of one window in integers.
pub(super) struct Integers {
    m: i64,
    sum: i64,
    spread: i128,
}

impl Integers {
    /// Whether sums over a window are so small that the factors of what follows fit.
    pub(super) fn fit(grid: &Grid, window: usize) -> bool {
        grid.largest * window as f64 <= power_of_two(60)
    }

    /// Of a window of zeros; none if the factors of what follows may not fit.
    pub(super) fn new(grid: &Grid, window: usize) -> Option<Self> {
        Self::fit(grid, window).then_some(Self { m: window as i64, sum: 0, spread: 0 })
    }

    /// Of a window whose integers less `centre` have this sum and sum of squares.
    pub(super) fn around(centre: i64, m: i64, sum: i64, squares: i128) -> Self {
        Self { m, sum: sum + m * centre, spread: i128::from(m) * squares - i128::from(sum) * i128::from(sum) }
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

impl Integers {
    /// As [`Self::slide`], where a factor may not fit.
    fn slide_wide(&mut self, entering: i64, leaving: i64) -> i128 {
        let difference = entering - leaving;
        let sum = self.sum + difference;
        let factor = i128::from(self.m) * i128::from(entering + leaving) - i128::from(sum) - i128::from(self.sum);
        self.spread += i128::from(difference) * factor;
        self.sum = sum;
        self.spread
    }
}

#[inline(always)]
pub(super) fn lane_values<L: Lanes>(lanes: L, v: L::F) -> [f64; 8] {
    let mut values = [0.0; 8];
    lanes.store(&mut values, 0, v);
    values
}

/// What is in doubt, in integers.
pub(super) struct Exact<'a> {
    pub(super) x: &'a [f64],
    /// The row of the first result.
    pub(super) start: usize,
    pub(super) window: usize,
    pub(super) grid: &'a Grid,
    pub(super) divide: DivideIntegers,
    pub(super) root: bool,
}

impl Exact<'_> {
    /// A multiple of the unit as an integer.
    pub(super) fn units(&self, v: f64) -> i64 {
        (v * self.grid.scale()) as i64
    }

    /// A multiple of the squared unit as an integer.
    pub(super) fn squared_units(&self, v: f64) -> i128 {
        (v * self.grid.scale() * self.grid.scale()) as i128
    }

    /// The results from the one at `first` on, of one lane, where `leaving` leaves the window `before` them.
    #[cold]
    #[inline(never)]
    pub(super) fn answer(&self, mut window: Integers, mut leaving: f64, first: usize, out: &mut [f64]) {
        let integer = |value: f64| self.units(value - self.grid.anchor);
        for (row, out) in (self.start + first..).zip(out) {
            let spread = window.slide_wide(integer(self.x[row]), integer(leaving));
            let value = self.divide.round(spread, 2 * self.grid.exponent).0;
            *out = if self.root { value.sqrt() } else { value };
            leaving = self.x[row + 1 - self.window];
        }
    }
}
