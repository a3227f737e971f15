//! The walk against a list model: any order of questions, one answer per bar.

use omega_slicer::{
    AlignOptions, CandleSeries, Decision, ErrorCode, Field, PriceType, RowRange, SymbolDataSlice, Timeframe,
};
use proptest::prelude::*;

use crate::align::brute;
use crate::series::{FRIDAY, MINUTE, named, options, series, stamps};

/// The definition, on lists: what each series shows at each bar, and what a window of that list holds.
struct Model {
    clock: CandleSeries,
    series: Vec<CandleSeries>,
}

impl Model {
    fn new(series: &[CandleSeries], primary: Option<Timeframe>) -> Self {
        let primary = primary.unwrap_or_else(|| series.iter().map(CandleSeries::timeframe).min().unwrap());
        let of = |side| series.iter().find(|one| one.timeframe() == primary && one.price_type() == side);
        let clock = of(PriceType::Bid).or(of(PriceType::Ask)).unwrap().clone();
        Self { clock, series: series.to_vec() }
    }

    fn find(&self, timeframe: Timeframe, side: PriceType) -> Option<&CandleSeries> {
        self.series.iter().find(|one| one.timeframe() == timeframe && one.price_type() == side)
    }

    /// Rows shown up to a bar there is.
    fn shown(&self, one: &CandleSeries, bar: usize) -> usize {
        if (one.timeframe(), one.price_type()) == (self.clock.timeframe(), self.clock.price_type()) {
            return bar + 1;
        }
        let options = AlignOptions { decision: Decision::Close, ..Default::default() };
        usize::try_from(brute(&self.clock, one, options)[bar] + 1).unwrap()
    }

    fn latest(&self, index: usize, timeframe: Timeframe, side: PriceType) -> Option<usize> {
        let one = self.find(timeframe, side)?;
        if index < self.clock.len() { self.shown(one, index).checked_sub(1) } else { None }
    }

    fn history(&self, index: usize, timeframe: Timeframe, side: PriceType, length: usize) -> Vec<usize> {
        let (Some(one), Some(last)) = (self.find(timeframe, side), self.clock.len().checked_sub(1)) else {
            return Vec::new();
        };
        let shown = self.shown(one, index.min(last));
        // A list goes on past its end with nothing, one nothing for each bar.
        let beyond = index.saturating_sub(last);
        let list = (0..shown).map(Some).chain(std::iter::repeat_n(None, beyond.min(200)));
        let list: Vec<_> = list.collect();
        list[list.len() - length.min(list.len())..].iter().flatten().copied().collect()
    }
}

#[derive(Debug, Clone)]
enum Step {
    SetIndex(usize),
    Latest(usize, PriceType),
    History(usize, PriceType, usize),
    Matrix(usize, PriceType, usize, usize, usize),
    Walk(usize, usize),
    DecisionTime,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let side = || prop_oneof![Just(PriceType::Bid), Just(PriceType::Ask)];
    let index = || prop_oneof![9 => 0..70_usize, 1 => Just(usize::MAX), 1 => 60..160_usize];
    let length = || prop_oneof![6 => 0..9_usize, 1 => 60..90_usize];
    let step = prop_oneof![
        3 => index().prop_map(Step::SetIndex),
        3 => (0..4_usize, side()).prop_map(|(at, side)| Step::Latest(at, side)),
        3 => (0..4_usize, side(), length()).prop_map(|(at, side, length)| Step::History(at, side, length)),
        1 => (0..4_usize, side(), 0..5_usize, index(), index())
            .prop_map(|(at, side, length, start, stop)| Step::Matrix(at, side, length, start, stop)),
        1 => (index(), index()).prop_map(|(start, stop)| Step::Walk(start, stop)),
        1 => Just(Step::DecisionTime),
    ];
    prop::collection::vec(step, 1..40)
}

/// Some of the sides of three timeframes, never none.
fn given() -> impl Strategy<Value = Vec<CandleSeries>> {
    let frames = [Timeframe::M1, Timeframe::M5, Timeframe::H1];
    let one = |timeframe: Timeframe, side: PriceType| {
        stamps(timeframe, 50).prop_map(move |stamps| series(&stamps, options("A", timeframe, side), named))
    };
    let all: Vec<_> =
        frames.iter().flat_map(|&frame| [one(frame, PriceType::Bid), one(frame, PriceType::Ask)]).collect();
    (all, prop::collection::vec(any::<bool>(), 6), 0..6_usize).prop_map(|(all, taken, always)| {
        let keep = |at: &usize| taken[*at] || *at == always;
        (0..6).filter(keep).map(|at| all[at].clone()).collect()
    })
}

proptest! {
    #[test]
    fn any_sequence_of_moves_and_questions_has_the_answers_of_a_list(
        given in given(),
        steps in steps(),
        slow in any::<bool>(),
    ) {
        let frames = [Timeframe::M1, Timeframe::M5, Timeframe::H1, Timeframe::H4];
        let primary = slow.then(|| given.iter().map(CandleSeries::timeframe).max().unwrap());
        let model = Model::new(&given, primary);
        let mut slice = SymbolDataSlice::new(given, primary).unwrap();
        let bars = model.clock.len();
        prop_assert_eq!((slice.bars(), slice.primary()), (bars, model.clock.timeframe()));
        let mut index = 0;
        for step in steps {
            match step {
                Step::SetIndex(to) => {
                    slice.set_index(to);
                    index = to;
                }
                Step::Latest(at, side) => {
                    let expected = model.latest(index, frames[at], side);
                    prop_assert_eq!(slice.at(index).latest_row(frames[at], side), expected);
                    let price = slice.latest(frames[at], side).map(|candle| candle.open);
                    prop_assert_eq!(price, expected.map(named));
                }
                Step::History(at, side, length) => {
                    let expected = model.history(index, frames[at], side, length);
                    let found = slice.history(frames[at], side, length);
                    prop_assert_eq!(found.open(), expected.iter().map(|&row| named(row)).collect::<Vec<_>>());
                    if expected.is_empty() {
                        prop_assert_eq!(found.range(), RowRange::default());
                    }
                }
                Step::Matrix(at, side, length, start, stop) => {
                    let matrix = slice.history_matrix(frames[at], side, length, Field::Low, start..stop).unwrap();
                    let rows = stop.min(bars).saturating_sub(start);
                    prop_assert_eq!(matrix.dim(), (rows, length));
                    for (row, bar) in matrix.rows().into_iter().zip(start..) {
                        let known = model.history(bar, frames[at], side, length);
                        let values: Vec<f64> = row.iter().copied().skip(length - known.len()).collect();
                        prop_assert!(row.iter().take(length - known.len()).all(|value| value.is_nan()));
                        prop_assert_eq!(values, known.iter().map(|&row| named(row) - 1.0).collect::<Vec<_>>());
                    }
                }
                Step::Walk(start, stop) => {
                    let walked: Vec<_> = slice.walk(start..stop).map(|bar| {
                        assert_eq!(bar.latest_row(slice.primary(), model.clock.price_type()), Some(bar.index()));
                        bar.index()
                    }).collect();
                    prop_assert_eq!(walked, (start..stop.min(bars)).collect::<Vec<_>>());
                }
                Step::DecisionTime => {
                    let close = |stamp: &i64| stamp.saturating_add(model.clock.timeframe().duration_us());
                    let expected = model.clock.timestamp().get(index).map(close);
                    match slice.decision_time() {
                        Ok(time) => prop_assert_eq!(Some(time), expected),
                        Err(error) => prop_assert!(expected.is_none() && error.code() == ErrorCode::OutOfBounds),
                    }
                }
            }
            prop_assert_eq!(slice.index(), index);
        }
    }
}

fn minutes(symbol: &str, timeframe: Timeframe, side: PriceType) -> CandleSeries {
    let stamps: Vec<i64> = (0..9).map(|minute| FRIDAY + minute * MINUTE).collect();
    series(&stamps, options(symbol, timeframe, side), named)
}

#[test]
fn a_slice_is_of_one_symbol_and_of_each_series_once() {
    let bid = minutes("A", Timeframe::M1, PriceType::Bid);
    let refused = |series: Vec<CandleSeries>, primary| SymbolDataSlice::new(series, primary).unwrap_err();
    assert_eq!(refused(vec![], None).code(), ErrorCode::EmptyInput);
    let two = refused(vec![bid.clone(), minutes("B", Timeframe::M1, PriceType::Ask)], None);
    assert!(two.code() == ErrorCode::InvalidArgument && two.to_string().contains('B'), "{two}");
    let twice = refused(vec![bid.clone(), bid.clone()], None);
    assert!(twice.code() == ErrorCode::InvalidArgument && twice.to_string().contains("M1 bid"), "{twice}");
    let none = refused(vec![bid], Some(Timeframe::H1));
    assert!(none.code() == ErrorCode::InvalidArgument && none.to_string().contains("H1"), "{none}");
}

#[test]
fn the_series_themselves_are_to_be_had_and_any_range_may_be_walked() {
    let (bid, h1) = (minutes("A", Timeframe::M1, PriceType::Bid), minutes("A", Timeframe::H1, PriceType::Bid));
    let mut slice = SymbolDataSlice::new([h1, bid.clone()], None).unwrap();
    assert_eq!(slice.timeframes(), [Timeframe::M1, Timeframe::H1]);
    let series = slice.series_ref(Timeframe::M1, PriceType::Bid).unwrap();
    assert!(std::ptr::eq(series.close(), bid.close()), "shared, not copied");
    assert!(slice.series_ref(Timeframe::M1, PriceType::Ask).is_none());
    slice.indicators.insert("ema".to_owned(), vec![1.0]);
    let indices = |bars: Vec<omega_slicer::Bar>| bars.iter().map(|bar| bar.index()).collect::<Vec<_>>();
    assert_eq!(indices(slice.walk(..).collect()), (0..9).collect::<Vec<_>>());
    assert_eq!(indices(slice.walk(3..=4).collect()), [3, 4]);
    assert_eq!(indices(slice.walk(7..).collect()), [7, 8]);
    assert!(slice.walk(9..).next().is_none() && slice.walk(usize::MAX..).next().is_none());
    assert!(slice.walk(..=usize::MAX).len() == 9);
}
