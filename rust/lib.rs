//! Bid/ask candle series and the fastest honest answers a backtest asks of them.
//!
//! A [`CandleSeries`] holds one symbol, timeframe and price type as columns; a [`SymbolDataSlicer`]
//! answers questions in time with row ranges over them. Timestamps are microseconds since 1970-01-01
//! UTC and name a candle's open; nothing is ever seen before it exists, and `closed_only` admits only
//! candles that have closed. The same library speaks C (`include/omega_slicer.h`), and through it
//! Julia (`OmegaJulia`) and Python (`omega_slicer`).

#[cfg(not(target_pointer_width = "64"))]
compile_error!("omega-slicer needs 64-bit pointers: handles of the C ABI carry a generation in them");

mod align;
mod candle;
mod column;
mod error;
pub mod ffi;
pub mod io;
pub mod kernels;
mod multi_symbol;
mod quality;
mod resample;
mod series;
mod slicer;
mod symbol_slice;
mod time_index;
mod timeframe;
mod timeline;

/// The README's Rust program, compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use align::{AlignOptions, Decision, Stamps, align};
pub use candle::{Candle, Field, PriceType};
pub use column::Column;
pub use error::{Error, ErrorCode};
pub use multi_symbol::{Moment, MultiSymbolOptions, MultiSymbolSlice, PriceKind, Quotes};
pub use quality::{PairQuality, Quality};
pub use resample::{ResampleOptions, resample};
pub use series::{CandleSeries, Check, Columns, FileState, SeriesOptions};
pub use slicer::{Candles, LookbackOptions, RowRange, SymbolDataSlicer};
pub use symbol_slice::{Bar, SymbolDataSlice};
pub use timeframe::Timeframe;
pub use timeline::Timeline;
