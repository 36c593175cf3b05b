#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void str_init(struct str *s)
{
    *s = (struct str)STR_INIT;
}

void str_release(struct str *s)
{
    free(s->p);
    str_init(s);
}

void str_clear(struct str *s)
{
    str_cut(s, 0);
    s->oom = false;
}

static int room(struct str *s, size_t n)
{
    size_t need;
    if (s->oom || !mem_add(s->len, n, &need) || !mem_add(need, 1, &need) || mem_grow(&s->p, &s->cap, need, 1)) {
        s->oom = true;
        return -1;
    }
    return 0;
}

int str_add(struct str *s, const void *p, size_t n)
{
    if (room(s, n))
        return -1;
    if (n)
        memcpy(s->p + s->len, p, n);
    s->len += n;
    s->p[s->len] = '\0';
    return 0;
}

int str_adds(struct str *s, const char *z)
{
    return str_add(s, z, strlen(z));
}

int str_addc(struct str *s, char c)
{
    return str_add(s, &c, 1);
}

int str_vaddf(struct str *s, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    int r = n < 0 || room(s, (size_t)n) ? -1 : 0;
    if (!r) {
        vsnprintf(s->p + s->len, (size_t)n + 1, fmt, again);
        s->len += (size_t)n;
    }
    va_end(again);
    return r;
}

int str_addf(struct str *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = str_vaddf(s, fmt, ap);
    va_end(ap);
    return r;
}

void str_cut(struct str *s, size_t len)
{
    if (len < s->len || s->p) {
        s->len = len < s->len ? len : s->len;
        s->p[s->len] = '\0';
    }
}

const char *str_z(const struct str *s)
{
    return s->p ? s->p : "";
}

char *str_take(struct str *s)
{
    char *p = NULL;
    if (!s->oom && !room(s, 0)) {
        s->p[s->len] = '\0';
        p = s->p;
        s->p = NULL;
    }
    str_release(s);
    return p;
}
