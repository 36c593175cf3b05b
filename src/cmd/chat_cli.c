#include "cmd/chat_cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/utf8.h"
#include "cmd/cmd.h"

enum { MAX_NAME = 100, PROGRESS_AFTER_MS = 300 };

int chat_fail(const char *command, const struct err *e)
{
    return e->code == ERR_ARG ? cmd_usage(command, "%s", e->msg) : cmd_fail(command, e);
}

int chat_check_name(const char *name, struct err *e)
{
    size_t n = strlen(name);
    const char *why = NULL;
    if (!n)
        why = "is empty";
    else if (n > MAX_NAME)
        why = "is longer than 100 bytes";
    else if (name[0] == '.')
        why = "begins with '.'";
    else if (strchr(name, '/'))
        why = "contains '/'";
    else if (!utf8_valid(name, n))
        why = "is not valid UTF-8";
    for (size_t i = 0; !why && i < n;) {
        uint32_t cp;
        i += utf8_decode(name + i, n - i, &cp, NULL);
        if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0))
            why = "contains a control character";
    }
    if (why)
        return err_set(e, ERR_ARG, "a chat's name %s; take another, such as 'snake stories'", why);
    return 0;
}

int chat_path(const char *name, struct str *out, struct err *e)
{
    return chat_check_name(name, e) ? -1 : path_user(PATH_DATA, out, e, "chats/%s.jsonl", name);
}

int chat_states(struct str *out, struct err *e)
{
    return path_user(PATH_CACHE, out, e, "states");
}

bool chat_parse_bytes(const char *s, uint64_t *out)
{
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    unsigned long long v = strtoull(s, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (s[0] < '0' || s[0] > '9' || errno || (*end && (!unit || end[1])) || v > UINT64_MAX >> shift)
        return false;
    *out = v << shift;
    return true;
}

int chat_states_cap(uint64_t *cap, struct err *e)
{
    const char *env = getenv("HISS_STATES_MAX");
    *cap = 0;
    if (!env || !*env)
        return 0;
    if (!chat_parse_bytes(env, cap))
        return err_set(e, ERR_ARG, "HISS_STATES_MAX is '%s'; it has to be a number of bytes such as 500M or 4G", env);
    if (!*cap)
        *cap = 1; /* "0": keep nothing */
    return 0;
}

struct store *chat_store(struct err *e)
{
    struct str root = STR_INIT;
    struct store *st = NULL;
    uint64_t cap;
    if (!chat_states(&root, e) && !chat_states_cap(&cap, e))
        st = store_open(root.p, cap, e);
    str_release(&root);
    return st;
}

void chat_print(FILE *f, bool terminal, const char *p, size_t n)
{
    if (!terminal) {
        fwrite(p, 1, n, f);
        return;
    }
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t len = utf8_decode(p + i, n - i, &cp, NULL);
        bool control = (cp < 0x20 && cp != '\n' && cp != '\t') || (cp >= 0x7F && cp < 0xA0);
        if (control)
            fputs("\xEF\xBF\xBD", f);
        else
            fwrite(p + i, 1, len, f);
        i += len;
    }
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
