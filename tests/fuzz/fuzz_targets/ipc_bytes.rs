//! Arrow IPC bytes, files and streams: a series that keeps its laws, or a refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omega_slicer::io::{ArrowOptions, parse_ipc};
use omega_slicer::{Check, PriceType, Timeframe};
use omega_slicer_fuzz::{Promise, assert_laws, assert_refusal, assert_same, within_limit};

fuzz_target!(|bytes: &[u8]| {
    let identified = ArrowOptions {
        symbol: Some("TEST".to_owned()),
        timeframe: Some(Timeframe::M1),
        price_type: Some(PriceType::Bid),
        ..ArrowOptions::default()
    };
    let missing = ArrowOptions { allow_missing: true, ..identified.clone() };
    let order = ArrowOptions { check: Some(Check::Order), ..identified.clone() };
    let none = ArrowOptions { check: Some(Check::None), allow_missing: true, ..identified.clone() };
    let asked = [
        (&identified, Promise::Finite),
        (&missing, Promise::Missing),
        (&order, Promise::Order),
        (&none, Promise::Lengths),
    ];
    let read = |options: &ArrowOptions| within_limit(bytes.len(), || parse_ipc(bytes, options));
    let outcomes = asked.map(|(options, promise)| {
        let outcome = read(options);
        match &outcome {
            Ok(series) => assert_laws(series, promise),
            Err(error) => assert_refusal(error),
        }
        outcome
    });
    // What passes every check passes fewer.
    if let Ok(full) = &outcomes[0] {
        assert_same(&outcomes[0], &outcomes[2]);
        // Missing bars are left out, or stay without prices; then their stamps count, too.
        if let Ok(all) = &outcomes[1] {
            let there = all.timestamp().iter().zip(all.open()).filter(|(_, open)| !open.is_nan());
            assert!(there.map(|(stamp, _)| stamp).eq(full.timestamp()), "the bars that are there");
        }
    }
    if outcomes[1].is_ok() {
        assert_same(&outcomes[1], &outcomes[3]);
    }
    // The file's own identity, and the schema to the letter.
    for strict in [false, true] {
        let own = ArrowOptions { strict, ..ArrowOptions::default() };
        match read(&own) {
            Ok(series) => {
                assert_laws(&series, Promise::Finite);
                assert_same(&outcomes[0], &Ok(series));
            }
            Err(error) => assert_refusal(&error),
        }
    }
});
