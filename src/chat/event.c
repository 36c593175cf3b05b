#include "chat/event.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const event_words[EVENT_UNKNOWN] = {
#define X(e, word) [EVENT_##e] = word,
    EVENT_KINDS(X)
#undef X
};

const char *const role_words[ROLE_N] = { "system", "user", "assistant" };

const char *const made_end_words[MADE_END_N] = { "eot", "stop", "length", "cancelled", "context", "unfinished" };

void event_init(struct event *ev, enum event_kind kind)
{
    memset(ev, 0, sizeof *ev);
    ev->kind = kind;
}

bool event_has_op(enum event_kind kind)
{
    return kind != EVENT_CHAT && kind != EVENT_PART && kind != EVENT_SETTINGS;
}

void event_release(struct event *ev)
{
    body_release(&ev->body);
    free(ev->name);
    event_init(ev, EVENT_UNKNOWN);
}

void body_release(struct body *b)
{
    free(b->text);
    free(b->ids);
    made_free(b->made);
    memset(b, 0, sizeof *b);
}

int body_copy(struct body *to, const struct body *from)
{
    *to = *from;
    to->text = mem_dup(from->text ? from->text : "", from->n_text + 1);
    to->ids = mem_dup(from->ids, from->n_ids * sizeof *from->ids);
    to->made = from->made ? made_copy(from->made) : NULL;
    if (to->text && (to->ids || !from->n_ids) && (to->made || !from->made))
        return 0;
    body_release(to);
    return -1;
}

struct made *made_new(void)
{
    struct made *m = mem_zalloc(1, sizeof *m);
    if (m)
        m->end = MADE_UNFINISHED;
    return m;
}

void made_free(struct made *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_stops; i++)
        free(m->stops[i]);
    free(m->stops);
    free(m->settings);
    free(m->times);
    free(m);
}

struct made *made_copy(const struct made *from)
{
    struct made *m = made_new();
    if (!m)
        return NULL;
    *m = *from;
    m->settings = mem_dup(from->settings, from->n_settings * sizeof *from->settings);
    m->times = mem_dup(from->times, from->n_times * sizeof *from->times);
    m->stops = mem_zalloc(from->n_stops ? from->n_stops : 1, sizeof *m->stops);
    bool ok = m->stops && (m->settings || !from->n_settings) && (m->times || !from->n_times);
    m->n_stops = m->stops ? from->n_stops : 0;
    for (size_t i = 0; i < m->n_stops; i++)
        ok &= (m->stops[i] = mem_strdup(from->stops[i])) != NULL;
    if (ok)
        return m;
    made_free(m);
    return NULL;
}
