//! Time-addressed questions on one series: which rows, which candle, the last n rows.
//!
//! Every question addresses candles by **stamp**, their open time: a candle stamped `now` is still
//! forming at `now`. `closed_only` admits only candles whose close time is `<= now`. Answers are row
//! ranges over the series' own columns; nothing here copies a column or allocates for a single question.

use ndarray::Array2;

use crate::candle::{Candle, Field};
use crate::error::{Error, with_room};
use crate::series::CandleSeries;
use crate::time_index::Search;

/// Consecutive rows of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowRange {
    /// First row.
    pub start: usize,
    /// Number of rows.
    pub len: usize,
}

impl RowRange {
    /// The rows as a range.
    #[must_use]
    #[inline]
    pub const fn rows(self) -> std::ops::Range<usize> {
        self.start..self.start + self.len
    }
}

/// A row range of a series seen as columns. Never a copy.
#[derive(Debug, Clone, Copy)]
pub struct Candles<'a> {
    series: &'a CandleSeries,
    range: RowRange,
}

impl<'a> Candles<'a> {
    #[inline]
    pub(crate) const fn new(series: &'a CandleSeries, range: RowRange) -> Self {
        Self { series, range }
    }

    /// The series they are rows of.
    #[must_use]
    #[inline]
    pub const fn series(self) -> &'a CandleSeries {
        self.series
    }

    /// The rows in the series.
    #[must_use]
    #[inline]
    pub const fn range(self) -> RowRange {
        self.range
    }

    /// Number of candles.
    #[must_use]
    #[inline]
    pub const fn len(self) -> usize {
        self.range.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.range.len == 0
    }

    /// Open times, microseconds since 1970-01-01 UTC.
    #[must_use]
    #[inline]
    pub fn timestamp(self) -> &'a [i64] {
        &self.series.timestamp()[self.range.rows()]
    }

    /// First prices.
    #[must_use]
    #[inline]
    pub fn open(self) -> &'a [f64] {
        &self.series.open()[self.range.rows()]
    }

    /// Highest prices.
    #[must_use]
    #[inline]
    pub fn high(self) -> &'a [f64] {
        &self.series.high()[self.range.rows()]
    }

    /// Lowest prices.
    #[must_use]
    #[inline]
    pub fn low(self) -> &'a [f64] {
        &self.series.low()[self.range.rows()]
    }

    /// Last prices.
    #[must_use]
    #[inline]
    pub fn close(self) -> &'a [f64] {
        &self.series.close()[self.range.rows()]
    }

    /// Volumes; none when the series has none.
    #[must_use]
    #[inline]
    pub fn volume(self) -> Option<&'a [f64]> {
        self.series.volume().map(|volume| &volume[self.range.rows()])
    }

    /// The candles one by one, oldest first.
    #[must_use]
    pub fn iter(self) -> impl ExactSizeIterator<Item = Candle> + 'a {
        let (timestamp, volume) = (self.timestamp(), self.volume());
        let (open, high, low, close) = (self.open(), self.high(), self.low(), self.close());
        (0..self.len()).map(move |i| Candle {
            timestamp: timestamp[i],
            open: open[i],
            high: high[i],
            low: low[i],
            close: close[i],
            volume: volume.map_or(f64::NAN, |volume| volume[i]),
        })
    }
}

/// Which rows a lookback admits. The default includes the row stamped `now` and wants all `n` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookbackOptions {
    /// Admit a row stamped exactly `now`.
    pub include_current: bool,
    /// Admit only candles whose close time is `<= now`.
    pub closed_only: bool,
    /// Give the rows there are when fewer than `n` exist.
    pub partial: bool,
}

impl Default for LookbackOptions {
    fn default() -> Self {
        Self { include_current: true, closed_only: false, partial: false }
    }
}

/// Time-addressed questions on one [`CandleSeries`].
///
/// ```
/// use omega_slicer::{CandleSeries, Columns, LookbackOptions, PriceType, SeriesOptions, SymbolDataSlicer, Timeframe};
/// let columns = Columns {
///     timestamp: vec![0, 60_000_000, 120_000_000].into(),
///     open: vec![1.0, 1.1, 1.2].into(),
///     high: vec![1.2, 1.3, 1.4].into(),
///     low: vec![0.9, 1.0, 1.1].into(),
///     close: vec![1.1, 1.2, 1.3].into(),
///     volume: None,
/// };
/// let series = CandleSeries::new(columns, SeriesOptions::new("EURUSD", Timeframe::M1, PriceType::Bid))?;
/// let slicer = SymbolDataSlicer::new(series);
/// let now = 120_000_000;
/// assert_eq!(slicer.get_lookback(now, 2, LookbackOptions::default())?.close(), [1.2, 1.3]);
/// // The candle stamped `now` is still forming; closed candles alone:
/// let closed = LookbackOptions { closed_only: true, ..Default::default() };
/// assert_eq!(slicer.get_lookback(now, 2, closed)?.close(), [1.1, 1.2]);
/// assert!(slicer.get_candle_at(90_000_000).is_none());
/// # Ok::<(), omega_slicer::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SymbolDataSlicer {
    series: CandleSeries,
}

impl SymbolDataSlicer {
    /// A slicer on `series`, which it shares. O(1).
    #[must_use]
    pub const fn new(series: CandleSeries) -> Self {
        Self { series }
    }

    /// The series that is asked.
    #[must_use]
    #[inline]
    pub const fn series(&self) -> &CandleSeries {
        &self.series
    }

    /// Rows with `start <= t <= end`, or `start <= t < end` without the current one. Addresses candles
    /// by stamp: one stamped `end` is still forming at `end`. O(1) on even spacing, O(log n) at worst.
    ///
    /// A range partly outside the data is clipped; one that falls into a gap is empty.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `start > end`; [`Error::RangeOutOfBounds`] if all rows are later,
    /// all are earlier, or there are none.
    #[inline]
    pub fn get_slice(&self, start: i64, end: i64, include_current: bool) -> Result<Candles<'_>, Error> {
        if start > end {
            return Err(Error::InvalidArgument(format!("start {start} is after end {end}")));
        }
        let timestamps = self.series.timestamp();
        let index = self.series.index();
        let first = index.rows_before(timestamps, start);
        let through =
            if include_current { index.rows_through(timestamps, end) } else { index.rows_before(timestamps, end) };
        if first == timestamps.len() || through == 0 {
            return Err(Error::RangeOutOfBounds {
                start,
                end,
                include_current,
                first: timestamps.first().copied(),
                last: timestamps.last().copied(),
            });
        }
        // Exclusive bounds that coincide leave nothing, never a negative length.
        Ok(self.candles(RowRange { start: first, len: through.saturating_sub(first) }))
    }

    /// The row stamped exactly `t`; that candle is still forming at `t`.
    #[must_use]
    #[inline]
    pub fn get_row_at(&self, t: i64) -> Option<usize> {
        self.series.index().exact(self.series.timestamp(), t)
    }

    /// The candle stamped exactly `t`; that candle is still forming at `t`. None is an answer, not an error.
    #[must_use]
    #[inline]
    pub fn get_candle_at(&self, t: i64) -> Option<Candle> {
        self.get_row_at(t).and_then(|row| self.series.candle(row).ok())
    }

    /// The latest row stamped at or before `t`; with `closed_only`, closed at or before `t`.
    #[must_use]
    #[inline]
    pub fn get_row_asof(&self, t: i64, closed_only: bool) -> Option<usize> {
        self.admitted(LookbackOptions { closed_only, ..Default::default() }).rows(t).checked_sub(1)
    }

    /// The latest candle stamped at or before `t`, which may still be forming; with `closed_only`, the
    /// latest whose close time is `<= t`.
    #[must_use]
    #[inline]
    pub fn get_candle_asof(&self, t: i64, closed_only: bool) -> Option<Candle> {
        self.get_row_asof(t, closed_only).and_then(|row| self.series.candle(row).ok())
    }

    /// The last `n` rows stamped at or before `now`, oldest first; a candle stamped `now` is still
    /// forming, see [`LookbackOptions`]. O(1) on even spacing, O(log n) at worst; allocates nothing.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `n` is 0; [`Error::InsufficientData`] if fewer rows exist, unless
    /// `partial`.
    #[inline]
    pub fn get_lookback(&self, now: i64, n: usize, options: LookbackOptions) -> Result<Candles<'_>, Error> {
        let available = self.admitted(options).rows(now);
        if n == 0 || available < n && !options.partial {
            return Err(refused_lookback(now, n, available));
        }
        Ok(self.candles(last_rows(available, n)))
    }

    /// [`Self::get_lookback`] for each of `times`, in any order, as row ranges.
    ///
    /// All times are checked before the first range is given.
    ///
    /// # Errors
    /// As [`Self::get_lookback`], naming the first failing element.
    pub fn get_lookbacks<'a>(
        &'a self,
        times: &'a [i64],
        n: usize,
        options: LookbackOptions,
    ) -> Result<impl ExactSizeIterator<Item = RowRange> + 'a, Error> {
        if n == 0 {
            return Err(no_rows_asked_for());
        }
        let admitted = self.admitted(options);
        if !options.partial {
            admitted.demand(times, n)?;
        }
        Ok(times.iter().map(move |&now| last_rows(admitted.rows(now), n)))
    }

    /// [`Self::get_row_at`] for each of `times`, in any order.
    #[must_use]
    pub fn get_rows_at<'a>(&'a self, times: &'a [i64]) -> impl ExactSizeIterator<Item = Option<usize>> + 'a {
        let timestamps = self.series.timestamp();
        let admitted = self.admitted(LookbackOptions::default());
        times.iter().map(move |&t| admitted.rows(t).checked_sub(1).filter(|&row| timestamps[row] == t))
    }

    /// [`Self::get_row_asof`] for each of `times`, in any order.
    #[must_use]
    pub fn get_rows_asof<'a>(
        &'a self,
        times: &'a [i64],
        closed_only: bool,
    ) -> impl ExactSizeIterator<Item = Option<usize>> + 'a {
        let admitted = self.admitted(LookbackOptions { closed_only, ..Default::default() });
        times.iter().map(move |&t| admitted.rows(t).checked_sub(1))
    }

    /// One field over the lookback of each of `times`: a matrix (times x n), oldest first.
    ///
    /// With `partial`, missing history is NaN on the left. O(times x n).
    ///
    /// # Errors
    /// As [`Self::get_lookbacks`]; [`Error::InvalidArgument`] if the matrix is too large to address.
    pub fn gather_lookback(
        &self,
        field: Field,
        times: &[i64],
        n: usize,
        options: LookbackOptions,
    ) -> Result<Array2<f64>, Error> {
        let ranges = self.get_lookbacks(times, n, options)?;
        let too_large = || Error::InvalidArgument(format!("a matrix of {} times and n {n} is too large", times.len()));
        let cells = times.len().checked_mul(n).filter(|c| *c <= isize::MAX as usize / 8).ok_or_else(too_large)?;
        let mut values = with_room(cells, "a matrix")?;
        for range in ranges {
            let known = self.field_rows(field, range);
            values.resize(values.len() + n - known.len(), f64::NAN);
            values.extend_from_slice(known);
        }
        Array2::from_shape_vec((times.len(), n), values).map_err(|_| too_large())
    }

    /// The values of `field` in `range`; empty for an absent volume, whose values are all missing.
    pub(crate) fn field_rows(&self, field: Field, range: RowRange) -> &[f64] {
        self.series.columns().field(field).map_or(&[], |values| &values[range.rows()])
    }

    /// What questions with these options may see.
    #[inline]
    fn admitted(&self, options: LookbackOptions) -> Admitted<'_> {
        let duration = self.series.timeframe().duration_us();
        Admitted {
            search: self.series.index().search(self.series.timestamp()),
            // A closed candle is never the current one: its stamp lies a whole timeframe back.
            delay: if options.closed_only { duration } else { i64::from(!options.include_current) },
        }
    }

    #[inline]
    const fn candles(&self, range: RowRange) -> Candles<'_> {
        Candles::new(&self.series, range)
    }
}

/// The rows that may be seen at a time: those stamped at least `delay` before it. Moving the time instead
/// of each close time keeps times at the ends of int64 from wrapping round.
#[derive(Clone, Copy)]
struct Admitted<'a> {
    search: Search<'a>,
    delay: i64,
}

impl Admitted<'_> {
    /// How many rows may be seen at `now`.
    #[expect(clippy::inline_always, reason = "half of every question: a call would cost a third of it")]
    #[inline(always)]
    fn rows(self, now: i64) -> usize {
        match now.checked_sub(self.delay) {
            Some(latest) => self.search.rows_through(latest),
            None => 0,
        }
    }

    /// Refuses the first of `times` that has fewer than `n` rows.
    #[inline(never)]
    fn demand(self, times: &[i64], n: usize) -> Result<(), Error> {
        // History only grows with time: if the earliest time has enough, all have.
        let Some(earliest) = times.iter().copied().min() else { return Ok(()) };
        if self.rows(earliest) >= n {
            return Ok(());
        }
        let short = |(element, &now): (usize, &i64)| {
            let available = self.rows(now);
            (available < n).then_some(Error::InsufficientData { requested: n, available, now, element: Some(element) })
        };
        times.iter().enumerate().find_map(short).map_or(Ok(()), Err)
    }
}

#[inline]
const fn last_rows(available: usize, n: usize) -> RowRange {
    let len = if available < n { available } else { n };
    RowRange { start: available - len, len }
}

#[cold]
#[inline(never)]
fn refused_lookback(now: i64, n: usize, available: usize) -> Error {
    match n {
        0 => no_rows_asked_for(),
        requested => Error::InsufficientData { requested, available, now, element: None },
    }
}

#[cold]
fn no_rows_asked_for() -> Error {
    Error::InvalidArgument("n must be at least 1, got 0".to_owned())
}
