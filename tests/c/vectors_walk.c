/* symbol_slice.tsv: the walk over bid and ask in several timeframes, question by question. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"
#include "tsv.h"

/* What is compared, and every byte of it when nothing may be written. */
typedef struct {
    OmegaStatus status;
    const char *kind;
    int64_t integers[2];
    double *matrix;
    size_t size; /* bytes of the matrix */
    size_t columns;
} Answer;

static OmegaStatus timeframe_of(const char *args, const char *key, int64_t *timeframe_us) {
    char text[32];
    const char *found = arg_value(args, key);
    *timeframe_us = 0;
    if (found == NULL) {
        return OMEGA_OK;
    }
    snprintf(text, sizeof text, "%.*s", (int)strcspn(found, " "), found);
    return omega_timeframe_parse(text, timeframe_us);
}

static void ask_matrix(Answer *answer, const OmegaSymbolSlice *slice, const char *args, int64_t timeframe_us) {
    size_t bars = 0, start = (size_t)arg_integer(args, "start", 0);
    size_t stop = arg_value(args, "stop") == NULL ? SIZE_MAX : (size_t)arg_integer(args, "stop", 0);
    CHECK_OK(omega_symbol_slice_bars(slice, &bars));
    answer->kind = "matrix";
    answer->columns = (size_t)arg_integer(args, "length", 20);
    answer->size = (bars + 1) * answer->columns * sizeof(double);
    answer->matrix = (double *)allocate(answer->size, 1);
    mark_bytes(answer->matrix, answer->size);
    answer->status = omega_symbol_slice_history_matrix(slice, timeframe_us, side_of(args), answer->columns,
                                                       field_of(args), start, stop, answer->matrix);
}

static void ask(Answer *answer, const char *op, const OmegaSymbolSlice *slice, const char *args) {
    size_t index = (size_t)arg_integer(args, "index", 0), length = (size_t)arg_integer(args, "length", 20), bars;
    OmegaPriceType side = side_of(args);
    int64_t timeframe_us;
    CHECK_OK(timeframe_of(args, "timeframe", &timeframe_us));
    if (strcmp(op, "bars") == 0) {
        answer->kind = "number";
        answer->status = omega_symbol_slice_bars(slice, &bars);
        answer->integers[0] = (int64_t)bars;
    } else if (strcmp(op, "decision_time") == 0) {
        answer->kind = "number";
        answer->status = omega_symbol_slice_decision_time(slice, index, answer->integers);
    } else if (strcmp(op, "latest") == 0) {
        answer->kind = "row";
        answer->status = omega_symbol_slice_latest(slice, index, timeframe_us, side, answer->integers);
    } else if (strcmp(op, "history") == 0) {
        answer->kind = "range";
        answer->status = omega_symbol_slice_history(slice, index, timeframe_us, side, length,
                                                    (OmegaRange *)(void *)answer->integers);
    } else {
        CHECK(strcmp(op, "history_matrix") == 0);
        ask_matrix(answer, slice, args, timeframe_us);
    }
}

/* Whether every count is one: C's are unsigned, so that nothing negative can be asked. */
static int is_sayable(const char *args) {
    return arg_integer(args, "index", 0) >= 0 && arg_integer(args, "start", 0) >= 0 &&
           arg_integer(args, "stop", 0) >= 0 && arg_integer(args, "length", 0) >= 0;
}

/* A word that is no price type is no number of one; C's message has the number. */
static void check_refusal(const char *value, OmegaStatus status, const char *args) {
    if (side_of(args) == 2) {
        CHECK_STATUS((OmegaStatus)strtol(value, NULL, 10), status);
        CHECK_MESSAGE("2");
    } else {
        check_error(value, status);
    }
}

static void check_answer(const Table *table, size_t row, const Answer *answer) {
    const char *value = tsv_cell(table, row, "value"), *args = tsv_cell(table, row, "args");
    if (strcmp(tsv_cell(table, row, "result"), "error") == 0) {
        check_refusal(value, answer->status, args);
        CHECK(bytes_are_marked(answer->integers, sizeof answer->integers));
        CHECK(bytes_are_marked(answer->matrix, answer->size));
        return;
    }
    CHECK_OK(answer->status);
    CHECK(strcmp(tsv_cell(table, row, "result"), answer->kind) == 0);
    if (answer->matrix != NULL) {
        size_t cells = check_matrix(value, answer->matrix, answer->columns);
        CHECK(bytes_are_marked(answer->matrix + cells, answer->size - cells * sizeof(double)));
    } else {
        CHECK(check_integers(value, answer->integers) == (strcmp(answer->kind, "range") == 0 ? 2 : 1));
    }
}

static void run_case(const char *vectors, const Table *table, size_t row) {
    const char *op = tsv_cell(table, row, "op"), *args = tsv_cell(table, row, "args");
    SeriesFile *files[FILES_AT_MOST];
    const OmegaSeries *series[FILES_AT_MOST];
    size_t count = series_files_of(vectors, tsv_cell(table, row, "series"), files, series);
    OmegaSymbolSlice *slice;
    int64_t primary_us;
    Answer answer;
    memset(&answer, 0, sizeof answer);
    mark_bytes(answer.integers, sizeof answer.integers);
    mark_bytes(&slice, sizeof slice);
    CHECK_OK(timeframe_of(args, "primary", &primary_us));
    answer.status = omega_symbol_slice_new(series, count, primary_us, &slice);
    if (answer.status == OMEGA_OK) {
        ask(&answer, op, slice, args);
        check_answer(table, row, &answer);
        CHECK_OK(omega_symbol_slice_free(slice));
    } else {
        CHECK(bytes_are_marked(&slice, sizeof slice) && strcmp(op, "bars") == 0);
        check_answer(table, row, &answer);
    }
    free(answer.matrix);
}

void suite_vectors_walk(const char *folder) {
    Table *table = tsv_open(folder, "symbol_slice.tsv");
    size_t skipped = 0;
    for (size_t row = 0; row < table->rows; row++) {
        if (strcmp(tsv_cell(table, row, "result"), "error") == 0 && !is_sayable(tsv_cell(table, row, "args"))) {
            skipped++;
            continue;
        }
        harness_begin(tsv_cell(table, row, "case"));
        run_case(folder, table, row);
        harness_end();
    }
    harness_skip(skipped, "symbol_slice.tsv", "C's counts are unsigned and cannot be negative");
    harness_begin("series of symbol_slice.tsv are freed");
    series_files_close();
    harness_end();
    tsv_close(table);
}
