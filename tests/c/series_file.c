/* Files of the series/ folder: the hexadecimal bits are what counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "tsv.h"

static double *bits_column(const Table *table, const char *name) {
    double *values = (double *)allocate(table->rows, sizeof *values);
    for (size_t row = 0; row < table->rows; row++) {
        values[row] = from_bits((uint64_t)strtoull(tsv_cell(table, row, name), NULL, 16));
    }
    return values;
}

SeriesFile *series_file_open(const char *folder, const char *name, int make_handle) {
    SeriesFile *file = (SeriesFile *)allocate(1, sizeof *file);
    char path[256], timeframe[32];
    Table *table;
    int64_t *timestamp;
    const char *identity, *symbol;
    snprintf(path, sizeof path, "series/%s.tsv", name);
    table = tsv_open(folder, path);
    identity = table->comment;
    timestamp = (int64_t *)allocate(table->rows, sizeof *timestamp);
    for (size_t row = 0; row < table->rows; row++) {
        timestamp[row] = (int64_t)strtoll(tsv_cell(table, row, "timestamp"), NULL, 10);
    }
    file->columns.timestamp = timestamp;
    file->columns.open = bits_column(table, "open_bits");
    file->columns.high = bits_column(table, "high_bits");
    file->columns.low = bits_column(table, "low_bits");
    file->columns.close = bits_column(table, "close_bits");
    file->columns.volume = arg_is(identity, "volume", "1") ? bits_column(table, "volume_bits") : NULL;
    file->columns.len = table->rows;
    symbol = arg_value(identity, "symbol");
    CHECK(symbol != NULL && arg_value(identity, "timeframe") != NULL);
    snprintf(file->symbol, sizeof file->symbol, "%.*s", (int)strcspn(symbol, " "), symbol);
    snprintf(timeframe, sizeof timeframe, "%.*s", (int)strcspn(arg_value(identity, "timeframe"), " "),
             arg_value(identity, "timeframe"));
    file->options = fixture_options();
    file->options.symbol = file->symbol;
    file->options.price_type = arg_is(identity, "price_type", "ask") ? OMEGA_PRICE_TYPE_ASK : OMEGA_PRICE_TYPE_BID;
    file->options.flags = arg_is(identity, "allow_missing", "1") ? OMEGA_ALLOW_MISSING : 0;
    CHECK_OK(omega_timeframe_parse(timeframe, &file->options.timeframe_us));
    if (make_handle) {
        CHECK_OK(omega_series_new(&file->columns, &file->options, &file->handle));
    }
    tsv_close(table);
    return file;
}

void series_file_close(SeriesFile *file) {
    if (file->handle != NULL) {
        CHECK_OK(omega_series_free(file->handle));
    }
    free((void *)(uintptr_t)file->columns.timestamp);
    free((void *)(uintptr_t)file->columns.open);
    free((void *)(uintptr_t)file->columns.high);
    free((void *)(uintptr_t)file->columns.low);
    free((void *)(uintptr_t)file->columns.close);
    free((void *)(uintptr_t)file->columns.volume);
    free(file);
}

static void check_column(const double *expected, const double *got, size_t len) {
    CHECK((expected == NULL) == (got == NULL));
    for (size_t row = 0; expected != NULL && got != NULL && row < len; row++) {
        CHECK(same_double(expected[row], got[row]));
    }
}

void check_columns(const OmegaColumns *expected, const OmegaSeries *series) {
    OmegaColumns got;
    CHECK_OK(omega_series_columns(series, &got));
    CHECK(got.len == expected->len);
    if (got.len != expected->len) {
        return;
    }
    for (size_t row = 0; row < got.len; row++) {
        CHECK(got.timestamp[row] == expected->timestamp[row]);
    }
    check_column(expected->open, got.open, got.len);
    check_column(expected->high, got.high, got.len);
    check_column(expected->low, got.low, got.len);
    check_column(expected->close, got.close, got.len);
    check_column(expected->volume, got.volume, got.len);
}
