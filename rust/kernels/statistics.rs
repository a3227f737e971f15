//! Statistics of a set of rows that come and go one by one, exact whatever they are. The streaming twins are made
//! of these, and the batch kernels fall back to them for rows that the fast paths cannot hold.

use super::narrow::AdaptiveSum;
use super::narrow_moments::AdaptiveMoments;
use super::simd::{Lanes, Work};
use super::{NanPolicy, Window};

/// A statistic of the rows in a window.
pub(super) trait Statistic: Clone {
    type Row: Copy;
    fn add(&mut self, row: Self::Row);
    fn remove(&mut self, row: Self::Row);
    fn value(&mut self, window: &Window) -> f64;
    /// Whether `new` may stay where the oldest row, `old`, is, instead of one leaving and the other coming.
    fn may_stay(&self, _old: Self::Row, _new: Self::Row) -> bool {
        false
    }
}

/// How many values of each kind are in the window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) finite: usize,
    nan: usize,
    above: usize,
    below: usize,
}

impl Tally {
    /// The counter for `x`, which is not finite.
    #[cold]
    fn other(&mut self, x: f64) -> &mut usize {
        if x.is_nan() {
            &mut self.nan
        } else if x > 0.0 {
            &mut self.above
        } else {
            &mut self.below
        }
    }

    /// Whether it is finite.
    #[inline(always)]
    pub(super) fn add(&mut self, x: f64) -> bool {
        if x.is_finite() {
            self.finite += 1;
            return true;
        }
        *self.other(x) += 1;
        false
    }

    /// Whether it is finite.
    #[inline(always)]
    pub(super) fn remove(&mut self, x: f64) -> bool {
        if x.is_finite() {
            self.finite -= 1;
            return true;
        }
        *self.other(x) -= 1;
        false
    }

    pub(super) const fn values(&self) -> usize {
        self.finite + self.above + self.below
    }

    pub(super) fn is_defined(&self, window: &Window) -> bool {
        (self.nan == 0 || window.nan == NanPolicy::Skip) && self.values() >= window.min_periods
    }

    /// What the infinities make of a sum; none when there are none.
    const fn infinity(&self) -> Option<f64> {
        match (self.above, self.below) {
            (0, 0) => None,
            (_, 0) => Some(f64::INFINITY),
            (0, _) => Some(f64::NEG_INFINITY),
            _ => Some(f64::NAN),
        }
    }
}

/// The sum of the values, or their mean.
#[derive(Clone)]
pub(super) struct Sum<const MEAN: bool> {
    tally: Tally,
    sum: AdaptiveSum,
}

impl<const MEAN: bool> Sum<MEAN> {
    pub(super) fn new() -> Self {
        Self { tally: Tally::default(), sum: AdaptiveSum::ZERO }
    }
}

impl<const MEAN: bool> Statistic for Sum<MEAN> {
    type Row = f64;

    fn add(&mut self, x: f64) {
        if self.tally.add(x) {
            self.sum.add(x);
        }
    }

    fn remove(&mut self, x: f64) {
        if self.tally.remove(x) {
            self.sum.remove(x);
        }
    }

    fn value(&mut self, window: &Window) -> f64 {
        if !self.tally.is_defined(window) {
            return f64::NAN;
        }
        let m = if MEAN { self.tally.finite as u64 } else { 1 };
        self.tally.infinity().unwrap_or_else(|| self.sum.quotient(m))
    }

    #[inline(always)]
    fn may_stay(&self, old: f64, new: f64) -> bool {
        old.to_bits() == new.to_bits() && self.sum.is_of_one_kind()
    }
}

/// The variance of the values.
#[derive(Clone)]
pub(super) struct Var {
    ddof: u64,
    tally: Tally,
    moments: AdaptiveMoments<true>,
}

impl Var {
    pub(super) fn new(ddof: usize) -> Self {
        Self { ddof: ddof as u64, tally: Tally::default(), moments: AdaptiveMoments::ZERO }
    }
}

impl Statistic for Var {
    type Row = f64;

    fn add(&mut self, x: f64) {
        if self.tally.add(x) {
            self.moments.add(x, x);
        }
    }

    fn remove(&mut self, x: f64) {
        if self.tally.remove(x) {
            self.moments.remove(x, x);
        }
    }

    fn value(&mut self, window: &Window) -> f64 {
        if !self.tally.is_defined(window) || self.tally.infinity().is_some() {
            return f64::NAN;
        }
        self.moments.quotient(self.ddof)
    }

    #[inline(always)]
    fn may_stay(&self, old: f64, new: f64) -> bool {
        old.to_bits() == new.to_bits() && self.moments.is_of_one_kind()
    }
}

/// The covariance of pairs; a pair with a NaN is one, a pair with an infinity, too.
#[derive(Clone)]
pub(super) struct Cov {
    ddof: u64,
    tally: Tally,
    moments: AdaptiveMoments<false>,
}

impl Cov {
    pub(super) fn new(ddof: usize) -> Self {
        Self { ddof: ddof as u64, tally: Tally::default(), moments: AdaptiveMoments::ZERO }
    }
}

/// NaN if either is, infinite if either is, else finite.
pub(super) fn kind_of_pair(x: f64, y: f64) -> f64 {
    if x.is_finite() && y.is_finite() { 0.0 } else { x.abs() + y.abs() }
}

impl Statistic for Cov {
    type Row = (f64, f64);

    fn add(&mut self, (x, y): (f64, f64)) {
        if self.tally.add(kind_of_pair(x, y)) {
            self.moments.add(x, y);
        }
    }

    fn remove(&mut self, (x, y): (f64, f64)) {
        if self.tally.remove(kind_of_pair(x, y)) {
            self.moments.remove(x, y);
        }
    }

    fn value(&mut self, window: &Window) -> f64 {
        if !self.tally.is_defined(window) || self.tally.infinity().is_some() {
            return f64::NAN;
        }
        self.moments.quotient(self.ddof)
    }

    #[inline(always)]
    fn may_stay(&self, old: (f64, f64), new: (f64, f64)) -> bool {
        let same = old.0.to_bits() == new.0.to_bits() && old.1.to_bits() == new.1.to_bits();
        same && self.moments.is_of_one_kind()
    }
}

/// The correlation of pairs, as written: cov / (std_x * std_y).
#[derive(Clone)]
pub(super) struct Corr {
    x: Var,
    y: Var,
    xy: Cov,
}

impl Corr {
    pub(super) fn new(ddof: usize) -> Self {
        Self { x: Var::new(ddof), y: Var::new(ddof), xy: Cov::new(ddof) }
    }
}

/// A pair with a NaN counts as one in both series.
pub(super) fn pairwise(x: f64, y: f64) -> (f64, f64) {
    if x.is_nan() || y.is_nan() { (f64::NAN, f64::NAN) } else { (x, y) }
}

impl Statistic for Corr {
    type Row = (f64, f64);

    fn add(&mut self, (x, y): (f64, f64)) {
        let (x, y) = pairwise(x, y);
        self.x.add(x);
        self.y.add(y);
        self.xy.add((x, y));
    }

    fn remove(&mut self, (x, y): (f64, f64)) {
        let (x, y) = pairwise(x, y);
        self.x.remove(x);
        self.y.remove(y);
        self.xy.remove((x, y));
    }

    fn value(&mut self, window: &Window) -> f64 {
        correlation(self.xy.value(window), self.x.value(window), self.y.value(window))
    }
}

/// `cov / (std_x * std_y)`, clamped; NaN where either std is 0.
pub(super) fn correlation(cov: f64, var_x: f64, var_y: f64) -> f64 {
    let (std_x, std_y) = (var_x.sqrt(), var_y.sqrt());
    if std_x == 0.0 || std_y == 0.0 { f64::NAN } else { (cov / (std_x * std_y)).clamp(-1.0, 1.0) }
}

/// Covariances in `out`, of which [`correlation`] makes correlations, roots and quotients side by side.
pub(super) struct Correlations<'a> {
    pub(super) var_x: &'a [f64],
    pub(super) var_y: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl Work for Correlations<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { var_x, var_y, out } = self;
        let whole = if L::REGISTERS { out.len() / L::N * L::N } else { 0 };
        let (zero, nan) = (lanes.splat(0.0), lanes.splat(f64::NAN));
        for at in (0..whole).step_by(L::N) {
            let (std_x, std_y) = (lanes.sqrt(lanes.load(var_x, at)), lanes.sqrt(lanes.load(var_y, at)));
            let quotient = lanes.quotient(lanes.load(out, at), lanes.mul(std_x, std_y));
            // The quotient second, so that a NaN stays one.
            let clamped = lanes.min(lanes.splat(1.0), lanes.max(lanes.splat(-1.0), quotient));
            let defined = lanes.where_equal(std_x, zero, nan, clamped);
            lanes.store(out, at, lanes.where_equal(std_y, zero, nan, defined));
        }
        for ((out, &var_x), &var_y) in out[whole..].iter_mut().zip(&var_x[whole..]).zip(&var_y[whole..]) {
            *out = correlation(*out, var_x, var_y);
        }
    }
}

/// `(x - mean) / std`; NaN where the std is 0.
pub(super) fn standard_score(x: f64, mean: f64, var: f64) -> f64 {
    let std = var.sqrt();
    if std == 0.0 { f64::NAN } else { (x - mean) / std }
}

/// Slides `state` over `rows` of a series, giving one value for each.
pub(super) fn slide<S: Statistic>(
    mut state: S,
    row: impl Fn(usize) -> S::Row,
    rows: std::ops::Range<usize>,
    window: &Window,
    out: &mut [f64],
) {
    for i in window.start(rows.start)..rows.start {
        state.add(row(i));
    }
    // The window of the row before, whose oldest row is about to leave, is what has been added.
    let mut value = f64::NAN;
    for (i, out) in rows.clone().zip(out) {
        let new = row(i);
        if i >= window.len && i > rows.start {
            let old = row(i - window.len);
            if state.may_stay(old, new) {
                *out = value;
                continue;
            }
            state.remove(old);
        }
        state.add(new);
        value = state.value(window);
        *out = value;
    }
}
