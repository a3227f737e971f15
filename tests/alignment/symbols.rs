//! Moments across symbols against their definition: sets of stamps, and a scan for each row.

use std::collections::BTreeSet;

use omega_slicer::{
    CandleSeries, ErrorCode, MultiSymbolOptions, MultiSymbolSlice, PriceKind, PriceType, Timeframe, Timeline,
};
use proptest::prelude::*;

use crate::series::{FRIDAY, MINUTE, named, options, series, stamps};

fn given() -> impl Strategy<Value = Vec<CandleSeries>> {
    let one = |symbol: &'static str, side: PriceType| {
        stamps(Timeframe::M5, 40).prop_map(move |stamps| series(&stamps, options(symbol, Timeframe::M5, side), named))
    };
    let all = [("A", PriceType::Bid), ("A", PriceType::Ask), ("B", PriceType::Ask), ("C", PriceType::Bid)];
    (all.map(|(symbol, side)| one(symbol, side)), 1..=4_usize)
        .prop_map(|(all, count)| all.into_iter().take(count).collect())
}

fn every_option() -> impl Iterator<Item = MultiSymbolOptions> {
    [Timeline::Intersection, Timeline::Union].into_iter().flat_map(|timeline| {
        let limits = [None, Some(0), Some(1), Some(5 * MINUTE), Some(i64::MAX)];
        let asof = limits.map(|stale_limit| MultiSymbolOptions { timeline, asof: true, stale_limit });
        asof.into_iter().chain([MultiSymbolOptions { timeline, asof: false, stale_limit: None }])
    })
}

proptest! {
    #[test]
    fn moments_are_sets_of_stamps_and_rows_are_found_by_scanning(given in given()) {
        for options in every_option() {
            let market = MultiSymbolSlice::new(given.clone(), options).unwrap();
            let sets: Vec<BTreeSet<i64>> = given.iter().map(|one| one.timestamp().iter().copied().collect()).collect();
            let all: BTreeSet<i64> = sets.iter().flatten().copied().collect();
            let kept = |moment: &i64| options.timeline == Timeline::Union || sets.iter().all(|set| set.contains(moment));
            let expected: Vec<i64> = all.into_iter().filter(kept).collect();
            prop_assert_eq!(market.timeline(), expected);
            for (at, one) in given.iter().enumerate() {
                let row = |moment: i64| {
                    let (row, stamp) = one.timestamp().iter().enumerate().rfind(|(_, stamp)| **stamp <= moment)?;
                    let age = i128::from(moment) - i128::from(*stamp);
                    let limit = options.stale_limit.map_or(i128::MAX, i128::from);
                    (age == 0 || options.asof && age <= limit).then_some(row)
                };
                let rows: Vec<Option<usize>> = market.timeline().iter().map(|&moment| row(moment)).collect();
                let found = market.rows(at).unwrap().iter().map(|&row| usize::try_from(row).ok());
                prop_assert_eq!(found.collect::<Vec<_>>(), rows.clone());
                for (moment, row) in market.moments().zip(&rows) {
                    let candle = moment.get_candle(one.symbol(), one.price_type()).unwrap();
                    prop_assert_eq!(candle.map(|candle| candle.open), row.map(named));
                    let quotes = moment.snapshot()[one.symbol()];
                    prop_assert_eq!(if one.price_type() == PriceType::Bid { quotes.bid } else { quotes.ask }, candle);
                }
            }
            prop_assert!(market.rows(given.len()).is_none());
        }
    }
}

fn one(symbol: &str, side: PriceType, minutes: &[i64], shift: f64) -> CandleSeries {
    let stamps: Vec<i64> = minutes.iter().map(|minute| FRIDAY + minute * MINUTE).collect();
    series(&stamps, options(symbol, Timeframe::M1, side), |row| named(row) + shift)
}

fn market(options: MultiSymbolOptions) -> MultiSymbolSlice {
    let given = [
        one("B", PriceType::Bid, &[0, 1, 2, 3, 5], 1.0),
        one("B", PriceType::Ask, &[0, 2, 3, 5], 1.25),
        one("A", PriceType::Ask, &[0, 2, 3, 4, 5], 0.0),
    ];
    MultiSymbolSlice::new(given, options).unwrap()
}

#[test]
fn a_price_is_a_close_and_the_mid_and_spread_want_both() {
    let union = MultiSymbolOptions { timeline: Timeline::Union, ..Default::default() };
    let mut market = market(union);
    assert_eq!(market.symbols(), ["B", "A"]);
    market.set_index(2).unwrap();
    assert_eq!(market.get_price("B", PriceKind::Bid), Ok(Some(3.5)));
    assert_eq!(market.get_price("B", PriceKind::Ask), Ok(Some(2.75)));
    assert_eq!(market.get_price("B", PriceKind::Mid), Ok(Some(3.125)));
    assert_eq!(market.get_spread("B"), Ok(Some(-0.75)));
    market.set_index(1).unwrap();
    assert_eq!(
        (market.get_price("B", PriceKind::Bid), market.get_price("B", PriceKind::Ask)),
        (Ok(Some(2.5)), Ok(None))
    );
    assert_eq!((market.get_price("B", PriceKind::Mid), market.get_spread("B")), (Ok(None), Ok(None)));
    for refused in [
        market.get_spread("A").unwrap_err(),
        market.get_price("A", PriceKind::Mid).unwrap_err(),
        market.get_price("A", PriceKind::Bid).unwrap_err(),
        market.get_candle("X", PriceType::Bid).unwrap_err(),
    ] {
        assert_eq!(refused.code(), ErrorCode::InvalidArgument, "{refused}");
    }
    assert_eq!(market.snapshot().unwrap()["A"].bid, None);
}

#[test]
fn the_schedule_may_be_peeked_at_and_skipped_along() {
    let mut market = market(MultiSymbolOptions::default());
    let minute = |minute: i64| FRIDAY + minute * MINUTE;
    assert_eq!(market.timeline(), [0, 2, 3, 5].map(minute));
    assert_eq!(
        (market.peek(0), market.peek(1), market.peek(3)),
        (Ok(Some(minute(0))), Ok(Some(minute(2))), Ok(Some(minute(5))))
    );
    assert_eq!((market.peek(4), market.peek(usize::MAX)), (Ok(None), Ok(None)));
    assert_eq!((market.skip(2), market.index(), market.timestamp()), (2, 2, Ok(minute(3))));
    assert_eq!((market.skip(9), market.index(), market.skip(1), market.decision_time()), (1, 3, 0, Ok(minute(6))));
    assert_eq!(market.set_index(4).unwrap_err().code(), ErrorCode::OutOfBounds);
    assert_eq!(market.index(), 3, "a refused move moves nothing");
    assert_eq!(market.moments().map(|moment| moment.index()).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn on_an_empty_timeline_every_question_is_out_of_bounds() {
    let given = [one("A", PriceType::Bid, &[0], 0.0), one("A", PriceType::Ask, &[1], 0.0)];
    let mut market = MultiSymbolSlice::new(given, MultiSymbolOptions::default()).unwrap();
    assert!(market.is_empty() && market.moments().next().is_none() && market.skip(3) == 0);
    let codes = [
        market.set_index(0).unwrap_err().code(),
        market.timestamp().unwrap_err().code(),
        market.decision_time().unwrap_err().code(),
        market.peek(1).unwrap_err().code(),
        market.snapshot().unwrap_err().code(),
        market.get_price("A", PriceKind::Mid).unwrap_err().code(),
        market.get_spread("A").unwrap_err().code(),
        market.get_candle("A", PriceType::Bid).unwrap_err().code(),
    ];
    assert!(codes.iter().all(|code| *code == ErrorCode::OutOfBounds), "{codes:?}");
    // What was never given is so at no moment.
    assert_eq!(market.get_spread("X").unwrap_err().code(), ErrorCode::InvalidArgument);
}

#[test]
fn series_that_do_not_go_together_are_refused() {
    let bid = || one("A", PriceType::Bid, &[0], 0.0);
    let refused = |given: Vec<CandleSeries>, asof, stale_limit| {
        MultiSymbolSlice::new(given, MultiSymbolOptions { asof, stale_limit, ..Default::default() }).unwrap_err()
    };
    assert_eq!(refused(vec![], false, None).code(), ErrorCode::EmptyInput);
    let hour = series(&[FRIDAY], options("B", Timeframe::H1, PriceType::Bid), named);
    for error in [
        refused(vec![bid(), hour], false, None),
        refused(vec![bid(), bid()], false, None),
        refused(vec![bid()], false, Some(0)),
        refused(vec![bid()], true, Some(-1)),
    ] {
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "{error}");
    }
}
