//! Four lanes in plain Rust. No fused multiply-add: without hardware it is a slow library call, and all that is
//! needed here are exact errors of products, which splitting gives, too.

use super::{EXPONENT, Lanes, MAGIC, ONE, TO_ROOT};

#[derive(Clone, Copy)]
pub(super) struct Portable;

const N: usize = 4;
type F = [f64; N];
type I = [i64; N];

#[inline(always)]
fn each<A: Copy, B>(a: [A; N], f: impl Fn(A) -> B) -> [B; N] {
    std::array::from_fn(|i| f(a[i]))
}

#[inline(always)]
fn both<A: Copy, B: Copy, C>(a: [A; N], b: [B; N], f: impl Fn(A, B) -> C) -> [C; N] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

/// The upper 26 bits of the mantissa, and the rest.
#[inline(always)]
fn split(v: f64) -> (f64, f64) {
    let high = f64::from_bits(v.to_bits() & !0x7ff_ffff);
    (high, v - high)
}

#[inline(always)]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let (product, (a_high, a_low), (b_high, b_low)) = (a * b, split(a), split(b));
    // A product of two low parts may have 54 bits: halves of it have fewer.
    let (b_upper, b_lower) = split_low(b_low);
    let error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_upper;
    (product, error + a_low * b_lower)
}

/// The upper half of the 27 bits of a low part, and the rest.
#[inline(always)]
fn split_low(v: f64) -> (f64, f64) {
    let high = f64::from_bits(v.to_bits() & !0xff_ffff_ffff);
    (high, v - high)
}

/// A mask instead of a branch, which two numbers in a vector could not take together.
#[inline(always)]
fn ones_if(condition: bool) -> u64 {
    u64::from(condition).wrapping_neg()
}

impl Lanes for Portable {
    const N: usize = N;
    type F = F;
    type I = I;

    #[inline(always)]
    fn load(self, x: &[f64], at: usize) -> F {
        *x[at..].first_chunk().expect("N values")
    }

    #[inline(always)]
    fn store(self, out: &mut [f64], at: usize, v: F) {
        *out[at..].first_chunk_mut().expect("N values") = v;
    }

    #[inline(always)]
    fn store_integers(self, out: &mut [i64], v: I) {
        *out.first_chunk_mut().expect("N values") = v;
    }

    #[inline(always)]
    fn splat(self, v: f64) -> F {
        [v; N]
    }

    #[inline(always)]
    fn splat_integer(self, v: i64) -> I {
        [v; N]
    }

    #[inline(always)]
    fn add(self, a: F, b: F) -> F {
        both(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: F, b: F) -> F {
        both(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: F, b: F) -> F {
        both(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn abs(self, a: F) -> F {
        each(a, f64::abs)
    }

    #[inline(always)]
    fn sqrt(self, a: F) -> F {
        each(a, f64::sqrt)
    }

    #[inline(always)]
    fn max(self, a: F, b: F) -> F {
        both(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: F, b: F) -> F {
        both(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn scale(self, a: F, b: F, c: F) -> F {
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn two_product(self, a: F, b: F) -> (F, F) {
        let products = both(a, b, two_product);
        (each(products, |p| p.0), each(products, |p| p.1))
    }

    #[inline(always)]
    fn remainder(self, a: F, q: F, d: F) -> F {
        let (product, error) = self.two_product(q, d);
        self.sub(self.sub(a, product), error)
    }

    #[inline(always)]
    fn remainder_of_short(self, a: F, q: F, d: F) -> F {
        let (high, low) = (each(q, |q| split(q).0), each(q, |q| split(q).1));
        self.sub(self.sub(a, self.mul(high, d)), self.mul(low, d))
    }

    #[inline(always)]
    fn split_product(self, a: F, b: F, _: F, t: u32) -> (I, I) {
        let products = both(self.integer(a), self.integer(b), |a, b| i128::from(a) * i128::from(b));
        (each(products, |p| (p >> t) as i64), each(products, |p| (p as i64) & ((1 << t) - 1)))
    }

    #[inline(always)]
    fn integer(self, v: F) -> I {
        each(v, |v| ((v + MAGIC).to_bits() as i64).wrapping_sub(MAGIC.to_bits() as i64))
    }

    #[inline(always)]
    fn add_integers(self, a: I, b: I) -> I {
        both(a, b, i64::wrapping_add)
    }

    #[inline(always)]
    fn and_integers(self, a: I, b: I) -> I {
        both(a, b, |a, b| a & b)
    }

    #[inline(always)]
    fn scan(self, v: I) -> I {
        let second = v[0].wrapping_add(v[1]);
        let third = second.wrapping_add(v[2]);
        [v[0], second, third, third.wrapping_add(v[3])]
    }

    #[inline(always)]
    fn last(self, v: I) -> I {
        [v[3]; N]
    }

    #[inline(always)]
    fn pair(self, v: I) -> (F, F) {
        // The upper half as a multiple of 2^32 and the lower one, each exact, then their sum and its error.
        const UPPER: u64 = 0x4530_0000_8000_0000; // 2^84 + 2^63
        const LOWER: u64 = 0x4330_0000_0000_0000; // 2^52
        let high = each(v, |v| f64::from_bits((v as u64 >> 32) ^ UPPER) - f64::from_bits(UPPER));
        let low = each(v, |v| f64::from_bits((v as u64 & 0xffff_ffff) | LOWER) - f64::from_bits(LOWER));
        let sum = self.add(high, low);
        (sum, self.sub(low, self.sub(sum, high)))
    }

    #[inline(always)]
    fn lowest_bit(self, v: F) -> F {
        each(v, |v| {
            let without = f64::from_bits(v.to_bits() & v.to_bits().wrapping_sub(1));
            if v == 0.0 { f64::INFINITY } else { (v - without).abs() }
        })
    }

    #[inline(always)]
    fn differ(self, a: F, b: F) -> u32 {
        (0..N).map(|i| u32::from(a[i] != b[i]) << i).sum()
    }

    #[inline(always)]
    fn follow<const BY: i32>(self, before: F, now: F) -> F {
        let by = BY as usize;
        std::array::from_fn(|i| if i < by { before[N + i - by] } else { now[i - by] })
    }

    #[inline(always)]
    fn zero_or_nan(self, v: F) -> u32 {
        (0..N).map(|i| u32::from(v[i] == 0.0 || v[i].is_nan()) << i).sum()
    }

    #[inline(always)]
    fn quotient(self, a: F, b: F) -> F {
        both(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn nan_as(self, test: F, v: F) -> F {
        // All bits set: a NaN.
        both(test, v, |test, v| f64::from_bits(v.to_bits() | ones_if(test.is_nan())))
    }

    #[inline(always)]
    fn where_equal(self, a: F, b: F, yes: F, no: F) -> F {
        let yeses = both(a, b, |a, b| ones_if(a == b));
        let yes = both(yes, yeses, |yes, chosen| yes.to_bits() & chosen);
        let no = both(no, yeses, |no, chosen| no.to_bits() & !chosen);
        both(yes, no, |yes, no| f64::from_bits(yes | no))
    }

    #[inline(always)]
    fn transpose(self, v: [F; 8]) -> [F; 8] {
        std::array::from_fn(|to| std::array::from_fn(|i| v[to / N * N + i][to % N]))
    }

    const REGISTERS: bool = false;

    #[inline(always)]
    fn sub_integers(self, a: I, b: I) -> I {
        both(a, b, i64::wrapping_sub)
    }

    #[inline(always)]
    fn nearest(self, v: I) -> F {
        self.pair(v).0
    }

    #[inline(always)]
    fn or_differences(self, v: I, a: F, b: F) -> I {
        std::array::from_fn(|i| v[i] | (a[i].to_bits() ^ b[i].to_bits()) as i64)
    }

    #[inline(always)]
    fn not_zero(self, v: I) -> u32 {
        (0..N).map(|i| u32::from(v[i] != 0) << i).sum()
    }

    #[inline(always)]
    fn split_exponent(self, v: F) -> (F, F) {
        let power = each(v, |v| ((v.to_bits() as i64).wrapping_add(TO_ROOT) & EXPONENT).wrapping_sub(ONE));
        let m = both(v, power, |v, power| f64::from_bits((v.to_bits() as i64).wrapping_sub(power) as u64));
        (each(power, |power| ((power >> 32) as i32 >> 20).into()), m)
    }

    #[inline(always)]
    fn look_up(self, table: &[f64; 32], v: F) -> F {
        each(v, |v| table[(v.to_bits() & 31) as usize])
    }
}
