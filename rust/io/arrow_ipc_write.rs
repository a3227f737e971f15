//! Series to Arrow IPC files of the schema `symbol_slice`: arrow2's only place in this library.
//!
//! One batch, uncompressed, so that the file can be mapped and used where it lies. A file appears under its name whole
//! or not at all.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use arrow2::array::{Array, PrimitiveArray};
use arrow2::bitmap::Bitmap;
use arrow2::chunk::Chunk;
use arrow2::datatypes::{DataType, Field as ArrowField, Metadata, Schema, TimeUnit};
use arrow2::io::ipc::write::{FileWriter, WriteOptions};
use arrow2::types::NativeType;

use super::schema::{METADATA_KEYS, SYMBOL_SLICE};
use crate::error::{Error, with_room};
use crate::series::CandleSeries;
use crate::slicer::{Candles, RowRange};

/// The rows of a series as the bytes of an Arrow IPC file, schema `symbol_slice`: prices to the bit, a volume that is
/// NaN as null, the identity in the metadata. O(rows); takes about three times the rows' memory while it runs.
///
/// # Errors
/// [`Error::RowOutOfBounds`] if the series has no such rows; [`Error::OutOfMemory`].
pub fn to_ipc(series: &CandleSeries, rows: RowRange) -> Result<Vec<u8>, Error> {
    candles(series, rows)?.to_ipc()
}

/// Writes the rows of a series to the Arrow IPC file at `path`, as [`to_ipc`] has them.
///
/// The file is written under a temporary name beside it, brought to the disk and renamed: readers of an old file, and
/// whoever has it mapped, keep it whole. On failure the temporary file is removed and the old one stays. Where `path`
/// is a symbolic link, the file takes the link's place.
///
/// # Errors
/// [`Error::Io`] where the disk fails; [`Error::RowOutOfBounds`]; [`Error::OutOfMemory`].
pub fn write_ipc(path: impl AsRef<Path>, series: &CandleSeries, rows: RowRange) -> Result<(), Error> {
    candles(series, rows)?.write_ipc(path)
}

impl CandleSeries {
    /// All rows as the bytes of an Arrow IPC file; see [`to_ipc`](crate::io::to_ipc).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn to_ipc(&self) -> Result<Vec<u8>, Error> {
        Candles::new(self, RowRange { start: 0, len: self.len() }).to_ipc()
    }

    /// Writes all rows to an Arrow IPC file; see [`write_ipc`](crate::io::write_ipc).
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::OutOfMemory`].
    pub fn write_ipc(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Candles::new(self, RowRange { start: 0, len: self.len() }).write_ipc(path)
    }
}

impl Candles<'_> {
    /// These rows as the bytes of an Arrow IPC file; see [`to_ipc`](crate::io::to_ipc).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn to_ipc(self) -> Result<Vec<u8>, Error> {
        let mut bytes = with_room(4096_usize.saturating_add(self.len().saturating_mul(49)), "the bytes of a file")?;
        encode(self, &mut bytes)?.map_err(|error| Error::SerializationFailed(error.to_string()))?;
        Ok(bytes)
    }

    /// Writes these rows to an Arrow IPC file; see [`write_ipc`](crate::io::write_ipc).
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::OutOfMemory`].
    pub fn write_ipc(self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let failed = |error: &std::io::Error| Error::io(path, error);
        let (temporary, file) = beside(path).map_err(|error| failed(&error))?;
        let written =
            write(self, file, path).and_then(|()| std::fs::rename(&temporary, path).map_err(|error| failed(&error)));
        if written.is_err() {
            // It may be gone already; what went wrong first is what the caller hears.
            let _ = std::fs::remove_file(&temporary);
        }
        written
    }
}

fn candles(series: &CandleSeries, rows: RowRange) -> Result<Candles<'_>, Error> {
    match rows.start.checked_add(rows.len) {
        Some(end) if end <= series.len() => Ok(Candles::new(series, rows)),
        _ => {
            Err(Error::RowOutOfBounds { row: rows.start.saturating_add(rows.len).saturating_sub(1), len: series.len() })
        }
    }
}

/// A new file in the target's directory, which a rename can replace it with.
fn beside(path: &Path) -> std::io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path names no file"));
    };
    loop {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let temporary = path.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (temporary, file)),
        }
    }
}

/// Everything, and on the disk.
fn write(candles: Candles, file: File, path: &Path) -> Result<(), Error> {
    let mut out = BufWriter::new(file);
    match encode(candles, &mut out)? {
        Err(arrow2::error::Error::Io(error)) => return Err(Error::io(path, &error)),
        Err(error) => return Err(Error::SerializationFailed(format!("{}: {error}", path.display()))),
        Ok(()) => {}
    }
    let synced = out.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|file| file.sync_all());
    synced.map_err(|error| Error::io(path, &error))
}

/// Writes a whole file; the inner result is arrow2's.
fn encode(candles: Candles, out: impl Write) -> Result<arrow2::error::Result<()>, Error> {
    let stamp = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".to_owned()));
    let volume = candles.volume();
    let present: Option<Bitmap> = match volume {
        None => Some(Bitmap::new_zeroed(candles.len())),
        Some(volume) if volume.iter().any(|value| value.is_nan()) => {
            Some(volume.iter().map(|value| !value.is_nan()).collect())
        }
        Some(_) => None,
    };
    let volume = match volume {
        Some(volume) => copied(volume)?,
        None => filled(candles.len())?,
    };
    let floats = |values: &[f64]| copied(values).map(|values| array(DataType::Float64, values, None));
    let columns = vec![
        array(stamp, copied(candles.timestamp())?, None),
        floats(candles.open())?,
        floats(candles.high())?,
        floats(candles.low())?,
        floats(candles.close())?,
        array(DataType::Float64, volume, present),
    ];
    let fields = SYMBOL_SLICE.fields.iter().zip(&columns);
    let fields = fields.map(|(field, column)| ArrowField::new(field.name, column.data_type().clone(), field.nullable));
    let schema = Schema { fields: fields.collect(), metadata: metadata(candles.series()) };
    let write = || {
        let mut writer = FileWriter::try_new(out, schema, None, WriteOptions { compression: None })?;
        writer.write(&Chunk::try_new(columns)?, None)?;
        writer.finish()
    };
    Ok(write())
}

fn metadata(series: &CandleSeries) -> Metadata {
    let timeframe = series.timeframe().to_string();
    let values =
        [SYMBOL_SLICE.name, SYMBOL_SLICE.version, series.symbol(), timeframe.as_str(), series.price_type().name()];
    METADATA_KEYS.iter().zip(values).map(|(key, value)| ((*key).to_owned(), value.to_owned())).collect()
}

fn array<T: NativeType>(kind: DataType, values: Vec<T>, present: Option<Bitmap>) -> Box<dyn Array> {
    Box::new(PrimitiveArray::new(kind, values.into(), present))
}

fn copied<T: Copy>(values: &[T]) -> Result<Vec<T>, Error> {
    let mut copy = with_room(values.len(), "a column")?;
    copy.extend_from_slice(values);
    Ok(copy)
}

fn filled(len: usize) -> Result<Vec<f64>, Error> {
    let mut values = with_room(len, "a column")?;
    values.resize(len, f64::NAN);
    Ok(values)
}
