/* Kernels on whole columns: right answers. What is refused is in test_kernel_arguments.c. Each law is checked
 * for every kernel through the table in kernel_calls.c. */
#include <stdio.h>
#include <string.h>

#include "kernel_example.h"
#include "suites.h"

#define NAN_BITS UINT64_C(0x7ff8000000000000)

/* Over X (and -X, or the bars): window 2, min_periods 1, ddof 0, period 2, width 2, macd(1, 3, 1), and one row
 * back. -999 stands for NaN. */
#define NONE (-999.0)
static const double BY_HAND[KERNELS][MOST][N] = {
    {{1, 3, 6, 12, 11}},
    {{1, 1.5, 3, 6, 5.5}},
    {{0, 0.25, 1, 4, 6.25}},
    {{0, 0.5, 1, 2, 2.5}},
    {{NONE, 1, 1, 1, -1}},
    {{1, 1, 2, 4, 3}},
    {{1, 2, 4, 8, 8}},
    {{0, 1, 1, 1, 0}},
    {{0, 0, 0, 0, 1}},
    {{1, 1 / 3.0 * 1 + 2 / 3.0 * 2, NONE, NONE, NONE}}, /* the rest in its own test */
    {{NONE, 1.5, 2.75, 5.375, 4.1875}},
    {{NONE, NONE, 100, 100, 100 * (1.375 / 3.875)}},
    {{NONE, 1, 2, 4, -5}},
    {{NONE, 1, 1, 1, -0.625}},
    {{NONE, 0.6931471805599453, 0.6931471805599453, 0.6931471805599453, -0.9808292530117262}},
    {{NONE, 1, 2, 4, 8}},
    {{0, -0.25, -1, -4, -6.25}},
    {{NONE, -1, -1, -1, -1}},
    {{1, 1.5, 2, 3, 6}},
    {{NONE, 1.25, 1.625, 2.3125, 4.15625}},
    {{0, 0.5, 1.25, 2.625, -1.1875}, {0, 0.5, 1.25, 2.625, -1.1875}, {0, 0, 0, 0, 0}},
    {{1, 1.5, 3, 6, 5.5}, {1, 2.5, 5, 10, 10.5}, {1, 0.5, 1, 2, 0.5}},
};

static void every_kernel_gives_what_is_worked_out_by_hand(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        KernelCall call = call_of(kernel);
        call.options.ddof = 0;
        if (kernel >= OMEGA_KERNEL_DIFF && kernel <= OMEGA_KERNEL_SHIFT) {
            call.options.window = 1;
        } else if (kernel == OMEGA_KERNEL_MACD) {
            call.options.window = 1;
        } else if (kernel == OMEGA_KERNEL_EMA) {
            continue;
        }
        make_outputs(&call, KERNEL[kernel].outputs);
        CHECK_OK(KERNEL[kernel].call(&call));
        for (size_t column = 0; column < KERNEL[kernel].outputs; column++) {
            for (size_t i = 0; i < N; i++) {
                double wanted = BY_HAND[kernel][column][i];
                if (!same_double(call.out[column][i], wanted == NONE ? from_bits(NAN_BITS) : wanted)) {
                    char what[100];
                    snprintf(what, sizeof what, "%s, column %zu, row %zu: %.17g", KERNEL[kernel].name, column, i,
                             call.out[column][i]);
                    harness_fail(__FILE__, __LINE__, what);
                }
            }
        }
        free_outputs(&call);
    }
}

static void several_periods_of_ema_are_as_many_columns(void) {
    static const size_t PERIODS[3] = {1, 3, 1};
    static const double WANTED[3 * N] = {1, 2, 4, 8, 3, 1, 1.5, 2.75, 5.375, 4.1875, 1, 2, 4, 8, 3};
    double out[3 * N];
    CHECK_OK(omega_ema(X, N, PERIODS, 3, OMEGA_NAN_PROPAGATE, out));
    CHECK(memcmp(out, WANTED, sizeof out) == 0);
    /* No period, no column; no row, no value; but what is there is looked at. */
    CHECK_OK(omega_ema(X, N, NULL, 0, OMEGA_NAN_PROPAGATE, NULL));
    CHECK_OK(omega_ema(NULL, 0, PERIODS, 3, OMEGA_NAN_PROPAGATE, NULL));
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_ema(X, N, NULL, 3, OMEGA_NAN_PROPAGATE, out));
    CHECK_MESSAGE("periods");
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_ema(X, N, PERIODS, SIZE_MAX / 8, OMEGA_NAN_PROPAGATE, out));
    CHECK_MESSAGE("periods");
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_ema(X, SIZE_MAX / 16, PERIODS, 3, OMEGA_NAN_PROPAGATE, out));
    CHECK_MESSAGE("addressable");
}

static void without_rows_arrays_may_be_null_and_options_are_still_checked(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        KernelCall call;
        memset(&call, 0, sizeof call);
        call.options = KERNEL[kernel].options;
        CHECK_OK(KERNEL[kernel].call(&call));
        if (kernel != OMEGA_KERNEL_TRUE_RANGE && kernel != OMEGA_KERNEL_SHIFT) {
            call.options.window = 0;
            CHECK_STATUS(OMEGA_INVALID_ARGUMENT, KERNEL[kernel].call(&call));
        }
    }
}

static void arrays_that_only_touch_are_no_overlap(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        const KernelEntry *entry = &KERNEL[kernel];
        KernelCall call = call_of(kernel), apart = call_of(kernel);
        double arena[2 * MOST * N];
        /* Inputs and outputs one after the other. */
        for (size_t i = 0; i < entry->inputs; i++) {
            memcpy(arena + (2 * i + 1) * N, call.in[i], sizeof X);
            call.in[i] = arena + (2 * i + 1) * N;
        }
        for (size_t i = 0; i < entry->outputs; i++) {
            call.out[i] = arena + (entry->inputs == 1 ? (i == 0 ? 0 : i + 1) : 2 * i) * N;
        }
        make_outputs(&apart, entry->outputs);
        CHECK_OK(entry->call(&call));
        CHECK_OK(entry->call(&apart));
        for (size_t i = 0; i < entry->outputs; i++) {
            CHECK(memcmp(call.out[i], apart.out[i], sizeof X) == 0);
        }
        free_outputs(&apart);
    }
}

static void inputs_may_be_one_array(void) {
    double out[N];
    CHECK_OK(omega_rolling_cov(X, X, N, 2, 2, 0, OMEGA_NAN_PROPAGATE, out));
    CHECK(out[1] == 0.25 && out[4] == 6.25);
    CHECK_OK(omega_true_range(X, X, X, N, out));
    CHECK(out[0] == 0 && out[3] == 4);
}

static void a_nan_policy_reaches_the_kernel(void) {
    double x[N], out[N];
    memcpy(x, X, sizeof x);
    x[1] = from_bits(NAN_BITS);
    CHECK_OK(omega_rolling_sum(x, N, 2, 1, OMEGA_NAN_PROPAGATE, out));
    CHECK(out[0] == 1 && out[1] != out[1] && out[2] != out[2] && out[3] == 12 && out[4] == 11);
    CHECK_OK(omega_rolling_sum(x, N, 2, 1, OMEGA_NAN_SKIP, out));
    CHECK(out[0] == 1 && out[1] == 1 && out[2] == 4 && out[3] == 12 && out[4] == 11);
}

static void a_window_longer_than_the_column_gives_what_min_periods_allows(void) {
    double out[N];
    CHECK_OK(omega_rolling_sum(X, N, (size_t)PTRDIFF_MAX, 3, OMEGA_NAN_PROPAGATE, out));
    CHECK(out[0] != out[0] && out[1] != out[1] && out[2] == 7 && out[3] == 15 && out[4] == 18);
    CHECK_OK(omega_rolling_sum(X, N, 6, 6, OMEGA_NAN_PROPAGATE, out));
    for (size_t i = 0; i < N; i++) {
        CHECK(out[i] != out[i]);
    }
    CHECK_OK(omega_shift(X, N, SIZE_MAX, out));
    CHECK(out[0] != out[0] && out[4] != out[4]);
    CHECK_OK(omega_shift(X, N, 0, out));
    CHECK(memcmp(out, X, sizeof X) == 0);
}

static void columns_in_one_call_are_each_alone(void) {
    enum { COLUMNS = 3 };
    double x[COLUMNS * N], out[COLUMNS * N], alone[N];
    for (size_t i = 0; i < COLUMNS * N; i++) {
        x[i] = X[i % N] * (double)(i / N + 1);
    }
    for (OmegaKernel kernel = 0; kernel < COLUMN_KERNELS; kernel++) {
        KernelCall call = call_of(kernel);
        CHECK_OK(omega_kernel_columns(kernel, &call.options, x, N, COLUMNS, out));
        for (size_t column = 0; column < COLUMNS; column++) {
            call.in[0] = x + column * N;
            call.out[0] = alone;
            CHECK_OK(KERNEL[kernel].call(&call));
            CHECK(memcmp(alone, out + column * N, sizeof alone) == 0);
        }
    }
}

static void tables_in_one_call_are_each_column_alone(void) {
    enum { COLUMNS = 3 };
    static double given[MOST][COLUMNS * N], made[MOST][COLUMNS * N], alone[MOST][N];
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        const KernelEntry *entry = &KERNEL[kernel];
        KernelCall call = call_of(kernel);
        const double *tables[MOST];
        double *results[MOST];
        for (size_t i = 0; i < MOST; i++) {
            for (size_t cell = 0; i < entry->inputs && cell < COLUMNS * N; cell++) {
                given[i][cell] = call.in[i][cell % N] * (double)(cell / N + 1);
            }
            tables[i] = given[i];
            results[i] = made[i];
        }
        CHECK_OK(omega_kernel_tables(kernel, &call.options, tables, entry->inputs, N, COLUMNS, results, entry->outputs));
        for (size_t column = 0; column < COLUMNS; column++) {
            for (size_t i = 0; i < MOST; i++) {
                call.in[i] = given[i] + column * N;
                call.out[i] = alone[i];
            }
            CHECK_OK(entry->call(&call));
            for (size_t i = 0; i < entry->outputs; i++) {
                CHECK(memcmp(alone[i], made[i] + column * N, sizeof alone[i]) == 0);
            }
        }
        /* One and the same table may be all of them. */
        tables[1] = tables[2] = tables[0];
        CHECK_OK(omega_kernel_tables(kernel, &call.options, tables, entry->inputs, N, COLUMNS, results, entry->outputs));
    }
}

void suite_kernels(void) {
    RUN(every_kernel_gives_what_is_worked_out_by_hand);
    RUN(several_periods_of_ema_are_as_many_columns);
    RUN(without_rows_arrays_may_be_null_and_options_are_still_checked);
    RUN(arrays_that_only_touch_are_no_overlap);
    RUN(inputs_may_be_one_array);
    RUN(a_nan_policy_reaches_the_kernel);
    RUN(a_window_longer_than_the_column_gives_what_min_periods_allows);
    RUN(columns_in_one_call_are_each_alone);
    RUN(tables_in_one_call_are_each_column_alone);
}
