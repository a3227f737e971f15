/* timeframe.tsv and timestamp.tsv. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "tsv.h"

static void timeframe(const char *text, const char *result, const char *value) {
    int64_t duration;
    OmegaStatus status;
    mark_bytes(&duration, sizeof duration);
    status = omega_timeframe_parse(text, &duration);
    if (strcmp(result, "error") == 0) {
        check_error(value, status);
        CHECK(bytes_are_marked(&duration, sizeof duration));
    } else {
        char name[32], *rest;
        size_t length;
        CHECK_OK(status);
        CHECK(duration == (int64_t)strtoll(value, &rest, 10) && *rest == ' ');
        CHECK_OK(omega_timeframe_name(duration, name, sizeof name, &length));
        CHECK(strcmp(name, rest + 1) == 0 && length == strlen(name));
    }
}

static void timestamp(const char *text, const char *result, const char *value) {
    int64_t t;
    OmegaStatus status;
    mark_bytes(&t, sizeof t);
    status = omega_timestamp_parse(text, &t);
    if (strcmp(result, "error") == 0) {
        check_error(value, status);
        CHECK(bytes_are_marked(&t, sizeof t));
    } else {
        CHECK_OK(status);
        CHECK(t == (int64_t)strtoll(value, NULL, 10));
    }
}

static void run(const char *folder, const char *name, void (*check)(const char *, const char *, const char *)) {
    Table *table = tsv_open(folder, name);
    for (size_t row = 0; row < table->rows; row++) {
        char title[300];
        const char *text = tsv_cell(table, row, "text");
        snprintf(title, sizeof title, "%s: '%s'", name, text);
        harness_begin(title);
        check(text, tsv_cell(table, row, "result"), tsv_cell(table, row, "value"));
        harness_end();
    }
    tsv_close(table);
}

void suite_vectors_text(const char *folder) {
    run(folder, "timeframe.tsv", timeframe);
    run(folder, "timestamp.tsv", timestamp);
}
