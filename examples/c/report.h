/*
 * What the examples beside it share that is no trading: ending with a reason, room for trades, the clock, and the
 * lines and the fingerprint by which the programs of all languages are compared.
 *
 * EXAMPLE is the program's name, defined before this is included.
 */
#ifndef EXAMPLE_REPORT_H
#define EXAMPLE_REPORT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <omega_slicer.h>

#include "sha256.h"

static inline void fail(const char *what, const char *why) {
    fprintf(stderr, EXAMPLE ": %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

/* Ends the program unless a call succeeded. */
static inline void check(OmegaStatus status) {
    if (status != OMEGA_OK) {
        fail(omega_status_name(status), omega_last_error_message());
    }
}

/* The items, in a larger place if there was no room for one more. */
static inline void *room_for_one(void *items, size_t len, size_t *capacity, size_t size) {
    if (len < *capacity) {
        return items;
    }
    *capacity = *capacity > 0 ? 2 * *capacity : 64;
    items = realloc(items, *capacity * size);
    if (items == NULL) {
        fail("trades", "out of memory");
    }
    return items;
}

static inline double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Adds eight bytes to a fingerprint, little-endian on every machine. */
static inline void fingerprint_add(Sha256 *fingerprint, uint64_t bits) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(bits >> (8 * i));
    }
    sha256_add(fingerprint, bytes, sizeof bytes);
}

/* What every program prints; `fingerprint` ends with it. */
static inline void report(size_t bars, size_t trades, double net, Sha256 *fingerprint, double seconds) {
    unsigned char digest[SHA256_DIGEST];
    sha256_finish(fingerprint, digest);
    printf("language c\nbackend native\nbars %zu\ntrades %zu\n", bars, trades);
    printf("net %.10f\nnet_bits %016" PRIx64 "\nfingerprint ", net, bits_of(net));
    for (size_t i = 0; i < sizeof digest; i++) {
        printf("%02x", digest[i]);
    }
    printf("\nseconds %.9f\n", seconds);
}

#endif
