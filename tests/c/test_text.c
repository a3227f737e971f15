/* Timeframes and timestamps as text: the parts the language-neutral cases cannot say. */
#include <string.h>

#include "fixture.h"
#include "suites.h"

static void a_parsed_timeframe_is_its_length_in_microseconds(void) {
    int64_t duration = 0;
    CHECK_OK(omega_timeframe_parse("h1", &duration));
    CHECK(duration == 60 * MINUTE);
}

static void a_bad_timeframe_writes_nothing_and_is_named(void) {
    int64_t duration;
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, duration, omega_timeframe_parse("H7", &duration));
    CHECK_MESSAGE("H7");
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, duration, omega_timeframe_parse("", &duration));
}

static void text_that_is_not_utf8_is_bad_text(void) {
    int64_t value;
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, value, omega_timeframe_parse("M1\xff", &value));
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, value, omega_timestamp_parse("\xc3\x28", &value));
}

static void very_long_text_is_refused_like_any_other(void) {
    static char text[100001];
    int64_t value;
    memset(text, '9', sizeof text - 1);
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, value, omega_timeframe_parse(text, &value));
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, value, omega_timestamp_parse(text, &value));
}

static void a_name_is_written_with_its_end_and_its_length(void) {
    char name[32];
    size_t length = 99;
    CHECK_OK(omega_timeframe_name(90 * MINUTE, name, sizeof name, &length));
    CHECK(length == 5 && strcmp(name, "90min") == 0);
    CHECK_OK(omega_timeframe_name(1440 * MINUTE, name, sizeof name, &length));
    CHECK(length == 2 && strcmp(name, "D1") == 0);
    /* The longest there is. */
    CHECK_OK(omega_timeframe_name(INT64_C(153722867280) * MINUTE, name, sizeof name, &length));
    CHECK(length == strlen("2562047788h") && strcmp(name, "2562047788h") == 0);
}

static void a_name_that_just_fits_is_written_and_no_byte_more(void) {
    char name[8];
    size_t length;
    mark_bytes(name, sizeof name);
    CHECK_OK(omega_timeframe_name(90 * MINUTE, name, 6, &length));
    CHECK(strcmp(name, "90min") == 0 && bytes_are_marked(name + 6, 2));
}

static void a_buffer_too_small_is_left_alone(void) {
    char name[8];
    size_t length;
    for (size_t capacity = 0; capacity <= 5; capacity++) {
        mark_bytes(&length, sizeof length);
        CHECK_REFUSED(OMEGA_SIZE_MISMATCH, name, omega_timeframe_name(90 * MINUTE, name, capacity, &length));
        CHECK(bytes_are_marked(&length, sizeof length));
    }
    CHECK_MESSAGE("6");
}

static void a_length_that_is_no_timeframe_has_no_name(void) {
    static const int64_t BAD[] = {0, 1, -1, -MINUTE, MINUTE - 1, MINUTE + 1, INT64_MIN, INT64_MAX};
    char name[64];
    size_t length;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        CHECK_REFUSED(OMEGA_INVALID_ARGUMENT, name, omega_timeframe_name(BAD[i], name, sizeof name, &length));
    }
    CHECK_MESSAGE("9223372036854775807");
}

static void a_timestamp_is_microseconds_since_1970_utc(void) {
    int64_t t = 0;
    CHECK_OK(omega_timestamp_parse("2012-01-02 00:00:00+00:00", &t));
    CHECK(t == INT64_C(1325462400000000));
    CHECK_REFUSED(OMEGA_INVALID_FORMAT, t, omega_timestamp_parse("2012-02-30", &t));
    CHECK_MESSAGE("2012-02-30");
}

void suite_text(void) {
    RUN(a_parsed_timeframe_is_its_length_in_microseconds);
    RUN(a_bad_timeframe_writes_nothing_and_is_named);
    RUN(text_that_is_not_utf8_is_bad_text);
    RUN(very_long_text_is_refused_like_any_other);
    RUN(a_name_is_written_with_its_end_and_its_length);
    RUN(a_name_that_just_fits_is_written_and_no_byte_more);
    RUN(a_buffer_too_small_is_left_alone);
    RUN(a_length_that_is_no_timeframe_has_no_name);
    RUN(a_timestamp_is_microseconds_since_1970_utc);
}
