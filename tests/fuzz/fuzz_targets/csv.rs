//! A CSV file of candles: a series that keeps its laws, or a refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omega_slicer::io::{TimeUnit, read_csv};
use omega_slicer::{Check, PriceType, SeriesOptions, Timeframe};
use omega_slicer_fuzz::{MemoryFile, Promise, assert_laws, assert_refusal, assert_same, within_limit};

fuzz_target!(|bytes: &[u8]| {
    let file = MemoryFile::new(bytes);
    // Integers are read in one unit or another; which one must not matter to anything else.
    let unit = match bytes.len() % 4 {
        0 => TimeUnit::Microseconds,
        1 => TimeUnit::Seconds,
        2 => TimeUnit::Milliseconds,
        _ => TimeUnit::Nanoseconds,
    };
    let read = |check, allow_missing| {
        let mut options = SeriesOptions::new("TEST", Timeframe::M1, PriceType::Bid);
        options.check = check;
        options.allow_missing = allow_missing;
        within_limit(bytes.len(), || read_csv(file.path(), unit, options))
    };
    let full = read(Check::Full, false);
    let missing = read(Check::Full, true);
    let none = read(Check::None, false);
    for (outcome, promise) in [(&full, Promise::Finite), (&missing, Promise::Missing), (&none, Promise::Lengths)] {
        match outcome {
            Ok(series) => assert_laws(series, promise),
            Err(error) => assert_refusal(error),
        }
    }
    // What passes every check passes fewer.
    if full.is_ok() {
        assert_same(&full, &missing);
    }
    if missing.is_ok() {
        assert_same(&missing, &none);
    }
});
