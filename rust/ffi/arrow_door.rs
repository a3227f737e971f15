//! What the Arrow exports do: arguments to core values and the core's answers back.
//!
//! Only in builds with the feature; `arrow_refusals.rs` stands in for it in others.

use std::ffi::{CStr, CString};
use std::sync::LazyLock;

use libc::c_char;

use super::arguments::{array, flags, path as path_argument, reference, text, unique};
use super::arrow::{
    OMEGA_ARROW_MMAP, OMEGA_ARROW_STRICT, OMEGA_CHECK_DEFAULT, OMEGA_PRICE_TYPE_FROM_METADATA, OmegaFileState,
};
use super::series::{OMEGA_ALLOW_MISSING, OmegaSeries, OmegaSeriesOptions, publish, series_of};
use super::slicer::OmegaRange;
use super::status::Failure;
use crate::candle::PriceType;
use crate::error::ErrorCode;
use crate::io::schema::{SCHEMAS, schema};
use crate::io::{self, ArrowArray, ArrowArrayStream, ArrowOptions, ArrowSchema};
use crate::series::Check;
use crate::slicer::RowRange;
use crate::timeframe::Timeframe;

/// Options where what is left out is to be found in the data; and whether the file is to be mapped.
///
/// # Safety
/// Unless NULL, `options` and its symbol must be valid for the length of the call.
unsafe fn options_of(options: *const OmegaSeriesOptions, known: u32) -> Result<(ArrowOptions, bool), Failure> {
    // SAFETY: promised by the caller.
    let options = unsafe { reference(options, "options") }?;
    // SAFETY: promised by the caller.
    let symbol = if options.symbol.is_null() { None } else { Some(unsafe { text(options.symbol, "options.symbol") }?) };
    flags(options.flags, known)?;
    if options.reserved != 0 {
        let message = format!("options.reserved must be 0, got {}", options.reserved);
        return Err(Failure::new(ErrorCode::InvalidArgument, message));
    }
    let (timeframe, price_type) = (options.timeframe_us, options.price_type);
    let from_metadata = price_type == OMEGA_PRICE_TYPE_FROM_METADATA;
    let by_default = options.check == OMEGA_CHECK_DEFAULT;
    let arrow = ArrowOptions {
        symbol: symbol.map(str::to_owned),
        timeframe: if timeframe == 0 { None } else { Some(Timeframe::from_duration_us(timeframe)?) },
        price_type: if from_metadata { None } else { Some(PriceType::try_from(price_type)?) },
        check: if by_default { None } else { Some(Check::try_from(options.check)?) },
        allow_missing: options.flags & OMEGA_ALLOW_MISSING != 0,
        strict: options.flags & OMEGA_ARROW_STRICT != 0,
    };
    Ok((arrow, options.flags & OMEGA_ARROW_MMAP != 0))
}

/// Rows of the host's; those that no series can have are refused by the core.
fn rows_of(rows: OmegaRange) -> Result<RowRange, Failure> {
    let OmegaRange { start, len } = rows;
    let (Ok(start), Ok(len)) = (usize::try_from(start), usize::try_from(len)) else {
        let message = format!("{len} rows from row {start} on: neither may be negative");
        return Err(Failure::new(ErrorCode::OutOfBounds, message));
    };
    Ok(RowRange { start, len })
}

const COPIED: u32 = OMEGA_ALLOW_MISSING | OMEGA_ARROW_STRICT;

/// # Safety
/// As omega_series_read_ipc.
pub(super) unsafe fn read_ipc(
    path: *const c_char,
    options: *const OmegaSeriesOptions,
) -> Result<*mut OmegaSeries, Failure> {
    // SAFETY: promised by the caller.
    let (path, options) = unsafe { (path_argument(path, "path")?, options_of(options, COPIED | OMEGA_ARROW_MMAP)?) };
    let (options, mapped) = options;
    publish(crate::io::read_ipc(path, &options, mapped)?)
}

/// # Safety
/// As omega_series_from_ipc.
pub(super) unsafe fn from_ipc(
    bytes: *const u8,
    len: usize,
    options: *const OmegaSeriesOptions,
) -> Result<*mut OmegaSeries, Failure> {
    // SAFETY: promised by the caller.
    let (bytes, (options, _)) = unsafe { (array(bytes, len, "bytes")?, options_of(options, COPIED)?) };
    publish(crate::io::parse_ipc(bytes, &options)?)
}

/// # Safety
/// As omega_series_refresh.
pub(super) unsafe fn refresh(series: *const OmegaSeries) -> Result<OmegaFileState, Failure> {
    // SAFETY: promised by the caller.
    Ok(unsafe { series_of(series) }?.series().refresh() as OmegaFileState)
}

/// # Safety
/// As omega_candles_write_ipc.
pub(super) unsafe fn write_ipc(
    series: *const OmegaSeries,
    rows: OmegaRange,
    path: *const c_char,
) -> Result<(), Failure> {
    // SAFETY: promised by the caller.
    let (path, series) = unsafe { (path_argument(path, "path")?, series_of(series)?.series()) };
    Ok(crate::io::write_ipc(path, series, rows_of(rows)?)?)
}

/// # Safety
/// As omega_candles_to_ipc.
pub(super) unsafe fn to_ipc(series: *const OmegaSeries, rows: OmegaRange) -> Result<Vec<u8>, Failure> {
    // SAFETY: promised by the caller.
    Ok(crate::io::to_ipc(unsafe { series_of(series) }?.series(), rows_of(rows)?)?)
}

/// # Safety
/// As omega_series_import.
pub(super) unsafe fn import(
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    options: *const OmegaSeriesOptions,
) -> Result<*mut OmegaSeries, Failure> {
    // SAFETY: promised by the caller.
    let import = unsafe {
        let (options, _) = options_of(options, COPIED)?;
        io::array_import(unique(array, "array")?, unique(schema, "schema")?, &options)?
    };
    // A handle first: until there is one, the structs are the caller's.
    let handle = publish(import.series().clone())?;
    import.accept();
    Ok(handle)
}

/// # Safety
/// As omega_series_import_stream.
pub(super) unsafe fn import_stream(
    stream: *mut ArrowArrayStream,
    options: *const OmegaSeriesOptions,
) -> Result<*mut OmegaSeries, Failure> {
    // SAFETY: promised by the caller.
    let import = unsafe {
        let (options, _) = options_of(options, COPIED)?;
        io::stream_import(unique(stream, "stream")?, &options)?
    };
    let handle = publish(import.series().clone())?;
    import.accept();
    Ok(handle)
}

/// # Safety
/// As omega_candles_export.
pub(super) unsafe fn export(
    series: *const OmegaSeries,
    rows: OmegaRange,
) -> Result<(ArrowArray, ArrowSchema), Failure> {
    // SAFETY: promised by the caller.
    let series = unsafe { series_of(series) }?.series();
    let mut array = io::export_array(series, rows_of(rows)?)?;
    let schema = io::export_schema(series).inspect_err(|_| {
        // SAFETY: made by the line before, and nobody's yet.
        unsafe { array.release() }
    })?;
    Ok((array, schema))
}

/// # Safety
/// As omega_candles_export_schema.
pub(super) unsafe fn export_schema(series: *const OmegaSeries) -> Result<ArrowSchema, Failure> {
    // SAFETY: promised by the caller.
    Ok(io::export_schema(unsafe { series_of(series) }?.series())?)
}

/// # Safety
/// As omega_candles_export_stream.
pub(super) unsafe fn export_stream(series: *const OmegaSeries, rows: OmegaRange) -> Result<ArrowArrayStream, Failure> {
    // SAFETY: promised by the caller.
    Ok(io::export_stream(unsafe { series_of(series) }?.series(), rows_of(rows)?)?)
}

/// Each schema's JSON, in the registry's order, and behind them the list of all.
static JSON: LazyLock<Vec<CString>> = LazyLock::new(|| {
    let each: Vec<String> = SCHEMAS.iter().map(io::schema::Schema::json).collect();
    let all = format!("[{}]", each.join(", "));
    each.into_iter().chain([all]).map(|text| CString::new(text).unwrap_or_default()).collect()
});

/// # Safety
/// As omega_schema_json.
pub(super) unsafe fn schema_json(name: *const c_char, version: *const c_char) -> Result<&'static CStr, Failure> {
    if name.is_null() {
        return Ok(&JSON[SCHEMAS.len()]);
    }
    // SAFETY: promised by the caller.
    let wanted = unsafe { schema(text(name, "name")?, text(version, "version")?) }?;
    let at = SCHEMAS.iter().position(|schema| schema == wanted).unwrap_or(SCHEMAS.len());
    Ok(&JSON[at])
}
