/* Several timeframes: longer candles, and which of them has closed when a bar decides. The full meaning is in the
 * language-neutral cases, the C side of it here. */
#include <string.h>

#include "fixture.h"
#include "suites.h"

enum { MINUTES = 130, HOURS = 3 };
static int64_t minute_stamps[MINUTES], hour_stamps[HOURS];
static double prices[MINUTES];
static OmegaSeries *m1, *h1;

static void a_bar_sees_the_hour_that_has_closed_when_it_decides(void) {
    int64_t rows[MINUTES];
    CHECK_OK(omega_align(m1, h1, OMEGA_DECISION_OPEN, OMEGA_STAMPS_OPEN, -1, rows, MINUTES));
    CHECK(rows[59] == -1 && rows[60] == 0 && rows[119] == 0 && rows[120] == 1 && rows[129] == 1);
    CHECK_OK(omega_align(m1, h1, OMEGA_DECISION_CLOSE, OMEGA_STAMPS_OPEN, -1, rows, MINUTES));
    CHECK(rows[58] == -1 && rows[59] == 0 && rows[118] == 0 && rows[119] == 1);
    CHECK_OK(omega_align(m1, h1, OMEGA_DECISION_OPEN, OMEGA_STAMPS_CLOSE, -1, rows, MINUTES));
    CHECK(rows[0] == 0 && rows[59] == 0 && rows[60] == 1);
    CHECK_OK(omega_align(m1, h1, OMEGA_DECISION_OPEN, OMEGA_STAMPS_OPEN, 9, rows, MINUTES));
    CHECK(rows[60] == 0 && rows[69] == 0 && rows[70] == -1 && rows[120] == 1);
}

static void the_other_way_round_an_hour_sees_its_last_minute(void) {
    int64_t rows[HOURS];
    CHECK_OK(omega_align(h1, m1, OMEGA_DECISION_OPEN, OMEGA_STAMPS_OPEN, -1, rows, HOURS));
    CHECK(rows[0] == -1 && rows[1] == 59 && rows[2] == 119);
    CHECK_OK(omega_align(h1, m1, OMEGA_DECISION_CLOSE, OMEGA_STAMPS_OPEN, 0, rows, HOURS));
    CHECK(rows[0] == 59 && rows[1] == 119 && rows[2] == 129);
}

static void an_alignment_that_cannot_be_writes_nothing(void) {
    int64_t rows[MINUTES];
    const OmegaStatus bad = OMEGA_INVALID_ARGUMENT;
    const int64_t limits[] = {-2, INT64_MIN};
    OmegaColumns columns;
    CHECK_REFUSED(OMEGA_SIZE_MISMATCH, rows, omega_align(m1, h1, 0, 0, -1, rows, MINUTES - 1));
    CHECK_MESSAGE("129");
    CHECK_REFUSED(OMEGA_SIZE_MISMATCH, rows, omega_align(m1, h1, 0, 0, -1, rows, 0));
    CHECK_REFUSED(bad, rows, omega_align(m1, h1, 2, 0, -1, rows, MINUTES));
    CHECK_REFUSED(bad, rows, omega_align(m1, h1, -1, 0, -1, rows, MINUTES));
    CHECK_REFUSED(bad, rows, omega_align(m1, h1, 0, 2, -1, rows, MINUTES));
    for (size_t i = 0; i < 2; i++) {
        CHECK_REFUSED(bad, rows, omega_align(m1, h1, 0, 0, limits[i], rows, MINUTES));
        CHECK_MESSAGE("stale_limit");
    }
    CHECK_REFUSED(bad, rows, omega_align(m1, h1, 0, 0, -1, (int64_t *)((char *)rows + 1), MINUTES));
    CHECK_REFUSED(OMEGA_NULL_POINTER, rows, omega_align(NULL, h1, 0, 0, -1, rows, MINUTES));
    CHECK_REFUSED(OMEGA_NULL_POINTER, rows, omega_align(m1, NULL, 0, 0, -1, rows, MINUTES));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_align(m1, h1, 0, 0, -1, NULL, MINUTES));
    /* Into the stamps of either: refused, not answered from what was just written. */
    CHECK_OK(omega_series_columns(m1, &columns));
    CHECK_STATUS(bad, omega_align(m1, h1, 0, 0, -1, (int64_t *)(uintptr_t)columns.timestamp, MINUTES));
    CHECK_MESSAGE("overlaps primary");
}

static void a_longer_candle_gathers_whole_buckets(void) {
    OmegaSeries *longer = NULL;
    OmegaSeriesInfo info;
    OmegaColumns columns;
    CHECK_OK(omega_series_resample(m1, 60 * MINUTE, 0, 0, &longer));
    CHECK_OK(omega_series_info(longer, &info));
    CHECK(info.len == 2 && info.timeframe_us == 60 * MINUTE && info.price_type == OMEGA_PRICE_TYPE_BID);
    CHECK(strcmp(info.symbol, "TEST") == 0);
    CHECK_OK(omega_series_columns(longer, &columns));
    CHECK(columns.timestamp[1] == 60 * MINUTE && columns.open[1] == 60 && columns.high[1] == 119);
    CHECK(columns.low[1] == 60 && columns.close[1] == 119 && columns.volume[0] == 59 * 30);
    fixture_free(longer);
    CHECK_OK(omega_series_resample(m1, 60 * MINUTE, 0, OMEGA_KEEP_PARTIAL, &longer));
    CHECK_OK(omega_series_info(longer, &info));
    CHECK(info.len == 3);
    fixture_free(longer);
    CHECK_OK(omega_series_resample(m1, 60 * MINUTE, INT64_C(-50) * MINUTE, 0, &longer));
    CHECK_OK(omega_series_columns(longer, &columns));
    CHECK(columns.len == 3 && columns.timestamp[0] == INT64_C(-50) * MINUTE && columns.close[0] == 9);
    fixture_free(longer);
}

static void the_source_may_be_freed_and_a_missing_volume_stays_missing(void) {
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *source = NULL, *longer = NULL;
    columns.volume = NULL;
    CHECK_OK(omega_series_new(&columns, &options, &source));
    CHECK_OK(omega_series_resample(source, 2 * MINUTE, 0, 0, &longer));
    fixture_free(source);
    CHECK_OK(omega_series_columns(longer, &columns));
    CHECK(columns.len == 3 && columns.volume == NULL && columns.close[1] == 1.35 && columns.open[2] == 1.4);
    fixture_free(longer);
}

static void a_candle_that_cannot_be_makes_no_series(void) {
    const int64_t off[2] = {MINUTE / 2, MINUTE + MINUTE / 2}, first[1] = {INT64_MIN};
    OmegaSeries *out, *odd = fixture_stamped("TEST", MINUTE, OMEGA_PRICE_TYPE_BID, off, prices, 2);
    OmegaSeries *early = fixture_stamped("TEST", MINUTE, OMEGA_PRICE_TYPE_BID, first, prices, 1);
    const OmegaStatus bad = OMEGA_INVALID_ARGUMENT;
    CHECK_REFUSED(bad, out, omega_series_resample(h1, MINUTE, 0, 0, &out));
    CHECK_MESSAGE("3600000000");
    CHECK_REFUSED(bad, out, omega_series_resample(m1, 0, 0, 0, &out));
    CHECK_REFUSED(bad, out, omega_series_resample(m1, MINUTE + 1, 0, 0, &out));
    CHECK_REFUSED(bad, out, omega_series_resample(early, 60 * MINUTE, 0, 0, &out));
    CHECK_MESSAGE("-9223372036854775808");
    for (int shift = 1; shift < 32; shift++) {
        CHECK_REFUSED(bad, out, omega_series_resample(m1, MINUTE, 0, UINT32_C(1) << shift, &out));
    }
    CHECK_REFUSED(OMEGA_CONSTRAINT_VIOLATION, out, omega_series_resample(odd, 2 * MINUTE, 0, 0, &out));
    CHECK_MESSAGE("90000000");
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_series_resample(NULL, MINUTE, 0, 0, &out));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_series_resample(m1, MINUTE, 0, 0, NULL));
    fixture_free(odd);
    fixture_free(early);
}

static void an_empty_series_aligns_and_resamples_to_nothing(void) {
    OmegaSeries *empty = fixture_series(0), *longer = NULL;
    OmegaSeriesInfo info;
    int64_t rows[HOURS];
    CHECK_OK(omega_align(empty, h1, 0, 0, -1, NULL, 0));
    CHECK_OK(omega_align(h1, empty, 0, 0, -1, rows, HOURS));
    CHECK(rows[0] == -1 && rows[2] == -1);
    CHECK_OK(omega_series_resample(empty, 60 * MINUTE, 0, 0, &longer));
    CHECK_OK(omega_series_info(longer, &info));
    CHECK(info.len == 0);
    fixture_free(longer);
    fixture_free(empty);
}

void suite_alignment(void) {
    for (int i = 0; i < MINUTES; i++) {
        minute_stamps[i] = i * MINUTE;
        prices[i] = i;
    }
    for (int i = 0; i < HOURS; i++) {
        hour_stamps[i] = i * 60 * MINUTE;
    }
    m1 = fixture_stamped("TEST", MINUTE, OMEGA_PRICE_TYPE_BID, minute_stamps, prices, MINUTES);
    h1 = fixture_stamped("TEST", 60 * MINUTE, OMEGA_PRICE_TYPE_BID, hour_stamps, prices, HOURS);
    RUN(a_bar_sees_the_hour_that_has_closed_when_it_decides);
    RUN(the_other_way_round_an_hour_sees_its_last_minute);
    RUN(an_alignment_that_cannot_be_writes_nothing);
    RUN(a_longer_candle_gathers_whole_buckets);
    RUN(the_source_may_be_freed_and_a_missing_volume_stays_missing);
    RUN(a_candle_that_cannot_be_makes_no_series);
    RUN(an_empty_series_aligns_and_resamples_to_nothing);
    fixture_free(m1);
    fixture_free(h1);
}
