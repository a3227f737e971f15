//! The correctly rounded natural logarithm. System libraries differ in its last bit; the law allows one answer.
//!
//! ln(x) = k*ln(2) + ln(c) + 2*atanh((m - c) / (m + c)) with x = 2^k * m, m near 1, and c the 32nd nearest to m.
//! In pairs of doubles this is right to 2^-64 or better; the rare value that lies closer to a rounding boundary
//! is computed again with 256 fractional bits, where no double's logarithm is in doubt (the hardest needs 118).

use std::sync::OnceLock;

use super::exact::{parts, round};

/// A fixed-point number: one limb of two's complement integer, four of fraction, most significant first.
type Long = [u64; 5];

/// The first and last c, in 32nds.
const FIRST: u64 = 22;
const LAST: u64 = 46;
/// One in units of the mantissa.
const ONE: u64 = 1 << 52;

struct Tables {
    ln2: Long,
    ln2_high: f64,
    ln2_low: f64,
    ln_c: Vec<Long>,
    pairs: Vec<(f64, f64)>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let ln2 = twice_atanh(1, 3);
        let ln_c: Vec<Long> = (FIRST..=LAST).map(|c| twice_atanh(c as i64 - 32, c + 32)).collect();
        // Short enough for its products with exponents to be exact.
        let ln2_high = f64::from_bits(nearest(ln2).to_bits() & !0xfff);
        let ln2_low = nearest(subtract(ln2, long(ln2_high)));
        let pairs =
            ln_c.iter().map(|&value| (nearest(value), nearest(subtract(value, long(nearest(value)))))).collect();
        Tables { ln2, ln2_high, ln2_low, ln_c, pairs }
    })
}

pub(super) fn ln(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 || x == f64::INFINITY {
        return if x == 0.0 { f64::NEG_INFINITY } else { x };
    }
    let split = parts(x);
    let shift = split.mantissa.leading_zeros() - 11;
    let (mut mantissa, mut k) = (split.mantissa << shift, split.bit as i32 - shift as i32 - 1022);
    // m = mantissa / 2^52 in [1, 2) becomes one in [0.70, 1.41): the mantissa is then in units of 2^-53.
    if mantissa > 6_369_051_672_525_772 {
        k += 1;
    } else {
        mantissa <<= 1;
    }
    let c = (mantissa + (ONE >> 5)) >> 48;
    let (m, c_value) = (mantissa as f64 / (2 * ONE) as f64, c as f64 / 32.0);
    quick(k, m, c_value, c).unwrap_or_else(|| careful(k, mantissa, c))
}

/// In pairs of doubles; none when the result might round either way.
fn quick(k: i32, m: f64, c_value: f64, c: u64) -> Option<f64> {
    let tables = tables();
    let r = m - c_value; // exact: both are near and multiples of 2^-53
    let (d, d_low) = two_sum(m, c_value);
    let s = r / d;
    let (product, product_low) = two_product(s, d);
    let s_low = (((r - product) - product_low) - s * d_low) / d;
    let z = s * s;
    let series = z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0)))));
    let (ln_c, ln_c_low) = tables.pairs[(c - FIRST) as usize];
    let k = f64::from(k);
    let (high, low) = two_sum(k * tables.ln2_high, ln_c);
    let (high, middle) = two_sum(high, 2.0 * s);
    let low = low + middle + (k * tables.ln2_low + ln_c_low) + 2.0 * (s_low + s * series);
    let doubt = high.abs() * f64::from_bits((1023 - 63) << 52);
    let (least, most) = (high + (low - doubt), high + (low + doubt));
    (least == most).then_some(least)
}

#[cold]
fn careful(k: i32, mantissa: u64, c: u64) -> f64 {
    let tables = tables();
    let c_value = c << 48;
    let mut sum = twice_atanh(mantissa as i64 - c_value as i64, mantissa + c_value);
    sum = add(sum, tables.ln_c[(c - FIRST) as usize]);
    let mut k_ln2 = multiply(tables.ln2, [u64::from(k.unsigned_abs()), 0, 0, 0, 0]);
    if k < 0 {
        k_ln2 = negate(k_ln2);
    }
    nearest(add(sum, k_ln2))
}

/// 2 * atanh(numerator / denominator) for a quotient of 1/3 at most.
fn twice_atanh(numerator: i64, denominator: u64) -> Long {
    let mut s = [numerator.unsigned_abs(), 0, 0, 0, 0];
    divide(&mut s, denominator);
    let z = multiply(s, s);
    let (mut sum, mut power, mut n) = (s, s, 1);
    while power != [0; 5] {
        power = multiply(power, z);
        n += 2;
        let mut term = power;
        divide(&mut term, n);
        sum = add(sum, term);
    }
    let twice = add(sum, sum);
    if numerator < 0 { negate(twice) } else { twice }
}

/// The nearest double of a number that is known but for its last bits.
fn nearest(value: Long) -> f64 {
    let negative = value[0] >> 63 == 1;
    let magnitude = if negative { negate(value) } else { value };
    let first = magnitude.iter().position(|&limb| limb != 0).unwrap_or(4).min(3);
    let (high, low) = (magnitude[first], magnitude[first + 1]);
    // Two limbs hold 65 bits or more; what follows only says that the number is no tie.
    round(negative, u128::from(high) << 64 | u128::from(low), -64 * (first as i32 + 1), high | low != 0)
}

/// A double of at most 1 in magnitude as a fixed-point number.
fn long(x: f64) -> Long {
    let split = parts(x);
    let mut value = [0; 5];
    let bit = split.bit as i32 - 1074 + 256;
    if bit >= 0 {
        let (at, shift) = (4 - bit as usize / 64, bit as usize % 64);
        let shifted = u128::from(split.mantissa) << shift;
        value[at] = shifted as u64;
        if at > 0 {
            value[at - 1] = (shifted >> 64) as u64;
        }
    }
    if split.negative { negate(value) } else { value }
}

fn add(a: Long, b: Long) -> Long {
    let (mut sum, mut carry) = ([0; 5], 0);
    for i in (0..5).rev() {
        let limb = u128::from(a[i]) + u128::from(b[i]) + carry;
        (sum[i], carry) = (limb as u64, limb >> 64);
    }
    sum
}

fn negate(a: Long) -> Long {
    add(a.map(|limb| !limb), [0, 0, 0, 0, 1])
}

fn subtract(a: Long, b: Long) -> Long {
    add(a, negate(b))
}

/// The product of numbers that are not negative, cut off.
fn multiply(a: Long, b: Long) -> Long {
    let mut product = [0_u64; 10];
    for i in (0..5).rev() {
        let mut carry = 0;
        for j in (0..5).rev() {
            let limb = u128::from(a[i]) * u128::from(b[j]) + u128::from(product[i + j + 1]) + carry;
            (product[i + j + 1], carry) = (limb as u64, limb >> 64);
        }
        product[i] = carry as u64;
    }
    [product[1], product[2], product[3], product[4], product[5]]
}

fn divide(a: &mut Long, d: u64) {
    let mut remainder = 0;
    for limb in a {
        let dividend = remainder << 64 | u128::from(*limb);
        *limb = (dividend / u128::from(d)) as u64;
        remainder = dividend % u128::from(d);
    }
}

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let virtual_b = sum - a;
    (sum, (a - (sum - virtual_b)) + (b - virtual_b))
}

/// The product and its rounding error, without a fused multiply-add.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let split = |x: f64| {
        let high = f64::from_bits(x.to_bits() & !0x7ff_ffff);
        (high, x - high)
    };
    let (product, (a_high, a_low), (b_high, b_low)) = (a * b, split(a), split(b));
    (product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
}
