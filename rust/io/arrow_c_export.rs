//! Rows of a series as Arrow structs, without a copy: every price column, and a volume unless it has nulls to mark.
//!
//! What an array or schema needs beside the columns lies in one block. Parent and children each hold a share of it,
//! so that a child may be moved out and outlive its parent; the last release frees the block and lets go of the
//! series. A release may come on any thread.
#![allow(unsafe_code, reason = "structs that foreign code reads, moves and releases are made of raw pointers")]

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use super::arrow_c_format::metadata_block;
use super::arrow_structs::{ARROW_FLAG_NULLABLE, ArrowArray, ArrowArrayStream, ArrowSchema};
use super::schema::SYMBOL_SLICE;
use crate::candle::Field;
use crate::error::{Error, with_room};
use crate::series::CandleSeries;
use crate::slicer::RowRange;

/// The columns of `symbol_slice`: the time, and those of `Field::ALL`.
const COLUMNS: usize = 6;
const NAMES: [*const c_char; COLUMNS] =
    [c"timestamp".as_ptr(), c"open".as_ptr(), c"high".as_ptr(), c"low".as_ptr(), c"close".as_ptr(), c"volume".as_ptr()];
const VOLUME: usize = 5;

/// How many structs still hold a block: the parent and each child.
struct Shares(AtomicUsize);

impl Shares {
    const fn new() -> Self {
        Self(AtomicUsize::new(1 + COLUMNS))
    }

    /// Gives one back; whether it was the last.
    fn last(&self) -> bool {
        let last = self.0.fetch_sub(1, Ordering::Release) == 1;
        if last {
            // Whatever the other threads did with their shares happened before the block goes.
            fence(Ordering::Acquire);
        }
        last
    }
}

/// What the structs of an exported array point into.
struct ArrayBlock {
    shares: Shares,
    children: [ArrowArray; COLUMNS],
    pointers: [*mut ArrowArray; COLUMNS],
    /// Of each child its bitmap and its values.
    buffers: [[*const c_void; 2]; COLUMNS],
    /// The parent's bitmap: none.
    parent: [*const c_void; 1],
    /// The volume's bitmap, behind zeros for its values where there are none.
    _words: Vec<u64>,
    _series: CandleSeries,
}

/// What the structs of an exported schema point into.
struct SchemaBlock {
    shares: Shares,
    children: [ArrowSchema; COLUMNS],
    pointers: [*mut ArrowSchema; COLUMNS],
    metadata: Vec<u8>,
}

macro_rules! releases {
    ($parent:ident, $child:ident, $object:ident, $block:ident) => {
        /// Releases the children that are still there, then the parent's share.
        unsafe extern "C" fn $parent(object: *mut $object) {
            // SAFETY: the interface calls a release once, with a struct this file made, which holds a share of the
            // block until the end of this function; children are reached by their pointers alone.
            unsafe {
                let block: *mut $block = (*object).private_data.cast();
                for i in 0..COLUMNS {
                    let child = (*block).pointers[i];
                    if let Some(release) = (*child).release {
                        release(child);
                    }
                }
                $child(object);
            }
        }

        /// Gives a share of the block back.
        unsafe extern "C" fn $child(object: *mut $object) {
            // SAFETY: as above. The struct may lie inside the block: it is marked before the share is given back.
            unsafe {
                let block: *mut $block = (*object).private_data.cast();
                (*object).release = None;
                if (*block).shares.last() {
                    drop(Box::from_raw(block));
                }
            }
        }
    };
}

releases!(release_array, release_array_child, ArrowArray, ArrayBlock);
releases!(release_schema, release_schema_child, ArrowSchema, SchemaBlock);

/// Rows of a series as an array of structs, laid out as `symbol_slice`. O(1), and O(rows) for the volume's nulls.
///
/// The array keeps the series alive until it, and every child that was moved out of it, is released.
///
/// # Errors
/// [`Error::RowOutOfBounds`] if the series has no such rows; [`Error::OutOfMemory`].
pub fn export_array(series: &CandleSeries, rows: RowRange) -> Result<ArrowArray, Error> {
    let end = rows.start.checked_add(rows.len).filter(|&end| end <= series.len());
    let end = end.ok_or(Error::RowOutOfBounds { row: rows.start.saturating_add(rows.len), len: series.len() })?;
    let part = rows.start..end;
    let volume = volume_of(series, part.clone())?;
    let column = |field: Field| series.columns().field(field).map(|values| values[part.clone()].as_ptr().cast());
    let values = [
        Some(series.timestamp()[part.clone()].as_ptr().cast()),
        column(Field::Open),
        column(Field::High),
        column(Field::Low),
        column(Field::Close),
        Some(volume.values),
    ];
    let len = count(rows.len);
    let block = Box::into_raw(Box::new(ArrayBlock {
        shares: Shares::new(),
        children: [const { ArrowArray::released() }; COLUMNS],
        pointers: [ptr::null_mut(); COLUMNS],
        buffers: values.map(|values| [ptr::null(), values.unwrap_or(ptr::null())]),
        parent: [ptr::null()],
        _words: volume.words,
        _series: series.clone(),
    }));
    // SAFETY: the block is ours alone until this function returns; every pointer is made from its own.
    unsafe {
        (*block).buffers[VOLUME][0] = volume.bitmap;
        for i in 0..COLUMNS {
            (*block).pointers[i] = &raw mut (*block).children[i];
            (*block).children[i] = ArrowArray {
                length: len,
                null_count: if i == VOLUME { count(volume.nulls) } else { 0 },
                n_buffers: 2,
                buffers: (&raw mut (*block).buffers[i]).cast(),
                release: Some(release_array_child),
                private_data: block.cast(),
                ..ArrowArray::released()
            };
        }
        Ok(ArrowArray {
            length: len,
            n_buffers: 1,
            buffers: (&raw mut (*block).parent).cast(),
            n_children: count(COLUMNS),
            children: (&raw mut (*block).pointers).cast(),
            release: Some(release_array),
            private_data: block.cast(),
            ..ArrowArray::released()
        })
    }
}

/// A length as the interface counts.
fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// The buffers of a volume: its own values; a bitmap if any is missing; zeros if all are.
struct Volume {
    values: *const c_void,
    bitmap: *const c_void,
    nulls: usize,
    words: Vec<u64>,
}

fn volume_of(series: &CandleSeries, rows: std::ops::Range<usize>) -> Result<Volume, Error> {
    let len = rows.len();
    let bits = len.div_ceil(64);
    let Some(values) = series.volume().map(|volume| &volume[rows]) else {
        let mut words = with_room(len + bits, "an empty volume")?;
        words.resize(len + bits, 0);
        let bitmap = if len == 0 { ptr::null() } else { words[len..].as_ptr().cast() };
        return Ok(Volume { values: words.as_ptr().cast(), bitmap, nulls: len, words });
    };
    let nulls = values.iter().map(|value| usize::from(value.is_nan())).sum();
    let mut words: Vec<u64> = Vec::new();
    if nulls > 0 {
        words = with_room(bits, "a volume's nulls")?;
        let present =
            |chunk: &[f64]| chunk.iter().enumerate().fold(0, |word, (i, value)| word | u64::from(!value.is_nan()) << i);
        // Bit by bit from the least significant byte on, whatever this machine's order of bytes.
        words.extend(values.chunks(64).map(|chunk| present(chunk).to_le()));
    }
    let bitmap = if nulls > 0 { words.as_ptr().cast() } else { ptr::null() };
    Ok(Volume { values: values.as_ptr().cast(), bitmap, nulls, words })
}

/// The schema of what [`export_array`] gives for this series: `symbol_slice` with the series' identity. O(1).
///
/// # Errors
/// [`Error::SerializationFailed`] on a symbol of more than 2^31 bytes.
pub fn export_schema(series: &CandleSeries) -> Result<ArrowSchema, Error> {
    let timeframe = series.timeframe().to_string();
    let metadata = metadata_block(&[
        ("schema_name", SYMBOL_SLICE.name),
        ("schema_version", SYMBOL_SLICE.version),
        ("symbol", series.symbol()),
        ("timeframe", &timeframe),
        ("price_type", series.price_type().name()),
    ]);
    let metadata = metadata.ok_or_else(|| Error::SerializationFailed("the symbol is too long".to_owned()))?;
    let block = Box::into_raw(Box::new(SchemaBlock {
        shares: Shares::new(),
        children: [const { ArrowSchema::released() }; COLUMNS],
        pointers: [ptr::null_mut(); COLUMNS],
        metadata,
    }));
    // SAFETY: as in `export_array`.
    unsafe {
        for i in 0..COLUMNS {
            (*block).pointers[i] = &raw mut (*block).children[i];
            (*block).children[i] = ArrowSchema {
                format: if i == 0 { c"tsu:UTC" } else { c"g" }.as_ptr(),
                name: NAMES[i],
                flags: if i == VOLUME { ARROW_FLAG_NULLABLE } else { 0 },
                release: Some(release_schema_child),
                private_data: block.cast(),
                ..ArrowSchema::released()
            };
        }
        Ok(ArrowSchema {
            format: c"+s".as_ptr(),
            name: c"".as_ptr(),
            metadata: (*block).metadata.as_ptr().cast(),
            n_children: count(COLUMNS),
            children: (&raw mut (*block).pointers).cast(),
            release: Some(release_schema),
            private_data: block.cast(),
            ..ArrowSchema::released()
        })
    }
}

/// What an exported stream holds.
struct StreamBlock {
    series: CandleSeries,
    rows: RowRange,
    /// Whether its one batch has been given.
    given: bool,
}

/// Rows of a series as a stream of one batch. O(1).
///
/// The stream keeps the series alive until it is released.
///
/// # Errors
/// As [`export_array`].
pub fn export_stream(series: &CandleSeries, rows: RowRange) -> Result<ArrowArrayStream, Error> {
    if rows.start.checked_add(rows.len).is_none_or(|end| end > series.len()) {
        return Err(Error::RowOutOfBounds { row: rows.start.saturating_add(rows.len), len: series.len() });
    }
    let block = Box::new(StreamBlock { series: series.clone(), rows, given: false });
    Ok(ArrowArrayStream {
        get_schema: Some(stream_schema),
        get_next: Some(stream_next),
        get_last_error: Some(stream_error),
        release: Some(release_stream),
        private_data: Box::into_raw(block).cast(),
    })
}

unsafe extern "C" fn stream_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: the interface calls this with a live stream that this file made, and a place for a schema.
    unsafe {
        let block: *const StreamBlock = (*stream).private_data.cast();
        answered(export_schema(&(*block).series), out)
    }
}

unsafe extern "C" fn stream_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: as above, by one thread at a time.
    unsafe {
        let block: *mut StreamBlock = (*stream).private_data.cast();
        if (*block).given {
            out.write(ArrowArray::released());
            return 0;
        }
        let answer = export_array(&(*block).series, (*block).rows);
        (*block).given = answer.is_ok();
        answered(answer, out)
    }
}

/// Writes what there is, or gives the errno of what went wrong.
///
/// # Safety
/// `out` must be writable.
unsafe fn answered<T>(answer: Result<T, Error>, out: *mut T) -> c_int {
    match answer {
        Ok(value) => {
            // SAFETY: promised by the caller.
            unsafe { out.write(value) };
            0
        }
        // The rows were checked when the stream was made: only memory can be missing.
        Err(_) => libc::ENOMEM,
    }
}

/// The one errno says it all.
unsafe extern "C" fn stream_error(_stream: *mut ArrowArrayStream) -> *const c_char {
    ptr::null()
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: the interface calls a release once, with a stream that this file made.
    unsafe {
        (*stream).release = None;
        drop(Box::from_raw((*stream).private_data.cast::<StreamBlock>()));
    }
}
