/* What tree.c (looking) and tree_apply.c (folding) share. */
#ifndef CHAT_TREE_PARTS_H
#define CHAT_TREE_PARTS_H

#include "chat/tree.h"

size_t tree_index(const struct tree *t, uint32_t id); /* in nodes; SIZE_MAX when there is none */
void tree_ops_release(struct tree *t);

#endif
