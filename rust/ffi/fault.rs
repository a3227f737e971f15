//! Faults on purpose, to prove that callers notice: only in builds that nobody may ship.
//!
//! The whole file is one feature; what is exported says so again, because the header's generator
//! reads one file at a time. A fault is armed by a call, or by the variable OMEGA_FAULT for what must be there
//! when the library is loaded.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::abi::OmegaAbiLayout;
use super::status::{Failure, OMEGA_OK, OmegaStatus, record};
use crate::error::ErrorCode;

#[cfg(not(debug_assertions))]
compile_error!("fault-injection is for tests: build it without --release");

/// Names in OMEGA_FAULT, by number.
const NAMES: [&str; 10] =
    ["none", "panic", "flip", "abort", "internal_once", "internal_rate", "flip_rows", "abi", "layout", "slow"];

/// Every so many calls one fails under `OMEGA_FAULT_INTERNAL_RATE`: 0.2 %.
const ONE_CALL_IN: u64 = 500;
/// Every so many rows one is flipped under `OMEGA_FAULT_FLIP_ROWS`: 1 %.
const ONE_ROW_IN: u64 = 100;

static ARMED: AtomicU32 = AtomicU32::new(OMEGA_FAULT_NONE);
static CALLS: AtomicU64 = AtomicU64::new(0);
static ROWS: AtomicU64 = AtomicU64::new(0);

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
/// The next call of an export that returns a status ends the process, as a memory error would.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_ABORT: u32 = 3;
/// The next call of such an export returns OMEGA_INTERNAL_ERROR; the ones after it are well.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_INTERNAL_ONCE: u32 = 4;
/// One call in 500 of such exports returns OMEGA_INTERNAL_ERROR.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_INTERNAL_RATE: u32 = 5;
/// As OMEGA_FAULT_FLIP, in one answer of a hundred: which ones differs from call to call.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_FLIP_ROWS: u32 = 6;
/// omega_abi_version reports the next major version.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_ABI: u32 = 7;
/// omega_abi_layout reports a size that is 8 bytes more than it is.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_LAYOUT: u32 = 8;
/// Every export that returns a status takes a millisecond longer.
#[cfg(feature = "fault-injection")]
pub const OMEGA_FAULT_SLOW: u32 = 9;

/// Arms one fault for every thread from now on, or none. Only in builds with the feature fault-injection, where
/// the variable OMEGA_FAULT (none, panic, flip, abort, internal_once, internal_rate, flip_rows, abi, layout or
/// slow) arms one from the start.
///
/// Threads: any. O(1). Errors: OMEGA_INVALID_ARGUMENT for an unknown fault.
#[cfg(feature = "fault-injection")]
#[unsafe(no_mangle)]
pub extern "C" fn omega_fault_set(fault: u32) -> OmegaStatus {
    // Not behind the guard, or an armed panic could never be disarmed.
    if fault as usize >= NAMES.len() {
        let message = format!("fault {fault} is none of 0 to {}", NAMES.len() - 1);
        return record(Failure::new(ErrorCode::InvalidArgument, message));
    }
    armed(); // so that the variable does not overrule the call
    ARMED.store(fault, Ordering::SeqCst);
    OMEGA_OK
}

fn armed() -> u32 {
    static FROM_OUTSIDE: OnceLock<()> = OnceLock::new();
    FROM_OUTSIDE.get_or_init(|| {
        let name = std::env::var("OMEGA_FAULT").unwrap_or_default();
        let fault =
            NAMES.iter().zip(0..).find(|(known, _)| **known == name).map_or(OMEGA_FAULT_NONE, |(_, fault)| fault);
        ARMED.store(fault, Ordering::SeqCst);
    });
    ARMED.load(Ordering::SeqCst)
}

/// What an armed fault does to a call that returns a status.
pub(super) fn befall() -> Result<(), Failure> {
    let internal =
        |which: &str| Err(Failure::new(ErrorCode::InternalError, format!("armed by omega_fault_set: {which}")));
    match armed() {
        OMEGA_FAULT_PANIC => panic!("armed by omega_fault_set"),
        OMEGA_FAULT_ABORT => std::process::abort(),
        OMEGA_FAULT_INTERNAL_ONCE => {
            let first = ARMED
                .compare_exchange(OMEGA_FAULT_INTERNAL_ONCE, OMEGA_FAULT_NONE, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok();
            if first { internal("once") } else { Ok(()) }
        }
        OMEGA_FAULT_INTERNAL_RATE if CALLS.fetch_add(1, Ordering::SeqCst) % ONE_CALL_IN == ONE_CALL_IN - 1 => {
            internal("one call in 500")
        }
        OMEGA_FAULT_SLOW => {
            std::thread::sleep(std::time::Duration::from_millis(1));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// 1 where the answer that is being given is to be flipped, else 0.
pub(super) fn flipped_bit() -> u64 {
    match armed() {
        OMEGA_FAULT_FLIP => 1,
        OMEGA_FAULT_FLIP_ROWS => u64::from(ROWS.fetch_add(1, Ordering::SeqCst) % ONE_ROW_IN == ONE_ROW_IN / 2),
        _ => 0,
    }
}

/// The version that is reported.
pub(super) fn version(version: u32) -> u32 {
    if armed() == OMEGA_FAULT_ABI { version + (1 << 16) } else { version }
}

/// The layout that is reported.
pub(super) fn layout(layout: &'static OmegaAbiLayout) -> &'static OmegaAbiLayout {
    static WRONG: OnceLock<OmegaAbiLayout> = OnceLock::new();
    if armed() != OMEGA_FAULT_LAYOUT {
        return layout;
    }
    WRONG.get_or_init(|| OmegaAbiLayout { range_size: layout.range_size + 8, ..*layout })
}
