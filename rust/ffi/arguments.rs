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
    Span::new(pointer, 1, name)?;
    // SAFETY: promised by the caller.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(name))
}

/// A struct of the caller's that will be moved from.
///
/// # Safety
/// Unless NULL, `pointer` must point to a valid `T` that nobody else uses during the call.
#[cfg(feature = "arrow")]
pub(super) unsafe fn unique<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T, Failure> {
    Span::new(pointer, 1, name)?;
    // SAFETY: promised by the caller.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(name))
}

/// The bytes an array takes up: addressable, and aligned for what it holds.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    #[inline]
    fn new<T>(pointer: *const T, count: usize, name: &str) -> Result<Self, Failure> {
        let start = pointer as usize;
        if count > isize::MAX as usize / size_of::<T>() || !pointer.is_aligned() {
            return Err(misplaced::<T>(start, count, name));
        }
        Ok(Self { start, end: start.saturating_add(count * size_of::<T>()) })
    }

    #[inline]
    pub(super) fn of<T>(array: &[T]) -> Self {
        let start = array.as_ptr() as usize;
        Self { start, end: start + size_of_val(array) }
    }

    /// Whether the two share a byte. An array of none shares none.
    #[inline]
    const fn meets(self, other: Self) -> bool {
        self.start < self.end && other.start < other.end && self.start < other.end && other.start < self.end
    }
}

/// The input of an export that has none.
pub(super) const NOTHING: (&str, Span) = ("", Span { start: 0, end: 0 });

#[cold]
#[inline(never)]
fn misplaced<T>(start: usize, count: usize, name: &str) -> Failure {
    let message = if count > isize::MAX as usize / size_of::<T>() {
        format!("{name}: a count of {count} is not addressable")
    } else {
        format!("{name}: {start:#x} is not aligned to {} bytes", align_of::<T>())
    };
    Failure::new(ErrorCode::InvalidArgument, message)
}

#[cold]
#[inline(never)]
fn overlapping(name: &str, other: &str) -> Failure {
    Failure::new(ErrorCode::InvalidArgument, format!("{name} overlaps {other}"))
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
    Span::new(pointer, count, name)?;
    // SAFETY: promised by the caller; length and alignment checked above.
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
fn unknown_flags(flags: u32, known: u32) -> Failure {
    Failure::new(ErrorCode::InvalidArgument, format!("flags {flags:#x} has bits outside {known:#x}"))
}

/// An out-parameter.
#[inline]
pub(super) fn out<T>(pointer: *mut T, name: &str) -> Result<Out<T>, Failure> {
    if pointer.is_null() {
        return Err(null(name));
    }
    Span::new(pointer, 1, name)?;
    Ok(Out { pointer, count: 1 })
}

/// An output array of `count` values that shares no byte with `input`, which is called `other`.
pub(super) fn out_array<T>(
    pointer: *mut T,
    count: usize,
    name: &str,
    (other, input): (&str, Span),
) -> Result<Out<T>, Failure> {
    if count == 0 {
        return Ok(Out { pointer: std::ptr::NonNull::dangling().as_ptr(), count });
    }
    if pointer.is_null() {
        return Err(null(name));
    }
    if Span::new(pointer, count, name)?.meets(input) {
        return Err(overlapping(name, other));
    }
    Ok(Out { pointer, count })
}

/// Numbers of eight bytes, any of which are one.
pub(super) trait Number {}
impl Number for f64 {}
impl Number for i64 {}

/// Output arrays of `count` numbers each that share no byte with the inputs or with one another, to be filled by
/// a kernel in place.
///
/// # Safety
/// Unless NULL, each pointer must be valid for writing `count` numbers, and nobody else may touch them during
/// the call. They may be uninitialised.
#[inline]
pub(super) unsafe fn outputs<'a, T: Number, const N: usize>(
    arrays: [(&str, *mut T); N],
    count: usize,
    inputs: &[(&str, Span)],
) -> Result<[&'a mut [T]; N], Failure> {
    if count > 0 {
        let mut spans = [Span { start: 0, end: 0 }; N];
        for (i, &(name, pointer)) in arrays.iter().enumerate() {
            if pointer.is_null() {
                return Err(null(name));
            }
            spans[i] = Span::new(pointer, count, name)?;
            let others = arrays.iter().zip(&spans[..i]).map(|(&(other, _), &span)| (other, span));
            for (other, span) in inputs.iter().copied().chain(others) {
                if spans[i].meets(span) {
                    return Err(overlapping(name, other));
                }
            }
        }
    }
    // SAFETY: not NULL, aligned, addressable and disjoint as checked above; writable as the caller promises.
    Ok(arrays.map(|(_, pointer)| if count == 0 { &mut [][..] } else { unsafe { written(pointer, count) } }))
}

/// Memory that C may never have written to, as numbers: a reference to such is not allowed before somebody has.
///
/// For the compiler, which cannot look inside, the assembly writes numbers of its choosing. For the machine it
/// chooses the bytes that are there, each eight of which are a number, and so does nothing. Kernels write every
/// value before they read it: the choice is never seen. Zeros written first would cost a tenth of a nanosecond
/// per value, where a rolling mean takes one; where no assembly is to be had, they are written.
///
/// # Safety
/// `pointer` must be aligned and valid for writing `count` numbers that nobody else touches during `'a`.
#[inline]
unsafe fn written<'a, T: Number>(pointer: *mut T, count: usize) -> &'a mut [T] {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"), not(miri)))]
    // SAFETY: no instruction, hence no effect but the one said above, on memory that the caller lets us write.
    unsafe {
        std::arch::asm!("/* {0} */", in(reg) pointer, options(nostack, preserves_flags));
    }
    #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"), not(miri))))]
    // SAFETY: promised by the caller; the bytes of zero are zeros.
    unsafe {
        pointer.write_bytes(0, count);
    }
    // SAFETY: promised by the caller; initialised above.
    unsafe { std::slice::from_raw_parts_mut(pointer, count) }
}

/// What a fault drill does to a value: nothing, in any build that may be shipped.
#[inline]
pub(super) fn drilled(value: f64) -> f64 {
    #[cfg(feature = "fault-injection")]
    let value = f64::from_bits(value.to_bits() ^ super::fault::flipped_bit());
    value
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
        assert!(out_array(between.cast_mut(), 1, "x", NOTHING).is_err());
    }
}
