//! From foreign Arrow structs to a series, without a copy where the layout fits.
//!
//! A producer of another language hands over pointers; their targets' sizes nobody can check. All that can be
//! checked is, before anything is read through it, and a refused struct is its caller's as before: it is moved
//! from once the series exists, and released once, with the last column that lies in it.
#![allow(unsafe_code, reason = "foreign structs are read and foreign release callbacks called")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::arrow_c_format::{metadata_of, type_of};
use super::arrow_columns::{ArrowBatch, ArrowColumn, ArrowField, ArrowOptions, ArrowTable, ArrowType};
use super::arrow_structs::{ARROW_FLAG_NULLABLE, ArrowArray, ArrowArrayStream, ArrowSchema};
use super::arrow_values::{bytes_for, first_null, holds, nulls};
use crate::column::Column;
use crate::error::{Error, ErrorCode};
use crate::series::{CandleSeries, Check};

/// More columns than any table has.
const MOST_COLUMNS: usize = 1 << 16;

/// A series over foreign memory that its owner has not given away yet.
pub(crate) struct Import<S> {
    series: CandleSeries,
    owner: S,
}

impl<S: Source> Import<S> {
    pub(crate) const fn series(&self) -> &CandleSeries {
        &self.series
    }

    /// Takes the structs over: they are moved from, and released when no column lies in them any more.
    pub(crate) fn accept(self) -> CandleSeries {
        self.owner.accept();
        self.series
    }
}

/// What an import takes over once it has succeeded.
pub(crate) trait Source {
    fn accept(self);
}

/// Releases an array with the last column that lies in it, once it is ours.
struct Owner {
    array: ArrowArray,
    ours: AtomicBool,
}

// SAFETY: the interface lets any thread release an array; until then it is only read.
unsafe impl Send for Owner {}
// SAFETY: as above.
unsafe impl Sync for Owner {}

impl Drop for Owner {
    fn drop(&mut self) {
        if *self.ours.get_mut() {
            // SAFETY: moved from its producer when it became ours, and nothing points into it any more.
            unsafe { self.array.release() }
        }
    }
}

/// A view of an array that is not ours yet: the same pointers, to be released by nobody until it is.
fn lent(array: &ArrowArray) -> Arc<Owner> {
    // SAFETY: plain pointers and numbers; the copy is never released before the original is moved from.
    let array = unsafe { std::ptr::read(array) };
    Arc::new(Owner { array, ours: AtomicBool::new(false) })
}

/// An array and its schema, still their caller's.
pub(crate) struct Pair<'a> {
    array: &'a mut ArrowArray,
    schema: &'a mut ArrowSchema,
    owner: Arc<Owner>,
}

impl Source for Pair<'_> {
    fn accept(self) {
        // Moved from: the owner holds the same pointers.
        self.array.release = None;
        self.owner.ours.store(true, Ordering::Release);
        // SAFETY: everything of the schema that is still needed has been copied.
        unsafe { self.schema.take().release() }
    }
}

impl Source for &mut ArrowArrayStream {
    fn accept(self) {
        // SAFETY: its batches are ours already, and nothing else of it is needed.
        unsafe { self.take().release() }
    }
}

/// The series that an array of structs holds; columns of our own types are shared.
///
/// On success both structs have been moved from (their `release` is NULL), and what they held is released with the
/// last column that lies in it. On an error both are the caller's as before.
///
/// # Errors
/// [`Error::InvalidState`] on a released struct, [`Error::DeserializationFailed`] on one that no honest producer
/// makes, then as for an IPC file.
///
/// # Safety
/// Both must be as a producer made them: buffers as long as the Arrow format asks for, unchanging until released.
pub unsafe fn import_array(
    array: &mut ArrowArray,
    schema: &mut ArrowSchema,
    options: &ArrowOptions,
) -> Result<CandleSeries, Error> {
    // SAFETY: passed on to the caller.
    Ok(unsafe { array_import(array, schema, options) }?.accept())
}

/// As [`import_array`], before the structs are taken over.
///
/// # Safety
/// As there.
pub(crate) unsafe fn array_import<'a>(
    array: &'a mut ArrowArray,
    schema: &'a mut ArrowSchema,
    options: &ArrowOptions,
) -> Result<Import<Pair<'a>>, Error> {
    // SAFETY: passed on to the caller.
    let (fields, metadata) = unsafe { table_of(schema) }?;
    let owner = lent(array);
    // SAFETY: passed on to the caller.
    let batch = unsafe { batch_of(&owner, &fields, 0) }?;
    let series = series_of(fields, metadata, vec![batch], options)?;
    Ok(Import { series, owner: Pair { array, schema, owner } })
}

/// The series that a stream of arrays of structs holds; a single batch is shared, several are joined.
///
/// On success the stream has been moved from and released. On an error it is the caller's, to be released, and may
/// have been read from.
///
/// # Errors
/// As [`import_array`]; [`Error::Io`] with the stream's own words.
///
/// # Safety
/// As [`import_array`], for the stream and all it gives.
pub unsafe fn import_stream(stream: &mut ArrowArrayStream, options: &ArrowOptions) -> Result<CandleSeries, Error> {
    // SAFETY: passed on to the caller.
    Ok(unsafe { stream_import(stream, options) }?.accept())
}

/// As [`import_stream`], before the stream is taken over.
///
/// # Safety
/// As there.
pub(crate) unsafe fn stream_import<'a>(
    stream: &'a mut ArrowArrayStream,
    options: &ArrowOptions,
) -> Result<Import<&'a mut ArrowArrayStream>, Error> {
    let damaged = |what: &str| Error::DeserializationFailed(format!("the Arrow stream has no {what}"));
    if stream.is_released() {
        return Err(Error::InvalidState("the Arrow stream has been released".to_owned()));
    }
    let get_schema = stream.get_schema.ok_or_else(|| damaged("get_schema"))?;
    let get_next = stream.get_next.ok_or_else(|| damaged("get_next"))?;
    let mut schema = Schema(ArrowSchema::released());
    // SAFETY: a live stream, as the caller promises, and a place for its schema.
    let status = unsafe { get_schema(stream, &raw mut schema.0) };
    // SAFETY: still live.
    unsafe { asked(stream, "get_schema", status) }?;
    // SAFETY: given by the stream just now.
    let (fields, metadata) = unsafe { table_of(&schema.0) }?;
    let mut batches = Vec::new();
    loop {
        let mut array = ArrowArray::released();
        // SAFETY: as above.
        let status = unsafe { get_next(stream, &raw mut array) };
        // SAFETY: still live.
        unsafe { asked(stream, "get_next", status) }?;
        if array.is_released() {
            break;
        }
        // Given to us, whatever comes of it.
        let owner = Arc::new(Owner { array, ours: AtomicBool::new(true) });
        // SAFETY: given by the stream just now.
        batches.push(unsafe { batch_of(&owner, &fields, batches.len()) }?);
    }
    let series = series_of(fields, metadata, batches, options)?;
    Ok(Import { series, owner: stream })
}

/// A schema that was given to us.
struct Schema(ArrowSchema);

impl Drop for Schema {
    fn drop(&mut self) {
        // SAFETY: its producer gave it away; nothing of it is used after this.
        unsafe { self.0.release() }
    }
}

/// What a stream's callback answered.
///
/// # Safety
/// The stream must be live.
unsafe fn asked(stream: &mut ArrowArrayStream, what: &str, status: c_int) -> Result<(), Error> {
    if status == 0 {
        return Ok(());
    }
    // SAFETY: promised by the caller.
    let words = stream.get_last_error.map_or(std::ptr::null(), |get| unsafe { get(stream) });
    let words = if words.is_null() {
        std::io::Error::from_raw_os_error(status).to_string()
    } else {
        // SAFETY: a C string of the stream's, alive until its next callback.
        unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned()
    };
    let code = if status == libc::ENOMEM { ErrorCode::OutOfMemory } else { ErrorCode::IoError };
    Err(Error::Io { code, path: PathBuf::from(format!("the Arrow stream's {what}")), message: words })
}

/// A table, its struct's own validity beside it.
struct Batch {
    columns: ArrowBatch,
    /// The rows that are structs at all.
    rows: ArrowColumn,
}

fn series_of(
    fields: Vec<ArrowField>,
    metadata: BTreeMap<String, String>,
    batches: Vec<Batch>,
    options: &ArrowOptions,
) -> Result<CandleSeries, Error> {
    let (batches, rows): (Vec<_>, Vec<_>) = batches.into_iter().map(|batch| (batch.columns, batch.rows)).unzip();
    let lens: Vec<usize> = batches.iter().map(|batch| batch.len).collect();
    let table = ArrowTable { fields, metadata, batches };
    table.into_series_after(options, Check::Full, |options| {
        let mut first = 0;
        for (number, (rows, len)) in rows.iter().zip(lens).enumerate() {
            let counted = nulls(rows, len, options.check != Check::Full);
            let counted =
                counted.map_err(|what| Error::DeserializationFailed(format!("batch {number}, its rows: {what}")))?;
            if let Some(row) = first_null(rows, len).filter(|_| counted > 0) {
                return Err(Error::ConstraintViolation(format!("row {} is null as a whole", first + row)));
            }
            first += len;
        }
        Ok(())
    })
}

/// The columns and metadata that a schema describes.
///
/// # Safety
/// The schema must be as a producer made it.
unsafe fn table_of(schema: &ArrowSchema) -> Result<(Vec<ArrowField>, BTreeMap<String, String>), Error> {
    if schema.is_released() {
        return Err(Error::InvalidState("the Arrow schema has been released".to_owned()));
    }
    // SAFETY: passed on to the caller.
    let kind = unsafe { text(schema.format) }
        .ok_or_else(|| Error::DeserializationFailed("the Arrow schema has no format".to_owned()))?;
    if kind != "+s" || !schema.dictionary.is_null() {
        let found = if schema.dictionary.is_null() { type_of(&kind).to_string() } else { "dictionary".to_owned() };
        return Err(Error::SchemaViolation(format!("the Arrow data are {found}, not a struct of columns")));
    }
    // SAFETY: passed on to the caller.
    let children = unsafe { children(schema.children, schema.n_children, "schema") }?;
    let mut fields = Vec::with_capacity(children.len());
    for (i, child) in children.into_iter().enumerate() {
        if child.is_released() {
            return Err(Error::InvalidState(format!("the Arrow schema of column {i} has been released")));
        }
        // SAFETY: a child of a schema that is as its producer made it.
        let (name, format) = unsafe { (text(child.name).unwrap_or_default(), text(child.format)) };
        let format = format
            .ok_or_else(|| Error::DeserializationFailed(format!("the Arrow schema of column {i} has no format")))?;
        let kind =
            if child.dictionary.is_null() { type_of(&format) } else { ArrowType::Other("dictionary".to_owned()) };
        fields.push(ArrowField { name, kind, nullable: child.flags & ARROW_FLAG_NULLABLE != 0 });
    }
    // SAFETY: passed on to the caller.
    Ok((fields, unsafe { metadata_of(schema.metadata) }?))
}

/// The structs behind an array of pointers.
///
/// # Safety
/// Unless it is NULL, `pointers` must point to `count` pointers, each to a struct, unless it is NULL.
unsafe fn children<'a, T>(pointers: *mut *mut T, count: i64, of: &str) -> Result<Vec<&'a T>, Error> {
    let damaged = |what: String| Error::DeserializationFailed(format!("the Arrow {of} has {what}"));
    let count = usize::try_from(count).map_err(|_| damaged(format!("{count} children")))?;
    if count > MOST_COLUMNS {
        return Err(Error::ResourceLimitExceeded(format!("the Arrow {of} has {count} columns")));
    }
    if count > 0 && (pointers.is_null() || !pointers.is_aligned()) {
        return Err(damaged(format!("{count} children at {pointers:p}")));
    }
    let mut found = Vec::with_capacity(count);
    for i in 0..count {
        // SAFETY: promised by the caller; neither NULL nor misaligned, as checked.
        let child = unsafe { *pointers.add(i) };
        if child.is_null() || !child.is_aligned() {
            return Err(damaged(format!("its child {i} at {child:p}")));
        }
        // SAFETY: promised by the caller; neither NULL nor misaligned, as checked.
        found.push(unsafe { &*child });
    }
    Ok(found)
}

/// A C string, whatever its bytes; none if NULL.
///
/// # Safety
/// Unless NULL, `pointer` must point to a NUL-terminated string.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    Some(unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}

/// Lengths of an array that make sense.
struct Extent {
    len: usize,
    offset: usize,
    /// None where nobody counted.
    nulls: Option<usize>,
}

fn extent(array: &ArrowArray, what: &str) -> Result<Extent, Error> {
    let damaged = |words: String| Error::DeserializationFailed(format!("{what}: {words}"));
    let size = |name: &str, number: i64| usize::try_from(number).map_err(|_| damaged(format!("{name} {number}")));
    let (len, offset) = (size("length", array.length)?, size("offset", array.offset)?);
    if array.length.checked_add(array.offset).is_none() {
        return Err(damaged(format!("offset {offset} and length {len} overflow")));
    }
    let nulls = if array.null_count == -1 { None } else { Some(size("null count", array.null_count)?) };
    Ok(Extent { len, offset, nulls })
}

/// The buffers of an array, of which there must be `expected`.
///
/// # Safety
/// The array must be as a producer made it.
unsafe fn buffers(array: &ArrowArray, expected: usize, what: &str) -> Result<Vec<*const c_void>, Error> {
    let damaged = |words: String| Error::DeserializationFailed(format!("{what}: {words}"));
    if usize::try_from(array.n_buffers) != Ok(expected) {
        return Err(damaged(format!("{} buffers, not {expected}", array.n_buffers)));
    }
    if array.buffers.is_null() || !array.buffers.is_aligned() {
        return Err(damaged(format!("{expected} buffers at {:p}", array.buffers)));
    }
    // SAFETY: promised by the caller; neither NULL nor misaligned, as checked.
    Ok(unsafe { std::slice::from_raw_parts(array.buffers, expected) }.to_vec())
}

/// `len` bytes of a buffer, none where it is NULL.
///
/// # Safety
/// Unless NULL, the buffer must hold them until `owner` is dropped.
unsafe fn bytes(buffer: *const c_void, len: usize, owner: &Arc<Owner>) -> Option<Column<u8>> {
    let ends = (buffer as usize).checked_add(len)?;
    if buffer.is_null() || len > isize::MAX.unsigned_abs() || ends == usize::MAX {
        return None;
    }
    // SAFETY: promised by the caller; inside the address space, as checked.
    Some(unsafe { Column::borrowed(buffer.cast(), len, Arc::clone(owner) as _) })
}

/// The rows of an array of structs with these fields.
///
/// # Safety
/// The owner's array must be as a producer made it.
unsafe fn batch_of(owner: &Arc<Owner>, fields: &[ArrowField], number: usize) -> Result<Batch, Error> {
    let (array, whole) = (&owner.array, format!("batch {number}"));
    if array.is_released() {
        return Err(Error::InvalidState(format!("{whole}: the Arrow array has been released")));
    }
    let Extent { len, offset, nulls } = extent(array, &whole)?;
    // SAFETY: passed on to the caller.
    let [validity] = unsafe { buffers(array, 1, &whole) }?[..] else { unreachable!("one buffer, as asked for") };
    if usize::try_from(array.n_children) != Ok(fields.len()) {
        let (there, wanted) = (array.n_children, fields.len());
        return Err(Error::DeserializationFailed(format!("{whole}: {there} columns, its schema has {wanted}")));
    }
    // SAFETY: passed on to the caller; a bitmap holds a bit for each row.
    let (children, validity) = unsafe {
        (children(array.children, array.n_children, "array")?, bytes(validity, (offset + len).div_ceil(8), owner))
    };
    let rows = ArrowColumn { values: Column::from(Vec::new()), validity, offset, null_count: nulls };
    holds(&rows, &ArrowType::Other(String::new()), len)
        .map_err(|what| Error::DeserializationFailed(format!("{whole}, its rows: {what}")))?;
    let mut columns = Vec::with_capacity(fields.len());
    for (field, child) in fields.iter().zip(children) {
        // SAFETY: a child of an array that is as its producer made it.
        columns.push(unsafe { column_of(owner, child, field, (offset, len), &whole) }?);
    }
    Ok(Batch { columns: ArrowBatch { len, columns }, rows })
}

/// Rows `start..start + len` of a column; none where its type is not one of ours.
///
/// # Safety
/// The child must be as a producer made it, and live as long as the owner.
unsafe fn column_of(
    owner: &Arc<Owner>,
    child: &ArrowArray,
    field: &ArrowField,
    (start, len): (usize, usize),
    batch: &str,
) -> Result<Option<ArrowColumn>, Error> {
    let what = format!("{batch}, column {}", field.name);
    let damaged = |words: String| Error::DeserializationFailed(format!("{what}: {words}"));
    if child.is_released() {
        return Err(Error::InvalidState(format!("{what}: the Arrow array has been released")));
    }
    let all = extent(child, &what)?;
    // Neither sum overflows: each addend is at most i64::MAX.
    if start + len > all.len {
        return Err(damaged(format!("{} rows, not the {} of its table", all.len, start + len)));
    }
    if matches!(field.kind, ArrowType::Other(_)) {
        return Ok(None);
    }
    if !child.dictionary.is_null() {
        return Err(damaged("a dictionary that its schema does not have".to_owned()));
    }
    // SAFETY: passed on to the caller.
    let [validity, values] = unsafe { buffers(child, 2, &what) }?[..] else { unreachable!("two, as asked for") };
    let end = all.offset + all.len;
    let size = bytes_for(&field.kind, end).filter(|size| isize::try_from(*size).is_ok());
    let size = size.ok_or_else(|| damaged(format!("{end} rows are more than memory holds")))?;
    // SAFETY: passed on to the caller: as long as offset and length ask for.
    let (values, validity) = unsafe { (bytes(values, size, owner), bytes(validity, end.div_ceil(8), owner)) };
    let values = match values {
        Some(values) => values,
        None if len == 0 => Column::from(Vec::new()),
        None => return Err(damaged(format!("{len} rows without a buffer of values"))),
    };
    // The count is of all the child's rows; of some of them it says something only when it is 0.
    let null_count = if all.len == len { all.nulls } else { all.nulls.filter(|&nulls| nulls == 0) };
    if validity.is_none() && all.nulls.is_some_and(|nulls| nulls > 0) {
        return Err(damaged("nulls without a validity bitmap".to_owned()));
    }
    Ok(Some(ArrowColumn { values, validity, offset: all.offset + start, null_count }))
}
