//! One moment across several symbols: a timeline that all their series share, and what each has closed by then.
//!
//! A moment is a stamp `t` of the timeline, decided at `t` plus the duration of the candles, when those stamped `t`
//! close. The rows of every series are merged once; each question is a load.

use std::collections::BTreeMap;

use crate::candle::{Candle, PriceType};
use crate::error::Error;
use crate::series::CandleSeries;
use crate::timeline::{Timeline, rows_at, timeline_of};

/// A price of a symbol at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
pub enum PriceKind {
    /// The close of the bid candle.
    Bid = 0,
    /// The close of the ask candle.
    Ask = 1,
    /// `(bid + ask) / 2`.
    #[default]
    Mid = 2,
}

impl TryFrom<i32> for PriceKind {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Bid),
            1 => Ok(Self::Ask),
            2 => Ok(Self::Mid),
            _ => Err(Error::InvalidArgument(format!("price {number} is none of 0 bid, 1 ask, 2 mid"))),
        }
    }
}

/// Which moments there are, and how old a candle may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MultiSymbolOptions {
    /// The moments.
    pub timeline: Timeline,
    /// Where a series has no candle stamped at the moment, give the latest one closed by its decision time.
    pub asof: bool,
    /// With `asof`: hide a candle stamped more than so many microseconds before the moment.
    pub stale_limit: Option<i64>,
}

/// The candles of a symbol at a moment; for a side that was not given, as for one without a candle, none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quotes {
    /// The bid candle.
    pub bid: Option<Candle>,
    /// The ask candle.
    pub ask: Option<Candle>,
}

/// Several symbols' bid and ask series of one timeframe, moment by moment.
///
/// ```
/// use omega_slicer::{
///     CandleSeries, Columns, MultiSymbolOptions, MultiSymbolSlice, PriceKind, PriceType, SeriesOptions, Timeframe,
/// };
/// let series = |symbol: &str, side, minutes: &[i64], price: f64| {
///     let column = || vec![price; minutes.len()].into();
///     let timestamp = minutes.iter().map(|minute| minute * 60_000_000).collect::<Vec<_>>().into();
///     let columns =
///         Columns { timestamp, open: column(), high: column(), low: column(), close: column(), volume: None };
///     CandleSeries::new(columns, SeriesOptions::new(symbol, Timeframe::M1, side))
/// };
/// let mut market = MultiSymbolSlice::new(
///     [
///         series("EURUSD", PriceType::Bid, &[0, 1, 2, 4], 1.25)?,
///         series("EURUSD", PriceType::Ask, &[0, 1, 2, 4], 1.5)?,
///         series("GBPUSD", PriceType::Bid, &[1, 2, 3, 4], 1.75)?,
///     ],
///     MultiSymbolOptions::default(),
/// )?;
/// assert_eq!(market.timeline(), [60_000_000, 120_000_000, 240_000_000]);
/// market.set_index(2)?;
/// assert_eq!(market.get_price("EURUSD", PriceKind::Mid)?, Some(1.375));
/// assert_eq!(market.get_spread("EURUSD")?, Some(0.25));
/// assert!(market.get_spread("GBPUSD").is_err()); // its ask was never given
/// # Ok::<(), omega_slicer::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MultiSymbolSlice {
    series: Vec<CandleSeries>,
    timeline: Vec<i64>,
    /// For each series, its row at each moment; -1 for none.
    rows: Vec<Vec<i64>>,
    index: usize,
}

impl MultiSymbolSlice {
    /// A slice over series of one timeframe, at the first moment. It shares them. O(rows of all, times the number of
    /// series); holds 8 bytes per moment, and per moment and series.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] without a series; [`Error::InvalidArgument`] on two timeframes, on a symbol and price
    /// type given twice, on a `stale_limit` that is negative or lacks `asof`; [`Error::OutOfMemory`].
    pub fn new(series: impl IntoIterator<Item = CandleSeries>, options: MultiSymbolOptions) -> Result<Self, Error> {
        let MultiSymbolOptions { timeline, asof, stale_limit } = options;
        let series: Vec<_> = series.into_iter().collect();
        let Some(first) = series.first() else {
            return Err(Error::EmptyInput("a slice needs at least one series".to_owned()));
        };
        let refused = |message: String| Err(Error::InvalidArgument(message));
        if let Some(other) = series.iter().find(|one| one.timeframe() != first.timeframe()) {
            let (one, other) = (first.timeframe(), other.timeframe());
            return refused(format!("a slice across symbols is of one timeframe, got {one} and {other}"));
        }
        for (at, one) in series.iter().enumerate() {
            let (symbol, side) = (one.symbol(), one.price_type());
            if series[..at].iter().any(|other| (other.symbol(), other.price_type()) == (symbol, side)) {
                return refused(format!("{symbol:?} {} was given twice", side.name()));
            }
        }
        match stale_limit {
            Some(limit) if limit < 0 => return refused(format!("stale_limit is {limit}, a negative time")),
            Some(limit) if !asof => {
                return refused(format!("stale_limit is {limit} without asof, which alone it limits"));
            }
            _ => {}
        }
        let moments = timeline_of(series.iter().map(CandleSeries::timestamp), timeline)?;
        let oldest = if asof { stale_limit.map_or(u64::MAX, i64::unsigned_abs) } else { 0 };
        let rows = series.iter().map(|one| rows_at(&moments, one.timestamp(), oldest)).collect::<Result<_, _>>()?;
        Ok(Self { series, timeline: moments, rows, index: 0 })
    }

    /// How many moments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.timeline.len()
    }

    /// Whether there is no moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.timeline.is_empty()
    }

    /// The stamps of all moments.
    #[must_use]
    pub fn timeline(&self) -> &[i64] {
        &self.timeline
    }

    /// The series, as given.
    #[must_use]
    pub fn series(&self) -> &[CandleSeries] {
        &self.series
    }

    /// For each moment, the row of the given series, -1 for none; none if there is no such series.
    #[must_use]
    pub fn rows(&self, series: usize) -> Option<&[i64]> {
        self.rows.get(series).map(Vec::as_slice)
    }

    /// The symbols, in the order in which they were first given.
    #[must_use]
    pub fn symbols(&self) -> Vec<&str> {
        let mut symbols = Vec::new();
        for symbol in self.series.iter().map(CandleSeries::symbol) {
            if !symbols.contains(&symbol) {
                symbols.push(symbol);
            }
        }
        symbols
    }

    /// The current moment.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Moves to a moment.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] where there is none.
    pub fn set_index(&mut self, index: usize) -> Result<(), Error> {
        self.moment(index).map(|_| ())?;
        self.index = index;
        Ok(())
    }

    /// A moment, whatever the current one is.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] where there is none.
    pub fn moment(&self, index: usize) -> Result<Moment<'_>, Error> {
        let len = self.len();
        if index < len {
            Ok(self.unchecked(index))
        } else {
            Err(Error::IndexOutOfBounds { what: "moment", index, len })
        }
    }

    /// The current moment, with its questions.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] on an empty timeline.
    pub fn now(&self) -> Result<Moment<'_>, Error> {
        self.moment(self.index)
    }

    /// Every moment, in time. Each stands by itself: iterators share nothing, and the current moment stays.
    #[must_use]
    pub fn moments(&self) -> impl ExactSizeIterator<Item = Moment<'_>> {
        (0..self.len()).map(|index| self.unchecked(index))
    }

    fn unchecked(&self, index: usize) -> Moment<'_> {
        Moment { slice: self, index }
    }

    /// The stamp of the current moment.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] on an empty timeline.
    pub fn timestamp(&self) -> Result<i64, Error> {
        Ok(self.now()?.timestamp())
    }

    /// When the current moment is decided: when the candles stamped there close.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] on an empty timeline.
    pub fn decision_time(&self) -> Result<i64, Error> {
        Ok(self.now()?.decision_time())
    }

    /// [`Moment::get_candle`] at the current moment.
    ///
    /// # Errors
    /// As there; [`Error::IndexOutOfBounds`] on an empty timeline.
    pub fn get_candle(&self, symbol: &str, price_type: PriceType) -> Result<Option<Candle>, Error> {
        self.candle_at(self.index, symbol, price_type)
    }

    /// [`Moment::get_price`] at the current moment.
    ///
    /// # Errors
    /// As there; [`Error::IndexOutOfBounds`] on an empty timeline.
    pub fn get_price(&self, symbol: &str, kind: PriceKind) -> Result<Option<f64>, Error> {
        self.price_at(self.index, symbol, kind)
    }

    /// [`Moment::get_spread`] at the current moment.
    ///
    /// # Errors
    /// As there; [`Error::IndexOutOfBounds`] on an empty timeline.
    pub fn get_spread(&self, symbol: &str) -> Result<Option<f64>, Error> {
        self.spread_at(self.index, symbol)
    }

    /// [`Moment::snapshot`] of the current moment.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] on an empty timeline.
    pub fn snapshot(&self) -> Result<BTreeMap<&str, Quotes>, Error> {
        Ok(self.now()?.snapshot())
    }

    /// The stamp `n` moments ahead; none past the end. Stamps are a schedule: they tell no price.
    ///
    /// # Errors
    /// [`Error::IndexOutOfBounds`] on an empty timeline.
    pub fn peek(&self, n: usize) -> Result<Option<i64>, Error> {
        self.now()?;
        Ok(self.index.checked_add(n).and_then(|index| self.timeline.get(index)).copied())
    }

    /// Moves ahead by at most `n` moments; by how many is returned.
    pub fn skip(&mut self, n: usize) -> usize {
        let moved = n.min(self.len().saturating_sub(self.index + 1));
        self.index += moved;
        moved
    }

    pub(crate) fn candle_at(&self, index: usize, symbol: &str, side: PriceType) -> Result<Option<Candle>, Error> {
        let series = self.given(symbol, side)?;
        Ok(self.row(series, self.moment(index)?.index).and_then(|row| self.series[series].candle(row).ok()))
    }

    #[expect(clippy::manual_midpoint, reason = "every language rounds the sum, then halves it")]
    pub(crate) fn price_at(&self, index: usize, symbol: &str, kind: PriceKind) -> Result<Option<f64>, Error> {
        let side = match kind {
            PriceKind::Bid => PriceType::Bid,
            PriceKind::Ask => PriceType::Ask,
            PriceKind::Mid => return Ok(self.both_at(index, symbol)?.map(|(bid, ask)| (bid + ask) / 2.0)),
        };
        let series = self.given(symbol, side)?;
        Ok(self.close(series, self.moment(index)?.index))
    }

    pub(crate) fn spread_at(&self, index: usize, symbol: &str) -> Result<Option<f64>, Error> {
        Ok(self.both_at(index, symbol)?.map(|(bid, ask)| ask - bid))
    }

    /// Bid and ask, where both sides have a candle. Both must have been given, whatever the moment holds.
    fn both_at(&self, index: usize, symbol: &str) -> Result<Option<(f64, f64)>, Error> {
        let (bid, ask) = (self.given(symbol, PriceType::Bid)?, self.given(symbol, PriceType::Ask)?);
        let index = self.moment(index)?.index;
        Ok(self.close(bid, index).zip(self.close(ask, index)))
    }

    #[inline]
    fn close(&self, series: usize, index: usize) -> Option<f64> {
        self.row(series, index).map(|row| self.series[series].close()[row])
    }

    #[inline]
    fn given(&self, symbol: &str, side: PriceType) -> Result<usize, Error> {
        let fits = |one: &CandleSeries| one.price_type() == side && one.symbol() == symbol;
        self.series
            .iter()
            .position(fits)
            .ok_or_else(|| Error::InvalidArgument(format!("no {} series of symbol {symbol:?} was given", side.name())))
    }

    #[inline]
    fn row(&self, series: usize, index: usize) -> Option<usize> {
        usize::try_from(self.rows[series][index]).ok()
    }
}

/// What is known at one moment of a [`MultiSymbolSlice`].
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    slice: &'a MultiSymbolSlice,
    index: usize,
}

impl<'a> Moment<'a> {
    /// Which moment.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }

    /// Its stamp.
    #[must_use]
    pub fn timestamp(self) -> i64 {
        self.slice.timeline[self.index]
    }

    /// When the candles stamped here close; int64's largest value if that cannot be held.
    #[must_use]
    pub fn decision_time(self) -> i64 {
        self.timestamp().saturating_add(self.slice.series[0].timeframe().duration_us())
    }

    /// The candle stamped here, with `asof` the latest closed by the decision time; none where there is none.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a symbol and price type that were not given.
    pub fn get_candle(self, symbol: &str, price_type: PriceType) -> Result<Option<Candle>, Error> {
        self.slice.candle_at(self.index, symbol, price_type)
    }

    /// The close of the bid or ask candle, or `(bid + ask) / 2`; none where a candle is missing.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a symbol that was not given with the side, for mid both sides.
    pub fn get_price(self, symbol: &str, kind: PriceKind) -> Result<Option<f64>, Error> {
        self.slice.price_at(self.index, symbol, kind)
    }

    /// `ask - bid` of the closes; none where a candle is missing.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a symbol that was not given with both sides.
    pub fn get_spread(self, symbol: &str) -> Result<Option<f64>, Error> {
        self.slice.spread_at(self.index, symbol)
    }

    /// The candles of every symbol.
    #[must_use]
    pub fn snapshot(self) -> BTreeMap<&'a str, Quotes> {
        let mut quotes = BTreeMap::<_, Quotes>::new();
        for (at, series) in self.slice.series.iter().enumerate() {
            let candle = self.slice.row(at, self.index).and_then(|row| series.candle(row).ok());
            let of_symbol = quotes.entry(series.symbol()).or_default();
            match series.price_type() {
                PriceType::Bid => of_symbol.bid = candle,
                PriceType::Ask => of_symbol.ask = candle,
            }
        }
        quotes
    }
}
