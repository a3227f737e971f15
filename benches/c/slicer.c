/* Nanoseconds per question, and per 200 rows as Arrow, through the C ABI, on the same 1,000,000 one-minute candles as benches/slicer.rs.
 *
 * Prints lines "c<TAB>name<TAB>nanoseconds": the median over rounds, and the number of allocations while the
 * questions were asked. Nothing is checked but statuses. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "omega_slicer.h"

#define ROWS ((size_t)1000000)
#define QUESTIONS ((size_t)100000)
#define ROUNDS 15
#define MINUTE INT64_C(60000000)

static uint64_t state;

/* The library's calls of these end here, too: whoever stands first in a process defines them for all. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);

static size_t allocations;

void *malloc(size_t bytes) {
    allocations++;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
    allocations++;
    return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes) {
    allocations++;
    return __libc_realloc(block, bytes);
}

static uint64_t below(uint64_t bound) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545F4914F6CDD1D) % bound;
}

static void demand(OmegaStatus status, const char *what) {
    if (status != OMEGA_OK) {
        fprintf(stderr, "%s: %d %s\n", what, (int)status, omega_last_error_message());
        exit(1);
    }
}

static void *memory(size_t bytes) {
    void *block = malloc(bytes);
    if (block == NULL) {
        fprintf(stderr, "out of memory: %zu bytes\n", bytes);
        exit(1);
    }
    return block;
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int ascending_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, double *rounds, size_t questions) {
    qsort(rounds, ROUNDS, sizeof *rounds, ascending_double);
    printf("c\t%s\t%.3f\n", name, rounds[ROUNDS / 2] / (double)questions);
}

/* One call per time; the sum keeps the answers from being thrown away. */
static void ask_each(const char *name, const OmegaSeries *series, const int64_t *times, size_t count) {
    double rounds[ROUNDS];
    int64_t sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        for (size_t i = 0; i < count; i++) {
            OmegaRange range;
            if (omega_slicer_get_lookback(series, times[i], 200, 0, &range) != OMEGA_OK) {
                demand(OMEGA_INTERNAL_ERROR, name);
            }
            sum += range.start;
        }
        rounds[round] = now_ns() - start;
    }
    if (sum < 0) {
        puts("");
    }
    report(name, rounds, count);
}

/* The last 200 rows as Arrow, and released again, as a consumer of each bar would. */
static void export_each(const char *name, const OmegaSeries *series, const int64_t *times, size_t count) {
    double rounds[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        for (size_t i = 0; i < count; i++) {
            OmegaRange range;
            struct ArrowArray array;
            struct ArrowSchema schema;
            if (omega_slicer_get_lookback(series, times[i], 200, 0, &range) != OMEGA_OK ||
                omega_candles_export(series, range, &array, &schema) != OMEGA_OK || array.length != 200) {
                demand(OMEGA_INTERNAL_ERROR, name);
            }
            array.release(&array);
            schema.release(&schema);
        }
        rounds[round] = now_ns() - start;
    }
    report(name, rounds, count);
}

int main(void) {
    int64_t *stamps = memory(ROWS * sizeof *stamps), *times = memory(QUESTIONS * sizeof *times);
    double *prices = memory(ROWS * sizeof *prices), rounds[ROUNDS];
    OmegaRange *ranges = memory(QUESTIONS * sizeof *ranges);
    int64_t minute = 0;
    setvbuf(stdout, NULL, _IONBF, 0); /* or printing would count as an allocation */
    state = 7;
    for (size_t i = 0; i < ROWS; i++) {
        minute += below(300) == 0 ? 2 + (int64_t)below(4) : 1;
        if (minute % (7 * 1440) >= 5 * 1440) {
            minute += 2 * 1440;
        }
        stamps[i] = minute * MINUTE;
        prices[i] = 1.1;
    }
    OmegaColumns columns = {stamps, prices, prices, prices, prices, NULL, ROWS};
    OmegaSeriesOptions options = {"SYNTH", MINUTE, OMEGA_PRICE_TYPE_BID, OMEGA_CHECK_FULL, 0, 0};
    OmegaSeries *series = NULL;
    demand(omega_series_new_borrowed(&columns, &options, NULL, NULL, &series), "omega_series_new_borrowed");

    state = 13;
    for (size_t i = 0; i < QUESTIONS; i++) {
        times[i] = stamps[200] + (int64_t)below((uint64_t)(stamps[ROWS - 1] - stamps[200]));
    }
    omega_slicer_get_lookback(series, stamps[300], 200, 0, ranges); /* builds the index */
    size_t before = allocations;
    ask_each("sequential/get_lookback", series, stamps + 200, ROWS - 200);
    size_t during = allocations - before;
    ask_each("random/get_lookback", series, times, QUESTIONS);
    qsort(times, QUESTIONS, sizeof *times, ascending_time);
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        demand(omega_slicer_get_lookbacks(series, times, QUESTIONS, 200, 0, ranges), "omega_slicer_get_lookbacks");
        rounds[round] = now_ns() - start;
    }
    report("batch/get_lookbacks", rounds, QUESTIONS);

    printf("c\tmemory/allocations of a lookback\t%zu\n", during);

    export_each("arrow/lookback_200", series, stamps + 200, QUESTIONS);

    demand(omega_series_free(series), "omega_series_free");
    free(ranges);
    free(prices);
    free(times);
    free(stamps);
    return 0;
}
