/* The desk: the loaded models and the open chats. Each open chat has a worker thread that owns its conversation; the
 * screen posts requests and gets events back through one channel with a descriptor to poll. Models are opened on a
 * thread of their own, so that one can type at once; chats share a loaded model and take turns on it by slices. */
#ifndef DESK_DESK_H
#define DESK_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "chat/event.h"
#include "chat/verify.h"
#include "desk/shown.h"

struct desk;
struct desk_chat;

struct desk_opts {
    const char *model;         /* name or path; NULL: the default */
    unsigned threads;          /* 0: as many as this process may use */
    const char *kernels;       /* a level's name; NULL: the best */
};

enum desk_stage { DESK_IDLE, DESK_LOADING, DESK_READING, DESK_WRITING, DESK_REBUILDING, DESK_VERIFYING };

struct desk_stats {
    size_t restored, read, wrote;
    double read_seconds, write_seconds, restore_ms;
    uint64_t seed;             /* of the last reply */
};

enum desk_event_kind {
    DESK_SHOWN,     /* shown: the chat changed (given) */
    DESK_TEXT,      /* text: more of the reply in progress (given) */
    DESK_BEGUN,     /* a reply begins */
    DESK_ENDED,     /* it ended (shown follows) */
    DESK_STAGE,     /* stage, progress */
    DESK_STATS,     /* stats */
    DESK_NOTE,      /* text: one sentence */
    DESK_ERROR,     /* err */
    DESK_MODEL,     /* a model was loaded, or failed to (err) */
    DESK_VERIFIED,  /* node, outcome: a reply was run again */
    DESK_REFUSED,   /* text: a message that is not in the chat (given); node: the one it was to replace, or 0 */
    DESK_SETTINGS,  /* settings: the ones the chat was left with */
};

struct desk_event {
    enum desk_event_kind kind;
    struct desk_chat *chat;    /* NULL: of the desk itself */
    struct shown *shown;
    char *text;
    size_t n;
    enum desk_stage stage;
    double progress;
    struct desk_stats stats;
    struct chat_settings settings;
    uint32_t node;
    enum verify_outcome outcome;
    struct err err;
};

struct desk *desk_new(const struct desk_opts *o, struct err *e);
void desk_free(struct desk *d);                       /* stops replies (what came is kept), waits for the journals */
int desk_fd(const struct desk *d);                    /* for poll */
struct desk_event *desk_next(struct desk *d);         /* given; NULL: none waits */
void desk_event_free(struct desk_event *ev);

/* ---- Models ---- */
struct desk_model_info {
    char name[64], arch[24], type[16];
    char path[512];
    size_t file_bytes, state_bytes, row_bytes, n_ctx, n_params;
    bool loaded, embedded;
};
size_t desk_models(struct desk *d, struct desk_model_info *out, size_t cap); /* all that were found; headers only are read */
bool desk_model_now(struct desk *d, struct desk_model_info *out);            /* the one in use; false while loading */
double desk_loading(const struct desk *d);                                   /* 0..1, or < 0: nothing loads */

/* ---- Chats ---- */
struct desk_chat_info {
    char name[128], title[128];
    int64_t mtime;
    bool deleted;
};
size_t desk_chats(struct desk *d, struct desk_chat_info *out, size_t cap);   /* on disk, newest first */

/* The chat that was changed last, by its file's time alone, unless another hiss has it open: *held. false: none. */
bool desk_chat_last(struct desk *d, char out[128], bool *held);
int desk_chat_new_name(struct desk *d, char out[128], struct err *e);        /* a name nobody has; its file is made */
int desk_chat_rename(struct desk *d, const char *name, bool deleted, const char *title, struct err *e); /* one that is not open */
int desk_chat_move(struct desk *d, const char *name, bool to_trash, struct err *e); /* delete, or bring back */

/* s: for a chat that has no settings of its own. */
struct desk_chat *desk_open(struct desk *d, const char *name, const struct chat_settings *s, struct err *e);
void desk_close(struct desk_chat *c, bool drop);       /* drop: a chat in which nothing was ever said leaves no file */
const char *desk_chat_name(const struct desk_chat *c);

/* Requests: copied, queued, answered by events. -1 when the worker is gone. */
int desk_send(struct desk_chat *c, const char *text, size_t n);              /* a message and its reply */
int desk_system(struct desk_chat *c, const char *text, size_t n);
int desk_edit(struct desk_chat *c, uint32_t node, const char *text, size_t n);
int desk_regenerate(struct desk_chat *c, uint32_t node);
int desk_continue(struct desk_chat *c, uint32_t node);
int desk_go(struct desk_chat *c, uint32_t node, int by);                     /* by: alternatives of that message */
int desk_delete(struct desk_chat *c, uint32_t node);
int desk_undo(struct desk_chat *c);
int desk_redo(struct desk_chat *c);
int desk_rate(struct desk_chat *c, uint32_t node, int rating);
int desk_title(struct desk_chat *c, const char *title);
int desk_use_model(struct desk_chat *c, const char *name_or_path);
int desk_verify(struct desk_chat *c);
void desk_set(struct desk_chat *c, const struct chat_settings *s);           /* from the next token on; the chat keeps them */
bool desk_busy(const struct desk_chat *c);                                   /* something asked for is not done */
void desk_stop(struct desk_chat *c);                                         /* the reply in progress; what came is kept */

/* ---- Replay: the shown path's tokens with their times ---- */
struct desk_replay {
    struct desk_replay_step {
        uint32_t ms;         /* since the replay's beginning, pauses between turns cut to two seconds */
        size_t message;      /* index in the shown path */
        size_t n_text;       /* bytes of that message's text shown after this step */
    } *steps;
    size_t n;
};
int desk_replay_load(struct desk_chat *c, struct desk_replay *out, struct err *e);
void desk_replay_release(struct desk_replay *r);

#endif
