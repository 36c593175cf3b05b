/* Inside the template language: what running a template needs. Functions that fail say so through jrt_fail and give
 * undefined. */
#ifndef TOKEN_JINJA_EVAL_H
#define TOKEN_JINJA_EVAL_H

#include "token/jinja_ast.h"
#include "token/jinja_value.h"

struct jvar {
    const char *name;
    struct jval v;
};

/* Variables of the template, of one loop's body or of one macro call. */
struct jscope {
    struct jscope *up;
    struct jvar *vars;
    size_t n, cap;
};

struct jmacro {
    const struct jnode *node;
    struct jscope *scope; /* where it was defined */
};

enum jflow { J_ON, J_BREAK, J_CONTINUE };

/* One running template. */
struct jx {
    struct jrt rt;
    struct jscope *scope;
    struct jbuf *out;
    int64_t date; /* seconds since 1970, for strftime_now */
    enum jflow flow;
};

enum { J_MAX_ARGS = 24 };
struct jargs {
    struct jval v[J_MAX_ARGS];
    const char *name[J_MAX_ARGS]; /* NULL: by position */
    size_t n;
};
/* The i-th positional argument, or the one called `name` (may be NULL); undefined if neither is there. */
struct jval jargs_get(const struct jargs *a, size_t i, const char *name);

struct jval *jscope_find(struct jx *x, struct jscope *s, const char *name); /* outwards; NULL */
void jscope_set(struct jx *x, const char *name, struct jval v); /* in the innermost scope */

struct jval jx_eval(struct jx *x, const struct jnode *n);
void jx_args(struct jx *x, const struct jnode *call, struct jargs *out);
void jx_body(struct jx *x, const struct jnodes *body);
/* Runs body with its output caught. */
const struct jstr *jx_capture(struct jx *x, const struct jnodes *body);
struct jval jx_call_macro(struct jx *x, const struct jmacro *m, const struct jargs *a);

bool jx_enter(struct jx *x, unsigned line); /* one level deeper; false when too deep, out of work or failed */
void jx_leave(struct jx *x);

struct jval jx_binary(struct jx *x, enum jop op, struct jval a, struct jval b);
struct jval jx_item(struct jx *x, struct jval a, struct jval key);
struct jval jx_attr(struct jx *x, struct jval a, const char *name);
struct jval jx_slice(struct jx *x, struct jval a, struct jval from, struct jval to, struct jval step);
struct jval jx_filter(struct jx *x, const char *name, struct jval v, const struct jargs *a);
bool jx_test(struct jx *x, const char *name, struct jval v, const struct jargs *a);
struct jval jx_method(struct jx *x, struct jval self, const char *name, const struct jargs *a);
bool jx_is_method(struct jval self, const char *name); /* of a dict: goes before a key of that name */
struct jval jx_function(struct jx *x, int64_t which, const struct jargs *a);
struct jval jx_find_function(const char *name); /* undefined when there is none */

/* Texts (Python's str methods); results carry the marks of their bytes. */
enum jstrip { J_LEFT = 1, J_RIGHT = 2, J_BOTH = 3 };
struct jval jtext_strip(struct jx *x, const struct jstr *s, struct jval chars, enum jstrip which);
struct jval jtext_split(struct jx *x, const struct jstr *s, struct jval sep, int64_t max, bool from_right);
struct jval jtext_replace(struct jx *x, const struct jstr *s, struct jval from, struct jval to, int64_t count);
enum jcase { J_UPPER, J_LOWER, J_TITLE, J_CAPITALIZE };
struct jval jtext_case(struct jx *x, const struct jstr *s, enum jcase to); /* ASCII letters */
struct jval jtext_join(struct jx *x, struct jval items, const struct jstr *sep);
struct jval jtext_indent(struct jx *x, const struct jstr *s, int64_t width, bool first, bool blank);
struct jval jtext_format(struct jx *x, const struct jstr *s, struct jval args); /* "%s" and "%d" */
struct jval jtext_lines(struct jx *x, const struct jstr *s);

/* Runs a parsed template with the variables of *globals. out: the text with its marks. 0, or -1 with *e. */
int jinja_run(const struct jinja *j, struct jx *x, const struct jstr **out);
int jx_init(struct jx *x, int64_t date, struct err *e);
void jx_release(struct jx *x);

#endif
