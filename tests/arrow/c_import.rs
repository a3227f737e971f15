//! What comes in through the Arrow C Data Interface: the same values, no copy where none is needed, one release.

use std::ffi::CString;
use std::sync::Arc;

use omega_slicer::io::ArrowOptions;
use omega_slicer::{Check, ErrorCode, PriceType, Timeframe};
use proptest::prelude::*;

use crate::foreign::{Given, START, bitmap, candles, f64s, i64s, metadata, options, refused};

#[test]
fn columns_of_our_own_types_are_shared_and_the_array_is_released_with_the_last_of_them() {
    let mut foreign = candles(9).produce();
    let counts = Arc::clone(&foreign.counts);
    // SAFETY: two buffers each, as produced.
    #[allow(unsafe_code, reason = "addresses of foreign buffers")]
    let addresses: Vec<usize> = (0..6).map(|i| unsafe { *foreign.column(i).buffers.add(1) } as usize).collect();
    let series = foreign.import(&options()).unwrap();
    assert!(foreign.array.is_released() && foreign.schema.is_released());
    assert_eq!(counts.all(), [0, 0, 1, 6], "the schema is of no more use");
    let found = [
        series.timestamp().as_ptr() as usize,
        series.open().as_ptr() as usize,
        series.high().as_ptr() as usize,
        series.low().as_ptr() as usize,
        series.close().as_ptr() as usize,
        series.volume().unwrap().as_ptr() as usize,
    ];
    assert_eq!(found.as_slice(), addresses);
    drop(foreign);
    let column = series.columns().close.clone();
    drop(series);
    assert_eq!(counts.all(), [0, 0, 1, 6], "a column is left");
    assert_eq!(column[8], 2.0);
    std::thread::spawn(move || drop(column)).join().unwrap();
    assert_eq!(counts.all(), [1, 6, 1, 6]);
}

#[test]
fn an_array_of_which_nothing_is_shared_is_released_at_once() {
    let mut table = candles(3);
    let millis: Vec<i64> = (0..3).map(|i| START / 1000 + i * 60_000).collect();
    table.columns[0] = Given::new("time", "tsm:", i64s(&millis), 3);
    for at in 1..6 {
        table.columns[at].format = CString::new("l").unwrap();
        table.columns[at].buffers[1] = Some(i64s(&[1, 2, 3]));
    }
    let mut foreign = table.produce();
    let series = foreign.import(&options()).unwrap();
    assert_eq!(foreign.counts.all(), [1, 6, 1, 6]);
    assert_eq!((series.timestamp()[1], series.close()[2]), (START + 60_000_000, 3.0));
}

#[test]
fn a_volume_with_nulls_is_the_only_column_copied() {
    let mut table = candles(3);
    table.columns[5] = table.columns[5].clone().with_validity(&[true, false, true], 1);
    let mut foreign = table.produce();
    // SAFETY: two buffers each, as produced.
    #[allow(unsafe_code, reason = "addresses of foreign buffers")]
    let close = unsafe { *foreign.column(4).buffers.add(1) } as usize;
    let series = foreign.import(&options()).unwrap();
    assert_eq!(series.close().as_ptr() as usize, close);
    let volume = series.volume().unwrap();
    assert_eq!((volume[0], volume[1].is_nan(), volume[2]), (1.0, true, 1.25));
}

#[test]
fn misaligned_buffers_are_copied_never_refused() {
    let expected = candles(5).import().unwrap();
    for misaligned in 1..8 {
        let mut table = candles(5);
        for column in &mut table.columns {
            column.misaligned = misaligned;
        }
        let series = table.import().unwrap();
        assert_eq!((series.timestamp(), series.open()), (expected.timestamp(), expected.open()));
    }
}

proptest! {
    /// Rows lie at the table's offset plus the column's; bits, too, at any distance from a byte.
    #[test]
    fn rows_are_where_both_offsets_say(
        rows in prop::collection::vec((any::<bool>(), any::<bool>()), 1..40),
        outer in 0..20_usize,
        inner in 0..20_usize,
        counted in any::<bool>(),
    ) {
        let before = outer + inner;
        let len = rows.len();
        let mut table = candles(before + len);
        (table.length, table.offset) = (len as i64, outer as i64);
        // Before the first row, the opposite of what it says.
        let bits = |pick: fn(&(bool, bool)) -> bool| -> Vec<bool> {
            std::iter::repeat_n(!pick(&rows[0]), before).chain(rows.iter().map(pick)).collect()
        };
        let (present, valid) = (bits(|row| row.0), bits(|row| row.1));
        let nulls = present[inner..].iter().filter(|present| !**present).count();
        let count = if counted { nulls as i64 } else { -1 };
        table.columns[5] = table.columns[5].clone().with_validity(&present, count);
        table.columns.push(Given::new("valid", "b", bitmap(&valid), before + len));
        for column in &mut table.columns {
            (column.offset, column.length) = (inner as i64, (outer + len) as i64);
        }
        let series = table.import().unwrap();
        let kept: Vec<usize> = (0..len).filter(|&i| rows[i].1).collect();
        let stamps: Vec<i64> = kept.iter().map(|&i| START + (before + i) as i64 * 60_000_000).collect();
        prop_assert_eq!(series.timestamp(), stamps);
        let prices: Vec<f64> = kept.iter().map(|&i| 1.0 + (before + i) as f64 / 8.0).collect();
        prop_assert_eq!(series.close(), &prices[..]);
        let there: Vec<bool> = kept.iter().map(|&i| rows[i].0).collect();
        match series.volume() {
            Some(volume) => prop_assert_eq!(volume.iter().map(|v| !v.is_nan()).collect::<Vec<_>>(), there),
            None => prop_assert!(rows.iter().all(|row| !row.0), "nothing but nulls in the whole table"),
        }
    }

    /// Any name of a type but those of numbers makes a price column a refusal and any other column no matter.
    #[test]
    fn a_format_of_any_bytes_is_some_type(format in prop::collection::vec(1..=255_u8, 0..9)) {
        let mut table = candles(2);
        table.columns.push(Given::new("extra", "g", f64s(&[0.0; 2]), 2));
        table.columns[6].format = CString::new(format.clone()).unwrap();
        table.import().unwrap();
        table.columns[2].format = CString::new(format.clone()).unwrap();
        let numbers: [&[u8]; 10] = [b"g", b"f", b"c", b"C", b"s", b"S", b"i", b"I", b"l", b"L"];
        if !numbers.contains(&format.as_slice()) {
            refused(table.import(), ErrorCode::SchemaViolation, &["column high is"]);
        }
    }
}

#[test]
fn a_null_outside_the_rows_of_the_table_is_none_of_its_business() {
    let mut table = candles(4);
    (table.length, table.offset) = (2, 1);
    table.columns[4] = table.columns[4].clone().with_validity(&[false, true, true, false], 2);
    let series = table.import().unwrap();
    assert_eq!(series.close(), [1.125, 1.25]);
}

#[test]
fn a_row_that_is_null_as_a_whole_is_refused_after_schema_and_identity() {
    let mut table = candles(12);
    (table.length, table.offset, table.null_count) = (3, 9, 1);
    let mut bits = [true; 12];
    bits[10] = false;
    table.validity = Some(bitmap(&bits));
    refused(table.import(), ErrorCode::ConstraintViolation, &["row 1", "null as a whole"]);
    refused(table.import_with(&ArrowOptions::default()), ErrorCode::InvalidArgument, &["timeframe"]);
    table.null_count = -1;
    refused(table.import(), ErrorCode::ConstraintViolation, &["row 1"]);
    // Where nulls are trusted, a count of none ends the matter; a full check counts.
    table.null_count = 0;
    let trusting = ArrowOptions { check: Some(Check::None), ..options() };
    assert_eq!(table.import_with(&trusting).unwrap().len(), 3);
    refused(table.import(), ErrorCode::DeserializationFailed, &["batch 0", "0 nulls announced, 1 found"]);
    (table.validity, table.null_count) = (Some(bitmap(&[true; 12])), -1);
    assert_eq!(table.import().unwrap().len(), 3);
}

#[test]
fn dictionaries_and_nested_columns_are_ignored_beside_ours_and_refused_as_ours() {
    for format in ["u", "+s", "+l", "+w:3", "d:10,2", "vu", "+us:0,1", "n"] {
        let mut table = candles(2);
        table.columns.push(Given::new("other", format, Vec::new(), 2));
        table.columns[6].buffers = vec![None; 7];
        assert_eq!(table.import().unwrap().len(), 2, "{format}");
    }
    let mut table = candles(2);
    table.columns.push(Given { dictionary: true, ..Given::new("venue", "i", vec![0; 8], 2) });
    table.import().unwrap();
    table.columns[1].dictionary = true;
    refused(table.import(), ErrorCode::SchemaViolation, &["column open is dictionary"]);
}

#[test]
fn the_identity_comes_from_the_metadata_unless_given() {
    let pairs = [("pandas", "{}"), ("symbol", "EURUSD"), ("timeframe", "M5"), ("price_type", "ask"), ("", "")];
    let table = crate::foreign::GivenTable { metadata: Some(metadata(&pairs)), ..candles(1) };
    let series = table.import_with(&ArrowOptions::default()).unwrap();
    assert_eq!((series.symbol(), series.timeframe(), series.price_type()), ("EURUSD", Timeframe::M5, PriceType::Ask));
    let series = table.import_with(&ArrowOptions { symbol: Some("X".to_owned()), ..options() }).unwrap();
    assert_eq!((series.symbol(), series.timeframe(), series.price_type()), ("X", Timeframe::M1, PriceType::Bid));
}

#[test]
fn nothing_is_read_of_a_table_without_rows() {
    let mut table = candles(0);
    for column in &mut table.columns {
        column.buffers = vec![None, None];
    }
    assert_eq!(table.import().unwrap().len(), 0);
}
