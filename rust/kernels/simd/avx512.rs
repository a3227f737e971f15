//! Eight lanes in AVX-512.

#[allow(clippy::wildcard_imports, reason = "the instructions of one set, by their vendor's names")]
use std::arch::x86_64::*;

use super::{EXPONENT, Lanes, ONE, TO_ROOT, Work};

#[derive(Clone, Copy)]
pub(super) struct Avx512(());

/// Does the work where these instructions may be used.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
pub(super) fn run<W: Work>(work: W) -> W::Output {
    work.run(Avx512(()))
}

type F = __m512d;
type I = __m512i;

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

impl Lanes for Avx512 {
    const N: usize = 8;
    type F = F;
    type I = I;

    #[inline(always)]
    fn load(self, x: &[f64], at: usize) -> F {
        // SAFETY: the features as above; the slice is eight values.
        unsafe { _mm512_loadu_pd(x[at..at + 8].as_ptr()) }
    }

    #[inline(always)]
    fn store(self, out: &mut [f64], at: usize, v: F) {
        // SAFETY: the features as above; the slice is eight values.
        unsafe { _mm512_storeu_pd(out[at..at + 8].as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn store_integers(self, out: &mut [i64], v: I) {
        // SAFETY: the features as above; the slice is eight values.
        unsafe { _mm512_storeu_si512(out[..8].as_mut_ptr().cast(), v) }
    }

    operations! {
        fn splat(v: f64) -> F { _mm512_set1_pd(v) }
        fn splat_integer(v: i64) -> I { _mm512_set1_epi64(v) }
        fn add(a: F, b: F) -> F { _mm512_add_pd(a, b) }
        fn sub(a: F, b: F) -> F { _mm512_sub_pd(a, b) }
        fn mul(a: F, b: F) -> F { _mm512_mul_pd(a, b) }
        fn abs(a: F) -> F { _mm512_abs_pd(a) }
        fn sqrt(a: F) -> F { _mm512_sqrt_pd(a) }
        fn max(a: F, b: F) -> F { _mm512_max_pd(a, b) }
        fn min(a: F, b: F) -> F { _mm512_min_pd(a, b) }
        fn scale(a: F, b: F, c: F) -> F { _mm512_fmadd_pd(a, b, c) }
        fn two_product(a: F, b: F) -> (F, F) {
            let product = _mm512_mul_pd(a, b);
            (product, _mm512_fmsub_pd(a, b, product))
        }
        fn remainder(a: F, q: F, d: F) -> F { _mm512_fnmadd_pd(q, d, a) }
        fn remainder_of_short(a: F, q: F, d: F) -> F { _mm512_fnmadd_pd(q, d, a) }
        fn split_product(a: F, b: F, magic: F, _t: u32) -> (I, I) {
            let shifted = _mm512_fmadd_pd(a, b, magic);
            let low = _mm512_fmsub_pd(a, b, _mm512_sub_pd(shifted, magic));
            (_mm512_sub_epi64(_mm512_castpd_si512(shifted), _mm512_castpd_si512(magic)), _mm512_cvtpd_epi64(low))
        }
        fn integer(v: F) -> I { _mm512_cvtpd_epi64(v) }
        fn add_integers(a: I, b: I) -> I { _mm512_add_epi64(a, b) }
        fn and_integers(a: I, b: I) -> I { _mm512_and_si512(a, b) }
        fn scan(v: I) -> I {
            let zero = _mm512_setzero_si512();
            let v = _mm512_add_epi64(v, _mm512_alignr_epi64::<7>(v, zero));
            let v = _mm512_add_epi64(v, _mm512_alignr_epi64::<6>(v, zero));
            _mm512_add_epi64(v, _mm512_alignr_epi64::<4>(v, zero))
        }
        fn last(v: I) -> I { _mm512_permutexvar_epi64(_mm512_set1_epi64(7), v) }
        fn pair(v: I) -> (F, F) {
            let high = _mm512_cvtepi64_pd(v);
            (high, _mm512_cvtepi64_pd(_mm512_sub_epi64(v, _mm512_cvtpd_epi64(high))))
        }
        fn lowest_bit(v: F) -> F {
            let bits = _mm512_castpd_si512(v);
            let without = _mm512_and_si512(bits, _mm512_add_epi64(bits, _mm512_set1_epi64(-1)));
            let zero = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(v, _mm512_setzero_pd());
            let bit = _mm512_abs_pd(_mm512_sub_pd(v, _mm512_castsi512_pd(without)));
            _mm512_mask_mov_pd(bit, zero, _mm512_set1_pd(f64::INFINITY))
        }
        fn differ(a: F, b: F) -> u32 { u32::from(_mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(a, b)) }
    }

    #[inline(always)]
    fn follow<const BY: i32>(self, before: F, now: F) -> F {
        // SAFETY: the features as above.
        unsafe {
            let (before, now) = (_mm512_castpd_si512(before), _mm512_castpd_si512(now));
            _mm512_castsi512_pd(match BY {
                1 => _mm512_alignr_epi64::<7>(now, before),
                2 => _mm512_alignr_epi64::<6>(now, before),
                _ => _mm512_alignr_epi64::<4>(now, before),
            })
        }
    }

    #[inline(always)]
    fn zero_or_nan(self, v: F) -> u32 {
        // SAFETY: the features as above.
        u32::from(unsafe { _mm512_cmp_pd_mask::<_CMP_EQ_UQ>(v, _mm512_setzero_pd()) })
    }

    #[inline(always)]
    fn quotient(self, a: F, b: F) -> F {
        // SAFETY: the features as above.
        unsafe { _mm512_div_pd(a, b) }
    }

    operations! {
        fn nan_as(test: F, v: F) -> F {
            _mm512_mask_mov_pd(v, _mm512_cmp_pd_mask::<_CMP_UNORD_Q>(test, test), _mm512_set1_pd(f64::NAN))
        }
        fn where_equal(a: F, b: F, yes: F, no: F) -> F {
            _mm512_mask_mov_pd(no, _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(a, b), yes)
        }
    }

    #[inline(always)]
    fn transpose(self, v: [F; 8]) -> [F; 8] {
        // SAFETY: the features as above.
        unsafe {
            // The even and the odd columns of two rows, then every other quarter of four, then of eight.
            let (mut pairs, mut fours, mut out) = (v, v, v);
            for i in [0, 2, 4, 6] {
                pairs[i] = _mm512_unpacklo_pd(v[i], v[i + 1]);
                pairs[i + 1] = _mm512_unpackhi_pd(v[i], v[i + 1]);
            }
            for i in [0, 1, 4, 5] {
                fours[i] = _mm512_shuffle_f64x2::<0x88>(pairs[i], pairs[i + 2]);
                fours[i + 2] = _mm512_shuffle_f64x2::<0xdd>(pairs[i], pairs[i + 2]);
            }
            for i in [0, 1, 2, 3] {
                out[i] = _mm512_shuffle_f64x2::<0x88>(fours[i], fours[i + 4]);
                out[i + 4] = _mm512_shuffle_f64x2::<0xdd>(fours[i], fours[i + 4]);
            }
            out
        }
    }

    const REGISTERS: bool = true;

    operations! {
        fn sub_integers(a: I, b: I) -> I { _mm512_sub_epi64(a, b) }
        fn nearest(v: I) -> F { _mm512_cvtepi64_pd(v) }
        fn or_differences(v: I, a: F, b: F) -> I {
            _mm512_ternarylogic_epi64::<0b1111_0110>(v, _mm512_castpd_si512(a), _mm512_castpd_si512(b))
        }
        fn not_zero(v: I) -> u32 { u32::from(_mm512_test_epi64_mask(v, v)) }
        fn split_exponent(v: F) -> (F, F) {
            let bits = _mm512_castpd_si512(v);
            let next = _mm512_add_epi64(bits, _mm512_set1_epi64(TO_ROOT));
            let power = _mm512_sub_epi64(_mm512_and_si512(next, _mm512_set1_epi64(EXPONENT)), _mm512_set1_epi64(ONE));
            let m = _mm512_castsi512_pd(_mm512_sub_epi64(bits, power));
            (_mm512_cvtepi64_pd(_mm512_srai_epi64::<52>(power)), m)
        }
    }

    #[inline(always)]
    fn look_up(self, table: &[f64; 32], v: F) -> F {
        let (a, b) = (self.load(table, 0), self.load(table, 8));
        let (c, d) = (self.load(table, 16), self.load(table, 24));
        // SAFETY: the features as above.
        unsafe {
            // A choice out of sixteen looks at four bits and no more.
            let places = _mm512_castpd_si512(v);
            let first = _mm512_permutex2var_pd(a, places, b);
            let second = _mm512_permutex2var_pd(c, places, d);
            _mm512_mask_mov_pd(first, _mm512_test_epi64_mask(places, _mm512_set1_epi64(16)), second)
        }
    }
}
