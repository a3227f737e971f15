//! The three structs of the Arrow C Data and C Stream Interfaces, as their specification lays them out.
//!
//! They are here in every build, since the C ABI names them; what they mean is told by `arrow_c_import.rs` and
//! `arrow_c_export.rs`. They have no `Drop`: C code moves them byte by byte, and whoever holds one that is not
//! released calls its `release`.
#![allow(unsafe_code, reason = "releasing a foreign struct is calling a foreign function")]

use std::ffi::{c_char, c_int, c_void};

/// A flag of [`ArrowSchema`]: the column may hold nulls.
pub const ARROW_FLAG_NULLABLE: i64 = 2;

/// The type, name and metadata of a column, or of a table as a struct of columns.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowSchema {
    /// The type, as a format string of the interface.
    pub format: *const c_char,
    /// The column's name, or NULL.
    pub name: *const c_char,
    /// Pairs of keys and values, each with its length in front, or NULL.
    pub metadata: *const c_char,
    /// `ARROW_FLAG_...`.
    pub flags: i64,
    /// How many children there are.
    pub n_children: i64,
    /// The children.
    pub children: *mut *mut ArrowSchema,
    /// The type of the values a dictionary-encoded column refers to, or NULL.
    pub dictionary: *mut ArrowSchema,
    /// Frees all that this struct holds and marks it as released; NULL once it is.
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// The data of a column, or of a table as a struct of columns.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArray {
    /// Rows.
    pub length: i64,
    /// Nulls among them; -1 where nobody counted.
    pub null_count: i64,
    /// Where the first row is, in rows from the start of the buffers.
    pub offset: i64,
    /// How many buffers there are.
    pub n_buffers: i64,
    /// How many children there are.
    pub n_children: i64,
    /// The buffers.
    pub buffers: *mut *const c_void,
    /// The children.
    pub children: *mut *mut ArrowArray,
    /// The values a dictionary-encoded column refers to, or NULL.
    pub dictionary: *mut ArrowArray,
    /// Frees all that this struct holds and marks it as released; NULL once it is.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// Batches of one schema, one after the other.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArrayStream {
    /// Writes the schema; 0 or an errno.
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    /// Writes the next batch, or a released one after the last; 0 or an errno.
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    /// The words for the last errno, or NULL.
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    /// Frees all that this struct holds and marks it as released; NULL once it is.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

macro_rules! releasable {
    ($($name:ident { $($field:ident: $empty:expr),* })*) => {$(
        impl $name {
            /// A struct that is released, to be written over.
            #[must_use]
            pub const fn released() -> Self {
                Self { $($field: $empty,)* release: None, private_data: std::ptr::null_mut() }
            }

            /// Whether it is released, or was moved from.
            #[must_use]
            pub const fn is_released(&self) -> bool {
                self.release.is_none()
            }

            /// Moves the struct out and leaves a released one.
            #[must_use]
            pub const fn take(&mut self) -> Self {
                std::mem::replace(self, Self::released())
            }

            /// Releases it, unless it is released.
            ///
            /// # Safety
            /// It must be as its producer made it; nobody may use what it held afterwards.
            pub unsafe fn release(&mut self) {
                if let Some(release) = self.release {
                    // SAFETY: promised by the caller; a release marks its struct as released.
                    unsafe { release(self) }
                    self.release = None;
                }
            }
        }
    )*};
}

releasable! {
    ArrowSchema {
        format: std::ptr::null(),
        name: std::ptr::null(),
        metadata: std::ptr::null(),
        flags: 0,
        n_children: 0,
        children: std::ptr::null_mut(),
        dictionary: std::ptr::null_mut()
    }
    ArrowArray {
        length: 0,
        null_count: 0,
        offset: 0,
        n_buffers: 0,
        n_children: 0,
        buffers: std::ptr::null_mut(),
        children: std::ptr::null_mut(),
        dictionary: std::ptr::null_mut()
    }
    ArrowArrayStream { get_schema: None, get_next: None, get_last_error: None }
}
