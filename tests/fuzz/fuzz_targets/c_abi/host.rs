//! A host of the C ABI: its handles, its arrays, and what every status promises.

use std::cell::UnsafeCell;
use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use omega_slicer::ErrorCode;
use omega_slicer::ffi::{
    OmegaMultiSymbol, OmegaSeries, OmegaStatus, OmegaStream, OmegaSymbolSlice, omega_last_error_message,
    omega_multi_symbol_free, omega_series_free, omega_stream_free, omega_symbol_slice_free,
};
use omega_slicer_fuzz::Input;

const OK: OmegaStatus = 0;
const INVALID_ARGUMENT: OmegaStatus = 1001;
const UNTOUCHED: u8 = 0xA5;

/// The handles of one kind: those that live, and those that did.
pub struct Handles<T> {
    pub live: Vec<*mut T>,
    dead: Vec<*mut T>,
}

impl<T> Handles<T> {
    const fn new() -> Self {
        Self { live: Vec::new(), dead: Vec::new() }
    }

    /// One of them, or something that is none.
    pub fn any(&self, input: &mut Input, foreign: *mut T) -> *mut T {
        let at = usize::from(input.byte());
        match (at, self.live.len(), self.dead.len()) {
            (250, ..) => std::ptr::null_mut(),
            (251 | 252, _, 1..) => self.dead[at % self.dead.len()],
            (253, ..) => foreign,
            (254, ..) => input.long() as *mut T,
            (_, 0, _) => std::ptr::null_mut(),
            (_, live, _) => self.live[at % live],
        }
    }

    pub fn lives(&self, handle: *mut T) -> bool {
        self.live.contains(&handle)
    }
}

pub struct Host<'a> {
    pub input: Input<'a>,
    pub series: Handles<OmegaSeries>,
    pub slices: Handles<OmegaSymbolSlice>,
    pub symbols: Handles<OmegaMultiSymbol>,
    pub streams: Handles<OmegaStream>,
    /// Columns lent to series, and how many of them have come back.
    pub lent: usize,
    pub returned: Arc<AtomicUsize>,
}

impl<'a> Host<'a> {
    pub fn new(input: Input<'a>) -> Self {
        Self {
            input,
            series: Handles::new(),
            slices: Handles::new(),
            symbols: Handles::new(),
            streams: Handles::new(),
            lent: 0,
            returned: Arc::default(),
        }
    }

    pub fn any_series(&mut self) -> *mut OmegaSeries {
        let foreign = self.slices.live.first().map_or(std::ptr::null_mut(), |handle| handle.cast());
        self.series.any(&mut self.input, foreign)
    }

    pub fn any_slice(&mut self) -> *mut OmegaSymbolSlice {
        let foreign = self.series.live.first().map_or(std::ptr::null_mut(), |handle| handle.cast());
        self.slices.any(&mut self.input, foreign)
    }

    pub fn any_symbols(&mut self) -> *mut OmegaMultiSymbol {
        let foreign = self.streams.live.first().map_or(std::ptr::null_mut(), |handle| handle.cast());
        self.symbols.any(&mut self.input, foreign)
    }

    pub fn any_stream(&mut self) -> *mut OmegaStream {
        let foreign = self.symbols.live.first().map_or(std::ptr::null_mut(), |handle| handle.cast());
        self.streams.any(&mut self.input, foreign)
    }

    pub fn free_any(&mut self) {
        match self.input.byte() % 4 {
            0 => {
                let handle = self.any_series();
                free(&mut self.series, handle, omega_series_free);
            }
            1 => {
                let handle = self.any_slice();
                free(&mut self.slices, handle, omega_symbol_slice_free);
            }
            2 => {
                let handle = self.any_symbols();
                free(&mut self.symbols, handle, omega_multi_symbol_free);
            }
            _ => {
                let handle = self.any_stream();
                free(&mut self.streams, handle, omega_stream_free);
            }
        }
    }

    /// Text that may be anything but holds no NUL.
    pub fn text(&mut self) -> CString {
        const LIKELY: [&str; 8] =
            ["TEST", "M1", "H1", "7min", "2024-03-01T00:00:00Z", "", "no/such/file", "symbol_slice"];
        let kind = usize::from(self.input.byte());
        if let Some(text) = LIKELY.get(kind % 16) {
            return CString::new(*text).unwrap();
        }
        let bytes = (0..kind / 16).map(|_| self.input.byte().max(1)).collect::<Vec<_>>();
        CString::new(bytes).unwrap()
    }

    /// Few, mostly; or a number that no array has.
    pub fn size(&mut self) -> usize {
        let byte = self.input.byte();
        if byte < 250 { usize::from(byte % 48) } else { self.input.long() as usize }
    }

    /// How long an array is.
    pub fn count(&mut self) -> usize {
        usize::from(self.input.byte() % 48)
    }

    pub fn flags(&mut self) -> u32 {
        let byte = self.input.byte();
        if byte < 250 { u32::from(byte % 8) } else { self.input.long() as u32 }
    }

    /// An enumeration's number: one of the first few, mostly.
    pub fn choice(&mut self, known: u8) -> i32 {
        let byte = self.input.byte();
        if byte < 250 { i32::from(byte % known) } else { self.input.long() as i32 }
    }

    pub fn times(&mut self) -> Vec<i64> {
        let count = self.count();
        (0..count).map(|_| self.time()).collect()
    }

    /// A time near the ordinary candles, mostly.
    pub fn time(&mut self) -> i64 {
        let byte = self.input.byte();
        if byte < 200 { i64::from(byte) * 30_000_000 } else { self.input.long() }
    }

    pub fn values(&mut self, count: usize) -> Vec<f64> {
        (0..count)
            .map(|_| match self.input.byte() {
                255 => f64::from_bits(self.input.long() as u64),
                254 => f64::NAN,
                253 => f64::INFINITY,
                252 => -0.0,
                251 => f64::MAX,
                250 => 5e-324,
                small => f64::from(small) / 8.0,
            })
            .collect()
    }

    /// Frees everything; what was lent has come back, once.
    pub fn finish(mut self) {
        let everything: HashSet<usize> = self.series.live.iter().map(|handle| *handle as usize).collect();
        assert_eq!(everything.len(), self.series.live.len(), "no handle is handed out twice");
        free_all(&mut self.series, omega_series_free);
        free_all(&mut self.slices, omega_symbol_slice_free);
        free_all(&mut self.symbols, omega_multi_symbol_free);
        free_all(&mut self.streams, omega_stream_free);
        assert_eq!(self.returned.load(std::sync::atomic::Ordering::SeqCst), self.lent, "what was lent comes back once");
    }
}

type Free<T> = unsafe extern "C" fn(*mut T) -> OmegaStatus;

fn free<T>(handles: &mut Handles<T>, handle: *mut T, free: Free<T>) {
    // SAFETY: nobody else is inside a call.
    let status = unsafe { free(handle) };
    if let Some(at) = handles.live.iter().position(|live| *live == handle) {
        assert_eq!(status, OK, "a live handle is freed: {}", words());
        handles.dead.push(handles.live.swap_remove(at));
    } else {
        let wanted = if handle.is_null() { OK } else { INVALID_ARGUMENT };
        assert_eq!(status, wanted, "what is no handle is refused: {}", words());
    }
}

fn free_all<T>(handles: &mut Handles<T>, call: Free<T>) {
    while let Some(handle) = handles.live.last().copied() {
        free(handles, handle, call);
        // SAFETY: as above; twice is refused.
        assert_eq!(unsafe { call(handle) }, INVALID_ARGUMENT, "freed twice");
    }
}

pub fn words() -> String {
    // SAFETY: this thread's own text, until its next call.
    unsafe { CStr::from_ptr(omega_last_error_message()) }.to_string_lossy().into_owned()
}

/// Whether a call succeeded; a refusal is the caller's, is documented, and says something.
#[track_caller]
pub fn succeeded(status: OmegaStatus) -> bool {
    if status == OK {
        return true;
    }
    let known = ErrorCode::ALL.iter().find(|code| code.as_i32() == status);
    let code = known.unwrap_or_else(|| panic!("no status is {status}"));
    assert!(!(4000..6000).contains(&status), "{code:?}: {}", words());
    assert!(!words().is_empty(), "{code:?} says nothing");
    false
}

/// As [`succeeded`], for a question asked of a handle: one that does not live is refused.
#[track_caller]
pub fn answered<T>(handles: &Handles<T>, handle: *mut T, status: OmegaStatus) -> bool {
    let well = succeeded(status);
    assert!(!well || handles.lives(handle), "an answer from a handle that does not live");
    well
}

/// An array for answers, of its very size; on a refusal nothing is written to it.
pub struct Out<T> {
    // Written to behind our back, as far as Rust can tell.
    cells: Box<[UnsafeCell<T>]>,
}

impl<T: Copy> Out<T> {
    pub fn new(count: usize) -> Self {
        let mut cells = Box::new_uninit_slice(count);
        // SAFETY: all answers are numbers and pointers, for which any bytes will do.
        unsafe {
            std::ptr::write_bytes(cells.as_mut_ptr(), UNTOUCHED, count);
            Self { cells: cells.assume_init() }
        }
    }

    pub fn at(&self) -> *mut T {
        UnsafeCell::raw_get(self.cells.as_ptr())
    }

    pub fn cells(&self) -> &[T] {
        // SAFETY: no call that writes is under way while this is looked at.
        unsafe { std::slice::from_raw_parts(self.at(), self.cells.len()) }
    }

    #[track_caller]
    pub fn judge(&self, well: bool) {
        let size = std::mem::size_of_val(self.cells());
        // SAFETY: the cells' own bytes; written ones have no padding that is looked at.
        let bytes = unsafe { std::slice::from_raw_parts(self.at().cast::<u8>(), size) };
        assert!(well || bytes.iter().all(|byte| *byte == UNTOUCHED), "a refusal has written: {}", words());
    }
}
