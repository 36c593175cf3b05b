#include "ui/action.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const struct action actions[] = {
#define ACTION(id, nm, ar, ks, hp) { nm, ar, ks, hp, act_##id },
#include "ui/action.def"
#undef ACTION
};
const size_t n_actions = sizeof actions / sizeof actions[0];

const struct action *action_find(const char *name, size_t n)
{
    for (size_t i = 0; i < n_actions; i++) {
        if (strlen(actions[i].name) == n && !memcmp(actions[i].name, name, n))
            return &actions[i];
    }
    return NULL;
}

/* The next kind of an argument list; NULL at its end. *optional is set when a ? stands before it. */
static const char *next_kind(const char **spec, size_t *n, bool *optional)
{
    const char *s = *spec + strspn(*spec, " ");
    *optional = *s == '?';
    s += *optional;
    *n = strcspn(s, " ");
    *spec = s + *n;
    return *n ? s : NULL;
}

static bool takes_rest(const char *kind, size_t n)
{
    return (n == 4 && !memcmp(kind, "text", 4)) || (n == 7 && !memcmp(kind, "command", 7)) ||
           (n == 5 && !memcmp(kind, "value", 5));
}

const char *action_kind(const struct action *act, size_t i, size_t *n)
{
    const char *spec = act->args, *kind;
    bool optional;
    do
        kind = next_kind(&spec, n, &optional);
    while (kind && i--);
    return kind;
}

/* Cuts one word out of *s in place, quotes taken off; moves *s behind it. */
static char *cut_word(char **s)
{
    char *p = *s, *to = *s, *word = *s, quote = 0;
    for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
        if (quote && *p == quote)
            quote = 0;
        else if (!quote && (*p == '"' || *p == '\''))
            quote = *p;
        else
            *to++ = *p;
    }
    if (*p)
        p++;
    *to = '\0';
    *s = p + strspn(p, " \t");
    return word;
}

static int split(const struct action *act, char *s, struct args *args, struct err *e)
{
    const char *spec = act->args, *kind;
    size_t n;
    bool optional;
    while ((kind = next_kind(&spec, &n, &optional))) {
        if (!*s) {
            if (optional)
                return 0;
            return err_set(e, ERR_ARG, "%s needs %.*s: %s %s", act->name, (int)n, kind, act->name, act->args);
        }
        args->rest[args->n] = s;
        if (takes_rest(kind, n)) {
            args->word[args->n++] = s;
            return 0;
        }
        args->word[args->n++] = cut_word(&s);
    }
    if (*s)
        return err_set(e, ERR_ARG, "%s takes %s, not '%s'", act->name, act->args[0] ? act->args : "nothing", s);
    return 0;
}

const struct action *action_parse(const char *line, struct action_line *out, struct err *e)
{
    *out = (struct action_line){ .buf = NULL };
    e->code = ERR_OK;
    line += strspn(line, " \t:/");
    size_t n = strcspn(line, " \t\r\n");
    if (!n || line[0] == '#')
        return NULL;
    const struct action *act = action_find(line, n);
    if (!act) {
        err_set(e, ERR_ARG, "no command '%.*s'; Alt-x lists them", (int)(n < 40 ? n : 40), line);
        return NULL;
    }
    out->buf = mem_strdup(line + n);
    if (!out->buf) {
        err_nomem(e, "a command");
        return NULL;
    }
    char *s = out->buf + strspn(out->buf, " \t"), *end = s + strlen(s);
    while (end > s && strchr(" \t\r\n", end[-1]))
        *--end = '\0';
    if (split(act, s, &out->args, e)) {
        action_line_release(out);
        return NULL;
    }
    return act;
}

void action_line_release(struct action_line *l)
{
    free(l->buf);
    l->buf = NULL;
}
