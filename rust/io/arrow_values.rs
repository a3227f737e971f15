//! From the bytes of Arrow columns to the values of a series: shared where they are ours already, else converted
//! exactly or refused with the row.
//!
//! Rows are counted over all batches. What a null or an invalid row means is decided by the caller, who hands in
//! what stands for either; nothing here knows a column's role.

use super::arrow_columns::{ArrowBatch, ArrowColumn, ArrowType, TimestampUnit};
use crate::column::{Column, Plain};
use crate::error::{Error, with_room};

/// Bit `i` of a bitmap, least significant first.
fn bit(bitmap: &[u8], i: usize) -> bool {
    bitmap[i / 8] >> (i % 8) & 1 == 1
}

/// Bits set among `len` bits from `start` on.
pub(super) fn ones(bitmap: &[u8], start: usize, len: usize) -> usize {
    let head = ((8 - start % 8) % 8).min(len);
    let whole = (len - head) / 8;
    let at = (start + head) / 8;
    let count = |range: std::ops::Range<usize>| range.filter(|&i| bit(bitmap, i)).count();
    // In blocks that fit 32 bits, which the compiler counts in vectors.
    let inner = bitmap[at..at + whole].chunks(1 << 16);
    let inner: usize = inner.map(|block| block.iter().map(|byte| byte.count_ones()).sum::<u32>() as usize).sum();
    count(start..start + head) + inner + count(start + head + 8 * whole..start + len)
}

/// How many bytes `rows` rows of a type take up; none for a type whose buffers are unknown.
pub(super) fn bytes_for(kind: &ArrowType, rows: usize) -> Option<usize> {
    Some(match kind {
        ArrowType::Bool => rows.div_ceil(8),
        ArrowType::Date32 | ArrowType::Float32 => rows.checked_mul(4)?,
        ArrowType::Int { bits, .. } => rows.checked_mul(usize::from(*bits) / 8)?,
        ArrowType::Timestamp(..) | ArrowType::Date64 | ArrowType::Float64 => rows.checked_mul(8)?,
        ArrowType::Other(_) => 0,
    })
}

/// Whether the buffers of a column hold as many rows as the batch says.
pub(super) fn holds(column: &ArrowColumn, kind: &ArrowType, len: usize) -> Result<(), String> {
    if len == 0 {
        return Ok(());
    }
    let end = column.offset.checked_add(len);
    let values = end.and_then(|end| bytes_for(kind, end));
    if values.is_none_or(|needed| column.values.len() < needed) {
        let (offset, there) = (column.offset, column.values.len());
        return Err(format!("{len} rows from {offset} on do not fit its {there} bytes of values"));
    }
    let Some(validity) = &column.validity else {
        return match column.null_count {
            None | Some(0) => Ok(()),
            Some(nulls) => Err(format!("{nulls} nulls without a validity bitmap")),
        };
    };
    if end.is_none_or(|end| validity.len() < end.div_ceil(8)) {
        let (offset, there) = (column.offset, validity.len());
        return Err(format!("{len} rows from {offset} on do not fit its validity bitmap of {there} bytes"));
    }
    match column.null_count {
        Some(nulls) if nulls > len => Err(format!("{nulls} nulls in {len} rows")),
        _ => Ok(()),
    }
}

/// The nulls of a column in one batch: counted, unless the producer's count is to be trusted.
pub(super) fn nulls(column: &ArrowColumn, len: usize, trust: bool) -> Result<usize, String> {
    match (&column.validity, column.null_count) {
        (None, _) => Ok(0),
        (Some(_), Some(count)) if trust => Ok(count),
        (Some(validity), claimed) => {
            let counted = if len == 0 { 0 } else { len - ones(validity, column.offset, len) };
            match claimed {
                Some(count) if count != counted => Err(format!("{count} nulls announced, {counted} found")),
                _ => Ok(counted),
            }
        }
    }
}

/// One column over all batches.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a ArrowType,
    pub(super) parts: Vec<Part<'a>>,
}

/// One column in one batch.
pub(super) struct Part<'a> {
    pub(super) column: &'a ArrowColumn,
    pub(super) len: usize,
    pub(super) nulls: usize,
}

impl Part<'_> {
    fn is_null(&self, i: usize) -> bool {
        self.nulls > 0 && self.column.validity.as_ref().is_some_and(|bits| !bit(bits, self.column.offset + i))
    }
}

impl<'a> Source<'a> {
    /// The column at `position` of every batch that has rows, its nulls counted.
    pub(super) fn new(
        name: &'a str,
        kind: &'a ArrowType,
        position: usize,
        batches: &'a [ArrowBatch],
        trust: bool,
    ) -> Result<Self, Error> {
        let mut parts = Vec::with_capacity(batches.len());
        for (number, batch) in batches.iter().enumerate() {
            let located = |what: &str| damaged(number, name, what);
            let column = batch.columns.get(position).and_then(Option::as_ref);
            let column = column.ok_or_else(|| located("its buffers are missing"))?;
            let nulls = nulls(column, batch.len, trust).map_err(|what| located(&what))?;
            if batch.len > 0 {
                parts.push(Part { column, len: batch.len, nulls });
            }
        }
        Ok(Self { name, kind, parts })
    }

    fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.len).sum()
    }

    pub(super) fn is_all_null(&self) -> bool {
        self.rows() > 0 && self.parts.iter().all(|part| part.nulls == part.len)
    }

    /// The column itself, if it is one batch of aligned values of eight bytes without nulls.
    fn shared<T: Plain>(&self) -> Option<Column<T>> {
        let [part] = self.parts.as_slice() else { return None };
        if part.nulls > 0 || size_of::<T>() != 8 {
            return None;
        }
        part.column.values.part(part.column.offset.checked_mul(8)?, part.len.checked_mul(8)?)?.cast()
    }
}

/// A refusal of damaged buffers.
pub(super) fn damaged(batch: usize, column: &str, what: &str) -> Error {
    Error::DeserializationFailed(format!("batch {batch}, column {column}: {what}"))
}

/// The rows a `valid` column calls missing bars.
#[derive(Default)]
pub(super) struct Missing {
    /// A bit per row of the table, 1 for missing; empty where none is.
    bitmap: Vec<u8>,
    count: usize,
}

impl Missing {
    pub(super) fn new(valid: &Source) -> Result<Self, Error> {
        let rows = valid.rows();
        let set: usize = valid.parts.iter().map(|part| ones(&part.column.values, part.column.offset, part.len)).sum();
        if set == rows && valid.parts.iter().all(|part| part.nulls == 0) {
            return Ok(Self::default());
        }
        let mut bitmap = with_room(rows.div_ceil(8), "the missing rows")?;
        bitmap.resize(rows.div_ceil(8), 0_u8);
        let (mut row, mut count) = (0, 0);
        for part in &valid.parts {
            for i in 0..part.len {
                // A null is refused elsewhere; it makes no row missing.
                let missing = !bit(&part.column.values, part.column.offset + i) && !part.is_null(i);
                bitmap[row / 8] |= u8::from(missing) << (row % 8);
                count += usize::from(missing);
                row += 1;
            }
        }
        Ok(if count == 0 { Self::default() } else { Self { bitmap, count } })
    }

    fn contains(&self, row: usize) -> bool {
        self.count > 0 && bit(&self.bitmap, row)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The row of the table that became row `kept` once the missing ones were left out.
    pub(super) fn original(&self, kept: usize) -> usize {
        if self.is_empty() {
            return kept;
        }
        (0..8 * self.bitmap.len()).filter(|&row| !self.contains(row)).nth(kept).unwrap_or(kept)
    }
}

/// The first refusal of a column's values.
pub(super) struct Fault {
    pub(super) row: usize,
    pub(super) error: Error,
}

/// What becomes of a row that is there, but whose value is not.
#[derive(Clone, Copy)]
pub(super) enum Instead<T> {
    /// This value stands for it.
    Value(T),
    /// The row is left out.
    Nothing,
    /// The value is taken as it is.
    Itself,
}

/// How to read a column: what a null becomes (none: it is refused with this hint), and what a missing row becomes.
pub(super) struct Rules<'a, T> {
    pub(super) null: Result<T, &'static str>,
    pub(super) missing: &'a Missing,
    pub(super) instead: Instead<T>,
}

/// A value as it lies in a buffer.
trait Raw: Copy {
    const WIDTH: usize;
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! raw {
    ($($kind:ty)*) => {$(
        impl Raw for $kind {
            const WIDTH: usize = size_of::<Self>();
            #[inline]
            fn read(bytes: &[u8]) -> Self {
                Self::from_ne_bytes(bytes.try_into().unwrap_or_default())
            }
        }
    )*};
}
raw!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

/// Reads a column value by value; `convert` says why a value is refused.
fn convert<R: Raw, T: Copy + Send + Sync + 'static>(
    source: &Source,
    rules: &Rules<T>,
    convert: impl Fn(R) -> Result<T, Error>,
) -> Result<Column<T>, Fault> {
    let mut values = with_room(source.rows(), "a column").map_err(|error| Fault { row: 0, error })?;
    let mut first = 0;
    for part in &source.parts {
        let start = part.column.offset * R::WIDTH;
        let bytes = &part.column.values[start..start + part.len * R::WIDTH];
        for (i, raw) in bytes.chunks_exact(R::WIDTH).enumerate() {
            let row = first + i;
            let fault = |error| Fault { row, error };
            if rules.missing.contains(row) {
                match rules.instead {
                    Instead::Nothing => continue,
                    Instead::Itself => {}
                    Instead::Value(value) => {
                        values.push(value);
                        continue;
                    }
                }
            }
            values.push(if part.is_null(i) {
                rules.null.map_err(|hint| {
                    fault(Error::ConstraintViolation(format!("row {row}: {} is null{hint}", source.name)))
                })?
            } else {
                convert(R::read(raw)).map_err(|error| fault(in_row(row, source.name, error)))?
            });
        }
        first += part.len;
    }
    if values.len() < values.capacity() {
        values.shrink_to_fit();
    }
    Ok(values.into())
}

/// Puts row and column in front of what is wrong with a value.
fn in_row(row: usize, name: &str, error: Error) -> Error {
    match error {
        Error::InvalidFormat(what) => Error::InvalidFormat(format!("row {row}: {name} {what}")),
        Error::TypeMismatch(what) => Error::TypeMismatch(format!("row {row}: {name} {what}")),
        other => other,
    }
}

/// A column as it is, where nothing needs to be changed.
fn as_it_is<T: Plain>(source: &Source, missing: &Missing) -> Option<Column<T>> {
    if missing.is_empty() { source.shared() } else { None }
}

/// A column of times, as microseconds. Its type must be one that [`is_time`] knows.
pub(super) fn times(source: &Source, rules: &Rules<i64>) -> Result<Column<i64>, Fault> {
    const DAY: i64 = 86_400_000_000;
    let outside =
        |value: i64, unit: &str| Error::InvalidFormat(format!("{value} {unit} is outside int64 microseconds"));
    let scaled = |value: i64, unit: &str, by: i64| value.checked_mul(by).ok_or_else(|| outside(value, unit));
    match source.kind {
        ArrowType::Timestamp(TimestampUnit::Second, _) => convert(source, rules, |v: i64| scaled(v, "s", 1_000_000)),
        ArrowType::Timestamp(TimestampUnit::Millisecond, _) | ArrowType::Date64 => {
            convert(source, rules, |v: i64| scaled(v, "ms", 1000))
        }
        ArrowType::Timestamp(TimestampUnit::Nanosecond, _) => convert(source, rules, |v: i64| {
            let whole = (v % 1000 == 0).then_some(v / 1000);
            whole.ok_or_else(|| Error::InvalidFormat(format!("{v} ns is finer than a microsecond")))
        }),
        ArrowType::Date32 => convert(source, rules, |v: i32| scaled(v.into(), "days", DAY)),
        _ => match as_it_is(source, rules.missing) {
            Some(shared) => Ok(shared),
            None => convert(source, rules, Ok::<i64, Error>),
        },
    }
}

/// Whether [`times`] can read a type.
pub(super) const fn is_time(kind: &ArrowType) -> bool {
    matches!(
        kind,
        ArrowType::Timestamp(..) | ArrowType::Date32 | ArrowType::Date64 | ArrowType::Int { bits: 64, signed: true }
    )
}

/// A column of numbers, as float64. Its type must be one that [`is_number`] knows.
pub(super) fn numbers(source: &Source, rules: &Rules<f64>) -> Result<Column<f64>, Fault> {
    match source.kind {
        ArrowType::Float32 => convert(source, rules, |v: f32| Ok(v.into())),
        ArrowType::Int { bits: 8, signed: true } => convert(source, rules, |v: i8| Ok(v.into())),
        ArrowType::Int { bits: 16, signed: true } => convert(source, rules, |v: i16| Ok(v.into())),
        ArrowType::Int { bits: 32, signed: true } => convert(source, rules, |v: i32| Ok(v.into())),
        ArrowType::Int { bits: 8, signed: false } => convert(source, rules, |v: u8| Ok(v.into())),
        ArrowType::Int { bits: 16, signed: false } => convert(source, rules, |v: u16| Ok(v.into())),
        ArrowType::Int { bits: 32, signed: false } => convert(source, rules, |v: u32| Ok(v.into())),
        ArrowType::Int { signed: true, .. } => convert(source, rules, |v: i64| widened(v.unsigned_abs(), v)),
        ArrowType::Int { signed: false, .. } => convert(source, rules, |v: u64| widened(v, v)),
        _ => match as_it_is(source, rules.missing) {
            Some(shared) => Ok(shared),
            None => convert(source, rules, Ok::<f64, Error>),
        },
    }
}

/// Whether [`numbers`] can read a type.
pub(super) const fn is_number(kind: &ArrowType) -> bool {
    matches!(kind, ArrowType::Float64 | ArrowType::Float32 | ArrowType::Int { bits: 8 | 16 | 32 | 64, .. })
}

/// An integer as a float64 that equals it.
fn widened<V: Into<i128>>(magnitude: u64, value: V) -> Result<f64, Error> {
    const EXACT: u64 = 1 << 53;
    let value: i128 = value.into();
    if magnitude > EXACT {
        return Err(Error::TypeMismatch(format!("{value} lies beyond 2^53, where float64 skips integers")));
    }
    #[expect(clippy::cast_precision_loss, reason = "no more than 53 bits, as checked")]
    Ok(value as f64)
}

/// The first null of a column that may not have any.
pub(super) fn refuse_nulls(source: &Source) -> Result<(), Fault> {
    let mut first = 0;
    for part in &source.parts {
        if let Some(i) = first_null(part.column, part.len).filter(|_| part.nulls > 0) {
            let row = first + i;
            let error = Error::ConstraintViolation(format!("row {row}: {} is null", source.name));
            return Err(Fault { row, error });
        }
        first += part.len;
    }
    Ok(())
}

/// The first null of a column in one batch.
pub(super) fn first_null(column: &ArrowColumn, len: usize) -> Option<usize> {
    let validity = column.validity.as_ref()?;
    (0..len).find(|&i| !bit(validity, column.offset + i))
}
