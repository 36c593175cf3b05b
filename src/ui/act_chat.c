/* Commands on chats, models and settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/persona.h"
#include "ui/app.h"
#include "ui/composer.h"
#include "ui/settings.h"

/* A chat's name becomes a file's: letters, digits, space, - _ . and everything beyond ASCII. */
static bool name_fits(const char *name, struct err *e)
{
    size_t n = strlen(name);
    if (!n || n > 100 || name[0] == '.' || name[n - 1] == ' ') {
        err_set(e, ERR_ARG, "a chat's name has 1 to 100 bytes and does not begin with a dot or end with a space");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == '/' || name[i] == 0x7F) {
            err_set(e, ERR_ARG, "a chat's name cannot hold '/' or control characters");
            return false;
        }
    }
    return true;
}

unsigned act_chat_new(struct app *a, const struct args *args)
{
    struct err e;
    if (args->n && !name_fits(args->word[0], &e)) {
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    return app_open_chat(a, args->n ? args->word[0] : NULL);
}

unsigned act_chat_open(struct app *a, const struct args *args)
{
    struct err e;
    if (!name_fits(args->word[0], &e)) {
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    return app_open_chat(a, args->word[0]);
}

unsigned act_chat_next(struct app *a, const struct args *args)
{
    (void)args;
    return a->n_tabs > 1 ? app_show_tab(a, (a->tab + 1) % a->n_tabs) : ACT_NONE;
}

unsigned act_chat_number(struct app *a, const struct args *args)
{
    unsigned long i = strtoul(args->word[0], NULL, 10);
    struct err e;
    if (i < 1 || i > a->n_tabs) {
        err_set(&e, ERR_NOTFOUND, "no open chat %s; F2 lists all chats", args->word[0]);
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    return app_show_tab(a, i - 1);
}

unsigned act_rename(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    if (t)
        desk_title(t->chat, args->rest[0]);
    return ACT_REPAINT;
}

unsigned act_chat_delete(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    struct err e;
    char name[128];
    (void)args;
    if (!t)
        return ACT_NONE;
    snprintf(name, sizeof name, "%s", desk_chat_name(t->chat));
    composer_set("", 0);
    app_close_tab(a, a->tab);
    if (desk_chat_move(a->desk, name, true, &e))
        app_fail(a, &e);
    else
        app_say(a, "deleted %s; in F2, u brings it back", name);
    return a->n_tabs ? app_show_tab(a, a->tab) : app_open_chat(a, NULL);
}

unsigned act_model(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    struct err e;
    if (!args->n)
        return act_models(a, args);
    if (t && t->busy) {
        err_set(&e, ERR_BUSY, "a reply is being written; ^C stops it, then switch");
        app_fail(a, &e);
    } else if (t) {
        t->busy = !desk_use_model(t->chat, args->word[0]);
    }
    return ACT_REPAINT;
}

int app_set(struct app *a, const char *name, const char *value, struct err *e)
{
    int which = setting_find(name);
    struct desk_settings s = a->defaults;
    if (which < 0)
        return err_set(e, ERR_ARG, "no setting '%s'; F4 lists them", name);
    if (setting_parse(&s, which, value, e) || sampler_check(&s.sampler, e))
        return -1;
    a->defaults = s;
    for (size_t i = 0; i < a->n_tabs; i++)
        desk_set(a->tabs[i].chat, &s);
    return 0;
}

unsigned act_set(struct app *a, const struct args *args)
{
    struct err e;
    if (app_set(a, args->word[0], args->rest[1], &e))
        app_fail(a, &e);
    else if (!a->rc_where) {
        char shown[SETTING_TEXT];
        setting_format(&a->defaults, setting_find(args->word[0]), shown);
        app_say(a, "%s %s, from the next token on", args->word[0], shown);
    }
    return ACT_REPAINT;
}

/* ---- Personas: variables without a value are asked for, one after the other ---- */

static struct {
    struct persona persona;
    char *answers[PERSONA_MAX_PAIRS]; /* NULL: the default */
    size_t at;
} asked;

static void forget_asked(void)
{
    for (size_t i = 0; i < PERSONA_MAX_PAIRS; i++) {
        free(asked.answers[i]);
        asked.answers[i] = NULL;
    }
    persona_release(&asked.persona);
    asked.at = 0;
}

static void apply_settings(struct app *a, const struct persona *p)
{
    struct err e = ERR_INIT;
    for (size_t i = 0; i < p->n_settings; i++) {
        if (!app_set(a, p->settings[i].name, p->settings[i].value, &e))
            continue;
        err_prefix(&e, "%s:%u", p->path, p->settings[i].line);
        app_fail(a, &e);
    }
}

static unsigned begin_persona(struct app *a)
{
    const struct persona *p = &asked.persona;
    struct str text = STR_INIT;
    struct err e = ERR_INIT;
    unsigned bits = ACT_REPAINT;
    if (persona_render(p, (const char *const *)asked.answers, &text, &e)) {
        app_fail(a, &e);
    } else {
        bits |= app_open_chat(a, NULL);
        struct tab *t = app_tab(a);
        apply_settings(a, p);
        if (t && p->model[0])
            desk_use_model(t->chat, p->model);
        if (t)
            desk_system(t->chat, str_z(&text), text.len);
        app_say(a, "%s: write, and it answers as this persona", p->name);
    }
    str_release(&text);
    forget_asked();
    return bits;
}

static unsigned answer_variable(struct app *a, const char *answer);

static unsigned ask_next(struct app *a)
{
    const struct persona *p = &asked.persona;
    if (asked.at == p->n_variables)
        return begin_persona(a);
    char prompt[64];
    snprintf(prompt, sizeof prompt, "%.58s: ", p->variables[asked.at].name);
    return app_ask(a, prompt, p->variables[asked.at].value, answer_variable);
}

static unsigned answer_variable(struct app *a, const char *answer)
{
    struct err e;
    if (!answer[0] && !asked.persona.variables[asked.at].value[0]) {
        app_say(a, "%s needs a value; Esc leaves", asked.persona.variables[asked.at].name);
        return ask_next(a);
    }
    asked.answers[asked.at] = answer[0] ? mem_strdup(answer) : NULL;
    if (answer[0] && !asked.answers[asked.at]) {
        err_nomem(&e, "a persona");
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    asked.at++;
    return ask_next(a);
}

unsigned act_persona(struct app *a, const struct args *args)
{
    struct err e = ERR_INIT;
    if (!args->n)
        return act_personas(a, args);
    forget_asked();
    if (persona_find(args->word[0], &asked.persona, &e)) {
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    return ask_next(a);
}
