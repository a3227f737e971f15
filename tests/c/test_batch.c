/* Questions for many times at once: the same answers, all of them or none. */
#include "fixture.h"
#include "suites.h"

static OmegaSeries *series;

enum { TIMES = 7 };
/* Out of order, repeated, before, after, inside the gap. */
static const int64_t ASKED[TIMES] = {3 * MINUTE, -1, 4 * MINUTE, 3 * MINUTE, 0, INT64_MAX, MINUTE + 1};

static void a_batch_gives_what_single_questions_give(void) {
    int64_t at[TIMES], asof[TIMES], closed[TIMES], row = 77;
    OmegaRange ranges[TIMES], range;
    CHECK_OK(omega_slicer_get_candles_at(series, ASKED, TIMES, at));
    CHECK_OK(omega_slicer_get_candles_asof(series, ASKED, TIMES, 0, asof));
    CHECK_OK(omega_slicer_get_candles_asof(series, ASKED, TIMES, OMEGA_CLOSED_ONLY, closed));
    CHECK_OK(omega_slicer_get_lookbacks(series, ASKED, TIMES, 2, OMEGA_PARTIAL, ranges));
    for (int i = 0; i < TIMES; i++) {
        CHECK_OK(omega_slicer_get_candle_at(series, ASKED[i], &row));
        CHECK(at[i] == row);
        CHECK_OK(omega_slicer_get_candle_asof(series, ASKED[i], 0, &row));
        CHECK(asof[i] == row);
        CHECK_OK(omega_slicer_get_candle_asof(series, ASKED[i], OMEGA_CLOSED_ONLY, &row));
        CHECK(closed[i] == row);
        CHECK_OK(omega_slicer_get_lookback(series, ASKED[i], 2, OMEGA_PARTIAL, &range));
        CHECK(ranges[i].start == range.start && ranges[i].len == range.len);
    }
    CHECK(at[0] == 3 && at[1] == -1 && asof[2] == 3 && closed[5] == 4);
}

static void no_times_need_no_memory(void) {
    double untouched;
    CHECK_OK(omega_slicer_get_candles_at(series, NULL, 0, NULL));
    CHECK_OK(omega_slicer_get_candles_asof(series, NULL, 0, 0, NULL));
    CHECK_OK(omega_slicer_get_lookbacks(series, NULL, 0, 3, 0, NULL));
    CHECK_OK(omega_slicer_gather_lookback(series, NULL, 0, 3, OMEGA_FIELD_CLOSE, 0, NULL));
    mark_bytes(&untouched, sizeof untouched);
    CHECK_OK(omega_slicer_gather_lookback(series, ASKED, 0, 3, OMEGA_FIELD_CLOSE, 0, &untouched));
    CHECK(bytes_are_marked(&untouched, sizeof untouched));
    /* What is wrong is wrong even so. */
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_slicer_get_lookbacks(series, NULL, 0, 0, 0, NULL));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_slicer_get_candles_asof(series, NULL, 0, 8, NULL));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_slicer_gather_lookback(series, NULL, 0, 3, 5, 0, NULL));
}

static void a_batch_that_fails_writes_nothing_and_names_the_first_element(void) {
    static const int64_t TIMES_OF_TWO[4] = {5 * MINUTE, 2 * MINUTE, MINUTE - 7, MINUTE - 3};
    OmegaRange ranges[4];
    double values[8];
    CHECK_REFUSED(OMEGA_INSUFFICIENT_DATA, ranges, omega_slicer_get_lookbacks(series, TIMES_OF_TWO, 4, 2, 0, ranges));
    CHECK_MESSAGE("2");
    CHECK_MESSAGE("59999993");
    CHECK_REFUSED(OMEGA_INSUFFICIENT_DATA, values,
                  omega_slicer_gather_lookback(series, TIMES_OF_TWO, 4, 2, OMEGA_FIELD_OPEN, 0, values));
    CHECK_MESSAGE("59999993");
}

static void each_field_gives_its_own_column_oldest_first(void) {
    OmegaColumns columns = fixture_columns(ROWS);
    const double *expected[5];
    static const int64_t AT[2] = {4 * MINUTE, MINUTE};
    double out[5];
    expected[OMEGA_FIELD_OPEN] = columns.open;
    expected[OMEGA_FIELD_HIGH] = columns.high;
    expected[OMEGA_FIELD_LOW] = columns.low;
    expected[OMEGA_FIELD_CLOSE] = columns.close;
    expected[OMEGA_FIELD_VOLUME] = columns.volume;
    for (OmegaField field = 0; field < 5; field++) {
        mark_bytes(out, sizeof out);
        CHECK_OK(omega_slicer_gather_lookback(series, AT, 2, 2, field, 0, out));
        CHECK(out[0] == expected[field][2] && out[1] == expected[field][3]);
        CHECK(out[2] == expected[field][0] && out[3] == expected[field][1]);
        CHECK(bytes_are_marked(out + 4, sizeof *out));
    }
}

static void missing_history_is_nan_on_the_left(void) {
    static const int64_t AT[2] = {0, -1};
    double out[6];
    CHECK_OK(omega_slicer_gather_lookback(series, AT, 2, 3, OMEGA_FIELD_OPEN, OMEGA_PARTIAL, out));
    CHECK(out[0] != out[0] && out[1] != out[1] && out[2] == 1.0);
    CHECK(out[3] != out[3] && out[4] != out[4] && out[5] != out[5]);
}

static void a_field_that_is_none_is_refused(void) {
    double out[1];
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_slicer_gather_lookback(series, ASKED, 1, 1, 5, 0, out));
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_slicer_gather_lookback(series, ASKED, 1, 1, -1, 0, out));
}

/* Sizes that no memory has must not be multiplied into one that it has. */
static void counts_beyond_any_memory_are_refused(void) {
    static const size_t COUNTS[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 8 + 1, SIZE_MAX / 16 + 2};
    int64_t row;
    OmegaRange range;
    double value;
    for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
        size_t n = COUNTS[i];
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, value,
                      omega_slicer_gather_lookback(series, ASKED, 2, n, OMEGA_FIELD_LOW, OMEGA_PARTIAL, &value));
        if (n > SIZE_MAX / 16 + 2) { /* of 8-byte times: also not addressable */
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, row, omega_slicer_get_candles_at(series, ASKED, n, &row));
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, row, omega_slicer_get_candles_asof(series, ASKED, n, 0, &row));
        }
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, range, omega_slicer_get_lookbacks(series, ASKED, n, 1, 0, &range));
    }
}

static void an_output_over_its_input_is_refused(void) {
    int64_t both[4] = {0, MINUTE, 2 * MINUTE, 3 * MINUTE};
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_slicer_get_candles_at(series, both, 4, both));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_slicer_get_candles_asof(series, both, 2, 0, both + 1));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_slicer_get_candles_at(series, both + 1, 2, both));
    CHECK(both[0] == 0 && both[1] == MINUTE && both[2] == 2 * MINUTE && both[3] == 3 * MINUTE);
    /* Side by side is not over one another. */
    CHECK_OK(omega_slicer_get_candles_at(series, both, 2, both + 2));
    CHECK(both[2] == 0 && both[3] == 1);
}

static void a_misaligned_array_is_refused_by_name(void) {
    int64_t row, memory[3] = {0, 0, 0};
    int64_t *crooked = (int64_t *)((uintptr_t)memory + 3);
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, row, omega_slicer_get_candles_at(series, crooked, 1, &row));
    CHECK_MESSAGE("times");
    CHECK_MESSAGE("not aligned to 8");
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_slicer_get_candles_at(series, ASKED, 1, crooked));
    CHECK_MESSAGE("rows");
    CHECK(memory[0] == 0 && memory[1] == 0 && memory[2] == 0);
}

static void an_empty_series_has_no_rows_for_any_time(void) {
    OmegaSeries *empty = fixture_series(0);
    int64_t rows[2];
    OmegaRange ranges[2];
    double values[2];
    CHECK_OK(omega_slicer_get_candles_at(empty, ASKED, 2, rows));
    CHECK(rows[0] == -1 && rows[1] == -1);
    CHECK_OK(omega_slicer_get_candles_asof(empty, ASKED, 2, 0, rows));
    CHECK(rows[0] == -1 && rows[1] == -1);
    CHECK_REFUSED(OMEGA_INSUFFICIENT_DATA, ranges, omega_slicer_get_lookbacks(empty, ASKED, 2, 1, 0, ranges));
    CHECK_OK(omega_slicer_get_lookbacks(empty, ASKED, 2, 1, OMEGA_PARTIAL, ranges));
    CHECK(ranges[0].start == 0 && ranges[0].len == 0 && ranges[1].len == 0);
    CHECK_OK(omega_slicer_gather_lookback(empty, ASKED, 2, 1, OMEGA_FIELD_VOLUME, OMEGA_PARTIAL, values));
    CHECK(values[0] != values[0] && values[1] != values[1]);
    fixture_free(empty);
}

void suite_batch(void) {
    series = fixture_series(ROWS);
    RUN(a_batch_gives_what_single_questions_give);
    RUN(no_times_need_no_memory);
    RUN(a_batch_that_fails_writes_nothing_and_names_the_first_element);
    RUN(each_field_gives_its_own_column_oldest_first);
    RUN(missing_history_is_nan_on_the_left);
    RUN(a_field_that_is_none_is_refused);
    RUN(counts_beyond_any_memory_are_refused);
    RUN(an_output_over_its_input_is_refused);
    RUN(a_misaligned_array_is_refused_by_name);
    RUN(an_empty_series_has_no_rows_for_any_time);
    fixture_free(series);
}
