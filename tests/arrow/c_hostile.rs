//! Structs that no honest producer makes: each is refused with its code, read no further than it must be, and left to
//! its caller, who releases it once.

use std::sync::Arc;

use omega_slicer::ErrorCode::{self, DeserializationFailed, InvalidState, ResourceLimitExceeded, SchemaViolation};

use crate::foreign::{Foreign, Given, GivenTable, candles, metadata, options, refused};

/// Bends an honest table, sees it refused, unbends it, and counts the releases.
#[track_caller]
fn bent<T>(
    bend: impl FnOnce(&mut Foreign) -> T,
    code: ErrorCode,
    words: &[&str],
    unbend: impl FnOnce(&mut Foreign, T),
) {
    let mut foreign = candles(3).produce();
    let counts = Arc::clone(&foreign.counts);
    let before = bend(&mut foreign);
    let released = (foreign.array.is_released(), foreign.schema.is_released());
    refused(foreign.import(&options()), code, words);
    assert_eq!((foreign.array.is_released(), foreign.schema.is_released()), released, "still the caller's");
    unbend(&mut foreign, before);
    drop(foreign);
    assert_eq!(counts.all(), [1, 6, 1, 6], "each released once, by its caller");
}

/// As [`bent`], by one field of the parent's or a column's that is put back afterwards.
macro_rules! bent_field {
    ($($at:ident $(($index:expr))?.$field:ident = $value:expr => $code:expr, $words:expr;)*) => {$(
        bent(
            |foreign| std::mem::replace(&mut foreign.$at$(($index))?.$field, $value),
            $code,
            &$words,
            |foreign, before| foreign.$at$(($index))?.$field = before,
        );
    )*};
}

#[test]
fn lengths_counts_and_pointers_that_make_no_sense_are_refused() {
    use std::ptr::{null, null_mut};
    bent_field! {
        array.length = -1 => DeserializationFailed, ["batch 0", "length -1"];
        array.length = i64::MIN => DeserializationFailed, ["length -9223372036854775808"];
        array.length = 4 => DeserializationFailed, ["column timestamp", "3 rows, not the 4"];
        array.offset = -1 => DeserializationFailed, ["batch 0", "offset -1"];
        array.offset = 1 => DeserializationFailed, ["3 rows, not the 4"];
        array.offset = i64::MAX => DeserializationFailed, ["overflow"];
        array.null_count = -2 => DeserializationFailed, ["null count -2"];
        array.null_count = 1 => DeserializationFailed, ["batch 0, its rows", "1 nulls without a validity bitmap"];
        array.n_buffers = 0 => DeserializationFailed, ["0 buffers, not 1"];
        array.n_buffers = -1 => DeserializationFailed, ["-1 buffers, not 1"];
        array.n_buffers = i64::MAX => DeserializationFailed, ["buffers, not 1"];
        array.buffers = null_mut() => DeserializationFailed, ["1 buffers at 0x0"];
        array.buffers = 12345 as *mut _ => DeserializationFailed, ["1 buffers at 0x3039"];
        array.n_children = 5 => DeserializationFailed, ["5 columns, its schema has 6"];
        array.n_children = -6 => DeserializationFailed, ["-6 columns, its schema has 6"];
        array.children = null_mut() => DeserializationFailed, ["6 children at 0x0"];
        array.children = 1 as *mut _ => DeserializationFailed, ["6 children at 0x1"];
        column(2).length = -3 => DeserializationFailed, ["batch 0, column high", "length -3"];
        column(2).length = 2 => DeserializationFailed, ["column high", "2 rows, not the 3"];
        column(2).offset = -1 => DeserializationFailed, ["column high", "offset -1"];
        column(2).offset = i64::MAX - 2 => DeserializationFailed, ["column high", "overflow"];
        column(2).offset = i64::MAX - 3 => DeserializationFailed, ["column high", "more than memory holds"];
        column(2).offset = i64::MAX / 8 => DeserializationFailed, ["column high", "more than memory holds"];
        column(2).null_count = -7 => DeserializationFailed, ["column high", "null count -7"];
        column(2).null_count = 1 => DeserializationFailed, ["column high", "nulls without a validity bitmap"];
        column(2).n_buffers = 1 => DeserializationFailed, ["column high", "1 buffers, not 2"];
        column(2).n_buffers = 3 => DeserializationFailed, ["column high", "3 buffers, not 2"];
        column(2).buffers = null_mut() => DeserializationFailed, ["column high", "2 buffers at 0x0"];
        column(2).dictionary = 8 as *mut _ => DeserializationFailed, ["column high", "dictionary"];
        schema.format = null() => DeserializationFailed, ["no format"];
        schema.format = c"g".as_ptr() => SchemaViolation, ["float64, not a struct of columns"];
        schema.format = c"+l".as_ptr() => SchemaViolation, ["list, not a struct"];
        schema.dictionary = 8 as *mut _ => SchemaViolation, ["dictionary, not a struct"];
        schema.n_children = -1 => DeserializationFailed, ["-1 children"];
        schema.n_children = (1 << 16) + 1 => ResourceLimitExceeded, ["65537 columns"];
        schema.n_children = i64::MAX => ResourceLimitExceeded, ["columns"];
        schema.n_children = 5 => DeserializationFailed, ["6 columns, its schema has 5"];
        schema.children = null_mut() => DeserializationFailed, ["6 children at 0x0"];
        field(0).format = null() => DeserializationFailed, ["column 0 has no format"];
        field(4).name = null() => SchemaViolation, ["no close column"];
    }
}

#[test]
fn a_child_that_is_nowhere_is_refused() {
    for at in [0, 5] {
        #[allow(unsafe_code, reason = "pointers of the foreign structs are bent")]
        // SAFETY: there are six of each, as produced.
        unsafe {
            bent(
                |foreign| foreign.array.children.add(at).replace(std::ptr::null_mut()),
                DeserializationFailed,
                &[&format!("the Arrow array has its child {at} at 0x0")],
                |foreign, child| foreign.array.children.add(at).write(child),
            );
            bent(
                |foreign| foreign.schema.children.add(at).replace(2 as *mut _),
                DeserializationFailed,
                &[&format!("the Arrow schema has its child {at} at 0x2")],
                |foreign, child| foreign.schema.children.add(at).write(child),
            );
        }
    }
}

#[test]
fn a_buffer_that_is_nowhere_is_refused_unless_nothing_is_in_it() {
    for at in 0..6 {
        let mut table = candles(3);
        table.columns[at].buffers[1] = None;
        let name = table.columns[at].name;
        refused(table.import(), DeserializationFailed, &["batch 0", name, "3 rows without a buffer of values"]);
    }
}

#[test]
fn what_has_been_released_or_moved_from_is_refused_and_not_released_again() {
    for (at, words) in [(0, "the Arrow array has been released"), (1, "the Arrow schema has been released")] {
        let mut foreign = candles(3).produce();
        let counts = Arc::clone(&foreign.counts);
        #[allow(unsafe_code, reason = "a caller that released too early")]
        // SAFETY: made by the producer, and not used again but to be refused.
        unsafe {
            if at == 0 { foreign.array.release() } else { foreign.schema.release() }
        }
        refused(foreign.import(&options()), InvalidState, &[words]);
        drop(foreign);
        assert_eq!(counts.all(), [1, 6, 1, 6]);
    }
    // Twice the same structs: the second time they have been moved from.
    let mut foreign = candles(3).produce();
    let series = foreign.import(&options()).unwrap();
    refused(foreign.import(&options()), InvalidState, &["released"]);
    drop(series);
    assert_eq!(foreign.counts.all(), [1, 6, 1, 6]);
}

#[test]
fn a_column_that_was_moved_out_is_refused_and_lives_on() {
    let mut foreign = candles(3).produce();
    let counts = Arc::clone(&foreign.counts);
    let mut column = foreign.column(3).take();
    refused(foreign.import(&options()), InvalidState, &["batch 0, column low", "released"]);
    drop(foreign);
    assert_eq!(counts.all(), [1, 5, 1, 6]);
    #[allow(unsafe_code, reason = "the moved column is released by whom it was moved to")]
    // SAFETY: as its producer made it.
    unsafe {
        column.release();
    }
    assert_eq!(counts.all(), [1, 6, 1, 6]);
    let mut foreign = candles(3).produce();
    let mut field = foreign.field(3).take();
    refused(foreign.import(&options()), InvalidState, &["schema of column 3", "released"]);
    #[allow(unsafe_code, reason = "as above")]
    // SAFETY: as its producer made it.
    unsafe {
        field.release();
    }
}

#[test]
fn every_refusal_of_values_leaves_the_structs_to_the_caller() {
    // `import` checks it; here is one of each kind that is found only after all else was right.
    let mut null = candles(2);
    null.columns[1] = null.columns[1].clone().with_validity(&[true, false], 1);
    refused(null.import(), ErrorCode::ConstraintViolation, &["row 1"]);
    let mut unordered = candles(2);
    unordered.columns[0].buffers[1] = Some(vec![0; 16]);
    refused(unordered.import(), ErrorCode::ConstraintViolation, &["row 1"]);
    let mut wide = candles(1);
    wide.columns[1] = Given::new("open", "L", vec![255; 8], 1);
    refused(wide.import(), ErrorCode::TypeMismatch, &["row 0"]);
    let mut fine = candles(1);
    fine.columns[0] = Given::new("time", "tsn:", vec![1; 8], 1);
    refused(fine.import(), ErrorCode::InvalidFormat, &["row 0"]);
}

#[test]
fn metadata_with_counts_that_make_no_sense_are_refused() {
    let with = |block: Vec<u8>| GivenTable { metadata: Some(block), ..candles(1) };
    for number in [-1, i32::MIN] {
        refused(
            with(number.to_ne_bytes().to_vec()).import(),
            DeserializationFailed,
            &["metadata", &number.to_string()],
        );
        for at in [4, 4 + 4 + 6] {
            let mut block = metadata(&[("symbol", "EURUSD")]);
            block[at..at + 4].copy_from_slice(&number.to_ne_bytes());
            refused(with(block).import(), DeserializationFailed, &["metadata", &number.to_string()]);
        }
    }
    let mut block = metadata(&[("symbol", "EURUSD"), ("other", "text")]);
    let (symbol, other) = (4 + 4 + 6 + 4, block.len() - 4);
    block[other] = 0xff;
    assert_eq!(with(block.clone()).import().unwrap().symbol(), "EURUSD");
    block[symbol] = 0xff;
    refused(with(block).import(), DeserializationFailed, &["metadata symbol", "not UTF-8"]);
    assert_eq!(with(metadata(&[])).import().unwrap().symbol(), "");
}
