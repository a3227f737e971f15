//! Several timeframes, several symbols and the walk, against definitions that look at every row.
#![allow(clippy::float_cmp, reason = "results are exact, bit for bit")]

mod align;
mod resample;
mod series;
