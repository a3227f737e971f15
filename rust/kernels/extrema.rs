//! Rolling minimum and maximum, and where they are. Of equal values (the signed zeros are equal) the newest.

use std::collections::VecDeque;

use super::extremes::Extremes;
use super::moments::check;
use super::simd::dispatch;
use super::statistics::Tally;
use super::{NanPolicy, Window};
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
    if x.is_empty() {
        return Ok(());
    }
    // No window has more rows than there are.
    let len = window.len.min(x.len());
    // Too few values, whatever they are.
    let start = (window.min_periods - 1).min(x.len());
    out[..start].fill(f64::NAN);
    let rest = &mut out[start..];
    let remarkable = match window.nan {
        NanPolicy::Propagate => dispatch(Extremes::<MAX, false> { x, start, window: len, out: rest }),
        NanPolicy::Skip => dispatch(Extremes::<MAX, true> { x, start, window: len, out: rest }),
    };
    if remarkable && !WHERE {
        settle_zeros(x, out);
    }
    if remarkable && x.chunks(64).any(|some| some.iter().fold(false, |nan, x| nan | x.is_nan())) {
        match window.nan {
            NanPolicy::Propagate => propagate(x, len, out),
            NanPolicy::Skip => count(x, len, window.min_periods, out),
        }
    }
    if WHERE {
        measure(x, out);
    }
    Ok(())
}

/// Of several zeros in a window, whose extreme is one, the newest counts. It is the newest zero that there is.
fn settle_zeros(x: &[f64], out: &mut [f64]) {
    let mut newest = 0.0;
    for (&x, out) in x.iter().zip(out) {
        newest = if x == 0.0 { x } else { newest };
        *out = if *out == 0.0 { newest } else { *out };
    }
}

/// Makes the result of every window of `len` rows with a NaN one, too.
fn propagate(x: &[f64], len: usize, out: &mut [f64]) {
    let mut clean = 0;
    for (row, (x, out)) in x.iter().zip(out).enumerate() {
        clean = if x.is_nan() { row + len } else { clean };
        *out = if row < clean { f64::NAN } else { *out };
    }
}

/// Makes the result of every window of `len` rows with fewer than `least` values a NaN.
fn count(x: &[f64], len: usize, least: usize, out: &mut [f64]) {
    let mut values = 0;
    let left = std::iter::repeat_n(&f64::NAN, len).chain(x);
    for ((x, left), out) in x.iter().zip(left).zip(out) {
        values += usize::from(!x.is_nan());
        values -= usize::from(!left.is_nan());
        *out = if values < least { f64::NAN } else { *out };
    }
}

/// Puts in place of each extreme how many rows back it is. From the last row to the first, the newest row that holds
/// it only moves back, so all rows together take one pass.
fn measure(x: &[f64], out: &mut [f64]) {
    let mut at = x.len();
    for (row, out) in out.iter_mut().enumerate().rev() {
        if !out.is_nan() {
            at = at.min(row);
            while x[at] != *out {
                at -= 1;
            }
            *out = (row - at) as f64;
        }
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
