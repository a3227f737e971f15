//! Rolling sum and mean.

use std::ops::Range;

use super::grid::{Grid, OnGrids, on_grids, partial_windows};
use super::limbs::{self, Limbs};
use super::segments::Segments;
use super::simd::dispatch;
use super::sliding::{FirstSum, Slide, Sums};
use super::statistics::{Sum, slide};
use super::{Window, blocks, same_length};
use crate::error::Error;

/// The correctly rounded sum of each window. O(n) for any window and any values.
///
/// ```
/// use omega_slicer::kernels::{Window, rolling_sum};
/// let mut out = [0.0; 4];
/// rolling_sum(&[1e300, 1.0, 2.0, 3.0], Window::new(2), &mut out)?;
/// assert!(out[0].is_nan());
/// assert_eq!(out[1..], [1e300, 3.0, 5.0]); // what has left the window leaves no trace
/// # Ok::<(), omega_slicer::Error>(())
/// ```
///
/// # Errors
/// 1001 for a window of no rows or a `min_periods` outside it; 1011 if `out` differs from `x` in length.
pub fn rolling_sum(x: &[f64], window: Window, out: &mut [f64]) -> Result<(), Error> {
    rolling::<false>(x, window, out)
}

/// The correctly rounded mean of each window, also where the sum overflows. O(n) for any window and any values.
///
/// # Errors
/// As [`rolling_sum`].
pub fn rolling_mean(x: &[f64], window: Window, out: &mut [f64]) -> Result<(), Error> {
    rolling::<true>(x, window, out)
}

fn rolling<const MEAN: bool>(x: &[f64], window: Window, out: &mut [f64]) -> Result<(), Error> {
    window.check()?;
    same_length("out", out.len(), x.len())?;
    for rows in blocks(0..x.len(), window.len) {
        sums::<MEAN>(x, rows.clone(), &window, &mut out[rows]);
    }
    Ok(())
}

/// The sums or means of the windows of `rows`.
pub(super) fn sums<const MEAN: bool>(x: &[f64], rows: Range<usize>, window: &Window, out: &mut [f64]) {
    let (start, end) = (rows.start, rows.end);
    let mut kernel = Kernel::<MEAN> { x, start, window, out };
    let full = partial_windows(&mut kernel, start..end);
    on_grids(&mut kernel, full..end);
}

struct Kernel<'a, const MEAN: bool> {
    x: &'a [f64],
    /// The row of `out[0]`.
    start: usize,
    window: &'a Window,
    out: &'a mut [f64],
}

impl<const MEAN: bool> OnGrids<1> for Kernel<'_, MEAN> {
    fn window(&self) -> &Window {
        self.window
    }

    fn series(&self) -> [&[f64]; 1] {
        [self.x]
    }

    fn results(&mut self, rows: Range<usize>) -> &mut [f64] {
        &mut self.out[rows.start - self.start..rows.end - self.start]
    }

    fn fixed(&mut self, rows: Range<usize>, [grid]: [Grid; 1]) -> bool {
        let (x, window) = (self.x, self.window.len);
        let rows_of_first = &x[rows.start + 1 - window..=rows.start];
        let (total, value) = dispatch(FirstSum::<MEAN> { grid: &grid, rows: rows_of_first });
        let (start, out) = (rows.start + 1, self.results(rows));
        out[0] = value;
        dispatch(Sums::<MEAN> { slide: Slide::new(&grid, x, start, window, &mut out[1..]), total });
        true
    }

    fn pairs(&mut self, rows: Range<usize>, [limbs]: [Limbs; 1]) -> bool {
        let (series, start, window) = ([self.x], rows.start, self.window.len);
        let segments = Segments { series, start, window, out: self.results(rows) };
        dispatch(limbs::Sums::<MEAN> { segments, limbs });
        true
    }

    fn slow(&mut self, rows: Range<usize>) {
        let (x, window) = (self.x, self.window);
        slide(Sum::<MEAN>::new(), |i| x[i], rows.clone(), window, self.results(rows));
    }
}
