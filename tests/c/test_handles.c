/* Handles that are not alive: freed, freed and reused, foreign, made up. None is ever touched. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

/* Every export that takes a handle, asked with a dead one: 1001, and nothing written. */
static void check_dead_everywhere(OmegaSeries *dead, OmegaSeries *alive) {
    static const int64_t TIMES[2] = {0, MINUTE};
    OmegaSeriesInfo info;
    OmegaColumns columns;
    OmegaCandle candle;
    OmegaQuality quality;
    OmegaPairQuality pair;
    OmegaGap gap;
    OmegaRange range, ranges[2];
    size_t count;
    int64_t row, rows[2];
    double values[2];
    OmegaSeries *longer;
    OmegaSymbolSlice *slice;
    OmegaMultiSymbol *market;
    OmegaFileState state;
    struct ArrowArray array;
    struct ArrowSchema schema;
    struct ArrowArrayStream stream;
    const OmegaStatus bad = OMEGA_INVALID_ARGUMENT;
    CHECK_REFUSED(bad, info, omega_series_info(dead, &info));
    CHECK_REFUSED(bad, columns, omega_series_columns(dead, &columns));
    CHECK_REFUSED(bad, candle, omega_series_candle(dead, 0, &candle));
    CHECK_REFUSED(bad, quality, omega_series_quality(dead, &quality));
    CHECK_REFUSED(bad, gap, omega_series_gaps(dead, &gap, 1, &count));
    CHECK_REFUSED(bad, count, omega_series_gaps(dead, &gap, 1, &count));
    CHECK_REFUSED(bad, pair, omega_series_pair_quality(dead, alive, &pair));
    CHECK_REFUSED(bad, pair, omega_series_pair_quality(alive, dead, &pair));
    CHECK_REFUSED(bad, range, omega_slicer_get_slice(dead, 0, 1, 0, &range));
    CHECK_REFUSED(bad, row, omega_slicer_get_candle_at(dead, 0, &row));
    CHECK_REFUSED(bad, row, omega_slicer_get_candle_asof(dead, 0, 0, &row));
    CHECK_REFUSED(bad, range, omega_slicer_get_lookback(dead, 0, 1, 0, &range));
    CHECK_REFUSED(bad, ranges, omega_slicer_get_lookbacks(dead, TIMES, 2, 1, 0, ranges));
    CHECK_REFUSED(bad, rows, omega_slicer_get_candles_at(dead, TIMES, 2, rows));
    CHECK_REFUSED(bad, rows, omega_slicer_get_candles_asof(dead, TIMES, 2, 0, rows));
    CHECK_REFUSED(bad, values, omega_slicer_gather_lookback(dead, TIMES, 2, 1, OMEGA_FIELD_LOW, 0, values));
    CHECK_REFUSED(bad, longer, omega_series_resample(dead, 5 * MINUTE, 0, 0, &longer));
    CHECK_REFUSED(bad, rows, omega_align(dead, alive, OMEGA_DECISION_OPEN, OMEGA_STAMPS_OPEN, -1, rows, 2));
    CHECK_REFUSED(bad, rows, omega_align(alive, dead, OMEGA_DECISION_OPEN, OMEGA_STAMPS_OPEN, -1, rows, 2));
    {
        const OmegaSeries *mixed[2];
        mixed[0] = alive, mixed[1] = dead;
        CHECK_REFUSED(bad, slice, omega_symbol_slice_new(mixed, 2, 0, &slice));
        CHECK_REFUSED(bad, market, omega_multi_symbol_new(mixed, 2, OMEGA_TIMELINE_UNION, 0, -1, &market));
    }
    range.start = range.len = 0;
    CHECK_REFUSED(bad, state, omega_series_refresh(dead, &state));
    CHECK_STATUS(bad, omega_candles_write_ipc(dead, range, "/no/such/file.arrow"));
    CHECK_REFUSED(bad, count, omega_candles_to_ipc(dead, range, NULL, 0, &count));
    CHECK_REFUSED(bad, array, omega_candles_export(dead, range, &array, &schema));
    CHECK_REFUSED(bad, schema, omega_candles_export(dead, range, &array, &schema));
    CHECK_REFUSED(bad, schema, omega_candles_export_schema(dead, &schema));
    CHECK_REFUSED(bad, stream, omega_candles_export_stream(dead, range, &stream));
    /* No times to ask for: the handle is still looked at. */
    CHECK_STATUS(bad, omega_slicer_get_candles_at(dead, NULL, 0, NULL));
    CHECK_STATUS(bad, omega_series_free(dead));
}

static void a_freed_handle_is_dead_everywhere(void) {
    OmegaSeries *alive = fixture_series(ROWS), *freed = fixture_series(ROWS);
    fixture_free(freed);
    check_dead_everywhere(freed, alive);
    fixture_free(alive);
}

static void a_reused_place_does_not_revive_an_old_handle(void) {
    OmegaSeries *stale[50], *alive;
    for (int i = 0; i < 50; i++) {
        stale[i] = fixture_series(1);
        fixture_free(stale[i]);
    }
    alive = fixture_series(ROWS);
    for (int i = 0; i < 50; i++) {
        CHECK(stale[i] != alive);
        for (int j = 0; j < i; j++) {
            CHECK(stale[i] != stale[j]);
        }
        check_dead_everywhere(stale[i], alive);
    }
    fixture_free(alive);
}

static void a_number_near_a_handle_is_none(void) {
    OmegaSeries *alive = fixture_series(ROWS);
    OmegaSeriesInfo info;
    check_dead_everywhere(handle_of(number_of(alive) + 1), alive);
    check_dead_everywhere(handle_of(number_of(alive) - 1), alive);
    for (int bit = 0; bit < 64; bit++) {
        OmegaSeries *near = handle_of(number_of(alive) ^ (UINT64_C(1) << bit));
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, info, omega_series_info(near, &info));
        CHECK_STATUS(OMEGA_INVALID_ARGUMENT, omega_series_free(near));
    }
    CHECK_OK(omega_series_info(alive, &info));
    fixture_free(alive);
}

static void memory_of_other_kinds_is_no_series(void) {
    OmegaSeries *alive = fixture_series(ROWS);
    unsigned char stack[256];
    void *heap = allocate(64, 1);
    OmegaColumns columns;
    memset(stack, 0, sizeof stack);
    check_dead_everywhere((OmegaSeries *)(void *)stack, alive);
    check_dead_everywhere((OmegaSeries *)heap, alive);
    check_dead_everywhere((OmegaSeries *)(void *)&alive, alive);
    check_dead_everywhere((OmegaSeries *)(uintptr_t)&fixture_series, alive);
    CHECK_OK(omega_series_columns(alive, &columns));
    check_dead_everywhere((OmegaSeries *)(uintptr_t)columns.open, alive);
    fixture_free(alive);
    free(heap);
}

static void made_up_numbers_are_no_series(void) {
    static const uint64_t CHOSEN[] = {1, 2, 7, 8, 16, 4096, UINT64_MAX, UINT64_MAX - 1,
                                      UINT64_C(1) << 63, UINT64_C(0x7fffffffffffffff), 0xdeadbeef};
    OmegaSeries *alive = fixture_series(ROWS);
    OmegaSeriesInfo info;
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < sizeof CHOSEN / sizeof *CHOSEN; i++) {
        check_dead_everywhere(handle_of(CHOSEN[i]), alive);
    }
    for (int i = 0; i < 20000; i++) {
        uint64_t number;
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        /* Half of them keep the upper bits of a real handle. */
        number = i % 2 ? state : (number_of(alive) & ~UINT64_C(0xffffffff)) | (state >> 32);
        if (number != number_of(alive)) {
            CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, info, omega_series_info(handle_of(number), &info));
        }
    }
    CHECK_OK(omega_series_info(alive, &info));
    fixture_free(alive);
}

static void thousands_of_series_live_side_by_side(void) {
    enum { MANY = 3000 };
    static OmegaSeries *many[MANY];
    OmegaSeriesOptions options = fixture_options();
    OmegaSeriesInfo info;
    for (int i = 0; i < MANY; i++) {
        OmegaColumns columns = fixture_columns((size_t)i % (ROWS + 1));
        many[i] = NULL;
        CHECK_OK(omega_series_new(&columns, &options, &many[i]));
    }
    /* Freed in another order than made, each answering for itself until then. */
    for (int i = 0; i < MANY; i++) {
        int at = (i * 7 + 3) % MANY;
        CHECK_OK(omega_series_info(many[at], &info));
        CHECK(info.len == (size_t)at % (ROWS + 1));
        fixture_free(many[at]);
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, info, omega_series_info(many[at], &info));
    }
}

void suite_handles(void) {
    RUN(a_freed_handle_is_dead_everywhere);
    RUN(a_reused_place_does_not_revive_an_old_handle);
    RUN(a_number_near_a_handle_is_none);
    RUN(memory_of_other_kinds_is_no_series);
    RUN(made_up_numbers_are_no_series);
    RUN(thousands_of_series_live_side_by_side);
}
