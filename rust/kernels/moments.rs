//! Rolling variance, standard deviation, standard score, covariance and correlation.
//! Only variance and covariance are computed exactly; the others are compositions, block by block.

use std::ops::Range;

use super::fixed;
use super::grid::{Grid, OnGrids, Place, on_grids, partial_windows};
use super::limbs::{self, Limbs};
use super::segments::Segments;
use super::simd::{dispatch, has_registers};
use super::sliding_spread;
use super::statistics::{Correlations, Cov, Var, pairwise, slide, standard_score};
use super::sums::sums;
use super::{Window, blocks, same_length};
use crate::error::Error;

/// The correctly rounded variance of each window: `(m*Sxx - Sx^2) / (m*(m - ddof))` of the exact sums.
/// NaN for `m <= ddof` values and for windows with an infinity. O(n) for any window and any values.
///
/// # Errors
/// 1001 for a window of no rows or a `min_periods` outside it; 1011 if `out` differs from `x` in length.
pub fn rolling_var(x: &[f64], window: Window, ddof: usize, out: &mut [f64]) -> Result<(), Error> {
    check(x, &window, out)?;
    for rows in blocks(0..x.len(), window.len) {
        vars::<false>(x, rows.clone(), &window, ddof, &mut out[rows]);
    }
    Ok(())
}

/// The square root of [`rolling_var`].
///
/// # Errors
/// As [`rolling_var`].
pub fn rolling_std(x: &[f64], window: Window, ddof: usize, out: &mut [f64]) -> Result<(), Error> {
    check(x, &window, out)?;
    for rows in blocks(0..x.len(), window.len) {
        vars::<true>(x, rows.clone(), &window, ddof, &mut out[rows]);
    }
    Ok(())
}

/// `(x - mean) / std` of each row in its own window; NaN where the std is 0.
///
/// # Errors
/// As [`rolling_var`].
pub fn rolling_zscore(x: &[f64], window: Window, ddof: usize, out: &mut [f64]) -> Result<(), Error> {
    check(x, &window, out)?;
    let mut mean = Vec::new();
    for rows in blocks(0..x.len(), window.len) {
        mean.resize(rows.len(), 0.0);
        let out = &mut out[rows.clone()];
        sums::<true>(x, rows.clone(), &window, &mut mean);
        vars::<false>(x, rows.clone(), &window, ddof, out);
        for ((out, &mean), &x) in out.iter_mut().zip(&mean).zip(&x[rows]) {
            *out = standard_score(x, mean, *out);
        }
    }
    Ok(())
}

/// The correctly rounded covariance of each window: `(m*Sxy - Sx*Sy) / (m*(m - ddof))` of the exact sums.
///
/// # Errors
/// As [`rolling_var`]; 1011 if `y` differs from `x` in length, too.
pub fn rolling_cov(x: &[f64], y: &[f64], window: Window, ddof: usize, out: &mut [f64]) -> Result<(), Error> {
    check(x, &window, out)?;
    same_length("y", y.len(), x.len())?;
    for rows in blocks(0..x.len(), window.len) {
        covs(x, y, rows.clone(), &window, ddof, &mut out[rows]);
    }
    Ok(())
}

/// `cov / (std_x * std_y)` of each window, clamped to [-1, 1]; NaN where either std is 0. A row where either
/// value is NaN counts as NaN in both.
///
/// # Errors
/// As [`rolling_cov`].
pub fn rolling_corr(x: &[f64], y: &[f64], window: Window, ddof: usize, out: &mut [f64]) -> Result<(), Error> {
    check(x, &window, out)?;
    same_length("y", y.len(), x.len())?;
    let (mut xs, mut ys): (Vec<_>, Vec<_>);
    let (mut var_x, mut var_y) = (Vec::new(), Vec::new());
    for rows in blocks(0..x.len(), window.len) {
        // The block with the rows its windows reach back to, pairs with a NaN made NaN in both.
        let start = window.start(rows.start);
        let (mut x, mut y) = (&x[start..rows.end], &y[start..rows.end]);
        if x.iter().zip(y).any(|(x, y)| x.is_nan() != y.is_nan()) {
            (xs, ys) = x.iter().zip(y).map(|(&x, &y)| pairwise(x, y)).unzip();
            (x, y) = (&xs, &ys);
        }
        let local = rows.start - start..rows.end - start;
        var_x.resize(rows.len(), 0.0);
        var_y.resize(rows.len(), 0.0);
        let out = &mut out[rows];
        vars::<false>(x, local.clone(), &window, ddof, &mut var_x);
        vars::<false>(y, local.clone(), &window, ddof, &mut var_y);
        covs(x, y, local, &window, ddof, out);
        dispatch(Correlations { var_x: &var_x, var_y: &var_y, out });
    }
    Ok(())
}

pub(super) fn check(x: &[f64], window: &Window, out: &[f64]) -> Result<(), Error> {
    window.check()?;
    same_length("out", out.len(), x.len())
}

/// A block is cut in two while it has so many windows, of so many rows at least.
const LEAST_WINDOWS: usize = 8;
const LEAST_ROWS: usize = 512;

/// The variances of the windows of `rows`, or their roots.
pub(super) fn vars<const ROOT: bool>(x: &[f64], rows: Range<usize>, window: &Window, ddof: usize, out: &mut [f64]) {
    let (start, end) = (rows.start, rows.end);
    if window.len <= ddof {
        return out.fill(f64::NAN);
    }
    let mut kernel = Kernel::<ROOT> { x, start, window, ddof, out };
    let full = partial_windows(&mut kernel, start..end);
    on_grids(&mut kernel, full..end);
}

struct Kernel<'a, const ROOT: bool> {
    x: &'a [f64],
    /// The row of `out[0]`.
    start: usize,
    window: &'a Window,
    ddof: usize,
    out: &'a mut [f64],
}

impl<const ROOT: bool> OnGrids<1> for Kernel<'_, ROOT> {
    fn window(&self) -> &Window {
        self.window
    }

    fn series(&self) -> [&[f64]; 1] {
        [self.x]
    }

    fn results(&mut self, rows: Range<usize>) -> &mut [f64] {
        &mut self.out[rows.start - self.start..rows.end - self.start]
    }

    fn fixed(&mut self, rows: Range<usize>, grids: [Grid; 1]) -> bool {
        let (series, start, window, ddof) = ([self.x], rows.start, self.window.len, self.ddof);
        if !grids.iter().all(Grid::holds_squares) {
            return false;
        }
        let may_be_cut = has_registers() && rows.len() >= LEAST_WINDOWS * window.max(LEAST_ROWS);
        if may_be_cut && !sliding_spread::holds(&grids[0], window) {
            // In a part of a block values wander less far. Without registers they slide as integers, however far.
            let middle = usize::midpoint(rows.start, rows.end);
            return [rows.start..middle, middle..rows.end].into_iter().all(|part| {
                let place = Place::of(&self.x[self.window.start(part.start)..part.end], window);
                if let Place::Grid(grid) = place { self.fixed(part, [grid]) } else { false }
            });
        }
        let segments = Segments { series, start, window, out: self.results(rows) };
        dispatch(fixed::Moments::<1, ROOT> { segments, grids, ddof });
        true
    }

    fn pairs(&mut self, rows: Range<usize>, limbs: [Limbs; 1]) -> bool {
        let (series, start, window, ddof) = ([self.x], rows.start, self.window.len, self.ddof);
        let fits = limbs.iter().all(|limbs| limbs.holds_squares());
        if fits {
            let segments = Segments { series, start, window, out: self.results(rows) };
            dispatch(limbs::Moments::<1, ROOT> { segments, limbs, ddof });
        }
        fits
    }

    fn slow(&mut self, rows: Range<usize>) {
        let (x, window, ddof) = (self.x, self.window, self.ddof);
        let out = self.results(rows.clone());
        slide(Var::new(ddof), |i| x[i], rows, window, out);
        if ROOT {
            for out in out {
                *out = out.sqrt();
            }
        }
    }
}

/// The covariances of the windows of `rows`.
fn covs(x: &[f64], y: &[f64], rows: Range<usize>, window: &Window, ddof: usize, out: &mut [f64]) {
    if window.len <= ddof {
        return out.fill(f64::NAN);
    }
    let (start, end) = (rows.start, rows.end);
    let mut kernel = Pairs { x, y, start, window, ddof, out };
    let full = partial_windows(&mut kernel, start..end);
    on_grids(&mut kernel, full..end);
}

struct Pairs<'a> {
    x: &'a [f64],
    y: &'a [f64],
    /// The row of `out[0]`.
    start: usize,
    window: &'a Window,
    ddof: usize,
    out: &'a mut [f64],
}

impl OnGrids<2> for Pairs<'_> {
    fn window(&self) -> &Window {
        self.window
    }

    fn series(&self) -> [&[f64]; 2] {
        [self.x, self.y]
    }

    fn results(&mut self, rows: Range<usize>) -> &mut [f64] {
        &mut self.out[rows.start - self.start..rows.end - self.start]
    }

    fn fixed(&mut self, rows: Range<usize>, grids: [Grid; 2]) -> bool {
        let (series, start, window, ddof) = ([self.x, self.y], rows.start, self.window.len, self.ddof);
        let fits = grids.iter().all(Grid::holds_squares);
        if fits {
            let segments = Segments { series, start, window, out: self.results(rows) };
            dispatch(fixed::Moments::<2, false> { segments, grids, ddof });
        }
        fits
    }

    fn pairs(&mut self, rows: Range<usize>, limbs: [Limbs; 2]) -> bool {
        let (series, start, window, ddof) = ([self.x, self.y], rows.start, self.window.len, self.ddof);
        let fits = limbs.iter().all(|limbs| limbs.holds_squares());
        if fits {
            let segments = Segments { series, start, window, out: self.results(rows) };
            dispatch(limbs::Moments::<2, false> { segments, limbs, ddof });
        }
        fits
    }

    fn slow(&mut self, rows: Range<usize>) {
        let (x, y, window, ddof) = (self.x, self.y, self.window, self.ddof);
        slide(Cov::new(ddof), |i| (x[i], y[i]), rows.clone(), window, self.results(rows));
    }
}
