/* What the files of conv share: conv.c (file and operations), conv_plan.c (which ids), conv_turn.c (reading, writing). */
#ifndef CHAT_CONV_PARTS_H
#define CHAT_CONV_PARTS_H

#include "chat/conv.h"
#include "chat/writer.h"

struct conv {
    struct tree tree;
    struct journal *journal; /* NULL: not kept */
    struct writer *writer;   /* NULL: not kept, or read only */
    struct store *store;     /* borrowed, may be NULL */
    struct lm *lm;           /* borrowed, may be NULL */
    char *model_name;
    struct session *session;
    size_t keyframe;         /* 0: measured */
    uint64_t part_ns;
    double reading_speed;    /* tokens a second; 0: not measured yet */
    size_t n_lines, n_bad;
    struct err first_bad;
    struct str line;         /* the event being written */
    uint64_t ticket;         /* of the last line put */
    void (*on_event)(void *arg, const struct event *ev);
    void *arg;
};

/* ---- conv.c ---- */

/* Writes, tells and folds one event; takes its buffers. Does not wait. */
int conv_emit(struct conv *c, struct event *ev, struct err *e);
int conv_wait(struct conv *c, struct err *e);            /* until all that was emitted is on disk */
uint64_t conv_next_op(const struct conv *c);
int conv_need_model(const struct conv *c, struct err *e);

/* Text as a chat file carries it: invalid UTF-8 and NULs become U+FFFD. */
int conv_clean(const char *text, size_t n, struct str *out);

/* ---- conv_plan.c ---- */

/* The ids a session has to have read, and where the parts of the last message lie in them. */
struct plan {
    struct ids ids;
    size_t at;       /* ids[0..at) are what the parent's path has read already */
    size_t before;   /* ids of the parent's path: at < before when the template rewrites it */
    size_t end;      /* after the last message's end-of-turn token */
};
void plan_release(struct plan *p);

/* The path to `parent`, then (unless text is NULL) one more message; then the next reply's header. */
int plan_make(struct conv *c, uint32_t parent, enum chat_role role, const char *text, size_t n, struct plan *p,
              struct err *e);

/* Everything up to a message's end, as this model reads it. */
int plan_leaf(struct conv *c, uint32_t node, struct ids *out, struct err *e);

/* ---- conv_turn.c ---- */

struct lead {
    uint64_t op;
    uint32_t parent;
    size_t at;               /* ids[0..at) stand on the parent's path */
    const int32_t *ids;      /* [n] all that is read before the first sampled id */
    size_t n;
    size_t content;
    bool continues;
    size_t offset, keep;
};

/* Restores, reads and writes one reply. */
int turn_reply(struct conv *c, const struct lead *l, const struct generate_opts *g, const struct conv_watch *w,
               struct conv_result *r, struct err *e);

int turn_fits(const struct conv *c, size_t n, struct err *e); /* ERR_LIMIT: the model cannot read so many */

/* Brings the session to exactly ids[0..n). */
int turn_seek(struct conv *c, const int32_t *ids, size_t n, const struct conv_watch *w, struct conv_result *r,
              struct err *e);

/* The text of a reply from the ids of its content. */
int turn_text(const struct conv *c, const int32_t *ids, size_t n, struct str *out);

#endif
