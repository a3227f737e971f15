//! Series from Arrow IPC: files and streams, read, mapped or taken from bytes.
//!
//! One route serves all three: our walk says where the columns lie, compressed ones are unpacked into memory of their
//! own, and the table they make is read like any other. No byte of a body is touched before the walk has ended.

use std::path::Path;

use super::arrow_batch_walk::{Located, LocatedColumn, allowance};
use super::arrow_columns::{ArrowBatch, ArrowColumn, ArrowField, ArrowOptions, ArrowTable, is_of_use};
use super::arrow_decompress::decompress;
use super::arrow_mapped_file::Mapping;
use super::arrow_walk::{Walked, walk};
use crate::candle::PriceType;
use crate::column::Column;
use crate::error::{Error, with_room};
use crate::series::{CandleSeries, Check};
use crate::slicer::SymbolDataSlicer;
use crate::timeframe::Timeframe;

/// A series from the Arrow IPC file or stream at `path`.
///
/// Without `mmap` the file is read once and checked fully, LZ4 and ZSTD compressed files too. With `mmap` the file is
/// mapped, and unless `options` say otherwise only the order of its timestamps and its null counts are checked. A
/// single batch of `float64` prices without nulls is then used where it lies, whatever its size; several batches are
/// joined in memory. A compressed file cannot be mapped.
///
/// Columns, their types and the identity are found as the schemas in [`schema`](super::schema) and the options say;
/// others are ignored. O(rows that are checked or converted); nothing is allocated beyond 16 times the size of the
/// file and 1 MiB.
///
/// # A mapped file must not be shortened
/// The series of a mapped file **is** that file. If another program truncates it, the system ends this process at the
/// next read of a row that is gone (SIGBUS); if another writes into it, rows change under their readers, past every
/// check. Replace a file by renaming another over it, as [`write_ipc`](super::write_ipc) does: the mapped one then
/// stays whole. [`CandleSeries::refresh`] tells whether the path still leads to what was mapped. Reading without
/// `mmap` has none of these dangers, and is the default of every binding.
///
/// # Errors
/// [`Error::Io`]; inside [`Error::InFile`]: [`Error::EmptyInput`], [`Error::DeserializationFailed`] where the file is
/// damaged, naming batch and column, [`Error::InvalidFormat`], [`Error::ResourceLimitExceeded`],
/// [`Error::SchemaViolation`], [`Error::InvalidArgument`] where timeframe or price type are given nowhere or a
/// compressed file is to be mapped, [`Error::ConstraintViolation`] and [`Error::TypeMismatch`] naming the row, and
/// what [`CandleSeries::new`] refuses.
///
/// ```
/// use omega_slicer::io::{ArrowOptions, read_ipc, write_ipc};
/// use omega_slicer::{CandleSeries, Columns, FileState, PriceType, RowRange, SeriesOptions, Timeframe};
/// # let folder = std::env::temp_dir().join(format!("omega-read-ipc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("eurusd.arrow");
/// # let column = || vec![1.0, 1.5].into();
/// # let (open, high, low, close) = (column(), column(), column(), column());
/// # let columns = Columns { timestamp: vec![0, 60_000_000].into(), open, high, low, close, volume: None };
/// # let series = CandleSeries::new(columns, SeriesOptions::new("EURUSD", Timeframe::M1, PriceType::Bid))?;
/// write_ipc(&path, &series, RowRange { start: 0, len: series.len() })?;
/// let mapped = read_ipc(&path, &ArrowOptions::default(), true)?;
/// assert_eq!((mapped.symbol(), mapped.close()), ("EURUSD", series.close()));
/// assert_eq!(mapped.refresh(), FileState::Unchanged);
/// # drop(mapped);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_ipc(path: impl AsRef<Path>, options: &ArrowOptions, mmap: bool) -> Result<CandleSeries, Error> {
    let path = path.as_ref();
    let read = if mmap { mapped(path, options) } else { copied(path, options) };
    read.map_err(|error| match error {
        named @ Error::Io { .. } => named,
        source => Error::InFile { path: path.to_path_buf(), source: Box::new(source) },
    })
}

/// A series from the bytes of an Arrow IPC file or stream. It copies what it keeps, and checks it fully unless
/// `options` say otherwise; all else as in [`read_ipc`].
///
/// # Errors
/// As [`read_ipc`], without the file's name.
pub fn parse_ipc(bytes: &[u8], options: &ArrowOptions) -> Result<CandleSeries, Error> {
    let walked = walk(bytes)?;
    Reader::new(bytes, None).table(walked)?.into_series(options, Check::Full)
}

impl SymbolDataSlicer {
    /// A slicer over the series in the bytes of an Arrow IPC file or stream; see [`parse_ipc`].
    ///
    /// # Errors
    /// As [`parse_ipc`].
    pub fn from_ipc(
        bytes: &[u8],
        symbol: impl Into<String>,
        timeframe: Timeframe,
        price_type: PriceType,
    ) -> Result<Self, Error> {
        let options = ArrowOptions {
            symbol: Some(symbol.into()),
            timeframe: Some(timeframe),
            price_type: Some(price_type),
            ..ArrowOptions::default()
        };
        parse_ipc(bytes, &options).map(Self::new)
    }
}

fn copied(path: &Path, options: &ArrowOptions) -> Result<CandleSeries, Error> {
    // Whatever allocates this aligns it for our columns; if ever it does not, they are copied once more.
    let bytes: Column<u8> = std::fs::read(path).map_err(|error| Error::io(path, &error))?.into();
    let walked = walk(&bytes)?;
    // A series that is most of the file keeps the file; of a wide one only its own columns.
    let ours: usize = useful(&walked).map(|(_, column)| column.values.range.len()).sum();
    let keep = ours >= bytes.len() / 2;
    Reader::new(&bytes, keep.then_some(&bytes)).table(walked)?.into_series(options, Check::Full)
}

fn mapped(path: &Path, options: &ArrowOptions) -> Result<CandleSeries, Error> {
    let mapping = Mapping::new(path)?;
    let bytes = mapping.bytes();
    let walked = walk(&bytes)?;
    if useful(&walked).any(|(_, column)| column.buffers().any(|buffer| buffer.packed.is_some())) {
        return Err(Error::InvalidArgument(
            "a compressed Arrow file cannot be mapped: read it without mmap, or write it uncompressed".to_owned(),
        ));
    }
    let check = options.check.unwrap_or(Check::Order);
    let ranges: Vec<_> = useful(&walked).map(|(field, column)| (field.clone(), column.values.range.clone())).collect();
    let table = Reader::new(&bytes, Some(&bytes)).table(walked)?;
    let time = table.time().ok().map(|position| table.fields[position].clone());
    for (field, range) in ranges {
        if check == Check::Full || (check == Check::Order && Some(&field) == time.as_ref()) {
            mapping.populate(range.start, range.len());
        }
    }
    Ok(table.into_series(options, Check::Order)?.with_origin(mapping.origin))
}

impl LocatedColumn {
    fn buffers(&self) -> impl Iterator<Item = &Located> {
        std::iter::once(&self.values).chain(self.validity.as_ref())
    }
}

/// The columns of every batch that a series may be made of.
fn useful(walked: &Walked) -> impl Iterator<Item = (&ArrowField, &LocatedColumn)> {
    walked.batches.iter().flat_map(|batch| {
        let columns = walked.schema.fields.iter().zip(&batch.columns);
        columns.filter_map(|(field, column)| Some((field, column.as_ref().filter(|_| is_of_use(field))?)))
    })
}

/// From ranges of the input to columns.
struct Reader<'a> {
    input: &'a [u8],
    /// The input once more, where columns may share it.
    shared: Option<&'a Column<u8>>,
    /// What may still be copied or unpacked: each of a series' columns as often as an honest file could hold it.
    left: usize,
}

impl<'a> Reader<'a> {
    fn new(input: &'a [u8], shared: Option<&'a Column<u8>>) -> Self {
        Self { input, shared, left: allowance(input.len()).saturating_mul(8) }
    }

    fn table(mut self, walked: Walked) -> Result<ArrowTable, Error> {
        let rows = walked.batches.iter().fold(0_usize, |rows, batch| rows.saturating_add(batch.len));
        // What a column of int64 or float64 takes once the batches are joined.
        if rows.saturating_mul(8) > allowance(self.input.len()) && useful(&walked).next().is_some() {
            let input = self.input.len();
            return Err(Error::ResourceLimitExceeded(format!("{rows} rows announced in {input} bytes")));
        }
        let fields = walked.schema.fields;
        let mut batches = with_room(walked.batches.len(), "batches")?;
        for (number, batch) in walked.batches.into_iter().enumerate() {
            let mut columns = with_room(fields.len(), "columns")?;
            for (field, column) in fields.iter().zip(batch.columns) {
                let column = column.filter(|_| is_of_use(field)).map(|column| self.column(&column)).transpose();
                columns.push(column.map_err(|error| located(number, &field.name, error))?);
            }
            batches.push(ArrowBatch { len: batch.len, columns });
        }
        Ok(ArrowTable { fields, metadata: walked.schema.metadata, batches })
    }

    fn column(&mut self, column: &LocatedColumn) -> Result<ArrowColumn, Error> {
        Ok(ArrowColumn {
            values: self.bytes(&column.values)?,
            validity: column.validity.as_ref().map(|validity| self.bytes(validity)).transpose()?,
            offset: 0,
            null_count: Some(column.null_count),
        })
    }

    fn bytes(&mut self, buffer: &Located) -> Result<Column<u8>, Error> {
        let outside = || Error::DeserializationFailed("a buffer outside its file".to_owned());
        let Located { range, packed, needed } = buffer;
        if let (None, Some(shared)) = (packed, self.shared) {
            return shared.part(range.start, range.len()).ok_or_else(outside);
        }
        let stored = self.input.get(range.clone()).ok_or_else(outside)?;
        let len = packed.map_or(stored.len(), |(_, len)| len);
        self.left = self.left.checked_sub(len).ok_or_else(|| {
            Error::ResourceLimitExceeded(format!("columns of more bytes than {} can hold", self.input.len()))
        })?;
        let bytes = if let Some((codec, len)) = packed {
            decompress(stored, *codec, *len, self.input.len())?
        } else {
            let mut copy = with_room(len, "a column")?;
            copy.extend_from_slice(stored);
            copy
        };
        Column::from(bytes).part(0, *needed).ok_or_else(outside)
    }
}

/// A refusal with its place in front.
fn located(batch: usize, column: &str, error: Error) -> Error {
    let place = |what: String| format!("batch {batch}, column {column}: {what}");
    match error {
        Error::DeserializationFailed(what) => Error::DeserializationFailed(place(what)),
        Error::ResourceLimitExceeded(what) => Error::ResourceLimitExceeded(place(what)),
        other => other,
    }
}
