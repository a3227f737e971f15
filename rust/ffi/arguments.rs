//! C arguments to Rust values, each with the name a message can blame, and answers written out last.

use std::ffi::CStr;
use std::path::Path;

use libc::c_char;

use super::status::Failure;
use crate::error::{ErrorCode, with_room};

/// Refusals are built out of line: the paths that succeed stay short.
#[cold]
#[inline(never)]
fn null(name: &str) -> Failure {
    Failure::new(ErrorCode::NullPointer, format!("{name} is NULL"))
}

/// The value behind a pointer.
///
/// # Safety
/// Unless NULL, `pointer` must point to a valid `T` for the length of the call.
pub(super) unsafe fn reference<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    if !pointer.is_aligned() {
        return Err(misaligned(name, align_of::<T>()));
    }
    // SAFETY: promised by the caller.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(name))
}

/// An array of the caller's.
///
/// # Safety
/// Unless NULL, `pointer` must point to `count` valid values that nobody changes during the call.
#[inline]
pub(super) unsafe fn array<'a, T>(pointer: *const T, count: usize, name: &str) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(null(name));
    }
    if !pointer.is_aligned() {
        return Err(misaligned(name, align_of::<T>()));
    }
    if count > isize::MAX as usize / size_of::<T>() {
        return Err(Failure::new(ErrorCode::InvalidArgument, format!("{name}: a count of {count} is not addressable")));
    }
    // SAFETY: promised by the caller; length checked above.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

/// The name of a file: any bytes where the system allows them.
///
/// # Safety
/// Unless NULL, `pointer` must point to a NUL-terminated string that lives for the length of the call.
pub(super) unsafe fn path<'a>(pointer: *const c_char, name: &str) -> Result<&'a Path, Failure> {
    #[cfg(unix)]
    {
        if pointer.is_null() {
            return Err(null(name));
        }
        // SAFETY: promised by the caller.
        let bytes = unsafe { CStr::from_ptr(pointer) };
        Ok(Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes.to_bytes())))
    }
    #[cfg(not(unix))]
    {
        // SAFETY: passed on to the caller.
        unsafe { text(pointer, name) }.map(Path::new)
    }
}

/// A copy of an array of the caller's.
///
/// # Safety
/// As [`array`].
pub(super) unsafe fn copied<T: Copy>(pointer: *const T, count: usize, name: &str) -> Result<Vec<T>, Failure> {
    // SAFETY: passed on to the caller.
    let values = unsafe { array(pointer, count, name) }?;
    let mut copy = with_room(count, name)?;
    copy.extend_from_slice(values);
    Ok(copy)
}

/// A C string, which must be UTF-8.
///
/// # Safety
/// Unless NULL, `pointer` must point to a NUL-terminated string that lives for the length of the call.
pub(super) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: promised by the caller.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map_err(|_| Failure::new(ErrorCode::InvalidFormat, format!("{name} is not UTF-8: {bytes:?}")))
}

/// Refuses flag bits that mean nothing here.
#[inline]
pub(super) fn flags(flags: u32, known: u32) -> Result<(), Failure> {
    if flags & !known == 0 { Ok(()) } else { Err(unknown_flags(flags, known)) }
}

#[cold]
#[inline(never)]
fn misaligned(name: &str, align: usize) -> Failure {
    Failure::new(ErrorCode::InvalidArgument, format!("{name} is not aligned to {align} bytes"))
}

#[cold]
#[inline(never)]
fn unknown_flags(flags: u32, known: u32) -> Failure {
    Failure::new(ErrorCode::InvalidArgument, format!("flags {flags:#x} has bits outside {known:#x}"))
}

/// An out-parameter.
#[inline]
pub(super) fn out<T>(pointer: *mut T, name: &str) -> Result<Out<T>, Failure> {
    if pointer.is_null() {
        return Err(null(name));
    }
    if !pointer.is_aligned() {
        return Err(misaligned(name, align_of::<T>()));
    }
    Ok(Out { pointer, count: 1 })
}

/// An output array of `count` values that shares no byte with `input`.
pub(super) fn out_array<T, I>(pointer: *mut T, count: usize, name: &str, input: &[I]) -> Result<Out<T>, Failure> {
    if count == 0 {
        return Ok(Out { pointer: std::ptr::NonNull::dangling().as_ptr(), count });
    }
    if pointer.is_null() {
        return Err(null(name));
    }
    if !pointer.is_aligned() {
        return Err(misaligned(name, align_of::<T>()));
    }
    let bytes = count.checked_mul(size_of::<T>()).filter(|bytes| isize::try_from(*bytes).is_ok()).ok_or_else(|| {
        Failure::new(ErrorCode::InvalidArgument, format!("{name}: a count of {count} is not addressable"))
    })?;
    let (start, other) = (pointer as usize, input.as_ptr() as usize);
    if start < other + size_of_val(input) && other < start.saturating_add(bytes) && !input.is_empty() {
        return Err(Failure::new(ErrorCode::InvalidArgument, format!("{name} overlaps an input array")));
    }
    Ok(Out { pointer, count })
}

/// Where an answer goes; writable memory of the caller's that may be uninitialised.
pub(super) struct Out<T> {
    pointer: *mut T,
    count: usize,
}

impl<T> Out<T> {
    /// Writes the one answer.
    ///
    /// # Safety
    /// The pointer must be valid for writing one `T`.
    #[inline]
    pub(super) unsafe fn write(self, value: T) {
        // SAFETY: promised by the caller.
        unsafe { self.pointer.write(value) }
    }

    /// Writes as many answers as there is room for.
    ///
    /// # Safety
    /// The pointer must be valid for writing `count` values.
    #[inline]
    pub(super) unsafe fn write_all(self, values: impl Iterator<Item = T>) {
        // Inner iteration: the loop over a batch is the iterator's own, as tight as it can be.
        values.take(self.count).enumerate().for_each(|(i, value)| {
            // SAFETY: `i` is below `count`; the rest is promised by the caller.
            unsafe { self.pointer.add(i).write(value) }
        });
    }
}

impl Out<c_char> {
    /// Writes `bytes` and a final NUL.
    ///
    /// # Safety
    /// The pointer must be valid for writing one byte more than `bytes` has.
    pub(super) unsafe fn write_bytes(self, bytes: &[u8]) {
        // SAFETY: promised by the caller; the two cannot overlap, one being ours.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), self.pointer, bytes.len());
            self.pointer.add(bytes.len()).write(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_between_two_values_is_refused_before_it_is_read() {
        let values = [1.0_f64, 2.0];
        let between = values.as_ptr().wrapping_byte_add(1);
        // SAFETY: refused by their alignment, so never read.
        let (one, several) = unsafe { (reference(between, "x").err(), array(between, 1, "x").err()) };
        assert!([one, several].into_iter().all(|failure| failure.is_some_and(|failure| failure.status() == 1001)));
        assert!(out(between.cast_mut(), "x").is_err());
        assert!(out_array(between.cast_mut(), 1, "x", &[0_u8; 0]).is_err());
    }
}
