#include "cmd/chats.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/chat_cli.h"

static const char *speaker(enum chat_role r)
{
    static const char *const names[] = { "system", "you", "hiss" };
    return names[r];
}

/* ---- For people ---- */

static void print_message(const struct tree *t, uint32_t id, bool with_id)
{
    struct str text = STR_INIT;
    const struct node *n = tree_node(t, id);
    bool terminal = isatty(STDOUT_FILENO);
    printf("%s", speaker(n->body.role));
    if (with_id) {
        printf("  #%u", id);
        if (n->body.parent)
            printf(n->body.continues ? " goes on with #%u" : " answers #%u", n->body.parent);
        if (t->head == id)
            fputs("  shown", stdout);
    }
    if (n->body.made && n->body.made->end == MADE_UNFINISHED)
        fputs("  (cut off)", stdout);
    if (n->rating)
        printf("  %c", n->rating > 0 ? '+' : '-');
    fputs(":\n", stdout);
    if (!tree_text(t, id, &text))
        chat_print(stdout, terminal, str_z(&text), text.len);
    fputs(text.len && text.p[text.len - 1] == '\n' ? "\n" : "\n\n", stdout);
    str_release(&text);
}

/* ---- For programs ---- */

static void add_made(cJSON *o, const struct body *b)
{
    const struct made *m = b->made;
    char hex[HASH128_HEX], seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)(m->n_settings ? m->settings[0].sampler.seed : 0));
    cJSON_AddStringToObject(o, "end", made_end_words[m->end]);
    cJSON_AddStringToObject(o, "seed", seed);
    cJSON_AddNumberToObject(o, "arith", m->arith);
    cJSON_AddNumberToObject(o, "tokens", (double)(b->n_ids - b->header));
    if (m->has_state) {
        hash128_hex(m->state, hex);
        cJSON_AddStringToObject(o, "state", hex);
    }
}

static void print_json(const struct tree *t, uint32_t id)
{
    struct str text = STR_INIT;
    const struct node *n = tree_node(t, id);
    char time[24];
    cJSON *o = cJSON_CreateObject();
    tree_text(t, id, &text);
    snprintf(time, sizeof time, "%lld", (long long)n->time);
    cJSON_AddNumberToObject(o, "id", id);
    cJSON_AddNumberToObject(o, "parent", n->body.parent);
    cJSON_AddStringToObject(o, "role", role_words[n->body.role]);
    cJSON_AddStringToObject(o, "text", str_z(&text));
    cJSON_AddStringToObject(o, "time", time);
    if (n->body.continues)
        cJSON_AddTrueToObject(o, "continues");
    if (t->head == id)
        cJSON_AddTrueToObject(o, "shown");
    if (n->rating)
        cJSON_AddNumberToObject(o, "rating", n->rating);
    if (n->body.made)
        add_made(o, &n->body);
    char *line = cJSON_PrintUnformatted(o);
    puts(line ? line : "{}");
    free(line);
    cJSON_Delete(o);
    str_release(&text);
}

int chats_show(const char *name, struct conv *c, bool all, bool json)
{
    const struct tree *t = conv_tree(c);
    uint32_t *path;
    size_t n = tree_path(t, t->head, &path);
    if (n == SIZE_MAX)
        return EXIT_FAILURE;
    if (!json)
        printf("%s%s%s\n\n", name, *tree_title(t) ? ": " : "", tree_title(t));
    for (size_t i = 0; all && i < t->n_nodes; i++) {
        uint32_t id = t->nodes[i].id;
        if (!tree_visible(t, id))
            continue;
        if (json)
            print_json(t, id);
        else
            print_message(t, id, true);
    }
    for (size_t i = 0; !all && i < n; i++) {
        const struct node *after = i + 1 < n ? tree_node(t, path[i + 1]) : NULL;
        if (after && after->body.continues) /* the last piece prints the whole message */
            continue;
        if (json)
            print_json(t, path[i]);
        else
            print_message(t, path[i], false);
    }
    free(path);
    return EXIT_SUCCESS;
}

/* ---- Checking ---- */

static size_t check_node(const char *name, const struct tree *t, const struct node *n, struct ids *ids)
{
    struct err e = ERR_INIT;
    const struct body *b = &n->body;
    if (tree_ids(t, n->id, b->model, ids, &e)) {
        printf("%s: %s\n", name, e.msg);
        return 1;
    }
    if (b->made && b->made->n_settings && sampler_check(&b->made->settings[0].sampler, &e)) {
        printf("%s: message %u: its settings cannot be: %s\n", name, n->id, e.msg);
        return 1;
    }
    if (b->role == ROLE_ASSISTANT && b->made && b->content > ids->n) {
        printf("%s: message %u: its text begins at token %zu of %zu\n", name, n->id, b->content, ids->n);
        return 1;
    }
    return 0;
}

/* A kept state at the end of a reply has to have the hash that the reply recorded. */
static size_t check_state(const char *name, const struct tree *t, const struct node *n, const struct store *st,
                          const struct ids *ids, size_t *seen)
{
    struct store_key k = { t->id, n->body.model };
    struct hash128 state;
    struct err e = ERR_INIT;
    const struct made *m = n->body.made;
    if (!m || !m->has_state || m->arith != KERN_ARITH)
        return 0;
    int found = store_peek(st, &k, ids->p, ids->n, &state, &e);
    if (found < 0) {
        printf("%s: the state after message %u: %s\n", name, n->id, e.msg);
        return 1;
    }
    *seen += (size_t)found;
    if (!found || hash128_equal(state, m->state))
        return 0;
    printf("%s: the kept state after message %u is not the one it recorded; hiss chats gc --cap 0 removes it\n", name, n->id);
    return 1;
}

size_t chats_check(const char *name, struct conv *c, const struct store *st)
{
    const struct tree *t = conv_tree(c);
    const struct err *first;
    struct ids ids = IDS_INIT;
    size_t wrong = conv_bad_lines(c, &first), states = 0, replies = 0;
    if (wrong)
        printf("%s: %zu lines have no effect; %s\n", name, wrong, first->msg);
    if (journal_torn(conv_journal(c))) {
        printf("%s: its last line was cut off after %zu bytes; opening the chat puts them aside\n", name,
               journal_torn(conv_journal(c)));
        wrong++;
    }
    if (t->head && !tree_visible(t, t->head)) {
        printf("%s: the shown message %u is deleted\n", name, t->head);
        wrong++;
    }
    for (size_t i = 0; i < t->n_nodes; i++) {
        size_t bad = check_node(name, t, &t->nodes[i], &ids);
        wrong += bad ? bad : check_state(name, t, &t->nodes[i], st, &ids, &states);
        replies += t->nodes[i].body.made != NULL;
    }
    printf("%s: %zu messages, %zu replies, %zu kept states compared: %s\n", name, t->n_nodes, replies, states,
           wrong ? "not in order" : "in order");
    ids_release(&ids);
    return wrong;
}
