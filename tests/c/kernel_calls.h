/* Every kernel behind one signature, so that each test is written once and holds for all. */
#ifndef OMEGA_TEST_KERNEL_CALLS_H
#define OMEGA_TEST_KERNEL_CALLS_H

#include "harness.h"

enum { KERNELS = 22, COLUMN_KERNELS = OMEGA_KERNEL_SHIFT + 1, MOST = 3 };

typedef struct {
    const double *in[MOST];
    size_t n;
    OmegaKernelOptions options;
    double *out[MOST];
} KernelCall;

typedef struct {
    const char *name;
    size_t inputs, outputs;
    /* What messages call the arrays. */
    const char *in[MOST], *out[MOST];
    OmegaStatus (*call)(const KernelCall *call);
    /* Good ones: not 0 where the kernel uses a field, except nan. */
    OmegaKernelOptions options;
} KernelEntry;

/* In the order of OmegaKernel. */
extern const KernelEntry KERNEL[KERNELS];

/* The kernel of this name; ends the program when there is none. */
OmegaKernel kernel_named(const char *name);

/* Room for what a kernel gives: `outputs` arrays of n values each, never written to. */
void make_outputs(KernelCall *call, size_t outputs);
void free_outputs(KernelCall *call);

OmegaStream *stream_of(OmegaKernel kernel, OmegaKernelOptions options);

#endif
