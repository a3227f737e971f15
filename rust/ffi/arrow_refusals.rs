//! What the Arrow exports do in a library without the feature: refuse, and say how to enable it.

use std::ffi::CStr;

use libc::c_char;

use super::arrow::OmegaFileState;
use super::series::{OmegaSeries, OmegaSeriesOptions};
use super::slicer::OmegaRange;
use super::status::Failure;
use crate::error::ErrorCode;
use crate::io::{ArrowArray, ArrowArrayStream, ArrowSchema};

macro_rules! refused {
    ($($name:ident($($argument:ty),*) -> $answer:ty;)*) => {$(
        /// # Safety
        /// None needed: nothing is read.
        pub(super) unsafe fn $name($(_: $argument),*) -> Result<$answer, Failure> {
            let words = "this library was built without the cargo feature arrow: build it with --features arrow";
            Err(Failure::new(ErrorCode::NotBuiltIn, words))
        }
    )*};
}

refused! {
    read_ipc(*const c_char, *const OmegaSeriesOptions) -> *mut OmegaSeries;
    from_ipc(*const u8, usize, *const OmegaSeriesOptions) -> *mut OmegaSeries;
    refresh(*const OmegaSeries) -> OmegaFileState;
    write_ipc(*const OmegaSeries, OmegaRange, *const c_char) -> ();
    to_ipc(*const OmegaSeries, OmegaRange) -> Vec<u8>;
    import(*mut ArrowArray, *mut ArrowSchema, *const OmegaSeriesOptions) -> *mut OmegaSeries;
    import_stream(*mut ArrowArrayStream, *const OmegaSeriesOptions) -> *mut OmegaSeries;
    export(*const OmegaSeries, OmegaRange) -> (ArrowArray, ArrowSchema);
    export_schema(*const OmegaSeries) -> ArrowSchema;
    export_stream(*const OmegaSeries, OmegaRange) -> ArrowArrayStream;
    schema_json(*const c_char, *const c_char) -> &'static CStr;
}
