/* A producer of the Arrow C Data Interface in C: tables of candles whose every release is counted. */
#ifndef OMEGA_TEST_FOREIGN_H
#define OMEGA_TEST_FOREIGN_H

#include "harness.h"

enum { FOREIGN_COLUMNS = 6, FOREIGN_ROWS = 4 };

/* How often each release has been called since foreign_reset. */
typedef struct {
    int arrays, columns, schemas, fields, streams;
} ForeignCounts;
extern ForeignCounts foreign_counts;
void foreign_reset(void);

/* FOREIGN_ROWS candles a minute apart, in memory of their own: timestamp[us, UTC] and float64, no metadata. */
void foreign_array(struct ArrowArray *out);
void foreign_schema(struct ArrowSchema *out);
/* `batches` such arrays that follow one another in time, then the end, or the errno `fails`. */
void foreign_stream(struct ArrowArrayStream *out, int batches, int fails);

/* A double that column `column` of the producer's holds in `row`. */
double foreign_value(int column, int row);

#endif
