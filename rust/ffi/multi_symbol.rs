//! OmegaMultiSymbol: one moment across several symbols. The moment is an argument, so that any thread may ask.

use libc::c_char;

use super::arguments::{Span, drilled, flags as check_flags, out, outputs, text};
use super::handle::Table;
use super::series::{OmegaPriceType, OmegaSeries};
use super::slicer::{OmegaCandle, drilled_row};
use super::status::{Failure, OmegaStatus};
use super::symbol_slice::shared;
use crate::candle::PriceType;
use crate::error::Error;
use crate::multi_symbol::{MultiSymbolOptions, MultiSymbolSlice, PriceKind};
use crate::timeline::Timeline;

/// Several symbols' bid and ask series of one timeframe, moment by moment: immutable, readable from any number of
/// threads. Free it with omega_multi_symbol_free.
pub struct OmegaMultiSymbol {
    _opaque: [u8; 0],
}

/// Which moments there are: OMEGA_TIMELINE_INTERSECTION or OMEGA_TIMELINE_UNION.
pub type OmegaTimeline = i32;
/// The stamps that all series have.
pub const OMEGA_TIMELINE_INTERSECTION: OmegaTimeline = 0;
/// The stamps that any series has.
pub const OMEGA_TIMELINE_UNION: OmegaTimeline = 1;

/// A price at a moment.
pub type OmegaPriceKind = i32;
/// The close of the bid candle.
pub const OMEGA_PRICE_BID: OmegaPriceKind = 0;
/// The close of the ask candle.
pub const OMEGA_PRICE_ASK: OmegaPriceKind = 1;
/// (bid + ask) / 2.
pub const OMEGA_PRICE_MID: OmegaPriceKind = 2;

/// A flag of omega_multi_symbol_new: where a series has no candle stamped at the moment, the latest one closed by its
/// decision time answers.
pub const OMEGA_ASOF: u32 = 1;

/// A mark unlike those of the other handles.
static SLICES: Table<MultiSymbolSlice> = Table::new(0x95, "OmegaMultiSymbol");

/// # Safety
/// As [`Table::get`]: for the length of the call, while the host does not free the handle.
#[inline]
unsafe fn slice_of<'a>(handle: *const OmegaMultiSymbol) -> Result<&'a MultiSymbolSlice, Failure> {
    // SAFETY: passed on to the caller.
    unsafe { SLICES.get(handle as u64) }
}

/// A new slice over count series of one timeframe, each symbol and price type once.
///
/// A moment is a stamp t of the timeline, decided when the candles stamped t close. stale_limit_us, with OMEGA_ASOF,
/// hides a candle stamped more than so many microseconds before the moment; -1 for none. Ownership: the caller owns
/// the new handle, which shares the series: their handles may be freed before it, columns that were borrowed may
/// not. Threads: any. O(rows of all, times count);
/// holds 8 bytes per moment, and per moment and series. Errors: OMEGA_NULL_POINTER; OMEGA_EMPTY_INPUT if count is 0;
/// OMEGA_INVALID_ARGUMENT on a dead handle, two timeframes, a series given twice, an unknown timeline or flag, a
/// stale_limit_us below -1 or without OMEGA_ASOF; OMEGA_OUT_OF_MEMORY; OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144
/// live handles.
///
/// # Safety
/// `series` must be readable for `count` handles and `out` writable, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_multi_symbol_new(
    series: *const *const OmegaSeries,
    count: usize,
    timeline: OmegaTimeline,
    flags: u32,
    stale_limit_us: i64,
    out: *mut *mut OmegaMultiSymbol,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let series = unsafe { shared(series, count) }?;
        check_flags(flags, OMEGA_ASOF)?;
        let options = MultiSymbolOptions {
            timeline: Timeline::try_from(timeline)?,
            asof: flags & OMEGA_ASOF != 0,
            stale_limit: if stale_limit_us == -1 { None } else { Some(stale_limit_us) },
        };
        let handle = SLICES.insert(MultiSymbolSlice::new(series, options)?)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle as *mut OmegaMultiSymbol) };
        Ok(())
    }
}

/// Frees a handle; NULL is a no-op.
///
/// The timeline must not be used afterwards. Threads: any, but no other thread may be inside a call with the handle.
/// O(series). Errors: OMEGA_INVALID_ARGUMENT on a freed or foreign handle.
///
/// # Safety
/// No other thread may be inside a call with `slice`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_multi_symbol_free(slice: *mut OmegaMultiSymbol) -> OmegaStatus {
    guard! {
        if !slice.is_null() {
            drop(SLICES.remove(slice as u64)?);
        }
        Ok(())
    }
}

/// The stamps of all moments, to be read in place for as long as the slice lives.
///
/// Ownership: the slice's. An empty timeline is not NULL but must not be read. Threads: any. O(1). Errors:
/// OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
///
/// # Safety
/// `timestamps` and `len` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_multi_symbol_timeline(
    slice: *const OmegaMultiSymbol,
    timestamps: *mut *const i64,
    len: *mut usize,
) -> OmegaStatus {
    guard! {
        let (timestamps, len) = (out(timestamps, "timestamps")?, out(len, "len")?);
        // SAFETY: for the length of this call, as the header says.
        let timeline = unsafe { slice_of(slice) }?.timeline();
        // SAFETY: promised by the caller.
        unsafe {
            timestamps.write(timeline.as_ptr());
            len.write(timeline.len());
        }
        Ok(())
    }
}

/// For each of the n moments, the row of the series given in place series (from 0); -1 for none.
///
/// Threads: any. O(n). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle or where rows overlaps the
/// slice's own; OMEGA_OUT_OF_BOUNDS if there is no such series; OMEGA_SIZE_MISMATCH unless there are n moments.
///
/// # Safety
/// `rows` must be writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_multi_symbol_rows(
    slice: *const OmegaMultiSymbol,
    series: usize,
    rows: *mut i64,
    n: usize,
) -> OmegaStatus {
    guard! {
        // SAFETY: for the length of this call, as the header says.
        let slice = unsafe { slice_of(slice) }?;
        let len = slice.series().len();
        let known = slice.rows(series).ok_or(Error::IndexOutOfBounds { what: "series", index: series, len })?;
        if n != known.len() {
            return Err(Error::LengthMismatch { name: "rows", len: n, expected: known.len() }.into());
        }
        // SAFETY: promised by the caller.
        let [rows] = unsafe { outputs([("rows", rows)], n, &[("the slice's rows", Span::of(known))]) }?;
        for (row, &known) in rows.iter_mut().zip(known) {
            *row = drilled_row(known);
        }
        Ok(())
    }
}

/// The candle of a symbol and side at a moment; found is 1, or 0 where there is none and out is left as it was.
///
/// Threads: any. O(series). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle, an unknown price type,
/// or a symbol and side that were not given; OMEGA_INVALID_FORMAT for a symbol that is not UTF-8;
/// OMEGA_OUT_OF_BOUNDS where there is no such moment.
///
/// # Safety
/// `symbol` must be a NUL-terminated string, `out` and `found` writable; all for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_multi_symbol_candle(
    slice: *const OmegaMultiSymbol,
    moment: usize,
    symbol: *const c_char,
    price_type: OmegaPriceType,
    out: *mut OmegaCandle,
    found: *mut i32,
) -> OmegaStatus {
    guard! {
        let (out, found) = (self::out(out, "out")?, self::out(found, "found")?);
        // SAFETY: promised by the caller; the slice for the length of this call, as the header says.
        let (slice, symbol) = unsafe { (slice_of(slice)?, text(symbol, "symbol")?) };
        let candle = slice.candle_at(moment, symbol, PriceType::try_from(price_type)?)?;
        // SAFETY: promised by the caller.
        unsafe {
            found.write(i32::from(candle.is_some()));
            if let Some(candle) = candle {
                out.write(OmegaCandle { close: drilled(candle.close), ..candle.into() });
            }
        }
        Ok(())
    }
}

/// The close of the bid or ask candle of a symbol at a moment, or the mid of both; NaN where a candle is missing.
///
/// Threads: any. O(series). Errors: as omega_multi_symbol_candle; mid wants both sides given.
///
/// # Safety
/// `symbol` must be a NUL-terminated string, `out` writable; both for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_multi_symbol_price(
    slice: *const OmegaMultiSymbol,
    moment: usize,
    symbol: *const c_char,
    price: OmegaPriceKind,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller; the slice for the length of this call, as the header says.
        let (slice, symbol) = unsafe { (slice_of(slice)?, text(symbol, "symbol")?) };
        let price = slice.price_at(moment, symbol, PriceKind::try_from(price)?)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(drilled(price.unwrap_or(f64::NAN))) };
        Ok(())
    }
}

/// ask - bid of the closes of a symbol at a moment; NaN where a candle is missing.
///
/// Threads: any. O(series). Errors: as omega_multi_symbol_candle; both sides must have been given.
///
/// # Safety
/// `symbol` must be a NUL-terminated string, `out` writable; both for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_multi_symbol_spread(
    slice: *const OmegaMultiSymbol,
    moment: usize,
    symbol: *const c_char,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller; the slice for the length of this call, as the header says.
        let (slice, symbol) = unsafe { (slice_of(slice)?, text(symbol, "symbol")?) };
        let spread = slice.spread_at(moment, symbol)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(drilled(spread.unwrap_or(f64::NAN))) };
        Ok(())
    }
}
