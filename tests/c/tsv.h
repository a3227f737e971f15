/* Reads the language-neutral cases: cells separated by tabs, '#' lines are comments. */
#ifndef OMEGA_TEST_TSV_H
#define OMEGA_TEST_TSV_H

#include "harness.h"

typedef struct {
    char *text;      /* the file, cut into cells */
    char *comment;   /* the first comment line, without "# ", or "" */
    char **header;   /* columns names */
    char **cells;    /* rows x columns */
    size_t rows, columns;
} Table;

/* Ends the program when the file is absent or malformed: nothing can be tested then. */
Table *tsv_open(const char *folder, const char *name);
void tsv_close(Table *table);
/* A cell, with "<empty>" read as the empty string. */
const char *tsv_cell(const Table *table, size_t row, const char *column);
/* A cell as it stands, by the number of its column. */
const char *tsv_at(const Table *table, size_t row, size_t column);

/* In "a=1 b=2": where the value of `key` begins, or NULL. It ends at a space or at the end. */
const char *arg_value(const char *args, const char *key);
int arg_is(const char *args, const char *key, const char *value);
int64_t arg_integer(const char *args, const char *key, int64_t otherwise);

/* How many items a list "a,b,c" has up to its end or a space; "-" has none. */
size_t list_length(const char *list);
/* The start of the next item, past the separator. */
const char *list_next(const char *item);
int64_t *list_of_integers(const char *list, size_t *count);

/* "code|fragment|fragment": the status is the code, the message has the fragments. */
void check_error(const char *value, OmegaStatus status);

/* A file of the series/ folder: its columns, its identity, and a series made from both. */
typedef struct {
    OmegaColumns columns;
    OmegaSeriesOptions options;
    char symbol[32];
    OmegaSeries *handle; /* NULL where only the columns were asked for */
} SeriesFile;

SeriesFile *series_file_open(const char *folder, const char *name, int make_handle);
void series_file_close(SeriesFile *file);
/* The series' columns are these, to the bit. */
void check_columns(const OmegaColumns *expected, const OmegaSeries *series);

#endif
