//! Sliding sums of integers on a grid, a vector of rows at a time: each vector's changes are summed up lane by lane
//! and added to what the vector before ended with. Integers do not round, so neither order nor width matters.

use super::exact::round_quotient;
use super::grid::{Grid, count, power_of_two};
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

    #[inline(always)]
    fn value(self, lanes: L) -> i64 {
        lane_values(lanes, self.0)[0]
    }
}

/// `a + b` and its rounding error.
#[inline(always)]
fn two_sum<L: Lanes>(lanes: L, a: L::F, b: L::F) -> (L::F, L::F) {
    let sum = lanes.add(a, b);
    let virtual_b = lanes.sub(sum, a);
    let error = lanes.add(lanes.sub(a, lanes.sub(sum, virtual_b)), lanes.sub(b, virtual_b));
    (sum, error)
}

/// `a + b` and its rounding error, where `a` is the larger.
#[inline(always)]
fn fast_two_sum<L: Lanes>(lanes: L, a: L::F, b: L::F) -> (L::F, L::F) {
    let sum = lanes.add(a, b);
    (sum, lanes.sub(b, lanes.sub(sum, a)))
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

/// Sum and sum of squares of a window's integers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Squares {
    sum: i64,
    squares: i128,
}

impl Squares {
    pub(super) fn of(grid: &Grid, rows: &[f64]) -> Self {
        let (scale, anchor) = (grid.scale(), grid.anchor);
        let (mut sum, mut squares) = (0, 0);
        for &x in rows {
            let k = ((x - anchor) * scale) as i64;
            sum += k;
            squares += i128::from(k) * i128::from(k);
        }
        Self { sum, squares }
    }

    /// The variance, from exact integers.
    pub(super) fn variance(&self, grid: &Grid, m: usize, ddof: usize) -> f64 {
        let spread = m as i128 * self.squares - i128::from(self.sum) * i128::from(self.sum);
        round_quotient(spread, 2 * grid.exponent, m as u64 * (m - ddof) as u64)
    }
}

/// Sums of a window's integers in two series, and of their products, one row at a time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Products {
    x: i64,
    y: i64,
    xy: i128,
}

impl Products {
    pub(super) fn add(&mut self, x: i64, y: i64) {
        self.x += x;
        self.y += y;
        self.xy += i128::from(x) * i128::from(y);
    }

    pub(super) fn remove(&mut self, x: i64, y: i64) {
        self.x -= x;
        self.y -= y;
        self.xy -= i128::from(x) * i128::from(y);
    }

    /// The covariance in units of `2^exponent`.
    pub(super) fn covariance(&self, exponent: i32, m: usize, ddof: usize) -> f64 {
        let spread = m as i128 * self.xy - i128::from(self.x) * i128::from(self.y);
        round_quotient(spread, exponent, m as u64 * (m - ddof) as u64)
    }
}

/// Variances, or standard deviations, of the windows after one with these sums.
pub(super) struct Variances<'a, const ROOT: bool> {
    pub(super) slide: Slide<'a>,
    pub(super) ddof: usize,
    pub(super) first: Squares,
}

/// Rows after which the two parts of a sum of squares are put in order again: each part alone grows with the rows
/// that have come and gone, only together do they stay what the window holds.
const CHUNK: usize = 512;

impl<const ROOT: bool> Work for Variances<'_, ROOT> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Slide { grid, window, entering, leaving, out } = self.slide;
        // Squares are cut in two at this bit: h * 2^t + l.
        let t = grid.bits as u32 + 2;
        let place = power_of_two(t as i32);
        let m = window as f64;
        let d = (window as u64 * (window - self.ddof) as u64) as f64;
        let mut step = VarianceStep::<L, ROOT> {
            sum: Carried(lanes.splat_integer(0)),
            high: Carried(lanes.splat_integer(0)),
            low: Carried(lanes.splat_integer(0)),
            close: 0,
            grid: *grid,
            window,
            ddof: self.ddof,
            t,
            magic: lanes.splat(6_755_399_441_055_744.0 * place),
            anchor: lanes.splat(grid.anchor),
            scale: lanes.splat(grid.scale()),
            high_place: lanes.splat(m * place),
            m: lanes.splat(m),
            divisor: lanes.splat(d),
            inverse: lanes.splat(1.0 / d),
            unit: lanes.splat(power_of_two(2 * grid.exponent)),
            fine: lanes.splat(power_of_two(-50)),
            finer: lanes.splat(power_of_two(-100)),
        };
        let mut sums = self.first;
        for (out, (entering, leaving)) in out.chunks_mut(CHUNK).zip(entering.chunks(CHUNK).zip(leaving.chunks(CHUNK))) {
            step.sum = Carried(lanes.splat_integer(sums.sum));
            step.high = Carried(lanes.splat_integer((sums.squares >> t) as i64));
            step.low = Carried(lanes.splat_integer((sums.squares & ((1 << t) - 1)) as i64));
            Slide { grid, window, entering, leaving, out }.run(lanes, &mut step);
            let squares = (i128::from(step.high.value(lanes)) << t) + i128::from(step.low.value(lanes));
            sums = Squares { sum: step.sum.value(lanes), squares };
        }
        count(|paths| &mut paths.close, step.close);
    }
}

struct VarianceStep<L: Lanes, const ROOT: bool> {
    sum: Carried<L>,
    high: Carried<L>,
    low: Carried<L>,
    close: usize,
    grid: Grid,
    window: usize,
    ddof: usize,
    t: u32,
    magic: L::F,
    anchor: L::F,
    scale: L::F,
    high_place: L::F,
    m: L::F,
    divisor: L::F,
    inverse: L::F,
    unit: L::F,
    fine: L::F,
    finer: L::F,
}

impl<L: Lanes, const ROOT: bool> Step<L> for VarianceStep<L, ROOT> {
    #[inline(always)]
    fn step(&mut self, lanes: L, new: L::F, old: L::F) -> L::F {
        // new^2 - old^2 = (new - old) * (new + old), both factors exact on the grid.
        let difference = lanes.mul(lanes.sub(new, old), self.scale);
        let both = lanes.mul(lanes.add(lanes.sub(new, self.anchor), lanes.sub(old, self.anchor)), self.scale);
        let (change_high, change_low) = lanes.split_product(difference, both, self.magic, self.t);
        let sums = self.sum.step(lanes, lanes.integer(difference));
        let (highs, lows) = (self.high.step(lanes, change_high), self.low.step(lanes, change_low));

        // m*Sxx - Sx^2 as a main part and a rest, with a bound for what rounding took from the rest: five roundings
        // of its small parts, and of the large ones their errors' errors.
        let (s, s_low) = lanes.pair(sums);
        let (h, h_low) = lanes.pair(highs);
        let (l, _) = lanes.pair(lows);
        let (square, square_error) = lanes.two_product(s, s);
        let cross = lanes.mul(lanes.add(s, s), s_low);
        let (product, product_error) = lanes.two_product(h, self.high_place);
        let (h_rest, l_rest) = (lanes.mul(h_low, self.high_place), lanes.mul(l, self.m));
        let (main, main_error) = two_sum(lanes, product, lanes.sub(lanes.splat(0.0), square));
        let errors = lanes.add(main_error, lanes.sub(product_error, square_error));
        let (spread, rest) = two_sum(lanes, main, lanes.add(errors, lanes.add(lanes.sub(h_rest, cross), l_rest)));
        let small = lanes.add(lanes.abs(l_rest), lanes.add(lanes.abs(h_rest), lanes.abs(cross)));
        let large = lanes.add(lanes.abs(product), square);
        let bound = lanes.scale(small, self.fine, lanes.mul(large, self.finer));

        let quotient = lanes.mul(spread, self.inverse);
        let remainder = lanes.add(lanes.remainder(spread, quotient, self.divisor), rest);
        let correction = lanes.mul(remainder, self.inverse);
        let doubt = lanes.scale(lanes.abs(correction), self.fine, lanes.mul(bound, self.inverse));
        let least = lanes.add(quotient, lanes.sub(correction, doubt));
        let most = lanes.add(quotient, lanes.add(correction, doubt));
        let mut result = lanes.mul(least, self.unit);
        let doubtful = lanes.differ(least, most);
        if doubtful != 0 {
            self.close += doubtful.count_ones() as usize;
            let mut results = [0.0; 8];
            lanes.store(&mut results, 0, result);
            let exact = [lane_values(lanes, sums), lane_values(lanes, highs), lane_values(lanes, lows)];
            exactly(&self.grid, (self.window, self.ddof, self.t), doubtful, exact, &mut results);
            result = lanes.load(&results, 0);
        }
        if ROOT { lanes.sqrt(result) } else { result }
    }
}

#[inline(always)]
fn lane_values<L: Lanes>(lanes: L, v: L::I) -> [i64; 8] {
    let mut values = [0; 8];
    lanes.store_integers(&mut values, v);
    values
}

/// Replaces the doubtful lanes of `results`.
#[cold]
#[inline(never)]
fn exactly(
    grid: &Grid,
    (window, ddof, t): (usize, usize, u32),
    doubtful: u32,
    [sum, high, low]: [[i64; 8]; 3],
    results: &mut [f64; 8],
) {
    for lane in (0..8).filter(|lane| doubtful >> lane & 1 == 1) {
        let squares = (i128::from(high[lane]) << t) + i128::from(low[lane]);
        results[lane] = Squares { sum: sum[lane], squares }.variance(grid, window, ddof);
    }
}
