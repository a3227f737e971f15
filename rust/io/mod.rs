//! How candles come in: text and files. Knows the core; the core does not know it.

#[cfg(feature = "arrow")]
mod arrow_columns;
#[cfg(feature = "csv")]
mod csv;
mod timestamp;

#[cfg(feature = "csv")]
pub use csv::{TimeUnit, read_csv};
pub use timestamp::parse_timestamp;
