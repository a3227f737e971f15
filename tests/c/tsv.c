#include "tsv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *path, const char *why) {
    fprintf(stderr, "%s: %s\n", path, why);
    exit(EXIT_FAILURE);
}

static char *read_all(const char *path) {
    FILE *file = fopen(path, "rb");
    size_t size = 0, capacity = 1 << 16;
    char *text = (char *)allocate(capacity, 1);
    if (file == NULL) {
        die(path, strerror(errno));
        return text;
    }
    for (;;) {
        size_t got = fread(text + size, 1, capacity - size - 1, file);
        size += got;
        if (got == 0) {
            break;
        }
        if (size + 1 == capacity) {
            char *larger = (char *)realloc(text, capacity *= 2);
            if (larger == NULL) {
                die(path, "out of memory");
            }
            text = larger;
        }
    }
    fclose(file);
    text[size] = '\0';
    return text;
}

static size_t count_char(const char *text, char wanted) {
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == wanted;
    }
    return count;
}

/* Cuts one line into `columns` cells; 0 when it has another number of them. */
static int cut(char *line, char **cells, size_t columns) {
    for (size_t i = 0; i < columns; i++) {
        char *tab = strchr(line, '\t');
        cells[i] = line;
        if ((tab == NULL) != (i + 1 == columns)) {
            return 0;
        }
        if (tab != NULL) {
            *tab = '\0';
            line = tab + 1;
        }
    }
    return 1;
}

Table *tsv_open(const char *folder, const char *name) {
    char path[4096], *line;
    Table *table = (Table *)allocate(1, sizeof *table);
    size_t lines;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    table->text = read_all(path);
    table->comment = table->text + strlen(table->text);
    lines = count_char(table->text, '\n');
    for (line = table->text; *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end == NULL) {
            die(path, "the last line has no end");
            break;
        }
        *end = '\0';
        if (line[0] == '#') {
            if (*table->comment == '\0') {
                table->comment = line + strspn(line, "# ");
            }
        } else if (table->header == NULL) {
            table->columns = count_char(line, '\t') + 1;
            table->header = (char **)allocate(table->columns, sizeof(char *));
            table->cells = (char **)allocate(lines * table->columns, sizeof(char *));
            cut(line, table->header, table->columns);
        } else if (cut(line, table->cells + table->rows * table->columns, table->columns)) {
            table->rows++;
        } else {
            die(path, "a line has another number of cells than the header");
        }
        line = end + 1;
    }
    if (table->header == NULL) {
        die(path, "no header");
    }
    return table;
}

void tsv_close(Table *table) {
    free(table->text);
    free(table->header);
    free(table->cells);
    free(table);
}

const char *tsv_at(const Table *table, size_t row, size_t column) {
    return table->cells[row * table->columns + column];
}

const char *tsv_cell(const Table *table, size_t row, const char *column) {
    for (size_t i = 0; i < table->columns; i++) {
        if (strcmp(table->header[i], column) == 0) {
            const char *cell = tsv_at(table, row, i);
            return strcmp(cell, "<empty>") == 0 ? "" : cell;
        }
    }
    die(column, "no such column");
    return "";
}

const char *arg_value(const char *args, const char *key) {
    size_t length = strlen(key);
    for (const char *at = args; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, key, length) == 0 && at[length] == '=') {
            return at + length + 1;
        }
    }
    return NULL;
}

int arg_is(const char *args, const char *key, const char *value) {
    const char *found = arg_value(args, key);
    size_t length = strlen(value);
    return found != NULL && strncmp(found, value, length) == 0 &&
           (found[length] == ' ' || found[length] == '\0');
}

int64_t arg_integer(const char *args, const char *key, int64_t otherwise) {
    const char *found = arg_value(args, key);
    return found == NULL ? otherwise : (int64_t)strtoll(found, NULL, 10);
}

static int ends(char c) { return c == ' ' || c == '\0'; }

size_t list_length(const char *list) {
    size_t count = 1;
    if (list[0] == '-' && ends(list[1])) {
        return 0;
    }
    for (; !ends(*list); list++) {
        count += *list == ',';
    }
    return count;
}

const char *list_next(const char *item) {
    item += strcspn(item, ",; ");
    return *item == '\0' ? item : item + 1;
}

int64_t *list_of_integers(const char *list, size_t *count) {
    int64_t *values;
    *count = list_length(list);
    values = (int64_t *)allocate(*count, sizeof *values);
    for (size_t i = 0; i < *count; i++, list = list_next(list)) {
        values[i] = (int64_t)strtoll(list, NULL, 10);
    }
    return values;
}

void check_error(const char *value, OmegaStatus status) {
    char *text = (char *)allocate(strlen(value) + 1, 1), *rest;
    strcpy(text, value);
    CHECK_STATUS((OmegaStatus)strtol(text, &rest, 10), status);
    while (*rest == '|') {
        char *fragment = rest + 1;
        rest = fragment + strcspn(fragment, "|");
        if (*rest == '|') {
            *rest = '\0';
            CHECK_MESSAGE(fragment);
            *rest = '|';
        } else {
            CHECK_MESSAGE(fragment);
        }
    }
    free(text);
}

size_t check_integers(const char *value, const int64_t *got) {
    size_t count = 0;
    if (strcmp(value, "-") == 0) {
        return 0;
    }
    for (char *rest; *value != '\0'; count++) {
        CHECK((int64_t)strtoll(value, &rest, 10) == got[count]);
        CHECK(rest != value);
        value = *rest == '\0' ? rest : rest + 1;
    }
    return count;
}

size_t check_matrix(const char *value, const double *got, size_t columns) {
    size_t cell = 0;
    if (strcmp(value, "-") == 0) {
        return 0;
    }
    for (; *value != '\0'; cell++) {
        size_t length = strcspn(value, ",;");
        if (strncmp(value, "nan", 3) == 0) {
            CHECK(got[cell] != got[cell]);
        } else {
            CHECK(length == 16 && bits_of(got[cell]) == (uint64_t)strtoull(value, NULL, 16));
        }
        value += length;
        CHECK((*value == ',') == ((cell + 1) % columns != 0));
        value += *value != '\0';
    }
    return cell;
}

OmegaField field_of(const char *args) {
    static const char *const NAMES[5] = {"open", "high", "low", "close", "volume"};
    for (OmegaField field = 0; field < 5; field++) {
        if (arg_is(args, "field", NAMES[field])) {
            return field;
        }
    }
    CHECK(arg_value(args, "field") == NULL);
    return OMEGA_FIELD_CLOSE;
}

OmegaPriceType side_of(const char *args) {
    if (arg_value(args, "price_type") == NULL || arg_is(args, "price_type", "bid")) {
        return OMEGA_PRICE_TYPE_BID;
    }
    return arg_is(args, "price_type", "ask") ? OMEGA_PRICE_TYPE_ASK : 2; /* none of the two */
}
