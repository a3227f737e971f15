//! What the core costs in memory: 48 bytes a row where columns are copied, nothing where they are borrowed,
//! nothing at all for a lookback.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use omega_slicer::{
    CandleSeries, Column, Columns, LookbackOptions, PriceType, ResampleOptions, SeriesOptions, SymbolDataSlice,
    SymbolDataSlicer, Timeframe, resample,
};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe by nature; this one only counts")]
// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: promised by the caller.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROWS: usize = 1_000_000;
/// A series' own few words and its bounded time index, however many rows there are.
const FIXED: usize = 68 * 1024;

fn options() -> SeriesOptions {
    SeriesOptions::new("MEM", Timeframe::M1, PriceType::Bid)
}

fn stamps() -> Vec<i64> {
    (0..ROWS).map(|row| i64::try_from(row + row / 500).unwrap() * 60_000_000).collect()
}

#[expect(clippy::cast_precision_loss, reason = "to be printed with three digits")]
fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole as f64
}

#[expect(clippy::cast_precision_loss, reason = "to be printed with three digits")]
fn per_row(bytes: usize) -> f64 {
    bytes as f64 / ROWS as f64
}

/// Every bar of three timeframes and both sides, asked in order.
fn the_walk_costs_little_above_its_series(minutes: &CandleSeries) {
    let ask = CandleSeries::new(minutes.columns().clone(), SeriesOptions { price_type: PriceType::Ask, ..options() });
    let sides = [minutes.clone(), ask.unwrap()];
    let frames = [Timeframe::M1, Timeframe::M15, Timeframe::H1];
    let longer = |side: &CandleSeries, timeframe| resample(side, timeframe, ResampleOptions::default()).unwrap();
    let mut series: Vec<CandleSeries> = Vec::new();
    for side in &sides {
        series.push(side.clone());
        series.extend(frames[1..].iter().map(|&timeframe| longer(side, timeframe)));
    }
    let rows: usize = series.iter().map(CandleSeries::len).sum();
    let before = HELD.load(Ordering::Relaxed);
    let slice = SymbolDataSlice::new(series, None).unwrap();
    let mut seen = 0;
    for bar in slice.walk(..) {
        for timeframe in frames {
            seen += usize::from(bar.latest(timeframe, PriceType::Ask).is_some());
            seen += bar.history(timeframe, PriceType::Bid, 50).len();
        }
    }
    assert!(seen > 50 * ROWS);
    let held = HELD.load(Ordering::Relaxed) - before;
    println!("rust\tmemory\ta walk, percent of its series\t{:.3}", percent(held, 48 * rows));
    assert!(10 * held <= 48 * rows, "a walk costs at most a tenth of its series");
}

/// Bytes of mapped files that this process has in memory; none where the system does not tell.
#[cfg(feature = "arrow")]
fn resident_of_files() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("RssFile:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kib| 1024 * kib)
}

/// Checked for its order, a mapped file costs its timestamps; unchecked nothing; its prices come when they are read.
#[cfg(feature = "arrow")]
fn a_mapped_file_costs_what_is_checked(written: &CandleSeries) {
    use omega_slicer::Check;
    use omega_slicer::io::{ArrowOptions, read_ipc};
    let path = std::env::temp_dir().join(format!("omega-slicer-memory-{}.arrow", std::process::id()));
    written.write_ipc(&path).unwrap();
    for (check, name, columns) in [(Check::None, "none", 0), (Check::Order, "order", 1), (Check::Full, "full", 6)] {
        let options = ArrowOptions { check: Some(check), ..ArrowOptions::default() };
        let map = || read_ipc(&path, &options, true).unwrap();
        // What the code itself costs is in memory from the first time on.
        drop(map());
        let (held, before) = (HELD.load(Ordering::Relaxed), resident_of_files());
        let mapped = map();
        let (held, after) = (HELD.load(Ordering::Relaxed) - held, resident_of_files());
        assert_eq!(mapped.len(), ROWS);
        println!("rust\tmemory\tmapped check={name}, bytes per row\t{:.3}", per_row(held));
        assert!(held <= FIXED, "a mapped file is not copied");
        let (Some(before), Some(after)) = (before, after) else { continue };
        let resident = after.saturating_sub(before);
        println!("rust\tmemory\tmapped check={name}, resident per row\t{:.3}", per_row(resident));
        // The system brings in a few neighbours of each page that is read.
        assert!(resident <= columns * 8 * ROWS + 512 * 1024, "{name}: {resident} bytes resident");
    }
    std::fs::remove_file(path).unwrap();
}

// One test: the counters are the process's.
#[test]
fn rows_cost_their_columns_and_questions_cost_nothing() {
    let (stamps, prices) = (Arc::new(stamps()), Arc::new(vec![1.1_f64; ROWS]));
    let last = stamps[ROWS - 1];

    let before = HELD.load(Ordering::Relaxed);
    let column = || Column::shared(prices.clone());
    let columns = Columns {
        timestamp: Column::shared(stamps.clone()),
        open: column(),
        high: column(),
        low: column(),
        close: column(),
        volume: Some(column()),
    };
    let borrowed = SymbolDataSlicer::new(CandleSeries::new(columns, options()).unwrap());
    borrowed.get_lookback(last - 1, 200, LookbackOptions::default()).unwrap();
    let held = HELD.load(Ordering::Relaxed) - before;
    println!("rust\tmemory\tborrowed, bytes per row\t{:.3}", per_row(held));
    assert!(held <= FIXED, "borrowed columns cost nothing per row");

    let before = HELD.load(Ordering::Relaxed);
    let copy = || prices.to_vec().into();
    let columns = Columns {
        timestamp: stamps.to_vec().into(),
        open: copy(),
        high: copy(),
        low: copy(),
        close: copy(),
        volume: Some(copy()),
    };
    let copied = SymbolDataSlicer::new(CandleSeries::new(columns, options()).unwrap());
    copied.get_lookback(last - 1, 200, LookbackOptions::default()).unwrap();
    let held = HELD.load(Ordering::Relaxed) - before;
    println!("rust\tmemory\tcopied, bytes per row\t{:.3}", per_row(held));
    assert!(held <= 48 * ROWS + FIXED, "copied columns cost 48 bytes a row");

    the_walk_costs_little_above_its_series(copied.series());
    #[cfg(feature = "arrow")]
    a_mapped_file_costs_what_is_checked(copied.series());

    let calls = CALLS.load(Ordering::Relaxed);
    let mut rows = 0;
    for &now in &stamps[199..] {
        rows += copied.get_lookback(now, 200, LookbackOptions::default()).unwrap().close().len();
        rows += usize::from(copied.get_candle_at(now).is_some());
        rows += copied.get_slice(now - 60_000_000, now, true).unwrap().len();
    }
    assert!(rows > 200 * (ROWS - 200));
    // Before anything is printed: what captures the output allocates.
    let made = CALLS.load(Ordering::Relaxed) - calls;
    println!("rust\tmemory\tallocations of a lookback\t{made}");
    assert_eq!(made, 0, "no question allocates");
}
