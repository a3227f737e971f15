//! Candles from CSV files: which column is which, what a stamp or a number may look like, and exact blame.
//!
//! The csv crate splits records; this file reads cells. Numbers are rounded correctly, times are never
//! cut off, and every refusal names its line.

use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use super::time_unit::{TimeUnit, refuse_wrong_unit};
use super::timestamp;
use crate::candle::Field;
use crate::column::Column;
use crate::error::{Error, with_room};
use crate::series::{CandleSeries, Columns, SeriesOptions};

/// A series from the CSV file at `path`; integer stamps are read in `unit`. O(size of the file).
///
/// Columns are found by header without regard to case: `timestamp`, `time`, `datetime`, `date`,
/// `UTC time` or an unnamed first column; `open`, `high`, `low`, `close`; `volume` if there is one.
///
/// # Errors
/// [`Error::Io`]; [`Error::SchemaViolation`] on missing or repeated columns; [`Error::InvalidFormat`]
/// naming line and text of a bad cell; what [`CandleSeries::new`] refuses.
pub fn read_csv(path: impl AsRef<Path>, unit: TimeUnit, options: SeriesOptions) -> Result<CandleSeries, Error> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|error| Error::io(path, &error))?;
    parse_csv(&bytes, unit, options)
}

/// Where each of our columns stands in a record.
struct Header {
    width: usize,
    time: usize,
    /// In the order of `Field::ALL`.
    fields: [Option<usize>; 5],
}

const TIME_NAMES: [&str; 5] = ["timestamp", "time", "datetime", "date", "utc time"];

impl Header {
    fn new(records: &Records) -> Result<Self, Error> {
        let name = |i| String::from_utf8_lossy(records.cell(i)).to_ascii_lowercase();
        let names: Vec<String> = (0..records.record.len()).map(name).collect();
        let only = |what: &str, positions: &[usize]| match positions {
            [] => Ok(None),
            [position] => Ok(Some(*position)),
            several => {
                let twice: Vec<&str> = several.iter().map(|&i| names[i].as_str()).collect();
                Err(Error::SchemaViolation(format!("more than one {what} column: {}", twice.join(", "))))
            }
        };
        let missing =
            |what: &str| Error::SchemaViolation(format!("no {what} column among the headers: {}", names.join(", ")));
        let all = |name: &str| -> Vec<usize> { (0..names.len()).filter(|&i| names[i] == name).collect() };
        let times: Vec<usize> = (0..names.len()).filter(|&i| TIME_NAMES.contains(&names[i].as_str())).collect();
        let index = names.first().is_some_and(String::is_empty).then_some(0);
        let time = only("time", &times)?.or(index).ok_or_else(|| missing("time"))?;
        let mut fields = [None; 5];
        for field in Field::ALL {
            let position = only(field.name(), &all(field.name()))?;
            if position.is_none() && field != Field::Volume {
                return Err(missing(field.name()));
            }
            fields[field as usize] = position;
        }
        Ok(Self { width: names.len(), time, fields })
    }
}

/// What the first row says the time column holds.
#[derive(Clone, Copy, PartialEq)]
enum Stamps {
    Integers,
    Text,
}

fn parse_csv(bytes: &[u8], unit: TimeUnit, options: SeriesOptions) -> Result<CandleSeries, Error> {
    let mut records = Records::new(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    if !records.next()? {
        return Err(Error::EmptyInput("the file is empty: no header line".to_owned()));
    }
    let header = Header::new(&records)?;
    // No file has more rows than lines, the last of which may lack its end.
    let rows = line_breaks(bytes) + 1;
    let mut timestamp: Vec<i64> = with_room(rows, "a column")?;
    let mut fields: [Vec<f64>; 5] = Default::default();
    for (values, column) in fields.iter_mut().zip(header.fields) {
        *values = with_room(if column.is_some() { rows } else { 0 }, "a column")?;
    }
    let (mut stamps, mut last_integer) = (Stamps::Text, 0);
    while records.next()? {
        if records.record.len() != header.width {
            let what = format!("{} fields where the header has {}", records.record.len(), header.width);
            return Err(records.blame(&what));
        }
        let cell = records.cell(header.time);
        let integer = parse_integer(cell);
        if timestamp.is_empty() && integer.is_some() {
            stamps = Stamps::Integers;
        }
        let stamp = match (stamps, integer) {
            (Stamps::Integers, Some(number)) => number.and_then(|number| {
                last_integer = number;
                unit.to_microseconds(number)
            }),
            (Stamps::Integers, None) => Err("the rows before hold integer stamps"),
            (Stamps::Text, _) => timestamp::parse(cell),
        };
        match stamp {
            Ok(stamp) => timestamp.push(stamp),
            Err(what) => return Err(records.blame(&format!("timestamp {:?}: {what}", String::from_utf8_lossy(cell)))),
        }
        for field in Field::ALL {
            let Some(column) = header.fields[field as usize] else { continue };
            let cell = records.cell(column);
            let Some(value) = parse_number(cell) else {
                let text = String::from_utf8_lossy(cell);
                return Err(records.blame(&format!("{} {text:?} is not a number", field.name())));
            };
            fields[field as usize].push(value);
        }
    }
    if stamps == Stamps::Integers {
        refuse_wrong_unit(&timestamp, last_integer, unit, |unit| format!("they are likely meant with unit={unit}"))?;
    }
    let has_volume = header.fields[Field::Volume as usize].is_some();
    let [open, high, low, close, volume] = fields.map(shrunk);
    let timestamp = shrunk(timestamp);
    CandleSeries::new(Columns { timestamp, open, high, low, close, volume: has_volume.then_some(volume) }, options)
}

/// Without the spare capacity a guess at the number of rows may leave.
fn shrunk<T: Send + Sync + 'static>(mut values: Vec<T>) -> Column<T> {
    values.shrink_to_fit();
    values.into()
}

/// The records of a file, one at a time, as the csv crate splits them: at LF alone, so that a lone CR is text.
struct Records<'a> {
    bytes: &'a [u8],
    reader: Reader<&'a [u8]>,
    record: ByteRecord,
}

impl<'a> Records<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).terminator(Terminator::Any(b'\n'));
        Self { bytes, reader: builder.from_reader(bytes), record: ByteRecord::new() }
    }

    /// Goes to the next record that is not an empty line; false at the end.
    fn next(&mut self) -> Result<bool, Error> {
        loop {
            let found = self.reader.read_byte_record(&mut self.record);
            if !found.map_err(|error| Error::InvalidFormat(error.to_string()))? {
                return Ok(false);
            }
            let end = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
            if end >= self.bytes.len() && ends_inside_quotes(&self.bytes[self.start()..]) {
                // The rest of the file would pass for one cell, and nothing else would tell that rows are missing.
                return Err(self.blame("a quote is never closed"));
            }
            let empty = self.record.len() == 1 && &self.record[0] == b"\r" && self.bytes[self.start()] == b'\r';
            if !empty {
                return Ok(true);
            }
        }
    }

    /// Field `i` without the blanks around it, and without the CR that ends a line in some files.
    fn cell(&self, i: usize) -> &[u8] {
        let cell = &self.record[i];
        let last = i + 1 == self.record.len();
        trim(if last { cell.strip_suffix(b"\r").unwrap_or(cell) } else { cell })
    }

    /// Where this record starts: after the empty lines that the reader skipped.
    fn start(&self) -> usize {
        let from = self.record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        let from = from.min(self.bytes.len());
        from + self.bytes[from..].iter().take_while(|byte| **byte == b'\n').count()
    }

    /// A refusal that names the 1-based line this record starts on.
    fn blame(&self, what: &str) -> Error {
        Error::InvalidFormat(format!("line {}: {what}", 1 + line_breaks(&self.bytes[..self.start()])))
    }
}

#[expect(clippy::naive_bytecount, reason = "at most twice per file, and the compiler counts in vectors")]
fn line_breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}

/// Whether the quotes of these records are left open.
fn ends_inside_quotes(bytes: &[u8]) -> bool {
    let (mut inside, mut at_start) = (false, true);
    for &byte in bytes {
        if byte == b'"' && (inside || at_start) {
            inside = !inside;
            // A second quote right after a closing one stands for a quote and opens again.
            at_start = !inside;
        } else if !inside {
            at_start = matches!(byte, b',' | b'\n');
        }
    }
    inside
}

fn trim(cell: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(first) = cell.iter().position(|byte| !blank(byte)) else { return &[] };
    let last = cell.iter().rposition(|byte| !blank(byte)).unwrap_or(first);
    &cell[first..=last]
}

/// None unless the cell is an optional sign and digits; an error if they do not fit an int64.
fn parse_integer(cell: &[u8]) -> Option<Result<i64, &'static str>> {
    let digits = cell.strip_prefix(b"-").or_else(|| cell.strip_prefix(b"+")).unwrap_or(cell);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok()).ok_or("outside int64"))
}

/// Correctly rounded; an empty cell is missing.
fn parse_number(cell: &[u8]) -> Option<f64> {
    if cell.is_empty() {
        return Some(f64::NAN);
    }
    std::str::from_utf8(cell).ok()?.parse().ok()
}
