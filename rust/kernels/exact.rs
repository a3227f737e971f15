//! Rounding an exact number to the nearest double, ties to even: the one place where a window's exact
//! statistic becomes an `f64`. Everything before is integer arithmetic; nothing here may round twice.

/// `(q + tail) * 2^exp` with the sign of `negative`, rounded once. `tail` lies strictly between 0 and 1 when
/// `inexact`, else it is 0; an inexact `q` must have at least 55 bits. Zero is `+0.0`; a negative value that
/// is too small for the subnormals rounds to `-0.0`, as IEEE arithmetic has it.
pub(super) fn round(negative: bool, q: u128, exp: i32, inexact: bool) -> f64 {
    if q == 0 {
        return 0.0;
    }
    let bits = 128 - q.leading_zeros() as i32;
    // The exponent of the last bit that is kept: 53 bits, fewer among the subnormals.
    let last = (exp + bits - 53).max(-1074);
    let drop = last - exp;
    debug_assert!(!inexact || drop > 1);
    let mantissa = if drop <= 0 {
        (q << -drop) as u64
    } else if drop > bits {
        0
    } else {
        let kept = q.checked_shr(drop as u32).unwrap_or(0) as u64;
        let half = 1_u128 << (drop - 1);
        let below = q & ((half << 1).wrapping_sub(1));
        let up = below > half || (below == half && (inexact || kept & 1 == 1));
        kept + u64::from(up)
    };
    let magnitude = if last > 971 {
        f64::INFINITY
    } else {
        // The leading bit of a normal mantissa adds one to the exponent; a carry of the rounding another.
        f64::from_bits((((last + 1074) as u64) << 52) + mantissa)
    };
    if negative { -magnitude } else { magnitude }
}

/// `top * 2^exp / (d[0] * d[1])`, rounded once, where `top` is big-endian with a leading limb that is not 0,
/// and `inexact` says that something follows below its last bit.
pub(super) fn round_long_quotient(negative: bool, mut top: [u64; 4], exp: i32, mut inexact: bool, d: [u64; 2]) -> f64 {
    let product = u128::from(d[0]) * u128::from(d[1]);
    let divisors = u64::try_from(product).map_or(d, |one| [one, 1]);
    for d in divisors {
        inexact |= divide(&mut top, d);
    }
    let first = top.iter().position(|&limb| limb != 0).unwrap_or(3).min(2);
    let q = u128::from(top[first]) << 64 | u128::from(top[first + 1]);
    inexact |= top[first + 2..].iter().any(|&limb| limb != 0);
    round(negative, q, exp + 64 * (2 - first as i32), inexact)
}

/// Divides in place; true when a remainder is left.
fn divide(limbs: &mut [u64; 4], d: u64) -> bool {
    if d == 1 {
        return false;
    }
    let mut remainder = 0_u64;
    for limb in limbs {
        let dividend = u128::from(remainder) << 64 | u128::from(*limb);
        *limb = (dividend / u128::from(d)) as u64;
        remainder = (dividend % u128::from(d)) as u64;
    }
    remainder != 0
}

/// A finite double as `mantissa * 2^(bit - 1074)`.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) negative: bool,
    pub(super) mantissa: u64,
    pub(super) bit: usize,
}

pub(super) const fn parts(x: f64) -> Parts {
    let bits = x.to_bits();
    let (biased, fraction) = ((bits >> 52 & 0x7ff) as usize, bits & ((1 << 52) - 1));
    let negative = bits >> 63 == 1;
    if biased == 0 {
        Parts { negative, mantissa: fraction, bit: 0 }
    } else {
        Parts { negative, mantissa: fraction | 1 << 52, bit: biased - 1 }
    }
}
/// `n * 2^exp / d`, rounded once; `d` is not 0.
pub(super) fn round_quotient(n: i128, exp: i32, d: u64) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let magnitude = n.unsigned_abs();
    let shift = magnitude.leading_zeros();
    let (scaled, d) = (magnitude << shift, u128::from(d));
    let q = scaled / d;
    round(n < 0, q, exp - shift as i32, q * d != scaled)
}
