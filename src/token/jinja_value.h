/* Values of the template language. They live in the run's arena and are never freed one by one.
 *
 * Every string knows where its bytes came from: runs of bytes that a message's content brought, the rest being the
 * template's own (the scaffold). All operations that make strings copy the marks along with the bytes, so that the
 * output says which of its bytes are whose. */
#ifndef TOKEN_JINJA_VALUE_H
#define TOKEN_JINJA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "token/arena.h"

enum {
    JINJA_MAX_TEMPLATE = 1 << 20,   /* bytes of source */
    JINJA_MAX_STRING = 16 << 20,    /* bytes of the output and of every string on the way */
    JINJA_MAX_MEMORY = 256 << 20,   /* bytes of all values of one rendering */
    JINJA_MAX_ITERATIONS = 1000000, /* of all loops together */
    JINJA_MAX_CALLS = 100,          /* macros inside macros */
    JINJA_MAX_DEPTH = 1000,         /* nodes inside nodes, while parsing and while running */
    JINJA_MAX_NESTING = 100,        /* lists inside lists that are printed or compared */
    JINJA_MAX_WORK = 1 << 27,       /* nodes evaluated and bytes looked at: about a second */
};

enum { JINJA_SCAFFOLD = -1 };

/* Bytes up to `end` came from message `from`. */
struct jrun {
    uint32_t end;
    int32_t from;
};

struct jstr {
    const char *p;          /* a NUL follows; there may be others inside */
    size_t n;
    const struct jrun *runs; /* [n_runs] covering n; none: all scaffold */
    size_t n_runs;
};

enum jkind {
    J_UNDEFINED, J_NONE, J_BOOL, J_INT, J_FLOAT, J_STRING, J_LIST, J_DICT, J_NAMESPACE, J_LOOP, J_MACRO, J_FUNCTION,
};

struct jval;
struct jlist;
struct jdict;
struct jloop;
struct jmacro;

struct jval {
    enum jkind kind;
    union {
        bool b;
        int64_t i; /* J_INT; J_FUNCTION: which */
        double f;
        const struct jstr *s;
        struct jlist *l;
        struct jdict *d; /* J_DICT, J_NAMESPACE */
        struct jloop *loop;
        const struct jmacro *macro;
    } u;
};

struct jlist {
    struct jval *p;
    size_t n, cap;
    bool tuple; /* prints with parentheses */
};

struct jdict { /* in order of insertion */
    struct jval *keys, *values;
    size_t n, cap_keys, cap_values;
};

struct jloop {
    const struct jlist *items;
    size_t at;
};

/* One rendering. The first failure sticks: operations after it give undefined, and loops look at `failed`. */
struct jrt {
    struct arena arena;
    struct err *e;
    bool failed;
    unsigned line;      /* of the node being evaluated, for messages */
    size_t work, iterations;
    unsigned depth, calls;
};

void jrt_fail(struct jrt *rt, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void *jrt_get(struct jrt *rt, size_t n);      /* NULL after having failed */
bool jrt_spend(struct jrt *rt, size_t work);  /* false when the work is used up */

extern const struct jstr jstr_empty;

struct jval jv_undefined(void);
struct jval jv_none(void);
struct jval jv_bool(bool b);
struct jval jv_int(int64_t i);
struct jval jv_float(double f);
struct jval jv_str(const struct jstr *s);
struct jval jv_text(struct jrt *rt, const char *p, size_t n); /* a copy, all scaffold */
struct jval jv_list(struct jrt *rt);
struct jval jv_dict(struct jrt *rt, enum jkind kind);
struct jval jv_slice(struct jrt *rt, const struct jstr *s, size_t begin, size_t end); /* bytes; shares them */

void jlist_add(struct jrt *rt, struct jlist *l, struct jval v);
struct jval *jdict_find(struct jrt *rt, const struct jdict *d, struct jval key); /* NULL */
struct jval *jdict_find_z(const struct jdict *d, const char *key);
void jdict_put(struct jrt *rt, struct jdict *d, struct jval key, struct jval v);
void jdict_put_z(struct jrt *rt, struct jdict *d, const char *key, struct jval v); /* key is borrowed */

/* A string being made. */
struct jbuf {
    struct jrt *rt;
    char *p;
    size_t n, cap;
    struct jrun *runs;
    size_t n_runs, cap_runs;
};
void jbuf_init(struct jbuf *b, struct jrt *rt);
void jbuf_add(struct jbuf *b, const struct jstr *s, size_t begin, size_t end); /* bytes of s with their marks */
void jbuf_addv(struct jbuf *b, struct jval v);                                  /* v as `~` and output print it */
void jbuf_bytes(struct jbuf *b, const char *p, size_t n, int32_t from);
void jbuf_z(struct jbuf *b, const char *z);                                     /* scaffold */
const struct jstr *jbuf_str(struct jbuf *b);                                    /* what was made; b is done */

int32_t jstr_from(const struct jstr *s, size_t at); /* the message byte `at` came from */
bool jstr_is(const struct jstr *s, const char *z);
bool jstr_equal(const struct jstr *a, const struct jstr *b);
size_t jstr_chars(struct jrt *rt, const struct jstr *s); /* code points */
size_t jstr_offset(const struct jstr *s, size_t chars); /* bytes of the first `chars` code points */

/* The bytes of needle in s at or after `at`: offset, or SIZE_MAX. */
size_t jstr_find(struct jrt *rt, const struct jstr *s, size_t at, const struct jstr *needle);

bool jv_true(struct jval v);
bool jv_equal(struct jrt *rt, struct jval a, struct jval b);
int jv_compare(struct jrt *rt, struct jval a, struct jval b); /* <0, 0, >0; fails on what has no order */
bool jv_contains(struct jrt *rt, struct jval where, struct jval what);
bool jv_number(struct jval v, double *out);
const char *jv_kind_name(struct jval v);
const struct jstr *jv_to_str(struct jrt *rt, struct jval v);  /* as `~` prints it */

/* The items that a loop or filter runs over: a list's, a dict's keys, a string's characters. NULL after failing. */
const struct jlist *jv_items(struct jrt *rt, struct jval v);

void jbuf_repr(struct jbuf *b, struct jval v);               /* as Python's repr */
void jbuf_json(struct jbuf *b, struct jval v, int indent);   /* json.dumps(ensure_ascii=False); indent < 0: one line */

#endif
