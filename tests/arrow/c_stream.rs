//! What comes in through the Arrow C Stream Interface: batches in order, and whatever fails, each release once.
#![allow(unsafe_code, reason = "foreign structs are raw pointers")]

use std::sync::Arc;
use std::sync::atomic::Ordering;

use omega_slicer::io::{ArrowArrayStream, import_stream};
use omega_slicer::{CandleSeries, Error, ErrorCode};

use crate::foreign::{Counts, GivenStream, GivenTable, candles, options, refused};

/// Imports a stream and releases what is left of it, as a caller must.
fn import(stream: GivenStream) -> (Result<CandleSeries, Error>, Arc<Counts>) {
    let counts = Arc::clone(&stream.counts);
    let mut stream = stream.produce();
    // SAFETY: made by an honest producer.
    let result = unsafe { import_stream(&mut stream, &options()) };
    assert_eq!(stream.is_released(), result.is_ok(), "moved from, or still the caller's");
    assert_eq!(counts.streams.load(Ordering::SeqCst), usize::from(result.is_ok()));
    // SAFETY: as above.
    unsafe { stream.release() }
    assert_eq!(counts.streams.load(Ordering::SeqCst), 1);
    (result, counts)
}

/// Rows `start..end` of ten candles.
fn part(start: usize, end: usize) -> GivenTable {
    GivenTable { offset: i64::try_from(start).unwrap(), length: i64::try_from(end - start).unwrap(), ..candles(10) }
}

#[test]
fn one_batch_is_shared_and_several_are_joined_in_order() {
    let whole = candles(10).import().unwrap();
    let (series, counts) = import(GivenStream::new(vec![candles(10)]));
    let series = series.unwrap();
    assert_eq!(series.volume(), whole.volume());
    assert_eq!(counts.all(), [0, 0, 1, 6]);
    drop(series);
    assert_eq!(counts.all(), [1, 6, 1, 6]);
    let (series, counts) = import(GivenStream::new(vec![part(0, 3), part(3, 3), part(3, 4), part(4, 10)]));
    assert_eq!(counts.all(), [4, 24, 1, 6], "copied, so released at once");
    let series = series.unwrap();
    assert_eq!((series.timestamp(), series.close()), (whole.timestamp(), whole.close()));
    let (series, _) = import(GivenStream::new(Vec::new()));
    assert_eq!(series.unwrap().len(), 0);
}

#[test]
fn a_stream_that_fails_says_why_and_what_it_gave_is_released() {
    let failing = |end_fails, words: Option<&std::ffi::CStr>| GivenStream {
        end_fails,
        words: words.map(std::ffi::CStr::to_owned),
        ..GivenStream::new(vec![part(0, 4), part(4, 10)])
    };
    let (result, counts) = import(failing(5, Some(c"the server went away")));
    refused(result, ErrorCode::IoError, &["get_next", "the server went away"]);
    assert_eq!(counts.all(), [2, 12, 1, 6]);
    refused(import(failing(5, None)).0, ErrorCode::IoError, &["get_next", "Input/output error"]);
    refused(import(failing(libc::ENOMEM, None)).0, ErrorCode::OutOfMemory, &["get_next"]);
    let (result, counts) = import(GivenStream { schema_fails: 22, ..GivenStream::new(vec![candles(1)]) });
    refused(result, ErrorCode::IoError, &["get_schema", "Invalid argument"]);
    assert_eq!(counts.all(), [0; 4], "what was never given");
}

#[test]
fn a_refused_batch_is_named_by_its_number_and_all_are_released() {
    let mut narrow = candles(10);
    narrow.columns.pop();
    let (result, counts) = import(GivenStream::new(vec![part(0, 4), narrow, part(4, 10)]));
    refused(result, ErrorCode::DeserializationFailed, &["batch 1", "5 columns, its schema has 6"]);
    assert_eq!(counts.all(), [2, 11, 1, 6]);
    let (result, counts) = import(GivenStream::new(vec![part(0, 4), part(3, 10)]));
    refused(result, ErrorCode::ConstraintViolation, &["row 4"]);
    assert_eq!(counts.all(), [2, 12, 1, 6]);
    let mut null = part(4, 10);
    (null.validity, null.null_count) = (Some(vec![0b1101_1111, 0xff]), 1);
    refused(import(GivenStream::new(vec![part(0, 4), null])).0, ErrorCode::ConstraintViolation, &["row 5 is null"]);
}

#[test]
fn a_stream_that_is_released_or_lacks_a_callback_is_refused() {
    let refuse = |bend: fn(&mut ArrowArrayStream), code, words: &str| {
        let mut stream = GivenStream::new(Vec::new()).produce();
        let release = stream.release;
        bend(&mut stream);
        // SAFETY: refused before it is read from.
        refused(unsafe { import_stream(&mut stream, &options()) }, code, &[words]);
        stream.release = release;
        // SAFETY: as its producer made it, but for what is not called here.
        unsafe { stream.release() }
    };
    refuse(|stream| stream.release = None, ErrorCode::InvalidState, "has been released");
    refuse(|stream| stream.get_schema = None, ErrorCode::DeserializationFailed, "no get_schema");
    refuse(|stream| stream.get_next = None, ErrorCode::DeserializationFailed, "no get_next");
}
