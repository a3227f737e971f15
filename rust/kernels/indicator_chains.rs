//! The chains of the indicators, row by row and in lanes: the same operations in the same order.

use super::indicators::{MacdChain, gain_and_loss, range, strength};
use super::recurrences::Chain;
use super::simd::{Lanes, Work};
use super::speculation::Recurrence;

/// The averages of the gains and of the losses, from row 1 on.
pub(super) struct Strengths<'a> {
    pub(super) average: &'a Chain,
    pub(super) x: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl Recurrence<2, 2> for Strengths<'_> {
    fn average(&self) -> Option<&Chain> {
        Some(self.average)
    }

    fn results(&self, row: usize) -> &[f64] {
        &self.out[row..]
    }

    fn guess(&self, row: usize) -> [f64; 2] {
        let (gain, loss) = gain_and_loss(self.x[row] - self.x[row - 1]);
        [gain, loss]
    }

    #[inline(always)]
    fn term(&self, row: usize) -> [f64; 2] {
        let (gain, loss) = gain_and_loss(self.x[row] - self.x[row - 1]);
        [self.average.of(gain), self.average.of(loss)]
    }

    #[inline(always)]
    fn next(&self, [gains, losses]: [f64; 2], [gain, loss]: [f64; 2]) -> [f64; 2] {
        [self.average.after(gains, gain), self.average.after(losses, loss)]
    }

    #[inline(always)]
    fn write(&mut self, row: usize, [gains, losses]: [f64; 2]) {
        self.out[row] = strength(gains, losses);
    }

    #[inline(always)]
    fn terms<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; 2] {
        let (before, now) = (lanes.load(self.x, row - 1), lanes.load(self.x, row));
        // As `gain_and_loss`: the maximum, too, is the second of a pair that is NaN or two zeros.
        let zero = lanes.splat(0.0);
        let difference = lanes.sub(now, before);
        let (gain, loss) = (lanes.max(zero, difference), lanes.max(zero, lanes.mul(difference, lanes.splat(-1.0))));
        [self.average.term(lanes, gain), self.average.term(lanes, loss)]
    }

    #[inline(always)]
    fn values<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; 2] {
        let difference = lanes.sub(lanes.load(self.x, row), lanes.load(self.x, row - 1));
        let gain = lanes.max(difference, lanes.splat(0.0));
        [gain, lanes.sub(gain, difference)]
    }

    #[inline(always)]
    fn next_of_each<L: Lanes>(&self, lanes: L, [gains, losses]: [L::F; 2], [gain, loss]: [L::F; 2]) -> [L::F; 2] {
        [self.average.next_of_each(lanes, gains, gain), self.average.next_of_each(lanes, losses, loss)]
    }

    #[inline(always)]
    fn write_rows<L: Lanes>(&mut self, lanes: L, row: usize, [gains, losses]: [L::F; 2]) {
        // As `strength`, of gains that cannot be negative.
        let (zero, hundred) = (lanes.splat(0.0), lanes.splat(100.0));
        let strength = lanes.mul(hundred, lanes.quotient(gains, lanes.add(gains, losses)));
        let lossless = lanes.nan_as(gains, lanes.where_equal(gains, zero, lanes.splat(50.0), hundred));
        lanes.store(self.out, row, lanes.where_equal(losses, zero, lossless, strength));
    }
}

/// True ranges of rows that have one before them.
pub(super) struct TrueRanges<'a> {
    pub(super) high: &'a [f64],
    pub(super) low: &'a [f64],
    /// Of the rows before.
    pub(super) close: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl Work for TrueRanges<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { high, low, close, out } = self;
        let whole = if L::REGISTERS { out.len() / L::N * L::N } else { 0 };
        for row in (0..whole).step_by(L::N) {
            let (high, low, close) = (lanes.load(high, row), lanes.load(low, row), lanes.load(close, row));
            // As `range`.
            let (up, down) = (lanes.abs(lanes.sub(high, close)), lanes.abs(lanes.sub(low, close)));
            let inside = lanes.sub(high, low);
            let largest = lanes.max(inside, lanes.max(up, down));
            lanes.store(out, row, lanes.nan_as(inside, lanes.nan_as(lanes.add(up, down), largest)));
        }
        for (row, out) in out.iter_mut().enumerate().skip(whole) {
            *out = range(high[row], low[row], close[row]);
        }
    }
}

/// The average of the true ranges, from row 1 on. Where it is done in segments these lie in `out` before: eight of them
/// in all three series at once, and what they write, would be more columns than the machine reads ahead.
pub(super) struct Ranges<'a> {
    pub(super) average: &'a Chain,
    pub(super) high: &'a [f64],
    pub(super) low: &'a [f64],
    pub(super) close: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl Ranges<'_> {
    #[inline(always)]
    fn range(&self, row: usize) -> f64 {
        range(self.high[row], self.low[row], self.close[row - 1])
    }
}

impl Recurrence<1, 1> for Ranges<'_> {
    fn average(&self) -> Option<&Chain> {
        Some(self.average)
    }

    fn results(&self, row: usize) -> &[f64] {
        &self.out[row..]
    }

    fn guess(&self, row: usize) -> [f64; 1] {
        [self.range(row)]
    }

    /// Not from `out`, which has the average by the time that a row is done again.
    #[inline(always)]
    fn term(&self, row: usize) -> [f64; 1] {
        [self.average.of(self.range(row))]
    }

    #[inline(always)]
    fn next(&self, [value]: [f64; 1], [term]: [f64; 1]) -> [f64; 1] {
        [self.average.after(value, term)]
    }

    #[inline(always)]
    fn write(&mut self, row: usize, [value]: [f64; 1]) {
        self.out[row] = value;
    }

    #[inline(always)]
    fn terms<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; 1] {
        let [range] = self.values(lanes, row);
        [self.average.term(lanes, range)]
    }

    #[inline(always)]
    fn values<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; 1] {
        [lanes.load(self.out, row)]
    }

    #[inline(always)]
    fn next_of_each<L: Lanes>(&self, lanes: L, [value]: [L::F; 1], [term]: [L::F; 1]) -> [L::F; 1] {
        [self.average.next_of_each(lanes, value, term)]
    }

    #[inline(always)]
    fn write_rows<L: Lanes>(&mut self, lanes: L, row: usize, [value]: [L::F; 1]) {
        lanes.store(self.out, row, value);
    }
}

/// The fast, the slow and the signal average.
pub(super) struct Averages<'a> {
    pub(super) chain: MacdChain,
    pub(super) x: &'a [f64],
    pub(super) macd: &'a mut [f64],
    pub(super) signal: &'a mut [f64],
    pub(super) histogram: &'a mut [f64],
}

impl Recurrence<1, 3> for Averages<'_> {
    const SEGMENTS: usize = 4;

    fn results(&self, row: usize) -> &[f64] {
        &self.macd[row..]
    }

    fn guess(&self, row: usize) -> [f64; 3] {
        [self.x[row - 1], self.x[row - 1], 0.0]
    }

    #[inline(always)]
    fn term(&self, row: usize) -> [f64; 1] {
        [self.x[row]]
    }

    #[inline(always)]
    fn next(&self, [fast, slow, signal]: [f64; 3], [x]: [f64; 1]) -> [f64; 3] {
        let (fast, slow) = (self.chain.fast.next(fast, x), self.chain.slow.next(slow, x));
        [fast, slow, self.chain.signal.next(signal, fast - slow)]
    }

    #[inline(always)]
    fn write(&mut self, row: usize, [fast, slow, signal]: [f64; 3]) {
        let macd = fast - slow;
        (self.macd[row], self.signal[row], self.histogram[row]) = (macd, signal, macd - signal);
    }

    #[inline(always)]
    fn terms<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; 1] {
        [lanes.load(self.x, row)]
    }

    #[inline(always)]
    fn values<L: Lanes>(&self, lanes: L, _: usize) -> [L::F; 3] {
        [lanes.splat(0.0); 3]
    }

    #[inline(always)]
    fn next_of_each<L: Lanes>(&self, lanes: L, [fast, slow, signal]: [L::F; 3], [x]: [L::F; 1]) -> [L::F; 3] {
        let chain = &self.chain;
        let fast = chain.fast.next_of_each(lanes, fast, chain.fast.term(lanes, x));
        let slow = chain.slow.next_of_each(lanes, slow, chain.slow.term(lanes, x));
        let macd = chain.signal.term(lanes, lanes.sub(fast, slow));
        [fast, slow, chain.signal.next_of_each(lanes, signal, macd)]
    }

    #[inline(always)]
    fn write_rows<L: Lanes>(&mut self, lanes: L, row: usize, [fast, slow, signal]: [L::F; 3]) {
        let macd = lanes.sub(fast, slow);
        lanes.store(self.macd, row, macd);
        lanes.store(self.signal, row, signal);
        lanes.store(self.histogram, row, lanes.sub(macd, signal));
    }
}
