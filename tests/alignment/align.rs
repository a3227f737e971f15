//! `align` is its definition: each bar looks at every candle.

use omega_slicer::{AlignOptions, CandleSeries, Decision, ErrorCode, Stamps, Timeframe, align};
use proptest::prelude::*;

use crate::series::{FRIDAY, MINUTE, stamped, stamps, timeframe};

/// When a bar decides and a candle has closed, in numbers that hold them all.
fn decision_and_close(primary: &CandleSeries, higher: &CandleSeries, options: AlignOptions) -> (Vec<i128>, Vec<i128>) {
    let late = |late: bool, series: &CandleSeries| if late { i128::from(series.timeframe().duration_us()) } else { 0 };
    let (bar, candle) =
        (late(options.decision == Decision::Close, primary), late(options.stamps == Stamps::Open, higher));
    let moved = |stamps: &[i64], by: i128| stamps.iter().map(|&stamp| i128::from(stamp) + by).collect();
    let mut decisions: Vec<i128> = moved(primary.timestamp(), bar);
    for time in &mut decisions {
        *time = (*time).min(i128::from(i64::MAX));
    }
    (decisions, moved(higher.timestamp(), candle))
}

/// The definition: of all candles that have closed, the last; hidden when it has been shown for too long.
pub(crate) fn brute(primary: &CandleSeries, higher: &CandleSeries, options: AlignOptions) -> Vec<i64> {
    let (decisions, closes) = decision_and_close(primary, higher, options);
    let shown: Vec<Option<usize>> =
        decisions.iter().map(|decision| closes.iter().rposition(|close| close <= decision)).collect();
    let stale = |bar: usize| {
        let first = shown.iter().position(|row| *row == shown[bar]).unwrap();
        options.stale_limit.is_some_and(|limit| bar - first > limit)
    };
    let row = |bar: usize| shown[bar].filter(|_| !stale(bar)).map_or(-1, |row| i64::try_from(row).unwrap());
    (0..primary.len()).map(row).collect()
}

pub(crate) fn aligned(primary: &CandleSeries, higher: &CandleSeries, options: AlignOptions) -> Vec<i64> {
    let mut rows = vec![i64::MIN; primary.len()];
    align(primary, higher, options, &mut rows).unwrap();
    rows
}

pub(crate) fn every_option(limits: impl Iterator<Item = usize> + Clone) -> impl Iterator<Item = AlignOptions> {
    let limits = move || limits.clone().map(Some).chain([None]);
    [Decision::Open, Decision::Close].into_iter().flat_map(move |decision| {
        let limits = limits.clone();
        [Stamps::Open, Stamps::Close]
            .into_iter()
            .flat_map(move |stamps| limits().map(move |stale_limit| AlignOptions { decision, stamps, stale_limit }))
    })
}

/// As many of one as of the other, many more bars, or many more candles: each has its own pass.
fn two_series() -> impl Strategy<Value = (CandleSeries, CandleSeries)> {
    let sizes = prop_oneof![Just((60, 30)), Just((100, 6)), Just((6, 100))];
    (timeframe(), timeframe(), sizes).prop_flat_map(|(primary, higher, (bars, candles))| {
        (stamps(primary, bars), stamps(higher, candles))
            .prop_map(move |(bars, candles)| (stamped(&bars, primary), stamped(&candles, higher)))
    })
}

proptest! {
    #[test]
    fn every_bar_sees_the_last_candle_that_has_closed((primary, higher) in two_series()) {
        for options in every_option([0, 1, 2, 5, 11, 12, 59, 60, usize::MAX].into_iter()) {
            prop_assert_eq!(aligned(&primary, &higher, options), brute(&primary, &higher, options), "{:?}", options);
        }
    }
}

#[test]
fn every_stale_limit_counts_bars_from_the_first_that_showed_the_candle() {
    // A session, a hole, a weekend; the first candle closed long before bar 0.
    let bars: Vec<i64> = (0..90).map(|i| i + 7 * (i / 20) + 2880 * (i / 50)).map(|m| FRIDAY + m * MINUTE).collect();
    let candles: Vec<i64> = [-600, -15, 0, 15, 30, 75, 90, 3000].map(|m| FRIDAY + m * MINUTE).to_vec();
    let (primary, higher) = (stamped(&bars, Timeframe::M1), stamped(&candles, Timeframe::M15));
    for options in every_option(0..95) {
        assert_eq!(aligned(&primary, &higher, options), brute(&primary, &higher, options), "{options:?}");
    }
}

#[test]
fn m5_and_h1_from_midnight_are_as_the_semantics_spell_them_out() {
    let m5: Vec<i64> = (0..48).map(|row| row * 5 * MINUTE).collect();
    let h1: Vec<i64> = (0..4).map(|row| row * 60 * MINUTE).collect();
    let (m5, h1) = (stamped(&m5, Timeframe::M5), stamped(&h1, Timeframe::H1));
    let open = aligned(&m5, &h1, AlignOptions::default());
    assert!(open[..12].iter().all(|&row| row == -1) && open[12] == 0 && open[23] == 0 && open[24] == 1);
    let close = aligned(&m5, &h1, AlignOptions { decision: Decision::Close, ..Default::default() });
    assert_eq!([close[10], close[11], close[22], close[23]], [-1, 0, 0, 1]);
    let at_close = aligned(&m5, &h1, AlignOptions { stamps: Stamps::Close, ..Default::default() });
    assert_eq!([at_close[0], at_close[11], at_close[12]], [0, 0, 1]);
    // Two H1 bars missing: the last one stays visible.
    let gappy = stamped(&[0, 3 * 60 * MINUTE], Timeframe::H1);
    let stays = aligned(&m5, &gappy, AlignOptions::default());
    assert!(stays[12..48].iter().all(|&row| row == 0));
    let limited = aligned(&m5, &gappy, AlignOptions { stale_limit: Some(11), ..Default::default() });
    assert_eq!([limited[12], limited[23], limited[24], limited[47]], [0, 0, -1, -1]);
}

#[test]
fn times_at_the_ends_of_int64_never_wrap() {
    let near = |end: i64| [-MINUTE, -1, 0, 1, MINUTE].map(move |step| end.saturating_add(step));
    let mut ends: Vec<i64> = [i64::MIN, i64::MIN + 7 * MINUTE, 0, i64::MAX - 7 * MINUTE, i64::MAX].map(near).concat();
    ends.dedup();
    for (one, other) in [(Timeframe::M1, Timeframe::W1), (Timeframe::W1, Timeframe::M1), (Timeframe::M1, Timeframe::M1)]
    {
        let all = (stamped(&ends, one), stamped(&ends, other));
        let few = |timeframe| ends.iter().map(move |&end| stamped(&[end], timeframe));
        let pairs = few(other).map(|few| (all.0.clone(), few)).chain(few(one).map(|few| (few, all.1.clone())));
        for (primary, higher) in pairs.chain([all.clone()]) {
            for options in every_option(0..3) {
                assert_eq!(aligned(&primary, &higher, options), brute(&primary, &higher, options), "{options:?}");
            }
        }
    }
    // A candle that closes past the end of int64 is never seen, though the decision is as late as can be.
    let never = stamped(&[i64::MAX - MINUTE + 1], Timeframe::M1);
    let options = AlignOptions { decision: Decision::Close, ..Default::default() };
    assert_eq!(aligned(&stamped(&[i64::MAX], Timeframe::M1), &never, options), [-1]);
    let just = stamped(&[i64::MAX - MINUTE], Timeframe::M1);
    assert_eq!(aligned(&stamped(&[i64::MAX], Timeframe::M1), &just, options), [0]);
}

#[test]
fn an_empty_series_on_either_side_has_none() {
    let (empty, one) = (stamped(&[], Timeframe::M1), stamped(&[0], Timeframe::M1));
    for options in every_option(0..2) {
        assert!(aligned(&empty, &one, options).is_empty() && aligned(&empty, &empty, options).is_empty());
        assert_eq!(aligned(&one, &empty, options), [-1]);
    }
}

#[test]
fn a_buffer_of_another_length_is_refused_untouched() {
    let one = stamped(&[0], Timeframe::M1);
    for len in [0, 2] {
        let mut rows = vec![77; len];
        let refused = align(&one, &one, AlignOptions::default(), &mut rows).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::SizeMismatch);
        assert!(rows.iter().all(|&row| row == 77));
    }
}

#[test]
fn stamps_out_of_order_give_rows_of_the_series_or_none() {
    // Nobody vouches for such answers, but they stay answers.
    let unchecked = |stamps: Vec<i64>| {
        let mut options = crate::series::options("TEST", Timeframe::M1, omega_slicer::PriceType::Bid);
        options.check = omega_slicer::Check::None;
        crate::series::series(&stamps, options, crate::series::named)
    };
    let mut state = 9_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.cast_signed()
    };
    for _ in 0..200 {
        let (primary, higher) =
            (unchecked((0..50).map(|_| random()).collect()), unchecked((0..20).map(|_| random()).collect()));
        for options in every_option(0..3) {
            assert!(aligned(&primary, &higher, options).iter().all(|row| (-1..20).contains(row)));
        }
    }
}
