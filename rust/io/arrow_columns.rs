//! From Arrow columns, wherever they lie, to the columns of a series.
//!
//! The IPC reader and the C Data Interface both describe what they found as an [`ArrowTable`]; this file picks
//! the time, the prices and the volume, and shares or converts them. It knows neither files nor foreign structs
//! and trusts nothing but the lengths of the byte columns it is given.

use std::collections::BTreeMap;
use std::fmt;

use super::arrow_values::{
    Fault, Instead, Missing, Rules, Source, damaged, holds, is_number, is_time, numbers, refuse_nulls, times,
};
use super::schema::{self, METADATA_KEYS, SYMBOL_SLICE, Schema};
use super::time_unit::{TimeUnit, refuse_wrong_unit};
use crate::candle::{Field, PriceType};
use crate::column::Column;
use crate::error::Error;
use crate::series::{CandleSeries, Check, Columns, SeriesOptions};
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

impl fmt::Display for ArrowType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timestamp(unit, zone) => {
                let unit = match unit {
                    TimestampUnit::Second => "s",
                    TimestampUnit::Millisecond => "ms",
                    TimestampUnit::Microsecond => "us",
                    TimestampUnit::Nanosecond => "ns",
                };
                match zone {
                    Some(zone) => write!(f, "timestamp[{unit}, {zone}]"),
                    None => write!(f, "timestamp[{unit}]"),
                }
            }
            Self::Date32 => f.write_str("date32"),
            Self::Date64 => f.write_str("date64"),
            Self::Float32 => f.write_str("float32"),
            Self::Float64 => f.write_str("float64"),
            Self::Int { bits, signed } => write!(f, "{}int{bits}", if *signed { "" } else { "u" }),
            Self::Bool => f.write_str("bool"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// Names that make a column the time, in lower case.
const TIME_NAMES: [&str; 5] = ["timestamp", "time", "datetime", "date", "utc time"];
/// What pandas calls an index without a name.
const PANDAS_INDEX: &str = "__index_level_0__";

/// Which column is which.
struct Roles {
    time: usize,
    /// In the order of `Field::ALL`.
    fields: [Option<usize>; 5],
    valid: Option<usize>,
}

impl ArrowTable {
    /// The series this table holds; columns that are ours already are shared.
    ///
    /// # Errors
    /// In this order: buffers that do not hold their rows ([`Error::DeserializationFailed`]), the schema
    /// ([`Error::SchemaViolation`]), the identity ([`Error::InvalidArgument`], [`Error::InvalidFormat`]), the values
    /// (the first row; in one row the first column), then what [`CandleSeries::new`] refuses. Rows are the table's.
    pub(super) fn into_series(self, options: &ArrowOptions, default_check: Check) -> Result<CandleSeries, Error> {
        self.into_series_after(options, default_check, |_| Ok(()))
    }

    /// As [`ArrowTable::into_series`], with one more check before any value is looked at.
    pub(super) fn into_series_after(
        self,
        options: &ArrowOptions,
        default_check: Check,
        first: impl FnOnce(&SeriesOptions) -> Result<(), Error>,
    ) -> Result<CandleSeries, Error> {
        self.check_buffers()?;
        let roles = self.roles(options.strict)?;
        let options = self.identity(options, default_check)?;
        first(&options)?;
        self.series(&roles, options)
    }

    fn check_buffers(&self) -> Result<(), Error> {
        for (number, batch) in self.batches.iter().enumerate() {
            for (field, column) in self.fields.iter().zip(&batch.columns) {
                if let Some(column) = column {
                    holds(column, &field.kind, batch.len).map_err(|what| damaged(number, &field.name, &what))?;
                }
            }
        }
        Ok(())
    }

    fn roles(&self, strict: bool) -> Result<Roles, Error> {
        if strict {
            self.check_strictly()?;
        }
        self.check_version()?;
        let roles = Roles {
            time: self.time()?,
            fields: [
                Some(self.price(Field::Open)?),
                Some(self.price(Field::High)?),
                Some(self.price(Field::Low)?),
                Some(self.price(Field::Close)?),
                self.number(Field::Volume)?,
            ],
            valid: self.only("valid", |field| is_named(field, &["valid"]) && field.kind == ArrowType::Bool)?,
        };
        Ok(roles)
    }

    /// Whether the table is, to the letter, one of ours.
    fn check_strictly(&self) -> Result<(), Error> {
        let differs = |what: String| Error::SchemaViolation(format!("strict: {what}"));
        if let Some(key) = METADATA_KEYS.iter().find(|key| !self.metadata.contains_key(**key)) {
            return Err(differs(format!("the metadata lack {key}")));
        }
        let registered: &Schema = schema::schema(&self.metadata["schema_name"], &self.metadata["schema_version"])?;
        let described = |name: &str, kind: &str, nullable: bool| {
            format!("{name} {kind} {}", if nullable { "nullable" } else { "not null" })
        };
        for (i, wanted) in registered.fields.iter().enumerate() {
            let wanted = described(wanted.name, wanted.kind, wanted.nullable);
            let Some(ArrowField { name, kind, nullable }) = self.fields.get(i) else {
                return Err(differs(format!("column {i} is missing: {wanted}")));
            };
            let found = described(name, &kind.to_string(), *nullable);
            if found != wanted {
                return Err(differs(format!("column {i} is {found}, not {wanted}")));
            }
        }
        if let Some(extra) = self.fields.get(registered.fields.len()) {
            return Err(differs(format!("column {} is one too many: {}", registered.fields.len(), extra.name)));
        }
        match self.metadata.keys().find(|key| !METADATA_KEYS.contains(&key.as_str())) {
            Some(key) => Err(differs(format!("the metadata have {key}, too"))),
            None => Ok(()),
        }
    }

    /// A later major version of what we write may mean something else.
    fn check_version(&self) -> Result<(), Error> {
        let is_ours = self.metadata.get("schema_name").is_some_and(|name| name == SYMBOL_SLICE.name);
        let version = self.metadata.get("schema_version").filter(|_| is_ours);
        match version {
            Some(version) if version.split('.').next() != Some("1") => {
                let Schema { name, version: known, .. } = SYMBOL_SLICE;
                Err(Error::SchemaViolation(format!("{name} {version} is of another major version than {known}")))
            }
            _ => Ok(()),
        }
    }

    /// The one column that `fits`; none if none does.
    fn only(&self, what: &str, fits: impl Fn(&ArrowField) -> bool) -> Result<Option<usize>, Error> {
        let found: Vec<usize> = (0..self.fields.len()).filter(|&i| fits(&self.fields[i])).collect();
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => {
                let names: Vec<&str> = several.iter().map(|&i| self.fields[i].name.as_str()).collect();
                Err(Error::SchemaViolation(format!("more than one {what} column: {}", names.join(", "))))
            }
        }
    }

    fn missing(&self, what: &str) -> Error {
        let there: Vec<String> = self.fields.iter().map(|field| format!("{} {}", field.name, field.kind)).collect();
        Error::SchemaViolation(format!("no {what} column among the {}: {}", there.len(), there.join(", ")))
    }

    fn wrong_type(&self, at: usize, wanted: &str) -> Error {
        let ArrowField { name, kind, .. } = &self.fields[at];
        Error::SchemaViolation(format!("column {name} is {kind}, not {wanted}"))
    }

    /// Which column is the time.
    pub(super) fn time(&self) -> Result<usize, Error> {
        if let Some(named) = self.only("time", |field| is_named(field, &TIME_NAMES))? {
            let fits = is_time(&self.fields[named].kind);
            return if fits { Ok(named) } else { Err(self.wrong_type(named, "a timestamp, a date or int64")) };
        }
        // An integer index counts rows.
        let is_index = |field: &ArrowField| {
            field.name == PANDAS_INDEX && is_time(&field.kind) && !matches!(field.kind, ArrowType::Int { .. })
        };
        if let Some(index) = self.only("time", is_index)? {
            return Ok(index);
        }
        let is_timestamp = |at: &usize| matches!(self.fields[*at].kind, ArrowType::Timestamp(..));
        let mut timestamps = (0..self.fields.len()).filter(is_timestamp);
        match (timestamps.next(), timestamps.next()) {
            (Some(lone), None) => Ok(lone),
            (None, _) => Err(self.missing("time")),
            (Some(_), Some(_)) => Err(self.missing("column named as the time, and more than one timestamp")),
        }
    }

    fn number(&self, field: Field) -> Result<Option<usize>, Error> {
        let found = self.only(field.name(), |candidate| is_named(candidate, &[field.name()]))?;
        match found {
            Some(at) if !is_number(&self.fields[at].kind) => Err(self.wrong_type(at, "a float64, float32 or integer")),
            other => Ok(other),
        }
    }

    fn price(&self, field: Field) -> Result<usize, Error> {
        self.number(field)?.ok_or_else(|| self.missing(field.name()))
    }

    /// Arguments, else metadata.
    fn identity(&self, options: &ArrowOptions, default_check: Check) -> Result<SeriesOptions, Error> {
        let left_open = [
            ("timeframe", options.timeframe.is_none() && !self.metadata.contains_key("timeframe")),
            ("price_type", options.price_type.is_none() && !self.metadata.contains_key("price_type")),
        ];
        let absent: Vec<&str> = left_open.iter().filter(|(_, open)| *open).map(|(what, _)| *what).collect();
        let absent = || {
            let (what, given) = (absent.join(" and no "), absent.join("= and "));
            Error::InvalidArgument(format!("no {what}: give {given}=, or data whose schema metadata have it"))
        };
        let bad = |key: &str, value: &str, why: &dyn fmt::Display| {
            Error::InvalidFormat(format!("metadata {key} = {value:?}: {why}"))
        };
        let symbol = match (&options.symbol, self.metadata.get("symbol")) {
            (Some(symbol), _) => symbol.clone(),
            // No C string could hold it.
            (None, Some(symbol)) if symbol.contains('\0') => return Err(bad("symbol", symbol, &"it holds a NUL")),
            (None, symbol) => symbol.cloned().unwrap_or_default(),
        };
        let timeframe = match (options.timeframe, self.metadata.get("timeframe")) {
            (Some(timeframe), _) => timeframe,
            (None, Some(text)) => text.parse().map_err(|error: Error| bad("timeframe", text, &error))?,
            (None, None) => return Err(absent()),
        };
        let price_type = match (options.price_type, self.metadata.get("price_type")) {
            (Some(price_type), _) => price_type,
            (None, Some(text)) => text.parse().map_err(|error: Error| bad("price_type", text, &error))?,
            (None, None) => return Err(absent()),
        };
        let check = options.check.unwrap_or(default_check);
        Ok(SeriesOptions { symbol, timeframe, price_type, check, allow_missing: options.allow_missing })
    }

    fn series(&self, roles: &Roles, options: SeriesOptions) -> Result<CandleSeries, Error> {
        // Only a full check is worth a look at every bitmap.
        let trust = options.check != Check::Full;
        let source = |position: usize| {
            let ArrowField { name, kind, .. } = &self.fields[position];
            Source::new(name, kind, position, &self.batches, trust)
        };
        let time = source(roles.time)?;
        let mut fields = Vec::with_capacity(5);
        for position in roles.fields {
            fields.push(position.map(source).transpose()?);
        }
        // Nothing but nulls is no volume; of no rows there is nothing to say.
        let volume = &mut fields[Field::Volume as usize];
        volume.take_if(|volume| volume.is_all_null());
        let valid = roles.valid.map(source).transpose()?;
        let missing = valid.as_ref().map(Missing::new).transpose()?.unwrap_or_default();

        let stays = options.allow_missing;
        let refuse_time = Rules { null: Err(""), missing: &missing, instead: leave(stays, Instead::Itself) };
        let mut faults = Vec::new();
        if let Some(Err(fault)) = valid.as_ref().map(refuse_nulls) {
            faults.push(fault);
        }
        let timestamp = kept(times(&time, &refuse_time), &mut faults);
        let mut columns: [Option<Column<f64>>; 5] = Default::default();
        for field in Field::ALL {
            let Some(source) = &fields[field as usize] else { continue };
            let may_be_null = stays || field == Field::Volume;
            let null = if may_be_null { Ok(f64::NAN) } else { Err(" (allow_missing admits missing prices)") };
            let rules = Rules { null, missing: &missing, instead: leave(stays, Instead::Value(f64::NAN)) };
            columns[field as usize] = kept(numbers(source, &rules), &mut faults);
        }
        // The first of them in the first row: `min_by_key` keeps the earlier of equals.
        if let Some(first) = faults.into_iter().min_by_key(|fault| fault.row) {
            return Err(first.error);
        }
        let [Some(open), Some(high), Some(low), Some(close), volume] = columns else {
            return Err(self.missing("price"));
        };
        let timestamp = timestamp.ok_or_else(|| self.missing("time"))?;
        if matches!(time.kind, ArrowType::Int { .. }) {
            let cast = |unit: &str| format!("they are likely {unit}: cast the column to timestamp[{unit}]");
            let last = timestamp.last().copied();
            last.map_or(Ok(()), |last| refuse_wrong_unit(&timestamp, last, TimeUnit::Microseconds, cast))?;
        }
        let columns = Columns { timestamp, open, high, low, close, volume };
        CandleSeries::new(columns, options).map_err(|error| match error {
            Error::NotIncreasing { row, timestamp, previous } if !stays => {
                Error::NotIncreasing { row: missing.original(row), timestamp, previous }
            }
            Error::NotFinite { row, column, value } if !stays => {
                Error::NotFinite { row: missing.original(row), column, value }
            }
            other => other,
        })
    }
}

/// Whether a series may be made of it; a reader need not bring the rest.
pub(super) fn is_of_use(field: &ArrowField) -> bool {
    let named = |names: &[&str]| is_named(field, names);
    let fields = Field::ALL.map(Field::name);
    named(&TIME_NAMES)
        || named(&fields)
        || named(&["valid", PANDAS_INDEX])
        || matches!(field.kind, ArrowType::Timestamp(..))
}

fn is_named(field: &ArrowField, names: &[&str]) -> bool {
    names.iter().any(|name| field.name.eq_ignore_ascii_case(name))
}

/// A missing row is left out unless it `stays`.
fn leave<T>(stays: bool, value: Instead<T>) -> Instead<T> {
    if stays { value } else { Instead::Nothing }
}

fn kept<T>(result: Result<T, Fault>, faults: &mut Vec<Fault>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}
