//! What this library is: ABI version, the layout of every struct, release and build.

use std::mem::offset_of;

use libc::c_char;

use super::kernels::OmegaKernelOptions;
use super::quality::{OmegaGap, OmegaPairQuality, OmegaQuality};
use super::series::{OmegaColumns, OmegaSeriesInfo, OmegaSeriesOptions};
use super::slicer::{OmegaCandle, OmegaRange};
use crate::io::{ArrowArray, ArrowArrayStream, ArrowSchema};

/// The version of this ABI: major << 16 | minor. Libraries with the same major and at least this minor fit.
pub const OMEGA_ABI_VERSION: u32 = 0x0001_0004;

/// A number of the Arrow structs: 0 in a library that cannot do anything with them.
const fn arrow(number: usize) -> usize {
    if cfg!(feature = "arrow") { number } else { 0 }
}

/// Writes the layout struct from one list: a size per struct, an offset per field.
macro_rules! layout {
    ($($name:ident: $value:expr,)*) => {
        #[expect(clippy::cast_possible_truncation, reason = "sizes of small structs")]
        static LAYOUT: OmegaAbiLayout = OmegaAbiLayout { $($name: $value as u32,)* };
    };
}

/// Sizes of the structs of this header and offsets of their fields, in bytes, as the library was built.
///
/// A binding compares each number with its own before the first real call. Later minor versions add fields at the
/// end. Those of the Arrow structs are all 0 in a library without the feature arrow.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "each name says struct and field")]
pub struct OmegaAbiLayout {
    pub layout_size: u32,
    pub columns_size: u32,
    pub columns_timestamp: u32,
    pub columns_open: u32,
    pub columns_high: u32,
    pub columns_low: u32,
    pub columns_close: u32,
    pub columns_volume: u32,
    pub columns_len: u32,
    pub range_size: u32,
    pub range_start: u32,
    pub range_len: u32,
    pub candle_size: u32,
    pub candle_timestamp: u32,
    pub candle_open: u32,
    pub candle_high: u32,
    pub candle_low: u32,
    pub candle_close: u32,
    pub candle_volume: u32,
    pub options_size: u32,
    pub options_symbol: u32,
    pub options_timeframe_us: u32,
    pub options_price_type: u32,
    pub options_check: u32,
    pub options_flags: u32,
    pub info_size: u32,
    pub info_symbol: u32,
    pub info_timeframe_us: u32,
    pub info_price_type: u32,
    pub info_len: u32,
    pub quality_size: u32,
    pub quality_rows: u32,
    pub quality_gaps: u32,
    pub quality_overlaps: u32,
    pub quality_high_below_low: u32,
    pub quality_outside_high_low: u32,
    pub quality_nonpositive_prices: u32,
    pub quality_negative_volumes: u32,
    pub quality_missing_prices: u32,
    pub quality_missing_volumes: u32,
    pub gap_size: u32,
    pub gap_step_us: u32,
    pub gap_count: u32,
    pub pair_quality_size: u32,
    pub pair_quality_matched: u32,
    pub pair_quality_crossed: u32,
    pub pair_quality_locked: u32,
    pub pair_quality_bid_only: u32,
    pub pair_quality_ask_only: u32,
    pub kernel_options_size: u32,
    pub kernel_options_window: u32,
    pub kernel_options_min_periods: u32,
    pub kernel_options_ddof: u32,
    pub kernel_options_nan: u32,
    pub kernel_options_slow: u32,
    pub kernel_options_signal: u32,
    pub kernel_options_width: u32,
    pub arrow_schema_size: u32,
    pub arrow_schema_format: u32,
    pub arrow_schema_name: u32,
    pub arrow_schema_metadata: u32,
    pub arrow_schema_flags: u32,
    pub arrow_schema_n_children: u32,
    pub arrow_schema_children: u32,
    pub arrow_schema_dictionary: u32,
    pub arrow_schema_release: u32,
    pub arrow_schema_private_data: u32,
    pub arrow_array_size: u32,
    pub arrow_array_length: u32,
    pub arrow_array_null_count: u32,
    pub arrow_array_offset: u32,
    pub arrow_array_n_buffers: u32,
    pub arrow_array_n_children: u32,
    pub arrow_array_buffers: u32,
    pub arrow_array_children: u32,
    pub arrow_array_dictionary: u32,
    pub arrow_array_release: u32,
    pub arrow_array_private_data: u32,
    pub arrow_stream_size: u32,
    pub arrow_stream_get_schema: u32,
    pub arrow_stream_get_next: u32,
    pub arrow_stream_get_last_error: u32,
    pub arrow_stream_release: u32,
    pub arrow_stream_private_data: u32,
}

layout! {
    layout_size: size_of::<OmegaAbiLayout>(),
    columns_size: size_of::<OmegaColumns>(),
    columns_timestamp: offset_of!(OmegaColumns, timestamp),
    columns_open: offset_of!(OmegaColumns, open),
    columns_high: offset_of!(OmegaColumns, high),
    columns_low: offset_of!(OmegaColumns, low),
    columns_close: offset_of!(OmegaColumns, close),
    columns_volume: offset_of!(OmegaColumns, volume),
    columns_len: offset_of!(OmegaColumns, len),
    range_size: size_of::<OmegaRange>(),
    range_start: offset_of!(OmegaRange, start),
    range_len: offset_of!(OmegaRange, len),
    candle_size: size_of::<OmegaCandle>(),
    candle_timestamp: offset_of!(OmegaCandle, timestamp),
    candle_open: offset_of!(OmegaCandle, open),
    candle_high: offset_of!(OmegaCandle, high),
    candle_low: offset_of!(OmegaCandle, low),
    candle_close: offset_of!(OmegaCandle, close),
    candle_volume: offset_of!(OmegaCandle, volume),
    options_size: size_of::<OmegaSeriesOptions>(),
    options_symbol: offset_of!(OmegaSeriesOptions, symbol),
    options_timeframe_us: offset_of!(OmegaSeriesOptions, timeframe_us),
    options_price_type: offset_of!(OmegaSeriesOptions, price_type),
    options_check: offset_of!(OmegaSeriesOptions, check),
    options_flags: offset_of!(OmegaSeriesOptions, flags),
    info_size: size_of::<OmegaSeriesInfo>(),
    info_symbol: offset_of!(OmegaSeriesInfo, symbol),
    info_timeframe_us: offset_of!(OmegaSeriesInfo, timeframe_us),
    info_price_type: offset_of!(OmegaSeriesInfo, price_type),
    info_len: offset_of!(OmegaSeriesInfo, len),
    quality_size: size_of::<OmegaQuality>(),
    quality_rows: offset_of!(OmegaQuality, rows),
    quality_gaps: offset_of!(OmegaQuality, gaps),
    quality_overlaps: offset_of!(OmegaQuality, overlaps),
    quality_high_below_low: offset_of!(OmegaQuality, high_below_low),
    quality_outside_high_low: offset_of!(OmegaQuality, outside_high_low),
    quality_nonpositive_prices: offset_of!(OmegaQuality, nonpositive_prices),
    quality_negative_volumes: offset_of!(OmegaQuality, negative_volumes),
    quality_missing_prices: offset_of!(OmegaQuality, missing_prices),
    quality_missing_volumes: offset_of!(OmegaQuality, missing_volumes),
    gap_size: size_of::<OmegaGap>(),
    gap_step_us: offset_of!(OmegaGap, step_us),
    gap_count: offset_of!(OmegaGap, count),
    pair_quality_size: size_of::<OmegaPairQuality>(),
    pair_quality_matched: offset_of!(OmegaPairQuality, matched),
    pair_quality_crossed: offset_of!(OmegaPairQuality, crossed),
    pair_quality_locked: offset_of!(OmegaPairQuality, locked),
    pair_quality_bid_only: offset_of!(OmegaPairQuality, bid_only),
    pair_quality_ask_only: offset_of!(OmegaPairQuality, ask_only),
    kernel_options_size: size_of::<OmegaKernelOptions>(),
    kernel_options_window: offset_of!(OmegaKernelOptions, window),
    kernel_options_min_periods: offset_of!(OmegaKernelOptions, min_periods),
    kernel_options_ddof: offset_of!(OmegaKernelOptions, ddof),
    kernel_options_nan: offset_of!(OmegaKernelOptions, nan),
    kernel_options_slow: offset_of!(OmegaKernelOptions, slow),
    kernel_options_signal: offset_of!(OmegaKernelOptions, signal),
    kernel_options_width: offset_of!(OmegaKernelOptions, width),
    arrow_schema_size: arrow(size_of::<ArrowSchema>()),
    arrow_schema_format: arrow(offset_of!(ArrowSchema, format)),
    arrow_schema_name: arrow(offset_of!(ArrowSchema, name)),
    arrow_schema_metadata: arrow(offset_of!(ArrowSchema, metadata)),
    arrow_schema_flags: arrow(offset_of!(ArrowSchema, flags)),
    arrow_schema_n_children: arrow(offset_of!(ArrowSchema, n_children)),
    arrow_schema_children: arrow(offset_of!(ArrowSchema, children)),
    arrow_schema_dictionary: arrow(offset_of!(ArrowSchema, dictionary)),
    arrow_schema_release: arrow(offset_of!(ArrowSchema, release)),
    arrow_schema_private_data: arrow(offset_of!(ArrowSchema, private_data)),
    arrow_array_size: arrow(size_of::<ArrowArray>()),
    arrow_array_length: arrow(offset_of!(ArrowArray, length)),
    arrow_array_null_count: arrow(offset_of!(ArrowArray, null_count)),
    arrow_array_offset: arrow(offset_of!(ArrowArray, offset)),
    arrow_array_n_buffers: arrow(offset_of!(ArrowArray, n_buffers)),
    arrow_array_n_children: arrow(offset_of!(ArrowArray, n_children)),
    arrow_array_buffers: arrow(offset_of!(ArrowArray, buffers)),
    arrow_array_children: arrow(offset_of!(ArrowArray, children)),
    arrow_array_dictionary: arrow(offset_of!(ArrowArray, dictionary)),
    arrow_array_release: arrow(offset_of!(ArrowArray, release)),
    arrow_array_private_data: arrow(offset_of!(ArrowArray, private_data)),
    arrow_stream_size: arrow(size_of::<ArrowArrayStream>()),
    arrow_stream_get_schema: arrow(offset_of!(ArrowArrayStream, get_schema)),
    arrow_stream_get_next: arrow(offset_of!(ArrowArrayStream, get_next)),
    arrow_stream_get_last_error: arrow(offset_of!(ArrowArrayStream, get_last_error)),
    arrow_stream_release: arrow(offset_of!(ArrowArrayStream, release)),
    arrow_stream_private_data: arrow(offset_of!(ArrowArrayStream, private_data)),
}

/// The ABI version this library was built with; compare its upper 16 bits with OMEGA_ABI_VERSION's.
///
/// Threads: any. O(1).
#[unsafe(no_mangle)]
pub extern "C" fn omega_abi_version() -> u32 {
    #[cfg(feature = "fault-injection")]
    return super::fault::version(OMEGA_ABI_VERSION);
    #[cfg(not(feature = "fault-injection"))]
    OMEGA_ABI_VERSION
}

/// The layout this library was built with. If layout_size is smaller than yours, compare nothing further.
///
/// Ownership: the library's, alive as long as it. Threads: any. O(1).
#[unsafe(no_mangle)]
pub extern "C" fn omega_abi_layout() -> *const OmegaAbiLayout {
    #[cfg(feature = "fault-injection")]
    return std::ptr::from_ref(super::fault::layout(&LAYOUT));
    #[cfg(not(feature = "fault-injection"))]
    &raw const LAYOUT
}

/// The release of this library, such as "0.1.0".
///
/// Ownership: the library's, alive as long as it. Threads: any. O(1).
#[unsafe(no_mangle)]
pub extern "C" fn omega_library_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Sixteen hexadecimal digits that differ between builds of different sources or settings.
///
/// Ownership: the library's, alive as long as it. Threads: any. O(1).
#[unsafe(no_mangle)]
pub extern "C" fn omega_build_id() -> *const c_char {
    concat!(env!("OMEGA_BUILD_ID"), "\0").as_ptr().cast()
}
