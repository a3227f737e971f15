//! Statuses and the message of this thread's last failure.

use std::cell::RefCell;
use std::ffi::{CStr, CString};

use libc::c_char;

use crate::error::{Error, ErrorCode};

/// 0, or the number of what went wrong. 1xxx, 2xxx, 3xxx and 6xxx are the caller's; 4xxx and 5xxx the library's.
pub type OmegaStatus = i32;

/// Success.
pub const OMEGA_OK: OmegaStatus = 0;
/// An argument's value is not allowed.
pub const OMEGA_INVALID_ARGUMENT: OmegaStatus = 1001;
/// A pointer that must not be NULL is.
pub const OMEGA_NULL_POINTER: OmegaStatus = 1002;
/// A row or time lies outside the data.
pub const OMEGA_OUT_OF_BOUNDS: OmegaStatus = 1003;
/// An argument's type is not allowed.
pub const OMEGA_TYPE_MISMATCH: OmegaStatus = 1004;
/// A table lacks a column, or has one twice.
pub const OMEGA_SCHEMA_VIOLATION: OmegaStatus = 1005;
/// Data break an invariant of a series.
pub const OMEGA_CONSTRAINT_VIOLATION: OmegaStatus = 1006;
/// An object is not in a state that allows the call.
pub const OMEGA_INVALID_STATE: OmegaStatus = 1007;
/// Text or bytes are not in the expected format.
pub const OMEGA_INVALID_FORMAT: OmegaStatus = 1009;
/// Input that must hold something is empty.
pub const OMEGA_EMPTY_INPUT: OmegaStatus = 1010;
/// Two lengths that must agree differ.
pub const OMEGA_SIZE_MISMATCH: OmegaStatus = 1011;
/// Fewer rows exist than were asked for.
pub const OMEGA_INSUFFICIENT_DATA: OmegaStatus = 2008;
/// Reading or writing failed.
pub const OMEGA_IO_ERROR: OmegaStatus = 3000;
/// A file does not exist.
pub const OMEGA_FILE_NOT_FOUND: OmegaStatus = 3001;
/// A file may not be opened.
pub const OMEGA_PERMISSION_DENIED: OmegaStatus = 3002;
/// Data could not be written in a format.
pub const OMEGA_SERIALIZATION_FAILED: OmegaStatus = 3003;
/// Data could not be read from a format.
pub const OMEGA_DESERIALIZATION_FAILED: OmegaStatus = 3004;
/// A fault of this library.
pub const OMEGA_INTERNAL_ERROR: OmegaStatus = 4000;
/// A fault at the language boundary.
pub const OMEGA_FFI_ERROR: OmegaStatus = 5000;
/// Header and library disagree.
pub const OMEGA_FFI_SCHEMA_MISMATCH: OmegaStatus = 5004;
/// A panic was stopped at the language boundary.
pub const OMEGA_FFI_PANIC_CAUGHT: OmegaStatus = 5005;
/// Memory ran out.
pub const OMEGA_OUT_OF_MEMORY: OmegaStatus = 6001;
/// A limit was reached.
pub const OMEGA_RESOURCE_LIMIT_EXCEEDED: OmegaStatus = 6004;
/// The library was built without this part.
pub const OMEGA_NOT_BUILT_IN: OmegaStatus = 6005;

/// The name of a status, such as "INVALID_ARGUMENT"; "OK" for 0 and "UNKNOWN" for a number that is none.
///
/// Ownership: the text is the library's and lives as long as it. Threads: any. O(1).
#[unsafe(no_mangle)]
pub extern "C" fn omega_status_name(status: OmegaStatus) -> *const c_char {
    name_of(status).as_ptr()
}

fn name_of(status: OmegaStatus) -> &'static CStr {
    match status {
        OMEGA_OK => c"OK",
        OMEGA_INVALID_ARGUMENT => c"INVALID_ARGUMENT",
        OMEGA_NULL_POINTER => c"NULL_POINTER",
        OMEGA_OUT_OF_BOUNDS => c"OUT_OF_BOUNDS",
        OMEGA_TYPE_MISMATCH => c"TYPE_MISMATCH",
        OMEGA_SCHEMA_VIOLATION => c"SCHEMA_VIOLATION",
        OMEGA_CONSTRAINT_VIOLATION => c"CONSTRAINT_VIOLATION",
        OMEGA_INVALID_STATE => c"INVALID_STATE",
        OMEGA_INVALID_FORMAT => c"INVALID_FORMAT",
        OMEGA_EMPTY_INPUT => c"EMPTY_INPUT",
        OMEGA_SIZE_MISMATCH => c"SIZE_MISMATCH",
        OMEGA_INSUFFICIENT_DATA => c"INSUFFICIENT_DATA",
        OMEGA_IO_ERROR => c"IO_ERROR",
        OMEGA_FILE_NOT_FOUND => c"FILE_NOT_FOUND",
        OMEGA_PERMISSION_DENIED => c"PERMISSION_DENIED",
        OMEGA_SERIALIZATION_FAILED => c"SERIALIZATION_FAILED",
        OMEGA_DESERIALIZATION_FAILED => c"DESERIALIZATION_FAILED",
        OMEGA_INTERNAL_ERROR => c"INTERNAL_ERROR",
        OMEGA_FFI_ERROR => c"FFI_ERROR",
        OMEGA_FFI_SCHEMA_MISMATCH => c"FFI_SCHEMA_MISMATCH",
        OMEGA_FFI_PANIC_CAUGHT => c"FFI_PANIC_CAUGHT",
        OMEGA_OUT_OF_MEMORY => c"OUT_OF_MEMORY",
        OMEGA_RESOURCE_LIMIT_EXCEEDED => c"RESOURCE_LIMIT_EXCEEDED",
        OMEGA_NOT_BUILT_IN => c"NOT_BUILT_IN",
        _ => c"UNKNOWN",
    }
}

thread_local! {
    static LAST_MESSAGE: RefCell<CString> = RefCell::new(CString::default());
}

/// What, where and which value: the message of this thread's last failing call, "" if none has failed.
///
/// Ownership: the text is the library's and valid until this thread's next failing call or its end.
/// Threads: each has its own. O(1). A successful call leaves the message as it is.
#[unsafe(no_mangle)]
pub extern "C" fn omega_last_error_message() -> *const c_char {
    // A thread that is being torn down has no message any more; that is no reason to panic.
    LAST_MESSAGE.try_with(|message| message.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Why an export did not succeed. One pointer wide, so that success costs exports no room for it.
pub(super) struct Failure(Box<Reason>);

struct Reason {
    status: OmegaStatus,
    message: String,
}

impl Failure {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Reason { status: code.as_i32(), message: message.into() }))
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> OmegaStatus {
        self.0.status
    }

    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        &self.0.message
    }
}

impl From<Error> for Failure {
    #[cold]
    #[inline(never)]
    fn from(error: Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// Keeps the message for this thread and gives the status back.
#[cold]
#[inline(never)]
pub(super) fn record(failure: Failure) -> OmegaStatus {
    let Reason { status, message } = *failure.0;
    let text: Vec<u8> = message.into_bytes().into_iter().filter(|byte| *byte != 0).collect();
    // Dropping the old message cannot panic, and a message without zero bytes is a C string.
    let _ = LAST_MESSAGE.try_with(|last| *last.borrow_mut() = CString::new(text).unwrap_or_default());
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_core_has_its_name_in_c() {
        for code in ErrorCode::ALL {
            assert_eq!(name_of(code.as_i32()).to_str(), Ok(code.name()));
        }
        assert_eq!(name_of(7), c"UNKNOWN");
    }
}
