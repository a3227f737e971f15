//! Division by a number that stays the same for many rows: its reciprocal is found once, then a quotient of 128 bits
//! takes a few multiplications (Möller and Granlund, "Improved division by invariant integers", 2011).

use super::exact::round;

/// A divisor with the reciprocal of what it is when its leading bit is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Divisor {
    d: u64,
    normal: u64,
    reciprocal: u64,
}

impl Divisor {
    pub(super) const ONE: Self = Self { d: 1, normal: 1 << 63, reciprocal: u64::MAX };

    /// Makes it a divisor by `d`, which is not 0.
    #[inline(always)]
    pub(super) fn set(&mut self, d: u64) -> &Self {
        if d != self.d {
            *self = Self::new(d);
        }
        self
    }

    #[cold]
    fn new(d: u64) -> Self {
        let normal = d << d.leading_zeros();
        Self { d, normal, reciprocal: (u128::MAX / u128::from(normal) - (1 << 64)) as u64 }
    }

    /// `n * 2^(shift of the divisor) / d` in 128 bits, where `n` is less than 2^128 and the quotient's 129th bit is
    /// not wanted: the shift is taken off the quotient's unit. Also whether a remainder is left.
    #[inline(always)]
    fn divide(&self, n: u128) -> (u128, bool) {
        // The leading bit of the quotient by the normal divisor is 0 or 1.
        let high = (n >> 64) as u64;
        let over = high >= self.normal;
        let rest = high - if over { self.normal } else { 0 };
        let (first, rest) = self.step(rest, n as u64);
        // Of 129 bits the lowest is not kept, as `n` has 128.
        let (second, rest) = self.step(rest, 0);
        let low = u128::from(first) << 64 | u128::from(second);
        if over { (1 << 127 | low >> 1, rest != 0 || low & 1 == 1) } else { (low, rest != 0) }
    }

    /// `(high * 2^64 + low) / normal` and the remainder, for `high < normal`.
    #[inline(always)]
    fn step(&self, high: u64, low: u64) -> (u64, u64) {
        let d = self.normal;
        let estimate = u128::from(self.reciprocal) * u128::from(high) + (u128::from(high) << 64 | u128::from(low));
        let mut q = ((estimate >> 64) as u64).wrapping_add(1);
        let mut rest = low.wrapping_sub(q.wrapping_mul(d));
        if rest > estimate as u64 {
            q = q.wrapping_sub(1);
            rest = rest.wrapping_add(d);
        }
        if rest >= d {
            q = q.wrapping_add(1);
            rest -= d;
        }
        (q, rest)
    }

    /// `(n + less than 1, where inexact) * 2^exp / d` for an `n` with its leading bit set: a quotient of 127 bits or
    /// 128, its exponent, and whether something is below.
    #[inline(always)]
    pub(super) fn quotient(&self, n: u128, exp: i32, inexact: bool) -> (u128, i32, bool) {
        if self.normal == 1 << 63 {
            // A power of two.
            return (n, exp - 63 + self.d.leading_zeros() as i32, inexact);
        }
        let over = (n >> 64) as u64 >= self.normal;
        let (q, rest) = self.divide(n);
        (q, exp - 64 + self.d.leading_zeros() as i32 + i32::from(over), inexact || rest)
    }

    /// `n * 2^exp / d`, rounded once, where `n` has its leading bit set and is less than the true number by less than
    /// one and a quarter, or more than it by less than half.
    #[inline(always)]
    fn estimate(&self, negative: bool, n: u64, exp: i32) -> Estimate {
        // Less than the quotient by less than 4, or more by less than 2, as what `n` misses counts at most twice; twice
        // `n` for a power of two.
        let estimate = u128::from(n) + ((u128::from(n) * u128::from(self.reciprocal)) >> 64) + 1;
        let over = (estimate >> 64) as u32;
        let q = (estimate >> over) as u64;
        let last = exp + over as i32 + self.d.leading_zeros() as i32 - 64 + 11;
        if last > 971 {
            return Estimate::Certain(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        // So many bits are cut off, more among the subnormals. Just below half a place they might be above it.
        let deep = (-1074 - last).max(0);
        if deep > 52 {
            return Estimate::Tiny;
        }
        let half = 1_u64 << (10 + deep);
        let below = q & (2 * half - 1);
        let sign = u64::from(negative) << 63;
        let bits = (((last + deep + 1074) as u64) << 52) + (q >> (11 + deep)) + sign;
        if below.wrapping_sub(half - 5) < 8 {
            let product = u128::from(q - below + half) * u128::from(self.normal);
            return Estimate::Near(Boundary { bits, product, over });
        }
        Estimate::Certain(f64::from_bits(bits + u64::from(below > half)))
    }

    /// The quotient of [`Self::estimate`] if that is certain.
    #[inline(always)]
    pub(super) fn leading(&self, negative: bool, n: u64, exp: i32) -> Option<f64> {
        if let Estimate::Certain(value) = self.estimate(negative, n, exp) { Some(value) } else { None }
    }

    /// The same of 128 bits, off by fewer than `doubt` of their last place.
    #[inline(always)]
    pub(super) fn doubtful(&self, negative: bool, n: u128, exp: i32, doubt: u128) -> Option<f64> {
        match self.estimate(negative, (n >> 64) as u64, exp + 64) {
            Estimate::Certain(value) => Some(value),
            Estimate::Near(boundary) => boundary.doubtful(n, doubt),
            Estimate::Tiny => None,
        }
    }

    /// `(n + less than 1, where rest) * 2^exp / d`, rounded once, where `n` has its leading bit set, and whether that
    /// took more than 64 bits. Only then, and seldom, is there a question about the rest.
    #[inline(always)]
    pub(super) fn settle(&self, negative: bool, n: u128, exp: i32, rest: impl FnOnce() -> bool) -> (f64, bool) {
        match self.estimate(negative, (n >> 64) as u64, exp + 64) {
            Estimate::Certain(value) => (value, false),
            Estimate::Near(boundary) => (boundary.settle(n, rest), true),
            Estimate::Tiny => (self.whole(negative, n, exp, rest()), true),
        }
    }

    /// `n * 2^exp / d`, rounded once.
    #[inline(always)]
    pub(super) fn round(&self, n: i128, exp: i32) -> f64 {
        if n == 0 {
            return 0.0;
        }
        let magnitude = n.unsigned_abs();
        let shift = magnitude.leading_zeros();
        self.settle(n < 0, magnitude << shift, exp - shift as i32, || false).0
    }

    /// The same by a long division.
    #[cold]
    fn whole(&self, negative: bool, n: u128, exp: i32, rest: bool) -> f64 {
        let (q, exp, inexact) = self.quotient(n, exp, rest);
        round(negative, q, exp, inexact)
    }
}

/// What the leading bits of a number tell about its quotient.
enum Estimate {
    Certain(f64),
    /// It is next to the middle of two doubles.
    Near(Boundary),
    /// It is among the least subnormals.
    Tiny,
}

/// The middle between two doubles, as what it is the quotient of.
struct Boundary {
    /// Of the double before it.
    bits: u64,
    /// In units of the last of 128 leading bits, or of twice that where `over` is 1.
    product: u128,
    over: u32,
}

impl Boundary {
    /// The double before it, or the one after it.
    #[inline(always)]
    fn beside(&self, after: bool) -> f64 {
        f64::from_bits(self.bits + u64::from(after))
    }

    #[inline(always)]
    fn settle(&self, n: u128, rest: impl FnOnce() -> bool) -> f64 {
        let units = n >> self.over;
        if units != self.product {
            return self.beside(units > self.product);
        }
        // Ties to even.
        self.beside(n & u128::from(self.over) != 0 || rest() || self.bits & 1 == 1)
    }

    #[inline(always)]
    fn doubtful(&self, n: u128, doubt: u128) -> Option<f64> {
        let units = n >> self.over;
        (units.abs_diff(self.product) > doubt).then(|| self.beside(units > self.product))
    }
}

#[cfg(test)]
mod tests {
    use super::{Divisor, round};

    /// Random bits, the same each time.
    fn bits(mut state: u64) -> impl FnMut() -> u64 {
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        }
    }

    #[test]
    fn a_quotient_told_by_the_leading_bits_is_that_of_all_bits() {
        let mut random = bits(9);
        let (mut told, mut divisor) = (0, Divisor::ONE);
        for i in 0..200_000 {
            let d = if i % 4 == 0 { 1 << (random() % 64) } else { random() >> (random() % 64) }.max(1);
            // Half of them near half a place.
            let near = (random() & !0xfff).wrapping_add(1012 + random() % 24 + (random() & 0x800));
            let n = if i % 2 == 0 { near } else { random() } | 1 << 63;
            // From below the subnormals to beyond the largest double.
            let exp = (random() % 2400) as i32 - 1200 + if i % 3 == 0 { 64 } else { 0 };
            let (negative, divisor) = (i % 5 == 0, *divisor.set(d));
            let Some(value) = divisor.leading(negative, n, exp) else { continue };
            told += 1;
            for below in [0, u64::MAX] {
                let (q, exp, rest) = divisor.quotient(u128::from(n) << 64 | u128::from(below), exp - 64, below != 0);
                let whole = round(negative, q, exp, rest);
                assert_eq!(value.to_bits(), whole.to_bits(), "{n} * 2^{exp} / {d}: {value:e}, not {whole:e}");
            }
        }
        assert!(told > 100_000, "{told}");
    }

    #[test]
    fn a_quotient_next_to_the_middle_of_two_doubles_is_that_of_the_long_division() {
        let mut random = bits(11);
        let (mut hard, mut divisor) = ([0, 0], Divisor::ONE);
        for i in 0..200_000 {
            // The first of these, just above a power of two, are those whose estimates are the farthest off.
            let d = match i % 4 {
                0 => 1 << 63 | random() >> (20 + random() % 40),
                1 => 1 << (random() % 64),
                _ => random() >> (random() % 64),
            };
            let d = d.max(1);
            // From below the subnormals to beyond the largest double.
            let exp = (random() % 2400) as i32 - 1264;
            let negative = i % 5 == 0;
            let divisor = *divisor.set(d);
            // The middle of two doubles times the divisor, and its neighbours; of subnormals, some have fewer bits.
            let bits = 53 - if exp < -1100 { random() % 53 } else { 0 };
            let middle = u128::from((random() | 1 << 63) >> (63 - bits) | 1) * u128::from(d);
            let middle = middle << middle.leading_zeros();
            for n in [middle - 1, middle, middle + 1, middle - 2, middle + 2, middle + 17, middle - 17] {
                for rest in [false, true] {
                    let (value, long) = divisor.settle(negative, n, exp, || rest);
                    let (q, exp_q, inexact) = divisor.quotient(n, exp, rest);
                    let whole = round(negative, q, exp_q, inexact);
                    assert_eq!(value.to_bits(), whole.to_bits(), "{n} ({rest}) * 2^{exp} / {d}");
                    hard[usize::from(long)] += 1;
                }
                if let Some(value) = divisor.doubtful(negative, n, exp, 16) {
                    for off in [n - 16, n + 16] {
                        let (whole, _) = divisor.settle(negative, off, exp, || true);
                        assert_eq!(value.to_bits(), whole.to_bits(), "{n} within 16 * 2^{exp} / {d}");
                    }
                }
            }
        }
        assert!(hard.iter().all(|&count| count > 100_000), "{hard:?}");
    }
}
