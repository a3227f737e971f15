/* multi_symbol.tsv: the timeline, rows, candles and prices of several symbols at one moment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"
#include "tsv.h"

static SeriesFile *files[FILES_AT_MOST];
static const OmegaSeries *series[FILES_AT_MOST];
static size_t count;

/* The number of the series of a symbol and side; `count` where it was never given. */
static size_t place_of(const char *symbol, OmegaPriceType side) {
    size_t at = 0;
    while (at < count && (strcmp(files[at]->symbol, symbol) != 0 || files[at]->options.price_type != side)) {
        at++;
    }
    return at;
}

/* Without price_type= the mid, as the semantics say; 3 is none of the three. */
static OmegaPriceKind price_kind(const char *args) {
    return arg_value(args, "price_type") == NULL || arg_is(args, "price_type", "mid") ? OMEGA_PRICE_MID
           : arg_is(args, "price_type", "bid")                                        ? OMEGA_PRICE_BID
           : arg_is(args, "price_type", "ask")                                        ? OMEGA_PRICE_ASK
                                                                                      : 3;
}

static void check_refusal(const Table *table, size_t row, OmegaStatus status) {
    const char *value = tsv_cell(table, row, "value");
    CHECK(strcmp(tsv_cell(table, row, "result"), "error") == 0);
    if (strcmp(value, "1001|last") == 0) {
        /* C's message has the number where the others have the word. */
        CHECK_STATUS(OMEGA_INVALID_ARGUMENT, status);
        CHECK_MESSAGE("3");
    } else {
        check_error(value, status);
    }
}

static int gives(const Table *table, size_t row, const char *result) {
    return strcmp(tsv_cell(table, row, "result"), result) == 0;
}

static void check_timeline(const Table *table, size_t row, const OmegaMultiSymbol *slice) {
    const char *value = tsv_cell(table, row, "value");
    const int64_t *timestamps = NULL;
    size_t len = 0;
    CHECK_OK(omega_multi_symbol_timeline(slice, &timestamps, &len));
    CHECK(gives(table, row, "stamps") && list_length(value) == len);
    CHECK(list_length(value) != len || check_integers(value, timestamps) == len);
}

static void check_rows(const Table *table, size_t row, const OmegaMultiSymbol *slice, size_t place) {
    const char *value = tsv_cell(table, row, "value");
    size_t len = list_length(value);
    int64_t *rows = (int64_t *)allocate(len + 1, sizeof *rows);
    mark_bytes(rows, (len + 1) * sizeof *rows);
    CHECK_OK(omega_multi_symbol_rows(slice, place, rows, len));
    CHECK(gives(table, row, "rows") && check_integers(value, rows) == len);
    CHECK(bytes_are_marked(rows + len, sizeof *rows));
    free(rows);
}

static void check_candle(const Table *table, size_t row, const OmegaMultiSymbol *slice, size_t moment,
                         const char *symbol, OmegaPriceType side) {
    int64_t expected = (int64_t)strtoll(tsv_cell(table, row, "value"), NULL, 10);
    OmegaCandle candle;
    int32_t found;
    OmegaStatus status;
    mark_bytes(&candle, sizeof candle);
    mark_bytes(&found, sizeof found);
    status = omega_multi_symbol_candle(slice, moment, symbol, side, &candle, &found);
    if (status != OMEGA_OK) {
        check_refusal(table, row, status);
        CHECK(bytes_are_marked(&candle, sizeof candle) && bytes_are_marked(&found, sizeof found));
        return;
    }
    CHECK(gives(table, row, "row") && found == (expected >= 0));
    CHECK(found ? same_candle(&files[place_of(symbol, side)]->columns, expected, &candle)
                : bytes_are_marked(&candle, sizeof candle));
}

static void check_price(const Table *table, size_t row, OmegaStatus status, double price) {
    const char *value = tsv_cell(table, row, "value");
    if (status != OMEGA_OK) {
        check_refusal(table, row, status);
        CHECK(bytes_are_marked(&price, sizeof price));
    } else if (gives(table, row, "none")) {
        CHECK(price != price);
    } else {
        CHECK(gives(table, row, "price") && check_matrix(value, &price, 1) == 1);
    }
}

static void ask(const Table *table, size_t row, const OmegaMultiSymbol *slice) {
    const char *op = tsv_cell(table, row, "op"), *args = tsv_cell(table, row, "args");
    const char *named = arg_value(args, "symbol");
    size_t moment = (size_t)arg_integer(args, "index", 0);
    char symbol[32];
    double price;
    OmegaStatus status;
    snprintf(symbol, sizeof symbol, "%.*s", named == NULL ? 0 : (int)strcspn(named, " "), named == NULL ? "" : named);
    mark_bytes(&price, sizeof price);
    if (strcmp(op, "timeline") == 0) {
        check_timeline(table, row, slice);
    } else if (strcmp(op, "rows") == 0) {
        check_rows(table, row, slice, place_of(symbol, side_of(args)));
    } else if (strcmp(op, "get_candle") == 0) {
        check_candle(table, row, slice, moment, symbol, side_of(args));
    } else if (strcmp(op, "get_price") == 0) {
        status = omega_multi_symbol_price(slice, moment, symbol, price_kind(args), &price);
        check_price(table, row, status, price);
    } else {
        CHECK(strcmp(op, "get_spread") == 0);
        status = omega_multi_symbol_spread(slice, moment, symbol, &price);
        check_price(table, row, status, price);
    }
}

static void run_case(const char *vectors, const Table *table, size_t row) {
    const char *args = tsv_cell(table, row, "args");
    OmegaTimeline timeline = arg_is(args, "timeline", "union") ? OMEGA_TIMELINE_UNION : OMEGA_TIMELINE_INTERSECTION;
    uint32_t flags = arg_is(args, "asof", "true") ? (uint32_t)OMEGA_ASOF : 0u;
    OmegaMultiSymbol *slice;
    OmegaStatus status;
    CHECK(arg_value(args, "timeline") == NULL || timeline == OMEGA_TIMELINE_UNION ||
          arg_is(args, "timeline", "intersection"));
    count = series_files_of(vectors, tsv_cell(table, row, "series"), files, series);
    mark_bytes(&slice, sizeof slice);
    status = omega_multi_symbol_new(series, count, timeline, flags, arg_integer(args, "stale_limit", -1), &slice);
    if (status == OMEGA_OK) {
        ask(table, row, slice);
        CHECK_OK(omega_multi_symbol_free(slice));
    } else {
        check_refusal(table, row, status);
        CHECK(bytes_are_marked(&slice, sizeof slice) && strcmp(tsv_cell(table, row, "op"), "timeline") == 0);
    }
}

void suite_vectors_symbols(const char *folder) {
    Table *table = tsv_open(folder, "multi_symbol.tsv");
    size_t skipped = 0;
    for (size_t row = 0; row < table->rows; row++) {
        if (gives(table, row, "error") && arg_is(tsv_cell(table, row, "args"), "stale_limit", "-1")) {
            skipped++;
            continue;
        }
        harness_begin(tsv_cell(table, row, "case"));
        run_case(folder, table, row);
        harness_end();
    }
    harness_skip(skipped, "multi_symbol.tsv", "-1 is C's word for no limit");
    harness_begin("series of multi_symbol.tsv are freed");
    series_files_close();
    harness_end();
    tsv_close(table);
}
