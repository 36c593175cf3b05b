/* A line of JSON as an event. Nothing in a line is trusted: each field is asked for by name, type and range. */
#include <cJSON.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/event.h"
#include "chat/event_json.h"

const struct sampler_field sampler_fields[] = {
    { "temperature", offsetof(struct sampler, temperature), true },
    { "top_k", offsetof(struct sampler, top_k), false },
    { "top_p", offsetof(struct sampler, top_p), true },
    { "min_p", offsetof(struct sampler, min_p), true },
    { "repeat", offsetof(struct sampler, repeat), true },
    { "frequency", offsetof(struct sampler, frequency), true },
    { "presence", offsetof(struct sampler, presence), true },
    { "last_n", offsetof(struct sampler, last_n), false },
};
const size_t n_sampler_fields = sizeof sampler_fields / sizeof sampler_fields[0];

const char *const stage_words[SAMPLER_N_STAGES] = {
#define X(e, name) [SAMPLER_##e] = name,
    SAMPLER_STAGES(X)
#undef X
};

static const double max_count = 1LL << 53; /* the whole numbers a JSON number can carry */

static const cJSON *get(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static int bad(struct err *e, const char *key, const char *what)
{
    return err_set(e, ERR_FORMAT, "its \"%s\" %s", key, what);
}

static int read_whole(const cJSON *o, const char *key, double lo, double hi, double *out, struct err *e)
{
    const cJSON *v = get(o, key);
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= lo && v->valuedouble <= hi) || floor(v->valuedouble) != v->valuedouble)
        return bad(e, key, "is not a whole number in range");
    *out = v->valuedouble;
    return 0;
}

static int read_size(const cJSON *o, const char *key, size_t *out, struct err *e)
{
    double v;
    if (read_whole(o, key, 0, max_count, &v, e))
        return -1;
    *out = (size_t)v;
    return 0;
}

static int read_u32(const cJSON *o, const char *key, uint32_t *out, struct err *e)
{
    double v;
    if (read_whole(o, key, 0, UINT32_MAX, &v, e))
        return -1;
    *out = (uint32_t)v;
    return 0;
}

static int read_u64(const cJSON *o, const char *key, uint64_t *out, struct err *e)
{
    const cJSON *v = get(o, key);
    char *end;
    errno = 0;
    if (!cJSON_IsString(v) || v->valuestring[0] < '0' || v->valuestring[0] > '9')
        return bad(e, key, "is not a number in a string");
    *out = strtoull(v->valuestring, &end, 10);
    return *end || errno ? bad(e, key, "is not a number in a string") : 0;
}

static int read_i64(const cJSON *o, const char *key, int64_t *out, struct err *e)
{
    uint64_t v;
    if (read_u64(o, key, &v, e))
        return -1;
    if (v > INT64_MAX)
        return bad(e, key, "is out of range");
    *out = (int64_t)v;
    return 0;
}

static int read_text(const cJSON *o, const char *key, char **out, size_t *n, struct err *e)
{
    const cJSON *v = get(o, key);
    if (!cJSON_IsString(v))
        return bad(e, key, "is not a string");
    size_t len = strlen(v->valuestring);
    *out = mem_dup(v->valuestring, len + 1);
    if (n)
        *n = len;
    return *out ? 0 : err_nomem(e, "a chat's text");
}

static int read_hash(const cJSON *o, const char *key, struct hash128 *out, struct err *e)
{
    const cJSON *v = get(o, key);
    return cJSON_IsString(v) && hash128_parse(v->valuestring, out) ? 0 : bad(e, key, "is not a hash of 32 hex digits");
}

/* The index of string value v among words; -1 and *e when there is none. */
static int read_word(const cJSON *v, const char *key, const char *const *words, int n, struct err *e)
{
    for (int i = 0; cJSON_IsString(v) && i < n; i++)
        if (!strcmp(v->valuestring, words[i]))
            return i;
    return bad(e, key, "is not a word hiss knows");
}

static int read_array(const cJSON *o, const char *key, const cJSON **out, size_t *n, struct err *e)
{
    *out = get(o, key);
    if (!cJSON_IsArray(*out))
        return bad(e, key, "is not a list");
    *n = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, *out) ++*n;
    return *n > INT_MAX ? bad(e, key, "is too long") : 0;
}

static int read_ids(const cJSON *o, int32_t **out, size_t *n, struct err *e)
{
    const cJSON *list, *v;
    if (read_array(o, "ids", &list, n, e))
        return -1;
    int32_t *p = *out = mem_alloc(*n ? *n : 1, sizeof **out);
    if (!p)
        return err_nomem(e, "a chat's token ids");
    cJSON_ArrayForEach(v, list) {
        if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0 && v->valuedouble <= INT32_MAX) ||
            floor(v->valuedouble) != v->valuedouble)
            return bad(e, "ids", "holds something that is no token id");
        *p++ = (int32_t)v->valuedouble;
    }
    return 0;
}

static int read_sampler(const cJSON *o, struct sampler *s, struct err *e)
{
    const cJSON *order, *v;
    size_t n;
    if (read_array(o, "order", &order, &n, e))
        return -1;
    if (n > SAMPLER_N_STAGES)
        return bad(e, "order", "has too many stages");
    cJSON_ArrayForEach(v, order) {
        int stage = read_word(v, "order", stage_words, SAMPLER_N_STAGES, e);
        if (stage < 0)
            return -1;
        s->order[s->n_order++] = (unsigned char)stage;
    }
    for (size_t i = 0; i < n_sampler_fields; i++) {
        const struct sampler_field *f = &sampler_fields[i];
        char *p = (char *)s + f->offset;
        double d;
        v = get(o, f->key);
        if (f->is_float && (!cJSON_IsNumber(v) || !isfinite((float)v->valuedouble)))
            return bad(e, f->key, "is not a number");
        if (f->is_float)
            *(float *)(void *)p = (float)v->valuedouble;
        else if (read_whole(o, f->key, INT_MIN, INT_MAX, &d, e))
            return -1;
        else
            *(int *)(void *)p = (int)d;
    }
    return read_u64(o, "seed", &s->seed, e);
}

static int read_chat_settings(const cJSON *o, struct chat_settings *s, struct err *e)
{
    const cJSON *fixed = get(o, "fixed_seed");
    if (!cJSON_IsBool(fixed))
        return bad(e, "fixed_seed", "is neither true nor false");
    s->fixed_seed = cJSON_IsTrue(fixed);
    return read_sampler(o, &s->sampler, e) || read_size(o, "max_tokens", &s->max_tokens, e) ||
           sampler_check(&s->sampler, e) ? -1 : 0;
}

static int read_settings(const cJSON *o, struct made *m, struct err *e)
{
    const cJSON *list, *v;
    size_t n;
    if (read_array(o, "settings", &list, &n, e))
        return -1;
    if (!(m->settings = mem_zalloc(n ? n : 1, sizeof *m->settings)))
        return err_nomem(e, "a reply's settings");
    cJSON_ArrayForEach(v, list) {
        struct made_setting *s = &m->settings[m->n_settings++];
        if (read_size(v, "from", &s->from, e) || read_sampler(v, &s->sampler, e))
            return -1;
        if (m->n_settings == 1 ? s->from != 0 : s->from < s[-1].from)
            return bad(e, "settings", "are not in order");
    }
    return n ? 0 : bad(e, "settings", "is empty");
}

static int read_stops(const cJSON *o, struct made *m, struct err *e)
{
    const cJSON *list, *v;
    size_t n;
    if (read_array(o, "stops", &list, &n, e))
        return -1;
    if (!(m->stops = mem_zalloc(n ? n : 1, sizeof *m->stops)))
        return err_nomem(e, "a reply's stop strings");
    cJSON_ArrayForEach(v, list) {
        if (!cJSON_IsString(v))
            return bad(e, "stops", "holds something that is no string");
        if (!(m->stops[m->n_stops++] = mem_strdup(v->valuestring)))
            return err_nomem(e, "a reply's stop strings");
    }
    return 0;
}

static int read_times(const cJSON *o, struct made *m, struct err *e)
{
    const cJSON *list, *v;
    size_t n;
    if (read_array(o, "times", &list, &n, e))
        return -1;
    if (!(m->times = mem_alloc(n ? n : 1, sizeof *m->times)))
        return err_nomem(e, "a reply's times");
    cJSON_ArrayForEach(v, list) {
        const cJSON *count = cJSON_GetArrayItem(v, 0), *ms = cJSON_GetArrayItem(v, 1);
        if (!cJSON_IsNumber(count) || !cJSON_IsNumber(ms) || count->valueint < 0 || ms->valueint < 0)
            return bad(e, "times", "holds something that is no pair of numbers");
        m->times[m->n_times++] = (struct made_time){ (size_t)count->valueint, (uint32_t)ms->valueint };
    }
    return 0;
}

static int read_made(const cJSON *o, struct body *b, struct err *e)
{
    char *end;
    struct made *m = b->made = made_new();
    if (!m)
        return err_nomem(e, "a reply's record");
    if (read_settings(o, m, e) || read_stops(o, m, e) || read_times(o, m, e) ||
        read_size(o, "max_tokens", &m->max_tokens, e) || read_size(o, "restored", &m->restored, e) ||
        read_size(o, "read", &m->read, e) || read_u32(o, "arith", &m->arith, e))
        return -1;
    const cJSON *t = get(o, "template");
    if (!cJSON_IsString(t) || strlen(t->valuestring) != 16)
        return bad(e, "template", "is not a hash of 16 hex digits");
    m->template_hash = strtoull(t->valuestring, &end, 16);
    if (*end)
        return bad(e, "template", "is not a hash of 16 hex digits");
    int how = read_word(get(o, "end"), "end", made_end_words, MADE_END_N, e);
    if (how < 0)
        return -1;
    m->end = (enum made_end)how;
    m->has_state = get(o, "state") != NULL;
    return m->has_state ? read_hash(o, "state", &m->state, e) : 0;
}

static int read_body(const cJSON *o, struct event *ev, struct err *e)
{
    struct body *b = &ev->body;
    int role = read_word(get(o, "role"), "role", role_words, ROLE_N, e);
    if (role < 0 || read_u32(o, "id", &ev->node, e) || read_u32(o, "parent", &b->parent, e) ||
        read_text(o, "text", &b->text, &b->n_text, e) || read_hash(o, "model", &b->model, e) ||
        read_size(o, "at", &b->at, e) || read_ids(o, &b->ids, &b->n_ids, e))
        return -1;
    if (ev->node <= b->parent)
        return bad(e, "id", "is not above its parent's");
    b->role = (enum chat_role)role;
    ev->head = cJSON_IsTrue(get(o, "head"));
    b->continues = get(o, "offset") != NULL;
    if (b->continues && (read_size(o, "offset", &b->offset, e) || read_size(o, "keep", &b->keep, e)))
        return -1;
    if (b->role == ROLE_ASSISTANT &&
        (read_size(o, "header", &b->header, e) || read_size(o, "content", &b->content, e)))
        return -1;
    if (b->header > b->n_ids)
        return bad(e, "header", "is longer than its ids");
    if (b->content > b->at + b->n_ids)
        return bad(e, "content", "lies behind its ids");
    const cJSON *made = get(o, "made");
    return made ? read_made(made, b, e) : 0;
}

static int read_chat(const cJSON *o, struct event *ev, struct err *e)
{
    uint32_t version;
    if (read_u32(o, "version", &version, e))
        return -1;
    if (version != CHAT_VERSION)
        return err_set(e, ERR_UNSUPPORTED, "it is of version %u; this hiss reads version %d", version, CHAT_VERSION);
    return read_text(o, "id", &ev->name, NULL, e) || read_i64(o, "date", &ev->date, e) ? -1 : 0;
}

static int read_rating(const cJSON *o, struct event *ev, struct err *e)
{
    double v;
    if (read_u32(o, "id", &ev->node, e) || read_whole(o, "rating", -1, 1, &v, e))
        return -1;
    ev->rating = (int)v;
    return 0;
}

static int read_part(const cJSON *o, struct event *ev, struct err *e)
{
    return read_u32(o, "id", &ev->node, e) || read_size(o, "from", &ev->from, e) ||
                   read_ids(o, &ev->body.ids, &ev->body.n_ids, e) ||
                   read_text(o, "text", &ev->body.text, &ev->body.n_text, e) || read_u32(o, "ms", &ev->ms, e)
               ? -1 : 0;
}

static int read_rest(const cJSON *o, struct event *ev, struct err *e)
{
    switch (ev->kind) {
    case EVENT_CHAT:
        return read_chat(o, ev, e);
    case EVENT_NODE:
    case EVENT_REPLY:
        return read_body(o, ev, e);
    case EVENT_PART:
        return read_part(o, ev, e);
    case EVENT_HEAD:
        return read_u32(o, "id", &ev->node, e);
    case EVENT_TITLE:
        return read_text(o, "text", &ev->name, NULL, e);
    case EVENT_RATING:
        return read_rating(o, ev, e);
    case EVENT_CHOICE:
        return read_u32(o, "id", &ev->node, e) || read_u32(o, "over", &ev->other, e) ? -1 : 0;
    case EVENT_MODEL:
        return read_hash(o, "model", &ev->body.model, e) || read_text(o, "name", &ev->name, NULL, e) ? -1 : 0;
    case EVENT_SETTINGS:
        return read_chat_settings(o, &ev->settings, e);
    case EVENT_TOMBSTONE:
        return read_u32(o, "id", &ev->node, e) || read_u32(o, "head", &ev->other, e) ? -1 : 0;
    case EVENT_UNDO:
    case EVENT_REDO:
    case EVENT_UNKNOWN:
        break;
    }
    return 0;
}

static int read_event(const cJSON *o, struct event *ev, struct err *e)
{
    const cJSON *word = get(o, "event");
    size_t op;
    if (!cJSON_IsObject(o) || !cJSON_IsString(word))
        return err_set(e, ERR_FORMAT, "it is not an event of a chat");
    for (int i = 0; i < EVENT_UNKNOWN; i++)
        if (!strcmp(word->valuestring, event_words[i]))
            ev->kind = (enum event_kind)i;
    if (ev->kind == EVENT_UNKNOWN)
        return 0;
    if (event_has_op(ev->kind)) {
        if (read_size(o, "op", &op, e))
            return -1;
        ev->op = op;
    }
    if (ev->kind != EVENT_PART && read_i64(o, "time", &ev->time, e))
        return -1;
    return read_rest(o, ev, e);
}

int event_read(struct event *ev, const char *line, size_t n, struct err *e)
{
    event_init(ev, EVENT_UNKNOWN);
    cJSON *o = cJSON_ParseWithLength(line, n);
    if (!o)
        return err_set(e, ERR_FORMAT, "it is not JSON");
    int r = read_event(o, ev, e);
    cJSON_Delete(o);
    if (r)
        event_release(ev);
    return r;
}
