//! Sums that hold any doubles at all: one 64-bit digit for every place of the doubles' whole range, each kept in 128
//! bits, so that adding a value never carries from one digit to the next. A value always touches the same digits in
//! the same way, so what leaves takes back exactly what it brought, and no digit ever outgrows what the window holds.

use super::divisor::Divisor;
use super::exact::{Parts, parts, round_long_quotient};

/// Zeros below the last place, so that the leading digits can be read without asking how many there are.
pub(super) const PAD: usize = 6;
/// Digits of a sum: 2098 bits, in units of 2^-1074.
pub(super) const SUM: usize = 36 + PAD;
/// Digits of a sum of products: 4196 bits, in units of 2^-2148, and what counts make of them.
pub(super) const PRODUCT: usize = 72 + PAD;
/// Limbs that are read of a sum to round it, its carry included.
pub(super) const LEADING: usize = 7;
/// Limbs that are read first, as they nearly always tell.
pub(super) const SHORT: usize = 5;

/// A number as digits that overlap: digit `i` counts `2^(64 * (i - PAD))` units.
#[derive(Clone)]
pub(super) struct Digits<const N: usize> {
    places: [i128; N],
    /// A bit for each digit, or each two of them, that may be other than 0.
    occupied: u64,
}

impl<const N: usize> Digits<N> {
    pub(super) const ZERO: Self = Self { places: [0; N], occupied: 0 };
    /// How many digits a bit of `occupied` stands for, as a power of two.
    const SHIFT: usize = if N > 64 { 1 } else { 0 };

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
        self.occupy(at, if Self::SHIFT == 0 { 7 } else { 3 }, v == 0);
    }

    #[inline(always)]
    fn occupy(&mut self, at: usize, places: u64, nothing: bool) {
        self.occupied |= if nothing { 0 } else { places << (at >> Self::SHIFT) };
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
        self.occupy(at, 3, nothing);
    }

    /// The highest digit that is not 0, if there is one. Those found to be 0 are not looked at again until something
    /// is added there.
    #[inline(always)]
    pub(super) fn top(&mut self) -> Option<usize> {
        while self.occupied != 0 {
            let group = 63 - self.occupied.leading_zeros() as usize;
            let last = ((group + 1) << Self::SHIFT) - 1;
            for at in (group << Self::SHIFT..=last).rev() {
                if self.places[at] != 0 {
                    return Some(at);
                }
            }
            work(1);
            self.occupied ^= 1 << group;
        }
        None
    }

    /// All but one of `L` digits from `from` on, and what they carry, with a carry from those below, in two's complement.
    #[inline(always)]
    pub(super) fn leading<const L: usize>(&self, from: usize, mut carry: i128) -> [u64; L] {
        let mut limbs = [0; L];
        for (limb, digit) in limbs.iter_mut().zip(&self.places[from..from + L - 1]) {
            carry += digit;
            *limb = carry as u64;
            carry >>= 64;
        }
        limbs[L - 1] = carry as u64;
        work(L);
        limbs
    }

    /// The lowest digit that is not 0, where `top` has found one.
    #[inline(always)]
    pub(super) fn bottom(&mut self) -> usize {
        while self.occupied != 0 {
            let group = self.occupied.trailing_zeros() as usize;
            for at in group << Self::SHIFT..(group + 1) << Self::SHIFT {
                if self.places[at] != 0 {
                    return at;
                }
            }
            work(1);
            self.occupied ^= 1 << group;
        }
        N
    }

    /// The digits that are not 0, with their places, if those that may be are at most so many.
    #[inline(always)]
    pub(super) fn few(&self, most: u32) -> Option<impl Iterator<Item = (usize, i128)>> {
        const { assert!(Self::SHIFT == 0, "a bit of `occupied` is one digit") };
        let mut occupied = self.occupied;
        let next = move || {
            let at = (occupied != 0).then(|| occupied.trailing_zeros() as usize)?;
            occupied &= occupied - 1;
            Some((at, self.places[at]))
        };
        (self.occupied.count_ones() <= most).then(|| std::iter::from_fn(next).filter(|(_, digit)| *digit != 0))
    }

    #[inline(always)]
    pub(super) fn digits(&self, range: std::ops::Range<usize>) -> &[i128] {
        &self.places[range]
    }
}

impl Digits<SUM> {
    /// What the digits below `end` carry over, rounded down, and whether that has left anything below.
    ///
    /// Sums of fewer than 2^40 values: what lies two digits below is less than 2^40 units of the first.
    #[inline(always)]
    fn below(&self, end: usize) -> (i128, bool) {
        const OTHERS: u64 = 1 << 40;
        let digit = self.places[end - 1];
        if (digit as u64).wrapping_sub(OTHERS) < 0_u64.wrapping_sub(2 * OTHERS) {
            return (digit >> 64, true);
        }
        let (mut carry, mut rest, mut next) = (0_i128, 0, 0);
        let mut occupied = self.occupied & ((1 << end) - 1);
        while occupied != 0 {
            let at = occupied.trailing_zeros() as usize;
            occupied &= occupied - 1;
            if next < at {
                // In a run of zeros a carry, of fewer than 63 bits, leaves its sign alone.
                rest |= carry as u64;
                carry >>= 64;
            }
            carry += self.places[at];
            rest |= carry as u64;
            carry >>= 64;
            next = at + 1;
            work(1);
        }
        if next < end {
            rest |= carry as u64;
            carry >>= 64;
        }
        (carry, rest != 0)
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
    settle_magnitude(negative, limbs, || rest, unit, d, divisor).0
}

/// The same of a magnitude and its sign, and whether that took more than the leading bits. The rest is asked for only
/// where all depends on it.
#[inline(always)]
pub(super) fn settle_magnitude(
    negative: bool,
    limbs: &[u64],
    rest: impl FnOnce() -> bool,
    unit: i32,
    d: [u64; 2],
    divisor: &mut Divisor,
) -> (f64, bool) {
    work(limbs.len());
    let Some(last) = limbs.iter().rposition(|&limb| limb != 0) else { return (0.0, false) };
    let limb = |back: usize| last.checked_sub(back).map_or(0, |at| limbs[at]);
    let below = |end: usize| limbs[..end].iter().fold(0, |any, limb| any | limb) != 0;
    if let Some(product) = d[0].checked_mul(d[1]) {
        let (n, cut) = high_bits([limb(0), limb(1), limb(2)]);
        let exp = unit + 64 * (last as i32 - 1) - limb(0).leading_zeros() as i32;
        return divisor.set(product).settle(negative, n, exp, || cut || below(last.saturating_sub(2)) || rest());
    }
    let (top, rest) = ([limb(0), limb(1), limb(2), limb(3)], below(last.saturating_sub(3)) || rest());
    (round_long_quotient(negative, top, unit + 64 * (last as i32 - 3), rest, d), true)
}

/// Negates what has a rest above it, if so: then that makes up for the one that a complement lacks.
#[inline(always)]
pub(super) fn negate(limbs: &mut [u64], rest: bool) {
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
pub(super) fn magnitude(limbs: &mut [u64], negative: bool) {
    let mask = if negative { u64::MAX } else { 0 };
    let mut carry = negative;
    for limb in limbs {
        (*limb, carry) = (*limb ^ mask).overflowing_add(u64::from(carry));
    }
}

/// The leading 128 bits and the unit of the last, where limb 3 is not 0, or one above it.
#[inline(always)]
fn leading_bits(limbs: &[u64], unit: i32) -> Option<(u128, i32)> {
    let last = limbs.iter().rposition(|&limb| limb != 0)?;
    if last < 3 {
        return None;
    }
    let (n, _) = high_bits([limbs[last], limbs[last - 1], limbs[last - 2]]);
    Some((n, unit + 64 * (last as i32 - 1) - limbs[last].leading_zeros() as i32))
}

/// `limbs * 2^unit / d`, rounded once, where the number is known but for less than 8 units of limb 1, if its leading
/// 64 bits tell. Limb 2 must have five bits at least, or one above it not be 0: then eight units of limb 1 are a quarter
/// of the last of 64 bits, which a quotient's estimate has room for.
#[inline(always)]
pub(super) fn glance(negative: bool, limbs: &[u64], unit: i32, d: &Divisor) -> Option<f64> {
    let last = limbs.iter().rposition(|&limb| limb != 0)?;
    if last < 2 || last == 2 && limbs[2] >> 4 == 0 {
        return None;
    }
    let shift = limbs[last].leading_zeros();
    let n = limbs[last] << shift | (limbs[last - 1] >> 1) >> (63 - shift);
    d.leading(negative, n, unit + 64 * last as i32 - shift as i32)
}

/// The same from more limbs, where limb 3 or one above it is not 0, if the leading 128 bits tell.
#[inline(always)]
pub(super) fn nearest(negative: bool, limbs: &[u64], unit: i32, d: &Divisor) -> Option<f64> {
    let (n, exp) = leading_bits(limbs, unit)?;
    // The last place of `n` is at least two units of limb 1, so `n` is off by less than 5 of its places.
    d.doubtful(negative, n, exp, 5)
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
        let from = top + 2 - SHORT;
        let limbs = self.0.leading::<SHORT>(from, 0);
        let negative = limbs[SHORT - 1] >> 63 == 1;
        let mut leading = limbs;
        magnitude(&mut leading, negative);
        // The digits below `from`, fewer than 2^62 values' worth, are less than one unit of limb 1.
        let unit = 64 * (from as i32 - PAD as i32) - 1074;
        glance(negative, &leading, unit, divisor.set(d)).unwrap_or_else(|| self.whole(limbs, from, d, divisor))
    }

    /// The same from all digits, of which those from `from` on have these limbs.
    #[inline(never)]
    fn whole(&mut self, mut limbs: [u64; SHORT], from: usize, d: u64, divisor: &mut Divisor) -> f64 {
        let (carry, rest) = self.0.below(from);
        if carry != 0 {
            limbs = self.0.leading(from, carry);
        }
        let sign = if limbs[SHORT - 1] >> 63 == 1 { u64::MAX } else { 0 };
        // 128 bits, and what is below.
        if limbs[2..].iter().any(|limb| *limb != sign) {
            return settle(&mut limbs, rest, 64 * (from as i32 - PAD as i32) - 1074, [d, 1], divisor);
        }
        // The leading digits cancel: more are needed.
        let (Some(top), bottom) = (self.0.top(), self.0.bottom()) else { return 0.0 };
        let mut limbs = [0; SUM + 2];
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
