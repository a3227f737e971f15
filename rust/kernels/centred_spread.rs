//! Variances of long windows of rows on a grid, whose sums have more bits than a double. Around a centre near the mean
//! the sum stays small, and the sum of squares slides by one exact product a row: as `a` enters and `b` leaves it grows
//! by `(a - b)(a + b)`. The centre follows the mean every few rows.

use super::fixed::first_sums;
use super::grid::{count, power_of_two};
use super::segments::{Blocks, Segments, Starts};
use super::simd::{Lanes, MAGIC};
use super::sliding_spread::{Exact, Integers, cut, lane_values};

/// The place where the sum of squares is cut in two, in units.
const CUT: i32 = 51;
/// Windows as long as this: in shorter ones the sum around the centre counts for more, and doubts are more.
pub(super) const LONG: usize = 256;

struct Centred<'a, L: Lanes, const ROOT: bool> {
    /// Of the values less the centre.
    sum: L::F,
    /// Of their squares, in two parts.
    high: L::F,
    low: L::F,
    centre: L::F,
    anchor: L::F,
    /// The most that the high part has been, in any row.
    most: L::F,
    m: L::F,
    inverse: L::F,
    divisor: L::F,
    inverse_divisor: L::F,
    magic: L::F,
    magic_of_centres: L::F,
    fine: L::F,
    bound: L::F,
    doubt: L::I,
    exact: &'a Exact<'a>,
    close: usize,
}

/// False if the squares were too large after all, whatever the results hold then.
#[inline(always)]
pub(super) fn run<L: Lanes, const ROOT: bool>(
    lanes: L,
    segments: Segments<'_, 1>,
    exact: &Exact<'_>,
    ddof: usize,
) -> bool {
    let (grid, window) = (exact.grid, exact.window);
    if window < LONG || grid.largest > power_of_two(49) {
        return false;
    }
    let (zero, m, divisor) = (lanes.splat(0.0), window as f64, (window - ddof) as f64);
    let square = power_of_two(2 * grid.exponent);
    let mut state = Centred::<L, ROOT> {
        sum: zero,
        high: zero,
        low: zero,
        centre: lanes.splat(grid.anchor),
        anchor: lanes.splat(grid.anchor),
        most: zero,
        m: lanes.splat(m),
        inverse: lanes.splat(1.0 / m),
        divisor: lanes.splat(divisor),
        inverse_divisor: lanes.splat(1.0 / divisor),
        magic: lanes.splat(MAGIC * power_of_two(CUT) * square),
        magic_of_centres: lanes.splat(MAGIC * grid.unit()),
        fine: lanes.splat(power_of_two(-50)),
        bound: lanes.splat(64.0 * square),
        doubt: lanes.splat_integer(0),
        exact,
        close: 0,
    };
    segments.run_blocks(lanes, &mut state);
    // Beyond 2^(53 + CUT) it would not be exact any more.
    let largest = lanes.splat(power_of_two(53 + CUT) * 0.999 * square);
    let fits = lanes.differ(lanes.max(state.most, largest), largest) == 0;
    if fits {
        count(|paths| &mut paths.close, state.close);
    }
    fits
}

impl<L: Lanes, const ROOT: bool> Blocks<L> for Centred<'_, L, ROOT> {
    /// Centre, sum, high and low part of the squares.
    type Saved = [L::F; 4];

    #[inline(always)]
    fn nothing(&self) -> L::F {
        self.anchor
    }

    #[inline(always)]
    fn fill(&mut self, lanes: L, x: &[f64], from: &Starts, rows: usize) -> bool {
        let Exact { window, grid, .. } = *self.exact;
        let (mut sums, mut highs, mut lows, mut centres) = ([0.0; 8], [0.0; 8], [0.0; 8], [0.0; 8]);
        for lane in 0..L::N {
            let (sum, squares) = first_sums(lanes, grid, window, &x[from[lane]..from[lane] + rows]);
            let m = window as i64;
            // Rounded twice; what matters is that it is on the grid and near the mean.
            centres[lane] = grid.anchor + (sum / m) as f64 * grid.unit();
            let centre = i128::from(self.exact.units(centres[lane] - grid.anchor));
            let squares = squares - centre * (2 * i128::from(sum) - i128::from(m) * centre);
            sums[lane] = (i128::from(sum) - i128::from(m) * centre) as f64 * grid.unit();
            (highs[lane], lows[lane]) = cut(squares, CUT, grid);
        }
        [self.sum, self.high, self.low, self.centre] =
            [sums, highs, lows, centres].map(|values| lanes.load(&values, 0));
        self.most = self.high;
        true
    }

    #[inline(always)]
    fn slide(&mut self, lanes: L, entering: L::F, leaving: L::F) {
        let difference = lanes.sub(entering, leaving);
        let both = lanes.add(lanes.sub(entering, self.centre), lanes.sub(leaving, self.centre));
        self.sum = lanes.add(self.sum, difference);
        let high = lanes.sub(lanes.scale(difference, both, self.magic), self.magic);
        self.high = lanes.add(self.high, high);
        self.most = lanes.max(self.most, self.high);
        self.low = lanes.sub(self.low, lanes.remainder(high, difference, both));
    }

    const SETTLED_AFTER: usize = 4;

    #[inline(always)]
    fn settle(&mut self, lanes: L) {
        let more = lanes.sub(lanes.add(self.low, self.magic), self.magic);
        self.high = lanes.add(self.high, more);
        self.low = lanes.sub(self.low, more);
        self.follow(lanes);
    }

    #[inline(always)]
    fn value(&mut self, lanes: L) -> L::F {
        let of_sum = lanes.mul(self.sum, lanes.mul(self.sum, self.inverse));
        let quotient = lanes.mul(self.high, self.inverse_divisor);
        let remainder = lanes.remainder(self.high, quotient, self.divisor);
        let remainder = lanes.add(remainder, lanes.sub(self.low, of_sum));
        let doubt = lanes.scale(of_sum, self.fine, self.bound);
        let least = lanes.scale(lanes.sub(remainder, doubt), self.inverse_divisor, quotient);
        let most = lanes.scale(lanes.add(remainder, doubt), self.inverse_divisor, quotient);
        self.doubt = lanes.or_differences(self.doubt, least, most);
        if ROOT { lanes.sqrt(least) } else { least }
    }

    #[inline(always)]
    fn save(&self) -> Self::Saved {
        [self.centre, self.sum, self.high, self.low]
    }

    #[inline(always)]
    fn finish(&mut self, lanes: L, saved: Self::Saved, leaving: L::F, rows: &Starts, out: &mut [f64]) {
        let doubt = lanes.not_zero(self.doubt);
        if doubt != 0 {
            self.doubt = lanes.splat_integer(0);
            self.close += doubt.count_ones() as usize * L::N;
            let [centre, sum, high, low] = saved.map(|part| lane_values(lanes, part));
            let leaving = lane_values(lanes, leaving);
            for lane in (0..L::N).filter(|lane| doubt >> lane & 1 == 1) {
                let exact = self.exact;
                let squares = exact.squared_units(high[lane]) + exact.squared_units(low[lane]);
                let centre = exact.units(centre[lane] - exact.grid.anchor);
                let before = Integers::around(centre, exact.window as i64, exact.units(sum[lane]), squares);
                exact.answer(before, leaving[lane], rows[lane], &mut out[rows[lane]..rows[lane] + L::N]);
            }
        }
    }
}

impl<L: Lanes, const ROOT: bool> Centred<'_, L, ROOT> {
    /// Moves the centre to the mean: by `c`, which takes `m*c` from the sum and `c` times old and new sum together
    /// from the squares.
    #[inline(always)]
    fn follow(&mut self, lanes: L) {
        let step = lanes.sub(lanes.scale(self.sum, self.inverse, self.magic_of_centres), self.magic_of_centres);
        let centre = lanes.add(self.centre, step);
        let step = lanes.sub(centre, self.centre);
        let sum = lanes.remainder(self.sum, step, self.m);
        let both = lanes.add(self.sum, sum);
        let high = lanes.sub(lanes.scale(step, both, self.magic), self.magic);
        self.high = lanes.sub(self.high, high);
        self.low = lanes.add(self.low, lanes.remainder(high, step, both));
        (self.sum, self.centre) = (sum, centre);
    }
}
