#include <cJSON.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "cmd/ask.h"
#include "cmd/chat_cli.h"

struct talk {
    struct ask *a;
    enum kern_level level;
    struct pool *pool;
    struct lm *lm;
    struct store *store;
    struct conv *conv;
    struct chat_progress progress;
    bool last_newline;  /* the reply so far ends a line */
    bool out_failed;    /* nobody reads our output any more */
};

/* ---- Telling ---- */

static void print_json(struct talk *t, cJSON *o)
{
    char *line = o ? cJSON_PrintUnformatted(o) : NULL;
    if (line)
        printf("%s\n", line);
    free(line);
    cJSON_Delete(o);
    t->out_failed |= fflush(stdout) == EOF;
}

static bool on_token(void *arg, const struct generate_event *ev)
{
    struct talk *t = arg;
    chat_progress_end(&t->progress);
    if (t->a->json) {
        struct str text = STR_INIT;
        cJSON *o = cJSON_CreateObject();
        str_add(&text, ev->text, ev->n_text);
        cJSON_AddNumberToObject(o, "token", ev->id);
        cJSON_AddStringToObject(o, "text", str_z(&text));
        cJSON_AddNumberToObject(o, "logprob", (double)ev->logprob);
        print_json(t, o);
        str_release(&text);
    } else if (ev->n_text) {
        chat_print(stdout, t->a->out_terminal, ev->text, ev->n_text);
        t->last_newline = ev->text[ev->n_text - 1] == '\n';
        t->out_failed |= fflush(stdout) == EOF;
    }
    return t->out_failed;
}

static void on_read(void *arg, size_t done, size_t total)
{
    struct talk *t = arg;
    chat_progress_tell(&t->progress, "reading", total ? (double)done / (double)total : 1);
}

static bool on_load(void *arg, double fraction)
{
    struct talk *t = arg;
    chat_progress_tell(&t->progress, "loading", fraction);
    return atomic_load(&chat_cancel);
}

static void print_summary(struct talk *t, const struct conv_result *r)
{
    char hex[HASH128_HEX], seed[24];
    cJSON *o = cJSON_CreateObject();
    hash128_hex(r->state, hex);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)t->a->g.sampler.seed);
    cJSON_AddStringToObject(o, "end", made_end_words[r->end]);
    cJSON_AddNumberToObject(o, "restored", (double)r->restored);
    cJSON_AddNumberToObject(o, "read", (double)r->read);
    cJSON_AddNumberToObject(o, "wrote", (double)r->wrote);
    cJSON_AddNumberToObject(o, "read_seconds", r->read_seconds);
    cJSON_AddNumberToObject(o, "write_seconds", r->write_seconds);
    cJSON_AddStringToObject(o, "state", hex);
    cJSON_AddStringToObject(o, "seed", seed);
    if (t->a->chat) {
        cJSON_AddStringToObject(o, "chat", t->a->chat);
        cJSON_AddNumberToObject(o, "message", r->node);
    }
    print_json(t, o);
}

static void say_what_it_cost(struct talk *t, const struct conv_result *r)
{
    if (t->a->chat)
        fprintf(stderr, "restored %zu tokens, read %zu\n", r->restored, r->read);
    if (r->rewritten)
        fprintf(stderr, "the model's template writes earlier messages otherwise now: %zu tokens were not as read before\n",
                r->rewritten);
    if (r->end == MADE_CONTEXT)
        fputs("the model's context is full; begin a new chat to go on\n", stderr);
    if (r->kept.code)
        utf8_printf(stderr, "hiss ask: the next turn will have to read again: %s\n", r->kept.msg);
}

/* ---- Opening ---- */

static int find_model(struct talk *t, const char *recorded, struct str *path, struct err *e)
{
    struct err first = ERR_INIT;
    if (t->a->model.model || !recorded || !*recorded)
        return lm_find(t->a->model.model, path, e);
    const char *slash = strrchr(recorded, '/');
    if (!lm_find(recorded, path, &first) || (slash && !lm_find(slash + 1, path, &first)))
        return 0;
    if (lm_find(NULL, path, e))
        return -1;
    utf8_printf(stderr, "%s, which wrote this chat, is not here; going on with %s\n", recorded, path->p);
    return 0;
}

static int open_model(struct talk *t, const char *recorded, struct str *path, struct err *e)
{
    if (find_model(t, recorded, path, e) || !(t->pool = pool_new((unsigned)t->a->model.threads, e)))
        return -1;
    struct lm_opts o = { .level = t->level, .pool = t->pool, .progress = on_load, .progress_arg = t };
    t->lm = lm_open(path->p, &o, e);
    chat_progress_end(&t->progress);
    return t->lm ? 0 : -1;
}

static void tell_damage(void *arg, const char *sentence)
{
    (void)arg;
    utf8_printf(stderr, "%s\n", sentence);
}

/* Says what is wrong with the file before anything is built on it. */
static int look_at_file(struct talk *t, struct err *e)
{
    conv_tell_damage(t->conv, tell_damage, NULL);
    if (conv_writable(t->conv))
        return 0;
    *e = *journal_why(conv_journal(t->conv));
    return -1;
}

static int open_talk(struct talk *t, struct err *e)
{
    struct str file = STR_INIT, model = STR_INIT;
    struct conv_opts o = { .mode = JOURNAL_CREATE };
    int r = -1;
    if (t->a->chat && (chat_path(t->a->chat, &file, e) || !(o.store = t->store = chat_store(e))))
        goto fail;
    if (t->a->chat && file_exists(file.p)) { /* first without a model: which one wrote it? */
        o.path = file.p;
        if (!(t->conv = conv_open(&o, e)) || look_at_file(t, e))
            goto fail;
    }
    if (open_model(t, t->conv ? tree_model_name(conv_tree(t->conv)) : NULL, &model, e))
        goto fail;
    o = (struct conv_opts){ .path = t->a->chat ? file.p : NULL, .mode = JOURNAL_CREATE, .store = t->store, .lm = t->lm,
                            .model_name = model.p };
    if (t->conv)
        r = conv_use(t->conv, t->lm, model.p, e);
    else
        r = (t->conv = conv_open(&o, e)) ? look_at_file(t, e) : -1;
fail:
    str_release(&file);
    str_release(&model);
    return r;
}

/* A saved chat goes on with the settings it was left with. */
static int take_settings(struct talk *t, struct err *e)
{
    const struct tree *tree = conv_tree(t->conv);
    return tree->has_settings ? ask_settle(t->a, &tree->settings, e) : 0;
}

/* The system text begins a conversation; it cannot change one that has begun. */
static int say_system(struct talk *t, struct err *e)
{
    const struct tree *tree = conv_tree(t->conv);
    const char *text = t->a->system;
    uint32_t *path, id;
    if (!text)
        return 0;
    if (!tree->head)
        return conv_say(t->conv, ROLE_SYSTEM, text, strlen(text), &id, e);
    size_t n = tree_path(tree, tree->head, &path);
    if (n == SIZE_MAX)
        return err_nomem(e, "a path");
    const struct node *root = tree_node(tree, path[0]);
    free(path);
    if (root->body.role == ROLE_SYSTEM && !strcmp(root->body.text, text))
        return 0;
    return err_set(e, ERR_ARG, "chat %s has begun already, %s; -s can only begin one", t->a->chat,
                   root->body.role == ROLE_SYSTEM ? "with another system text" : "without a system text");
}

/* ---- Talking ---- */

static int stopped_status(void)
{
    return 128 + (atomic_load(&chat_signal) ? atomic_load(&chat_signal) : SIGINT);
}

/* One turn. Returns an exit status; on a terminal's line mode a stopped reply is none. */
static int turn(struct talk *t, const char *text, size_t n)
{
    struct conv_watch w = { .cancel = &chat_cancel, .progress = on_read, .token = on_token, .arg = t };
    struct conv_result r;
    struct err e = ERR_INIT;
    t->last_newline = true;
    int bad = conv_send(t->conv, text, n, &t->a->g, &w, &r, &e);
    chat_progress_end(&t->progress);
    if (!t->a->json && !t->last_newline) {
        putchar('\n');
        fflush(stdout);
    }
    if (bad && e.code != ERR_CANCELLED)
        return chat_fail("ask", &e);
    if (!bad && t->a->json)
        print_summary(t, &r);
    if (!bad)
        say_what_it_cost(t, &r);
    if (t->out_failed)
        return 128 + SIGPIPE;
    return atomic_load(&chat_cancel) ? stopped_status() : EXIT_SUCCESS;
}

/* Line after line, each one turn from the state. ^C stops a reply; at the prompt it leaves. */
static int turns(struct talk *t)
{
    char *line = NULL;
    size_t cap = 0;
    int status = EXIT_SUCCESS;
    for (;;) {
        fputs("> ", stderr);
        fflush(stderr);
        ssize_t n = getline(&line, &cap, stdin);
        if (n < 0) {
            fputc('\n', stderr);
            status = atomic_load(&chat_signal) ? stopped_status() : EXIT_SUCCESS;
            break;
        }
        while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            n--;
        if (!n)
            continue;
        status = turn(t, line, (size_t)n);
        if (atomic_load(&chat_signal) == SIGTERM || (status && status != 128 + SIGINT))
            break;
        atomic_store(&chat_cancel, false);
        atomic_store(&chat_signal, 0);
        if (!t->a->has_seed)
            t->a->g.sampler.seed = rng_seed();
    }
    free(line);
    return status;
}

int ask_run(struct ask *a, const struct str *prompt)
{
    struct talk t = { .a = a, .progress = { .on = a->err_terminal } };
    struct err e = ERR_INIT;
    int status = cmd_kernels("ask", a->model.kernels, &t.level);
    if (status != CMD_OK)
        return status;
    if (open_talk(&t, &e) || take_settings(&t, &e) || say_system(&t, &e))
        status = e.code == ERR_CANCELLED ? stopped_status() : chat_fail("ask", &e);
    else
        status = prompt ? turn(&t, prompt->p, prompt->len) : turns(&t);
    if (conv_close(t.conv, &e) && !status)
        status = chat_fail("ask", &e);
    store_close(t.store);
    lm_close(t.lm);
    pool_free(t.pool);
    return status;
}
