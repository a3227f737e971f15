//! Arrow IPC of ten million rows: mapping under each check, reading, writing a file.
//!
//! The file lies in the page cache: what is measured is this library and the system's pages, not a disk.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use omega_slicer::io::{ArrowOptions, parse_ipc, read_ipc};
use omega_slicer::{CandleSeries, Check, Columns, PriceType, SeriesOptions, Timeframe};

const ROWS: usize = 10_000_000;

#[expect(clippy::cast_precision_loss, reason = "the prices are made up")]
fn candles() -> CandleSeries {
    let column = |offset: f64| {
        (0..ROWS).map(|row| 1.0 + offset + ((row * 7919) % 1000) as f64 * 1e-5).collect::<Vec<f64>>().into()
    };
    let columns = Columns {
        timestamp: (0..ROWS).map(|row| i64::try_from(row).unwrap_or(0) * 60_000_000).collect::<Vec<_>>().into(),
        open: column(0.0),
        high: column(0.01),
        low: column(-0.01),
        close: column(0.001),
        volume: Some(column(5.0)),
    };
    CandleSeries::new(columns, SeriesOptions::new("BENCH", Timeframe::M1, PriceType::Bid)).expect("rising times")
}

fn file() -> PathBuf {
    std::env::temp_dir().join(format!("omega-slicer-bench-{}.arrow", std::process::id()))
}

/// Memory of this process that is in use, bytes; none where the system does not tell.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kib| 1024 * kib)
}

fn ipc(criterion: &mut Criterion) {
    let path = file();
    candles().write_ipc(&path).expect("room for 480 MB");
    let options = |check| ArrowOptions { check: Some(check), ..ArrowOptions::default() };
    let mut group = criterion.benchmark_group("arrow");
    group.sample_size(10);
    for (name, check) in [("none", Check::None), ("order", Check::Order), ("full", Check::Full)] {
        let before = resident();
        let mapped = read_ipc(&path, &options(check), true).expect("a file of ours");
        if let (Some(before), Some(after)) = (before, resident()) {
            println!("arrow/mmap/{name}: {} bytes resident, {} in a column", after.saturating_sub(before), 8 * ROWS);
        }
        drop(mapped);
        group.bench_function(format!("mmap/{name}"), |bencher| {
            // Unmapping is not part of opening.
            bencher.iter_batched(
                || (),
                |()| read_ipc(&path, &options(check), true).expect("a file of ours"),
                BatchSize::PerIteration,
            );
        });
    }
    group.bench_function("read/full", |bencher| {
        let read = || read_ipc(&path, &options(Check::Full), false).expect("a file of ours");
        bencher.iter_batched(|| (), |()| read(), BatchSize::PerIteration);
    });
    let series = read_ipc(&path, &options(Check::None), true).expect("a file of ours");
    let window = omega_slicer::RowRange { start: ROWS / 2, len: 200 };
    group.bench_function("to_ipc/200 rows", |bencher| {
        bencher.iter(|| omega_slicer::io::to_ipc(black_box(&series), window));
    });
    let bytes = omega_slicer::io::to_ipc(&series, window).expect("a small file");
    group.bench_function("parse_ipc/200 rows", |bencher| {
        bencher.iter(|| parse_ipc(black_box(&bytes), &options(Check::Full)));
    });
    group.finish();
    drop(series);
    // What is left behind is in the system's folder for such things.
    let _ = std::fs::remove_file(path);
}

criterion_group!(benches, ipc);
criterion_main!(benches);
