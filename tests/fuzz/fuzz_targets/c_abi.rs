//! The C ABI as a hostile but lawful host uses it: calls of every family in any order, on handles that live, were
//! freed, are NULL, are of another kind or were never handed out. Arrays are as long as the header asks for, to the
//! byte. What must hold is in `host.rs`; each family has a file of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omega_slicer_fuzz::Input;

#[path = "c_abi/candles.rs"]
mod candles;
#[path = "c_abi/host.rs"]
mod host;
#[path = "c_abi/kernels.rs"]
mod kernels;
#[path = "c_abi/questions.rs"]
mod questions;

use host::Host;

fuzz_target!(|bytes: &[u8]| {
    let mut host = Host::new(Input::new(bytes));
    // Something to ask from the start, so that short inputs reach further.
    candles::ordinary(&mut host);
    for _ in 0..200 {
        if host.input.is_empty() {
            break;
        }
        match host.input.byte() % 8 {
            0 | 1 => candles::call(&mut host),
            2..=4 => questions::call(&mut host),
            5 => kernels::stream(&mut host),
            _ => kernels::call(&mut host),
        }
    }
    host.finish();
});
