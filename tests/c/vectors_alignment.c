/* resample.tsv and align.tsv: several timeframes, to the row and to the bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"
#include "tsv.h"

static const char *vectors;

static int is_refused(const Table *table, size_t row) { return strcmp(tsv_cell(table, row, "result"), "error") == 0; }

static void check_identity(const OmegaSeriesOptions *expected, const OmegaSeries *series) {
    OmegaSeriesInfo info;
    CHECK_OK(omega_series_info(series, &info));
    CHECK(strcmp(info.symbol, expected->symbol) == 0 && info.timeframe_us == expected->timeframe_us);
    CHECK(info.price_type == expected->price_type);
}

static int resample_case(const Table *table, size_t row) {
    const char *args = tsv_cell(table, row, "args"), *value = tsv_cell(table, row, "value");
    const SeriesFile *source = series_file_named(vectors, tsv_cell(table, row, "series"));
    uint32_t flags = arg_is(args, "keep_partial", "true") ? (uint32_t)OMEGA_KEEP_PARTIAL : 0u;
    int64_t timeframe_us = 0;
    OmegaSeries *longer;
    OmegaStatus status;
    CHECK_OK(omega_timeframe_parse(tsv_cell(table, row, "timeframe"), &timeframe_us));
    mark_bytes(&longer, sizeof longer);
    status = omega_series_resample(source->handle, timeframe_us, arg_integer(args, "origin", 0), flags, &longer);
    if (is_refused(table, row)) {
        check_error(value, status);
        CHECK(bytes_are_marked(&longer, sizeof longer));
        return 1;
    }
    CHECK_OK(status);
    if (status == OMEGA_OK) {
        const SeriesFile *expected = series_file_named(vectors, value);
        CHECK(strcmp(tsv_cell(table, row, "result"), "series") == 0);
        check_series(&expected->columns, longer);
        check_identity(&expected->options, longer);
        CHECK_OK(omega_series_free(longer));
    }
    return 1;
}

/* 0 where a limit of -1 is refused: in C that is none. */
static int align_case(const Table *table, size_t row) {
    const char *args = tsv_cell(table, row, "args"), *value = tsv_cell(table, row, "value");
    const SeriesFile *primary = series_file_named(vectors, tsv_cell(table, row, "primary"));
    const SeriesFile *higher = series_file_named(vectors, tsv_cell(table, row, "higher"));
    OmegaDecision decision = arg_is(args, "decision", "close") ? OMEGA_DECISION_CLOSE : OMEGA_DECISION_OPEN;
    OmegaStamps stamps = arg_is(args, "stamps", "close") ? OMEGA_STAMPS_CLOSE : OMEGA_STAMPS_OPEN;
    size_t len = primary->columns.len, size = (len + 1) * sizeof(int64_t);
    int64_t *rows;
    OmegaStatus status;
    if (is_refused(table, row) && arg_is(args, "stale_limit", "-1")) {
        return 0;
    }
    rows = (int64_t *)allocate(size, 1);
    mark_bytes(rows, size);
    status = omega_align(primary->handle, higher->handle, decision, stamps, arg_integer(args, "stale_limit", -1), rows,
                         len);
    if (is_refused(table, row)) {
        check_error(value, status);
        CHECK(bytes_are_marked(rows, size));
    } else {
        CHECK_OK(status);
        CHECK(strcmp(tsv_cell(table, row, "result"), "rows") == 0);
        CHECK(list_length(value) == len && check_integers(value, rows) == len);
        CHECK(bytes_are_marked(rows + len, sizeof *rows));
    }
    free(rows);
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
        harness_skip(skipped, name, "-1 is C's word for no limit");
    }
    harness_begin("series of the table are freed");
    series_files_close();
    harness_end();
    tsv_close(table);
}

void suite_vectors_alignment(const char *folder) {
    vectors = folder;
    run("resample.tsv", resample_case);
    run("align.tsv", align_case);
}
