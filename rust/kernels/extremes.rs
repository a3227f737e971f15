//! Rolling minimum and maximum a vector of rows at a time, the same work for any window: in each vector the extremes
//! of as many rows as it has lanes, then van Herk's prefixes and suffixes over whole vectors, then the odd rows.
//! The older value always comes first in a comparison, so that the newer wins where they are equal.

use super::simd::{Lanes, Work};

/// Extremes of the windows of the rows from `start` on, one for each of `out`; all windows are full.
pub(super) struct Extremes<'a, const MAX: bool> {
    pub(super) x: &'a [f64],
    pub(super) start: usize,
    pub(super) window: usize,
    pub(super) out: &'a mut [f64],
}

/// Up to so many vectors are compared one by one.
const FEW: usize = 4;

impl<const MAX: bool> Work for Extremes<'_, MAX> {
    /// False if there was a NaN: then the results mean nothing.
    type Output = bool;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> bool {
        if self.out.is_empty() {
            return true;
        }
        match self.window / L::N {
            0 => self.below_a_vector(lanes),
            1 => self.few_vectors::<L, 1>(lanes),
            2 => self.few_vectors::<L, 2>(lanes),
            3 => self.few_vectors::<L, 3>(lanes),
            FEW => self.few_vectors::<L, FEW>(lanes),
            vectors => self.many_vectors(lanes, vectors),
        }
    }
}

/// The more extreme of an older and a newer value.
#[inline(always)]
fn beyond<L: Lanes, const MAX: bool>(lanes: L, old: L::F, new: L::F) -> L::F {
    if MAX { lanes.max(old, new) } else { lanes.min(old, new) }
}

const fn nothing<const MAX: bool>() -> f64 {
    if MAX { f64::NEG_INFINITY } else { f64::INFINITY }
}

/// The extremes, in each lane, of as many rows as there are lanes.
struct Vectors<L: Lanes, const MAX: bool> {
    /// The vector before, and its extremes of 1, 2 and 4 rows.
    before: [L::F; 3],
    nan: u32,
}

impl<L: Lanes, const MAX: bool> Vectors<L, MAX> {
    #[inline(always)]
    fn new(lanes: L) -> Self {
        Self { before: [lanes.splat(nothing::<MAX>()); 3], nan: 0 }
    }

    #[inline(always)]
    fn next(&mut self, lanes: L, of_1: L::F) -> L::F {
        self.nan |= lanes.differ(of_1, of_1);
        let of_2 = beyond::<L, MAX>(lanes, lanes.follow::<1>(self.before[0], of_1), of_1);
        let of_4 = beyond::<L, MAX>(lanes, lanes.follow::<2>(self.before[1], of_2), of_2);
        let before = std::mem::replace(&mut self.before, [of_1, of_2, of_4])[2];
        if L::N == 4 { of_4 } else { beyond::<L, MAX>(lanes, lanes.follow::<4>(before, of_4), of_4) }
    }
}

impl<const MAX: bool> Extremes<'_, MAX> {
    /// Vectors before `start` that its window reaches into.
    fn lead<L: Lanes>(&self) -> usize {
        (self.window - 1).div_ceil(L::N)
    }

    /// The vector of rows that ends `lead - v` vectors after `start`, where there are such rows.
    #[inline(always)]
    fn load<L: Lanes>(&self, lanes: L, v: usize) -> L::F {
        let (first, end) = ((self.start + v * L::N).wrapping_sub(self.lead::<L>() * L::N), self.start + self.out.len());
        // Before row 0 there is nothing: such a `first` has wrapped around.
        if first < end && first + L::N <= end {
            return lanes.load(self.x, first);
        }
        let x = &self.x[..end];
        let padded: [f64; 8] =
            std::array::from_fn(|i| x.get(first.wrapping_add(i)).copied().unwrap_or(nothing::<MAX>()));
        lanes.load(&padded, 0)
    }

    /// Stores the results of vector `v`, given the extremes of the whole vectors in each window.
    #[inline(always)]
    fn finish<L: Lanes>(&mut self, lanes: L, v: usize, odd: &mut Odd<L>, extreme: L::F) {
        let result = beyond::<L, MAX>(lanes, odd.rows_back(lanes, extreme), extreme);
        if v < self.lead::<L>() {
            return;
        }
        let row = (v - self.lead::<L>()) * L::N;
        if row + L::N <= self.out.len() {
            lanes.store(self.out, row, result);
        } else {
            let mut results = [0.0; 8];
            lanes.store(&mut results, 0, result);
            for (out, result) in self.out[row..].iter_mut().zip(results) {
                *out = result;
            }
        }
    }

    /// Every vector, those before `start` included.
    fn count<L: Lanes>(&self) -> usize {
        self.lead::<L>() + self.out.len().div_ceil(L::N)
    }

    /// Windows shorter than a vector.
    #[inline(always)]
    fn below_a_vector<L: Lanes>(self, lanes: L) -> bool {
        let mut nan = 0;
        for at in (0..self.out.len()).step_by(L::N) {
            let mut result = lanes.splat(nothing::<MAX>());
            let mut padded = [nothing::<MAX>(); 16];
            let first = self.start + at + 1 - self.window;
            let len = (self.start + self.out.len() - first).min(self.window - 1 + L::N);
            padded[..len].copy_from_slice(&self.x[first..first + len]);
            for back in 0..self.window {
                let v = lanes.load(&padded, back);
                nan |= lanes.differ(v, v);
                result = beyond::<L, MAX>(lanes, result, v);
            }
            let mut results = [0.0; 8];
            lanes.store(&mut results, 0, result);
            for (out, result) in self.out[at..].iter_mut().zip(&results[..L::N]) {
                *out = *result;
            }
        }
        nan == 0
    }

    /// Windows of `VECTORS` whole vectors and less than one more.
    #[inline(always)]
    fn few_vectors<L: Lanes, const VECTORS: usize>(mut self, lanes: L) -> bool {
        let mut vectors = Vectors::<L, MAX>::new(lanes);
        let mut odd = Odd::new::<MAX>(lanes, self.window);
        let mut before = [lanes.splat(nothing::<MAX>()); VECTORS];
        for v in 0..self.count::<L>() {
            before.rotate_left(1);
            before[VECTORS - 1] = vectors.next(lanes, self.load(lanes, v));
            let mut extreme = before[0];
            for &newer in &before[1..] {
                extreme = beyond::<L, MAX>(lanes, extreme, newer);
            }
            self.finish(lanes, v, &mut odd, extreme);
        }
        vectors.nan == 0
    }

    /// Windows of `many` whole vectors and less than one more: prefixes of each turn of as many vectors, and suffixes
    /// of the turn before.
    #[inline(always)]
    fn many_vectors<L: Lanes>(mut self, lanes: L, many: usize) -> bool {
        let mut vectors = Vectors::<L, MAX>::new(lanes);
        let mut odd = Odd::new::<MAX>(lanes, self.window);
        let mut suffixes = vec![Line([nothing::<MAX>(); 8]); many + 1];
        let count = self.count::<L>();
        for v in (0..count).step_by(many) {
            let turn = many.min(count - v);
            let mut prefix = lanes.splat(nothing::<MAX>());
            for i in 0..turn {
                let extreme = vectors.next(lanes, self.load(lanes, v + i));
                prefix = beyond::<L, MAX>(lanes, prefix, extreme);
                // Beyond the last suffix lies nothing.
                let suffix = lanes.load(&suffixes[i + 1].0, 0);
                lanes.store(&mut suffixes[i].0, 0, extreme);
                self.finish(lanes, v + i, &mut odd, beyond::<L, MAX>(lanes, suffix, prefix));
            }
            let mut suffix = lanes.splat(nothing::<MAX>());
            for i in (0..turn).rev() {
                suffix = beyond::<L, MAX>(lanes, lanes.load(&suffixes[i].0, 0), suffix);
                lanes.store(&mut suffixes[i].0, 0, suffix);
            }
        }
        vectors.nan == 0
    }
}

/// A vector in a line of the cache of its own: what lies across two is slow to read back.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([f64; 8]);

/// What some vectors held `rows` earlier, fewer than a vector has: moved up by 4, by 2 and by 1, as it takes.
struct Odd<L: Lanes> {
    rows: usize,
    before: [L::F; 3],
}

impl<L: Lanes> Odd<L> {
    #[inline(always)]
    fn new<const MAX: bool>(lanes: L, window: usize) -> Self {
        Self { rows: window % L::N, before: [lanes.splat(nothing::<MAX>()); 3] }
    }

    #[inline(always)]
    fn rows_back(&mut self, lanes: L, now: L::F) -> L::F {
        let mut moved = now;
        if self.rows & 1 != 0 {
            moved = lanes.follow::<1>(std::mem::replace(&mut self.before[0], moved), moved);
        }
        if self.rows & 2 != 0 {
            moved = lanes.follow::<2>(std::mem::replace(&mut self.before[1], moved), moved);
        }
        if self.rows & 4 != 0 {
            moved = lanes.follow::<4>(std::mem::replace(&mut self.before[2], moved), moved);
        }
        moved
    }
}
