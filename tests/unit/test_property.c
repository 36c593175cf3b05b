/* A conversation beside its naive model (tests/lib/naive_chat.h): random turns, stops, edits, branches at a token,
 * continuations, undo, redo, deletion, changes of model, restarts, crashes at any byte of the file, lost and damaged
 * states, tiny byte caps. After every step: the same tree, the same text, the same ids, the same state hash.
 *
 * If this fails, somebody's conversation goes on from another state than its text says, or loses something.
 *
 *   HISS_PROPERTY_STEPS=10000 HISS_PROPERTY_SEED=7 tests/unit/test_property
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/rng.h"
#include "chat/compact.h"
#include "chat/conv.h"
#include "chat/verify.h"
#include "chatmodel.h"
#include "naive_chat.h"

enum { STEPS_OF_CHECK = 500, STEPS_A_CHAT = 50, LONG_PATH = 260, N_MODELS = 4 };

static const char *const archs[N_MODELS] = { "mamba", "mamba2", "llama", "granitehybrid" };

/* Writes earlier messages of a person otherwise than the last one: history is rewritten at every turn. */
static const char rewriting[] =
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['role'] == 'user' and not loop.last %}(earlier) {% endif %}{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/* The last model has no template at all: its conversations are plain text, without any end-of-turn token. */
static const char chatml[] =
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
static const char *const templates[N_MODELS] = { chatml, rewriting, chatml, NULL };

static char dir[64];
static struct lm *models[N_MODELS];
static uint64_t seed, counter;
static size_t step;

static uint64_t draw(uint64_t n)
{
    return rng_u64(seed, counter++) % n;
}

static bool chance(unsigned percent)
{
    return draw(100) < percent;
}

/* ---- One conversation, both ways ---- */

struct pair {
    struct conv *conv;
    struct store *store;
    struct naive *naive;
    size_t keyframe;
    uint64_t cap;
    char path[128], states[128];
    int pick[2], now; /* models */
    bool harmed;      /* states were lost or damaged */
    size_t restored, read;
};

#define MUST(call) \
    do { \
        struct err must_e = ERR_INIT; \
        struct err *e = &must_e; \
        if (call) \
            fail_msg("seed %llu, step %zu: %s: %s", (unsigned long long)seed, step, #call, must_e.msg); \
    } while (0)

#define SAME(what, ok) \
    do { \
        if (!(ok)) \
            fail_msg("seed %llu, step %zu: %s differs", (unsigned long long)seed, step, what); \
    } while (0)

static void open_pair(struct pair *p)
{
    struct err e = ERR_INIT;
    struct conv_opts o = { .path = p->path, .mode = JOURNAL_CREATE, .lm = models[p->now], .model_name = "tiny",
                           .keyframe = p->keyframe, .part_ns = 1 };
    p->store = o.store = store_open(p->states, p->cap, &e);
    p->conv = p->store ? conv_open(&o, &e) : NULL;
    if (!p->conv)
        fail_msg("seed %llu, step %zu: cannot open: %s", (unsigned long long)seed, step, e.msg);
}

static void close_pair(struct pair *p)
{
    MUST(conv_close(p->conv, e));
    store_close(p->store);
}

static void begin_pair(struct pair *p, size_t number)
{
    static const size_t keyframes[] = { 4, 8, 16, 64 };
    *p = (struct pair){ .keyframe = keyframes[draw(4)], .cap = chance(40) ? 30000 : 4000000 };
    snprintf(p->path, sizeof p->path, "%s/chat-%zu.jsonl", dir, number);
    snprintf(p->states, sizeof p->states, "%s/states", dir);
    p->pick[0] = (int)draw(N_MODELS);
    p->pick[1] = (p->pick[0] + 1 + (int)draw(N_MODELS - 1)) % N_MODELS;
    p->now = p->pick[0];
    open_pair(p);
    p->naive = naive_new(models[p->now], conv_tree(p->conv)->date);
}

/* ---- The same? ---- */

static void compare_tree(const struct tree *t, const struct naive *n)
{
    SAME("the number of messages", t->n_nodes == (size_t)n->n_nodes);
    SAME("the shown leaf", t->head == (uint32_t)naive_head(n));
    SAME("what can be undone", (tree_undoable(t) != 0) == (n->now > 0));
    SAME("what can be redone", (tree_redoable(t) != 0) == (n->now + 1 < n->n_views));
    for (int id = 1; id <= n->n_nodes; id++) {
        struct str text = STR_INIT;
        SAME("what is shown", tree_visible(t, (uint32_t)id) == naive_shown(n, id));
        SAME("an ending", !n->node[id].sampled || tree_node(t, (uint32_t)id)->body.made->end == n->node[id].end);
        tree_text(t, (uint32_t)id, &text);
        SAME("a text", !strcmp(str_z(&text), str_z(&n->node[id].text)));
        str_release(&text);
    }
}

static void compare_ids(const struct tree *t, const struct naive *n)
{
    struct ids ids = IDS_INIT;
    for (int id = 1; id <= n->n_nodes; id++) {
        const struct naive_node *x = &n->node[id];
        MUST(tree_ids(t, (uint32_t)id, model_hash(x->lm->model), &ids, e));
        size_t at = 0;
        while (at < ids.n && at < x->full.n && ids.p[at] == x->full.p[at])
            at++;
        if (at < ids.n || at < x->full.n)
            print_error("message %d: %zu ids, naive %zu, the same up to %zu\n", id, ids.n, x->full.n, at);
        SAME("what was read", at == ids.n && at == x->full.n);
    }
    ids_release(&ids);
}

static void compare_state(struct pair *p)
{
    struct ids ids = IDS_INIT;
    struct conv_result r;
    naive_head_ids(p->naive, &ids);
    size_t cost = conv_cost(p->conv, (uint32_t)naive_head(p->naive));
    MUST(conv_restore(p->conv, NULL, &r, e));
    SAME("the number of tokens", r.restored + r.read == ids.n);
    SAME("the foretold cost", p->harmed ? cost <= r.read : cost == r.read); /* damage is found when a state is read */
    SAME("the ids of the session", !ids.n || !memcmp(session_ids(conv_session(p->conv)), ids.p, ids.n * sizeof *ids.p));
    SAME("the state", hash128_equal(session_hash(conv_session(p->conv)), naive_hash(p->naive, &ids)));
    ids_release(&ids);
    p->restored += r.restored;
    p->read += r.read;
}

static void compare(struct pair *p)
{
    compare_tree(conv_tree(p->conv), p->naive);
    if (chance(20))
        compare_ids(conv_tree(p->conv), p->naive);
    if (chance(50))
        compare_state(p);
}

/* ---- Random operations ---- */

static const char *random_text(bool empty_too, size_t *n)
{
    static const char *const pieces[] = { "hello", " a", " snake", "\n", "<|im_end|>", "\xC3\xA9", "\xE2\x9C\x93",
                                          "\xFF", "\xE2\x9C", "\xF0\x9F\x90\x8D", "", "he", " 12" };
    static char text[128];
    *n = 0;
    for (uint64_t left = draw(8); left; left--) {
        const char *s = pieces[draw(sizeof pieces / sizeof *pieces)];
        memcpy(text + *n, s, strlen(s));
        *n += strlen(s);
    }
    if (!*n && !empty_too)
        text[(*n)++] = 'x';
    if (chance(3))
        text[(*n)++] = '\0';
    return text;
}

static struct generate_opts random_settings(void)
{
    static const char *const stops[] = { "e", "\n" };
    struct generate_opts g = { .sampler = sampler_default(), .max_tokens = 1 + (size_t)draw(12) };
    g.sampler.temperature = chance(20) ? 0 : 0.5f + (float)draw(100) / 100;
    g.sampler.top_k = chance(50) ? 0 : (int)draw(40);
    g.sampler.repeat = chance(50) ? 1 : 1.2f;
    g.sampler.last_n = chance(50) ? 16 : -1;
    g.sampler.seed = draw(UINT64_MAX);
    if (chance(15)) {
        g.stops = stops;
        g.n_stops = 2;
    }
    return g;
}

static int random_node(const struct naive *n, int role)
{
    for (int tries = 0; n->n_nodes && tries < 20; tries++) {
        int id = 1 + (int)draw((uint64_t)n->n_nodes);
        if (naive_shown(n, id) && (role < 0 || n->node[id].role == (enum chat_role)role))
            return id;
    }
    return 0;
}

/* Somewhere inside of a reply that this model sampled; false: nowhere. */
static bool random_cut(const struct pair *p, struct naive_op *op)
{
    const struct naive_node *x = &p->naive->node[op->node];
    const struct body *b = &tree_node(conv_tree(p->conv), (uint32_t)op->node)->body;
    size_t end = x->full.n, begin = b->at + b->header;
    if (!x->sampled || x->lm != models[p->now])
        return false;
    if (end > begin && tok_is_eog(x->lm->tok, x->full.p[end - 1]))
        end--;
    if (begin < x->content)
        begin = x->content;
    if (end < begin)
        return false;
    op->keep = begin + (size_t)draw(end - begin + 1);
    return true;
}

static struct naive_op random_op(const struct pair *p)
{
    static const struct {
        unsigned weight;
        enum naive_kind kind;
    } table[] = { { 28, NAIVE_SEND }, { 12, NAIVE_REPLY }, { 16, NAIVE_CONTINUE }, { 8, NAIVE_EDIT }, { 9, NAIVE_GOTO },
                  { 4, NAIVE_DELETE }, { 11, NAIVE_UNDO }, { 7, NAIVE_REDO }, { 3, NAIVE_SAY }, { 2, NAIVE_TITLE } };
    const struct naive *n = p->naive;
    struct naive_op op = { .stage = NAIVE_WHOLE, .keep = SIZE_MAX, .forced = -1, .g = random_settings(),
                           .stop_after = chance(25) ? 1 + (size_t)draw(6) : SIZE_MAX };
    op.text = random_text(templates[p->pick[0]] && templates[p->pick[1]], &op.n_text);
    unsigned pick = (unsigned)draw(100);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        op.kind = table[i].kind;
        if (pick < table[i].weight)
            break;
        pick -= table[i].weight;
    }
    int head = naive_head(n);
    bool too_long = head && n->node[head].full.n > LONG_PATH;
    switch (op.kind) {
    case NAIVE_SAY:
        op.role = head && chance(50) ? ROLE_ASSISTANT : head ? ROLE_USER : ROLE_SYSTEM;
        break;
    case NAIVE_EDIT:
    case NAIVE_DELETE:
    case NAIVE_REPLY:
        op.node = chance(50) ? head : random_node(n, -1);
        break;
    case NAIVE_GOTO:
        op.node = chance(10) ? 0 : random_node(n, -1);
        break;
    case NAIVE_CONTINUE:
        op.node = head && chance(60) && n->node[head].role == ROLE_ASSISTANT ? head : random_node(n, ROLE_ASSISTANT);
        if (op.node && chance(60) && random_cut(p, &op) && chance(30))
            op.forced = (int32_t)draw(256);
        break;
    default:
        break;
    }
    bool impossible = (op.kind == NAIVE_UNDO && n->now == 0) || (op.kind == NAIVE_REDO && n->now + 1 == n->n_views) ||
                      ((op.kind == NAIVE_EDIT || op.kind == NAIVE_DELETE || op.kind == NAIVE_REPLY ||
                        op.kind == NAIVE_CONTINUE) && !op.node);
    if (op.kind == NAIVE_CONTINUE && op.node && n->node[op.node].full.n > LONG_PATH + 100)
        impossible = true;
    if (impossible)
        op.kind = NAIVE_SEND;
    if (too_long && op.kind == NAIVE_SEND) {
        op.kind = NAIVE_GOTO;
        op.node = chance(30) ? 0 : 1;
        if (op.node && !naive_shown(n, 1))
            op.node = 0;
    }
    return op;
}

struct stopper {
    size_t seen, after;
};

static bool stop_after(void *arg, const struct generate_event *ev)
{
    struct stopper *s = arg;
    (void)ev;
    return ++s->seen >= s->after;
}

static void run_op(struct pair *p, const struct naive_op *op)
{
    struct conv *c = p->conv;
    struct stopper stop = { 0, op->stop_after };
    struct conv_watch w = { .token = stop_after, .arg = &stop };
    struct conv_result r = { 0 };
    uint32_t id, node = (uint32_t)op->node;
    size_t keep = op->keep;
    if (op->kind == NAIVE_CONTINUE && keep != SIZE_MAX)
        keep -= tree_node(conv_tree(c), node)->body.at;
    switch (op->kind) {
    case NAIVE_SAY: MUST(conv_say(c, op->role, op->text, op->n_text, &id, e)); break;
    case NAIVE_SEND: MUST(conv_send(c, op->text, op->n_text, &op->g, &w, &r, e)); break;
    case NAIVE_EDIT: MUST(conv_edit(c, node, op->text, op->n_text, &op->g, &w, &r, e)); break;
    case NAIVE_REPLY: MUST(conv_reply(c, node, &op->g, &w, &r, e)); break;
    case NAIVE_CONTINUE:
        MUST(conv_continue(c, node, keep, &op->forced, op->forced >= 0, &op->g, &w, &r, e));
        break;
    case NAIVE_GOTO: MUST(conv_goto(c, node, e)); break;
    case NAIVE_DELETE: MUST(conv_delete(c, node, e)); break;
    case NAIVE_UNDO: MUST(conv_undo(c, e)); break;
    case NAIVE_REDO: MUST(conv_redo(c, e)); break;
    case NAIVE_TITLE: MUST(conv_title(c, "a title", e)); break;
    }
    if (r.node) {
        SAME("where the session stands", hash128_equal(session_hash(conv_session(c)), r.state));
        p->restored += r.restored;
        p->read += r.read;
    }
}

/* ---- Accidents ---- */

/* What a file that ends at byte `to` says of the operation whose lines begin at `from`. */
static void read_stage(const struct str *file, size_t from, size_t to, struct naive_op *op)
{
    size_t parts = 0;
    op->stage = NAIVE_NOTHING;
    while (from < to) {
        const char *line = file->p + from, *end = memchr(line, '\n', to - from);
        struct event ev;
        if (!end)
            break;
        MUST(event_read(&ev, line, (size_t)(end - line), e));
        if (ev.kind == EVENT_MODEL)
            op->stage = NAIVE_EMPTY_STEP;
        else if (ev.kind == EVENT_REPLY || ev.kind == EVENT_PART)
            op->stage = NAIVE_PART;
        else if (ev.kind == EVENT_NODE && op->stage < NAIVE_PART && (op->kind == NAIVE_SEND || op->kind == NAIVE_EDIT))
            op->stage = NAIVE_MESSAGE;
        else
            op->stage = NAIVE_WHOLE;
        parts += ev.kind == EVENT_PART ? ev.body.n_ids : 0;
        event_release(&ev);
        from = (size_t)(end - file->p) + 1;
    }
    op->n_part = parts;
    if (op->stage == NAIVE_MESSAGE && op->kind == NAIVE_EDIT && to == file->len)
        op->stage = NAIVE_WHOLE;
}

/* A place at or behind `from`, chosen by line and share of the line: times in the file do not change the seed's path. */
static size_t random_byte(const struct str *file, size_t from)
{
    size_t lines = 0, end;
    for (size_t i = from; i < file->len; i++)
        lines += file->p[i] == '\n';
    for (size_t skip = (size_t)draw(lines + 1); skip; skip--)
        from = (size_t)((const char *)memchr(file->p + from, '\n', file->len - from) - file->p) + 1;
    for (end = from; end < file->len && file->p[end] != '\n';)
        end++;
    return from + (end - from) * (size_t)draw(101) / 100;
}

/* The operation, then a crash that leaves only some bytes of what it wrote. */
static void run_and_crash(struct pair *p, struct naive_op *op)
{
    struct str file = STR_INIT;
    size_t before = (size_t)journal_bytes(conv_journal(p->conv));
    run_op(p, op);
    close_pair(p);
    MUST(file_read(p->path, SIZE_MAX, &file, e));
    size_t cut = random_byte(&file, before);
    read_stage(&file, before, cut, op);
    MUST(file_write(p->path, file.p, cut, e));
    str_release(&file);
    open_pair(p);
}

static int is_state(const struct dirent *f)
{
    return f->d_name[0] != '.';
}

/* States vanish, or lose a bit. */
static void harm_states(struct pair *p)
{
    struct dirent **files;
    char chat[256], name[640];
    snprintf(chat, sizeof chat, "%s/%s", p->states, conv_tree(p->conv)->id);
    int n = scandir(chat, &files, is_state, alphasort);
    p->harmed = true;
    for (int i = 0; i < n; i++) {
        struct str file = STR_INIT;
        snprintf(name, sizeof name, "%s/%s", chat, files[i]->d_name);
        bool whole = chance(50), gone = chance(50), same_size = chance(70);
        free(files[i]);
        if (whole)
            continue;
        if (gone) {
            unlink(name);
            continue;
        }
        MUST(file_read(name, SIZE_MAX, &file, e));
        file.p[draw(file.len)] ^= (char)(1u << draw(8));
        MUST(file_write(name, file.p, same_size ? file.len : (size_t)draw(file.len), e));
        str_release(&file);
    }
    if (n >= 0)
        free(files);
}

static void switch_model(struct pair *p)
{
    p->now = p->now == p->pick[0] ? p->pick[1] : p->pick[0];
    p->naive->lm = models[p->now];
    MUST(conv_use(p->conv, models[p->now], "tiny", e));
}

static void trace(const struct pair *p, const struct naive_op *op)
{
    static const char *const kinds[] = { "say", "send", "edit", "reply", "continue", "goto", "delete", "undo", "redo", "title" };
    if (getenv("HISS_PROPERTY_TRACE"))
        print_message("# %zu: %s node %d keep %zd forced %d stage %d, model %s; head %d of %d\n", step, kinds[op->kind],
                      op->node, (ssize_t)op->keep, (int)op->forced, op->stage, archs[p->now], naive_head(p->naive),
                      p->naive->n_nodes);
}

static void one_step(struct pair *p)
{
    if (chance(5))
        switch_model(p);
    if (chance(6))
        harm_states(p);
    if (chance(6)) {
        close_pair(p);
        open_pair(p);
    }
    struct naive_op op = random_op(p);
    if (chance(10))
        run_and_crash(p, &op);
    else
        run_op(p, &op);
    naive_apply(p->naive, &op);
    trace(p, &op);
    compare(p);
}

static void every_reply_runs_again(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        struct verify_result r;
        MUST(verify(conv_tree(p->conv), models[p->pick[i]], NULL, NULL, NULL, &r, e));
        SAME("a reply that was run again", !r.differs && r.n_other_arith == 0);
    }
}

/* What was deleted or undone is gone from the file; what is shown is as it was. */
static void nothing_shown_is_compacted_away(struct pair *p)
{
    struct compact_result r;
    const struct naive *n = p->naive;
    struct ids ids = IDS_INIT;
    MUST(compact(p->conv, &r, e));
    store_close(p->store);
    open_pair(p);
    const struct tree *t = conv_tree(p->conv);
    SAME("the shown leaf after compaction", t->head == (uint32_t)naive_head(n));
    for (int id = 1; id <= n->n_nodes; id++) {
        struct str text = STR_INIT;
        SAME("what is left", (tree_node(t, (uint32_t)id) != NULL) == naive_shown(n, id));
        if (!naive_shown(n, id))
            continue;
        tree_text(t, (uint32_t)id, &text);
        SAME("a text after compaction", !strcmp(str_z(&text), str_z(&n->node[id].text)));
        str_release(&text);
        MUST(tree_ids(t, (uint32_t)id, model_hash(n->node[id].lm->model), &ids, e));
        SAME("the ids after compaction", ids.n == n->node[id].full.n && !memcmp(ids.p, n->node[id].full.p, ids.n * sizeof *ids.p));
    }
    ids_release(&ids);
    compare_state(p);
}

static void both_ways_are_the_same(void **state)
{
    (void)state;
    const char *want = getenv("HISS_PROPERTY_STEPS"), *from = getenv("HISS_PROPERTY_SEED");
    size_t steps = want ? strtoul(want, NULL, 10) : STEPS_OF_CHECK, restored = 0, read = 0;
    seed = from ? strtoull(from, NULL, 10) : 1;
    for (size_t chat = 0; step < steps; chat++) {
        struct pair p;
        begin_pair(&p, chat);
        for (size_t i = 0; i < STEPS_A_CHAT && step < steps; i++, step++)
            one_step(&p);
        every_reply_runs_again(&p);
        nothing_shown_is_compacted_away(&p);
        restored += p.restored;
        read += p.read;
        close_pair(&p);
        naive_free(p.naive);
    }
    print_message("# seed %llu, %zu steps: %zu tokens restored, %zu read\n", (unsigned long long)seed, step, restored, read);
}

/* A message sent before the model is there and the reply that comes later are one step of undo, also after a restart. */
static void a_message_that_waited_is_one_step(void **state)
{
    (void)state;
    char path[128];
    struct conv_opts o = { .path = path, .mode = JOURNAL_CREATE };
    struct generate_opts g = { .sampler = sampler_default(), .max_tokens = 4 };
    struct conv_result r;
    struct err err = ERR_INIT;
    uint32_t id;
    snprintf(path, sizeof path, "%s/waited.jsonl", dir);
    struct conv *c = conv_open(&o, &err);
    assert_non_null(c);
    MUST(conv_say(c, ROLE_USER, "hello", 5, &id, e));
    MUST(conv_use(c, models[0], "tiny", e));
    MUST(conv_answer(c, id, &g, NULL, &r, e));
    assert_int_equal(conv_tree(c)->head, r.node);
    assert_int_equal(r.wrote, 4);
    MUST(conv_close(c, e));
    c = conv_open(&o, &err);
    assert_non_null(c);
    MUST(conv_undo(c, e));
    assert_int_equal(conv_tree(c)->head, 0);
    assert_int_equal(conv_undo(c, &err), -1);
    MUST(conv_redo(c, e));
    assert_int_equal(conv_tree(c)->head, r.node);
    MUST(conv_close(c, e));
}

static int open_models(void **state)
{
    (void)state;
    strcpy(dir, access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"); /* thousands of syncs: memory is quicker */
    strcat(dir, "/hiss-property-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    for (int i = 0; i < N_MODELS; i++) {
        char path[128];
        struct err e = ERR_INIT;
        struct lm_opts o = { .level = KERN_N_LEVELS };
        snprintf(path, sizeof path, "%s/%s.gguf", dir, archs[i]);
        chatmodel_write(path, archs[i], 100 + (uint64_t)i, templates[i]);
        if (!(models[i] = lm_open(path, &o, &e))) {
            print_error("%s\n", e.msg);
            return -1;
        }
    }
    return 0;
}

static int close_models(void **state)
{
    (void)state;
    char cmd[128];
    for (int i = 0; i < N_MODELS; i++)
        lm_close(models[i]);
    snprintf(cmd, sizeof cmd, "rm -r %s", dir);
    return system(cmd);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_message_that_waited_is_one_step),
                                        cmocka_unit_test(both_ways_are_the_same) };
    return cmocka_run_group_tests(tests, open_models, close_models);
}
