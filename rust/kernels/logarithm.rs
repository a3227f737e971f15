//! The correctly rounded natural logarithm. System libraries differ in its last bit; the law allows one answer.
//!
//! One by one, ln(x) = k*ln(2) + ln(c) + 2*atanh((m - c) / (m + c)) with x = 2^k * m, m near 1, and c the 32nd nearest
//! to m. In lanes, where a division is dear, ln(x) = k*ln(2) - ln(d) + ln(d*m) with d the 32nd nearest to 1/m: the last
//! by its power series, which alone does near 1, where the quotients of successive prices are. In pairs of doubles all
//! come with a bound of their error; the rare value that lies closer to a rounding boundary than that is computed again
//! with 256 fractional bits, where no double's logarithm is in doubt (the hardest needs 118).

use std::sync::OnceLock;

use super::exact::{parts, round};
use super::simd::{Lanes, MAGIC, Work, load_some};

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
    /// -ln(d) at the place that the last five bits of 32 d name, cut off below 2^-41, and the rest.
    minus_ln_d: [f64; 32],
    minus_ln_d_low: [f64; 32],
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
        let (mut minus_ln_d, mut minus_ln_d_low) = ([0.0; 32], [0.0; 32]);
        for (&value, d) in ln_c.iter().zip(FIRST..) {
            let (unit, value) = (power_of_two(-41), negate(value));
            let high = (nearest(value) / unit).round() * unit + 0.0;
            minus_ln_d[d as usize % 32] = high;
            minus_ln_d_low[d as usize % 32] = nearest(subtract(value, long(high)));
        }
        Tables { ln2, ln2_high, ln2_low, ln_c, pairs, minus_ln_d, minus_ln_d_low }
    })
}

/// The logarithms of quotients.
pub(super) struct Quotients<'a> {
    pub(super) now: &'a [f64],
    pub(super) before: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl Work for Quotients<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let tables = tables();
        let bound = lanes.splat(power_of_two(-7));
        for (group, out) in self.out.chunks_mut(L::N).enumerate() {
            let at = group * L::N;
            let now = load_some(lanes, self.now, at, 1.0);
            let quotient = lanes.quotient(now, load_some(lanes, self.before, at, 1.0));
            let r = lanes.sub(quotient, lanes.splat(1.0)); // exact where it is small
            let far = lanes.differ(lanes.max(lanes.abs(r), bound), bound);
            // Elsewhere than in registers, one by one is faster.
            let (result, doubtful) = if far != 0 && L::REGISTERS {
                anywhere(lanes, tables, quotient)
            } else {
                let (result, doubtful) = near_one(lanes, r);
                (result, doubtful | far)
            };
            if out.len() == L::N && doubtful == 0 {
                lanes.store(out, 0, result);
            } else {
                let (mut quotients, mut results) = ([0.0; 8], [0.0; 8]);
                lanes.store(&mut quotients, 0, quotient);
                lanes.store(&mut results, 0, result);
                one_by_one(&quotients, &results, doubtful, out);
            }
        }
    }
}

#[inline(never)]
fn one_by_one(quotients: &[f64; 8], results: &[f64; 8], doubtful: u32, out: &mut [f64]) {
    for (i, (out, (&quotient, &result))) in out.iter_mut().zip(quotients.iter().zip(results)).enumerate() {
        *out = if doubtful >> i & 1 == 1 { ln(quotient) } else { result };
    }
}

/// ln(1 + r) for r up to 2^-7, and the lanes, as bits, where the result might round either way.
#[inline(always)]
fn near_one<L: Lanes>(lanes: L, r: L::F) -> (L::F, u32) {
    let (square, square_low) = lanes.two_product(r, r);
    let half = lanes.mul(square, lanes.splat(0.5));
    let high = lanes.sub(r, half);
    let middle = lanes.sub(lanes.sub(r, high), half);
    // 1/3 - r/4 + ... - r^7/10; the next term is below 2^-58 of the first.
    let (mut even, mut odd) = (lanes.splat(1.0 / 9.0), lanes.splat(-1.0 / 10.0));
    for divisor in [7.0, 5.0, 3.0] {
        even = lanes.scale(even, square, lanes.splat(1.0 / divisor));
        odd = lanes.scale(odd, square, lanes.splat(-1.0 / (divisor + 1.0)));
    }
    let series = lanes.scale(odd, r, even);
    let cube = lanes.mul(square, r);
    let low = lanes.scale(cube, series, lanes.scale(square_low, lanes.splat(-0.5), middle));
    // The term in r^3 is right to 3 * 2^-53 of r^3 (3 roundings of the powers, 3 of the series, 2 of sums, of little more
    // than r^3 / 3 each), for which 4 are allowed; middle, below 2^-53 of r, has 2 roundings more, and leave for 16.
    let doubt = lanes.scale(square, lanes.splat(power_of_two(-51)), lanes.splat(power_of_two(-102)));
    let doubt = lanes.mul(lanes.abs(r), doubt);
    let (least, most) = (lanes.add(high, lanes.sub(low, doubt)), lanes.add(high, lanes.add(low, doubt)));
    (least, lanes.differ(least, most))
}

/// ln(x), and the lanes, as bits, where that is not a finite number or x is subnormal or the result might round either
/// way.
#[inline(always)]
fn anywhere<L: Lanes>(lanes: L, tables: &Tables, x: L::F) -> (L::F, u32) {
    let strange = lanes.differ(lanes.min(lanes.max(x, lanes.splat(f64::MIN_POSITIVE)), lanes.splat(f64::MAX)), x);
    let (k, m) = lanes.split_exponent(x);
    // 32/m to 0.1, as an integer in the lowest bits.
    let inverse = lanes.scale(lanes.scale(m, lanes.splat(-28.395), lanes.splat(120.469)), m, lanes.splat(-188.116));
    let place = lanes.add(lanes.scale(inverse, m, lanes.splat(127.999)), lanes.splat(MAGIC));
    let d = lanes.mul(lanes.sub(place, lanes.splat(MAGIC)), lanes.splat(1.0 / 32.0));
    // d*m is 1 - s with s below 2^-5.4: exact, as m is a multiple of 2^-53 and d of 2^-5.
    let s = lanes.remainder_of_short(lanes.splat(1.0), m, d);
    // Exact, too: multiples of 2^-41 below 2^10.
    let rough = lanes.scale(k, lanes.splat(tables.ln2_high), lanes.look_up(&tables.minus_ln_d, place));
    let finer = lanes.scale(k, lanes.splat(tables.ln2_low), lanes.look_up(&tables.minus_ln_d_low, place));
    // What comes first is 0 or larger than s, and their difference larger than its square: their errors are exact.
    let first = lanes.sub(rough, s);
    let (square, square_low) = lanes.two_product(s, s);
    let half = lanes.mul(square, lanes.splat(0.5));
    let high = lanes.sub(first, half);
    let errors = lanes.add(lanes.sub(lanes.sub(rough, first), s), lanes.sub(lanes.sub(first, high), half));
    // -1/3 - s/4 - ... - s^9/12; the next term is below 2^-56 of the first.
    let (mut even, mut odd) = (lanes.splat(-1.0 / 11.0), lanes.splat(-1.0 / 12.0));
    for divisor in [9.0, 7.0, 5.0, 3.0] {
        even = lanes.scale(even, square, lanes.splat(-1.0 / divisor));
        odd = lanes.scale(odd, square, lanes.splat(-1.0 / (divisor + 1.0)));
    }
    let series = lanes.scale(odd, s, even);
    let low = lanes.scale(square_low, lanes.splat(-0.5), lanes.add(errors, finer));
    let cube = lanes.mul(square, s);
    let low = lanes.scale(cube, series, low);
    // As near 1 for the terms of s. The finer part is 0, or has a handful of roundings, each 2^-53 of what is below 2^-42
    // where k is 0 and the result 2^-7 or more, and below 2^-41 of the result elsewhere.
    let doubt = lanes.mul(lanes.abs(high), lanes.splat(power_of_two(-84)));
    let doubt = lanes.scale(lanes.abs(cube), lanes.splat(power_of_two(-51)), doubt);
    let (least, most) = (lanes.add(high, lanes.sub(low, doubt)), lanes.add(high, lanes.add(low, doubt)));
    (least, strange | lanes.differ(least, most))
}

const fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
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
    // What is missing: 9 ulps of the term in s^3 at most, in which its own roundings and those of z, s and the sums
    // meet; and of the rest, of which the low half of k*ln(2), up to 2^-41 of the result, is the coarsest.
    let doubt = s.abs() * z * power_of_two(-49) + high.abs() * power_of_two(-90);
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
