//! Longer candles out of shorter ones: first, highest, lowest, last, and the exact sum of the volumes.
//!
//! Buckets lie on a fixed grid, so a candle's bucket depends on its stamp alone. A candle that closes after its
//! bucket is refused: the longer candle would be complete before everything in it is known.

use crate::align::first_from;
use crate::candle::PriceType;
use crate::error::{Error, with_room};
use crate::kernels::total;
use crate::series::{CandleSeries, Check, Columns, SeriesOptions};
use crate::timeframe::Timeframe;

/// From 1970-01-01, a Thursday, to the Monday after it.
const FIRST_MONDAY: i64 = 4 * Timeframe::D1.duration_us();

/// Where the buckets lie, and what becomes of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ResampleOptions {
    /// Microseconds by which the buckets are shifted, of any size and sign. Without a shift they are counted from
    /// 1970-01-01T00:00Z, those of W1 from Monday 1970-01-05T00:00Z.
    pub origin: i64,
    /// Keep a last bucket that closes after the last candle.
    pub keep_partial: bool,
}

/// The candles of `series` gathered into candles of `timeframe`, stamped at the start of their buckets.
///
/// Per bucket, of what is not missing (NaN): the first open, the highest high, the lowest low, the last close, and
/// the exact sum of the volumes, rounded once; NaN where all is missing. Of equal values (signed zeros) the newest.
/// Buckets without a candle make no row. A last bucket that closes after the last candle is left out unless
/// `keep_partial`; a first bucket that starts before the data is kept. Nothing marks a partial candle that was kept:
/// to another `resample`, to `align` and to a walk it is one like all others, complete when its bucket closes. The
/// result owns its columns and meets every invariant of a series, but that prices may be missing. O(rows).
///
/// ```
/// use omega_slicer::{CandleSeries, Columns, PriceType, ResampleOptions, SeriesOptions, Timeframe, resample};
/// let minutes = |values: [f64; 7]| values.to_vec().into();
/// let columns = Columns {
///     timestamp: (0..7).map(|row| row * 60_000_000).collect::<Vec<_>>().into(),
///     open: minutes([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]),
///     high: minutes([1.1, 1.2, 1.9, 1.4, 1.5, 1.6, 1.7]),
///     low: minutes([0.9, 1.0, 1.1, 0.5, 1.3, 1.4, 1.5]),
///     close: minutes([1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]),
///     volume: Some(minutes([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])),
/// };
/// let m1 = CandleSeries::new(columns, SeriesOptions::new("EURUSD", Timeframe::M1, PriceType::Bid))?;
/// let m5 = resample(&m1, Timeframe::M5, ResampleOptions::default())?;
/// let candle = m5.candle(0)?;
/// assert_eq!((candle.open, candle.high, candle.low, candle.close, candle.volume), (1.0, 1.9, 0.5, 1.5, 1.5));
/// assert_eq!(m5.len(), 1); // minutes 5 and 6 do not make five
/// # Ok::<(), omega_slicer::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidArgument`] unless `timeframe` is a whole multiple of the series' own, or where int64 cannot hold
/// the start of the first bucket; [`Error::OffGrid`] for the first candle that closes after its bucket;
/// [`Error::NotFinite`] naming the row of the result, where the volumes of a bucket overflow or an unchecked series
/// held an infinity; [`Error::OutOfMemory`].
pub fn resample(series: &CandleSeries, timeframe: Timeframe, options: ResampleOptions) -> Result<CandleSeries, Error> {
    let (from, to) = (series.timeframe(), timeframe);
    let (source, target) = (from.duration_us(), to.duration_us());
    if target % source != 0 {
        return Err(Error::InvalidArgument(format!(
            "{to} ({target} us) is no whole multiple of {from} ({source} us), the series' own"
        )));
    }
    let grid = Grid::new(timeframe, options.origin);
    let stamps = series.timestamp();
    let mut longer = Longer::with_room(series, most_buckets(stamps, target))?;
    let expected = usize::try_from(target / source).unwrap_or(usize::MAX);
    let (mut row, mut previous_close) = (0, None);
    while let Some(&stamp) = stamps.get(row) {
        let start = match previous_close {
            // The next bucket follows without a gap, nearly always; a division costs as much as a few rows.
            Some(close) if (0..target).contains(&stamp.wrapping_sub(close)) => close,
            _ => grid.start(stamp).ok_or_else(|| too_early(row, stamp))?,
        };
        let close = start.checked_add(target);
        let end = close.map_or(stamps.len(), |close| first_from(stamps, row + 1, expected - 1, close));
        // From the close of the bucket's last candle to that of the bucket; out of order if unchecked, never out of range.
        let missing = (target - source).wrapping_sub(stamps[end - 1].wrapping_sub(start));
        if missing < 0 {
            return Err(off_grid(&stamps[..end], row, start, source, target));
        }
        if missing > 0 && end == stamps.len() && !options.keep_partial {
            break;
        }
        longer.push(start, row..end);
        (row, previous_close) = (end, close);
    }
    longer.into_series(series.symbol(), timeframe, series.price_type())
}

/// Where buckets start: `phase + k * duration`.
struct Grid {
    phase: i64,
    duration: i64,
}

impl Grid {
    fn new(timeframe: Timeframe, origin: i64) -> Self {
        let duration = timeframe.duration_us();
        let anchor = if timeframe == Timeframe::W1 { FIRST_MONDAY } else { 0 };
        // Both lie below the duration, or their sum might not fit.
        let (origin, anchor) = (origin.rem_euclid(duration), anchor);
        let phase = if origin >= duration - anchor { origin - (duration - anchor) } else { origin + anchor };
        Self { phase, duration }
    }

    /// The start of the bucket of a stamp; none if it lies before the first time there is.
    fn start(&self, stamp: i64) -> Option<i64> {
        let into = stamp.rem_euclid(self.duration) - self.phase;
        let into = if into < 0 { into + self.duration } else { into };
        stamp.checked_sub(into)
    }
}

/// A bound for the number of buckets: one per row, and one per duration.
fn most_buckets(stamps: &[i64], duration: i64) -> usize {
    let (Some(first), Some(last)) = (stamps.first(), stamps.last()) else { return 0 };
    let span = last.wrapping_sub(*first).cast_unsigned() / duration.cast_unsigned();
    usize::try_from(span).map_or(stamps.len(), |span| span.saturating_add(2).min(stamps.len()))
}

#[cold]
fn too_early(row: usize, stamp: i64) -> Error {
    Error::InvalidArgument(format!("row {row}: the bucket of timestamp {stamp} starts before 64-bit microseconds do"))
}

#[cold]
fn off_grid(stamps: &[i64], row: usize, start: i64, source: i64, target: i64) -> Error {
    let late = |stamp: &i64| stamp.wrapping_sub(start) > target - source;
    let row = row + stamps[row..].iter().position(late).unwrap_or(0);
    let (timestamp, after) = (stamps[row], |time: i64, us: i64| i128::from(time) + i128::from(us));
    Error::OffGrid { row, timestamp, close: after(timestamp, source), bucket_close: after(start, target) }
}

/// The longer candles so far.
struct Longer<'a> {
    from: &'a Columns,
    timestamp: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Option<Vec<f64>>,
}

impl<'a> Longer<'a> {
    fn with_room(series: &'a CandleSeries, rows: usize) -> Result<Self, Error> {
        let column = || with_room(rows, "a column");
        Ok(Self {
            from: series.columns(),
            timestamp: with_room(rows, "a column")?,
            open: column()?,
            high: column()?,
            low: column()?,
            close: column()?,
            volume: if series.volume().is_some() { Some(column()?) } else { None },
        })
    }

    #[inline]
    fn push(&mut self, start: i64, rows: std::ops::Range<usize>) {
        let Columns { open, high, low, close, volume, .. } = self.from;
        let known = |value: &&f64| !value.is_nan();
        self.timestamp.push(start);
        self.open.push(open[rows.clone()].iter().find(known).copied().unwrap_or(f64::NAN));
        self.high.push(extreme(&high[rows.clone()], f64::NEG_INFINITY, |a, b| a > b));
        self.low.push(extreme(&low[rows.clone()], f64::INFINITY, |a, b| a < b));
        self.close.push(close[rows.clone()].iter().rfind(known).copied().unwrap_or(f64::NAN));
        if let (Some(sums), Some(volume)) = (&mut self.volume, volume) {
            sums.push(total(&volume[rows]));
        }
    }

    fn into_series(self, symbol: &str, timeframe: Timeframe, price_type: PriceType) -> Result<CandleSeries, Error> {
        let Self { mut timestamp, open, high, low, close, volume, .. } = self;
        let column = |mut values: Vec<f64>| {
            values.shrink_to_fit();
            values.into()
        };
        timestamp.shrink_to_fit();
        let columns = Columns {
            timestamp: timestamp.into(),
            open: column(open),
            high: column(high),
            low: column(low),
            close: column(close),
            volume: volume.map(column),
        };
        let symbol = symbol.to_owned();
        CandleSeries::new(
            columns,
            SeriesOptions { symbol, timeframe, price_type, check: Check::Full, allow_missing: true },
        )
    }
}

/// The value that beats all others, of equal ones the newest; NaNs are missing, and all of them give one. `worst`
/// beats nothing.
#[inline]
#[expect(clippy::float_cmp, reason = "signed zeros and the start value are looked for as such")]
fn extreme(values: &[f64], worst: f64, beats: impl Fn(f64, f64) -> bool + Copy) -> f64 {
    const LANES: usize = 8;
    // In lanes, in whatever order: only zeros are equal and yet differ.
    let better = |a: f64, b: f64| if beats(a, b) { a } else { b };
    let mut lanes = [worst; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = better(value, *lane);
        }
    }
    let best = chunks.remainder().iter().chain(&lanes).fold(worst, |best, &value| better(value, best));
    if best == 0.0 || best == worst {
        let newest = values.iter().rfind(|&&value| value == best);
        return newest.copied().unwrap_or(f64::NAN);
    }
    best
}
