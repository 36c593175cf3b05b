#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void say(const char *name, const char *fmt, va_list ap)
{
    fflush(stdout);
    fprintf(stderr, "hiss%s%s: ", name[0] ? " " : "", name);
    utf8_vprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

int cmd_fail(const char *name, const struct err *e)
{
    cmd_note(name, "%s", e->msg);
    return e->code == ERR_CANCELLED ? CMD_INTERRUPTED : CMD_FAILED;
}

int cmd_usage(const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(name, fmt, ap);
    va_end(ap);
    fprintf(stderr, "'hiss %s%s--help' shows what there is.\n", name, name[0] ? " " : "");
    return CMD_USAGE;
}

void cmd_note(const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(name, fmt, ap);
    va_end(ap);
}

int cmd_finish(const char *name, int status)
{
    if (!fflush(stdout) && !ferror(stdout))
        return status;
    if (status == CMD_OK || status == CMD_INTERRUPTED) {
        int why = errno;
        fprintf(stderr, "hiss%s%s: cannot write the output: %s\n", name[0] ? " " : "", name, strerror(why));
    }
    return status == CMD_OK ? CMD_FAILED : status;
}

/* ---- Interrupts ---- */

static atomic_bool interrupted;

static void on_signal(int sig)
{
    (void)sig;
    atomic_store(&interrupted, true);
}

const atomic_bool *cmd_interrupts(void)
{
    struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    return &interrupted;
}
