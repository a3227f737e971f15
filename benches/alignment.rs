//! Nanoseconds per row of `align` and `resample`, and per step of the walk, on 1,000,000 one-minute candles with
//! gaps, beside what anyone would write by hand.
//!
//! Each iteration does a whole series, reported per element; `benches/run.py` reads the medians. The series is made,
//! not read: five days of trading, then a weekend; one minute in 300 missing; volumes with two decimals.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use omega_slicer::{
    AlignOptions, CandleSeries, Columns, Decision, Field, MultiSymbolOptions, MultiSymbolSlice, PriceKind, PriceType,
    ResampleOptions, SeriesOptions, SymbolDataSlice, Timeframe, align, resample,
};

const ROWS: usize = 1_000_000;
const MINUTE: i64 = 60_000_000;

/// A small generator with a fixed seed (xorshift64*), so that every run has the same rows.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % bound
    }

    fn part(&mut self, bound: u64) -> f64 {
        f64::from(u32::try_from(self.below(bound)).unwrap())
    }
}

fn timestamps(random: &mut Random) -> Vec<i64> {
    let mut minute = 0_i64;
    std::iter::repeat_with(|| {
        minute += if random.below(300) == 0 { 2 + i64::try_from(random.below(4)).unwrap() } else { 1 };
        if minute % (7 * 1440) >= 5 * 1440 {
            minute += 2 * 1440;
        }
        minute * MINUTE
    })
    .take(ROWS)
    .collect()
}

fn series(seed: u64, price_type: PriceType) -> CandleSeries {
    let mut random = Random(seed);
    let timestamp = timestamps(&mut random).into();
    let mut price = 1.1;
    let close: Vec<f64> = std::iter::repeat_with(|| {
        price += (random.part(2001) - 1000.0) * 1e-7;
        price
    })
    .take(ROWS)
    .collect();
    let volume = (0..ROWS).map(|_| random.part(100_000) / 100.0).collect::<Vec<_>>();
    let columns = Columns {
        timestamp,
        open: close.clone().into(),
        high: close.iter().map(|c| c + 1e-4).collect::<Vec<_>>().into(),
        low: close.iter().map(|c| c - 1e-4).collect::<Vec<_>>().into(),
        close: close.into(),
        volume: Some(volume.into()),
    };
    CandleSeries::new(columns, SeriesOptions::new("SYNTH", Timeframe::M1, price_type)).unwrap()
}

/// The merge that anyone would write: one comparison and one store per bar.
fn merge(primary: &[i64], higher: &[i64], duration: i64, rows: &mut [i64]) {
    let mut closed = 0;
    for (&stamp, row) in primary.iter().zip(rows) {
        while higher.get(closed).is_some_and(|&open| open + duration <= stamp) {
            closed += 1;
        }
        *row = i64::try_from(closed).unwrap() - 1;
    }
}

fn alignment(c: &mut Criterion) {
    let (m1, ask) = (series(7, PriceType::Bid), series(11, PriceType::Ask));
    let longer = |timeframe| resample(&m1, timeframe, ResampleOptions::default()).unwrap();
    let (m5, h1) = (longer(Timeframe::M5), longer(Timeframe::H1));
    let mut rows = vec![0_i64; ROWS];
    let mut group = c.benchmark_group("align");
    group.throughput(Throughput::Elements(ROWS as u64));
    let stale = AlignOptions { stale_limit: Some(59), ..Default::default() };
    for (name, higher, options) in [
        ("M1_to_H1", &h1, AlignOptions::default()),
        ("M1_to_H1_stale_limit", &h1, stale),
        ("M1_to_M5", &m5, AlignOptions::default()),
        ("bid_to_ask", &ask, AlignOptions { decision: Decision::Close, ..Default::default() }),
    ] {
        group.bench_function(name, |b| b.iter(|| align(&m1, black_box(higher), options, &mut rows).unwrap()));
    }
    group.bench_function("merge", |b| {
        b.iter(|| merge(m1.timestamp(), black_box(h1.timestamp()), 60 * MINUTE, &mut rows));
    });
    // What writing the rows costs, whoever finds them.
    group.bench_function("fill", |b| b.iter(|| rows.fill(black_box(1))));
    group.finish();
    let mut reversed = vec![0_i64; h1.len()];
    let mut group = c.benchmark_group("align_H1");
    group.throughput(Throughput::Elements(h1.len() as u64));
    group.bench_function("to_M1", |b| {
        b.iter(|| align(&h1, black_box(&m1), AlignOptions::default(), &mut reversed).unwrap());
    });
    group.finish();
}

fn resampling(c: &mut Criterion) {
    let m1 = series(7, PriceType::Bid);
    let mut group = c.benchmark_group("resample");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, timeframe) in [("M1_to_M5", Timeframe::M5), ("M1_to_H1", Timeframe::H1), ("M1_to_D1", Timeframe::D1)] {
        group.bench_function(name, |b| {
            b.iter(|| resample(black_box(&m1), timeframe, ResampleOptions::default()).unwrap());
        });
    }
    group.finish();
}

fn walk(c: &mut Criterion) {
    const BARS: usize = 30_000;
    let (bid, ask) = (series(7, PriceType::Bid), series(7, PriceType::Ask));
    let frames = [Timeframe::M1, Timeframe::M15, Timeframe::H1];
    let longer = |series: &CandleSeries, at: usize| {
        if at == 0 { series.clone() } else { resample(series, frames[at], ResampleOptions::default()).unwrap() }
    };
    let given = (0..3).flat_map(|at| [longer(&bid, at), longer(&ask, at)]);
    let slice = SymbolDataSlice::new(given, None).unwrap();
    let mut group = c.benchmark_group("walk");
    group.throughput(Throughput::Elements(3 * BARS as u64));
    // Per bar and timeframe: both sides' latest candles and a history of 50.
    group.bench_function("step", |b| {
        b.iter(|| {
            let mut sum = 0.0;
            for bar in black_box(&slice).walk(ROWS - BARS..) {
                for timeframe in frames {
                    let latest = |side| bar.latest(timeframe, side).map_or(0.0, |candle| candle.close);
                    sum += latest(PriceType::Bid) - latest(PriceType::Ask);
                    sum += bar.history(timeframe, PriceType::Bid, 50).close()[0];
                }
            }
            sum
        });
    });
    group.bench_function("history_matrix", |b| {
        b.iter(|| {
            frames.map(|timeframe| {
                slice.history_matrix(timeframe, PriceType::Bid, 50, Field::Close, ROWS - BARS..ROWS).unwrap()
            })
        });
    });
    group.finish();
}

fn moments(c: &mut Criterion) {
    let given = [series(7, PriceType::Bid), series(11, PriceType::Ask)];
    let options = MultiSymbolOptions::default();
    let market = MultiSymbolSlice::new(given.clone(), options).unwrap();
    let mut group = c.benchmark_group("moments");
    group.throughput(Throughput::Elements(market.len() as u64));
    group.bench_function("new", |b| b.iter(|| MultiSymbolSlice::new(given.clone(), options).unwrap()));
    group.bench_function("get_price", |b| {
        b.iter(|| {
            let prices = black_box(&market).moments().map(|now| now.get_price("SYNTH", PriceKind::Mid).unwrap());
            prices.map(Option::unwrap).sum::<f64>()
        });
    });
    group.finish();
}

criterion_group!(benches, alignment, resampling, walk, moments);
criterion_main!(benches);
