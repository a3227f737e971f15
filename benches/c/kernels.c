/* The kernels through the C ABI: one of the contenders of benches/run.py, which asks each in turn.
 *
 * Questions are lines on standard input, their words apart by tabs, each answered by one line:
 * "time kernel window c repeats" by the nanoseconds per row of the fastest of so many runs on the series `plain`, and
 * "answer series kernel window c file" by "ok" once the values of the rows that FOLDER/rows.i64 names are in the file.
 * Anything else, and any status but OMEGA_OK, ends the program with 1. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "omega_slicer.h"

#define WORDS 6

typedef struct {
    double *x, *y, *high, *low;
    size_t rows;
} Series;

static void fail(const char *what) {
    fprintf(stderr, "benches/c/kernels.c: %s\n", what);
    exit(1);
}

/* A file of eight bytes a value. */
static void *contents(const char *folder, const char *name, size_t *count) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        fail("a path too long");
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fail(path);
    }
    long bytes = ftell(file);
    void *values = bytes > 0 ? malloc((size_t)bytes) : NULL;
    rewind(file);
    if (values == NULL || fread(values, 1, (size_t)bytes, file) != (size_t)bytes || fclose(file) != 0) {
        fail(path);
    }
    *count = (size_t)bytes / 8;
    return values;
}

static Series series(const char *folder, const char *name) {
    Series read;
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        fail("a path too long");
    }
    read.x = contents(path, "x.f64", &read.rows);
    read.y = contents(path, "y.f64", &read.rows);
    read.high = contents(path, "high.f64", &read.rows);
    read.low = contents(path, "low.f64", &read.rows);
    return read;
}

static OmegaStatus compute(const char *kernel, size_t w, const Series *s, double *out) {
    const size_t n = s->rows;
    const double *x = s->x, *y = s->y;
    static const size_t eight[] = {5, 8, 13, 21, 34, 55, 89, 144};
#define IS(name) (strcmp(kernel, name) == 0)
    if (IS("sum")) return omega_rolling_sum(x, n, w, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("mean")) return omega_rolling_mean(x, n, w, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("var")) return omega_rolling_var(x, n, w, w, 1, OMEGA_NAN_PROPAGATE, out);
    if (IS("std")) return omega_rolling_std(x, n, w, w, 1, OMEGA_NAN_PROPAGATE, out);
    if (IS("zscore")) return omega_rolling_zscore(x, n, w, w, 1, OMEGA_NAN_PROPAGATE, out);
    if (IS("min")) return omega_rolling_min(x, n, w, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("max")) return omega_rolling_max(x, n, w, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("argmin")) return omega_rolling_argmin(x, n, w, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("argmax")) return omega_rolling_argmax(x, n, w, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("cov")) return omega_rolling_cov(x, y, n, w, w, 1, OMEGA_NAN_PROPAGATE, out);
    if (IS("corr")) return omega_rolling_corr(x, y, n, w, w, 1, OMEGA_NAN_PROPAGATE, out);
    if (IS("bollinger")) return omega_bollinger(x, n, w, w, 1, 2.0, OMEGA_NAN_PROPAGATE, out, out + n, out + 2 * n);
    if (IS("ema")) return omega_ema(x, n, &w, 1, OMEGA_NAN_PROPAGATE, out);
    if (IS("ema_8_periods")) return omega_ema(x, n, eight, 8, OMEGA_NAN_PROPAGATE, out);
    if (IS("wilder")) return omega_wilder(x, n, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("rsi")) return omega_rsi(x, n, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("atr")) return omega_atr(s->high, s->low, x, n, w, OMEGA_NAN_PROPAGATE, out);
    if (IS("macd")) return omega_macd(x, n, w / 2, w, w / 3, OMEGA_NAN_PROPAGATE, out, out + n, out + 2 * n);
    if (IS("true_range")) return omega_true_range(s->high, s->low, x, n, out);
    if (IS("diff")) return omega_diff(x, n, w, out);
    if (IS("returns")) return omega_returns(x, n, w, out);
    if (IS("log_returns")) return omega_log_returns(x, n, w, out);
    if (IS("shift")) return omega_shift(x, n, w, out);
    fail(kernel);
    return OMEGA_INTERNAL_ERROR;
}

static void demand(OmegaStatus status) {
    if (status != OMEGA_OK) {
        fail(omega_last_error_message());
    }
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The words of a line, cut apart in place. */
static int split(char *line, char *words[WORDS]) {
    int count = 0;
    for (char *word = strtok(line, "\t\n"); word != NULL && count < WORDS; word = strtok(NULL, "\t\n")) {
        words[count++] = word;
    }
    return count;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fail("wants one argument, the folder of the series");
    }
    size_t sampled;
    const Series plain = series(argv[1], "plain"), tick = series(argv[1], "tick");
    const int64_t *rows = contents(argv[1], "rows.i64", &sampled);
    double *out = calloc(8 * plain.rows, sizeof *out), *sample = malloc(sampled * sizeof *sample);
    if (out == NULL || sample == NULL) {
        fail("out of memory");
    }
    memset(out, 0xFF, 8 * plain.rows * sizeof *out); /* touched before it is timed */
    char line[8192], *words[WORDS];
    while (fgets(line, sizeof line, stdin) != NULL) {
        int count = split(line, words);
        if (count == 5 && strcmp(words[0], "time") == 0) {
            double least = -1.0;
            for (int left = atoi(words[4]); left > 0; left--) {
                double start = now_ns();
                demand(compute(words[1], (size_t)atoll(words[2]), &plain, out));
                double taken = now_ns() - start;
                least = least < 0.0 || taken < least ? taken : least;
            }
            printf("%.6f\n", least / (double)plain.rows);
        } else if (count == 6 && strcmp(words[0], "answer") == 0) {
            demand(compute(words[2], (size_t)atoll(words[3]), strcmp(words[1], "tick") == 0 ? &tick : &plain, out));
            for (size_t i = 0; i < sampled; i++) {
                sample[i] = out[rows[i]];
            }
            FILE *file = fopen(words[5], "wb");
            if (file == NULL || fwrite(sample, sizeof *sample, sampled, file) != sampled || fclose(file) != 0) {
                fail(words[5]);
            }
            puts("ok");
        } else {
            fail("not a question");
        }
        fflush(stdout);
    }
    return 0;
}
