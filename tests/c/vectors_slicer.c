/* slicer.tsv: every question, every expected row and bit. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"
#include "tsv.h"

static const char *vectors;

/* C has no defaults: what is not listed is what the semantics say. */
static uint32_t flags_of(const char *args) {
    return (arg_is(args, "include_current", "false") ? (uint32_t)OMEGA_EXCLUDE_CURRENT : 0u) |
           (arg_is(args, "closed_only", "true") ? (uint32_t)OMEGA_CLOSED_ONLY : 0u) |
           (arg_is(args, "partial", "true") ? (uint32_t)OMEGA_PARTIAL : 0u);
}

/* What is compared: integers, in the order the value names them, or doubles. */
typedef struct {
    OmegaStatus status;
    const char *kind;
    int64_t *integers;
    double *doubles;
    size_t size; /* bytes of either */
    size_t n;    /* columns of a matrix */
} Answer;

static void ask_range(Answer *answer, const char *op, const OmegaSeries *series, const char *args) {
    OmegaRange *out = (OmegaRange *)(void *)answer->integers;
    answer->kind = "range";
    if (strcmp(op, "get_slice") == 0) {
        int64_t start = arg_integer(args, "start", 0), end = arg_integer(args, "end", 0);
        answer->status = omega_slicer_get_slice(series, start, end, flags_of(args), out);
    } else {
        int64_t now = arg_integer(args, "now", 0);
        size_t n = (size_t)arg_integer(args, "n", 0);
        answer->status = omega_slicer_get_lookback(series, now, n, flags_of(args), out);
    }
}

static void ask_row(Answer *answer, const char *op, const OmegaSeries *series, const char *args) {
    int64_t t = arg_integer(args, "t", 0);
    answer->kind = "row";
    if (strcmp(op, "get_candle_at") == 0) {
        answer->status = omega_slicer_get_candle_at(series, t, answer->integers);
    } else {
        answer->status = omega_slicer_get_candle_asof(series, t, flags_of(args), answer->integers);
    }
}

static void ask_batch(Answer *answer, const char *op, const OmegaSeries *series, const char *args) {
    size_t count, n = (size_t)arg_integer(args, "n", 0);
    int64_t *times = list_of_integers(arg_value(args, "times"), &count);
    if (strcmp(op, "get_lookbacks") == 0) {
        answer->kind = "ranges";
        answer->status = omega_slicer_get_lookbacks(series, times, count, n, flags_of(args),
                                                    (OmegaRange *)(void *)answer->integers);
    } else if (strcmp(op, "gather_lookback") == 0) {
        answer->kind = "matrix";
        answer->n = n;
        answer->status = omega_slicer_gather_lookback(series, times, count, n, field_of(args), flags_of(args),
                                                      answer->doubles);
    } else if (strcmp(op, "get_candles_at") == 0) {
        answer->kind = "rows";
        answer->status = omega_slicer_get_candles_at(series, times, count, answer->integers);
    } else {
        answer->kind = "rows";
        CHECK(strcmp(op, "get_candles_asof") == 0);
        answer->status = omega_slicer_get_candles_asof(series, times, count, flags_of(args), answer->integers);
    }
    free(times);
}

/* The candle of a row answered is that row, bit for bit. */
static void check_candle(const SeriesFile *file, int64_t row) {
    OmegaCandle candle;
    if (row >= 0) {
        CHECK_OK(omega_series_candle(file->handle, (size_t)row, &candle));
        CHECK(same_candle(&file->columns, row, &candle));
    }
}

static void run_case(const Table *table, size_t row) {
    const char *op = tsv_cell(table, row, "op"), *args = tsv_cell(table, row, "args");
    const char *result = tsv_cell(table, row, "result"), *value = tsv_cell(table, row, "value");
    const SeriesFile *file = series_file_named(vectors, tsv_cell(table, row, "series"));
    const char *times = arg_value(args, "times");
    size_t count = times == NULL ? 1 : list_length(times);
    size_t n = arg_value(args, "field") != NULL || strcmp(op, "gather_lookback") == 0
                   ? (size_t)arg_integer(args, "n", 0) : 2;
    Answer answer;
    memset(&answer, 0, sizeof answer);
    answer.size = (count * (n < 2 ? 2 : n) + 1) * sizeof(double);
    answer.integers = (int64_t *)allocate(answer.size, 1);
    answer.doubles = (double *)allocate(answer.size, 1);
    mark_bytes(answer.integers, answer.size);
    mark_bytes(answer.doubles, answer.size);
    if (times != NULL) {
        ask_batch(&answer, op, file->handle, args);
    } else if (arg_value(args, "t") != NULL) {
        ask_row(&answer, op, file->handle, args);
    } else {
        ask_range(&answer, op, file->handle, args);
    }
    if (strcmp(result, "error") == 0) {
        check_error(value, answer.status);
        CHECK(bytes_are_marked(answer.integers, answer.size) && bytes_are_marked(answer.doubles, answer.size));
    } else {
        CHECK_OK(answer.status);
        CHECK(strcmp(result, answer.kind) == 0);
        if (strcmp(result, "matrix") == 0) {
            check_matrix(value, answer.doubles, answer.n);
        } else {
            check_integers(value, answer.integers);
        }
        if (strcmp(result, "row") == 0) {
            check_candle(file, answer.integers[0]);
        }
    }
    free(answer.integers);
    free(answer.doubles);
}

void suite_vectors_slicer(const char *folder) {
    Table *table = tsv_open(folder, "slicer.tsv");
    vectors = folder;
    for (size_t row = 0; row < table->rows; row++) {
        harness_begin(tsv_cell(table, row, "case"));
        run_case(table, row);
        harness_end();
    }
    harness_begin("series of slicer.tsv are freed");
    series_files_close();
    harness_end();
    tsv_close(table);
}
