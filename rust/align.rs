//! The last completed candle of one series at every bar of another: one merge pass, one int64 row per bar.
//!
//! **The close-time rule.** A candle is visible if and only if its close time is `<=` the decision time. No option
//! shows a candle that is still forming. Where one series closes far more seldom, the pass goes from change to change,
//! not from bar to bar: between two closes of the higher series the answer is one row, written in a stretch.

use std::ops::Range;

use crate::error::Error;
use crate::series::CandleSeries;

/// When a bar of the primary series decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
pub enum Decision {
    /// At its open: nothing of the bar itself is known.
    #[default]
    Open = 0,
    /// At its close.
    Close = 1,
}

impl TryFrom<i32> for Decision {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Open),
            1 => Ok(Self::Close),
            _ => Err(Error::InvalidArgument(format!("decision {number} is neither 0 open nor 1 close"))),
        }
    }
}

/// What the stamps of the higher series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
pub enum Stamps {
    /// Open times, as everywhere in this library.
    #[default]
    Open = 0,
    /// Close times, as some sources stamp their candles.
    Close = 1,
}

impl TryFrom<i32> for Stamps {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Open),
            1 => Ok(Self::Close),
            _ => Err(Error::InvalidArgument(format!("stamps {number} is neither 0 open nor 1 close"))),
        }
    }
}

/// How two series are aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AlignOptions {
    /// When a bar of the primary series decides.
    pub decision: Decision,
    /// What the stamps of the higher series are.
    pub stamps: Stamps,
    /// Hide a candle once more than this many bars have passed since the first at which it was the one shown.
    pub stale_limit: Option<usize>,
}

/// For each bar of `primary`, the row of the latest candle of `higher` that has closed by its decision time; -1
/// for none. Either series may have the longer timeframe.
///
/// A decision time that int64 cannot hold is int64's largest value; a close time that it cannot hold is never
/// reached. O(bars) at most, and less than a load per bar where the higher series closes seldom; allocates nothing.
///
/// ```
/// use omega_slicer::{AlignOptions, CandleSeries, Columns, Decision, PriceType, SeriesOptions, Timeframe, align};
/// let series = |timeframe: Timeframe, count: i64| {
///     let column = || vec![1.0; usize::try_from(count).unwrap()].into();
///     let timestamp = (0..count).map(|row| row * timeframe.duration_us()).collect::<Vec<_>>().into();
///     let columns =
///         Columns { timestamp, open: column(), high: column(), low: column(), close: column(), volume: None };
///     CandleSeries::new(columns, SeriesOptions::new("EURUSD", timeframe, PriceType::Bid))
/// };
/// let (m5, h1) = (series(Timeframe::M5, 30)?, series(Timeframe::H1, 3)?);
/// let mut rows = [0; 30];
/// align(&m5, &h1, AlignOptions::default(), &mut rows)?;
/// assert_eq!([rows[11], rows[12], rows[23], rows[24]], [-1, 0, 0, 1]);
/// align(&m5, &h1, AlignOptions { decision: Decision::Close, ..Default::default() }, &mut rows)?;
/// assert_eq!([rows[10], rows[11], rows[22], rows[23]], [-1, 0, 0, 1]);
/// # Ok::<(), omega_slicer::Error>(())
/// ```
///
/// # Errors
/// [`Error::LengthMismatch`] unless `rows` is as long as `primary`; then nothing is written.
pub fn align(
    primary: &CandleSeries,
    higher: &CandleSeries,
    options: AlignOptions,
    rows: &mut [i64],
) -> Result<(), Error> {
    if rows.len() != primary.len() {
        return Err(Error::LengthMismatch { name: "rows", len: rows.len(), expected: primary.len() });
    }
    let delays = Delays {
        decision: match options.decision {
            Decision::Open => 0,
            Decision::Close => primary.timeframe().duration_us(),
        },
        close: match options.stamps {
            Stamps::Open => higher.timeframe().duration_us(),
            Stamps::Close => 0,
        },
    };
    let (bars, candles) = (primary.timestamp(), higher.timestamp());
    let limit = options.stale_limit.unwrap_or(usize::MAX);
    // Steps of a few rows are not worth looking ahead for.
    if bars.len() / CLOSE <= candles.len() && candles.len() / CLOSE <= bars.len() {
        bar_by_bar(bars, candles, delays, limit, rows);
        return Ok(());
    }
    stretches(bars, candles, delays, |bars, closed| {
        let stretch = &mut rows[bars];
        // Where nothing is hidden there is nothing to fill: filling nothing is slow on some machines.
        if limit < stretch.len() - 1 && closed > 0 {
            let (shown, hidden) = stretch.split_at_mut(limit + 1);
            shown.fill(row_of(closed));
            hidden.fill(-1);
        } else {
            stretch.fill(row_of(closed));
        }
    });
    Ok(())
}

/// How many times more rows one series must have for a pass from change to change to be the faster one.
const CLOSE: usize = 8;

/// The last of so many candles; -1 for none.
#[inline]
const fn row_of(closed: usize) -> i64 {
    closed.cast_signed() as i64 - 1
}

/// How long after its stamp a bar decides, and a candle closes.
#[derive(Clone, Copy)]
struct Delays {
    decision: i64,
    close: i64,
}

/// The pass for series that close about as often as the bars do.
fn bar_by_bar(primary: &[i64], higher: &[i64], delays: Delays, limit: usize, rows: &mut [i64]) {
    let close = |candle: usize| higher.get(candle).and_then(|stamp| stamp.checked_add(delays.close));
    let (mut closed, mut first, mut next) = (0, 0, close(0));
    for (bar, (&stamp, row)) in primary.iter().zip(rows).enumerate() {
        let decision = stamp.saturating_add(delays.decision);
        while next.is_some_and(|close| close <= decision) {
            closed += 1;
            (first, next) = (bar, close(closed));
        }
        *row = if bar - first > limit { -1 } else { row_of(closed) };
    }
}

/// Tells `found` each stretch of bars at whose decision times the same number of candles has closed.
#[inline]
fn stretches(primary: &[i64], higher: &[i64], delays: Delays, mut found: impl FnMut(Range<usize>, usize)) {
    let (mut bar, mut closed) = (0, 0);
    // How far the last steps went: the best guess of how far the next will go.
    let (mut bars, mut candles) = (1, 1);
    while let Some(stamp) = primary.get(bar) {
        // Moving the decision back, not each close on, keeps times at the ends of int64 from wrapping round.
        let latest = stamp.saturating_add(delays.decision).checked_sub(delays.close);
        let before = closed;
        closed = match latest.map(|latest| latest.checked_add(1)) {
            None => closed,
            Some(None) => higher.len(),
            Some(Some(after)) => first_from(higher, closed, candles, after),
        };
        candles = closed - before;
        let end = match higher.get(closed).and_then(|stamp| stamp.checked_add(delays.close)) {
            None => primary.len(),
            Some(close) => first_from(primary, bar + 1, bars - 1, close.saturating_sub(delays.decision)),
        };
        found(bar..end, closed);
        (bars, bar) = (end - bar, end);
    }
}

/// The first row from `from` on that is stamped at or after `t`, sought outwards from `guess` rows behind `from`:
/// O(log of how far off that is). In timestamps that are out of order, any row from `from` on.
#[inline]
pub(crate) fn first_from(timestamps: &[i64], from: usize, guess: usize, t: i64) -> usize {
    let rest = &timestamps[from..];
    let guess = guess.min(rest.len());
    let too_early = rest.get(guess).is_some_and(|&stamp| stamp < t);
    let late_enough = guess == 0 || rest[guess - 1] < t;
    if late_enough && !too_early {
        return from + guess;
    }
    from + if too_early { seek_forward(rest, guess + 1, t) } else { seek_back(rest, guess - 1, t) }
}

/// The first row stamped at or after `t`, no earlier than `low`.
#[inline(never)]
fn seek_forward(timestamps: &[i64], mut low: usize, t: i64) -> usize {
    let mut step = 1;
    while timestamps.get(low + step - 1).is_some_and(|&stamp| stamp < t) {
        low += step;
        step *= 2;
    }
    let high = timestamps.len().min(low + step - 1);
    low + timestamps[low..high].partition_point(|&stamp| stamp < t)
}

/// The first row stamped at or after `t`, no later than `high`.
#[inline(never)]
fn seek_back(timestamps: &[i64], mut high: usize, t: i64) -> usize {
    let mut step = 1;
    while step <= high && timestamps[high - step] >= t {
        high -= step;
        step *= 2;
    }
    // Either no row is left, or the one a step back is too early.
    let low = (high + 1).saturating_sub(step);
    low + timestamps[low..high].partition_point(|&stamp| stamp < t)
}
