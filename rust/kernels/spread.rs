//! `m*Sxy - Sx*Sy` itself, in limbs, brought up to date with each value that comes or goes: what is left to ask where
//! the leading digits of the sums do not tell how it rounds (ties, and what cancels). Its last limb is exact, so a
//! tie is broken by whether any limb is not 0.

use super::digits::{Digits, PAD, PRODUCT, SUM, glance, magnitude, settle, work};
use super::divisor::Divisor;
use super::exact::Parts;

/// A two's complement integer: limb `i` counts `2^(64 * (i - PAD))` units, as in [`Digits`].
#[derive(Clone)]
struct Limbs<const N: usize>([u64; N]);

/// All ones to work on the complement: `!(!a + b) = a - b`.
fn mask(negative: bool) -> u64 {
    if negative { u64::MAX } else { 0 }
}

impl<const N: usize> Limbs<N> {
    const ZERO: Self = Self([0; N]);

    fn of(digits: &mut Digits<N>) -> Self {
        let mut limbs = Self::ZERO;
        limbs.add_multiple(1, digits, false);
        limbs
    }

    fn is_negative(&self) -> bool {
        self.0[N - 1] >> 63 == 1
    }

    /// Adds `v * 2^bit`, or subtracts it.
    fn add(&mut self, v: u128, bit: usize, negative: bool) {
        let (at, shift, mask) = (bit / 64 + PAD, bit % 64, mask(negative));
        let low = v << shift;
        let high = ((v >> 64) >> 1) >> (63 - shift);
        let mut carry = false;
        for (limb, addend) in self.0[at..at + 3].iter_mut().zip([low as u64, (low >> 64) as u64, high as u64]) {
            let (sum, first) = (*limb ^ mask).overflowing_add(addend);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum ^ mask, first | second);
        }
        work(3);
        self.ripple(at + 3, carry, mask);
    }

    #[inline(always)]
    fn ripple(&mut self, at: usize, mut carry: bool, mask: u64) {
        let mut limbs = self.0[at..].iter_mut();
        while carry && let Some(limb) = limbs.next() {
            let sum;
            (sum, carry) = (*limb ^ mask).overflowing_add(1);
            *limb = sum ^ mask;
            work(1);
        }
    }

    /// Adds to one limb, or subtracts; above the last one nothing is.
    fn add_limb(&mut self, v: u64, at: usize, mask: u64) {
        if let Some(limb) = self.0.get_mut(at) {
            let (sum, carry) = (*limb ^ mask).overflowing_add(v);
            *limb = sum ^ mask;
            self.ripple(at + 1, carry, mask);
        }
    }

    /// Adds `v * 2^bit * factor`, or subtracts it. Of `factor`, the limbs of `range` say more than the sign.
    #[inline(always)]
    fn add_product<const M: usize>(
        &mut self,
        v: u64,
        bit: usize,
        (factor, scratch): (&Limbs<M>, &mut [u64; M]),
        (first, end): (usize, usize),
        negative: bool,
    ) {
        if v == 0 || first >= end {
            return;
        }
        let (at, shift, mask) = (bit / 64, bit % 64, mask(negative));
        // The factor, shifted: that needs no carries, so it is quick.
        let shifted = &mut scratch[first..=end];
        shifted[0] = factor.0[first] << shift;
        for (out, limbs) in shifted[1..].iter_mut().zip(factor.0[first..end].windows(2)) {
            *out = limbs[1] << shift | (limbs[0] >> 1) >> (63 - shift);
        }
        shifted[end - first] = (factor.0[end - 1] >> 1) >> (63 - shift);
        let mut carry = 0;
        let mut step = |limb: &mut u64, factor: u64| {
            let sum = u128::from(v) * u128::from(factor) + u128::from(*limb ^ mask);
            // Apart, so that each carry waits for one addition only.
            let (low, over) = (sum as u64).overflowing_add(carry);
            carry = ((sum >> 64) as u64).wrapping_add(u64::from(over));
            *limb = low ^ mask;
        };
        let (fours, others) = shifted.as_chunks::<4>();
        let (limbs, last) = self.0[at + first..=at + end].as_chunks_mut::<4>();
        for (limbs, factors) in limbs.iter_mut().zip(fours) {
            for (limb, factor) in limbs.iter_mut().zip(factors) {
                step(limb, *factor);
            }
        }
        for (limb, factor) in last.iter_mut().zip(others) {
            step(limb, *factor);
        }
        work(end - first);
        self.add_limb(carry, at + end + 1, mask);
        if factor.is_negative() {
            self.add(u128::from(v), bit + 64 * (end - PAD), !negative);
        }
    }

    /// Adds `v * digits`, or subtracts it.
    fn add_multiple(&mut self, v: u64, digits: &mut Digits<N>, negative: bool) {
        let Some(top) = digits.top() else { return };
        // What has been carried past the last digit takes two more limbs; then it is the sign.
        let (first, end, mask) = (digits.bottom(), (top + 3).min(N), mask(negative));
        let (mut carry, mut high) = (0_i128, 0_u64);
        for (limb, digit) in self.0[first..end].iter_mut().zip(digits.digits(first..end)) {
            carry += digit;
            let sum = u128::from(v) * u128::from(carry as u64) + u128::from(*limb ^ mask) + u128::from(high);
            carry >>= 64;
            high = (sum >> 64) as u64;
            *limb = sum as u64 ^ mask;
        }
        work(end - first);
        self.add_limb(high, end, mask);
        if carry < 0 {
            self.add_limb(v, end, !mask);
        }
    }
}

/// The sums as they are kept elsewhere, of which this needs to know how far they reach.
pub(super) struct Sums<'a> {
    pub(super) sx: &'a mut Digits<SUM>,
    pub(super) sy: &'a mut Digits<SUM>,
}

/// The limbs that the number takes, but for its sign.
#[inline(always)]
fn reach(digits: &mut Digits<SUM>) -> (usize, usize) {
    match digits.top() {
        // The carries of fewer than 2^63 values take one limb more.
        Some(top) => (digits.bottom(), top + 2),
        None => (0, 0),
    }
}

/// `m*Sxy - Sx*Sy`, in units of 2^-2148, with the two sums. `SQUARE` says that x and y are one series.
#[derive(Clone)]
pub(super) struct Spread<const SQUARE: bool> {
    m: u64,
    sx: Limbs<SUM>,
    sy: Limbs<SUM>,
    limbs: Limbs<PRODUCT>,
    scratch: [u64; SUM],
}

impl<const SQUARE: bool> Spread<SQUARE> {
    pub(super) const EMPTY: Self =
        Self { m: 0, sx: Limbs::ZERO, sy: Limbs::ZERO, limbs: Limbs::ZERO, scratch: [0; SUM] };

    /// Makes it that of `m` values with these sums.
    #[cold]
    pub(super) fn set(&mut self, m: u64, sx: &mut Digits<SUM>, sy: &mut Digits<SUM>, sxy: &mut Digits<PRODUCT>) {
        self.m = m;
        self.sx = Limbs::of(sx);
        self.sy = if SQUARE { self.sx.clone() } else { Limbs::of(sy) };
        self.limbs = Limbs::ZERO;
        self.limbs.add_multiple(m, sxy, false);
        let (first, end) = reach(sx);
        let range = if SQUARE { (first, end) } else { reach(sy) };
        // With the sign: limbs of the first sum, the last of which counts negatively where the sum is negative.
        for at in first..end {
            self.limbs.add_product(self.sx.0[at], 64 * (at - PAD), (&self.sy, &mut self.scratch), range, true);
        }
        if self.sx.is_negative() && first < end {
            self.limbs.add_product(1, 64 * (end - PAD), (&self.sy, &mut self.scratch), range, false);
        }
    }

    /// Adds or removes a pair. The sums are those without it.
    #[inline]
    pub(super) fn change(&mut self, x: Parts, y: Parts, remove: bool, without: &mut Sums<'_>) {
        if remove {
            self.change_sums(x, y, remove);
        }
        // m*(Sxy + xy) - (Sx + x)(Sy + y) = m*Sxy - Sx*Sy + (m - 1)xy - x*Sy - y*Sx
        let reach_x = reach(without.sx);
        if SQUARE {
            self.limbs.add_product(x.mantissa, x.bit + 1, (&self.sx, &mut self.scratch), reach_x, x.negative == remove);
        } else {
            let reach_y = reach(without.sy);
            self.limbs.add_product(x.mantissa, x.bit, (&self.sy, &mut self.scratch), reach_y, x.negative == remove);
            self.limbs.add_product(y.mantissa, y.bit, (&self.sx, &mut self.scratch), reach_x, y.negative == remove);
        }
        let xy = u128::from(x.mantissa) * u128::from(y.mantissa);
        let (m, bit, negative) = (u128::from(self.m - 1), x.bit + y.bit, (x.negative != y.negative) != remove);
        if m >> 22 == 0 {
            self.limbs.add(xy * m, bit, negative);
        } else {
            self.limbs.add(u128::from(xy as u64) * m, bit, negative);
            self.limbs.add((xy >> 64) * m, bit + 64, negative);
        }
        if !remove {
            self.change_sums(x, y, remove);
        }
    }

    #[inline(always)]
    fn change_sums(&mut self, x: Parts, y: Parts, remove: bool) {
        self.sx.add(u128::from(x.mantissa), x.bit, x.negative != remove);
        if !SQUARE {
            self.sy.add(u128::from(y.mantissa), y.bit, y.negative != remove);
        }
    }

    /// `spread / (m*(m - ddof))`, rounded once, for `m` values, and whether that took more than the leading limbs.
    #[inline]
    pub(super) fn quotient(
        &mut self,
        m: u64,
        ddof: u64,
        sxy: &mut Digits<PRODUCT>,
        divisor: &mut Divisor,
    ) -> (f64, bool) {
        if m != self.m {
            self.limbs.add_multiple(m.abs_diff(self.m), sxy, m < self.m);
            self.m = m;
        }
        let negative = self.limbs.is_negative();
        let sign = mask(negative);
        let limbs = &self.limbs.0;
        // The places below the last unit are 0, which is not the sign of what is negative.
        let Some(last) = limbs[..PRODUCT - 1].iter().rposition(|&limb| limb != sign) else { return (0.0, false) };
        work(PRODUCT - last);
        let leading: [u64; 5] = limbs[last - 3..last + 2].try_into().expect("five limbs");
        let unit = 64 * (last as i32 - 3 - PAD as i32) - 2148;
        if let Some(d) = m.checked_mul(m - ddof) {
            let mut leading = leading;
            magnitude(&mut leading, negative);
            if let Some(value) = glance(negative, &leading, unit, divisor.set(d)) {
                return (value, false);
            }
        }
        let rest = limbs[..last - 3].iter().fold(0, |any, limb| any | limb) != 0;
        work(last);
        let mut leading = leading;
        (settle(&mut leading, rest, unit, [m, m - ddof], divisor), true)
    }
}
