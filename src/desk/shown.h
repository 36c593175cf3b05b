/* A chat as the screen sees it: immutable, counted, made by the chat's worker whenever something changed. The screen
 * keeps one reference and draws from it; a reply in progress comes beside it, as text that only grows. */
#ifndef DESK_SHOWN_H
#define DESK_SHOWN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum shown_role { SHOWN_SYSTEM, SHOWN_USER, SHOWN_REPLY };

struct shown_msg {
    atomic_uint refs;
    uint32_t node;
    enum shown_role role;
    char *text;           /* [n], NUL-terminated */
    size_t n;
    unsigned alt, n_alt;  /* this is alternative alt of n_alt, from 1 */
    int64_t time;         /* milliseconds since 1970 */
    uint32_t ms;          /* it took, for a reply */
    int rating;
    const char *ended;    /* why a reply ended before the model ended it, a static text; NULL */
};

struct shown {
    atomic_uint refs;
    struct shown_msg **msgs; /* [n] the shown path */
    size_t n;
    char *name, *title;      /* the file's name; what people read ("" when untitled) */
    char *model;             /* the model's name */
    size_t n_tokens;         /* of the path */
    size_t state_bytes;      /* recurrent state and attention rows at its end */
    bool writable, can_undo, can_redo;
};

struct shown *shown_new(size_t n);            /* given; msgs are NULL; NULL no memory */
struct shown *shown_ref(struct shown *s);
void shown_unref(struct shown *s);            /* NULL is fine */
struct shown_msg *shown_msg_new(const char *text, size_t n);
struct shown_msg *shown_msg_ref(struct shown_msg *m);
void shown_msg_unref(struct shown_msg *m);

#endif
