#include "ui/panel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/mem.h"
#include "term/cells.h"

/* ---- Text for rows ---- */

const char *panel_plain(char *out, size_t cap, const char *text)
{
    size_t i = 0;
    for (; text[i] && i + 1 < cap; i++)
        out[i] = (unsigned char)text[i] < ' ' ? ' ' : text[i];
    while (text[i] && i && ((unsigned char)text[i] & 0xC0) == 0x80) /* not inside a character */
        i--;
    out[i] = '\0';
    return out;
}

const char *panel_bytes(size_t n, char out[PANEL_BYTES_TEXT])
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    double v = (double)n;
    size_t u = 0;
    for (; v >= 999.5 && u + 1 < sizeof units / sizeof units[0]; u++)
        v /= 1000;
    char tenths[PANEL_BYTES_TEXT];
    snprintf(tenths, sizeof tenths, "%.1f", v);
    bool whole = v >= 99.95 || !strcmp(strchr(tenths, '.'), ".0");
    snprintf(out, PANEL_BYTES_TEXT, whole ? "%.0f %s" : "%.1f %s", v, units[u]);
    return out;
}

/* ---- Rows ---- */

static void row_release(struct panel_row *r)
{
    free(r->text);
    free(r->key);
    free(r->note);
}

static void clear_rows(struct panel *p)
{
    for (size_t i = 0; i < p->n; i++)
        row_release(&p->rows[i]);
    p->n = 0;
}

static char *format(const char *fmt, va_list ap)
{
    struct str s = STR_INIT;
    if (!str_vaddf(&s, fmt, ap))
        return s.len ? str_take(&s) : mem_strdup("");
    str_release(&s);
    return NULL;
}

int panel_add(struct panel *p, const char *key, bool mark, const char *fmt, ...)
{
    va_list ap;
    if (mem_grow(&p->rows, &p->cap, p->n + 1, sizeof *p->rows))
        return -1;
    va_start(ap, fmt);
    struct panel_row r = { .text = format(fmt, ap), .key = key ? mem_strdup(key) : NULL, .mark = mark };
    va_end(ap);
    if (!r.text || (key && !r.key)) {
        row_release(&r);
        return -1;
    }
    p->rows[p->n++] = r;
    return 0;
}

int panel_note(struct panel *p, const char *fmt, ...)
{
    va_list ap;
    struct panel_row *r = &p->rows[p->n - 1];
    va_start(ap, fmt);
    free(r->note);
    r->note = format(fmt, ap);
    va_end(ap);
    return r->note ? 0 : -1;
}

int panel_heading(struct panel *p, const char *text)
{
    if (panel_add(p, NULL, false, "%s", text))
        return -1;
    p->rows[p->n - 1].heading = true;
    return 0;
}

const struct panel_row *panel_focused(const struct panel *p)
{
    return !p->is_text && p->at < p->n && !p->rows[p->at].heading ? &p->rows[p->at] : NULL;
}

/* ---- The filter ---- */

/* For comparing: no case, no accents; text that is no UTF-8 as it is. Given. */
static char *folded(const char *text)
{
    utf8proc_uint8_t *out = NULL;
    utf8proc_option_t how = UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                            UTF8PROC_STRIPMARK;
    if (utf8proc_map((const utf8proc_uint8_t *)text, 0, &out, how) < 0)
        return mem_strdup(text);
    return (char *)out;
}

static bool matches(const struct panel_row *r, const char *want)
{
    char *have = folded(r->text);
    bool yes = !have || strstr(have, want);
    free(have);
    return yes;
}

/* Leaves the rows that contain the filter, and the headings that still have rows. */
static void apply_filter(struct panel *p)
{
    char *want = p->filter[0] ? folded(p->filter) : NULL;
    size_t kept = 0;
    bool open_heading = false; /* rows[kept - 1] is a heading without rows so far */
    for (size_t i = 0; want && i < p->n; i++) {
        struct panel_row *r = &p->rows[i];
        if (!r->heading && !matches(r, want)) {
            row_release(r);
            continue;
        }
        if (r->heading && open_heading)
            row_release(&p->rows[--kept]);
        open_heading = r->heading;
        p->rows[kept++] = *r;
    }
    if (want && open_heading)
        row_release(&p->rows[--kept]);
    if (want)
        p->n = kept;
    free(want);
}

/* ---- Filling ---- */

const char *panel_column(const char *text, int n, size_t *len)
{
    for (; n && *text; n--) {
        text += strcspn(text, "\t");
        text += *text == '\t';
    }
    *len = n ? 0 : strcspn(text, "\t");
    return text;
}

static void measure(struct panel *p)
{
    memset(p->widths, 0, sizeof p->widths);
    for (size_t i = 0; i < p->n; i++) {
        for (int c = 0; c < PANEL_COLUMNS && !p->rows[i].heading; c++) {
            size_t len;
            const char *s = panel_column(p->rows[i].text, c, &len);
            int w = cells_width(s, len);
            p->widths[c] = w > p->widths[c] ? w : p->widths[c];
        }
    }
}

/* The nearest row that can have the focus, below first; n when there is none. */
static size_t snap(const struct panel *p, size_t at)
{
    size_t i = at < p->n ? at : p->n ? p->n - 1 : 0;
    for (size_t k = i; k < p->n; k++) {
        if (!p->rows[k].heading)
            return k;
    }
    while (i > 0) {
        if (i-- <= p->n && i < p->n && !p->rows[i].heading)
            return i;
    }
    return p->n;
}

static size_t find_key(const struct panel *p, const char *key)
{
    for (size_t i = 0; key && i < p->n; i++) {
        if (p->rows[i].key && !strcmp(p->rows[i].key, key))
            return i;
    }
    return p->n;
}

static size_t find_mark(const struct panel *p)
{
    size_t i = 0;
    while (i < p->n && !p->rows[i].mark)
        i++;
    return i < p->n ? i : 0;
}

int panel_refill(struct app *a, struct panel *p)
{
    bool first = !p->n, last = p->at + 1 >= p->n;
    const struct panel_row *r = panel_focused(p);
    char *key = r && r->key ? mem_strdup(r->key) : NULL;
    size_t at = p->at;
    clear_rows(p);
    str_clear(&p->source);
    p->text.width = 0; /* laid out anew */
    int bad = p->ops->fill(a, p);
    apply_filter(p);
    measure(p);
    size_t same = find_key(p, key);
    if (p->tail && (first || last))
        at = p->n;
    else if (!p->active) /* beside what is shown: nobody chose a row */
        at = find_mark(p);
    else if (same < p->n)
        at = same;
    else if (first)
        at = find_mark(p);
    p->at = snap(p, at);
    free(key);
    return bad;
}

void panel_focus(struct panel *p, const char *key)
{
    size_t at = find_key(p, key);
    p->at = snap(p, at < p->n ? at : find_mark(p));
}

struct panel *panel_new(struct app *a, const struct panel_ops *ops, const char *topic)
{
    struct panel *p = mem_zalloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->ops = ops;
    p->active = true;
    p->where = -1;
    str_init(&p->source);
    layout_init(&p->text, 1);
    snprintf(p->topic, sizeof p->topic, "%s", topic ? topic : "");
    if (panel_refill(a, p)) {
        panel_free(p);
        return NULL;
    }
    return p;
}

void panel_free(struct panel *p)
{
    if (!p)
        return;
    panel_free(p->under);
    clear_rows(p);
    free(p->rows);
    layout_release(&p->text);
    str_release(&p->source);
    free(p);
}

/* ---- Moving ---- */

static void move_list(struct panel *p, int by)
{
    int step = by < 0 ? -1 : 1;
    size_t at = p->at;
    while (by && p->n) {
        if ((step < 0 && at == 0) || (step > 0 && at + 1 >= p->n))
            break;
        at = step < 0 ? at - 1 : at + 1;
        if (p->rows[at].heading)
            continue;
        p->at = at;
        by -= step;
    }
    if (p->at && p->at < p->n && step < 0 && at == 0)
        p->top = 0; /* the heading above the first row comes into view */
}

void panel_move(struct panel *p, int by, int rows)
{
    if (!p->is_text) {
        move_list(p, by);
        return;
    }
    size_t n = p->text.n_rows, end = n > (size_t)(rows > 0 ? rows : 0) ? n - (size_t)rows : 0;
    size_t far = by < 0 ? (size_t) - (by + 1) + 1 : (size_t)by;
    if (by < 0)
        p->top = p->top > far ? p->top - far : 0;
    else
        p->top = far < end && p->top < end - far ? p->top + far : end;
}
