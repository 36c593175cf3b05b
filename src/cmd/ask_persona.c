/* hiss ask --persona: a persona's text as the system text. */
#include <string.h>

#include "cmd/ask.h"

/* The value given for a variable by --var NAME=VALUE; NULL: none. */
static const char *given_value(const struct ask *a, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < a->vars.n; i++) {
        if (!strncmp(a->vars.v[i], name, n) && a->vars.v[i][n] == '=')
            return a->vars.v[i] + n + 1;
    }
    return NULL;
}

/* Every --var must name a variable of the persona: a misspelt one is not silently dropped. */
static int check_vars(const struct ask *a, const struct persona *p, struct err *e)
{
    for (size_t i = 0; i < a->vars.n; i++) {
        size_t n = strcspn(a->vars.v[i], "="), k = 0;
        while (k < p->n_variables && (strncmp(p->variables[k].name, a->vars.v[i], n) || p->variables[k].name[n]))
            k++;
        if (!a->vars.v[i][n])
            return err_set(e, ERR_ARG, "--var takes NAME=VALUE, not '%s'", a->vars.v[i]);
        if (k == p->n_variables)
            return err_set(e, ERR_ARG, "the persona %s has no variable '%.*s'", a->persona, (int)n, a->vars.v[i]);
    }
    return 0;
}

int ask_persona(struct ask *a, struct err *e)
{
    const char *values[PERSONA_MAX_PAIRS] = { NULL };
    struct persona *p = &a->read;
    if (persona_find(a->persona, p, e))
        return -1;
    for (size_t i = 0; i < p->n_variables; i++)
        values[i] = given_value(a, p->variables[i].name);
    if (check_vars(a, p, e) || persona_render(p, values, &a->system_text, e))
        return -1;
    a->system = str_z(&a->system_text);
    if (!a->model.model && p->model[0])
        a->model.model = p->model;
    return 0;
}
