/* OmegaSymbolSlice: what is known at a bar. The full meaning is in the language-neutral cases. */
#include "fixture.h"
#include "suites.h"

enum { BARS = 130 };
static const int64_t HOUR = 60 * MINUTE;
static int64_t stamps[BARS];
static double prices[BARS];
static OmegaSeries *bid, *ask, *hours;
static OmegaSymbolSlice *slice;

static OmegaSymbolSlice *slice_of(OmegaSeries *one, OmegaSeries *two, int64_t primary_us) {
    const OmegaSeries *series[2];
    OmegaSymbolSlice *made = NULL;
    series[0] = one, series[1] = two;
    CHECK_OK(omega_symbol_slice_new(series, two == NULL ? 1 : 2, primary_us, &made));
    return made;
}

static void a_bar_knows_what_has_closed_with_it(void) {
    int64_t row = 77, t = 77;
    size_t bars = 77;
    OmegaRange range;
    CHECK_OK(omega_symbol_slice_bars(slice, &bars));
    CHECK(bars == BARS);
    CHECK_OK(omega_symbol_slice_decision_time(slice, 59, &t));
    CHECK(t == HOUR);
    CHECK_OK(omega_symbol_slice_latest(slice, 58, HOUR, OMEGA_PRICE_TYPE_BID, &row));
    CHECK(row == -1);
    CHECK_OK(omega_symbol_slice_latest(slice, 59, HOUR, OMEGA_PRICE_TYPE_BID, &row));
    CHECK(row == 0);
    CHECK_OK(omega_symbol_slice_latest(slice, 59, MINUTE, OMEGA_PRICE_TYPE_BID, &row));
    CHECK(row == 59);
    CHECK_OK(omega_symbol_slice_history(slice, 120, HOUR, OMEGA_PRICE_TYPE_BID, 20, &range));
    CHECK(range.start == 0 && range.len == 2);
    CHECK_OK(omega_symbol_slice_history(slice, 120, MINUTE, OMEGA_PRICE_TYPE_BID, 20, &range));
    CHECK(range.start == 101 && range.len == 20);
    CHECK_OK(omega_symbol_slice_history(slice, 120, MINUTE, OMEGA_PRICE_TYPE_BID, 0, &range));
    CHECK(range.start == 0 && range.len == 0);
}

static void what_was_not_given_is_none(void) {
    int64_t row = 77;
    OmegaRange range;
    double values[2] = {1.0, 2.0};
    CHECK_OK(omega_symbol_slice_latest(slice, 9, MINUTE, OMEGA_PRICE_TYPE_ASK, &row));
    CHECK(row == -1);
    CHECK_OK(omega_symbol_slice_history(slice, 9, 5 * MINUTE, OMEGA_PRICE_TYPE_BID, 3, &range));
    CHECK(range.start == 0 && range.len == 0);
    CHECK_OK(omega_symbol_slice_history_matrix(slice, MINUTE, OMEGA_PRICE_TYPE_ASK, 1, OMEGA_FIELD_LOW, 0, 2, values));
    CHECK(same_double(values[0], from_bits(UINT64_C(0x7ff8000000000000))) && values[1] != values[1]);
}

static void past_the_end_the_window_moves_out_of_the_data(void) {
    static const size_t FAR[] = {BARS + 20, SIZE_MAX / 2, SIZE_MAX};
    int64_t row = 77, t;
    OmegaRange range;
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, t, omega_symbol_slice_decision_time(slice, BARS, &t));
    CHECK_OK(omega_symbol_slice_latest(slice, BARS, MINUTE, OMEGA_PRICE_TYPE_BID, &row));
    CHECK(row == -1);
    CHECK_OK(omega_symbol_slice_history(slice, BARS + 2, MINUTE, OMEGA_PRICE_TYPE_BID, 5, &range));
    CHECK(range.start == BARS - 2 && range.len == 2);
    for (size_t i = 0; i < 3; i++) {
        CHECK_OK(omega_symbol_slice_history(slice, FAR[i], MINUTE, OMEGA_PRICE_TYPE_BID, 20, &range));
        CHECK(range.start == 0 && range.len == 0);
        CHECK_OK(omega_symbol_slice_latest(slice, FAR[i], HOUR, OMEGA_PRICE_TYPE_BID, &row));
        CHECK(row == -1);
    }
    CHECK_OK(omega_symbol_slice_history(slice, 9, MINUTE, OMEGA_PRICE_TYPE_BID, SIZE_MAX, &range));
    CHECK(range.start == 0 && range.len == 10);
}

static void a_matrix_is_the_histories_right_aligned(void) {
    double values[3][4], none = 77.0;
    CHECK_OK(omega_symbol_slice_history_matrix(slice, MINUTE, OMEGA_PRICE_TYPE_BID, 4, OMEGA_FIELD_CLOSE, 1, 4,
                                               &values[0][0]));
    CHECK(values[0][1] != values[0][1] && values[0][2] == 0 && values[0][3] == 1);
    CHECK(values[2][0] == 0 && values[2][3] == 3);
    /* No more rows than bars, whatever is asked for. */
    mark_bytes(values, sizeof values);
    CHECK_OK(omega_symbol_slice_history_matrix(slice, MINUTE, OMEGA_PRICE_TYPE_BID, 4, OMEGA_FIELD_CLOSE, BARS - 1,
                                               SIZE_MAX, &values[0][0]));
    CHECK(values[0][3] == BARS - 1 && bytes_are_marked(&values[1], 2 * sizeof values[1]));
    CHECK_OK(omega_symbol_slice_history_matrix(slice, MINUTE, OMEGA_PRICE_TYPE_BID, 4, 0, BARS, BARS, NULL));
    CHECK_OK(omega_symbol_slice_history_matrix(slice, MINUTE, OMEGA_PRICE_TYPE_BID, 4, 0, 9, 3, &none));
    CHECK_OK(omega_symbol_slice_history_matrix(slice, MINUTE, OMEGA_PRICE_TYPE_BID, 0, 0, 0, BARS, &none));
    CHECK(none == 77.0);
}

static void the_slice_keeps_its_series_alive(void) {
    OmegaSeries *series = fixture_series(ROWS);
    OmegaSymbolSlice *own = slice_of(series, NULL, 0);
    double value = 0;
    fixture_free(series);
    CHECK_OK(omega_symbol_slice_history_matrix(own, MINUTE, OMEGA_PRICE_TYPE_BID, 1, OMEGA_FIELD_HIGH, 4, 5, &value));
    CHECK(value == 2.4);
    CHECK_OK(omega_symbol_slice_free(own));
}

static void the_clock_is_the_shortest_bid_or_what_is_asked_for(void) {
    OmegaSymbolSlice *asks = slice_of(ask, hours, 0), *slow = slice_of(bid, hours, HOUR);
    size_t bars;
    CHECK_OK(omega_symbol_slice_bars(asks, &bars));
    CHECK(bars == BARS - 1);
    CHECK_OK(omega_symbol_slice_bars(slow, &bars));
    CHECK(bars == 2);
    CHECK_OK(omega_symbol_slice_free(asks));
    CHECK_OK(omega_symbol_slice_free(slow));
}

static void a_slice_that_cannot_be_is_refused(void) {
    const OmegaSeries *given[2];
    OmegaSymbolSlice *out;
    OmegaSeries *other = fixture_stamped("OTHER", MINUTE, OMEGA_PRICE_TYPE_ASK, stamps, prices, 1);
    given[0] = bid, given[1] = other;
    CHECK_REFUSED(OMEGA_EMPTY_INPUT, out, omega_symbol_slice_new(NULL, 0, 0, &out));
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_symbol_slice_new(given, 2, 0, &out));
    CHECK_MESSAGE("OTHER");
    given[1] = bid;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_symbol_slice_new(given, 2, 0, &out));
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_symbol_slice_new(given, 1, HOUR, &out));
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_symbol_slice_new(given, 1, -1, &out));
    given[1] = NULL;
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_symbol_slice_new(given, 2, 0, &out));
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_symbol_slice_new(NULL, 1, 0, &out));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_symbol_slice_new(given, 1, 0, NULL));
    fixture_free(other);
}

static void a_question_that_cannot_be_writes_nothing(void) {
    int64_t row;
    OmegaRange range;
    double value;
    const OmegaStatus bad = OMEGA_INVALID_ARGUMENT;
    CHECK_REFUSED(bad, row, omega_symbol_slice_latest(slice, 0, 1, 0, &row));
    CHECK_REFUSED(bad, row, omega_symbol_slice_latest(slice, 0, MINUTE, 2, &row));
    CHECK_REFUSED(bad, range, omega_symbol_slice_history(slice, 0, 0, 0, 1, &range));
    CHECK_REFUSED(bad, range, omega_symbol_slice_history(slice, 0, MINUTE, -1, 1, &range));
    CHECK_REFUSED(bad, value, omega_symbol_slice_history_matrix(slice, MINUTE, 0, 1, 5, 0, 1, &value));
    CHECK_REFUSED(bad, value, omega_symbol_slice_history_matrix(slice, MINUTE, 0, SIZE_MAX, 0, 0, 2, &value));
    CHECK_REFUSED(bad, value, omega_symbol_slice_history_matrix(slice, MINUTE, 0, SIZE_MAX, 0, 0, 1, &value));
}

static void nothing_is_asked_of_null_or_a_dead_slice_or_answered_into_null(void) {
    OmegaSymbolSlice *dead = slice_of(bid, NULL, 0), *questions[2];
    CHECK_OK(omega_symbol_slice_free(NULL));
    CHECK_OK(omega_symbol_slice_free(dead));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_symbol_slice_free(dead));
    questions[0] = NULL, questions[1] = dead;
    for (int i = 0; i < 2; i++) {
        OmegaStatus status = i == 0 ? OMEGA_NULL_POINTER : OMEGA_INVALID_ARGUMENT;
        size_t bars;
        int64_t t;
        OmegaRange range;
        double value;
        CHECK_REFUSED(status, bars, omega_symbol_slice_bars(questions[i], &bars));
        CHECK_REFUSED(status, t, omega_symbol_slice_decision_time(questions[i], 0, &t));
        CHECK_REFUSED(status, t, omega_symbol_slice_latest(questions[i], 0, MINUTE, 0, &t));
        CHECK_REFUSED(status, range, omega_symbol_slice_history(questions[i], 0, MINUTE, 0, 1, &range));
        CHECK_REFUSED(status, value, omega_symbol_slice_history_matrix(questions[i], MINUTE, 0, 1, 0, 0, 1, &value));
    }
    /* A series is no slice, nor the other way round. */
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_symbol_slice_free((OmegaSymbolSlice *)(void *)bid));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_series_free((OmegaSeries *)(void *)slice));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_symbol_slice_bars(slice, NULL));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_symbol_slice_decision_time(slice, 0, NULL));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_symbol_slice_latest(slice, 0, MINUTE, 0, NULL));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_symbol_slice_history(slice, 0, MINUTE, 0, 1, NULL));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_symbol_slice_history_matrix(slice, MINUTE, 0, 1, 0, 0, 1, NULL));
}

void suite_walk(void) {
    for (int i = 0; i < BARS; i++) {
        stamps[i] = i * MINUTE;
        prices[i] = i;
    }
    bid = fixture_stamped("TEST", MINUTE, OMEGA_PRICE_TYPE_BID, stamps, prices, BARS);
    ask = fixture_stamped("TEST", MINUTE, OMEGA_PRICE_TYPE_ASK, stamps, prices, BARS - 1);
    CHECK_OK(omega_series_resample(bid, HOUR, 0, 0, &hours));
    slice = slice_of(bid, hours, 0);
    RUN(a_bar_knows_what_has_closed_with_it);
    RUN(what_was_not_given_is_none);
    RUN(past_the_end_the_window_moves_out_of_the_data);
    RUN(a_matrix_is_the_histories_right_aligned);
    RUN(the_slice_keeps_its_series_alive);
    RUN(the_clock_is_the_shortest_bid_or_what_is_asked_for);
    RUN(a_slice_that_cannot_be_is_refused);
    RUN(a_question_that_cannot_be_writes_nothing);
    RUN(nothing_is_asked_of_null_or_a_dead_slice_or_answered_into_null);
    CHECK_OK(omega_symbol_slice_free(slice));
    fixture_free(bid);
    fixture_free(ask);
    fixture_free(hours);
}
