//! In a library without the feature `arrow` its functions are there all the same: each refuses, says how to enable the
//! feature, and touches nothing it was given.
#![cfg(not(feature = "arrow"))]
#![allow(unsafe_code, reason = "the C ABI is called as C calls it")]

use std::ffi::CStr;
use std::ptr::null;

use omega_slicer::ffi::*;
use omega_slicer::io::{ArrowArray, ArrowArrayStream, ArrowSchema};

const NOWHERE: *const u8 = std::ptr::without_provenance(8);

/// That a call is refused as not built in, with words that help.
#[track_caller]
fn refused(status: OmegaStatus) {
    assert_eq!(status, OMEGA_NOT_BUILT_IN);
    // SAFETY: a C string of this thread's, alive until its next failing call.
    let words = unsafe { CStr::from_ptr(omega_last_error_message()) }.to_str().unwrap();
    assert!(words.contains("--features arrow"), "{words}");
}

#[test]
fn every_arrow_function_says_that_it_is_not_built_in() {
    let (mut series, mut state, mut len, mut text) = (std::ptr::null_mut(), -7, 7_usize, null());
    let (mut array, mut schema) = (ArrowArray::released(), ArrowSchema::released());
    let mut stream = ArrowArrayStream::released();
    (array.length, schema.flags) = (77, 77);
    let rows = OmegaRange { start: 0, len: 1 };
    // SAFETY: out-parameters are writable, and nothing else is read.
    unsafe {
        refused(omega_series_read_ipc(c"x".as_ptr(), null(), &raw mut series));
        refused(omega_series_from_ipc(NOWHERE, 1, null(), &raw mut series));
        refused(omega_series_refresh(null(), &raw mut state));
        refused(omega_candles_write_ipc(null(), rows, c"x".as_ptr()));
        refused(omega_candles_to_ipc(null(), rows, std::ptr::null_mut(), 0, &raw mut len));
        refused(omega_series_import(&raw mut array, &raw mut schema, null(), &raw mut series));
        refused(omega_series_import_stream(&raw mut stream, null(), &raw mut series));
        refused(omega_candles_export(null(), rows, &raw mut array, &raw mut schema));
        refused(omega_candles_export_schema(null(), &raw mut schema));
        refused(omega_candles_export_stream(null(), rows, &raw mut stream));
        refused(omega_schema_json(null(), null(), &raw mut text));
    }
    assert!(series.is_null() && text.is_null() && stream.get_next.is_none());
    assert_eq!((state, len, array.length, schema.flags), (-7, 7, 77, 77));
}

#[test]
fn the_layout_has_no_arrow_structs() {
    // SAFETY: the library's own, alive as long as it.
    let layout = unsafe { &*omega_abi_layout() };
    assert_eq!(layout.layout_size as usize, size_of::<OmegaAbiLayout>());
    assert_eq!((layout.arrow_schema_size, layout.arrow_array_size, layout.arrow_stream_size), (0, 0, 0));
    assert_eq!((layout.arrow_schema_release, layout.arrow_array_release, layout.arrow_stream_release), (0, 0, 0));
    assert_ne!(layout.kernel_options_width, 0);
}
