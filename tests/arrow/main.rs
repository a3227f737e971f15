//! Arrow in and out: what real producers write, round trips, and what damage and malice come to.
#![cfg(feature = "arrow")]
#![allow(clippy::float_cmp, reason = "results are exact, bit for bit")]

mod allocator;
mod c_export;
mod c_hostile;
mod c_import;
mod c_stream;
#[path = "../common/mod.rs"]
mod common;
mod foreign;
mod hostile;
mod ipc;
mod schema;
mod vectors;
