//! Vectors of doubles and of 64-bit integers, in whatever instructions the machine has: the only unsafe code of the
//! kernels. What is computed with them is exact or rounded once, so the choice is never seen in a result.
#![allow(
    unsafe_code,
    reason = "vector instructions are unsafe where the machine may lack them; dispatch asks it first"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::cell::Cell;

/// A set of instructions that the kernels are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isa {
    /// What every machine has.
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 F, DQ and VL.
    Avx512,
}

thread_local! {
    static CHOSEN: Cell<Option<Isa>> = const { Cell::new(None) };
}

impl Isa {
    /// Every set of instructions, the fastest last.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Those that this machine has, the fastest last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// Runs `work` with the kernels of this thread held to this set, for tests and measurements: no result depends
    /// on it.
    ///
    /// # Panics
    /// If the machine does not have it.
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        struct Restore(Option<Isa>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CHOSEN.set(self.0);
            }
        }
        assert!(self.is_available(), "this machine does not have {self:?}");
        let _restore = Restore(CHOSEN.replace(Some(self)));
        work()
    }

    fn current() -> Self {
        CHOSEN.get().unwrap_or_else(|| {
            if Self::Avx512.is_available() {
                Self::Avx512
            } else if Self::Avx2.is_available() {
                Self::Avx2
            } else {
                Self::Portable
            }
        })
    }
}

/// Vectors of `N` doubles or integers. A value of an implementing type is a promise that its instructions exist.
pub(super) trait Lanes: Copy {
    const N: usize;
    type F: Copy;
    type I: Copy;

    /// `x[at..at + N]`
    fn load(self, x: &[f64], at: usize) -> Self::F;
    fn store(self, out: &mut [f64], at: usize, v: Self::F);
    fn store_integers(self, out: &mut [i64], v: Self::I);
    fn splat(self, v: f64) -> Self::F;
    fn splat_integer(self, v: i64) -> Self::I;
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn abs(self, a: Self::F) -> Self::F;
    fn sqrt(self, a: Self::F) -> Self::F;
    /// The larger, `b` where they are equal or one is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The smaller, `b` where they are equal or one is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once or twice: only where it is exact, or checked afterwards.
    fn scale(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `a * b` and its rounding error.
    fn two_product(self, a: Self::F, b: Self::F) -> (Self::F, Self::F);
    /// `a - q * d` where the result is exact; in registers rounded once.
    fn remainder(self, a: Self::F, q: Self::F, d: Self::F) -> Self::F;
    /// The same for a `d` of 25 bits at most.
    fn remainder_of_short(self, a: Self::F, q: Self::F, d: Self::F) -> Self::F;
    /// Integers h and l with `a * b = h * 2^t + l`, where `magic` is `1.5 * 2^(52 + t)` and h has 51 bits at most.
    fn split_product(self, a: Self::F, b: Self::F, magic: Self::F, t: u32) -> (Self::I, Self::I);
    /// The integer that `v` holds, of 51 bits at most.
    fn integer(self, v: Self::F) -> Self::I;
    fn add_integers(self, a: Self::I, b: Self::I) -> Self::I;
    /// The bits that both have.
    fn and_integers(self, a: Self::I, b: Self::I) -> Self::I;
    /// Of each lane, the sum of those up to it.
    fn scan(self, v: Self::I) -> Self::I;
    /// The last lane in every lane.
    fn last(self, v: Self::I) -> Self::I;
    /// An integer of 62 bits at most as the nearest double and what is missing.
    fn pair(self, v: Self::I) -> (Self::F, Self::F);
    /// The place value of the lowest bit set in a double, or half of it; infinity for 0.
    fn lowest_bit(self, v: Self::F) -> Self::F;
    /// The lanes, as bits, in which the two are not equal.
    fn differ(self, a: Self::F, b: Self::F) -> u32;
    /// `now` moved up by `BY` lanes (1, 2 or 4), filled from the top of `before`.
    fn follow<const BY: i32>(self, before: Self::F, now: Self::F) -> Self::F;
    /// The lanes, as bits, that are a zero or a NaN.
    fn zero_or_nan(self, v: Self::F) -> u32;
    fn quotient(self, a: Self::F, b: Self::F) -> Self::F;
    /// `v`, but NaN where `test` is NaN.
    fn nan_as(self, test: Self::F, v: Self::F) -> Self::F;
    /// `yes` where `a == b`, else `no`.
    fn where_equal(self, a: Self::F, b: Self::F, yes: Self::F, no: Self::F) -> Self::F;
    /// Each `N` vectors, a square of `N` rows, with its rows for columns.
    fn transpose(self, v: [Self::F; 8]) -> [Self::F; 8];
    /// Whether a vector is a register of the machine, so that many of them may be used at once. Elsewhere 128-bit
    /// integers, one by one, are faster than exact products of doubles.
    const REGISTERS: bool;
    fn sub_integers(self, a: Self::I, b: Self::I) -> Self::I;
    /// An integer of 62 bits at most as the nearest double.
    fn nearest(self, v: Self::I) -> Self::F;
    /// `v`, and the bits set in which the two differ.
    fn or_differences(self, v: Self::I, a: Self::F, b: Self::F) -> Self::I;
    /// The lanes, as bits, that are not 0.
    fn not_zero(self, v: Self::I) -> u32;
    /// k and m with `v = 2^k * m` and m from sqrt(1/2) to sqrt(2), of a `v` that is positive, finite and not subnormal.
    fn split_exponent(self, v: Self::F) -> (Self::F, Self::F);
    /// Of each lane, the value in the place that its lowest five bits name.
    fn look_up(self, table: &[f64; 32], v: Self::F) -> Self::F;
}

/// `x[at..]` as a vector, `filler` where that ends early.
#[inline(always)]
pub(super) fn load_some<L: Lanes>(lanes: L, x: &[f64], at: usize, filler: f64) -> L::F {
    if at + L::N <= x.len() {
        lanes.load(x, at)
    } else {
        let mut rest = [filler; 8];
        rest[..x.len() - at].copy_from_slice(&x[at..]);
        lanes.load(&rest, 0)
    }
}

/// 1.5 * 2^52: added to a double that holds an integer of 51 bits, it leaves that in the mantissa.
pub(super) const MAGIC: f64 = 6_755_399_441_055_744.0;

/// The bits of 1.0, and how far those of sqrt(1/2) are below them: added to those of another double, this makes the
/// next exponent begin at sqrt(2).
const ONE: i64 = 1023 << 52;
const TO_ROOT: i64 = ONE - 0x3fe6_a09e_667f_3bcd;
/// All bits but those of the mantissa.
const EXPONENT: i64 = -1 << 52;

/// Work that can be done in any lanes.
pub(super) trait Work {
    type Output;
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// Does the work in the best lanes there are, or in those that [`Isa::run`] asks for.
pub(super) fn dispatch<W: Work>(work: W) -> W::Output {
    match Isa::current() {
        Isa::Portable => work.run(portable::Portable),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `current` has asked the machine for these features.
        Isa::Avx2 => unsafe { avx2::run(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `current` has asked the machine for these features.
        Isa::Avx512 => unsafe { avx512::run(work) },
        #[cfg(not(target_arch = "x86_64"))]
        _ => unreachable!("not available here"),
    }
}

/// As [`dispatch`], in at most four lanes.
pub(super) fn dispatch_to_four<W: Work>(work: W) -> W::Output {
    match Isa::current() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `current` has asked the machine for these features; AVX-512 is only chosen where there is AVX2.
        Isa::Avx2 | Isa::Avx512 => unsafe { avx2::run(work) },
        _ => work.run(portable::Portable),
    }
}

/// Whether what [`dispatch`] chooses has [`Lanes::REGISTERS`].
pub(super) fn has_registers() -> bool {
    Isa::current() != Isa::Portable
}
