#include "desk/shown.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct shown_msg *shown_msg_new(const char *text, size_t n)
{
    struct shown_msg *m = mem_zalloc(1, sizeof *m);
    if (!m || !(m->text = mem_alloc(n + 1, 1))) {
        free(m);
        return NULL;
    }
    memcpy(m->text, text, n);
    m->text[n] = '\0';
    m->n = n;
    atomic_init(&m->refs, 1);
    return m;
}

struct shown_msg *shown_msg_ref(struct shown_msg *m)
{
    if (m)
        atomic_fetch_add(&m->refs, 1);
    return m;
}

void shown_msg_unref(struct shown_msg *m)
{
    if (m && atomic_fetch_sub(&m->refs, 1) == 1) {
        free(m->text);
        free(m);
    }
}

struct shown *shown_new(size_t n)
{
    struct shown *s = mem_zalloc(1, sizeof *s);
    if (!s || !(s->msgs = mem_zalloc(n, sizeof *s->msgs))) {
        free(s);
        return NULL;
    }
    s->n = n;
    atomic_init(&s->refs, 1);
    return s;
}

struct shown *shown_ref(struct shown *s)
{
    if (s)
        atomic_fetch_add(&s->refs, 1);
    return s;
}

void shown_unref(struct shown *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    for (size_t i = 0; i < s->n; i++)
        shown_msg_unref(s->msgs[i]);
    free(s->msgs);
    free(s->name);
    free(s->title);
    free(s->model);
    free(s);
}
