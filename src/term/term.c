#include "term/term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "term/input.h"

/* What every exit writes: paste mode and mouse off, cursor shown, attributes plain. The terminal's own way out of the
 * full screen (rmcup) is added when it has one. */
static const char plain_again[] = "\033[?2004l\033[?1000l\033[?1006l\033[?25h\033[0m";

static struct {
    bool open, inside;
    SCREEN *screen;
    struct termios saved, raw;
    char reset[256];
    size_t n_reset;
} term;

bool term_locale(const char **note)
{
    *note = NULL;
    setlocale(LC_CTYPE, "");
    if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
        return true;
    if (setlocale(LC_CTYPE, "C.UTF-8")) {
        *note = "the locale is not UTF-8; using C.UTF-8";
        return true;
    }
    *note = "no UTF-8 locale on this system; other characters are shown as ?";
    return false;
}

/* What is missing for a screen; NULL: nothing. ncurses reads the description again when the screen is opened. */
static const char *lacking(const char *name)
{
    int code;
    if (setupterm(name, STDOUT_FILENO, &code) != OK)
        return "this system does not know the terminal that TERM names; install ncurses-term or set TERM=xterm";
    const char *why = cursor_address ? NULL : "this terminal cannot move its cursor";
    del_curterm(cur_term);
    return why;
}

bool term_capable(const char **why)
{
    const char *name = getenv("TERM");
    *why = NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        *why = "input or output is not a terminal";
    else if (!name || !name[0])
        *why = "TERM is not set";
    else if (!strcmp(name, "dumb"))
        *why = "TERM is dumb";
    else
        *why = lacking(name);
    return !*why;
}

/* ---- Emergency ---- */

void term_emergency(void)
{
    if (!term.inside)
        return;
    term.inside = false;
    ssize_t ignored = write(STDOUT_FILENO, term.reset, term.n_reset);
    (void)ignored;
    tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
}

static void on_crash(int sig)
{
    term_emergency();
    raise(sig); /* SA_RESETHAND: its own action now */
}

static void install_handlers(void)
{
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGTRAP, SIGSYS };
    static char stack[16384];
    stack_t alt = { .ss_sp = stack, .ss_size = sizeof stack };
    sigaltstack(&alt, NULL);
    struct sigaction sa = { .sa_handler = on_crash, .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND | SA_NODEFER) };
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        sigaction(crashes[i], &sa, NULL);
}

/* ---- Modes ---- */

static void put(const char *s)
{
    struct err ignored;
    file_write_all(STDOUT_FILENO, s, strlen(s), &ignored);
}

static void set_raw(void)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &term.raw);
    put("\033[?2004h");
    term.inside = true;
}

static void prepare(void)
{
    tcgetattr(STDIN_FILENO, &term.raw); /* as ncurses wants its output */
    term.raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
    term.raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | ISIG | IEXTEN);
    term.raw.c_cc[VMIN] = 1;
    term.raw.c_cc[VTIME] = 0;
    const char *leave = exit_ca_mode ? exit_ca_mode : "";
    size_t n = strlen(leave);
    memcpy(term.reset, plain_again, sizeof plain_again - 1);
    term.n_reset = sizeof plain_again - 1;
    if (n < sizeof term.reset - term.n_reset) {
        memcpy(term.reset + term.n_reset, leave, n);
        term.n_reset += n;
    }
}

static void learn_keys(void)
{
    static const struct {
        const char *capability;
        uint32_t code;
        unsigned char mods;
    } caps[] = {
        { "kcuu1", KEY_UP_, 0 }, { "kcud1", KEY_DOWN_, 0 }, { "kcub1", KEY_LEFT_, 0 }, { "kcuf1", KEY_RIGHT_, 0 },
        { "khome", KEY_HOME_, 0 }, { "kend", KEY_END_, 0 }, { "kpp", KEY_PAGE_UP_, 0 }, { "knp", KEY_PAGE_DOWN_, 0 },
        { "kich1", KEY_INSERT_, 0 }, { "kdch1", KEY_DELETE_, 0 }, { "kcbt", KEY_TAB_, KEY_SHIFT },
        { "kf1", KEY_F1_, 0 }, { "kf2", KEY_F2_, 0 }, { "kf3", KEY_F3_, 0 }, { "kf4", KEY_F4_, 0 },
        { "kf5", KEY_F5_, 0 }, { "kf6", KEY_F6_, 0 }, { "kf7", KEY_F7_, 0 }, { "kf8", KEY_F8_, 0 },
        { "kf9", KEY_F9_, 0 }, { "kf10", KEY_F10_, 0 }, { "kf11", KEY_F11_, 0 }, { "kf12", KEY_F12_, 0 },
    };
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        char name[8];
        memcpy(name, caps[i].capability, strlen(caps[i].capability) + 1);
        const char *seq = tigetstr(name);
        if (seq && (intptr_t)seq != -1)
            input_learn(seq, (struct key){ caps[i].code, caps[i].mods });
    }
}

/* A program that was killed here may have left raw modes: what everybody gets back is usable in any case. */
static void make_usual(struct termios *t)
{
    if (t->c_lflag & ICANON && t->c_lflag & ECHO)
        return;
    t->c_iflag |= ICRNL | IXON;
    t->c_oflag |= OPOST | ONLCR;
    t->c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ISIG | IEXTEN;
}

int term_open(struct err *e)
{
    tcgetattr(STDIN_FILENO, &term.saved); /* before ncurses changes anything: this is what everybody gets back */
    make_usual(&term.saved);
    term.screen = newterm(NULL, stdout, stdin);
    if (!term.screen)
        return err_set(e, ERR_UNSUPPORTED, "the terminal '%s' is unknown here; set TERM=xterm or use hiss --linear",
                       getenv("TERM") ? getenv("TERM") : "");
    set_term(term.screen);
    prepare();
    learn_keys();
    start_color();
    use_default_colors();
    keypad(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    set_raw();
    def_prog_mode(); /* ours are the modes that ncurses sets when it comes back */
    install_handlers();
    if (!term.open)
        atexit(term_close);
    term.open = true;
    return 0;
}

void term_close(void)
{
    if (!term.open || !term.screen)
        return;
    term_leave();
    delscreen(term.screen);
    term.screen = NULL;
    term.open = false;
}

void term_leave(void)
{
    if (!term.inside)
        return;
    endwin();
    put(plain_again);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &term.saved);
    term.inside = false;
}

void term_enter(void)
{
    if (term.inside)
        return;
    set_raw(); /* in the background it stops here, before anything is drawn */
    clearok(curscr, TRUE);
    doupdate(); /* ncurses takes the screen back */
}

/* Another action for a signal; the old one is given back. */
static struct sigaction act_on(int sig, void (*handler)(int))
{
    struct sigaction old, sa = { .sa_handler = handler };
    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, &old);
    return old;
}

void term_suspend(void)
{
    term_leave();
    struct sigaction old = act_on(SIGTSTP, SIG_DFL);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &old, NULL);
    term_enter();
}

void term_continued(void)
{
    if (!term.inside)
        return;
    set_raw();
    clearok(curscr, TRUE);
}

void term_size(int *rows, int *cols)
{
    struct winsize ws;
    *rows = 24;
    *cols = 80;
    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_row && ws.ws_col) {
        *rows = ws.ws_row;
        *cols = ws.ws_col;
    }
}

void term_resized(void)
{
    int rows, cols;
    term_size(&rows, &cols);
    resizeterm(rows, cols);
    clearok(curscr, TRUE);
}

void term_redraw(void)
{
    clearok(curscr, TRUE);
}

int term_fd(void)
{
    return STDIN_FILENO;
}

/* ---- Children and the clipboard ---- */

static void become(char *const argv[], int report)
{
    static const int usual[] = { SIGINT, SIGQUIT, SIGPIPE };
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        act_on(usual[i], SIG_DFL);
    execvp(argv[0], argv);
    ssize_t ignored = write(report, &errno, sizeof errno);
    (void)ignored;
    _exit(127);
}

/* While the child has the terminal ^C and ^\\ are its own affair, and ^Z stops both, for the shell to see. */
int term_child(char *const argv[], struct err *e)
{
    int status = 0, report[2];
    if (pipe(report))
        return err_sys(e, "cannot start %s", argv[0]);
    fcntl(report[1], F_SETFD, FD_CLOEXEC);
    term_leave();
    struct sigaction on_int = act_on(SIGINT, SIG_IGN), on_quit = act_on(SIGQUIT, SIG_IGN), on_stop = act_on(SIGTSTP, SIG_DFL);
    pid_t pid = fork();
    if (!pid)
        become(argv, report[1]);
    close(report[1]);
    int failed = 0;
    ssize_t n = pid > 0 ? read(report[0], &failed, sizeof failed) : 0;
    close(report[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    sigaction(SIGINT, &on_int, NULL);
    sigaction(SIGQUIT, &on_quit, NULL);
    sigaction(SIGTSTP, &on_stop, NULL);
    term_enter();
    if (pid < 0)
        return err_sys(e, "cannot start %s", argv[0]);
    if (n == (ssize_t)sizeof failed) {
        errno = failed;
        return err_sys(e, "cannot run %s; set EDITOR to an editor that is installed", argv[0]);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void term_clipboard(const char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *in_tmux = getenv("TMUX"), *name = getenv("TERM");
    bool tmux = in_tmux && in_tmux[0], screen = !tmux && name && !strncmp(name, "screen", 6);
    struct str s = STR_INIT;
    struct err ignored;
    str_adds(&s, tmux ? "\033Ptmux;\033\033]52;c;" : screen ? "\033P\033]52;c;" : "\033]52;c;");
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)(unsigned char)p[i] << 16;
        v |= i + 1 < n ? (unsigned)(unsigned char)p[i + 1] << 8 : 0;
        v |= i + 2 < n ? (unsigned char)p[i + 2] : 0;
        char out[4] = { digits[v >> 18], digits[v >> 12 & 63], i + 1 < n ? digits[v >> 6 & 63] : '=',
                        i + 2 < n ? digits[v & 63] : '=' };
        str_add(&s, out, 4);
    }
    str_adds(&s, tmux ? "\a\033\\" : screen ? "\a\033\\" : "\a");
    if (!s.oom)
        file_write_all(STDOUT_FILENO, s.p, s.len, &ignored);
    str_release(&s);
}
