#include "chat/store_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

/* MODEL-ARITH-POS-IDS-FROM-BASE-KIND.state: all that is needed to choose one without opening it. */
#define NAME_FORMAT "%016" PRIx64 "-%u-%" PRIu64 "-%016" PRIx64 "-%" PRIu64 "-%016" PRIx64 "-%c.state"

static int add_name(const struct entry *en, struct str *out)
{
    return str_addf(out, NAME_FORMAT, en->model, en->arith, en->pos, en->ids, en->rows_from, en->base,
                    en->kind == STORE_KEYFRAME ? 'k' : 's');
}

static bool parse_name(const char *name, struct entry *en)
{
    struct str again = STR_INIT;
    char kind;
    if (sscanf(name, "%16" SCNx64 "-%u-%" SCNu64 "-%16" SCNx64 "-%" SCNu64 "-%16" SCNx64 "-%c.state", &en->model,
               &en->arith, &en->pos, &en->ids, &en->rows_from, &en->base, &kind) != 7)
        return false;
    en->kind = kind == 'k' ? STORE_KEYFRAME : STORE_LOOSE;
    bool same = !add_name(en, &again) && !strcmp(again.p, name);
    str_release(&again);
    return same;
}

int store_path(const struct store *st, const struct entry *en, struct str *out, struct err *e)
{
    str_clear(out);
    str_addf(out, "%s/%s/", st->root, en->chat);
    return add_name(en, out) || out->oom ? err_nomem(e, "a state's name") : 0;
}

static int scan_chat(struct store *st, const char *chat, struct err *e)
{
    struct str path = STR_INIT;
    struct dirent *d;
    DIR *dir = str_addf(&path, "%s/%s", st->root, chat) ? NULL : opendir(path.p);
    int r = 0;
    while (dir && !r && (d = readdir(dir))) {
        struct entry en = { .chat = NULL };
        struct stat file;
        if (!parse_name(d->d_name, &en) || fstatat(dirfd(dir), d->d_name, &file, AT_SYMLINK_NOFOLLOW) ||
            !S_ISREG(file.st_mode))
            continue;
        en.bytes = (uint64_t)file.st_size;
        en.used = (int64_t)file.st_mtim.tv_sec * 1000000000 + file.st_mtim.tv_nsec;
        en.chat = mem_strdup(chat);
        if (!en.chat || mem_grow(&st->list, &st->cap_list, st->n + 1, sizeof *st->list)) {
            free(en.chat);
            r = err_nomem(e, "the list of kept states");
            break;
        }
        st->list[st->n++] = en;
        st->bytes += en.bytes;
        if (en.used > st->last_used)
            st->last_used = en.used;
    }
    if (dir)
        closedir(dir);
    str_release(&path);
    return r;
}

int store_scan(struct store *st, struct err *e)
{
    struct dirent *d;
    DIR *dir = opendir(st->root);
    int r = 0;
    if (!dir) /* not there yet, or not for us: nothing is kept */
        return 0;
    while (!r && (d = readdir(dir)))
        if (d->d_name[0] != '.')
            r = scan_chat(st, d->d_name, e);
    closedir(dir);
    return r;
}

int store_write(struct store *st, struct entry *en, struct err *e)
{
    struct str path = STR_INIT, folder = STR_INIT;
    struct stat file;
    int r = -1;
    if (str_addf(&folder, "%s/%s", st->root, en->chat)) {
        err_nomem(e, "a state's name");
        goto fail;
    }
    if (store_path(st, en, &path, e) || file_mkdirs(folder.p, e) || snapshot_write(en->memory, path.p, e))
        goto fail;
    st->pending -= en->bytes;
    en->bytes = stat(path.p, &file) ? snapshot_bytes(en->memory) : (uint64_t)file.st_size;
    st->bytes += en->bytes;
    snapshot_release(en->memory);
    free(en->memory);
    en->memory = NULL;
    r = 0;
fail:
    str_release(&path);
    str_release(&folder);
    return r;
}

/* Later uses get later times, also when the clock stands still (tests) or steps back. */
void store_touch(struct store *st, struct entry *en)
{
    int64_t now = clock_wall() * 1000000;
    st->last_used = en->used = now > st->last_used ? now : st->last_used + 1;
    struct str path = STR_INIT;
    struct err ignored;
    struct timespec times[2] = { { en->used / 1000000000, en->used % 1000000000 },
                                 { en->used / 1000000000, en->used % 1000000000 } };
    if (!en->memory && !store_path(st, en, &path, &ignored))
        utimensat(AT_FDCWD, path.p, times, 0);
    str_release(&path);
}

void store_remove(struct store *st, size_t i)
{
    struct entry *en = &st->list[i];
    struct str path = STR_INIT;
    struct err ignored;
    if (en->memory) {
        if (en->kind != STORE_PASSING)
            st->pending -= en->bytes;
        snapshot_release(en->memory);
        free(en->memory);
    } else {
        st->bytes -= en->bytes;
        if (!store_path(st, en, &path, &ignored))
            unlink(path.p);
        str_release(&path);
    }
    free(en->chat);
    *en = st->list[--st->n];
}

bool store_same_scope(const struct entry *a, const struct entry *b)
{
    return a->model == b->model && a->arith == b->arith && !strcmp(a->chat, b->chat);
}

bool store_is_base(const struct store *st, const struct entry *en)
{
    if (en->kind != STORE_KEYFRAME)
        return false;
    for (size_t i = 0; i < st->n; i++) {
        const struct entry *o = &st->list[i];
        if (o != en && o->rows_from && o->rows_from == en->pos && o->base == en->ids && store_same_scope(o, en))
            return true;
    }
    return false;
}

void store_evict(struct store *st, uint64_t cap)
{
    while (st->bytes > cap) {
        size_t oldest = SIZE_MAX;
        for (size_t i = 0; i < st->n; i++) {
            const struct entry *en = &st->list[i];
            if (!en->memory && (oldest == SIZE_MAX || en->used < st->list[oldest].used) && !store_is_base(st, en))
                oldest = i;
        }
        if (oldest == SIZE_MAX)
            return;
        store_remove(st, oldest);
    }
}
