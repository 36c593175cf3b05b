#include "ui/script.h"

#include <ncurses.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "base/utf8.h"
#include "term/dump.h"
#include "ui/app.h"
#include "ui/replay.h"

enum { MAX_SCRIPT = 1 << 20, WAIT_SECONDS = 120 };

static SCREEN *screen;
static FILE *nowhere;

int script_open(const char *terminal, int rows, int cols, struct err *e)
{
    char text[16];
    snprintf(text, sizeof text, "%d", rows);
    setenv("LINES", text, 1);
    snprintf(text, sizeof text, "%d", cols);
    setenv("COLUMNS", text, 1);
    nowhere = fopen("/dev/null", "r+");
    screen = nowhere ? newterm(terminal, nowhere, nowhere) : NULL;
    if (!screen)
        return err_set(e, ERR_UNSUPPORTED, "this system does not know the terminal %s; install ncurses-base or ncurses-term", terminal);
    set_term(screen);
    start_color();
    use_default_colors();
    return 0;
}

void script_close(void)
{
    endwin();
    delscreen(screen);
    fclose(nowhere);
}

static int save(struct app *a, const char *path, bool looks, struct err *e)
{
    struct str out = STR_INIT;
    a->bits |= ACT_REPAINT;
    app_frame(a);
    (looks ? dump_looks : dump_text)(a->rows, a->cols, &out);
    int r = out.oom ? err_nomem(e, "the display") : file_write(path, out.p, out.len, e);
    str_release(&out);
    return r;
}

/* ---- Lines ---- */

/* \n, \t, \\, \xHH */
static void unescape(const char *s, struct str *out)
{
    for (; *s; s++) {
        unsigned v;
        if (s[0] == '\\' && s[1] == 'x' && sscanf(s + 2, "%2x", &v) == 1) {
            str_addc(out, (char)v);
            s += 3;
        } else if (s[0] == '\\' && s[1]) {
            str_addc(out, *++s == 'n' ? '\n' : *s == 't' ? '\t' : *s);
        } else {
            str_addc(out, *s);
        }
    }
}

static unsigned press(struct app *a, struct key k, const char *raw, size_t n)
{
    struct input_event ev = { .kind = INPUT_KEY, .key = k, .n_raw = n };
    memcpy(ev.raw, raw, n);
    return app_key(a, &ev);
}

/* The bytes a terminal would send, for what goes on to readline. */
static size_t raw_of(struct key k, char raw[8])
{
    static const struct {
        uint32_t code;
        const char *raw;
    } named[] = {
        { KEY_ENTER_, "\r" }, { KEY_TAB_, "\t" }, { KEY_ESC_, "\033" }, { KEY_BACKSPACE_, "\177" }, { KEY_UP_, "\033[A" },
        { KEY_DOWN_, "\033[B" }, { KEY_RIGHT_, "\033[C" }, { KEY_LEFT_, "\033[D" }, { KEY_HOME_, "\033[H" },
        { KEY_END_, "\033[F" }, { KEY_DELETE_, "\033[3~" },
    };
    size_t n = 0;
    if (k.mods & KEY_ALT)
        raw[n++] = '\033';
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (named[i].code == k.code) {
            size_t len = strlen(named[i].raw);
            memcpy(raw + n, named[i].raw, len);
            return n + len;
        }
    }
    if (k.mods & KEY_CTRL && k.code < 128)
        raw[n++] = (char)(k.code & 0x1F);
    else if (k.code < KEY_FIRST)
        n += utf8_encode(k.code, raw + n);
    return n;
}

static unsigned type(struct app *a, const char *p, size_t n)
{
    unsigned bits = ACT_NONE;
    struct input in;
    struct input_event ev;
    input_init(&in);
    input_feed(&in, p, n, 0);
    while (!(bits & ACT_QUIT) && input_next(&in, UINT64_MAX, &ev))
        bits |= app_key(a, &ev);
    input_release(&in);
    return bits;
}

static bool quiet(struct app *a)
{
    if (desk_loading(a->desk) >= 0)
        return false;
    for (size_t i = 0; i < a->n_tabs; i++) {
        if (desk_busy(a->tabs[i].chat) || tab_works(a->tabs[i].state) || !a->tabs[i].view.shown)
            return false;
    }
    return true;
}

static int wait_quiet(struct app *a, struct err *e)
{
    uint64_t began = clock_ns();
    struct pollfd fd = { desk_fd(a->desk), POLLIN, 0 };
    a->bits |= app_events(a);
    for (int settled = 0; settled < 2;) { /* what ends one thing may begin another */
        settled = quiet(a) ? settled + 1 : 0;
        if (clock_ns() - began > WAIT_SECONDS * UINT64_C(1000000000))
            return err_set(e, ERR_LIMIT, "script: still busy after %d seconds", WAIT_SECONDS);
        poll(&fd, 1, 20);
        a->bits |= app_events(a) | replay_tick(a);
    }
    return 0;
}

static int one_line(struct app *a, char *line, struct err *e)
{
    struct str text = STR_INIT;
    char *rest = line + strcspn(line, " ");
    int rows, cols, r = 0;
    if (*rest)
        *rest++ = '\0';
    unescape(rest, &text);
    if (!strcmp(line, "key")) {
        struct key k;
        char raw[8];
        if (key_parse(rest, &k))
            a->bits |= press(a, k, raw, raw_of(k, raw));
        else
            r = err_set(e, ERR_ARG, "'%s' is no key", rest);
    } else if (!strcmp(line, "type")) {
        a->bits |= type(a, str_z(&text), text.len);
    } else if (!strcmp(line, "paste")) {
        struct str all = STR_INIT;
        str_addf(&all, "\033[200~%s\033[201~", str_z(&text));
        a->bits |= type(a, str_z(&all), all.len);
        str_release(&all);
    } else if (!strcmp(line, "run")) {
        a->bits |= action_run(a, rest);
    } else if (!strcmp(line, "wait")) {
        r = wait_quiet(a, e);
    } else if (!strcmp(line, "size") && sscanf(rest, "%d %d", &rows, &cols) == 2 && rows > 0 && cols > 0) {
        resizeterm(rows, cols);
        a->bits |= ACT_REPAINT | ACT_LAYOUT;
    } else if (!strcmp(line, "save") || !strcmp(line, "looks")) {
        r = save(a, rest, line[0] == 'l', e);
    } else {
        r = err_set(e, ERR_ARG, "unknown line '%s'; key, type, paste, run, wait, size, save, looks", line);
    }
    str_release(&text);
    return r;
}

int script_run(struct app *a, const char *path, struct err *e)
{
    struct str text = STR_INIT;
    unsigned number = 0;
    int r = file_read(path, MAX_SCRIPT, &text, e);
    for (char *line = text.p, *end; !r && line && *line && !(a->bits & ACT_QUIT); line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        number++;
        if (line[0] && line[0] != '#')
            r = one_line(a, line, e);
        if (r)
            err_prefix(e, "%s:%u", path, number);
        app_frame(a);
    }
    str_release(&text);
    return r ? 1 : a->exit_status;
}
