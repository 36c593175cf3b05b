/* What a conversation is: the fold of its events. Pure; no I/O, no model.
 *
 * Nodes are never removed: an operation, its undoing and its redoing only change what is shown. One operation (all
 * events of one number) is one step of undo. A new operation ends redo. */
#ifndef CHAT_TREE_H
#define CHAT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "chat/event.h"

struct node {
    uint32_t id;
    uint64_t op;        /* that made it */
    int64_t time;
    struct body body;
    bool alive;         /* its operation is not undone */
    bool deleted;
    bool unfinished;    /* a reply whose last word is not in the file */
    int rating;
    size_t first_child, last_child, next; /* indices in nodes + 1; 0: none */
};

struct choice {
    uint32_t taken, over;
    bool alive;
};

struct tree_model {
    struct hash128 hash;
    size_t name;        /* index of words */
};

struct tree_op;
struct tree {
    struct node *nodes; /* [n_nodes], ids ascending */
    size_t n_nodes, cap_nodes;
    size_t first_root, last_root;       /* index + 1 */
    uint32_t head;                      /* the shown leaf; 0: nothing yet */
    bool opened;                        /* the chat event was seen */
    char *id;                           /* random, of this chat; "" before it is known */
    int64_t date, created;              /* seconds, milliseconds since 1970 */
    char **words;                       /* [n_words] titles and model names; word 0 is "" */
    size_t n_words, cap_words;
    size_t title;                       /* index of words */
    struct tree_model *models;          /* [n_models] every one that was ever chosen; model 0 is none */
    size_t n_models, cap_models, model;
    struct choice *choices;
    size_t n_choices, cap_choices;
    struct tree_op *ops;                /* [n_ops]; the first n_done hold, the rest can be redone */
    size_t n_ops, cap_ops, n_done;
    uint64_t last_op;                   /* highest number seen */
    bool has_settings;                  /* the chat has its own: */
    struct chat_settings settings;
};

int tree_init(struct tree *t, struct err *e);
void tree_release(struct tree *t);

/* Folds one event in; takes ev's buffers in any case. ERR_FORMAT: it does not fit what came before and is without
 * effect. */
int tree_apply(struct tree *t, struct event *ev, struct err *e);

const struct node *tree_node(const struct tree *t, uint32_t id); /* borrowed until the next tree_apply; NULL */
bool tree_visible(const struct tree *t, uint32_t id);            /* it and all it stands on are alive and not deleted */
uint32_t tree_next_id(const struct tree *t);
const char *tree_title(const struct tree *t);                    /* "" when it has none */
const char *tree_model_name(const struct tree *t);
bool tree_model(const struct tree *t, struct hash128 *out);      /* false: none chosen yet */

/* The operation that undo (redo) would take; 0: none. */
uint64_t tree_undoable(const struct tree *t);
uint64_t tree_redoable(const struct tree *t);

/* Appends what an operation did, in a few words: "edit of message 3". Messages are counted from 1 along their path, a
 * continued reply as one. Nothing for an operation that is not there. */
int tree_op_words(const struct tree *t, uint64_t op, struct str *out);
bool tree_op_holds(const struct tree *t, uint64_t op);           /* false: undone, or unknown */

/* Ids of the visible children of parent (0: of the roots), oldest first: written to out[0..cap), all counted. */
size_t tree_children(const struct tree *t, uint32_t parent, uint32_t *out, size_t cap);

/* The visible leaf under id that was made last: where going to a message goes on to. id itself when it has none. */
uint32_t tree_leaf(const struct tree *t, uint32_t id);

/* The nodes from the root to `leaf`: given through *out [return value]; 0 for leaf 0; SIZE_MAX no memory. */
size_t tree_path(const struct tree *t, uint32_t leaf, uint32_t **out);

/* Appends the whole text of the message that ends in node id (a continued reply: all its pieces). */
int tree_text(const struct tree *t, uint32_t id, struct str *out);

/* Appends every id that a session of `model` has read when it has read node id. Nodes of other models add none. */
struct ids;
int tree_ids(const struct tree *t, uint32_t id, struct hash128 model, struct ids *out, struct err *e);

#endif
