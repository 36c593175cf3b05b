#include "ui/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/persona.h"
#include "desk/preset.h"
#include "desk/settings.h"
#include "ui/app.h"
#include "ui/composer.h"
#include "ui/theme_file.h"

enum { MAX_CHATS = 2000, MAX_MODELS = 64 };

/* The names that may stand here; of the UI thread, as readline is. */
static struct {
    char **v;
    size_t n, cap;
} names;

static void clear(void)
{
    while (names.n)
        free(names.v[--names.n]);
    free(names.v);
    names.v = NULL;
    names.cap = 0;
}

/* slash: the one that a command at the beginning of a message has. Names with spaces are quoted, unless they are being. */
static void add(const char *name, const char *slash)
{
    const char *quote = strchr(name, ' ') && !composer_quotes() ? "\"" : "";
    struct str s = STR_INIT;
    str_addf(&s, "%s%s%s%s", quote, slash, name, quote);
    if (s.oom || mem_grow(&names.v, &names.cap, names.n + 1, sizeof *names.v))
        str_release(&s);
    else
        names.v[names.n++] = str_take(&s);
}

/* ---- By kind ---- */

static void add_commands(struct app *a, const char *slash)
{
    (void)a;
    for (size_t i = 0; i < n_actions; i++)
        add(actions[i].name, slash);
}

static void commands(struct app *a)
{
    add_commands(a, "");
}

static void chats(struct app *a)
{
    struct desk_chat_info *v = mem_alloc(MAX_CHATS, sizeof *v);
    size_t n = v ? desk_chats(a->desk, v, MAX_CHATS) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!v[i].deleted)
            add(v[i].name, "");
    }
    free(v);
}

static void models(struct app *a)
{
    struct desk_model_info *v = mem_alloc(MAX_MODELS, sizeof *v);
    size_t n = v ? desk_models(a->desk, v, MAX_MODELS) : 0;
    for (size_t i = 0; i < n; i++)
        add(v[i].name, "");
    free(v);
}

static void personas(struct app *a)
{
    struct persona_list l;
    struct err e;
    (void)a;
    if (persona_list(&l, &e))
        return;
    for (size_t i = 0; i < l.n; i++)
        add(l.v[i].id, "");
    persona_list_release(&l);
}

static void presets(struct app *a)
{
    struct preset all[PRESET_MAX];
    size_t n = preset_list(all);
    (void)a;
    for (size_t i = 0; i < n; i++)
        add(all[i].name, "");
}

static void setting_names(struct app *a)
{
    (void)a;
    for (size_t i = 0; i < n_settings; i++)
        add(settings[i].name, "");
}

static void add_plain(const char *name)
{
    add(name, "");
}

static void themes(struct app *a)
{
    (void)a;
    theme_each(add_plain);
}

static void contexts(struct app *a)
{
    (void)a;
    for (size_t i = 0; i < CONTEXT_N; i++)
        add(context_names[i], "");
}

static void topics(struct app *a)
{
    const char *name;
    for (size_t i = 0; (name = help_topic(i)); i++)
        add(name, "");
    commands(a);
}

static const struct {
    const char *kind;
    void (*list)(struct app *a);
} kinds[] = {
    { "chat", chats },       { "model", models },     { "persona", personas }, { "preset", presets },
    { "setting", setting_names }, { "theme", themes },     { "context", contexts }, { "command", commands }, { "topic", topics },
};

/* ---- Matching ---- */

static char *next_match(const char *word, int state)
{
    static size_t at;
    size_t n = strlen(word);
    if (!state)
        at = 0;
    while (at < names.n) {
        const char *name = names.v[at++];
        size_t skip = name[0] == '"' && word[0] != '"'; /* typed so far without the quote */
        if (!strncmp(name + skip, word, n))
            return mem_strdup(name);
    }
    return NULL;
}

/* How many words stand between the command and byte `end`. */
static size_t words_before(const char *line, size_t end)
{
    size_t n = 0;
    char quote = 0;
    for (size_t i = strcspn(line, " \t"); i < end; i++) {
        bool space = line[i] == ' ' || line[i] == '\t';
        if (quote)
            quote = line[i] == quote ? 0 : quote;
        else if (line[i] == '"' || line[i] == '\'')
            quote = line[i];
        else if (!space && strchr(" \t", line[i - 1]))
            n++;
    }
    return n;
}

static char **complete_argument(struct app *a, const char *line, const char *word, size_t begin)
{
    size_t skip = strspn(line, "/"), n;
    const struct action *act = action_find(line + skip, strcspn(line + skip, " \t"));
    const char *kind = act ? action_kind(act, words_before(line, begin), &n) : NULL;
    if (!kind)
        return NULL;
    if ((n == 4 && !memcmp(kind, "file", 4)) || (n == 5 && !memcmp(kind, "model", 5) && strchr(word, '/')))
        return composer_file_matches(word);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strlen(kinds[i].kind) == n && !memcmp(kinds[i].kind, kind, n))
            kinds[i].list(a);
    }
    return composer_matches(word, next_match);
}

char **complete_word(struct app *a, const char *word, size_t begin)
{
    struct str line = STR_INIT;
    char **matches = NULL;
    composer_draft(&line);
    bool command = a->focus == FOCUS_ASK || (line.len && line.p[0] == '/' && line.p[1] != '/');
    if (command && begin)
        matches = complete_argument(a, line.p, word, begin);
    else if (command) {
        add_commands(a, word[0] == '/' ? "/" : "");
        matches = composer_matches(word, next_match);
    }
    clear();
    str_release(&line);
    return matches;
}
