#include "engine/stop.h"

#include <string.h>

void stop_init(struct stop *s, const char *const *strings, size_t n)
{
    *s = (struct stop){ strings, n, STR_INIT };
}

void stop_release(struct stop *s)
{
    str_release(&s->held);
}

/* The earliest place in held where a stop string stands, or (whole = false) might begin. */
static size_t earliest(const struct stop *s, bool whole)
{
    for (size_t at = 0; at < s->held.len; at++) {
        size_t left = s->held.len - at;
        for (size_t i = 0; i < s->n; i++) {
            size_t n = strlen(s->strings[i]);
            if (n && (whole ? n <= left : n > left) && !memcmp(s->held.p + at, s->strings[i], n < left ? n : left))
                return at;
        }
    }
    return s->held.len;
}

bool stop_feed(struct stop *s, const char *p, size_t n, struct str *out)
{
    if (!s->n) {
        str_add(out, p, n);
        return false;
    }
    str_add(&s->held, p, n);
    if (!s->held.len)
        return false;
    size_t at = earliest(s, true);
    if (at < s->held.len) {
        str_add(out, s->held.p, at);
        str_clear(&s->held);
        return true;
    }
    at = earliest(s, false);
    str_add(out, s->held.p, at);
    memmove(s->held.p, s->held.p + at, s->held.len - at);
    str_cut(&s->held, s->held.len - at);
    return false;
}

void stop_flush(struct stop *s, struct str *out)
{
    str_add(out, str_z(&s->held), s->held.len);
    str_clear(&s->held);
}
