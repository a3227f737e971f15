//! From a time to a row: how many rows are stamped at or before it, or before it; the row stamped exactly there.
//!
//! Candles are nearly evenly spaced, so a small table of buckets and one interpolation land on the
//! row; where they do not (weekends, halts, anything hostile) a binary search inside the bucket does.
//! The table is bounded (64 KiB) however long the series is: an index costs nothing per row.

use std::sync::OnceLock;

/// At most this many buckets, whatever the length of the series.
const MAX_BUCKETS: usize = 1 << 14;
/// Rows a bucket is meant to hold in a short series.
const ROWS_PER_BUCKET: usize = 32;
/// Bits of the position inside a bucket that the interpolation uses.
const FRACTION: u32 = 16;
/// Rows walked one by one before a binary search takes over.
const STEPS: usize = 16;

/// Answers "which row?" for one strictly increasing column of timestamps.
///
/// The column itself is passed to each call; the index belongs to exactly one column and is built
/// at the first question that needs it.
#[derive(Debug, Default)]
pub(crate) struct TimeIndex {
    buckets: OnceLock<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    first: i64,
    /// From the first stamp to the last.
    span: u64,
    /// Turns an offset from `first` into a bucket and `FRACTION` bits of the position inside it.
    factor: u64,
    /// Row at which each bucket starts, and the end of the last; empty when the rows outnumber `u32`.
    starts: Box<[u32]>,
}

/// The distance from `first` to `t`, modulo 2^64: no larger than the span exactly if `t` is inside.
#[inline]
fn offset(first: i64, t: i64) -> u64 {
    t.wrapping_sub(first).cast_unsigned()
}

/// Monotone in `offset`, so rows of lower buckets are earlier and those of higher ones later.
#[inline]
fn scaled(offset: u64, factor: u64) -> u64 {
    let product = u128::from(offset) * u128::from(factor);
    u64::try_from(product >> 64).unwrap_or(u64::MAX)
}

impl Buckets {
    fn new(timestamps: &[i64]) -> Self {
        let rows = u32::try_from(timestamps.len());
        let (Some(&first), Some(&last), Ok(rows)) = (timestamps.first(), timestamps.last(), rows) else {
            let (first, last) = (timestamps.first().copied().unwrap_or(0), timestamps.last().copied().unwrap_or(0));
            return Self { first, span: offset(first, last), factor: 0, starts: Box::default() };
        };
        let span = offset(first, last);
        let count = (timestamps.len() / ROWS_PER_BUCKET).next_power_of_two().min(MAX_BUCKETS) as u64;
        // (count << FRACTION) / (span + 1), as a fraction of 2^64: every offset up to the span stays below count.
        let factor = ((u128::from(count) << (FRACTION + 64)) / (u128::from(span) + 1)).min(u128::from(u64::MAX));
        let factor = u64::try_from(factor).unwrap_or(u64::MAX);
        let bucket = |stamp: i64| scaled(offset(first, stamp), factor) >> FRACTION;
        let mut row = 0;
        let mut starts: Vec<u32> = Vec::new();
        for number in 0..count {
            row = gallop(timestamps, row, |stamp| bucket(stamp) < number);
            starts.push(u32::try_from(row).unwrap_or(rows));
        }
        starts.push(rows);
        Self { first, span, factor, starts: starts.into_boxed_slice() }
    }

    /// The bounds of the answer and the likely answer, for a `t` at this offset inside the data.
    #[inline]
    fn guess(&self, offset: u64) -> Option<(usize, usize, usize)> {
        let place = scaled(offset, self.factor);
        let bucket = usize::try_from(place >> FRACTION).ok()?;
        let high = *self.starts.get(bucket + 1)?;
        let low = self.starts[bucket];
        let forward = ((place & ((1 << FRACTION) - 1)) * u64::from(high - low)) >> FRACTION;
        Some((low as usize, high as usize, low as usize + usize::try_from(forward).ok()?))
    }
}

/// An index at work on its column, with all it needs at hand: what a loop over many times holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    timestamps: &'a [i64],
    buckets: &'a Buckets,
}

impl Search<'_> {
    /// The stamp of a row, if there is one.
    pub(crate) fn stamp(self, row: usize) -> Option<i64> {
        self.timestamps.get(row).copied()
    }

    /// How many rows are stamped at or before `t`. Constant time on evenly spaced candles, O(log n) at worst.
    #[must_use]
    #[expect(clippy::inline_always, reason = "the hot path of every question: a call would cost a third of it")]
    #[inline(always)]
    pub(crate) fn rows_through(self, t: i64) -> usize {
        let Self { timestamps, buckets } = self;
        let offset = offset(buckets.first, t);
        if offset >= buckets.span {
            return if t < buckets.first { 0 } else { timestamps.len() };
        }
        let Some((low, high, guess)) = buckets.guess(offset) else {
            return timestamps.partition_point(|&stamp| stamp <= t);
        };
        // Even spacing puts the answer at `guess` or one after it.
        settle(timestamps, guess, t).unwrap_or_else(|| walk(timestamps, low, high, guess, t))
    }
}

impl TimeIndex {
    /// This index at work on its column. The first call builds the index: O(buckets x log n).
    #[inline]
    pub(crate) fn search<'a>(&'a self, timestamps: &'a [i64]) -> Search<'a> {
        Search { timestamps, buckets: self.buckets.get().unwrap_or_else(|| self.build(timestamps)) }
    }

    /// How many rows are stamped at or before `t`; as [`Search::rows_through`].
    #[inline]
    pub(crate) fn rows_through(&self, timestamps: &[i64], t: i64) -> usize {
        self.search(timestamps).rows_through(t)
    }

    #[cold]
    #[inline(never)]
    fn build(&self, timestamps: &[i64]) -> &Buckets {
        self.buckets.get_or_init(|| Buckets::new(timestamps))
    }

    /// How many rows are stamped before `t`.
    #[inline]
    pub(crate) fn rows_before(&self, timestamps: &[i64], t: i64) -> usize {
        t.checked_sub(1).map_or(0, |before| self.rows_through(timestamps, before))
    }

    /// The row stamped exactly `t`.
    #[inline]
    pub(crate) fn exact(&self, timestamps: &[i64], t: i64) -> Option<usize> {
        let row = self.rows_through(timestamps, t).checked_sub(1)?;
        (timestamps[row] == t).then_some(row)
    }

    /// Bytes this index holds beside itself: at most 64 KiB and a few words.
    #[cfg(test)]
    fn heap_bytes(&self) -> usize {
        self.buckets.get().map_or(0, |buckets| std::mem::size_of_val(&*buckets.starts))
    }
}

/// The answer if it is `guess` or one more: the rows on both sides prove it, without a branch on which it is.
#[expect(clippy::inline_always, reason = "a few instructions inside the hot path of every question")]
#[inline(always)]
fn settle(timestamps: &[i64], guess: usize, t: i64) -> Option<usize> {
    let [before, at, after] = timestamps.get(guess.wrapping_sub(1)..)?.first_chunk()?;
    (*before <= t && t < *after).then(|| guess + usize::from(*at <= t))
}

/// The answer in `low..=high` when it is not right at `guess`: a gap inside the bucket moves it by a few rows,
/// which a short walk finds; a search does for the rest.
#[inline(never)]
fn walk(timestamps: &[i64], low: usize, high: usize, guess: usize, t: i64) -> usize {
    let near = timestamps.get(guess).is_some_and(|&stamp| stamp <= t);
    let (low, high) = if near {
        let end = high.min(guess + STEPS);
        match timestamps[guess..end].iter().position(|&stamp| stamp > t) {
            Some(steps) => return guess + steps,
            None => (end, high),
        }
    } else {
        let guess = guess.min(high);
        let end = low.max(guess.saturating_sub(STEPS));
        match timestamps[end..guess].iter().rposition(|&stamp| stamp <= t) {
            Some(at) => return end + at + 1,
            None => (low, end),
        }
    };
    low + timestamps[low..high].partition_point(|&stamp| stamp <= t)
}

/// How many rows pass `admit`, which all rows do up to some row, known to be at least `from`: O(log of the distance).
fn gallop(timestamps: &[i64], from: usize, admit: impl Fn(i64) -> bool) -> usize {
    let rest = &timestamps[from..];
    let mut step = 1;
    while step < rest.len() && admit(rest[step - 1]) {
        step *= 2;
    }
    let low = step / 2;
    let high = step.min(rest.len());
    from + low + rest[low..high].partition_point(|&stamp| admit(stamp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute(timestamps: &[i64], t: i64) -> usize {
        timestamps.iter().filter(|&&stamp| stamp <= t).count()
    }

    proptest! {
        #[test]
        fn every_answer_is_the_count_of_a_full_scan(
            start in prop_oneof![Just(i64::MIN), -1000_i64..1000, Just(i64::MAX - 400_000)],
            steps in prop::collection::vec(prop_oneof![8 => Just(60_i64), 1 => 1_i64..7, 1 => 60_i64..3000], 0..120),
            extra in prop::collection::vec(any::<i64>(), 8),
        ) {
            let mut timestamps = vec![start];
            for step in steps {
                timestamps.push(timestamps.last().unwrap() + step);
            }
            let index = TimeIndex::default();
            let near: Vec<i64> = timestamps.iter().flat_map(|&s| [s.saturating_sub(1), s, s.saturating_add(1)]).collect();
            for &t in near.iter().chain(&extra) {
                prop_assert_eq!(index.rows_through(&timestamps, t), brute(&timestamps, t));
                prop_assert_eq!(index.exact(&timestamps, t), timestamps.iter().position(|&s| s == t));
            }
        }
    }

    #[test]
    fn stamps_at_both_ends_of_int64_are_found() {
        let timestamps = [i64::MIN, -1, 0, 1, i64::MAX - 1, i64::MAX];
        let index = TimeIndex::default();
        for t in [i64::MIN, i64::MIN + 1, -2, -1, 0, 1, 2, i64::MAX - 2, i64::MAX - 1, i64::MAX] {
            assert_eq!(index.rows_through(&timestamps, t), brute(&timestamps, t), "t = {t}");
            assert_eq!(index.rows_before(&timestamps, t), timestamps.iter().filter(|&&s| s < t).count());
        }
    }

    #[test]
    fn the_table_stays_bounded_however_long_the_series() {
        let timestamps: Vec<i64> = (0..3_000_000).map(|i| i * 60 + (i / 1000) * 7).collect();
        let index = TimeIndex::default();
        for t in (0..timestamps[timestamps.len() - 1]).step_by(1_000_003) {
            assert_eq!(index.rows_through(&timestamps, t), timestamps.partition_point(|&s| s <= t));
        }
        assert!(index.heap_bytes() > 0 && index.heap_bytes() <= 4 * (MAX_BUCKETS + 1));
    }

    #[test]
    fn rows_all_in_one_bucket_are_still_found() {
        let mut timestamps: Vec<i64> = (0..100_000).collect();
        timestamps.push(i64::MAX);
        let index = TimeIndex::default();
        for t in (0..100_000).step_by(997) {
            assert_eq!(index.rows_through(&timestamps, t), usize::try_from(t).unwrap() + 1);
        }
    }
}
