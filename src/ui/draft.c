#include "ui/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/path.h"

enum { PLACES = 16, MAX_DRAFT = 64 << 20 };

/* ---- Places ---- */

/* One file for all chats: a place is a byte of it, by the hash of the chat's name. Opened once, since a process loses its
 * record locks with the first descriptor of the file that it closes. */
static int lock_file(void)
{
    static int fd = -2;
    struct str path = STR_INIT;
    struct err e;
    if (fd == -2)
        fd = path_user(PATH_STATE, &path, &e, "drafts.lock") ? -1 : open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    str_release(&path);
    return fd;
}

/* True where nothing can be locked, too: one window is the rule. */
static bool set_lock(const char *chat, unsigned place, short type)
{
    struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };
    l.l_start = (off_t)(hash64(chat, strlen(chat), 0) >> 2) / PLACES * PLACES + (off_t)place - 1;
    if (lock_file() < 0 || !fcntl(lock_file(), F_SETLK, &l))
        return true;
    return errno != EACCES && errno != EAGAIN;
}

/* The file of a kind (drafts, edits) in a place of a chat. -1: there is nowhere to have one. */
static int path_of(const char *chat, unsigned place, const char *kind, struct str *path)
{
    struct err e;
    return place == 1 ? path_user(PATH_STATE, path, &e, "%s/%s", kind, chat)
                      : path_user(PATH_STATE, path, &e, "%s-%u/%s", kind, place, chat);
}

static bool is_left(const char *chat, unsigned place)
{
    struct str path = STR_INIT;
    bool is = !path_of(chat, place, "drafts", &path) && file_exists(path.p);
    str_release(&path);
    return is;
}

unsigned draft_take(const char *chat)
{
    unsigned first = 0;
    for (unsigned place = 1; place <= PLACES; place++) {
        bool left = is_left(chat, place);
        if ((first && !left) || !set_lock(chat, place, F_WRLCK))
            continue;
        if (left) {
            draft_leave(chat, first);
            return place;
        }
        first = place;
    }
    return first;
}

void draft_leave(const char *chat, unsigned place)
{
    if (place)
        set_lock(chat, place, F_UNLCK);
}

/* ---- Drafts ---- */

static void keep(const char *chat, unsigned place, const char *kind, const char *p, size_t n)
{
    struct str path = STR_INIT;
    struct err e;
    if (!path_of(chat, place, kind, &path)) {
        char *name = path.p + path.len - strlen(chat);
        if (!n) {
            remove(path.p);
        } else {
            name[-1] = '\0';
            bool made = !file_mkdirs(path.p, &e);
            name[-1] = '/';
            if (made)
                file_write(path.p, p, n, &e);
        }
    }
    str_release(&path);
}

void draft_keep(const char *chat, unsigned place, const char *p, size_t n, uint32_t editing)
{
    char node[16];
    int len = snprintf(node, sizeof node, "%u\n", editing);
    if (!place)
        return;
    keep(chat, place, "drafts", p, n);
    keep(chat, place, "edits", node, n && editing ? (size_t)len : 0);
}

static void read_kind(const char *chat, unsigned place, const char *kind, struct str *out)
{
    struct str path = STR_INIT;
    struct err e;
    str_clear(out);
    if (path_of(chat, place, kind, &path) || file_read(path.p, MAX_DRAFT, out, &e))
        str_clear(out);
    str_release(&path);
}

void draft_read(const char *chat, unsigned place, struct str *text, uint32_t *editing)
{
    struct str node = STR_INIT;
    str_clear(text);
    if (place) {
        read_kind(chat, place, "drafts", text);
        read_kind(chat, place, "edits", &node);
    }
    *editing = text->len ? (uint32_t)strtoul(str_z(&node), NULL, 10) : 0;
    str_release(&node);
}
