//! Exponential moving averages: chains in which every row depends on the one before, each operation rounded
//! once in the written order. Nothing here may be reordered or fused.

use super::simd::{Lanes, Work, dispatch, has_registers};
use super::speculation::{self, Recurrence};
use super::statistics::{Statistic, Sum};
use super::sums::sums;
use super::{NanPolicy, Window, check_period, same_length};
use crate::error::Error;

/// The exponential moving average with a = 2/(period+1): the first value seeds, then `(b*e) + (a*x)`.
/// `out` holds one column for each of `periods`, one after the other, each as long as `x`.
///
/// ```
/// use omega_slicer::kernels::{NanPolicy, ema};
/// let mut out = [0.0; 4];
/// ema(&[4.0, 8.0], &[1, 3], NanPolicy::Propagate, &mut out)?;
/// assert_eq!(out, [4.0, 8.0, 4.0, 6.0]);
/// # Ok::<(), omega_slicer::Error>(())
/// ```
///
/// # Errors
/// 1001 for a period of 0; 1011 if `out` is not `periods.len() * x.len()` values.
pub fn ema(x: &[f64], periods: &[usize], nan: NanPolicy, out: &mut [f64]) -> Result<(), Error> {
    for &period in periods {
        check_period("period", period)?;
    }
    same_length("out", out.len(), x.len().saturating_mul(periods.len()))?;
    if x.is_empty() {
        return Ok(());
    }
    // A period for each lane, unless each alone is faster in segments.
    let alone = |&period: &usize| speculation::pays(x.len() - 1, Chain::ema(period, nan).warm_up());
    if periods.len() > 1 && !(has_registers() && periods.iter().all(alone)) && !skips(x, nan) {
        dispatch(Together { x, periods, out });
        return Ok(());
    }
    for (&period, out) in periods.iter().zip(out.chunks_exact_mut(x.len())) {
        let mut chain = Chain::ema(period, nan);
        let mut i = 0;
        while !chain.started && i < x.len() {
            out[i] = chain.push(x[i]);
            i += 1;
        }
        chain.run(x, i, out);
    }
    Ok(())
}

/// Wilder's average with a = 1/period: the mean of the first `period` values at the row of the last of them,
/// NaN before, then `(b*e) + (a*x)`.
///
/// # Errors
/// 1001 for a period of 0; 1011 if `out` differs from `x` in length.
pub fn wilder(x: &[f64], period: usize, nan: NanPolicy, out: &mut [f64]) -> Result<(), Error> {
    check_period("period", period)?;
    same_length("out", out.len(), x.len())?;
    let mut i = 0;
    let chain = if x.len() >= period && !skips(&x[..period], nan) {
        let chain = WilderChain::seeded(&x[..period], nan);
        out[..period].fill(f64::NAN);
        out[period - 1] = chain.chain.value;
        i = period;
        chain
    } else {
        let mut chain = WilderChain::new(period, nan);
        while chain.chain().is_none() && i < x.len() {
            out[i] = chain.push(x[i]);
            i += 1;
        }
        chain
    };
    chain.chain.run(x, i, out);
    Ok(())
}

/// Averages of several periods, one in each lane: a chain waits for its own last value, so many take little longer
/// than one.
struct Together<'a> {
    x: &'a [f64],
    periods: &'a [usize],
    out: &'a mut [f64],
}

impl Work for Together<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let n = self.x.len();
        for (periods, out) in self.periods.chunks(L::N).zip(self.out.chunks_mut(n * L::N)) {
            let (mut a, mut b) = ([0.0; 8], [0.0; 8]);
            for (i, &period) in periods.iter().enumerate() {
                let chain = Chain::ema(period, NanPolicy::Propagate);
                (a[i], b[i]) = (chain.a, chain.b);
            }
            let (a, b) = (lanes.load(&a, 0), lanes.load(&b, 0));
            let mut e = lanes.splat(self.x[0]);
            let mut buffers = [[0.0; ROWS * 8]; 2];
            for (block, x) in self.x.chunks(ROWS).enumerate() {
                let [even, odd] = &mut buffers;
                let (rows, before) = if block % 2 == 0 { (even, odd) } else { (odd, even) };
                // While the chains wait for their last values, the block before goes to the columns.
                let pieces = if block == 0 { 0 } else { periods.len() * PIECES };
                for (i, &x) in x.iter().enumerate() {
                    if block + i > 0 {
                        e = lanes.add(lanes.mul(b, e), lanes.mul(a, lanes.splat(x)));
                    }
                    lanes.store(rows, i * L::N, e);
                    if i < pieces {
                        to_column::<L>(before, &mut out[i / PIECES * n..], (block - 1) * ROWS, i);
                    }
                }
                for piece in x.len()..pieces {
                    to_column::<L>(before, &mut out[piece / PIECES * n..], (block - 1) * ROWS, piece);
                }
                if (block + 1) * ROWS >= n {
                    for (column, out) in out.chunks_exact_mut(n).enumerate() {
                        for (out, row) in out[block * ROWS..].iter_mut().zip(rows.chunks_exact(L::N)) {
                            *out = row[column];
                        }
                    }
                }
            }
        }
    }
}

/// Rows of one column that are moved at once, and how often that is in a block.
const PIECE: usize = 8;
const PIECES: usize = ROWS / PIECE;

#[inline(always)]
fn to_column<L: Lanes>(rows: &[f64; ROWS * 8], out: &mut [f64], start: usize, piece: usize) {
    let (column, first) = (piece / PIECES, piece % PIECES * PIECE);
    let out: &mut [f64; PIECE] = (&mut out[start + first..][..PIECE]).try_into().expect("a piece");
    let rows: &[f64] = &rows[first * L::N..][..PIECE * L::N];
    for (i, out) in out.iter_mut().enumerate() {
        *out = rows[i * L::N + column];
    }
}

/// Rows that go from lanes to columns together.
const ROWS: usize = 64;

/// `(b*e) + (a*x)`, row after row.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) a: f64,
    pub(super) b: f64,
    skip: bool,
    started: bool,
    pub(super) value: f64,
}

impl Chain {
    fn new(a: f64, nan: NanPolicy) -> Self {
        Self { a, b: 1.0 - a, skip: nan == NanPolicy::Skip, started: false, value: f64::NAN }
    }

    pub(super) fn ema(period: usize, nan: NanPolicy) -> Self {
        Self::new(2.0 / (period as f64 + 1.0), nan)
    }

    #[inline]
    pub(super) fn push(&mut self, x: f64) -> f64 {
        if !(self.skip && x.is_nan()) {
            self.value = if self.started { self.next(self.value, x) } else { x };
            self.started = true;
        }
        self.value
    }
}

impl Chain {
    /// Pushes the values of `x` from `row` on.
    fn run(mut self, x: &[f64], row: usize, out: &mut [f64]) {
        if skips(&x[row..], if self.skip { NanPolicy::Skip } else { NanPolicy::Propagate }) {
            for (&x, out) in x[row..].iter().zip(&mut out[row..]) {
                *out = self.push(x);
            }
        } else {
            let (state, warm_up) = ([self.value], self.warm_up());
            speculation::run(Average { chain: self, x, out }, row..x.len(), state, warm_up);
        }
    }

    /// How many rows a segment of nothing but this has to start early.
    pub(super) fn warm_up(&self) -> usize {
        speculation::warm_up(self.a)
    }

    /// The value after `e` and `x`.
    #[inline(always)]
    pub(super) fn next(&self, e: f64, x: f64) -> f64 {
        self.after(e, self.of(x))
    }

    /// What `x` adds to the value before.
    #[inline(always)]
    pub(super) fn of(&self, x: f64) -> f64 {
        self.a * x
    }

    /// The value after `e` and what is added to it.
    #[inline(always)]
    pub(super) fn after(&self, e: f64, term: f64) -> f64 {
        (self.b * e) + term
    }

    /// What `x` adds to the value before.
    #[inline(always)]
    pub(super) fn term<L: Lanes>(&self, lanes: L, x: L::F) -> L::F {
        lanes.mul(lanes.splat(self.a), x)
    }

    /// The values after `e` and what is added to them.
    #[inline(always)]
    pub(super) fn next_of_each<L: Lanes>(&self, lanes: L, e: L::F, term: L::F) -> L::F {
        lanes.add(lanes.mul(lanes.splat(self.b), e), term)
    }
}

/// Whether there is a row to skip.
pub(super) fn skips(x: &[f64], nan: NanPolicy) -> bool {
    // In chunks, each looked at as a whole: so it can be done in vectors.
    nan == NanPolicy::Skip && x.chunks(256).any(|x| x.iter().fold(false, |any, x| any | x.is_nan()))
}

/// One chain over the values of a series.
struct Average<'a> {
    chain: Chain,
    x: &'a [f64],
    out: &'a mut [f64],
}

impl Recurrence<1, 1> for Average<'_> {
    fn average(&self) -> Option<&Chain> {
        Some(&self.chain)
    }

    fn results(&self, row: usize) -> &[f64] {
        &self.out[row..]
    }

    fn guess(&self, row: usize) -> [f64; 1] {
        [self.x[row - 1]]
    }

    #[inline(always)]
    fn term(&self, row: usize) -> [f64; 1] {
        [self.chain.of(self.x[row])]
    }

    #[inline(always)]
    fn next(&self, [e]: [f64; 1], [term]: [f64; 1]) -> [f64; 1] {
        [self.chain.after(e, term)]
    }

    #[inline(always)]
    fn write(&mut self, row: usize, [e]: [f64; 1]) {
        self.out[row] = e;
    }

    #[inline(always)]
    fn terms<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; 1] {
        let [x] = self.values(lanes, row);
        [self.chain.term(lanes, x)]
    }

    #[inline(always)]
    fn values<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; 1] {
        [lanes.load(self.x, row)]
    }

    #[inline(always)]
    fn next_of_each<L: Lanes>(&self, lanes: L, [e]: [L::F; 1], [term]: [L::F; 1]) -> [L::F; 1] {
        [self.chain.next_of_each(lanes, e, term)]
    }

    #[inline(always)]
    fn write_rows<L: Lanes>(&mut self, lanes: L, row: usize, [e]: [L::F; 1]) {
        lanes.store(self.out, row, e);
    }
}

/// A chain whose seed is the mean of its first values.
#[derive(Clone)]
pub(super) struct WilderChain {
    seed: Sum<true>,
    wanted: usize,
    period: usize,
    chain: Chain,
}

impl WilderChain {
    pub(super) fn new(period: usize, nan: NanPolicy) -> Self {
        Self { seed: Sum::new(), wanted: period, period, chain: Chain::new(1.0 / period as f64, nan) }
    }

    /// One whose first values are these, none of which is to be skipped.
    pub(super) fn seeded(values: &[f64], nan: NanPolicy) -> Self {
        let (mut chain, rows, mut mean) = (Self::new(values.len(), nan), values.len(), [0.0]);
        sums::<true>(values, rows - 1..rows, &Window::new(rows), &mut mean);
        (chain.wanted, chain.chain.started, chain.chain.value) = (0, true, mean[0]);
        chain
    }

    /// The chain that follows the seed, once there is one.
    pub(super) fn chain(&self) -> Option<&Chain> {
        (self.wanted == 0).then_some(&self.chain)
    }

    #[inline]
    pub(super) fn push(&mut self, x: f64) -> f64 {
        if self.wanted == 0 {
            return self.chain.push(x);
        }
        if !(self.chain.skip && x.is_nan()) {
            self.seed.add(x);
            self.wanted -= 1;
            if self.wanted == 0 {
                self.chain.push(self.seed.value(&Window::new(self.period)));
                self.chain.started = true;
            }
        }
        self.chain.value
    }
}
