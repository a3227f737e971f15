#include "foreign.h"

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

ForeignCounts foreign_counts;

void foreign_reset(void) { memset(&foreign_counts, 0, sizeof foreign_counts); }

double foreign_value(int column, int row) { return column + row / 4.0; }

static const char *const NAMES[FOREIGN_COLUMNS] = {"timestamp", "open", "high", "low", "close", "volume"};

#ifdef __cplusplus
extern "C" {
#endif

static void release_array(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; i++) {
        struct ArrowArray *child = array->children[i];
        if (child->release != NULL) {
            child->release(child);
        }
        free(child);
    }
    if (array->n_children > 0) {
        foreign_counts.arrays++;
    } else {
        foreign_counts.columns++;
    }
    free(array->children);
    free(array->private_data);
    free((void *)array->buffers);
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        struct ArrowSchema *child = schema->children[i];
        if (child->release != NULL) {
            child->release(child);
        }
        free(child);
    }
    if (schema->n_children > 0) {
        foreign_counts.schemas++;
    } else {
        foreign_counts.fields++;
    }
    free(schema->children);
    schema->release = NULL;
}

#ifdef __cplusplus
}
#endif

static void array_of(struct ArrowArray *out, int64_t length, int64_t buffers, int64_t children) {
    memset(out, 0, sizeof *out);
    out->length = length;
    out->n_buffers = buffers;
    out->buffers = (const void **)allocate((size_t)buffers, sizeof(void *));
    out->n_children = children;
    out->children = (struct ArrowArray **)allocate((size_t)children, sizeof(void *));
    out->release = release_array;
}

/* Batch `number` of a stream: later by all the rows before it. */
static void batch(struct ArrowArray *out, int number) {
    array_of(out, FOREIGN_ROWS, 1, FOREIGN_COLUMNS);
    for (int column = 0; column < FOREIGN_COLUMNS; column++) {
        struct ArrowArray *child = (struct ArrowArray *)allocate(1, sizeof *child);
        /* Eight bytes a row, whatever is in them; the memory goes with the array. */
        unsigned char *values = (unsigned char *)allocate(FOREIGN_ROWS, 8);
        array_of(child, FOREIGN_ROWS, 2, 0);
        for (int row = 0; row < FOREIGN_ROWS; row++) {
            const int64_t stamp = (number * FOREIGN_ROWS + row) * MINUTE;
            const double value = foreign_value(column, row);
            memcpy(values + 8 * row, column == 0 ? (const void *)&stamp : (const void *)&value, 8);
        }
        child->buffers[1] = values;
        child->private_data = values;
        out->children[column] = child;
    }
}

void foreign_array(struct ArrowArray *out) { batch(out, 0); }

void foreign_schema(struct ArrowSchema *out) {
    memset(out, 0, sizeof *out);
    out->format = "+s";
    out->n_children = FOREIGN_COLUMNS;
    out->children = (struct ArrowSchema **)allocate(FOREIGN_COLUMNS, sizeof(void *));
    out->release = release_schema;
    for (int column = 0; column < FOREIGN_COLUMNS; column++) {
        struct ArrowSchema *child = (struct ArrowSchema *)allocate(1, sizeof *child);
        child->format = column == 0 ? "tsu:UTC" : "g";
        child->name = NAMES[column];
        child->flags = ARROW_FLAG_NULLABLE;
        child->release = release_schema;
        out->children[column] = child;
    }
}

typedef struct {
    int given, batches, fails;
} Stream;

#ifdef __cplusplus
extern "C" {
#endif

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    (void)stream;
    foreign_schema(out);
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    Stream *held = (Stream *)stream->private_data;
    if (held->given < held->batches) {
        batch(out, held->given++);
        return 0;
    }
    out->release = NULL;
    return held->fails;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return "the producer's own words";
}

static void release_stream(struct ArrowArrayStream *stream) {
    foreign_counts.streams++;
    free(stream->private_data);
    stream->release = NULL;
}

#ifdef __cplusplus
}
#endif

void foreign_stream(struct ArrowArrayStream *out, int batches, int fails) {
    Stream *held = (Stream *)allocate(1, sizeof *held);
    held->batches = batches;
    held->fails = fails;
    out->get_schema = get_schema;
    out->get_next = get_next;
    out->get_last_error = get_last_error;
    out->release = release_stream;
    out->private_data = held;
}
