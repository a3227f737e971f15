//! Several timeframes, several symbols and the walk, against definitions that look at every row.
#![allow(clippy::float_cmp, reason = "results are exact, bit for bit")]

mod align;
#[path = "../common/mod.rs"]
mod common;
mod look_ahead;
mod resample;
mod series;
mod symbols;
mod vectors;
mod walk;
