/* What a stranger would write against the installed library. */
#include <omega_slicer.h>
#include <stdio.h>

int main(void) {
    const int64_t timestamp[2] = {0, 3600000000};
    const double price[2] = {1.25, 1.5};
    OmegaColumns columns;
    OmegaSeriesOptions options;
    OmegaSeries *series = NULL;
    OmegaRange range = {-1, -1};
    columns.timestamp = timestamp;
    columns.open = columns.high = columns.low = columns.close = price;
    columns.volume = NULL;
    columns.len = 2;
    options.symbol = "EURUSD";
    options.timeframe_us = 3600000000;
    options.price_type = OMEGA_PRICE_TYPE_BID;
    options.check = OMEGA_CHECK_FULL;
    options.flags = options.reserved = 0;
    if (omega_abi_version() != OMEGA_ABI_VERSION || omega_series_new(&columns, &options, &series) != OMEGA_OK ||
        omega_slicer_get_lookback(series, 3600000000, 2, 0, &range) != OMEGA_OK ||
        omega_series_free(series) != OMEGA_OK) {
        fprintf(stderr, "%s\n", omega_last_error_message());
        return 1;
    }
    return range.start == 0 && range.len == 2 ? 0 : 1;
}
