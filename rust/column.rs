//! One contiguous, immutable column: owned, or borrowed together with whoever owns its memory.
//!
//! The core's only unsafe code: a pointer, a length, and an owner that outlives every reader.
//! It never writes through the pointer and knows nothing of candles.
#![allow(unsafe_code, reason = "a column may live in memory of another language; this file is where that is made safe")]

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// An immutable column that keeps its memory alive; clones share it.
///
/// ```
/// use omega_slicer::Column;
/// use std::sync::Arc;
/// let owned = Column::from(vec![1.0, 2.0]);
/// let shared = Column::shared(Arc::new(vec![1.0, 2.0])); // no copy; the Arc is released with the last clone
/// assert_eq!(&owned[..], &shared[..]);
/// ```
pub struct Column<T> {
    data: *const T,
    len: usize,
    owner: Arc<dyn Any + Send + Sync>,
}

// SAFETY: a column only ever hands out `&[T]` of memory that its owner, itself Send and Sync, keeps
// alive and unchanged; sharing or sending it is sharing or sending a `&[T]`.
unsafe impl<T: Sync> Send for Column<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Column<T> {}

impl<T> Column<T> {
    /// A column over `len` values at `data`, kept alive by `owner`.
    ///
    /// # Safety
    /// From now until `owner` is dropped, `data` must point to `len` initialised values of `T` that
    /// nobody changes. A `len` of zero allows any `data`.
    #[must_use]
    pub unsafe fn borrowed(data: *const T, len: usize, owner: Arc<dyn Any + Send + Sync>) -> Self {
        // An empty column of another language may well be NULL, which no slice may be.
        let data = if len == 0 { std::ptr::NonNull::dangling().as_ptr() } else { data };
        Self { data, len, owner }
    }

    /// A column over what `owner` holds, without a copy.
    #[must_use]
    pub fn shared<O: AsRef<[T]> + Send + Sync + 'static>(owner: Arc<O>) -> Self {
        let slice: &[T] = (*owner).as_ref();
        let (data, len) = (slice.as_ptr(), slice.len());
        // SAFETY: the slice was borrowed from `*owner`, which stays where it is inside its Arc; the
        // Arc is held from here on, so nobody can take it apart or borrow it mutably.
        unsafe { Self::borrowed(data, len, owner) }
    }
}

#[cfg(feature = "arrow")]
/// Values of which any bytes are a valid one, and which hold no padding.
pub(crate) trait Plain: Copy + Send + Sync + 'static {}
#[cfg(feature = "arrow")]
impl Plain for u8 {}
#[cfg(feature = "arrow")]
impl Plain for i64 {}
#[cfg(feature = "arrow")]
impl Plain for f64 {}

#[cfg(feature = "arrow")]
impl Column<u8> {
    /// The same bytes read as values in this machine's byte order, without a copy; none where they are not
    /// aligned for `T` or not a whole number of values.
    #[must_use]
    pub(crate) fn cast<T: Plain>(&self) -> Option<Column<T>> {
        let data = self.data.cast::<T>();
        let whole = self.len % size_of::<T>() == 0;
        // An empty column may dangle anywhere; `borrowed` gives it an aligned place.
        if !whole || !(data.is_aligned() || self.len == 0) {
            return None;
        }
        // SAFETY: `len` unchanging bytes while the owner lives; any bytes are values of a `Plain`; aligned.
        Some(unsafe { Column::borrowed(data, self.len / size_of::<T>(), Arc::clone(&self.owner)) })
    }
}

#[cfg(feature = "arrow")]
impl<T> Column<T> {
    /// Rows `start..start + len` of this column, sharing its memory; none where it has no such rows.
    #[must_use]
    pub(crate) fn part(&self, start: usize, len: usize) -> Option<Self> {
        let rows = self.get(start..start.checked_add(len)?)?;
        // SAFETY: a part of what the owner keeps alive and unchanged.
        Some(unsafe { Self::borrowed(rows.as_ptr(), len, Arc::clone(&self.owner)) })
    }
}

impl<T: Send + Sync + 'static> From<Vec<T>> for Column<T> {
    fn from(values: Vec<T>) -> Self {
        Self::shared(Arc::new(values))
    }
}

impl<T> Deref for Column<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: whoever made this column promised `len` unchanging values while `owner` lives, and
        // `owner` lives at least as long as `self`.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self { data: self.data, len: self.len, owner: Arc::clone(&self.owner) }
    }
}

impl<T: fmt::Debug> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
