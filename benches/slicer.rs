//! Nanoseconds per question on 1,000,000 one-minute candles with gaps, beside what Rust offers by itself.
//!
//! Each iteration asks a whole array of questions, reported per element; `benches/run.py` reads the
//! medians. The series is made, not read: five days of trading, then a weekend; one minute in 300 missing.

#![allow(clippy::cast_precision_loss, reason = "sizes")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use omega_slicer::{CandleSeries, Columns, LookbackOptions, PriceType, SeriesOptions, SymbolDataSlicer, Timeframe};

const ROWS: usize = 1_000_000;
const MINUTE: i64 = 60_000_000;

/// A small generator with a fixed seed (xorshift64*), so that every run asks the same questions.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % bound
    }
}

fn timestamps() -> Vec<i64> {
    let mut random = Random(7);
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

fn columns() -> Columns {
    let mut random = Random(11);
    let mut price = 1.1;
    let close: Vec<f64> = std::iter::repeat_with(|| {
        price += (f64::from(u32::try_from(random.below(2001)).unwrap()) - 1000.0) * 1e-7;
        price
    })
    .take(ROWS)
    .collect();
    Columns {
        timestamp: timestamps().into(),
        open: close.clone().into(),
        high: close.iter().map(|c| c + 1e-4).collect::<Vec<_>>().into(),
        low: close.iter().map(|c| c - 1e-4).collect::<Vec<_>>().into(),
        close: close.into(),
        volume: None,
    }
}

fn options() -> SeriesOptions {
    SeriesOptions::new("SYNTH", Timeframe::M1, PriceType::Bid)
}

fn questions(c: &mut Criterion) {
    let series = CandleSeries::new(columns(), options()).unwrap();
    let slicer = SymbolDataSlicer::new(series.clone());
    let stamps = series.timestamp();
    let mut random = Random(13);
    let span = u64::try_from(stamps[ROWS - 1] - stamps[200]).unwrap();
    let times: Vec<i64> = (0..100_000).map(|_| stamps[200] + i64::try_from(random.below(span)).unwrap()).collect();
    let mut ascending = times.clone();
    ascending.sort_unstable();
    let lookback = LookbackOptions::default();

    let mut group = c.benchmark_group("sequential");
    group.throughput(Throughput::Elements((ROWS - 200) as u64));
    group.bench_function("get_lookback", |b| {
        b.iter(|| {
            black_box(&stamps[200..])
                .iter()
                .map(|&t| slicer.get_lookback(t, 200, lookback).unwrap().range().start)
                .sum::<usize>()
        });
    });
    group.bench_function("partition_point", |b| {
        b.iter(|| black_box(&stamps[200..]).iter().map(|&t| stamps.partition_point(|&s| s <= t) - 200).sum::<usize>());
    });
    group.finish();

    let mut group = c.benchmark_group("random");
    group.throughput(Throughput::Elements(times.len() as u64));
    group.bench_function("get_lookback", |b| {
        b.iter(|| {
            black_box(&times)
                .iter()
                .map(|&t| slicer.get_lookback(t, 200, lookback).unwrap().range().start)
                .sum::<usize>()
        });
    });
    group.bench_function("partition_point", |b| {
        b.iter(|| black_box(&times).iter().map(|&t| stamps.partition_point(|&s| s <= t) - 200).sum::<usize>());
    });
    group.bench_function("get_candle_at", |b| {
        b.iter(|| black_box(&times).iter().filter(|&&t| slicer.get_candle_at(t).is_some()).count());
    });
    group.finish();

    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(times.len() as u64));
    group.bench_function("get_lookbacks", |b| {
        b.iter(|| slicer.get_lookbacks(black_box(&ascending), 200, lookback).unwrap().collect::<Vec<_>>());
    });
    group.bench_function("partition_point", |b| {
        b.iter(|| ascending.iter().map(|&t| stamps.partition_point(|&s| s <= t) - 200).collect::<Vec<_>>());
    });
    group.finish();
}

/// A scalar loop, each step waiting for the one before it, and a copy: how fast this machine is now. Beside it
/// `benches/baseline.py` compares the questions with what was recorded.
fn calibration(c: &mut Criterion) {
    let values: Vec<f64> = (0..ROWS / 10).map(|row| 1.0 + row as f64 * 1e-6).collect();
    let (mut sums, mut copy) = (values.clone(), values.clone());
    let mut group = c.benchmark_group("calibration");
    group.throughput(Throughput::Elements(values.len() as u64));
    group.bench_function("sum_and_copy", |b| {
        b.iter(|| {
            let mut sum = 0.0;
            for (out, value) in sums.iter_mut().zip(black_box(&values)) {
                sum += value;
                *out = sum;
            }
            copy.copy_from_slice(black_box(&sums));
            black_box(&mut copy);
        });
    });
    group.finish();
}

fn construction(c: &mut Criterion) {
    let columns = columns();
    let mut group = c.benchmark_group("construction");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    group.bench_function("check_full", |b| b.iter(|| CandleSeries::new(columns.clone(), options()).unwrap()));
    group.bench_function("quality", |b| {
        let series = CandleSeries::new(columns.clone(), options()).unwrap();
        b.iter(|| series.quality());
    });
    group.finish();
}

criterion_group!(benches, calibration, questions, construction);
criterion_main!(benches);
