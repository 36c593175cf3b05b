#include "ui/recall.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <readline/history.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

/* The file is one of readline's with times: "#", seconds since 1970, a line's end, then what was sent and a line's end. readline
 * itself counts lines where it shortens, takes any row that begins with # and a digit for a time, and glues what it adds to a
 * torn last row; so it is read and written here. A row of a message that is nothing but # and STAMP_DIGITS digits or more still
 * parts it in two. */
enum { KEPT = 2000, STAMP_DIGITS = 9, MAX_BYTES = 256 << 20 }; /* entries; 9 digits: times since 1973; of the file */

static char *file;

/* ---- One window at a time ---- */

/* Adding and shortening exclude each other: shortening writes the file anew. -1: go on without. */
static int lock_file(void)
{
    struct str path = STR_INIT;
    int fd = str_addf(&path, "%s.lock", file) ? -1 : open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        flock(fd, LOCK_EX);
    str_release(&path);
    return fd;
}

static void unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}

/* ---- Reading ---- */

struct entry {
    size_t from, text, n; /* its time, or its text where it has none; its text without the last line's end */
};

struct entries {
    struct entry *p;
    size_t n, cap;
};

static bool is_stamp(const char *row, size_t n)
{
    size_t i = 1;
    while (i < n && isdigit((unsigned char)row[i]))
        i++;
    return n > STAMP_DIGITS && row[0] == '#' && i == n;
}

/* What stands before the first time is an entry a row, as it was in files without times. */
static int find_entries(const struct str *all, struct entries *out)
{
    bool timed = false;
    for (size_t at = 0, n, next; at < all->len; at = next) {
        const char *end = memchr(all->p + at, '\n', all->len - at);
        n = end ? (size_t)(end - all->p) - at : all->len - at;
        next = at + n + (end != NULL);
        bool stamp = is_stamp(all->p + at, n);
        if (timed && !stamp) {
            struct entry *last = &out->p[out->n - 1];
            last->n = at + n - last->text;
            continue;
        }
        if (mem_grow(&out->p, &out->cap, out->n + 1, sizeof *out->p))
            return -1;
        out->p[out->n++] = (struct entry){ at, stamp ? next : at, stamp ? 0 : n };
        timed |= stamp;
    }
    return 0;
}

/* readline's list, from the entries of all. The last KEPT of them, and no more than that on disk. Without the lock, another
 * window may be adding: then the file keeps its length. */
static int take(struct str *all, bool locked, struct err *e)
{
    struct entries found = { .n = 0 };
    struct err ignored;
    int r = find_entries(all, &found) ? err_nomem(e, file) : 0;
    size_t first = found.n > KEPT ? found.n - KEPT : 0;
    for (size_t i = first; !r && i < found.n; i++) {
        const struct entry *t = &found.p[i];
        char *end = all->p + t->text + t->n, was = *end;
        *end = '\0';
        if (all->p[t->text])
            add_history(all->p + t->text);
        *end = was;
    }
    if (!r && first && locked)
        file_write(file, all->p + found.p[first].from, all->len - found.p[first].from, &ignored); /* else it stays long */
    free(found.p);
    return r;
}

/* ---- The file ---- */

static int give_up(const char *what, struct err *e)
{
    recall_close();
    return err_prefix(e, "%s", what);
}

/* Where a link to the file leads: the file is replaced, not the link. */
static char *real_path(const char *path)
{
    char *real = realpath(path, NULL);
    return real ? real : mem_strdup(path);
}

int recall_open(const char *path, struct err *e)
{
    struct str all = STR_INIT;
    using_history();
    stifle_history(KEPT);
    if (!path)
        return 0;
    if (!(file = real_path(path)))
        return err_nomem(e, path);
    int lock = lock_file(), r = 0;
    if (file_exists(file))
        r = file_read(file, MAX_BYTES, &all, e) ? -1 : take(&all, lock >= 0, e);
    unlock(lock);
    str_release(&all);
    using_history();
    return r ? give_up("Up recalls only what is sent from here on, and the history's file is left as it is", e) : 0;
}

/* As a whole or not at all. A torn last row, of a crash or a full disk, gets its end first. */
static int write_down(int fd, const char *line, struct err *e)
{
    struct str s = STR_INIT;
    char last = '\n';
    off_t end = lseek(fd, 0, SEEK_END);
    int r = -1;
    if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
        err_sys(e, "cannot read %s", file);
    else if (str_addf(&s, "%s#%09lld\n%s\n", last == '\n' ? "" : "\n", (long long)(clock_wall() / 1000), line))
        err_nomem(e, file);
    else if ((r = file_write_all(fd, s.p, s.len, e))) {
        err_prefix(e, "%s", file);
        if (end >= 0 && ftruncate(fd, end))
            err_prefix(e, "a torn row is left");
    }
    str_release(&s);
    return r;
}

static int keep_line(const char *line, struct err *e)
{
    int lock = lock_file(), fd = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int r = fd < 0 ? err_sys(e, "cannot open %s", file) : write_down(fd, line, e);
    if (fd >= 0)
        close(fd);
    unlock(lock);
    return r ? give_up("what is sent is recalled by Up in this window only", e) : 0;
}

int recall_add(const char *line, bool keep, struct err *e)
{
    int r = 0;
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (*line && (!last || strcmp(last->line, line))) {
        add_history(line);
        if (file && keep)
            r = keep_line(line, e);
    }
    using_history(); /* the next Up begins at the newest */
    return r;
}

void recall_close(void)
{
    free(file);
    file = NULL;
}
