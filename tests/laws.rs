//! Laws of the slicer on random series: equal to a full scan, blind to the future, silent about memory.

use omega_slicer::{
    CandleSeries, Candles, Check, Columns, Field, LookbackOptions, PriceType, RowRange, SeriesOptions,
    SymbolDataSlicer, Timeframe,
};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000;

/// A price that tells which row it is of.
fn named(row: usize) -> f64 {
    f64::from(u32::try_from(row).unwrap())
}

fn slicer(stamps: &[i64], price: impl Fn(usize) -> f64) -> SymbolDataSlicer {
    let column = |shift: f64| (0..stamps.len()).map(|row| price(row) + shift).collect::<Vec<_>>().into();
    let columns = Columns {
        timestamp: stamps.to_vec().into(),
        open: column(0.0),
        high: column(1.0),
        low: column(-1.0),
        close: column(0.5),
        volume: Some(column(7.0)),
    };
    let mut options = SeriesOptions::new("LAW", Timeframe::M5, PriceType::Ask);
    options.check = Check::Order;
    SymbolDataSlicer::new(CandleSeries::new(columns, options).unwrap())
}

/// Gappy, overlapping, sometimes at the very ends of int64.
fn stamps() -> impl Strategy<Value = Vec<i64>> {
    let start =
        prop_oneof![6 => Just(1_700_000_000_000_000_i64), 1 => Just(i64::MIN), 1 => Just(i64::MAX - 900 * MINUTE)];
    let step = prop_oneof![6 => Just(5 * MINUTE), 1 => 1..MINUTE, 2 => (1..40_i64).prop_map(|k| k * MINUTE)];
    (start, prop::collection::vec(step, 0..40), any::<bool>()).prop_map(|(start, steps, empty)| {
        let mut stamps = vec![start];
        for step in steps {
            let Some(next) = stamps[stamps.len() - 1].checked_add(step) else { break };
            stamps.push(next);
        }
        if empty && stamps.len() == 1 { Vec::new() } else { stamps }
    })
}

fn moments(stamps: &[i64]) -> Vec<i64> {
    let near = |s: i64| {
        let close = s.saturating_add(5 * MINUTE);
        [s.saturating_sub(1), s, s.saturating_add(1), close.saturating_sub(1), close, close.saturating_add(1)]
    };
    stamps.iter().flat_map(|&s| near(s)).chain([i64::MIN, 0, i64::MAX]).collect()
}

fn options() -> impl Strategy<Value = LookbackOptions> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(include_current, closed_only, partial)| LookbackOptions {
        include_current,
        closed_only,
        partial,
    })
}

/// Whether a candle may be seen, straight from the definition, in 128 bits.
fn admitted(stamp: i64, now: i64, options: LookbackOptions) -> bool {
    let (stamp, now) = (i128::from(stamp), i128::from(now));
    let close = stamp + i128::from(5 * MINUTE);
    (if options.include_current { stamp <= now } else { stamp < now }) && (!options.closed_only || close <= now)
}

proptest! {
    #[test]
    fn a_lookback_is_the_last_n_rows_of_a_full_scan(stamps in stamps(), n in 1_usize..12, options in options()) {
        let slicer = slicer(&stamps, named);
        for now in moments(&stamps) {
            let rows = stamps.iter().filter(|&&stamp| admitted(stamp, now, options)).count();
            let expected = RowRange { start: rows - rows.min(n), len: rows.min(n) };
            match slicer.get_lookback(now, n, options) {
                Ok(candles) => prop_assert_eq!(candles.range(), expected),
                Err(error) => {
                    prop_assert!(rows < n && !options.partial, "{}", error);
                    prop_assert_eq!(error.code().as_i32(), 2008);
                }
            }
        }
    }

    #[test]
    fn the_batch_forms_answer_like_one_question_at_a_time(stamps in stamps(), n in 1_usize..12, options in options()) {
        let slicer = slicer(&stamps, named);
        let times = moments(&stamps);
        let one_by_one: Result<Vec<_>, _> = times.iter().map(|&now| slicer.get_lookback(now, n, options).map(Candles::range)).collect();
        let batch = slicer.get_lookbacks(&times, n, options).map(Iterator::collect::<Vec<_>>);
        prop_assert_eq!(one_by_one.map_err(|e| e.code()), batch.map_err(|e| e.code()));
        let at: Vec<_> = times.iter().map(|&t| slicer.get_row_at(t)).collect();
        prop_assert_eq!(at, slicer.get_rows_at(&times).collect::<Vec<_>>());
        let asof: Vec<_> = times.iter().map(|&t| slicer.get_row_asof(t, options.closed_only)).collect();
        prop_assert_eq!(asof, slicer.get_rows_asof(&times, options.closed_only).collect::<Vec<_>>());
        let partial = LookbackOptions { partial: true, ..options };
        let matrix = slicer.gather_lookback(Field::Close, &times, n, partial).unwrap();
        for (row, &now) in matrix.rows().into_iter().zip(&times) {
            let known = slicer.get_lookback(now, n, partial).unwrap().close();
            let missing = n - known.len();
            prop_assert!(row.iter().take(missing).all(|value| value.is_nan()));
            prop_assert!(row.iter().skip(missing).zip(known).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    #[test]
    fn a_slice_holds_exactly_the_rows_between_its_bounds(stamps in stamps(), current in any::<bool>()) {
        let slicer = slicer(&stamps, named);
        let times = moments(&stamps);
        for &start in times.iter().step_by(3) {
            for &end in times.iter().step_by(2) {
                let within = |t: i64| start <= t && if current { t <= end } else { t < end };
                match slicer.get_slice(start, end, current) {
                    Ok(candles) => {
                        let expected: Vec<i64> = stamps.iter().copied().filter(|&t| within(t)).collect();
                        prop_assert_eq!(candles.timestamp(), expected);
                    }
                    Err(error) if start > end => prop_assert_eq!(error.code().as_i32(), 1001),
                    Err(error) => {
                        let all_later = !stamps.iter().any(|&t| if current { t <= end } else { t < end });
                        let all_earlier = !stamps.iter().any(|&t| t >= start);
                        prop_assert!(all_later || all_earlier, "{}", error);
                        prop_assert_eq!(error.code().as_i32(), 1003);
                    }
                }
            }
        }
    }

    /// Garbage in every row that a question must not see, no such rows, or others at other times: every
    /// answer's bits stay as they were.
    #[test]
    fn no_answer_changes_when_the_future_does(
        stamps in stamps(),
        n in 1_usize..12,
        options in options(),
        pick in any::<prop::sample::Index>(),
        steps in prop::collection::vec(1..400 * MINUTE, 0..9),
    ) {
        let times = moments(&stamps);
        let now = times[pick.index(times.len())];
        let visible = LookbackOptions { include_current: true, ..options };
        let past = stamps.iter().filter(|&&stamp| admitted(stamp, now, visible)).count();
        let told = seen(&slicer(&stamps, named), now, n, options);
        let garbled = slicer(&stamps, |row| if row < past { named(row) } else { f64::NAN });
        prop_assert_eq!(&told, &seen(&garbled, now, n, options));
        let mut cut = stamps[..past].to_vec();
        prop_assert_eq!(&told, &seen(&slicer(&cut, named), now, n, options));
        // The first stamp that is not to be seen, and from there on steps of any kind.
        let delay = if options.closed_only { 5 * MINUTE } else { 0 };
        let mut stamp = now.checked_sub(delay).map_or(i64::MIN, |latest| latest.saturating_add(1));
        for step in steps {
            if cut.last().is_none_or(|&last| last < stamp) {
                cut.push(stamp);
            }
            stamp = stamp.saturating_add(step);
        }
        let respaced = slicer(&cut, |row| if row < past { named(row) } else { f64::NAN });
        // At the end of int64 nothing lies in the future.
        if !admitted(cut.last().copied().unwrap_or(i64::MAX), now, visible) || cut.len() == past {
            prop_assert_eq!(&told, &seen(&respaced, now, n, options));
        }
    }
}

/// Every bit that every question answers at `now`.
fn seen(slicer: &SymbolDataSlicer, now: i64, n: usize, options: LookbackOptions) -> Vec<u64> {
    let mut bits = Vec::new();
    let mut candle = |candle: Option<omega_slicer::Candle>| {
        bits.extend(candle.iter().flat_map(|c| {
            [
                c.timestamp.cast_unsigned(),
                c.open.to_bits(),
                c.high.to_bits(),
                c.low.to_bits(),
                c.close.to_bits(),
                c.volume.to_bits(),
            ]
        }));
        bits.push(u64::from(candle.is_some()));
    };
    candle(slicer.get_candle_asof(now, options.closed_only));
    if !options.closed_only {
        candle(slicer.get_candle_at(now));
    }
    for found in slicer.get_lookback(now, n, LookbackOptions { partial: true, ..options }).unwrap().iter() {
        candle(Some(found));
    }
    if !options.closed_only {
        for found in slicer.get_slice(i64::MIN, now, options.include_current).iter().flat_map(|candles| candles.iter())
        {
            candle(Some(found));
        }
    }
    let times = [now, now.saturating_sub(3 * MINUTE), now.saturating_sub(77 * MINUTE)];
    let partial = LookbackOptions { partial: true, ..options };
    bits.extend(slicer.gather_lookback(Field::High, &times, n, partial).unwrap().iter().map(|value| value.to_bits()));
    bits.extend(slicer.get_lookbacks(&times, n, partial).unwrap().flat_map(|r| [r.start as u64, r.len as u64]));
    if !options.closed_only {
        bits.extend(slicer.get_rows_at(&times).map(|row| row.map_or(u64::MAX, |row| row as u64)));
    }
    bits.extend(slicer.get_rows_asof(&times, options.closed_only).map(|row| row.map_or(u64::MAX, |row| row as u64)));
    bits
}

#[test]
fn the_look_ahead_oracle_sees_a_planted_look_ahead() {
    // A slicer one candle ahead of its time: the answer at `now` is that of a candle later.
    let stamps: Vec<i64> = (0..20).map(|row| row * 5 * MINUTE).collect();
    let now = stamps[10];
    let told = slicer(&stamps, named);
    let lied = slicer(&stamps, |row| if row <= 10 { named(row) } else { f64::NAN });
    let options = LookbackOptions::default();
    assert_eq!(seen(&told, now, 5, options), seen(&lied, now, 5, options));
    assert_ne!(seen(&told, stamps[11], 5, options), seen(&lied, stamps[11], 5, options));
}
