//! The moments of any doubles at all, exact: sums and sums of products in digits, of which the leading ones nearly
//! always tell how `m*Sxy - Sx*Sy` rounds. Where they do not (ties, and what cancels), it is computed whole, and then
//! kept up to date value by value until rows have been easy for a while: hard rows come together.

use super::digits::{Digits, LEADING, PAD, PRODUCT, SHORT, WideSum, glance, magnitude, nearest, work};
use super::divisor::Divisor;
use super::exact::parts;
use super::spread::{Spread, Sums};

/// Rows in a row that the leading digits would have told, after which they are asked again.
const PATIENCE: u8 = 8;

/// `m*Sxy - Sx*Sy` of finite pairs that come and go, in units of 2^-2148. `SQUARE` says that x and y are one series.
#[derive(Clone)]
pub(super) struct WideMoments<const SQUARE: bool> {
    m: u64,
    sx: WideSum,
    sy: WideSum,
    sxy: Digits<PRODUCT>,
    /// How many values' worth of digits there may be besides the `m` that have been added.
    slack: u64,
    /// Up to date for so many rows more, but for the pair that has left last.
    patience: u8,
    left: Option<(f64, f64)>,
    spread: Option<Box<Spread<SQUARE>>>,
}

impl<const SQUARE: bool> WideMoments<SQUARE> {
    pub(super) const ZERO: Self = Self {
        m: 0,
        sx: WideSum::ZERO,
        sy: WideSum::ZERO,
        sxy: Digits::ZERO,
        slack: 0,
        patience: 0,
        left: None,
        spread: None,
    };

    /// The moments of `m` pairs whose sums are known: of each series, and of the products, all with their units.
    pub(super) fn of(m: u64, [sx, sy]: [(i128, usize); 2], (sxy, bit): ([u64; 4], usize)) -> Self {
        let mut moments = Self { m, slack: m + 2, ..Self::ZERO };
        moments.sx.add_integer(sx.0, sx.1);
        if !SQUARE {
            moments.sy.add_integer(sy.0, sy.1);
        }
        let (mut sxy, negative) = (sxy, sxy[3] >> 63 == 1);
        magnitude(&mut sxy, negative);
        for (at, &limb) in sxy.iter().enumerate().filter(|(_, limb)| **limb != 0) {
            moments.sxy.add_short(limb, bit + 64 * at, negative);
        }
        moments
    }

    #[inline]
    pub(super) fn add(&mut self, x: f64, y: f64) {
        if self.patience > 0 {
            self.follow(Some((x, y)));
        }
        self.change(x, y, false);
        self.m += 1;
    }

    #[inline]
    pub(super) fn remove(&mut self, x: f64, y: f64) {
        if self.left.is_some() {
            self.follow(None);
        }
        self.change(x, y, true);
        self.m -= 1;
        if self.patience > 0 {
            self.left = Some((x, y));
        }
    }

    #[inline(always)]
    fn change(&mut self, x: f64, y: f64, remove: bool) {
        let (x, y) = (parts(x), parts(y));
        self.sx.0.add_short(x.mantissa, x.bit, x.negative != remove);
        if !SQUARE {
            self.sy.0.add_short(y.mantissa, y.bit, y.negative != remove);
        }
        let xy = u128::from(x.mantissa) * u128::from(y.mantissa);
        self.sxy.add(xy, x.bit + y.bit, (x.negative != y.negative) != remove);
    }

    /// Brings the spread up to date with the pair that has left and with one that comes. The sums are without both.
    #[inline(never)]
    fn follow(&mut self, new: Option<(f64, f64)>) {
        let pair = |(x, y): (f64, f64)| {
            let x = parts(x);
            [x, if SQUARE { x } else { parts(y) }]
        };
        let sums = &mut Sums { sx: &mut self.sx.0, sy: &mut self.sy.0 };
        if let Some(spread) = &mut self.spread {
            spread.change(self.left.take().map(pair), new.map(pair), sums);
        }
    }

    /// `(m*Sxy - Sx*Sy) / (m*(m - ddof))`, rounded once; NaN unless `m > ddof`.
    #[inline(never)]
    pub(super) fn quotient(&mut self, ddof: u64, divisor: &mut Divisor) -> f64 {
        if self.m <= ddof {
            return f64::NAN;
        }
        if self.left.is_some() {
            self.follow(None);
        }
        if self.patience == 0
            && let Some(value) = self.leading(ddof, divisor)
        {
            return value;
        }
        self.whole(ddof, divisor)
    }

    /// From all there is.
    fn whole(&mut self, ddof: u64, divisor: &mut Divisor) -> f64 {
        let spread = self.spread.get_or_insert_with(|| Box::new(Spread::EMPTY));
        if self.patience == 0 {
            spread.set(self.m, &mut self.sx.0, &mut self.sy.0, &mut self.sxy);
        }
        let sums = &mut Sums { sx: &mut self.sx.0, sy: &mut self.sy.0 };
        let (value, hard) = spread.quotient(self.m, ddof, (sums, &mut self.sxy), divisor);
        self.patience = if hard || self.patience == 0 { PATIENCE } else { self.patience - 1 };
        value
    }

    /// From the leading digits, if they tell.
    #[inline(always)]
    fn leading(&mut self, ddof: u64, divisor: &mut Divisor) -> Option<f64> {
        if self.m + self.slack >= 1 << 30 {
            return None;
        }
        let x_top = self.sx.0.top();
        let sums = x_top.zip(if SQUARE { x_top } else { self.sy.0.top() });
        // One digit more than the tops of the two: their carries.
        let product_top = sums.map(|(x_top, y_top)| x_top + y_top + 1 - PAD);
        let Some(top) = self.sxy.top().max(product_top) else { return Some(0.0) };
        let sums = sums.map(|(x_top, y_top)| (x_top, y_top, top + PAD - 1 - x_top - y_top));
        let divisor = divisor.set(self.m * (self.m - ddof));
        let unit = |limbs: usize| 64 * ((top + 2 - limbs) as i32 - PAD as i32) - 2148;
        let (negative, spread) = self.spread_from::<SHORT>(top, sums);
        if let Some(value) = glance(negative, &spread[..=SHORT], unit(SHORT), divisor) {
            return Some(value);
        }
        let (negative, spread) = self.spread_from::<LEADING>(top, sums);
        nearest(negative, &spread, unit(LEADING), divisor)
    }

    /// The magnitude of `m*Sxy - Sx*Sy` from `L` limbs of each, the last of which has the carries of digit `top`: known
    /// but for less than 8 units of limb 1. `sums` are the tops of the two, and how far their product's is below `top`.
    ///
    /// Digits of sums cut off below are less than `w + 1` units of the last one read, times the other sum's `w` of its
    /// first, where `w` is m with the slack; `w^2` is less than 2^61. Together with the lower half of the product, and m
    /// times what `sxy` lost, that is less than 8 * 2^64 units of limb 0.
    #[inline(always)]
    fn spread_from<const L: usize>(
        &self,
        top: usize,
        sums: Option<(usize, usize, usize)>,
    ) -> (bool, [u64; LEADING + 1]) {
        // Zeros follow, so that it may be read from anywhere.
        let (mut xy, mut x_negative, mut y_negative) = ([0_u64; 2 * (LEADING + 1)], false, false);
        let mut shift = 0;
        if let Some((x_top, y_top, below)) = sums
            && below < L
        {
            shift = below;
            let mut x = self.sx.0.leading::<L>(x_top + 2 - L, 0);
            x_negative = x[L - 1] >> 63 == 1;
            magnitude(&mut x, x_negative);
            if SQUARE {
                y_negative = x_negative;
                upper_half_of_square(&x, &mut xy);
            } else {
                let mut y = self.sy.0.leading::<L>(y_top + 2 - L, 0);
                y_negative = y[L - 1] >> 63 == 1;
                magnitude(&mut y, y_negative);
                upper_half(&x, &y, &mut xy);
            }
        }
        let xy = &xy[shift..=shift + LEADING];
        let limbs = self.sxy.leading::<L>(top + 2 - L, 0);
        let mut spread = [0_u64; LEADING + 1];
        let subtract = x_negative == y_negative;
        let mask = if subtract { u64::MAX } else { 0 };
        let (mut high, mut carry) = (0_u64, subtract);
        let sign = if limbs[L - 1] >> 63 == 1 { u64::MAX } else { 0 };
        for (i, out) in spread[..=L].iter_mut().enumerate() {
            let limb = if i < L { limbs[i] } else { sign };
            let product = u128::from(self.m) * u128::from(limb) + u128::from(high);
            high = (product >> 64) as u64;
            let (sum, first) = (product as u64).overflowing_add(xy[i] ^ mask);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*out, carry) = (sum, first | second);
        }
        let negative = spread[L] >> 63 == 1;
        magnitude(&mut spread[..=L], negative);
        work(2 * L);
        (negative, spread)
    }
}

/// A sum of products: 192 bits of a column, and then of the next.
struct Column {
    sum: u128,
    over: u64,
}

impl Column {
    const ZERO: Self = Self { sum: 0, over: 0 };

    #[inline(always)]
    fn add(&mut self, product: u128) {
        let (sum, carry) = self.sum.overflowing_add(product);
        self.sum = sum;
        self.over += u64::from(carry);
    }

    /// The lowest limb, of which the others are what is carried.
    #[inline(always)]
    fn next(&mut self) -> u64 {
        let limb = self.sum as u64;
        *self = Self { sum: self.sum >> 64 | u128::from(self.over) << 64, over: 0 };
        limb
    }
}

/// The upper half of a product: its columns from the last but one limb's on.
#[inline(always)]
fn upper_half<const L: usize>(x: &[u64; L], y: &[u64; L], out: &mut [u64]) {
    let mut sum = Column::ZERO;
    for column in L - 1..2 * L - 1 {
        for i in column + 1 - L..L {
            sum.add(u128::from(x[i]) * u128::from(y[column - i]));
        }
        out[column + 1 - L] = sum.next();
    }
    out[L] = sum.next();
    work(L * (L + 1) / 2);
}

/// The same of a square, where most products are there twice.
#[inline(always)]
fn upper_half_of_square<const L: usize>(x: &[u64; L], out: &mut [u64]) {
    let mut sum = Column::ZERO;
    for column in L - 1..2 * L - 1 {
        for i in column + 1 - L..column.div_ceil(2) {
            let product = u128::from(x[i]) * u128::from(x[column - i]);
            sum.add(product);
            sum.add(product);
        }
        if column % 2 == 0 {
            sum.add(u128::from(x[column / 2]) * u128::from(x[column / 2]));
        }
        out[column + 1 - L] = sum.next();
    }
    out[L] = sum.next();
    work(L * (L + 1) / 2);
}

#[cfg(test)]
#[path = "../../tests/kernels/hostile_series.rs"]
#[allow(dead_code, reason = "names and settings are for the tests of the kernels, which share these series")]
mod hostile_series;

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;

    use super::super::digits::take_work;
    use super::hostile_series::families;
    use super::{Divisor, WideMoments, WideSum};

    /// Whether `value` is the double nearest to `n / d` units of 2^-2148.
    fn is_nearest(value: f64, n: &BigInt, d: &BigInt) -> bool {
        let units = |bits: u64| {
            let (exponent, fraction) = (bits >> 52, bits & 0xf_ffff_ffff_ffff);
            let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
            BigInt::from(mantissa) << (exponent.max(1) - 1 + 1074)
        };
        let bits = value.to_bits();
        let twice_off: BigInt = (n - units(bits) * d) * 2;
        let (above, below) = ((units(bits + 1) - units(bits)) * d, (units(bits - 1) - units(bits)) * d);
        let inside = below < twice_off && twice_off < above;
        inside || bits & 1 == 0 && (twice_off == above || twice_off == below)
    }

    #[test]
    fn windows_of_more_rows_than_the_leading_digits_allow_are_exact() {
        // So many rows of each of two values: as if they had been added one by one. The last ones' m^2 has 66 bits.
        for half in [1_u64 << 29, (1 << 30) + 7, (1 << 31) - 1, (1 << 32) + 5] {
            for (a, b, bit) in [(9_007_199_254_740_991_u64, 4_503_599_627_370_497, 700), (5, 3, 600), (6, 6, 2000)] {
                let of = |mantissa: u64| f64::from_bits((bit + 1) << 52) * (mantissa as f64 / 4_503_599_627_370_496.0);
                let (mut m, scale) = (BigInt::from(2 * half), BigInt::from(1) << bit);
                let mut sum = BigInt::from(half) * (a + b);
                let mut squares = BigInt::from(half) * (BigInt::from(a) * a + BigInt::from(b) * b);
                let mut limbs = [0; 4];
                for (limb, digit) in limbs.iter_mut().zip(squares.iter_u64_digits()) {
                    *limb = digit;
                }
                let total = i128::from(half) * i128::from(a + b);
                let mut moments =
                    WideMoments::<true>::of(2 * half, [(total, bit as usize); 2], (limbs, 2 * bit as usize));
                let mut divisor = Divisor::ONE;
                // Some come, more go.
                for (value, add) in [(a, true), (b, true), (b, false), (a, false), (a, false), (a, true), (a, false)] {
                    let count = if add { 1 } else { -1 };
                    if add {
                        moments.add(of(value), of(value));
                    } else {
                        moments.remove(of(value), of(value));
                    }
                    m += count;
                    sum += BigInt::from(value) * count;
                    squares += BigInt::from(value) * value * count;
                    let spread = (&m * &squares - &sum * &sum) * &scale * &scale;
                    let got = moments.quotient(1, &mut divisor);
                    let equal =
                        if spread == BigInt::ZERO { got == 0.0 } else { is_nearest(got, &spread, &(&m * (&m - 1))) };
                    assert!(equal, "{got:e} of {m} rows of {a} and {b}");
                }
            }
        }
    }

    /// The limbs touched in each of 4000 rows, and the most that a row took.
    fn work(window: usize, mut row: impl FnMut(Option<usize>, usize)) -> (usize, usize) {
        let (mut all, mut most) = (0, 0);
        let _ = take_work();
        for i in 0..4000 {
            row(usize::checked_sub(i, window), i);
            let work = take_work();
            all += work;
            most = most.max(work);
        }
        (all / 4000, most)
    }

    #[test]
    fn no_row_of_any_input_takes_more_than_a_stated_number_of_limbs() {
        let mut worst = [(0, 0); 3];
        for window in [20, 200, 1000] {
            for family in families(4000, window) {
                let finite = |v: &f64| if v.is_finite() { *v } else { 0.0 };
                let (x, y): (Vec<f64>, Vec<f64>) =
                    (family.x.iter().map(finite).collect(), family.y.iter().map(finite).collect());
                let (mut sum, mut divisor, ddof) = (WideSum::ZERO, Divisor::ONE, family.ddof as u64);
                let sums = work(window, |old, new| {
                    if let Some(old) = old {
                        sum.remove(x[old]);
                    }
                    sum.add(x[new]);
                    let _ = sum.quotient(window as u64, &mut divisor);
                });
                let mut square = WideMoments::<true>::ZERO;
                let squares = work(window, |old, new| {
                    if let Some(old) = old {
                        square.remove(x[old], x[old]);
                    }
                    square.add(x[new], x[new]);
                    let _ = square.quotient(ddof, &mut divisor);
                });
                let mut product = WideMoments::<false>::ZERO;
                let products = work(window, |old, new| {
                    if let Some(old) = old {
                        product.remove(x[old], y[old]);
                    }
                    product.add(x[new], y[new]);
                    let _ = product.quotient(ddof, &mut divisor);
                });
                for (worst, (mean, most)) in worst.iter_mut().zip([sums, squares, products]) {
                    *worst = (worst.0.max(mean), worst.1.max(most));
                }
            }
        }
        // On average, and in the row that computes the spread anew.
        for (kernel, worst, most) in
            [("sum", worst[0], (16, 56)), ("var", worst[1], (80, 700)), ("cov", worst[2], (150, 700))]
        {
            assert!(worst.0 <= most.0 && worst.1 <= most.1, "{kernel}: {worst:?} of {most:?}");
        }
    }
}
