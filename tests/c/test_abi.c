/* What the header says about the library, against what the library says about itself. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"
#include "tsv.h"

static const char *vectors;

static void header_and_library_have_one_abi_version(void) {
    CHECK(omega_abi_version() == OMEGA_ABI_VERSION);
    CHECK(OMEGA_ABI_VERSION == 0x00010004u);
}

static void library_names_its_version_and_build(void) {
    const char *id = omega_build_id();
    int major, minor, patch;
    CHECK(sscanf(omega_library_version(), "%d.%d.%d", &major, &minor, &patch) == 3);
    CHECK(strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16);
    CHECK(strcmp(id, "0000000000000000") != 0);
}

/* Each entry: what the compiler of this file sees, and where the library reports its own. */
typedef struct {
    const char *name;
    size_t here;
    size_t reported_at;
} LayoutEntry;

#define SIZE(entry, type) {#entry, sizeof(type), offsetof(OmegaAbiLayout, entry)}
#define FIELD(entry, type, field) {#entry, offsetof(type, field), offsetof(OmegaAbiLayout, entry)}

static const LayoutEntry LAYOUT[] = {
    SIZE(layout_size, OmegaAbiLayout),
    SIZE(columns_size, OmegaColumns),
    FIELD(columns_timestamp, OmegaColumns, timestamp),
    FIELD(columns_open, OmegaColumns, open),
    FIELD(columns_high, OmegaColumns, high),
    FIELD(columns_low, OmegaColumns, low),
    FIELD(columns_close, OmegaColumns, close),
    FIELD(columns_volume, OmegaColumns, volume),
    FIELD(columns_len, OmegaColumns, len),
    SIZE(range_size, OmegaRange),
    FIELD(range_start, OmegaRange, start),
    FIELD(range_len, OmegaRange, len),
    SIZE(candle_size, OmegaCandle),
    FIELD(candle_timestamp, OmegaCandle, timestamp),
    FIELD(candle_open, OmegaCandle, open),
    FIELD(candle_high, OmegaCandle, high),
    FIELD(candle_low, OmegaCandle, low),
    FIELD(candle_close, OmegaCandle, close),
    FIELD(candle_volume, OmegaCandle, volume),
    SIZE(options_size, OmegaSeriesOptions),
    FIELD(options_symbol, OmegaSeriesOptions, symbol),
    FIELD(options_timeframe_us, OmegaSeriesOptions, timeframe_us),
    FIELD(options_price_type, OmegaSeriesOptions, price_type),
    FIELD(options_check, OmegaSeriesOptions, check),
    FIELD(options_flags, OmegaSeriesOptions, flags),
    SIZE(info_size, OmegaSeriesInfo),
    FIELD(info_symbol, OmegaSeriesInfo, symbol),
    FIELD(info_timeframe_us, OmegaSeriesInfo, timeframe_us),
    FIELD(info_price_type, OmegaSeriesInfo, price_type),
    FIELD(info_len, OmegaSeriesInfo, len),
    SIZE(quality_size, OmegaQuality),
    FIELD(quality_rows, OmegaQuality, rows),
    FIELD(quality_gaps, OmegaQuality, gaps),
    FIELD(quality_overlaps, OmegaQuality, overlaps),
    FIELD(quality_high_below_low, OmegaQuality, high_below_low),
    FIELD(quality_outside_high_low, OmegaQuality, outside_high_low),
    FIELD(quality_nonpositive_prices, OmegaQuality, nonpositive_prices),
    FIELD(quality_negative_volumes, OmegaQuality, negative_volumes),
    FIELD(quality_missing_prices, OmegaQuality, missing_prices),
    FIELD(quality_missing_volumes, OmegaQuality, missing_volumes),
    SIZE(gap_size, OmegaGap),
    FIELD(gap_step_us, OmegaGap, step_us),
    FIELD(gap_count, OmegaGap, count),
    SIZE(pair_quality_size, OmegaPairQuality),
    FIELD(pair_quality_matched, OmegaPairQuality, matched),
    FIELD(pair_quality_crossed, OmegaPairQuality, crossed),
    FIELD(pair_quality_locked, OmegaPairQuality, locked),
    FIELD(pair_quality_bid_only, OmegaPairQuality, bid_only),
    FIELD(pair_quality_ask_only, OmegaPairQuality, ask_only),
    SIZE(kernel_options_size, OmegaKernelOptions),
    FIELD(kernel_options_window, OmegaKernelOptions, window),
    FIELD(kernel_options_min_periods, OmegaKernelOptions, min_periods),
    FIELD(kernel_options_ddof, OmegaKernelOptions, ddof),
    FIELD(kernel_options_nan, OmegaKernelOptions, nan),
    FIELD(kernel_options_slow, OmegaKernelOptions, slow),
    FIELD(kernel_options_signal, OmegaKernelOptions, signal),
    FIELD(kernel_options_width, OmegaKernelOptions, width),
    SIZE(arrow_schema_size, struct ArrowSchema),
    FIELD(arrow_schema_format, struct ArrowSchema, format),
    FIELD(arrow_schema_name, struct ArrowSchema, name),
    FIELD(arrow_schema_metadata, struct ArrowSchema, metadata),
    FIELD(arrow_schema_flags, struct ArrowSchema, flags),
    FIELD(arrow_schema_n_children, struct ArrowSchema, n_children),
    FIELD(arrow_schema_children, struct ArrowSchema, children),
    FIELD(arrow_schema_dictionary, struct ArrowSchema, dictionary),
    FIELD(arrow_schema_release, struct ArrowSchema, release),
    FIELD(arrow_schema_private_data, struct ArrowSchema, private_data),
    SIZE(arrow_array_size, struct ArrowArray),
    FIELD(arrow_array_length, struct ArrowArray, length),
    FIELD(arrow_array_null_count, struct ArrowArray, null_count),
    FIELD(arrow_array_offset, struct ArrowArray, offset),
    FIELD(arrow_array_n_buffers, struct ArrowArray, n_buffers),
    FIELD(arrow_array_n_children, struct ArrowArray, n_children),
    FIELD(arrow_array_buffers, struct ArrowArray, buffers),
    FIELD(arrow_array_children, struct ArrowArray, children),
    FIELD(arrow_array_dictionary, struct ArrowArray, dictionary),
    FIELD(arrow_array_release, struct ArrowArray, release),
    FIELD(arrow_array_private_data, struct ArrowArray, private_data),
    SIZE(arrow_stream_size, struct ArrowArrayStream),
    FIELD(arrow_stream_get_schema, struct ArrowArrayStream, get_schema),
    FIELD(arrow_stream_get_next, struct ArrowArrayStream, get_next),
    FIELD(arrow_stream_get_last_error, struct ArrowArrayStream, get_last_error),
    FIELD(arrow_stream_release, struct ArrowArrayStream, release),
    FIELD(arrow_stream_private_data, struct ArrowArrayStream, private_data),
};
enum { ENTRIES = sizeof LAYOUT / sizeof *LAYOUT };

static void every_size_and_offset_is_what_the_library_reports(void) {
    const OmegaAbiLayout *layout = omega_abi_layout();
    CHECK(layout != NULL && layout == omega_abi_layout());
    CHECK(layout->layout_size == sizeof *layout);
    for (size_t i = 0; i < ENTRIES; i++) {
        uint32_t reported;
        memcpy(&reported, (const char *)layout + LAYOUT[i].reported_at, sizeof reported);
        if (reported != LAYOUT[i].here) {
            harness_fail(__FILE__, __LINE__, LAYOUT[i].name);
        }
    }
}

static void the_layout_reports_nothing_that_is_not_compared(void) {
    int seen[ENTRIES] = {0};
    CHECK(sizeof(OmegaAbiLayout) == ENTRIES * sizeof(uint32_t));
    for (size_t i = 0; i < ENTRIES; i++) {
        seen[LAYOUT[i].reported_at / sizeof(uint32_t)]++;
    }
    for (size_t i = 0; i < ENTRIES; i++) {
        CHECK(seen[i] == 1);
    }
}

/* Bindings in other languages have these numbers written down: they may never change. */
static void structs_and_constants_have_their_agreed_values(void) {
    CHECK(sizeof(void *) == 8 && sizeof(size_t) == 8);
    CHECK(sizeof(OmegaColumns) == 56 && sizeof(OmegaRange) == 16 && sizeof(OmegaCandle) == 48);
    CHECK(sizeof(OmegaSeriesOptions) == 32 && sizeof(OmegaSeriesInfo) == 32);
    CHECK(sizeof(OmegaQuality) == 72 && sizeof(OmegaGap) == 16 && sizeof(OmegaPairQuality) == 40);
    CHECK(sizeof(OmegaStatus) == 4 && sizeof(OmegaPriceType) == 4 && sizeof(OmegaField) == 4);
    CHECK(sizeof(OmegaCheck) == 4 && sizeof(OmegaTimeUnit) == 4);
    CHECK(offsetof(OmegaSeriesOptions, reserved) == 28 && offsetof(OmegaSeriesInfo, reserved) == 20);
    CHECK(OMEGA_EXCLUDE_CURRENT == 1u && OMEGA_CLOSED_ONLY == 2u && OMEGA_PARTIAL == 4u);
    CHECK(OMEGA_ALLOW_MISSING == 1u && OMEGA_KEEP_PARTIAL == 1u && OMEGA_ASOF == 1u);
    CHECK(OMEGA_DECISION_OPEN == 0 && OMEGA_DECISION_CLOSE == 1 && sizeof(OmegaDecision) == 4);
    CHECK(OMEGA_STAMPS_OPEN == 0 && OMEGA_STAMPS_CLOSE == 1 && sizeof(OmegaStamps) == 4);
    CHECK(OMEGA_TIMELINE_INTERSECTION == 0 && OMEGA_TIMELINE_UNION == 1 && sizeof(OmegaTimeline) == 4);
    CHECK(OMEGA_PRICE_BID == 0 && OMEGA_PRICE_ASK == 1 && OMEGA_PRICE_MID == 2 && sizeof(OmegaPriceKind) == 4);
    CHECK(OMEGA_PRICE_TYPE_BID == 0 && OMEGA_PRICE_TYPE_ASK == 1);
    CHECK(OMEGA_FIELD_OPEN == 0 && OMEGA_FIELD_HIGH == 1 && OMEGA_FIELD_LOW == 2);
    CHECK(OMEGA_FIELD_CLOSE == 3 && OMEGA_FIELD_VOLUME == 4);
    CHECK(OMEGA_CHECK_FULL == 0 && OMEGA_CHECK_ORDER == 1 && OMEGA_CHECK_NONE == 2);
    CHECK(sizeof(OmegaKernelOptions) == 56 && offsetof(OmegaKernelOptions, reserved) == 28);
    CHECK(sizeof(OmegaKernel) == 4 && sizeof(OmegaNanPolicy) == 4);
    CHECK(OMEGA_NAN_PROPAGATE == 0 && OMEGA_NAN_SKIP == 1);
    CHECK(OMEGA_KERNEL_SUM == 0 && OMEGA_KERNEL_MEAN == 1 && OMEGA_KERNEL_VAR == 2 && OMEGA_KERNEL_STD == 3);
    CHECK(OMEGA_KERNEL_ZSCORE == 4 && OMEGA_KERNEL_MIN == 5 && OMEGA_KERNEL_MAX == 6 && OMEGA_KERNEL_ARGMIN == 7);
    CHECK(OMEGA_KERNEL_ARGMAX == 8 && OMEGA_KERNEL_EMA == 9 && OMEGA_KERNEL_WILDER == 10 && OMEGA_KERNEL_RSI == 11);
    CHECK(OMEGA_KERNEL_DIFF == 12 && OMEGA_KERNEL_RETURNS == 13 && OMEGA_KERNEL_LOG_RETURNS == 14);
    CHECK(OMEGA_KERNEL_SHIFT == 15 && OMEGA_KERNEL_COV == 16 && OMEGA_KERNEL_CORR == 17);
    CHECK(OMEGA_KERNEL_TRUE_RANGE == 18 && OMEGA_KERNEL_ATR == 19 && OMEGA_KERNEL_MACD == 20);
    CHECK(OMEGA_KERNEL_BOLLINGER == 21);
    CHECK(OMEGA_PRICE_TYPE_FROM_METADATA == -1 && OMEGA_CHECK_DEFAULT == -1);
    CHECK(OMEGA_ARROW_STRICT == 2u && OMEGA_ARROW_MMAP == 4u && sizeof(OmegaFileState) == 4);
    CHECK(OMEGA_FILE_NOT_MAPPED == 0 && OMEGA_FILE_UNCHANGED == 1);
    CHECK(OMEGA_FILE_CHANGED == 2 && OMEGA_FILE_GONE == 3);
    CHECK(sizeof(struct ArrowSchema) == 72 && sizeof(struct ArrowArray) == 80 && sizeof(struct ArrowArrayStream) == 40);
    CHECK(OMEGA_UNIT_US == 0 && OMEGA_UNIT_S == 1 && OMEGA_UNIT_MS == 2 && OMEGA_UNIT_NS == 3);
}

#define STATUS(name) {OMEGA_##name, #name}
static const struct {
    OmegaStatus code;
    const char *name;
} STATUSES[] = {
    STATUS(OK), STATUS(INVALID_ARGUMENT), STATUS(NULL_POINTER), STATUS(OUT_OF_BOUNDS),
    STATUS(TYPE_MISMATCH), STATUS(SCHEMA_VIOLATION), STATUS(CONSTRAINT_VIOLATION),
    STATUS(INVALID_STATE), STATUS(INVALID_FORMAT), STATUS(EMPTY_INPUT), STATUS(SIZE_MISMATCH),
    STATUS(INSUFFICIENT_DATA), STATUS(IO_ERROR), STATUS(FILE_NOT_FOUND), STATUS(PERMISSION_DENIED),
    STATUS(SERIALIZATION_FAILED), STATUS(DESERIALIZATION_FAILED), STATUS(INTERNAL_ERROR),
    STATUS(FFI_ERROR), STATUS(FFI_SCHEMA_MISMATCH), STATUS(FFI_PANIC_CAUGHT),
    STATUS(OUT_OF_MEMORY), STATUS(RESOURCE_LIMIT_EXCEEDED), STATUS(NOT_BUILT_IN),
};
enum { STATUS_COUNT = sizeof STATUSES / sizeof *STATUSES };

static void statuses_are_those_of_the_shared_table_and_have_its_names(void) {
    Table *table = tsv_open(vectors, "error_codes.tsv");
    CHECK(table->rows == STATUS_COUNT);
    for (size_t row = 0; row < table->rows && row < STATUS_COUNT; row++) {
        OmegaStatus code = (OmegaStatus)strtol(tsv_cell(table, row, "code"), NULL, 10);
        const char *name = tsv_cell(table, row, "name");
        CHECK(code == STATUSES[row].code && strcmp(name, STATUSES[row].name) == 0);
        CHECK(strcmp(omega_status_name(code), name) == 0);
    }
    tsv_close(table);
}

static void a_number_that_is_no_status_is_unknown(void) {
    static const OmegaStatus NONE[] = {1, -1, 1000, 1008, 2000, 6002, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        CHECK(strcmp(omega_status_name(NONE[i]), "UNKNOWN") == 0);
    }
}

static void before_any_failure_there_is_no_message(void) {
    CHECK(omega_last_error_message() != NULL && strcmp(omega_last_error_message(), "") == 0);
}

void suite_abi(const char *folder) {
    vectors = folder;
    /* First of all: no other test may have failed a call before it. */
    RUN(before_any_failure_there_is_no_message);
    RUN(header_and_library_have_one_abi_version);
    RUN(library_names_its_version_and_build);
    RUN(every_size_and_offset_is_what_the_library_reports);
    RUN(the_layout_reports_nothing_that_is_not_compared);
    RUN(structs_and_constants_have_their_agreed_values);
    RUN(statuses_are_those_of_the_shared_table_and_have_its_names);
    RUN(a_number_that_is_no_status_is_unknown);
}
