//! Reading an Arrow file of 10,000,000 candles: mapped with each check and copied, and what it adds to the resident
//! memory. And the last 200 rows of a lookback as Arrow: exported through the C Data Interface, and as IPC bytes.
//!
//! Times are of a warm file: its pages are in memory, none of them is in this process's. `benches/run.py` reads the
//! medians, per call, and the lines `rust<TAB>memory<TAB>what<TAB>value` that are printed first.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use omega_slicer::io::{ArrowOptions, export_array, export_schema, read_ipc, write_ipc};
use omega_slicer::{
    CandleSeries, Check, Columns, LookbackOptions, PriceType, RowRange, SeriesOptions, SymbolDataSlicer, Timeframe,
};

const ROWS: usize = 10_000_000;
const MINUTE: i64 = 60_000_000;

/// Candles one after the other; the file's own bytes, not its values, are what reading costs.
fn candles() -> CandleSeries {
    let stamps: Vec<i64> = (0..).map(|row: i64| row * MINUTE).take(ROWS).collect();
    let price = |add: f64| -> Vec<f64> { (0..1_000_u32).cycle().take(ROWS).map(|row| add + f64::from(row)).collect() };
    let columns = Columns {
        timestamp: stamps.into(),
        open: price(1.0).into(),
        high: price(2.0).into(),
        low: price(0.5).into(),
        close: price(1.5).into(),
        volume: Some(price(10.0).into()),
    };
    CandleSeries::new(columns, SeriesOptions::new("SYNTH", Timeframe::M1, PriceType::Bid)).unwrap()
}

/// A file that is gone when the bench is.
struct Written(PathBuf);

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024)
}

fn options(check: Option<Check>) -> ArrowOptions {
    ArrowOptions { check, ..ArrowOptions::default() }
}

fn memory(path: &std::path::Path) {
    // The code's own pages come in with its first run.
    drop(read_ipc(path, &options(Some(Check::Order)), true).unwrap());
    for (name, check) in [("order", Check::Order), ("none", Check::None)] {
        let before = resident();
        let series = read_ipc(path, &options(Some(check)), true).unwrap();
        let grown = resident().saturating_sub(before);
        assert_eq!(series.timestamp().len(), ROWS);
        #[allow(clippy::cast_precision_loss, reason = "a few hundred million bytes")]
        let per_row = grown as f64 / ROWS as f64;
        println!("rust\tmemory\tmapped with check {name}, bytes per row\t{per_row:.3}");
    }
}

fn arrow(c: &mut Criterion) {
    let file = Written(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}.arrow", std::process::id())));
    {
        let series = candles();
        write_ipc(&file.0, &series, RowRange { start: 0, len: ROWS }).unwrap();
    }
    memory(&file.0);
    let mut group = c.benchmark_group("read_ipc");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    for (name, check) in [("mmap_order", None), ("mmap_none", Some(Check::None)), ("mmap_full", Some(Check::Full))] {
        group.bench_function(name, |b| {
            b.iter_with_large_drop(|| read_ipc(&file.0, &options(check), true).unwrap());
        });
    }
    group.bench_function("copy_full", |b| b.iter_with_large_drop(|| read_ipc(&file.0, &options(None), false).unwrap()));
    group.finish();

    let slicer = SymbolDataSlicer::new(read_ipc(&file.0, &options(None), true).unwrap());
    let now = slicer.series().timestamp()[ROWS / 2];
    let mut group = c.benchmark_group("lookback_to_arrow");
    group.throughput(Throughput::Elements(1));
    group.bench_function("c_data_200", |b| {
        b.iter(|| {
            let candles = slicer.get_lookback(now, 200, LookbackOptions::default()).unwrap();
            let mut array = export_array(slicer.series(), candles.range()).unwrap();
            let mut schema = export_schema(slicer.series()).unwrap();
            black_box((&array, &schema));
            release(&mut array, &mut schema);
        });
    });
    group.bench_function("ipc_bytes_200", |b| {
        b.iter(|| slicer.get_lookback(now, 200, LookbackOptions::default()).unwrap().to_ipc().unwrap());
    });
    group.finish();
}

#[allow(unsafe_code, reason = "a consumer releases what it was given")]
fn release(array: &mut omega_slicer::io::ArrowArray, schema: &mut omega_slicer::io::ArrowSchema) {
    // SAFETY: exported just now, and used by nobody else.
    unsafe {
        array.release();
        schema.release();
    }
}

criterion_group!(benches, arrow);
criterion_main!(benches);
