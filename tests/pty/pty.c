#define _GNU_SOURCE /* memmem, memrchr */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TEXT = 1 << 17 };

enum state { IDLE, RUNS, STOPPED, ENDED };

/* What the shell tells: the program's pid first, then each wait status. */
struct news {
    pid_t pid;
    int status;
};

struct pty {
    int master, slave; /* the slave is kept open: modes can be read and output arrives after the program's end */
    int rows, cols;
    struct termios before;
    VTerm *vt;
    VTermScreen *screen;
    char *bytes, *text;
    size_t n_bytes, cap;
    size_t shown;      /* bytes that libvterm has */
    bool resized;      /* it gets nothing more until the screen is cleared for the new size */
    pid_t shell, pid;
    int from_shell, to_shell; /* -1: none */
    enum state state;
    int status;
};

static void refuse(const char *what)
{
    perror(what);
    exit(99);
}

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- The terminal ---- */

/* An empty screen. libvterm 0.1 crashes when a wide character comes to a single column. */
static void begin_screen(struct pty *p)
{
    p->vt = vterm_new(p->rows, p->cols < 2 ? 2 : p->cols);
    vterm_set_utf8(p->vt, 1);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
}

struct pty *pty_open(int rows, int cols)
{
    struct pty *p = calloc(1, sizeof *p);
    struct winsize ws = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
    if (!p || !(p->text = malloc(MAX_TEXT)) || openpty(&p->master, &p->slave, NULL, NULL, &ws))
        refuse("openpty");
    fcntl(p->master, F_SETFL, O_NONBLOCK);
    fcntl(p->master, F_SETFD, FD_CLOEXEC);
    fcntl(p->slave, F_SETFD, FD_CLOEXEC);
    tcgetattr(p->slave, &p->before);
    p->rows = rows;
    p->cols = cols;
    p->from_shell = p->to_shell = -1;
    begin_screen(p);
    return p;
}

static void show_bytes(struct pty *p)
{
    static const char clear[] = "\033[H\033[J";
    const char *at = p->bytes + p->shown, *end = p->bytes + p->n_bytes;
    if (p->resized && (at = memmem(at, (size_t)(end - at), clear, sizeof clear - 1)))
        p->resized = false;
    if (p->resized)
        return;
    vterm_input_write(p->vt, at, (size_t)(end - at));
    p->shown = p->n_bytes;
}

static void keep_bytes(struct pty *p, const char *s, size_t n)
{
    if (p->n_bytes + n > p->cap) {
        p->cap = 2 * (p->n_bytes + n) + (1 << 16);
        p->bytes = realloc(p->bytes, p->cap);
        if (!p->bytes)
            refuse("realloc");
    }
    memcpy(p->bytes + p->n_bytes, s, n);
    p->n_bytes += n;
    show_bytes(p);
}

/* Reads what is there. */
static void take_output(struct pty *p)
{
    char buf[1 << 14];
    ssize_t n;
    while (p->master >= 0 && (n = read(p->master, buf, sizeof buf)) > 0)
        keep_bytes(p, buf, (size_t)n);
}

/* What a program wrote before it ended or stopped is still under way; a byte of our own comes behind it. */
static void take_rest(struct pty *p)
{
    enum { MARK = 5 /* ENQ: nobody else writes it */ };
    char mark = MARK;
    size_t from = p->n_bytes;
    if (p->master < 0 || write(p->slave, &mark, 1) != 1)
        return;
    for (char *found;;) {
        struct pollfd fd = { p->master, POLLIN, 0 };
        if (poll(&fd, 1, PTY_SECONDS * 1000) <= 0)
            refuse("the terminal is silent");
        take_output(p);
        found = memchr(p->bytes + from, MARK, p->n_bytes - from);
        if (found) {
            memmove(found, found + 1, p->n_bytes - (size_t)(found + 1 - p->bytes));
            p->n_bytes--;
            p->shown -= p->shown > p->n_bytes;
            return;
        }
    }
}

/* libvterm 0.1 crashes when it is told to scroll by more rows than it has, as happens with what was under way for
 * another size. So the new size gets a new screen, and nothing until it is cleared. */
void pty_resize(struct pty *p, int rows, int cols)
{
    struct winsize ws = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
    bool full = pty_mode(p, "1049") == 'h';
    vterm_free(p->vt);
    p->rows = rows;
    p->cols = cols;
    begin_screen(p);
    if (full)
        vterm_input_write(p->vt, "\033[?1049h", 8);
    p->resized = full;
    p->shown = p->n_bytes;
    ioctl(p->master, TIOCSWINSZ, &ws); /* the foreground gets SIGWINCH */
}

void pty_hang_up(struct pty *p)
{
    close(p->slave);
    close(p->master);
    p->master = p->slave = -1;
}

/* ---- The shell behind it ---- */

static void tell(int fd, struct news n)
{
    if (write(fd, &n, sizeof n) != sizeof n)
        _exit(99);
}

static void begin_program(const char *const argv[])
{
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none); /* crashes are on purpose here */
    setpgid(0, 0);
    tcsetpgrp(0, getpid());
    signal(SIGHUP, SIG_DFL);
    signal(SIGTTOU, SIG_DFL);
    execv(argv[0], (char *const *)argv);
    perror(argv[0]);
    _exit(127);
}

/* Starts the program in the foreground, waits, and brings it back when it was stopped and is wanted again. */
static void be_shell(int slave, int up, int down, const char *const argv[])
{
    int status = 0;
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++)
        dup2(slave, fd);
    signal(SIGHUP, SIG_IGN);  /* outlives its terminal, to tell how the program ended */
    signal(SIGTTOU, SIG_IGN);
    pid_t pid = fork();
    if (!pid)
        begin_program(argv);
    setpgid(pid, pid);
    tcsetpgrp(0, pid);
    tell(up, (struct news){ pid, 0 });
    for (char go; waitpid(pid, &status, WUNTRACED) == pid; kill(-pid, SIGCONT)) {
        tcsetpgrp(0, getpgrp());
        tell(up, (struct news){ pid, status });
        if (!WIFSTOPPED(status) || read(down, &go, 1) != 1)
            break;
        tcsetpgrp(0, pid);
    }
    if (WIFSTOPPED(status))
        kill(pid, SIGKILL);
    _exit(0);
}

static void take_news(struct pty *p)
{
    struct news n;
    ssize_t got = read(p->from_shell, &n, sizeof n);
    if (got != sizeof n) {
        if (p->state != ENDED)
            refuse("the shell of the test is gone");
        return;
    }
    p->pid = n.pid;
    if (p->state == IDLE) {
        p->state = RUNS;
        return;
    }
    p->status = n.status;
    p->state = WIFSTOPPED(n.status) ? STOPPED : ENDED;
    take_rest(p);
}

/* Waits for output or news, at most until `end`. False: the time is over. */
static bool pump(struct pty *p, long long end)
{
    struct pollfd fds[] = { { p->master, POLLIN, 0 }, { p->from_shell, POLLIN, 0 } };
    long long left = end - now_ms();
    if (left <= 0 || p->state == ENDED)
        return false;
    if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
        refuse("poll");
    if (fds[0].revents)
        take_output(p);
    if (fds[1].revents)
        take_news(p);
    return true;
}

static long long deadline(void)
{
    return now_ms() + PTY_SECONDS * 1000LL;
}

/* The shell of the program before has nothing more to say. */
static void leave_shell(struct pty *p)
{
    if (p->shell)
        waitpid(p->shell, NULL, 0);
    if (p->from_shell >= 0) {
        close(p->from_shell);
        close(p->to_shell);
    }
    p->shell = 0;
    p->from_shell = p->to_shell = -1;
}

void pty_run(struct pty *p, const char *const argv[])
{
    int up[2], down[2];
    leave_shell(p);
    if (pipe(up) || pipe(down))
        refuse("pipe");
    for (int i = 0; i < 2; i++) {
        fcntl(up[i], F_SETFD, FD_CLOEXEC);
        fcntl(down[i], F_SETFD, FD_CLOEXEC);
    }
    fflush(stdout);
    p->state = IDLE;
    p->shell = fork();
    if (p->shell < 0)
        refuse("fork");
    if (!p->shell) {
        close(up[0]);
        close(down[1]);
        close(p->master); /* else the terminal could not be hung up */
        be_shell(p->slave, up[1], down[0], argv);
    }
    close(up[1]);
    close(down[0]);
    p->from_shell = up[0];
    p->to_shell = down[1];
    for (long long end = deadline(); p->state == IDLE && pump(p, end);)
        continue;
}

void pty_signal(struct pty *p, int sig)
{
    if (p->state == RUNS || p->state == STOPPED)
        kill(p->pid, sig);
}

void pty_continue(struct pty *p)
{
    p->state = RUNS;
    if (write(p->to_shell, "c", 1) != 1)
        refuse("write");
}

void pty_close(struct pty *p)
{
    if (p->state == RUNS || p->state == STOPPED)
        kill(p->pid, SIGKILL);
    if (p->to_shell >= 0) {
        close(p->to_shell); /* a stopped program's shell gives up */
        close(p->from_shell);
        p->to_shell = p->from_shell = -1;
    }
    leave_shell(p);
    if (p->master >= 0)
        pty_hang_up(p);
    vterm_free(p->vt);
    free(p->bytes);
    free(p->text);
    free(p);
}

/* ---- Keys ---- */

void pty_type_n(struct pty *p, const char *keys, size_t n)
{
    long long end = deadline();
    while (n && p->state == RUNS && now_ms() < end) {
        struct pollfd fd = { p->master, POLLIN | POLLOUT, 0 };
        poll(&fd, 1, PTY_SECONDS * 1000);
        take_output(p);
        ssize_t w = write(p->master, keys, n);
        if (w > 0) {
            keys += w;
            n -= (size_t)w;
        }
    }
}

void pty_type(struct pty *p, const char *keys)
{
    pty_type_n(p, keys, strlen(keys));
}

void pty_paste(struct pty *p, const char *text, size_t n)
{
    pty_type(p, "\033[200~");
    pty_type_n(p, text, n);
    pty_type(p, "\033[201~");
}

/* ---- Waiting ---- */

bool pty_see(struct pty *p, const char *text)
{
    for (long long end = deadline(); !strstr(pty_text(p), text);) {
        if (!pump(p, end))
            return strstr(pty_text(p), text) != NULL;
    }
    return true;
}

bool pty_see_not(struct pty *p, const char *text)
{
    for (long long end = deadline(); strstr(pty_text(p), text);) {
        if (!pump(p, end))
            return !strstr(pty_text(p), text);
    }
    return true;
}

static bool came(const struct pty *p, size_t from, const char *bytes)
{
    return p->n_bytes > from && memmem(p->bytes + from, p->n_bytes - from, bytes, strlen(bytes));
}

bool pty_sent(struct pty *p, size_t from, const char *bytes)
{
    for (long long end = deadline(); !came(p, from, bytes);) {
        if (!pump(p, end))
            return came(p, from, bytes);
    }
    return true;
}

bool pty_stopped(struct pty *p)
{
    for (long long end = deadline(); p->state == RUNS && pump(p, end);)
        continue;
    return p->state == STOPPED;
}

int pty_end(struct pty *p)
{
    for (long long end = deadline(); p->state != ENDED && pump(p, end);)
        continue;
    if (p->state == ENDED)
        return p->status;
    kill(p->pid, SIGKILL);
    for (long long end = deadline(); p->state != ENDED && pump(p, end);)
        continue;
    return -1;
}

/* ---- What is there ---- */

static size_t add_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00 >> n & 0xFF) | c);
    return n;
}

const char *pty_text(struct pty *p)
{
    size_t at = 0;
    for (int row = 0; row < p->rows; row++) {
        size_t end = at;
        for (VTermPos pos = { row, 0 }; pos.col < p->cols && at < MAX_TEXT - 64; pos.col++) {
            VTermScreenCell cell;
            vterm_screen_get_cell(p->screen, pos, &cell);
            if (!cell.chars[0] || cell.chars[0] == ' ') {
                p->text[at++] = ' ';
                continue;
            }
            for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
                at += add_utf8(p->text + at, cell.chars[i]);
            end = at;
            pos.col += cell.width > 1 ? cell.width - 1 : 0;
        }
        at = end;
        p->text[at++] = '\n';
    }
    p->text[at] = '\0';
    return p->text;
}

VTermScreen *pty_screen(struct pty *p)
{
    return p->screen;
}

void pty_size(const struct pty *p, int *rows, int *cols)
{
    *rows = p->rows;
    *cols = p->cols;
}

const char *pty_bytes(const struct pty *p, size_t *n)
{
    *n = p->n_bytes;
    return p->bytes ? p->bytes : "";
}

char pty_mode(const struct pty *p, const char *mode)
{
    char set[24], last = 0;
    int n = snprintf(set, sizeof set, "\033[?%s", mode);
    const char *at = p->bytes, *end = p->bytes + p->n_bytes;
    while (at && (at = memmem(at, (size_t)(end - at), set, (size_t)n)) && at + n < end) {
        at += n;
        if (*at == 'h' || *at == 'l')
            last = *at;
    }
    return last;
}

bool pty_modes_as_before(const struct pty *p)
{
    struct termios now;
    const struct termios *b = &p->before;
    if (tcgetattr(p->slave, &now))
        return false;
    return b->c_iflag == now.c_iflag && b->c_oflag == now.c_oflag && b->c_cflag == now.c_cflag &&
           b->c_lflag == now.c_lflag && !memcmp(b->c_cc, now.c_cc, sizeof now.c_cc);
}
