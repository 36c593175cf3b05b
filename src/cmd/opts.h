/* Command-line options as a table: parsing, range checks and --help come from the same rows.
 * Options and arguments may be mixed; "--" ends the options; "-t4", "-t 4", "--threads=4", "--threads 4" are equal.
 * Numbers are read as in the C locale. */
#ifndef CMD_OPTS_H
#define CMD_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_kind {
    OPT_FLAG,    /* bool: set to true */
    OPT_STRING,  /* const char *: borrowed from argv */
    OPT_STRINGS, /* struct opt_list: may be given again and again */
    OPT_INT,     /* long in [min, max] */
    OPT_U64,     /* struct opt_u64, any number */
    OPT_FLOAT,   /* double in [min, max] */
};

struct opt {
    char letter;       /* 0: long form only */
    const char *name;
    enum opt_kind kind;
    void *value;       /* left alone unless the option is given */
    const char *arg;   /* what the help calls the value; NULL for a flag */
    const char *help;
    double min, max;   /* of OPT_INT and OPT_FLOAT */
};

struct opt_list {
    const char **v; /* given: free when done */
    size_t n, cap;
};

struct opt_u64 {
    bool given;
    uint64_t v;
};

struct opts {
    const char *command; /* "bench": messages begin with it */
    const char *usage;   /* what follows the name: "[options] FILE" */
    const char *about;   /* one or two sentences */
    const struct opt *opts;
    size_t n_opts;
    size_t min_args, max_args;
};

enum { OPTS_GO = -1 };

/* Parses argv[1..argc). Arguments that are no options are moved to argv[1..1+*n_args), in order.
 * OPTS_GO, or the status to exit with: CMD_OK after --help, CMD_USAGE after a message. */
int opts_parse(const struct opts *o, int argc, char **argv, size_t *n_args);

/* One number out of a whole string: -1 unless all of it is one. */
int opts_long(const char *z, long *out);

#endif
