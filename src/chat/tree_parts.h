/* What tree.c (looking), tree_apply.c (folding) and tree_words.c (naming) share. */
#ifndef CHAT_TREE_PARTS_H
#define CHAT_TREE_PARTS_H

#include "chat/tree.h"

enum field { FIELD_HEAD, FIELD_ALIVE, FIELD_DELETED, FIELD_RATING, FIELD_TITLE, FIELD_MODEL, FIELD_CHOICE };

struct change {
    enum field field;
    size_t index;   /* of the node or choice */
    int64_t value;  /* before the change while it holds, after it while it is undone */
};

struct tree_op {
    uint64_t number;
    struct change *changes;
    size_t n, cap;
};

size_t tree_index(const struct tree *t, uint32_t id); /* in nodes; SIZE_MAX when there is none */
void tree_ops_release(struct tree *t);

#endif
