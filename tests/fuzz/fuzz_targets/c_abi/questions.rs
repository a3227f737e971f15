//! Questions of series, of one symbol's walk and of several symbols' moments.

use std::ffi::CStr;
use std::ptr::null_mut;

use omega_slicer::ffi::*;

use crate::host::{Host, Out, answered, succeeded};

/// A range that lies in a series of so many rows.
fn inside(range: OmegaRange, rows: usize) -> bool {
    range.start >= 0 && range.len >= 0 && (range.start + range.len) as usize <= rows
}

fn rows_of(host: &Host, series: *mut OmegaSeries) -> usize {
    let info = Out::<OmegaSeriesInfo>::new(1);
    // SAFETY: any number is a handle or none.
    let well = answered(&host.series, series, unsafe { omega_series_info(series, info.at()) });
    info.judge(well);
    if well { info.cells()[0].len } else { 0 }
}

fn of_series(host: &mut Host) {
    let series = host.any_series();
    let rows = rows_of(host, series);
    let (row, count) = (host.size(), host.count());
    let columns = Out::<OmegaColumns>::new(1);
    let candle = Out::<OmegaCandle>::new(1);
    let quality = Out::<OmegaQuality>::new(1);
    let (gaps, found) = (Out::<OmegaGap>::new(count), Out::<usize>::new(1));
    let (other, pair) = (host.any_series(), Out::<OmegaPairQuality>::new(1));
    // SAFETY: any number is a handle or none, and there is room as said.
    unsafe {
        let well = answered(&host.series, series, omega_series_columns(series, columns.at()));
        columns.judge(well);
        if well {
            let columns = columns.cells()[0];
            assert_eq!(columns.len, rows);
            // Readable to their ends.
            let stamps = std::slice::from_raw_parts(columns.timestamp, rows);
            let close = std::slice::from_raw_parts(columns.close, rows);
            std::hint::black_box((stamps.iter().fold(0, |sum, stamp| sum ^ stamp), close.iter().sum::<f64>()));
        }
        let well = answered(&host.series, series, omega_series_candle(series, row, candle.at()));
        candle.judge(well);
        assert!(!well || row < rows, "a row that there is");
        quality.judge(answered(&host.series, series, omega_series_quality(series, quality.at())));
        let well = answered(&host.series, series, omega_series_gaps(series, gaps.at(), count, found.at()));
        found.judge(well);
        let status = omega_series_pair_quality(series, other, pair.at());
        pair.judge(answered(&host.series, series, status));
        assert!(status != 0 || host.series.lives(other), "an answer from two that live");
    }
}

fn of_slicer(host: &mut Host) {
    let series = host.any_series();
    let rows = rows_of(host, series);
    let (t, end, n, flags) = (host.time(), host.time(), host.size(), host.flags());
    let range = Out::<OmegaRange>::new(1);
    let row = Out::<i64>::new(1);
    // SAFETY: any number is a handle or none, and there is room for one answer.
    unsafe {
        let status = match host.input.byte() % 4 {
            0 => omega_slicer_get_slice(series, t, end, flags, range.at()),
            1 => omega_slicer_get_lookback(series, t, n, flags, range.at()),
            2 => omega_slicer_get_candle_at(series, t, row.at()),
            _ => omega_slicer_get_candle_asof(series, t, flags, row.at()),
        };
        let well = answered(&host.series, series, status);
        range.judge(well);
        row.judge(well);
        let untouched = i64::from_ne_bytes([0xA5; 8]);
        if well && range.cells()[0].start != untouched {
            assert!(inside(range.cells()[0], rows), "rows that there are");
        }
        if well && row.cells()[0] != untouched {
            assert!((-1..rows as i64).contains(&row.cells()[0]), "a row that there is");
        }
    }
}

fn of_many_times(host: &mut Host) {
    let series = host.any_series();
    let rows = rows_of(host, series) as i64;
    let (times, n, flags) = (host.times(), host.size(), host.flags());
    let count = times.len();
    let field = host.choice(5);
    let (ranges, found) = (Out::<OmegaRange>::new(count), Out::<i64>::new(count));
    // SAFETY: any number is a handle or none; as many answers as times.
    unsafe {
        match host.input.byte() % 4 {
            0 => {
                let status = omega_slicer_get_lookbacks(series, times.as_ptr(), count, n, flags, ranges.at());
                let well = answered(&host.series, series, status);
                ranges.judge(well);
                assert!(!well || ranges.cells().iter().all(|range| inside(*range, rows as usize)), "rows there are");
            }
            1 | 2 => {
                let status = if n % 2 == 0 {
                    omega_slicer_get_candles_at(series, times.as_ptr(), count, found.at())
                } else {
                    omega_slicer_get_candles_asof(series, times.as_ptr(), count, flags, found.at())
                };
                let well = answered(&host.series, series, status);
                found.judge(well);
                assert!(!well || found.cells().iter().all(|row| (-1..rows).contains(row)), "rows there are");
            }
            _ => {
                // Rows of n cells: more than memory holds only where there are none.
                let cells = if count == 0 { 0 } else { count * (n % 64) };
                let n = if count == 0 { n } else { n % 64 };
                let matrix = Out::<f64>::new(cells);
                let out = if cells == 0 { null_mut() } else { matrix.at() };
                let status = omega_slicer_gather_lookback(series, times.as_ptr(), count, n, field, flags, out);
                matrix.judge(answered(&host.series, series, status));
            }
        }
    }
}

fn align(host: &mut Host) {
    let (primary, higher) = (host.any_series(), host.any_series());
    let rows = rows_of(host, primary);
    let n = if host.input.one_in(8) { host.count() } else { rows };
    let (decision, stamps, stale) = (host.choice(2), host.choice(2), host.input.long());
    let out = Out::<i64>::new(n);
    // SAFETY: any number is a handle or none; n answers.
    let status = unsafe { omega_align(primary, higher, decision, stamps, stale, out.at(), n) };
    let well = answered(&host.series, primary, status);
    out.judge(well);
    assert!(!well || n == rows && host.series.lives(higher), "an answer for each row");
    if well {
        let last = rows_of(host, higher) as i64;
        assert!(out.cells().iter().all(|row| (-1..last).contains(row)), "rows there are");
    }
}

fn several(host: &mut Host) -> Vec<*const OmegaSeries> {
    let count = host.input.byte() % 5;
    (0..count).map(|_| host.any_series().cast_const()).collect()
}

fn of_walk(host: &mut Host) {
    let slice = host.any_slice();
    let (index, length) = (host.size(), host.size());
    let timeframe = 60_000_000 * i64::from(1 + host.input.byte() % 3);
    let side = host.choice(2);
    // SAFETY: any number is a handle or none, and there is room as said.
    unsafe {
        match host.input.byte() % 6 {
            0 => {
                let (series, primary, out) = (several(host), host.time(), Out::new(1));
                let minutes = primary.wrapping_div(60_000_000).wrapping_mul(60_000_000);
                let status = omega_symbol_slice_new(series.as_ptr(), series.len(), minutes, out.at());
                let well = succeeded(status);
                out.judge(well);
                if well {
                    assert!(series.iter().all(|one| host.series.lives(one.cast_mut())), "made of what lives");
                    host.slices.live.push(out.cells()[0]);
                }
            }
            1 => {
                let bars = Out::<usize>::new(1);
                bars.judge(answered(&host.slices, slice, omega_symbol_slice_bars(slice, bars.at())));
            }
            2 => {
                let t = Out::<i64>::new(1);
                t.judge(answered(&host.slices, slice, omega_symbol_slice_decision_time(slice, index, t.at())));
            }
            3 => {
                let row = Out::<i64>::new(1);
                let status = omega_symbol_slice_latest(slice, index, timeframe, side, row.at());
                row.judge(answered(&host.slices, slice, status));
            }
            4 => {
                let range = Out::<OmegaRange>::new(1);
                let status = omega_symbol_slice_history(slice, index, timeframe, side, length, range.at());
                let well = answered(&host.slices, slice, status);
                range.judge(well);
                assert!(!well || range.cells()[0].start >= 0 && range.cells()[0].len as usize <= length, "no more");
            }
            _ => {
                let (start, many, length) = (index, host.count(), length % 64);
                let stop = start.wrapping_add(many);
                let matrix = Out::<f64>::new(if stop >= start { many * length } else { 0 });
                let field = host.choice(5);
                let (at, end) = (matrix.at(), stop);
                let status = omega_symbol_slice_history_matrix(slice, timeframe, side, length, field, start, end, at);
                matrix.judge(answered(&host.slices, slice, status));
            }
        }
    }
}

fn of_moments(host: &mut Host) {
    let slice = host.any_symbols();
    let (moment, side, kind) = (host.size(), host.choice(2), host.choice(3));
    let symbol = if host.input.one_in(4) { host.text() } else { c"TEST".to_owned() };
    let symbol: &CStr = &symbol;
    // SAFETY: any number is a handle or none, and there is room as said.
    unsafe {
        match host.input.byte() % 6 {
            0 => {
                let (series, flags, stale) = (several(host), host.flags(), host.input.long());
                let (timeline, out) = (host.choice(2), Out::new(1));
                let status = omega_multi_symbol_new(series.as_ptr(), series.len(), timeline, flags, stale, out.at());
                let well = succeeded(status);
                out.judge(well);
                if well {
                    host.symbols.live.push(out.cells()[0]);
                }
            }
            1 => {
                let (stamps, len) = (Out::<*const i64>::new(1), Out::<usize>::new(1));
                let status = omega_multi_symbol_timeline(slice, stamps.at(), len.at());
                let well = answered(&host.symbols, slice, status);
                stamps.judge(well);
                if well && len.cells()[0] > 0 {
                    let stamps = std::slice::from_raw_parts(stamps.cells()[0], len.cells()[0]);
                    std::hint::black_box(stamps.iter().fold(0, |sum, stamp| sum ^ stamp));
                }
            }
            2 => {
                let (which, n) = (usize::from(host.input.byte() % 5), host.count());
                let (stamps, len) = (Out::<*const i64>::new(1), Out::<usize>::new(1));
                let asked = omega_multi_symbol_timeline(slice, stamps.at(), len.at()) == 0 && !host.input.one_in(4);
                let n = if asked { len.cells()[0] } else { n };
                let rows = Out::<i64>::new(n);
                let status = omega_multi_symbol_rows(slice, which, rows.at(), n);
                rows.judge(answered(&host.symbols, slice, status));
            }
            3 => {
                let (candle, found) = (Out::<OmegaCandle>::new(1), Out::<i32>::new(1));
                let status = omega_multi_symbol_candle(slice, moment, symbol.as_ptr(), side, candle.at(), found.at());
                let well = answered(&host.symbols, slice, status);
                candle.judge(well);
                found.judge(well);
                assert!(!well || [0, 1].contains(&found.cells()[0]), "found or not");
            }
            4 => {
                let price = Out::<f64>::new(1);
                let status = omega_multi_symbol_price(slice, moment, symbol.as_ptr(), kind, price.at());
                price.judge(answered(&host.symbols, slice, status));
            }
            _ => {
                let spread = Out::<f64>::new(1);
                let status = omega_multi_symbol_spread(slice, moment, symbol.as_ptr(), spread.at());
                spread.judge(answered(&host.symbols, slice, status));
            }
        }
    }
}

pub fn call(host: &mut Host) {
    match host.input.byte() % 7 {
        0 => of_series(host),
        1 => of_slicer(host),
        2 | 3 => of_many_times(host),
        4 => align(host),
        5 => of_walk(host),
        _ => of_moments(host),
    }
}
