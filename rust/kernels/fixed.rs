//! Variances and covariances of rows on a grid: sums of integers and of their products, which never round, and one
//! rounding at the end that certifies itself. `S` is 1 for a series with itself, 2 for two.

use super::grid::{Grid, count, power_of_two};
use super::rounding::{Divide, DivideIntegers, divisor, fast_two_sum, lane_values, two_difference, two_sum};
use super::segments::{Rolling, Segments};
use super::simd::{Lanes, MAGIC, Work, load_some};
use super::sliding_spread::{self, Integers};

/// Moments of the windows of rows on these grids: variances or covariances, or with `ROOT` their square roots.
pub(super) struct Moments<'a, const S: usize, const ROOT: bool> {
    pub(super) segments: Segments<'a, S>,
    pub(super) grids: [Grid; S],
    pub(super) ddof: usize,
}

impl<const S: usize, const ROOT: bool> Work for Moments<'_, S, ROOT> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        if sliding_spread::run(lanes, &mut self) {
            return;
        }
        let (grids, window) = (self.grids, self.segments.window);
        let units = grids[0].exponent + grids[S - 1].exponent;
        let divisor = divisor(window, self.ddof);
        if !L::REGISTERS {
            return if S == 1
                && let Some(integers) = Integers::new(&grids[0], window)
            {
                self.slide_one_by_one(integers, units, divisor);
            } else {
                self.one_by_one(units, divisor);
            };
        }
        let plan = Plan::new(grids[0].bits, grids[S - 1].bits, window);
        let place = power_of_two(plan.cut as i32);
        let zero = lanes.splat_integer(0);
        let exact = Exact { window, cut: plan.cut, units, divide: DivideIntegers::new(divisor) };
        let mut state = State::<L, S, ROOT> {
            sums: [zero; S],
            high: zero,
            low: zero,
            scale: grids.map(|grid| lanes.splat(grid.scale())),
            anchor: grids.map(|grid| lanes.splat(-grid.anchor * grid.scale())),
            cut: plan.cut,
            magic: lanes.splat(MAGIC * place),
            place: lanes.splat(window as f64 * place),
            m: lanes.splat(window as f64),
            // Twice: for the roundings of what is made of it.
            bound: lanes.splat(2.0 * plan.bound),
            divide: Divide::new(lanes, divisor),
            unit: lanes.splat(power_of_two(units)),
            exact: &exact,
            close: 0,
        };
        self.segments.run(lanes, &mut state);
        count(|paths| &mut paths.close, state.close);
    }
}

/// How the products of two integers of some bits are cut in two, and how well that does.
///
/// A product is `h * 2^cut + l`: h must have 51 bits, its sum over a window 62. The spread `m*Sxy - Sx*Sy` is then
/// `m*2^cut*H + m*L - Sx*Sy`, a main part and a rest. With `|Sx| <= 2^a`, `|Sy| <= 2^b`, the terms of the rest are:
/// errors of the two large products and of their difference (2^(a+b-51) in all), sums' last bits beyond 53 times the
/// rest (2^(a+b-52)), and `m*L`. At most twelve roundings are made of them, each by 2^-53 of what they are in all;
/// left out is the product of two sums' last bits (2^(a+b-108)); the two sums without regard to order can lose 2^-51
/// of the rest each where main part and rest are alike. 2^-48 holds all of that.
/// If all terms of the rest are integers below 2^51 none of this rounds, and the bound is 0.
#[derive(Debug, Clone, Copy)]
struct Plan {
    cut: u32,
    bound: f64,
}

impl Plan {
    fn new(x: i32, y: i32, window: usize) -> Self {
        let m = (usize::BITS - (window - 1).leading_zeros()) as i32;
        let (a, b) = (x + m, y + m);
        let cut = (x + y + m - 62).max(x + y - 51).max(0);
        // One bit less than the cut for each, as many as the window, and times its length.
        let low = if cut == 0 { 0.0 } else { power_of_two(cut - 1 + 2 * m) };
        let exact = a.max(b) <= 53 && a + b <= 100 && low <= power_of_two(49);
        let bound = if exact { 0.0 } else { (power_of_two(a + b - 50) + low) * power_of_two(-48) };
        Self { cut: cut as u32, bound }
    }
}

/// The sums of the integers of some of a window's rows and of their squares.
#[inline(always)]
pub(super) fn first_sums<L: Lanes>(lanes: L, grid: &Grid, window: usize, rows: &[f64]) -> (i64, i128) {
    let Plan { cut, .. } = Plan::new(grid.bits, grid.bits, window);
    let (scale, anchor) = (lanes.splat(grid.scale()), lanes.splat(-grid.anchor * grid.scale()));
    let magic = lanes.splat(MAGIC * power_of_two(cut as i32));
    let mut sums = [lanes.splat_integer(0); 3];
    for at in (0..rows.len()).step_by(L::N) {
        let integer = lanes.scale(load_some(lanes, rows, at, grid.anchor), scale, anchor);
        let (high, low) = lanes.split_product(integer, integer, magic, cut);
        for (sum, more) in sums.iter_mut().zip([lanes.integer(integer), high, low]) {
            *sum = lanes.add_integers(*sum, more);
        }
    }
    let [sum, high, low] = sums.map(|sum| lane_values(lanes, sum)[..L::N].iter().sum::<i64>());
    (sum, (i128::from(high) << cut) + i128::from(low))
}

struct State<'a, L: Lanes, const S: usize, const ROOT: bool> {
    sums: [L::I; S],
    high: L::I,
    low: L::I,
    scale: [L::F; S],
    anchor: [L::F; S],
    cut: u32,
    magic: L::F,
    place: L::F,
    m: L::F,
    bound: L::F,
    divide: Divide<L>,
    unit: L::F,
    /// Elsewhere, so that the sums need not be in memory when it is asked.
    exact: &'a Exact,
    close: usize,
}

impl<L: Lanes, const S: usize, const ROOT: bool> State<'_, L, S, ROOT> {
    /// The integers of a row, as doubles.
    #[inline(always)]
    fn integers(&self, lanes: L, mut row: [L::F; S]) -> [L::F; S] {
        for (series, value) in row.iter_mut().enumerate() {
            *value = lanes.scale(*value, self.scale[series], self.anchor[series]);
        }
        row
    }
}

impl<L: Lanes, const S: usize, const ROOT: bool> Rolling<L, S> for State<'_, L, S, ROOT> {
    #[inline(always)]
    fn add(&mut self, lanes: L, row: [L::F; S]) {
        let row = self.integers(lanes, row);
        for (sum, value) in self.sums.iter_mut().zip(row) {
            *sum = lanes.add_integers(*sum, lanes.integer(value));
        }
        let (high, low) = lanes.split_product(row[0], row[S - 1], self.magic, self.cut);
        self.high = lanes.add_integers(self.high, high);
        self.low = lanes.add_integers(self.low, low);
    }

    #[inline(always)]
    fn remove(&mut self, lanes: L, row: [L::F; S]) {
        let row = self.integers(lanes, row);
        for (sum, value) in self.sums.iter_mut().zip(row) {
            *sum = lanes.sub_integers(*sum, lanes.integer(value));
        }
        let (high, low) = lanes.split_product(row[0], row[S - 1], self.magic, self.cut);
        self.high = lanes.sub_integers(self.high, high);
        self.low = lanes.sub_integers(self.low, low);
    }

    #[inline(always)]
    fn value(&mut self, lanes: L) -> L::F {
        let (x, x_low) = lanes.pair(self.sums[0]);
        let (y, y_low) = if S == 1 { (x, x_low) } else { lanes.pair(self.sums[S - 1]) };
        let (h, h_low) = lanes.pair(self.high);
        let (square, square_error) = lanes.two_product(x, y);
        let (product, product_error) = lanes.two_product(h, self.place);
        // Of a series with itself the spread is not negative, so a product below half the square is a small one.
        let (main, error) = two_difference::<L, S>(lanes, product, square);
        let errors = lanes.add(error, lanes.sub(product_error, square_error));
        let rest = lanes.remainder(lanes.remainder(errors, x, y_low), y, x_low);
        let rest = lanes.scale(h_low, self.place, lanes.scale(lanes.nearest(self.low), self.m, rest));
        let (spread, rest) = if S == 1 { fast_two_sum(lanes, main, rest) } else { two_sum(lanes, main, rest) };
        let (least, most) = self.divide.round(lanes, spread, rest, self.bound);
        let mut result = lanes.mul(least, self.unit);
        let doubtful = lanes.differ(least, most);
        if doubtful != 0 {
            self.close += doubtful.count_ones() as usize;
            let mut results = [0.0; 8];
            lanes.store(&mut results, 0, result);
            let sums = [lane_values(lanes, self.sums[0]), lane_values(lanes, self.sums[S - 1])];
            let products = [lane_values(lanes, self.high), lane_values(lanes, self.low)];
            self.exact.answer(doubtful, sums, products, &mut results);
            result = lanes.load(&results, 0);
        }
        if ROOT { lanes.sqrt(result) } else { result }
    }
}

/// What is in doubt, in integers.
struct Exact {
    window: usize,
    cut: u32,
    units: i32,
    divide: DivideIntegers,
}

impl Exact {
    /// Replaces the doubtful lanes of `results`.
    #[cold]
    #[inline(never)]
    fn answer(&self, doubtful: u32, sums: [[i64; 8]; 2], [high, low]: [[i64; 8]; 2], results: &mut [f64; 8]) {
        for lane in (0..8).filter(|lane| doubtful >> lane & 1 == 1) {
            let products = (i128::from(high[lane]) << self.cut) + i128::from(low[lane]);
            let spread = self.window as i128 * products - i128::from(sums[0][lane]) * i128::from(sums[1][lane]);
            results[lane] = self.divide.round(spread, self.units).0;
        }
    }
}

impl<const S: usize, const ROOT: bool> Moments<'_, S, ROOT> {
    /// The same in integers alone, for machines whose vectors have no fused multiply-add.
    fn one_by_one(self, units: i32, divisor: u64) {
        let Segments { series, start, window, out } = self.segments;
        let (x, y) = (series[0], series[S - 1]);
        let scale = self.grids.map(|grid| (grid.anchor, grid.scale()));
        let integer = |series: usize, value: f64| {
            let (anchor, scale) = scale[series];
            ((value - anchor) * scale) as i64
        };
        let row = |i: usize| {
            let a = integer(0, x[i]);
            (a, if S == 1 { a } else { integer(S - 1, y[i]) })
        };
        let (mut a, mut b, mut products) = (0_i64, 0_i64, 0_i128);
        for i in start + 1 - window..start {
            let (x, y) = row(i);
            (a, b, products) = (a + x, b + y, products + i128::from(x) * i128::from(y));
        }
        let divide = DivideIntegers::new(divisor);
        let mut close = 0;
        for (i, out) in (start..).zip(out) {
            let (x, y) = row(i);
            (a, b, products) = (a + x, b + y, products + i128::from(x) * i128::from(y));
            let (value, long) = divide.round(window as i128 * products - i128::from(a) * i128::from(b), units);
            *out = if ROOT { value.sqrt() } else { value };
            close += usize::from(long);
            let (x, y) = row(i + 1 - window);
            (a, b, products) = (a - x, b - y, products - i128::from(x) * i128::from(y));
        }
        count(|paths| &mut paths.close, close);
    }

    /// The same of one series, whose spread itself slides.
    fn slide_one_by_one(self, mut integers: Integers, units: i32, divisor: u64) {
        let Segments { series, start, window, out } = self.segments;
        let (anchor, scale) = (self.grids[0].anchor, self.grids[0].scale());
        let integer = |value: &f64| ((value - anchor) * scale) as i64;
        let x = &series[0][start + 1 - window..start + out.len()];
        let (before, entering) = x.split_at(window - 1);
        for value in before {
            integers.slide(integer(value), 0);
        }
        let (divide, mut close, mut leaving) = (DivideIntegers::new(divisor), 0, 0);
        for ((out, entering), next) in out.iter_mut().zip(entering).zip(x) {
            let (value, long) = divide.round(integers.slide(integer(entering), leaving), units);
            *out = if ROOT { value.sqrt() } else { value };
            close += usize::from(long);
            leaving = integer(next);
        }
        count(|paths| &mut paths.close, close);
    }
}
