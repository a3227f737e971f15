//! Questions in time. They take the series itself: a slicer has no state of its own.

use super::arguments::{Span, array, drilled, flags as check_flags, out, out_array};
use super::series::{OmegaSeries, Series, series_of};
use super::status::{Failure, OmegaStatus};
use crate::candle::{Candle, Field};
use crate::error::ErrorCode;
use crate::slicer::{LookbackOptions, RowRange, SymbolDataSlicer};

/// A flag: a row stamped exactly now (get_slice: end) does not count.
pub const OMEGA_EXCLUDE_CURRENT: u32 = 1;
/// A flag: only candles whose close time is <= now count.
pub const OMEGA_CLOSED_ONLY: u32 = 2;
/// A flag: give the rows there are where fewer than n exist.
pub const OMEGA_PARTIAL: u32 = 4;

const LOOKBACK_FLAGS: u32 = OMEGA_EXCLUDE_CURRENT | OMEGA_CLOSED_ONLY | OMEGA_PARTIAL;

/// A column of 64-bit floats.
pub type OmegaField = i32;
/// First prices.
pub const OMEGA_FIELD_OPEN: OmegaField = 0;
/// Highest prices.
pub const OMEGA_FIELD_HIGH: OmegaField = 1;
/// Lowest prices.
pub const OMEGA_FIELD_LOW: OmegaField = 2;
/// Last prices.
pub const OMEGA_FIELD_CLOSE: OmegaField = 3;
/// Volumes.
pub const OMEGA_FIELD_VOLUME: OmegaField = 4;

/// Consecutive rows of a series; an array of these is a count x 2 table of int64.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaRange {
    /// First row.
    pub start: i64,
    /// Number of rows.
    pub len: i64,
}

/// One candle; missing values are NaN.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaCandle {
    /// Open time, microseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded volume.
    pub volume: f64,
}

impl From<Candle> for OmegaCandle {
    fn from(candle: Candle) -> Self {
        let Candle { timestamp, open, high, low, close, volume } = candle;
        Self { timestamp, open, high, low, close, volume }
    }
}

/// What a fault drill does to an answer: nothing, in any build that may be shipped.
#[inline]
pub(super) fn drilled_row(answer: i64) -> i64 {
    #[cfg(feature = "fault-injection")]
    let answer = answer ^ super::fault::flipped_bit().cast_signed();
    answer
}

/// Row numbers fit an int64: no column is longer than isize::MAX bytes.
#[inline]
const fn number(row: usize) -> i64 {
    row.cast_signed() as i64
}

#[inline]
pub(super) fn range_out(range: RowRange) -> OmegaRange {
    OmegaRange { start: drilled_row(number(range.start)), len: number(range.len) }
}

#[inline]
pub(super) fn row_out(row: Option<usize>) -> i64 {
    drilled_row(row.map_or(-1, number))
}

#[inline]
fn lookback_options(flags: u32) -> Result<LookbackOptions, Failure> {
    check_flags(flags, LOOKBACK_FLAGS)?;
    Ok(LookbackOptions {
        include_current: flags & OMEGA_EXCLUDE_CURRENT == 0,
        closed_only: flags & OMEGA_CLOSED_ONLY != 0,
        partial: flags & OMEGA_PARTIAL != 0,
    })
}

/// # Safety
/// As [`series_of`].
#[inline]
unsafe fn slicer_of<'a>(series: *const OmegaSeries) -> Result<&'a SymbolDataSlicer, Failure> {
    // SAFETY: passed on to the caller.
    let Series { slicer, .. } = unsafe { series_of(series) }?;
    Ok(slicer)
}

/// Rows with start <= t <= end; with OMEGA_EXCLUDE_CURRENT start <= t < end.
///
/// Candles are addressed by stamp: one stamped end is still forming at end. A range partly outside the data is
/// clipped; one inside a gap has len 0. Threads: any. O(1) on even spacing, O(log n) at worst. Errors:
/// OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT if start > end or on a dead handle; OMEGA_OUT_OF_BOUNDS if all
/// rows are later, all are earlier, or there are none.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_slicer_get_slice(
    series: *const OmegaSeries,
    start: i64,
    end: i64,
    flags: u32,
    out: *mut OmegaRange,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        check_flags(flags, OMEGA_EXCLUDE_CURRENT)?;
        // SAFETY: for the length of this call, as the header says.
        let slicer = unsafe { slicer_of(series) }?;
        let candles = slicer.get_slice(start, end, flags & OMEGA_EXCLUDE_CURRENT == 0)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(range_out(candles.range())) };
        Ok(())
    }
}

/// The row stamped exactly t, or -1; that candle is still forming at t.
///
/// Threads: any. O(1) on even spacing, O(log n) at worst. Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT
/// on a dead handle.
///
/// # Safety
/// `row` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_slicer_get_candle_at(series: *const OmegaSeries, t: i64, row: *mut i64) -> OmegaStatus {
    guard! {
        let out = out(row, "row")?;
        // SAFETY: for the length of this call, as the header says.
        let slicer = unsafe { slicer_of(series) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(row_out(slicer.get_row_at(t))) };
        Ok(())
    }
}

/// The latest row stamped at or before t, or -1; it may still be forming. With OMEGA_CLOSED_ONLY the latest
/// whose close time is <= t.
///
/// Threads: any. O(1) on even spacing, O(log n) at worst. Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT
/// on a dead handle.
///
/// # Safety
/// `row` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_slicer_get_candle_asof(
    series: *const OmegaSeries,
    t: i64,
    flags: u32,
    row: *mut i64,
) -> OmegaStatus {
    guard! {
        let out = out(row, "row")?;
        check_flags(flags, OMEGA_CLOSED_ONLY)?;
        // SAFETY: for the length of this call, as the header says.
        let slicer = unsafe { slicer_of(series) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(row_out(slicer.get_row_asof(t, flags & OMEGA_CLOSED_ONLY != 0))) };
        Ok(())
    }
}

/// The last n rows stamped at or before now; flags narrow that down.
///
/// A candle stamped now is still forming: OMEGA_CLOSED_ONLY admits only those whose close time is <= now.
/// Threads: any. O(1) on even spacing, O(log n) at worst; allocates nothing. Errors: OMEGA_NULL_POINTER;
/// OMEGA_INVALID_ARGUMENT if n is 0 or on a dead handle; OMEGA_INSUFFICIENT_DATA if fewer rows exist, saying
/// how many, unless OMEGA_PARTIAL (then what there is, {0, 0} for nothing).
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_slicer_get_lookback(
    series: *const OmegaSeries,
    now: i64,
    n: usize,
    flags: u32,
    out: *mut OmegaRange,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        let options = lookback_options(flags)?;
        // SAFETY: for the length of this call, as the header says.
        let candles = unsafe { slicer_of(series) }?.get_lookback(now, n, options)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(range_out(candles.range())) };
        Ok(())
    }
}

/// omega_slicer_get_lookback for each of count times, in any order.
///
/// Threads: any. O(count) on even spacing, O(count log n) at worst. Errors: as omega_slicer_get_lookback, naming
/// the first failing element; then nothing is written.
///
/// # Safety
/// `times` must be readable and `out` writable for `count` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_slicer_get_lookbacks(
    series: *const OmegaSeries,
    times: *const i64,
    count: usize,
    n: usize,
    flags: u32,
    out: *mut OmegaRange,
) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        let times = unsafe { array(times, count, "times") }?;
        let out = out_array(out, count, "out", ("times", Span::of(times)))?;
        let options = lookback_options(flags)?;
        // SAFETY: for the length of this call, as the header says.
        let ranges = unsafe { slicer_of(series) }?.get_lookbacks(times, n, options)?;
        // SAFETY: promised by the caller.
        unsafe { out.write_all(ranges.map(range_out)) };
        Ok(())
    }
}

/// omega_slicer_get_candle_at for each of count times, in any order: rows, -1 for none.
///
/// Threads: any. O(count) on even spacing, O(count log n) at worst. Errors: OMEGA_NULL_POINTER,
/// OMEGA_INVALID_ARGUMENT on a dead handle.
///
/// # Safety
/// `times` must be readable and `rows` writable for `count` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_slicer_get_candles_at(
    series: *const OmegaSeries,
    times: *const i64,
    count: usize,
    rows: *mut i64,
) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        let times = unsafe { array(times, count, "times") }?;
        let out = out_array(rows, count, "rows", ("times", Span::of(times)))?;
        // SAFETY: for the length of this call, as the header says.
        let found = unsafe { slicer_of(series) }?.get_rows_at(times);
        // SAFETY: promised by the caller.
        unsafe { out.write_all(found.map(row_out)) };
        Ok(())
    }
}

/// omega_slicer_get_candle_asof for each of count times, in any order: rows, -1 for none.
///
/// Without OMEGA_CLOSED_ONLY a candle may still be forming at its time. Threads: any. O(count) on even spacing,
/// O(count log n) at worst. Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
///
/// # Safety
/// `times` must be readable and `rows` writable for `count` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_slicer_get_candles_asof(
    series: *const OmegaSeries,
    times: *const i64,
    count: usize,
    flags: u32,
    rows: *mut i64,
) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        let times = unsafe { array(times, count, "times") }?;
        let out = out_array(rows, count, "rows", ("times", Span::of(times)))?;
        check_flags(flags, OMEGA_CLOSED_ONLY)?;
        // SAFETY: for the length of this call, as the header says.
        let found = unsafe { slicer_of(series) }?.get_rows_asof(times, flags & OMEGA_CLOSED_ONLY != 0);
        // SAFETY: promised by the caller.
        unsafe { out.write_all(found.map(row_out)) };
        Ok(())
    }
}

/// One field over the lookback of each of count times: out[i * n + j] is the j-th oldest value at the i-th time.
///
/// With OMEGA_PARTIAL missing history is NaN on the left; an absent volume is NaN throughout. Threads: any.
/// O(count x n). Errors: as omega_slicer_get_lookbacks; OMEGA_INVALID_ARGUMENT for an unknown field.
///
/// # Safety
/// `times` must be readable for `count` values and `out` writable for `count * n`, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_slicer_gather_lookback(
    series: *const OmegaSeries,
    times: *const i64,
    count: usize,
    n: usize,
    field: OmegaField,
    flags: u32,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        let times = unsafe { array(times, count, "times") }?;
        let cells = count.checked_mul(n).ok_or_else(|| {
            Failure::new(ErrorCode::InvalidArgument, format!("a matrix of {count} times and n {n} is not addressable"))
        })?;
        let out = out_array(out, cells, "out", ("times", Span::of(times)))?;
        let field = Field::try_from(field)?;
        let options = lookback_options(flags)?;
        // SAFETY: for the length of this call, as the header says.
        let slicer = unsafe { slicer_of(series) }?;
        let ranges = slicer.get_lookbacks(times, n, options)?;
        let values = ranges.flat_map(|range| {
            let known = slicer.field_rows(field, range);
            std::iter::repeat_n(f64::NAN, n - known.len()).chain(known.iter().copied())
        });
        // SAFETY: promised by the caller.
        unsafe { out.write_all(values.map(drilled)) };
        Ok(())
    }
}
