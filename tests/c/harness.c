#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MARK = 0xA5, FAILURES_SHOWN = 60 };

static const char *current = "";
static size_t failed_checks, passed, failed, skipped, shown;

static void report(const char *file, int line, const char *what, const char *more) {
    failed_checks++;
    if (shown++ < FAILURES_SHOWN) {
        fprintf(stderr, "FAILED %s\n    %s:%d: %s%s\n", current, file, line, what, more);
    }
}

#ifdef __cplusplus
extern "C" {
#endif
/* Says which test it was and dies as it would have: the exit status stays true. */
static void died(int signal_number) {
    static const char before[] = "DIED in ";
    if (write(STDERR_FILENO, before, sizeof before - 1) < 0 || write(STDERR_FILENO, current, strlen(current)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0) {
        /* Nobody to tell. */
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}
#ifdef __cplusplus
}
#endif

void harness_start(void) {
    static const int DEADLY[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
    for (size_t i = 0; i < sizeof DEADLY / sizeof *DEADLY; i++) {
        signal(DEADLY[i], died);
    }
}

void harness_begin(const char *name) {
    current = name;
    failed_checks = 0;
}

void harness_end(void) {
    if (failed_checks == 0) {
        passed++;
    } else {
        failed++;
    }
}

void harness_run(const char *name, TestBody body) {
    harness_begin(name);
    body();
    harness_end();
}

void harness_skip(size_t count, const char *what, const char *why) {
    skipped += count;
    fprintf(stderr, "SKIPPED %zu %s: %s\n", count, what, why);
}

int harness_finish(void) {
    if (shown > FAILURES_SHOWN) {
        fprintf(stderr, "... and %zu more failed checks\n", shown - FAILURES_SHOWN);
    }
    printf("%zu passed, %zu failed", passed, failed);
    if (skipped > 0) {
        printf(", %zu skipped", skipped);
    }
    printf("\n");
    /* A run that tested nothing has not passed. */
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void harness_fail(const char *file, int line, const char *what) { report(file, line, what, ""); }

void harness_status(const char *file, int line, const char *call, OmegaStatus expected, OmegaStatus got) {
    char more[400];
    if (expected == got) {
        return;
    }
    snprintf(more, sizeof more, "\n    gave %" PRId32 " instead of %" PRId32 ": %s", got, expected,
             got == OMEGA_OK ? "" : omega_last_error_message());
    report(file, line, call, more);
}

void harness_message(const char *file, int line, const char *fragment) {
    const char *message = omega_last_error_message();
    char more[400];
    if (strstr(message, fragment) != NULL) {
        return;
    }
    snprintf(more, sizeof more, " is not in the message: %s", message);
    report(file, line, fragment, more);
}

void mark_bytes(void *memory, size_t size) { memset(memory, MARK, size); }

int bytes_are_marked(const void *memory, size_t size) {
    const unsigned char *bytes = (const unsigned char *)memory;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != MARK) {
            return 0;
        }
    }
    return 1;
}

uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int is_nan(double value) { return (bits_of(value) & 0x7fffffffffffffffu) > 0x7ff0000000000000u; }

int same_double(double a, double b) { return bits_of(a) == bits_of(b) || (is_nan(a) && is_nan(b)); }

void *allocate(size_t count, size_t size) {
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}
