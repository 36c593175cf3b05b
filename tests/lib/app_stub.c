#include "app_stub.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "desk/preset.h"
#include "desk/settings.h"
#include "ui/editor.h"

#define WEAK __attribute__((weak))

struct stub stub;

#define ACTION(id, nm, ar, ks, hp)                                        \
    WEAK unsigned act_##id(struct app *a, const struct args *args)       \
    {                                                                    \
        (void)a;                                                         \
        snprintf(stub.ran, sizeof stub.ran, "%s%s%s", nm, args->n ? " " : "", args->n ? args->word[0] : ""); \
        return ACT_NONE;                                                 \
    }
#include "ui/action.def"
#undef ACTION

WEAK struct tab *app_tab(struct app *a)
{
    return a->tab < a->n_tabs ? &a->tabs[a->tab] : NULL;
}

WEAK void app_say(struct app *a, const char *fmt, ...)
{
    va_list ap;
    (void)a;
    va_start(ap, fmt);
    vsnprintf(stub.said, sizeof stub.said, fmt, ap);
    va_end(ap);
    stub.failed = false;
}

WEAK void app_fail(struct app *a, const struct err *e)
{
    (void)a;
    snprintf(stub.said, sizeof stub.said, "%s", e->msg);
    stub.failed = true;
}

WEAK enum context app_context(const struct app *a)
{
    return a->focus == FOCUS_PANEL ? CONTEXT_PANEL : a->focus == FOCUS_TRANSCRIPT ? CONTEXT_TRANSCRIPT : CONTEXT_COMPOSER;
}

WEAK unsigned app_open_chat(struct app *a, const char *name)
{
    snprintf(stub.opened, sizeof stub.opened, "%s", name ? name : "(new)");
    if (!a->n_tabs)
        a->n_tabs = 1;
    return ACT_REPAINT;
}

WEAK void app_close_tab(struct app *a, size_t i, bool drop)
{
    (void)drop;
    memmove(a->tabs + i, a->tabs + i + 1, (a->n_tabs - i - 1) * sizeof a->tabs[0]);
    a->n_tabs--;
}

WEAK unsigned app_ask(struct app *a, const char *prompt, const char *initial, ask_fn fn)
{
    a->focus = FOCUS_ASK;
    stub.ask = fn;
    snprintf(stub.prompt, sizeof stub.prompt, "%s", prompt);
    snprintf(stub.initial, sizeof stub.initial, "%s", initial);
    return ACT_REPAINT;
}

WEAK void desk_set(struct desk_chat *c, const struct chat_settings *s)
{
    (void)c;
    preset_text(s, stub.set, sizeof stub.set);
}

WEAK struct app_geometry app_geometry(struct app *a)
{
    return (struct app_geometry){ .transcript_rows = a->rows, .left = stub.left, .width = a->cols };
}

WEAK unsigned action_run(struct app *a, const char *line)
{
    (void)a;
    snprintf(stub.ran, sizeof stub.ran, "%s", line);
    return ACT_NONE;
}

/* ---- The desk: an open chat is its name ---- */

WEAK size_t desk_models(struct desk *d, struct desk_model_info *out, size_t cap)
{
    (void)d;
    (void)cap;
    memcpy(out, stub.models, stub.n_models * sizeof *out);
    return stub.n_models;
}

WEAK bool desk_model_now(struct desk *d, struct desk_model_info *out)
{
    (void)d;
    *out = stub.models[0];
    return stub.n_models > 0;
}

WEAK size_t desk_chats(struct desk *d, struct desk_chat_info *out, size_t cap)
{
    (void)d;
    (void)cap;
    memcpy(out, stub.chats, stub.n_chats * sizeof *out);
    return stub.n_chats;
}

WEAK int desk_chat_move(struct desk *d, const char *name, bool to_trash, struct err *e)
{
    (void)d;
    for (size_t i = 0; i < stub.n_chats; i++) {
        if (!strcmp(stub.chats[i].name, name)) {
            stub.chats[i].deleted = to_trash;
            return 0;
        }
    }
    return err_set(e, ERR_NOTFOUND, "no chat %s", name);
}

WEAK int desk_chat_rename(struct desk *d, const char *name, bool deleted, const char *title, struct err *e)
{
    (void)d;
    for (size_t i = 0; i < stub.n_chats; i++) {
        if (!strcmp(stub.chats[i].name, name) && stub.chats[i].deleted == deleted) {
            snprintf(stub.chats[i].title, sizeof stub.chats[i].title, "%s", title);
            return 0;
        }
    }
    return err_set(e, ERR_NOTFOUND, "no chat %s", name);
}

WEAK const char *desk_chat_name(const struct desk_chat *c)
{
    return (const char *)c;
}

WEAK int desk_system(struct desk_chat *c, const char *text, size_t n)
{
    (void)c;
    snprintf(stub.system, sizeof stub.system, "%.*s", (int)n, text);
    return 0;
}

WEAK int desk_title(struct desk_chat *c, const char *title)
{
    (void)c;
    snprintf(stub.title, sizeof stub.title, "%s", title);
    return 0;
}

WEAK int desk_use_model(struct desk_chat *c, const char *name)
{
    (void)c;
    snprintf(stub.model, sizeof stub.model, "%s", name);
    return 0;
}

WEAK int editor_file(const char *path, struct err *e)
{
    (void)path;
    (void)e;
    return 0;
}
