/* arrow.tsv: files of real producers, by path and, where they are not mapped, from their bytes; schemas.tsv. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"
#include "tsv.h"

static const char *vectors;

/* What is not in `args` is left to the metadata, or to the reader. */
static OmegaSeriesOptions options_of(const char *args, char *symbol, size_t room) {
    OmegaSeriesOptions options;
    const char *given = arg_value(args, "symbol"), *timeframe = arg_value(args, "timeframe");
    memset(&options, 0, sizeof options);
    options.price_type = OMEGA_PRICE_TYPE_FROM_METADATA;
    options.check = OMEGA_CHECK_DEFAULT;
    if (given != NULL) {
        snprintf(symbol, room, "%.*s", (int)strcspn(given, " "), given);
        options.symbol = symbol;
    }
    if (timeframe != NULL) {
        char text[32];
        snprintf(text, sizeof text, "%.*s", (int)strcspn(timeframe, " "), timeframe);
        CHECK_OK(omega_timeframe_parse(text, &options.timeframe_us));
    }
    if (arg_value(args, "price_type") != NULL) {
        options.price_type = arg_is(args, "price_type", "ask") ? OMEGA_PRICE_TYPE_ASK : OMEGA_PRICE_TYPE_BID;
    }
    if (arg_value(args, "check") != NULL) {
        options.check = arg_is(args, "check", "full")    ? OMEGA_CHECK_FULL
                        : arg_is(args, "check", "order") ? OMEGA_CHECK_ORDER
                                                         : OMEGA_CHECK_NONE;
    }
    options.flags = (uint32_t)(arg_is(args, "allow_missing", "true") ? OMEGA_ALLOW_MISSING : 0) |
                    (uint32_t)(arg_is(args, "strict", "true") ? OMEGA_ARROW_STRICT : 0) |
                    (uint32_t)(arg_is(args, "mmap", "true") ? OMEGA_ARROW_MMAP : 0);
    return options;
}

static void judge(const Table *table, size_t row, OmegaStatus status, OmegaSeries *series) {
    const char *value = tsv_cell(table, row, "value");
    if (strcmp(tsv_cell(table, row, "result"), "error") == 0) {
        check_error(value, status);
        CHECK(bytes_are_marked(&series, sizeof series));
        return;
    }
    CHECK_OK(status);
    if (status == OMEGA_OK) {
        SeriesFile *file = series_file_open(vectors, value, 0);
        OmegaSeriesInfo info;
        CHECK_OK(omega_series_info(series, &info));
        CHECK(strcmp(info.symbol, file->symbol) == 0);
        CHECK(info.timeframe_us == file->options.timeframe_us && info.price_type == file->options.price_type);
        check_series(&file->columns, series);
        series_file_close(file);
        CHECK_OK(omega_series_free(series));
    }
}

/* The whole file, in memory of its very size. */
static uint8_t *bytes_of(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    *len = 0;
    CHECK(file != NULL);
    if (file != NULL) {
        long size;
        CHECK(fseek(file, 0, SEEK_END) == 0);
        size = ftell(file);
        CHECK(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
        *len = (size_t)size;
        bytes = (uint8_t *)allocate(*len, 1);
        CHECK(fread(bytes, 1, *len, file) == *len);
        fclose(file);
    }
    return bytes;
}

static void arrow_case(const Table *table, size_t row) {
    char symbol[64], path[4096];
    OmegaSeriesOptions options = options_of(tsv_cell(table, row, "args"), symbol, sizeof symbol);
    OmegaSeries *series;
    OmegaStatus status;
    snprintf(path, sizeof path, "%s/arrow/%s", vectors, tsv_cell(table, row, "file"));
    mark_bytes(&series, sizeof series);
    status = omega_series_read_ipc(path, &options, &series);
    judge(table, row, status, series);
    if ((options.flags & OMEGA_ARROW_MMAP) == 0) {
        size_t len;
        uint8_t *bytes = bytes_of(path, &len);
        mark_bytes(&series, sizeof series);
        status = omega_series_from_ipc(bytes, len, &options, &series);
        free(bytes); /* copied, so no longer needed */
        judge(table, row, status, series);
    }
}

static void check_schema(const Table *table, size_t row) {
    const char *json = NULL;
    char field[128];
    CHECK_OK(omega_schema_json(tsv_cell(table, row, "schema"), tsv_cell(table, row, "version"), &json));
    if (json != NULL) {
        CHECK(strstr(json, tsv_cell(table, row, "fingerprint")) != NULL);
        snprintf(field, sizeof field, "\"%s\"", tsv_cell(table, row, "field"));
        CHECK(strstr(json, field) != NULL);
        snprintf(field, sizeof field, "\"%s\"", tsv_cell(table, row, "type"));
        CHECK(strstr(json, field) != NULL);
    }
}

void suite_vectors_arrow(const char *folder) {
    Table *table;
    vectors = folder;
    table = tsv_open(folder, "arrow.tsv");
    for (size_t row = 0; row < table->rows; row++) {
        char title[256];
        snprintf(title, sizeof title, "arrow.tsv: %s", tsv_cell(table, row, "case"));
        harness_begin(title);
        arrow_case(table, row);
    }
    tsv_close(table);
    table = tsv_open(folder, "schemas.tsv");
    for (size_t row = 0; row < table->rows; row++) {
        harness_begin("schemas.tsv");
        check_schema(table, row);
    }
    tsv_close(table);
}
