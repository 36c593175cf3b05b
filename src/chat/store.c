#include "chat/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "chat/store_files.h"

enum { FIRST_SPACING = 16, MAX_CHAIN = 4096 };

static uint64_t hash_ids(const int32_t *ids, size_t n)
{
    return hash128(ids, n * sizeof *ids).lo;
}

struct store *store_open(const char *root, uint64_t cap, struct err *e)
{
    struct store *st = mem_zalloc(1, sizeof *st);
    if (!st || (root && !(st->root = mem_strdup(root)))) {
        free(st);
        err_nomem(e, "the list of kept states");
        return NULL;
    }
    st->cap = cap ? cap : (uint64_t)STORE_DEFAULT_MB << 20;
    st->spacing = FIRST_SPACING;
    if (root && store_scan(st, e)) {
        store_close(st);
        return NULL;
    }
    return st;
}

static void release_entry(struct entry *en)
{
    if (en->memory)
        snapshot_release(en->memory);
    free(en->memory);
    free(en->chat);
}

void store_close(struct store *st)
{
    if (!st)
        return;
    for (size_t i = 0; i < st->n; i++)
        release_entry(&st->list[i]);
    free(st->list);
    free(st->root);
    free(st);
}

uint64_t store_bytes(const struct store *st)
{
    return st->bytes;
}

uint64_t store_cap(const struct store *st)
{
    return st->cap;
}

size_t store_pending_bytes(const struct store *st)
{
    return st->pending;
}

/* ---- Finding ---- */

static bool in_scope(const struct entry *en, const struct store_key *k)
{
    return en->model == k->model.lo && en->arith == KERN_ARITH && !strcmp(en->chat, k->chat);
}

/* The keyframe that en's rows stand on; SIZE_MAX when it is gone. */
static size_t base_of(const struct store *st, const struct entry *en)
{
    for (size_t i = 0; i < st->n; i++) {
        const struct entry *o = &st->list[i];
        if (o->kind == STORE_KEYFRAME && o->pos == en->rows_from && o->ids == en->base && store_same_scope(o, en))
            return i;
    }
    return SIZE_MAX;
}

static bool chain_is_whole(const struct store *st, size_t i)
{
    for (int steps = 0; st->list[i].rows_from; steps++) {
        uint64_t from = st->list[i].rows_from;
        i = base_of(st, &st->list[i]);
        if (i == SIZE_MAX || st->list[i].rows_from >= from || steps > MAX_CHAIN)
            return false;
    }
    return true;
}

/* The index of the usable state that has read most of ids[0..n), and more than `beyond`; SIZE_MAX: none.
 * only: keyframes. */
static size_t nearest(const struct store *st, const struct store_key *k, const int32_t *ids, size_t n, size_t beyond,
                      bool only)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < st->n; i++) {
        const struct entry *en = &st->list[i];
        if (!in_scope(en, k) || en->pos <= beyond || en->pos > n || (only && en->kind != STORE_KEYFRAME))
            continue;
        if (best != SIZE_MAX && en->pos <= st->list[best].pos)
            continue;
        if (en->ids == hash_ids(ids, (size_t)en->pos) && chain_is_whole(st, i))
            best = i;
    }
    return best;
}

size_t store_nearest(const struct store *st, const struct store_key *k, const int32_t *ids, size_t n)
{
    size_t i = nearest(st, k, ids, n, 0, false);
    return i == SIZE_MAX ? 0 : (size_t)st->list[i].pos;
}

static size_t find_same(const struct store *st, const struct store_key *k, uint64_t pos, uint64_t ids)
{
    for (size_t i = 0; i < st->n; i++)
        if (in_scope(&st->list[i], k) && st->list[i].pos == pos && st->list[i].ids == ids)
            return i;
    return SIZE_MAX;
}

int store_peek(const struct store *st, const struct store_key *k, const int32_t *ids, size_t n, struct hash128 *state,
               struct err *e)
{
    struct str path = STR_INIT;
    struct snapshot snap;
    size_t i = find_same(st, k, n, hash_ids(ids, n));
    if (i == SIZE_MAX || st->list[i].memory)
        return 0;
    int r = store_path(st, &st->list[i], &path, e) || snapshot_read(&snap, path.p, e) ? -1 : 1;
    str_release(&path);
    if (r < 0)
        return r;
    *state = snap.state;
    snapshot_release(&snap);
    return r;
}

/* ---- Loading ---- */

/* The pieces of one state, oldest first. */
struct chain {
    size_t n;
    size_t *index;            /* in st->list */
    struct snapshot *read;    /* those that came from files */
    const struct snapshot **piece;
};

static void chain_release(struct chain *c)
{
    for (size_t i = 0; c->read && i < c->n; i++)
        snapshot_release(&c->read[i]);
    free(c->index);
    free(c->read);
    free(c->piece);
}

static int chain_find(const struct store *st, size_t last, struct chain *c)
{
    size_t i = last;
    for (c->n = 1; st->list[i].rows_from; c->n++)
        i = base_of(st, &st->list[i]);
    c->index = mem_alloc(c->n, sizeof *c->index);
    c->read = mem_zalloc(c->n, sizeof *c->read);
    c->piece = mem_alloc(c->n, sizeof *c->piece);
    if (!c->index || !c->read || !c->piece)
        return -1;
    i = last;
    for (size_t left = c->n; left; left--) {
        c->index[left - 1] = i;
        i = left > 1 ? base_of(st, &st->list[i]) : i;
    }
    return 0;
}

/* Brings all pieces into memory. On failure *bad is the one at fault. */
static int chain_read(const struct store *st, struct chain *c, size_t *bad)
{
    struct str path = STR_INIT;
    struct err why;
    int r = 0;
    for (size_t i = 0; i < c->n && !r; i++) {
        const struct entry *en = &st->list[c->index[i]];
        snapshot_init(&c->read[i]);
        c->piece[i] = en->memory ? en->memory : &c->read[i];
        *bad = c->index[i];
        if (!en->memory)
            r = store_path(st, en, &path, &why) || snapshot_read(&c->read[i], path.p, &why) ||
                        c->read[i].n_pos != en->pos ||
                        (c->read[i].row_bytes && c->read[i].rows_from != en->rows_from)
                    ? -1 : 0;
    }
    str_release(&path);
    return r;
}

size_t store_load(struct store *st, const struct store_key *k, const int32_t *ids, size_t n, size_t beyond,
                  struct session *s)
{
    for (;;) {
        struct chain c = { 0 };
        struct err why;
        size_t best = nearest(st, k, ids, n, beyond, false), bad = best;
        if (best == SIZE_MAX)
            return 0;
        size_t pos = (size_t)st->list[best].pos;
        int r = chain_find(st, best, &c);
        if (!r)
            r = chain_read(st, &c, &bad);
        if (!r) {
            bad = best;
            r = session_load(s, c.piece, c.n, ids, &why);
            beyond = r ? 0 : beyond; /* s is at 0 now: anything helps */
        }
        for (size_t i = 0; !r && i < c.n; i++)
            store_touch(st, &st->list[c.index[i]]);
        chain_release(&c);
        if (!r)
            return pos;
        store_remove(st, bad);
    }
}

/* ---- Keeping ---- */

static void drop_passing(struct store *st)
{
    for (size_t i = st->n; i; i--)
        if (st->list[i - 1].kind == STORE_PASSING)
            store_remove(st, i - 1);
}

void store_turn(struct store *st, size_t pos)
{
    drop_passing(st);
    st->turn_begin = pos;
    st->spacing = FIRST_SPACING;
}

bool store_wants(const struct store *st, size_t pos)
{
    return pos > st->turn_begin && (pos - st->turn_begin) % st->spacing == 0;
}

/* Makes room for one more passing state: every second one goes, the spacing doubles. */
static void thin_passing(struct store *st, uint64_t bytes)
{
    for (;;) {
        size_t n = 0;
        uint64_t held = bytes;
        for (size_t i = 0; i < st->n; i++)
            if (st->list[i].kind == STORE_PASSING) {
                n++;
                held += st->list[i].bytes;
            }
        if (!n || (n < STORE_MAX_PASSING && held <= (uint64_t)STORE_PASSING_MB << 20))
            return;
        st->spacing *= 2;
        for (size_t i = st->n; i; i--)
            if (st->list[i - 1].kind == STORE_PASSING && (st->list[i - 1].pos - st->turn_begin) % st->spacing)
                store_remove(st, i - 1);
        if (st->spacing > SIZE_MAX / 4)
            drop_passing(st);
    }
}

int store_put(struct store *st, const struct store_key *k, const struct session *s, enum store_kind kind, struct err *e)
{
    size_t pos = session_pos(s);
    struct entry en = { .model = k->model.lo, .arith = KERN_ARITH, .kind = kind, .pos = pos,
                        .ids = hash_ids(session_ids(s), pos) };
    if (!pos || (!st->root && kind != STORE_PASSING))
        return 0;
    size_t same = find_same(st, k, en.pos, en.ids);
    if (same != SIZE_MAX && st->list[same].kind <= kind) {
        store_touch(st, &st->list[same]);
        return 0;
    }
    if (same != SIZE_MAX)
        store_remove(st, same);
    if (model_row_bytes(session_lm(s)->model)) {
        size_t base = nearest(st, k, session_ids(s), pos - 1, 0, true);
        en.rows_from = base == SIZE_MAX ? 0 : st->list[base].pos;
        en.base = base == SIZE_MAX ? 0 : st->list[base].ids;
    }
    en.chat = mem_strdup(k->chat);
    en.memory = mem_zalloc(1, sizeof *en.memory);
    if (!en.chat || !en.memory) {
        err_nomem(e, "a state");
        goto fail;
    }
    snapshot_init(en.memory);
    if (session_save(s, (size_t)en.rows_from, en.memory, e))
        goto fail;
    en.bytes = snapshot_bytes(en.memory);
    if (kind == STORE_PASSING)
        thin_passing(st, en.bytes);
    if (mem_grow(&st->list, &st->cap_list, st->n + 1, sizeof *st->list)) {
        err_nomem(e, "a state");
        goto fail;
    }
    st->list[st->n++] = en;
    store_touch(st, &st->list[st->n - 1]);
    if (kind != STORE_PASSING)
        st->pending += en.bytes;
    return 0;
fail:
    release_entry(&en);
    return -1;
}

/* Of each chat and model only the newest few loose states stay. */
static void drop_loose(struct store *st)
{
    for (size_t i = st->n; i; i--) {
        const struct entry *en = &st->list[i - 1];
        size_t newer = 0;
        if (en->kind != STORE_LOOSE)
            continue;
        for (size_t j = 0; j < st->n; j++)
            newer += st->list[j].kind == STORE_LOOSE && st->list[j].used > en->used && store_same_scope(&st->list[j], en);
        if (newer >= STORE_MAX_LOOSE)
            store_remove(st, i - 1);
    }
}

int store_settle(struct store *st, struct err *e)
{
    int r = 0;
    drop_loose(st);
    for (size_t i = 0; i < st->n && !r; i++)
        if (st->list[i].memory && st->list[i].kind != STORE_PASSING)
            r = store_write(st, &st->list[i], e);
    for (size_t i = st->n; r && i; i--) /* what could not be written is let go, with all that stands on it */
        if (st->list[i - 1].memory && st->list[i - 1].kind != STORE_PASSING)
            store_remove(st, i - 1);
    store_evict(st, st->cap);
    return r;
}

void store_forget(struct store *st, const char *chat)
{
    struct str folder = STR_INIT;
    for (size_t i = st->n; i; i--)
        if (!strcmp(st->list[i - 1].chat, chat))
            store_remove(st, i - 1);
    if (st->root && !str_addf(&folder, "%s/%s", st->root, chat))
        rmdir(folder.p);
    str_release(&folder);
}

uint64_t store_gc(struct store *st, uint64_t cap, bool (*keep)(void *arg, const char *chat), void *arg)
{
    uint64_t before = st->bytes;
    for (size_t i = 0; keep && i < st->n; i++) {
        if (keep(arg, st->list[i].chat))
            continue;
        char *chat = mem_strdup(st->list[i].chat);
        if (!chat)
            break;
        store_forget(st, chat);
        free(chat);
        i = SIZE_MAX; /* the list has changed: from the beginning */
    }
    store_evict(st, cap);
    return before - st->bytes;
}
