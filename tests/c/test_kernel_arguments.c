/* Kernels on whole columns: arguments that are refused by name, with the value that was given. Each law is
 * checked for every kernel through the table in kernel_calls.c. */
#include <stdio.h>
#include <string.h>

#include "kernel_example.h"
#include "suites.h"

/* Refused with a message that has both fragments, the outputs as they were. */
static void refused(OmegaKernel kernel, KernelCall *call, OmegaStatus expected, const char *one, const char *other) {
    static unsigned char before[MOST][N * sizeof(double)];
    const KernelEntry *entry = &KERNEL[kernel];
    for (size_t i = 0; i < entry->outputs; i++) {
        if (call->out[i] != NULL) {
            memcpy(before[i], call->out[i], sizeof before[i]);
        }
    }
    harness_status(__FILE__, __LINE__, entry->name, expected, entry->call(call));
    CHECK_MESSAGE(one);
    CHECK_MESSAGE(other);
    for (size_t i = 0; i < entry->outputs; i++) {
        CHECK(call->out[i] == NULL || memcmp(before[i], call->out[i], sizeof before[i]) == 0);
    }
}

/* A call whose outputs are marked. */
static KernelCall marked_call_of(OmegaKernel kernel) {
    KernelCall call = call_of(kernel);
    make_outputs(&call, KERNEL[kernel].outputs);
    for (size_t i = 0; i < KERNEL[kernel].outputs; i++) {
        mark_bytes(call.out[i], N * sizeof(double));
    }
    return call;
}

static void a_bad_period_of_ema_is_refused_before_anything_is_written(void) {
    static const size_t PERIODS[3] = {5, 0, SIZE_MAX};
    double out[2 * N];
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_ema(X, N, PERIODS, 2, OMEGA_NAN_PROPAGATE, out));
    CHECK_MESSAGE("period is 0");
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_ema(X, N, PERIODS + 2, 1, OMEGA_NAN_PROPAGATE, out));
    CHECK_MESSAGE("18446744073709551615");
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_ema(NULL, 0, PERIODS, 2, OMEGA_NAN_PROPAGATE, NULL));
}

static void periods_that_out_overlaps_are_refused(void) {
    union {
        size_t periods[N];
        double out[N];
    } both;
    for (size_t i = 0; i < N; i++) {
        both.periods[i] = 2;
    }
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_ema(X, N, both.periods + 4, 1, OMEGA_NAN_PROPAGATE, both.out));
    CHECK_MESSAGE("out overlaps periods");
    CHECK(both.periods[4] == 2 && both.periods[0] == 2);
}

static void null_in_any_position_is_refused_by_name(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        KernelCall call = marked_call_of(kernel);
        for (size_t i = 0; i < KERNEL[kernel].inputs; i++) {
            const double *kept = call.in[i];
            call.in[i] = NULL;
            refused(kernel, &call, OMEGA_NULL_POINTER, KERNEL[kernel].in[i], "NULL");
            call.in[i] = kept;
        }
        for (size_t i = 0; i < KERNEL[kernel].outputs; i++) {
            double *kept = call.out[i];
            call.out[i] = NULL;
            refused(kernel, &call, OMEGA_NULL_POINTER, KERNEL[kernel].out[i], "NULL");
            call.out[i] = kept;
        }
        free_outputs(&call);
    }
}

/* Every way in which an array of N values can share bytes with another that begins at `middle`. */
static const int OVERLAPS[] = {0, 1, -1, N - 1, 1 - N};

static void an_output_that_overlaps_any_other_array_is_refused_by_name(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        const KernelEntry *entry = &KERNEL[kernel];
        for (size_t out = 0; out < entry->outputs; out++) {
            for (size_t other = 0; other < entry->inputs + entry->outputs; other++) {
                int is_input = other < entry->inputs;
                size_t number = is_input ? other : other - entry->inputs;
                if (!is_input && number == out) {
                    continue;
                }
                for (size_t way = 0; way < sizeof OVERLAPS / sizeof *OVERLAPS; way++) {
                    KernelCall call = marked_call_of(kernel);
                    double arena[3 * N], *kept = call.out[out], *kept_other = NULL;
                    memset(arena, 0, sizeof arena);
                    call.out[out] = arena + N;
                    if (is_input) {
                        call.in[number] = arena + N + OVERLAPS[way];
                    } else {
                        kept_other = call.out[number];
                        call.out[number] = arena + N + OVERLAPS[way];
                    }
                    refused(kernel, &call, OMEGA_INVALID_ARGUMENT, "overlaps", entry->out[out]);
                    CHECK_MESSAGE(is_input ? entry->in[number] : entry->out[number]);
                    call.out[out] = kept;
                    if (!is_input) {
                        call.out[number] = kept_other;
                    }
                    free_outputs(&call);
                }
            }
        }
    }
}

static void a_misaligned_array_is_refused_by_name(void) {
    static double arena[2 * N];
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        for (uintptr_t offset = 1; offset < sizeof(double); offset += 3) {
            KernelCall call = marked_call_of(kernel);
            double *crooked = (double *)((uintptr_t)arena + offset), *kept = call.out[0];
            for (size_t i = 0; i < KERNEL[kernel].inputs; i++) {
                const double *straight = call.in[i];
                call.in[i] = crooked;
                refused(kernel, &call, OMEGA_INVALID_ARGUMENT, KERNEL[kernel].in[i], "not aligned to 8");
                call.in[i] = straight;
            }
            call.out[0] = crooked;
            refused(kernel, &call, OMEGA_INVALID_ARGUMENT, KERNEL[kernel].out[0], "not aligned to 8");
            call.out[0] = kept;
            free_outputs(&call);
        }
    }
}

static void a_count_that_no_memory_has_is_refused(void) {
    static const size_t COUNTS[] = {SIZE_MAX, SIZE_MAX / 8, SIZE_MAX / 8 + 1, SIZE_MAX / 16 + 1};
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
            KernelCall call = marked_call_of(kernel);
            call.n = COUNTS[i];
            refused(kernel, &call, OMEGA_INVALID_ARGUMENT, KERNEL[kernel].in[0], "addressable");
            free_outputs(&call);
        }
    }
}

static void a_bad_window_or_period_is_refused_with_its_value(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        const char *name = kernel == OMEGA_KERNEL_MACD ? "fast" : KERNEL[kernel].options.min_periods ? "window" : "period";
        KernelCall call = marked_call_of(kernel);
        if (kernel != OMEGA_KERNEL_TRUE_RANGE && kernel != OMEGA_KERNEL_SHIFT) {
            call.options.window = 0;
            refused(kernel, &call, OMEGA_INVALID_ARGUMENT, name, "is 0");
            call.options.window = (size_t)PTRDIFF_MAX + 1;
            refused(kernel, &call, OMEGA_INVALID_ARGUMENT, name, "is 9223372036854775808");
        }
        call.options = KERNEL[kernel].options;
        if (KERNEL[kernel].options.min_periods != 0) {
            call.options.min_periods = 0;
            refused(kernel, &call, OMEGA_INVALID_ARGUMENT, "min_periods", "is 0");
            call.options.min_periods = 3;
            refused(kernel, &call, OMEGA_INVALID_ARGUMENT, "min_periods is 3", "window of 2");
        }
        call.options = KERNEL[kernel].options;
        if (kernel == OMEGA_KERNEL_MACD) {
            call.options.slow = 0;
            refused(kernel, &call, OMEGA_INVALID_ARGUMENT, "slow", "is 0");
            call.options.slow = 3;
            call.options.signal = SIZE_MAX;
            refused(kernel, &call, OMEGA_INVALID_ARGUMENT, "signal", "is 18446744073709551615");
        }
        free_outputs(&call);
    }
}

static void an_unknown_nan_policy_is_refused_with_its_value(void) {
    static const OmegaNanPolicy UNKNOWN[] = {2, -1, INT32_MAX, INT32_MIN};
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        for (size_t i = 0; i < sizeof UNKNOWN / sizeof *UNKNOWN; i++) {
            KernelCall call = marked_call_of(kernel);
            char value[40];
            call.options.nan = UNKNOWN[i];
            snprintf(value, sizeof value, "nan is %d", (int)UNKNOWN[i]);
            if (kernel == OMEGA_KERNEL_TRUE_RANGE || (kernel >= OMEGA_KERNEL_DIFF && kernel <= OMEGA_KERNEL_SHIFT)) {
                CHECK_OK(KERNEL[kernel].call(&call)); /* takes none */
            } else {
                refused(kernel, &call, OMEGA_INVALID_ARGUMENT, value, "skip");
            }
            free_outputs(&call);
        }
    }
}

static void a_kernel_that_columns_cannot_have_is_refused_with_its_number(void) {
    static const OmegaKernel NOT_THESE[] = {-1, 16, 17, 18, 19, 20, 21, 22, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof NOT_THESE / sizeof *NOT_THESE; i++) {
        OmegaKernel kernel = NOT_THESE[i];
        OmegaKernelOptions options = KERNEL[kernel >= 0 && kernel < KERNELS ? kernel : 0].options;
        char value[40];
        double out[N];
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_kernel_columns(kernel, &options, X, N, 1, out));
        snprintf(value, sizeof value, "kernel is %d", (int)kernel);
        CHECK_MESSAGE(value);
    }
}

static void bad_arguments_of_columns_are_refused_by_name(void) {
    OmegaKernelOptions options = KERNEL[OMEGA_KERNEL_SUM].options;
    double out[N], arena[3 * N];
    memset(arena, 0, sizeof arena);
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_kernel_columns(OMEGA_KERNEL_SUM, NULL, X, N, 1, out));
    CHECK_MESSAGE("options");
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_kernel_columns(OMEGA_KERNEL_SUM, &options, NULL, N, 1, out));
    CHECK_MESSAGE("x is NULL");
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_kernel_columns(OMEGA_KERNEL_SUM, &options, X, N, 1, NULL));
    CHECK_MESSAGE("out is NULL");
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_kernel_columns(OMEGA_KERNEL_SUM, &options, arena, N, 2, arena + N));
    CHECK_MESSAGE("out overlaps x");
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_kernel_columns(OMEGA_KERNEL_SUM, &options, X, SIZE_MAX, 2, out));
    CHECK_MESSAGE("addressable");
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out,
                  omega_kernel_columns(OMEGA_KERNEL_SUM, &options, X, SIZE_MAX / 16, 2, out));
    CHECK_MESSAGE("addressable");
    options.min_periods = 3;
    /* Also where there is no column to refuse them. */
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_kernel_columns(OMEGA_KERNEL_SUM, &options, X, N, 1, out));
    CHECK_MESSAGE("min_periods is 3");
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_kernel_columns(OMEGA_KERNEL_SUM, &options, NULL, N, 0, NULL));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_kernel_columns(OMEGA_KERNEL_SUM, &options, NULL, 0, 7, NULL));
    options.min_periods = 1;
    CHECK_OK(omega_kernel_columns(OMEGA_KERNEL_SUM, &options, NULL, N, 0, NULL));
    CHECK_OK(omega_kernel_columns(OMEGA_KERNEL_SUM, &options, NULL, 0, 7, NULL));
}

#define TABLES(inputs, outputs) \
    omega_kernel_tables(kernel, &options, tables, inputs, N, 2, results, outputs)

static void bad_arguments_of_tables_are_refused_by_name(void) {
    static double given[MOST][2 * N], made[MOST][2 * N];
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        const KernelEntry *entry = &KERNEL[kernel];
        OmegaKernelOptions options = entry->options;
        size_t inputs = entry->inputs, outputs = entry->outputs;
        const double *tables[MOST] = {given[0], given[1], given[2]};
        double *results[MOST] = {made[0], made[1], made[2]};
        char name[80];
        for (size_t count = 0; count <= MOST + 1; count++) {
            if (count != inputs) {
                CHECK_REFUSED(OMEGA_SIZE_MISMATCH, made, TABLES(count, outputs));
                snprintf(name, sizeof name, "inputs is %zu, but kernel %d takes %zu", count, (int)kernel, inputs);
                CHECK_MESSAGE(name);
            }
            if (count != outputs) {
                CHECK_REFUSED(OMEGA_SIZE_MISMATCH, made, TABLES(inputs, count));
                snprintf(name, sizeof name, "outputs is %zu, but kernel %d gives %zu", count, (int)kernel, outputs);
                CHECK_MESSAGE(name);
            }
        }
        for (size_t i = 0; i < inputs + outputs; i++) {
            int is_input = i < inputs;
            size_t at = is_input ? i : i - inputs;
            snprintf(name, sizeof name, "%s[%zu] is NULL", is_input ? "tables" : "results", at);
            if (is_input) {
                tables[at] = NULL;
            } else {
                results[at] = NULL;
            }
            CHECK_REFUSED(OMEGA_NULL_POINTER, made, TABLES(inputs, outputs));
            CHECK_MESSAGE(name);
            tables[at] = given[at];
            results[at] = made[at];
        }
        for (size_t i = 0; i < outputs; i++) {
            for (size_t other = 0; other < inputs; other++) {
                /* The second column of one is the first of the other. */
                tables[other] = made[i] + N;
                CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, made, TABLES(inputs, outputs));
                snprintf(name, sizeof name, "results[%zu] overlaps tables[%zu]", i, other);
                CHECK_MESSAGE(name);
                tables[other] = given[other];
            }
            for (size_t other = 0; other < i; other++) {
                results[i] = results[other];
                CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, made, TABLES(inputs, outputs));
                snprintf(name, sizeof name, "results[%zu] overlaps results[%zu]", i, other);
                CHECK_MESSAGE(name);
                results[i] = made[i];
            }
        }
        CHECK_REFUSED(OMEGA_NULL_POINTER, made,
                      omega_kernel_tables(kernel, NULL, tables, inputs, N, 2, results, outputs));
        CHECK_MESSAGE("options is NULL");
        CHECK_REFUSED(OMEGA_NULL_POINTER, made,
                      omega_kernel_tables(kernel, &options, NULL, inputs, N, 2, results, outputs));
        CHECK_MESSAGE("tables is NULL");
        CHECK_REFUSED(OMEGA_NULL_POINTER, made,
                      omega_kernel_tables(kernel, &options, tables, inputs, N, 2, NULL, outputs));
        CHECK_MESSAGE("results is NULL");
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, made,
                      omega_kernel_tables(kernel, &options, tables, inputs, SIZE_MAX, 2, results, outputs));
        CHECK_MESSAGE("addressable");
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, made,
                      omega_kernel_tables(kernel, &options, tables, inputs, SIZE_MAX / 16, 2, results, outputs));
        CHECK_MESSAGE("addressable");
        CHECK_OK(omega_kernel_tables(kernel, &options, tables, inputs, N, 0, results, outputs));
        CHECK_OK(omega_kernel_tables(kernel, &options, tables, inputs, 0, 7, results, outputs));
        if (kernel != OMEGA_KERNEL_TRUE_RANGE && kernel != OMEGA_KERNEL_SHIFT) {
            options.window = 0;
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, made, TABLES(inputs, outputs));
            CHECK_MESSAGE("is 0");
            /* Also where there is no column to refuse it. */
            CHECK_STATUS(OMEGA_INVALID_ARGUMENT,
                         omega_kernel_tables(kernel, &options, tables, inputs, N, 0, results, outputs));
        }
    }
}

static void a_kernel_that_is_none_is_refused_with_its_number(void) {
    static const OmegaKernel NOT_THESE[] = {-1, KERNELS, INT32_MAX, INT32_MIN};
    const double *tables[MOST] = {X, X, X};
    double made[N], *results[MOST] = {made, made, made};
    for (size_t i = 0; i < sizeof NOT_THESE / sizeof *NOT_THESE; i++) {
        OmegaKernelOptions options = KERNEL[0].options;
        char value[40];
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, made,
                      omega_kernel_tables(NOT_THESE[i], &options, tables, 1, N, 1, results, 1));
        snprintf(value, sizeof value, "kernel is %d, not 0 to 21", (int)NOT_THESE[i]);
        CHECK_MESSAGE(value);
    }
}

void suite_kernel_arguments(void) {
    RUN(a_bad_period_of_ema_is_refused_before_anything_is_written);
    RUN(periods_that_out_overlaps_are_refused);
    RUN(null_in_any_position_is_refused_by_name);
    RUN(an_output_that_overlaps_any_other_array_is_refused_by_name);
    RUN(a_misaligned_array_is_refused_by_name);
    RUN(a_count_that_no_memory_has_is_refused);
    RUN(a_bad_window_or_period_is_refused_with_its_value);
    RUN(an_unknown_nan_policy_is_refused_with_its_value);
    RUN(a_kernel_that_columns_cannot_have_is_refused_with_its_number);
    RUN(bad_arguments_of_columns_are_refused_by_name);
    RUN(bad_arguments_of_tables_are_refused_by_name);
    RUN(a_kernel_that_is_none_is_refused_with_its_number);
}
