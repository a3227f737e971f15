//! Rounding `spread / (m * (m - ddof))` once, of a spread that is known exactly or nearly: a quotient whose doubt does
//! not reach the next rounding boundary is right, and of the others their owner asks exact integers.

use super::exact::round_quotient;
use super::grid::power_of_two;
use super::simd::Lanes;

/// `m * (m - ddof)`, below 2^41.
pub(super) fn divisor(m: usize, ddof: usize) -> u64 {
    m as u64 * (m - ddof) as u64
}

/// Divides in lanes.
pub(super) struct Divide<L: Lanes> {
    divisor: L::F,
    inverse: L::F,
    fine: L::F,
    more: L::F,
}

impl<L: Lanes> Divide<L> {
    #[inline(always)]
    pub(super) fn new(lanes: L, divisor: u64) -> Self {
        let divisor = divisor as f64;
        let inverse = lanes.splat(1.0 / divisor);
        let (fine, more) = (lanes.splat(power_of_two(-50)), lanes.splat(1.0 + power_of_two(-40)));
        Self { divisor: lanes.splat(divisor), inverse, fine, more }
    }

    /// The quotient of `spread + rest`, rounded, and the same again if that is certain; `rest` is below half of the last
    /// place of `spread`, and the sum is exact. Only in registers, whose products and sums round together.
    ///
    /// The first guess is off by fewer than three places and its remainder exact, as in [`Self::round`]. The correction
    /// rounds three times by 2^-53 of itself, so it is off by less than 2^-49 places. What the rounding of the result
    /// cuts off is known; made larger by 2^-40 of itself it changes the result if it was that near to half a place,
    /// and elsewhere the nearest boundary is 2^-44 places away.
    #[inline(always)]
    pub(super) fn round_exact(&self, lanes: L, spread: L::F, rest: L::F) -> (L::F, L::F) {
        let quotient = lanes.mul(spread, self.inverse);
        let remainder = lanes.add(lanes.remainder(spread, quotient, self.divisor), rest);
        let result = lanes.scale(remainder, self.inverse, quotient);
        let added = lanes.remainder(lanes.sub(result, quotient), remainder, self.inverse);
        (result, lanes.remainder(result, added, self.more))
    }

    /// Between these two lies the quotient of `spread + rest`, each rounded; `rest` is below half of the last place
    /// of `spread`, and the sum may be off by `bound`.
    ///
    /// The first guess is off by fewer than three places, so the remainder is exact: an integer of the guess's last
    /// place, of fewer than 43 bits. Adding `rest`, putting the doubt to it, the inverse and the product with it round
    /// by 2^-53 of the remainder each: 2^-50 holds that twice.
    #[inline(always)]
    pub(super) fn round(&self, lanes: L, spread: L::F, rest: L::F, bound: L::F) -> (L::F, L::F) {
        let quotient = lanes.mul(spread, self.inverse);
        let remainder = lanes.add(lanes.remainder(spread, quotient, self.divisor), rest);
        let doubt = lanes.scale(lanes.abs(remainder), self.fine, bound);
        let (least, most) = (lanes.sub(remainder, doubt), lanes.add(remainder, doubt));
        (lanes.scale(least, self.inverse, quotient), lanes.scale(most, self.inverse, quotient))
    }
}

/// `a + b` and its rounding error.
#[inline(always)]
pub(super) fn two_sum<L: Lanes>(lanes: L, a: L::F, b: L::F) -> (L::F, L::F) {
    let sum = lanes.add(a, b);
    let virtual_b = lanes.sub(sum, a);
    let error = lanes.add(lanes.sub(a, lanes.sub(sum, virtual_b)), lanes.sub(b, virtual_b));
    (sum, error)
}

/// `a + b` and its rounding error, where `a` is the larger or a multiple of the last place of `b`, or where the sum is
/// exact. Elsewhere the two are off by no more than 2^-52 of `b`.
#[inline(always)]
pub(super) fn fast_two_sum<L: Lanes>(lanes: L, a: L::F, b: L::F) -> (L::F, L::F) {
    let sum = lanes.add(a, b);
    (sum, lanes.sub(b, lanes.sub(sum, a)))
}

/// `a - b` and its rounding error, where `S` is 1 under the conditions of [`fast_two_sum`].
#[inline(always)]
pub(super) fn two_difference<L: Lanes, const S: usize>(lanes: L, a: L::F, b: L::F) -> (L::F, L::F) {
    let difference = lanes.sub(a, b);
    if S == 1 {
        return (difference, lanes.sub(lanes.sub(a, difference), b));
    }
    let virtual_b = lanes.sub(a, difference);
    let error = lanes.sub(lanes.sub(a, lanes.add(difference, virtual_b)), lanes.sub(b, virtual_b));
    (difference, error)
}

/// The lanes of a vector of integers.
#[inline(always)]
pub(super) fn lane_values<L: Lanes>(lanes: L, v: L::I) -> [i64; 8] {
    let mut values = [0; 8];
    lanes.store_integers(&mut values, v);
    values
}

/// Divides integers one by one, without their division where 64 bits can tell.
pub(super) struct DivideIntegers {
    divisor: u64,
    /// Places that `divisor` is moved up until its first bit is the top one.
    up: i32,
    /// 2^127 over the divisor moved up, cut off.
    inverse: u64,
}

impl DivideIntegers {
    pub(super) fn new(divisor: u64) -> Self {
        let up = divisor.leading_zeros();
        let inverse = u64::try_from((1_u128 << 127) / u128::from(divisor << up)).unwrap_or(u64::MAX);
        Self { divisor, up: up as i32, inverse }
    }

    /// `n * 2^exponent` over the divisor, rounded once, and whether that took the long division. The result must be a
    /// normal number.
    #[inline(always)]
    pub(super) fn round(&self, n: i128, exponent: i32) -> (f64, bool) {
        let magnitude = n.unsigned_abs();
        let (high, low) = ((magnitude >> 64) as u64, magnitude as u64);
        let (top, shift) = if high != 0 {
            let shift = high.leading_zeros();
            (high << shift | low >> 1 >> (63 - shift), shift)
        } else if low != 0 {
            (low << low.leading_zeros(), low.leading_zeros() + 64)
        } else {
            return (0.0, false);
        };
        // Cut off three times: of the dividend, the inverse and the product, each by less than one.
        let quotient = ((u128::from(top) * u128::from(self.inverse)) >> 64) as u64;
        // The quotient is not less than this, and less than three more: half of it, less than two more than its half
        // cut off. The machine rounds integers as it should.
        let half = (quotient >> 1) as i64;
        let (least, most) = (half as f64, (half + 2) as f64);
        if least != most {
            return (self.round_long(n, exponent), true);
        }
        let value = least * power_of_two(2 + self.up - shift as i32 + exponent);
        (if n < 0 { -value } else { value }, false)
    }

    #[cold]
    #[inline(never)]
    fn round_long(&self, n: i128, exponent: i32) -> f64 {
        round_quotient(n, exponent, self.divisor)
    }
}
