/* hiss chats, in two files: chats.c finds the files and keeps house, chats_show.c prints one conversation. */
#ifndef CMD_CHATS_H
#define CMD_CHATS_H

#include <stdbool.h>

#include "chat/conv.h"

/* Prints the shown line of a conversation, or with `all` every message of every branch. */
int chats_show(const char *name, struct conv *c, bool all, bool json);

/* Prints what is wrong with a chat and returns how many things are. */
size_t chats_check(const char *name, struct conv *c, const struct store *st);

#endif
