//! A mapped Arrow file: the same series, to the bit, as the same bytes copied, or a refusal for the same reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omega_slicer::io::{ArrowOptions, parse_ipc, read_ipc};
use omega_slicer::{Check, ErrorCode, PriceType, Timeframe};
use omega_slicer_fuzz::{MemoryFile, Promise, assert_laws, assert_refusal, assert_same, within_limit};

fuzz_target!(|bytes: &[u8]| {
    let file = MemoryFile::new(bytes);
    for (check, promise) in
        [(Check::Full, Promise::Finite), (Check::Order, Promise::Order), (Check::None, Promise::Lengths)]
    {
        let options = ArrowOptions {
            symbol: Some("TEST".to_owned()),
            timeframe: Some(Timeframe::M1),
            price_type: Some(PriceType::Bid),
            check: Some(check),
            ..ArrowOptions::default()
        };
        let mapped = within_limit(bytes.len(), || read_ipc(file.path(), &options, true));
        match &mapped {
            Ok(series) => assert_laws(series, promise),
            Err(error) => assert_refusal(error),
        }
        if mapped.as_ref().is_err_and(|error| error.code() == ErrorCode::InvalidArgument) {
            continue; // compressed
        }
        assert_same(&mapped, &within_limit(bytes.len(), || parse_ipc(bytes, &options)));
    }
});
