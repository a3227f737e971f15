/*
 * Buying weakness in a rising market, over several timeframes and symbols: the same program as in Rust, Julia and
 * Python.
 *
 * At every bar, decided at its close: the trend is that of the last closed hour, the size of a move that of the
 * last closed quarter; it buys weakness in a rising market and sells strength in a falling one. With one-minute
 * candles the quarters and hours are M15 and H1, made from them; with longer ones, 15 and 60 times as long.
 *
 * cc -std=c11 -O2 trend.c $(pkg-config --cflags --libs omega_slicer) -o trend
 * ./trend BID.csv ASK.csv [BID2.csv ASK2.csv] [--symbol A[,B]] [--timeframe TF] [--trades FILE]
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, for report.h */

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <omega_slicer.h>

#define EXAMPLE "trend"
#include "report.h"

enum { QUARTER = 15, HOUR = 60, ROUNDS = 3, SYMBOLS = 2 }; /* bars */
enum { STRETCH = 60, TREND = 24, RANGE = 14, SWING = 4 };  /* z-score, ema, atr, hours compared */
enum { FLAT = 0, LONG = 1, SHORT = -1 };

typedef struct {
    int64_t symbol, entry_row, exit_row, side;
    double entry_price, exit_price, profit;
} Trade;

typedef struct {
    Trade *items;
    size_t len, capacity;
} Trades;

typedef struct {
    int64_t entry_row, side;
    double entry_price, stop;
} Position;

/* One symbol: its candles in three timeframes, and what is computed from them once. */
typedef struct {
    char name[64];
    OmegaSeries *bid, *ask, *quarters, *hours;
    OmegaSymbolSlice *candles;
    OmegaColumns hour;
    int64_t quarter_us, hour_us;
    double *stretch, *trend, *range;
    int64_t *rows; /* of the bid at each moment */
} Market;

/* Stretch, trend and range at a bar; known is false where one of them is not. */
typedef struct {
    bool known;
    double stretch, size;
    int64_t trend;
} Signal;

static void *memory(size_t count, size_t size) {
    void *items = calloc(count > 0 ? count : 1, size);
    if (items == NULL) {
        fail("memory", "there is none left");
    }
    return items;
}

static void prepare(Market *market) {
    OmegaSeriesInfo info;
    check(omega_series_info(market->bid, &info));
    market->quarter_us = QUARTER * info.timeframe_us;
    market->hour_us = HOUR * info.timeframe_us;
    check(omega_series_resample(market->bid, market->quarter_us, 0, 0, &market->quarters));
    check(omega_series_resample(market->bid, market->hour_us, 0, 0, &market->hours));
    const OmegaSeries *all[] = {market->bid, market->ask, market->quarters, market->hours};
    check(omega_symbol_slice_new(all, sizeof all / sizeof *all, info.timeframe_us, &market->candles));

    OmegaColumns bid, quarter;
    check(omega_series_columns(market->bid, &bid));
    check(omega_series_columns(market->quarters, &quarter));
    check(omega_series_columns(market->hours, &market->hour));
    market->stretch = memory(bid.len, sizeof(double));
    market->trend = memory(market->hour.len, sizeof(double));
    market->range = memory(quarter.len, sizeof(double));
    const size_t period = TREND;
    check(omega_rolling_zscore(bid.close, bid.len, STRETCH, STRETCH, 1, OMEGA_NAN_PROPAGATE, market->stretch));
    check(omega_ema(market->hour.close, market->hour.len, &period, 1, OMEGA_NAN_PROPAGATE, market->trend));
    check(omega_atr(quarter.high, quarter.low, quarter.close, quarter.len, RANGE, OMEGA_NAN_PROPAGATE, market->range));
}

static Signal signal_at(const Market *market, int64_t row) {
    OmegaRange swing;
    int64_t quarter;
    check(omega_symbol_slice_history(market->candles, (size_t)row, market->hour_us, OMEGA_PRICE_TYPE_BID, SWING, &swing));
    check(omega_symbol_slice_latest(market->candles, (size_t)row, market->quarter_us, OMEGA_PRICE_TYPE_BID, &quarter));
    if (swing.len < SWING || quarter < 0) {
        return (Signal){.known = false};
    }
    double first = market->hour.close[swing.start], last = market->hour.close[swing.start + SWING - 1];
    double trend = market->trend[swing.start + SWING - 1];
    Signal seen = {.stretch = market->stretch[row], .size = market->range[quarter]};
    seen.known = !isnan(seen.stretch) && !isnan(seen.size);
    seen.trend = last > trend && last > first ? LONG : last < trend && last < first ? SHORT : FLAT;
    return seen;
}

/* Sells at the bid what was bought, or buys back at the ask. */
static void leave(Trades *trades, int64_t symbol, Position position, int64_t row, double bid, double ask) {
    trades->items = room_for_one(trades->items, trades->len, &trades->capacity, sizeof *trades->items);
    double exit_price = position.side == LONG ? bid : ask;
    double profit = position.side == LONG ? exit_price - position.entry_price : position.entry_price - exit_price;
    trades->items[trades->len++] = (Trade){symbol, position.entry_row, row, position.side, position.entry_price,
                                           exit_price, profit};
}

/* Walks the moments all symbols share. Nothing that is asked reaches past the bar it stands on. */
static void backtest(const Market *markets, size_t count, const OmegaMultiSymbol *moments, size_t len, Trades *trades) {
    Position held[SYMBOLS] = {{.side = FLAT}, {.side = FLAT}};
    trades->len = 0;
    for (size_t moment = 0; moment < len; moment++) {
        for (size_t number = 0; number < count; number++) {
            const Market *market = &markets[number];
            int64_t row = market->rows[moment];
            Signal seen = signal_at(market, row);
            double bid, ask, spread;
            check(omega_multi_symbol_price(moments, moment, market->name, OMEGA_PRICE_BID, &bid));
            check(omega_multi_symbol_price(moments, moment, market->name, OMEGA_PRICE_ASK, &ask));
            check(omega_multi_symbol_spread(moments, moment, market->name, &spread));
            if (!seen.known || isnan(spread)) {
                continue;
            }
            Position *position = &held[number];
            if (position->side != FLAT) {
                bool out = position->side == LONG ? seen.stretch >= 0 || bid <= position->stop
                                                  : seen.stretch <= 0 || ask >= position->stop;
                if (out) {
                    leave(trades, (int64_t)number, *position, row, bid, ask);
                    position->side = FLAT;
                }
            } else if (spread < seen.size) {
                if (seen.trend == LONG && seen.stretch <= -2) {
                    *position = (Position){row, LONG, ask, ask - 3 * seen.size};
                } else if (seen.trend == SHORT && seen.stretch >= 2) {
                    *position = (Position){row, SHORT, bid, bid + 3 * seen.size};
                }
            }
        }
    }
    for (size_t number = 0; number < count && len > 0; number++) {
        if (held[number].side != FLAT) {
            double bid, ask;
            check(omega_multi_symbol_price(moments, len - 1, markets[number].name, OMEGA_PRICE_BID, &bid));
            check(omega_multi_symbol_price(moments, len - 1, markets[number].name, OMEGA_PRICE_ASK, &ask));
            leave(trades, (int64_t)number, held[number], markets[number].rows[len - 1], bid, ask);
        }
    }
}

/* SHA-256 over every trade's symbol, rows, side and profit, eight little-endian bytes each. */
static Sha256 fingerprint_of(const Trades *trades) {
    Sha256 hash = sha256_start();
    for (size_t i = 0; i < trades->len; i++) {
        const Trade *trade = &trades->items[i];
        fingerprint_add(&hash, (uint64_t)trade->symbol);
        fingerprint_add(&hash, (uint64_t)trade->entry_row);
        fingerprint_add(&hash, (uint64_t)trade->exit_row);
        fingerprint_add(&hash, (uint64_t)trade->side);
        fingerprint_add(&hash, bits_of(trade->profit));
    }
    return hash;
}

static void write_trades(const char *path, const Trades *trades) {
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        fail(path, "cannot be written");
    }
    fprintf(out, "symbol\tentry_row\texit_row\tside\tentry_price\texit_price\tprofit\n");
    for (size_t i = 0; i < trades->len; i++) {
        const Trade *t = &trades->items[i];
        fprintf(out, "%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%.17g\t%.17g\t%.17g\n", t->symbol,
                t->entry_row, t->exit_row, t->side, t->entry_price, t->exit_price, t->profit);
    }
    if (fclose(out) != 0) {
        fail(path, "cannot be written");
    }
}

static bool same(const Trades *a, const Trades *b) {
    return a->len == b->len && (a->len == 0 || memcmp(a->items, b->items, a->len * sizeof *a->items) == 0);
}

/* The given names, "A,B", one for each market. */
static void set_names(const char *symbols, Market *markets, size_t count) {
    for (size_t number = 0; number < count; number++) {
        size_t len = strcspn(symbols, ",");
        if (len == 0 || len >= sizeof markets[number].name) {
            fail("--symbol", "a name for each pair of files, with a comma between");
        }
        memcpy(markets[number].name, symbols, len);
        symbols += symbols[len] == ',' ? len + 1 : len;
    }
}

int main(int argc, char **argv) {
    const char *files[2 * SYMBOLS] = {NULL}, *symbols = "A,B", *timeframe = "M1", *trades_path = NULL;
    size_t given = 0;
    for (int i = 1; i < argc; i++) {
        const char **option = strcmp(argv[i], "--symbol") == 0      ? &symbols
                              : strcmp(argv[i], "--timeframe") == 0 ? &timeframe
                              : strcmp(argv[i], "--trades") == 0    ? &trades_path
                                                                    : NULL;
        if (option != NULL && i + 1 < argc) {
            *option = argv[++i];
        } else if (option == NULL && argv[i][0] != '-' && given < 2 * SYMBOLS) {
            files[given++] = argv[i];
        } else {
            fail(argv[i], "unexpected, or without its value");
        }
    }
    if (given == 0 || given % 2 != 0) {
        fail("usage", "trend BID.csv ASK.csv [BID2.csv ASK2.csv] [--symbol A[,B]] [--timeframe TF] [--trades FILE]");
    }

    Market markets[SYMBOLS] = {{.bid = NULL}, {.bid = NULL}};
    const OmegaSeries *series[2 * SYMBOLS];
    size_t count = given / 2;
    set_names(symbols, markets, count);
    for (size_t number = 0; number < count; number++) {
        Market *market = &markets[number];
        OmegaSeriesOptions options = {.symbol = market->name, .price_type = OMEGA_PRICE_TYPE_BID};
        check(omega_timeframe_parse(timeframe, &options.timeframe_us));
        check(omega_series_read_csv(files[2 * number], OMEGA_UNIT_US, &options, &market->bid));
        options.price_type = OMEGA_PRICE_TYPE_ASK;
        check(omega_series_read_csv(files[2 * number + 1], OMEGA_UNIT_US, &options, &market->ask));
        prepare(market);
        series[2 * number] = market->bid;
        series[2 * number + 1] = market->ask;
    }
    OmegaMultiSymbol *moments;
    const int64_t *timeline;
    size_t len;
    check(omega_multi_symbol_new(series, 2 * count, OMEGA_TIMELINE_INTERSECTION, 0, -1, &moments));
    check(omega_multi_symbol_timeline(moments, &timeline, &len));
    for (size_t number = 0; number < count; number++) {
        markets[number].rows = memory(len, sizeof(int64_t));
        check(omega_multi_symbol_rows(moments, 2 * number, markets[number].rows, len));
    }

    Trades rounds[ROUNDS] = {{0}};
    double seconds = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds_now();
        backtest(markets, count, moments, len, &rounds[round]);
        double took = seconds_now() - start;
        seconds = round == 0 || took < seconds ? took : seconds;
        if (!same(&rounds[round], &rounds[0])) {
            fail("rounds", "two of them over the same candles differ");
        }
    }

    const Trades *trades = &rounds[0];
    double net = 0.0;
    for (size_t i = 0; i < trades->len; i++) {
        net += trades->items[i].profit;
    }
    Sha256 fingerprint = fingerprint_of(trades);
    report(len, trades->len, net, &fingerprint, seconds);
    if (trades_path != NULL) {
        write_trades(trades_path, trades);
    }

    for (int round = 0; round < ROUNDS; round++) {
        free(rounds[round].items);
    }
    check(omega_multi_symbol_free(moments));
    for (size_t number = 0; number < count; number++) {
        Market *market = &markets[number];
        check(omega_symbol_slice_free(market->candles));
        check(omega_series_free(market->hours));
        check(omega_series_free(market->quarters));
        check(omega_series_free(market->ask));
        check(omega_series_free(market->bid));
        free(market->stretch);
        free(market->trend);
        free(market->range);
        free(market->rows);
    }
    return EXIT_SUCCESS;
}
