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
