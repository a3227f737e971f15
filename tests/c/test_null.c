/* NULL in each pointer position of each export, one at a time: the status says NULL_POINTER and
 * nothing is written. Positions that may be NULL are in the tests of what they mean. */
#include <string.h>

#include "fixture.h"
#include "suites.h"

#define NULLED(out, call) CHECK_REFUSED(OMEGA_NULL_POINTER, out, call)
#define NULLED_OUT(call) CHECK_STATUS(OMEGA_NULL_POINTER, call)

static const int64_t TIMES[2] = {0, MINUTE};

static void null_text_or_result_of_a_parser(void) {
    int64_t value;
    char name[32];
    size_t length;
    NULLED(value, omega_timeframe_parse(NULL, &value));
    NULLED_OUT(omega_timeframe_parse("M1", NULL));
    NULLED(value, omega_timestamp_parse(NULL, &value));
    NULLED_OUT(omega_timestamp_parse("2012-01-01", NULL));
    NULLED(length, omega_timeframe_name(MINUTE, NULL, sizeof name, &length));
    NULLED(name, omega_timeframe_name(MINUTE, name, sizeof name, NULL));
}

static void null_columns_options_or_result_of_a_new_series(void) {
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *out;
    NULLED(out, omega_series_new(NULL, &options, &out));
    NULLED(out, omega_series_new(&columns, NULL, &out));
    NULLED_OUT(omega_series_new(&columns, &options, NULL));
    NULLED(out, omega_series_new_borrowed(NULL, &options, NULL, NULL, &out));
    NULLED(out, omega_series_new_borrowed(&columns, NULL, NULL, NULL, &out));
    NULLED_OUT(omega_series_new_borrowed(&columns, &options, NULL, NULL, NULL));
    NULLED(out, omega_series_read_csv(NULL, OMEGA_UNIT_US, &options, &out));
    NULLED(out, omega_series_read_csv("/no/such/file.csv", OMEGA_UNIT_US, NULL, &out));
    NULLED_OUT(omega_series_read_csv("/no/such/file.csv", OMEGA_UNIT_US, &options, NULL));
    options.symbol = NULL;
    NULLED(out, omega_series_new(&columns, &options, &out));
    NULLED(out, omega_series_new_borrowed(&columns, &options, NULL, NULL, &out));
    NULLED(out, omega_series_read_csv("/no/such/file.csv", OMEGA_UNIT_US, &options, &out));
    CHECK_MESSAGE("symbol");
}

static void a_null_column_is_named(void) {
    static const char *const NAMES[5] = {"timestamp", "open", "high", "low", "close"};
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *out;
    for (int i = 0; i < 5; i++) {
        OmegaColumns columns = fixture_columns(ROWS);
        switch (i) {
        case 0: columns.timestamp = NULL; break;
        case 1: columns.open = NULL; break;
        case 2: columns.high = NULL; break;
        case 3: columns.low = NULL; break;
        default: columns.close = NULL; break;
        }
        NULLED(out, omega_series_new(&columns, &options, &out));
        CHECK_MESSAGE(NAMES[i]);
        NULLED(out, omega_series_new_borrowed(&columns, &options, NULL, NULL, &out));
        CHECK_MESSAGE(NAMES[i]);
    }
}

static void a_null_series(void) {
    OmegaSeries *one = fixture_series(1);
    OmegaSeriesInfo info;
    OmegaColumns columns;
    OmegaCandle candle;
    OmegaQuality quality;
    OmegaPairQuality pair;
    OmegaGap gap;
    OmegaRange range;
    size_t count;
    int64_t row;
    double value;
    NULLED(info, omega_series_info(NULL, &info));
    NULLED(columns, omega_series_columns(NULL, &columns));
    NULLED(candle, omega_series_candle(NULL, 0, &candle));
    NULLED(quality, omega_series_quality(NULL, &quality));
    NULLED(gap, omega_series_gaps(NULL, &gap, 1, &count));
    NULLED(count, omega_series_gaps(NULL, &gap, 1, &count));
    NULLED(pair, omega_series_pair_quality(NULL, one, &pair));
    NULLED(pair, omega_series_pair_quality(one, NULL, &pair));
    NULLED(range, omega_slicer_get_slice(NULL, 0, 1, 0, &range));
    NULLED(row, omega_slicer_get_candle_at(NULL, 0, &row));
    NULLED(row, omega_slicer_get_candle_asof(NULL, 0, 0, &row));
    NULLED(range, omega_slicer_get_lookback(NULL, 0, 1, 0, &range));
    NULLED(range, omega_slicer_get_lookbacks(NULL, TIMES, 1, 1, 0, &range));
    NULLED(row, omega_slicer_get_candles_at(NULL, TIMES, 1, &row));
    NULLED(row, omega_slicer_get_candles_asof(NULL, TIMES, 1, 0, &row));
    NULLED(value, omega_slicer_gather_lookback(NULL, TIMES, 1, 1, OMEGA_FIELD_LOW, 0, &value));
    fixture_free(one);
}

static void null_results(void) {
    OmegaSeries *series = fixture_series(ROWS);
    OmegaGap gap;
    size_t count;
    NULLED_OUT(omega_series_info(series, NULL));
    NULLED_OUT(omega_series_columns(series, NULL));
    NULLED_OUT(omega_series_candle(series, 0, NULL));
    NULLED_OUT(omega_series_quality(series, NULL));
    NULLED(gap, omega_series_gaps(series, &gap, 1, NULL));
    NULLED(count, omega_series_gaps(series, NULL, 1, &count));
    NULLED_OUT(omega_series_pair_quality(series, series, NULL));
    NULLED_OUT(omega_slicer_get_slice(series, 0, 1, 0, NULL));
    NULLED_OUT(omega_slicer_get_candle_at(series, 0, NULL));
    NULLED_OUT(omega_slicer_get_candle_asof(series, 0, 0, NULL));
    NULLED_OUT(omega_slicer_get_lookback(series, 0, 1, 0, NULL));
    NULLED_OUT(omega_slicer_get_lookbacks(series, TIMES, 2, 1, 0, NULL));
    NULLED_OUT(omega_slicer_get_candles_at(series, TIMES, 2, NULL));
    NULLED_OUT(omega_slicer_get_candles_asof(series, TIMES, 2, 0, NULL));
    NULLED_OUT(omega_slicer_gather_lookback(series, TIMES, 2, 1, OMEGA_FIELD_LOW, 0, NULL));
    fixture_free(series);
}

static void null_times(void) {
    OmegaSeries *series = fixture_series(ROWS);
    OmegaRange ranges[2];
    int64_t rows[2];
    double values[2];
    NULLED(ranges, omega_slicer_get_lookbacks(series, NULL, 2, 1, 0, ranges));
    NULLED(rows, omega_slicer_get_candles_at(series, NULL, 2, rows));
    NULLED(rows, omega_slicer_get_candles_asof(series, NULL, 2, 0, rows));
    NULLED(values, omega_slicer_gather_lookback(series, NULL, 2, 1, OMEGA_FIELD_LOW, 0, values));
    CHECK_MESSAGE("times");
    fixture_free(series);
}

static void freeing_null_is_no_error_and_does_nothing(void) {
    int64_t value;
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, value, omega_timeframe_parse("before", &value));
    CHECK_OK(omega_series_free(NULL));
    CHECK_OK(omega_series_free(NULL));
    CHECK_MESSAGE("before");
}

void suite_null(void) {
    RUN(null_text_or_result_of_a_parser);
    RUN(null_columns_options_or_result_of_a_new_series);
    RUN(a_null_column_is_named);
    RUN(a_null_series);
    RUN(null_results);
    RUN(null_times);
    RUN(freeing_null_is_no_error_and_does_nothing);
}
