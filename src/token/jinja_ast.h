/* A parsed template. All of it lives in one arena and is never changed after parsing. */
#ifndef TOKEN_JINJA_AST_H
#define TOKEN_JINJA_AST_H

#include <stddef.h>

#include "base/err.h"
#include "token/jinja_lex.h"
#include "token/jinja_value.h"

enum jop {
    /* expressions */
    JE_CONST, JE_NAME, JE_LIST, JE_TUPLE, JE_DICT, JE_ATTR, JE_ITEM, JE_SLICE, JE_CALL, JE_FILTER, JE_TEST, JE_NOT,
    JE_NEG, JE_POS, JE_AND, JE_OR, JE_COND, JE_ADD, JE_SUB, JE_MUL, JE_DIV, JE_FLOORDIV, JE_MOD, JE_POW, JE_CONCAT,
    JE_EQ, JE_NE, JE_LT, JE_LE, JE_GT, JE_GE, JE_IN, JE_NOT_IN, JE_CHAIN,
    /* statements */
    JS_TEXT, JS_PRINT, JS_IF, JS_FOR, JS_SET, JS_SET_BLOCK, JS_MACRO, JS_FILTER_BLOCK, JS_BREAK, JS_CONTINUE,
};

struct jnode;
struct jnodes {
    struct jnode **p;
    size_t n, cap;
};

/* Which fields mean something, by op:
 *   CONST TEXT       value
 *   NAME             name
 *   LIST TUPLE       list
 *   DICT             list: key, value, key, value ...
 *   ATTR             a . name
 *   ITEM             a [ b ]
 *   SLICE            a [ list[0] : list[1] : list[2] ], each may be NULL
 *   CALL             a ( list ), names[i] not NULL for keyword arguments
 *   FILTER TEST      a | name ( list, names ); a is NULL in a filter block
 *   COND             a if b else c (c may be NULL)
 *   CHAIN            comparisons a < b < c: list of operands, ops of the links in body as nodes without operands
 *   IF               list: condition, body as JS_IF's `bodies`; orelse
 *   FOR              names: targets; a: what it runs over; b: its filter or NULL; body; orelse
 *   SET              targets (NAME or ATTR nodes) in list; a: value
 *   SET_BLOCK        list[0]: target; body
 *   MACRO            name; names: parameters; list: defaults (NULL where none); body
 *   FILTER_BLOCK     a: the outermost FILTER; body */
struct jnode {
    enum jop op;
    unsigned line;
    struct jval value;
    const char *name;
    struct jnode *a, *b, *c;
    struct jnodes list;
    const char **names; /* [list.n], or [n_names] */
    size_t n_names;
    struct jnodes body, orelse;
    struct jnodes *bodies; /* [list.n] */
};

struct jinja {
    struct arena arena;
    struct jnodes body;
};

/* ERR_UNSUPPORTED for tags hiss does not know, ERR_FORMAT for what is no template. Given. */
struct jinja *jinja_parse(const char *src, size_t n, struct err *e);
void jinja_free(struct jinja *j);

/* Inside the parser. */
struct parser {
    struct arena *arena;
    struct err *e;
    const struct jtok *tok; /* the next word */
    unsigned depth;
    const char **interned; /* equal names are equal pointers */
    size_t n_interned, cap_interned;
};
int parse_fail(struct parser *ps, const char *what); /* at the next word; -1 */
void *parse_get(struct parser *ps, size_t n);        /* zero bytes of the template's arena */
struct jnode *parse_node(struct parser *ps, enum jop op);
int parse_push(struct parser *ps, struct jnodes *v, struct jnode *n); /* -1 also when n is NULL and an error stands */
const char *parse_intern(struct parser *ps, const char *p, size_t n);
bool parse_word_is(const struct jtok *t, enum jtok_kind kind, const char *z);
bool parse_at(const struct parser *ps, const char *op);      /* the next word is this operator */
bool parse_at_name(const struct parser *ps, const char *name);
bool parse_take(struct parser *ps, const char *op);          /* and if so goes behind it */
bool parse_take_name(struct parser *ps, const char *name);
int parse_expect(struct parser *ps, const char *op);
bool parse_enter(struct parser *ps);                         /* false, with an error, when nested too deeply */
const char *parse_name(struct parser *ps);                   /* NULL with an error */
struct jnode *parse_expression(struct parser *ps);
struct jnode *parse_tuple(struct parser *ps, bool with_condition); /* an expression or several with commas */
struct jnode *parse_filters(struct parser *ps, struct jnode *a);   /* name(args)|name... behind a tag's word */
struct jnode *parse_primary(struct parser *ps);
struct jnode *parse_postfix(struct parser *ps, struct jnode *a); /* .name [i] (args) behind a */
int parse_args(struct parser *ps, struct jnode *call, const char *end);

#endif
