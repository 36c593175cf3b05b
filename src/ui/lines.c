#include "ui/lines.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "ui/lines_parts.h"
#include "ui/run.h"

enum { STATUS_INTERRUPTED = 130 };

static volatile sig_atomic_t interrupts;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupts++;
}

/* ---- What the worker says ---- */

void lines_messages(const struct shown *s, size_t from)
{
    static const char *const names[] = { "system", "you", "hiss" };
    for (size_t i = from; s && i < s->n; i++) {
        printf("%s: ", names[s->msgs[i]->role]);
        utf8_print(stdout, s->msgs[i]->text, s->msgs[i]->n);
        putchar('\n');
    }
}

/* Which chat goes on, and how it left off: the last question and its answer. */
static void greet(const struct shown *s)
{
    enum { LAST = 2 };
    size_t from = s->n > LAST ? s->n - LAST : 0;
    if (!s->n)
        return;
    utf8_printf(stdout, "[going on with '%s', %zu message%s%s; /new begins another chat]\n", s->title[0] ? s->title : s->name,
                s->n, s->n == 1 ? "" : "s", from ? ", the last two follow, /history reads them all" : "");
    lines_messages(s, from);
}

static void take(struct lines *l, struct desk_event *ev)
{
    if (ev->chat && ev->chat != l->chat) /* of one that was left */
        return;
    switch (ev->kind) {
    case DESK_SHOWN:
        if (!l->shown)
            greet(ev->shown);
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
    case DESK_SETTINGS:
        l->settings = ev->settings;
        settings_take(&l->settings, &l->defaults, l->given);
        if (l->given)
            desk_set(l->chat, &l->settings);
        break;
    case DESK_NOTE: utf8_printf(stdout, "[%.*s]\n", (int)ev->n, ev->text); break;
    case DESK_ERROR:
    case DESK_MODEL:
        if (ev->err.code)
            utf8_printf(stdout, "[%s]\n", ev->err.msg);
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

/* ---- Talking ---- */

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

static void typed(struct lines *l, const char *line, size_t n)
{
    size_t skip = line[0] == '/';
    if (skip && line[1] != '/')
        lines_command(l, line);
    else
        l->busy = !desk_send(l->chat, line + skip, n - skip);
    settle(l);
}

/* Returns the exit status. */
static int talk(struct lines *l, const struct ui_opts *o)
{
    char *line = NULL;
    size_t cap = 0;
    bool prompt = isatty(STDIN_FILENO), armed = false;
    int status = 0;
    settle(l);
    for (size_t i = 0; i < o->n_commands && l->shown && !l->leaving; i++) {
        if (!lines_is_early(o->commands[i])) /* the others were run before the chat was opened */
            lines_command(l, o->commands[i]);
        settle(l);
    }
    while (l->shown && !l->leaving) { /* not shown: it could not be opened, and that was said */
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
        if (n)
            typed(l, line, (size_t)n);
    }
    free(line);
    return l->shown ? status : 1;
}

/* As on the screen: the one that is named, one that the rc file or -e opened, the last one unless another window has it, a new
 * one. */
static int open_first(struct lines *l, const struct ui_opts *o, struct err *e)
{
    bool held = false;
    if (o->chat)
        snprintf(l->wanted, sizeof l->wanted, "%s", o->chat);
    else if (!l->wanted[0] && (o->fresh || !desk_chat_last(l->desk, l->wanted, &held)) &&
             desk_chat_new_name(l->desk, l->wanted, e))
        return -1;
    if (held)
        puts("[" UI_LAST_IS_HELD "]");
    return lines_open(l, e);
}

int lines_run(const struct ui_opts *o)
{
    struct lines l = { .settings = settings_default(), .defaults = settings_default() };
    struct err e = ERR_INIT;
    int status = 1;
    struct sigaction sa = { .sa_handler = on_interrupt };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    l.desk = desk_new(&o->desk, &e);
    if (l.desk) {
        lines_start(&l, o);
        if (!open_first(&l, o, &e))
            status = talk(&l, o);
        if (l.chat)
            desk_close(l.chat, true);
    }
    shown_unref(l.shown);
    desk_free(l.desk);
    if (e.code)
        utf8_printf(stderr, "hiss: %s\n", e.msg);
    return status;
}
