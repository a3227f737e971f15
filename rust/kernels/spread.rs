//! `m*Sxy - Sx*Sy` itself, in limbs, brought up to date with each value that comes or goes: what is left to ask where
//! the leading digits of the sums do not tell how it rounds (ties, and what cancels). Its last limb is exact, so a
//! tie is broken by whether any limb is not 0.

use super::digits::{Digits, PAD, PRODUCT, SUM, magnitude, negate, settle_magnitude, work};
use super::divisor::Divisor;
use super::exact::Parts;

/// So many digits are multiplied one by one: then nothing need be done about the zeros between them.
const FEW: u32 = 5;

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

    /// Adds `v * 2^bit * factor`, or subtracts it. The factor is given as digits, too: if few are not 0 these are enough.
    #[inline(always)]
    fn add_product(
        &mut self,
        v: u64,
        bit: usize,
        (digits, factor, scratch): (&mut Digits<SUM>, &Limbs<SUM>, &mut [u64; SUM]),
        negative: bool,
    ) {
        if v == 0 {
            return;
        }
        let range = reach(digits);
        let Some(few) = digits.few(FEW) else {
            return self.add_long_product(v, bit, (factor, scratch), range, negative);
        };
        for (at, digit) in few {
            let (bit, negative, digit) = (bit + 64 * (at - PAD), negative != (digit < 0), digit.unsigned_abs());
            self.add(u128::from(v) * u128::from(digit as u64), bit, negative);
            let high = (digit >> 64) as u64;
            if high != 0 {
                self.add(u128::from(v) * u128::from(high), bit + 64, negative);
            }
        }
    }

    /// The same of limbs, of which those of `range` say more than the sign.
    #[inline(always)]
    fn add_long_product<const M: usize>(
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
        let limbs = &mut self.0[at + first..=at + end];
        let carry = if negative { subtract_multiple(limbs, v, shifted) } else { add_multiple(limbs, v, shifted) };
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

/// Adds `v * factor` to as many limbs; returns what is to be added to the next.
#[inline(always)]
fn add_multiple(limbs: &mut [u64], v: u64, factor: &[u64]) -> u64 {
    each_limb(limbs, factor, |limb, factor, carry| {
        let sum = u128::from(v) * u128::from(factor) + u128::from(*limb);
        // Apart, so that each carry waits for one addition only.
        let (low, over) = (sum as u64).overflowing_add(carry);
        *limb = low;
        ((sum >> 64) as u64).wrapping_add(u64::from(over))
    })
}

/// Takes `v * factor` away from as many limbs; returns what is to be taken from the next.
#[inline(always)]
fn subtract_multiple(limbs: &mut [u64], v: u64, factor: &[u64]) -> u64 {
    each_limb(limbs, factor, |limb, factor, borrow| {
        let product = u128::from(v) * u128::from(factor) + u128::from(borrow);
        let (low, under) = limb.overflowing_sub(product as u64);
        *limb = low;
        ((product >> 64) as u64).wrapping_add(u64::from(under))
    })
}

/// Each limb with that of the factor and what is carried.
#[inline(always)]
fn each_limb(limbs: &mut [u64], factor: &[u64], step: impl Fn(&mut u64, u64, u64) -> u64) -> u64 {
    let mut carry = 0;
    let (fours, others) = factor.as_chunks::<4>();
    let (limbs, last) = limbs.as_chunks_mut::<4>();
    for (limbs, factors) in limbs.iter_mut().zip(fours) {
        for (limb, factor) in limbs.iter_mut().zip(factors) {
            carry = step(limb, *factor, carry);
        }
    }
    for (limb, factor) in last.iter_mut().zip(others) {
        carry = step(limb, *factor, carry);
    }
    carry
}

/// The sums as they are kept elsewhere, of which this needs to know how far they reach.
pub(super) struct Sums<'a> {
    pub(super) sx: &'a mut Digits<SUM>,
    pub(super) sy: &'a mut Digits<SUM>,
}

impl Sums<'_> {
    /// The limb from which on those of the spread are its sign: digits are below 2^126, and m below 2^62.
    #[inline(always)]
    fn reach<const SQUARE: bool>(&mut self, sxy: &mut Digits<PRODUCT>) -> usize {
        let of_sxy = sxy.top().map_or(0, |top| top + 3);
        let x = self.sx.top();
        let of_sums = x.zip(if SQUARE { x } else { self.sy.top() }).map_or(0, |(x, y)| x + y + 4 - PAD);
        of_sxy.max(of_sums).min(PRODUCT - 1)
    }

    /// The limb below which those of the spread are 0.
    #[inline(always)]
    fn bottom<const SQUARE: bool>(&mut self, sxy: &mut Digits<PRODUCT>) -> usize {
        let x = self.sx.bottom();
        sxy.bottom().min(x + if SQUARE { x } else { self.sy.bottom() } - PAD)
    }
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
    /// A limb that was not 0 when last looked for.
    witness: usize,
}

impl<const SQUARE: bool> Spread<SQUARE> {
    pub(super) const EMPTY: Self =
        Self { m: 0, sx: Limbs::ZERO, sy: Limbs::ZERO, limbs: Limbs::ZERO, scratch: [0; SUM], witness: 0 };

    /// Makes it that of `m` values with these sums.
    #[cold]
    pub(super) fn set(&mut self, m: u64, sx: &mut Digits<SUM>, sy: &mut Digits<SUM>, sxy: &mut Digits<PRODUCT>) {
        self.m = m;
        self.sx = Limbs::of(sx);
        self.sy = if SQUARE { self.sx.clone() } else { Limbs::of(sy) };
        self.limbs = Limbs::ZERO;
        self.limbs.add_multiple(m, sxy, false);
        let (first, end) = reach(sx);
        if SQUARE {
            return self.subtract_square(first, end);
        }
        let range = reach(sy);
        // With the sign: limbs of the first sum, the last of which counts negatively where the sum is negative.
        for at in first..end {
            self.limbs.add_long_product(self.sx.0[at], 64 * (at - PAD), (&self.sy, &mut self.scratch), range, true);
        }
        if self.sx.is_negative() && first < end {
            self.limbs.add_long_product(1, 64 * (end - PAD), (&self.sy, &mut self.scratch), range, false);
        }
    }

    /// Takes away the square of the sum: that of each limb, and twice the products of each with those above it.
    fn subtract_square(&mut self, first: usize, end: usize) {
        let mut sum = self.sx.clone();
        let negative = sum.is_negative();
        magnitude(&mut sum.0, negative);
        for at in first..end {
            let (limb, bit) = (sum.0[at], 64 * (at - PAD));
            self.limbs.add(u128::from(limb) * u128::from(limb), 2 * bit, true);
            self.limbs.add_long_product(limb, bit + 1, (&sum, &mut self.scratch), (at + 1, end), true);
        }
    }

    /// Takes one pair out and puts one in. The sums are those without them.
    #[inline]
    pub(super) fn change(&mut self, old: Option<[Parts; 2]>, new: Option<[Parts; 2]>, without: &mut Sums<'_>) {
        if SQUARE
            && let (Some([old, _]), Some([new, _])) = (old, new)
            && old.bit == new.bit
        {
            return self.replace(old, new, without.sx);
        }
        if let Some([x, y]) = old {
            self.change_sums(x, y, true);
            self.change_products(x, y, true, without);
        }
        if let Some([x, y]) = new {
            self.change_products(x, y, false, without);
            self.change_sums(x, y, false);
        }
    }

    /// Where the sum of the others is S: m*(b^2 - a^2) - (S + b)^2 + (S + a)^2 = (m - 1)(b^2 - a^2) - 2S(b - a)
    #[inline(always)]
    fn replace(&mut self, old: Parts, new: Parts, without: &mut Digits<SUM>) {
        let signed = |parts: Parts| if parts.negative { -(parts.mantissa as i64) } else { parts.mantissa as i64 };
        let (a, b) = (signed(old), signed(new));
        if a == b {
            return;
        }
        let (bit, difference, negative) = (new.bit, (b - a).unsigned_abs(), b < a);
        self.sx.add(u128::from(old.mantissa), bit, !old.negative);
        self.limbs.add_product(difference, bit + 1, (without, &self.sx, &mut self.scratch), !negative);
        self.sx.add(u128::from(new.mantissa), bit, new.negative);
        let squares = i128::from(b - a) * i128::from(b + a);
        if squares != 0 {
            self.add_times_others(squares.unsigned_abs(), 2 * bit, squares < 0);
        }
    }

    /// m*(Sxy + xy) - (Sx + x)(Sy + y) = m*Sxy - Sx*Sy + (m - 1)xy - x*Sy - y*Sx
    #[inline(always)]
    fn change_products(&mut self, x: Parts, y: Parts, remove: bool, without: &mut Sums<'_>) {
        let (minus_x, minus_y) = (x.negative == remove, y.negative == remove);
        if SQUARE {
            self.limbs.add_product(x.mantissa, x.bit + 1, (without.sx, &self.sx, &mut self.scratch), minus_x);
        } else {
            self.limbs.add_product(x.mantissa, x.bit, (without.sy, &self.sy, &mut self.scratch), minus_x);
            self.limbs.add_product(y.mantissa, y.bit, (without.sx, &self.sx, &mut self.scratch), minus_y);
        }
        let xy = u128::from(x.mantissa) * u128::from(y.mantissa);
        self.add_times_others(xy, x.bit + y.bit, (x.negative != y.negative) != remove);
    }

    /// Adds `(m - 1) * v * 2^bit`, or subtracts it, where `v` has 107 bits at most.
    #[inline(always)]
    fn add_times_others(&mut self, v: u128, bit: usize, negative: bool) {
        let others = u128::from(self.m - 1);
        if others >> 21 == 0 {
            self.limbs.add(v * others, bit, negative);
        } else {
            self.limbs.add(u128::from(v as u64) * others, bit, negative);
            self.limbs.add((v >> 64) * others, bit + 64, negative);
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
        (sums, sxy): (&mut Sums<'_>, &mut Digits<PRODUCT>),
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
        let reach = sums.reach::<SQUARE>(sxy);
        debug_assert!(limbs[reach..].iter().all(|&limb| limb == sign), "{reach}");
        let Some(last) = limbs[..reach].iter().rposition(|&limb| limb != sign) else { return (0.0, false) };
        work(reach - last);
        let mut leading: [u64; 5] = limbs[last - 3..last + 2].try_into().expect("five limbs");
        let unit = 64 * (last as i32 - 3 - PAD as i32) - 2148;
        if negative {
            // What makes up for the one that a complement lacks is the rest.
            let rest = self.rest(last - 3, sums, sxy);
            negate(&mut leading, rest);
        }
        settle_magnitude(negative, &leading, || self.rest(last - 3, sums, sxy), unit, [m, m - ddof], divisor)
    }

    /// Whether any limb below `end` is not 0.
    #[inline(always)]
    fn rest(&mut self, end: usize, sums: &mut Sums<'_>, sxy: &mut Digits<PRODUCT>) -> bool {
        // Most often the one found last is not 0 again.
        if self.witness < end && self.limbs.0[self.witness] != 0 {
            return true;
        }
        let lowest = sums.bottom::<SQUARE>(sxy).min(end);
        work(end - lowest);
        let found = self.limbs.0[lowest..end].iter().position(|&limb| limb != 0);
        self.witness = lowest + found.unwrap_or(0);
        found.is_some()
    }
}
