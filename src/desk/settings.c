#include "desk/settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* man/hissrc.5 is checked against these names (tests/lint/commands.sh). */
const struct setting settings[] = {
    { "temperature", "flatter or sharper choice; 0 always takes the likeliest token" },
    { "top-p", "keeps the likeliest part; the tokens that together have this probability" },
    { "top-k", "keeps the likeliest few; this many tokens" },
    { "min-p", "drops what is far below the best; tokens under this part of its probability" },
    { "repetition", "makes repeating less likely; for every token in the window, however often" },
    { "frequency", "makes repeating less likely; each time counts" },
    { "presence", "favours new words; takes off once for a token in the window" },
    { "window", "how far the penalties look back; in tokens" },
    { "seed", "where chance begins; the same seed, settings and text give the same reply" },
    { "length", "tokens in a reply at most; the model may end it before" },
    { "order", "in which the choice is narrowed; every stage once" },
};
const size_t n_settings = sizeof settings / sizeof settings[0];

enum kind { REAL, WHOLE, SEED, LENGTH, ORDER };

/* off: the value that switches the stage off (shown as "off"); NAN: none. all: the value shown as "all". */
static const struct {
    enum kind kind;
    size_t at; /* of the field in struct sampler */
    double min, max, step, off, all;
    int stage; /* enum sampler_stage; -1: none */
} kinds[] = {
    { REAL, offsetof(struct sampler, temperature), 0, 2, 0.05, NAN, NAN, SAMPLER_TEMPERATURE },
    { REAL, offsetof(struct sampler, top_p), 0.01, 1, 0.01, 1, NAN, SAMPLER_TOP_P },
    { WHOLE, offsetof(struct sampler, top_k), 0, 1000, 5, 0, NAN, SAMPLER_TOP_K },
    { REAL, offsetof(struct sampler, min_p), 0, 1, 0.01, 0, NAN, SAMPLER_MIN_P },
    { REAL, offsetof(struct sampler, repeat), 1, 2, 0.05, 1, NAN, SAMPLER_PENALTIES },
    { REAL, offsetof(struct sampler, frequency), -2, 2, 0.1, 0, NAN, SAMPLER_PENALTIES },
    { REAL, offsetof(struct sampler, presence), -2, 2, 0.1, 0, NAN, SAMPLER_PENALTIES },
    { WHOLE, offsetof(struct sampler, last_n), -1, 1 << 20, 16, 0, -1, SAMPLER_PENALTIES },
    { SEED, 0, 0, 0, 0, NAN, NAN, -1 },
    { LENGTH, 0, 1, 1 << 20, 64, NAN, NAN, -1 },
    { ORDER, 0, 0, 0, 0, NAN, NAN, -1 },
};
_Static_assert(sizeof kinds / sizeof kinds[0] == sizeof settings / sizeof settings[0], "a kind for every setting");

enum { DEFAULT_LENGTH = 1024 };

struct chat_settings settings_default(void)
{
    return (struct chat_settings){ .sampler = sampler_default(), .max_tokens = DEFAULT_LENGTH };
}

int setting_find(const char *name)
{
    int begun = -1, n_begun = 0;
    for (size_t i = 0; i < n_settings; i++) {
        if (!strcmp(name, settings[i].name))
            return (int)i;
        if (*name && !strncmp(name, settings[i].name, strlen(name))) {
            begun = (int)i;
            n_begun++;
        }
    }
    return n_begun == 1 ? begun : -1;
}

static void *field(struct chat_settings *s, int which)
{
    return (char *)&s->sampler + kinds[which].at;
}

static double get(const struct chat_settings *s, int which)
{
    const char *p = (const char *)&s->sampler + kinds[which].at;
    if (kinds[which].kind == LENGTH)
        return (double)s->max_tokens;
    if (kinds[which].kind == WHOLE) {
        int v;
        memcpy(&v, p, sizeof v);
        return v;
    }
    float v;
    memcpy(&v, p, sizeof v);
    return (double)v;
}

static void put(struct chat_settings *s, int which, double value)
{
    float real = (float)value;
    int whole = (int)value;
    if (kinds[which].kind == LENGTH)
        s->max_tokens = (size_t)value;
    else if (kinds[which].kind == WHOLE)
        memcpy(field(s, which), &whole, sizeof whole);
    else
        memcpy(field(s, which), &real, sizeof real);
}

/* ---- To text ---- */

/* Two digits where they say it all, else as many as it takes to read the same value back. */
static void format_real(double v, char out[SETTING_TEXT])
{
    float f = (float)v;
    snprintf(out, SETTING_TEXT, "%.2f", v);
    for (int digits = 3; digits <= 9 && strtof(out, NULL) != f; digits++)
        snprintf(out, SETTING_TEXT, "%.*g", digits, v);
}

static void format_order(const struct sampler *sp, char out[SETTING_TEXT])
{
    int at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sp->n_order && i < SAMPLER_N_STAGES; i++)
        at += snprintf(out + at, (size_t)(SETTING_TEXT - at), "%s%s", i ? "," : "", sampler_stage_names[sp->order[i]]);
}

void setting_format(const struct chat_settings *s, int which, char out[SETTING_TEXT])
{
    double v = kinds[which].kind == SEED || kinds[which].kind == ORDER ? 0 : get(s, which);
    if (kinds[which].kind == SEED && !s->fixed_seed)
        snprintf(out, SETTING_TEXT, "random");
    else if (kinds[which].kind == SEED)
        snprintf(out, SETTING_TEXT, "%llu", (unsigned long long)s->sampler.seed);
    else if (kinds[which].kind == ORDER)
        format_order(&s->sampler, out);
    else if (v == kinds[which].off)
        snprintf(out, SETTING_TEXT, "off");
    else if (v == kinds[which].all)
        snprintf(out, SETTING_TEXT, "all");
    else if (kinds[which].kind == REAL)
        format_real(v, out);
    else
        snprintf(out, SETTING_TEXT, "%.0f", v);
}

void setting_range(int which, char out[SETTING_TEXT])
{
    double min = kinds[which].min;
    switch (kinds[which].kind) {
    case SEED: snprintf(out, SETTING_TEXT, "a whole number, or random"); return;
    case ORDER: snprintf(out, SETTING_TEXT, "the five stages, or default"); return;
    default: break;
    }
    if (min == kinds[which].all)
        min = 0;
    snprintf(out, SETTING_TEXT, "%g to %.0f%s%s", min, kinds[which].max, isnan(kinds[which].off) ? "" : ", or off",
             isnan(kinds[which].all) ? "" : ", or all");
}

/* ---- From text ---- */

static int refuse(int which, const char *value, struct err *e)
{
    char range[SETTING_TEXT];
    setting_range(which, range);
    return err_set(e, ERR_ARG, "%s is %s, not '%.40s'", settings[which].name, range, value);
}

static int parse_seed(struct chat_settings *s, int which, const char *value, struct err *e)
{
    char *end;
    if (!strcmp(value, "random")) {
        s->fixed_seed = false;
        return 0;
    }
    errno = 0;
    unsigned long long v = strtoull(value, &end, 10);
    if (end == value || *end || errno || value[0] < '0' || value[0] > '9')
        return refuse(which, value, e);
    s->sampler.seed = v;
    s->fixed_seed = true;
    return 0;
}

/* "penalties,top-k,…": every stage once; one that is not to act is switched off by its own setting. */
static int parse_order(struct chat_settings *s, int which, const char *value, struct err *e)
{
    unsigned char order[SAMPLER_N_STAGES];
    size_t n = 0;
    const char *p = value + strspn(value, ", ");
    for (; *p; p += strspn(p, ", ")) {
        size_t len = strcspn(p, ", "), k = 0;
        while (k < SAMPLER_N_STAGES && (strlen(sampler_stage_names[k]) != len || memcmp(sampler_stage_names[k], p, len)))
            k++;
        for (size_t i = 0; i < n; i++) {
            if (order[i] == k)
                k = SAMPLER_N_STAGES;
        }
        if (k == SAMPLER_N_STAGES || n == SAMPLER_N_STAGES)
            return err_set(e, ERR_ARG, "order: '%.*s' is no stage, or stands there twice; the stages are penalties, top-k, "
                           "top-p, min-p, temperature", (int)(len < 40 ? len : 40), p);
        order[n++] = (unsigned char)k;
        p += len;
    }
    if (n != SAMPLER_N_STAGES)
        return refuse(which, value, e);
    memcpy(s->sampler.order, order, sizeof order);
    s->sampler.n_order = n;
    return 0;
}

int setting_parse(struct chat_settings *s, int which, const char *value, struct err *e)
{
    enum kind kind = kinds[which].kind;
    char *end;
    if (!strcmp(value, "default")) {
        setting_reset(s, which);
        return 0;
    }
    if (kind == SEED)
        return parse_seed(s, which, value, e);
    if (kind == ORDER)
        return parse_order(s, which, value, e);
    double v = strtod(value, &end);
    if (!strcmp(value, "off") && !isnan(kinds[which].off))
        v = kinds[which].off;
    else if (!strcmp(value, "all") && !isnan(kinds[which].all))
        v = kinds[which].all;
    else if (end == value || *end || !(v >= kinds[which].min && v <= kinds[which].max) || (kind != REAL && v != floor(v)))
        return refuse(which, value, e);
    put(s, which, v);
    return 0;
}

/* ---- Steps ---- */

void setting_step(struct chat_settings *s, int which, int by)
{
    enum kind kind = kinds[which].kind;
    if (kind == ORDER)
        return;
    if (kind == SEED) { /* random is below all seeds */
        if (s->fixed_seed && by < 0 && !s->sampler.seed)
            s->fixed_seed = false;
        else if (s->fixed_seed)
            s->sampler.seed += (uint64_t)(int64_t)by;
        else if (by > 0)
            s->fixed_seed = true;
        return;
    }
    double step = kinds[which].step, v = (floor(get(s, which) / step + 0.5) + by) * step;
    if (v < kinds[which].min)
        v = kinds[which].min;
    if (v > kinds[which].max)
        v = kinds[which].max;
    put(s, which, v);
}

double setting_place(const struct chat_settings *s, int which)
{
    if (kinds[which].kind != REAL)
        return -1;
    return (get(s, which) - kinds[which].min) / (kinds[which].max - kinds[which].min);
}

void setting_reset(struct chat_settings *s, int which)
{
    struct chat_settings d = settings_default();
    switch (kinds[which].kind) {
    case SEED: s->fixed_seed = false; break;
    case ORDER:
        memcpy(s->sampler.order, d.sampler.order, sizeof d.sampler.order);
        s->sampler.n_order = d.sampler.n_order;
        break;
    default: put(s, which, get(&d, which));
    }
}

bool setting_shift(struct chat_settings *s, int which, int by)
{
    unsigned char *order = s->sampler.order;
    size_t n = s->sampler.n_order, i = 0;
    if (kinds[which].stage < 0)
        return false;
    while (i < n && order[i] != kinds[which].stage)
        i++;
    size_t to = by < 0 ? i - 1 : i + 1; /* before the first: SIZE_MAX */
    if (i < n && to < n) {
        unsigned char moved = order[i];
        order[i] = order[to];
        order[to] = moved;
    }
    return true;
}

bool setting_chooses(int which)
{
    return kinds[which].kind != SEED && kinds[which].kind != LENGTH;
}

void settings_take(struct chat_settings *s, const struct chat_settings *from, unsigned which)
{
    for (size_t i = 0; i < n_settings; i++) {
        char value[SETTING_TEXT];
        struct err e;
        if (!(which & 1u << i))
            continue;
        setting_format(from, (int)i, value);
        setting_parse(s, (int)i, value, &e); /* it reads back what it wrote */
    }
}

bool settings_equal(const struct chat_settings *a, const struct chat_settings *b)
{
    char x[SETTING_TEXT], y[SETTING_TEXT];
    for (size_t i = 0; i < n_settings; i++) {
        setting_format(a, (int)i, x);
        setting_format(b, (int)i, y);
        if (strcmp(x, y))
            return false;
    }
    return true;
}
