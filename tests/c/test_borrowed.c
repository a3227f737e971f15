/* Series over the caller's own memory: nothing is copied, and the owner is released once. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static void borrowed_columns_are_handed_out_where_they_are(void) {
    OmegaColumns given = fixture_columns(ROWS), got;
    OmegaSeriesOptions options = fixture_options();
    Owner owner = {0};
    OmegaSeries *series = NULL;
    CHECK_OK(omega_series_new_borrowed(&given, &options, count_release, &owner, &series));
    CHECK_OK(omega_series_columns(series, &got));
    CHECK(memcmp(&given, &got, sizeof given) == 0);
    fixture_free(series);
}

static void the_owner_is_released_once_and_not_before_the_end(void) {
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = fixture_options();
    Owner owner = {0};
    OmegaSeries *series = NULL;
    OmegaRange range;
    CHECK_OK(omega_series_new_borrowed(&columns, &options, count_release, &owner, &series));
    CHECK(owner.calls == 0);
    CHECK_OK(omega_slicer_get_lookback(series, 9 * MINUTE, 2, 0, &range));
    CHECK(range.start == 3 && range.len == 2 && owner.calls == 0);
    CHECK_OK(omega_series_free(series));
    CHECK(owner.calls == 1);
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_series_free(series));
    CHECK(owner.calls == 1);
}

static void columns_without_rows_still_have_an_owner(void) {
    OmegaColumns columns;
    OmegaSeriesOptions options = fixture_options();
    Owner owner = {0};
    OmegaSeries *series = NULL;
    memset(&columns, 0, sizeof columns);
    CHECK_OK(omega_series_new_borrowed(&columns, &options, count_release, &owner, &series));
    CHECK(owner.calls == 0);
    fixture_free(series);
    CHECK(owner.calls == 1);
}

static void release_may_be_null_and_so_may_the_owner(void) {
    OmegaColumns columns = fixture_columns(1), got;
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = NULL;
    CHECK_OK(omega_series_new_borrowed(&columns, &options, NULL, NULL, &series));
    CHECK_OK(omega_series_columns(series, &got));
    CHECK(got.timestamp == columns.timestamp);
    fixture_free(series);
    CHECK_OK(omega_series_new_borrowed(&columns, &options, NULL, &columns, &series));
    fixture_free(series);
}

static void a_series_without_volumes_borrows_none(void) {
    OmegaColumns columns = fixture_columns(ROWS), got;
    OmegaSeriesOptions options = fixture_options();
    Owner owner = {0};
    OmegaSeries *series = NULL;
    columns.volume = NULL;
    CHECK_OK(omega_series_new_borrowed(&columns, &options, count_release, &owner, &series));
    CHECK_OK(omega_series_columns(series, &got));
    CHECK(got.volume == NULL && got.close == columns.close);
    fixture_free(series);
    CHECK(owner.calls == 1);
}

/* Whatever the reason of a refusal, the caller still owns the columns. */
static void a_refused_series_releases_nothing(void) {
    static const int64_t BACKWARDS[ROWS] = {0, 1, 2, 2, 3};
    double holed[ROWS] = {1.0, 1.0, 0.0, 1.0, 1.0};
    Owner owner = {0};
    OmegaSeries *out;
    holed[2] = from_bits(0x7ff8000000000000u);
    for (int bad = 0; bad < 10; bad++) {
        OmegaColumns columns = fixture_columns(ROWS);
        OmegaSeriesOptions options = fixture_options();
        OmegaStatus expected = OMEGA_NULL_POINTER;
        switch (bad) {
        case 0: columns.timestamp = NULL; break;
        case 1: columns.open = NULL; break;
        case 2: columns.close = NULL; break;
        case 3: options.symbol = NULL; break;
        case 4: columns.timestamp = BACKWARDS; expected = OMEGA_CONSTRAINT_VIOLATION; break;
        case 5: columns.low = holed; expected = OMEGA_CONSTRAINT_VIOLATION; break;
        case 6: options.timeframe_us = 1; expected = OMEGA_INVALID_ARGUMENT; break;
        case 7: options.price_type = 7; expected = OMEGA_INVALID_ARGUMENT; break;
        case 8: options.flags = 2; expected = OMEGA_INVALID_ARGUMENT; break;
        default: columns.len = SIZE_MAX; expected = OMEGA_INVALID_ARGUMENT; break;
        }
        CHECK_REFUSED(expected, out, omega_series_new_borrowed(&columns, &options, count_release, &owner, &out));
    }
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_series_new_borrowed(NULL, NULL, count_release, &owner, NULL));
    CHECK(owner.calls == 0);
}

/* What release is for: the memory is the caller's own, and goes when the series does. */
#ifdef __cplusplus
extern "C" {
#endif
static void free_memory(void *owner) { free(owner); }
#ifdef __cplusplus
}
#endif

static void release_may_free_the_memory_itself(void) {
    OmegaColumns columns;
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = NULL;
    OmegaCandle candle;
    double *block = (double *)allocate(6 * 3, sizeof *block);
    int64_t *stamps = (int64_t *)(void *)block;
    for (int row = 0; row < 3; row++) {
        stamps[row] = row * MINUTE;
    }
    for (int i = 3; i < 18; i++) {
        block[i] = i;
    }
    columns.timestamp = stamps;
    columns.open = block + 3;
    columns.high = block + 6;
    columns.low = block + 9;
    columns.close = block + 12;
    columns.volume = block + 15;
    columns.len = 3;
    CHECK_OK(omega_series_new_borrowed(&columns, &options, free_memory, block, &series));
    CHECK_OK(omega_series_candle(series, 2, &candle));
    CHECK(candle.timestamp == 2 * MINUTE && candle.open == 5 && candle.volume == 17);
    fixture_free(series);
}

static void two_series_may_share_one_memory(void) {
    OmegaColumns columns = fixture_columns(ROWS), got;
    OmegaSeriesOptions options = fixture_options();
    Owner first = {0}, second = {0};
    OmegaSeries *a = NULL, *b = NULL;
    CHECK_OK(omega_series_new_borrowed(&columns, &options, count_release, &first, &a));
    CHECK_OK(omega_series_new_borrowed(&columns, &options, count_release, &second, &b));
    fixture_free(a);
    CHECK(first.calls == 1 && second.calls == 0);
    CHECK_OK(omega_series_columns(b, &got));
    CHECK(got.open == columns.open);
    fixture_free(b);
    CHECK(first.calls == 1 && second.calls == 1);
}

static void unchecked_columns_are_taken_as_they_are(void) {
    static const int64_t BACKWARDS[ROWS] = {4, 3, 2, 1, 0};
    OmegaColumns columns = fixture_columns(ROWS), got;
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = NULL;
    columns.timestamp = BACKWARDS;
    options.check = OMEGA_CHECK_NONE;
    CHECK_OK(omega_series_new_borrowed(&columns, &options, NULL, NULL, &series));
    CHECK_OK(omega_series_columns(series, &got));
    CHECK(got.timestamp == BACKWARDS);
    fixture_free(series);
}

void suite_borrowed(void) {
    RUN(borrowed_columns_are_handed_out_where_they_are);
    RUN(the_owner_is_released_once_and_not_before_the_end);
    RUN(columns_without_rows_still_have_an_owner);
    RUN(release_may_be_null_and_so_may_the_owner);
    RUN(a_series_without_volumes_borrows_none);
    RUN(a_refused_series_releases_nothing);
    RUN(release_may_free_the_memory_itself);
    RUN(two_series_may_share_one_memory);
    RUN(unchecked_columns_are_taken_as_they_are);
}
