//! What the fuzz targets share: an allocator that refuses what no honest input needs, a file that lies in memory
//! alone, and the laws that every series obeys.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use omega_slicer::{CandleSeries, Error, ErrorCode, Field};

/// Fails the run where a single allocation is larger than the input allows.
struct Limited;

static LARGEST: AtomicUsize = AtomicUsize::new(usize::MAX);

#[global_allocator]
static ALLOCATOR: Limited = Limited;

impl Limited {
    #[inline]
    fn admit(size: usize) {
        let largest = LARGEST.load(Ordering::Relaxed);
        if size > largest {
            LARGEST.store(usize::MAX, Ordering::Relaxed); // the report allocates, too
            panic_without_unwinding(size, largest);
        }
    }
}

#[cold]
fn panic_without_unwinding(size: usize, largest: usize) -> ! {
    eprintln!("an allocation of {size} bytes, where {largest} are the most that this input is worth");
    eprintln!("{}", std::backtrace::Backtrace::force_capture());
    std::process::abort();
}

// SAFETY: everything is System's; a size is only looked at.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::admit(layout.size());
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::admit(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::admit(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs a reader; no single allocation may exceed 16 times the input plus 1 MiB.
pub fn within_limit<T>(input: usize, read: impl FnOnce() -> T) -> T {
    LARGEST.store(16 * input + (1 << 20), Ordering::Relaxed);
    let made = read();
    LARGEST.store(usize::MAX, Ordering::Relaxed);
    made
}

/// What a check promises about a series.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Lengths alone.
    Lengths,
    /// Increasing stamps.
    Order,
    /// Nothing infinite, too.
    Missing,
    /// And no price missing.
    Finite,
}

/// Looks at every value, so that a read outside any buffer shows, and asserts what was promised.
pub fn assert_laws(series: &CandleSeries, promise: Promise) {
    let stamps = series.timestamp();
    let mut sum = stamps.iter().fold(0_i64, |sum, stamp| sum.wrapping_add(*stamp));
    for field in Field::ALL {
        let Some(column) = series.columns().field(field) else {
            assert!(field == Field::Volume, "a price column is missing");
            continue;
        };
        assert_eq!(column.len(), stamps.len(), "{} is as long as the stamps", field.name());
        sum = column.iter().fold(sum, |sum, value| sum ^ value.to_bits().cast_signed());
        if promise == Promise::Finite && field != Field::Volume {
            assert!(column.iter().all(|value| value.is_finite()), "{} is finite", field.name());
        } else if matches!(promise, Promise::Finite | Promise::Missing) {
            assert!(!column.iter().any(|value| value.is_infinite()), "{} is not infinite", field.name());
        }
    }
    if promise != Promise::Lengths {
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "stamps increase");
    }
    std::hint::black_box(sum);
}

/// A refusal is the input's fault, says something, and has no business being ours.
pub fn assert_refusal(error: &Error) {
    let code = error.code();
    assert!(code.as_i32() < 4000 || code == ErrorCode::ResourceLimitExceeded, "{code:?}: {error}");
    assert!(!error.to_string().is_empty(), "{code:?} says nothing");
}

/// Both outcomes are alike: the same series to the bit, or the same code.
pub fn assert_same(a: &Result<CandleSeries, Error>, b: &Result<CandleSeries, Error>) {
    match (a, b) {
        (Ok(a), Ok(b)) => {
            assert_eq!(a.timestamp(), b.timestamp(), "stamps");
            assert_eq!(a.volume().is_some(), b.volume().is_some(), "a volume column");
            for field in Field::ALL {
                let bits = |series: &CandleSeries| -> Option<Vec<u64>> {
                    Some(series.columns().field(field)?.iter().map(|value| value.to_bits()).collect())
                };
                assert_eq!(bits(a), bits(b), "{}", field.name());
            }
        }
        (Err(a), Err(b)) => assert_eq!(a.code(), b.code(), "{a} / {b}"),
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => panic!("only one of them is refused: {error}"),
    }
}

/// A file that exists in memory alone, under a path that can be opened.
pub struct MemoryFile(File);

impl MemoryFile {
    #[must_use]
    pub fn new(content: &[u8]) -> Self {
        // SAFETY: the name is a C string; the descriptor is ours from here on.
        let descriptor = unsafe { libc::memfd_create(c"fuzz".as_ptr(), libc::MFD_CLOEXEC) };
        assert!(descriptor >= 0, "no memory file: {}", std::io::Error::last_os_error());
        let mut file = unsafe { File::from_raw_fd(descriptor) };
        file.write_all(content).unwrap();
        Self(file)
    }

    #[must_use]
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

/// Choices read from an input; zeros once it is used up.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// True for one in `count` bytes, false where nothing is left.
    pub fn one_in(&mut self, count: u8) -> bool {
        self.byte() % count == count - 1
    }

    /// A number of any size; often small, often at an end of its range.
    pub fn long(&mut self) -> i64 {
        let (kind, near) = (self.byte(), i64::from(self.byte().cast_signed()));
        match kind % 8 {
            0..=2 => near,
            3 => i64::MAX.wrapping_add(near.min(0)),
            4 => i64::MIN.wrapping_add(near.max(0)),
            5 => near << (kind / 8),
            _ => {
                let bytes = std::array::from_fn(|_| self.byte());
                i64::from_le_bytes(bytes)
            }
        }
    }
}
