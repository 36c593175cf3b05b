#include "chat/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

struct journal {
    char *path;
    int fd;            /* holds the lock while writable; -1 otherwise */
    struct err why;
    struct str torn_path;
    size_t torn;
    uint64_t bytes;
    bool dirty;        /* bytes behind the whole lines could not be cut off yet */
};

enum { TORN_MAX = 10000, LOCK_TRIES = 8 };

/* Opens and locks the file that path names now: another process may rename a compacted one over it in between. */
static int lock_file(struct journal *j, bool create)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        struct stat held, named;
        int fd = open(j->path, O_RDWR | O_APPEND | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
        if (fd < 0)
            return err_sys(&j->why, "%s can only be read", j->path);
        if (flock(fd, LOCK_EX | LOCK_NB)) {
            if (errno == EWOULDBLOCK)
                err_set(&j->why, ERR_BUSY, "%s is open in another hiss; it can be read here, and written after that one ends",
                        j->path);
            else
                err_sys(&j->why, "%s cannot be locked and so can only be read", j->path);
            close(fd);
            return -1;
        }
        if (!fstat(fd, &held) && !stat(j->path, &named) && held.st_ino == named.st_ino && held.st_dev == named.st_dev) {
            j->fd = fd;
            return 0;
        }
        close(fd);
    }
    return err_set(&j->why, ERR_BUSY, "%s keeps being replaced by another program", j->path);
}

static int torn_name(struct journal *j, struct err *e)
{
    for (int i = 1; i < TORN_MAX; i++) {
        str_clear(&j->torn_path);
        if (str_addf(&j->torn_path, "%s.torn-%d", j->path, i))
            return err_nomem(e, j->path);
        if (!file_exists(j->torn_path.p))
            return 0;
    }
    return err_set(e, ERR_LIMIT, "%s has %d torn pieces beside it; move them away", j->path, TORN_MAX);
}

/* Puts the torn last line beside the file, then cuts it off: at no moment are its bytes nowhere. */
static int put_aside(struct journal *j, const char *p, size_t n, struct err *e)
{
    if (torn_name(j, e) || file_write(j->torn_path.p, p, n, e))
        return -1;
    if (ftruncate(j->fd, (off_t)j->bytes) || fsync(j->fd))
        return err_sys(e, "cannot cut the torn last line off %s", j->path);
    return 0;
}

static int tell_lines(struct journal *j, const struct str *all, journal_line_fn fn, void *arg, struct err *e)
{
    size_t from = 0, number = 0;
    while (from < all->len) {
        const char *line = all->p + from, *end = memchr(line, '\n', all->len - from);
        if (!end)
            break;
        if (fn && fn(arg, line, (size_t)(end - line), ++number, e))
            return -1;
        from += (size_t)(end - line) + 1;
    }
    j->bytes = from;
    j->torn = all->len - from;
    return 0;
}

static void give_up_writing(struct journal *j, const struct err *why)
{
    close(j->fd);
    j->fd = -1;
    j->why = *why;
}

static int make_folder(const char *path, struct err *e)
{
    char *dir = mem_strdup(path);
    if (!dir)
        return err_nomem(e, path);
    char *slash = strrchr(dir, '/');
    int r = 0;
    if (slash && slash != dir) {
        *slash = '\0';
        r = file_mkdirs(dir, e);
    }
    free(dir);
    return r;
}

/* Takes the lock if it can be had. -1 only when the file could not be made. */
static int begin_writing(struct journal *j, enum journal_mode mode, struct err *e)
{
    bool is_new = !file_exists(j->path);
    if (mode == JOURNAL_READ)
        return err_set(&j->why, ERR_ARG, "%s was opened for reading", j->path), 0;
    if (mode == JOURNAL_WRITE)
        return is_new ? 0 : (lock_file(j, false), 0);
    if (is_new && make_folder(j->path, e))
        return -1;
    if (lock_file(j, true)) {
        if (is_new)
            *e = j->why;
        return is_new ? -1 : 0;
    }
    return is_new ? file_sync_dir(j->path, e) : 0;
}

struct journal *journal_open(const char *path, enum journal_mode mode, journal_line_fn fn, void *arg, struct err *e)
{
    struct str all = STR_INIT;
    struct journal *j = mem_zalloc(1, sizeof *j);
    if (j)
        j->fd = -1;
    if (!j || !(j->path = mem_strdup(path))) {
        err_nomem(e, path);
        goto fail;
    }
    if (begin_writing(j, mode, e) || file_read(path, (size_t)JOURNAL_MAX_MB << 20, &all, e) ||
        tell_lines(j, &all, fn, arg, e))
        goto fail;
    struct err aside = ERR_INIT;
    if (j->torn && j->fd >= 0 && put_aside(j, all.p + j->bytes, j->torn, &aside))
        give_up_writing(j, &aside);
    str_release(&all);
    return j;
fail:
    str_release(&all);
    journal_close(j);
    return NULL;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    str_release(&j->torn_path);
    free(j->path);
    free(j);
}

bool journal_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

const char *journal_path(const struct journal *j)
{
    return j->path;
}

bool journal_writable(const struct journal *j)
{
    return j->fd >= 0;
}

const struct err *journal_why(const struct journal *j)
{
    return &j->why;
}

size_t journal_torn(const struct journal *j)
{
    return j->torn;
}

const char *journal_torn_path(const struct journal *j)
{
    return j->fd >= 0 && j->torn ? str_z(&j->torn_path) : "";
}

uint64_t journal_bytes(const struct journal *j)
{
    return j->bytes;
}

int journal_append(struct journal *j, const void *lines, size_t n, struct err *e)
{
    if (j->fd < 0) {
        if (e)
            *e = j->why;
        return -1;
    }
    if (j->dirty && ftruncate(j->fd, (off_t)j->bytes))
        return err_sys(e, "cannot write %s", j->path);
    j->dirty = false;
    if (file_write_all(j->fd, lines, n, e) || (fdatasync(j->fd) && err_sys(e, "sync failed"))) {
        err_prefix(e, "cannot write %s", j->path);
        j->dirty = ftruncate(j->fd, (off_t)j->bytes) != 0;
        return -1;
    }
    j->bytes += n;
    return 0;
}

static void remove_torn(const struct journal *j)
{
    struct str name = STR_INIT;
    for (int i = 1; i < TORN_MAX; i++) {
        str_clear(&name);
        if (str_addf(&name, "%s.torn-%d", j->path, i) || unlink(name.p))
            break;
    }
    str_release(&name);
}

int journal_replace(struct journal *j, const void *lines, size_t n, struct err *e)
{
    struct str tmp = STR_INIT;
    int fd = -1;
    if (j->fd < 0) {
        *e = j->why;
        return -1;
    }
    if (str_addf(&tmp, "%s.tmp-%ld", j->path, (long)getpid())) {
        err_nomem(e, j->path);
        goto fail;
    }
    fd = open(tmp.p, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) {
        err_sys(e, "cannot create %s", tmp.p);
        goto fail;
    }
    if (file_write_all(fd, lines, n, e) || (fsync(fd) && err_sys(e, "sync failed"))) {
        err_prefix(e, "cannot write %s", tmp.p);
        goto fail;
    }
    if (rename(tmp.p, j->path)) {
        err_sys(e, "cannot replace %s", j->path);
        goto fail;
    }
    close(j->fd);
    j->fd = fd;
    j->bytes = n;
    j->dirty = false;
    str_release(&tmp);
    remove_torn(j);
    return file_sync_dir(j->path, e);
fail:
    if (fd >= 0) {
        close(fd);
        unlink(tmp.p);
    }
    str_release(&tmp);
    return -1;
}
