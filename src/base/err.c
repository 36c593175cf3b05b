#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        e->code = code;
        vsnprintf(e->msg, sizeof e->msg, fmt, ap);
        va_end(ap);
    }
    return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
    int saved = errno;
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        e->code = saved == ENOENT ? ERR_NOTFOUND : ERR_IO;
        vsnprintf(e->msg, sizeof e->msg, fmt, ap);
        va_end(ap);
        size_t n = strlen(e->msg);
        snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(saved));
    }
    errno = saved;
    return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
    if (e) {
        char old[sizeof e->msg];
        va_list ap;
        memcpy(old, e->msg, sizeof old);
        va_start(ap, fmt);
        vsnprintf(e->msg, sizeof e->msg, fmt, ap);
        va_end(ap);
        size_t n = strlen(e->msg);
        snprintf(e->msg + n, sizeof e->msg - n, ": %s", old);
    }
    return -1;
}

int err_nomem(struct err *e, const char *what)
{
    return err_set(e, ERR_NOMEM, "no memory for %s; close something or choose a smaller model", what);
}

const char *err_name(enum err_code code)
{
    static const char *const names[] = {
        [ERR_OK] = "ok",
        [ERR_NOMEM] = "no-memory",
        [ERR_IO] = "io",
        [ERR_FORMAT] = "format",
        [ERR_UNSUPPORTED] = "unsupported",
        [ERR_ARG] = "argument",
        [ERR_LIMIT] = "limit",
        [ERR_NOTFOUND] = "not-found",
        [ERR_BUSY] = "busy",
        [ERR_CANCELLED] = "cancelled",
        [ERR_MISMATCH] = "mismatch",
    };
    return (unsigned)code < sizeof names / sizeof names[0] ? names[code] : "unknown";
}
