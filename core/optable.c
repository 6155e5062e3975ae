/* optable: options from tables of rows; the header says it. */

#include "optable.h"

#include <getopt.h>
#include <string.h>

#include <skalibs/types.h>

struct found {
    struct optable const *table;
    struct optable_row const *row;
};

/* Of the rows in use the one with this letter, or from OPTABLE_LONG on the one at that place. */
static struct found find(struct optable const *tables, size_t count, int code) {
    int n = OPTABLE_LONG;
    for (struct optable const *table = tables; table < tables + count; table++)
        for (struct optable_row const *row = table->rows; row < table->rows + table->n; row++) {
            if (!(row->users & table->users)) continue;
            if (code < OPTABLE_LONG ? row->code == code : n++ == code) return (struct found){table, row};
        }
    return (struct found){NULL, NULL};
}

static size_t count_rows(struct optable const *tables, size_t count) {
    size_t n = 0;
    while (count--) n += tables++->n;
    return n;
}

/* Stop at the first operand; tell a missing argument from an unknown option. A long name stands for its row's place:
 * two tables may use the same code for what has no letter. */
static void make_getopt_tables(struct optable const *tables, size_t count, char *letters,
                               struct option *names) {
    struct found at;
    *letters++ = '+';
    *letters++ = ':';
    for (int n = OPTABLE_LONG; at = find(tables, count, n), at.row; n++) {
        int has_arg = at.row->has_arg;
        if (at.row->name) *names++ = (struct option){.name = at.row->name, .has_arg = has_arg, .val = n};
        if (at.row->code >= OPTABLE_LONG) continue;
        *letters++ = (char)at.row->code;
        if (has_arg) *letters++ = ':';
    }
    *letters = 0;
    memset(names, 0, sizeof *names);
}

/* One letter of a bundle is named alone; a long name as it was given. */
static char const *name_option(struct opterror *err, int code, char const *word) {
    if (!code || code >= OPTABLE_LONG) return word;
    err->letter[0] = '-';
    err->letter[1] = (char)code;
    err->letter[2] = 0;
    return err->letter;
}

static void take_one(struct optable const *tables, size_t count, int code, struct opterror *err) {
    struct found at = find(tables, count, code);
    if (code == ':')
        err->what = "no argument to option ";
    else if (!at.row) /* '?' is nobody's letter */
        err->what = "unknown option ";
    else
        at.table->take(at.table->data, at.row->code, at.row->has_arg ? optarg : NULL, err);
}

int optable_parse(struct optable const *tables, size_t count, int argc, char const *const *argv,
                  struct opterror *err) {
    size_t n = count_rows(tables, count);
    char letters[2 * n + 3];
    struct option names[n + 1];
    int code, at = 1;
    make_getopt_tables(tables, count, letters, names);
    opterr = 0;
    optind = 0; /* from the start, whatever has been parsed before */
    while ((code = getopt_long(argc, (char *const *)argv, letters, names, NULL)) >= 0) {
        *err = (struct opterror){.why = ""};
        err->where = name_option(err, code == '?' || code == ':' ? optopt : code, argv[at]);
        take_one(tables, count, code, err);
        if (err->what) return -1;
        at = optind;
    }
    return optind;
}

void optable_number(unsigned int *n, char const *arg, struct opterror *err) {
    if (!uint0_scan(arg, n)) err->what = "invalid number for option ";
}
