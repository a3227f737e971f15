#ifndef OMEGA_SLICER_H
#define OMEGA_SLICER_H

#include <stddef.h>
#include <stdint.h>

/*
 * omega-slicer: candle series, the questions a backtest asks of them, and exact lookback kernels.
 *
 * This file is generated from rust/ffi by build.rs; change it there.
 *
 * Rules that hold for every function:
 * - It returns an OmegaStatus, OMEGA_OK or the reason for its failure, unless it only gives a constant.
 *   On any status but OMEGA_OK no out-parameter is written, and omega_last_error_message() says what,
 *   where and which value.
 * - A handle (OmegaSeries *, OmegaSymbolSlice *, OmegaMultiSymbol *, OmegaStream *) is opaque and must never
 *   be dereferenced. NULL gives OMEGA_NULL_POINTER; a freed or foreign handle gives OMEGA_INVALID_ARGUMENT. A
 *   const pointer to a handle means that any number of threads may call at once. Freeing a handle while another thread is
 *   inside a call with it is the caller's error: checking for it would cost five times the call.
 * - Arrays with a count of 0 may be NULL; others must be aligned. Output arrays need not be initialised
 *   and must not overlap input arrays or one another; where they do, the call is refused with
 *   OMEGA_INVALID_ARGUMENT.
 * - A flag bit that is not defined gives OMEGA_INVALID_ARGUMENT.
 * - Times are int64 microseconds since 1970-01-01 UTC and name a candle's open; a candle stamped t
 *   closes at t + timeframe. Row numbers count from 0.
 * - No panic crosses: a fault inside is OMEGA_FFI_PANIC_CAUGHT. It may leave the output arrays of a kernel
 *   partly written, and a stream unusable until it is reset.
 */

/*
 * The structs of the Arrow C Data and C Stream Interfaces, word for word as their specification gives them; the
 * guards let any number of headers have them.
 */
#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  // Array type description
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;

  // Release callback
  void (*release)(struct ArrowSchema*);
  // Opaque producer-specific data
  void* private_data;
};

struct ArrowArray {
  // Array data description
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;

  // Release callback
  void (*release)(struct ArrowArray*);
  // Opaque producer-specific data
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  // Callbacks providing stream functionality
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);

  // Release callback
  void (*release)(struct ArrowArrayStream*);

  // Opaque producer-specific data
  void* private_data;
};

#endif  // ARROW_C_STREAM_INTERFACE

#ifdef __cplusplus
}
#endif


/**
 * The version of this ABI: major << 16 | minor. Libraries with the same major and at least this minor fit.
 */
#define OMEGA_ABI_VERSION 65540

/**
 * A flag of OmegaSeriesOptions: prices may be missing (NaN).
 */
#define OMEGA_ALLOW_MISSING 1

/**
 * A flag of OmegaSeriesOptions for the Arrow functions alone: the schema must be one of ours to the letter.
 */
#define OMEGA_ARROW_STRICT 2

/**
 * A flag of OmegaSeriesOptions for omega_series_read_ipc alone: the file is mapped, not copied.
 */
#define OMEGA_ARROW_MMAP 4

/**
 * A flag: a row stamped exactly now (get_slice: end) does not count.
 */
#define OMEGA_EXCLUDE_CURRENT 1

/**
 * A flag: only candles whose close time is <= now count.
 */
#define OMEGA_CLOSED_ONLY 2

/**
 * A flag: give the rows there are where fewer than n exist.
 */
#define OMEGA_PARTIAL 4

/**
 * A flag of omega_series_resample: keep a last bucket that closes after the last candle.
 */
#define OMEGA_KEEP_PARTIAL 1

/**
 * A flag of omega_multi_symbol_new: where a series has no candle stamped at the moment, the latest one closed by its
 * decision time answers.
 */
#define OMEGA_ASOF 1

#if defined(OMEGA_FAULT_INJECTION)
/**
 * No fault.
 */
#define OMEGA_FAULT_NONE 0
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * Every export that returns a status panics inside.
 */
#define OMEGA_FAULT_PANIC 1
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * The lowest bit of every answer of omega_slicer_*, omega_align, omega_symbol_slice_* and omega_multi_symbol_*,
 * of every kernel and every stream, and of every price and volume of a resampled series is flipped.
 */
#define OMEGA_FAULT_FLIP 2
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * The next call of an export that returns a status ends the process, as a memory error would.
 */
#define OMEGA_FAULT_ABORT 3
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * The next call of such an export returns OMEGA_INTERNAL_ERROR; the ones after it are well.
 */
#define OMEGA_FAULT_INTERNAL_ONCE 4
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * One call in 500 of such exports returns OMEGA_INTERNAL_ERROR.
 */
#define OMEGA_FAULT_INTERNAL_RATE 5
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * As OMEGA_FAULT_FLIP, in one answer of a hundred: which ones differs from call to call.
 */
#define OMEGA_FAULT_FLIP_ROWS 6
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * omega_abi_version reports the next major version.
 */
#define OMEGA_FAULT_ABI 7
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * omega_abi_layout reports a size that is 8 bytes more than it is.
 */
#define OMEGA_FAULT_LAYOUT 8
#endif

#if defined(OMEGA_FAULT_INJECTION)
/**
 * Every export that returns a status takes a millisecond longer.
 */
#define OMEGA_FAULT_SLOW 9
#endif

/**
 * Several symbols' bid and ask series of one timeframe, moment by moment: immutable, readable from any number of
 * threads. Free it with omega_multi_symbol_free.
 */
typedef struct OmegaMultiSymbol OmegaMultiSymbol;

/**
 * A candle series: immutable, readable from any number of threads. Free it with omega_series_free.
 */
typedef struct OmegaSeries OmegaSeries;

/**
 * A kernel that takes its rows one by one. Free it with omega_stream_free.
 */
typedef struct OmegaStream OmegaStream;

/**
 * One symbol's bid and ask series in several timeframes, seen from one bar after the other: immutable, readable from
 * any number of threads. Free it with omega_symbol_slice_free.
 */
typedef struct OmegaSymbolSlice OmegaSymbolSlice;

/**
 * 0, or the number of what went wrong. 1xxx, 2xxx, 3xxx and 6xxx are the caller's; 4xxx and 5xxx the library's.
 */
typedef int32_t OmegaStatus;

/**
 * Sizes of the structs of this header and offsets of their fields, in bytes, as the library was built.
 *
 * A binding compares each number with its own before the first real call. Later minor versions add fields at the
 * end. Those of the Arrow structs are all 0 in a library without the feature arrow.
 */
typedef struct {
  uint32_t layout_size;
  uint32_t columns_size;
  uint32_t columns_timestamp;
  uint32_t columns_open;
  uint32_t columns_high;
  uint32_t columns_low;
  uint32_t columns_close;
  uint32_t columns_volume;
  uint32_t columns_len;
  uint32_t range_size;
  uint32_t range_start;
  uint32_t range_len;
  uint32_t candle_size;
  uint32_t candle_timestamp;
  uint32_t candle_open;
  uint32_t candle_high;
  uint32_t candle_low;
  uint32_t candle_close;
  uint32_t candle_volume;
  uint32_t options_size;
  uint32_t options_symbol;
  uint32_t options_timeframe_us;
  uint32_t options_price_type;
  uint32_t options_check;
  uint32_t options_flags;
  uint32_t info_size;
  uint32_t info_symbol;
  uint32_t info_timeframe_us;
  uint32_t info_price_type;
  uint32_t info_len;
  uint32_t quality_size;
  uint32_t quality_rows;
  uint32_t quality_gaps;
  uint32_t quality_overlaps;
  uint32_t quality_high_below_low;
  uint32_t quality_outside_high_low;
  uint32_t quality_nonpositive_prices;
  uint32_t quality_negative_volumes;
  uint32_t quality_missing_prices;
  uint32_t quality_missing_volumes;
  uint32_t gap_size;
  uint32_t gap_step_us;
  uint32_t gap_count;
  uint32_t pair_quality_size;
  uint32_t pair_quality_matched;
  uint32_t pair_quality_crossed;
  uint32_t pair_quality_locked;
  uint32_t pair_quality_bid_only;
  uint32_t pair_quality_ask_only;
  uint32_t kernel_options_size;
  uint32_t kernel_options_window;
  uint32_t kernel_options_min_periods;
  uint32_t kernel_options_ddof;
  uint32_t kernel_options_nan;
  uint32_t kernel_options_slow;
  uint32_t kernel_options_signal;
  uint32_t kernel_options_width;
  uint32_t arrow_schema_size;
  uint32_t arrow_schema_format;
  uint32_t arrow_schema_name;
  uint32_t arrow_schema_metadata;
  uint32_t arrow_schema_flags;
  uint32_t arrow_schema_n_children;
  uint32_t arrow_schema_children;
  uint32_t arrow_schema_dictionary;
  uint32_t arrow_schema_release;
  uint32_t arrow_schema_private_data;
  uint32_t arrow_array_size;
  uint32_t arrow_array_length;
  uint32_t arrow_array_null_count;
  uint32_t arrow_array_offset;
  uint32_t arrow_array_n_buffers;
  uint32_t arrow_array_n_children;
  uint32_t arrow_array_buffers;
  uint32_t arrow_array_children;
  uint32_t arrow_array_dictionary;
  uint32_t arrow_array_release;
  uint32_t arrow_array_private_data;
  uint32_t arrow_stream_size;
  uint32_t arrow_stream_get_schema;
  uint32_t arrow_stream_get_next;
  uint32_t arrow_stream_get_last_error;
  uint32_t arrow_stream_release;
  uint32_t arrow_stream_private_data;
} OmegaAbiLayout;

/**
 * Six columns of len rows each. volume is NULL where every volume is missing.
 */
typedef struct {
  /**
   * Open times, microseconds since 1970-01-01 UTC, strictly increasing.
   */
  const int64_t *timestamp;
  /**
   * First prices.
   */
  const double *open;
  /**
   * Highest prices.
   */
  const double *high;
  /**
   * Lowest prices.
   */
  const double *low;
  /**
   * Last prices.
   */
  const double *close;
  /**
   * Volumes, NaN where missing; or NULL.
   */
  const double *volume;
  /**
   * Rows in each column.
   */
  size_t len;
} OmegaColumns;

/**
 * The side of the market: OMEGA_PRICE_TYPE_BID or OMEGA_PRICE_TYPE_ASK.
 */
typedef int32_t OmegaPriceType;

/**
 * How much of a series is checked when it is made.
 */
typedef int32_t OmegaCheck;

/**
 * What a series is of, and how it is checked. Zeroed fields mean bid, full check, nothing missing.
 */
typedef struct {
  /**
   * The instrument, UTF-8; copied.
   */
  const char *symbol;
  /**
   * How long each candle lasts: a positive multiple of a minute.
   */
  int64_t timeframe_us;
  /**
   * The side of the market.
   */
  OmegaPriceType price_type;
  /**
   * How much is checked.
   */
  OmegaCheck check;
  /**
   * 0 or OMEGA_ALLOW_MISSING.
   */
  uint32_t flags;
  /**
   * 0.
   */
  uint32_t reserved;
} OmegaSeriesOptions;

/**
 * Called once, when the last reference to borrowed columns is gone, on the thread that drops it.
 */
typedef void (*OmegaRelease)(void *owner);

/**
 * The unit of integer stamps in a file.
 */
typedef int32_t OmegaTimeUnit;

/**
 * What a series is of.
 */
typedef struct {
  /**
   * The instrument; the series' own text, valid while it lives.
   */
  const char *symbol;
  /**
   * How long each candle lasts.
   */
  int64_t timeframe_us;
  /**
   * The side of the market.
   */
  OmegaPriceType price_type;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Rows.
   */
  size_t len;
} OmegaSeriesInfo;

/**
 * One candle; missing values are NaN.
 */
typedef struct {
  /**
   * Open time, microseconds since 1970-01-01 UTC.
   */
  int64_t timestamp;
  /**
   * First price.
   */
  double open;
  /**
   * Highest price.
   */
  double high;
  /**
   * Lowest price.
   */
  double low;
  /**
   * Last price.
   */
  double close;
  /**
   * Traded volume.
   */
  double volume;
} OmegaCandle;

/**
 * What has become of the file a series is mapped from.
 */
typedef int32_t OmegaFileState;

/**
 * Consecutive rows of a series; an array of these is a count x 2 table of int64.
 */
typedef struct {
  /**
   * First row.
   */
  int64_t start;
  /**
   * Number of rows.
   */
  int64_t len;
} OmegaRange;

/**
 * Counts of what is legal but odd in a series. Comparisons with a missing value are false.
 */
typedef struct {
  /**
   * Rows in the series.
   */
  int64_t rows;
  /**
   * Steps longer than the timeframe; omega_series_gaps groups them by length.
   */
  int64_t gaps;
  /**
   * Steps shorter than the timeframe.
   */
  int64_t overlaps;
  /**
   * Rows whose high is below their low.
   */
  int64_t high_below_low;
  /**
   * Rows whose open or close lies outside high and low.
   */
  int64_t outside_high_low;
  /**
   * Rows with a price that is zero or negative.
   */
  int64_t nonpositive_prices;
  /**
   * Rows with a negative volume.
   */
  int64_t negative_volumes;
  /**
   * Rows with a missing price.
   */
  int64_t missing_prices;
  /**
   * Rows with a missing volume.
   */
  int64_t missing_volumes;
} OmegaQuality;

/**
 * Gaps of one length.
 */
typedef struct {
  /**
   * Microseconds from stamp to stamp; INT64_MAX for more than that.
   */
  int64_t step_us;
  /**
   * How many gaps have this length.
   */
  int64_t count;
} OmegaGap;

/**
 * Counts over a bid and an ask series, matched by stamp.
 */
typedef struct {
  /**
   * Stamps both sides have.
   */
  int64_t matched;
  /**
   * Matched rows whose ask close is below the bid close.
   */
  int64_t crossed;
  /**
   * Matched rows whose ask close equals the bid close.
   */
  int64_t locked;
  /**
   * Stamps only the bid side has.
   */
  int64_t bid_only;
  /**
   * Stamps only the ask side has.
   */
  int64_t ask_only;
} OmegaPairQuality;

/**
 * A column of 64-bit floats.
 */
typedef int32_t OmegaField;

/**
 * When a bar decides: OMEGA_DECISION_OPEN or OMEGA_DECISION_CLOSE.
 */
typedef int32_t OmegaDecision;

/**
 * What the stamps of a series are: OMEGA_STAMPS_OPEN or OMEGA_STAMPS_CLOSE.
 */
typedef int32_t OmegaStamps;

/**
 * Which moments there are: OMEGA_TIMELINE_INTERSECTION or OMEGA_TIMELINE_UNION.
 */
typedef int32_t OmegaTimeline;

/**
 * A price at a moment.
 */
typedef int32_t OmegaPriceKind;

/**
 * A kernel: the function of the same name says what it computes.
 */
typedef int32_t OmegaKernel;

/**
 * What a NaN does to the results near it.
 */
typedef int32_t OmegaNanPolicy;

/**
 * How a kernel looks at its rows. Fields that a kernel does not use must be 0.
 */
typedef struct {
  /**
   * Rows of the window, or the period of a recurrence (macd: fast), or how many rows back diff, returns,
   * log_returns and shift look. Not used by true_range.
   */
  size_t window;
  /**
   * Fewer values than this give NaN, 1 to window: rolling kernels and bollinger.
   */
  size_t min_periods;
  /**
   * What the variance subtracts from the count: var, std, zscore, cov, corr, bollinger.
   */
  size_t ddof;
  /**
   * What a NaN does. Not used by true_range, diff, returns, log_returns and shift.
   */
  OmegaNanPolicy nan;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * The slow period: macd.
   */
  size_t slow;
  /**
   * The signal period: macd.
   */
  size_t signal;
  /**
   * How many standard deviations the bands are away from the mean: bollinger.
   */
  double width;
} OmegaKernelOptions;

/**
 * Success.
 */
#define OMEGA_OK 0

/**
 * An argument's value is not allowed.
 */
#define OMEGA_INVALID_ARGUMENT 1001

/**
 * A pointer that must not be NULL is.
 */
#define OMEGA_NULL_POINTER 1002

/**
 * A row or time lies outside the data.
 */
#define OMEGA_OUT_OF_BOUNDS 1003

/**
 * An argument's type is not allowed.
 */
#define OMEGA_TYPE_MISMATCH 1004

/**
 * A table lacks a column, or has one twice.
 */
#define OMEGA_SCHEMA_VIOLATION 1005

/**
 * Data break an invariant of a series.
 */
#define OMEGA_CONSTRAINT_VIOLATION 1006

/**
 * An object is not in a state that allows the call.
 */
#define OMEGA_INVALID_STATE 1007

/**
 * Text or bytes are not in the expected format.
 */
#define OMEGA_INVALID_FORMAT 1009

/**
 * Input that must hold something is empty.
 */
#define OMEGA_EMPTY_INPUT 1010

/**
 * Two lengths that must agree differ.
 */
#define OMEGA_SIZE_MISMATCH 1011

/**
 * Fewer rows exist than were asked for.
 */
#define OMEGA_INSUFFICIENT_DATA 2008

/**
 * Reading or writing failed.
 */
#define OMEGA_IO_ERROR 3000

/**
 * A file does not exist.
 */
#define OMEGA_FILE_NOT_FOUND 3001

/**
 * A file may not be opened.
 */
#define OMEGA_PERMISSION_DENIED 3002

/**
 * Data could not be written in a format.
 */
#define OMEGA_SERIALIZATION_FAILED 3003

/**
 * Data could not be read from a format.
 */
#define OMEGA_DESERIALIZATION_FAILED 3004

/**
 * A fault of this library.
 */
#define OMEGA_INTERNAL_ERROR 4000

/**
 * A fault at the language boundary.
 */
#define OMEGA_FFI_ERROR 5000

/**
 * Header and library disagree.
 */
#define OMEGA_FFI_SCHEMA_MISMATCH 5004

/**
 * A panic was stopped at the language boundary.
 */
#define OMEGA_FFI_PANIC_CAUGHT 5005

/**
 * Memory ran out.
 */
#define OMEGA_OUT_OF_MEMORY 6001

/**
 * A limit was reached.
 */
#define OMEGA_RESOURCE_LIMIT_EXCEEDED 6004

/**
 * The library was built without this part.
 */
#define OMEGA_NOT_BUILT_IN 6005

/**
 * What a seller gets.
 */
#define OMEGA_PRICE_TYPE_BID 0

/**
 * What a buyer pays.
 */
#define OMEGA_PRICE_TYPE_ASK 1

/**
 * Lengths, order of the timestamps, finite values.
 */
#define OMEGA_CHECK_FULL 0

/**
 * Lengths and order of the timestamps.
 */
#define OMEGA_CHECK_ORDER 1

/**
 * Lengths alone; the caller vouches for the rest.
 */
#define OMEGA_CHECK_NONE 2

/**
 * Microseconds.
 */
#define OMEGA_UNIT_US 0

/**
 * Seconds.
 */
#define OMEGA_UNIT_S 1

/**
 * Milliseconds.
 */
#define OMEGA_UNIT_MS 2

/**
 * Nanoseconds, each a whole number of microseconds.
 */
#define OMEGA_UNIT_NS 3

/**
 * In the options of the Arrow functions alone: the side that the data's metadata name.
 */
#define OMEGA_PRICE_TYPE_FROM_METADATA -1

/**
 * In the options of the Arrow functions alone: everything is checked, of a mapped file the order.
 */
#define OMEGA_CHECK_DEFAULT -1

/**
 * The series is not mapped from a file.
 */
#define OMEGA_FILE_NOT_MAPPED 0

/**
 * The file is as it was when it was opened.
 */
#define OMEGA_FILE_UNCHANGED 1

/**
 * The file has another size or modification time, or another file has its name.
 */
#define OMEGA_FILE_CHANGED 2

/**
 * No file has the name any more.
 */
#define OMEGA_FILE_GONE 3

/**
 * First prices.
 */
#define OMEGA_FIELD_OPEN 0

/**
 * Highest prices.
 */
#define OMEGA_FIELD_HIGH 1

/**
 * Lowest prices.
 */
#define OMEGA_FIELD_LOW 2

/**
 * Last prices.
 */
#define OMEGA_FIELD_CLOSE 3

/**
 * Volumes.
 */
#define OMEGA_FIELD_VOLUME 4

/**
 * At its open: nothing of the bar itself is known.
 */
#define OMEGA_DECISION_OPEN 0

/**
 * At its close.
 */
#define OMEGA_DECISION_CLOSE 1

/**
 * Open times, as everywhere in this library.
 */
#define OMEGA_STAMPS_OPEN 0

/**
 * Close times, as some sources stamp their candles.
 */
#define OMEGA_STAMPS_CLOSE 1

/**
 * The stamps that all series have.
 */
#define OMEGA_TIMELINE_INTERSECTION 0

/**
 * The stamps that any series has.
 */
#define OMEGA_TIMELINE_UNION 1

/**
 * The close of the bid candle.
 */
#define OMEGA_PRICE_BID 0

/**
 * The close of the ask candle.
 */
#define OMEGA_PRICE_ASK 1

/**
 * (bid + ask) / 2.
 */
#define OMEGA_PRICE_MID 2

/**
 * A NaN in the window gives NaN; in a recurrence NaN from there on.
 */
#define OMEGA_NAN_PROPAGATE 0

/**
 * NaNs are not counted; a recurrence repeats its last value.
 */
#define OMEGA_NAN_SKIP 1

/**
 * omega_rolling_sum.
 */
#define OMEGA_KERNEL_SUM 0

/**
 * omega_rolling_mean.
 */
#define OMEGA_KERNEL_MEAN 1

/**
 * omega_rolling_var.
 */
#define OMEGA_KERNEL_VAR 2

/**
 * omega_rolling_std.
 */
#define OMEGA_KERNEL_STD 3

/**
 * omega_rolling_zscore.
 */
#define OMEGA_KERNEL_ZSCORE 4

/**
 * omega_rolling_min.
 */
#define OMEGA_KERNEL_MIN 5

/**
 * omega_rolling_max.
 */
#define OMEGA_KERNEL_MAX 6

/**
 * omega_rolling_argmin.
 */
#define OMEGA_KERNEL_ARGMIN 7

/**
 * omega_rolling_argmax.
 */
#define OMEGA_KERNEL_ARGMAX 8

/**
 * omega_ema of one period.
 */
#define OMEGA_KERNEL_EMA 9

/**
 * omega_wilder.
 */
#define OMEGA_KERNEL_WILDER 10

/**
 * omega_rsi.
 */
#define OMEGA_KERNEL_RSI 11

/**
 * omega_diff.
 */
#define OMEGA_KERNEL_DIFF 12

/**
 * omega_returns.
 */
#define OMEGA_KERNEL_RETURNS 13

/**
 * omega_log_returns.
 */
#define OMEGA_KERNEL_LOG_RETURNS 14

/**
 * omega_shift.
 */
#define OMEGA_KERNEL_SHIFT 15

/**
 * omega_rolling_cov. Inputs x, y.
 */
#define OMEGA_KERNEL_COV 16

/**
 * omega_rolling_corr. Inputs x, y.
 */
#define OMEGA_KERNEL_CORR 17

/**
 * omega_true_range. Inputs high, low, close.
 */
#define OMEGA_KERNEL_TRUE_RANGE 18

/**
 * omega_atr. Inputs high, low, close.
 */
#define OMEGA_KERNEL_ATR 19

/**
 * omega_macd. Outputs macd, signal, histogram.
 */
#define OMEGA_KERNEL_MACD 20

/**
 * omega_bollinger. Outputs middle, upper, lower.
 */
#define OMEGA_KERNEL_BOLLINGER 21

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The name of a status, such as "INVALID_ARGUMENT"; "OK" for 0 and "UNKNOWN" for a number that is none.
 *
 * Ownership: the text is the library's and lives as long as it. Threads: any. O(1).
 */
const char *omega_status_name(OmegaStatus status);

/**
 * What, where and which value: the message of this thread's last failing call, "" if none has failed.
 *
 * Ownership: the text is the library's and valid until this thread's next failing call or its end.
 * Threads: each has its own. O(1). A successful call leaves the message as it is.
 */
const char *omega_last_error_message(void);

/**
 * The ABI version this library was built with; compare its upper 16 bits with OMEGA_ABI_VERSION's.
 *
 * Threads: any. O(1).
 */
uint32_t omega_abi_version(void);

/**
 * The layout this library was built with. If layout_size is smaller than yours, compare nothing further.
 *
 * Ownership: the library's, alive as long as it. Threads: any. O(1).
 */
const OmegaAbiLayout *omega_abi_layout(void);

/**
 * The release of this library, such as "0.1.0".
 *
 * Ownership: the library's, alive as long as it. Threads: any. O(1).
 */
const char *omega_library_version(void);

/**
 * Sixteen hexadecimal digits that differ between builds of different sources or settings.
 *
 * Ownership: the library's, alive as long as it. Threads: any. O(1).
 */
const char *omega_build_id(void);

/**
 * Reads a timeframe, such as "M1", "h4" or "90min", as microseconds.
 *
 * Threads: any. O(length). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_FORMAT naming the text.
 *
 * # Safety
 * `text` must be NUL-terminated, `duration_us` writable; both for the length of the call.
 */
OmegaStatus omega_timeframe_parse(const char *text, int64_t *duration_us);

/**
 * Writes a timeframe's own name and its length without the final NUL: "H1" for 3,600,000,000 microseconds.
 *
 * `capacity` counts the NUL; 32 is always enough. Threads: any. O(1). Errors: OMEGA_NULL_POINTER;
 * OMEGA_INVALID_ARGUMENT unless the duration is a positive multiple of a minute; OMEGA_SIZE_MISMATCH if
 * the buffer is too small, naming the size needed.
 *
 * # Safety
 * `buffer` must be writable for `capacity` bytes and `length` writable, for the length of the call.
 */
OmegaStatus omega_timeframe_name(int64_t duration_us, char *buffer, size_t capacity, size_t *length);

/**
 * Reads a timestamp, such as "2012-02-01 00:00:00+00:00", as microseconds since 1970-01-01 UTC.
 *
 * Without an offset it is UTC. Threads: any. O(length). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_FORMAT
 * naming the text, also for a value finer than a microsecond.
 *
 * # Safety
 * `text` must be NUL-terminated, `timestamp_us` writable; both for the length of the call.
 */
OmegaStatus omega_timestamp_parse(const char *text, int64_t *timestamp_us);

/**
 * A new series over copies of the columns: 48 bytes a row, 40 without a volume.
 *
 * Ownership: the caller keeps the columns and owns the new handle. Threads: any. O(len). Errors:
 * OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the option; OMEGA_CONSTRAINT_VIOLATION naming the first
 * offending row; OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144 live handles.
 *
 * # Safety
 * The pointers of `columns` must each be valid for `len` values, `options` and its symbol readable, `out`
 * writable; all for the length of the call.
 */
OmegaStatus omega_series_new(const OmegaColumns *columns,
                             const OmegaSeriesOptions *options,
                             OmegaSeries **out);

/**
 * A new series over the caller's own columns, without a copy: nothing per row.
 *
 * Ownership: from OMEGA_OK on, the columns must stay unchanged until release(owner) is called, which happens
 * exactly once, when the last reference is gone: in omega_series_free, or in the _free of the last OmegaSymbolSlice
 * or OmegaMultiSymbol that shares the series, whichever comes last; on the thread that drops it. It must not call
 * back into this library with the same handle. A NULL release promises that the columns outlive the series and every
 * slice made of it. On any other status release is not called and the caller still owns everything.
 * Threads: any. O(len). Errors: as omega_series_new.
 *
 * # Safety
 * As omega_series_new, the columns for as long as said above.
 */
OmegaStatus omega_series_new_borrowed(const OmegaColumns *columns,
                                      const OmegaSeriesOptions *options,
                                      OmegaRelease release,
                                      void *owner,
                                      OmegaSeries **out);

/**
 * A new series from the CSV file at path; integer stamps are read in unit.
 *
 * Columns are found by header without regard to case: timestamp, time, datetime, date, "UTC time" or an
 * unnamed first column; open, high, low, close; volume if there is one. Ownership: the caller owns the new
 * handle. Threads: any. O(size of the file). Errors: as omega_series_new; OMEGA_FILE_NOT_FOUND,
 * OMEGA_PERMISSION_DENIED, OMEGA_IO_ERROR naming the path; OMEGA_EMPTY_INPUT without a header line;
 * OMEGA_SCHEMA_VIOLATION on missing or repeated columns; OMEGA_INVALID_FORMAT naming the line;
 * OMEGA_NOT_BUILT_IN in a library without the feature csv.
 *
 * # Safety
 * `path`, `options` and its symbol must be readable, `out` writable; all for the length of the call.
 */
OmegaStatus omega_series_read_csv(const char *path,
                                  OmegaTimeUnit unit,
                                  const OmegaSeriesOptions *options,
                                  OmegaSeries **out);

/**
 * Frees a handle; NULL is a no-op.
 *
 * Views of the series' columns must not be used afterwards. Threads: any, but no other thread may be inside
 * a call with the handle. O(1) and whatever release does. Errors: OMEGA_INVALID_ARGUMENT on a freed or
 * foreign handle.
 *
 * # Safety
 * No other thread may be inside a call with `series`.
 */
OmegaStatus omega_series_free(OmegaSeries *series);

/**
 * What a series is of.
 *
 * Ownership: the symbol is the series' own text. Threads: any. O(1). Errors: OMEGA_NULL_POINTER,
 * OMEGA_INVALID_ARGUMENT on a dead handle.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_series_info(const OmegaSeries *series, OmegaSeriesInfo *out);

/**
 * The series' columns, to be read in place for as long as the series lives.
 *
 * Ownership: the series'. Threads: any. O(1). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead
 * handle. Columns of an empty series are not NULL but must not be read; volume is NULL where all are missing.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_series_columns(const OmegaSeries *series, OmegaColumns *out);

/**
 * The candle in a row, copied out.
 *
 * Threads: any. O(1). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle,
 * OMEGA_OUT_OF_BOUNDS past the end.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_series_candle(const OmegaSeries *series, size_t row, OmegaCandle *out);

/**
 * A new series from the Arrow IPC file or stream at path.
 *
 * Columns are found by name without regard to case: timestamp, time, datetime, date or "UTC time", else
 * "__index_level_0__" or the only column of a timestamp type; open, high, low, close; volume if there is one;
 * rows that a bool column "valid" calls false are left out, or, with OMEGA_ALLOW_MISSING, stay without values.
 * Other columns are ignored. options is as for omega_series_new, except that symbol may be NULL, timeframe_us 0 and
 * price_type OMEGA_PRICE_TYPE_FROM_METADATA, which take them from the schema's metadata, that check may be
 * OMEGA_CHECK_DEFAULT, and that flags may hold OMEGA_ARROW_STRICT and OMEGA_ARROW_MMAP. A mapped file must not be
 * truncated while the series lives: reading past its new end would kill the process.
 * Ownership: the caller owns the new handle. Threads: any. O(size of the file); mapped, O(what is checked). Errors:
 * OMEGA_NULL_POINTER; OMEGA_FILE_NOT_FOUND, OMEGA_PERMISSION_DENIED, OMEGA_IO_ERROR; OMEGA_EMPTY_INPUT;
 * OMEGA_DESERIALIZATION_FAILED on damage, naming batch and column; OMEGA_RESOURCE_LIMIT_EXCEEDED if reading would
 * take far more memory than the file is large; OMEGA_SCHEMA_VIOLATION; OMEGA_INVALID_ARGUMENT on a missing
 * timeframe or price type, or a compressed file to be mapped; OMEGA_CONSTRAINT_VIOLATION, OMEGA_TYPE_MISMATCH,
 * OMEGA_INVALID_FORMAT naming row and column; OMEGA_NOT_BUILT_IN in a library without the feature arrow.
 *
 * # Safety
 * `path`, `options` and its symbol must be readable, `out` writable; all for the length of the call.
 */
OmegaStatus omega_series_read_ipc(const char *path,
                                  const OmegaSeriesOptions *options,
                                  OmegaSeries **out);

/**
 * A new series from the bytes of an Arrow IPC file or stream, which are copied.
 *
 * Ownership: the caller keeps the bytes and owns the new handle. Threads: any. O(len). Options and errors: as
 * omega_series_read_ipc, without OMEGA_ARROW_MMAP.
 *
 * # Safety
 * `bytes` must be readable for `len` bytes, `options` and its symbol readable, `out` writable; all for the length of
 * the call.
 */
OmegaStatus omega_series_from_ipc(const uint8_t *bytes,
                                  size_t len,
                                  const OmegaSeriesOptions *options,
                                  OmegaSeries **out);

/**
 * Whether the file a series is mapped from is still as it was when it was opened. The series itself never changes
 * its mind: this only looks at the path's file.
 *
 * Threads: any. O(1), one look at the file system. Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead
 * handle, OMEGA_NOT_BUILT_IN in a library without the feature arrow.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_series_refresh(const OmegaSeries *series,
                                 OmegaFileState *out);

/**
 * Writes rows of a series as an Arrow IPC file: schema symbol_slice 1.0.0, one batch, not compressed.
 *
 * The bytes go to a temporary name beside path, which then takes path's place at once: whoever reads path sees the
 * old file or the new one, and on a failure the old one is whole. Threads: any. O(rows). Errors:
 * OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_OUT_OF_BOUNDS past the end, OMEGA_FILE_NOT_FOUND,
 * OMEGA_PERMISSION_DENIED, OMEGA_IO_ERROR naming the path, OMEGA_SERIALIZATION_FAILED, OMEGA_NOT_BUILT_IN.
 *
 * # Safety
 * `path` must be NUL-terminated for the length of the call.
 */
OmegaStatus omega_candles_write_ipc(const OmegaSeries *series,
                                    OmegaRange rows,
                                    const char *path);

/**
 * Writes rows of a series as the bytes of an Arrow IPC file, as omega_candles_write_ipc does, and how many they are.
 *
 * With out NULL and capacity 0 only their number is written: a second call with that capacity then succeeds.
 * Threads: any. O(rows). Errors: OMEGA_SIZE_MISMATCH if capacity is too small, naming the size needed, and nothing is
 * written; OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_OUT_OF_BOUNDS past the end,
 * OMEGA_SERIALIZATION_FAILED, OMEGA_NOT_BUILT_IN.
 *
 * # Safety
 * `out` must be writable for `capacity` bytes and `out_len` writable, for the length of the call.
 */
OmegaStatus omega_candles_to_ipc(const OmegaSeries *series,
                                 OmegaRange rows,
                                 uint8_t *out,
                                 size_t capacity,
                                 size_t *out_len);

/**
 * A new series from an Arrow array of structs and its schema; columns of our own types are shared, not copied.
 *
 * Shared are float64 prices and int64 or timestamp[us] times that are aligned to 8 bytes and have no nulls, and a
 * volume without nulls. Ownership: on OMEGA_OK both structs have been moved from and their release is NULL; what they
 * hold stays unchanged until the library calls the array's release, exactly once, when the last reference to its
 * columns is gone: in this call if all was copied, else in the last _free or release of what shares the series, on
 * the thread that drops it. On any other status both are still the caller's, to be released as before.
 * Threads: any. O(rows). Options: as omega_series_read_ipc, without OMEGA_ARROW_MMAP. Errors: OMEGA_INVALID_STATE on
 * a struct that was released; OMEGA_DESERIALIZATION_FAILED on one that no honest producer makes, naming the column;
 * OMEGA_RESOURCE_LIMIT_EXCEEDED on more than 65,536 columns; else as omega_series_read_ipc.
 *
 * # Safety
 * Both must be as a producer of the Arrow C Data Interface made them, `options` and its symbol readable, `out`
 * writable for the length of the call.
 */
OmegaStatus omega_series_import(struct ArrowArray *array,
                                struct ArrowSchema *schema,
                                const OmegaSeriesOptions *options,
                                OmegaSeries **out);

/**
 * A new series from an Arrow stream of arrays of structs: a single batch is shared, several are joined.
 *
 * Ownership: on OMEGA_OK the stream has been moved from, released, and its release is NULL; on any other status it is
 * still the caller's, to be released as before, and may have been read from. Batches are released as
 * omega_series_import says. Threads: any. O(rows). Errors: as omega_series_import; OMEGA_IO_ERROR with the stream's
 * own words where it fails, OMEGA_OUT_OF_MEMORY where it fails with ENOMEM.
 *
 * # Safety
 * As omega_series_import, for the stream and all it gives.
 */
OmegaStatus omega_series_import_stream(struct ArrowArrayStream *stream,
                                       const OmegaSeriesOptions *options,
                                       OmegaSeries **out);

/**
 * Rows of a series as an Arrow array of structs with its schema, symbol_slice 1.0.0, without a copy.
 *
 * A missing volume is null; its bitmap, and the zeros under a volume that the series does not have, are the array's
 * own. Ownership: the caller owns both structs and calls the release of each once; children may be moved out. The
 * array keeps the series alive until it and all that was moved out of it is released: the handle may be freed
 * before. Threads: any, release too. O(1), and O(rows) for the volume. Errors: OMEGA_NULL_POINTER,
 * OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_OUT_OF_BOUNDS past the end, OMEGA_OUT_OF_MEMORY, OMEGA_NOT_BUILT_IN.
 *
 * # Safety
 * Both must be writable for the length of the call. What they held before is not released.
 */
OmegaStatus omega_candles_export(const OmegaSeries *series,
                                 OmegaRange rows,
                                 struct ArrowArray *out_array,
                                 struct ArrowSchema *out_schema);

/**
 * The schema that omega_candles_export gives for a series.
 *
 * Ownership: the caller owns the struct and calls its release once. Threads: any. O(1). Errors: OMEGA_NULL_POINTER,
 * OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_NOT_BUILT_IN.
 *
 * # Safety
 * `out` must be writable for the length of the call. What it held before is not released.
 */
OmegaStatus omega_candles_export_schema(const OmegaSeries *series,
                                        struct ArrowSchema *out);

/**
 * Rows of a series as an Arrow stream of one batch, which is what omega_candles_export gives.
 *
 * Ownership: the caller owns the stream and calls its release once; it keeps the series alive until then. Threads:
 * any, one at a time. O(1). Errors: as omega_candles_export.
 *
 * # Safety
 * `out` must be writable for the length of the call. What it held before is not released.
 */
OmegaStatus omega_candles_export_stream(const OmegaSeries *series,
                                        OmegaRange rows,
                                        struct ArrowArrayStream *out);

/**
 * A registered schema as JSON: an object with name, version, fingerprint and fields, each with name, type and
 * nullable; or, with name NULL, the array of all.
 *
 * The fingerprint is the SHA-256 of the fields as the text gives them. Ownership: the text is the library's and lives
 * as long as it. Threads: any. O(1). Errors: OMEGA_NULL_POINTER, a name without a version too;
 * OMEGA_SCHEMA_VIOLATION listing the schemas there are; OMEGA_NOT_BUILT_IN.
 *
 * # Safety
 * Unless NULL, `name` and `version` must be NUL-terminated, `out` writable; all for the length of the call.
 */
OmegaStatus omega_schema_json(const char *name,
                              const char *version,
                              const char **out);

/**
 * Counts what is legal but odd in a series.
 *
 * Threads: any. O(len). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_series_quality(const OmegaSeries *series, OmegaQuality *out);

/**
 * The gaps of a series by length, shortest first; count is how many lengths there are.
 *
 * Writes as many as capacity allows; capacity 0 (gaps may then be NULL) asks for the count alone. Threads:
 * any. O(len). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
 *
 * # Safety
 * `gaps` must be writable for `capacity` entries and `count` writable, for the length of the call.
 */
OmegaStatus omega_series_gaps(const OmegaSeries *series, OmegaGap *gaps, size_t capacity, size_t *count);

/**
 * Counts how a bid and an ask series fit together.
 *
 * Threads: any. O(len of both). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_series_pair_quality(const OmegaSeries *bid, const OmegaSeries *ask, OmegaPairQuality *out);

/**
 * Rows with start <= t <= end; with OMEGA_EXCLUDE_CURRENT start <= t < end.
 *
 * Candles are addressed by stamp: one stamped end is still forming at end. A range partly outside the data is
 * clipped; one inside a gap has len 0. Threads: any. O(1) on even spacing, O(log n) at worst. Errors:
 * OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT if start > end or on a dead handle; OMEGA_OUT_OF_BOUNDS if all
 * rows are later, all are earlier, or there are none.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_slicer_get_slice(const OmegaSeries *series,
                                   int64_t start,
                                   int64_t end,
                                   uint32_t flags,
                                   OmegaRange *out);

/**
 * The row stamped exactly t, or -1; that candle is still forming at t.
 *
 * Threads: any. O(1) on even spacing, O(log n) at worst. Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT
 * on a dead handle.
 *
 * # Safety
 * `row` must be writable for the length of the call.
 */
OmegaStatus omega_slicer_get_candle_at(const OmegaSeries *series, int64_t t, int64_t *row);

/**
 * The latest row stamped at or before t, or -1; it may still be forming. With OMEGA_CLOSED_ONLY the latest
 * whose close time is <= t.
 *
 * Threads: any. O(1) on even spacing, O(log n) at worst. Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT
 * on a dead handle.
 *
 * # Safety
 * `row` must be writable for the length of the call.
 */
OmegaStatus omega_slicer_get_candle_asof(const OmegaSeries *series, int64_t t, uint32_t flags, int64_t *row);

/**
 * The last n rows stamped at or before now; flags narrow that down.
 *
 * A candle stamped now is still forming: OMEGA_CLOSED_ONLY admits only those whose close time is <= now.
 * Threads: any. O(1) on even spacing, O(log n) at worst; allocates nothing. Errors: OMEGA_NULL_POINTER;
 * OMEGA_INVALID_ARGUMENT if n is 0 or on a dead handle; OMEGA_INSUFFICIENT_DATA if fewer rows exist, saying
 * how many, unless OMEGA_PARTIAL (then what there is, {0, 0} for nothing).
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_slicer_get_lookback(const OmegaSeries *series,
                                      int64_t now,
                                      size_t n,
                                      uint32_t flags,
                                      OmegaRange *out);

/**
 * omega_slicer_get_lookback for each of count times, in any order.
 *
 * Threads: any. O(count) on even spacing, O(count log n) at worst. Errors: as omega_slicer_get_lookback, naming
 * the first failing element; then nothing is written.
 *
 * # Safety
 * `times` must be readable and `out` writable for `count` values, for the length of the call.
 */
OmegaStatus omega_slicer_get_lookbacks(const OmegaSeries *series,
                                       const int64_t *times,
                                       size_t count,
                                       size_t n,
                                       uint32_t flags,
                                       OmegaRange *out);

/**
 * omega_slicer_get_candle_at for each of count times, in any order: rows, -1 for none.
 *
 * Threads: any. O(count) on even spacing, O(count log n) at worst. Errors: OMEGA_NULL_POINTER,
 * OMEGA_INVALID_ARGUMENT on a dead handle.
 *
 * # Safety
 * `times` must be readable and `rows` writable for `count` values, for the length of the call.
 */
OmegaStatus omega_slicer_get_candles_at(const OmegaSeries *series,
                                        const int64_t *times,
                                        size_t count,
                                        int64_t *rows);

/**
 * omega_slicer_get_candle_asof for each of count times, in any order: rows, -1 for none.
 *
 * Without OMEGA_CLOSED_ONLY a candle may still be forming at its time. Threads: any. O(count) on even spacing,
 * O(count log n) at worst. Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
 *
 * # Safety
 * `times` must be readable and `rows` writable for `count` values, for the length of the call.
 */
OmegaStatus omega_slicer_get_candles_asof(const OmegaSeries *series,
                                          const int64_t *times,
                                          size_t count,
                                          uint32_t flags,
                                          int64_t *rows);

/**
 * One field over the lookback of each of count times: out[i * n + j] is the j-th oldest value at the i-th time.
 *
 * With OMEGA_PARTIAL missing history is NaN on the left; an absent volume is NaN throughout. Threads: any.
 * O(count x n). Errors: as omega_slicer_get_lookbacks; OMEGA_INVALID_ARGUMENT for an unknown field.
 *
 * # Safety
 * `times` must be readable for `count` values and `out` writable for `count * n`, for the length of the call.
 */
OmegaStatus omega_slicer_gather_lookback(const OmegaSeries *series,
                                         const int64_t *times,
                                         size_t count,
                                         size_t n,
                                         OmegaField field,
                                         uint32_t flags,
                                         double *out);

/**
 * A new series of the candles of series gathered into candles of timeframe_us microseconds, stamped at the start
 * of their buckets, which are counted from 1970-01-01T00:00Z, for seven days from Monday 1970-01-05T00:00Z, plus
 * origin_us, which may have any value.
 *
 * Per bucket, of what is not missing: first open, highest high, lowest low, last close, the exact sum of the volumes
 * rounded once; NaN where all is missing. Buckets without a candle make no row. A last bucket that closes after the
 * last candle is left out unless OMEGA_KEEP_PARTIAL; a first bucket that starts before the data is kept. Nothing
 * marks a partial candle that was kept: to another resample, to omega_align and to a slice it is one like all others,
 * complete when its bucket closes. Ownership: the caller owns the new handle; its columns are its own. Threads: any.
 * O(rows). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle, an unknown flag, a timeframe that is
 * not a whole multiple of the series' own, or where int64 cannot hold the start of the first bucket;
 * OMEGA_CONSTRAINT_VIOLATION naming the first candle that closes after its bucket, or a sum of volumes that
 * overflows; OMEGA_OUT_OF_MEMORY; OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144 live handles.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_series_resample(const OmegaSeries *series,
                                  int64_t timeframe_us,
                                  int64_t origin_us,
                                  uint32_t flags,
                                  OmegaSeries **out);

/**
 * For each bar of primary, the row of the latest candle of higher whose close time is <= the bar's decision time;
 * -1 for none. n is the number of bars; either series may have the longer timeframe.
 *
 * With a stale_limit of k >= 0 a candle is hidden once more than k bars have passed since the first that showed it;
 * -1: never. A decision time that int64 cannot hold is INT64_MAX, a close time that it cannot hold is never
 * reached. Threads: any. O(n) at most; allocates nothing. Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a
 * dead handle, an unknown decision or kind of stamps, a stale_limit below -1, or where rows overlaps the stamps of
 * either series; OMEGA_SIZE_MISMATCH unless primary has n bars.
 *
 * # Safety
 * `rows` must be writable for `n` values, for the length of the call.
 */
OmegaStatus omega_align(const OmegaSeries *primary,
                        const OmegaSeries *higher,
                        OmegaDecision decision,
                        OmegaStamps stamps,
                        int64_t stale_limit,
                        int64_t *rows,
                        size_t n);

/**
 * A new slice over count series of one symbol, each timeframe and price type once.
 *
 * An index counts the bars of the timeframe primary_us, the shortest if that is 0: of its bid series, or of its ask
 * where there is no bid. The decision time at an index is that bar's close; every other series answers with what has
 * closed by then. Ownership: the caller owns the new handle, which shares the series: their handles may be
 * freed before it, columns that were borrowed may not. Threads: any. O(count^2). Errors: OMEGA_NULL_POINTER; OMEGA_EMPTY_INPUT if count is 0; OMEGA_INVALID_ARGUMENT on a
 * dead handle, two symbols, a series given twice, or a primary_us that is no timeframe of theirs;
 * OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144 live handles.
 *
 * # Safety
 * `series` must be readable for `count` handles and `out` writable, for the length of the call.
 */
OmegaStatus omega_symbol_slice_new(const OmegaSeries *const *series,
                                   size_t count,
                                   int64_t primary_us,
                                   OmegaSymbolSlice **out);

/**
 * Frees a handle; NULL is a no-op.
 *
 * Threads: any, but no other thread may be inside a call with the handle. O(series). Errors: OMEGA_INVALID_ARGUMENT
 * on a freed or foreign handle.
 *
 * # Safety
 * No other thread may be inside a call with `slice`.
 */
OmegaStatus omega_symbol_slice_free(OmegaSymbolSlice *slice);

/**
 * How many bars there are.
 *
 * Threads: any. O(1). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
 *
 * # Safety
 * `bars` must be writable for the length of the call.
 */
OmegaStatus omega_symbol_slice_bars(const OmegaSymbolSlice *slice, size_t *bars);

/**
 * When the bar at index decides: at its close, INT64_MAX if int64 cannot hold that.
 *
 * Threads: any. O(1). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle, OMEGA_OUT_OF_BOUNDS past
 * the end.
 *
 * # Safety
 * `t` must be writable for the length of the call.
 */
OmegaStatus omega_symbol_slice_decision_time(const OmegaSymbolSlice *slice,
                                             size_t index,
                                             int64_t *t);

/**
 * The row of the latest candle of a series that has closed by the decision time at index; -1 past the end, before
 * the first, and for a series that was not given.
 *
 * Threads: any. O(1) on even spacing, O(log n) at worst. Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a
 * dead handle, a timeframe that is none, or an unknown price type.
 *
 * # Safety
 * `row` must be writable for the length of the call.
 */
OmegaStatus omega_symbol_slice_latest(const OmegaSymbolSlice *slice,
                                      size_t index,
                                      int64_t timeframe_us,
                                      OmegaPriceType price_type,
                                      int64_t *row);

/**
 * The last length rows of a series that have closed by the decision time at index, the latest included: fewer near
 * the start, {0, 0} for none and for a series that was not given.
 *
 * Past the end by k bars the newest k of them would lie beyond the data: the others are given. Threads: any. O(1) on
 * even spacing, O(log n) at worst; allocates nothing. Errors: as omega_symbol_slice_latest.
 *
 * # Safety
 * `out` must be writable for the length of the call.
 */
OmegaStatus omega_symbol_slice_history(const OmegaSymbolSlice *slice,
                                       size_t index,
                                       int64_t timeframe_us,
                                       OmegaPriceType price_type,
                                       size_t length,
                                       OmegaRange *out);

/**
 * One field of the history at each bar from start to stop, as far as they exist: out[i * length + j] is the j-th
 * oldest value at bar start + i, for (min(stop, bars) - start) x length values in all.
 *
 * Where there is less history, and for a series that was not given, NaN on the left. Threads: any. O(bars x length);
 * allocates nothing. Errors: as omega_symbol_slice_latest; OMEGA_INVALID_ARGUMENT for an unknown field, a matrix that
 * is not addressable, or where out overlaps the column.
 *
 * # Safety
 * `out` must be writable for as many values as are given, for the length of the call.
 */
OmegaStatus omega_symbol_slice_history_matrix(const OmegaSymbolSlice *slice,
                                              int64_t timeframe_us,
                                              OmegaPriceType price_type,
                                              size_t length,
                                              OmegaField field,
                                              size_t start,
                                              size_t stop,
                                              double *out);

/**
 * A new slice over count series of one timeframe, each symbol and price type once.
 *
 * A moment is a stamp t of the timeline, decided when the candles stamped t close. stale_limit_us, with OMEGA_ASOF,
 * hides a candle stamped more than so many microseconds before the moment; -1 for none. Ownership: the caller owns
 * the new handle, which shares the series: their handles may be freed before it, columns that were borrowed may
 * not. Threads: any. O(rows of all, times count);
 * holds 8 bytes per moment, and per moment and series. Errors: OMEGA_NULL_POINTER; OMEGA_EMPTY_INPUT if count is 0;
 * OMEGA_INVALID_ARGUMENT on a dead handle, two timeframes, a series given twice, an unknown timeline or flag, a
 * stale_limit_us below -1 or without OMEGA_ASOF; OMEGA_OUT_OF_MEMORY; OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144
 * live handles.
 *
 * # Safety
 * `series` must be readable for `count` handles and `out` writable, for the length of the call.
 */
OmegaStatus omega_multi_symbol_new(const OmegaSeries *const *series,
                                   size_t count,
                                   OmegaTimeline timeline,
                                   uint32_t flags,
                                   int64_t stale_limit_us,
                                   OmegaMultiSymbol **out);

/**
 * Frees a handle; NULL is a no-op.
 *
 * The timeline must not be used afterwards. Threads: any, but no other thread may be inside a call with the handle.
 * O(series). Errors: OMEGA_INVALID_ARGUMENT on a freed or foreign handle.
 *
 * # Safety
 * No other thread may be inside a call with `slice`.
 */
OmegaStatus omega_multi_symbol_free(OmegaMultiSymbol *slice);

/**
 * The stamps of all moments, to be read in place for as long as the slice lives.
 *
 * Ownership: the slice's. An empty timeline is not NULL but must not be read. Threads: any. O(1). Errors:
 * OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
 *
 * # Safety
 * `timestamps` and `len` must be writable for the length of the call.
 */
OmegaStatus omega_multi_symbol_timeline(const OmegaMultiSymbol *slice,
                                        const int64_t **timestamps,
                                        size_t *len);

/**
 * For each of the n moments, the row of the series given in place series (from 0); -1 for none.
 *
 * Threads: any. O(n). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle or where rows overlaps the
 * slice's own; OMEGA_OUT_OF_BOUNDS if there is no such series; OMEGA_SIZE_MISMATCH unless there are n moments.
 *
 * # Safety
 * `rows` must be writable for `n` values, for the length of the call.
 */
OmegaStatus omega_multi_symbol_rows(const OmegaMultiSymbol *slice,
                                    size_t series,
                                    int64_t *rows,
                                    size_t n);

/**
 * The candle of a symbol and side at a moment; found is 1, or 0 where there is none and out is left as it was.
 *
 * Threads: any. O(series). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle, an unknown price type,
 * or a symbol and side that were not given; OMEGA_INVALID_FORMAT for a symbol that is not UTF-8;
 * OMEGA_OUT_OF_BOUNDS where there is no such moment.
 *
 * # Safety
 * `symbol` must be a NUL-terminated string, `out` and `found` writable; all for the length of the call.
 */
OmegaStatus omega_multi_symbol_candle(const OmegaMultiSymbol *slice,
                                      size_t moment,
                                      const char *symbol,
                                      OmegaPriceType price_type,
                                      OmegaCandle *out,
                                      int32_t *found);

/**
 * The close of the bid or ask candle of a symbol at a moment, or the mid of both; NaN where a candle is missing.
 *
 * Threads: any. O(series). Errors: as omega_multi_symbol_candle; mid wants both sides given.
 *
 * # Safety
 * `symbol` must be a NUL-terminated string, `out` writable; both for the length of the call.
 */
OmegaStatus omega_multi_symbol_price(const OmegaMultiSymbol *slice,
                                     size_t moment,
                                     const char *symbol,
                                     OmegaPriceKind price,
                                     double *out);

/**
 * ask - bid of the closes of a symbol at a moment; NaN where a candle is missing.
 *
 * Threads: any. O(series). Errors: as omega_multi_symbol_candle; both sides must have been given.
 *
 * # Safety
 * `symbol` must be a NUL-terminated string, `out` writable; both for the length of the call.
 */
OmegaStatus omega_multi_symbol_spread(const OmegaMultiSymbol *slice,
                                      size_t moment,
                                      const char *symbol,
                                      double *out);

/**
 * A kernel with one input and one output, OMEGA_KERNEL_SUM to OMEGA_KERNEL_SHIFT, on each of the contiguous
 * columns of x, rows values each, into the same place of out.
 *
 * Threads: any. O(rows x columns) for any window; allocates what the kernel needs for one column. Errors:
 * OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the kernel, the option (as the kernel's own function calls
 * it) or the overlap, or if rows x columns values are not addressable.
 *
 * # Safety
 * `options` must be readable, `x` readable and `out` writable for `rows * columns` values, for the length of the
 * call.
 */
OmegaStatus omega_kernel_columns(OmegaKernel kernel,
                                 const OmegaKernelOptions *options,
                                 const double *x,
                                 size_t rows,
                                 size_t columns,
                                 double *out);

/**
 * Any kernel on each of the columns of its tables, each of rows x columns values, columns being contiguous, into
 * the same place of its results.
 *
 * tables are x; x and y; or high, low and close. results are the output; or macd, signal and histogram; or middle,
 * upper and lower: OmegaKernel says which. A series is a table of one column. Threads: any; nobody else may touch
 * the results during the call. O(rows x columns) for any window; allocates what the kernel needs for one column.
 * Errors: OMEGA_NULL_POINTER; OMEGA_SIZE_MISMATCH naming inputs or outputs; OMEGA_INVALID_ARGUMENT naming the
 * kernel, the option (as the kernel's own function calls it) or the overlap, or if rows x columns values are not
 * addressable.
 *
 * # Safety
 * `options` must be readable, `tables` for `inputs` pointers and `results` for `outputs`; each table must be readable
 * and each result writable for `rows * columns` values, for the length of the call.
 */
OmegaStatus omega_kernel_tables(OmegaKernel kernel,
                                const OmegaKernelOptions *options,
                                const double *const *tables,
                                size_t inputs,
                                size_t rows,
                                size_t columns,
                                double *const *results,
                                size_t outputs);

/**
 * The correctly rounded sum of each window; the infinity that rounding gives where it overflows.
 *
 * The window of row i is the rows i - window + 1 to i that exist. One with fewer than min_periods values gives
 * NaN. An exact zero is 0.0. Threads: any; nobody else may touch out during the call. O(n) for any window and any
 * values, in scratch of O(window). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the value, unless
 * window is 1 to PTRDIFF_MAX and min_periods 1 to window, or naming the arrays that overlap.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_sum(const double *x,
                              size_t n,
                              size_t window,
                              size_t min_periods,
                              OmegaNanPolicy nan,
                              double *out);

/**
 * The correctly rounded mean of each window, also where the sum overflows.
 *
 * The rest as omega_rolling_sum.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_mean(const double *x,
                               size_t n,
                               size_t window,
                               size_t min_periods,
                               OmegaNanPolicy nan,
                               double *out);

/**
 * The correctly rounded variance of each window of m values, with a divisor of m - ddof.
 *
 * NaN for m <= ddof and for windows with an infinity. The rest as omega_rolling_sum.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_var(const double *x,
                              size_t n,
                              size_t window,
                              size_t min_periods,
                              size_t ddof,
                              OmegaNanPolicy nan,
                              double *out);

/**
 * The square root of omega_rolling_var.
 *
 * Where the variance overflows or underflows, so does this. The rest as omega_rolling_sum.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_std(const double *x,
                              size_t n,
                              size_t window,
                              size_t min_periods,
                              size_t ddof,
                              OmegaNanPolicy nan,
                              double *out);

/**
 * (x - mean) / std of each row in its own window, each operation rounded once; NaN where std is 0.
 *
 * The rest as omega_rolling_sum.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_zscore(const double *x,
                                 size_t n,
                                 size_t window,
                                 size_t min_periods,
                                 size_t ddof,
                                 OmegaNanPolicy nan,
                                 double *out);

/**
 * The correctly rounded covariance of each window, with a divisor of m - ddof.
 *
 * A row where either value is NaN counts as NaN. x and y may be the same. The rest as omega_rolling_var.
 *
 * # Safety
 * `x` and `y` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_cov(const double *x,
                              const double *y,
                              size_t n,
                              size_t window,
                              size_t min_periods,
                              size_t ddof,
                              OmegaNanPolicy nan,
                              double *out);

/**
 * cov / (std_x * std_y) of each window, clamped to [-1, 1]; NaN where either std is 0.
 *
 * x with itself may be 1 - 2^-53. The rest as omega_rolling_cov.
 *
 * # Safety
 * `x` and `y` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_corr(const double *x,
                               const double *y,
                               size_t n,
                               size_t window,
                               size_t min_periods,
                               size_t ddof,
                               OmegaNanPolicy nan,
                               double *out);

/**
 * The smallest value of each window; of equal ones, the signed zeros too, the newest.
 *
 * The rest as omega_rolling_sum.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_min(const double *x,
                              size_t n,
                              size_t window,
                              size_t min_periods,
                              OmegaNanPolicy nan,
                              double *out);

/**
 * The largest value of each window; of equal ones, the signed zeros too, the newest.
 *
 * The rest as omega_rolling_sum.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_max(const double *x,
                              size_t n,
                              size_t window,
                              size_t min_periods,
                              OmegaNanPolicy nan,
                              double *out);

/**
 * How many rows before the current one the smallest value of each window is; of equal ones the newest.
 *
 * The rest as omega_rolling_sum.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_argmin(const double *x,
                                 size_t n,
                                 size_t window,
                                 size_t min_periods,
                                 OmegaNanPolicy nan,
                                 double *out);

/**
 * How many rows before the current one the largest value of each window is; of equal ones the newest.
 *
 * The rest as omega_rolling_sum.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rolling_argmax(const double *x,
                                 size_t n,
                                 size_t window,
                                 size_t min_periods,
                                 OmegaNanPolicy nan,
                                 double *out);

/**
 * The exponential moving average for each of count periods: out holds count columns of n values.
 *
 * The first value seeds; then (b*e) + (a*x) with a = 2 / (period + 1) and b = 1 - a, each operation rounded once.
 * Threads: any; nobody else may touch out during the call. O(n x count); allocates nothing per row. Errors:
 * OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the value, unless each period is 1 to PTRDIFF_MAX, or naming
 * the arrays that overlap.
 *
 * # Safety
 * `x` must be readable for `n` values, `periods` for `count`, and `out` writable for `n * count`, for the length
 * of the call.
 */
OmegaStatus omega_ema(const double *x,
                      size_t n,
                      const size_t *periods,
                      size_t count,
                      OmegaNanPolicy nan,
                      double *out);

/**
 * Wilder's average: the mean of the first period values at the row of the last of them, NaN before, then as
 * omega_ema with a = 1 / period.
 *
 * Threads: any; nobody else may touch out during the call. O(n). Errors: OMEGA_NULL_POINTER;
 * OMEGA_INVALID_ARGUMENT naming the value, unless period is 1 to PTRDIFF_MAX, or naming the arrays that overlap.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_wilder(const double *x,
                         size_t n,
                         size_t period,
                         OmegaNanPolicy nan,
                         double *out);

/**
 * The relative strength index: 100 * (gain / (gain + loss)) of Wilder's averages of the gains and of the losses
 * from row to row; 100 without loss, 50 without either. NaN before row period.
 *
 * The rest as omega_wilder.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_rsi(const double *x,
                      size_t n,
                      size_t period,
                      OmegaNanPolicy nan,
                      double *out);

/**
 * The largest of high - low, abs(high - close') and abs(low - close') with the close of the row before;
 * high - low in row 0. NaN if any of them is.
 *
 * Threads: any; nobody else may touch out during the call. O(n). Errors: OMEGA_NULL_POINTER;
 * OMEGA_INVALID_ARGUMENT naming the arrays that overlap.
 *
 * # Safety
 * `high`, `low` and `close` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_true_range(const double *high,
                             const double *low,
                             const double *close,
                             size_t n,
                             double *out);

/**
 * omega_wilder of omega_true_range from row 0; NaN before row period - 1.
 *
 * A bar with any NaN counts as NaN. The rest as omega_wilder.
 *
 * # Safety
 * `high`, `low` and `close` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_atr(const double *high,
                      const double *low,
                      const double *close,
                      size_t n,
                      size_t period,
                      OmegaNanPolicy nan,
                      double *out);

/**
 * Moving average convergence and divergence: macd = ema(fast) - ema(slow), signal_line = ema(signal) of that,
 * histogram = macd - signal_line. All start at row 0.
 *
 * The rest as omega_wilder, with three periods and three outputs.
 *
 * # Safety
 * `x` must be readable and `macd`, `signal_line` and `histogram` writable for `n` values, for the length of the
 * call.
 */
OmegaStatus omega_macd(const double *x,
                       size_t n,
                       size_t fast,
                       size_t slow,
                       size_t signal,
                       OmegaNanPolicy nan,
                       double *macd,
                       double *signal_line,
                       double *histogram);

/**
 * omega_rolling_mean, and width times omega_rolling_std above and below it.
 *
 * The rest as omega_rolling_var, with three outputs. Any width is allowed.
 *
 * # Safety
 * `x` must be readable and `middle`, `upper` and `lower` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_bollinger(const double *x,
                            size_t n,
                            size_t window,
                            size_t min_periods,
                            size_t ddof,
                            double width,
                            OmegaNanPolicy nan,
                            double *middle,
                            double *upper,
                            double *lower);

/**
 * x - x' with x' the value period rows before; NaN in the first period rows.
 *
 * A NaN gives NaN in the rows that look at it. Threads: any; nobody else may touch out during the call. O(n).
 * Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the value, unless period is 1 to PTRDIFF_MAX, or
 * naming the arrays that overlap.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_diff(const double *x, size_t n, size_t period, double *out);

/**
 * (x / x') - 1 with x' the value period rows before; NaN in the first period rows.
 *
 * The rest as omega_diff.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_returns(const double *x, size_t n, size_t period, double *out);

/**
 * The correctly rounded natural logarithm of the rounded x / x' with x' the value period rows before; NaN in the
 * first period rows.
 *
 * The rest as omega_diff.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_log_returns(const double *x,
                              size_t n,
                              size_t period,
                              double *out);

/**
 * The value period rows before, the past brought forward; NaN in the first period rows. 0 rows before is a copy.
 *
 * The rest as omega_diff; any period is allowed.
 *
 * # Safety
 * `x` must be readable and `out` writable for `n` values, for the length of the call.
 */
OmegaStatus omega_shift(const double *x,
                        size_t n,
                        size_t period,
                        double *out);

/**
 * A new stream without rows: the streaming twin of any OmegaKernel.
 *
 * Rolling kernels give the bits of their functions from any first row on once the window is full; recurrences
 * when fed from the same first row. Ownership: the caller owns the new handle. Threads: any. O(1); the stream
 * grows to O(window) as it is fed. Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the kernel or the
 * option (as the kernel's own function calls it); OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144 live handles.
 *
 * # Safety
 * `options` must be readable and `out` writable, for the length of the call.
 */
OmegaStatus omega_stream_new(OmegaKernel kernel,
                             const OmegaKernelOptions *options,
                             OmegaStream **out);

/**
 * Frees a handle; NULL is a no-op.
 *
 * Threads: any, but no other thread may be inside a call with the handle. O(1). Errors: OMEGA_INVALID_ARGUMENT
 * on a freed or foreign handle.
 *
 * # Safety
 * No other thread may be inside a call with `stream`.
 */
OmegaStatus omega_stream_free(OmegaStream *stream);

/**
 * Takes a row and gives the value of the window, or recurrence, that ends with it.
 *
 * inputs is 1 (x), 2 (x, y) or 3 (high, low, close), outputs 1 or 3: OmegaKernel says which. Threads: any, one
 * at a time. O(1) amortised. Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle or if results
 * overlaps values; OMEGA_SIZE_MISMATCH naming the count; OMEGA_INVALID_STATE if another thread is using the
 * stream. On any status but OMEGA_OK the row has not been taken.
 *
 * # Safety
 * `values` must be readable for `inputs` values and `results` writable for `outputs`, for the length of the call.
 */
OmegaStatus omega_stream_push(OmegaStream *stream,
                              const double *values,
                              size_t inputs,
                              double *results,
                              size_t outputs);

/**
 * What the last omega_stream_push gave; NaN before the first.
 *
 * Threads: any number at once, but not while another pushes or resets. O(1). Errors: OMEGA_NULL_POINTER;
 * OMEGA_INVALID_ARGUMENT on a dead handle; OMEGA_SIZE_MISMATCH naming the count; OMEGA_INVALID_STATE if another
 * thread is changing the stream.
 *
 * # Safety
 * `results` must be writable for `outputs` values, for the length of the call.
 */
OmegaStatus omega_stream_value(const OmegaStream *stream,
                               double *results,
                               size_t outputs);

/**
 * Forgets every row: the stream is as new.
 *
 * Threads: any, one at a time. O(window). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle;
 * OMEGA_INVALID_STATE if another thread is using the stream.
 *
 * # Safety
 * No other thread may free `stream` during the call.
 */
OmegaStatus omega_stream_reset(OmegaStream *stream);

#if defined(OMEGA_FAULT_INJECTION)
/**
 * Arms one fault for every thread from now on, or none. Only in builds with the feature fault-injection, where
 * the variable OMEGA_FAULT (none, panic, flip, abort, internal_once, internal_rate, flip_rows, abi, layout or
 * slow) arms one from the start.
 *
 * Threads: any. O(1). Errors: OMEGA_INVALID_ARGUMENT for an unknown fault.
 */
OmegaStatus omega_fault_set(uint32_t fault);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* OMEGA_SLICER_H */
