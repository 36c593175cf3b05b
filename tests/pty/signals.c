/* Whatever signal ends hiss, idle or in the middle of a reply, the terminal is as it was before and the status tells
 * the signal. If this fails, somebody's shell is left without echo, in the alternate screen or without a cursor. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "stage.h"

static const struct {
    int sig;
    const char *name;
} signals[] = { { SIGTERM, "TERM" }, { SIGHUP, "HUP" }, { SIGINT, "INT" }, { SIGSEGV, "SEGV" }, { SIGABRT, "ABRT" } };

static void one(int sig, const char *name, bool writing)
{
    char when[48];
    struct pty *p = pty_open(24, 80);
    snprintf(when, sizeof when, "%s %s", name, writing ? "in a reply" : "while idle");
    stage_chat(p, "--new", "--no-rc");
    report_on(p, pty_see(p, "thousand parameters"), "%s: the screen is there", when);
    if (writing)
        report_on(p, stage_reply(p, "go on"), "%s: a reply is being written", when);
    pty_signal(p, sig);
    int status = pty_end(p);
    report_on(p, status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == sig, "%s: it ends by the signal", when);
    report_sane(p, when);
    pty_close(p);
}

int main(void)
{
    stage_open();
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        one(signals[i].sig, signals[i].name, false);
        one(signals[i].sig, signals[i].name, true);
    }
    return stage_done();
}
