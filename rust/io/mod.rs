//! How candles come in: text and files. Knows the core; the core does not know it.

#[cfg(feature = "arrow")]
mod arrow_batch_walk;
#[cfg(feature = "arrow")]
mod arrow_c_export;
#[cfg(feature = "arrow")]
mod arrow_c_format;
#[cfg(feature = "arrow")]
mod arrow_c_import;
#[cfg(feature = "arrow")]
mod arrow_columns;
#[cfg(all(test, feature = "arrow"))]
mod arrow_columns_test;
#[cfg(feature = "arrow")]
mod arrow_decompress;
#[cfg(all(test, feature = "arrow"))]
mod arrow_decompress_test;
#[cfg(feature = "arrow")]
mod arrow_ipc;
#[cfg(feature = "arrow")]
mod arrow_ipc_write;
#[cfg(feature = "arrow")]
mod arrow_mapped_file;
#[cfg(feature = "arrow")]
mod arrow_schema_walk;
mod arrow_structs;
#[cfg(feature = "arrow")]
mod arrow_values;
#[cfg(feature = "arrow")]
mod arrow_walk;
#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "arrow")]
pub mod schema;
#[cfg(any(feature = "arrow", feature = "csv"))]
mod time_unit;
mod timestamp;

#[cfg(feature = "arrow")]
pub use arrow_c_export::{export_array, export_schema, export_stream};
#[cfg(feature = "arrow")]
pub(crate) use arrow_c_import::{array_import, stream_import};
#[cfg(feature = "arrow")]
pub use arrow_c_import::{import_array, import_stream};
#[cfg(feature = "arrow")]
pub use arrow_columns::ArrowOptions;
#[cfg(feature = "arrow")]
pub use arrow_ipc::{parse_ipc, read_ipc};
#[cfg(feature = "arrow")]
pub use arrow_ipc_write::{to_ipc, write_ipc};
pub use arrow_structs::{ARROW_FLAG_NULLABLE, ArrowArray, ArrowArrayStream, ArrowSchema};
#[cfg(feature = "csv")]
pub use csv::read_csv;
#[cfg(any(feature = "arrow", feature = "csv"))]
pub use time_unit::TimeUnit;
pub use timestamp::parse_timestamp;
