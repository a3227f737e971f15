//! A candle series: six columns and an identity, checked once and never changed again.
//!
//! Clones share the columns by reference count; any number of threads may read. Questions in time
//! are the slicer's; this file only makes, describes and guards the data.

use std::sync::Arc;

use crate::candle::{Candle, Field, PriceType};
use crate::column::Column;
use crate::error::Error;
use crate::time_index::TimeIndex;
use crate::timeframe::Timeframe;

/// How much of a series is checked when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i32)]
pub enum Check {
    /// Lengths, order of the timestamps, finite values.
    #[default]
    Full = 0,
    /// Lengths and order of the timestamps.
    Order = 1,
    /// Lengths alone; the caller vouches for the rest.
    None = 2,
}

impl TryFrom<i32> for Check {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Full),
            1 => Ok(Self::Order),
            2 => Ok(Self::None),
            _ => Err(Error::InvalidArgument(format!("check {number} is none of 0 full, 1 order, 2 none"))),
        }
    }
}

/// What has become of the file a series was mapped from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum FileState {
    /// The series does not live in a mapped file.
    NotMapped = 0,
    /// The path leads to the same file, with the same size and time of modification.
    Unchanged = 1,
    /// The path leads to another file, or size or time of modification differ.
    Changed = 2,
    /// The path leads to no file that can be asked.
    Gone = 3,
}

/// Where a series' memory comes from, if that can change.
pub(crate) trait Origin: std::fmt::Debug + Send + Sync {
    /// How it is now.
    fn state(&self) -> FileState;
}

/// What a series is of, and how it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesOptions {
    /// The instrument, for people; may be empty.
    pub symbol: String,
    /// How long each candle lasts.
    pub timeframe: Timeframe,
    /// The side of the market.
    pub price_type: PriceType,
    /// How much is checked.
    pub check: Check,
    /// Whether prices may be missing (NaN); infinities never may.
    pub allow_missing: bool,
}

impl SeriesOptions {
    /// Options with the full check and no missing prices.
    #[must_use]
    pub fn new(symbol: impl Into<String>, timeframe: Timeframe, price_type: PriceType) -> Self {
        Self { symbol: symbol.into(), timeframe, price_type, check: Check::Full, allow_missing: false }
    }
}

/// The columns of a series, all of one length.
#[derive(Debug, Clone)]
pub struct Columns {
    /// Open times, microseconds since 1970-01-01 UTC, strictly increasing.
    pub timestamp: Column<i64>,
    /// First prices.
    pub open: Column<f64>,
    /// Highest prices.
    pub high: Column<f64>,
    /// Lowest prices.
    pub low: Column<f64>,
    /// Last prices.
    pub close: Column<f64>,
    /// Volumes, NaN where missing; none when all are missing.
    pub volume: Option<Column<f64>>,
}

impl Columns {
    /// The column of `field`; none for an absent volume.
    #[must_use]
    #[inline]
    pub fn field(&self, field: Field) -> Option<&[f64]> {
        match field {
            Field::Open => Some(&self.open),
            Field::High => Some(&self.high),
            Field::Low => Some(&self.low),
            Field::Close => Some(&self.close),
            Field::Volume => self.volume.as_deref(),
        }
    }
}

/// One symbol, timeframe and price type: an immutable series of candles.
///
/// ```
/// use omega_slicer::{CandleSeries, Columns, PriceType, SeriesOptions, Timeframe};
/// let columns = Columns {
///     timestamp: vec![0, 60_000_000].into(),
///     open: vec![1.0, 1.1].into(),
///     high: vec![1.2, 1.3].into(),
///     low: vec![0.9, 1.0].into(),
///     close: vec![1.1, 1.2].into(),
///     volume: None,
/// };
/// let series = CandleSeries::new(columns, SeriesOptions::new("EURUSD", Timeframe::M1, PriceType::Bid))?;
/// assert_eq!(series.len(), 2);
/// assert_eq!(series.candle(1)?.close, 1.2);
/// # Ok::<(), omega_slicer::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CandleSeries {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    columns: Columns,
    symbol: String,
    timeframe: Timeframe,
    price_type: PriceType,
    index: TimeIndex,
    origin: Option<Arc<dyn Origin>>,
}

impl CandleSeries {
    /// A series over `columns`, checked as `options` says. O(n); copies nothing.
    ///
    /// # Errors
    /// [`Error::SizeMismatch`] on unequal lengths, [`Error::NotIncreasing`] and [`Error::NotFinite`]
    /// with the first offending row.
    pub fn new(columns: Columns, options: SeriesOptions) -> Result<Self, Error> {
        check_lengths(&columns)?;
        if options.check != Check::None {
            check_order(&columns.timestamp)?;
        }
        if options.check == Check::Full {
            check_finite(&columns, options.allow_missing)?;
        }
        let SeriesOptions { symbol, timeframe, price_type, .. } = options;
        let index = TimeIndex::default();
        Ok(Self { inner: Arc::new(Inner { columns, symbol, timeframe, price_type, index, origin: None }) })
    }

    /// The same series, which knows where its memory comes from. Clones made before keep what they know.
    #[cfg(feature = "arrow")]
    #[must_use]
    pub(crate) fn with_origin(self, origin: Arc<dyn Origin>) -> Self {
        let Inner { columns, symbol, timeframe, price_type, .. } = &*self.inner;
        Self {
            inner: Arc::new(Inner {
                columns: columns.clone(),
                symbol: symbol.clone(),
                timeframe: *timeframe,
                price_type: *price_type,
                index: TimeIndex::default(),
                origin: Some(origin),
            }),
        }
    }

    /// What has become of the file this series was mapped from: one look at its path, which reads no data. The
    /// series itself never changes by this; what was read from a file that has changed may be anything.
    #[must_use]
    pub fn refresh(&self) -> FileState {
        self.inner.origin.as_ref().map_or(FileState::NotMapped, |origin| origin.state())
    }

    /// Rows in the series.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.timestamp().len()
    }

    /// Whether the series has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The instrument.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.inner.symbol
    }

    /// How long each candle lasts.
    #[must_use]
    #[inline]
    pub fn timeframe(&self) -> Timeframe {
        self.inner.timeframe
    }

    /// The side of the market.
    #[must_use]
    pub fn price_type(&self) -> PriceType {
        self.inner.price_type
    }

    /// The columns, shared.
    #[must_use]
    #[inline]
    pub fn columns(&self) -> &Columns {
        &self.inner.columns
    }

    /// Open times, microseconds since 1970-01-01 UTC.
    #[must_use]
    #[inline]
    pub fn timestamp(&self) -> &[i64] {
        &self.inner.columns.timestamp
    }

    /// First prices.
    #[must_use]
    pub fn open(&self) -> &[f64] {
        &self.inner.columns.open
    }

    /// Highest prices.
    #[must_use]
    pub fn high(&self) -> &[f64] {
        &self.inner.columns.high
    }

    /// Lowest prices.
    #[must_use]
    pub fn low(&self) -> &[f64] {
        &self.inner.columns.low
    }

    /// Last prices.
    #[must_use]
    pub fn close(&self) -> &[f64] {
        &self.inner.columns.close
    }

    /// Volumes, NaN where missing; none when all are missing.
    #[must_use]
    pub fn volume(&self) -> Option<&[f64]> {
        self.inner.columns.volume.as_deref()
    }

    /// The candle in `row`.
    ///
    /// # Errors
    /// [`Error::RowOutOfBounds`] past the end.
    #[inline]
    pub fn candle(&self, row: usize) -> Result<Candle, Error> {
        let Columns { timestamp, open, high, low, close, volume } = self.columns();
        let &timestamp = timestamp.get(row).ok_or(Error::RowOutOfBounds { row, len: timestamp.len() })?;
        Ok(Candle {
            timestamp,
            open: open[row],
            high: high[row],
            low: low[row],
            close: close[row],
            volume: volume.as_deref().map_or(f64::NAN, |volume| volume[row]),
        })
    }

    /// The index over this series' timestamps.
    #[inline]
    pub(crate) fn index(&self) -> &TimeIndex {
        &self.inner.index
    }
}

fn check_lengths(columns: &Columns) -> Result<(), Error> {
    let expected = columns.timestamp.len();
    for field in Field::ALL {
        let Some(values) = columns.field(field) else { continue };
        if values.len() != expected {
            return Err(Error::SizeMismatch { column: field.name(), len: values.len(), expected });
        }
    }
    Ok(())
}

#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch per row")]
fn check_order(timestamps: &[i64]) -> Result<(), Error> {
    // A chunk at a time without an early exit inside it, so that the compiler compares in vectors.
    const CHUNK: usize = 4096;
    let later = timestamps.get(1..).unwrap_or_default();
    for (chunk, (before, after)) in timestamps.chunks(CHUNK).zip(later.chunks(CHUNK)).enumerate() {
        let fine = before.iter().zip(after).fold(true, |fine, (a, b)| fine & (a < b));
        if fine {
            continue;
        }
        if let Some(at) = before.iter().zip(after).position(|(a, b)| a >= b) {
            let row = chunk * CHUNK + at + 1;
            return Err(Error::NotIncreasing { row, timestamp: timestamps[row], previous: timestamps[row - 1] });
        }
    }
    Ok(())
}

fn check_finite(columns: &Columns, allow_missing: bool) -> Result<(), Error> {
    let offends = |value: f64, may_be_missing: bool| {
        if may_be_missing { value.is_infinite() } else { !value.is_finite() }
    };
    // The first offending row over all columns, and within it the first column.
    let mut first: Option<(usize, Field)> = None;
    for field in Field::ALL {
        let Some(values) = columns.field(field) else { continue };
        let may_be_missing = allow_missing || field == Field::Volume;
        let values = &values[..first.map_or(values.len(), |(row, _)| row)];
        let fine = values.iter().fold(true, |fine, &value| fine & !offends(value, may_be_missing));
        if fine {
            continue;
        }
        if let Some(row) = values.iter().position(|&value| offends(value, may_be_missing)) {
            first = Some((row, field));
        }
    }
    match first {
        None => Ok(()),
        Some((row, field)) => {
            let value = columns.field(field).map_or(f64::NAN, |values| values[row]);
            Err(Error::NotFinite { row, column: field.name(), value })
        }
    }
}
