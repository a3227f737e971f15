//! Sums, variances and covariances of rows whose values share no grid of 50 bits, but about 100 (logarithmic returns,
//! noise around zero): values are cut in two limbs and products in four, at places chosen so that the sums of each
//! limb over a window are exact in a double. What is rounded at the end certifies itself or is done in integers.

use super::exact::{parts, round_long_quotient};
use super::grid::{Grid, count, exponent, power_of_two};
use super::rounding::{Divide, DivideIntegers, divisor, fast_two_sum, two_difference, two_sum};
use super::segments::{Rolling, Segments};
use super::simd::{Lanes, Work};

/// Every value is a multiple of `2^finest`, and its magnitude is below `2^top`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limbs {
    finest: i32,
    top: i32,
}

impl Limbs {
    /// Of values between these two, all multiples of `2^finest`; none if their sums over a window would not be exact.
    pub(super) fn between(low: f64, high: f64, finest: i32, window: usize) -> Option<Self> {
        let top = exponent(low.abs().max(high.abs())) + 1;
        Self { finest, top }.checked(window)
    }

    pub(super) fn of_grid(grid: &Grid, window: usize) -> Option<Self> {
        let top = exponent(grid.anchor.abs()).max(grid.exponent + grid.bits) + 2;
        Self { finest: grid.exponent, top }.checked(window)
    }

    fn checked(self, window: usize) -> Option<Self> {
        let in_range = self.finest >= -900 && self.top <= 900 && window <= 1 << 20;
        (in_range && self.bits() + 2 * length_bits(window) <= 104).then_some(self)
    }

    pub(super) fn bits(self) -> i32 {
        self.top - self.finest
    }

    /// Whether products of these, and their last bits, are normal numbers.
    pub(super) fn holds_squares(self) -> bool {
        self.finest >= -450 && self.top <= 450
    }

    /// What rounds a value to its upper limb: sums of those have 53 bits, and of the rest, too.
    fn magic(self, window: usize) -> f64 {
        magic(self.top + length_bits(window) - 52)
    }

    /// The sum of the two limbs' sums, as an integer of at most 104 bits.
    fn integer(self, high: f64, low: f64) -> i128 {
        let scale = power_of_two(-self.finest);
        (high * scale) as i128 + (low * scale) as i128
    }
}

/// The exponent of the power of two that is not less than `window`; at least 1.
fn length_bits(window: usize) -> i32 {
    ((usize::BITS - (window - 1).leading_zeros()) as i32).max(1)
}

/// Added to a double of at most 51 bits above the place `2^place` and taken away again, it leaves that rounded to it.
fn magic(place: i32) -> f64 {
    1.5 * power_of_two(52 + place)
}

#[inline(always)]
fn rounded<L: Lanes>(lanes: L, v: L::F, magic: L::F) -> L::F {
    lanes.sub(lanes.add(v, magic), magic)
}

/// The sum of a window's values in two limbs.
#[derive(Clone, Copy)]
struct Sum<L: Lanes> {
    high: L::F,
    low: L::F,
    magic: L::F,
}

impl<L: Lanes> Sum<L> {
    #[inline(always)]
    fn new(lanes: L, limbs: Limbs, window: usize) -> Self {
        Self { high: lanes.splat(0.0), low: lanes.splat(0.0), magic: lanes.splat(limbs.magic(window)) }
    }

    #[inline(always)]
    fn add(&mut self, lanes: L, value: L::F) {
        let high = rounded(lanes, value, self.magic);
        self.high = lanes.add(self.high, high);
        self.low = lanes.add(self.low, lanes.sub(value, high));
    }

    #[inline(always)]
    fn remove(&mut self, lanes: L, value: L::F) {
        let high = rounded(lanes, value, self.magic);
        self.high = lanes.sub(self.high, high);
        self.low = lanes.sub(self.low, lanes.sub(value, high));
    }

    /// The exact sum as the nearest double and what is missing: the high limb is a multiple of the low one's last
    /// place.
    #[inline(always)]
    fn pair(&self, lanes: L) -> (L::F, L::F) {
        fast_two_sum(lanes, self.high, self.low)
    }
}

/// Sums or means.
pub(super) struct Sums<'a, const MEAN: bool> {
    pub(super) segments: Segments<'a, 1>,
    pub(super) limbs: Limbs,
}

struct SumState<'a, L: Lanes, const MEAN: bool> {
    sum: Sum<L>,
    divide: Divide<L>,
    zero: L::F,
    exact: &'a (Limbs, DivideIntegers),
    close: usize,
}

impl<const MEAN: bool> Work for Sums<'_, MEAN> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (window, m) = (self.segments.window, self.segments.window as u64);
        let exact = (self.limbs, DivideIntegers::new(m));
        let mut state = SumState::<L, MEAN> {
            sum: Sum::new(lanes, self.limbs, window),
            divide: Divide::new(lanes, m),
            zero: lanes.splat(0.0),
            exact: &exact,
            close: 0,
        };
        self.segments.run(lanes, &mut state);
        count(|paths| &mut paths.close, state.close);
    }
}

impl<L: Lanes, const MEAN: bool> Rolling<L, 1> for SumState<'_, L, MEAN> {
    #[inline(always)]
    fn add(&mut self, lanes: L, row: [L::F; 1]) {
        self.sum.add(lanes, row[0]);
    }

    #[inline(always)]
    fn remove(&mut self, lanes: L, row: [L::F; 1]) {
        self.sum.remove(lanes, row[0]);
    }

    #[inline(always)]
    fn value(&mut self, lanes: L) -> L::F {
        let (total, rest) = self.sum.pair(lanes);
        if !MEAN {
            return total;
        }
        let (least, most) = self.divide.round(lanes, total, rest, self.zero);
        let doubtful = lanes.differ(least, most);
        if doubtful == 0 {
            return least;
        }
        self.close += doubtful.count_ones() as usize;
        let mut results = values(lanes, least);
        exact_means(self.exact, doubtful, &values(lanes, self.sum.high), &values(lanes, self.sum.low), &mut results);
        lanes.load(&results, 0)
    }
}

#[inline(always)]
fn values<L: Lanes>(lanes: L, v: L::F) -> [f64; 8] {
    let mut values = [0.0; 8];
    lanes.store(&mut values, 0, v);
    values
}

#[cold]
#[inline(never)]
fn exact_means(
    (limbs, divide): &(Limbs, DivideIntegers),
    doubtful: u32,
    high: &[f64; 8],
    low: &[f64; 8],
    results: &mut [f64; 8],
) {
    for lane in (0..8).filter(|lane| doubtful >> lane & 1 == 1) {
        results[lane] = divide.round(limbs.integer(high[lane], low[lane]), limbs.finest).0;
    }
}

/// Variances or covariances, or with `ROOT` their square roots.
pub(super) struct Moments<'a, const S: usize, const ROOT: bool> {
    pub(super) segments: Segments<'a, S>,
    pub(super) limbs: [Limbs; S],
    pub(super) ddof: usize,
}

struct State<'a, L: Lanes, const S: usize, const ROOT: bool> {
    sums: [Sum<L>; S],
    /// Sums of the products' four limbs, the highest first, and what rounds to the first three.
    products: [L::F; 4],
    magic: [L::F; 3],
    m: L::F,
    divide: Divide<L>,
    fine: L::F,
    finer: L::F,
    exact: &'a Exact<S>,
    close: usize,
}

impl<const S: usize, const ROOT: bool> Work for Moments<'_, S, ROOT> {
    type Output = ();

    /// With `2^n` the first power of two that is not less than the window, products below `2^t` and multiples of
    /// `2^u`: the first limb's place is `2^(t + n - 52)`, so that their sums have 53 bits. What is left of a product
    /// and its rounding error is below that place, hence below `2^(n + 51)` of the next, `2^(n - 51)` times as fine, in
    /// the sum; and so on. The fourth limb is what is left below `2^(t + 3n - 154)`, and its sums are exact as
    /// `t - u + 4n` is at most 207: each series has at most `104 - 2n` bits.
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (window, limbs) = (self.segments.window, self.limbs);
        let (n, divisor) = (length_bits(window), divisor(window, self.ddof));
        let first = limbs[0].top + limbs[S - 1].top + n - 52;
        let zero = lanes.splat(0.0);
        let exact = Exact { limbs, window: window as u64, ddof: self.ddof as u64 };
        let mut state = State::<L, S, ROOT> {
            sums: limbs.map(|limbs| Sum::new(lanes, limbs, window)),
            products: [zero; 4],
            magic: [0, 1, 2].map(|limb| lanes.splat(magic(first + limb * (n - 51)))),
            m: lanes.splat(window as f64),
            divide: Divide::new(lanes, divisor),
            fine: lanes.splat(power_of_two(-47)),
            finer: lanes.splat(power_of_two(-97)),
            exact: &exact,
            close: 0,
        };
        self.segments.run(lanes, &mut state);
        count(|paths| &mut paths.close, state.close);
    }
}

impl<L: Lanes, const S: usize, const ROOT: bool> State<'_, L, S, ROOT> {
    /// The four limbs of a row's product.
    #[inline(always)]
    fn limbs(&self, lanes: L, row: [L::F; S]) -> [L::F; 4] {
        let (mut product, mut error) = lanes.two_product(row[0], row[S - 1]);
        let first = rounded(lanes, product, self.magic[0]);
        product = lanes.sub(product, first);
        let (upper, lower) = (rounded(lanes, product, self.magic[1]), rounded(lanes, error, self.magic[1]));
        let second = lanes.add(upper, lower);
        (product, error) = (lanes.sub(product, upper), lanes.sub(error, lower));
        let (upper, lower) = (rounded(lanes, product, self.magic[2]), rounded(lanes, error, self.magic[2]));
        let third = lanes.add(upper, lower);
        [first, second, third, lanes.add(lanes.sub(product, upper), lanes.sub(error, lower))]
    }
}

impl<L: Lanes, const S: usize, const ROOT: bool> Rolling<L, S> for State<'_, L, S, ROOT> {
    #[inline(always)]
    fn add(&mut self, lanes: L, row: [L::F; S]) {
        for (sum, value) in self.sums.iter_mut().zip(row) {
            sum.add(lanes, value);
        }
        let limbs = self.limbs(lanes, row);
        for (sum, limb) in self.products.iter_mut().zip(limbs) {
            *sum = lanes.add(*sum, limb);
        }
    }

    #[inline(always)]
    fn remove(&mut self, lanes: L, row: [L::F; S]) {
        for (sum, value) in self.sums.iter_mut().zip(row) {
            sum.remove(lanes, value);
        }
        let limbs = self.limbs(lanes, row);
        for (sum, limb) in self.products.iter_mut().zip(limbs) {
            *sum = lanes.sub(*sum, limb);
        }
    }

    /// As on a grid: a main part and a rest. Of the rest, the errors of the two large products and their difference,
    /// the sums' last bits times the rest of them and the second part of the products' sum are below 2^-50 of the two
    /// large products together; eight roundings of them, what is left out and what sums without regard to order may
    /// lose are below 2^-97 of those products. The tail of the products' sum counts by its own magnitude, as in a quiet
    /// window of a lively block it may be all there is. In a window of zeros both bounds are 0.
    #[inline(always)]
    fn value(&mut self, lanes: L) -> L::F {
        let (x, x_low) = self.sums[0].pair(lanes);
        let (y, y_low) = if S == 1 { (x, x_low) } else { self.sums[S - 1].pair(lanes) };
        // Each limb's sum is a multiple of the next one's last place, so no sum here loses anything but the last.
        let [first, second, third, fourth] = self.products;
        let (products, error) = fast_two_sum(lanes, first, second);
        let (error, tail) = fast_two_sum(lanes, error, third);
        let (products, low) = fast_two_sum(lanes, products, error);
        let tail = lanes.mul(lanes.add(tail, fourth), self.m);

        let (square, square_error) = lanes.two_product(x, y);
        let (product, product_error) = lanes.two_product(products, self.m);
        let (main, error) = two_difference::<L, S>(lanes, product, square);
        let errors = lanes.add(error, lanes.sub(product_error, square_error));
        let cross = lanes.add(lanes.mul(x, y_low), lanes.mul(y, x_low));
        let rest = lanes.sub(lanes.add(errors, lanes.add(lanes.mul(low, self.m), tail)), cross);
        let (spread, rest) = if S == 1 { fast_two_sum(lanes, main, rest) } else { two_sum(lanes, main, rest) };
        let large = lanes.add(lanes.abs(product), lanes.abs(square));
        let bound = lanes.add(lanes.mul(large, self.finer), lanes.mul(lanes.abs(tail), self.fine));
        let (least, most) = self.divide.round(lanes, spread, rest, bound);
        let mut result = least;
        let doubtful = lanes.differ(least, most);
        if doubtful != 0 {
            self.close += doubtful.count_ones() as usize;
            let mut results = values(lanes, result);
            let sums = [&self.sums[0], &self.sums[S - 1]].map(|sum| [values(lanes, sum.high), values(lanes, sum.low)]);
            self.exact.answer(doubtful, &sums, &self.products.map(|limb| values(lanes, limb)), &mut results);
            result = lanes.load(&results, 0);
        }
        if ROOT { lanes.sqrt(result) } else { result }
    }
}

/// What is in doubt, in integers of 256 bits.
struct Exact<const S: usize> {
    limbs: [Limbs; S],
    window: u64,
    ddof: u64,
}

impl<const S: usize> Exact<S> {
    /// Replaces the doubtful lanes of `results`.
    #[cold]
    #[inline(never)]
    fn answer(&self, doubtful: u32, sums: &[[[f64; 8]; 2]; 2], products: &[[f64; 8]; 4], results: &mut [f64; 8]) {
        let (x, y) = (&self.limbs[0], &self.limbs[S - 1]);
        let unit = x.finest + y.finest;
        for lane in (0..8).filter(|lane| doubtful >> lane & 1 == 1) {
            let mut spread = Long::default();
            for limb in products {
                let parts = parts(limb[lane]);
                let times = u128::from(parts.mantissa) * u128::from(self.window);
                // What lies below the unit is zeros.
                let bit = parts.bit as i32 - 1074 - unit;
                let times = if bit < 0 { times.checked_shr(bit.unsigned_abs()).unwrap_or(0) } else { times };
                spread.add(times, bit.max(0).unsigned_abs(), parts.negative);
            }
            let [x, y] = [(x, 0), (y, 1)].map(|(limbs, at)| limbs.integer(sums[at][0][lane], sums[at][1][lane]));
            let negative = (x < 0) == (y < 0);
            let ([x_high, x_low], [y_high, y_low]) = (halves(x.unsigned_abs()), halves(y.unsigned_abs()));
            spread.add(x_low * y_low, 0, negative);
            spread.add(x_low * y_high, 64, negative);
            spread.add(x_high * y_low, 64, negative);
            spread.add(x_high * y_high, 128, negative);
            results[lane] = spread.quotient(unit, [self.window, self.window - self.ddof]);
        }
    }
}

fn halves(v: u128) -> [u128; 2] {
    [v >> 64, v & u128::from(u64::MAX)]
}

/// A two's complement integer of 256 bits, least limb first.
#[derive(Default)]
struct Long([u64; 4]);

impl Long {
    /// Adds `v * 2^bit`, which fits, or subtracts it.
    fn add(&mut self, v: u128, bit: u32, negative: bool) {
        let (at, shift) = ((bit / 64) as usize, bit % 64);
        let low = v << shift;
        let mut limbs = [0; 6];
        limbs[at..at + 3].copy_from_slice(&[low as u64, (low >> 64) as u64, ((v >> 64 >> 1) >> (63 - shift)) as u64]);
        let mut carry = u64::from(negative);
        for (limb, addend) in self.0.iter_mut().zip(limbs) {
            // Minus a number is its inverse and one.
            let addend = if negative { !addend } else { addend };
            let sum = u128::from(*limb) + u128::from(addend) + u128::from(carry);
            (*limb, carry) = (sum as u64, (sum >> 64) as u64);
        }
    }

    /// `self * 2^unit / (d[0] * d[1])`, rounded once.
    fn quotient(mut self, unit: i32, d: [u64; 2]) -> f64 {
        let negative = self.0[3] >> 63 == 1;
        if negative {
            let mut magnitude = Self::default();
            for (limb, &value) in self.0.iter().enumerate() {
                magnitude.add(u128::from(value), 64 * limb as u32, true);
            }
            self = magnitude;
        }
        let Some(last) = self.0.iter().rposition(|&limb| limb != 0) else { return 0.0 };
        let top = std::array::from_fn(|i| last.checked_sub(i).map_or(0, |limb| self.0[limb]));
        round_long_quotient(negative, top, unit + 64 * (last as i32 - 3), false, d)
    }
}
