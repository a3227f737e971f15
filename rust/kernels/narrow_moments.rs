//! Exact moments in a few machine words, for pairs on two grids: the variances and covariances of ordinary prices, kept
//! as in `narrow.rs` but around an anchor, so that squares stay small.

use super::digits::{magnitude, settle};
use super::divisor::Divisor;
use super::exact::{Parts, parts};
use super::narrow::{Axis, Grid, Pause};
use super::wide::WideMoments;

/// `m*Sxy - Sx*Sy` of finite pairs that come and go, the oldest first. `SQUARE` says that x and y are one series.
#[derive(Clone)]
pub(super) struct AdaptiveMoments<const SQUARE: bool> {
    m: u64,
    x: Axis,
    y: Axis,
    /// The sum of the products of their integers less the anchors.
    sxy: i128,
    /// As in [`AdaptiveSum`](super::narrow::AdaptiveSum).
    stale: u64,
    pause: Pause,
    divisor: Divisor,
    wide: Option<Box<WideMoments<SQUARE>>>,
}

impl<const SQUARE: bool> AdaptiveMoments<SQUARE> {
    pub(super) const ZERO: Self = Self {
        m: 0,
        x: Axis::EMPTY,
        y: Axis::EMPTY,
        sxy: 0,
        stale: 0,
        pause: Pause::NONE,
        divisor: Divisor::ONE,
        wide: None,
    };

    #[inline]
    pub(super) fn add(&mut self, x: f64, y: f64) {
        if self.stale > 0
            && let Some(wide) = &mut self.wide
        {
            wide.add(x, y);
            if self.pause.goes_on() {
                self.m += 1;
                self.stale = self.m;
                return;
            }
        }
        if !self.fits(parts(x), parts(y)) {
            self.start_again(x, y);
        }
        self.m += 1;
    }

    /// Adds to the narrow sums; false, with nothing done, if they cannot hold it.
    #[inline(always)]
    fn fits(&mut self, p: Parts, q: Parts) -> bool {
        if self.stale == self.m || self.m >= 1 << 32 {
            return false;
        }
        let (mut x, mut y, mut sxy) = (self.x, self.y, self.sxy);
        let x_grid = Grid::of(p).union(x.grid);
        let Some(x_shift) = x_grid.refines(x.grid) else { return false };
        x.refine(x_grid, x_shift);
        let mut y_shift = x_shift;
        if !SQUARE {
            let y_grid = Grid::of(q).union(y.grid);
            let Some(shift) = y_grid.refines(y.grid) else { return false };
            y.refine(y_grid, shift);
            y_shift = shift;
        }
        let k = x.integer(p);
        let l = if SQUARE { k } else { y.integer(q) };
        x.add(k);
        y.add(l);
        let y_bits = if SQUARE { x.bits } else { y.bits };
        if !Self::holds(self.m + 1, x.bits + y_bits) {
            return false;
        }
        sxy <<= x_shift + y_shift;
        sxy += i128::from(k) * i128::from(l);
        (self.x, self.y, self.sxy) = (x, y, sxy);
        true
    }

    /// Whether the sum of so many products, of so many bits each, cannot overflow, in part or whole.
    #[inline(always)]
    fn holds(m: u64, bits: u32) -> bool {
        bits + 64 - m.leading_zeros() <= 126
    }

    /// Finds the grid anew from one pair, which is its anchor.
    #[cold]
    fn start_again(&mut self, x: f64, y: f64) {
        let (p, q) = (parts(x), parts(y));
        if self.stale == 0 && self.m > 0 {
            let (last, (x, y, m)) = ((x, y), (self.x, self.y, self.m));
            // Sum of (k + a)(l + b) = sum of kl + b * sum of k + a * sum of l + m*a*b
            let mut sxy = [0; 4];
            add_product(&mut sxy, self.sxy, 1);
            add_product(&mut sxy, x.sum, i128::from(if SQUARE { x.anchor } else { y.anchor }));
            add_product(&mut sxy, if SQUARE { x.sum } else { y.sum }, i128::from(x.anchor));
            let anchor = if SQUARE { x.anchor } else { y.anchor };
            add_product(&mut sxy, i128::from(m) * i128::from(x.anchor), i128::from(anchor));
            let sums = WideMoments::of(m, [x.total(m), y.total(m)], (sxy, self.unit() as usize));
            self.wide.insert(Box::new(sums)).add(last.0, last.1);
        }
        if self.stale < self.m {
            self.pause.begin();
        }
        self.stale = self.m;
        let axis = |p| {
            let grid = Grid::of(p);
            Axis { grid, anchor: grid.integer(p), ..Axis::EMPTY }
        };
        (self.x, self.y, self.sxy) = (axis(p), axis(q), 0);
    }

    /// Takes the oldest pair, which this is, away.
    #[inline]
    pub(super) fn remove(&mut self, x: f64, y: f64) {
        self.m -= 1;
        if self.stale > 0
            && let Some(wide) = &mut self.wide
        {
            self.stale -= 1;
            wide.remove(x, y);
            if self.stale == 0 {
                self.pause = Pause::NONE;
            }
        } else {
            let k = self.x.integer(parts(x));
            let l = if SQUARE { k } else { self.y.integer(parts(y)) };
            self.x.sum -= i128::from(k);
            self.y.sum -= i128::from(l);
            self.sxy -= i128::from(k) * i128::from(l);
        }
    }

    /// As in [`AdaptiveSum`](super::narrow::AdaptiveSum).
    #[inline(always)]
    pub(super) fn is_of_one_kind(&self) -> bool {
        self.stale == 0 || self.stale == self.m
    }

    fn unit(&self) -> i32 {
        self.x.unit() + if SQUARE { self.x.unit() } else { self.y.unit() }
    }

    /// `(m*Sxy - Sx*Sy) / (m*(m - ddof))`, rounded once; NaN unless `m > ddof`.
    #[inline]
    pub(super) fn quotient(&mut self, ddof: u64) -> f64 {
        if self.stale > 0
            && let Some(wide) = &mut self.wide
        {
            return wide.quotient(ddof, &mut self.divisor);
        }
        if self.m <= ddof {
            return f64::NAN;
        }
        let y_sum = if SQUARE { self.x.sum } else { self.y.sum };
        if let (Ok(sx), Ok(sy), Some(d)) =
            (i64::try_from(self.x.sum), i64::try_from(y_sum), self.m.checked_mul(self.m - ddof))
            && self.sxy.unsigned_abs().leading_zeros() + self.m.leading_zeros() > 66
        {
            let spread = i128::from(self.m) * self.sxy - i128::from(sx) * i128::from(sy);
            let unit = self.unit() - 2148;
            return self.divisor.set(d).round(spread, unit);
        }
        self.long_quotient(ddof)
    }

    /// The same when it takes more than 128 bits.
    #[cold]
    fn long_quotient(&mut self, ddof: u64) -> f64 {
        let mut spread = [0; 4];
        add_product(&mut spread, self.sxy, i128::from(self.m));
        add_product(&mut spread, -self.x.sum, if SQUARE { self.x.sum } else { self.y.sum });
        let unit = self.unit() - 2148;
        self.move_anchors();
        settle(&mut spread, false, unit, [self.m, self.m - ddof], &mut self.divisor)
    }

    /// Makes the means the anchors, if they are far from them: around the means the sums are the smallest.
    fn move_anchors(&mut self) {
        let m = i128::from(self.m);
        let (x_sum, y_sum) = (self.x.sum, if SQUARE { self.x.sum } else { self.y.sum });
        let (dx, dy) = (x_sum / m, y_sum / m);
        let (x_bits, y_bits) = (self.x.bits, if SQUARE { self.x.bits } else { self.y.bits });
        let far = |mean: i128, bits: u32| mean.unsigned_abs() << 3 >> bits != 0;
        if !far(dx, x_bits) && !far(dy, y_bits) || !Self::holds(self.m, x_bits + y_bits + 2) {
            return;
        }
        // What wraps on the way comes back.
        let moved = dy.wrapping_mul(x_sum).wrapping_add(dx.wrapping_mul(y_sum));
        self.sxy = self.sxy.wrapping_sub(moved).wrapping_add(m.wrapping_mul(dx).wrapping_mul(dy));
        for (axis, d) in [(&mut self.x, dx), (&mut self.y, dy)] {
            axis.anchor += d as i64;
            axis.sum -= m * d;
            axis.bits += 1;
        }
    }
}

/// Adds `a * b` to two's complement.
fn add_product(limbs: &mut [u64; 4], a: i128, b: i128) {
    let negative = (a < 0) != (b < 0);
    let (a, b) = (a.unsigned_abs(), b.unsigned_abs());
    let mut product = [0_u64; 4];
    for (i, a) in [a as u64, (a >> 64) as u64].into_iter().enumerate() {
        let mut high = 0_u64;
        for (j, b) in [b as u64, (b >> 64) as u64].into_iter().enumerate() {
            let sum = u128::from(a) * u128::from(b) + u128::from(product[i + j]) + u128::from(high);
            product[i + j] = sum as u64;
            high = (sum >> 64) as u64;
        }
        product[i + 2] = high;
    }
    magnitude(&mut product, negative);
    let mut carry = false;
    for (limb, addend) in limbs.iter_mut().zip(product) {
        let (sum, first) = limb.overflowing_add(addend);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        (*limb, carry) = (sum, first | second);
    }
}
