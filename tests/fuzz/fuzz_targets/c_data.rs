//! Structs of the Arrow C Data and C Stream Interfaces, made from the input: buffers of their own exact sizes, and
//! around them numbers that fit or do not. A number that reaches beyond its buffers is one that the import can
//! tell to be wrong, so whatever it accepts must lie inside.
#![no_main]
#![allow(dead_code)] // of the producer, what only its other users need

use std::ffi::CString;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use omega_slicer::io::{ArrowOptions, ArrowSchema, import_stream};
use omega_slicer::{CandleSeries, Check, Error, PriceType, Timeframe};
use omega_slicer_fuzz::{Input, Promise, assert_laws, assert_refusal, assert_same};

#[path = "../../arrow/foreign.rs"]
mod foreign;

use foreign::{Given, GivenStream, GivenTable};

const NAMES: [&str; 16] = [
    "timestamp",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "valid",
    "time",
    "Date",
    "CLOSE",
    "Volume",
    "VALID",
    "__index_level_0__",
    "note",
    "when",
    "",
];
const FORMATS: [&str; 26] = [
    "tsu:UTC",
    "g",
    "tsn:",
    "tss:Europe/Berlin",
    "tsm:UTC",
    "tdD",
    "tdm",
    "l",
    "f",
    "c",
    "C",
    "s",
    "S",
    "i",
    "I",
    "L",
    "b",
    "u",
    "U",
    "vu",
    "+s",
    "+l",
    "n",
    "d:10,2",
    "tsx:",
    "",
];
const KEYS: [&str; 8] = ["symbol", "timeframe", "price_type", "schema_name", "schema_version", "pandas", "x", ""];
const VALUES: [&str; 10] = ["TEST", "M1", "bid", "ask", "H1", "symbol_slice", "ohlcv", "1.0.0", "2.0.0", "5min"];

/// Bytes that a value of this format takes, bits for a bitmap; 0 where nothing is to be read.
fn width(format: &str) -> usize {
    match format {
        "g" | "l" | "L" | "tdm" => 64,
        "f" | "i" | "I" | "tdD" => 32,
        "s" | "S" => 16,
        "c" | "C" => 8,
        "b" => 1,
        _ if format.starts_with("ts") => 64,
        _ => 0,
    }
}

/// A column whose buffers hold `held` rows exactly.
fn column(input: &mut Input, name: &'static str, format: &str, held: usize) -> Given {
    let bytes = (held * width(format)).div_ceil(8);
    let mut values = Vec::with_capacity(bytes);
    if width(format) == 64 {
        // Stamps that increase and prices that are finite, mostly; or whatever the input says.
        let step = input.byte();
        for row in 0..held {
            let small = i64::from(step) * 60_000_000 * row.cast_signed() as i64;
            let value = match (step, format) {
                (255, _) => input.long().cast_unsigned(),
                (_, "g") => (f64::from(step) + row as f64 / 8.0).to_bits(),
                (_, "l" | "tdm" | "tsu:UTC") => (1_700_000_000_000_000 + small).cast_unsigned(),
                _ => (1_700_000_000 + small / 1_000_000).cast_unsigned(),
            };
            values.extend(value.to_ne_bytes());
        }
    } else {
        values.extend((0..bytes).map(|_| input.byte()));
    }
    let mut given = Given::new(name, format, values, held);
    let bits = input.byte();
    if bits & 1 != 0 {
        let validity: Vec<bool> = (0..held).map(|row| row % 8 == 0 || bits >> (row % 8) & 1 != 0).collect();
        let nulls = validity.iter().filter(|bit| !**bit).count();
        given = given.with_validity(&validity, if input.one_in(4) { -1 } else { nulls as i64 });
    }
    given.nullable = !input.one_in(4);
    given
}

/// Numbers bent in ways that the import must notice or that must not matter.
fn bend(input: &mut Input, given: &mut Given, held: i64) {
    match input.byte() {
        0 => given.length = input.long(),
        1 => given.null_count = input.long(),
        2 => given.buffers[1] = None,
        3 => given.buffers.truncate(1),
        4 => given.buffers.push(None),
        5 => given.dictionary = true,
        6 => given.offset = -1 - (input.long() >> 1).abs(),
        7 => given.misaligned = usize::from(input.byte() % 8),
        8 => {
            // A part of the column; all of it stays inside.
            given.offset = (input.long() & i64::MAX) % (held + 1);
            given.length = held - given.offset;
        }
        9 => given.null_count = i64::from(input.byte()),
        _ => {}
    }
    // A length or an offset that leaves the buffers is one that honest producers cannot have, and nobody can
    // check: only the shapes that stay inside are tried.
    if given.offset >= 0 && given.length >= 0 && given.offset.checked_add(given.length).is_none_or(|end| end > held) {
        (given.offset, given.length) = (0, held);
    }
}

/// Another batch of a stream: its schema is the first one's, so what its columns hold is of the same types.
fn table_like(input: &mut Input, first: &GivenTable) -> GivenTable {
    let held = usize::from(input.byte() % 40);
    let mut made = foreign::candles(held);
    made.columns = first
        .columns
        .iter()
        .map(|one| {
            let mut another = column(input, one.name, one.format.to_str().unwrap(), held);
            another.dictionary = one.dictionary;
            another
        })
        .collect();
    if input.one_in(8) {
        made.columns.pop();
    }
    made
}

fn table(input: &mut Input) -> GivenTable {
    let held = usize::from(input.byte() % 40);
    let mut made = foreign::candles(held);
    // The shape of ours, or any.
    if input.one_in(2) {
        let count = usize::from(input.byte() % 12);
        made.columns = (0..count)
            .map(|at| {
                let name = if input.one_in(3) { NAMES[usize::from(input.byte()) % NAMES.len()] } else { NAMES[at % 7] };
                let likely = if at == 0 { "tsu:UTC" } else { "g" };
                let format = if input.one_in(3) { FORMATS[usize::from(input.byte()) % FORMATS.len()] } else { likely };
                column(input, name, format, held)
            })
            .collect();
    }
    if input.one_in(2) && !made.columns.is_empty() {
        let at = usize::from(input.byte()) % made.columns.len();
        let mut bent = made.columns[at].clone();
        bend(input, &mut bent, held as i64);
        made.columns[at] = bent;
    }
    match input.byte() {
        // A part of the rows; the children go on.
        0 | 1 => {
            made.offset = (input.long() & i64::MAX) % (held as i64 + 1);
            made.length = held as i64 - made.offset;
        }
        2 => made.length = input.long(),
        3 => made.offset = input.long(),
        4 => made.null_count = input.long(),
        5 => {
            // Its own validity covers its own rows.
            let bits = vec![!input.one_in(2); held];
            made.null_count = bits.iter().filter(|bit| !**bit).count() as i64;
            made.validity = Some(foreign::bitmap(&bits));
        }
        _ => {}
    }
    if input.one_in(2) {
        let count = usize::from(input.byte() % 6);
        let pairs: Vec<_> = (0..count)
            .map(|_| (KEYS[usize::from(input.byte()) % KEYS.len()], VALUES[usize::from(input.byte()) % VALUES.len()]))
            .collect();
        made.metadata = Some(foreign::metadata(&pairs));
    }
    made
}

fn options(input: &mut Input) -> (ArrowOptions, Promise) {
    let (check, promise) = match input.byte() % 4 {
        0 => (Some(Check::Order), Promise::Order),
        1 => (Some(Check::None), Promise::Lengths),
        _ => (None, Promise::Finite),
    };
    let allow_missing = input.one_in(3);
    let identified = !input.one_in(4);
    let options = ArrowOptions {
        symbol: input.one_in(2).then(|| "TEST".to_owned()),
        timeframe: identified.then_some(Timeframe::M1),
        price_type: identified.then_some(PriceType::Bid),
        check,
        allow_missing,
        strict: input.one_in(8),
    };
    (options, if allow_missing && promise == Promise::Finite { Promise::Missing } else { promise })
}

fn judged(outcome: &Result<CandleSeries, Error>, promise: Promise) {
    match outcome {
        Ok(series) => assert_laws(series, promise),
        Err(error) => assert_refusal(error),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let (options, promise) = options(&mut input);
    let first = table(&mut input);

    // An array and its schema: what is taken is released once, what is refused stays the caller's.
    let mut foreign = first.produce();
    let counts = Arc::clone(&foreign.counts);
    let by_array = foreign.import(&options);
    judged(&by_array, promise);
    assert_eq!(foreign.array.is_released(), by_array.is_ok(), "taken or not");
    assert_eq!(foreign.schema.is_released(), by_array.is_ok(), "taken or not");
    let columns = first.columns.iter().map(|given| 1 + usize::from(given.dictionary)).sum();
    if by_array.is_err() {
        assert_eq!(counts.all(), [0; 4], "nothing is released that was refused");
    }
    drop(foreign);
    // A part of the series keeps as much alive as it needs.
    let kept = by_array.as_ref().ok().cloned();
    let copy = by_array.as_ref().ok().map(|series| series.timestamp().to_vec());

    // The same and more as a stream.
    let mut batches = vec![first.clone()];
    batches.extend((0..input.byte() % 3).map(|_| table_like(&mut input, &first)));
    let one = batches.len() == 1;
    let mut stream = GivenStream::new(batches);
    if input.one_in(8) {
        stream.schema_fails = 5;
    }
    if input.one_in(8) {
        stream.end_fails = 5;
        stream.words = input.one_in(2).then(|| CString::new("words").unwrap());
    }
    let fails = stream.schema_fails != 0 || stream.end_fails != 0;
    let stream_counts = Arc::clone(&stream.counts);
    let mut given = stream.produce();
    // SAFETY: made by the producer as the interface asks for.
    let by_stream = unsafe { import_stream(&mut given, &options) };
    judged(&by_stream, promise);
    assert_eq!(given.is_released(), by_stream.is_ok(), "taken or not");
    if fails {
        assert!(by_stream.is_err(), "the stream failed");
    } else if one {
        assert_same(&by_array, &by_stream);
    }
    // SAFETY: ours still, or released.
    unsafe { given.release() };
    assert_eq!(stream_counts.streams.load(std::sync::atomic::Ordering::SeqCst), 1, "released once");

    drop(by_array);
    if let (Some(series), Some(copy)) = (&kept, &copy) {
        assert_eq!(series.timestamp(), copy, "a clone keeps the memory alive");
    }
    drop(kept);
    assert_eq!(counts.all(), [1, columns, 1, columns], "each released once");
    drop(by_stream);
    let released = stream_counts.all();
    assert_eq!(released[0] <= 3 && released[2] <= 1, true, "no batch twice: {released:?}");
    let _ = ArrowSchema::released();
});
