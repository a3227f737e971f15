/* Making, describing and freeing series that own copies of their columns. */
#include <string.h>

#include "fixture.h"
#include "suites.h"

static int same_columns(const OmegaColumns *a, const OmegaColumns *b) {
    for (size_t row = 0; row < a->len; row++) {
        if (a->timestamp[row] != b->timestamp[row] || !same_double(a->open[row], b->open[row]) ||
            !same_double(a->high[row], b->high[row]) || !same_double(a->low[row], b->low[row]) ||
            !same_double(a->close[row], b->close[row]) || !same_double(a->volume[row], b->volume[row])) {
            return 0;
        }
    }
    return a->len == b->len;
}

static void info_is_what_the_series_was_made_with(void) {
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = fixture_options();
    OmegaSeriesInfo info;
    OmegaSeries *series = NULL;
    char symbol[] = "EUR/USD \xe2\x82\xac";
    options.symbol = symbol;
    options.timeframe_us = 7 * MINUTE;
    options.price_type = OMEGA_PRICE_TYPE_ASK;
    CHECK_OK(omega_series_new(&columns, &options, &series));
    memset(symbol, 'x', sizeof symbol - 1);
    mark_bytes(&info, sizeof info);
    CHECK_OK(omega_series_info(series, &info));
    /* The symbol was copied: the caller may reuse the memory. */
    CHECK(strcmp(info.symbol, "EUR/USD \xe2\x82\xac") == 0);
    CHECK(info.timeframe_us == 7 * MINUTE && info.price_type == OMEGA_PRICE_TYPE_ASK);
    CHECK(info.len == ROWS && info.reserved == 0);
    fixture_free(series);
}

static void an_empty_symbol_is_a_symbol(void) {
    OmegaColumns columns = fixture_columns(1);
    OmegaSeriesOptions options = fixture_options();
    OmegaSeriesInfo info;
    OmegaSeries *series = NULL;
    options.symbol = "";
    CHECK_OK(omega_series_new(&columns, &options, &series));
    CHECK_OK(omega_series_info(series, &info));
    CHECK(strcmp(info.symbol, "") == 0);
    fixture_free(series);
    options.symbol = "\xff";
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, series, omega_series_new(&columns, &options, &series));
}

static void columns_of_a_copy_are_equal_and_elsewhere(void) {
    OmegaColumns given = fixture_columns(ROWS), got, again;
    OmegaSeries *series = fixture_series(ROWS);
    CHECK_OK(omega_series_columns(series, &got));
    CHECK(same_columns(&given, &got));
    CHECK(got.timestamp != given.timestamp && got.open != given.open && got.high != given.high);
    CHECK(got.low != given.low && got.close != given.close && got.volume != given.volume);
    /* Handed out once for all: asking again gives the same memory. */
    CHECK_OK(omega_series_columns(series, &again));
    CHECK(memcmp(&got, &again, sizeof got) == 0);
    fixture_free(series);
}

static void a_copy_does_not_follow_the_original(void) {
    int64_t timestamp[1] = {7};
    double price[1] = {1.5}, volume[1] = {3.0};
    OmegaColumns columns, got;
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = NULL;
    columns.timestamp = timestamp;
    columns.open = columns.high = columns.low = columns.close = price;
    columns.volume = volume;
    columns.len = 1;
    CHECK_OK(omega_series_new(&columns, &options, &series));
    timestamp[0] = 8;
    price[0] = volume[0] = 9.0;
    CHECK_OK(omega_series_columns(series, &got));
    CHECK(got.timestamp[0] == 7 && got.open[0] == 1.5 && got.close[0] == 1.5 && got.volume[0] == 3.0);
    fixture_free(series);
}

static void without_volumes_the_column_is_null_and_the_candles_nan(void) {
    OmegaColumns columns = fixture_columns(ROWS), got;
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = NULL;
    OmegaCandle candle;
    OmegaQuality quality;
    columns.volume = NULL;
    CHECK_OK(omega_series_new(&columns, &options, &series));
    CHECK_OK(omega_series_columns(series, &got));
    CHECK(got.volume == NULL && got.len == ROWS);
    CHECK_OK(omega_series_candle(series, 1, &candle));
    CHECK(candle.timestamp == MINUTE && candle.volume != candle.volume);
    CHECK_OK(omega_series_quality(series, &quality));
    CHECK(quality.missing_volumes == ROWS);
    fixture_free(series);
}

static void each_candle_is_its_row_and_there_are_no_others(void) {
    static const size_t OUTSIDE[] = {ROWS, ROWS + 1, SIZE_MAX, SIZE_MAX / 2};
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeries *series = fixture_series(ROWS);
    OmegaCandle candle;
    for (size_t row = 0; row < ROWS; row++) {
        mark_bytes(&candle, sizeof candle);
        CHECK_OK(omega_series_candle(series, row, &candle));
        CHECK(candle.timestamp == columns.timestamp[row]);
        CHECK(same_double(candle.open, columns.open[row]) && same_double(candle.high, columns.high[row]));
        CHECK(same_double(candle.low, columns.low[row]) && same_double(candle.close, columns.close[row]));
        CHECK(same_double(candle.volume, columns.volume[row]));
    }
    for (size_t i = 0; i < sizeof OUTSIDE / sizeof *OUTSIDE; i++) {
        CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, candle, omega_series_candle(series, OUTSIDE[i], &candle));
    }
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, candle, omega_series_candle(series, ROWS, &candle));
    CHECK_MESSAGE("5");
    fixture_free(series);
}

static void an_empty_series_is_a_series(void) {
    OmegaColumns columns;
    OmegaSeriesOptions options = fixture_options();
    OmegaSeriesInfo info;
    OmegaQuality quality;
    OmegaPairQuality pair;
    OmegaCandle candle;
    OmegaGap gap;
    size_t count = 9;
    OmegaSeries *series = NULL;
    memset(&columns, 0, sizeof columns); /* every column NULL, no row */
    CHECK_OK(omega_series_new(&columns, &options, &series));
    CHECK_OK(omega_series_info(series, &info));
    CHECK(info.len == 0);
    CHECK_OK(omega_series_columns(series, &columns));
    CHECK(columns.len == 0);
    CHECK_OK(omega_series_quality(series, &quality));
    CHECK(quality.rows == 0 && quality.gaps == 0 && quality.missing_volumes == 0);
    CHECK_OK(omega_series_pair_quality(series, series, &pair));
    CHECK(pair.matched == 0 && pair.bid_only == 0 && pair.ask_only == 0);
    CHECK_OK(omega_series_gaps(series, &gap, 1, &count));
    CHECK(count == 0);
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, candle, omega_series_candle(series, 0, &candle));
    fixture_free(series);
}

static void one_row_is_a_series(void) {
    OmegaSeries *series = fixture_series(1);
    OmegaQuality quality;
    OmegaPairQuality pair;
    OmegaCandle candle;
    size_t count = 9;
    CHECK_OK(omega_series_candle(series, 0, &candle));
    CHECK(candle.timestamp == 0 && candle.open == 1.0 && candle.volume == 10.0);
    CHECK_OK(omega_series_quality(series, &quality));
    CHECK(quality.rows == 1 && quality.gaps == 0);
    CHECK_OK(omega_series_gaps(series, NULL, 0, &count));
    CHECK(count == 0);
    CHECK_OK(omega_series_pair_quality(series, series, &pair));
    CHECK(pair.matched == 1 && pair.locked == 1 && pair.crossed == 0);
    fixture_free(series);
}

static void gaps_are_counted_whatever_room_there_is(void) {
    static const int64_t STAMPS[5] = {0, 3, 5, 8, 12}; /* minutes: steps 3 2 3 4 */
    int64_t timestamp[5];
    OmegaColumns columns = fixture_columns(5);
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = NULL;
    OmegaGap gaps[4];
    size_t count;
    for (size_t i = 0; i < 5; i++) {
        timestamp[i] = STAMPS[i] * MINUTE;
    }
    columns.timestamp = timestamp;
    CHECK_OK(omega_series_new(&columns, &options, &series));
    for (size_t capacity = 0; capacity <= 4; capacity++) {
        size_t written = capacity < 3 ? capacity : 3;
        mark_bytes(gaps, sizeof gaps);
        count = 99;
        CHECK_OK(omega_series_gaps(series, capacity == 0 ? NULL : gaps, capacity, &count));
        CHECK(count == 3);
        CHECK(bytes_are_marked(gaps + written, sizeof gaps - written * sizeof *gaps));
        CHECK(written < 1 || (gaps[0].step_us == 2 * MINUTE && gaps[0].count == 1));
        CHECK(written < 2 || (gaps[1].step_us == 3 * MINUTE && gaps[1].count == 2));
        CHECK(written < 3 || (gaps[2].step_us == 4 * MINUTE && gaps[2].count == 1));
    }
    fixture_free(series);
}

static void options_outside_their_range_are_refused_and_nothing_is_made(void) {
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeries *out;
    OmegaSeriesOptions options;
    for (int bad = 0; bad < 9; bad++) {
        options = fixture_options();
        switch (bad) {
        case 0: options.price_type = 2; break;
        case 1: options.price_type = -1; break;
        case 2: options.check = 3; break;
        case 3: options.check = -1; break;
        case 4: options.timeframe_us = 90000000; break;
        case 5: options.timeframe_us = 0; break;
        case 6: options.flags = 0x80000001u; break;
        case 7: options.reserved = 1; break;
        default: options.timeframe_us = INT64_MIN; break;
        }
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_new(&columns, &options, &out));
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_new_borrowed(&columns, &options, NULL, NULL, &out));
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_read_csv("/nowhere", OMEGA_UNIT_US, &options, &out));
    }
    for (uint32_t bit = 2; bit != 0; bit <<= 1) {
        options = fixture_options();
        options.flags = bit;
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_new(&columns, &options, &out));
    }
}

static void a_length_no_memory_has_is_refused(void) {
    static const size_t LENGTHS[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 8 + 1};
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *out;
    for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
        OmegaColumns columns = fixture_columns(LENGTHS[i]);
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_new(&columns, &options, &out));
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_new_borrowed(&columns, &options, NULL, NULL, &out));
    }
}

static void after_a_refusal_everything_still_works(void) {
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = fixture_series(ROWS), *out;
    OmegaCandle candle;
    columns.open = columns.high; /* still finite: only the stamps are wrong below */
    columns.timestamp = NULL;
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_series_new(&columns, &options, &out));
    CHECK_OK(omega_series_candle(series, 2, &candle));
    /* Success does not clear the message: it belongs to the last failure. */
    CHECK_MESSAGE("timestamp");
    fixture_free(series);
}

void suite_series(void) {
    RUN(info_is_what_the_series_was_made_with);
    RUN(an_empty_symbol_is_a_symbol);
    RUN(columns_of_a_copy_are_equal_and_elsewhere);
    RUN(a_copy_does_not_follow_the_original);
    RUN(without_volumes_the_column_is_null_and_the_candles_nan);
    RUN(each_candle_is_its_row_and_there_are_no_others);
    RUN(an_empty_series_is_a_series);
    RUN(one_row_is_a_series);
    RUN(gaps_are_counted_whatever_room_there_is);
    RUN(options_outside_their_range_are_refused_and_nothing_is_made);
    RUN(a_length_no_memory_has_is_refused);
    RUN(after_a_refusal_everything_still_works);
}
