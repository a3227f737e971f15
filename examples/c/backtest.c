/*
 * A Donchian breakout backtest: the same program as in Rust, Julia and Python beside it, to the bit.
 *
 * At every bar, decided at its close, it looks back over the 50 candles before it: long above their
 * highest high, short below their lowest low, out on the opposite extreme of the last 20. It buys at the
 * ask and sells at the bid.
 *
 * cc -std=c11 -O2 backtest.c $(pkg-config --cflags --libs omega_slicer) -o backtest
 * ./backtest BID.csv [ASK.csv] [--symbol S] [--timeframe TF] [--trades FILE]
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, for report.h */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <omega_slicer.h>

#define EXAMPLE "backtest"
#include "report.h"

enum { ENTRY = 50, EXIT = 20, ROUNDS = 3 };
enum { FLAT = 0, LONG = 1, SHORT = -1 };

typedef struct {
    int64_t entry_row, exit_row, side;
    double entry_price, exit_price, profit;
} Trade;

typedef struct {
    Trade *items;
    size_t len, capacity;
} Trades;

/* One bar's closing prices, at which orders are filled. */
typedef struct {
    int64_t row;
    double bid, ask;
} Quote;

static double highest(const double *prices, int64_t len) {
    double high = prices[0];
    for (int64_t i = 1; i < len; i++) {
        high = prices[i] > high ? prices[i] : high;
    }
    return high;
}

static double lowest(const double *prices, int64_t len) {
    double low = prices[0];
    for (int64_t i = 1; i < len; i++) {
        low = prices[i] < low ? prices[i] : low;
    }
    return low;
}

static Trade open_trade(int64_t side, Quote at) {
    return (Trade){.entry_row = at.row, .side = side, .entry_price = side == LONG ? at.ask : at.bid};
}

static void close_trade(Trades *trades, Trade trade, Quote at) {
    trade.exit_row = at.row;
    trade.exit_price = trade.side == LONG ? at.bid : at.ask;
    trade.profit = trade.side == LONG ? trade.exit_price - trade.entry_price : trade.entry_price - trade.exit_price;
    trades->items = room_for_one(trades->items, trades->len, &trades->capacity, sizeof *trades->items);
    trades->items[trades->len++] = trade;
}

/* Walks the bid series bar by bar. Nothing it asks reaches past the bar it stands on. */
static void backtest(const OmegaSeries *bid, const OmegaSeries *ask, Trades *trades) {
    OmegaColumns bids, asks;
    check(omega_series_columns(bid, &bids));
    check(omega_series_columns(ask, &asks));

    trades->len = 0;
    Trade open = {.side = FLAT};
    Quote now = {0};
    for (size_t row = 0; row < bids.len; row++) {
        OmegaRange past;
        check(omega_slicer_get_lookback(bid, bids.timestamp[row], ENTRY, OMEGA_EXCLUDE_CURRENT | OMEGA_PARTIAL, &past));
        int64_t ask_row;
        check(omega_slicer_get_candle_at(ask, bids.timestamp[row], &ask_row));
        if (past.len < ENTRY || ask_row < 0) {
            continue;
        }
        now = (Quote){.row = (int64_t)row, .bid = bids.close[row], .ask = asks.close[ask_row]};
        const double *highs = bids.high + past.start, *lows = bids.low + past.start;

        if ((open.side == LONG && now.bid < lowest(lows + ENTRY - EXIT, EXIT)) ||
            (open.side == SHORT && now.bid > highest(highs + ENTRY - EXIT, EXIT))) {
            close_trade(trades, open, now);
            open.side = FLAT;
        }
        if (open.side == FLAT) {
            if (now.bid > highest(highs, ENTRY)) {
                open = open_trade(LONG, now);
            } else if (now.bid < lowest(lows, ENTRY)) {
                open = open_trade(SHORT, now);
            }
        }
    }
    if (open.side != FLAT) {
        close_trade(trades, open, now);
    }
}

/* SHA-256 over every trade's entry row, exit row, side and profit, eight little-endian bytes each. */
static Sha256 fingerprint_of(const Trades *trades) {
    Sha256 hash = sha256_start();
    for (size_t i = 0; i < trades->len; i++) {
        const Trade *trade = &trades->items[i];
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
    fprintf(out, "entry_row\texit_row\tside\tentry_price\texit_price\tprofit\n");
    for (size_t i = 0; i < trades->len; i++) {
        const Trade *t = &trades->items[i];
        fprintf(out, "%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%.17g\t%.17g\t%.17g\n", t->entry_row, t->exit_row,
                t->side, t->entry_price, t->exit_price, t->profit);
    }
    if (fclose(out) != 0) {
        fail(path, "cannot be written");
    }
}

static bool same(const Trades *a, const Trades *b) {
    return a->len == b->len && (a->len == 0 || memcmp(a->items, b->items, a->len * sizeof *a->items) == 0);
}

int main(int argc, char **argv) {
    const char *files[2] = {NULL, NULL}, *symbol = "", *timeframe = "H1", *trades_path = NULL;
    for (int i = 1, count = 0; i < argc; i++) {
        const char **option = strcmp(argv[i], "--symbol") == 0      ? &symbol
                              : strcmp(argv[i], "--timeframe") == 0 ? &timeframe
                              : strcmp(argv[i], "--trades") == 0    ? &trades_path
                                                                    : NULL;
        if (option != NULL && i + 1 < argc) {
            *option = argv[++i];
        } else if (option == NULL && argv[i][0] != '-' && count < 2) {
            files[count++] = argv[i];
        } else {
            fail(argv[i], "unexpected, or without its value");
        }
    }
    if (files[0] == NULL) {
        fail("usage", "backtest BID.csv [ASK.csv] [--symbol S] [--timeframe TF] [--trades FILE]");
    }

    OmegaSeriesOptions options = {.symbol = symbol, .price_type = OMEGA_PRICE_TYPE_BID};
    check(omega_timeframe_parse(timeframe, &options.timeframe_us));
    OmegaSeries *bid = NULL, *ask = NULL;
    check(omega_series_read_csv(files[0], OMEGA_UNIT_US, &options, &bid));
    if (files[1] != NULL) {
        options.price_type = OMEGA_PRICE_TYPE_ASK;
        check(omega_series_read_csv(files[1], OMEGA_UNIT_US, &options, &ask));
    }

    Trades rounds[ROUNDS] = {{0}};
    double seconds = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds_now();
        backtest(bid, ask != NULL ? ask : bid, &rounds[round]); /* one file alone serves as both sides */
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
    OmegaSeriesInfo info;
    check(omega_series_info(bid, &info));
    Sha256 fingerprint = fingerprint_of(trades);
    report(info.len, trades->len, net, &fingerprint, seconds);
    if (trades_path != NULL) {
        write_trades(trades_path, trades);
    }

    for (int round = 0; round < ROUNDS; round++) {
        free(rounds[round].items);
    }
    check(omega_series_free(ask));
    check(omega_series_free(bid));
    return EXIT_SUCCESS;
}
