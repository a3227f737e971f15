//! Exact sums in a few machine words, for values on a grid: what a streaming twin keeps of ordinary prices (of their
//! squares and products, too: `narrow_moments.rs`). The grid is found from the values as they come, as fine as the finest and as wide as the largest; where no grid holds two
//! of them, the wide sums take over until the window has forgotten one of the two.

use super::digits::WideSum;
use super::divisor::Divisor;
use super::exact::{Parts, parts};

/// Bits of a value on the grid.
const BITS: i32 = 62;

/// The finest bit and the largest exponent of the values seen, in bits above 2^-1074.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    unit: i32,
    end: i32,
}

impl Grid {
    pub(super) const EMPTY: Self = Self { unit: i32::MAX, end: 0 };

    /// The bit below which, and the one up to which, `x` has none; zero fits anywhere.
    #[inline(always)]
    pub(super) fn of(x: Parts) -> Self {
        if x.mantissa == 0 {
            return Self::EMPTY;
        }
        let bit = x.bit as i32;
        Self { unit: bit + x.mantissa.trailing_zeros() as i32, end: bit + 64 - x.mantissa.leading_zeros() as i32 }
    }

    #[inline(always)]
    pub(super) fn union(self, other: Self) -> Self {
        Self { unit: self.unit.min(other.unit), end: self.end.max(other.end) }
    }

    /// Whether its values are integers that fit, and how far those of `before` must be shifted.
    #[inline(always)]
    pub(super) fn refines(self, before: Self) -> Option<u32> {
        if self.unit == i32::MAX || before.unit == i32::MAX {
            return Some(0);
        }
        (self.end - self.unit <= BITS).then_some((before.unit - self.unit) as u32)
    }

    /// `x` in units of the grid.
    #[inline(always)]
    pub(super) fn integer(self, x: Parts) -> i64 {
        if x.mantissa == 0 {
            return 0;
        }
        let shift = x.bit as i32 - self.unit;
        let k = if shift >= 0 { x.mantissa << shift } else { x.mantissa >> -shift } as i64;
        if x.negative { -k } else { k }
    }
}

/// What a grid makes of the values of one series: integers less an anchor, and their sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) grid: Grid,
    pub(super) anchor: i64,
    pub(super) sum: i128,
    /// What the integers have had at most.
    pub(super) bits: u32,
}

impl Axis {
    pub(super) const EMPTY: Self = Self { grid: Grid::EMPTY, anchor: 0, sum: 0, bits: 0 };

    #[inline(always)]
    pub(super) fn integer(&self, x: Parts) -> i64 {
        self.grid.integer(x) - self.anchor
    }

    /// The same on a grid that is finer by so many bits.
    #[inline(always)]
    pub(super) fn refine(&mut self, grid: Grid, shift: u32) {
        self.grid = grid;
        if shift != 0 {
            self.anchor <<= shift;
            self.sum <<= shift;
            self.bits += shift;
        }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, k: i64) {
        self.sum += i128::from(k);
        self.bits = self.bits.max(64 - k.unsigned_abs().leading_zeros());
    }

    /// The sum with its anchors, and its unit.
    pub(super) fn total(&self, m: u64) -> (i128, usize) {
        (self.sum + i128::from(m) * i128::from(self.anchor), self.unit() as usize)
    }

    /// That of zeros is any.
    pub(super) fn unit(&self) -> i32 {
        if self.grid.unit == i32::MAX { 0 } else { self.grid.unit }
    }
}

/// How long to leave the narrow sums alone after values that no grid holds: longer each time in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    left: u32,
    next: u32,
}

impl Pause {
    pub(super) const NONE: Self = Self { left: 0, next: 0 };
    const LONGEST: u32 = 256;

    #[inline(always)]
    pub(super) fn goes_on(&mut self) -> bool {
        let on = self.left > 0;
        self.left -= u32::from(on);
        on
    }

    pub(super) fn begin(&mut self) {
        self.left = self.next;
        self.next = (2 * self.next + 1).min(Self::LONGEST);
    }
}

/// The exact sum of finite values that come and go, the oldest first.
#[derive(Clone)]
pub(super) struct AdaptiveSum {
    m: u64,
    /// Without an anchor; of the values that are not stale.
    axis: Axis,
    /// Values that the window holds from before the grid was found anew: until they are gone, the wide sum is right.
    stale: u64,
    pause: Pause,
    divisor: Divisor,
    wide: Option<Box<WideSum>>,
}

impl AdaptiveSum {
    pub(super) const ZERO: Self =
        Self { m: 0, axis: Axis::EMPTY, stale: 0, pause: Pause::NONE, divisor: Divisor::ONE, wide: None };

    #[inline]
    pub(super) fn add(&mut self, x: f64) {
        if self.stale > 0
            && let Some(wide) = &mut self.wide
        {
            wide.add(x);
            if self.pause.goes_on() {
                self.m += 1;
                self.stale = self.m;
                return;
            }
        }
        let p = parts(x);
        let (own, before) = (Grid::of(p), self.axis.grid);
        let grid = own.union(before);
        if self.stale < self.m
            && let Some(shift) = grid.refines(before)
            && self.m < 1 << 32
        {
            self.axis.refine(grid, shift);
        } else {
            self.start_again(x, own);
        }
        self.axis.sum += i128::from(self.axis.integer(p));
        self.m += 1;
    }

    #[cold]
    fn start_again(&mut self, x: f64, grid: Grid) {
        if self.stale == 0 && self.m > 0 {
            let wide = self.wide.insert(Box::new(WideSum::ZERO));
            let (sum, unit) = self.axis.total(self.m);
            wide.add_integer(sum, unit);
            wide.add(x);
        }
        if self.stale < self.m {
            self.pause.begin();
        }
        self.stale = self.m;
        self.axis = Axis { grid, ..Axis::EMPTY };
    }

    /// Takes the oldest value, which is `x`, away.
    #[inline]
    pub(super) fn remove(&mut self, x: f64) {
        self.m -= 1;
        if self.stale > 0
            && let Some(wide) = &mut self.wide
        {
            self.stale -= 1;
            wide.remove(x);
            if self.stale == 0 {
                self.pause = Pause::NONE;
            }
        } else {
            self.axis.sum -= i128::from(self.axis.integer(parts(x)));
        }
    }

    /// Whether no value is stale, or all are: then it is all the same which of them is the oldest.
    #[inline(always)]
    pub(super) fn is_of_one_kind(&self) -> bool {
        self.stale == 0 || self.stale == self.m
    }

    /// The sum divided by `d`, rounded once.
    #[inline]
    pub(super) fn quotient(&mut self, d: u64) -> f64 {
        if self.stale > 0
            && let Some(wide) = &mut self.wide
        {
            return wide.quotient(d, &mut self.divisor);
        }
        self.divisor.set(d).round(self.axis.sum, self.axis.unit() - 1074)
    }
}
