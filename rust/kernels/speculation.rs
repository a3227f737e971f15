//! Chains of rows in segments side by side: each starts early from a guess, and counts only if the segment before
//! arrives at the very bits that it started from. The results are those of one row after the other, always.

use std::cell::Cell;
use std::ops::Range;

use super::recurrences::Chain;
use super::simd::{Lanes, Work, dispatch, dispatch_to_four, has_registers};

/// `STATES` values that every row makes anew out of the last ones and of `TERMS` values of its own, and of nothing
/// else: two chains that have come to the same states stay together.
pub(super) trait Recurrence<const TERMS: usize, const STATES: usize> {
    /// How many segments go side by side, at most 8. The machine reads ahead in some sixteen columns at once, each
    /// segment's of each series counting as one.
    const SEGMENTS: usize = MOST;

    /// The average that each state is of its own term, if that is what they all are and nothing more.
    fn average(&self) -> Option<&Chain> {
        None
    }
    /// States that may do for those before `row`.
    fn guess(&self, row: usize) -> [f64; STATES];
    /// What `row` brings with it.
    fn term(&self, row: usize) -> [f64; TERMS];
    /// The states after a row, given those before it.
    fn next(&self, states: [f64; STATES], terms: [f64; TERMS]) -> [f64; STATES];
    /// Writes the results of `row`, given the states after it.
    fn write(&mut self, row: usize, states: [f64; STATES]);

    /// As `term`, with a row in each lane, from `row` on.
    fn terms<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; TERMS];
    /// What the states are averages of, with a row in each lane, from `row` on; near enough for a guess, if `average` is
    /// something.
    fn values<L: Lanes>(&self, lanes: L, row: usize) -> [L::F; STATES];
    /// As `next`, with a chain in each lane.
    fn next_of_each<L: Lanes>(&self, lanes: L, states: [L::F; STATES], terms: [L::F; TERMS]) -> [L::F; STATES];
    /// As `write`, with a row in each lane, from `row` on.
    fn write_rows<L: Lanes>(&mut self, lanes: L, row: usize, states: [L::F; STATES]);

    /// Where the results of `row` and those after it go.
    fn results(&self, row: usize) -> &[f64];

    /// All of it for `rows`, one after the other, up to the states after them.
    #[inline(always)]
    fn one_by_one(&mut self, rows: Range<usize>, mut states: [f64; STATES]) -> [f64; STATES] {
        for row in rows {
            states = self.next(states, self.term(row));
            self.write(row, states);
        }
        states
    }
}

/// How many rows of recurrences were done in segments, and how many of those again, in this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Segments {
    /// Rows of calls that were cut into segments.
    pub rows: usize,
    /// Rows that were done again, since a segment had started from something else than what the one before
    /// arrived at.
    pub redone: usize,
}

thread_local! {
    static COUNTS: Cell<Segments> = const { Cell::new(Segments { rows: 0, redone: 0 }) };
}

/// The counts since the last call, for tests and measurements.
#[must_use]
pub fn take_segments() -> Segments {
    COUNTS.take()
}

fn count(rows: usize, redone: usize) {
    let before = COUNTS.get();
    COUNTS.set(Segments { rows: before.rows + rows, redone: before.redone + redone });
}

/// How many rows a segment has to start early. After `60 ln 2 / a` of them `(b*e) + (a*x)` with b = 1-a has made 2^-60
/// of what two chains were apart, or less: from there on, roundings join them. From a sum of the rows before, only the
/// joining remains. More would seldom save doing some rows again.
pub(super) fn warm_up(a: f64) -> usize {
    if is_slow(a) { (5.0 / a) as usize } else { warm_up_from_anywhere(a) }
}

/// The same where no sum can be had.
pub(super) fn warm_up_from_anywhere(a: f64) -> usize {
    // b^rows < exp(-a * rows). The cast saturates where a is next to nothing.
    ((60.0 * std::f64::consts::LN_2 / a) as usize).saturating_add(1)
}

/// Whether it takes so many rows to forget a guess that a good one is worth a sum of the rows before.
fn is_slow(a: f64) -> bool {
    a < 0.02
}

/// Runs `recurrence` over `rows` from `states`, in segments with `warm_up` rows each if that pays.
pub(super) fn run<const TERMS: usize, const STATES: usize, R: Recurrence<TERMS, STATES>>(
    mut recurrence: R,
    rows: Range<usize>,
    states: [f64; STATES],
    warm_up: usize,
) {
    // Several vectors for each chain are too many where one is several registers.
    if !pays(rows.len(), warm_up) || TERMS + STATES > 2 && !has_registers() {
        recurrence.one_by_one(rows, states);
        return;
    }
    let work = InSegments { recurrence, rows, states, warm_up };
    if R::SEGMENTS == 4 { dispatch_to_four(work) } else { dispatch(work) }
}

/// Whether so many rows with such a warm-up are worth cutting.
pub(super) fn pays(rows: usize, warm_up: usize) -> bool {
    rows >= LEAST_ROWS && warm_up <= rows / 3
}

/// Fewer rows than this are not worth cutting.
const LEAST_ROWS: usize = 256;

/// Values in a line of the cache.
const LINE: usize = 8;

/// Segments side by side.
const MOST: usize = 8;

struct InSegments<const TERMS: usize, const STATES: usize, R> {
    recurrence: R,
    rows: Range<usize>,
    states: [f64; STATES],
    warm_up: usize,
}

impl<const TERMS: usize, const STATES: usize, R> Work for InSegments<TERMS, STATES, R>
where
    R: Recurrence<TERMS, STATES>,
{
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { mut recurrence, mut rows, states: mut known, warm_up } = self;
        let all = rows.len();
        // Vectors across two lines of the cache take twice as long to write.
        let past_line = recurrence.results(rows.start).as_ptr() as usize / size_of::<f64>() % LINE;
        let first = rows.start + (LINE - past_line) % LINE;
        known = recurrence.one_by_one(rows.start..first, known);
        rows.start = first;
        let slow = recurrence.average().cloned().filter(|average| is_slow(average.a));
        // Segments start `len` rows apart and go on for `warm_up + len`: the first counts all along, each other
        // one from where the one before ends. Both are whole vectors of rows.
        let warm_up = warm_up.next_multiple_of(LINE);
        let segments = if L::REGISTERS { R::SEGMENTS } else { L::N };
        let mut len = (rows.len() - warm_up) / segments / L::N * L::N;
        if len > 8192 {
            // All at one place of a page would compete for one place in the caches; 72 rows spread them evenly.
            len = len / 128 * 128 - 56;
        }
        let starts: [usize; MOST] = std::array::from_fn(|k| rows.start + k * len);
        let mut ends = [known; MOST];
        if let Some(average) = slow {
            (recurrence, ends) = dispatch(Sums { recurrence, average, starts, segments, guesses: ends });
        } else {
            for k in 1..segments {
                ends[k] = recurrence.guess(starts[k]);
            }
        }
        side_by_side(lanes, &mut recurrence, segments, starts, warm_up, &mut ends, 1);
        let (starts, begun) = (starts.map(|row| row + warm_up), ends);
        side_by_side(lanes, &mut recurrence, segments, starts, len, &mut ends, segments);
        known = ends[0];
        let mut redone = 0;
        for k in 1..segments {
            let mut guessed = begun[k];
            let mut segment = starts[k]..starts[k] + len;
            while !same(&known, &guessed)
                && let Some(row) = segment.next()
            {
                let terms = recurrence.term(row);
                known = recurrence.next(known, terms);
                guessed = recurrence.next(guessed, terms);
                recurrence.write(row, known);
            }
            redone += segment.start - starts[k];
            if same(&known, &guessed) {
                known = ends[k];
            }
        }
        count(all, redone);
        recurrence.one_by_one(starts[segments - 1] + len..rows.end, known);
    }
}

/// The states at `starts` but for roundings: `a*b^k` times each value before, in any order. The first is known.
struct Sums<const TERMS: usize, const STATES: usize, R> {
    /// Given back, not borrowed: a loop that stores elsewhere would else have to look at it again and again.
    recurrence: R,
    average: Chain,
    starts: [usize; MOST],
    segments: usize,
    guesses: [[f64; STATES]; MOST],
}

/// What is older weighs less than 2^-46.
fn reach(a: f64) -> usize {
    (46.0 * std::f64::consts::LN_2 / a) as usize + 1
}

/// Sums side by side, so that none waits for its own last value.
const SIDES: usize = 4;
/// A block has so many times `SIDES` vectors. In it powers of b are rounded with every step, and with every block.
const STEPS: usize = 16;

impl<const TERMS: usize, const STATES: usize, R> Work for Sums<TERMS, STATES, R>
where
    R: Recurrence<TERMS, STATES>,
{
    type Output = (R, [[f64; STATES]; MOST]);

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self { recurrence, average: Chain { a, b, .. }, starts, segments, mut guesses } = self;
        let step = SIDES * L::N;
        let power = |rows: usize| b.powf(rows as f64);
        let weights: [f64; SIDES * 8] = std::array::from_fn(|i| a * power(step.saturating_sub(i + 1)));
        let (of_step, of_block) = (lanes.splat(power(step)), lanes.splat(power(STEPS * step)));
        let zero = lanes.splat(0.0);
        let reach = reach(a);
        for k in 1..segments {
            let end = starts[k];
            let (mut row, mut states) = (starts[k - 1], guesses[k - 1]);
            if reach < end - row {
                row = end - reach;
                states = recurrence.guess(row);
            }
            while !(end - row).is_multiple_of(step) {
                states = recurrence.next(states, recurrence.term(row));
                row += 1;
            }
            let before = power(end - row);
            let mut total = [zero; STATES];
            while row < end {
                let mut sums = [[zero; STATES]; SIDES];
                let steps = ((end - row) / step - 1) % STEPS + 1;
                for _ in 0..steps {
                    for sums in &mut sums {
                        let values = recurrence.values(lanes, row);
                        for s in 0..STATES {
                            sums[s] = lanes.scale(sums[s], of_step, values[s]);
                        }
                        row += L::N;
                    }
                }
                for s in 0..STATES {
                    total[s] = lanes.mul(total[s], of_block);
                    for (i, sums) in sums.iter().enumerate() {
                        total[s] = lanes.scale(sums[s], lanes.load(&weights, i * L::N), total[s]);
                    }
                }
            }
            for s in 0..STATES {
                let mut values = [0.0; 8];
                lanes.store(&mut values, 0, total[s]);
                guesses[k][s] = before * states[s] + values.iter().sum::<f64>();
            }
        }
        (recurrence, guesses)
    }
}

/// Whether the states are the same bit for bit, any NaN being like any other.
fn same<const STATES: usize>(a: &[f64; STATES], b: &[f64; STATES]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

/// Runs a chain in each of `segments` lanes for `len` rows; the first `counting` of them write.
#[inline(always)]
fn side_by_side<L: Lanes, const TERMS: usize, const STATES: usize, R: Recurrence<TERMS, STATES>>(
    lanes: L,
    recurrence: &mut R,
    segments: usize,
    starts: [usize; MOST],
    len: usize,
    states: &mut [[f64; STATES]; MOST],
    counting: usize,
) {
    // Where vectors are shorter than there are segments, these are several groups, which go on by turns.
    let groups = segments.div_ceil(L::N);
    let zero = lanes.splat(0.0);
    let mut now = [[zero; STATES]; MOST];
    for s in 0..STATES {
        let values = states.map(|states| states[s]);
        for (group, now) in now.iter_mut().enumerate().take(groups) {
            now[s] = lanes.load(&values, group * L::N);
        }
    }
    // Loops, not closures: those would not be compiled for the vectors.
    let (mut terms, mut results) = ([[zero; MOST]; TERMS], [[zero; MOST]; STATES]);
    for done in (0..len).step_by(L::N) {
        // Rows of one segment in a vector become those of all segments at one time, and back.
        for k in 0..segments {
            let of_segment = recurrence.terms(lanes, starts[k] + done);
            for t in 0..TERMS {
                terms[t][k] = of_segment[t];
            }
        }
        let mut by_row = terms;
        for terms in &mut by_row {
            *terms = lanes.transpose(*terms);
        }
        for i in 0..L::N {
            for group in 0..groups {
                let mut of_row = [zero; TERMS];
                for t in 0..TERMS {
                    of_row[t] = by_row[t][group * L::N + i];
                }
                now[group] = recurrence.next_of_each(lanes, now[group], of_row);
                for s in 0..STATES {
                    results[s][group * L::N + i] = now[group][s];
                }
            }
        }
        let mut by_segment = results;
        for results in &mut by_segment {
            *results = lanes.transpose(*results);
        }
        for k in 0..counting {
            let mut of_segment = [zero; STATES];
            for s in 0..STATES {
                of_segment[s] = by_segment[s][k];
            }
            recurrence.write_rows(lanes, starts[k] + done, of_segment);
        }
    }
    for (group, now) in now.iter().enumerate().take(groups) {
        for (s, &now) in now.iter().enumerate() {
            let mut values = [0.0; MOST];
            lanes.store(&mut values, 0, now);
            for (states, value) in states[group * L::N..].iter_mut().zip(&values[..L::N]) {
                states[s] = *value;
            }
        }
    }
}
