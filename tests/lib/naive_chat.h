/* The naive model of a conversation: no cache, no undo list, no deltas. Every node holds every id from position 0 to
 * its end; every step of undo is a copy of all that is shown; whatever is asked for is read from the start.
 * The property test drives it beside chat/conv and demands the same. */
#ifndef TEST_NAIVE_CHAT_H
#define TEST_NAIVE_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"
#include "chat/event.h"
#include "engine/generate.h"
#include "engine/lm.h"

enum { NAIVE_MAX_NODES = 1000, NAIVE_MAX_VIEWS = 1000 };

struct naive_node {
    int parent;          /* id; 0: none */
    enum chat_role role;
    bool sampled, continues;
    struct str text;     /* of the whole message */
    struct ids full;     /* everything read when this node was read, by its model */
    size_t content;      /* where the reply's text begins in full */
    const struct lm *lm;
    enum made_end end;
};

struct naive_view {
    int head;
    unsigned char shown[NAIVE_MAX_NODES + 1];
};

struct naive {
    struct lm *lm;
    int64_t date;
    struct naive_node node[NAIVE_MAX_NODES + 1]; /* by id, from 1 */
    int n_nodes;
    struct naive_view *view[NAIVE_MAX_VIEWS];    /* [n_views] steps; view[now] is shown */
    int n_views, now;
};

struct naive *naive_new(struct lm *lm, int64_t date);
void naive_free(struct naive *n);
struct naive *naive_clone(const struct naive *n);

/* One operation. stage cuts it short, as a crash does. */
enum naive_kind { NAIVE_SAY, NAIVE_SEND, NAIVE_EDIT, NAIVE_REPLY, NAIVE_CONTINUE, NAIVE_GOTO, NAIVE_DELETE, NAIVE_UNDO,
                  NAIVE_REDO, NAIVE_TITLE };
enum naive_stage { NAIVE_NOTHING, NAIVE_EMPTY_STEP, NAIVE_MESSAGE, NAIVE_PART, NAIVE_WHOLE };

struct naive_op {
    enum naive_kind kind;
    enum chat_role role;
    int node;
    const char *text;
    size_t n_text;
    size_t keep;              /* NAIVE_CONTINUE: how many ids from position 0 stay; SIZE_MAX: all of the reply */
    int32_t forced;           /* NAIVE_CONTINUE: -1 for none */
    struct generate_opts g;
    size_t stop_after;        /* cancelled after so many tokens */
    enum naive_stage stage;
    size_t n_part;            /* NAIVE_PART: sampled ids that are in the file */
};

void naive_apply(struct naive *n, const struct naive_op *op);

int naive_head(const struct naive *n);
bool naive_shown(const struct naive *n, int id);   /* it and all it stands on */
int naive_leaf(const struct naive *n, int id);     /* the newest shown leaf under it */

/* What has been read when the head has been read by the model of now, and the hash after it. */
void naive_head_ids(struct naive *n, struct ids *out);
struct hash128 naive_hash(struct naive *n, const struct ids *ids);

#endif
