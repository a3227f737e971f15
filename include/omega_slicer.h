#ifndef OMEGA_SLICER_H
#define OMEGA_SLICER_H

#include <stddef.h>
#include <stdint.h>

/*
 * omega-slicer: candle series and the questions a backtest asks of them.
 *
 * This file is generated from rust/ffi by build.rs; change it there.
 *
 * Rules that hold for every function:
 * - It returns an OmegaStatus, OMEGA_OK or the reason for its failure, unless it only gives a constant.
 *   On any status but OMEGA_OK no out-parameter is written, and omega_last_error_message() says what,
 *   where and which value.
 * - A handle (OmegaSeries *) is opaque and must never be dereferenced. NULL gives OMEGA_NULL_POINTER;
 *   a freed or foreign handle gives OMEGA_INVALID_ARGUMENT. A const pointer to a handle means that any
 *   number of threads may call at once. Freeing a handle while another thread is inside a call with it
 *   is the caller's error: checking for it would cost five times the call.
 * - Arrays with a count of 0 may be NULL. Output arrays must not overlap input arrays; where they do,
 *   the call is refused with OMEGA_INVALID_ARGUMENT.
 * - A flag bit that is not defined gives OMEGA_INVALID_ARGUMENT.
 * - Times are int64 microseconds since 1970-01-01 UTC and name a candle's open; a candle stamped t
 *   closes at t + timeframe. Row numbers count from 0.
 * - No panic crosses: a fault inside is OMEGA_FFI_PANIC_CAUGHT.
 */


/**
 * The version of this ABI: major << 16 | minor. Libraries with the same major and at least this minor fit.
 */
#define OMEGA_ABI_VERSION 65536

/**
 * A flag of OmegaSeriesOptions: prices may be missing (NaN).
 */
#define OMEGA_ALLOW_MISSING 1

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
 * The lowest bit of every answer of omega_slicer_* is flipped.
 */
#define OMEGA_FAULT_FLIP 2
#endif

/**
 * A candle series: immutable, readable from any number of threads. Free it with omega_series_free.
 */
typedef struct OmegaSeries OmegaSeries;

/**
 * 0, or the number of what went wrong. 1xxx, 2xxx, 3xxx and 6xxx are the caller's; 4xxx and 5xxx the library's.
 */
typedef int32_t OmegaStatus;

/**
 * Sizes of the structs of this header and offsets of their fields, in bytes, as the library was built.
 *
 * A binding compares each number with its own before the first real call.
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
 * A column of 64-bit floats.
 */
typedef int32_t OmegaField;

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
 * The layout this library was built with. If layout_size itself differs, compare nothing further.
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
 * exactly once, when the last reference is gone (at the latest in omega_series_free), on the thread that drops
 * it; it must not call back into this library with the same handle. A NULL release promises that the columns
 * outlive the series. On any other status release is not called and the caller still owns everything.
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

#if defined(OMEGA_FAULT_INJECTION)
/**
 * Arms one fault for every thread from now on, or none. Only in builds with the feature fault-injection.
 *
 * Threads: any. O(1). Errors: OMEGA_INVALID_ARGUMENT for an unknown fault.
 */
OmegaStatus omega_fault_set(uint32_t fault);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* OMEGA_SLICER_H */
