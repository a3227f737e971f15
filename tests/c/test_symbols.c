/* OmegaMultiSymbol: one moment across several symbols. The full meaning is in the language-neutral cases. */
#include "fixture.h"
#include "suites.h"

static const int64_t BIDS[4] = {0, MINUTE, 2 * MINUTE, 4 * MINUTE}, ASKS[3] = {0, 2 * MINUTE, 4 * MINUTE};
static const int64_t OTHERS[3] = {MINUTE, 2 * MINUTE, 4 * MINUTE};
static const double LOW[4] = {1.0, 1.25, 1.5, 2.0}, HIGH[3] = {1.5, 2.0, 2.5};
static const OmegaSeries *given[3];
static OmegaMultiSymbol *exact, *asof;

static OmegaMultiSymbol *market_of(OmegaTimeline timeline, uint32_t flags, int64_t stale_limit_us) {
    OmegaMultiSymbol *made = NULL;
    CHECK_OK(omega_multi_symbol_new(given, 3, timeline, flags, stale_limit_us, &made));
    return made;
}

static void moments_are_the_stamps_of_all_or_of_any(void) {
    const int64_t *timestamps = NULL;
    size_t len = 0;
    CHECK_OK(omega_multi_symbol_timeline(exact, &timestamps, &len));
    CHECK(len == 2 && timestamps[0] == 2 * MINUTE && timestamps[1] == 4 * MINUTE);
    CHECK_OK(omega_multi_symbol_timeline(asof, &timestamps, &len));
    CHECK(len == 4 && timestamps[0] == 0 && timestamps[1] == MINUTE && timestamps[3] == 4 * MINUTE);
}

static void rows_are_those_stamped_there_or_as_of_then(void) {
    OmegaMultiSymbol *stale = market_of(OMEGA_TIMELINE_UNION, OMEGA_ASOF, MINUTE - 1);
    int64_t rows[4];
    CHECK_OK(omega_multi_symbol_rows(exact, 0, rows, 2));
    CHECK(rows[0] == 2 && rows[1] == 3);
    CHECK_OK(omega_multi_symbol_rows(asof, 1, rows, 4));
    CHECK(rows[0] == 0 && rows[1] == 0 && rows[2] == 1 && rows[3] == 2);
    CHECK_OK(omega_multi_symbol_rows(asof, 2, rows, 4));
    CHECK(rows[0] == -1 && rows[1] == 0);
    CHECK_OK(omega_multi_symbol_rows(stale, 1, rows, 4));
    CHECK(rows[0] == 0 && rows[1] == -1 && rows[2] == 1);
    CHECK_OK(omega_multi_symbol_free(stale));
    CHECK_REFUSED(OMEGA_SIZE_MISMATCH, rows, omega_multi_symbol_rows(asof, 1, rows, 3));
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, rows, omega_multi_symbol_rows(asof, 3, rows, 4));
    CHECK_MESSAGE("3");
}

static void a_moment_has_candles_prices_and_a_spread(void) {
    OmegaCandle candle;
    int32_t found = 77;
    double price = 0;
    CHECK_OK(omega_multi_symbol_candle(exact, 1, "TEST", OMEGA_PRICE_TYPE_ASK, &candle, &found));
    CHECK(found == 1 && candle.timestamp == 4 * MINUTE && candle.close == 2.5);
    CHECK_OK(omega_multi_symbol_price(exact, 0, "TEST", OMEGA_PRICE_BID, &price));
    CHECK(price == 1.5);
    CHECK_OK(omega_multi_symbol_price(exact, 0, "TEST", OMEGA_PRICE_ASK, &price));
    CHECK(price == 2.0);
    CHECK_OK(omega_multi_symbol_price(exact, 0, "TEST", OMEGA_PRICE_MID, &price));
    CHECK(price == 1.75);
    CHECK_OK(omega_multi_symbol_spread(exact, 0, "TEST", &price));
    CHECK(price == 0.5);
    CHECK_OK(omega_multi_symbol_price(exact, 0, "OTHER", OMEGA_PRICE_BID, &price));
    CHECK(price == 1.25);
}

static void where_there_is_no_candle_there_is_none(void) {
    OmegaMultiSymbol *gappy = market_of(OMEGA_TIMELINE_UNION, 0, -1);
    OmegaCandle candle;
    int32_t found = 77;
    double price = 0;
    mark_bytes(&candle, sizeof candle);
    CHECK_OK(omega_multi_symbol_candle(gappy, 1, "TEST", OMEGA_PRICE_TYPE_ASK, &candle, &found));
    CHECK(found == 0 && bytes_are_marked(&candle, sizeof candle));
    CHECK_OK(omega_multi_symbol_price(gappy, 1, "TEST", OMEGA_PRICE_MID, &price));
    CHECK(price != price);
    CHECK_OK(omega_multi_symbol_spread(gappy, 1, "TEST", &price));
    CHECK(price != price);
    CHECK_OK(omega_multi_symbol_price(gappy, 1, "TEST", OMEGA_PRICE_BID, &price));
    CHECK(price == 1.25);
    CHECK_OK(omega_multi_symbol_free(gappy));
}

static void what_was_never_given_and_moments_that_are_not_are_refused(void) {
    OmegaCandle candle;
    int32_t found;
    double price;
    const OmegaStatus bad = OMEGA_INVALID_ARGUMENT;
    CHECK_REFUSED(bad, candle, omega_multi_symbol_candle(exact, 0, "OTHER", OMEGA_PRICE_TYPE_ASK, &candle, &found));
    CHECK_MESSAGE("OTHER");
    CHECK_REFUSED(bad, found, omega_multi_symbol_candle(exact, 0, "TEST", 2, &candle, &found));
    CHECK_REFUSED(bad, price, omega_multi_symbol_price(exact, 0, "OTHER", OMEGA_PRICE_MID, &price));
    CHECK_REFUSED(bad, price, omega_multi_symbol_price(exact, 0, "test", OMEGA_PRICE_BID, &price));
    CHECK_REFUSED(bad, price, omega_multi_symbol_price(exact, 0, "TEST", 3, &price));
    CHECK_REFUSED(bad, price, omega_multi_symbol_spread(exact, 0, "OTHER", &price));
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, price, omega_multi_symbol_spread(exact, 0, "\xff", &price));
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, price, omega_multi_symbol_spread(exact, 2, "TEST", &price));
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, price, omega_multi_symbol_price(exact, SIZE_MAX, "TEST", 0, &price));
    CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, candle, omega_multi_symbol_candle(exact, 2, "TEST", 0, &candle, &found));
}

static void a_market_that_cannot_be_is_refused(void) {
    OmegaMultiSymbol *out;
    OmegaSeries *hour = fixture_stamped("HOUR", 60 * MINUTE, OMEGA_PRICE_TYPE_BID, BIDS, LOW, 1);
    const OmegaSeries *mixed[2];
    const OmegaStatus bad = OMEGA_INVALID_ARGUMENT;
    mixed[0] = given[0], mixed[1] = hour;
    CHECK_REFUSED(OMEGA_EMPTY_INPUT, out, omega_multi_symbol_new(NULL, 0, 0, 0, -1, &out));
    CHECK_REFUSED(bad, out, omega_multi_symbol_new(mixed, 2, 0, 0, -1, &out));
    mixed[1] = given[0];
    CHECK_REFUSED(bad, out, omega_multi_symbol_new(mixed, 2, 0, 0, -1, &out));
    CHECK_REFUSED(bad, out, omega_multi_symbol_new(given, 3, 2, 0, -1, &out));
    CHECK_REFUSED(bad, out, omega_multi_symbol_new(given, 3, 0, 0, 0, &out));
    CHECK_REFUSED(bad, out, omega_multi_symbol_new(given, 3, 0, OMEGA_ASOF, -2, &out));
    for (int shift = 1; shift < 32; shift++) {
        CHECK_REFUSED(bad, out, omega_multi_symbol_new(given, 3, 0, UINT32_C(1) << shift, -1, &out));
    }
    mixed[1] = NULL;
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_multi_symbol_new(mixed, 2, 0, 0, -1, &out));
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_multi_symbol_new(NULL, 2, 0, 0, -1, &out));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_multi_symbol_new(given, 3, 0, 0, -1, NULL));
    fixture_free(hour);
}

static void nothing_is_asked_of_null_or_a_dead_market_or_answered_into_null(void) {
    OmegaMultiSymbol *dead = market_of(OMEGA_TIMELINE_UNION, 0, -1), *questions[2];
    const int64_t *timestamps;
    size_t len;
    int64_t rows[4];
    OmegaCandle candle;
    int32_t found;
    double price;
    const OmegaStatus null = OMEGA_NULL_POINTER;
    CHECK_OK(omega_multi_symbol_free(NULL));
    CHECK_OK(omega_multi_symbol_free(dead));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_multi_symbol_free(dead));
    questions[0] = NULL, questions[1] = dead;
    for (int i = 0; i < 2; i++) {
        OmegaStatus status = i == 0 ? null : OMEGA_INVALID_ARGUMENT;
        CHECK_REFUSED(status, len, omega_multi_symbol_timeline(questions[i], &timestamps, &len));
        CHECK_REFUSED(status, rows, omega_multi_symbol_rows(questions[i], 0, rows, 4));
        CHECK_REFUSED(status, candle, omega_multi_symbol_candle(questions[i], 0, "TEST", 0, &candle, &found));
        CHECK_REFUSED(status, price, omega_multi_symbol_price(questions[i], 0, "TEST", 0, &price));
        CHECK_REFUSED(status, price, omega_multi_symbol_spread(questions[i], 0, "TEST", &price));
    }
    CHECK_REFUSED(null, len, omega_multi_symbol_timeline(exact, NULL, &len));
    CHECK_REFUSED(null, timestamps, omega_multi_symbol_timeline(exact, &timestamps, NULL));
    CHECK_STATUS(null, omega_multi_symbol_rows(exact, 0, NULL, 2));
    CHECK_REFUSED(null, found, omega_multi_symbol_candle(exact, 0, "TEST", 0, NULL, &found));
    CHECK_REFUSED(null, candle, omega_multi_symbol_candle(exact, 0, "TEST", 0, &candle, NULL));
    CHECK_REFUSED(null, candle, omega_multi_symbol_candle(exact, 0, NULL, 0, &candle, &found));
    CHECK_STATUS(null, omega_multi_symbol_price(exact, 0, "TEST", 0, NULL));
    CHECK_REFUSED(null, price, omega_multi_symbol_price(exact, 0, NULL, 0, &price));
    CHECK_STATUS(null, omega_multi_symbol_spread(exact, 0, "TEST", NULL));
    CHECK_REFUSED(null, price, omega_multi_symbol_spread(exact, 0, NULL, &price));
}

static void a_market_keeps_its_series_alive(void) {
    OmegaSeries *series = fixture_series(ROWS);
    const OmegaSeries *one[1];
    OmegaMultiSymbol *own = NULL;
    double price = 0;
    one[0] = series;
    CHECK_OK(omega_multi_symbol_new(one, 1, OMEGA_TIMELINE_UNION, 0, -1, &own));
    fixture_free(series);
    CHECK_OK(omega_multi_symbol_price(own, 4, "TEST", OMEGA_PRICE_BID, &price));
    CHECK(price == 1.45);
    CHECK_OK(omega_multi_symbol_free(own));
}

void suite_symbols(void) {
    OmegaSeries *bids = fixture_stamped("TEST", MINUTE, OMEGA_PRICE_TYPE_BID, BIDS, LOW, 4);
    OmegaSeries *asks = fixture_stamped("TEST", MINUTE, OMEGA_PRICE_TYPE_ASK, ASKS, HIGH, 3);
    OmegaSeries *others = fixture_stamped("OTHER", MINUTE, OMEGA_PRICE_TYPE_BID, OTHERS, LOW, 3);
    given[0] = bids, given[1] = asks, given[2] = others;
    exact = market_of(OMEGA_TIMELINE_INTERSECTION, 0, -1);
    asof = market_of(OMEGA_TIMELINE_UNION, OMEGA_ASOF, -1);
    RUN(moments_are_the_stamps_of_all_or_of_any);
    RUN(rows_are_those_stamped_there_or_as_of_then);
    RUN(a_moment_has_candles_prices_and_a_spread);
    RUN(where_there_is_no_candle_there_is_none);
    RUN(what_was_never_given_and_moments_that_are_not_are_refused);
    RUN(a_market_that_cannot_be_is_refused);
    RUN(nothing_is_asked_of_null_or_a_dead_market_or_answered_into_null);
    RUN(a_market_keeps_its_series_alive);
    CHECK_OK(omega_multi_symbol_free(exact));
    CHECK_OK(omega_multi_symbol_free(asof));
    fixture_free(bids);
    fixture_free(asks);
    fixture_free(others);
}
