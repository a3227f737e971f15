//! `resample` is its definition: each bucket looks at every row, and sums volumes in whole numbers.

use num_bigint::{BigInt, BigUint, Sign};
use omega_slicer::{
    CandleSeries, Check, Columns, ErrorCode, Field, PriceType, ResampleOptions, SeriesOptions, Timeframe, resample,
};
use proptest::prelude::*;

use crate::series::{DAY, FRIDAY, MINUTE, stamped, stamps};

/// The sum of the values that are not NaN, rounded once: a whole number of 2^-1074, cut to 53 bits.
fn exact_sum(values: &[f64]) -> f64 {
    let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    if known.is_empty() {
        return f64::NAN;
    }
    let sum: BigInt = known.iter().map(|&value| units(value)).sum();
    let (sign, magnitude) = sum.into_parts();
    let drop = magnitude.bits().saturating_sub(53);
    let mut kept = u64::try_from(&magnitude >> drop).unwrap();
    let (below, half) = (&magnitude - (BigUint::from(kept) << drop), (BigUint::from(1_u8) << drop) >> 1_u8);
    if drop > 0 && (below > half || below == half && kept & 1 == 1) {
        kept += 1;
    }
    // Below 2^53 the bits of a double count units; above, the exponent grows by what was dropped.
    let value = f64::from_bits(kept + (drop << 52));
    if sign == Sign::Minus { -value } else { value }
}

fn units(value: f64) -> BigInt {
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff).max(1);
    let fraction = bits & ((1 << 52) - 1);
    let mantissa = if value.abs() < f64::MIN_POSITIVE { fraction } else { fraction | 1 << 52 };
    let magnitude = BigInt::from(mantissa) << (exponent - 1);
    if value.is_sign_negative() { -magnitude } else { magnitude }
}

/// The newest of the values that no other beats.
fn newest(values: &[f64], beats: impl Fn(f64, f64) -> bool) -> f64 {
    let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let best = known.iter().rfind(|&&value| !known.iter().any(|&other| beats(other, value)));
    best.copied().unwrap_or(f64::NAN)
}

type Row = (i64, [f64; 5]);

/// The definition, or the code of the refusal.
fn brute(series: &CandleSeries, timeframe: Timeframe, options: ResampleOptions) -> Result<Vec<Row>, i32> {
    let (source, target) = (i128::from(series.timeframe().duration_us()), i128::from(timeframe.duration_us()));
    let anchor = if timeframe == Timeframe::W1 { i128::from(4 * DAY) } else { 0 };
    let bucket = |stamp: i64| {
        let from = anchor + i128::from(options.origin);
        from + (i128::from(stamp) - from).div_euclid(target) * target
    };
    let stamps = series.timestamp();
    let mut starts: Vec<i128> = stamps.iter().map(|&stamp| bucket(stamp)).collect();
    if starts.iter().any(|start| i64::try_from(*start).is_err()) {
        return Err(1001);
    }
    if stamps.iter().zip(&starts).any(|(&stamp, start)| i128::from(stamp) + source > start + target) {
        return Err(1006);
    }
    starts.dedup();
    let last_close = stamps.last().map(|&stamp| i128::from(stamp) + source);
    starts.retain(|start| options.keep_partial || last_close.is_some_and(|close| start + target <= close));
    let row = |start: i128| {
        let within = |field: Field| -> Vec<f64> {
            let values = series.columns().field(field).unwrap();
            values.iter().zip(stamps).filter(|(_, stamp)| bucket(**stamp) == start).map(|(value, _)| *value).collect()
        };
        let known = |field: Field| within(field).into_iter().filter(|value| !value.is_nan());
        let prices = [
            known(Field::Open).next().unwrap_or(f64::NAN),
            newest(&within(Field::High), |a, b| a > b),
            newest(&within(Field::Low), |a, b| a < b),
            known(Field::Close).next_back().unwrap_or(f64::NAN),
            series.volume().map_or(f64::NAN, |_| exact_sum(&within(Field::Volume))),
        ];
        (i64::try_from(start).unwrap(), prices)
    };
    Ok(starts.into_iter().map(row).collect())
}

fn rows(series: &CandleSeries) -> Vec<Row> {
    let row = |row: usize| {
        let candle = series.candle(row).unwrap();
        (candle.timestamp, [candle.open, candle.high, candle.low, candle.close, candle.volume])
    };
    (0..series.len()).map(row).collect()
}

fn same(a: &[Row], b: &[Row]) -> bool {
    let bits = |value: f64| if value.is_nan() { u64::MAX } else { value.to_bits() };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1.map(bits) == b.1.map(bits))
}

/// Prices with holes, signed zeros and small moves; volumes whose sums have to be rounded.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (0..2000_u32).prop_map(|pips| 1.1 + f64::from(pips) * 1e-5),
        1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::NAN, -1.5]),
    ]
}

fn volume() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (0..1_000_000_u32).prop_map(|lots| f64::from(lots) * 0.01),
        2 => Just(f64::NAN),
        1 => prop::sample::select(vec![1e300, -1e300, 5e-324, 2f64.powi(53), 1.0, 1e-20, 0.0, -0.0]),
        1 => any::<f64>().prop_filter("small enough to add up", |value| value.abs() < 1e306),
    ]
}

fn candles(source: Timeframe) -> impl Strategy<Value = CandleSeries> {
    stamps(source, 150).prop_flat_map(move |stamps| {
        let column = || prop::collection::vec(value(), stamps.len());
        let volumes = prop::option::weighted(0.8, prop::collection::vec(volume(), stamps.len()));
        let columns = (column(), column(), column(), column(), volumes);
        columns.prop_map(move |(open, high, low, close, volume)| {
            let columns = Columns {
                timestamp: stamps.clone().into(),
                open: open.into(),
                high: high.into(),
                low: low.into(),
                close: close.into(),
                volume: volume.map(Into::into),
            };
            let mut options = SeriesOptions::new("TEST", source, PriceType::Ask);
            options.allow_missing = true;
            CandleSeries::new(columns, options).unwrap()
        })
    })
}

fn origin() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0), 3 => (-3000..3000_i64).prop_map(|m| m * MINUTE), 1 => any::<i64>()]
}

proptest! {
    #[test]
    fn every_bucket_is_what_a_scan_of_all_rows_makes_of_it(
        series in prop::sample::select(vec![Timeframe::M1, Timeframe::M5, Timeframe::H1]).prop_flat_map(candles),
        times in prop_oneof![4 => 1..70_i64, 1 => Just(10_080), 1 => 1..100_000_i64],
        origin in origin(),
        keep_partial in any::<bool>(),
    ) {
        let timeframe = Timeframe::from_duration_us(series.timeframe().duration_us() * times).unwrap();
        let options = ResampleOptions { origin, keep_partial };
        match (resample(&series, timeframe, options), brute(&series, timeframe, options)) {
            (Ok(found), Ok(expected)) => {
                prop_assert!(same(&rows(&found), &expected), "{:?} is not {:?}", rows(&found), expected);
                prop_assert_eq!(found.volume().is_some(), series.volume().is_some());
                prop_assert_eq!((found.symbol(), found.timeframe(), found.price_type()),
                                ("TEST", timeframe, PriceType::Ask));
            }
            (Err(error), Err(code)) => prop_assert_eq!(error.code().as_i32(), code, "{}", error),
            (found, expected) => prop_assert!(false, "{:?} where {:?} was expected", found, expected),
        }
    }

    #[test]
    fn two_steps_lead_where_one_does(
        minutes in prop::collection::btree_set(0..600_i64, 1..400),
        volumes in prop::collection::vec(0..1_000_u32, 600),
        keep_partial in any::<bool>(),
    ) {
        let stamps: Vec<i64> = minutes.into_iter().map(|minute| FRIDAY + minute * MINUTE).collect();
        let column = |shift: f64| stamps.iter().map(|t| f64::from(i32::try_from(t / MINUTE % 97).unwrap()) * 0.01 + shift).collect::<Vec<_>>();
        let columns = Columns {
            timestamp: stamps.clone().into(),
            open: column(0.0).into(), high: column(1.0).into(), low: column(-1.0).into(), close: column(0.5).into(),
            // Whole numbers: rounding on the way is no matter of this law.
            volume: Some(volumes[..stamps.len()].iter().map(|&v| f64::from(v)).collect::<Vec<_>>().into()),
        };
        let m1 = CandleSeries::new(columns, SeriesOptions::new("TEST", Timeframe::M1, PriceType::Bid)).unwrap();
        let options = ResampleOptions { keep_partial, ..Default::default() };
        let m5 = resample(&m1, Timeframe::M5, ResampleOptions { keep_partial: true, ..options }).unwrap();
        let twice = resample(&m5, Timeframe::H1, options).unwrap();
        let once = resample(&m1, Timeframe::H1, options).unwrap();
        // A last hour may be complete in M5 where its last minutes are missing.
        let (twice, once) = (rows(&twice), rows(&once));
        prop_assert!(twice.len() - once.len() <= usize::from(!keep_partial));
        prop_assert!(same(&twice[..once.len()], &once));
    }
}

fn volumes(volumes: &[f64]) -> CandleSeries {
    let stamps: Vec<i64> = (0..).map(|row| row * MINUTE).take(volumes.len()).collect();
    let ones = || vec![1.0; volumes.len()].into();
    let columns = Columns {
        timestamp: stamps.into(),
        open: ones(),
        high: ones(),
        low: ones(),
        close: ones(),
        volume: Some(volumes.to_vec().into()),
    };
    CandleSeries::new(columns, SeriesOptions::new("TEST", Timeframe::M1, PriceType::Bid)).unwrap()
}

#[test]
fn a_volume_is_the_exact_sum_rounded_once() {
    let half = 2f64.powi(53);
    // Long enough for lanes: a tie that only what one of them cannot hold breaks, and nothing at all.
    let mut hidden = [0.0; 20];
    (hidden[0], hidden[4], hidden[8], hidden[12]) = (1e300, 1.0, 2f64.powi(-60), -1e300);
    hidden[1] = 2f64.powi(-53);
    let cases: [&[f64]; 11] = [
        &hidden,
        &[f64::NAN; 20],
        &[0.1; 60],
        &[1e16, 1.0, 1.0, 1.0, -1e16, 1.0],
        // Ties: to even, unless something small breaks them.
        &[half, 1.0],
        &[half, 1.0, 5e-324],
        &[half, 1.0, -5e-324],
        &[half, 1.0, 1e-300, -1e-300, 1e-310, 3.0, 5.0, 7.0, 9.0, 11.0],
        &[f64::NAN, f64::NAN],
        &[-0.0, -0.0],
        &[1e308, -1e308, 1e-308, 1e308, 1e308, -1e308, -1e308, 3.0, 1.0, 1.0],
    ];
    for case in cases {
        let target = Timeframe::from_duration_us(MINUTE * i64::try_from(case.len()).unwrap()).unwrap();
        let sum = resample(&volumes(case), target, ResampleOptions::default()).unwrap().volume().unwrap()[0];
        let expected = exact_sum(case);
        assert!(sum.to_bits() == expected.to_bits() || sum.is_nan() && expected.is_nan(), "{case:?}: {sum}");
    }
    // Where the sum of doubles itself would fail, the definition knows the answer.
    assert_eq!(exact_sum(&[half, 1.0, 5e-324]), half + 2.0);
    assert_eq!(exact_sum(&[0.1; 60]), 6.0);
    let overflow = resample(&volumes(&[f64::MAX, f64::MAX]), "2min".parse().unwrap(), ResampleOptions::default());
    assert_eq!(overflow.unwrap_err().code(), ErrorCode::ConstraintViolation);
}

#[test]
fn a_last_bucket_is_whole_or_left_out_unless_kept() {
    let whole: Vec<i64> = (0..120).map(|minute| minute * MINUTE).collect();
    let hours = |stamps: &[i64], keep_partial| {
        let options = ResampleOptions { keep_partial, ..Default::default() };
        resample(&stamped(stamps, Timeframe::M1), Timeframe::H1, options).unwrap().timestamp().to_vec()
    };
    assert_eq!(hours(&whole, false), [0, 60 * MINUTE]);
    assert_eq!(hours(&whole[..119], false), [0]);
    assert_eq!(hours(&whole[..119], true), [0, 60 * MINUTE]);
    // A first bucket that begins before the data is kept, and holes never make a row.
    assert_eq!(hours(&whole[59..60], false), [0]);
    assert_eq!(hours(&[0, 300 * MINUTE, 359 * MINUTE], false), [0, 300 * MINUTE]);
    assert!(hours(&[], true).is_empty());
}

#[test]
fn weeks_begin_on_monday_and_an_origin_shifts_any_bucket() {
    let at = |timeframe: Timeframe, origin: i64| {
        let options = ResampleOptions { origin, keep_partial: true };
        resample(&stamped(&[FRIDAY], Timeframe::M1), timeframe, options).unwrap().timestamp()[0]
    };
    // 2024-03-01T21:00Z; its week began on 2024-02-26.
    assert_eq!(at(Timeframe::W1, 0), 1_708_905_600_000_000);
    assert_eq!(at(Timeframe::D1, 0), 1_709_251_200_000_000);
    assert_eq!(at(Timeframe::D1, 22 * 60 * MINUTE), 1_709_251_200_000_000 - 2 * 60 * MINUTE);
    assert_eq!(at(Timeframe::D1, -2 * 60 * MINUTE), at(Timeframe::D1, 22 * 60 * MINUTE));
    let days = i64::MAX.rem_euclid(DAY);
    assert_eq!(at(Timeframe::D1, i64::MAX), (FRIDAY - days).div_euclid(DAY) * DAY + days);
}

#[test]
fn a_candle_that_closes_after_its_bucket_is_refused_by_name() {
    let stamps: Vec<i64> = (0..130).map(|minute| minute * MINUTE + 30_000_000).collect();
    let series = stamped(&stamps, Timeframe::M1);
    let refused = resample(&series, Timeframe::H1, ResampleOptions::default()).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ConstraintViolation);
    let text = refused.to_string();
    for word in ["row 59", "3570000000", "3600000000", "origin"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let shifted = ResampleOptions { origin: 30_000_000, ..Default::default() };
    assert_eq!(resample(&series, Timeframe::H1, shifted).unwrap().timestamp(), [30_000_000, 3_630_000_000]);
    // Of several in a bucket, the first.
    let overlapping = stamped(&[0, 59 * MINUTE + 1, 59 * MINUTE + 2, 60 * MINUTE], Timeframe::M1);
    let refused = resample(&overlapping, Timeframe::H1, ResampleOptions::default()).unwrap_err();
    assert!(refused.to_string().contains("row 1"), "{refused}");
}

#[test]
fn only_whole_multiples_are_longer_candles() {
    let empty = stamped(&[], Timeframe::M15);
    for (text, fits) in [("M15", true), ("M30", true), ("M5", false), ("20min", false), ("M1", false), ("H1", true)] {
        let made = resample(&empty, text.parse().unwrap(), ResampleOptions::default());
        match made {
            Ok(series) => assert!(fits && series.is_empty() && series.timeframe() == text.parse().unwrap()),
            Err(error) => {
                assert!(!fits && error.code() == ErrorCode::InvalidArgument);
                assert!(error.to_string().contains(text) && error.to_string().contains("M15"), "{error}");
            }
        }
    }
}

#[test]
fn a_bucket_that_starts_before_all_time_is_refused_and_one_that_ends_after_it_never_closes() {
    let first = stamped(&[i64::MIN], Timeframe::M1);
    let refused = resample(&first, Timeframe::H1, ResampleOptions { keep_partial: true, origin: 0 }).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidArgument);
    assert!(refused.to_string().contains(&i64::MIN.to_string()));
    let origin = i64::MIN.rem_euclid(60 * MINUTE);
    assert_eq!(resample(&first, Timeframe::H1, ResampleOptions { keep_partial: true, origin }).unwrap().len(), 1);
    let last = stamped(&[i64::MAX / MINUTE * MINUTE], Timeframe::M1);
    for (keep_partial, len) in [(false, 0), (true, 1)] {
        let options = ResampleOptions { keep_partial, origin: 0 };
        assert_eq!(resample(&last, Timeframe::H1, options).unwrap().len(), len);
    }
}

#[test]
fn an_unchecked_series_in_disorder_is_refused_or_answered_but_never_fatal() {
    let mut state = 5_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.cast_signed()
    };
    for round in 0..2000 {
        let stamps: Vec<i64> = (0..20).map(|_| if round % 2 == 0 { random() } else { random() >> 30 }).collect();
        let mut options = SeriesOptions::new("TEST", Timeframe::M1, PriceType::Bid);
        options.check = Check::None;
        let series = crate::series::series(&stamps, options, crate::series::named);
        let options = ResampleOptions { origin: random(), keep_partial: true };
        if let Ok(made) = resample(&series, Timeframe::H1, options) {
            assert!(made.timestamp().windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
