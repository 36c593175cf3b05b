#include "cmd/opts.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"

enum { HELP_COLUMN = 26 };

int opts_long(const char *z, long *out)
{
    char *end;
    errno = 0;
    long v = strtol(z, &end, 10);
    if (errno || end == z || *end || *z == ' ')
        return -1;
    *out = v;
    return 0;
}

/* ---- Help ---- */

static void help_row(const struct opt *o)
{
    char left[80];
    int n = snprintf(left, sizeof left, "  %c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                     o->letter ? "," : " ", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    printf("%s%*s%s\n", left, n < HELP_COLUMN ? HELP_COLUMN - n : 2, "", o->help);
}

static void help(const struct opts *o)
{
    static const struct opt own = { 'h', "help", OPT_FLAG, NULL, NULL, "show this and exit", 0, 0 };
    printf("usage: hiss %s %s\n%s\n\n", o->command, o->usage, o->about);
    for (size_t i = 0; i < o->n_opts; i++)
        help_row(&o->opts[i]);
    help_row(&own);
}

/* ---- Values ---- */

static int bad(const struct opts *o, const struct opt *p, const char *value)
{
    if (p->kind == OPT_INT)
        return cmd_usage(o->command, "--%s takes a whole number from %.0f to %.0f, not '%s'", p->name, p->min, p->max, value);
    if (p->kind == OPT_U64)
        return cmd_usage(o->command, "--%s takes a whole number from 0 to 18446744073709551615, not '%s'", p->name, value);
    return cmd_usage(o->command, "--%s takes a number from %g to %g, not '%s'", p->name, p->min, p->max, value);
}

static int set_u64(const char *z, struct opt_u64 *out)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(z, &end, 10);
    if (errno || end == z || *end || *z < '0' || *z > '9')
        return -1;
    *out = (struct opt_u64){ true, v };
    return 0;
}

static int set_double(const char *z, double min, double max, double *out)
{
    char *end;
    double v = strtod(z, &end);
    if (end == z || *end || *z == ' ' || !isfinite(v) || v < min || v > max)
        return -1;
    *out = v;
    return 0;
}

static int set_value(const struct opts *o, const struct opt *p, const char *value)
{
    long l;
    struct opt_list *list = p->value;
    switch (p->kind) {
    case OPT_FLAG:
        *(bool *)p->value = true;
        return OPTS_GO;
    case OPT_STRING:
        *(const char **)p->value = value;
        return OPTS_GO;
    case OPT_STRINGS:
        if (mem_grow(&list->v, &list->cap, list->n + 1, sizeof *list->v))
            return cmd_usage(o->command, "no memory for the options");
        list->v[list->n++] = value;
        return OPTS_GO;
    case OPT_INT:
        if (opts_long(value, &l) || (double)l < p->min || (double)l > p->max)
            return bad(o, p, value);
        *(long *)p->value = l;
        return OPTS_GO;
    case OPT_U64:
        return set_u64(value, p->value) ? bad(o, p, value) : OPTS_GO;
    case OPT_FLOAT:
        return set_double(value, p->min, p->max, p->value) ? bad(o, p, value) : OPTS_GO;
    }
    return OPTS_GO;
}

/* ---- Parsing ---- */

static const struct opt *by_letter(const struct opts *o, char c)
{
    for (size_t i = 0; i < o->n_opts; i++) {
        if (o->opts[i].letter == c)
            return &o->opts[i];
    }
    return NULL;
}

static const struct opt *by_name(const struct opts *o, const char *name, size_t n)
{
    for (size_t i = 0; i < o->n_opts; i++) {
        if (strlen(o->opts[i].name) == n && !memcmp(o->opts[i].name, name, n))
            return &o->opts[i];
    }
    return NULL;
}

/* argv[*i] is "--name" or "--name=value". */
static int parse_long(const struct opts *o, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '='), *value = equals ? equals + 1 : NULL;
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    if (n == 4 && !memcmp(name, "help", 4)) {
        help(o);
        return CMD_OK;
    }
    const struct opt *p = by_name(o, name, n);
    if (!p)
        return cmd_usage(o->command, "unknown option '--%.*s'", (int)n, name);
    if (p->kind == OPT_FLAG && value)
        return cmd_usage(o->command, "--%s takes no value", p->name);
    if (p->kind != OPT_FLAG && !value && ++*i >= argc)
        return cmd_usage(o->command, "--%s needs a value: --%s %s", p->name, p->name, p->arg);
    return set_value(o, p, value || p->kind == OPT_FLAG ? value : argv[*i]);
}

/* argv[*i] is "-x", "-xVALUE" or several flags in one. */
static int parse_letters(const struct opts *o, int argc, char **argv, int *i)
{
    for (const char *c = argv[*i] + 1; *c; c++) {
        if (*c == 'h') {
            help(o);
            return CMD_OK;
        }
        const struct opt *p = by_letter(o, *c);
        if (!p)
            return cmd_usage(o->command, "unknown option '-%c'", *c);
        if (p->kind == OPT_FLAG) {
            set_value(o, p, NULL);
            continue;
        }
        if (c[1])
            return set_value(o, p, c + 1);
        if (++*i >= argc)
            return cmd_usage(o->command, "-%c needs a value: -%c %s", *c, *c, p->arg);
        return set_value(o, p, argv[*i]);
    }
    return OPTS_GO;
}

int opts_parse(const struct opts *o, int argc, char **argv, size_t *n_args)
{
    bool only_args = false;
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        int r = OPTS_GO;
        if (!only_args && !strcmp(argv[i], "--"))
            only_args = true;
        else if (!only_args && argv[i][0] == '-' && argv[i][1] == '-')
            r = parse_long(o, argc, argv, &i);
        else if (!only_args && argv[i][0] == '-' && argv[i][1])
            r = parse_letters(o, argc, argv, &i);
        else
            argv[1 + n++] = argv[i];
        if (r != OPTS_GO)
            return r;
    }
    *n_args = n;
    if (n > o->max_args)
        return cmd_usage(o->command, "unexpected argument '%s'", argv[1 + o->max_args]);
    if (n < o->min_args)
        return cmd_usage(o->command, "an argument is missing: hiss %s %s", o->command, o->usage);
    return OPTS_GO;
}
