/* A conversation as everything above uses it: tree, file, kept states and a model's session in one.
 *
 * Every feature is "restore the nearest state, feed the ids that differ", and only this room knows how. One thread at
 * a time uses a conv. Whoever needs the tree in another thread folds the events it is told (on_event) into its own.
 *
 * Each conv_ call that changes something is one operation, one step of undo, and returns when it is on disk. When the
 * disk refuses, the change stands in memory and its lines wait for the next write; the call returns -1 with the
 * reason. */
#ifndef CHAT_CONV_H
#define CHAT_CONV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "chat/journal.h"
#include "chat/store.h"
#include "chat/tree.h"
#include "engine/generate.h"
#include "engine/lm.h"

struct conv;

struct conv_opts {
    const char *path;          /* the chat file; NULL: this conversation is not kept */
    enum journal_mode mode;
    struct store *store;       /* borrowed; NULL: nothing is kept but what the session holds */
    struct lm *lm;             /* borrowed; NULL: for all but reading and writing; conv_use brings one later */
    const char *model_name;    /* how people call it; borrowed during the call */
    size_t keyframe;           /* tokens between keyframes; 0: from the measured reading speed */
    uint64_t part_ns;          /* between parts of a running reply; 0: a little less than a second */
    void (*on_event)(void *arg, const struct event *ev); /* may be NULL: before it is folded */
    void *arg;
};

/* Given. Lines that cannot be used are counted, not fatal. */
struct conv *conv_open(const struct conv_opts *o, struct err *e);
int conv_close(struct conv *c, struct err *e); /* -1: something could not be written */

const struct tree *conv_tree(const struct conv *c);
const struct journal *conv_journal(const struct conv *c); /* NULL when the conversation is not kept */
bool conv_writable(const struct conv *c);

/* What was wrong with the file: lines without effect, and the first of them with its reason. */
size_t conv_bad_lines(const struct conv *c, const struct err **first);

/* The same, and a torn end, in a sentence each. sentence is borrowed for the call. */
void conv_tell_damage(const struct conv *c, void (*tell)(void *arg, const char *sentence), void *arg);

/* What is told while a call reads and writes; all may be NULL. */
struct conv_watch {
    const atomic_bool *cancel;
    session_progress progress; /* reading: this turn's tokens */
    generate_fn token;         /* as in generate */
    void *arg;
};

struct conv_result {
    uint32_t node;             /* the reply; 0: none was begun */
    size_t restored, read, wrote;
    double read_seconds, write_seconds;
    enum made_end end;
    struct hash128 state;      /* after the reply */
    size_t rewritten;          /* tokens before this turn that the template wrote differently, and had to be read again */
    struct err kept;           /* why states could not be kept; ERR_OK: they were */
};

/* Appends a message to the shown leaf without asking for a reply. Needs no model, nor does conv_edit without g. */
int conv_say(struct conv *c, enum chat_role role, const char *text, size_t n, uint32_t *id, struct err *e);

/* A message from the user, and the reply to it. ERR_CANCELLED while reading: the message stands, without a reply; while
 * writing cancel is no error, the reply has what came. */
int conv_send(struct conv *c, const char *text, size_t n, const struct generate_opts *g, const struct conv_watch *w,
              struct conv_result *r, struct err *e);

/* Another version of a message, beside it. A user's message is answered when g is not NULL. */
int conv_edit(struct conv *c, uint32_t node, const char *text, size_t n, const struct generate_opts *g,
              const struct conv_watch *w, struct conv_result *r, struct err *e);

/* A reply to node; when node is a reply, another one beside it. */
int conv_reply(struct conv *c, uint32_t node, const struct generate_opts *g, const struct conv_watch *w,
               struct conv_result *r, struct err *e);

/* The reply to a user's message that was just made without a model, one step of undo with it. Other messages: nothing. */
int conv_answer(struct conv *c, uint32_t node, const struct generate_opts *g, const struct conv_watch *w,
                struct conv_result *r, struct err *e);

/* Goes on with reply `node` after the first `keep` ids of it (SIZE_MAX: all of what it said; else at least its header),
 * then `forced` [n_forced] ids, as a reply beside what followed. */
int conv_continue(struct conv *c, uint32_t node, size_t keep, const int32_t *forced, size_t n_forced,
                  const struct generate_opts *g, const struct conv_watch *w, struct conv_result *r, struct err *e);

/* Brings the session to the shown leaf, so that the next turn reads only its own tokens. */
int conv_restore(struct conv *c, const struct conv_watch *w, struct conv_result *r, struct err *e);

/* Tokens that would be read to go on after node. SIZE_MAX when it cannot be told. */
size_t conv_cost(struct conv *c, uint32_t node);

int conv_goto(struct conv *c, uint32_t node, struct err *e);
int conv_delete(struct conv *c, uint32_t node, struct err *e); /* with all that follows it */
int conv_undo(struct conv *c, struct err *e);                  /* ERR_NOTFOUND: nothing to undo */
int conv_redo(struct conv *c, struct err *e);
int conv_title(struct conv *c, const char *title, struct err *e);
int conv_set(struct conv *c, const struct chat_settings *s, struct err *e); /* no step of undo */
int conv_rate(struct conv *c, uint32_t node, int rating, struct err *e);
int conv_choose(struct conv *c, uint32_t taken, uint32_t over, struct err *e);

/* Another model from now on; the transcript stays. lm is borrowed. */
int conv_use(struct conv *c, struct lm *lm, const char *name, struct err *e);

/* For tests and verification: the session, borrowed; NULL without a model. */
const struct session *conv_session(const struct conv *c);

#endif
