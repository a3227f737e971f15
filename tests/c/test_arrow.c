/* Arrow in and out: what moves, who releases what and how often, what a file and its bytes give back. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"
#include "suites.h"

static char folder[64], path[128];

/* What the data say counts. */
static OmegaSeriesOptions from_metadata(void) {
    OmegaSeriesOptions options;
    memset(&options, 0, sizeof options);
    options.price_type = OMEGA_PRICE_TYPE_FROM_METADATA;
    options.check = OMEGA_CHECK_DEFAULT;
    return options;
}

static OmegaRange rows_of(int64_t start, int64_t len) {
    OmegaRange range;
    range.start = start;
    range.len = len;
    return range;
}

static int counted(int arrays, int columns, int schemas, int fields) {
    return foreign_counts.arrays == arrays && foreign_counts.columns == columns &&
           foreign_counts.schemas == schemas && foreign_counts.fields == fields;
}

static int same_columns(OmegaSeries *series, const OmegaColumns *expected) {
    OmegaColumns found;
    CHECK_OK(omega_series_columns(series, &found));
    if (found.len != expected->len || (found.volume == NULL) != (expected->volume == NULL)) {
        return 0;
    }
    for (size_t i = 0; i < found.len; i++) {
        if (found.timestamp[i] != expected->timestamp[i] || !same_double(found.open[i], expected->open[i]) ||
            !same_double(found.high[i], expected->high[i]) || !same_double(found.low[i], expected->low[i]) ||
            !same_double(found.close[i], expected->close[i]) ||
            (found.volume != NULL && !same_double(found.volume[i], expected->volume[i]))) {
            return 0;
        }
    }
    return 1;
}

static void an_imported_array_is_shared_and_released_with_the_last_handle(void) {
    struct ArrowArray array;
    struct ArrowSchema schema;
    OmegaSeriesOptions options = fixture_options();
    OmegaColumns columns;
    OmegaSeries *series = NULL;
    OmegaSymbolSlice *slice = NULL;
    const OmegaSeries *given[1];
    const void *close;
    foreign_reset();
    foreign_array(&array);
    foreign_schema(&schema);
    close = array.children[4]->buffers[1];
    CHECK_OK(omega_series_import(&array, &schema, &options, &series));
    CHECK(array.release == NULL && schema.release == NULL);
    CHECK(counted(0, 0, 1, FOREIGN_COLUMNS));
    CHECK_OK(omega_series_columns(series, &columns));
    CHECK(columns.close == close && columns.len == FOREIGN_ROWS && columns.timestamp[3] == 3 * MINUTE);
    CHECK(columns.volume[2] == foreign_value(5, 2));
    given[0] = series;
    CHECK_OK(omega_symbol_slice_new(given, 1, 0, &slice));
    fixture_free(series);
    CHECK(counted(0, 0, 1, FOREIGN_COLUMNS));
    CHECK_OK(omega_symbol_slice_free(slice));
    CHECK(counted(1, FOREIGN_COLUMNS, 1, FOREIGN_COLUMNS));
}

static void a_refused_import_leaves_both_structs_to_the_caller(void) {
    struct ArrowArray array;
    struct ArrowSchema schema;
    OmegaSeriesOptions options = from_metadata();
    OmegaSeries *out;
    foreign_reset();
    foreign_array(&array);
    foreign_schema(&schema);
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_import(&array, &schema, &options, &out));
    CHECK_MESSAGE("timeframe");
    CHECK_MESSAGE("price_type");
    options = fixture_options();
    array.children[2]->n_buffers = 3;
    CHECK_REFUSED(OMEGA_DESERIALIZATION_FAILED, out, omega_series_import(&array, &schema, &options, &out));
    CHECK_MESSAGE("high");
    array.children[2]->n_buffers = 2;
    schema.children[1]->format = "u";
    CHECK_REFUSED(OMEGA_SCHEMA_VIOLATION, out, omega_series_import(&array, &schema, &options, &out));
    schema.children[1]->format = "g";
    options.flags = OMEGA_ARROW_STRICT;
    CHECK_REFUSED(OMEGA_SCHEMA_VIOLATION, out, omega_series_import(&array, &schema, &options, &out));
    CHECK_MESSAGE("strict");
    options.flags = OMEGA_ARROW_MMAP;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_import(&array, &schema, &options, &out));
    CHECK(counted(0, 0, 0, 0));
    array.release(&array);
    schema.release(&schema);
    CHECK(counted(1, FOREIGN_COLUMNS, 1, FOREIGN_COLUMNS));
    options.flags = 0;
    CHECK_REFUSED(OMEGA_INVALID_STATE, out, omega_series_import(&array, &schema, &options, &out));
}

static void a_stream_is_moved_from_or_left_to_the_caller_and_its_batches_are_released(void) {
    struct ArrowArrayStream stream;
    OmegaSeriesOptions options = fixture_options();
    OmegaSeriesInfo info;
    OmegaSeries *series = NULL, *out;
    foreign_reset();
    foreign_stream(&stream, 3, 0);
    CHECK_OK(omega_series_import_stream(&stream, &options, &series));
    CHECK(stream.release == NULL && foreign_counts.streams == 1);
    CHECK(counted(3, 3 * FOREIGN_COLUMNS, 1, FOREIGN_COLUMNS));
    CHECK_OK(omega_series_info(series, &info));
    CHECK(info.len == 3 * FOREIGN_ROWS);
    fixture_free(series);
    foreign_reset();
    foreign_stream(&stream, 1, 0);
    CHECK_OK(omega_series_import_stream(&stream, &options, &series));
    CHECK(counted(0, 0, 1, FOREIGN_COLUMNS));
    fixture_free(series);
    CHECK(counted(1, FOREIGN_COLUMNS, 1, FOREIGN_COLUMNS));
    foreign_reset();
    foreign_stream(&stream, 2, EIO);
    CHECK_REFUSED(OMEGA_IO_ERROR, out, omega_series_import_stream(&stream, &options, &out));
    CHECK_MESSAGE("the producer's own words");
    CHECK(stream.release != NULL && foreign_counts.streams == 0);
    CHECK(counted(2, 2 * FOREIGN_COLUMNS, 1, FOREIGN_COLUMNS));
    stream.release(&stream);
    CHECK_REFUSED(OMEGA_INVALID_STATE, out, omega_series_import_stream(&stream, &options, &out));
}

static void an_exported_array_outlives_its_handle_and_a_moved_child_its_parent(void) {
    OmegaSeries *series = NULL;
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = fixture_options();
    Owner owner = {0};
    struct ArrowArray array, volume;
    struct ArrowSchema schema;
    CHECK_OK(omega_series_new_borrowed(&columns, &options, count_release, &owner, &series));
    CHECK_OK(omega_candles_export(series, rows_of(1, 3), &array, &schema));
    fixture_free(series);
    CHECK(owner.calls == 0);
    CHECK(array.length == 3 && array.null_count == 0 && array.offset == 0 && array.n_children == 6);
    CHECK(array.children[0]->buffers[1] == columns.timestamp + 1);
    CHECK(array.children[4]->buffers[1] == columns.close + 1);
    CHECK(strcmp(schema.format, "+s") == 0 && strcmp(schema.children[0]->format, "tsu:UTC") == 0);
    CHECK(strcmp(schema.children[5]->name, "volume") == 0);
    CHECK(schema.children[5]->flags == ARROW_FLAG_NULLABLE && schema.children[4]->flags == 0);
    volume = *array.children[5];
    array.children[5]->release = NULL;
    schema.release(&schema);
    array.release(&array);
    CHECK(array.release == NULL && schema.release == NULL && owner.calls == 0);
    CHECK(((const double *)volume.buffers[1])[2] == 13.0);
    volume.release(&volume);
    CHECK(owner.calls == 1);
}

static void what_goes_out_comes_back(void) {
    OmegaSeries *series = fixture_series(ROWS), *back = NULL;
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = from_metadata();
    OmegaSeriesInfo info;
    struct ArrowArray array;
    struct ArrowSchema schema;
    struct ArrowArrayStream stream;
    options.flags = OMEGA_ARROW_STRICT;
    CHECK_OK(omega_candles_export(series, rows_of(0, ROWS), &array, &schema));
    CHECK_OK(omega_series_import(&array, &schema, &options, &back));
    CHECK(same_columns(back, &columns));
    CHECK_OK(omega_series_info(back, &info));
    CHECK(strcmp(info.symbol, "TEST") == 0 && info.timeframe_us == MINUTE && info.price_type == OMEGA_PRICE_TYPE_BID);
    fixture_free(back);
    CHECK_OK(omega_candles_export_stream(series, rows_of(0, ROWS), &stream));
    CHECK_OK(omega_series_import_stream(&stream, &options, &back));
    CHECK(same_columns(back, &columns));
    fixture_free(back);
    CHECK_OK(omega_candles_export_schema(series, &schema));
    CHECK(schema.n_children == 6);
    schema.release(&schema);
    fixture_free(series);
}

static void rows_that_are_not_there_are_refused(void) {
    static const int64_t NONE[][2] = {{0, ROWS + 1}, {ROWS, 1}, {ROWS + 1, 0}, {-1, 1}, {0, -1}, {INT64_MAX, INT64_MAX}};
    OmegaSeries *series = fixture_series(ROWS);
    struct ArrowArray array;
    struct ArrowSchema schema;
    struct ArrowArrayStream stream;
    size_t length;
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        const OmegaRange rows = rows_of(NONE[i][0], NONE[i][1]);
        CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, array, omega_candles_export(series, rows, &array, &schema));
        CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, schema, omega_candles_export(series, rows, &array, &schema));
        CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, stream, omega_candles_export_stream(series, rows, &stream));
        CHECK_REFUSED(OMEGA_OUT_OF_BOUNDS, length, omega_candles_to_ipc(series, rows, NULL, 0, &length));
        CHECK_STATUS(OMEGA_OUT_OF_BOUNDS, omega_candles_write_ipc(series, rows, path));
    }
    CHECK_OK(omega_candles_export(series, rows_of(ROWS, 0), &array, &schema));
    CHECK(array.length == 0);
    array.release(&array);
    schema.release(&schema);
    fixture_free(series);
}

static void bytes_are_counted_first_and_come_back(void) {
    OmegaSeries *series = fixture_series(ROWS), *back = NULL, *out;
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = from_metadata();
    OmegaFileState state = -1;
    size_t length = 0, again = 0;
    unsigned char *bytes;
    CHECK_OK(omega_candles_to_ipc(series, rows_of(0, ROWS), NULL, 0, &length));
    CHECK(length > 6 * 8 * ROWS);
    bytes = (unsigned char *)allocate(length, 1);
    CHECK_REFUSED(OMEGA_SIZE_MISMATCH, again, omega_candles_to_ipc(series, rows_of(0, ROWS), bytes, length - 1, &again));
    CHECK(bytes[0] == 0);
    CHECK_OK(omega_candles_to_ipc(series, rows_of(0, ROWS), bytes, length, &again));
    CHECK(again == length && memcmp(bytes, "ARROW1", 6) == 0);
    CHECK_OK(omega_series_from_ipc(bytes, length, &options, &back));
    CHECK(same_columns(back, &columns));
    CHECK_OK(omega_series_refresh(back, &state));
    CHECK(state == OMEGA_FILE_NOT_MAPPED);
    fixture_free(back);
    CHECK_REFUSED(OMEGA_DESERIALIZATION_FAILED, out, omega_series_from_ipc(bytes, length / 2, &options, &out));
    CHECK_REFUSED(OMEGA_EMPTY_INPUT, out, omega_series_from_ipc(NULL, 0, &options, &out));
    options.flags = OMEGA_ARROW_MMAP;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_from_ipc(bytes, length, &options, &out));
    free(bytes);
    fixture_free(series);
}

static void a_file_comes_back_copied_or_mapped_and_a_mapped_one_tells_of_its_change(void) {
    OmegaSeries *series = fixture_series(ROWS), *copied = NULL, *mapped = NULL;
    OmegaColumns columns = fixture_columns(ROWS);
    OmegaSeriesOptions options = from_metadata();
    OmegaFileState state = -1;
    CHECK_OK(omega_candles_write_ipc(series, rows_of(0, ROWS), path));
    CHECK_OK(omega_series_read_ipc(path, &options, &copied));
    options.flags = OMEGA_ARROW_MMAP;
    CHECK_OK(omega_series_read_ipc(path, &options, &mapped));
    CHECK(same_columns(copied, &columns) && same_columns(mapped, &columns));
    CHECK_OK(omega_series_refresh(copied, &state));
    CHECK(state == OMEGA_FILE_NOT_MAPPED);
    CHECK_OK(omega_series_refresh(mapped, &state));
    CHECK(state == OMEGA_FILE_UNCHANGED);
    /* Renamed into place: another file has the name, the mapped one lives on. */
    CHECK_OK(omega_candles_write_ipc(series, rows_of(0, 2), path));
    CHECK_OK(omega_series_refresh(mapped, &state));
    CHECK(state == OMEGA_FILE_CHANGED && same_columns(mapped, &columns));
    CHECK(remove(path) == 0);
    CHECK_OK(omega_series_refresh(mapped, &state));
    CHECK(state == OMEGA_FILE_GONE && same_columns(mapped, &columns));
    fixture_free(mapped);
    fixture_free(copied);
    fixture_free(series);
}

static void a_file_that_is_not_there_is_named(void) {
    OmegaSeriesOptions options = from_metadata();
    OmegaSeries *series = fixture_series(1), *out;
    CHECK_REFUSED(OMEGA_FILE_NOT_FOUND, out, omega_series_read_ipc("/no/such/file.arrow", &options, &out));
    CHECK_MESSAGE("/no/such/file.arrow");
    CHECK_STATUS(OMEGA_FILE_NOT_FOUND, omega_candles_write_ipc(series, rows_of(0, 1), "/no/such/file.arrow"));
    CHECK_MESSAGE("/no/such");
    fixture_free(series);
}

static void options_that_only_arrow_knows_are_refused_elsewhere(void) {
    OmegaColumns columns = fixture_columns(1);
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *out;
    options.price_type = OMEGA_PRICE_TYPE_FROM_METADATA;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_new(&columns, &options, &out));
    options = fixture_options();
    options.check = OMEGA_CHECK_DEFAULT;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_new(&columns, &options, &out));
    options = fixture_options();
    options.flags = OMEGA_ARROW_STRICT;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_new(&columns, &options, &out));
    /* And Arrow refuses what nobody knows. */
    options = from_metadata();
    options.flags = 8;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_read_ipc(path, &options, &out));
    options = from_metadata();
    options.reserved = 1;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_read_ipc(path, &options, &out));
    options = from_metadata();
    options.price_type = -2;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_read_ipc(path, &options, &out));
    options = from_metadata();
    options.check = 3;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_read_ipc(path, &options, &out));
    options = from_metadata();
    options.timeframe_us = 1;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_read_ipc(path, &options, &out));
}

static void a_schema_is_told_as_json(void) {
    const char *all = NULL, *one = NULL, *again = NULL, *out;
    CHECK_OK(omega_schema_json(NULL, NULL, &all));
    CHECK_OK(omega_schema_json("symbol_slice", "1.0.0", &one));
    CHECK_OK(omega_schema_json("symbol_slice", "1.0.0", &again));
    CHECK(one == again && strstr(all, one) == all + 1 && all[0] == '[');
    CHECK(strstr(one, "\"fingerprint\": \"6696ee81acaa64d4a11509c7eedf4615bb986546de76fc89578e333373e153a7\"") != NULL);
    CHECK_OK(omega_schema_json("ohlcv", "1.0.0", &one));
    CHECK(strstr(one, "\"name\": \"valid\", \"nullable\": false, \"type\": \"bool\"") != NULL);
    CHECK_REFUSED(OMEGA_SCHEMA_VIOLATION, out, omega_schema_json("ohlcv", "2.0.0", &out));
    CHECK_MESSAGE("symbol_slice 1.0.0, ohlcv 1.0.0");
}

#define NULLED(out, call) CHECK_REFUSED(OMEGA_NULL_POINTER, out, call)
#define NULLED_OUT(call) CHECK_STATUS(OMEGA_NULL_POINTER, call)

static void a_null_pointer_is_refused_in_every_position(void) {
    OmegaSeries *series = fixture_series(ROWS), *out;
    OmegaSeriesOptions options = fixture_options();
    const OmegaRange rows = rows_of(0, 1);
    struct ArrowArray array;
    struct ArrowSchema schema;
    struct ArrowArrayStream stream;
    OmegaFileState state;
    const char *text;
    size_t length;
    unsigned char byte = 0;
    foreign_reset();
    foreign_array(&array);
    foreign_schema(&schema);
    NULLED(out, omega_series_read_ipc(NULL, &options, &out));
    NULLED(out, omega_series_read_ipc("x", NULL, &out));
    NULLED_OUT(omega_series_read_ipc("x", &options, NULL));
    NULLED(out, omega_series_from_ipc(NULL, 1, &options, &out));
    NULLED(out, omega_series_from_ipc(&byte, 1, NULL, &out));
    NULLED_OUT(omega_series_from_ipc(&byte, 1, &options, NULL));
    NULLED(state, omega_series_refresh(NULL, &state));
    NULLED_OUT(omega_series_refresh(series, NULL));
    NULLED_OUT(omega_candles_write_ipc(NULL, rows, "x"));
    NULLED_OUT(omega_candles_write_ipc(series, rows, NULL));
    NULLED(length, omega_candles_to_ipc(NULL, rows, NULL, 0, &length));
    NULLED(length, omega_candles_to_ipc(series, rows, NULL, 1, &length));
    NULLED_OUT(omega_candles_to_ipc(series, rows, NULL, 0, NULL));
    NULLED(out, omega_series_import(NULL, &schema, &options, &out));
    NULLED(out, omega_series_import(&array, NULL, &options, &out));
    NULLED(out, omega_series_import(&array, &schema, NULL, &out));
    NULLED_OUT(omega_series_import(&array, &schema, &options, NULL));
    NULLED(out, omega_series_import_stream(NULL, &options, &out));
    CHECK(counted(0, 0, 0, 0));
    array.release(&array);
    schema.release(&schema);
    foreign_stream(&stream, 0, 0);
    NULLED(out, omega_series_import_stream(&stream, NULL, &out));
    NULLED_OUT(omega_series_import_stream(&stream, &options, NULL));
    stream.release(&stream);
    NULLED(schema, omega_candles_export(NULL, rows, &array, &schema));
    NULLED(schema, omega_candles_export(series, rows, NULL, &schema));
    NULLED(array, omega_candles_export(series, rows, &array, NULL));
    NULLED(schema, omega_candles_export_schema(NULL, &schema));
    NULLED_OUT(omega_candles_export_schema(series, NULL));
    NULLED(stream, omega_candles_export_stream(NULL, rows, &stream));
    NULLED_OUT(omega_candles_export_stream(series, rows, NULL));
    NULLED(text, omega_schema_json("ohlcv", NULL, &text));
    NULLED_OUT(omega_schema_json("ohlcv", "1.0.0", NULL));
    fixture_free(series);
}

void suite_arrow(void) {
    const char *temporary = getenv("TMPDIR");
    RUN(an_imported_array_is_shared_and_released_with_the_last_handle);
    RUN(a_refused_import_leaves_both_structs_to_the_caller);
    RUN(a_stream_is_moved_from_or_left_to_the_caller_and_its_batches_are_released);
    RUN(an_exported_array_outlives_its_handle_and_a_moved_child_its_parent);
    RUN(what_goes_out_comes_back);
    RUN(rows_that_are_not_there_are_refused);
    RUN(bytes_are_counted_first_and_come_back);
    RUN(a_file_that_is_not_there_is_named);
    RUN(options_that_only_arrow_knows_are_refused_elsewhere);
    RUN(a_schema_is_told_as_json);
    RUN(a_null_pointer_is_refused_in_every_position);
    snprintf(folder, sizeof folder, "%s/omega-c-XXXXXX",
             temporary != NULL && strlen(temporary) < 40 ? temporary : "/tmp");
    if (mkdtemp(folder) == NULL) {
        harness_skip(1, "tests of Arrow files", "no temporary folder can be made");
        return;
    }
    snprintf(path, sizeof path, "%s/Kurse \xe2\x82\xac.arrow", folder);
    RUN(a_file_comes_back_copied_or_mapped_and_a_mapped_one_tells_of_its_change);
    CHECK(rmdir(folder) == 0);
}
