//! Series to ask questions of: gappy, overlapping, of unequal lengths, with weekends and sessions, at the ends of
//! int64; prices that name their row.

use omega_slicer::{CandleSeries, Check, Columns, PriceType, SeriesOptions, Timeframe};
use proptest::prelude::*;

pub(crate) const MINUTE: i64 = 60_000_000;
pub(crate) const DAY: i64 = 1440 * MINUTE;
/// A Friday evening.
pub(crate) const FRIDAY: i64 = 1_709_326_800_000_000;

pub(crate) fn options(symbol: &str, timeframe: Timeframe, price_type: PriceType) -> SeriesOptions {
    // Garbage has to pass; order never may be garbage.
    SeriesOptions { check: Check::Order, ..SeriesOptions::new(symbol, timeframe, price_type) }
}

/// A series whose prices are made from the row.
pub(crate) fn series(stamps: &[i64], options: SeriesOptions, price: impl Fn(usize) -> f64) -> CandleSeries {
    let column = |shift: f64| (0..stamps.len()).map(|row| price(row) + shift).collect::<Vec<_>>().into();
    let columns = Columns {
        timestamp: stamps.to_vec().into(),
        open: column(0.0),
        high: column(1.0),
        low: column(-1.0),
        close: column(0.5),
        volume: Some(column(7.0)),
    };
    CandleSeries::new(columns, options).unwrap()
}

/// A series of which only the stamps matter.
pub(crate) fn stamped(stamps: &[i64], timeframe: Timeframe) -> CandleSeries {
    series(stamps, options("TEST", timeframe, PriceType::Bid), named)
}

/// A price that tells which row it is of.
pub(crate) fn named(row: usize) -> f64 {
    f64::from(u32::try_from(row).unwrap())
}

pub(crate) fn timeframe() -> impl Strategy<Value = Timeframe> {
    let odd = (1..400_i64).prop_map(|minutes| Timeframe::from_duration_us(minutes * MINUTE).unwrap());
    prop_oneof![
        4 => prop::sample::select(vec![Timeframe::M1, Timeframe::M5, Timeframe::M15, Timeframe::H1, Timeframe::D1]),
        1 => odd,
    ]
}

/// Stamps on a timeframe's grid, gapless, gappy or in sessions.
pub(crate) fn stamps(timeframe: Timeframe, most: usize) -> impl Strategy<Value = Vec<i64>> {
    let d = timeframe.duration_us();
    let start = prop_oneof![
        6 => (-300..300_i64).prop_map(|minutes| FRIDAY + minutes * MINUTE),
        2 => Just(FRIDAY),
        1 => Just(i64::MIN),
        1 => (0..DAY).prop_map(|early| i64::MAX - early),
    ];
    let step = prop_oneof![
        12 => Just(d),
        // Overlapping candles, holes, a weekend.
        1 => 1..=d,
        1 => (2..9_i64).prop_map(move |k| k * d),
        1 => Just((2 * DAY).max(d)),
    ];
    // In a session of so many candles, then nothing for the rest of the day.
    let session = prop_oneof![3 => Just(usize::MAX), 1 => 1..9_usize];
    (start, prop::collection::vec(step, 0..most), session, any::<bool>()).prop_map(|(start, steps, session, empty)| {
        let mut stamps = vec![start];
        for (row, step) in steps.into_iter().enumerate() {
            let pause = if (row + 1).is_multiple_of(session) { DAY } else { 0 };
            let Some(next) = stamps[row].checked_add(step).and_then(|next| next.checked_add(pause)) else { break };
            stamps.push(next);
        }
        if empty && stamps.len() == 1 { Vec::new() } else { stamps }
    })
}
