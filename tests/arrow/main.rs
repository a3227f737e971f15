//! Arrow in and out: what real producers write, round trips, and what damage and malice come to.
#![cfg(feature = "arrow")]
#![allow(clippy::float_cmp, reason = "results are exact, bit for bit")]

mod allocator;
#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod ipc;
mod vectors;
