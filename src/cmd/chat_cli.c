#include "cmd/chat_cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/cmd.h"

enum { PROGRESS_AFTER_MS = 300 };

int chat_fail(const char *command, const struct err *e)
{
    return e->code == ERR_ARG ? cmd_usage(command, "%s", e->msg) : cmd_fail(command, e);
}

void chat_print(FILE *f, bool terminal, const char *p, size_t n)
{
    if (terminal)
        utf8_print(f, p, n);
    else
        fwrite(p, 1, n, f);
}

/* ---- Signals ---- */

atomic_bool chat_cancel;
atomic_int chat_signal;

static void on_signal(int number)
{
    atomic_store(&chat_signal, number);
    atomic_store(&chat_cancel, true);
}

void chat_catch_signals(void)
{
    struct sigaction a = { .sa_handler = on_signal };
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL); /* no SA_RESTART: a read at the prompt has to return */
    sigaction(SIGTERM, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- Progress ---- */

void chat_progress_tell(struct chat_progress *p, const char *what, double fraction)
{
    if (!p->on)
        return;
    if (!p->begin)
        p->begin = clock_ns();
    if (clock_ns() - p->begin < (uint64_t)PROGRESS_AFTER_MS * 1000000)
        return;
    fprintf(stderr, "\r%s %.0f %%  ", what, 100 * fraction);
    fflush(stderr);
    p->shown = true;
}

void chat_progress_end(struct chat_progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
    p->begin = 0;
}
