/* hiss replay: a saved conversation plays again on the screen; --verify: every reply again, from its record. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "chat/verify.h"
#include "cmd/chat_cli.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "ui/run.h"

struct replay {
    struct cmd_model model;
    const char *name;
    struct conv *conv;
    struct pool *pool;
    struct chat_progress progress;
    size_t n_replies, n_tokens, n_no_state, n_elsewhere; /* over all models */
};

static void told(void *arg, uint32_t node, enum verify_outcome outcome, const struct verify_result *so_far)
{
    struct replay *r = arg;
    size_t all = 0;
    (void)node;
    (void)outcome;
    const struct tree *t = conv_tree(r->conv);
    for (size_t i = 0; i < t->n_nodes; i++)
        all += t->nodes[i].body.made != NULL;
    chat_progress_tell(&r->progress, "verifying", (double)(r->n_replies + so_far->n_replies) / (double)(all ? all : 1));
}

static void print_token(const struct lm *lm, int32_t id, float p)
{
    struct str text = STR_INIT;
    if (id < 0) {
        fputs("nothing", stdout);
        return;
    }
    tok_piece(lm->tok, id, true, &text);
    printf("%d '", (int)id);
    chat_print(stdout, true, str_z(&text), text.len);
    printf("' (probability %.2g)", (double)p);
    str_release(&text);
}

static void print_difference(const struct lm *lm, const struct verify_difference *d)
{
    printf("message %zu (#%u) differs", d->message, d->node);
    if (d->state_differs) {
        printf(": all ids are the same, the state after them is not\n");
    } else {
        printf(" at token %zu: ", d->token + 1);
        print_token(lm, d->recorded, d->p_recorded);
        fputs(" was recorded, ", stdout);
        print_token(lm, d->now, d->p_now);
        fputs(" comes now\n", stdout);
    }
    printf("model, arithmetic and settings are those of the record%s\n",
           d->template_differs ? "; the chat template is another now" : ", the chat template too");
}

/* All replies of one model. */
static int verify_with(struct replay *r, struct lm *lm)
{
    struct verify_result v;
    struct err e = ERR_INIT;
    int bad = verify(conv_tree(r->conv), lm, &chat_cancel, told, r, &v, &e);
    chat_progress_end(&r->progress);
    if (bad)
        return atomic_load(&chat_cancel) ? 128 + atomic_load(&chat_signal) : chat_fail("replay", &e);
    r->n_replies += v.n_replies;
    r->n_tokens += v.n_tokens;
    r->n_no_state += v.n_no_state;
    if (v.differs)
        print_difference(lm, &v.first);
    return v.differs ? CMD_FAILED : CMD_OK;
}

/* Replies that are shown and were made by this model with this arithmetic; other: with another one. */
static size_t count_replies(const struct tree *t, struct hash128 model, size_t *other, uint32_t *arith)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct made *m = t->nodes[i].body.made;
        if (!m || !tree_visible(t, t->nodes[i].id) || !hash128_equal(t->nodes[i].body.model, model))
            continue;
        if (m->arith == KERN_ARITH) {
            n++;
        } else {
            ++*other;
            *arith = m->arith;
        }
    }
    return n;
}

static struct lm *open_model(struct replay *r, enum kern_level level, const char *name, struct hash128 hash, struct err *e)
{
    struct str path = STR_INIT;
    struct lm_opts o = { .level = level, .pool = r->pool };
    struct lm *lm = NULL;
    const char *slash = strrchr(name, '/');
    if (!lm_find(name, &path, e) || (slash && !lm_find(slash + 1, &path, e)))
        lm = lm_open(path.p, &o, e);
    if (lm && !hash128_equal(model_hash(lm->model), hash)) {
        lm_close(lm);
        lm = NULL;
        err_set(e, ERR_MISMATCH, "%s is not the model that wrote them", path.p);
    }
    str_release(&path);
    return lm;
}

/* One of the chat's models: said once, whatever the number of times it was chosen. */
static int verify_model(struct replay *r, enum kern_level level, const struct tree_model *m)
{
    const struct tree *t = conv_tree(r->conv);
    const char *name = r->model.model ? r->model.model : t->words[m->name];
    struct err e = ERR_INIT;
    size_t other = 0;
    uint32_t arith = 0;
    size_t n = count_replies(t, m->hash, &other, &arith);
    if (other)
        printf("%zu replies were made by arithmetic %u; this is %d, and they were not run\n", other, arith, KERN_ARITH);
    if (!n)
        return CMD_OK;
    struct lm *lm = open_model(r, level, name, m->hash, &e);
    if (!lm) {
        printf("%zu replies of %s were not run: %s\n", n, t->words[m->name], e.msg);
        r->n_elsewhere += n;
        return CMD_OK;
    }
    int status = verify_with(r, lm);
    lm_close(lm);
    return status;
}

static bool seen_before(const struct tree *t, size_t i)
{
    for (size_t j = 1; j < i; j++)
        if (hash128_equal(t->models[j].hash, t->models[i].hash))
            return true;
    return false;
}

static int verify_all(struct replay *r)
{
    const struct tree *t = conv_tree(r->conv);
    enum kern_level level;
    struct err e = ERR_INIT;
    int status = cmd_kernels("replay", r->model.kernels, &level);
    if (status != CMD_OK)
        return status;
    if (!(r->pool = pool_new((unsigned)r->model.threads, &e)))
        return chat_fail("replay", &e);
    for (size_t i = 1; i < t->n_models && status == CMD_OK; i++)
        if (!seen_before(t, i))
            status = verify_model(r, level, &t->models[i]);
    pool_free(r->pool);
    if (status > CMD_FAILED)
        return status;
    printf("verified %zu replies, %zu tokens\n", r->n_replies, r->n_tokens);
    if (r->n_no_state)
        printf("%zu of them were cut off by a crash and recorded no state: their ids agree\n", r->n_no_state);
    return status == CMD_OK && r->n_elsewhere ? CMD_FAILED : status;
}

static int verify_chat(struct replay *r, const char *path)
{
    struct conv_opts open = { .mode = JOURNAL_READ, .path = path };
    struct err e = ERR_INIT;
    chat_catch_signals();
    r->conv = conv_open(&open, &e);
    int status = r->conv ? verify_all(r) : chat_fail("replay", &e);
    conv_close(r->conv, &e);
    return status;
}

static int play(const struct replay *r, const char *script)
{
    enum kern_level level;
    if (!script && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
        return cmd_usage("replay", "playing it needs a terminal; hiss replay %s --verify does not", r->name);
    int status = cmd_kernels("replay", r->model.kernels, &level);
    struct ui_opts o = { .chat = r->name, .replay = true, .script = script, .terminal = "xterm-256color", .rows = 24,
                         .cols = 80, .desk = { r->model.model, (unsigned)r->model.threads, kern_level_name(level) } };
    return status == CMD_OK ? ui_run(&o) : status;
}

int cmd_replay(int argc, char **argv)
{
    struct replay r = { .progress = { .on = isatty(STDERR_FILENO) } };
    bool verify_it = false;
    const char *script = NULL;
    size_t n;
    const struct opt table[] = {
        { 0, "verify", OPT_FLAG, &verify_it, NULL, "run every reply again and compare ids and states", 0, 0 },
        CMD_OPT_MODEL(r.model),
        CMD_OPT_THREADS(r.model),
        CMD_OPT_KERNELS(r.model),
        { 0, "script", OPT_STRING, &script, "FILE", "play keys and commands from a file, without a terminal", 0, 0 },
    };
    const struct opts o = {
        .command = "replay",
        .usage = "NAME [--verify]",
        .about = "Plays a saved conversation again on the screen, as it was typed and written.\n"
                 "--verify: runs every reply again, on each branch, from its recorded seed and settings, and compares every token\n"
                 "id and the state after it. Nothing kept is used.",
        .opts = table,
        .n_opts = sizeof table / sizeof table[0],
        .min_args = 1,
        .max_args = 1,
    };
    struct str path = STR_INIT;
    struct err e = ERR_INIT;
    int status = opts_parse(&o, argc, argv, &n);
    if (status != OPTS_GO)
        return status;
    r.name = argv[1];
    if (chat_path(r.name, &path, &e)) {
        status = chat_fail("replay", &e);
    } else if (!file_exists(path.p)) {
        err_set(&e, ERR_NOTFOUND, "there is no chat '%s'; hiss chats list shows them", r.name);
        status = chat_fail("replay", &e);
    } else {
        status = verify_it ? verify_chat(&r, path.p) : play(&r, script);
    }
    str_release(&path);
    return status;
}
