//! OmegaSymbolSlice: questions by index on one symbol's series in several timeframes. The index is an argument, so
//! that any thread may ask.

use super::arguments::{Span, array, drilled, out, outputs};
use super::handle::Table;
use super::series::{OmegaPriceType, OmegaSeries, series_of};
use super::slicer::{OmegaField, OmegaRange, drilled_row, range_out, row_out};
use super::status::{Failure, OmegaStatus};
use crate::candle::{Field, PriceType};
use crate::error::ErrorCode;
use crate::series::CandleSeries;
use crate::symbol_slice::SymbolDataSlice;
use crate::timeframe::Timeframe;

/// One symbol's bid and ask series in several timeframes, seen from one bar after the other: immutable, readable from
/// any number of threads. Free it with omega_symbol_slice_free.
pub struct OmegaSymbolSlice {
    _opaque: [u8; 0],
}

/// A mark unlike those of the other handles.
static SLICES: Table<SymbolDataSlice> = Table::new(0x3A, "OmegaSymbolSlice");

/// # Safety
/// As [`Table::get`]: for the length of the call, while the host does not free the handle.
#[inline]
unsafe fn slice_of<'a>(handle: *const OmegaSymbolSlice) -> Result<&'a SymbolDataSlice, Failure> {
    // SAFETY: passed on to the caller.
    unsafe { SLICES.get(handle as u64) }
}

/// The series behind an array of handles, shared.
///
/// # Safety
/// As [`series_of`] for each, and `handles` must be readable for `count` handles.
pub(super) unsafe fn shared(handles: *const *const OmegaSeries, count: usize) -> Result<Vec<CandleSeries>, Failure> {
    // SAFETY: promised by the caller.
    let handles = unsafe { array(handles, count, "series") }?;
    // SAFETY: promised by the caller.
    handles.iter().map(|&handle| Ok(unsafe { series_of(handle) }?.series().clone())).collect()
}

/// A new slice over count series of one symbol, each timeframe and price type once.
///
/// An index counts the bars of the timeframe primary_us, the shortest if that is 0: of its bid series, or of its ask
/// where there is no bid. The decision time at an index is that bar's close; every other series answers with what has
/// closed by then. Ownership: the caller owns the new handle, which shares the series: their handles may be
/// freed before it, columns that were borrowed may not. Threads: any. O(count^2). Errors: OMEGA_NULL_POINTER; OMEGA_EMPTY_INPUT if count is 0; OMEGA_INVALID_ARGUMENT on a
/// dead handle, two symbols, a series given twice, or a primary_us that is no timeframe of theirs;
/// OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144 live handles.
///
/// # Safety
/// `series` must be readable for `count` handles and `out` writable, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_symbol_slice_new(
    series: *const *const OmegaSeries,
    count: usize,
    primary_us: i64,
    out: *mut *mut OmegaSymbolSlice,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let series = unsafe { shared(series, count) }?;
        let primary = if primary_us == 0 { None } else { Some(Timeframe::from_duration_us(primary_us)?) };
        let handle = SLICES.insert(SymbolDataSlice::new(series, primary)?)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle as *mut OmegaSymbolSlice) };
        Ok(())
    }
}

/// Frees a handle; NULL is a no-op.
///
/// Threads: any, but no other thread may be inside a call with the handle. O(series). Errors: OMEGA_INVALID_ARGUMENT
/// on a freed or foreign handle.
///
/// # Safety
/// No other thread may be inside a call with `slice`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_symbol_slice_free(slice: *mut OmegaSymbolSlice) -> OmegaStatus {
    guard! {
        if !slice.is_null() {
            drop(SLICES.remove(slice as u64)?);
        }
        Ok(())
    }
}

/// How many bars there are.
///
/// Threads: any. O(1). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
///
/// # Safety
/// `bars` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_symbol_slice_bars(slice: *const OmegaSymbolSlice, bars: *mut usize) -> OmegaStatus {
    guard! {
        let out = out(bars, "bars")?;
        // SAFETY: for the length of this call, as the header says.
        let slice = unsafe { slice_of(slice) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(slice.bars()) };
        Ok(())
    }
}

/// When the bar at index decides: at its close, INT64_MAX if int64 cannot hold that.
///
/// Threads: any. O(1). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_OUT_OF_BOUNDS past
/// the end.
///
/// # Safety
/// `t` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_symbol_slice_decision_time(
    slice: *const OmegaSymbolSlice,
    index: usize,
    t: *mut i64,
) -> OmegaStatus {
    guard! {
        let out = out(t, "t")?;
        // SAFETY: for the length of this call, as the header says.
        let decision = unsafe { slice_of(slice) }?.at(index).decision_time()?;
        // SAFETY: promised by the caller.
        unsafe { out.write(drilled_row(decision)) };
        Ok(())
    }
}

/// The row of the latest candle of a series that has closed by the decision time at index; -1 past the end, before
/// the first, and for a series that was not given.
///
/// Threads: any. O(1) on even spacing, O(log n) at worst. Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a
/// dead handle, a timeframe that is none, or an unknown price type.
///
/// # Safety
/// `row` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_symbol_slice_latest(
    slice: *const OmegaSymbolSlice,
    index: usize,
    timeframe_us: i64,
    price_type: OmegaPriceType,
    row: *mut i64,
) -> OmegaStatus {
    guard! {
        let out = out(row, "row")?;
        let (timeframe, side) = (Timeframe::from_duration_us(timeframe_us)?, PriceType::try_from(price_type)?);
        // SAFETY: for the length of this call, as the header says.
        let latest = unsafe { slice_of(slice) }?.at(index).latest_row(timeframe, side);
        // SAFETY: promised by the caller.
        unsafe { out.write(row_out(latest)) };
        Ok(())
    }
}

/// The last length rows of a series that have closed by the decision time at index, the latest included: fewer near
/// the start, {0, 0} for none and for a series that was not given.
///
/// Past the end by k bars the newest k of them would lie beyond the data: the others are given. Threads: any. O(1) on
/// even spacing, O(log n) at worst; allocates nothing. Errors: as omega_symbol_slice_latest.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_symbol_slice_history(
    slice: *const OmegaSymbolSlice,
    index: usize,
    timeframe_us: i64,
    price_type: OmegaPriceType,
    length: usize,
    out: *mut OmegaRange,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        let (timeframe, side) = (Timeframe::from_duration_us(timeframe_us)?, PriceType::try_from(price_type)?);
        // SAFETY: for the length of this call, as the header says.
        let history = unsafe { slice_of(slice) }?.at(index).history(timeframe, side, length);
        // SAFETY: promised by the caller.
        unsafe { out.write(range_out(history.range())) };
        Ok(())
    }
}

/// One field of the history at each bar from start to stop, as far as they exist: out[i * length + j] is the j-th
/// oldest value at bar start + i, for (min(stop, bars) - start) x length values in all.
///
/// Where there is less history, and for a series that was not given, NaN on the left. Threads: any. O(bars x length);
/// allocates nothing. Errors: as omega_symbol_slice_latest; OMEGA_INVALID_ARGUMENT for an unknown field, a matrix that
/// is not addressable, or where out overlaps the column.
///
/// # Safety
/// `out` must be writable for as many values as are given, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_symbol_slice_history_matrix(
    slice: *const OmegaSymbolSlice,
    timeframe_us: i64,
    price_type: OmegaPriceType,
    length: usize,
    field: OmegaField,
    start: usize,
    stop: usize,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let (timeframe, side) = (Timeframe::from_duration_us(timeframe_us)?, PriceType::try_from(price_type)?);
        let field = Field::try_from(field)?;
        // SAFETY: for the length of this call, as the header says.
        let slice = unsafe { slice_of(slice) }?;
        let bars = slice.existing(start, stop);
        let cells = bars.len().checked_mul(length).ok_or_else(|| {
            let message = format!("a matrix of {} bars and {length} is not addressable", bars.len());
            Failure::new(ErrorCode::InvalidArgument, message)
        })?;
        let series = slice.series_ref(timeframe, side);
        let column = series.and_then(|series| series.columns().field(field)).unwrap_or_default();
        // SAFETY: promised by the caller.
        let [out] = unsafe { outputs([("out", out)], cells, &[("the column", Span::of(column))]) }?;
        let histories = slice.histories(timeframe, side, length, field, bars);
        for (row, history) in out.chunks_exact_mut(length.max(1)).zip(histories) {
            let (missing, known) = row.split_at_mut(length - history.len());
            // Filling nothing is slow on some machines.
            if !missing.is_empty() {
                missing.fill(f64::NAN);
            }
            known.copy_from_slice(history);
        }
        if cfg!(feature = "fault-injection") {
            for value in out {
                *value = drilled(*value);
            }
        }
        Ok(())
    }
}
