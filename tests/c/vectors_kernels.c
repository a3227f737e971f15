/* kernels/cases.tsv: through the functions, through columns, and through the streams. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_calls.h"
#include "suites.h"
#include "tsv.h"

typedef struct {
    double *values;
    size_t count;
} Column;

/* Doubles as hexadecimal digits with commas between them, up to ';' or the end; "-" has none. */
static Column column_of(const char *text) {
    Column column;
    size_t length = strcspn(text, ";");
    char *rest;
    column.count = *text == '-' ? 0 : (length + 1) / 17;
    column.values = (double *)allocate(column.count, sizeof(double));
    for (size_t i = 0; i < column.count; i++, text = rest + 1) {
        column.values[i] = from_bits(strtoull(text, &rest, 16));
    }
    return column;
}

/* All of a kernel's inputs or outputs. */
static void free_columns(Column *columns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(columns[i].values);
    }
}

static Column named_series(const Table *series, const char *name, size_t length) {
    for (size_t row = 0; row < series->rows; row++) {
        const char *found = tsv_cell(series, row, "name");
        if (strlen(found) == length && strncmp(found, name, length) == 0) {
            return column_of(tsv_cell(series, row, "values"));
        }
    }
    fprintf(stderr, "no series is called %s\n", name);
    exit(EXIT_FAILURE);
}

static size_t size_argument(const char *args, const char *key) { return (size_t)arg_integer(args, key, 0); }

static OmegaKernelOptions options_of(OmegaKernel kernel, const char *args) {
    OmegaKernelOptions options;
    const char *width = arg_value(args, "width");
    memset(&options, 0, sizeof options);
    options.window = size_argument(args, "window") + size_argument(args, "period") + size_argument(args, "fast");
    options.min_periods = size_argument(args, "min_periods");
    /* The cases give a ddof to kernels that have none. */
    options.ddof = KERNEL[kernel].options.ddof == 0 ? 0 : size_argument(args, "ddof");
    options.nan = arg_is(args, "nan", "skip") ? OMEGA_NAN_SKIP : OMEGA_NAN_PROPAGATE;
    options.slow = size_argument(args, "slow");
    options.signal = size_argument(args, "signal");
    options.width = width == NULL ? 0.0 : from_bits(strtoull(width, NULL, 16));
    return options;
}

static void compare(const char *by, const double *got, const Column *expected) {
    for (size_t i = 0; i < expected->count; i++) {
        if (!same_double(got[i], expected->values[i])) {
            char what[120];
            snprintf(what, sizeof what, "%s, row %zu: %016llx instead of %016llx", by, i,
                     (unsigned long long)bits_of(got[i]), (unsigned long long)bits_of(expected->values[i]));
            harness_fail(__FILE__, __LINE__, what);
            return;
        }
    }
}

static void push_all(OmegaStream *stream, const KernelEntry *entry, const KernelCall *call, size_t rows) {
    for (size_t i = 0; i < rows; i++) {
        double row[MOST], results[MOST];
        for (size_t column = 0; column < entry->inputs; column++) {
            row[column] = call->in[column][i];
        }
        CHECK_OK(omega_stream_push(stream, row, entry->inputs, results, entry->outputs));
        for (size_t column = 0; column < entry->outputs; column++) {
            call->out[column][i] = results[column];
        }
    }
}

static void check_case(OmegaKernel kernel, KernelCall *call, const Column *expected) {
    const KernelEntry *entry = &KERNEL[kernel];
    OmegaStream *stream = stream_of(kernel, call->options);
    make_outputs(call, entry->outputs);
    CHECK_OK(entry->call(call));
    for (size_t i = 0; i < entry->outputs; i++) {
        CHECK(expected[i].count == call->n);
        compare("the function", call->out[i], &expected[i]);
    }
    CHECK_OK(omega_kernel_tables(kernel, &call->options, call->in, entry->inputs, call->n, 1, call->out, entry->outputs));
    for (size_t i = 0; i < entry->outputs; i++) {
        compare("tables", call->out[i], &expected[i]);
    }
    if (kernel < COLUMN_KERNELS) {
        CHECK_OK(omega_kernel_columns(kernel, &call->options, call->in[0], call->n, 1, call->out[0]));
        compare("columns", call->out[0], &expected[0]);
    }
    /* Used and reset first: as good as new. */
    push_all(stream, entry, call, call->n / 2);
    CHECK_OK(omega_stream_reset(stream));
    push_all(stream, entry, call, call->n);
    for (size_t i = 0; i < entry->outputs; i++) {
        compare("the stream", call->out[i], &expected[i]);
    }
    CHECK_OK(omega_stream_free(stream));
    free_outputs(call);
}

void suite_vectors_kernels(const char *vectors) {
    char folder[4096];
    Table *series, *cases;
    snprintf(folder, sizeof folder, "%s/kernels", vectors);
    series = tsv_open(folder, "series.tsv");
    cases = tsv_open(folder, "cases.tsv");
    for (size_t row = 0; row < cases->rows; row++) {
        const char *name = tsv_cell(cases, row, "kernel"), *of = tsv_cell(cases, row, "series");
        const char *args = tsv_cell(cases, row, "arguments"), *next = tsv_cell(cases, row, "expected");
        OmegaKernel kernel = kernel_named(name);
        Column inputs[MOST], expected[MOST];
        KernelCall call;
        char title[300];
        snprintf(title, sizeof title, "%s of %s, %s", name, of, args);
        memset(&call, 0, sizeof call);
        call.options = options_of(kernel, args);
        for (size_t i = 0; i < KERNEL[kernel].inputs; i++) {
            size_t length = strcspn(of, ",");
            inputs[i] = named_series(series, of, length);
            call.in[i] = inputs[i].values;
            call.n = inputs[i].count;
            of += length + (of[length] == ',');
        }
        for (size_t i = 0; i < KERNEL[kernel].outputs; i++) {
            expected[i] = column_of(next);
            next += strcspn(next, ";");
            next += *next == ';';
        }
        harness_begin(title);
        CHECK(*of == '\0' && *next == '\0');
        check_case(kernel, &call, expected);
        harness_end();
        free_columns(inputs, KERNEL[kernel].inputs);
        free_columns(expected, KERNEL[kernel].outputs);
    }
    tsv_close(series);
    tsv_close(cases);
}
