#define _GNU_SOURCE
#include "stage.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chatmodel.h"

enum { MAX_ARGS = 40 };

static char folder[] = "/tmp/hiss-pty-XXXXXX";
static int n_tests, n_bad;

/* ---- The folder ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static void clean_up(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void stage_open(void)
{
    static const char *const others[] = { "NO_COLOR", "ACCESSIBLE", "HISS_MODEL_PATH", "HISS_KERNELS", "HISS_FAKE_CLOCK", "TMUX",
                                          "VISUAL", "EDITOR", "LINES", "COLUMNS", "INPUTRC", "DISPLAY", "WAYLAND_DISPLAY" };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!mkdtemp(folder)) {
        perror(folder);
        exit(99);
    }
    atexit(clean_up);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        unsetenv(others[i]);
    setenv("HOME", folder, 1);
    setenv("TMPDIR", folder, 1);
    setenv("HISS_HOME", folder, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TERM", "tmux-256color", 1); /* of those in ncurses-base the one that uses nothing libvterm lacks */
    chatmodel_write_endless(stage_path("endless.gguf"), "mamba2", 7);
}

void stage_model(const char *name, const char *says)
{
    chatmodel_write_saying(stage_path(name), says);
}

const char *stage_path(const char *name)
{
    static char paths[4][256];
    static unsigned at;
    char *path = paths[at++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void stage_write(const char *name, const char *text, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s", stage_path(name));
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0700);
    }
    FILE *f = fopen(path, "w");
    if (!f || fwrite(text, 1, n, f) != n || fclose(f)) {
        perror(path);
        exit(99);
    }
}

static char *read_all(int fd, size_t *n)
{
    size_t cap = 1 << 16;
    char *text = malloc(cap);
    *n = 0;
    for (ssize_t got; text && (got = read(fd, text + *n, cap - *n - 1)) > 0;) {
        *n += (size_t)got;
        if (cap - *n < 2)
            text = realloc(text, cap *= 2);
    }
    if (!text)
        exit(99);
    text[*n] = '\0';
    return text;
}

char *stage_read(const char *name, size_t *n)
{
    int fd = open(stage_path(name), O_RDONLY);
    if (fd < 0)
        return NULL;
    char *text = read_all(fd, n);
    close(fd);
    return text;
}

bool stage_appears(const char *name, const char *text)
{
    for (int i = 0; i < PTY_SECONDS * 100; i++) {
        size_t n;
        char *all = stage_read(name, &n);
        bool holds = all && strstr(all, text);
        free(all);
        if (holds)
            return true;
        poll(NULL, 0, 10);
    }
    return false;
}

/* ---- hiss ---- */

static const char *hiss(void)
{
    const char *path = getenv("HISS");
    return path ? path : "./hiss";
}

void stage_run(struct pty *p, const char *const more[])
{
    const char *argv[MAX_ARGS] = { hiss(), "chat", "-t", "1", "-m", stage_path("endless.gguf"), "-e", "set temperature 0",
                                   "-e", "set length 1000000" };
    size_t n = 10;
    for (size_t i = 0; more[i] && n + 1 < MAX_ARGS; i++)
        argv[n++] = more[i];
    argv[n] = NULL;
    pty_run(p, argv);
}

char *stage_output(const char *const args[], int *status)
{
    const char *argv[MAX_ARGS] = { hiss() };
    int fds[2];
    size_t n = 1;
    for (size_t i = 0; args[i] && n + 1 < MAX_ARGS; i++)
        argv[n++] = args[i];
    fflush(stdout);
    if (pipe(fds))
        exit(99);
    pid_t pid = fork();
    if (!pid) {
        int nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, STDIN_FILENO);
        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(fds[1]);
    char *text = read_all(fds[0], &n);
    close(fds[0]);
    waitpid(pid, status, 0);
    return text;
}

bool stage_reply(struct pty *p, const char *message)
{
    pty_see(p, "›"); /* before the modes are set Enter would be another byte */
    pty_type(p, message);
    pty_type(p, "\r");
    return pty_see(p, " t/s · read ");
}

/* ---- Results ---- */

static void say(bool ok, const char *fmt, va_list ap)
{
    n_bad += !ok;
    printf("%sok %d - ", ok ? "" : "not ", ++n_tests);
    vprintf(fmt, ap);
    putchar('\n');
}

void report(bool ok, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(ok, fmt, ap);
    va_end(ap);
}

void report_on(struct pty *p, bool ok, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(ok, fmt, ap);
    va_end(ap);
    for (const char *row = pty_text(p), *end; !ok && *row; row = end + 1) {
        end = row + strcspn(row, "\n");
        if (end > row)
            printf("# |%.*s\n", (int)(end - row), row);
    }
}

void report_sane(struct pty *p, const char *when)
{
    report(pty_modes_as_before(p), "%s: the line's modes are as before", when);
    report(pty_mode(p, "1049") == 'l', "%s: the alternate screen is left", when);
    report(pty_mode(p, "25") != 'l', "%s: the cursor is shown", when);
    report(pty_mode(p, "2004") == 'l', "%s: bracketed paste is off", when);
}

int stage_done(void)
{
    printf("1..%d\n", n_tests);
    return n_bad != 0;
}
