/* The example that the tests of the kernels ask about: five rows, their negatives and five bars. */
#ifndef OMEGA_TEST_KERNEL_EXAMPLE_H
#define OMEGA_TEST_KERNEL_EXAMPLE_H

#include <string.h>

#include "kernel_calls.h"

enum { N = 5 };

static const double X[N] = {1, 2, 4, 8, 3};
static const double MINUS_X[N] = {-1, -2, -4, -8, -3};
static const double HIGH[N] = {5, 6, 7, 9, 8};
static const double LOW[N] = {4, 5, 5, 6, 2};
static const double CLOSE[N] = {4.5, 5.5, 6.5, 6.5, 3};

/* A call that asks a kernel about it with good options. */
static inline KernelCall call_of(OmegaKernel kernel) {
    KernelCall call;
    memset(&call, 0, sizeof call);
    call.n = N;
    call.options = KERNEL[kernel].options;
    call.in[0] = KERNEL[kernel].inputs == 3 ? HIGH : X;
    call.in[1] = KERNEL[kernel].inputs == 3 ? LOW : MINUS_X;
    call.in[2] = CLOSE;
    return call;
}

#endif
