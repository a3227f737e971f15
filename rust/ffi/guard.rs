//! The panic boundary: every export's body is one `guard!`, and nothing but a status leaves it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::status::{Failure, OMEGA_OK, OmegaStatus, record};
use crate::error::ErrorCode;

/// Runs a body that ends in `Ok(())` or a [`Failure`] (by `?`) and turns it into a status.
macro_rules! guard {
    ($($body:tt)*) => {
        $crate::ffi::guard::run(|| { $($body)* })
    };
}

#[inline]
pub(super) fn run(body: impl FnOnce() -> Result<(), Failure>) -> OmegaStatus {
    // Unwind safe: an export writes its out-parameters last, after all that may panic; a kernel's arrays hold
    // doubles whatever happens; series are never changed, and a stream that a panic left is poisoned.
    let result = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(feature = "fault-injection")]
        super::fault::befall()?;
        body()
    }));
    match result {
        Ok(Ok(())) => OMEGA_OK,
        Ok(Err(failure)) => record(failure),
        Err(panic) => caught(&*panic),
    }
}

#[cold]
fn caught(panic: &(dyn std::any::Any + Send)) -> OmegaStatus {
    let what = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    record(Failure::new(ErrorCode::FfiPanicCaught, format!("panic inside the library: {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_that_carries_its_words() {
        let status = run(|| panic!("row {}", 7));
        assert_eq!(status, ErrorCode::FfiPanicCaught.as_i32());
        // SAFETY: a C string of this thread's, alive until its next failing call.
        let message = unsafe { std::ffi::CStr::from_ptr(super::super::status::omega_last_error_message()) };
        assert!(message.to_str().is_ok_and(|text| text.contains("row 7")), "{message:?}");
        assert_eq!(run(|| Ok(())), OMEGA_OK);
    }
}
