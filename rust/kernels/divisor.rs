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
    /// 1, or more than it by less than half: none if that could change the result.
    #[inline(always)]
    pub(super) fn leading(&self, negative: bool, n: u64, exp: i32) -> Option<f64> {
        // Less than the quotient by less than 4, or more by less than 1: what `n` misses counts at most twice.
        let estimate = u128::from(n) + ((u128::from(n) * u128::from(self.reciprocal)) >> 64);
        let over = (estimate >> 64) as u32;
        let q = (estimate >> over) as u64;
        let last = exp + over as i32 + self.d.leading_zeros() as i32 - 64 + 11;
        if last > 971 {
            return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        // So many bits are cut off, more among the subnormals. Just below half a place they might be above it.
        let deep = (-1074 - last).max(0);
        if deep > 52 {
            return None;
        }
        let half = 1_u64 << (10 + deep);
        let below = q & (2 * half - 1);
        if below.wrapping_sub(half - 6) < 8 {
            return None;
        }
        let bits = (((last + deep + 1074) as u64) << 52) + (q >> (11 + deep)) + u64::from(below > half);
        Some(f64::from_bits(bits | u64::from(negative) << 63))
    }

    /// `n * 2^exp / d`, rounded once.
    #[inline(always)]
    pub(super) fn round(&self, n: i128, exp: i32) -> f64 {
        if n == 0 {
            return 0.0;
        }
        let magnitude = n.unsigned_abs();
        let shift = magnitude.leading_zeros();
        let (magnitude, exp) = (magnitude << shift, exp - shift as i32);
        self.leading(n < 0, (magnitude >> 64) as u64, exp + 64).unwrap_or_else(|| self.whole(n < 0, magnitude, exp))
    }

    /// The same from all bits, the leading one of which is set.
    #[cold]
    fn whole(&self, negative: bool, n: u128, exp: i32) -> f64 {
        let (q, exp, inexact) = self.quotient(n, exp, false);
        round(negative, q, exp, inexact)
    }
}

#[cfg(test)]
mod tests {
    use super::{Divisor, round};

    #[test]
    fn a_quotient_told_by_the_leading_bits_is_that_of_all_bits() {
        let mut state = 9_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
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
}
