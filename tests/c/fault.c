/* A panic inside any export stops at the boundary, and the process goes on. Linked against a debug
 * build with the feature fault-injection; no release build exports omega_fault_set. */
#define OMEGA_FAULT_INJECTION
#include <string.h>

#include "fixture.h"
#include "foreign.h"
#include "kernel_calls.h"

static OmegaSeries *series;
static OmegaStream *stream;
static OmegaSymbolSlice *slice;
static OmegaMultiSymbol *market;
static OmegaColumns columns;
static OmegaSeriesOptions options;
static Owner owner;
static const int64_t TIMES[2] = {MINUTE, 2 * MINUTE};

/* With a panic armed each call is 5005, says so, and writes nothing. */
#define PANICS(out, call)                                \
    do {                                                 \
        CHECK_REFUSED(OMEGA_FFI_PANIC_CAUGHT, out, call); \
        CHECK_MESSAGE("panic");                          \
    } while (0)

static void panic_in_text(void) {
    int64_t value;
    size_t length;
    char name[32];
    PANICS(value, omega_timeframe_parse("M1", &value));
    PANICS(value, omega_timestamp_parse("2012-01-01", &value));
    PANICS(name, omega_timeframe_name(MINUTE, name, sizeof name, &length));
    PANICS(length, omega_timeframe_name(MINUTE, name, sizeof name, &length));
}

static void panic_in_series(void) {
    OmegaSeries *out;
    OmegaSeriesInfo info;
    OmegaColumns view;
    OmegaCandle candle;
    OmegaQuality quality;
    OmegaPairQuality pair;
    OmegaGap gap;
    size_t count;
    PANICS(out, omega_series_new(&columns, &options, &out));
    PANICS(out, omega_series_new_borrowed(&columns, &options, count_release, &owner, &out));
    PANICS(out, omega_series_read_csv("/no/such/file.csv", OMEGA_UNIT_US, &options, &out));
    PANICS(info, omega_series_info(series, &info));
    PANICS(view, omega_series_columns(series, &view));
    PANICS(candle, omega_series_candle(series, 0, &candle));
    PANICS(quality, omega_series_quality(series, &quality));
    PANICS(gap, omega_series_gaps(series, &gap, 1, &count));
    PANICS(pair, omega_series_pair_quality(series, series, &pair));
    CHECK_STATUS(OMEGA_FFI_PANIC_CAUGHT, omega_series_free(series));
    CHECK(owner.calls == 0);
}

static void panic_in_arrow(void) {
    const OmegaRange rows = {0, 1};
    OmegaSeries *out;
    OmegaFileState state;
    struct ArrowArray array;
    struct ArrowSchema schema;
    struct ArrowArrayStream batches;
    const char *text;
    size_t length;
    unsigned char byte = 0;
    foreign_reset();
    PANICS(out, omega_series_read_ipc("/no/such/file.arrow", &options, &out));
    PANICS(out, omega_series_from_ipc(&byte, 1, &options, &out));
    PANICS(state, omega_series_refresh(series, &state));
    CHECK_STATUS(OMEGA_FFI_PANIC_CAUGHT, omega_candles_write_ipc(series, rows, "/no/such/file.arrow"));
    PANICS(length, omega_candles_to_ipc(series, rows, NULL, 0, &length));
    foreign_array(&array);
    foreign_schema(&schema);
    PANICS(out, omega_series_import(&array, &schema, &options, &out));
    array.release(&array);
    schema.release(&schema);
    foreign_stream(&batches, 1, 0);
    PANICS(out, omega_series_import_stream(&batches, &options, &out));
    batches.release(&batches);
    CHECK(foreign_counts.arrays == 1 && foreign_counts.schemas == 1 && foreign_counts.streams == 1);
    PANICS(array, omega_candles_export(series, rows, &array, &schema));
    PANICS(schema, omega_candles_export(series, rows, &array, &schema));
    PANICS(schema, omega_candles_export_schema(series, &schema));
    PANICS(batches, omega_candles_export_stream(series, rows, &batches));
    PANICS(text, omega_schema_json(NULL, NULL, &text));
}

static void panic_in_slicer(void) {
    OmegaRange range, ranges[2];
    int64_t row, rows[2];
    double values[2];
    PANICS(range, omega_slicer_get_slice(series, 0, MINUTE, 0, &range));
    PANICS(row, omega_slicer_get_candle_at(series, 0, &row));
    PANICS(row, omega_slicer_get_candle_asof(series, 0, 0, &row));
    PANICS(range, omega_slicer_get_lookback(series, MINUTE, 1, 0, &range));
    PANICS(ranges, omega_slicer_get_lookbacks(series, TIMES, 2, 1, 0, ranges));
    PANICS(rows, omega_slicer_get_candles_at(series, TIMES, 2, rows));
    PANICS(rows, omega_slicer_get_candles_asof(series, TIMES, 2, 0, rows));
    PANICS(values, omega_slicer_gather_lookback(series, TIMES, 2, 1, OMEGA_FIELD_LOW, 0, values));
}

static void panic_in_alignment(void) {
    const OmegaSeries *given[1];
    const int64_t *timestamps;
    OmegaSeries *longer;
    OmegaSymbolSlice *one;
    OmegaMultiSymbol *other;
    OmegaRange range;
    OmegaCandle candle;
    int64_t row, rows[ROWS];
    int32_t found;
    size_t count;
    double value;
    given[0] = series;
    PANICS(longer, omega_series_resample(series, MINUTE, 0, 0, &longer));
    PANICS(rows, omega_align(series, series, 0, 0, -1, rows, ROWS));
    PANICS(one, omega_symbol_slice_new(given, 1, 0, &one));
    PANICS(count, omega_symbol_slice_bars(slice, &count));
    PANICS(row, omega_symbol_slice_decision_time(slice, 0, &row));
    PANICS(row, omega_symbol_slice_latest(slice, 0, MINUTE, 0, &row));
    PANICS(range, omega_symbol_slice_history(slice, 0, MINUTE, 0, 1, &range));
    PANICS(value, omega_symbol_slice_history_matrix(slice, MINUTE, 0, 1, 0, 0, 1, &value));
    CHECK_STATUS(OMEGA_FFI_PANIC_CAUGHT, omega_symbol_slice_free(slice));
    PANICS(other, omega_multi_symbol_new(given, 1, 0, 0, -1, &other));
    PANICS(timestamps, omega_multi_symbol_timeline(market, &timestamps, &count));
    PANICS(rows, omega_multi_symbol_rows(market, 0, rows, ROWS));
    PANICS(candle, omega_multi_symbol_candle(market, 0, "TEST", 0, &candle, &found));
    PANICS(value, omega_multi_symbol_price(market, 0, "TEST", 0, &value));
    PANICS(value, omega_multi_symbol_spread(market, 0, "TEST", &value));
    CHECK_STATUS(OMEGA_FFI_PANIC_CAUGHT, omega_multi_symbol_free(market));
}

static const double X[MOST] = {1.5, 2.5, 4.5};

/* Three rows of the same column in every input. */
static KernelCall kernel_call(OmegaKernel kernel, double out[MOST][MOST]) {
    KernelCall call;
    call.n = MOST;
    call.options = KERNEL[kernel].options;
    for (size_t i = 0; i < MOST; i++) {
        call.in[i] = X;
        call.out[i] = out[i];
    }
    return call;
}

static void panic_in_kernels(void) {
    OmegaKernelOptions mean = KERNEL[OMEGA_KERNEL_MEAN].options;
    OmegaStream *out;
    double values[MOST][MOST], result, *line = values[0];
    const double *table = X;
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        KernelCall call = kernel_call(kernel, values);
        PANICS(values, KERNEL[kernel].call(&call));
    }
    PANICS(values, omega_kernel_columns(OMEGA_KERNEL_MEAN, &mean, X, MOST, 1, values[0]));
    PANICS(values, omega_kernel_tables(OMEGA_KERNEL_MEAN, &mean, &table, 1, MOST, 1, &line, 1));
    PANICS(out, omega_stream_new(OMEGA_KERNEL_MEAN, &mean, &out));
    PANICS(result, omega_stream_push(stream, X, 1, &result, 1));
    PANICS(result, omega_stream_value(stream, &result, 1));
    CHECK_STATUS(OMEGA_FFI_PANIC_CAUGHT, omega_stream_reset(stream));
    CHECK_STATUS(OMEGA_FFI_PANIC_CAUGHT, omega_stream_free(stream));
}

static void a_panic_in_any_export_is_a_status(void) {
    for (int round = 0; round < 3; round++) {
        CHECK_OK(omega_fault_set(OMEGA_FAULT_PANIC));
        panic_in_text();
        panic_in_series();
        panic_in_arrow();
        panic_in_slicer();
        panic_in_alignment();
        panic_in_kernels();
        CHECK_OK(omega_fault_set(OMEGA_FAULT_NONE));
    }
}

static void after_panics_the_process_is_as_usable_as_before(void) {
    OmegaRange range;
    OmegaSeries *other = fixture_series(ROWS);
    CHECK_OK(omega_slicer_get_lookback(series, 3 * MINUTE, 2, 0, &range));
    CHECK(range.start == 2 && range.len == 2);
    CHECK_OK(omega_slicer_get_lookback(other, 3 * MINUTE, 2, 0, &range));
    CHECK(range.start == 2 && range.len == 2);
    fixture_free(other);
}

static void a_flipped_bit_reaches_the_caller(void) {
    OmegaRange range = {0, 0}, ranges[2];
    int64_t row = 0, rows[2];
    double value[2];
    CHECK_OK(omega_fault_set(OMEGA_FAULT_FLIP));
    CHECK_OK(omega_slicer_get_slice(series, 2 * MINUTE, 3 * MINUTE, 0, &range));
    CHECK(range.start == 3 && range.len == 2);
    CHECK_OK(omega_slicer_get_lookback(series, 3 * MINUTE, 2, 0, &range));
    CHECK(range.start == 3);
    CHECK_OK(omega_slicer_get_candle_at(series, 2 * MINUTE, &row));
    CHECK(row == 3);
    CHECK_OK(omega_slicer_get_candle_asof(series, 2 * MINUTE + 1, 0, &row));
    CHECK(row == 3);
    CHECK_OK(omega_slicer_get_candles_at(series, TIMES, 2, rows));
    CHECK(rows[0] == 0 && rows[1] == 3);
    CHECK_OK(omega_slicer_get_candles_asof(series, TIMES, 2, 0, rows));
    CHECK(rows[0] == 0 && rows[1] == 3);
    CHECK_OK(omega_slicer_get_lookbacks(series, TIMES, 2, 1, 0, ranges));
    CHECK(ranges[0].start == 0 && ranges[1].start == 3);
    CHECK_OK(omega_slicer_gather_lookback(series, TIMES, 2, 1, OMEGA_FIELD_OPEN, 0, value));
    CHECK(bits_of(value[0]) == (bits_of(1.1) ^ 1u) && bits_of(value[1]) == (bits_of(1.2) ^ 1u));
    CHECK_OK(omega_fault_set(OMEGA_FAULT_NONE));
    CHECK_OK(omega_slicer_get_candle_at(series, 2 * MINUTE, &row));
    CHECK(row == 2);
}

static int flipped(double right, double wrong) { return bits_of(wrong) == (bits_of(right) ^ 1u); }

static void a_flipped_bit_of_timeframes_and_symbols_reaches_the_caller(void) {
    OmegaSeries *longer = NULL;
    OmegaColumns wrong;
    OmegaRange range = {0, 0};
    OmegaCandle candle;
    int32_t found = 0;
    int64_t row = 0, rows[ROWS];
    double value = 0;
    CHECK_OK(omega_fault_set(OMEGA_FAULT_FLIP));
    CHECK_OK(omega_series_resample(series, MINUTE, 0, 0, &longer));
    CHECK_OK(omega_align(series, series, OMEGA_DECISION_CLOSE, 0, -1, rows, ROWS));
    CHECK(rows[0] == 1 && rows[1] == 0 && rows[4] == 5);
    CHECK_OK(omega_symbol_slice_decision_time(slice, 1, &row));
    CHECK(row == ((2 * MINUTE) ^ 1));
    CHECK_OK(omega_symbol_slice_latest(slice, 2, MINUTE, 0, &row));
    CHECK(row == 3);
    CHECK_OK(omega_symbol_slice_history(slice, 3, MINUTE, 0, 2, &range));
    CHECK(range.start == 3 && range.len == 2);
    CHECK_OK(omega_symbol_slice_history_matrix(slice, MINUTE, 0, 1, OMEGA_FIELD_OPEN, 1, 2, &value));
    CHECK(flipped(1.1, value));
    CHECK_OK(omega_multi_symbol_rows(market, 0, rows, ROWS));
    CHECK(rows[0] == 1 && rows[1] == 0);
    CHECK_OK(omega_multi_symbol_candle(market, 1, "TEST", 0, &candle, &found));
    CHECK(found == 1 && flipped(1.15, candle.close));
    CHECK_OK(omega_multi_symbol_price(market, 1, "TEST", OMEGA_PRICE_BID, &value));
    CHECK(flipped(1.15, value));
    CHECK_OK(omega_fault_set(OMEGA_FAULT_NONE));
    CHECK_OK(omega_series_columns(longer, &wrong));
    CHECK(flipped(1.1, wrong.open[1]) && flipped(2.1, wrong.high[1]) && flipped(0.6, wrong.low[1]));
    CHECK(flipped(1.15, wrong.close[1]) && flipped(11.0, wrong.volume[1]) && wrong.timestamp[1] == MINUTE);
    fixture_free(longer);
}

static void a_flipped_bit_of_a_kernel_reaches_the_caller(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        double right[MOST][MOST], wrong[MOST][MOST];
        KernelCall rightly = kernel_call(kernel, right), wrongly = kernel_call(kernel, wrong);
        CHECK_OK(KERNEL[kernel].call(&rightly));
        CHECK_OK(omega_fault_set(OMEGA_FAULT_FLIP));
        CHECK_OK(KERNEL[kernel].call(&wrongly));
        CHECK_OK(omega_fault_set(OMEGA_FAULT_NONE));
        for (size_t i = 0; i < KERNEL[kernel].outputs * MOST; i++) {
            CHECK(flipped(right[i / MOST][i % MOST], wrong[i / MOST][i % MOST]));
        }
        double *lines[MOST] = {wrong[0], wrong[1], wrong[2]};
        CHECK_OK(omega_fault_set(OMEGA_FAULT_FLIP));
        CHECK_OK(omega_kernel_tables(kernel, &wrongly.options, wrongly.in, KERNEL[kernel].inputs, MOST, 1, lines,
                                     KERNEL[kernel].outputs));
        CHECK_OK(omega_fault_set(OMEGA_FAULT_NONE));
        for (size_t i = 0; i < KERNEL[kernel].outputs * MOST; i++) {
            CHECK(flipped(right[i / MOST][i % MOST], wrong[i / MOST][i % MOST]));
        }
        if (kernel < COLUMN_KERNELS) {
            CHECK_OK(omega_fault_set(OMEGA_FAULT_FLIP));
            CHECK_OK(omega_kernel_columns(kernel, &wrongly.options, X, 1, MOST, wrong[0]));
            CHECK_OK(omega_fault_set(OMEGA_FAULT_NONE));
            CHECK_OK(omega_kernel_columns(kernel, &wrongly.options, X, 1, MOST, right[0]));
            CHECK(flipped(right[0][0], wrong[0][0]) && flipped(right[0][2], wrong[0][2]));
        }
    }
}

static void a_flipped_bit_of_a_stream_reaches_the_caller_and_stays_out_of_the_stream(void) {
    OmegaStream *bands = stream_of(OMEGA_KERNEL_BOLLINGER, KERNEL[OMEGA_KERNEL_BOLLINGER].options);
    double result, three[MOST], right[MOST];
    CHECK_OK(omega_fault_set(OMEGA_FAULT_FLIP));
    CHECK_OK(omega_stream_push(stream, X, 1, &result, 1));
    CHECK(flipped(1.5, result));
    CHECK_OK(omega_stream_value(stream, &result, 1));
    CHECK(flipped(1.5, result));
    CHECK_OK(omega_stream_push(bands, X, 1, three, MOST));
    CHECK_OK(omega_fault_set(OMEGA_FAULT_NONE));
    CHECK_OK(omega_stream_value(bands, right, MOST));
    for (size_t i = 0; i < MOST; i++) {
        CHECK(flipped(right[i], three[i]));
    }
    CHECK_OK(omega_stream_push(stream, X + 1, 1, &result, 1));
    CHECK(result == 2.0);
    CHECK_OK(omega_stream_free(bands));
}

static void an_unknown_fault_is_refused(void) {
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_fault_set(10));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_fault_set(UINT32_MAX));
}

static void a_free_that_panicked_has_freed_nothing(void) {
    /* They share the series: nothing is released before they are gone, too. */
    CHECK_OK(omega_symbol_slice_free(slice));
    CHECK_OK(omega_multi_symbol_free(market));
    CHECK(owner.calls == 0);
    CHECK_OK(omega_series_free(series));
    CHECK(owner.calls == 1);
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_series_free(series));
    CHECK_OK(omega_stream_free(stream));
}

int main(void) {
    harness_start();
    columns = fixture_columns(ROWS);
    options = fixture_options();
    if (omega_series_new_borrowed(&columns, &options, count_release, &owner, &series) != OMEGA_OK) {
        return 1;
    }
    stream = stream_of(OMEGA_KERNEL_MEAN, KERNEL[OMEGA_KERNEL_MEAN].options);
    {
        const OmegaSeries *given[1];
        given[0] = series;
        if (omega_symbol_slice_new(given, 1, 0, &slice) != OMEGA_OK ||
            omega_multi_symbol_new(given, 1, OMEGA_TIMELINE_UNION, 0, -1, &market) != OMEGA_OK) {
            return 1;
        }
    }
    RUN(a_panic_in_any_export_is_a_status);
    RUN(after_panics_the_process_is_as_usable_as_before);
    RUN(a_flipped_bit_reaches_the_caller);
    RUN(a_flipped_bit_of_timeframes_and_symbols_reaches_the_caller);
    RUN(a_flipped_bit_of_a_kernel_reaches_the_caller);
    RUN(a_flipped_bit_of_a_stream_reaches_the_caller_and_stays_out_of_the_stream);
    RUN(an_unknown_fault_is_refused);
    RUN(a_free_that_panicked_has_freed_nothing);
    return harness_finish();
}
