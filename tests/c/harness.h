/* A test harness of one page: checks that do not stop, tests that count, and a last line. */
#ifndef OMEGA_TEST_HARNESS_H
#define OMEGA_TEST_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "omega_slicer.h"

typedef void (*TestBody)(void);

/* Before the first test: a program that dies says in which test. */
void harness_start(void);

/* Runs one test; its name states the law it checks. */
#define RUN(test) harness_run(#test, test)
void harness_run(const char *name, TestBody body);

/* The same for a case of a table: everything checked in between belongs to `name`. */
void harness_begin(const char *name);
void harness_end(void);
void harness_skip(size_t count, const char *what, const char *why);

/* Prints "N passed, N failed[, N skipped]" and gives the exit code. */
int harness_finish(void);

void harness_fail(const char *file, int line, const char *what);
void harness_status(const char *file, int line, const char *call, OmegaStatus expected, OmegaStatus got);
void harness_message(const char *file, int line, const char *fragment);

#define CHECK(condition) \
    ((condition) ? (void)0 : harness_fail(__FILE__, __LINE__, #condition))
#define CHECK_STATUS(expected, call) harness_status(__FILE__, __LINE__, #call, (expected), (call))
#define CHECK_OK(call) CHECK_STATUS(OMEGA_OK, call)
/* The last failure's message on this thread contains `fragment`. */
#define CHECK_MESSAGE(fragment) harness_message(__FILE__, __LINE__, (fragment))

/* The call fails with this status and leaves every byte of `out`, a variable, as it was. */
#define CHECK_REFUSED(expected, out, call)                     \
    do {                                                       \
        mark_bytes(&(out), sizeof(out));                       \
        CHECK_STATUS((expected), (call));                      \
        CHECK(bytes_are_marked(&(out), sizeof(out)));          \
    } while (0)

void mark_bytes(void *memory, size_t size);
int bytes_are_marked(const void *memory, size_t size);

/* Doubles are compared by their bits; any NaN equals any NaN. */
uint64_t bits_of(double value);
double from_bits(uint64_t bits);
int same_double(double a, double b);

/* malloc that ends the program when there is no memory, and gives one byte for none. */
void *allocate(size_t count, size_t size);

#endif
