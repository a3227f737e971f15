//! Timeframes and timestamps as text.

use libc::c_char;

use super::arguments::{out, text as text_argument};
use super::status::{Failure, OmegaStatus};
use crate::error::ErrorCode;
use crate::io::parse_timestamp;
use crate::timeframe::Timeframe;

/// Reads a timeframe, such as "M1", "h4" or "90min", as microseconds.
///
/// Threads: any. O(length). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_FORMAT naming the text.
///
/// # Safety
/// `text` must be NUL-terminated, `duration_us` writable; both for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_timeframe_parse(text: *const c_char, duration_us: *mut i64) -> OmegaStatus {
    guard! {
        let out = out(duration_us, "duration_us")?;
        // SAFETY: promised by the caller.
        let timeframe: Timeframe = unsafe { text_argument(text, "text") }?.parse()?;
        // SAFETY: promised by the caller.
        unsafe { out.write(timeframe.duration_us()) };
        Ok(())
    }
}

/// Writes a timeframe's own name and its length without the final NUL: "H1" for 3,600,000,000 microseconds.
///
/// `capacity` counts the NUL; 32 is always enough. Threads: any. O(1). Errors: OMEGA_NULL_POINTER;
/// OMEGA_INVALID_ARGUMENT unless the duration is a positive multiple of a minute; OMEGA_SIZE_MISMATCH if
/// the buffer is too small, naming the size needed.
///
/// # Safety
/// `buffer` must be writable for `capacity` bytes and `length` writable, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_timeframe_name(
    duration_us: i64,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> OmegaStatus {
    guard! {
        let (bytes, length) = (out(buffer, "buffer")?, out(length, "length")?);
        let name = Timeframe::from_duration_us(duration_us)?.to_string();
        if capacity <= name.len() {
            let message = format!("a buffer of {capacity} bytes is too small: {:?} needs {}", name, name.len() + 1);
            return Err(Failure::new(ErrorCode::SizeMismatch, message));
        }
        // SAFETY: promised by the caller; the name and its NUL fit as checked above.
        unsafe {
            bytes.write_bytes(name.as_bytes());
            length.write(name.len());
        }
        Ok(())
    }
}

/// Reads a timestamp, such as "2012-02-01 00:00:00+00:00", as microseconds since 1970-01-01 UTC.
///
/// Without an offset it is UTC. Threads: any. O(length). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_FORMAT
/// naming the text, also for a value finer than a microsecond.
///
/// # Safety
/// `text` must be NUL-terminated, `timestamp_us` writable; both for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_timestamp_parse(text: *const c_char, timestamp_us: *mut i64) -> OmegaStatus {
    guard! {
        let out = out(timestamp_us, "timestamp_us")?;
        // SAFETY: promised by the caller.
        let timestamp = parse_timestamp(unsafe { text_argument(text, "text") }?)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(timestamp) };
        Ok(())
    }
}
