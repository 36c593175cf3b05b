#include "ui/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "term/input.h"
#include "term/term.h"
#include "ui/app.h"
#include "ui/replay.h"

static int signal_pipe[2];
static int ended_by; /* the signal that asks for the end; 0: none */

static void on_signal(int sig)
{
    int saved = errno;
    char c = (char)sig;
    ssize_t ignored = write(signal_pipe[1], &c, 1);
    (void)ignored;
    errno = saved;
}

int loop_open(struct err *e)
{
    static const int signals[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT };
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    if (pipe(signal_pipe))
        return err_sys(e, "cannot make a pipe");
    for (int i = 0; i < 2; i++) {
        fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
        fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
    }
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

static unsigned take_signals(void)
{
    char c;
    unsigned bits = ACT_NONE;
    bool resized = false, stop = false;
    while (read(signal_pipe[0], &c, 1) == 1) {
        if (c == SIGWINCH || c == SIGCONT)
            resized = true;
        if (c == SIGCONT)
            term_continued();
        if (c == SIGTSTP)
            stop = true;
        if (c == SIGTERM || c == SIGHUP || c == SIGINT) {
            ended_by = c;
            bits |= ACT_QUIT;
        }
    }
    if (stop && !(bits & ACT_QUIT)) {
        term_suspend();
        resized = true;
    }
    if (resized) { /* however many came, one new size */
        term_resized();
        bits |= ACT_REPAINT | ACT_LAYOUT;
    }
    return bits;
}

/* False: the terminal is gone. */
static bool take_bytes(struct input *in)
{
    char buf[1 << 14];
    ssize_t n = read(term_fd(), buf, sizeof buf);
    if (n > 0)
        input_feed(in, buf, (size_t)n, clock_ns());
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static unsigned take_keys(struct app *a, struct input *in)
{
    struct input_event ev;
    unsigned bits = ACT_NONE;
    while (!(bits & ACT_QUIT) && input_next(in, clock_ns(), &ev))
        bits |= app_key(a, &ev);
    return bits;
}

static int shorter(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

int loop_run(struct app *a, struct err *e)
{
    struct input in;
    bool gone = false;
    input_init(&in);
    a->bits |= ACT_REPAINT | ACT_LAYOUT;
    while (!(a->bits & ACT_QUIT) && !gone) {
        app_frame(a);
        struct pollfd fds[] = { { term_fd(), POLLIN, 0 }, { desk_fd(a->desk), POLLIN, 0 }, { signal_pipe[0], POLLIN, 0 } };
        int wait = shorter(input_wait_ms(&in, clock_ns()), shorter(replay_wait_ms(a), app_draft_wait_ms(a)));
        if (poll(fds, 3, wait) < 0 && errno != EINTR) {
            err_sys(e, "cannot wait for input");
            break;
        }
        if (fds[2].revents)
            a->bits |= take_signals();
        if (fds[0].revents)
            gone = !take_bytes(&in);
        a->bits |= take_keys(a, &in);
        if (fds[1].revents)
            a->bits |= app_events(a);
        a->bits |= replay_tick(a);
        app_draft_tick(a);
    }
    if (gone && !ended_by)
        ended_by = SIGHUP;
    input_release(&in);
    return a->exit_status;
}

int loop_signal(void)
{
    return ended_by;
}
