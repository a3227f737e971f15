//! Windows slid over rows in lanes: each lane has a segment of the results of its own, so nothing is summed across
//! lanes. Values are loaded a few rows of each segment at a time and turned, so that vectors hold one row of each.

use super::simd::{Lanes, load_some};

/// Rows of `S` series whose results go to `out`, all with a full window.
pub(super) struct Segments<'a, const S: usize> {
    pub(super) series: [&'a [f64]; S],
    /// The row of `out[0]`.
    pub(super) start: usize,
    pub(super) window: usize,
    pub(super) out: &'a mut [f64],
}

/// A statistic of one window per lane. Not closures: those would not have the instructions of the loop around them.
pub(super) trait Rolling<L: Lanes, const S: usize> {
    fn add(&mut self, lanes: L, row: [L::F; S]);
    fn remove(&mut self, lanes: L, row: [L::F; S]);
    fn value(&mut self, lanes: L) -> L::F;
}

/// A statistic that slides whole blocks of as many rows as there are lanes, and looks back at each block once.
pub(super) trait Blocks<L: Lanes> {
    type Saved;
    /// After so many rows at most it is settled.
    const SETTLED_AFTER: usize;

    /// The value that fills the window at first.
    fn nothing(&self) -> L::F;
    /// Takes, for each lane, `rows` from those rows of `x` on, all at once; false if they are to slide in.
    fn fill(&mut self, lanes: L, x: &[f64], from: &Starts, rows: usize) -> bool;
    fn slide(&mut self, lanes: L, entering: L::F, leaving: L::F);
    fn settle(&mut self, lanes: L);
    fn value(&mut self, lanes: L) -> L::F;
    fn save(&self) -> Self::Saved;
    /// Mends a block of results from what was saved before it and the value that left first; `rows` are each lane's
    /// first in `out`.
    fn finish(&mut self, lanes: L, saved: Self::Saved, leaving: L::F, rows: &Starts, out: &mut [f64]);
}

/// For each lane, the first of its results.
pub(super) type Starts = [usize; 8];

impl<const S: usize> Segments<'_, S> {
    #[inline(always)]
    pub(super) fn run<L: Lanes>(self, lanes: L, state: &mut impl Rolling<L, S>) {
        let (len, starts) = self.starts::<L>();
        let before = self.window - 1;
        for at in (0..before).step_by(L::N) {
            let rows = self.turned(lanes, &starts, self.start - before + at);
            for i in 0..L::N.min(before - at) {
                state.add(lanes, row::<L, S>(&rows, i));
            }
        }
        for at in (0..len).step_by(L::N) {
            let mut entering = self.turned(lanes, &starts, self.start + at);
            let leaving = self.turned(lanes, &starts, self.start + at - before);
            let count = L::N.min(len - at);
            for i in 0..count {
                state.add(lanes, row::<L, S>(&entering, i));
                // In the place of what has entered, which is not needed any more.
                entering[0][i] = state.value(lanes);
                state.remove(lanes, row::<L, S>(&leaving, i));
            }
            let results = &mut entering[0];
            *results = lanes.transpose(*results);
            for lane in 0..L::N {
                let at = starts[lane] + at;
                if count == L::N {
                    lanes.store(self.out, at, results[lane]);
                } else {
                    let mut some = [0.0; 8];
                    lanes.store(&mut some, 0, results[lane]);
                    self.out[at..at + count].copy_from_slice(&some[..count]);
                }
            }
        }
    }

    /// The length of all segments, and where they begin: all but the first and the last at a vector's place in memory,
    /// as vectors across two lines of the cache take twice as long to write.
    #[inline(always)]
    fn starts<L: Lanes>(&self) -> (usize, Starts) {
        let n = self.out.len();
        let (mut len, mut past) = (n.div_ceil(L::N), 0);
        if len > L::N {
            // Whole vectors, and an odd number of them: segments a power of two apart would share places in the cache.
            len = ((len + 1).div_ceil(L::N) | 1) * L::N;
            past = self.out.as_ptr() as usize / size_of::<f64>() % L::N;
        }
        // The last segments overlap where there are too few rows: the same results, twice.
        (len, std::array::from_fn(|lane| (lane * len).saturating_sub(past).min(n - len)))
    }

    /// The rows from `at` on of each lane's segment: as many vectors as there are lanes.
    #[inline(always)]
    fn turned<L: Lanes>(&self, lanes: L, starts: &Starts, at: usize) -> [[L::F; 8]; S] {
        let mut rows = [[lanes.splat(0.0); 8]; S];
        for (rows, series) in rows.iter_mut().zip(&self.series) {
            for lane in 0..L::N {
                rows[lane] = load_some(lanes, series, starts[lane] + at, 0.0);
            }
            *rows = lanes.transpose(*rows);
        }
        rows
    }
}

impl Segments<'_, 1> {
    /// Whether so many results make blocks.
    pub(super) fn in_blocks<L: Lanes>(n: usize) -> bool {
        n > L::N * L::N
    }

    #[inline(always)]
    pub(super) fn run_blocks<L: Lanes, B: Blocks<L>>(self, lanes: L, state: &mut B) {
        let (len, starts) = self.starts::<L>();
        let nothing = state.nothing();
        let before = self.window - 1;
        let filled = state.fill(lanes, self.series[0], &starts.map(|start| self.start + start - before), before);
        let mut at = if filled { before } else { 0 };
        while at < before {
            let rows = self.block(lanes, &starts, self.start - before + at);
            // Fewer first, whole blocks then.
            let count = if at == 0 { (before - 1) % L::N + 1 } else { L::N };
            for (i, &row) in rows.iter().enumerate().take(count) {
                state.slide(lanes, row, nothing);
                if (i + 1) % B::SETTLED_AFTER == 0 {
                    state.settle(lanes);
                }
            }
            state.settle(lanes);
            at += count;
        }
        let mut leaving = nothing;
        for at in (0..len).step_by(L::N) {
            let (first, saved) = (leaving, state.save());
            let entering = self.block(lanes, &starts, self.start + at);
            let next = self.block(lanes, &starts, self.start + at - before);
            let mut results = entering;
            for i in 0..L::N {
                state.slide(lanes, entering[i], leaving);
                results[i] = state.value(lanes);
                leaving = next[i];
                if (i + 1) % B::SETTLED_AFTER == 0 || i + 1 == L::N {
                    state.settle(lanes);
                }
            }
            let results = lanes.transpose(results);
            let rows = starts.map(|start| start + at);
            for lane in 0..L::N {
                lanes.store(self.out, rows[lane], results[lane]);
            }
            state.finish(lanes, saved, first, &rows, self.out);
        }
    }

    /// As [`Self::turned`], where no segment ends early.
    #[inline(always)]
    fn block<L: Lanes>(&self, lanes: L, starts: &Starts, at: usize) -> [L::F; 8] {
        let mut rows = [lanes.splat(0.0); 8];
        for lane in 0..L::N {
            rows[lane] = lanes.load(self.series[0], starts[lane] + at);
        }
        lanes.transpose(rows)
    }
}

/// Row `i` of every series.
#[inline(always)]
fn row<L: Lanes, const S: usize>(rows: &[[L::F; 8]; S], i: usize) -> [L::F; S] {
    let mut row = [rows[0][i]; S];
    for (value, rows) in row.iter_mut().zip(rows) {
        *value = rows[i];
    }
    row
}
