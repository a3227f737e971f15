/* Small series to ask questions of: M1, one candle a minute from stamp 0, prices that name
 * their row and column. */
#ifndef OMEGA_TEST_FIXTURE_H
#define OMEGA_TEST_FIXTURE_H

#include "harness.h"

#define MINUTE INT64_C(60000000)

enum { ROWS = 5 };

/* Columns of ROWS rows that live as long as the program, or their first `rows`. */
OmegaColumns fixture_columns(size_t rows);
/* TEST, M1, bid, full check. */
OmegaSeriesOptions fixture_options(void);
/* A series over copies of the columns; freed with fixture_free, which checks that too. */
OmegaSeries *fixture_series(size_t rows);
void fixture_free(OmegaSeries *series);
/* A series of any stamps, whose prices and volumes are all those given. */
OmegaSeries *fixture_stamped(const char *symbol, int64_t timeframe_us, OmegaPriceType side, const int64_t *stamps,
                             const double *prices, size_t rows);

/* Counts how often a release was called, and with which owner. */
typedef struct {
    int calls;
} Owner;
#ifdef __cplusplus
extern "C"
#endif
void count_release(void *owner);

/* A value that the optimiser and the compiler's warnings take for a handle. */
OmegaSeries *handle_of(uint64_t number);
uint64_t number_of(const OmegaSeries *series);

#endif
