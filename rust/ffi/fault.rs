//! Faults on purpose, to prove that callers notice: only in builds that nobody may ship.
//!
//! The whole file is one feature; what is exported says so again, because the header's generator
//! reads one file at a time.

use std::sync::atomic::{AtomicU32, Ordering};

use super::status::{Failure, OMEGA_OK, OmegaStatus, record};
use crate::error::ErrorCode;

#[cfg(not(debug_assertions))]
compile_error!("fault-injection is for tests: build it without --release");

static ARMED: AtomicU32 = AtomicU32::new(OMEGA_FAULT_NONE);

/// No fault.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_NONE: u32 = 0;
/// Every export that returns a status panics inside.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_PANIC: u32 = 1;
/// The lowest bit of every answer of omega_slicer_*, omega_align, omega_symbol_slice_* and omega_multi_symbol_*,
/// of every kernel and every stream, and of every price and volume of a resampled series is flipped.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_FLIP: u32 = 2;

/// Arms one fault for every thread from now on, or none. Only in builds with the feature fault-injection.
///
/// Threads: any. O(1). Errors: OMEGA_INVALID_ARGUMENT for an unknown fault.
#[cfg(feature = "fault-injection")]
#[unsafe(no_mangle)]
pub extern "C" fn omega_fault_set(fault: u32) -> OmegaStatus {
    // Not behind the guard, or an armed panic could never be disarmed.
    if fault > OMEGA_FAULT_FLIP {
        return record(Failure::new(ErrorCode::InvalidArgument, format!("fault {fault} is none of 0, 1, 2")));
    }
    ARMED.store(fault, Ordering::SeqCst);
    OMEGA_OK
}

pub(super) fn panic_if_armed() {
    assert!(ARMED.load(Ordering::SeqCst) != OMEGA_FAULT_PANIC, "armed by omega_fault_set");
}

/// 1 while answers are to be flipped, else 0.
pub(super) fn flipped_bit() -> u64 {
    u64::from(ARMED.load(Ordering::SeqCst) == OMEGA_FAULT_FLIP)
}
