//! Rolling minimum and maximum, and where they are. Of equal values (the signed zeros are equal) the newest.

use std::collections::VecDeque;
use std::ops::Range;

use super::extremes::Extremes;
use super::moments::check;
use super::simd::dispatch;
use super::statistics::Tally;
use super::{Window, blocks};
use crate::error::Error;

/// The smallest value of each window. O(n) for any window.
///
/// # Errors
/// 1001 for a window of no rows or a `min_periods` outside it; 1011 if `out` differs from `x` in length.
pub fn rolling_min(x: &[f64], window: Window, out: &mut [f64]) -> Result<(), Error> {
    rolling::<false, false>(x, window, out)
}

/// The largest value of each window. O(n) for any window.
///
/// ```
/// use omega_slicer::kernels::{Window, rolling_max};
/// let mut out = [9.0; 4];
/// rolling_max(&[3.0, 1.0, 2.0, 0.0], Window::new(2).min_periods(1), &mut out)?;
/// assert_eq!(out, [3.0, 3.0, 2.0, 2.0]);
/// # Ok::<(), omega_slicer::Error>(())
/// ```
///
/// # Errors
/// As [`rolling_min`].
pub fn rolling_max(x: &[f64], window: Window, out: &mut [f64]) -> Result<(), Error> {
    rolling::<true, false>(x, window, out)
}

/// How many rows back the smallest value of each window is: 0 is the current row.
///
/// # Errors
/// As [`rolling_min`].
pub fn rolling_argmin(x: &[f64], window: Window, out: &mut [f64]) -> Result<(), Error> {
    rolling::<false, true>(x, window, out)
}

/// How many rows back the largest value of each window is: 0 is the current row.
///
/// # Errors
/// As [`rolling_min`].
pub fn rolling_argmax(x: &[f64], window: Window, out: &mut [f64]) -> Result<(), Error> {
    rolling::<true, true>(x, window, out)
}

fn rolling<const MAX: bool, const WHERE: bool>(x: &[f64], window: Window, out: &mut [f64]) -> Result<(), Error> {
    check(x, &window, out)?;
    for rows in blocks(0..x.len(), window.len) {
        extremes::<MAX, WHERE>(x, rows.clone(), &window, &mut out[rows]);
    }
    Ok(())
}

fn extremes<const MAX: bool, const WHERE: bool>(x: &[f64], rows: Range<usize>, window: &Window, out: &mut [f64]) {
    let full = rows.end.min(window.len - 1).max(rows.start);
    let (partial, whole) = out.split_at_mut(full - rows.start);
    let some = full.min(window.min_periods - 1).max(rows.start);
    let (none, partial) = partial.split_at_mut(some - rows.start);
    // Too few values, whatever they are.
    none.fill(f64::NAN);
    one_by_one::<MAX, WHERE>(x, some..full, window, partial);
    let fast = !WHERE && dispatch(Extremes::<MAX> { x, start: full, window: window.len, out: whole });
    if !fast {
        one_by_one::<MAX, WHERE>(x, full..rows.end, window, whole);
    }
}

/// Right for rows of any kind, with NaNs and windows that are not full.
fn one_by_one<const MAX: bool, const WHERE: bool>(x: &[f64], rows: Range<usize>, window: &Window, out: &mut [f64]) {
    if rows.is_empty() {
        return;
    }
    let start = window.start(rows.start);
    let mut queue = Extreme::<MAX>::new();
    for &x in &x[start..rows.start] {
        queue.push(x);
    }
    for (i, out) in rows.clone().zip(out) {
        if i >= window.len && i > rows.start {
            queue.forget(x[i - window.len]);
        }
        queue.push(x[i]);
        *out = if WHERE { queue.distance(window) } else { queue.value(window) };
    }
}

/// The values that may yet be the extreme of a window, oldest and most extreme first.
#[derive(Debug, Clone)]
pub(super) struct Extreme<const MAX: bool> {
    candidates: VecDeque<(usize, f64)>,
    tally: Tally,
    /// Rows added and rows forgotten.
    added: usize,
    forgotten: usize,
}

impl<const MAX: bool> Extreme<MAX> {
    pub(super) fn new() -> Self {
        Self { candidates: VecDeque::new(), tally: Tally::default(), added: 0, forgotten: 0 }
    }

    /// Adds the newest row.
    #[inline]
    pub(super) fn push(&mut self, x: f64) {
        self.tally.add(x);
        if !x.is_nan() {
            while self.candidates.back().is_some_and(|&(_, old)| if MAX { old <= x } else { old >= x }) {
                self.candidates.pop_back();
            }
            self.candidates.push_back((self.added, x));
        }
        self.added += 1;
    }

    /// Takes the oldest row, which is `x`, away.
    #[inline]
    pub(super) fn forget(&mut self, x: f64) {
        self.tally.remove(x);
        if self.candidates.front().is_some_and(|&(row, _)| row == self.forgotten) {
            self.candidates.pop_front();
        }
        self.forgotten += 1;
    }

    fn front(&self, window: &Window) -> Option<(usize, f64)> {
        if self.tally.is_defined(window) { self.candidates.front().copied() } else { None }
    }

    #[inline]
    pub(super) fn value(&self, window: &Window) -> f64 {
        self.front(window).map_or(f64::NAN, |(_, value)| value)
    }

    #[inline]
    pub(super) fn distance(&self, window: &Window) -> f64 {
        self.front(window).map_or(f64::NAN, |(row, _)| (self.added - 1 - row) as f64)
    }
}
