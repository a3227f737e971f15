//! Variances of rows on a grid, of windows whose sums have more bits than a double. Around a centre near the mean the
//! sum stays small, and the sum of squares slides by one exact product a row: as `a` enters and `b` leaves it grows by
//! `(a - b)(a + b)`. The centre follows the mean every few rows.

use super::fixed::first_sums;
use super::grid::{Grid, count, power_of_two};
use super::rounding::fast_two_sum;
use super::segments::{Blocks, Segments, Starts};
use super::simd::{Lanes, MAGIC};
use super::sliding_spread::{Exact, Integers, cut, lane_values};

/// The place where the sum of squares is cut in two, in units.
const CUT: i32 = 50;
/// The place where its upper part is cut once more, if it is too long for a double.
const UPPER_CUT: i32 = 77;
/// After so many rows the lower part is settled and the centre moved.
const STEP: usize = 8;
/// Windows as long as this: in shorter ones the sum around the centre counts for more.
const LONG: usize = 256;

/// How the squares are kept, and how well the square of the sum is known.
///
/// With integers from -r to r and a centre among them, `(a - b)(a + b)` is the difference of two squares up to `4r^2`.
/// When the centre moves, the mean is `2r*STEP/m` away from it at most, and never more than `2r`: call it `d*r`. The
/// squares are up to `m*r^2 * (1 + d^2)`, and a move changes them by `m*r^2 * d^2`. As long as this and `4r^2` are below
/// `2^(51 + CUT)`, the upper parts of products are exact. Each row of a step adds half of `2^CUT` to the lower part,
/// settling and moving the centre leave as much each: 53 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// All of the squares are two doubles, and what the rounding of `S^2/m` misses is taken along: of a window of any
    /// length.
    Fine,
    /// The upper one is cut again. What lies above is exact, as sums have 62 bits; what lies below grows by `32r^2` in
    /// a step and by a move, and then has 53 bits above the cut, too. `S^2/m` is rounded: beside the squares of a long
    /// window it is small.
    Wide,
}

impl Plan {
    pub(super) fn of(grid: &Grid, window: usize) -> Option<Self> {
        // A little more, for the lower part.
        let (m, square) = (window as f64, 1.02 * grid.largest * grid.largest);
        let moved = m * f64::min(2.0, (2 * STEP) as f64 / m).powi(2);
        let fits = |squares: f64| (squares + moved) * square <= power_of_two(53 + CUT);
        if f64::max(4.0, moved) * square > power_of_two(51 + CUT) {
            None
        } else if fits(m) {
            Some(Self::Fine)
        } else {
            (window >= LONG && fits((4 * STEP) as f64)).then_some(Self::Wide)
        }
    }
}

struct Centred<'a, L: Lanes, const WIDE: bool, const ROOT: bool> {
    /// Of the values less the centre.
    sum: L::F,
    /// Of their squares, in two parts, or with `WIDE` three.
    top: L::F,
    high: L::F,
    low: L::F,
    centre: L::F,
    anchor: L::F,
    m: L::F,
    inverse: L::F,
    divisor: L::F,
    inverse_divisor: L::F,
    magic: L::F,
    magic_of_tops: L::F,
    magic_of_centres: L::F,
    fine: L::F,
    bound: L::F,
    doubt: L::I,
    exact: &'a Exact<'a>,
    close: usize,
}

/// False if the rows spread too far.
#[inline(always)]
pub(super) fn run<L: Lanes, const ROOT: bool>(
    lanes: L,
    segments: Segments<'_, 1>,
    exact: &Exact<'_>,
    ddof: usize,
) -> bool {
    match Plan::of(exact.grid, exact.window) {
        Some(Plan::Fine) => slide::<L, false, ROOT>(lanes, segments, exact, ddof),
        Some(Plan::Wide) => slide::<L, true, ROOT>(lanes, segments, exact, ddof),
        None => return false,
    }
    true
}

#[inline(always)]
fn slide<L: Lanes, const WIDE: bool, const ROOT: bool>(
    lanes: L,
    segments: Segments<'_, 1>,
    exact: &Exact<'_>,
    ddof: usize,
) {
    let (grid, window) = (exact.grid, exact.window);
    let (zero, m, divisor) = (lanes.splat(0.0), window as f64, (window - ddof) as f64);
    let square = power_of_two(2 * grid.exponent);
    // No value is further from the centre than the ends of the range from each other.
    let most = 4.0 * window as f64 * grid.largest * grid.largest;
    let bound = (64.0 + power_of_two(-100) * most) * square;
    let mut state = Centred::<L, WIDE, ROOT> {
        sum: zero,
        top: zero,
        high: zero,
        low: zero,
        centre: lanes.splat(grid.anchor),
        anchor: lanes.splat(grid.anchor),
        m: lanes.splat(m),
        inverse: lanes.splat(1.0 / m),
        divisor: lanes.splat(divisor),
        inverse_divisor: lanes.splat(1.0 / divisor),
        magic: lanes.splat(MAGIC * power_of_two(CUT) * square),
        magic_of_tops: lanes.splat(MAGIC * power_of_two(UPPER_CUT) * square),
        magic_of_centres: lanes.splat(MAGIC * grid.unit()),
        fine: lanes.splat(power_of_two(-50)),
        bound: lanes.splat(bound),
        doubt: lanes.splat_integer(0),
        exact,
        close: 0,
    };
    segments.run_blocks(lanes, &mut state);
    count(|paths| &mut paths.close, state.close);
}

impl<L: Lanes, const WIDE: bool, const ROOT: bool> Blocks<L> for Centred<'_, L, WIDE, ROOT> {
    /// Centre, sum, and the parts of the squares.
    type Saved = [L::F; 5];

    #[inline(always)]
    fn nothing(&self) -> L::F {
        self.anchor
    }

    #[inline(always)]
    fn fill(&mut self, lanes: L, x: &[f64], from: &Starts, rows: usize) -> bool {
        let Exact { window, grid, .. } = *self.exact;
        let [mut sums, mut tops, mut highs, mut lows, mut centres] = [[0.0; 8]; 5];
        for lane in 0..L::N {
            let (sum, squares) = first_sums(lanes, grid, window, &x[from[lane]..from[lane] + rows]);
            let m = window as i64;
            // Rounded twice; what matters is that it is on the grid and near the mean.
            centres[lane] = grid.anchor + (sum / m) as f64 * grid.unit();
            let centre = i128::from(self.exact.units(centres[lane] - grid.anchor));
            let squares = squares - centre * (2 * i128::from(sum) - i128::from(m) * centre);
            sums[lane] = (i128::from(sum) - i128::from(m) * centre) as f64 * grid.unit();
            let top = if WIDE { squares >> UPPER_CUT << UPPER_CUT } else { 0 };
            (tops[lane], _) = cut(top, UPPER_CUT, grid);
            (highs[lane], lows[lane]) = cut(squares - top, CUT, grid);
        }
        [self.sum, self.top, self.high, self.low, self.centre] =
            [sums, tops, highs, lows, centres].map(|values| lanes.load(&values, 0));
        true
    }

    #[inline(always)]
    fn slide(&mut self, lanes: L, entering: L::F, leaving: L::F) {
        let difference = lanes.sub(entering, leaving);
        let both = lanes.add(lanes.sub(entering, self.centre), lanes.sub(leaving, self.centre));
        self.sum = lanes.add(self.sum, difference);
        let high = lanes.sub(lanes.scale(difference, both, self.magic), self.magic);
        self.high = lanes.add(self.high, high);
        self.low = lanes.sub(self.low, lanes.remainder(high, difference, both));
    }

    const SETTLED_AFTER: usize = STEP;

    #[inline(always)]
    fn settle(&mut self, lanes: L) {
        let more = lanes.sub(lanes.add(self.low, self.magic), self.magic);
        self.high = lanes.add(self.high, more);
        self.low = lanes.sub(self.low, more);
        self.follow(lanes);
        if WIDE {
            let more = lanes.sub(lanes.add(self.high, self.magic_of_tops), self.magic_of_tops);
            self.top = lanes.add(self.top, more);
            self.high = lanes.sub(self.high, more);
        }
    }

    /// The quotient is `(Q - S^2/m) / (m - ddof)`. Of its first guess the remainder is exact; what is added to it, the
    /// doubt and the product with the inverse round by 2^-53 of something below 2^-47 of the squares or a few units.
    #[inline(always)]
    fn value(&mut self, lanes: L) -> L::F {
        let (spread, rest, doubt) = if WIDE { self.rounded_spread(lanes) } else { self.fine_spread(lanes) };
        let quotient = lanes.mul(spread, self.inverse_divisor);
        let remainder = lanes.add(lanes.remainder(spread, quotient, self.divisor), rest);
        let least = lanes.scale(lanes.sub(remainder, doubt), self.inverse_divisor, quotient);
        let most = lanes.scale(lanes.add(remainder, doubt), self.inverse_divisor, quotient);
        self.doubt = lanes.or_differences(self.doubt, least, most);
        if ROOT { lanes.sqrt(least) } else { least }
    }

    #[inline(always)]
    fn save(&self) -> Self::Saved {
        [self.centre, self.sum, self.top, self.high, self.low]
    }

    #[inline(always)]
    fn finish(&mut self, lanes: L, saved: Self::Saved, leaving: L::F, rows: &Starts, out: &mut [f64]) {
        let doubt = lanes.not_zero(self.doubt);
        if doubt != 0 {
            self.doubt = lanes.splat_integer(0);
            self.close += doubt.count_ones() as usize * L::N;
            let [centre, sum, top, high, low] = saved.map(|part| lane_values(lanes, part));
            let leaving = lane_values(lanes, leaving);
            for lane in (0..L::N).filter(|lane| doubt >> lane & 1 == 1) {
                let exact = self.exact;
                let squares = [top, high, low].map(|part| exact.squared_units(part[lane])).iter().sum();
                let centre = exact.units(centre[lane] - exact.grid.anchor);
                let before = Integers::around(centre, exact.window as i64, exact.units(sum[lane]), squares);
                exact.answer(before, leaving[lane], rows[lane], &mut out[rows[lane]..rows[lane] + L::N]);
            }
        }
    }
}

impl<L: Lanes, const WIDE: bool, const ROOT: bool> Centred<'_, L, WIDE, ROOT> {
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

    /// The squares less the square of the sum over `m`: a leading part, what is missing to it, and the doubt. `S^2` is
    /// two doubles, and of its quotient the remainder is exact.
    #[inline(always)]
    fn fine_spread(&self, lanes: L) -> (L::F, L::F, L::F) {
        let (square, lost) = lanes.two_product(self.sum, self.sum);
        let of_sum = lanes.mul(square, self.inverse);
        let missing = lanes.add(lanes.remainder(square, of_sum, self.m), lost);
        // The larger is taken away from only where all is a few units.
        let spread = lanes.sub(self.high, of_sum);
        let lost = lanes.sub(lanes.sub(self.high, spread), of_sum);
        (spread, lanes.remainder(lanes.add(lost, self.low), missing, self.inverse), self.bound)
    }

    /// The same, where seven roundings of `S^2/m` and beside it are less than 2^-50 of it.
    #[inline(always)]
    fn rounded_spread(&self, lanes: L) -> (L::F, L::F, L::F) {
        let of_sum = lanes.mul(self.sum, lanes.mul(self.sum, self.inverse));
        let (squares, lost) = fast_two_sum(lanes, self.top, self.high);
        let rest = lanes.sub(lanes.add(lost, self.low), of_sum);
        (squares, rest, lanes.scale(of_sum, self.fine, self.bound))
    }
}
