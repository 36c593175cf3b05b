/* What store.c and store_files.c share: the list of kept states and their files. */
#ifndef CHAT_STORE_FILES_H
#define CHAT_STORE_FILES_H

#include "base/str.h"
#include "chat/store.h"

struct entry {
    char *chat;              /* [n] folder; given to the list */
    uint64_t model;          /* low half of model_hash */
    unsigned arith;
    enum store_kind kind;
    uint64_t pos, ids;       /* position, and hash of the ids before it */
    uint64_t rows_from, base;/* the keyframe its rows stand on: position and hash; 0, 0: none */
    uint64_t bytes;          /* of the file, or of the copy in memory */
    int64_t used;            /* nanoseconds since 1970 */
    struct snapshot *memory; /* until it is written; passing ones: always */
};

struct store {
    char *root;
    uint64_t cap, bytes;     /* bytes: of entries with files */
    size_t pending;          /* bytes of entries that wait for settle */
    struct entry *list;
    size_t n, cap_list;
    size_t turn_begin, spacing;
    int64_t last_used;
};

int store_scan(struct store *st, struct err *e);
int store_path(const struct store *st, const struct entry *en, struct str *out, struct err *e);
int store_write(struct store *st, struct entry *en, struct err *e);   /* its memory goes to its file */
void store_touch(struct store *st, struct entry *en);                 /* used now */
void store_remove(struct store *st, size_t i);                        /* file, memory and entry; the last takes its place */
bool store_is_base(const struct store *st, const struct entry *en);   /* others' rows stand on it */
bool store_same_scope(const struct entry *a, const struct entry *b);

/* Removes the least recently used states until at most `cap` bytes of files are left. */
void store_evict(struct store *st, uint64_t cap);

#endif
