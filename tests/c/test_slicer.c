/* Single questions; the full meaning is in the language-neutral cases, the C side of it here. */
#include <stddef.h>

#include "fixture.h"
#include "suites.h"

/* The fixture: rows 0..4 at minutes 0 1 2 3 5. */
static OmegaSeries *series;

static void a_slice_is_the_rows_between_two_stamps(void) {
    OmegaRange range;
    mark_bytes(&range, sizeof range);
    CHECK_OK(omega_slicer_get_slice(series, MINUTE, 3 * MINUTE, 0, &range));
    CHECK(range.start == 1 && range.len == 3);
    CHECK_OK(omega_slicer_get_slice(series, MINUTE, 3 * MINUTE, OMEGA_EXCLUDE_CURRENT, &range));
    CHECK(range.start == 1 && range.len == 2);
    CHECK_OK(omega_slicer_get_slice(series, 3 * MINUTE + 1, 5 * MINUTE - 1, 0, &range));
    CHECK(range.start == 4 && range.len == 0);
}

static void a_slice_that_cannot_be_writes_nothing(void) {
    OmegaRange range;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, range, omega_slicer_get_slice(series, 2, 1, 0, &range));
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, range, omega_slicer_get_slice(series, -2, -1, 0, &range));
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, range,
                  omega_slicer_get_slice(series, 5 * MINUTE + 1, INT64_MAX, 0, &range));
}

static void a_candle_is_found_by_its_stamp_alone(void) {
    int64_t row = 77;
    CHECK_OK(omega_slicer_get_candle_at(series, 2 * MINUTE, &row));
    CHECK(row == 2);
    CHECK_OK(omega_slicer_get_candle_at(series, 2 * MINUTE + 1, &row));
    CHECK(row == -1);
}

static void the_latest_candle_may_be_asked_to_have_closed(void) {
    int64_t row = 77;
    CHECK_OK(omega_slicer_get_candle_asof(series, 4 * MINUTE, 0, &row));
    CHECK(row == 3);
    CHECK_OK(omega_slicer_get_candle_asof(series, 2 * MINUTE, OMEGA_CLOSED_ONLY, &row));
    CHECK(row == 1);
    CHECK_OK(omega_slicer_get_candle_asof(series, MINUTE - 1, OMEGA_CLOSED_ONLY, &row));
    CHECK(row == -1);
    CHECK_OK(omega_slicer_get_candle_asof(series, INT64_MIN, OMEGA_CLOSED_ONLY, &row));
    CHECK(row == -1);
}

static void a_lookback_is_the_last_rows_seen(void) {
    OmegaRange range;
    CHECK_OK(omega_slicer_get_lookback(series, 3 * MINUTE, 2, 0, &range));
    CHECK(range.start == 2 && range.len == 2);
    CHECK_OK(omega_slicer_get_lookback(series, 3 * MINUTE, 2, OMEGA_EXCLUDE_CURRENT, &range));
    CHECK(range.start == 1 && range.len == 2);
    CHECK_OK(omega_slicer_get_lookback(series, 4 * MINUTE - 1, 2, OMEGA_CLOSED_ONLY, &range));
    CHECK(range.start == 1 && range.len == 2);
    CHECK_OK(omega_slicer_get_lookback(series, 3 * MINUTE, 9, OMEGA_PARTIAL, &range));
    CHECK(range.start == 0 && range.len == 4);
    CHECK_OK(omega_slicer_get_lookback(series, -1, 9, OMEGA_PARTIAL, &range));
    CHECK(range.start == 0 && range.len == 0);
}

static void too_little_history_says_how_much_there_is(void) {
    OmegaRange range;
    CHECK_REFUSED(OMEGA_INSUFFICIENT_DATA, range, omega_slicer_get_lookback(series, 3 * MINUTE, 777, 0, &range));
    CHECK_MESSAGE("777");
    CHECK_MESSAGE("4");
    CHECK_MESSAGE("180000000");
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, range, omega_slicer_get_lookback(series, 3 * MINUTE, 0, 0, &range));
}

static void any_size_may_be_asked_for(void) {
    static const size_t SIZES[] = {6, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX};
    OmegaRange range;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        CHECK_REFUSED(OMEGA_INSUFFICIENT_DATA, range,
                      omega_slicer_get_lookback(series, INT64_MAX, SIZES[i], 0, &range));
        CHECK_OK(omega_slicer_get_lookback(series, INT64_MAX, SIZES[i], OMEGA_PARTIAL, &range));
        CHECK(range.start == 0 && range.len == ROWS);
    }
}

/* A bit that means nothing to a function is an error: it may mean something in a later library. */
static void every_flag_bit_without_a_meaning_is_refused(void) {
    const uint32_t all = OMEGA_EXCLUDE_CURRENT | OMEGA_CLOSED_ONLY | OMEGA_PARTIAL;
    const int64_t times[1] = {3 * MINUTE};
    OmegaRange range;
    int64_t row;
    double value;
    for (int shift = 0; shift < 32; shift++) {
        uint32_t bit = UINT32_C(1) << shift;
        if (bit != OMEGA_EXCLUDE_CURRENT) {
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, range, omega_slicer_get_slice(series, 0, MINUTE, bit, &range));
        }
        if (bit != OMEGA_CLOSED_ONLY) {
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, row, omega_slicer_get_candle_asof(series, 0, bit, &row));
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, row, omega_slicer_get_candles_asof(series, times, 1, bit, &row));
        }
        if ((bit & all) == 0) {
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, range, omega_slicer_get_lookback(series, 0, 1, bit, &range));
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, range,
                          omega_slicer_get_lookbacks(series, times, 1, 1, bit | OMEGA_PARTIAL, &range));
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, value,
                          omega_slicer_gather_lookback(series, times, 1, 1, OMEGA_FIELD_LOW, bit | all, &value));
        }
    }
    CHECK_OK(omega_slicer_get_lookback(series, 0, 1, all, &range));
}

static void an_empty_series_answers_none_or_says_so(void) {
    OmegaSeries *empty = fixture_series(0);
    OmegaRange range;
    int64_t row = 77;
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, range, omega_slicer_get_slice(empty, 0, 1, 0, &range));
    CHECK_OK(omega_slicer_get_candle_at(empty, 0, &row));
    CHECK(row == -1);
    CHECK_OK(omega_slicer_get_candle_asof(empty, INT64_MAX, 0, &row));
    CHECK(row == -1);
    CHECK_REFUSED(OMEGA_INSUFFICIENT_DATA, range, omega_slicer_get_lookback(empty, 0, 1, 0, &range));
    CHECK_OK(omega_slicer_get_lookback(empty, 0, 1, OMEGA_PARTIAL, &range));
    CHECK(range.start == 0 && range.len == 0);
    fixture_free(empty);
}

static void one_row_answers_like_any_other_series(void) {
    OmegaSeries *one = fixture_series(1);
    OmegaRange range;
    int64_t row = 77;
    CHECK_OK(omega_slicer_get_slice(one, INT64_MIN, INT64_MAX, 0, &range));
    CHECK(range.start == 0 && range.len == 1);
    CHECK_OK(omega_slicer_get_candle_at(one, 0, &row));
    CHECK(row == 0);
    CHECK_OK(omega_slicer_get_candle_asof(one, MINUTE, OMEGA_CLOSED_ONLY, &row));
    CHECK(row == 0);
    CHECK_OK(omega_slicer_get_lookback(one, 0, 1, 0, &range));
    CHECK(range.start == 0 && range.len == 1);
    CHECK_REFUSED(OMEGA_INSUFFICIENT_DATA, range, omega_slicer_get_lookback(one, 0, 2, 0, &range));
    fixture_free(one);
}

void suite_slicer(void) {
    series = fixture_series(ROWS);
    RUN(a_slice_is_the_rows_between_two_stamps);
    RUN(a_slice_that_cannot_be_writes_nothing);
    RUN(a_candle_is_found_by_its_stamp_alone);
    RUN(the_latest_candle_may_be_asked_to_have_closed);
    RUN(a_lookback_is_the_last_rows_seen);
    RUN(too_little_history_says_how_much_there_is);
    RUN(any_size_may_be_asked_for);
    RUN(every_flag_bit_without_a_meaning_is_refused);
    RUN(an_empty_series_answers_none_or_says_so);
    RUN(one_row_answers_like_any_other_series);
    fixture_free(series);
}
