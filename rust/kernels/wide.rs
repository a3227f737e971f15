//! Sums that hold any doubles at all: fixed-point integers as wide as the doubles' whole range, to which
//! values are added and from which they are taken away without ever rounding. This is the path that is always
//! right; the fast ones may be used only where they give the same bits.

use super::exact::{Parts, parts, round_long_quotient};

/// Limbs of a sum: 2098 bits of range and 63 for the number of rows.
const SUM: usize = 34;
/// Limbs of a sum of products, times a number of rows: 4196 bits and 126 more.
const PRODUCT: usize = 68;

/// A two's complement integer, least limb first, in a unit that its owner knows.
#[derive(Clone)]
struct Fixed<const LIMBS: usize>([u64; LIMBS]);

impl<const LIMBS: usize> Fixed<LIMBS> {
    const ZERO: Self = Self([0; LIMBS]);

    /// Adds `v * 2^bit`, or subtracts it.
    #[inline]
    fn add(&mut self, v: u128, bit: usize, negative: bool) {
        let (at, shift) = (bit / 64, bit % 64);
        let low = v << shift;
        let high = ((v >> 64) >> 1) >> (63 - shift);
        self.add_limbs(at, [low as u64, (low >> 64) as u64, high as u64], negative);
    }

    #[inline]
    fn add_limbs(&mut self, at: usize, addend: [u64; 3], negative: bool) {
        let mut carry = false;
        for (limb, addend) in self.0[at..].iter_mut().zip(addend) {
            (*limb, carry) =
                if negative { step::<true>(*limb, addend, carry) } else { step::<false>(*limb, addend, carry) };
        }
        self.ripple(at + 3, carry, negative);
    }

    #[inline]
    fn ripple(&mut self, at: usize, mut carry: bool, negative: bool) {
        let mut limbs = self.0[at..].iter_mut();
        while carry && let Some(limb) = limbs.next() {
            (*limb, carry) = if negative { limb.overflowing_sub(1) } else { limb.overflowing_add(1) };
        }
    }

    fn add_all(&mut self, other: &Self, negative: bool) {
        if negative { self.add_signed::<true>(other) } else { self.add_signed::<false>(other) }
    }

    fn add_signed<const NEGATIVE: bool>(&mut self, other: &Self) {
        let (first, end, below) = other.significant();
        let mut carry = false;
        for (limb, &addend) in self.0[first..end].iter_mut().zip(&other.0[first..end]) {
            (*limb, carry) = step::<NEGATIVE>(*limb, addend, carry);
        }
        self.ripple(end, carry, NEGATIVE);
        if below && end < LIMBS {
            // The limbs above are the sign of `other`: all ones, that is, minus one at `end`.
            self.ripple(end, true, !NEGATIVE);
        }
    }

    /// Adds `mantissa * factor * 2^bit`, or subtracts it.
    fn add_product<const N: usize>(&mut self, mantissa: u64, bit: usize, factor: &Fixed<N>, negative: bool) {
        if negative {
            self.add_product_signed::<N, true>(mantissa, bit, factor);
        } else {
            self.add_product_signed::<N, false>(mantissa, bit, factor);
        }
    }

    fn add_product_signed<const N: usize, const NEGATIVE: bool>(
        &mut self,
        mantissa: u64,
        bit: usize,
        factor: &Fixed<N>,
    ) {
        let (first, end, below) = factor.significant();
        if mantissa == 0 || first == end {
            return;
        }
        let (at, shift) = (bit / 64, bit % 64);
        let (mut high, mut previous, mut carry) = (0_u64, 0_u64, false);
        let target = &mut self.0[at + first..at + end + 2];
        for (&limb, sum) in factor.0[first..end].iter().zip(target.iter_mut()) {
            let product = u128::from(mantissa) * u128::from(limb) + u128::from(high);
            high = (product >> 64) as u64;
            let addend = (product as u64) << shift | (previous >> 1) >> (63 - shift);
            previous = product as u64;
            (*sum, carry) = step::<NEGATIVE>(*sum, addend, carry);
        }
        let last = [high << shift | (previous >> 1) >> (63 - shift), (high >> 1) >> (63 - shift)];
        for (addend, sum) in last.into_iter().zip(&mut target[end - first..]) {
            (*sum, carry) = step::<NEGATIVE>(*sum, addend, carry);
        }
        self.ripple(at + end + 2, carry, NEGATIVE);
        if below {
            self.add(u128::from(mantissa), bit + 64 * end, !NEGATIVE);
        }
    }

    /// The first limb that is not zero, the end of those that say more than the sign, and the sign.
    fn significant(&self) -> (usize, usize, bool) {
        let below = self.0[LIMBS - 1] >> 63 == 1;
        let sign = if below { u64::MAX } else { 0 };
        let end = self.0.iter().rposition(|&limb| limb != sign).map_or(0, |last| last + 1);
        let first = self.0[..end].iter().position(|&limb| limb != 0).unwrap_or(end);
        (first, end, below)
    }

    /// `self * 2^unit / (d[0] * d[1])`, rounded once.
    fn quotient(&self, unit: i32, d: [u64; 2]) -> f64 {
        let (first, end, below) = self.significant();
        if end == 0 && !below {
            return 0.0;
        }
        // Of a negative number, the magnitude: zeros up to `first`, its complement there, the inverse above.
        let limb = |i: usize| match (below, i.cmp(&first)) {
            (_, std::cmp::Ordering::Less) => 0,
            (false, _) => self.0[i],
            (true, std::cmp::Ordering::Equal) => self.0[i].wrapping_neg(),
            (true, std::cmp::Ordering::Greater) => !self.0[i],
        };
        // All limbs from `end` on are the sign's: of minus one, only `first == end` holds anything.
        let mut last = end.min(LIMBS - 1);
        while limb(last) == 0 {
            last -= 1;
        }
        let top = std::array::from_fn(|i| last.checked_sub(i).map_or(0, limb));
        round_long_quotient(below, top, unit + 64 * (last as i32 - 3), first + 3 < last, d)
    }
}

/// One limb of an addition or subtraction, with the carry or borrow in and out.
#[inline]
fn step<const NEGATIVE: bool>(limb: u64, addend: u64, carry: bool) -> (u64, bool) {
    if NEGATIVE {
        let (difference, first) = limb.overflowing_sub(addend);
        let (difference, second) = difference.overflowing_sub(u64::from(carry));
        (difference, first | second)
    } else {
        let (sum, first) = limb.overflowing_add(addend);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        (sum, first | second)
    }
}

/// The exact sum of finite doubles that come and go, in units of 2^-1074.
#[derive(Clone)]
pub(super) struct WideSum(Fixed<SUM>);

impl WideSum {
    pub(super) const ZERO: Self = Self(Fixed::ZERO);

    #[inline]
    fn apply(&mut self, x: f64, remove: bool) {
        let Parts { negative, mantissa, bit } = parts(x);
        self.0.add(u128::from(mantissa), bit, negative != remove);
    }

    #[inline]
    pub(super) fn add(&mut self, x: f64) {
        self.apply(x, false);
    }

    #[inline]
    pub(super) fn remove(&mut self, x: f64) {
        self.apply(x, true);
    }

    /// The sum divided by `d`, rounded once.
    pub(super) fn quotient(&self, d: u64) -> f64 {
        self.0.quotient(-1074, [d, 1])
    }
}

/// `m*Sxy - Sx*Sy` of finite pairs that come and go, in units of 2^-2148, kept exact in work proportional to
/// the limbs: never a product of two long numbers. `SQUARE` says that x and y are one series.
#[derive(Clone)]
pub(super) struct WideMoments<const SQUARE: bool> {
    m: u64,
    sx: WideSum,
    sy: WideSum,
    sxy: Fixed<PRODUCT>,
    spread: Fixed<PRODUCT>,
}

impl<const SQUARE: bool> WideMoments<SQUARE> {
    pub(super) const ZERO: Self =
        Self { m: 0, sx: WideSum::ZERO, sy: WideSum::ZERO, sxy: Fixed::ZERO, spread: Fixed::ZERO };

    /// (m+1)(Sxy + xy) - (Sx + x)(Sy + y) = (m*Sxy - Sx*Sy) + Sxy + m*xy - x*Sy - y*Sx
    pub(super) fn add(&mut self, x: f64, y: f64) {
        self.spread.add_all(&self.sxy, false);
        self.cross(x, y, false);
        self.sums(x, y, false);
        self.m += 1;
    }

    /// (m-1)(Sxy - xy) - (Sx - x)(Sy - y) = (m*Sxy - Sx*Sy) - Sxy - m*xy + x*Sy + y*Sx
    pub(super) fn remove(&mut self, x: f64, y: f64) {
        self.spread.add_all(&self.sxy, true);
        self.cross(x, y, true);
        self.sums(x, y, true);
        self.m -= 1;
    }

    /// The pair `old` for the pair `new`, without the long sums that change with `m`:
    /// m(Sxy - uv + xy) - (Sx - u + x)(Sy - v + y)
    ///     = (m*Sxy - Sx*Sy) + (m-1)xy - (m+1)uv + xv + uy - x*Sy + u*Sy - y*Sx + v*Sx
    pub(super) fn replace(&mut self, old: (f64, f64), new: (f64, f64)) {
        let (u, v, x, y) = (parts(old.0), parts(old.1), parts(new.0), parts(new.1));
        self.add_scaled(x, y, self.m - 1, false);
        self.add_scaled(u, v, self.m + 1, true);
        if SQUARE {
            self.add_scaled(x, u, 2, false);
            self.spread.add_product(x.mantissa, x.bit + 1, &self.sx.0, !x.negative);
            self.spread.add_product(u.mantissa, u.bit + 1, &self.sx.0, u.negative);
        } else {
            self.add_scaled(x, v, 1, false);
            self.add_scaled(u, y, 1, false);
            self.spread.add_product(x.mantissa, x.bit, &self.sy.0, !x.negative);
            self.spread.add_product(u.mantissa, u.bit, &self.sy.0, u.negative);
            self.spread.add_product(y.mantissa, y.bit, &self.sx.0, !y.negative);
            self.spread.add_product(v.mantissa, v.bit, &self.sx.0, v.negative);
        }
        self.sums(old.0, old.1, true);
        self.sums(new.0, new.1, false);
    }

    /// `times * xy`, added or taken away.
    fn add_scaled(&mut self, x: Parts, y: Parts, times: u64, remove: bool) {
        let (xy, bit) = (u128::from(x.mantissa) * u128::from(y.mantissa), x.bit + y.bit);
        let negative = (x.negative != y.negative) != remove;
        let times = u128::from(times);
        self.spread.add((xy & u128::from(u64::MAX)) * times, bit, negative);
        self.spread.add((xy >> 64) * times, bit + 64, negative);
    }

    /// `m*xy - x*Sy - y*Sx`, added or taken away.
    fn cross(&mut self, x: f64, y: f64, remove: bool) {
        let (x, y) = (parts(x), parts(y));
        self.add_scaled(x, y, self.m, remove);
        if SQUARE {
            self.spread.add_product(x.mantissa, x.bit + 1, &self.sx.0, x.negative == remove);
        } else {
            self.spread.add_product(x.mantissa, x.bit, &self.sy.0, x.negative == remove);
            self.spread.add_product(y.mantissa, y.bit, &self.sx.0, y.negative == remove);
        }
    }

    fn sums(&mut self, x: f64, y: f64, remove: bool) {
        self.sx.apply(x, remove);
        if !SQUARE {
            self.sy.apply(y, remove);
        }
        let (x, y) = (parts(x), parts(y));
        let xy = u128::from(x.mantissa) * u128::from(y.mantissa);
        self.sxy.add(xy, x.bit + y.bit, (x.negative != y.negative) != remove);
    }

    /// `(m*Sxy - Sx*Sy) / (m*(m - ddof))`, rounded once; NaN unless `m > ddof`.
    pub(super) fn quotient(&self, ddof: u64) -> f64 {
        if self.m <= ddof { f64::NAN } else { self.spread.quotient(-2148, [self.m, self.m - ddof]) }
    }
}
