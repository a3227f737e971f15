#include "kernel_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X call->in[0]
#define Y call->in[1]
#define BARS call->in[0], call->in[1], call->in[2]
#define N call->n
#define WINDOW call->options.window, call->options.min_periods
#define PERIOD call->options.window
#define DDOF call->options.ddof
#define NAN_POLICY call->options.nan
#define OUT call->out[0]
#define THREE call->out[0], call->out[1], call->out[2]

/* One adapter for each kernel: CALL(sum, omega_rolling_sum(...)). */
#define CALL(name, ...) \
    static OmegaStatus call_##name(const KernelCall *call) { return __VA_ARGS__; }

CALL(sum, omega_rolling_sum(X, N, WINDOW, NAN_POLICY, OUT))
CALL(mean, omega_rolling_mean(X, N, WINDOW, NAN_POLICY, OUT))
CALL(var, omega_rolling_var(X, N, WINDOW, DDOF, NAN_POLICY, OUT))
CALL(std, omega_rolling_std(X, N, WINDOW, DDOF, NAN_POLICY, OUT))
CALL(zscore, omega_rolling_zscore(X, N, WINDOW, DDOF, NAN_POLICY, OUT))
CALL(min, omega_rolling_min(X, N, WINDOW, NAN_POLICY, OUT))
CALL(max, omega_rolling_max(X, N, WINDOW, NAN_POLICY, OUT))
CALL(argmin, omega_rolling_argmin(X, N, WINDOW, NAN_POLICY, OUT))
CALL(argmax, omega_rolling_argmax(X, N, WINDOW, NAN_POLICY, OUT))
CALL(ema, omega_ema(X, N, &PERIOD, 1, NAN_POLICY, OUT))
CALL(wilder, omega_wilder(X, N, PERIOD, NAN_POLICY, OUT))
CALL(rsi, omega_rsi(X, N, PERIOD, NAN_POLICY, OUT))
CALL(diff, omega_diff(X, N, PERIOD, OUT))
CALL(returns, omega_returns(X, N, PERIOD, OUT))
CALL(log_returns, omega_log_returns(X, N, PERIOD, OUT))
CALL(shift, omega_shift(X, N, PERIOD, OUT))
CALL(cov, omega_rolling_cov(X, Y, N, WINDOW, DDOF, NAN_POLICY, OUT))
CALL(corr, omega_rolling_corr(X, Y, N, WINDOW, DDOF, NAN_POLICY, OUT))
CALL(true_range, omega_true_range(BARS, N, OUT))
CALL(atr, omega_atr(BARS, N, PERIOD, NAN_POLICY, OUT))
CALL(macd, omega_macd(X, N, PERIOD, call->options.slow, call->options.signal, NAN_POLICY, THREE))
CALL(bollinger, omega_bollinger(X, N, WINDOW, DDOF, call->options.width, NAN_POLICY, THREE))

/* window, min_periods, ddof, nan, reserved, slow, signal, width */
#define IN_WINDOW {2, 1, 0, 0, 0, 0, 0, 0.0}
#define WITH_DDOF {2, 1, 1, 0, 0, 0, 0, 0.0}
#define WITH_PERIOD {2, 0, 0, 0, 0, 0, 0, 0.0}
#define ONE(name, options) {#name, 1, 1, {"x", "", ""}, {"out", "", ""}, call_##name, options}
#define TWO(name, options) {#name, 2, 1, {"x", "y", ""}, {"out", "", ""}, call_##name, options}
#define OF_BARS(name, ...) {#name, 3, 1, {"high", "low", "close"}, {"out", "", ""}, call_##name, __VA_ARGS__}

const KernelEntry KERNEL[KERNELS] = {
    ONE(sum, IN_WINDOW),
    ONE(mean, IN_WINDOW),
    ONE(var, WITH_DDOF),
    ONE(std, WITH_DDOF),
    ONE(zscore, WITH_DDOF),
    ONE(min, IN_WINDOW),
    ONE(max, IN_WINDOW),
    ONE(argmin, IN_WINDOW),
    ONE(argmax, IN_WINDOW),
    ONE(ema, WITH_PERIOD),
    ONE(wilder, WITH_PERIOD),
    ONE(rsi, WITH_PERIOD),
    ONE(diff, WITH_PERIOD),
    ONE(returns, WITH_PERIOD),
    ONE(log_returns, WITH_PERIOD),
    ONE(shift, WITH_PERIOD),
    TWO(cov, WITH_DDOF),
    TWO(corr, WITH_DDOF),
    OF_BARS(true_range, {0, 0, 0, 0, 0, 0, 0, 0.0}),
    OF_BARS(atr, WITH_PERIOD),
    {"macd", 1, 3, {"x", "", ""}, {"macd", "signal_line", "histogram"}, call_macd, {2, 0, 0, 0, 0, 3, 1, 0.0}},
    {"bollinger", 1, 3, {"x", "", ""}, {"middle", "upper", "lower"}, call_bollinger, {2, 1, 1, 0, 0, 0, 0, 2.0}},
};

OmegaKernel kernel_named(const char *name) {
    for (OmegaKernel kernel = 0; kernel < KERNELS; kernel++) {
        if (strcmp(KERNEL[kernel].name, name) == 0) {
            return kernel;
        }
    }
    fprintf(stderr, "no kernel is called %s\n", name);
    exit(EXIT_FAILURE);
}

void make_outputs(KernelCall *call, size_t outputs) {
    for (size_t i = 0; i < outputs; i++) {
        /* Not zeroed: Valgrind sees what a kernel has not written. */
        call->out[i] = (double *)malloc((call->n > 0 ? call->n : 1) * sizeof(double));
        if (call->out[i] == NULL) {
            exit(EXIT_FAILURE);
        }
    }
}

void free_outputs(KernelCall *call) {
    for (size_t i = 0; i < MOST; i++) {
        free(call->out[i]);
        call->out[i] = NULL;
    }
}

OmegaStream *stream_of(OmegaKernel kernel, OmegaKernelOptions options) {
    OmegaStream *stream = NULL;
    CHECK_OK(omega_stream_new(kernel, &options, &stream));
    CHECK(stream != NULL);
    return stream;
}
