/* The models that were found, what they weigh, and what a conversation costs with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "ui/app.h"
#include "ui/panel.h"

enum { MAX_MODELS = 256, COST_TEXT = 128 };

/* "state 18.9 MB", "state 9.1 MB + 4 KB a token, 8,192 at most", "22.5 KB a token, 8,192 at most" */
static void cost_text(const struct desk_model_info *m, char out[COST_TEXT])
{
    char state[PANEL_BYTES_TEXT], row[PANEL_BYTES_TEXT], ctx[NUMBER_TEXT], most[48] = "";
    panel_bytes(m->state_bytes, state);
    panel_bytes(m->row_bytes, row);
    if (m->row_bytes && m->n_ctx)
        snprintf(most, sizeof most, ", %s at most", number_grouped(m->n_ctx, ctx));
    if (!m->row_bytes)
        snprintf(out, COST_TEXT, "state %s", state);
    else if (m->state_bytes)
        snprintf(out, COST_TEXT, "state %s + %s a token%s", state, row, most);
    else
        snprintf(out, COST_TEXT, "%s a token%s", row, most);
}

static int note_of(struct app *a, struct panel *p, const struct desk_model_info *m, const char *now)
{
    struct tab *t = app_tab(a);
    const struct shown *s = t ? t->view.shown : NULL;
    char params[NUMBER_TEXT], tokens[NUMBER_TEXT];
    const char *path = m->embedded ? "built in" : m->path;
    number_params(m->n_params, params);
    if (now && !strcmp(now, m->name))
        return panel_note(p, "In use. %s, %s.", params, path);
    if (!s || !s->n_tokens || !now)
        return panel_note(p, "%s, %s.", params, path);
    return panel_note(p, "Switching keeps the transcript; %s reads its %s tokens behind, and %s keeps its state for the way "
                      "back. %s, %s.", m->name, number_grouped(s->n_tokens, tokens), now, params, path);
}

static int add_model(struct app *a, struct panel *p, const struct desk_model_info *m, const char *now)
{
    char bytes[PANEL_BYTES_TEXT], cost[COST_TEXT];
    const char *key = m->embedded || !m->path[0] ? m->name : m->path;
    const char *where = m->embedded ? "built in" : m->loaded ? "loaded" : "";
    cost_text(m, cost);
    if (panel_add(p, key, now && !strcmp(now, m->name), "%s\t%s\t%s\t%s\t%s\t%s", m->name, m->arch, m->type,
                  panel_bytes(m->file_bytes, bytes), cost, where))
        return -1;
    return note_of(a, p, m, now);
}

static int fill(struct app *a, struct panel *p)
{
    struct desk_model_info *v = mem_alloc(MAX_MODELS, sizeof *v), now;
    struct tab *t = app_tab(a);
    const struct shown *s = t ? t->view.shown : NULL;
    if (!v)
        return -1;
    size_t n = desk_models(a->desk, v, MAX_MODELS);
    const char *name = s && s->model && s->model[0] ? s->model : desk_model_now(a->desk, &now) ? now.name : NULL;
    int r = 0;
    bool listed = false;
    for (size_t i = 0; i < n && i < MAX_MODELS && !r; i++) {
        r = add_model(a, p, &v[i], name);
        listed |= name && !strcmp(name, v[i].name);
    }
    if (!r && !listed && desk_model_now(a->desk, &now)) /* it lies where none are looked for */
        r = add_model(a, p, &now, name);
    free(v);
    return r;
}

static unsigned use(struct app *a, const char *name)
{
    struct args args = { .n = 1, .word = { name }, .rest = { name } };
    if (!app_tab(a)) {
        app_say(a, "no chat is open that could use it; n in the chats makes one");
        return ACT_REPAINT;
    }
    return act_model(a, &args);
}

static unsigned open_model(struct app *a, struct panel *p)
{
    unsigned bits = use(a, panel_focused(p)->key);
    return bits | panel_close(a);
}

static unsigned file_given(struct app *a, const char *answer)
{
    size_t n = strlen(answer);
    while (n && answer[n - 1] == ' ')
        n--;
    char path[4096];
    if (!n)
        return ACT_NONE;
    snprintf(path, sizeof path, "%.*s", (int)n, answer);
    unsigned bits = use(a, path);
    return bits | panel_close(a);
}

static unsigned add_file(struct app *a, struct panel *p)
{
    (void)p;
    return app_ask(a, "GGUF file: ", "", file_given);
}

const struct panel_ops panel_models = {
    .name = "models",
    .title = "Models",
    .foot = "panel-open switch\tpanel-new another file\tpanel-filter filter\tclose close",
    .empty = "no models found: n takes a GGUF file",
    .fill = fill,
    .open = open_model,
    .make = add_file,
};
