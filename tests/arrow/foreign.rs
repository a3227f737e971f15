//! An honest producer of the Arrow C Data Interface, written after its specification alone: every buffer on the heap,
//! every release counted. What it makes may then be bent by a test.
#![allow(unsafe_code, reason = "foreign structs are raw pointers")]

use std::ffi::{CString, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use omega_slicer::io::{ArrowArray, ArrowArrayStream, ArrowOptions, ArrowSchema};
use omega_slicer::{CandleSeries, Error, ErrorCode, PriceType, Timeframe};

pub(crate) const MINUTE: i64 = 60_000_000;
pub(crate) const START: i64 = 1_700_000_000_000_000;

/// How often a release has been called, of arrays and of schemas; children count apart.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) arrays: AtomicUsize,
    pub(crate) columns: AtomicUsize,
    pub(crate) schemas: AtomicUsize,
    pub(crate) fields: AtomicUsize,
    pub(crate) streams: AtomicUsize,
}

impl Counts {
    /// Releases of arrays, of their columns, of schemas, of their fields.
    pub(crate) fn all(&self) -> [usize; 4] {
        [&self.arrays, &self.columns, &self.schemas, &self.fields].map(|count| count.load(Ordering::SeqCst))
    }
}

/// A column to be produced.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) name: &'static str,
    pub(crate) format: CString,
    pub(crate) nullable: bool,
    /// Bitmap, then values; none for a NULL.
    pub(crate) buffers: Vec<Option<Vec<u8>>>,
    pub(crate) length: i64,
    pub(crate) offset: i64,
    pub(crate) null_count: i64,
    /// How many bytes the buffers lie beside an address divisible by eight.
    pub(crate) misaligned: usize,
    pub(crate) dictionary: bool,
}

impl Given {
    pub(crate) fn new(name: &'static str, format: &str, values: Vec<u8>, length: usize) -> Self {
        Self {
            name,
            format: CString::new(format).unwrap(),
            nullable: true,
            buffers: vec![None, Some(values)],
            length: i64::try_from(length).unwrap(),
            offset: 0,
            null_count: 0,
            misaligned: 0,
            dictionary: false,
        }
    }

    /// With a bitmap whose first bit belongs to the first row of the buffers.
    pub(crate) fn with_validity(mut self, bits: &[bool], null_count: i64) -> Self {
        self.buffers[0] = Some(bitmap(bits));
        self.null_count = null_count;
        self
    }
}

pub(crate) fn bitmap(bits: &[bool]) -> Vec<u8> {
    let byte = |chunk: &[bool]| chunk.iter().enumerate().fold(0, |byte, (i, bit)| byte | u8::from(*bit) << i);
    bits.chunks(8).map(byte).collect()
}

pub(crate) fn i64s(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

pub(crate) fn f64s(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

/// Metadata as the specification lays them out.
pub(crate) fn metadata(pairs: &[(&str, &str)]) -> Vec<u8> {
    let length = |len: usize| i32::try_from(len).unwrap().to_ne_bytes();
    let mut block = length(pairs.len()).to_vec();
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        block.extend(length(text.len()));
        block.extend(text.as_bytes());
    }
    block
}

/// A table to be produced.
#[derive(Clone)]
pub(crate) struct GivenTable {
    pub(crate) columns: Vec<Given>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) length: i64,
    pub(crate) offset: i64,
    pub(crate) null_count: i64,
    pub(crate) validity: Option<Vec<u8>>,
}

/// Candles as this library has them itself, `rows` of them.
pub(crate) fn candles(rows: usize) -> GivenTable {
    let stamps: Vec<i64> = (0..).take(rows).map(|i| START + i * MINUTE).collect();
    let prices: Vec<f64> = (0..).take(rows).map(|i| 1.0 + f64::from(i) / 8.0).collect();
    let mut columns = vec![Given::new("timestamp", "tsu:UTC", i64s(&stamps), rows)];
    let names = ["open", "high", "low", "close", "volume"];
    columns.extend(names.map(|name| Given::new(name, "g", f64s(&prices), rows)));
    GivenTable {
        columns,
        metadata: None,
        length: i64::try_from(rows).unwrap(),
        offset: 0,
        null_count: 0,
        validity: None,
    }
}

/// An array and its schema in the hands of whoever asked for them.
pub(crate) struct Foreign {
    pub(crate) array: Box<ArrowArray>,
    pub(crate) schema: Box<ArrowSchema>,
    pub(crate) counts: Arc<Counts>,
}

struct ArrayHeld {
    buffers: Vec<*const c_void>,
    children: Vec<*mut ArrowArray>,
    dictionary: *mut ArrowArray,
    counts: Arc<Counts>,
    top: bool,
    _memory: Vec<Vec<u8>>,
}

struct SchemaHeld {
    children: Vec<*mut ArrowSchema>,
    dictionary: *mut ArrowSchema,
    counts: Arc<Counts>,
    top: bool,
    _text: (CString, CString, Option<Vec<u8>>),
}

macro_rules! release_of {
    ($name:ident, $object:ident, $held:ident, $parents:ident, $children:ident) => {
        unsafe extern "C" fn $name(object: *mut $object) {
            // SAFETY: called once, with a struct made below.
            unsafe {
                let held = Box::from_raw((*object).private_data.cast::<$held>());
                for &child in held.children.iter().chain([&held.dictionary]).filter(|child| !child.is_null()) {
                    if let Some(release) = (*child).release {
                        release(child);
                    }
                    drop(Box::from_raw(child));
                }
                let count = if held.top { &held.counts.$parents } else { &held.counts.$children };
                count.fetch_add(1, Ordering::SeqCst);
                (*object).release = None;
            }
        }
    };
}

release_of!(release_array, ArrowArray, ArrayHeld, arrays, columns);
release_of!(release_schema, ArrowSchema, SchemaHeld, schemas, fields);

fn array(
    shape: (i64, i64, i64),
    buffers: &[Option<Vec<u8>>],
    misaligned: usize,
    children: Vec<ArrowArray>,
    dictionary: Option<ArrowArray>,
    (counts, top): (&Arc<Counts>, bool),
) -> ArrowArray {
    let (mut memory, mut pointers) = (Vec::new(), Vec::new());
    for buffer in buffers {
        let Some(bytes) = buffer else {
            pointers.push(ptr::null());
            continue;
        };
        // Exactly as long as it must be: whoever reads past it is seen by Valgrind.
        let mut room = Vec::with_capacity(misaligned + bytes.len());
        room.resize(misaligned, 0_u8);
        room.extend_from_slice(bytes);
        assert!(room.is_empty() || room.as_ptr().align_offset(8) == 0, "malloc aligns");
        pointers.push(room[misaligned..].as_ptr().cast());
        memory.push(room);
    }
    let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
    let dictionary = dictionary.map_or(ptr::null_mut(), |values| Box::into_raw(Box::new(values)));
    let mut held = Box::new(ArrayHeld {
        buffers: pointers,
        children,
        dictionary,
        counts: Arc::clone(counts),
        top,
        _memory: memory,
    });
    ArrowArray {
        length: shape.0,
        null_count: shape.1,
        offset: shape.2,
        n_buffers: i64::try_from(held.buffers.len()).unwrap(),
        n_children: i64::try_from(held.children.len()).unwrap(),
        buffers: held.buffers.as_mut_ptr(),
        children: held.children.as_mut_ptr(),
        dictionary,
        release: Some(release_array),
        private_data: Box::into_raw(held).cast(),
    }
}

fn schema(
    (format, name, metadata): (CString, CString, Option<Vec<u8>>),
    flags: i64,
    children: Vec<ArrowSchema>,
    dictionary: Option<ArrowSchema>,
    (counts, top): (&Arc<Counts>, bool),
) -> ArrowSchema {
    let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
    let dictionary = dictionary.map_or(ptr::null_mut(), |values| Box::into_raw(Box::new(values)));
    let text = (format, name, metadata);
    let mut held = Box::new(SchemaHeld { children, dictionary, counts: Arc::clone(counts), top, _text: text });
    ArrowSchema {
        format: held._text.0.as_ptr(),
        name: held._text.1.as_ptr(),
        metadata: held._text.2.as_ref().map_or(ptr::null(), |block| block.as_ptr().cast()),
        flags,
        n_children: i64::try_from(held.children.len()).unwrap(),
        children: held.children.as_mut_ptr(),
        dictionary,
        release: Some(release_schema),
        private_data: Box::into_raw(held).cast(),
    }
}

impl GivenTable {
    pub(crate) fn array(&self, counts: &Arc<Counts>) -> ArrowArray {
        let child = |given: &Given| {
            let values = || array((0, 0, 0), &[None, Some(Vec::new())], 0, Vec::new(), None, (counts, false));
            let dictionary = given.dictionary.then(values);
            let shape = (given.length, given.null_count, given.offset);
            array(shape, &given.buffers, given.misaligned, Vec::new(), dictionary, (counts, false))
        };
        let children = self.columns.iter().map(child).collect();
        let shape = (self.length, self.null_count, self.offset);
        array(shape, std::slice::from_ref(&self.validity), 0, children, None, (counts, true))
    }

    pub(crate) fn schema(&self, counts: &Arc<Counts>) -> ArrowSchema {
        let child = |given: &Given| {
            let text = |format: CString, name: &str| (format, CString::new(name).unwrap(), None);
            let values = || schema(text(c"u".to_owned(), ""), 0, Vec::new(), None, (counts, false));
            let dictionary = given.dictionary.then(values);
            let flags = if given.nullable { 2 } else { 0 };
            schema(text(given.format.clone(), given.name), flags, Vec::new(), dictionary, (counts, false))
        };
        let children = self.columns.iter().map(child).collect();
        let text = (c"+s".to_owned(), CString::default(), self.metadata.clone());
        schema(text, 0, children, None, (counts, true))
    }

    pub(crate) fn produce(&self) -> Foreign {
        let counts = Arc::new(Counts::default());
        Foreign { array: Box::new(self.array(&counts)), schema: Box::new(self.schema(&counts)), counts }
    }

    pub(crate) fn import(&self) -> Result<CandleSeries, Error> {
        self.import_with(&options())
    }

    /// Imports, and checks that a refusal leaves everything to the caller and that all is released once in the end.
    pub(crate) fn import_with(&self, options: &ArrowOptions) -> Result<CandleSeries, Error> {
        let mut foreign = self.produce();
        let result = foreign.import(options);
        if result.is_err() {
            assert!(!foreign.array.is_released() && !foreign.schema.is_released(), "still the caller's");
            assert_eq!(foreign.counts.all(), [0; 4], "nothing was released");
        } else {
            assert!(foreign.array.is_released() && foreign.schema.is_released(), "moved from");
        }
        result
    }
}

impl Foreign {
    pub(crate) fn import(&mut self, options: &ArrowOptions) -> Result<CandleSeries, Error> {
        // SAFETY: made above, or bent so that no check passes.
        unsafe { omega_slicer::io::import_array(&mut self.array, &mut self.schema, options) }
    }

    pub(crate) fn column(&mut self, at: usize) -> &mut ArrowArray {
        // SAFETY: a child of an array made above.
        unsafe { &mut **self.array.children.add(at) }
    }

    pub(crate) fn field(&mut self, at: usize) -> &mut ArrowSchema {
        // SAFETY: as above.
        unsafe { &mut **self.schema.children.add(at) }
    }
}

impl Drop for Foreign {
    /// As every caller must: what is not moved from is released.
    fn drop(&mut self) {
        // SAFETY: made above; nobody uses it afterwards.
        unsafe {
            self.array.release();
            self.schema.release();
        }
    }
}

pub(crate) fn options() -> ArrowOptions {
    ArrowOptions { timeframe: Some(Timeframe::M1), price_type: Some(PriceType::Bid), ..ArrowOptions::default() }
}

/// That a refusal has this code and says all these words.
#[track_caller]
pub(crate) fn refused(result: Result<CandleSeries, Error>, code: ErrorCode, words: &[&str]) {
    let error = result.expect_err("refused");
    assert_eq!(error.code(), code, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} in {error}");
    }
}

/// A stream of tables; fails with an errno once they are all given, if there is one.
pub(crate) struct GivenStream {
    pub(crate) schema: GivenTable,
    pub(crate) batches: Vec<GivenTable>,
    pub(crate) schema_fails: c_int,
    pub(crate) end_fails: c_int,
    pub(crate) words: Option<CString>,
    pub(crate) counts: Arc<Counts>,
}

impl GivenStream {
    pub(crate) fn new(batches: Vec<GivenTable>) -> Self {
        let schema = batches.first().cloned().unwrap_or_else(|| candles(0));
        let counts = Arc::new(Counts::default());
        Self { schema, batches, schema_fails: 0, end_fails: 0, words: None, counts }
    }

    pub(crate) fn produce(mut self) -> ArrowArrayStream {
        self.batches.reverse();
        ArrowArrayStream {
            get_schema: Some(give_schema),
            get_next: Some(give_next),
            get_last_error: Some(give_words),
            release: Some(release_stream),
            private_data: Box::into_raw(Box::new(self)).cast(),
        }
    }
}

unsafe extern "C" fn give_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: called with a stream made above.
    unsafe {
        let given = &*(*stream).private_data.cast::<GivenStream>();
        if given.schema_fails == 0 {
            out.write(given.schema.schema(&given.counts));
        }
        given.schema_fails
    }
}

unsafe extern "C" fn give_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: called with a stream made above.
    unsafe {
        let given = &mut *(*stream).private_data.cast::<GivenStream>();
        match given.batches.pop() {
            Some(batch) => out.write(batch.array(&given.counts)),
            None if given.end_fails == 0 => out.write(ArrowArray::released()),
            None => {}
        }
        if (*out).is_released() { given.end_fails } else { 0 }
    }
}

unsafe extern "C" fn give_words(stream: *mut ArrowArrayStream) -> *const std::ffi::c_char {
    // SAFETY: called with a stream made above.
    let given = unsafe { &*(*stream).private_data.cast::<GivenStream>() };
    given.words.as_ref().map_or(ptr::null(), |words| words.as_ptr())
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: called once, with a stream made above.
    unsafe {
        let given = Box::from_raw((*stream).private_data.cast::<GivenStream>());
        given.counts.streams.fetch_add(1, Ordering::SeqCst);
        (*stream).release = None;
    }
}
