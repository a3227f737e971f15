//! Arrow in and out: what real producers write, round trips, and what damage and malice come to.
#![cfg(feature = "arrow")]
#![allow(clippy::float_cmp, reason = "results are exact, bit for bit")]

mod c_export;
mod c_hostile;
mod c_import;
mod c_stream;
mod foreign;
mod schema;
