#include "base/path.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *variable, *fallback, *portable;
} places[] = {
    [PATH_CONFIG] = { "XDG_CONFIG_HOME", "/.config", "/config" },
    [PATH_DATA] = { "XDG_DATA_HOME", "/.local/share", "/data" },
    [PATH_STATE] = { "XDG_STATE_HOME", "/.local/state", "/state" },
    [PATH_CACHE] = { "XDG_CACHE_HOME", "/.cache", "/cache" },
};

static int root(enum path_kind kind, struct str *out, struct err *e)
{
    const char *own = getenv("HISS_HOME"), *xdg = getenv(places[kind].variable), *home = getenv("HOME");
    if (own && own[0] == '/')
        return str_addf(out, "%s%s", own, places[kind].portable);
    if (xdg && xdg[0] == '/')
        return str_addf(out, "%s/hiss", xdg);
    if (home && home[0] == '/')
        return str_addf(out, "%s%s/hiss", home, places[kind].fallback);
    return err_set(e, ERR_NOTFOUND, "no home folder: set HOME, %s or HISS_HOME to an absolute path",
                   places[kind].variable);
}

int path_user(enum path_kind kind, struct str *out, struct err *e, const char *below, ...)
{
    str_clear(out);
    if (root(kind, out, e))
        return out->oom ? err_nomem(e, "a path") : -1;
    va_list ap;
    va_start(ap, below);
    if (below[0]) {
        str_addc(out, '/');
        str_vaddf(out, below, ap);
    }
    va_end(ap);
    return out->oom ? err_nomem(e, "a path") : 0;
}

/* The program's own file without its last `up` names; false when the system does not say. */
static bool above_program(unsigned up, struct str *out)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return false;
    exe[n] = '\0';
    while (up--) {
        char *slash = strrchr(exe, '/');
        if (!slash)
            return false;
        *slash = '\0';
    }
    return !str_adds(out, exe);
}

bool path_shipped(unsigned which, const char *below, struct str *out)
{
    const char *share = getenv("HISS_SHARE");
    str_clear(out);
    switch (which) {
    case 0: str_adds(out, share && share[0] == '/' ? share : HISS_SHAREDIR); break;
    case 1: str_adds(out, HISS_SHAREDIR); break;
    case 2:
    case 3:
        if (!above_program(which, out))
            return false;
        break;
    default: return false;
    }
    str_addf(out, "/%s", below);
    return !out->oom;
}
