#include "fixture.h"

static const int64_t TIMESTAMP[ROWS] = {0, MINUTE, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE};
static const double OPEN[ROWS] = {1.0, 1.1, 1.2, 1.3, 1.4};
static const double HIGH[ROWS] = {2.0, 2.1, 2.2, 2.3, 2.4};
static const double LOW[ROWS] = {0.5, 0.6, 0.7, 0.8, 0.9};
static const double CLOSE[ROWS] = {1.05, 1.15, 1.25, 1.35, 1.45};
static const double VOLUME[ROWS] = {10.0, 11.0, 12.0, 13.0, 14.0};

OmegaColumns fixture_columns(size_t rows) {
    OmegaColumns columns;
    columns.timestamp = TIMESTAMP;
    columns.open = OPEN;
    columns.high = HIGH;
    columns.low = LOW;
    columns.close = CLOSE;
    columns.volume = VOLUME;
    columns.len = rows;
    return columns;
}

OmegaSeriesOptions fixture_options(void) {
    OmegaSeriesOptions options;
    options.symbol = "TEST";
    options.timeframe_us = MINUTE;
    options.price_type = OMEGA_PRICE_TYPE_BID;
    options.check = OMEGA_CHECK_FULL;
    options.flags = 0;
    options.reserved = 0;
    return options;
}

OmegaSeries *fixture_series(size_t rows) {
    OmegaColumns columns = fixture_columns(rows);
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = NULL;
    CHECK_OK(omega_series_new(&columns, &options, &series));
    CHECK(series != NULL);
    return series;
}

void fixture_free(OmegaSeries *series) { CHECK_OK(omega_series_free(series)); }

OmegaSeries *fixture_stamped(const char *symbol, int64_t timeframe_us, OmegaPriceType side, const int64_t *stamps,
                             const double *prices, size_t rows) {
    OmegaColumns columns;
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *series = NULL;
    columns.timestamp = stamps;
    columns.open = columns.high = columns.low = columns.close = columns.volume = prices;
    columns.len = rows;
    options.symbol = symbol;
    options.timeframe_us = timeframe_us;
    options.price_type = side;
    options.check = OMEGA_CHECK_ORDER;
    CHECK_OK(omega_series_new(&columns, &options, &series));
    return series;
}

void count_release(void *owner) { ((Owner *)owner)->calls++; }

OmegaSeries *handle_of(uint64_t number) { return (OmegaSeries *)(uintptr_t)number; }

uint64_t number_of(const OmegaSeries *series) { return (uint64_t)(uintptr_t)series; }
