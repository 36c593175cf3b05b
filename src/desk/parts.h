/* The inside of the desk, shared by its files only. */
#ifndef DESK_PARTS_H
#define DESK_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/chan.h"
#include "base/pool.h"
#include "chat/conv.h"
#include "desk/desk.h"
#include "engine/lm.h"

enum { DESK_MAX_MODELS = 16, DESK_EVENTS = 4096, DESK_REQUESTS = 64 };

/* A loaded model. */
struct desk_model {
    struct lm *lm;
    unsigned users;                /* chats */
    struct desk_model_info info;
};

struct desk {
    struct desk_opts opts;
    char model[512], kernels[16];  /* copies of what opts points to */
    struct pool *pool;
    struct chan *events;

    pthread_mutex_t lock;          /* of what follows */
    pthread_cond_t loaded;         /* a load has ended, or there is another reason to stop waiting */
    struct desk_model *models[DESK_MAX_MODELS]; /* [n_models] */
    size_t n_models;
    struct desk_model *current;    /* what new chats use; NULL: none yet */
    bool loading;
    struct err load_err;           /* of the last load */
    atomic_int load_permille;      /* -1: nothing loads */
    atomic_bool quit;
    pthread_t loader;
    bool loader_runs;
    char wanted[512];              /* what the loader loads */
};

enum desk_want {
    WANT_SEND, WANT_SYSTEM, WANT_EDIT, WANT_ANSWER, WANT_REGENERATE, WANT_CONTINUE, WANT_GO, WANT_DELETE, WANT_UNDO, WANT_REDO,
    WANT_RATE, WANT_TITLE, WANT_MODEL, WANT_VERIFY, WANT_RESTORE, WANT_SETTINGS, WANT_QUIT,
};

struct desk_request {
    enum desk_want want;
    uint32_t node;
    int by;
    char *text;
    size_t n;
};

struct desk_chat {
    struct desk *desk;
    char name[128];
    struct str path;
    struct chan *requests;
    pthread_t thread;
    atomic_bool cancel;
    atomic_uint asked, served;     /* requests; opening counts as the first */
    bool drop;                     /* set with WANT_QUIT: nothing is left of an empty chat */
    pthread_mutex_t lock;          /* of settings, unkept */
    struct chat_settings settings;
    bool unkept;                   /* they were changed and are not in the chat file */
    /* the worker's own */
    struct conv *conv;
    struct store *store;
    struct lm *lm;
    char model[64];                /* its name */
    struct shown *last;            /* what was last told, so that unchanged messages keep their layouts */
    struct generate_opts generate;
    struct desk_stats stats;
    uint64_t stage_ns, read_ns;
    enum desk_stage stage;
    bool begun;                    /* this turn's message is shown */
};

void desk_tell(struct desk *d, const struct desk_event *ev);       /* copies; takes shown and text */
void desk_tell_err(struct desk *d, struct desk_chat *c, const struct err *e);
void desk_tell_note(struct desk *d, struct desk_chat *c, const char *text);
void desk_tell_stage(struct desk_chat *c, enum desk_stage stage, double progress);
void desk_verify_run(struct desk_chat *c);                         /* desk_replay.c */
void *desk_worker(void *chat);                                     /* desk_chat.c: the thread */
void desk_request_free(void *request);

/* ---- desk_models.c ---- */
int desk_load_first(struct desk *d, const char *name, struct err *e);
void desk_models_free(struct desk *d);                             /* after the load that runs */

/* The loaded model of that name or path (NULL: the current one); waits while it loads, until the chat is stopped or
 * (yields) is asked for something else. NULL with *e. The chat uses it then, until desk_leave_model. */
struct lm *desk_wait_model(struct desk_chat *c, const char *name, bool yields, struct desk_model_info *info, struct err *e);
void desk_leave_model(struct desk *d, const struct lm *lm);         /* NULL is fine; one that nobody uses is closed */
void desk_wake_waiting(struct desk *d);                            /* those in desk_wait_model look again */

void desk_short_title(const char *text, char *out, size_t n);       /* how a message begins, in a line */
void desk_base_name(const char *path, char out[64]);               /* a model's name, from its file's */

/* What the screen shows of a conversation: given; shares unchanged messages with `before`. writing: a reply is in
 * progress and not part of it. */
struct shown *shown_of(const struct conv *c, const char *name, const char *model, const struct shown *before, bool writing);

/* The message that stands `by` alternatives beside the one that ends in node; 0: none. */
uint32_t shown_alternative(const struct tree *t, uint32_t node, int by);

#endif
