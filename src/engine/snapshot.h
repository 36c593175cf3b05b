/* A state as a value that can be kept: in memory, or in a file (docs/FORMATS.md, "State files").
 * A damaged, foreign or outdated one is refused with its reason, never used. */
#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct snapshot {
    uint32_t arith;
    struct hash128 model;     /* model_hash */
    struct hash128 state;     /* session_hash at this position */
    struct hash128 rolled;    /* of all rows up to here */
    uint64_t n_pos;
    uint64_t rows_from;       /* rows hold positions [rows_from, n_pos) */
    uint64_t rec_bytes, row_bytes, hidden_bytes;
    unsigned char *payload;   /* recurrent state, hidden vector, rows: adjacent; given to the snapshot */
    size_t payload_bytes;
};

void snapshot_init(struct snapshot *s);
void snapshot_release(struct snapshot *s);
size_t snapshot_bytes(const struct snapshot *s); /* as a file */

/* Written beside, synced, renamed; mode 0600. */
int snapshot_write(const struct snapshot *s, const char *path, struct err *e);

/* Reads and checks magic, version, sizes and checksum. ERR_FORMAT names what is wrong. */
int snapshot_read(struct snapshot *s, const char *path, struct err *e);

/* The header alone (payload NULL): for listing without reading megabytes. */
int snapshot_peek(struct snapshot *s, const char *path, struct err *e);

#endif
