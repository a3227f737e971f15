/* No answer knows the future: garbage in every row that closes after the decision time (for questions by stamp:
 * that is stamped after it) changes no byte. Tried, too, on a look-ahead made on purpose. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

enum { BARS = 60, FIVES = 14, BYTES = 1 << 16 };
static int64_t bid_stamps[BARS], ask_stamps[BARS], five_stamps[FIVES];

/* The three series, up to a time the truth and from then on garbage. */
typedef struct {
    OmegaSeries *bid, *ask, *five;
    size_t bars;
} World;

/* What was answered, byte by byte. */
typedef struct {
    unsigned char bytes[BYTES];
    size_t used;
} Answers;

static void note(Answers *answers, const void *value, size_t size) {
    if (answers->used + size > BYTES) {
        CHECK(!"room for every answer");
        return;
    }
    memcpy(answers->bytes + answers->used, value, size);
    answers->used += size;
}
#define NOTE(answers, value) note(answers, &(value), sizeof(value))

static int same_answers(const Answers *a, const Answers *b) {
    return a->used == b->used && memcmp(a->bytes, b->bytes, a->used) == 0;
}

/* Rows are told where stamp + delay <= now; the first `kept` keep their stamps at least. With garbage there are
 * half as many rows behind, with other prices at other times. */
static OmegaSeries *half_told(int64_t timeframe_us, OmegaPriceType side, const int64_t *stamps, size_t rows,
                              int64_t now, int64_t delay, size_t kept, size_t *len) {
    int64_t given[BARS];
    double prices[BARS];
    size_t told = 0, count, row;
    while (told < rows && stamps[told] + delay <= now) {
        told++;
    }
    count = told + (rows - told + 1) / 2;
    count = count < kept ? kept : count;
    for (row = 0; row < count; row++) {
        if (row < told || row < kept) {
            given[row] = stamps[row];
        } else {
            int64_t next = now - delay + 1;
            given[row] = row > 0 && given[row - 1] >= next ? given[row - 1] + 12345 : next;
        }
        prices[row] = row < told ? 1.0 + (double)row : -7e9 * (double)(row + 1);
    }
    if (len != NULL) {
        *len = count;
    }
    return fixture_stamped("TEST", timeframe_us, side, given, prices, count);
}

static World world_at(int64_t now, int closed, size_t kept) {
    World world;
    world.bid = half_told(MINUTE, OMEGA_PRICE_TYPE_BID, bid_stamps, BARS, now, closed ? MINUTE : 0, kept, &world.bars);
    world.ask = half_told(MINUTE, OMEGA_PRICE_TYPE_ASK, ask_stamps, BARS, now, closed ? MINUTE : 0, 0, NULL);
    world.five = half_told(5 * MINUTE, OMEGA_PRICE_TYPE_BID, five_stamps, FIVES, now, closed ? 5 * MINUTE : 0, 0, NULL);
    return world;
}

/* Everything is told long after the last row. */
static World the_truth(void) { return world_at(bid_stamps[BARS - 1] + 1000 * MINUTE, 1, 0); }

static void free_world(World world) {
    fixture_free(world.bid);
    fixture_free(world.ask);
    fixture_free(world.five);
}

static void note_candle(Answers *answers, const OmegaSeries *series, int64_t row) {
    OmegaCandle candle;
    NOTE(answers, row);
    if (row >= 0) {
        CHECK_OK(omega_series_candle(series, (size_t)row, &candle));
        NOTE(answers, candle);
    }
}

static void note_range(Answers *answers, const OmegaSeries *series, OmegaRange range) {
    NOTE(answers, range);
    for (int64_t row = range.start; row < range.start + range.len; row++) {
        note_candle(answers, series, row);
    }
}

static void ask_align(Answers *answers, const World *world, size_t bar, OmegaDecision decision, OmegaStamps stamps) {
    static const int64_t LIMITS[3] = {-1, 0, 7};
    int64_t rows[BARS];
    for (int i = 0; i < 3; i++) {
        CHECK_OK(omega_align(world->bid, world->five, decision, stamps, LIMITS[i], rows, world->bars));
        note(answers, rows, (bar + 1) * sizeof *rows);
        CHECK_OK(omega_align(world->bid, world->ask, decision, stamps, LIMITS[i], rows, world->bars));
        note(answers, rows, (bar + 1) * sizeof *rows);
    }
}

static void ask_walk(Answers *answers, const World *world, size_t bar) {
    static const size_t LENGTHS[3] = {1, 4, 100};
    const OmegaSeries *given[3];
    OmegaSymbolSlice *slice = NULL;
    int64_t row, decision;
    given[0] = world->bid, given[1] = world->ask, given[2] = world->five;
    CHECK_OK(omega_symbol_slice_new(given, 3, MINUTE, &slice));
    CHECK_OK(omega_symbol_slice_decision_time(slice, bar, &decision));
    NOTE(answers, decision);
    for (int i = 0; i < 3; i++) {
        int64_t timeframe = i == 2 ? 5 * MINUTE : MINUTE;
        OmegaPriceType side = i == 1 ? OMEGA_PRICE_TYPE_ASK : OMEGA_PRICE_TYPE_BID;
        size_t start = bar < 3 ? 0 : bar - 3;
        CHECK_OK(omega_symbol_slice_latest(slice, bar, timeframe, side, &row));
        note_candle(answers, given[i], row);
        for (int j = 0; j < 3; j++) {
            OmegaRange range;
            CHECK_OK(omega_symbol_slice_history(slice, bar, timeframe, side, LENGTHS[j], &range));
            note_range(answers, given[i], range);
        }
        for (OmegaField field = OMEGA_FIELD_OPEN; field <= OMEGA_FIELD_VOLUME; field++) {
            double values[4][5];
            CHECK_OK(omega_symbol_slice_history_matrix(slice, timeframe, side, 5, field, start, bar + 1, &values[0][0]));
            note(answers, values, (bar + 1 - start) * sizeof values[0]);
        }
    }
    CHECK_OK(omega_symbol_slice_free(slice));
}

static void ask_moments(Answers *answers, const World *world, int64_t decision) {
    for (int way = 0; way < 6; way++) {
        const OmegaSeries *given[2];
        const int64_t *timestamps;
        OmegaMultiSymbol *market = NULL;
        size_t moments;
        int64_t rows[2 * BARS];
        given[0] = world->bid, given[1] = world->ask;
        CHECK_OK(omega_multi_symbol_new(given, 2, way % 2, way < 2 ? 0 : OMEGA_ASOF, way < 4 ? -1 : 3 * MINUTE, &market));
        CHECK_OK(omega_multi_symbol_timeline(market, &timestamps, &moments));
        CHECK_OK(omega_multi_symbol_rows(market, 1, rows, moments));
        for (size_t i = 0; i < moments && timestamps[i] + MINUTE <= decision; i++) {
            OmegaCandle candle;
            double price;
            int32_t found;
            memset(&candle, 0, sizeof candle);
            NOTE(answers, timestamps[i]);
            NOTE(answers, rows[i]);
            CHECK_OK(omega_multi_symbol_candle(market, i, "TEST", OMEGA_PRICE_TYPE_BID, &candle, &found));
            NOTE(answers, candle);
            CHECK_OK(omega_multi_symbol_price(market, i, "TEST", OMEGA_PRICE_MID, &price));
            NOTE(answers, price);
            CHECK_OK(omega_multi_symbol_spread(market, i, "TEST", &price));
            NOTE(answers, price);
        }
        CHECK_OK(omega_multi_symbol_free(market));
    }
}

/* The slicer's questions. Without OMEGA_CLOSED_ONLY a candle stamped now is seen while it forms. */
static void ask_slicer(Answers *answers, const OmegaSeries *series, int64_t now, uint32_t flags) {
    const int64_t times[2] = {now, now - 7 * MINUTE};
    OmegaRange range, ranges[2];
    double values[2][4];
    int64_t row, rows[2];
    CHECK_OK(omega_slicer_get_candle_asof(series, now, flags, &row));
    note_candle(answers, series, row);
    CHECK_OK(omega_slicer_get_candles_asof(series, times, 2, flags, rows));
    NOTE(answers, rows);
    CHECK_OK(omega_slicer_get_lookback(series, now, 6, flags | OMEGA_PARTIAL, &range));
    note_range(answers, series, range);
    CHECK_OK(omega_slicer_get_lookbacks(series, times, 2, 3, flags | OMEGA_PARTIAL, ranges));
    NOTE(answers, ranges);
    CHECK_OK(omega_slicer_gather_lookback(series, times, 2, 4, OMEGA_FIELD_HIGH, flags | OMEGA_PARTIAL, &values[0][0]));
    NOTE(answers, values);
    if (flags == 0) {
        CHECK_OK(omega_slicer_get_candle_at(series, now, &row));
        note_candle(answers, series, row);
        CHECK_OK(omega_slicer_get_candles_at(series, times, 2, rows));
        NOTE(answers, rows);
        if (omega_slicer_get_slice(series, INT64_MIN, now, 0, &range) == OMEGA_OK) {
            note_range(answers, series, range);
        }
    }
}

static Answers told, asked;

static void no_answer_at_a_close_changes_when_the_future_does(void) {
    World truth = the_truth();
    for (size_t bar = 0; bar < BARS; bar++) {
        int64_t decision = bid_stamps[bar] + MINUTE;
        World garbled = world_at(decision, 1, 0);
        const World *worlds[2];
        Answers *answers[2];
        worlds[0] = &truth, worlds[1] = &garbled;
        answers[0] = &told, answers[1] = &asked;
        for (int i = 0; i < 2; i++) {
            answers[i]->used = 0;
            ask_align(answers[i], worlds[i], bar, OMEGA_DECISION_CLOSE, OMEGA_STAMPS_OPEN);
            ask_walk(answers[i], worlds[i], bar);
            ask_moments(answers[i], worlds[i], decision);
            ask_slicer(answers[i], worlds[i]->bid, decision, OMEGA_CLOSED_ONLY);
            ask_slicer(answers[i], worlds[i]->five, decision, OMEGA_CLOSED_ONLY);
        }
        CHECK(same_answers(&told, &asked));
        free_world(garbled);
    }
    free_world(truth);
}

static void no_row_at_an_open_and_no_answer_by_stamp_changes_when_the_future_does(void) {
    World truth = the_truth();
    for (size_t bar = 0; bar < BARS; bar++) {
        int64_t now = bid_stamps[bar];
        World closed = world_at(now, 1, bar + 1), stamped = world_at(now, 0, 0);
        told.used = asked.used = 0;
        ask_align(&told, &truth, bar, OMEGA_DECISION_OPEN, OMEGA_STAMPS_OPEN);
        ask_slicer(&told, truth.bid, now, 0);
        ask_slicer(&told, truth.five, now, 0);
        ask_align(&asked, &closed, bar, OMEGA_DECISION_OPEN, OMEGA_STAMPS_OPEN);
        ask_slicer(&asked, stamped.bid, now, 0);
        ask_slicer(&asked, stamped.five, now, 0);
        CHECK(same_answers(&told, &asked));
        free_world(closed);
        free_world(stamped);
    }
    free_world(truth);
}

/* Whole candles made of what has closed stay as they are, whatever comes after. */
static void no_complete_longer_candle_changes_when_the_future_does(void) {
    World truth = the_truth();
    OmegaSeries *whole = NULL, *known = NULL, *cut;
    OmegaColumns all, some;
    double prices[BARS];
    CHECK_OK(omega_series_resample(truth.bid, 5 * MINUTE, 0, 0, &whole));
    CHECK_OK(omega_series_columns(whole, &all));
    for (size_t bar = 0; bar < BARS; bar++) {
        prices[bar] = 1.0 + (double)bar;
        cut = fixture_stamped("TEST", MINUTE, OMEGA_PRICE_TYPE_BID, bid_stamps, prices, bar + 1);
        CHECK_OK(omega_series_resample(cut, 5 * MINUTE, 0, 0, &known));
        CHECK_OK(omega_series_columns(known, &some));
        CHECK(some.len <= all.len && memcmp(some.high, all.high, some.len * sizeof(double)) == 0);
        CHECK(memcmp(some.timestamp, all.timestamp, some.len * sizeof(int64_t)) == 0);
        CHECK(memcmp(some.close, all.close, some.len * sizeof(double)) == 0);
        fixture_free(known);
        fixture_free(cut);
    }
    fixture_free(whole);
    free_world(truth);
}

/* A candle that counts from its open on: stamps read as close times though they are not. */
static void the_oracle_sees_a_planted_look_ahead(void) {
    World truth = the_truth();
    int caught = 0;
    for (size_t bar = 0; bar < BARS; bar++) {
        World garbled = world_at(bid_stamps[bar] + MINUTE, 1, bar + 1);
        told.used = asked.used = 0;
        ask_align(&told, &truth, bar, OMEGA_DECISION_CLOSE, OMEGA_STAMPS_CLOSE);
        ask_align(&asked, &garbled, bar, OMEGA_DECISION_CLOSE, OMEGA_STAMPS_CLOSE);
        caught += !same_answers(&told, &asked);
        free_world(garbled);
    }
    CHECK(caught > BARS / 2);
    free_world(truth);
}

void suite_look_ahead(void) {
    /* Gaps, a bid and an ask with minutes of their own, a pause. */
    int64_t bid_minute = 0, ask_minute = 0, five = 0;
    for (int i = 0; i < BARS; i++) {
        bid_minute += i % 9 == 4 ? 3 : i == 30 ? 90 : 1;
        ask_minute += i % 11 == 7 ? 2 : i == 30 ? 90 : 1;
        bid_stamps[i] = bid_minute * MINUTE;
        ask_stamps[i] = ask_minute * MINUTE;
    }
    for (int i = 0; i < FIVES; i++) {
        five += i == 3 ? 3 : i == 7 ? 17 : 1;
        five_stamps[i] = (five - 1) * 5 * MINUTE;
    }
    RUN(no_answer_at_a_close_changes_when_the_future_does);
    RUN(no_row_at_an_open_and_no_answer_by_stamp_changes_when_the_future_does);
    RUN(no_complete_longer_candle_changes_when_the_future_does);
    RUN(the_oracle_sees_a_planted_look_ahead);
}
