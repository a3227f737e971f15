//! Laws of the way from Arrow columns to a series, on tables built by hand: any offset, any alignment, counts that
//! lie and buffers that end too soon, none of which an honest producer would write.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::arrow_columns::{
    ArrowBatch, ArrowColumn, ArrowField, ArrowOptions, ArrowTable, ArrowType, TimestampUnit as Unit,
};
use super::arrow_values::ones;
use crate::{CandleSeries, Check, Column, Error, ErrorCode, PriceType, Timeframe};

const MINUTE: i64 = 60_000_000;
const START: i64 = 1_700_000_000_000_000;

/// Bytes that start `misaligned` bytes after an address divisible by eight.
fn bytes_at(misaligned: usize, bytes: &[u8]) -> Column<u8> {
    let mut room = vec![0; bytes.len() + 16];
    let start = room.as_ptr().align_offset(8) + misaligned;
    room[start..start + bytes.len()].copy_from_slice(bytes);
    Column::from(room).part(start, bytes.len()).unwrap()
}

fn bitmap(bits: impl IntoIterator<Item = bool>) -> Column<u8> {
    let mut bytes = Vec::new();
    for (i, bit) in bits.into_iter().enumerate() {
        if i % 8 == 0 {
            bytes.push(0);
        }
        bytes[i / 8] |= u8::from(bit) << (i % 8);
    }
    bytes_at(0, &bytes)
}

fn i64s(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

fn f64s(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

fn column(bytes: &[u8]) -> ArrowColumn {
    ArrowColumn { values: bytes_at(0, bytes), validity: None, offset: 0, null_count: Some(0) }
}

/// `column` with nulls where `present` is false.
fn with_nulls(column: ArrowColumn, present: &[bool]) -> ArrowColumn {
    let nulls = present.iter().filter(|present| !**present).count();
    ArrowColumn { validity: Some(bitmap(present.iter().copied())), null_count: Some(nulls), ..column }
}

fn field(name: &str, kind: ArrowType) -> ArrowField {
    ArrowField { name: name.to_owned(), kind, nullable: true }
}

/// A table of `rows` honest candles: time and prices as ours, a volume.
fn honest(rows: usize) -> ArrowTable {
    let minutes: Vec<i64> = (0..).take(rows).map(|i| START + i * MINUTE).collect();
    let prices: Vec<f64> = (0..).take(rows).map(|i| 1.0 + f64::from(i) / 8.0).collect();
    let names = ["open", "high", "low", "close", "volume"];
    let mut fields = vec![field("timestamp", ArrowType::Timestamp(Unit::Microsecond, None))];
    fields.extend(names.map(|name| field(name, ArrowType::Float64)));
    let mut columns = vec![Some(column(&i64s(&minutes)))];
    columns.extend(names.map(|_| Some(column(&f64s(&prices)))));
    ArrowTable { fields, metadata: BTreeMap::new(), batches: vec![ArrowBatch { len: rows, columns }] }
}

fn options() -> ArrowOptions {
    ArrowOptions { timeframe: Some(Timeframe::M1), price_type: Some(PriceType::Bid), ..ArrowOptions::default() }
}

fn read(table: ArrowTable) -> Result<CandleSeries, Error> {
    table.into_series(&options(), Check::Full)
}

fn refusal(result: Result<CandleSeries, Error>) -> (ErrorCode, String) {
    let error = result.expect_err("refused");
    (error.code(), error.to_string())
}

/// That a table is refused with this code and says all these words.
#[track_caller]
fn refused(result: Result<CandleSeries, Error>, code: ErrorCode, words: &[&str]) {
    let (found, message) = refusal(result);
    assert_eq!(found, code, "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} in {message:?}");
    }
}

/// An honest table whose column `at` is another.
fn replaced(rows: usize, at: usize, kind: ArrowType, column: ArrowColumn) -> ArrowTable {
    let mut table = honest(rows);
    table.fields[at].kind = kind;
    table.batches[0].columns[at] = Some(column);
    table
}

fn bits_of(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn columns_of_our_own_types_are_shared_wherever_their_rows_start() {
    let mut table = honest(9);
    table.batches[0].len = 4;
    let mut addresses = Vec::new();
    for (i, column) in table.batches[0].columns.iter_mut().flatten().enumerate() {
        column.offset = [0, 1, 2, 3, 5, 4][i];
        addresses.push(column.values.as_ptr() as usize + 8 * column.offset);
    }
    let series = read(table).unwrap();
    let found = [
        series.timestamp().as_ptr() as usize,
        series.open().as_ptr() as usize,
        series.high().as_ptr() as usize,
        series.low().as_ptr() as usize,
        series.close().as_ptr() as usize,
        series.volume().unwrap().as_ptr() as usize,
    ];
    assert_eq!(found.as_slice(), addresses);
    assert_eq!((series.len(), series.open()[0], series.close()[3]), (4, 1.125, 2.0));
}

#[test]
fn buffers_at_any_address_give_the_same_series() {
    let aligned = read(honest(5)).unwrap();
    for misaligned in 1..8 {
        let mut table = honest(5);
        for column in table.batches[0].columns.iter_mut().flatten() {
            column.values = bytes_at(misaligned, &column.values);
        }
        let series = read(table).unwrap();
        assert_eq!(series.timestamp(), aligned.timestamp());
        assert_eq!(series.close(), aligned.close());
    }
}

#[test]
fn batches_are_joined_in_order_and_empty_ones_add_nothing() {
    let (whole, mut table) = (read(honest(7)).unwrap(), honest(7));
    let all = table.batches.remove(0);
    for (start, len) in [(0, 0), (0, 3), (3, 0), (3, 1), (4, 3)] {
        let mut part = ArrowBatch { len, ..all.clone() };
        for column in part.columns.iter_mut().flatten() {
            column.offset = start;
        }
        table.batches.push(part);
    }
    let joined = read(table).unwrap();
    assert_eq!(joined.timestamp(), whole.timestamp());
    assert_eq!(joined.volume(), whole.volume());
}

#[test]
fn a_table_without_batches_or_rows_is_an_empty_series_with_a_volume() {
    let mut none = honest(0);
    none.batches.clear();
    for table in [none, honest(0)] {
        let series = read(table).unwrap();
        assert_eq!((series.len(), series.volume()), (0, Some(&[][..])));
    }
}

#[test]
fn every_narrow_number_is_widened_to_the_float_that_equals_it() {
    macro_rules! widened {
        ($($number:ty: $kind:expr;)*) => {$(
            let values = [<$number>::MIN, <$number>::MAX, 1 as $number];
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
            let series = read(replaced(3, 5, $kind, column(&bytes))).unwrap();
            assert_eq!(series.volume().unwrap(), values.map(f64::from));
        )*};
    }
    let int = |bits, signed| ArrowType::Int { bits, signed };
    widened! {
        i8: int(8, true); i16: int(16, true); i32: int(32, true);
        u8: int(8, false); u16: int(16, false); u32: int(32, false);
        f32: ArrowType::Float32;
    }
}

#[test]
fn integers_are_exact_up_to_two_to_the_53_and_refused_beyond() {
    let edge = 1_i64 << 53;
    let signed = ArrowType::Int { bits: 64, signed: true };
    let series = read(replaced(2, 5, signed.clone(), column(&i64s(&[edge, -edge])))).unwrap();
    assert_eq!(series.volume().unwrap(), [9_007_199_254_740_992.0, -9_007_199_254_740_992.0]);
    for (value, text) in
        [(edge + 1, "9007199254740993"), (-edge - 1, "-9007199254740993"), (i64::MIN, "-9223372036854775808")]
    {
        let table = replaced(2, 3, signed.clone(), column(&i64s(&[0, value])));
        refused(read(table), ErrorCode::TypeMismatch, &["row 1", "low", text]);
    }
    let unsigned = ArrowType::Int { bits: 64, signed: false };
    refused(read(replaced(1, 5, unsigned, column(&i64s(&[-1])))), ErrorCode::TypeMismatch, &["18446744073709551615"]);
}

#[test]
fn times_of_every_unit_are_exact_microseconds() {
    let zone = Some("Europe/Zurich".to_owned());
    let cases = [
        (ArrowType::Timestamp(Unit::Second, zone.clone()), [1_700_000_000_i64, 1_700_000_060], 1_000_000),
        (ArrowType::Timestamp(Unit::Millisecond, None), [1_700_000_000_123, 1_700_000_060_000], 1000),
        (ArrowType::Timestamp(Unit::Microsecond, zone), [START, START + 1], 1),
        (ArrowType::Date64, [-86_400_000, 86_400_000], 1000),
        (ArrowType::Int { bits: 64, signed: true }, [START, START + 7], 1),
    ];
    for (kind, stamps, by) in cases {
        let series = read(replaced(2, 0, kind, column(&i64s(&stamps)))).unwrap();
        assert_eq!(series.timestamp(), stamps.map(|stamp| stamp * by));
    }
    let nanos = replaced(2, 0, ArrowType::Timestamp(Unit::Nanosecond, None), column(&i64s(&[-1000, 2000])));
    assert_eq!(read(nanos).unwrap().timestamp(), [-1, 2]);
    let days: Vec<u8> = [-1_i32, 19_000].iter().flat_map(|day| day.to_ne_bytes()).collect();
    let series = read(replaced(2, 0, ArrowType::Date32, column(&days))).unwrap();
    assert_eq!(series.timestamp(), [-86_400_000_000, 19_000 * 86_400_000_000]);
}

#[test]
fn a_time_that_microseconds_cannot_hold_is_refused_with_its_row() {
    let limit = i64::MAX / 1000;
    let fits = replaced(2, 0, ArrowType::Timestamp(Unit::Millisecond, None), column(&i64s(&[0, limit])));
    assert_eq!(read(fits).unwrap().timestamp()[1], limit * 1000);
    let cases = [
        (Unit::Nanosecond, 1_700_000_000_000_000_001, "finer than a microsecond"),
        (Unit::Nanosecond, -1, "finer than a microsecond"),
        (Unit::Millisecond, limit + 1, "outside int64 microseconds"),
        (Unit::Second, i64::MIN / 1_000_000 - 1, "outside int64 microseconds"),
    ];
    for (unit, stamp, what) in cases {
        let table = replaced(2, 0, ArrowType::Timestamp(unit, None), column(&i64s(&[0, stamp])));
        refused(read(table), ErrorCode::InvalidFormat, &["row 1", "timestamp", &stamp.to_string(), what]);
    }
    let days: Vec<u8> = i32::MAX.to_ne_bytes().into();
    refused(read(replaced(1, 0, ArrowType::Date32, column(&days))), ErrorCode::InvalidFormat, &["row 0", "2147483647"]);
}

#[test]
fn integer_stamps_wholly_before_1971_are_refused_with_the_likely_unit() {
    let int = ArrowType::Int { bits: 64, signed: true };
    for (stamps, unit) in [
        ([1_700_000_000, 1_700_000_060], "unit=us; they are likely s"),
        ([1_700_000_000_000, 1_700_000_060_000], "likely ms"),
    ] {
        refused(read(replaced(2, 0, int.clone(), column(&i64s(&stamps)))), ErrorCode::InvalidFormat, &[unit]);
    }
    // A type says what it is; and no rows are in no unit.
    read(replaced(2, 0, ArrowType::Timestamp(Unit::Microsecond, None), column(&i64s(&[1, 2])))).unwrap();
    read(replaced(0, 0, int, column(&[]))).unwrap();
}

#[test]
fn a_null_price_is_refused_or_missing_and_a_null_volume_always_missing() {
    let hole = |at: usize| {
        let mut table = honest(3);
        let column = table.batches[0].columns[at].take().unwrap();
        table.batches[0].columns[at] = Some(with_nulls(column, &[true, false, true]));
        table
    };
    for (at, name) in [(1, "open"), (2, "high"), (3, "low"), (4, "close")] {
        refused(read(hole(at)), ErrorCode::ConstraintViolation, &["row 1", name, "null", "allow_missing"]);
    }
    let missing = ArrowOptions { allow_missing: true, ..options() };
    let series = hole(3).into_series(&missing, Check::Full).unwrap();
    assert_eq!(bits_of(series.low()), bits_of(&[1.0, f64::NAN, 1.25]));
    assert_eq!(bits_of(read(hole(5)).unwrap().volume().unwrap()), bits_of(&[1.0, f64::NAN, 1.25]));
    for options in [options(), missing] {
        let no_time = hole(0).into_series(&options, Check::Full);
        refused(no_time, ErrorCode::ConstraintViolation, &["row 1", "timestamp", "null"]);
    }
}

#[test]
fn a_volume_of_nulls_alone_is_no_volume() {
    let mut table = honest(3);
    let column = table.batches[0].columns[5].take().unwrap();
    table.batches[0].columns[5] = Some(with_nulls(column, &[false; 3]));
    assert_eq!(read(table).unwrap().volume(), None);
    let mut without = honest(3);
    without.fields.truncate(5);
    without.batches[0].columns.truncate(5);
    assert_eq!(read(without).unwrap().volume(), None);
}

proptest! {
    #[test]
    fn bits_are_counted_from_any_bit_to_any_bit(bits in prop::collection::vec(any::<bool>(), 0..300), a: prop::sample::Index, b: prop::sample::Index) {
        let map = bitmap(bits.iter().copied());
        let (a, b) = (a.index(bits.len() + 1), b.index(bits.len() + 1));
        let (start, end) = (a.min(b), a.max(b));
        let counted = bits[start..end].iter().filter(|bit| **bit).count();
        prop_assert_eq!(ones(&map, start, end - start), counted);
    }

    #[test]
    fn nulls_are_where_the_bitmap_says_at_any_offset(present in prop::collection::vec(any::<bool>(), 1..70), offset in 0..20_usize) {
        let rows = present.len();
        let mut table = honest(rows + offset);
        table.batches[0].len = rows;
        for column in table.batches[0].columns.iter_mut().flatten() {
            column.offset = offset;
        }
        let volume = table.batches[0].columns[5].as_mut().unwrap();
        // The bits before the first row say the opposite of the first: reading them would show.
        let bits = std::iter::repeat_n(!present[0], offset).chain(present.iter().copied());
        volume.validity = Some(bitmap(bits));
        volume.null_count = None;
        let series = read(table).unwrap();
        let found = series.volume().map_or_else(|| vec![false; rows], |volume| volume.iter().map(|v| !v.is_nan()).collect());
        prop_assert_eq!(found, present);
    }
}

#[test]
fn a_count_of_nulls_that_lies_is_refused_by_a_full_check_and_trusted_by_the_others() {
    for (claimed, present) in [(Some(0), [true, false]), (Some(2), [true, false]), (Some(1), [true, true])] {
        let lying = || {
            let mut table = honest(2);
            let column = table.batches[0].columns[4].take().unwrap();
            table.batches[0].columns[4] = Some(ArrowColumn { null_count: claimed, ..with_nulls(column, &present) });
            table
        };
        let words = ["batch 0", "column close", "nulls announced"];
        refused(read(lying()), ErrorCode::DeserializationFailed, &words);
        for check in [Check::Order, Check::None] {
            let result = lying().into_series(&options(), check);
            if claimed == Some(0) {
                assert_eq!(result.unwrap().close(), [1.0, 1.125]);
            }
        }
    }
    let mut uncounted = honest(2);
    let column = uncounted.batches[0].columns[4].take().unwrap();
    let column = ArrowColumn { null_count: None, ..with_nulls(column, &[true, false]) };
    uncounted.batches[0].columns[4] = Some(column);
    let words = ["row 1", "close", "null"];
    refused(uncounted.into_series(&options(), Check::None), ErrorCode::ConstraintViolation, &words);
}

#[test]
fn buffers_that_end_before_their_rows_are_refused_by_batch_and_column() {
    for at in 0..6 {
        for len in [0, 1, 7, 8, 23] {
            let mut table = honest(3);
            let column = table.batches[0].columns[at].as_mut().unwrap();
            column.values = column.values.part(0, len).unwrap();
            let name = table.fields[at].name.clone();
            refused(read(table), ErrorCode::DeserializationFailed, &["batch 0", &name, &format!("{len} bytes")]);
        }
    }
    for offset in [1, usize::MAX, usize::MAX - 2, usize::MAX / 8] {
        let mut table = honest(3);
        table.batches[0].columns[2].as_mut().unwrap().offset = offset;
        refused(read(table), ErrorCode::DeserializationFailed, &["column high", &offset.to_string()]);
    }
    let mut table = honest(9);
    let column = table.batches[0].columns[1].take().unwrap();
    let short = ArrowColumn { validity: Some(bitmap([true; 8])), null_count: Some(0), ..column.clone() };
    table.batches[0].columns[1] = Some(short);
    refused(read(table.clone()), ErrorCode::DeserializationFailed, &["column open", "validity bitmap of 1 bytes"]);
    table.batches[0].columns[1] = Some(ArrowColumn { null_count: Some(1), ..column });
    refused(read(table.clone()), ErrorCode::DeserializationFailed, &["1 nulls without a validity bitmap"]);
    table.batches[0].columns[1] = None;
    refused(read(table), ErrorCode::DeserializationFailed, &["column open", "missing"]);
}

/// An honest table with a column `valid`, whose invalid rows hold what nothing else would let pass.
fn with_valid(valid: &[bool]) -> ArrowTable {
    let mut table = honest(valid.len());
    let garbage = |good: &[u8], bad: [u8; 8]| -> Vec<u8> {
        let rows = good.chunks_exact(8).zip(valid);
        rows.flat_map(|(bytes, valid)| if *valid { bytes.try_into().unwrap() } else { bad }).collect()
    };
    for at in 1..6 {
        let column = table.batches[0].columns[at].take().unwrap();
        let bad = self::column(&garbage(&column.values, f64::INFINITY.to_ne_bytes()));
        table.batches[0].columns[at] = Some(if at == 4 { with_nulls(bad, valid) } else { bad });
    }
    table.fields.push(field("VALID", ArrowType::Bool));
    let bits = ArrowColumn { values: bitmap(valid.iter().copied()), ..column(&[]) };
    table.batches[0].columns.push(Some(bits));
    table
}

#[test]
fn an_invalid_row_is_left_out_or_kept_without_its_values() {
    let series = read(with_valid(&[true, false, true, false])).unwrap();
    assert_eq!(series.timestamp(), [START, START + 2 * MINUTE]);
    assert_eq!((series.close(), series.volume().unwrap()), (&[1.0, 1.25][..], &[1.0, 1.25][..]));
    let missing = ArrowOptions { allow_missing: true, ..options() };
    let series = with_valid(&[true, false, true]).into_series(&missing, Check::Full).unwrap();
    assert_eq!(series.timestamp(), [START, START + MINUTE, START + 2 * MINUTE]);
    for column in [series.open(), series.high(), series.low(), series.close(), series.volume().unwrap()] {
        assert_eq!(bits_of(column), bits_of(&[1.0, f64::NAN, 1.25]));
    }
    assert_eq!(read(with_valid(&[false; 3])).unwrap().len(), 0);
    // All valid: nothing to leave out, nothing to copy.
    let table = with_valid(&[true; 3]);
    let address = table.batches[0].columns[1].as_ref().unwrap().values.as_ptr() as usize;
    assert_eq!(read(table).unwrap().open().as_ptr() as usize, address);
}

#[test]
fn rows_in_refusals_are_counted_in_the_table_although_rows_were_left_out() {
    let mut table = with_valid(&[false, true, false, true]);
    let mut stamps = i64s(&[START, START + MINUTE, 0, START]);
    table.batches[0].columns[0] = Some(column(&stamps));
    refused(read(table.clone()), ErrorCode::ConstraintViolation, &["row 3: timestamp", "not after"]);
    stamps[24..].copy_from_slice(&(START + 9 * MINUTE).to_ne_bytes());
    table.batches[0].columns[0] = Some(column(&stamps));
    table.batches[0].columns[2] = Some(column(&f64s(&[1.0, 1.0, 1.0, f64::NAN])));
    refused(read(table), ErrorCode::ConstraintViolation, &["row 3: high is NaN"]);
}

#[test]
fn a_null_in_valid_is_refused_and_a_valid_of_another_type_ignored() {
    let mut table = with_valid(&[true, true, true]);
    let valid = table.batches[0].columns[6].take().unwrap();
    table.batches[0].columns[6] = Some(with_nulls(valid, &[true, true, false]));
    refused(read(table), ErrorCode::ConstraintViolation, &["row 2", "VALID", "null"]);
    let mut other = with_valid(&[true, true]);
    other.fields[6].kind = ArrowType::Int { bits: 8, signed: true };
    other.batches[0].columns[6] = Some(column(&[0, 0]));
    assert_eq!(read(other).unwrap().len(), 2);
}

#[test]
fn the_first_row_is_blamed_and_in_it_the_first_column() {
    let mut table = honest(4);
    for (at, present) in
        [(4, [true, false, true, true]), (2, [true, false, true, true]), (1, [true, true, false, true])]
    {
        let column = table.batches[0].columns[at].take().unwrap();
        table.batches[0].columns[at] = Some(with_nulls(column, &present));
    }
    table.fields[0].kind = ArrowType::Timestamp(Unit::Nanosecond, None);
    table.batches[0].columns[0] = Some(column(&i64s(&[0, 1000, 2000, 2001])));
    assert_eq!(refusal(read(table)).1, "row 1: high is null (allow_missing admits missing prices)");
}

/// A table of these columns, beside honest prices.
fn times(columns: &[(&str, ArrowType)]) -> Result<CandleSeries, Error> {
    let mut table = honest(2);
    let stamps = table.batches[0].columns.remove(0);
    table.fields.remove(0);
    for (name, kind) in columns {
        table.fields.push(field(name, kind.clone()));
        table.batches[0].columns.push(if matches!(kind, ArrowType::Other(_)) { None } else { stamps.clone() });
    }
    read(table)
}

#[test]
fn the_time_is_the_one_so_named_else_the_index_of_pandas_else_the_lone_timestamp() {
    let us = || ArrowType::Timestamp(Unit::Microsecond, None);
    let (int, text) = (|| ArrowType::Int { bits: 64, signed: true }, || ArrowType::Other("utf8".to_owned()));
    for name in ["timestamp", "Time", "DATETIME", "date", "UTC time"] {
        assert_eq!(times(&[("other", us()), (name, us())]).unwrap().len(), 2);
    }
    assert!(times(&[("__index_level_0__", us()), ("other", us())]).is_ok());
    assert!(times(&[("__index_level_0__", int()), ("made", us())]).is_ok());
    refused(
        times(&[("time", us()), ("Date", us())]),
        ErrorCode::SchemaViolation,
        &["more than one time", "time, Date"],
    );
    refused(
        times(&[("one", us()), ("two", us())]),
        ErrorCode::SchemaViolation,
        &["no column named as the time", "one timestamp[us], two timestamp[us]"],
    );
    refused(times(&[("stamp", int())]), ErrorCode::SchemaViolation, &["no time", "stamp int64", "open float64"]);
    refused(times(&[("time", text()), ("t", us())]), ErrorCode::SchemaViolation, &["column time is utf8"]);
}

#[test]
fn prices_are_found_once_in_any_case_and_must_be_numbers() {
    let mut table = honest(2);
    table.fields[4].name = "Close".to_owned();
    read(table.clone()).unwrap();
    table.fields[4].kind = ArrowType::Other("dictionary<int32, utf8>".to_owned());
    refused(read(table.clone()), ErrorCode::SchemaViolation, &["Close", "dictionary<int32, utf8>"]);
    table.fields[4].name = "OPEN".to_owned();
    refused(read(table.clone()), ErrorCode::SchemaViolation, &["more than one open", "open, OPEN"]);
    table.fields[4].name = "last".to_owned();
    refused(read(table), ErrorCode::SchemaViolation, &["no close column"]);
    let mut volume = honest(2);
    volume.fields[5].kind = ArrowType::Bool;
    refused(read(volume), ErrorCode::SchemaViolation, &["volume", "bool"]);
}

#[test]
fn arguments_win_over_metadata_and_metadata_fill_what_they_leave_open() {
    let pairs = [("symbol", "EURUSD"), ("timeframe", "h4"), ("price_type", "ask")];
    let mut table = honest(0);
    table.metadata = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let series = table.clone().into_series(&ArrowOptions::default(), Check::Full).unwrap();
    assert_eq!((series.symbol(), series.timeframe(), series.price_type()), ("EURUSD", Timeframe::H4, PriceType::Ask));
    let series =
        table.clone().into_series(&ArrowOptions { symbol: Some("X".into()), ..options() }, Check::Full).unwrap();
    assert_eq!((series.symbol(), series.timeframe(), series.price_type()), ("X", Timeframe::M1, PriceType::Bid));
    for (key, bad) in [("timeframe", "soon"), ("price_type", "mid"), ("symbol", "A\0B")] {
        let mut table = table.clone();
        table.metadata.insert(key.to_owned(), bad.to_owned());
        // What an argument overrules need not be readable.
        table.clone().into_series(&ArrowOptions { symbol: Some("X".into()), ..options() }, Check::Full).unwrap();
        refused(
            table.into_series(&ArrowOptions::default(), Check::Full),
            ErrorCode::InvalidFormat,
            &[key, &format!("{bad:?}")],
        );
    }
    for (key, given) in [
        ("timeframe", ArrowOptions { timeframe: None, ..options() }),
        ("price_type", ArrowOptions { price_type: None, ..options() }),
    ] {
        refused(
            honest(0).into_series(&given, Check::Full),
            ErrorCode::InvalidArgument,
            &[&format!("{key}="), "metadata"],
        );
    }
    assert_eq!(read(honest(0)).unwrap().symbol(), "");
}

#[test]
fn a_later_major_version_of_our_schema_is_refused_and_a_minor_one_read() {
    for (version, fits) in [("1.0.0", true), ("1.7.2", true), ("2.0.0", false), ("10.0.0", false), ("next", false)] {
        let mut table = honest(1);
        table.metadata.insert("schema_name".to_owned(), "symbol_slice".to_owned());
        table.metadata.insert("schema_version".to_owned(), version.to_owned());
        assert_eq!(read(table).map_err(|error| error.code()).err(), (!fits).then_some(ErrorCode::SchemaViolation));
    }
}

/// A table to the letter of `symbol_slice` 1.0.0.
fn lettered() -> ArrowTable {
    let mut table = honest(1);
    table.fields[0].kind = ArrowType::Timestamp(Unit::Microsecond, Some("UTC".to_owned()));
    for field in &mut table.fields[..5] {
        field.nullable = false;
    }
    let pairs = [
        ("schema_name", "symbol_slice"),
        ("schema_version", "1.0.0"),
        ("symbol", ""),
        ("timeframe", "M1"),
        ("price_type", "bid"),
    ];
    table.metadata = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    table
}

#[test]
fn strict_asks_for_the_schema_to_the_letter_and_names_the_first_difference() {
    type Change = fn(&mut ArrowTable);
    let strict = ArrowOptions { strict: true, ..ArrowOptions::default() };
    lettered().into_series(&strict, Check::Full).unwrap();
    let changes: [(Change, &str); 9] = [
        (
            |table| table.fields[0].kind = ArrowType::Timestamp(Unit::Microsecond, None),
            "column 0 is timestamp timestamp[us] not null, not timestamp timestamp[us, UTC]",
        ),
        (|table| table.fields[0].kind = ArrowType::Timestamp(Unit::Microsecond, Some("utc".into())), "[us, utc]"),
        (|table| table.fields[2].name = "High".into(), "column 2 is High"),
        (|table| table.fields[2].nullable = true, "column 2 is high float64 nullable, not high float64 not null"),
        (|table| table.fields[5].nullable = false, "column 5"),
        (|table| table.fields.swap(1, 2), "column 1 is high"),
        (|table| table.fields.truncate(5), "column 5 is missing"),
        (|table| drop(table.metadata.remove("timeframe")), "lack timeframe"),
        (|table| drop(table.metadata.insert("pandas".into(), "{}".into())), "have pandas"),
    ];
    for (change, words) in changes {
        let mut table = lettered();
        change(&mut table);
        refused(table.into_series(&strict, Check::Full), ErrorCode::SchemaViolation, &[words]);
    }
    let mut wider = lettered();
    wider.fields.push(field("valid", ArrowType::Bool));
    wider.batches[0].columns.push(Some(ArrowColumn { values: bitmap([true]), ..column(&[]) }));
    refused(wider.clone().into_series(&strict, Check::Full), ErrorCode::SchemaViolation, &["one too many: valid"]);
    wider.fields[5].nullable = false;
    wider.fields[6].nullable = false;
    wider.metadata.insert("schema_name".into(), "ohlcv".into());
    wider.into_series(&strict, Check::Full).unwrap();
    let mut unknown = lettered();
    unknown.metadata.insert("schema_version".into(), "1.0.1".into());
    refused(
        unknown.into_series(&strict, Check::Full),
        ErrorCode::SchemaViolation,
        &["symbol_slice 1.0.1", "ohlcv 1.0.0"],
    );
}

#[test]
fn bytes_are_blamed_before_the_schema_the_schema_before_the_identity_and_that_before_values() {
    let mut table = honest(2);
    let open = table.batches[0].columns[1].take().unwrap();
    table.batches[0].columns[1] = Some(with_nulls(open, &[false, true]));
    let whole = table.batches[0].columns[5].clone().unwrap();
    table.batches[0].columns[5] = Some(ArrowColumn { offset: 9, ..whole.clone() });
    table.fields[4].name = "last".to_owned();
    let read = |table: &ArrowTable, options: &ArrowOptions| table.clone().into_series(options, Check::Full);
    refused(read(&table, &ArrowOptions::default()), ErrorCode::DeserializationFailed, &["volume"]);
    table.batches[0].columns[5] = Some(whole);
    refused(read(&table, &ArrowOptions::default()), ErrorCode::SchemaViolation, &["close"]);
    table.fields[4].name = "close".to_owned();
    refused(read(&table, &ArrowOptions::default()), ErrorCode::InvalidArgument, &["timeframe"]);
    refused(read(&table, &options()), ErrorCode::ConstraintViolation, &["open"]);
}

#[test]
fn after_that_the_series_is_checked_as_any_other() {
    let table = |stamps: &[i64], close: f64| {
        let mut table = honest(2);
        table.batches[0].columns[0] = Some(column(&i64s(stamps)));
        table.batches[0].columns[4] = Some(column(&f64s(&[1.0, close])));
        table
    };
    refused(read(table(&[START, START], 1.0)), ErrorCode::ConstraintViolation, &["row 1"]);
    refused(read(table(&[START, START + 1], f64::NAN)), ErrorCode::ConstraintViolation, &["close is NaN"]);
    table(&[START, START + 1], f64::NAN).into_series(&options(), Check::Order).unwrap();
    table(&[START, START], f64::NAN).into_series(&options(), Check::None).unwrap();
    let full = ArrowOptions { check: Some(Check::Full), ..options() };
    refused(table(&[START, START], 1.0).into_series(&full, Check::None), ErrorCode::ConstraintViolation, &["row 1"]);
}
