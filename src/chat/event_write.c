/* An event as a line of JSON. */
#include <cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/event.h"
#include "chat/event_json.h"

/* cJSON functions return NULL for want of memory; every line is built whole and looked at once. */
struct out {
    bool oom;
};

static void put(struct out *w, const void *made)
{
    w->oom |= made == NULL;
}

static void put_str(struct out *w, cJSON *o, const char *key, const char *z)
{
    put(w, cJSON_AddStringToObject(o, key, z ? z : ""));
}

static void put_num(struct out *w, cJSON *o, const char *key, double v)
{
    put(w, cJSON_AddNumberToObject(o, key, v));
}

static void put_u64(struct out *w, cJSON *o, const char *key, uint64_t v)
{
    char buf[24];
    snprintf(buf, sizeof buf, "%" PRIu64, v);
    put_str(w, o, key, buf);
}

static void put_hash(struct out *w, cJSON *o, const char *key, struct hash128 h)
{
    char hex[HASH128_HEX];
    hash128_hex(h, hex);
    put_str(w, o, key, hex);
}

/* The shortest decimal that reads back as the same float. */
static void put_float(struct out *w, cJSON *o, const char *key, float v)
{
    char buf[32];
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(buf, sizeof buf, "%.*g", digits, (double)v);
        if (strtof(buf, NULL) == v)
            break;
    }
    put(w, cJSON_AddRawToObject(o, key, buf));
}

static cJSON *put_array(struct out *w, cJSON *o, const char *key)
{
    cJSON *a = cJSON_AddArrayToObject(o, key);
    put(w, a);
    return a;
}

static void push(struct out *w, cJSON *array, cJSON *item)
{
    put(w, item);
    w->oom |= !cJSON_AddItemToArray(array, item);
}

static void put_ids(struct out *w, cJSON *o, const int32_t *ids, size_t n)
{
    cJSON *a = n ? cJSON_CreateIntArray(ids, (int)n) : cJSON_CreateArray();
    put(w, a);
    w->oom |= !cJSON_AddItemToObject(o, "ids", a);
}

static void put_sampler(struct out *w, cJSON *o, const struct sampler *s)
{
    cJSON *order = put_array(w, o, "order");
    for (size_t i = 0; i < s->n_order; i++)
        push(w, order, cJSON_CreateString(stage_words[s->order[i]]));
    for (size_t i = 0; i < n_sampler_fields; i++) {
        const char *p = (const char *)s + sampler_fields[i].offset;
        if (sampler_fields[i].is_float)
            put_float(w, o, sampler_fields[i].key, *(const float *)(const void *)p);
        else
            put_num(w, o, sampler_fields[i].key, *(const int *)(const void *)p);
    }
    put_u64(w, o, "seed", s->seed);
}

static void put_setting(struct out *w, cJSON *list, const struct made_setting *s)
{
    cJSON *o = cJSON_CreateObject();
    push(w, list, o);
    put_num(w, o, "from", (double)s->from);
    put_sampler(w, o, &s->sampler);
}

static void put_settings(struct out *w, cJSON *o, const struct chat_settings *s)
{
    put_sampler(w, o, &s->sampler);
    put(w, cJSON_AddBoolToObject(o, "fixed_seed", s->fixed_seed));
    put_num(w, o, "max_tokens", (double)s->max_tokens);
}

static void put_made(struct out *w, cJSON *node, const struct made *m)
{
    char hex[20];
    cJSON *o = cJSON_AddObjectToObject(node, "made");
    put(w, o);
    cJSON *settings = put_array(w, o, "settings");
    for (size_t i = 0; i < m->n_settings; i++)
        put_setting(w, settings, &m->settings[i]);
    put_num(w, o, "max_tokens", (double)m->max_tokens);
    cJSON *stops = put_array(w, o, "stops");
    for (size_t i = 0; i < m->n_stops; i++)
        push(w, stops, cJSON_CreateString(m->stops[i]));
    snprintf(hex, sizeof hex, "%016" PRIx64, m->template_hash);
    put_str(w, o, "template", hex);
    put_num(w, o, "arith", m->arith);
    put_num(w, o, "restored", (double)m->restored);
    put_num(w, o, "read", (double)m->read);
    put_str(w, o, "end", made_end_words[m->end]);
    if (m->has_state)
        put_hash(w, o, "state", m->state);
    cJSON *times = put_array(w, o, "times");
    for (size_t i = 0; i < m->n_times; i++) {
        int pair[2] = { (int)m->times[i].n, (int)m->times[i].ms };
        push(w, times, cJSON_CreateIntArray(pair, 2));
    }
}

static void put_body(struct out *w, cJSON *o, const struct event *ev)
{
    const struct body *b = &ev->body;
    put_num(w, o, "id", ev->node);
    put_num(w, o, "parent", b->parent);
    put_str(w, o, "role", role_words[b->role]);
    if (ev->head)
        put(w, cJSON_AddTrueToObject(o, "head"));
    put_str(w, o, "text", b->text);
    if (b->continues) {
        put_num(w, o, "offset", (double)b->offset);
        put_num(w, o, "keep", (double)b->keep);
    }
    put_hash(w, o, "model", b->model);
    put_num(w, o, "at", (double)b->at);
    put_ids(w, o, b->ids, b->n_ids);
    if (b->role == ROLE_ASSISTANT) {
        put_num(w, o, "header", (double)b->header);
        put_num(w, o, "content", (double)b->content);
    }
    if (b->made)
        put_made(w, o, b->made);
}

static void put_rest(struct out *w, cJSON *o, const struct event *ev)
{
    switch (ev->kind) {
    case EVENT_CHAT:
        put_num(w, o, "version", CHAT_VERSION);
        put_str(w, o, "id", ev->name);
        put_u64(w, o, "date", (uint64_t)ev->date);
        break;
    case EVENT_NODE:
    case EVENT_REPLY:
        put_body(w, o, ev);
        break;
    case EVENT_PART:
        put_num(w, o, "id", ev->node);
        put_num(w, o, "from", (double)ev->from);
        put_ids(w, o, ev->body.ids, ev->body.n_ids);
        put_str(w, o, "text", ev->body.text);
        put_num(w, o, "ms", ev->ms);
        break;
    case EVENT_HEAD:
        put_num(w, o, "id", ev->node);
        break;
    case EVENT_TITLE:
        put_str(w, o, "text", ev->name);
        break;
    case EVENT_RATING:
        put_num(w, o, "id", ev->node);
        put_num(w, o, "rating", ev->rating);
        break;
    case EVENT_CHOICE:
        put_num(w, o, "id", ev->node);
        put_num(w, o, "over", ev->other);
        break;
    case EVENT_MODEL:
        put_hash(w, o, "model", ev->body.model);
        put_str(w, o, "name", ev->name);
        break;
    case EVENT_SETTINGS:
        put_settings(w, o, &ev->settings);
        break;
    case EVENT_TOMBSTONE:
        put_num(w, o, "id", ev->node);
        put_num(w, o, "head", ev->other);
        break;
    case EVENT_UNDO:
    case EVENT_REDO:
    case EVENT_UNKNOWN:
        break;
    }
}

int event_write(const struct event *ev, struct str *out, struct err *e)
{
    struct out w = { false };
    char *line = NULL;
    if (ev->kind == EVENT_UNKNOWN)
        return err_set(e, ERR_ARG, "an event of no kind cannot be written");
    cJSON *o = cJSON_CreateObject();
    put(&w, o);
    put_str(&w, o, "event", event_words[ev->kind]);
    if (event_has_op(ev->kind))
        put_num(&w, o, "op", (double)ev->op);
    if (ev->kind != EVENT_PART)
        put_u64(&w, o, "time", (uint64_t)ev->time);
    put_rest(&w, o, ev);
    if (!w.oom)
        line = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    size_t before = out->len;
    if (!line || str_adds(out, line) || str_addc(out, '\n')) {
        free(line);
        str_cut(out, before);
        return err_nomem(e, "a line of the chat file");
    }
    free(line);
    return 0;
}
