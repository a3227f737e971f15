/* Many threads at once. Threads do not use CHECK, which counts for the main one: each gives its
 * number of wrong answers back. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

enum { THREADS = 4 };

typedef struct {
    OmegaSeries *series;
    int number;
    int rounds;
    int wrong;
} Work;

#ifdef __cplusplus
extern "C" {
#endif

/* Asks one shared series everything, over and over. */
static void *ask(void *argument) {
    Work *work = (Work *)argument;
    OmegaColumns first, columns;
    OmegaRange range, ranges[2];
    OmegaCandle candle;
    OmegaQuality quality;
    int64_t times[2] = {3 * MINUTE, 5 * MINUTE}, row, rows[2];
    double values[4];
    work->wrong += omega_series_columns(work->series, &first) != OMEGA_OK;
    for (int i = 0; i < work->rounds; i++) {
        work->wrong += omega_slicer_get_lookback(work->series, 3 * MINUTE, 2, 0, &range) != OMEGA_OK ||
                       range.start != 2 || range.len != 2;
        work->wrong += omega_slicer_get_slice(work->series, 1, 9 * MINUTE, 0, &range) != OMEGA_OK || range.len != 4;
        work->wrong += omega_slicer_get_candle_at(work->series, MINUTE, &row) != OMEGA_OK || row != 1;
        work->wrong += omega_slicer_get_candle_asof(work->series, 4 * MINUTE, 0, &row) != OMEGA_OK || row != 3;
        work->wrong += omega_slicer_get_candles_at(work->series, times, 2, rows) != OMEGA_OK || rows[1] != 4;
        work->wrong += omega_slicer_get_lookbacks(work->series, times, 2, 3, 0, ranges) != OMEGA_OK ||
                       ranges[0].start != 1 || ranges[1].start != 2;
        work->wrong += omega_slicer_gather_lookback(work->series, times, 2, 2, OMEGA_FIELD_OPEN, 0, values) != OMEGA_OK ||
                       values[3] != 1.4;
        work->wrong += omega_series_candle(work->series, 4, &candle) != OMEGA_OK || candle.close != 1.45;
        work->wrong += omega_series_quality(work->series, &quality) != OMEGA_OK || quality.gaps != 1;
        work->wrong += omega_series_columns(work->series, &columns) != OMEGA_OK ||
                       memcmp(&first, &columns, sizeof first) != 0;
    }
    return NULL;
}

/* Makes, asks and frees series of its own, so that places are reused across threads. */
static void *make_and_free(void *argument) {
    Work *work = (Work *)argument;
    OmegaSeriesOptions options = fixture_options();
    char symbol[16];
    options.symbol = symbol;
    for (int i = 0; i < work->rounds; i++) {
        OmegaColumns columns = fixture_columns((size_t)(i + work->number) % (ROWS + 1));
        Owner owner = {0};
        OmegaSeries *series = NULL;
        OmegaSeriesInfo info;
        snprintf(symbol, sizeof symbol, "%d/%d", work->number, i);
        if (omega_series_new_borrowed(&columns, &options, count_release, &owner, &series) != OMEGA_OK) {
            work->wrong++;
            continue;
        }
        work->wrong += omega_series_info(series, &info) != OMEGA_OK || info.len != columns.len ||
                       strcmp(info.symbol, symbol) != 0;
        work->wrong += owner.calls != 0 || omega_series_free(series) != OMEGA_OK || owner.calls != 1;
        work->wrong += omega_series_free(series) != OMEGA_INVALID_ARGUMENT || owner.calls != 1;
    }
    return NULL;
}

/* Fails in its own way and must only ever read its own message. */
static void *fail(void *argument) {
    Work *work = (Work *)argument;
    char text[32];
    int64_t value;
    /* A new thread has failed nothing. */
    work->wrong += strcmp(omega_last_error_message(), "") != 0;
    for (int i = 0; i < work->rounds; i++) {
        snprintf(text, sizeof text, "thread-%d-%d-end", work->number, i);
        work->wrong += omega_timeframe_parse(text, &value) != OMEGA_INVALID_FORMAT;
        work->wrong += strstr(omega_last_error_message(), text) == NULL;
    }
    return NULL;
}

static void *free_it(void *argument) {
    Work *work = (Work *)argument;
    work->wrong += omega_series_free(work->series) != OMEGA_OK;
    return NULL;
}

#ifdef __cplusplus
}
#endif

static void run_threads(void *(*body)(void *), OmegaSeries *series, int rounds) {
    pthread_t threads[THREADS];
    Work work[THREADS];
    for (int i = 0; i < THREADS; i++) {
        work[i].series = series;
        work[i].number = i;
        work[i].rounds = rounds;
        work[i].wrong = 0;
        CHECK(pthread_create(&threads[i], NULL, body, &work[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(work[i].wrong == 0);
    }
}

static void one_series_answers_many_threads_at_once(void) {
    OmegaSeries *series = fixture_series(ROWS);
    run_threads(ask, series, 3000);
    fixture_free(series);
}

static void threads_make_and_free_without_meeting(void) { run_threads(make_and_free, NULL, 2000); }

static void each_thread_has_its_own_message(void) {
    int64_t value;
    CHECK_STATUS(OMEGA_INVALID_FORMAT, omega_timeframe_parse("the main thread's own", &value));
    run_threads(fail, NULL, 500);
    CHECK_MESSAGE("the main thread's own");
}

static void a_series_may_be_freed_by_another_thread(void) {
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = fixture_options();
    Owner owner = {0};
    Work work;
    pthread_t thread;
    memset(&work, 0, sizeof work);
    CHECK_OK(omega_series_new_borrowed(&columns, &options, count_release, &owner, &work.series));
    CHECK(pthread_create(&thread, NULL, free_it, &work) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(work.wrong == 0 && owner.calls == 1);
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_series_free(work.series));
}

static void a_message_stays_until_the_next_failure(void) {
    OmegaSeries *series = fixture_series(1);
    OmegaSeriesInfo info;
    int64_t value;
    const char *message;
    CHECK_STATUS(OMEGA_INVALID_FORMAT, omega_timeframe_parse("first", &value));
    message = omega_last_error_message();
    CHECK_OK(omega_series_info(series, &info));
    CHECK_OK(omega_timeframe_parse("M5", &value));
    CHECK(message == omega_last_error_message() && strstr(message, "first") != NULL);
    CHECK_STATUS(OMEGA_INVALID_FORMAT, omega_timeframe_parse("second", &value));
    CHECK_MESSAGE("second");
    CHECK(strstr(omega_last_error_message(), "first") == NULL);
    fixture_free(series);
}

void suite_threads(void) {
    RUN(one_series_answers_many_threads_at_once);
    RUN(threads_make_and_free_without_meeting);
    RUN(each_thread_has_its_own_message);
    RUN(a_series_may_be_freed_by_another_thread);
    RUN(a_message_stays_until_the_next_failure);
}
