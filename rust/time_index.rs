//! From a time to a row: how many rows are stamped at or before it, the row stamped exactly there, a cursor.
//!
//! Candles are nearly evenly spaced, so a small table of buckets and one interpolation land on the
//! row; where they do not (weekends, halts, anything hostile) a binary search inside the bucket does.
//! The table is bounded (64 KiB) however long the series is: an index costs nothing per row.

use std::sync::OnceLock;

/// At most this many buckets, whatever the length of the series.
const MAX_BUCKETS: usize = 1 << 14;
/// Rows a bucket is meant to hold in a short series.
const ROWS_PER_BUCKET: usize = 32;
/// Rows compared at once around the interpolated one.
const WINDOW: usize = 4;

/// Answers "which row?" for one strictly increasing column of timestamps.
///
/// The column itself is passed to each call; the index belongs to exactly one column and is built
/// at the first question that needs it.
#[derive(Debug, Default)]
pub struct TimeIndex {
    buckets: OnceLock<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    first: i64,
    /// A bucket spans `1 << shift` microseconds.
    shift: u32,
    /// Row at which each bucket starts, and the end of the last; empty when the rows outnumber `u32`.
    starts: Box<[u32]>,
}

/// The distance from `first` to `t`, which is not before it, without overflow.
#[inline]
fn offset(first: i64, t: i64) -> u64 {
    t.wrapping_sub(first).cast_unsigned()
}

impl Buckets {
    fn new(timestamps: &[i64]) -> Self {
        let (Some(&first), Some(&last)) = (timestamps.first(), timestamps.last()) else {
            return Self { first: 0, shift: 0, starts: Box::default() };
        };
        if u32::try_from(timestamps.len()).is_err() {
            return Self { first, shift: 0, starts: Box::default() };
        }
        let wanted = (timestamps.len() / ROWS_PER_BUCKET).next_power_of_two().min(MAX_BUCKETS);
        let span = offset(first, last);
        let shift = (u64::BITS - span.leading_zeros()).saturating_sub(wanted.trailing_zeros());
        // `wanted` buckets are enough: span < 2^(shift + log2 wanted).
        let count = usize::try_from(span.checked_shr(shift).unwrap_or(0)).map_or(wanted, |b| b + 1);
        let mut starts = Vec::with_capacity(count + 1);
        let mut row = 0;
        for bucket in 0..count as u64 {
            row = match (bucket << shift).checked_sub(1).and_then(|o| i64::try_from(i128::from(first) + i128::from(o)).ok()) {
                Some(before) => gallop(timestamps, row, before),
                None => row,
            };
            starts.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        starts.push(u32::try_from(timestamps.len()).unwrap_or(u32::MAX));
        Self { first, shift, starts: starts.into_boxed_slice() }
    }

    /// The bounds of the answer and the likely answer, for a `t` inside the data.
    #[inline]
    fn guess(&self, t: i64) -> Option<(usize, usize, usize)> {
        let offset = offset(self.first, t);
        let bucket = usize::try_from(offset >> self.shift).ok()?;
        let (&low, &high) = (self.starts.get(bucket)?, self.starts.get(bucket + 1)?);
        // 32 bits of the position inside the bucket are plenty, and their product cannot overflow.
        let dropped = self.shift.saturating_sub(32);
        let inside = (offset & ((1_u64 << self.shift) - 1)) >> dropped;
        let forward = (inside * u64::from(high - low)) >> (self.shift - dropped);
        Some((low as usize, high as usize, low as usize + usize::try_from(forward).ok()?))
    }
}

impl TimeIndex {
    /// How many rows are stamped at or before `t`. Constant time on evenly spaced candles, O(log n) at worst.
    #[inline]
    pub fn rows_through(&self, timestamps: &[i64], t: i64) -> usize {
        let (Some(&first), Some(&last)) = (timestamps.first(), timestamps.last()) else {
            return 0;
        };
        if t >= last {
            return timestamps.len();
        }
        if t < first {
            return 0;
        }
        let buckets = self.buckets.get_or_init(|| Buckets::new(timestamps));
        let Some((low, high, guess)) = buckets.guess(t) else {
            return timestamps.partition_point(|&stamp| stamp <= t);
        };
        // Even spacing puts the answer at `guess` or one after it: one look at four rows around it
        // settles that without a branch that depends on the data.
        let start = guess.saturating_sub(1);
        if let Some(window) = timestamps.get(start..start + WINDOW) {
            let passed: usize = window.iter().map(|&stamp| usize::from(stamp <= t)).sum();
            if (1..WINDOW).contains(&passed) {
                return start + passed;
            }
        }
        search(timestamps, low, high, t)
    }

    /// How many rows are stamped before `t`.
    #[inline]
    pub fn rows_before(&self, timestamps: &[i64], t: i64) -> usize {
        t.checked_sub(1).map_or(0, |before| self.rows_through(timestamps, before))
    }

    /// The row stamped exactly `t`.
    #[inline]
    pub fn exact(&self, timestamps: &[i64], t: i64) -> Option<usize> {
        let row = self.rows_through(timestamps, t).checked_sub(1)?;
        (timestamps[row] == t).then_some(row)
    }

    /// Bytes this index holds beside itself: at most 64 KiB and a few words.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.buckets.get().map_or(0, |buckets| std::mem::size_of_val(&*buckets.starts))
    }
}

#[cold]
#[inline(never)]
fn search(timestamps: &[i64], low: usize, high: usize, t: i64) -> usize {
    low + timestamps[low..high].partition_point(|&stamp| stamp <= t)
}

/// How many rows are stamped at or before `t`, known to be at least `from`: O(log of the distance).
fn gallop(timestamps: &[i64], from: usize, t: i64) -> usize {
    let rest = &timestamps[from..];
    let mut step = 1;
    while step < rest.len() && rest[step - 1] <= t {
        step *= 2;
    }
    let low = step / 2;
    let high = step.min(rest.len());
    from + low + rest[low..high].partition_point(|&stamp| stamp <= t)
}

/// Walks a column of timestamps: cheap when times come in order, right when they do not.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    timestamps: &'a [i64],
    rows: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor before the first row.
    #[must_use]
    pub const fn new(timestamps: &'a [i64]) -> Self {
        Self { timestamps, rows: 0 }
    }

    /// How many rows are stamped at or before `t`; O(1) amortised for ascending times.
    #[inline]
    pub fn rows_through(&mut self, t: i64) -> usize {
        let from = if self.rows > 0 && self.timestamps[self.rows - 1] > t { 0 } else { self.rows };
        self.rows = gallop(self.timestamps, from, t);
        self.rows
    }
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
            let mut cursor = Cursor::new(&timestamps);
            let near: Vec<i64> = timestamps.iter().flat_map(|&s| [s.saturating_sub(1), s, s.saturating_add(1)]).collect();
            for &t in near.iter().chain(&extra) {
                prop_assert_eq!(index.rows_through(&timestamps, t), brute(&timestamps, t));
                prop_assert_eq!(cursor.rows_through(t), brute(&timestamps, t));
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
