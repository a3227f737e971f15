//! The C ABI: one file per noun of `include/omega_slicer.h`, each export a single `guard!`.
//!
//! Nothing is computed here: arguments are checked, the core is asked, the answer is written out.
//! `handle.rs` says what makes a handle valid, `guard.rs` that no panic crosses.
#![expect(clippy::doc_markdown, reason = "these comments become those of the C header, where backticks are noise")]
#![allow(
    unsafe_code,
    reason = "pointers of another language become references here, each where its promise is written"
)]

// Before its users, as macros have it.
#[macro_use]
mod guard;

mod abi;
mod align;
mod arguments;
mod arrow;
#[cfg(feature = "arrow")]
mod arrow_door;
#[cfg(not(feature = "arrow"))]
#[path = "arrow_refusals.rs"]
mod arrow_door;
#[cfg(feature = "fault-injection")]
mod fault;
mod handle;
mod indicators;
mod kernels;
mod multi_symbol;
mod quality;
mod resample;
mod rolling;
mod series;
mod slicer;
mod status;
mod stream;
mod symbol_slice;
mod tables;
mod time;

pub use abi::*;
pub use align::*;
pub use arrow::*;
#[cfg(feature = "fault-injection")]
pub use fault::*;
pub use indicators::*;
pub use kernels::*;
pub use multi_symbol::*;
pub use quality::*;
pub use resample::*;
pub use rolling::*;
pub use series::*;
pub use slicer::*;
pub use status::*;
pub use stream::*;
pub use symbol_slice::*;
pub use tables::*;
pub use time::*;
