/* Files of candles, as far as the operating system has a say; what is in them is in csv.tsv. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "suites.h"

static char folder[64], path[128];

/* A file in a folder of this run's own, whose name is not ASCII. */
static void write_file(const char *text) {
    FILE *file;
    snprintf(path, sizeof path, "%s/Kurse \xe2\x82\xac.csv", folder);
    file = fopen(path, "wb");
    CHECK(file != NULL);
    if (file != NULL) {
        CHECK(fwrite(text, 1, strlen(text), file) == strlen(text));
        CHECK(fclose(file) == 0);
    }
}

static OmegaStatus read_file(const char *name, OmegaSeries **out) {
    OmegaSeriesOptions options = fixture_options();
    return omega_series_read_csv(name, OMEGA_UNIT_US, &options, out);
}

static void a_file_becomes_a_series_of_its_own(void) {
    OmegaSeries *series = NULL;
    OmegaSeriesInfo info;
    OmegaCandle candle;
    write_file("time,open,high,low,close\n2024-03-01 00:00,1,2,0.5,1.5\n2024-03-01 00:01,1.5,2,1,1.25\n");
    CHECK_OK(read_file(path, &series));
    CHECK(remove(path) == 0);
    CHECK_OK(omega_series_info(series, &info));
    CHECK(info.len == 2 && strcmp(info.symbol, "TEST") == 0 && info.timeframe_us == MINUTE);
    CHECK_OK(omega_series_candle(series, 1, &candle));
    CHECK(candle.timestamp == INT64_C(1709251260000000) && candle.close == 1.25);
    CHECK(candle.volume != candle.volume);
    fixture_free(series);
}

static void a_bad_line_is_named_with_its_file(void) {
    OmegaSeries *out;
    write_file("time,open,high,low,close\n2024-03-01 00:00,1,2,0.5,1.5\n2024-03-01 00:01,1.5,high,1,1.25\n");
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, out, read_file(path, &out));
    CHECK_MESSAGE("line 3");
    CHECK_MESSAGE("high");
    CHECK(remove(path) == 0);
}

static void many_rows_are_read_as_they_stand(void) {
    enum { MANY = 50000 };
    OmegaSeries *series = NULL;
    OmegaColumns columns;
    int wrong = 0;
    FILE *file;
    write_file("");
    file = fopen(path, "wb");
    CHECK(file != NULL);
    if (file == NULL) {
        return;
    }
    fputs("volume,timestamp,open,high,low,close\n", file);
    for (int i = 0; i < MANY; i++) {
        fprintf(file, "%d,%lld,1.%05d,2,0.5,1.5\n", i, 1600000000000000ll + i * 60000000ll, i);
    }
    CHECK(fclose(file) == 0);
    CHECK_OK(read_file(path, &series));
    CHECK(remove(path) == 0);
    CHECK_OK(omega_series_columns(series, &columns));
    CHECK(columns.len == MANY);
    for (int i = 0; i < MANY && columns.len == MANY; i++) {
        char text[16];
        snprintf(text, sizeof text, "1.%05d", i);
        wrong += columns.timestamp[i] != INT64_C(1600000000000000) + i * MINUTE;
        wrong += columns.open[i] != strtod(text, NULL) || columns.volume[i] != i;
    }
    CHECK(wrong == 0);
    fixture_free(series);
}

static void a_file_that_is_not_there_is_not_found(void) {
    OmegaSeries *out;
    CHECK_REFUSED(OMEGA_FILE_NOT_FOUND, out, read_file("/no/such/file.csv", &out));
    CHECK_MESSAGE("/no/such/file.csv");
    CHECK_REFUSED(OMEGA_FILE_NOT_FOUND, out, read_file("", &out));
}

static void a_folder_is_no_file(void) {
    OmegaSeries *out;
    CHECK_REFUSED(OMEGA_IO_ERROR, out, read_file(folder, &out));
    CHECK_MESSAGE(folder);
}

static void a_file_without_a_byte_is_empty_input(void) {
    OmegaSeries *out;
    write_file("");
    CHECK_REFUSED(OMEGA_EMPTY_INPUT, out, read_file(path, &out));
    CHECK(remove(path) == 0);
}

/* Root may read anything, so it becomes nobody for the one call. */
static void a_file_one_may_not_read_is_denied(void) {
    enum { NOBODY = 65534 };
    const uid_t self = geteuid();
    OmegaSeries *out;
    write_file("time,open,high,low,close\n");
    CHECK(chmod(path, 0) == 0);
    CHECK(self != 0 || seteuid(NOBODY) == 0);
    CHECK_REFUSED(OMEGA_PERMISSION_DENIED, out, read_file(path, &out));
    CHECK_MESSAGE(path);
    CHECK(seteuid(self) == 0);
    CHECK(remove(path) == 0);
}

static void a_unit_that_is_none_is_refused_before_the_file_is_opened(void) {
    OmegaSeriesOptions options = fixture_options();
    OmegaSeries *out;
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_read_csv("/no/such/file.csv", 4, &options, &out));
    CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, out, omega_series_read_csv("/no/such/file.csv", -1, &options, &out));
}

void suite_files(void) {
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/omega-c-XXXXXX",
             temporary != NULL && strlen(temporary) < 40 ? temporary : "/tmp");
    if (mkdtemp(folder) == NULL) {
        harness_skip(8, "tests of files", "no temporary folder can be made");
        return;
    }
    RUN(a_file_becomes_a_series_of_its_own);
    RUN(a_bad_line_is_named_with_its_file);
    RUN(many_rows_are_read_as_they_stand);
    RUN(a_file_that_is_not_there_is_not_found);
    RUN(a_folder_is_no_file);
    RUN(a_file_without_a_byte_is_empty_input);
    RUN(a_file_one_may_not_read_is_denied);
    RUN(a_unit_that_is_none_is_refused_before_the_file_is_opened);
    rmdir(folder);
}
