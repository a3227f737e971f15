/* Streams: a row at a time what the kernels give for the column; handles, counts and threads. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "kernel_calls.h"
#include "suites.h"

enum { N = 40, THREADS = 4 };

/* Three columns that look like bars, none of them smooth. */
static double column_at(size_t column, size_t i) {
    static const double OFFSET[MOST] = {2.0, -2.0, 0.5};
    return 100.0 + OFFSET[column] + (double)((i * i * 7 + i * 3) % 11) / 8.0;
}

static void fill(double columns[MOST][N]) {
    for (size_t column = 0; column < MOST; column++) {
        for (size_t i = 0; i < N; i++) {
            columns[column][i] = column_at(column, i);
        }
    }
}

static void push_row(OmegaStream *stream, const KernelEntry *entry, double columns[MOST][N], size_t i, double *results) {
    double row[MOST];
    for (size_t column = 0; column < entry->inputs; column++) {
        row[column] = columns[column][i];
    }
    CHECK_OK(omega_stream_push(stream, row, entry->inputs, results, entry->outputs));
}

static void every_stream_gives_the_columns_values_and_keeps_the_last(void) {
    double columns[MOST][N], results[MOST], again[MOST];
    fill(columns);
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        const KernelEntry *entry = &KERNEL[kernel];
        OmegaStream *stream = stream_of(kernel, entry->options);
        KernelCall call;
        memset(&call, 0, sizeof call);
        call.n = N;
        call.options = entry->options;
        for (size_t i = 0; i < MOST; i++) {
            call.in[i] = columns[i];
        }
        make_outputs(&call, entry->outputs);
        CHECK_OK(entry->call(&call));
        /* Once as new, and once more as good as new. */
        for (int round = 0; round < 2; round++) {
            CHECK_OK(omega_stream_value(stream, again, entry->outputs));
            CHECK(again[0] != again[0]);
            for (size_t i = 0; i < N; i++) {
                push_row(stream, entry, columns, i, results);
                CHECK_OK(omega_stream_value(stream, again, entry->outputs));
                for (size_t column = 0; column < entry->outputs; column++) {
                    CHECK(same_double(results[column], call.out[column][i]));
                    CHECK(same_double(results[column], again[column]));
                }
            }
            CHECK_OK(omega_stream_reset(stream));
        }
        CHECK_OK(omega_stream_free(stream));
        free_outputs(&call);
    }
}

static void a_windows_stream_forgets_where_it_started(void) {
    double columns[MOST][N], results[MOST], late[MOST];
    fill(columns);
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        const KernelEntry *entry = &KERNEL[kernel];
        OmegaStream *from_start = stream_of(kernel, entry->options), *from_ten = stream_of(kernel, entry->options);
        for (size_t i = 0; i < N && entry->options.min_periods != 0; i++) {
            push_row(from_start, entry, columns, i, results);
            if (i >= 10) {
                push_row(from_ten, entry, columns, i, late);
            }
            for (size_t column = 0; i > 10 && column < entry->outputs; column++) {
                CHECK(same_double(results[column], late[column]));
            }
        }
        CHECK_OK(omega_stream_free(from_start));
        CHECK_OK(omega_stream_free(from_ten));
    }
}

static void a_wrong_count_is_refused_and_the_row_not_taken(void) {
    double columns[MOST][N], results[MOST], row[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    fill(columns);
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        const KernelEntry *entry = &KERNEL[kernel];
        OmegaStream *stream = stream_of(kernel, entry->options);
        for (size_t count = 0; count < 6; count++) {
            if (count != entry->inputs) {
                CHECK_REFUSED(OMEGA_SIZE_MISMATCH, results,
                              omega_stream_push(stream, row, count, results, entry->outputs));
                CHECK_MESSAGE("inputs is");
            }
            if (count != entry->outputs) {
                CHECK_REFUSED(OMEGA_SIZE_MISMATCH, results,
                              omega_stream_push(stream, row, entry->inputs, results, count));
                CHECK_MESSAGE("outputs is");
                CHECK_REFUSED(OMEGA_SIZE_MISMATCH, results, omega_stream_value(stream, results, count));
                CHECK_MESSAGE("outputs is");
            }
        }
        CHECK_OK(omega_stream_value(stream, results, entry->outputs));
        CHECK(results[0] != results[0]);
        CHECK_OK(omega_stream_free(stream));
    }
}

static void null_arrays_and_handles_are_refused_by_name(void) {
    OmegaKernelOptions options = KERNEL[OMEGA_KERNEL_MEAN].options;
    OmegaStream *stream, *out;
    double x = 1, result;
    CHECK_REFUSED(OMEGA_NULL_POINTER, out, omega_stream_new(OMEGA_KERNEL_MEAN, NULL, &out));
    CHECK_MESSAGE("options");
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_stream_new(OMEGA_KERNEL_MEAN, &options, NULL));
    CHECK_MESSAGE("out");
    stream = stream_of(OMEGA_KERNEL_MEAN, options);
    CHECK_REFUSED(OMEGA_NULL_POINTER, result, omega_stream_push(stream, NULL, 1, &result, 1));
    CHECK_MESSAGE("values");
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_stream_push(stream, &x, 1, NULL, 1));
    CHECK_MESSAGE("results");
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_stream_value(stream, NULL, 1));
    CHECK_MESSAGE("results");
    CHECK_REFUSED(OMEGA_NULL_POINTER, result, omega_stream_push(NULL, &x, 1, &result, 1));
    CHECK_MESSAGE("OmegaStream");
    CHECK_REFUSED(OMEGA_NULL_POINTER, result, omega_stream_value(NULL, &result, 1));
    CHECK_STATUS(OMEGA_NULL_POINTER, omega_stream_reset(NULL));
    CHECK_OK(omega_stream_free(NULL));
    /* None of that was a row. */
    CHECK_OK(omega_stream_push(stream, &x, 1, &result, 1));
    CHECK(result == 1);
    CHECK_OK(omega_stream_free(stream));
}

static void results_that_overlap_values_are_refused(void) {
    OmegaStream *stream = stream_of(OMEGA_KERNEL_BOLLINGER, KERNEL[OMEGA_KERNEL_BOLLINGER].options);
    OmegaStream *corr = stream_of(OMEGA_KERNEL_CORR, KERNEL[OMEGA_KERNEL_CORR].options);
    double arena[5] = {1, 2, 3, 4, 5};
    for (size_t i = 1; i < 4; i++) {
        CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_stream_push(stream, arena + i, 1, arena + 1, 3));
        CHECK_MESSAGE("results overlaps values");
    }
    for (size_t i = 1; i < 3; i++) {
        CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_stream_push(corr, arena + 1, 2, arena + i, 1));
    }
    CHECK(arena[0] == 1 && arena[1] == 2 && arena[2] == 3 && arena[3] == 4 && arena[4] == 5);
    CHECK_OK(omega_stream_push(stream, arena, 1, arena + 1, 3));
    CHECK(arena[0] == 1 && arena[1] == 1);
    CHECK_OK(omega_stream_free(stream));
    CHECK_OK(omega_stream_free(corr));
}

/* Every export that takes a stream, asked with a dead one. */
static void check_dead_everywhere(OmegaStream *dead) {
    double x = 1, result;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, result, omega_stream_push(dead, &x, 1, &result, 1));
    CHECK_MESSAGE("OmegaStream");
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, result, omega_stream_value(dead, &result, 1));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_stream_reset(dead));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_stream_free(dead));
}

static OmegaStream *stream_numbered(uint64_t number) { return (OmegaStream *)(uintptr_t)number; }

static void dead_and_foreign_streams_are_refused_everywhere(void) {
    OmegaKernelOptions options = KERNEL[OMEGA_KERNEL_SUM].options;
    OmegaStream *alive = stream_of(OMEGA_KERNEL_SUM, options), *stale[20];
    OmegaSeries *series = fixture_series(1);
    OmegaSeriesInfo info;
    uint64_t number = (uint64_t)(uintptr_t)alive;
    double x = 1, result;
    for (int i = 0; i < 20; i++) {
        stale[i] = stream_of(OMEGA_KERNEL_SUM, options);
        CHECK_OK(omega_stream_free(stale[i]));
        for (int j = 0; j <= i; j++) {
            check_dead_everywhere(stale[j]);
        }
    }
    for (int bit = 0; bit < 64; bit++) {
        check_dead_everywhere(stream_numbered(number ^ (UINT64_C(1) << bit)));
    }
    check_dead_everywhere((OmegaStream *)(void *)&x);
    check_dead_everywhere(stream_numbered(UINT64_MAX));
    /* A series is no stream, nor the other way round. */
    check_dead_everywhere((OmegaStream *)series);
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, info, omega_series_info((OmegaSeries *)alive, &info));
    CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_series_free((OmegaSeries *)alive));
    CHECK_OK(omega_stream_push(alive, &x, 1, &result, 1));
    CHECK(result == 1);
    CHECK_OK(omega_stream_free(alive));
    fixture_free(series);
}

static void a_kernel_that_is_none_is_refused_with_its_number(void) {
    static const OmegaKernel NONE[] = {-1, KERNELS, INT32_MAX, INT32_MIN};
    OmegaKernelOptions options = KERNEL[OMEGA_KERNEL_SUM].options;
    OmegaStream *out;
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        char value[40];
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_stream_new(NONE[i], &options, &out));
        snprintf(value, sizeof value, "kernel is %d", (int)NONE[i]);
        CHECK_MESSAGE(value);
    }
}

/* Options of a stream, and of columns where the kernel has them: refused by name, nothing made. */
static void refused_option(OmegaKernel kernel, OmegaKernelOptions options, const char *fragment) {
    OmegaStream *out;
    double x[2] = {1, 2}, results[2];
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_stream_new(kernel, &options, &out));
    CHECK_MESSAGE(fragment);
    if (kernel < COLUMN_KERNELS) {
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, results, omega_kernel_columns(kernel, &options, x, 2, 1, results));
        CHECK_MESSAGE(fragment);
    }
}

static void a_field_that_the_kernel_does_not_use_must_be_zero(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        OmegaKernelOptions good = KERNEL[kernel].options, options;
#define UNUSED(field, value)                                                  \
    if (good.field == 0) {                                                    \
        options = good, options.field = (value);                              \
        refused_option(kernel, options, "options." #field " is ");            \
    }
        UNUSED(window, 1)
        UNUSED(min_periods, 1)
        UNUSED(ddof, 1)
        UNUSED(reserved, 1)
        UNUSED(slow, 1)
        UNUSED(signal, 1)
        if (kernel != OMEGA_KERNEL_BOLLINGER) {
            options = good, options.width = 0.5;
            refused_option(kernel, options, "options.width is 0.5");
            options.width = from_bits(UINT64_C(0x7ff8000000000000));
            refused_option(kernel, options, "options.width is NaN");
        }
        if (kernel == OMEGA_KERNEL_TRUE_RANGE || (kernel >= OMEGA_KERNEL_DIFF && kernel <= OMEGA_KERNEL_SHIFT)) {
            options = good, options.nan = OMEGA_NAN_SKIP;
            refused_option(kernel, options, "options.nan is 1");
        } else {
            options = good, options.nan = 2;
            refused_option(kernel, options, "nan is 2");
        }
    }
}

static void a_bad_option_is_refused_with_its_value(void) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        OmegaKernelOptions good = KERNEL[kernel].options, options = good;
        if (good.window != 0) {
            options.window = (size_t)PTRDIFF_MAX + 1;
            /* A shift of any number of rows is defined, but no stream can keep so many. */
            if (kernel != OMEGA_KERNEL_SHIFT) {
                refused_option(kernel, options, "is 9223372036854775808");
                options.window = 0;
                refused_option(kernel, options, "is 0");
            }
        }
        if (good.min_periods != 0) {
            options = good, options.min_periods = 0;
            refused_option(kernel, options, "min_periods is 0");
            options.min_periods = good.window + 1;
            refused_option(kernel, options, "min_periods is 3");
        }
        if (good.slow != 0) {
            options = good, options.slow = 0;
            refused_option(kernel, options, "slow is 0");
            options = good, options.signal = 0;
            refused_option(kernel, options, "signal is 0");
        }
    }
}

static void thousands_of_streams_live_side_by_side(void) {
    enum { MANY = 2000 };
    static OmegaStream *many[MANY];
    double result;
    for (int i = 0; i < MANY; i++) {
        many[i] = stream_of(OMEGA_KERNEL_SUM, KERNEL[OMEGA_KERNEL_SUM].options);
    }
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < MANY; i++) {
            double x = i;
            CHECK_OK(omega_stream_push(many[i], &x, 1, &result, 1));
            CHECK(result == round * x);
        }
    }
    for (int i = 0; i < MANY; i++) {
        CHECK_OK(omega_stream_free(many[(i * 7 + 3) % MANY]));
    }
}

typedef struct {
    OmegaStream *stream;
    int taken, refused, wrong;
} Work;

#ifdef __cplusplus
extern "C" {
#endif

/* Pushes ones into a stream that others push into, too. */
static void *push_into_shared(void *argument) {
    Work *work = (Work *)argument;
    for (int i = 0; i < 20000; i++) {
        double one = 1, result = 0;
        OmegaStatus status = omega_stream_push(work->stream, &one, 1, &result, 1);
        if (status == OMEGA_OK) {
            work->taken++;
            work->wrong += !(result >= work->taken);
        } else {
            work->refused++;
            work->wrong += status != OMEGA_INVALID_STATE || strstr(omega_last_error_message(), "in use") == NULL;
        }
        status = omega_stream_value(work->stream, &result, 1);
        work->wrong += status != OMEGA_OK && status != OMEGA_INVALID_STATE;
        work->wrong += status == OMEGA_OK && work->taken > 0 && !(result >= work->taken);
    }
    return NULL;
}

/* Streams and kernels of its own. */
static void *work_alone(void *argument) {
    Work *work = (Work *)argument;
    double x[N], out[N], result;
    OmegaKernelOptions options = KERNEL[OMEGA_KERNEL_MEAN].options;
    for (size_t i = 0; i < N; i++) {
        x[i] = column_at(0, i);
    }
    for (int round = 0; round < 200; round++) {
        OmegaStream *stream = NULL;
        work->wrong += omega_stream_new(OMEGA_KERNEL_MEAN, &options, &stream) != OMEGA_OK;
        work->wrong += omega_rolling_mean(x, N, 2, 1, OMEGA_NAN_PROPAGATE, out) != OMEGA_OK;
        for (size_t i = 0; i < N; i++) {
            work->wrong += omega_stream_push(stream, x + i, 1, &result, 1) != OMEGA_OK || result != out[i];
        }
        work->wrong += omega_stream_free(stream) != OMEGA_OK;
    }
    return NULL;
}

#ifdef __cplusplus
}
#endif

static void run_threads(void *(*body)(void *), Work *work) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, body, &work[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(work[i].wrong == 0);
    }
}

static void threads_that_share_a_stream_lose_no_row_that_was_taken(void) {
    OmegaKernelOptions options = KERNEL[OMEGA_KERNEL_SUM].options;
    OmegaStream *shared;
    Work work[THREADS];
    double taken = 0, value;
    options.window = 1000000;
    shared = stream_of(OMEGA_KERNEL_SUM, options);
    memset(work, 0, sizeof work);
    for (int i = 0; i < THREADS; i++) {
        work[i].stream = shared;
    }
    run_threads(push_into_shared, work);
    for (int i = 0; i < THREADS; i++) {
        taken += work[i].taken;
        CHECK(work[i].taken + work[i].refused == 20000);
    }
    CHECK_OK(omega_stream_value(shared, &value, 1));
    CHECK(value == taken);
    CHECK_OK(omega_stream_free(shared));
}

static void threads_with_streams_of_their_own_never_meet(void) {
    Work work[THREADS];
    memset(work, 0, sizeof work);
    run_threads(work_alone, work);
}

void suite_streams(void) {
    RUN(every_stream_gives_the_columns_values_and_keeps_the_last);
    RUN(a_windows_stream_forgets_where_it_started);
    RUN(a_wrong_count_is_refused_and_the_row_not_taken);
    RUN(null_arrays_and_handles_are_refused_by_name);
    RUN(results_that_overlap_values_are_refused);
    RUN(dead_and_foreign_streams_are_refused_everywhere);
    RUN(a_kernel_that_is_none_is_refused_with_its_number);
    RUN(a_field_that_the_kernel_does_not_use_must_be_zero);
    RUN(a_bad_option_is_refused_with_its_value);
    RUN(thousands_of_streams_live_side_by_side);
    RUN(threads_that_share_a_stream_lose_no_row_that_was_taken);
    RUN(threads_with_streams_of_their_own_never_meet);
}
