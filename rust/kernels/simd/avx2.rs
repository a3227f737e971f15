//! Four lanes in AVX2 and FMA.

#[allow(clippy::wildcard_imports, reason = "the instructions of one set, by their vendor's names")]
use std::arch::x86_64::*;

use super::{EXPONENT, Lanes, MAGIC, ONE, TO_ROOT, Work};

#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// Does the work where these instructions may be used.
#[target_feature(enable = "avx2,fma")]
pub(super) fn run<W: Work>(work: W) -> W::Output {
    work.run(Avx2(()))
}

type F = __m256d;
type I = __m256i;

macro_rules! operations {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty { $($body:tt)* })*) => {
        $(
            #[inline(always)]
            fn $name(self, $($argument: $type),*) -> $result {
                // SAFETY: only `run` makes a value of this type, and it has the features.
                unsafe { $($body)* }
            }
        )*
    };
}

impl Lanes for Avx2 {
    const N: usize = 4;
    type F = F;
    type I = I;

    #[inline(always)]
    fn load(self, x: &[f64], at: usize) -> F {
        // SAFETY: the features as above; the slice is four values.
        unsafe { _mm256_loadu_pd(x[at..at + 4].as_ptr()) }
    }

    #[inline(always)]
    fn store(self, out: &mut [f64], at: usize, v: F) {
        // SAFETY: the features as above; the slice is four values.
        unsafe { _mm256_storeu_pd(out[at..at + 4].as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn store_integers(self, out: &mut [i64], v: I) {
        // SAFETY: the features as above; the slice is four values.
        unsafe { _mm256_storeu_si256(out[..4].as_mut_ptr().cast(), v) }
    }

    operations! {
        fn splat(v: f64) -> F { _mm256_set1_pd(v) }
        fn splat_integer(v: i64) -> I { _mm256_set1_epi64x(v) }
        fn add(a: F, b: F) -> F { _mm256_add_pd(a, b) }
        fn sub(a: F, b: F) -> F { _mm256_sub_pd(a, b) }
        fn mul(a: F, b: F) -> F { _mm256_mul_pd(a, b) }
        fn abs(a: F) -> F { _mm256_andnot_pd(_mm256_set1_pd(-0.0), a) }
        fn sqrt(a: F) -> F { _mm256_sqrt_pd(a) }
        fn max(a: F, b: F) -> F { _mm256_max_pd(a, b) }
        fn min(a: F, b: F) -> F { _mm256_min_pd(a, b) }
        fn scale(a: F, b: F, c: F) -> F { _mm256_fmadd_pd(a, b, c) }
        fn two_product(a: F, b: F) -> (F, F) {
            let product = _mm256_mul_pd(a, b);
            (product, _mm256_fmsub_pd(a, b, product))
        }
        fn remainder(a: F, q: F, d: F) -> F { _mm256_fnmadd_pd(q, d, a) }
        fn remainder_of_short(a: F, q: F, d: F) -> F { _mm256_fnmadd_pd(q, d, a) }
        fn split_product(a: F, b: F, magic: F, _t: u32) -> (I, I) {
            let shifted = _mm256_fmadd_pd(a, b, magic);
            let low = _mm256_fmsub_pd(a, b, _mm256_sub_pd(shifted, magic));
            (_mm256_sub_epi64(_mm256_castpd_si256(shifted), _mm256_castpd_si256(magic)), Avx2(()).integer(low))
        }
        fn integer(v: F) -> I {
            let magic = _mm256_set1_pd(MAGIC);
            _mm256_sub_epi64(_mm256_castpd_si256(_mm256_add_pd(v, magic)), _mm256_castpd_si256(magic))
        }
        fn add_integers(a: I, b: I) -> I { _mm256_add_epi64(a, b) }
        fn and_integers(a: I, b: I) -> I { _mm256_and_si256(a, b) }
        fn scan(v: I) -> I {
            let v = _mm256_add_epi64(v, _mm256_slli_si256::<8>(v));
            let lower = _mm256_permute4x64_epi64::<0b01_01_00_00>(v);
            _mm256_add_epi64(v, _mm256_blend_epi32::<0b1111_0000>(_mm256_setzero_si256(), lower))
        }
        fn last(v: I) -> I { _mm256_permute4x64_epi64::<0b11_11_11_11>(v) }
        fn pair(v: I) -> (F, F) {
            // The upper half as a multiple of 2^32 and the lower one, each exact, then their sum and its error.
            let upper = _mm256_set1_pd(f64::from_bits(0x4530_0000_8000_0000)); // 2^84 + 2^63
            let lower = _mm256_set1_pd(4_503_599_627_370_496.0); // 2^52
            let high = _mm256_xor_si256(_mm256_srli_epi64::<32>(v), _mm256_castpd_si256(upper));
            let low = _mm256_blend_epi32::<0b1010_1010>(v, _mm256_castpd_si256(lower));
            let high = _mm256_sub_pd(_mm256_castsi256_pd(high), upper);
            let low = _mm256_sub_pd(_mm256_castsi256_pd(low), lower);
            let sum = _mm256_add_pd(high, low);
            (sum, _mm256_sub_pd(low, _mm256_sub_pd(sum, high)))
        }
        fn lowest_bit(v: F) -> F {
            let bits = _mm256_castpd_si256(v);
            let without = _mm256_and_si256(bits, _mm256_add_epi64(bits, _mm256_set1_epi64x(-1)));
            let zero = _mm256_cmp_pd::<_CMP_EQ_OQ>(v, _mm256_setzero_pd());
            let bit = Avx2(()).abs(_mm256_sub_pd(v, _mm256_castsi256_pd(without)));
            _mm256_blendv_pd(bit, _mm256_set1_pd(f64::INFINITY), zero)
        }
        fn differ(a: F, b: F) -> u32 { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_NEQ_UQ>(a, b)).cast_unsigned() }
    }

    #[inline(always)]
    fn follow<const BY: i32>(self, before: F, now: F) -> F {
        // SAFETY: the features as above.
        unsafe {
            let middle = _mm256_permute2f128_pd::<0x21>(before, now);
            match BY {
                1 => _mm256_shuffle_pd::<0b0101>(middle, now),
                2 => middle,
                _ => before,
            }
        }
    }

    #[inline(always)]
    fn zero_or_nan(self, v: F) -> u32 {
        // SAFETY: the features as above.
        unsafe {
            // Two comparisons where one (EQ_UQ) would do: Valgrind takes that for EQ_OQ.
            let zero = _mm256_cmp_pd::<_CMP_EQ_OQ>(v, _mm256_setzero_pd());
            _mm256_movemask_pd(_mm256_or_pd(zero, _mm256_cmp_pd::<_CMP_UNORD_Q>(v, v))).cast_unsigned()
        }
    }

    #[inline(always)]
    fn quotient(self, a: F, b: F) -> F {
        // SAFETY: the features as above.
        unsafe { _mm256_div_pd(a, b) }
    }

    operations! {
        fn nan_as(test: F, v: F) -> F { _mm256_or_pd(v, _mm256_cmp_pd::<_CMP_UNORD_Q>(test, test)) }
        fn where_equal(a: F, b: F, yes: F, no: F) -> F {
            _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_EQ_OQ>(a, b))
        }
    }

    #[inline(always)]
    fn transpose(self, v: [F; 8]) -> [F; 8] {
        // SAFETY: the features as above.
        unsafe {
            let mut out = v;
            for i in [0, 4] {
                let (a, b) = (_mm256_unpacklo_pd(v[i], v[i + 1]), _mm256_unpackhi_pd(v[i], v[i + 1]));
                let (c, d) = (_mm256_unpacklo_pd(v[i + 2], v[i + 3]), _mm256_unpackhi_pd(v[i + 2], v[i + 3]));
                out[i] = _mm256_permute2f128_pd::<0x20>(a, c);
                out[i + 1] = _mm256_permute2f128_pd::<0x20>(b, d);
                out[i + 2] = _mm256_permute2f128_pd::<0x31>(a, c);
                out[i + 3] = _mm256_permute2f128_pd::<0x31>(b, d);
            }
            out
        }
    }

    const REGISTERS: bool = true;

    operations! {
        fn sub_integers(a: I, b: I) -> I { _mm256_sub_epi64(a, b) }
        fn or_differences(v: I, a: F, b: F) -> I {
            _mm256_or_si256(v, _mm256_castpd_si256(_mm256_xor_pd(a, b)))
        }
        fn not_zero(v: I) -> u32 {
            let zero = _mm256_cmpeq_epi64(v, _mm256_setzero_si256());
            !_mm256_movemask_pd(_mm256_castsi256_pd(zero)).cast_unsigned() & 0b1111
        }
    }

    #[inline(always)]
    fn nearest(self, v: I) -> F {
        self.pair(v).0
    }

    operations! {
        fn split_exponent(v: F) -> (F, F) {
            let bits = _mm256_castpd_si256(v);
            let next = _mm256_add_epi64(bits, _mm256_set1_epi64x(TO_ROOT));
            let power = _mm256_sub_epi64(_mm256_and_si256(next, _mm256_set1_epi64x(EXPONENT)), _mm256_set1_epi64x(ONE));
            let m = _mm256_castsi256_pd(_mm256_sub_epi64(bits, power));
            // A positive integer in the mantissa of 1.5 * 2^52: no shift here keeps a sign.
            let biased = _mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64::<52>(next), _mm256_castpd_si256(_mm256_set1_pd(MAGIC))));
            (_mm256_sub_pd(biased, _mm256_set1_pd(MAGIC + 1023.0)), m)
        }
    }

    #[inline(always)]
    fn look_up(self, table: &[f64; 32], v: F) -> F {
        // SAFETY: the features as above; the places are 0 to 31 and the table has 32.
        unsafe {
            let places = _mm256_and_si256(_mm256_castpd_si256(v), _mm256_set1_epi64x(31));
            _mm256_i64gather_pd::<8>(table.as_ptr(), places)
        }
    }
}
