//! Sums that hold any doubles at all: one 64-bit digit for every place of the doubles' whole range, each kept in 128
//! bits, so that adding a value never carries from one digit to the next. A value always touches the same digits in
//! the same way, so what leaves takes back exactly what it brought, and no digit ever outgrows what the window holds.

use super::divisor::Divisor;
use super::exact::{Parts, parts, round, round_long_quotient};

/// Zeros below the last place, so that the leading digits can be read without asking how many there are.
pub(super) const PAD: usize = 6;
/// Digits of a sum: 2098 bits, in units of 2^-1074.
pub(super) const SUM: usize = 36 + PAD;
/// Digits of a sum of products: 4196 bits, in units of 2^-2148, and what counts make of them.
pub(super) const PRODUCT: usize = 72 + PAD;
/// Limbs that are read of a sum to round it, its carry included.
pub(super) const LEADING: usize = 7;

/// A number as digits that overlap: digit `i` counts `2^(64 * (i - PAD))` units.
#[derive(Clone)]
pub(super) struct Digits<const N: usize> {
    places: [i128; N],
    /// No digit above this one, or below the other, is other than 0.
    top: usize,
    bottom: usize,
}

impl<const N: usize> Digits<N> {
    pub(super) const ZERO: Self = Self { places: [0; N], top: 0, bottom: N };

    /// Adds `v * 2^bit`, or subtracts it.
    #[inline(always)]
    pub(super) fn add(&mut self, v: u128, bit: usize, negative: bool) {
        let (at, shift) = (bit / 64 + PAD, bit % 64);
        let low = v << shift;
        let high = ((v >> 64) >> 1) >> (63 - shift);
        let sign = -i128::from(negative);
        let digits: &mut [i128; 3] = (&mut self.places[at..at + 3]).try_into().expect("three digits");
        digits[0] += (i128::from(low as u64) ^ sign) - sign;
        digits[1] += (i128::from((low >> 64) as u64) ^ sign) - sign;
        digits[2] += (i128::from(high as u64) ^ sign) - sign;
        self.reach(at, at + 2, v == 0);
    }

    #[inline(always)]
    fn reach(&mut self, bottom: usize, top: usize, nothing: bool) {
        self.bottom = self.bottom.min(if nothing { N } else { bottom });
        self.top = self.top.max(if nothing { 0 } else { top });
    }

    /// The same for what has 64 bits, in two digits.
    #[inline(always)]
    pub(super) fn add_short(&mut self, v: u64, bit: usize, negative: bool) {
        let (at, shift) = (bit / 64 + PAD, bit % 64);
        let nothing = v == 0;
        let v = u128::from(v) << shift;
        let sign = -i128::from(negative);
        let digits: &mut [i128; 2] = (&mut self.places[at..at + 2]).try_into().expect("two digits");
        digits[0] += (i128::from(v as u64) ^ sign) - sign;
        digits[1] += (i128::from((v >> 64) as u64) ^ sign) - sign;
        self.reach(at, at + 1, nothing);
    }

    /// The highest digit that is not 0, if there is one.
    #[inline(always)]
    pub(super) fn top(&mut self) -> Option<usize> {
        while self.places[self.top] == 0 {
            if self.top == 0 {
                self.bottom = N;
                return None;
            }
            work(1);
            self.top -= 1;
        }
        Some(self.top)
    }

    /// Six digits from `from` on with a carry from those below, in two's complement.
    #[inline(always)]
    pub(super) fn leading(&self, from: usize, mut carry: i128) -> [u64; LEADING] {
        let digits: &[i128; LEADING - 1] = self.places[from..from + LEADING - 1].try_into().expect("six digits");
        let mut limbs = [0; LEADING];
        for (limb, digit) in limbs.iter_mut().zip(digits) {
            carry += digit;
            *limb = carry as u64;
            carry >>= 64;
        }
        limbs[LEADING - 1] = carry as u64;
        work(LEADING);
        limbs
    }

    /// What the digits below `end` carry over, rounded down, and whether that has left anything below.
    #[inline(never)]
    fn below(&mut self, end: usize) -> (i128, bool) {
        let (mut carry, mut rest) = (0_i128, 0);
        let start = self.bottom().min(end);
        for digit in &self.places[start..end] {
            // Nothing happens in a run of zeros, and nothing waits for the carry there.
            if *digit == 0 && carry == carry >> 64 {
                rest |= carry as u64;
                continue;
            }
            carry += digit;
            rest |= carry as u64;
            carry >>= 64;
        }
        work(end - start);
        (carry, rest != 0)
    }

    /// The lowest digit that is not 0, where `top` has found one.
    #[inline(always)]
    pub(super) fn bottom(&mut self) -> usize {
        while self.bottom < self.top && self.places[self.bottom] == 0 {
            work(1);
            self.bottom += 1;
        }
        self.bottom
    }

    #[inline(always)]
    pub(super) fn digits(&self, range: std::ops::Range<usize>) -> &[i128] {
        &self.places[range]
    }
}

/// Does the carries of digits: limbs in two's complement, least first, which the last ones fill up.
fn normalise(digits: &[i128], limbs: &mut [u64]) {
    let mut carry = 0_i128;
    for (limb, digit) in limbs.iter_mut().zip(digits.iter().chain(std::iter::repeat(&0))) {
        carry += digit;
        *limb = carry as u64;
        carry >>= 64;
    }
    work(limbs.len());
}

/// `(limbs + rest) * 2^unit / (d[0] * d[1])`, rounded once, of two's complement, which becomes its magnitude. `rest` is
/// less than 1, and more than 0 where it says so.
#[inline(always)]
pub(super) fn settle(limbs: &mut [u64], rest: bool, unit: i32, d: [u64; 2], divisor: &mut Divisor) -> f64 {
    let negative = limbs.last().is_some_and(|limb| limb >> 63 == 1);
    if negative {
        negate(limbs, rest);
    }
    work(limbs.len());
    let Some(last) = limbs.iter().rposition(|&limb| limb != 0) else { return 0.0 };
    let limb = |back: usize| last.checked_sub(back).map_or(0, |at| limbs[at]);
    let (n, cut) = high_bits([limb(0), limb(1), limb(2)]);
    let below = |limbs: &[u64]| limbs.iter().fold(u64::from(rest), |any, limb| any | limb) != 0;
    if let Some(product) = d[0].checked_mul(d[1]) {
        let exp = unit + 64 * (last as i32 - 1) - limb(0).leading_zeros() as i32;
        let (q, exp, inexact) = divisor.set(product).quotient(n, exp, cut || below(&limbs[..last.saturating_sub(2)]));
        return round(negative, q, exp, inexact);
    }
    let (top, rest) = ([limb(0), limb(1), limb(2), limb(3)], below(&limbs[..last.saturating_sub(3)]));
    round_long_quotient(negative, top, unit + 64 * (last as i32 - 3), rest, d)
}

/// Negates what has a rest above it, if so: then that makes up for the one that a complement lacks.
#[inline(always)]
fn negate(limbs: &mut [u64], rest: bool) {
    let mut carry = !rest;
    for limb in limbs {
        (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
    }
}

/// The leading 128 bits of three limbs, the first of which is not 0, and whether others follow.
#[inline(always)]
fn high_bits(top: [u64; 3]) -> (u128, bool) {
    let shift = top[0].leading_zeros();
    let n = u128::from(top[0]) << 64 | u128::from(top[1]);
    let below = (top[2] >> 1) >> (63 - shift);
    (n << shift | u128::from(below), top[2] << shift != 0)
}

/// Negates two's complement where it says so.
#[inline(always)]
pub(super) fn magnitude<const N: usize>(limbs: &mut [u64; N], negative: bool) {
    let mask = if negative { u64::MAX } else { 0 };
    let mut carry = negative;
    for limb in limbs {
        (*limb, carry) = (*limb ^ mask).overflowing_add(u64::from(carry));
    }
}

/// The leading 128 bits and the unit of the last, where limb 3 is not 0, or one above it.
#[inline(always)]
fn leading_bits<const N: usize>(limbs: &[u64; N], unit: i32) -> Option<(u128, i32)> {
    let last = limbs.iter().rposition(|&limb| limb != 0)?;
    if last < 3 {
        return None;
    }
    let (n, _) = high_bits([limbs[last], limbs[last - 1], limbs[last - 2]]);
    Some((n, unit + 64 * (last as i32 - 1) - limbs[last].leading_zeros() as i32))
}

/// `limbs * 2^unit / d`, rounded once, where the number is known but for less than 8 units of limb 1, if its leading
/// 64 bits tell.
#[inline(always)]
pub(super) fn glance<const N: usize>(negative: bool, limbs: &[u64; N], unit: i32, d: &Divisor) -> Option<f64> {
    let (n, exp) = leading_bits(limbs, unit)?;
    d.leading(negative, (n >> 64) as u64, exp + 64)
}

/// The same if its leading 128 bits tell.
#[inline(always)]
pub(super) fn nearest<const N: usize>(negative: bool, limbs: &[u64; N], unit: i32, d: &Divisor) -> Option<f64> {
    let (n, exp) = leading_bits(limbs, unit)?;
    if let Some(value) = d.leading(negative, (n >> 64) as u64, exp + 64) {
        return Some(value);
    }
    let (q, exp, _) = d.quotient(n, exp, true);
    let bits = 128 - q.leading_zeros() as i32;
    let drop = (exp + bits - 53).max(-1074) - exp;
    // Where `round` will cut: is that far enough from half a place? The last place of `n` is at least two units of
    // limb 1, so `n` is off by less than 5 of its places, and `q` by less than twice that and one for the division.
    let certain =
        if drop > 126 { drop > bits + 1 } else { drop > 8 && (q & ((1 << drop) - 1)).abs_diff(1 << (drop - 1)) > 16 };
    certain.then(|| round(negative, q, exp, true))
}

/// The exact sum of finite doubles that come and go, in units of 2^-1074.
#[derive(Clone)]
pub(super) struct WideSum(pub(super) Digits<SUM>);

impl WideSum {
    pub(super) const ZERO: Self = Self(Digits::ZERO);

    #[inline(always)]
    fn apply(&mut self, x: f64, remove: bool) {
        let Parts { negative, mantissa, bit } = parts(x);
        self.0.add_short(mantissa, bit, negative != remove);
    }

    #[inline(always)]
    pub(super) fn add(&mut self, x: f64) {
        self.apply(x, false);
    }

    #[inline(always)]
    pub(super) fn remove(&mut self, x: f64) {
        self.apply(x, true);
    }

    /// Adds `v * 2^bit` units.
    pub(super) fn add_integer(&mut self, v: i128, bit: usize) {
        if v != 0 {
            self.0.add(v.unsigned_abs(), bit, v < 0);
        }
    }

    /// The sum divided by `d`, rounded once.
    #[inline(never)]
    pub(super) fn quotient(&mut self, d: u64, divisor: &mut Divisor) -> f64 {
        let Some(top) = self.0.top() else { return 0.0 };
        let from = top + 2 - LEADING;
        let mut limbs = self.0.leading(from, 0);
        let negative = limbs[LEADING - 1] >> 63 == 1;
        magnitude(&mut limbs, negative);
        // The digits below `from`, fewer than 2^62 values' worth, are less than one unit of limb 1.
        let unit = 64 * (from as i32 - PAD as i32) - 1074;
        nearest(negative, &limbs, unit, divisor.set(d)).unwrap_or_else(|| self.whole(from, d, divisor))
    }

    /// The same from all digits.
    #[inline(never)]
    fn whole(&mut self, from: usize, d: u64, divisor: &mut Divisor) -> f64 {
        let (carry, rest) = self.0.below(from);
        let mut limbs = self.0.leading(from, carry);
        let sign = if limbs[LEADING - 1] >> 63 == 1 { u64::MAX } else { 0 };
        if limbs[3..].iter().any(|limb| *limb != sign) {
            return settle(&mut limbs, rest, 64 * (from as i32 - PAD as i32) - 1074, [d, 1], divisor);
        }
        // The leading digits cancel: more are needed.
        let (mut limbs, top, bottom) = ([0; SUM + 2], self.0.top, self.0.bottom());
        let limbs = &mut limbs[..top + 3 - bottom];
        normalise(&self.0.places[bottom..=top], limbs);
        settle(limbs, false, 64 * (bottom as i32 - PAD as i32) - 1074, [d, 1], divisor)
    }
}

#[cfg(test)]
thread_local! {
    static WORK: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts limbs that are touched in loops: for the tests of what a row may cost.
#[inline(always)]
pub(super) fn work(limbs: usize) {
    #[cfg(test)]
    WORK.set(WORK.get() + limbs);
    let _ = limbs;
}

#[cfg(test)]
pub(super) fn take_work() -> usize {
    WORK.take()
}
