#include "ui/keymap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/action.h"

const char *const context_names[CONTEXT_N] = {
#define X(e, name) name,
    KEYMAP_CONTEXTS(X)
#undef X
};

static struct binding {
    enum context where;
    struct key key;
    char *line;
} *bindings;
static size_t n_bindings, cap_bindings;

bool context_parse(const char *name, enum context *out)
{
    for (int i = 0; i < CONTEXT_N; i++) {
        if (!strcmp(name, context_names[i])) {
            *out = (enum context)i;
            return true;
        }
    }
    return false;
}

static struct binding *find(enum context where, struct key key)
{
    for (size_t i = 0; i < n_bindings; i++) {
        if (bindings[i].where == where && key_equal(bindings[i].key, key))
            return &bindings[i];
    }
    return NULL;
}

int keymap_bind(enum context where, struct key key, const char *line, const char **old, struct err *e)
{
    struct binding *b = find(where, key);
    char *copy = mem_strdup(line);
    if (!copy)
        return err_nomem(e, "a key binding");
    if (old)
        *old = b ? b->line : NULL;
    if (b) {
        static char *last; /* the replaced line lives until the next replacement, so *old can be shown */
        free(last);
        last = b->line;
        b->line = copy;
        return 0;
    }
    if (mem_grow(&bindings, &cap_bindings, n_bindings + 1, sizeof *bindings)) {
        free(copy);
        return err_nomem(e, "a key binding");
    }
    bindings[n_bindings++] = (struct binding){ where, key, copy };
    return 0;
}

int keymap_unbind(enum context where, struct key key, struct err *e)
{
    struct binding *b = find(where, key);
    char text[KEY_TEXT_MAX];
    key_format(key, text);
    if (!b)
        return err_set(e, ERR_NOTFOUND, "%s is not bound in context %s", text, context_names[where]);
    free(b->line);
    memmove(b, b + 1, (size_t)(bindings + n_bindings - (b + 1)) * sizeof *b);
    n_bindings--;
    return 0;
}

/* "composer ^J, composer Alt-Enter" */
static int bind_defaults(const struct action *act, struct err *e)
{
    const char *s = act->keys;
    int number = 0;
    while (*s) {
        char where[16] = "", key[KEY_TEXT_MAX] = "", line[48];
        size_t n = strcspn(s, " ");
        memcpy(where, s, n < sizeof where - 1 ? n : sizeof where - 1);
        s += n + (s[n] == ' ');
        n = s[0] == ',' ? 1 : strcspn(s, ","); /* the comma itself can be a key */
        memcpy(key, s, n < sizeof key - 1 ? n : sizeof key - 1);
        s += n;
        s += strspn(s, ", ");
        enum context c;
        struct key k;
        if (!context_parse(where, &c) || !key_parse(key, &k) || find(c, k))
            return err_set(e, ERR_ARG, "action.def: %s: bad or doubled key '%s %s'", act->name, where, key);
        if (strcmp(act->name, "chat"))
            snprintf(line, sizeof line, "%s", act->name);
        else /* Alt-1 … Alt-9: the key's own number is the argument */
            snprintf(line, sizeof line, "chat %d", ++number);
        if (keymap_bind(c, k, line, NULL, e))
            return -1;
    }
    return 0;
}

int keymap_init(struct err *e)
{
    for (size_t i = 0; i < n_actions; i++) {
        if (bind_defaults(&actions[i], e))
            return -1;
    }
    return 0;
}

void keymap_release(void)
{
    for (size_t i = 0; i < n_bindings; i++)
        free(bindings[i].line);
    free(bindings);
    bindings = NULL;
    n_bindings = cap_bindings = 0;
}

const char *keymap_find(enum context where, struct key key)
{
    const struct binding *b = find(where, key);
    if (!b)
        b = find(CONTEXT_ANY, key);
    return b ? b->line : NULL;
}

void keymap_keys_of(enum context where, const char *command, struct str *out)
{
    bool any = false;
    for (size_t i = 0; i < n_bindings; i++) {
        char text[KEY_TEXT_MAX];
        if (strcmp(bindings[i].line, command) || (bindings[i].where != where && bindings[i].where != CONTEXT_ANY))
            continue;
        key_format(bindings[i].key, text);
        str_addf(out, "%s%s", any ? ", " : "", text);
        any = true;
    }
}

size_t keymap_n(void)
{
    return n_bindings;
}

void keymap_at(size_t i, enum context *where, struct key *key, const char **line)
{
    *where = bindings[i].where;
    *key = bindings[i].key;
    *line = bindings[i].line;
}
