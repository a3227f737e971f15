//! From Arrow columns, wherever they lie, to the columns of a series.
//!
//! The IPC reader and the C Data Interface both describe what they found as an [`ArrowTable`]; this file picks
//! the time, the prices and the volume, and shares or converts them. It knows neither files nor foreign structs
//! and trusts nothing but the lengths of the byte columns it is given.

use std::collections::BTreeMap;

use crate::candle::PriceType;
use crate::column::Column;
use crate::series::Check;
use crate::timeframe::Timeframe;

/// What a reader is told beside the data. What is absent is taken from the table's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArrowOptions {
    /// The instrument.
    pub symbol: Option<String>,
    /// How long each candle lasts.
    pub timeframe: Option<Timeframe>,
    /// The side of the market.
    pub price_type: Option<PriceType>,
    /// How much is checked; by default everything, of a mapped file the order.
    pub check: Option<Check>,
    /// Whether prices may be missing.
    pub allow_missing: bool,
    /// Whether the schema must be one of ours to the letter.
    pub strict: bool,
}

/// The unit of a timestamp column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimestampUnit {
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

/// A type, as far as this library tells them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArrowType {
    /// Its zone, if it has one: any zone, for the values count from 1970-01-01 UTC.
    Timestamp(TimestampUnit, Option<String>),
    /// Days.
    Date32,
    /// Milliseconds.
    Date64,
    Float32,
    Float64,
    Int {
        bits: u8,
        signed: bool,
    },
    Bool,
    /// Any other, by its name for people.
    Other(String),
}

/// The description of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArrowField {
    pub(super) name: String,
    pub(super) kind: ArrowType,
    pub(super) nullable: bool,
}

/// The buffers of one column in one batch. `values` and `validity` end where their memory ends.
#[derive(Debug, Clone)]
pub(super) struct ArrowColumn {
    /// The values' bytes; for `Bool` a bitmap.
    pub(super) values: Column<u8>,
    /// A bit per row, least significant first, 1 for present; none where nothing is null.
    pub(super) validity: Option<Column<u8>>,
    /// Where the first row is, in rows; of the bitmaps, too.
    pub(super) offset: usize,
    /// As the producer says; none where it did not count.
    pub(super) null_count: Option<usize>,
}

/// Some consecutive rows.
#[derive(Debug, Clone)]
pub(super) struct ArrowBatch {
    pub(super) len: usize,
    /// One for each field; none where the type is `Other`.
    pub(super) columns: Vec<Option<ArrowColumn>>,
}

/// A table as it was found.
#[derive(Debug, Clone)]
pub(super) struct ArrowTable {
    pub(super) fields: Vec<ArrowField>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) batches: Vec<ArrowBatch>,
}
