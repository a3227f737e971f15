//! OmegaSeries: making, describing and freeing a candle series.

use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_char, c_void};

use super::arguments::{array, copied, flags, out, path, reference, text};
use super::handle::Table;
use super::slicer::OmegaCandle;
use super::status::{Failure, OmegaStatus};
use crate::candle::PriceType;
use crate::column::Column;
use crate::error::{Error, ErrorCode};
use crate::series::{CandleSeries, Check, Columns, SeriesOptions};
use crate::timeframe::Timeframe;

/// A candle series: immutable, readable from any number of threads. Free it with omega_series_free.
pub struct OmegaSeries {
    _opaque: [u8; 0],
}

/// The side of the market: OMEGA_PRICE_TYPE_BID or OMEGA_PRICE_TYPE_ASK.
pub type OmegaPriceType = i32;
/// What a seller gets.
pub const OMEGA_PRICE_TYPE_BID: OmegaPriceType = 0;
/// What a buyer pays.
pub const OMEGA_PRICE_TYPE_ASK: OmegaPriceType = 1;

/// How much of a series is checked when it is made.
pub type OmegaCheck = i32;
/// Lengths, order of the timestamps, finite values.
pub const OMEGA_CHECK_FULL: OmegaCheck = 0;
/// Lengths and order of the timestamps.
pub const OMEGA_CHECK_ORDER: OmegaCheck = 1;
/// Lengths alone; the caller vouches for the rest.
pub const OMEGA_CHECK_NONE: OmegaCheck = 2;

/// The unit of integer stamps in a file.
pub type OmegaTimeUnit = i32;
/// Microseconds.
pub const OMEGA_UNIT_US: OmegaTimeUnit = 0;
/// Seconds.
pub const OMEGA_UNIT_S: OmegaTimeUnit = 1;
/// Milliseconds.
pub const OMEGA_UNIT_MS: OmegaTimeUnit = 2;
/// Nanoseconds, each a whole number of microseconds.
pub const OMEGA_UNIT_NS: OmegaTimeUnit = 3;

/// A flag of OmegaSeriesOptions: prices may be missing (NaN).
pub const OMEGA_ALLOW_MISSING: u32 = 1;

/// Six columns of len rows each. volume is NULL where every volume is missing.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaColumns {
    /// Open times, microseconds since 1970-01-01 UTC, strictly increasing.
    pub timestamp: *const i64,
    /// First prices.
    pub open: *const f64,
    /// Highest prices.
    pub high: *const f64,
    /// Lowest prices.
    pub low: *const f64,
    /// Last prices.
    pub close: *const f64,
    /// Volumes, NaN where missing; or NULL.
    pub volume: *const f64,
    /// Rows in each column.
    pub len: usize,
}

/// What a series is of, and how it is checked. Zeroed fields mean bid, full check, nothing missing.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaSeriesOptions {
    /// The instrument, UTF-8; copied.
    pub symbol: *const c_char,
    /// How long each candle lasts: a positive multiple of a minute.
    pub timeframe_us: i64,
    /// The side of the market.
    pub price_type: OmegaPriceType,
    /// How much is checked.
    pub check: OmegaCheck,
    /// 0 or OMEGA_ALLOW_MISSING.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

/// What a series is of.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaSeriesInfo {
    /// The instrument; the series' own text, valid while it lives.
    pub symbol: *const c_char,
    /// How long each candle lasts.
    pub timeframe_us: i64,
    /// The side of the market.
    pub price_type: OmegaPriceType,
    /// 0.
    pub reserved: u32,
    /// Rows.
    pub len: usize,
}

/// Called once, when the last reference to borrowed columns is gone, on the thread that drops it.
pub type OmegaRelease = Option<unsafe extern "C" fn(owner: *mut c_void)>;

/// What stands behind a handle.
pub(super) struct Series {
    pub(super) slicer: crate::slicer::SymbolDataSlicer,
    symbol: CString,
}

impl Series {
    pub(super) fn series(&self) -> &CandleSeries {
        self.slicer.series()
    }
}

/// The mark says little and is unlike a small integer or an address: foreign numbers fail early.
static SERIES: Table<Series> = Table::new(0x51, "OmegaSeries");

/// The series behind a handle.
///
/// # Safety
/// As [`Table::get`]: for the length of the call, while the host does not free the handle.
#[inline]
pub(super) unsafe fn series_of<'a>(handle: *const OmegaSeries) -> Result<&'a Series, Failure> {
    // SAFETY: passed on to the caller.
    unsafe { SERIES.get(handle as u64) }
}

/// A handle for a series of the host's.
pub(super) fn publish(series: CandleSeries) -> Result<*mut OmegaSeries, Failure> {
    let symbol = CString::new(series.symbol()).unwrap_or_default();
    let slicer = crate::slicer::SymbolDataSlicer::new(series);
    Ok(SERIES.insert(Series { slicer, symbol })? as *mut OmegaSeries)
}

/// # Safety
/// Unless NULL, `options` and its symbol must be valid for the length of the call.
unsafe fn options_of(options: *const OmegaSeriesOptions) -> Result<SeriesOptions, Failure> {
    // SAFETY: promised by the caller.
    let (options, symbol) = unsafe {
        let options = reference(options, "options")?;
        (options, text(options.symbol, "options.symbol")?)
    };
    flags(options.flags, OMEGA_ALLOW_MISSING)?;
    if options.reserved != 0 {
        let message = format!("options.reserved must be 0, got {}", options.reserved);
        return Err(Failure::new(ErrorCode::InvalidArgument, message));
    }
    Ok(SeriesOptions {
        symbol: symbol.to_owned(),
        timeframe: Timeframe::from_duration_us(options.timeframe_us)?,
        price_type: PriceType::try_from(options.price_type)?,
        check: Check::try_from(options.check)?,
        allow_missing: options.flags & OMEGA_ALLOW_MISSING != 0,
    })
}

/// A new series over copies of the columns: 48 bytes a row, 40 without a volume.
///
/// Ownership: the caller keeps the columns and owns the new handle. Threads: any. O(len). Errors:
/// OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the option; OMEGA_CONSTRAINT_VIOLATION naming the first
/// offending row; OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144 live handles.
///
/// # Safety
/// The pointers of `columns` must each be valid for `len` values, `options` and its symbol readable, `out`
/// writable; all for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_new(
    columns: *const OmegaColumns,
    options: *const OmegaSeriesOptions,
    out: *mut *mut OmegaSeries,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let (columns, options) = unsafe { (reference(columns, "columns")?, options_of(options)?) };
        // SAFETY: promised by the caller; each is copied before the call ends.
        let columns = unsafe {
            let OmegaColumns { timestamp, open, high, low, close, volume, len } = *columns;
            Columns {
                timestamp: copied(timestamp, len, "columns.timestamp")?.into(),
                open: copied(open, len, "columns.open")?.into(),
                high: copied(high, len, "columns.high")?.into(),
                low: copied(low, len, "columns.low")?.into(),
                close: copied(close, len, "columns.close")?.into(),
                volume: if volume.is_null() { None } else { Some(copied(volume, len, "columns.volume")?.into()) },
            }
        };
        let handle = publish(CandleSeries::new(columns, options)?)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle) };
        Ok(())
    }
}

/// Calls the host's release when the last column that borrows from it is gone, once it has been armed.
struct Owner {
    release: OmegaRelease,
    /// What `release` is called with.
    token: *mut c_void,
    /// Not before the series is the host's: a refused one leaves the columns with the caller.
    armed: AtomicBool,
}

// SAFETY: the host promises that `release` may be called on any thread; nothing else is done with `token`.
unsafe impl Send for Owner {}
// SAFETY: nothing is done through a shared reference.
unsafe impl Sync for Owner {}

impl Drop for Owner {
    fn drop(&mut self) {
        if let (Some(release), true) = (self.release, *self.armed.get_mut()) {
            // SAFETY: promised by the host when it passed both.
            unsafe { release(self.token) }
        }
    }
}

/// A column of the caller's.
///
/// # Safety
/// Unless NULL, `pointer` must point to `count` values that stay unchanged until `owner` is dropped.
unsafe fn borrow<T>(pointer: *const T, count: usize, name: &str, owner: &Arc<Owner>) -> Result<Column<T>, Failure> {
    // SAFETY: promised by the caller.
    unsafe {
        array(pointer, count, name)?;
        Ok(Column::borrowed(pointer, count, Arc::clone(owner) as _))
    }
}

/// A new series over the caller's own columns, without a copy: nothing per row.
///
/// Ownership: from OMEGA_OK on, the columns must stay unchanged until release(owner) is called, which happens
/// exactly once, when the last reference is gone: in omega_series_free, or in the _free of the last OmegaSymbolSlice
/// or OmegaMultiSymbol that shares the series, whichever comes last; on the thread that drops it. It must not call
/// back into this library with the same handle. A NULL release promises that the columns outlive the series and every
/// slice made of it. On any other status release is not called and the caller still owns everything.
/// Threads: any. O(len). Errors: as omega_series_new.
///
/// # Safety
/// As omega_series_new, the columns for as long as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_new_borrowed(
    columns: *const OmegaColumns,
    options: *const OmegaSeriesOptions,
    release: OmegaRelease,
    owner: *mut c_void,
    out: *mut *mut OmegaSeries,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let (columns, options) = unsafe { (reference(columns, "columns")?, options_of(options)?) };
        let owner = Arc::new(Owner { release, token: owner, armed: AtomicBool::new(false) });
        let (len, volume) = (columns.len, columns.volume);
        // SAFETY: promised by the caller.
        let columns = unsafe {
            Columns {
                timestamp: borrow(columns.timestamp, len, "columns.timestamp", &owner)?,
                open: borrow(columns.open, len, "columns.open", &owner)?,
                high: borrow(columns.high, len, "columns.high", &owner)?,
                low: borrow(columns.low, len, "columns.low", &owner)?,
                close: borrow(columns.close, len, "columns.close", &owner)?,
                volume: if volume.is_null() { None } else { Some(borrow(volume, len, "columns.volume", &owner)?) },
            }
        };
        let handle = publish(CandleSeries::new(columns, options)?)?;
        owner.armed.store(true, Ordering::Release);
        // SAFETY: promised by the caller.
        unsafe { out.write(handle) };
        Ok(())
    }
}

/// A new series from the CSV file at path; integer stamps are read in unit.
///
/// Columns are found by header without regard to case: timestamp, time, datetime, date, "UTC time" or an
/// unnamed first column; open, high, low, close; volume if there is one. Ownership: the caller owns the new
/// handle. Threads: any. O(size of the file). Errors: as omega_series_new; OMEGA_FILE_NOT_FOUND,
/// OMEGA_PERMISSION_DENIED, OMEGA_IO_ERROR naming the path; OMEGA_EMPTY_INPUT without a header line;
/// OMEGA_SCHEMA_VIOLATION on missing or repeated columns; OMEGA_INVALID_FORMAT naming the line;
/// OMEGA_NOT_BUILT_IN in a library without the feature csv.
///
/// # Safety
/// `path`, `options` and its symbol must be readable, `out` writable; all for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_read_csv(
    path: *const c_char,
    unit: OmegaTimeUnit,
    options: *const OmegaSeriesOptions,
    out: *mut *mut OmegaSeries,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let (path, options) = unsafe { (self::path(path, "path")?, options_of(options)?) };
        let handle = publish(read_csv(path, unit, options)?)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle) };
        Ok(())
    }
}

#[cfg(feature = "csv")]
fn read_csv(path: &Path, unit: OmegaTimeUnit, options: SeriesOptions) -> Result<CandleSeries, Error> {
    crate::io::read_csv(path, crate::io::TimeUnit::try_from(unit)?, options)
}

#[cfg(not(feature = "csv"))]
fn read_csv(path: &Path, _unit: OmegaTimeUnit, _options: SeriesOptions) -> Result<CandleSeries, Error> {
    Err(Error::NotBuiltIn(format!("{}: this library was built without the cargo feature csv", path.display())))
}

/// Frees a handle; NULL is a no-op.
///
/// Views of the series' columns must not be used afterwards. Threads: any, but no other thread may be inside
/// a call with the handle. O(1) and whatever release does. Errors: OMEGA_INVALID_ARGUMENT on a freed or
/// foreign handle.
///
/// # Safety
/// No other thread may be inside a call with `series`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_free(series: *mut OmegaSeries) -> OmegaStatus {
    guard! {
        if !series.is_null() {
            drop(SERIES.remove(series as u64)?);
        }
        Ok(())
    }
}

/// What a series is of.
///
/// Ownership: the symbol is the series' own text. Threads: any. O(1). Errors: OMEGA_NULL_POINTER,
/// OMEGA_INVALID_ARGUMENT on a dead handle.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_info(series: *const OmegaSeries, out: *mut OmegaSeriesInfo) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: for the length of this call, as the header says.
        let Series { slicer, symbol } = unsafe { series_of(series) }?;
        let series = slicer.series();
        // SAFETY: promised by the caller.
        unsafe {
            out.write(OmegaSeriesInfo {
                symbol: symbol.as_ptr(),
                timeframe_us: series.timeframe().duration_us(),
                price_type: series.price_type() as OmegaPriceType,
                reserved: 0,
                len: series.len(),
            });
        }
        Ok(())
    }
}

/// The series' columns, to be read in place for as long as the series lives.
///
/// Ownership: the series'. Threads: any. O(1). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead
/// handle. Columns of an empty series are not NULL but must not be read; volume is NULL where all are missing.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_columns(series: *const OmegaSeries, out: *mut OmegaColumns) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: for the length of this call, as the header says.
        let series = unsafe { series_of(series) }?.series();
        // SAFETY: promised by the caller.
        unsafe {
            out.write(OmegaColumns {
                timestamp: series.timestamp().as_ptr(),
                open: series.open().as_ptr(),
                high: series.high().as_ptr(),
                low: series.low().as_ptr(),
                close: series.close().as_ptr(),
                volume: series.volume().map_or(std::ptr::null(), <[f64]>::as_ptr),
                len: series.len(),
            });
        }
        Ok(())
    }
}

/// The candle in a row, copied out.
///
/// Threads: any. O(1). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle,
/// OMEGA_OUT_OF_BOUNDS past the end.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_candle(
    series: *const OmegaSeries,
    row: usize,
    out: *mut OmegaCandle,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: for the length of this call, as the header says.
        let candle = unsafe { series_of(series) }?.series().candle(row)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(candle.into()) };
        Ok(())
    }
}
