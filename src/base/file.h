/* Files: whole reads, whole writes that survive a crash, read-only mappings, folders only the owner can enter.
 * Files are made 0600, folders 0700. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Appends the whole of `path` to *out. Refuses more than `max` bytes (ERR_LIMIT). */
int file_read(const char *path, size_t max, struct str *out, struct err *e);

/* Replaces `path` by these bytes: written beside, synced, renamed, the folder synced. */
int file_write(const char *path, const void *p, size_t n, struct err *e);

/* As file_write, of two pieces one after the other: a header and its payload. */
int file_write2(const char *path, const void *p, size_t n, const void *q, size_t m, struct err *e);

/* All n bytes to fd, through short writes and EINTR. */
int file_write_all(int fd, const void *p, size_t n, struct err *e);

/* mkdir -p, mode 0700 for what it makes. */
int file_mkdirs(const char *path, struct err *e);

/* Syncs the folder that holds `path`, so that a rename or creation in it is durable. */
int file_sync_dir(const char *path, struct err *e);

bool file_exists(const char *path);

/* A read-only mapping of a whole regular file. p is NULL for an empty one. */
struct file_map {
    const unsigned char *p;
    size_t n;
    int fd;
    uint64_t dev, ino;
    int64_t mtime_ns;
};
int file_map_open(struct file_map *m, const char *path, struct err *e);
void file_map_close(struct file_map *m);

/* Tells the system that bytes [off, off+n) will not be read again: their pages may go. Advice only. */
void file_map_done(const struct file_map *m, size_t off, size_t n);

#endif
