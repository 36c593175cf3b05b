#include "ui/lines.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "ui/app.h"
#include "ui/run.h"
#include "ui/settings.h"

enum { STATUS_INTERRUPTED = 130 };

static volatile sig_atomic_t interrupts;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupts++;
}

struct lines {
    struct desk *desk;
    struct desk_chat *chat;
    struct chat_settings settings;
    struct shown *shown;
    bool busy, writing;
};

static void print_history(const struct shown *s)
{
    static const char *const names[] = { "system", "you", "hiss" };
    for (size_t i = 0; s && i < s->n; i++) {
        printf("%s: ", names[s->msgs[i]->role]);
        utf8_print(stdout, s->msgs[i]->text, s->msgs[i]->n);
        putchar('\n');
    }
}

static void take(struct lines *l, struct desk_event *ev)
{
    switch (ev->kind) {
    case DESK_SHOWN:
        if (!l->shown)
            print_history(ev->shown);
        shown_unref(l->shown);
        l->shown = ev->shown;
        ev->shown = NULL;
        break;
    case DESK_BEGUN:
        fputs("hiss: ", stdout);
        l->writing = true;
        break;
    case DESK_TEXT: utf8_print(stdout, ev->text, ev->n); break;
    case DESK_ENDED:
        if (l->writing)
            putchar('\n');
        l->writing = false;
        break;
    case DESK_STAGE:
        if (ev->chat)
            l->busy = desk_busy(l->chat);
        break;
    case DESK_STATS:
        if (!l->busy && (ev->stats.read || ev->stats.restored))
            printf("[restored %zu, read %zu]\n", ev->stats.restored, ev->stats.read);
        break;
    case DESK_SETTINGS: l->settings = ev->settings; break;
    case DESK_NOTE: printf("[%.*s]\n", (int)ev->n, ev->text); break;
    case DESK_ERROR:
    case DESK_MODEL:
        if (ev->err.code)
            printf("[%s]\n", ev->err.msg);
        break;
    default: break;
    }
    fflush(stdout);
}

static void pump(struct lines *l, int wait_ms)
{
    struct pollfd fd = { desk_fd(l->desk), POLLIN, 0 };
    struct desk_event *ev;
    poll(&fd, 1, wait_ms);
    while ((ev = desk_next(l->desk))) {
        take(l, ev);
        desk_event_free(ev);
    }
}

/* Until the chat's worker has nothing to do; ^C stops the reply. */
static void settle(struct lines *l)
{
    do {
        if (interrupts) {
            interrupts = 0;
            desk_stop(l->chat);
        }
        pump(l, 100);
    } while (l->busy || desk_loading(l->desk) >= 0);
}

static void set(struct lines *l, const char *words)
{
    char name[32] = "", value[64] = "";
    struct err e = ERR_INIT;
    sscanf(words, "%31s %63[^\n]", name, value);
    int which = setting_find(name);
    if (which < 0 || setting_parse(&l->settings, which, value, &e)) {
        printf("[%s]\n", which < 0 ? "no such setting" : e.msg);
    } else {
        desk_set(l->chat, &l->settings);
        printf("[%s %s]\n", name, value);
    }
}

static uint32_t last_reply(const struct lines *l)
{
    const struct shown *s = l->shown;
    return s && s->n ? s->msgs[s->n - 1]->node : 0;
}

/* The commands that make sense without a screen. False: leave. */
static bool command(struct lines *l, const char *line)
{
    char name[16];
    size_t n = strcspn(line, " ");
    const char *rest = line + n + strspn(line + n, " ");
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : 0), line);
    if (!strcmp(name, "quit"))
        return false;
    if (!strcmp(name, "set"))
        set(l, rest);
    else if (!strcmp(name, "regenerate"))
        desk_regenerate(l->chat, last_reply(l));
    else if (!strcmp(name, "continue"))
        desk_continue(l->chat, last_reply(l));
    else if (!strcmp(name, "previous"))
        desk_go(l->chat, last_reply(l), -1);
    else if (!strcmp(name, "next"))
        desk_go(l->chat, last_reply(l), 1);
    else if (!strcmp(name, "undo"))
        desk_undo(l->chat);
    else if (!strcmp(name, "redo"))
        desk_redo(l->chat);
    else if (!strcmp(name, "model") && *rest)
        desk_use_model(l->chat, rest);
    else if (!strcmp(name, "rename") && *rest)
        desk_title(l->chat, rest);
    else if (!strcmp(name, "help"))
        puts("[/set NAME VALUE, /regenerate, /continue, /previous, /next, /undo, /redo, /model NAME, /rename TITLE, /quit; "
             "// begins a message with /; ^C stops, ^D leaves]");
    else
        puts("[no such command here; /help lists them, // begins a message with /]");
    l->busy = desk_busy(l->chat);
    return true;
}

/* ^C at the prompt asks once, then leaves; true: it does. */
static bool leaves(bool *armed)
{
    interrupts = 0;
    clearerr(stdin);
    if (!*armed && isatty(STDIN_FILENO))
        puts("\n[^C again to leave]");
    else
        return true;
    *armed = true;
    return false;
}

/* Returns the exit status. */
static int talk(struct lines *l)
{
    char *line = NULL;
    size_t cap = 0;
    bool prompt = isatty(STDIN_FILENO), armed = false;
    int status = 0;
    settle(l);
    while (l->shown) { /* else the chat could not be opened, and that was said */
        if (prompt) {
            fputs("you: ", stdout);
            fflush(stdout);
        }
        ssize_t n = getline(&line, &cap, stdin);
        if (n < 0) {
            status = interrupts ? STATUS_INTERRUPTED : 0;
            if (interrupts && !leaves(&armed))
                continue;
            break;
        }
        armed = false;
        status = 0; /* a ^C before this line ended nothing */
        while (n && strchr("\r\n", line[n - 1]))
            line[--n] = '\0';
        if (!n)
            continue;
        if (line[0] == '/' && line[1] != '/') {
            if (!command(l, line + 1))
                break;
        } else {
            size_t skip = line[0] == '/';
            l->busy = !desk_send(l->chat, line + skip, (size_t)n - skip);
        }
        settle(l);
    }
    free(line);
    return l->shown ? status : 1;
}

int lines_run(const struct ui_opts *o)
{
    struct lines l = { .settings = settings_default(), .busy = true };
    struct err e = ERR_INIT;
    char name[128];
    int status = 1;
    struct sigaction sa = { .sa_handler = on_interrupt };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    l.desk = desk_new(&o->desk, &e);
    if (l.desk) {
        snprintf(name, sizeof name, "%s", o->chat ? o->chat : "");
        if (o->chat || !desk_chat_new_name(l.desk, name, &e))
            l.chat = desk_open(l.desk, name, &l.settings, &e);
    }
    if (l.chat) {
        status = talk(&l);
        desk_close(l.chat);
    }
    shown_unref(l.shown);
    desk_free(l.desk);
    if (e.code)
        fprintf(stderr, "hiss: %s\n", e.msg);
    return status;
}
