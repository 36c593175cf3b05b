/* One event of a conversation, and its line in a chat file (docs/FORMATS.md, "Chat files").
 *
 * A chat is the fold of its events (chat/tree.h). Token ids are the authority, text is for people. 64-bit numbers are
 * written as strings, hashes as hex digits. Buffers in a struct event are owned by it. */
#ifndef CHAT_EVENT_H
#define CHAT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "engine/sampler.h"

/* X(enumerator, word in the file) */
#define EVENT_KINDS(X)               \
    X(CHAT, "chat")                  \
    X(NODE, "node")                  \
    X(REPLY, "reply")                \
    X(PART, "part")                  \
    X(HEAD, "head")                  \
    X(UNDO, "undo")                  \
    X(REDO, "redo")                  \
    X(TITLE, "title")                \
    X(RATING, "rating")              \
    X(CHOICE, "choice")              \
    X(MODEL, "model")                \
    X(SETTINGS, "settings")          \
    X(TOMBSTONE, "tombstone")

enum event_kind {
#define X(e, word) EVENT_##e,
    EVENT_KINDS(X)
#undef X
    EVENT_UNKNOWN, /* of a later hiss: kept in the file, without effect here */
};
extern const char *const event_words[EVENT_UNKNOWN];

enum { CHAT_VERSION = 1 };

enum chat_role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_N };
extern const char *const role_words[ROLE_N];

/* How a reply ended: the first five are enum generate_end, in its order. */
enum made_end { MADE_EOT, MADE_STOP, MADE_LENGTH, MADE_CANCELLED, MADE_CONTEXT, MADE_UNFINISHED, MADE_END_N };
extern const char *const made_end_words[MADE_END_N];

/* How this chat's next replies are to be drawn. */
struct chat_settings {
    struct sampler sampler;
    bool fixed_seed;               /* sampler.seed holds for every reply; else each has a fresh one */
    size_t max_tokens;             /* of a reply; 0: no limit */
};

/* A sampler setting and from which sampled id on (counted in this node) it held. */
struct made_setting {
    size_t from;
    struct sampler sampler;
};

struct made_time {
    size_t n;    /* sampled ids by then */
    uint32_t ms; /* since the first was asked for */
};

/* How a reply was made: enough to make it again. */
struct made {
    struct made_setting *settings; /* [n_settings], the first from 0 */
    size_t n_settings;
    size_t max_tokens;             /* 0: no limit was set */
    char **stops;                  /* [n_stops] */
    size_t n_stops;
    uint64_t template_hash;
    uint32_t arith;
    enum made_end end;
    bool has_state;
    struct hash128 state;          /* after the last id */
    size_t restored, read;         /* tokens that came from a kept state, and that were read, before the first sampled */
    struct made_time *times;       /* [n_times], ascending */
    size_t n_times;
};

/* A message, or a piece of a reply.
 *
 * ids are what a session read for it: they stand at positions [at, at + n_ids) of everything read on its path. `at` is
 * where the path's earlier ids stop counting: usually their end; less for a branch at a token, for a template that
 * rewrites what came before, and after a change of model. `header` of them came before the first sampled one;
 * `content` is the position where the text of the (whole) reply begins.
 *
 * A node that continues its parent makes one message with it: the first `offset` ids of the parent and the first
 * `keep` bytes of the parent's text, then its own. */
struct body {
    uint32_t parent;               /* 0: it begins a conversation */
    enum chat_role role;
    char *text;                    /* [n_text], NUL-terminated, UTF-8 without NULs */
    size_t n_text;
    bool continues;
    size_t offset, keep;
    struct hash128 model;          /* whose ids these are */
    size_t at;
    int32_t *ids;                  /* [n_ids] */
    size_t n_ids;
    size_t header, content;
    struct made *made;             /* replies that were sampled; else NULL */
};

struct event {
    enum event_kind kind;
    uint64_t op;                   /* the operation it belongs to (CHAT, PART, SETTINGS: none); undo and redo: the one they concern */
    int64_t time;                  /* milliseconds since 1970 */
    uint32_t node;                 /* what it is about; for NODE, REPLY the new id, from 1 */
    uint32_t other;                /* CHOICE: the one that was not taken; TOMBSTONE: the new head, 0 for none */
    bool head;                     /* NODE, REPLY: and it becomes the head */
    struct body body;              /* NODE, REPLY; PART: text and ids to append; MODEL: model */
    size_t from;                   /* PART: the node's ids before these */
    uint32_t ms;                   /* PART: since the reply began */
    int rating;                    /* RATING: -1, 0, 1 */
    char *name;                    /* TITLE, MODEL: text; CHAT: its random id */
    struct chat_settings settings; /* SETTINGS */
    int64_t date;                  /* CHAT: for templates that print a date, seconds since 1970; never changes */
};

void event_init(struct event *ev, enum event_kind kind);
bool event_has_op(enum event_kind kind);                /* events of this kind belong to an operation */
void event_release(struct event *ev);

void body_release(struct body *b);
int body_copy(struct body *to, const struct body *from); /* to: uninitialised; -1 no memory */

struct made *made_new(void);                             /* given; NULL no memory */
void made_free(struct made *m);
struct made *made_copy(const struct made *m);            /* given; NULL no memory */

/* Appends the event as one line with its newline. */
int event_write(const struct event *ev, struct str *out, struct err *e);

/* Reads one line, without its newline. ERR_FORMAT names the field; a kind this build does not know is EVENT_UNKNOWN and
 * no error. ERR_UNSUPPORTED: a chat of a later version. On error *ev holds nothing. */
int event_read(struct event *ev, const char *line, size_t n, struct err *e);

#endif
