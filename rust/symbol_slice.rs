//! Questions by index on one symbol's series in several timeframes: the walk that a backtest does.
//!
//! The index counts bars of one series, the clock; the decision time is that bar's close. Every other series answers
//! with what has closed by then, as [`align`](crate::align()) at a close does. The answer depends on the index alone,
//! never on the path that led to it; nothing is copied, and nothing held per bar.

use std::collections::BTreeMap;
use std::ops::{Bound, Range, RangeBounds};

use ndarray::Array2;

use crate::candle::{Candle, Field, PriceType};
use crate::error::{Error, with_room};
use crate::series::CandleSeries;
use crate::slicer::{Candles, RowRange};
use crate::timeframe::Timeframe;

/// One symbol's bid and ask series in several timeframes, seen from one bar after the other.
///
/// ```
/// use omega_slicer::{
///     CandleSeries, Columns, PriceType, ResampleOptions, SeriesOptions, SymbolDataSlice, Timeframe, resample,
/// };
/// let column = || (0..130).map(f64::from).collect::<Vec<_>>().into();
/// let columns = Columns {
///     timestamp: (0..130).map(|minute| minute * 60_000_000).collect::<Vec<_>>().into(),
///     open: column(), high: column(), low: column(), close: column(), volume: None,
/// };
/// let m1 = CandleSeries::new(columns, SeriesOptions::new("EURUSD", Timeframe::M1, PriceType::Bid))?;
/// let h1 = resample(&m1, Timeframe::H1, ResampleOptions::default())?;
/// let slice = SymbolDataSlice::new([m1, h1], None)?;
/// let bar = slice.at(58);
/// assert_eq!(bar.latest(Timeframe::M1, PriceType::Bid).unwrap().close, 58.0);
/// assert!(bar.latest(Timeframe::H1, PriceType::Bid).is_none()); // the hour closes with minute 59
/// let hours = slice.walk(..).filter(|bar| bar.latest(Timeframe::H1, PriceType::Bid).is_some()).count();
/// assert_eq!(hours, 130 - 59);
/// # Ok::<(), omega_slicer::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SymbolDataSlice {
    series: Vec<CandleSeries>,
    /// Which of them the index counts.
    clock: usize,
    index: usize,
    /// Whatever belongs to the walk; nothing here reads it.
    pub indicators: BTreeMap<String, Vec<f64>>,
}

impl SymbolDataSlice {
    /// A slice over one symbol's series, at bar 0. It shares them. `primary` is the timeframe whose bars are counted,
    /// the shortest if none: its bid series, or its ask where there is no bid.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] without a series; [`Error::InvalidArgument`] on two symbols, on a timeframe and price
    /// type given twice, or on a `primary` that was not given.
    pub fn new(series: impl IntoIterator<Item = CandleSeries>, primary: Option<Timeframe>) -> Result<Self, Error> {
        let series: Vec<_> = series.into_iter().collect();
        let shortest = series.iter().map(CandleSeries::timeframe).min();
        let (Some(first), Some(shortest)) = (series.first(), shortest) else {
            return Err(Error::EmptyInput("a slice needs at least one series".to_owned()));
        };
        if let Some(other) = series.iter().find(|one| one.symbol() != first.symbol()) {
            let (one, other) = (first.symbol(), other.symbol());
            return Err(Error::InvalidArgument(format!("a slice is of one symbol, got {one:?} and {other:?}")));
        }
        for (at, one) in series.iter().enumerate() {
            let (timeframe, side) = (one.timeframe(), one.price_type());
            if series[..at].iter().any(|other| (other.timeframe(), other.price_type()) == (timeframe, side)) {
                return Err(Error::InvalidArgument(format!("{timeframe} {} was given twice", side.name())));
            }
        }
        let primary = primary.unwrap_or(shortest);
        let position = |side| series.iter().position(|one| (one.timeframe(), one.price_type()) == (primary, side));
        let clock = position(PriceType::Bid).or_else(|| position(PriceType::Ask)).ok_or_else(|| {
            Error::InvalidArgument(format!("primary {primary} is the timeframe of none of the series"))
        })?;
        Ok(Self { series, clock, index: 0, indicators: BTreeMap::new() })
    }

    /// The series whose bars are counted.
    #[must_use]
    #[inline]
    pub fn clock(&self) -> &CandleSeries {
        &self.series[self.clock]
    }

    /// How many bars there are.
    #[must_use]
    #[inline]
    pub fn bars(&self) -> usize {
        self.clock().len()
    }

    /// The timeframe whose bars are counted.
    #[must_use]
    pub fn primary(&self) -> Timeframe {
        self.clock().timeframe()
    }

    /// The timeframes given, shortest first.
    #[must_use]
    pub fn timeframes(&self) -> Vec<Timeframe> {
        let mut timeframes: Vec<_> = self.series.iter().map(CandleSeries::timeframe).collect();
        timeframes.sort_unstable();
        timeframes.dedup();
        timeframes
    }

    /// The current bar.
    #[must_use]
    #[inline]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Moves to a bar: any, past the end too.
    #[inline]
    pub const fn set_index(&mut self, index: usize) {
        self.index = index;
    }

    /// When the current bar decides: at its close; int64's largest value if that cannot be held.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] past the end.
    pub fn decision_time(&self) -> Result<i64, Error> {
        self.at(self.index).decision_time()
    }

    /// [`Bar::latest`] at the current bar.
    #[must_use]
    #[inline]
    pub fn latest(&self, timeframe: Timeframe, price_type: PriceType) -> Option<Candle> {
        self.at(self.index).latest(timeframe, price_type)
    }

    /// [`Bar::history`] at the current bar.
    #[must_use]
    #[inline]
    pub fn history(&self, timeframe: Timeframe, price_type: PriceType, length: usize) -> Candles<'_> {
        self.at(self.index).history(timeframe, price_type, length)
    }

    /// The series itself; none if it was not given. It holds the future.
    #[must_use]
    #[inline]
    pub fn series_ref(&self, timeframe: Timeframe, price_type: PriceType) -> Option<&CandleSeries> {
        self.series.iter().find(|one| one.timeframe() == timeframe && one.price_type() == price_type)
    }

    /// A bar, whatever the current one is: any index is allowed, past the end too. O(1).
    #[must_use]
    #[inline]
    pub fn at(&self, index: usize) -> Bar<'_> {
        let stamps = self.clock().timestamp();
        let stamp = stamps.get(index).or_else(|| stamps.last());
        let duration = self.clock().timeframe().duration_us();
        Bar { slice: self, index, decision: stamp.map(|stamp| stamp.saturating_add(duration)) }
    }

    /// The bars of a range one after the other, as far as they exist. Each stands by itself: iterators share nothing,
    /// and the current index stays where it is.
    pub fn walk(&self, bars: impl RangeBounds<usize>) -> impl ExactSizeIterator<Item = Bar<'_>> {
        let start = match bars.start_bound() {
            Bound::Unbounded => 0,
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before.saturating_add(1),
        };
        let stop = match bars.end_bound() {
            Bound::Unbounded => usize::MAX,
            Bound::Excluded(&stop) => stop,
            Bound::Included(&last) => last.saturating_add(1),
        };
        self.existing(start, stop).map(|index| self.at(index))
    }

    /// The bars from `start` to `stop` that there are.
    pub(crate) fn existing(&self, start: usize, stop: usize) -> Range<usize> {
        start..stop.min(self.bars()).max(start)
    }

    /// One field of the history at each bar of a range, as far as they exist: a matrix (bars x length), oldest first.
    ///
    /// Where there is less history, and for a series that was not given, NaN on the left. O(bars x length).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]; [`Error::InvalidArgument`] if the matrix is too large to address.
    pub fn history_matrix(
        &self,
        timeframe: Timeframe,
        price_type: PriceType,
        length: usize,
        field: Field,
        bars: Range<usize>,
    ) -> Result<Array2<f64>, Error> {
        let bars = self.existing(bars.start, bars.end);
        let too_large = || Error::InvalidArgument(format!("a matrix of {} bars and {length} is too large", bars.len()));
        let cells = bars.len().checked_mul(length).filter(|cells| *cells <= isize::MAX as usize / 8);
        let cells = cells.ok_or_else(too_large)?;
        let mut values = with_room(cells, "a matrix")?;
        for known in self.histories(timeframe, price_type, length, field, bars.clone()) {
            values.resize(values.len() + length - known.len(), f64::NAN);
            values.extend_from_slice(known);
        }
        Array2::from_shape_vec((bars.len(), length), values).map_err(|_| too_large())
    }

    /// One field of the history at each of these bars, oldest first; nothing of a series that was not given.
    pub(crate) fn histories(
        &self,
        timeframe: Timeframe,
        price_type: PriceType,
        length: usize,
        field: Field,
        bars: Range<usize>,
    ) -> impl Iterator<Item = &[f64]> {
        let series = self.series_ref(timeframe, price_type);
        let found = series.and_then(|series| Some((series, series.columns().field(field)?)));
        bars.map(move |bar| match found {
            Some((series, column)) => &column[self.at(bar).rows(series, length).rows()],
            None => &[],
        })
    }
}

/// What is known at one bar of a [`SymbolDataSlice`]: nothing that closes after its decision time.
#[derive(Debug, Clone, Copy)]
pub struct Bar<'a> {
    slice: &'a SymbolDataSlice,
    index: usize,
    /// The close of the bar, past the end that of the last; none where there are no bars.
    decision: Option<i64>,
}

impl<'a> Bar<'a> {
    /// Which bar.
    #[must_use]
    #[inline]
    pub const fn index(self) -> usize {
        self.index
    }

    /// When it decides: at its close; int64's largest value if that cannot be held.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] past the end.
    pub fn decision_time(self) -> Result<i64, Error> {
        let (index, len) = (self.index, self.slice.bars());
        let decision = self.decision.filter(|_| index < len);
        decision.ok_or(Error::IndexOutOfBounds { what: "bar", index, len })
    }

    /// The row of the latest candle that has closed by the decision time; none past the end, before the first, or
    /// for a series that was not given. O(1) on even spacing, O(log n) at worst.
    #[must_use]
    #[inline]
    pub fn latest_row(self, timeframe: Timeframe, price_type: PriceType) -> Option<usize> {
        let series = self.slice.series_ref(timeframe, price_type)?;
        if self.index < self.slice.bars() { self.closed(series).checked_sub(1) } else { None }
    }

    /// The latest candle that has closed by the decision time; none past the end, before the first, or for a series
    /// that was not given. O(1) on even spacing, O(log n) at worst.
    #[must_use]
    #[inline]
    pub fn latest(self, timeframe: Timeframe, price_type: PriceType) -> Option<Candle> {
        let row = self.latest_row(timeframe, price_type)?;
        self.slice.series_ref(timeframe, price_type)?.candle(row).ok()
    }

    /// The last `length` candles that have closed by the decision time, oldest first, the latest included; fewer
    /// near the start. Past the end by k bars the newest k of them would lie beyond the data: the others are given.
    /// None of a series that was not given. O(1) on even spacing, O(log n) at worst; never a copy.
    #[must_use]
    #[inline]
    pub fn history(self, timeframe: Timeframe, price_type: PriceType, length: usize) -> Candles<'a> {
        match self.slice.series_ref(timeframe, price_type) {
            Some(series) => Candles::new(series, self.rows(series, length)),
            None => Candles::new(self.slice.clock(), RowRange::default()),
        }
    }

    /// How many candles of a series of this slice have closed by the decision time.
    #[inline]
    fn closed(self, series: &CandleSeries) -> usize {
        if std::ptr::eq(series, self.slice.clock()) {
            return self.slice.bars().min(self.index.saturating_add(1));
        }
        let latest = self.decision.and_then(|decision| decision.checked_sub(series.timeframe().duration_us()));
        latest.map_or(0, |latest| series.index().rows_through(series.timestamp(), latest))
    }

    /// The rows of a history of `length`; `{0, 0}` for none.
    #[inline]
    fn rows(self, series: &CandleSeries, length: usize) -> RowRange {
        let closed = self.closed(series);
        let mut start = closed.saturating_sub(length);
        if self.index >= self.slice.bars() {
            // The window has moved on by as many rows as the index is bars past the end.
            let beyond = (self.index - self.slice.bars()) as u128 + 1;
            let moved = (closed as u128 + beyond).saturating_sub(length as u128);
            start = usize::try_from(moved).map_or(closed, |moved| moved.min(closed));
        }
        if start == closed { RowRange::default() } else { RowRange { start, len: closed - start } }
    }
}
