//! How candles come in: text and files. Knows the core; the core does not know it.

#[cfg(feature = "arrow")]
mod arrow_columns;
#[cfg(all(test, feature = "arrow"))]
mod arrow_columns_test;
#[cfg(feature = "arrow")]
mod arrow_values;
#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "arrow")]
pub mod schema;
#[cfg(any(feature = "arrow", feature = "csv"))]
mod time_unit;
mod timestamp;

#[cfg(feature = "arrow")]
pub use arrow_columns::ArrowOptions;
#[cfg(feature = "csv")]
pub use csv::read_csv;
#[cfg(any(feature = "arrow", feature = "csv"))]
pub use time_unit::TimeUnit;
pub use timestamp::parse_timestamp;
