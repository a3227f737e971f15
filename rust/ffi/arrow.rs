//! Arrow in and out: IPC files and bytes, the C Data and C Stream Interfaces, and the registered schemas.
//!
//! The exports are here in every build; what they do is `arrow_door.rs`, or OMEGA_NOT_BUILT_IN without the feature.

use std::ffi::CStr;

use libc::c_char;

use super::arguments::{NOTHING, out, out_array};
use super::arrow_door as door;
use super::series::{OmegaCheck, OmegaPriceType, OmegaSeries, OmegaSeriesOptions};
use super::slicer::OmegaRange;
use super::status::{Failure, OmegaStatus};
use crate::error::ErrorCode;
use crate::io::{ArrowArray, ArrowArrayStream, ArrowSchema};

/// In the options of the Arrow functions alone: the side that the data's metadata name.
pub const OMEGA_PRICE_TYPE_FROM_METADATA: OmegaPriceType = -1;
/// In the options of the Arrow functions alone: everything is checked, of a mapped file the order.
pub const OMEGA_CHECK_DEFAULT: OmegaCheck = -1;

/// A flag of OmegaSeriesOptions for the Arrow functions alone: the schema must be one of ours to the letter.
pub const OMEGA_ARROW_STRICT: u32 = 2;
/// A flag of OmegaSeriesOptions for omega_series_read_ipc alone: the file is mapped, not copied.
pub const OMEGA_ARROW_MMAP: u32 = 4;

/// What has become of the file a series is mapped from.
pub type OmegaFileState = i32;
/// The series is not mapped from a file.
pub const OMEGA_FILE_NOT_MAPPED: OmegaFileState = 0;
/// The file is as it was when it was opened.
pub const OMEGA_FILE_UNCHANGED: OmegaFileState = 1;
/// The file has another size or modification time, or another file has its name.
pub const OMEGA_FILE_CHANGED: OmegaFileState = 2;
/// No file has the name any more.
pub const OMEGA_FILE_GONE: OmegaFileState = 3;

/// A new series from the Arrow IPC file or stream at path.
///
/// Columns are found by name without regard to case: timestamp, time, datetime, date or "UTC time", else
/// "__index_level_0__" or the only column of a timestamp type; open, high, low, close; volume if there is one;
/// rows that a bool column "valid" calls false are left out, or, with OMEGA_ALLOW_MISSING, stay without values.
/// Other columns are ignored. options is as for omega_series_new, except that symbol may be NULL, timeframe_us 0 and
/// price_type OMEGA_PRICE_TYPE_FROM_METADATA, which take them from the schema's metadata, that check may be
/// OMEGA_CHECK_DEFAULT, and that flags may hold OMEGA_ARROW_STRICT and OMEGA_ARROW_MMAP. A mapped file must not be
/// truncated while the series lives: reading past its new end would kill the process.
/// Ownership: the caller owns the new handle. Threads: any. O(size of the file); mapped, O(what is checked). Errors:
/// OMEGA_NULL_POINTER; OMEGA_FILE_NOT_FOUND, OMEGA_PERMISSION_DENIED, OMEGA_IO_ERROR; OMEGA_EMPTY_INPUT;
/// OMEGA_DESERIALIZATION_FAILED on damage, naming batch and column; OMEGA_RESOURCE_LIMIT_EXCEEDED if reading would
/// take far more memory than the file is large; OMEGA_SCHEMA_VIOLATION; OMEGA_INVALID_ARGUMENT on a missing
/// timeframe or price type, or a compressed file to be mapped; OMEGA_CONSTRAINT_VIOLATION, OMEGA_TYPE_MISMATCH,
/// OMEGA_INVALID_FORMAT naming row and column; OMEGA_NOT_BUILT_IN in a library without the feature arrow.
///
/// # Safety
/// `path`, `options` and its symbol must be readable, `out` writable; all for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_read_ipc(
    path: *const c_char,
    options: *const OmegaSeriesOptions,
    out: *mut *mut OmegaSeries,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let handle = unsafe { door::read_ipc(path, options) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle) };
        Ok(())
    }
}

/// A new series from the bytes of an Arrow IPC file or stream, which are copied.
///
/// Ownership: the caller keeps the bytes and owns the new handle. Threads: any. O(len). Options and errors: as
/// omega_series_read_ipc, without OMEGA_ARROW_MMAP.
///
/// # Safety
/// `bytes` must be readable for `len` bytes, `options` and its symbol readable, `out` writable; all for the length of
/// the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_from_ipc(
    bytes: *const u8,
    len: usize,
    options: *const OmegaSeriesOptions,
    out: *mut *mut OmegaSeries,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let handle = unsafe { door::from_ipc(bytes, len, options) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle) };
        Ok(())
    }
}

/// Whether the file a series is mapped from is still as it was when it was opened. The series itself never changes
/// its mind: this only looks at the path's file.
///
/// Threads: any. O(1), one look at the file system. Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead
/// handle, OMEGA_NOT_BUILT_IN in a library without the feature arrow.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_refresh(series: *const OmegaSeries, out: *mut OmegaFileState) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let state = unsafe { door::refresh(series) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(state) };
        Ok(())
    }
}

/// Writes rows of a series as an Arrow IPC file: schema symbol_slice 1.0.0, one batch, not compressed.
///
/// The bytes go to a temporary name beside path, which then takes path's place at once: whoever reads path sees the
/// old file or the new one, and on a failure the old one is whole. Threads: any. O(rows). Errors:
/// OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_OUT_OF_BOUNDS past the end, OMEGA_FILE_NOT_FOUND,
/// OMEGA_PERMISSION_DENIED, OMEGA_IO_ERROR naming the path, OMEGA_SERIALIZATION_FAILED, OMEGA_NOT_BUILT_IN.
///
/// # Safety
/// `path` must be NUL-terminated for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_candles_write_ipc(
    series: *const OmegaSeries,
    rows: OmegaRange,
    path: *const c_char,
) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        unsafe { door::write_ipc(series, rows, path) }
    }
}

/// Writes rows of a series as the bytes of an Arrow IPC file, as omega_candles_write_ipc does, and how many they are.
///
/// With out NULL and capacity 0 only their number is written: a second call with that capacity then succeeds.
/// Threads: any. O(rows). Errors: OMEGA_SIZE_MISMATCH if capacity is too small, naming the size needed, and nothing is
/// written; OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_OUT_OF_BOUNDS past the end,
/// OMEGA_SERIALIZATION_FAILED, OMEGA_NOT_BUILT_IN.
///
/// # Safety
/// `out` must be writable for `capacity` bytes and `out_len` writable, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_candles_to_ipc(
    series: *const OmegaSeries,
    rows: OmegaRange,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> OmegaStatus {
    guard! {
        let (bytes, length) = (out_array(out, capacity, "out", NOTHING)?, self::out(out_len, "out_len")?);
        // SAFETY: promised by the caller.
        let written = unsafe { door::to_ipc(series, rows) }?;
        let only_asked = out.is_null() && capacity == 0;
        if !only_asked && capacity < written.len() {
            let message = format!("out: {capacity} bytes are too few, {} are needed", written.len());
            return Err(Failure::new(ErrorCode::SizeMismatch, message));
        }
        // SAFETY: promised by the caller; they fit, as checked, or none are written.
        unsafe {
            length.write(written.len());
            bytes.write_all(written.into_iter());
        }
        Ok(())
    }
}

/// A new series from an Arrow array of structs and its schema; columns of our own types are shared, not copied.
///
/// Shared are float64 prices and int64 or timestamp[us] times that are aligned to 8 bytes and have no nulls, and a
/// volume without nulls. Ownership: on OMEGA_OK both structs have been moved from and their release is NULL; what they
/// hold stays unchanged until the library calls the array's release, exactly once, when the last reference to its
/// columns is gone: in this call if all was copied, else in the last _free or release of what shares the series, on
/// the thread that drops it. On any other status both are still the caller's, to be released as before.
/// Threads: any. O(rows). Options: as omega_series_read_ipc, without OMEGA_ARROW_MMAP. Errors: OMEGA_INVALID_STATE on
/// a struct that was released; OMEGA_DESERIALIZATION_FAILED on one that no honest producer makes, naming the column;
/// OMEGA_RESOURCE_LIMIT_EXCEEDED on more than 65,536 columns; else as omega_series_read_ipc.
///
/// # Safety
/// Both must be as a producer of the Arrow C Data Interface made them, `options` and its symbol readable, `out`
/// writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_import(
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    options: *const OmegaSeriesOptions,
    out: *mut *mut OmegaSeries,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let handle = unsafe { door::import(array, schema, options) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle) };
        Ok(())
    }
}

/// A new series from an Arrow stream of arrays of structs: a single batch is shared, several are joined.
///
/// Ownership: on OMEGA_OK the stream has been moved from, released, and its release is NULL; on any other status it is
/// still the caller's, to be released as before, and may have been read from. Batches are released as
/// omega_series_import says. Threads: any. O(rows). Errors: as omega_series_import; OMEGA_IO_ERROR with the stream's
/// own words where it fails, OMEGA_OUT_OF_MEMORY where it fails with ENOMEM.
///
/// # Safety
/// As omega_series_import, for the stream and all it gives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_import_stream(
    stream: *mut ArrowArrayStream,
    options: *const OmegaSeriesOptions,
    out: *mut *mut OmegaSeries,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let handle = unsafe { door::import_stream(stream, options) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle) };
        Ok(())
    }
}

/// Rows of a series as an Arrow array of structs with its schema, symbol_slice 1.0.0, without a copy.
///
/// A missing volume is null; its bitmap, and the zeros under a volume that the series does not have, are the array's
/// own. Ownership: the caller owns both structs and calls the release of each once; children may be moved out. The
/// array keeps the series alive until it and all that was moved out of it is released: the handle may be freed
/// before. Threads: any, release too. O(1), and O(rows) for the volume. Errors: OMEGA_NULL_POINTER,
/// OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_OUT_OF_BOUNDS past the end, OMEGA_OUT_OF_MEMORY, OMEGA_NOT_BUILT_IN.
///
/// # Safety
/// Both must be writable for the length of the call. What they held before is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_candles_export(
    series: *const OmegaSeries,
    rows: OmegaRange,
    out_array: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
) -> OmegaStatus {
    guard! {
        let (array_out, schema_out) = (out(out_array, "out_array")?, out(out_schema, "out_schema")?);
        // SAFETY: promised by the caller.
        let (array, schema) = unsafe { door::export(series, rows) }?;
        // SAFETY: promised by the caller.
        unsafe {
            array_out.write(array);
            schema_out.write(schema);
        }
        Ok(())
    }
}

/// The schema that omega_candles_export gives for a series.
///
/// Ownership: the caller owns the struct and calls its release once. Threads: any. O(1). Errors: OMEGA_NULL_POINTER,
/// OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_NOT_BUILT_IN.
///
/// # Safety
/// `out` must be writable for the length of the call. What it held before is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_candles_export_schema(series: *const OmegaSeries, out: *mut ArrowSchema) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let schema = unsafe { door::export_schema(series) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(schema) };
        Ok(())
    }
}

/// Rows of a series as an Arrow stream of one batch, which is what omega_candles_export gives.
///
/// Ownership: the caller owns the stream and calls its release once; it keeps the series alive until then. Threads:
/// any, one at a time. O(1). Errors: as omega_candles_export.
///
/// # Safety
/// `out` must be writable for the length of the call. What it held before is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_candles_export_stream(
    series: *const OmegaSeries,
    rows: OmegaRange,
    out: *mut ArrowArrayStream,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let stream = unsafe { door::export_stream(series, rows) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(stream) };
        Ok(())
    }
}

/// A registered schema as JSON: an object with name, version, fingerprint and fields, each with name, type and
/// nullable; or, with name NULL, the array of all.
///
/// The fingerprint is the SHA-256 of the fields as the text gives them. Ownership: the text is the library's and lives
/// as long as it. Threads: any. O(1). Errors: OMEGA_NULL_POINTER, a name without a version too;
/// OMEGA_SCHEMA_VIOLATION listing the schemas there are; OMEGA_NOT_BUILT_IN.
///
/// # Safety
/// Unless NULL, `name` and `version` must be NUL-terminated, `out` writable; all for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_schema_json(
    name: *const c_char,
    version: *const c_char,
    out: *mut *const c_char,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let text: &'static CStr = unsafe { door::schema_json(name, version) }?;
        // SAFETY: promised by the caller.
        unsafe { out.write(text.as_ptr()) };
        Ok(())
    }
}
