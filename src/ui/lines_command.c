/* The commands that make sense without a screen, from the keyboard, the rc file and -e. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "chat/place.h"
#include "desk/preset.h"
#include "ui/action.h"
#include "ui/lines_parts.h"
#include "ui/run.h"

enum { MAX_CHATS = 2000, LISTED = 20, MAX_RC = 1 << 20 };

/* ---- Settings ---- */

/* Before a chat is open: those of chats without their own. */
static void use(struct lines *l, const struct chat_settings *s)
{
    l->settings = *s;
    if (l->chat)
        desk_set(l->chat, s);
    else
        l->defaults = *s;
}

static int run_set(struct lines *l, const struct args *args, struct err *e)
{
    struct chat_settings s = l->settings;
    char value[SETTING_TEXT];
    int which = setting_find(args->word[0]);
    if (which < 0)
        return err_set(e, ERR_ARG, "no setting '%s'; hissrc(5) lists them", args->word[0]);
    if (setting_parse(&s, which, args->rest[1], e) || sampler_check(&s.sampler, e))
        return -1;
    use(l, &s);
    setting_format(&s, which, value);
    if (l->chat)
        utf8_printf(stdout, "[%s %s]\n", args->word[0], value);
    else if (l->on_command_line)
        l->given |= 1u << which;
    return 0;
}

static int run_preset(struct lines *l, const struct args *args, struct err *e)
{
    struct chat_settings s = l->settings;
    if (preset_load(args->rest[0], &s, e))
        return -1;
    use(l, &s);
    if (l->chat)
        utf8_printf(stdout, "[%s]\n", args->rest[0]);
    return 0;
}

/* ---- Chats ---- */

int lines_open(struct lines *l, struct err *e)
{
    struct desk_chat *c = desk_open(l->desk, l->wanted, &l->defaults, e);
    if (!c)
        return -1;
    if (l->chat)
        desk_close(l->chat, true);
    shown_unref(l->shown);
    l->shown = NULL;
    l->chat = c;
    l->settings = l->defaults;
    l->busy = true;
    return 0;
}

/* Before the first is open it is only noted. */
static int go_to(struct lines *l, const char *name, struct err *e)
{
    if (l->chat && !strcmp(desk_chat_name(l->chat), name))
        return 0;
    snprintf(l->wanted, sizeof l->wanted, "%s", name);
    return l->chat ? lines_open(l, e) : 0;
}

/* The chats that are listed: all that are not deleted, newest first. Given; *n of them. */
static struct desk_chat_info *chats(struct lines *l, size_t *n, struct err *e)
{
    struct desk_chat_info *v = mem_alloc(MAX_CHATS, sizeof *v);
    size_t all = v ? desk_chats(l->desk, v, MAX_CHATS) : 0;
    *n = 0;
    for (size_t i = 0; i < all && i < MAX_CHATS; i++) {
        if (!v[i].deleted)
            v[(*n)++] = v[i];
    }
    if (!v)
        err_nomem(e, "the list of chats");
    return v;
}

static int run_chats(struct lines *l, const struct args *args, struct err *e)
{
    size_t n;
    struct desk_chat_info *v = chats(l, &n, e);
    (void)args;
    for (size_t i = 0; i < n && i < LISTED; i++)
        utf8_printf(stdout, "[%zu %s]\n", i + 1, v[i].title[0] ? v[i].title : v[i].name);
    if (v)
        printf("[%zu chat%s; /open NUMBER goes to one]\n", n, n == 1 ? "" : "s");
    free(v);
    return v ? 0 : -1;
}

/* By its name, or its number in the list. */
static int run_open(struct lines *l, const struct args *args, struct err *e)
{
    char name[128];
    snprintf(name, sizeof name, "%s", args->word[0]);
    unsigned long number = strtoul(name, NULL, 10);
    if (!chat_exists(name) && number) {
        size_t n;
        struct desk_chat_info *v = chats(l, &n, e);
        if (number <= n)
            snprintf(name, sizeof name, "%s", v[number - 1].name);
        free(v);
    }
    if (chat_check_name(name, e))
        return -1;
    return chat_exists(name) ? go_to(l, name, e) : err_set(e, ERR_NOTFOUND, "no chat '%s'; /chats lists them", name);
}

static int run_new(struct lines *l, const struct args *args, struct err *e)
{
    char name[128];
    if (args->n) {
        snprintf(name, sizeof name, "%s", args->word[0]);
        if (chat_check_name(name, e))
            return -1;
        if (chat_exists(name))
            return err_set(e, ERR_ARG, "there is a chat '%s' already; /open goes to it", name);
    } else if (desk_chat_new_name(l->desk, name, e)) {
        return -1;
    }
    return go_to(l, name, e);
}

static int run_rename(struct lines *l, const struct args *args, struct err *e)
{
    (void)e;
    return desk_title(l->chat, args->rest[0]);
}

static int run_history(struct lines *l, const struct args *args, struct err *e)
{
    (void)args;
    (void)e;
    lines_messages(l->shown, 0);
    return 0;
}

/* ---- Talking ---- */

static uint32_t last_reply(const struct lines *l)
{
    const struct shown *s = l->shown;
    return s && s->n ? s->msgs[s->n - 1]->node : 0;
}

static int run_regenerate(struct lines *l, const struct args *args, struct err *e)
{
    (void)args;
    (void)e;
    return desk_regenerate(l->chat, last_reply(l));
}

static int run_continue(struct lines *l, const struct args *args, struct err *e)
{
    (void)args;
    (void)e;
    return desk_continue(l->chat, last_reply(l));
}

static int run_previous(struct lines *l, const struct args *args, struct err *e)
{
    (void)args;
    (void)e;
    return desk_go(l->chat, last_reply(l), -1);
}

static int run_next(struct lines *l, const struct args *args, struct err *e)
{
    (void)args;
    (void)e;
    return desk_go(l->chat, last_reply(l), 1);
}

static int run_undo(struct lines *l, const struct args *args, struct err *e)
{
    (void)args;
    (void)e;
    return desk_undo(l->chat);
}

static int run_redo(struct lines *l, const struct args *args, struct err *e)
{
    (void)args;
    (void)e;
    return desk_redo(l->chat);
}

static int run_model(struct lines *l, const struct args *args, struct err *e)
{
    if (!args->n)
        return err_set(e, ERR_ARG, "model needs a name or a path; hiss models lists them");
    return desk_use_model(l->chat, args->word[0]);
}

static int run_system(struct lines *l, const struct args *args, struct err *e)
{
    if (!args->n)
        return err_set(e, ERR_ARG, "system needs a text");
    return desk_system(l->chat, args->rest[0], strlen(args->rest[0]));
}

static int run_quit(struct lines *l, const struct args *args, struct err *e)
{
    (void)args;
    (void)e;
    l->leaving = true;
    return 0;
}

static int run_help(struct lines *l, const struct args *args, struct err *e);

/* ---- The table ---- */

static const struct verb {
    const char *name, *args;
    bool early; /* also before a chat is open: in the rc file, and with -e */
    int (*run)(struct lines *l, const struct args *args, struct err *e);
} verbs[] = {
    { "set", " NAME VALUE", true, run_set },
    { "preset", " NAME", true, run_preset },
    { "regenerate", "", false, run_regenerate },
    { "continue", "", false, run_continue },
    { "previous", "", false, run_previous },
    { "next", "", false, run_next },
    { "undo", "", false, run_undo },
    { "redo", "", false, run_redo },
    { "system", " TEXT", false, run_system },
    { "model", " NAME", false, run_model },
    { "chats", "", false, run_chats },
    { "open", " CHAT", true, run_open },
    { "new", "", true, run_new },
    { "rename", " TITLE", false, run_rename },
    { "history", "", false, run_history },
    { "help", "", false, run_help },
    { "quit", "", false, run_quit },
};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

static int run_help(struct lines *l, const struct args *args, struct err *e)
{
    (void)l;
    (void)args;
    (void)e;
    putchar('[');
    for (size_t i = 0; i < N_VERBS; i++)
        printf("/%s%s%s", verbs[i].name, verbs[i].args, i + 1 < N_VERBS ? ", " : "");
    puts("; // begins a message with /; ^C stops, ^D leaves]");
    return 0;
}

static const struct verb *verb_of(const char *line)
{
    line += strspn(line, " \t:/");
    size_t n = strcspn(line, " \t\r\n");
    for (size_t i = 0; i < N_VERBS; i++) {
        if (strlen(verbs[i].name) == n && !memcmp(line, verbs[i].name, n))
            return &verbs[i];
    }
    return NULL;
}

/* history is of this mode alone; all others are words of action.def, with its arguments. */
static int run(struct lines *l, const struct verb *v, const char *line, struct err *e)
{
    struct action_line words = { .buf = NULL };
    struct args none = { .n = 0 };
    if (v->run == run_history)
        return v->run(l, &none, e);
    if (!action_parse(line, &words, e))
        return -1;
    int r = v->run(l, &words.args, e);
    action_line_release(&words);
    return r;
}

void lines_command(struct lines *l, const char *line)
{
    const struct verb *v = verb_of(line);
    struct err e = ERR_INIT;
    size_t skip = strspn(line, " \t:/"), n = strcspn(line + skip, " \t\r\n");
    if (!v && action_find(line + skip, n))
        utf8_printf(stdout, "[%.*s is for the screen; /help lists what there is here]\n", (int)n, line + skip);
    else if (!v)
        puts("[no such command here; /help lists them, // begins a message with /]");
    else if (run(l, v, line, &e) && e.code)
        utf8_printf(stdout, "[%s]\n", e.msg);
    l->busy = desk_busy(l->chat);
}

bool lines_is_early(const char *line)
{
    const struct verb *v = verb_of(line);
    return v && v->early;
}

/* ---- Before the first chat is open ---- */

static void early(struct lines *l, const char *line, const char *from, unsigned number)
{
    struct err e = ERR_INIT;
    if (!lines_is_early(line) || !run(l, verb_of(line), line, &e) || !e.code)
        return;
    if (number)
        utf8_printf(stdout, "[%s:%u: %s]\n", from, number, e.msg);
    else
        utf8_printf(stdout, "[%s: %s]\n", from, e.msg);
}

static void read_rc(struct lines *l)
{
    struct str path = STR_INIT, text = STR_INIT;
    struct err e = ERR_INIT;
    unsigned number = 0;
    if (!path_user(PATH_CONFIG, &path, &e, "rc") && file_exists(path.p) && file_read(path.p, MAX_RC, &text, &e))
        utf8_printf(stdout, "[%s]\n", e.msg);
    for (char *line = text.p, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        early(l, line, path.p, ++number);
    }
    str_release(&path);
    str_release(&text);
}

void lines_start(struct lines *l, const struct ui_opts *o)
{
    if (!o->no_rc)
        read_rc(l);
    l->on_command_line = true;
    for (size_t i = 0; i < o->n_commands; i++)
        early(l, o->commands[i], "-e", 0);
    l->on_command_line = false;
}
