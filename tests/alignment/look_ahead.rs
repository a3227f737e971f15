//! No answer knows the future: garbage in every row that closes after the decision time changes no bit.
//!
//! The oracle is tried on a look-ahead planted on purpose: an `align` that compares opens instead of closes.

use omega_slicer::{
    AlignOptions, Candle, CandleSeries, Decision, Field, MultiSymbolOptions, MultiSymbolSlice, PriceKind, PriceType,
    ResampleOptions, Stamps, SymbolDataSlice, Timeframe, Timeline, resample,
};
use proptest::prelude::*;

use crate::align::{aligned, brute};
use crate::series::{FRIDAY, MINUTE, named, options, series};

type Align = fn(&CandleSeries, &CandleSeries, AlignOptions) -> Vec<i64>;

/// A symbol's M1 bid and ask and a longer timeframe of its own, not resampled: it need not agree with them.
#[derive(Debug, Clone)]
struct World {
    bid: Vec<i64>,
    ask: Vec<i64>,
    longer: Vec<i64>,
    timeframe: Timeframe,
}

/// Rows that are told, and what is garbage behind them.
struct Seen {
    bid: CandleSeries,
    ask: CandleSeries,
    longer: CandleSeries,
}

impl World {
    /// The truth.
    fn told(&self) -> Seen {
        let one = |stamps: &[i64], timeframe, side| series(stamps, options("A", timeframe, side), named);
        Seen {
            bid: one(&self.bid, Timeframe::M1, PriceType::Bid),
            ask: one(&self.ask, Timeframe::M1, PriceType::Ask),
            longer: one(&self.longer, self.timeframe, PriceType::Bid),
        }
    }

    /// The truth up to `decision`; from then on other prices at other times. `kept` stamps of the bid stay: those
    /// of the bars that are asked.
    fn garbled(&self, decision: i64, kept: usize, steps: &[i64]) -> Seen {
        let one = |stamps: &[i64], timeframe: Timeframe, side, kept: usize| {
            let known = stamps.iter().filter(|&&stamp| stamp + timeframe.duration_us() <= decision).count();
            let mut stamps = stamps[..known.max(kept)].to_vec();
            let mut next = decision - timeframe.duration_us() + 1;
            for step in steps {
                if stamps.last().is_none_or(|&last| last < next) {
                    stamps.push(next);
                }
                next += step;
            }
            let price = |row: usize| if row < known { named(row) } else { f64::NAN };
            series(&stamps, options("A", timeframe, side), price)
        };
        Seen {
            bid: one(&self.bid, Timeframe::M1, PriceType::Bid, kept),
            ask: one(&self.ask, Timeframe::M1, PriceType::Ask, 0),
            longer: one(&self.longer, self.timeframe, PriceType::Bid, 0),
        }
    }
}

fn candle(bits: &mut Vec<u64>, candle: Option<Candle>) {
    bits.push(u64::from(candle.is_some()));
    if let Some(Candle { timestamp, open, high, low, close, volume }) = candle {
        bits.push(timestamp.cast_unsigned());
        bits.extend([open, high, low, close, volume].map(f64::to_bits));
    }
}

/// What `align` says of the bars up to `bar`.
fn rows(seen: &Seen, bar: usize, decision: Decision, align: Align) -> Vec<i64> {
    let mut rows = Vec::new();
    for stale_limit in [None, Some(0), Some(7)] {
        for series in [&seen.longer, &seen.ask] {
            let options = AlignOptions { decision, stamps: Stamps::Open, stale_limit };
            rows.extend_from_slice(&align(&seen.bid, series, options)[..=bar]);
        }
    }
    rows
}

/// Everything that may be asked at the close of a bar, in bits.
fn answers(seen: &Seen, bar: usize, decision: i64, align: Align) -> Vec<u64> {
    let mut bits: Vec<u64> = rows(seen, bar, Decision::Close, align).into_iter().map(i64::cast_unsigned).collect();
    let given = || [seen.bid.clone(), seen.ask.clone(), seen.longer.clone()];
    let mut slice = SymbolDataSlice::new(given(), Some(Timeframe::M1)).unwrap();
    slice.set_index(bar);
    bits.push(slice.decision_time().unwrap().cast_unsigned());
    for one in given() {
        let (timeframe, side) = (one.timeframe(), one.price_type());
        candle(&mut bits, slice.latest(timeframe, side));
        for length in [1, 4, 100] {
            slice.history(timeframe, side, length).iter().for_each(|found| candle(&mut bits, Some(found)));
        }
        for field in Field::ALL {
            let matrix = slice.history_matrix(timeframe, side, 5, field, bar.saturating_sub(3)..bar + 1).unwrap();
            bits.extend(matrix.iter().map(|value| value.to_bits()));
        }
    }
    for timeline in [Timeline::Intersection, Timeline::Union] {
        for (asof, stale_limit) in [(false, None), (true, None), (true, Some(3 * MINUTE))] {
            let options = MultiSymbolOptions { timeline, asof, stale_limit };
            let market = MultiSymbolSlice::new([seen.bid.clone(), seen.ask.clone()], options).unwrap();
            for moment in market.moments().filter(|moment| moment.decision_time() <= decision) {
                bits.push(moment.timestamp().cast_unsigned());
                candle(&mut bits, moment.get_candle("A", PriceType::Bid).unwrap());
                candle(&mut bits, moment.snapshot()["A"].ask);
                for kind in [PriceKind::Bid, PriceKind::Ask, PriceKind::Mid] {
                    bits.push(moment.get_price("A", kind).unwrap().map_or(1, f64::to_bits));
                }
                bits.push(moment.get_spread("A").unwrap().map_or(1, f64::to_bits));
            }
        }
    }
    bits
}

/// The candles of a longer timeframe, in bits: those made of rows that have closed by a time, if only those are known.
fn longer(series: &CandleSeries, minutes: i64, known_by: Option<i64>) -> Option<Vec<u64>> {
    let duration = series.timeframe().duration_us();
    let known = |stamp: &&i64| known_by.is_none_or(|time| **stamp + duration <= time);
    let rows = series.timestamp().iter().take_while(known).count();
    let told = crate::series::series(
        &series.timestamp()[..rows],
        options("A", series.timeframe(), series.price_type()),
        |row| series.open()[row],
    );
    let timeframe = Timeframe::from_duration_us(minutes * duration).unwrap();
    // Garbage may close after its bucket, which is refused.
    let made = resample(&told, timeframe, ResampleOptions::default()).ok()?;
    let mut bits = Vec::new();
    (0..made.len()).for_each(|row| candle(&mut bits, made.candle(row).ok()));
    Some(bits)
}

fn world() -> impl Strategy<Value = World> {
    // On the minute, so that the bars may be resampled; the ask has minutes of its own.
    let minutes = || {
        let step = prop_oneof![9 => Just(1_i64), 1 => 2..12_i64, 1 => Just(2880)];
        prop::collection::vec(step, 2..60).prop_map(|steps| {
            let mut minute = FRIDAY / MINUTE;
            let stamps = steps.into_iter().map(|step| {
                minute += step;
                minute * MINUTE
            });
            stamps.collect::<Vec<_>>()
        })
    };
    let longer = (prop::sample::select(vec![5_i64, 15, 60]), prop::collection::vec(1..4_i64, 0..30));
    (minutes(), minutes(), longer, -3..3_i64).prop_map(|(bid, ask, (minutes, steps), first)| {
        let mut stamp = FRIDAY + first * minutes * MINUTE;
        let longer = steps.into_iter().map(|step| {
            stamp += step * minutes * MINUTE;
            stamp
        });
        let timeframe = Timeframe::from_duration_us(minutes * MINUTE).unwrap();
        World { bid, ask, longer: longer.collect(), timeframe }
    })
}

proptest! {
    #[test]
    fn no_answer_at_a_close_changes_when_the_future_does(
        world in world(),
        pick in any::<prop::sample::Index>(),
        steps in prop::collection::vec(1..90 * MINUTE, 0..12),
    ) {
        let bar = pick.index(world.bid.len());
        let decision = world.bid[bar] + MINUTE;
        let told = answers(&world.told(), bar, decision, aligned);
        prop_assert_eq!(told, answers(&world.garbled(decision, 0, &steps), bar, decision, aligned));
    }

    /// A candle is complete when its bucket has closed, and what comes later adds others behind it.
    #[test]
    fn no_complete_candle_changes_when_the_future_does(
        world in world(),
        pick in any::<prop::sample::Index>(),
        minutes in 1..9_i64,
        steps in prop::collection::vec((1..90_i64).prop_map(|minutes| minutes * MINUTE), 0..12),
    ) {
        let decision = world.bid[pick.index(world.bid.len())] + MINUTE;
        let garbled = world.garbled(decision - 1, 0, &steps);
        let known = longer(&garbled.bid, minutes, Some(decision - 1)).unwrap();
        let told = longer(&world.told().bid, minutes, None).unwrap();
        prop_assert_eq!(&told[..known.len()], &known);
        if let Some(made) = longer(&garbled.bid, minutes, None) {
            prop_assert_eq!(&made[..known.len()], &known);
        }
    }

    #[test]
    fn no_row_at_an_open_changes_when_the_future_does(
        world in world(),
        pick in any::<prop::sample::Index>(),
        steps in prop::collection::vec(1..90 * MINUTE, 0..12),
    ) {
        let bar = pick.index(world.bid.len());
        let garbled = world.garbled(world.bid[bar], bar + 1, &steps);
        let told = rows(&world.told(), bar, Decision::Open, aligned);
        prop_assert_eq!(told, rows(&garbled, bar, Decision::Open, aligned));
    }
}

/// A look-ahead as it is usually made: a candle counts from its open on.
fn align_by_open(primary: &CandleSeries, higher: &CandleSeries, options: AlignOptions) -> Vec<i64> {
    brute(primary, higher, AlignOptions { stamps: Stamps::Close, ..options })
}

#[test]
fn the_oracle_catches_a_planted_look_ahead_and_no_honest_answer() {
    let minute = |minute: i64| FRIDAY + minute * MINUTE;
    let world = World {
        bid: (0..40).map(minute).collect(),
        ask: (0..40).map(minute).collect(),
        longer: [-15, 0, 15, 30].map(minute).to_vec(),
        timeframe: Timeframe::M15,
    };
    let caught = |align: Align, decision: Decision| {
        let late = if decision == Decision::Close { MINUTE } else { 0 };
        let differs = |bar: &usize| {
            let garbled = world.garbled(world.bid[*bar] + late, bar + 1, &[]);
            rows(&world.told(), *bar, decision, align) != rows(&garbled, *bar, decision, align)
        };
        (0..40).filter(differs).count()
    };
    for decision in [Decision::Open, Decision::Close] {
        assert_eq!(caught(aligned, decision), 0);
        assert!(caught(align_by_open, decision) >= 25, "{}", caught(align_by_open, decision));
    }
}
