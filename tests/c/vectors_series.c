/* csv.tsv, series.tsv and quality.tsv. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"
#include "tsv.h"

static const char *vectors;

static OmegaSeriesOptions options_of(const char *args) {
    OmegaSeriesOptions options = fixture_options();
    if (arg_value(args, "check") != NULL) {
        options.check = arg_is(args, "check", "full")    ? OMEGA_CHECK_FULL
                        : arg_is(args, "check", "order") ? OMEGA_CHECK_ORDER
                                                         : OMEGA_CHECK_NONE;
    }
    if (arg_value(args, "price_type") != NULL) {
        options.price_type = arg_is(args, "price_type", "bid")   ? OMEGA_PRICE_TYPE_BID
                             : arg_is(args, "price_type", "ask") ? OMEGA_PRICE_TYPE_ASK
                                                                 : 2; /* none of the two */
    }
    options.timeframe_us = arg_integer(args, "timeframe_us", options.timeframe_us);
    options.flags = arg_is(args, "allow_missing", "true") ? OMEGA_ALLOW_MISSING : 0;
    return options;
}

static int csv_case(const Table *table, size_t row) {
    const char *args = tsv_cell(table, row, "args"), *value = tsv_cell(table, row, "value");
    OmegaSeriesOptions options = options_of(args);
    OmegaTimeUnit unit = arg_is(args, "unit", "s")    ? OMEGA_UNIT_S
                         : arg_is(args, "unit", "ms") ? OMEGA_UNIT_MS
                         : arg_is(args, "unit", "ns") ? OMEGA_UNIT_NS
                                                      : OMEGA_UNIT_US;
    OmegaSeries *series;
    OmegaStatus status;
    char path[4096];
    snprintf(path, sizeof path, "%s/csv/%s", vectors, tsv_cell(table, row, "file"));
    mark_bytes(&series, sizeof series);
    status = omega_series_read_csv(path, unit, &options, &series);
    if (strcmp(tsv_cell(table, row, "result"), "error") == 0) {
        check_error(value, status);
        CHECK(bytes_are_marked(&series, sizeof series));
        return 1;
    }
    CHECK_OK(status);
    if (status == OMEGA_OK) {
        SeriesFile *file = series_file_open(vectors, value, 0);
        OmegaSeriesInfo info;
        CHECK_OK(omega_series_info(series, &info));
        CHECK(strcmp(info.symbol, "TEST") == 0 && info.timeframe_us == MINUTE);
        check_columns(&file->columns, series);
        series_file_close(file);
        CHECK_OK(omega_series_free(series));
    }
    return 1;
}

/* A column of "open=1.5,nan"; NULL where it is not given. */
static double *doubles_of(const char *columns, const char *name, size_t *len) {
    const char *list = arg_value(columns, name);
    double *values;
    if (list == NULL) {
        return NULL;
    }
    *len = list_length(list);
    values = (double *)allocate(*len, sizeof *values);
    for (size_t i = 0; i < *len; i++, list = list_next(list)) {
        values[i] = strtod(list, NULL);
    }
    return values;
}

static void check_built(const OmegaColumns *columns, const OmegaSeriesOptions *options, const char *result,
                        const char *value) {
    Owner owner = {0};
    for (int borrowed = 0; borrowed < 2; borrowed++) {
        OmegaSeries *series;
        OmegaStatus status;
        mark_bytes(&series, sizeof series);
        status = borrowed ? omega_series_new_borrowed(columns, options, count_release, &owner, &series)
                          : omega_series_new(columns, options, &series);
        if (strcmp(result, "error") == 0) {
            check_error(value, status);
            CHECK(bytes_are_marked(&series, sizeof series) && owner.calls == 0);
        } else {
            CHECK_OK(status);
            if (status == OMEGA_OK) {
                check_columns(columns, series);
                CHECK_OK(omega_series_free(series));
                CHECK(owner.calls == borrowed);
            }
        }
    }
}

/* 0 where columns differ in length: C gives them one length and cannot say so. */
static int series_case(const Table *table, size_t row) {
    static const char *const NAMES[5] = {"open", "high", "low", "close", "volume"};
    const char *text = tsv_cell(table, row, "columns");
    OmegaSeriesOptions options = options_of(tsv_cell(table, row, "args"));
    OmegaColumns columns;
    size_t rows, lengths[5];
    int64_t *timestamp = list_of_integers(arg_value(text, "timestamp"), &rows);
    double *values[5];
    int sayable = 1;
    for (int i = 0; i < 5; i++) {
        lengths[i] = rows;
        values[i] = doubles_of(text, NAMES[i], &lengths[i]);
        sayable = sayable && lengths[i] == rows;
    }
    columns.timestamp = timestamp;
    columns.open = values[0];
    columns.high = values[1];
    columns.low = values[2];
    columns.close = values[3];
    columns.volume = values[4];
    columns.len = rows;
    if (sayable) {
        check_built(&columns, &options, tsv_cell(table, row, "result"), tsv_cell(table, row, "value"));
    } else {
        CHECK(strncmp(tsv_cell(table, row, "value"), "1011", 4) == 0);
    }
    free(timestamp);
    for (int i = 0; i < 5; i++) {
        free(values[i]);
    }
    return sayable;
}

static void check_counts(const char *value, const char *const *names, const int64_t *counts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        CHECK(arg_value(value, names[i]) != NULL);
        if (arg_integer(value, names[i], -1) != counts[i]) {
            char what[120];
            snprintf(what, sizeof what, "%s is %" PRId64, names[i], counts[i]);
            harness_fail(__FILE__, __LINE__, what);
        }
    }
}

static void check_steps(const char *steps, const OmegaSeries *series) {
    size_t expected = list_length(steps), count = 0;
    OmegaGap *gaps = (OmegaGap *)allocate(expected + 1, sizeof *gaps);
    char *rest;
    CHECK_OK(omega_series_gaps(series, gaps, expected + 1, &count));
    CHECK(count == expected);
    for (size_t i = 0; i < expected && i < count; i++, steps = rest + 1) {
        CHECK(gaps[i].step_us == (int64_t)strtoll(steps, &rest, 10) && *rest == ':');
        CHECK(gaps[i].count == (int64_t)strtoll(rest + 1, &rest, 10));
    }
    free(gaps);
}

static int quality_case(const Table *table, size_t row) {
    static const char *const NAMES[9] = {"rows", "gaps", "overlaps", "high_below_low", "outside_high_low",
                                         "nonpositive_prices", "negative_volumes", "missing_prices",
                                         "missing_volumes"};
    static const char *const PAIR[5] = {"matched", "crossed", "locked", "bid_only", "ask_only"};
    const char *ask = tsv_cell(table, row, "ask"), *value = tsv_cell(table, row, "value");
    SeriesFile *file = series_file_open(vectors, tsv_cell(table, row, "series"), 1);
    int64_t counts[9];
    if (strcmp(ask, "-") == 0) {
        OmegaQuality quality;
        CHECK_OK(omega_series_quality(file->handle, &quality));
        memcpy(counts, &quality, sizeof quality);
        check_counts(value, NAMES, counts, 9);
        CHECK(arg_value(value, "steps") != NULL);
        check_steps(arg_value(value, "steps"), file->handle);
    } else {
        SeriesFile *other = series_file_open(vectors, ask, 1);
        OmegaPairQuality pair;
        CHECK_OK(omega_series_pair_quality(file->handle, other->handle, &pair));
        memcpy(counts, &pair, sizeof pair);
        check_counts(value, PAIR, counts, 5);
        series_file_close(other);
    }
    series_file_close(file);
    return 1;
}

static void run(const char *name, int (*check)(const Table *, size_t)) {
    Table *table = tsv_open(vectors, name);
    size_t skipped = 0;
    for (size_t row = 0; row < table->rows; row++) {
        char title[300];
        snprintf(title, sizeof title, "%s: %s", name, tsv_cell(table, row, "case"));
        harness_begin(title);
        if (check(table, row)) {
            harness_end();
        } else {
            skipped++;
        }
    }
    if (skipped > 0) {
        harness_skip(skipped, name, "C gives all columns one length and cannot say that they differ");
    }
    tsv_close(table);
}

void suite_vectors_series(const char *folder) {
    vectors = folder;
    run("csv.tsv", csv_case);
    run("series.tsv", series_case);
    run("quality.tsv", quality_case);
}
