#include "ui/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "term/cells.h"
#include "term/find.h"
#include "ui/transcript_parts.h"

enum { GUTTER = 3, MIN_WIDTH_FOR_GUTTER = 30, MIN_WIDTH_FOR_TIMES = 50 };

void transcript_init(struct transcript *t)
{
    *t = (struct transcript){ .live = STR_INIT, .needle = STR_INIT, .follow = true };
    layout_init(&t->live_layout, 1);
}

static void drop_layout(struct transcript *t, size_t i)
{
    if (t->layouts[i]) {
        layout_release(t->layouts[i]);
        free(t->layouts[i]);
        t->layouts[i] = NULL;
    }
}

void transcript_relayout(struct transcript *t)
{
    for (size_t i = 0; i < t->n_layouts; i++)
        drop_layout(t, i);
    t->live_done = SIZE_MAX;
}

void transcript_release(struct transcript *t)
{
    transcript_relayout(t);
    free(t->layouts);
    free(t->marks);
    free(t->turned);
    layout_release(&t->live_layout);
    str_release(&t->live);
    str_release(&t->needle);
    shown_unref(t->shown);
    transcript_init(t);
}

/* ---- Content ---- */

size_t transcript_n_shown(const struct transcript *t)
{
    return t->shown ? t->shown->n : 0;
}

size_t transcript_n(const struct transcript *t)
{
    return transcript_n_shown(t) + t->has_live;
}

const struct shown_msg *transcript_selected(const struct transcript *t)
{
    return t->selected < transcript_n_shown(t) ? t->shown->msgs[t->selected] : NULL;
}

/* Layouts of messages that both versions share go over; a path differs only from some message on. The selection stays with
 * its message, or with its place when another version stands there; at the end it goes along with what comes. */
void transcript_show(struct transcript *t, struct shown *s)
{
    size_t n = s ? s->n : 0, same = 0;
    uint32_t node = transcript_selected(t) ? transcript_selected(t)->node : 0;
    bool last = t->follow && t->selected + 1 >= transcript_n(t);
    struct layout **layouts = mem_zalloc(n + 1, sizeof(struct layout *));
    while (t->shown && same < n && same < t->n_layouts && t->shown->msgs[same] == s->msgs[same])
        same++;
    for (size_t i = 0; i < t->n_layouts; i++) {
        if (i < same && layouts)
            layouts[i] = t->layouts[i];
        else
            drop_layout(t, i);
    }
    free(t->layouts);
    t->layouts = layouts;
    t->n_layouts = layouts ? n : 0;
    shown_unref(t->shown);
    t->shown = s;
    for (size_t i = 0; node && i < n; i++) {
        if (s->msgs[i]->node == node)
            t->selected = i;
    }
    if (last || t->selected >= transcript_n(t))
        t->selected = transcript_n(t) ? transcript_n(t) - 1 : 0;
    if (t->top_msg >= transcript_n(t))
        t->follow = true;
}

void transcript_mark(struct transcript *t, uint32_t node, enum verify_outcome outcome)
{
    if (!mem_grow(&t->marks, &t->cap_marks, t->n_marks + 1, sizeof *t->marks)) /* without memory there is no tick */
        t->marks[t->n_marks++] = (struct transcript_mark){ node, outcome };
}

void transcript_unmark(struct transcript *t)
{
    t->n_marks = 0;
}

void transcript_live_begin(struct transcript *t)
{
    str_clear(&t->live);
    t->has_live = true;
    t->live_done = SIZE_MAX;
    if (t->follow)
        t->selected = transcript_n_shown(t);
}

void transcript_live_add(struct transcript *t, const char *p, size_t n)
{
    str_add(&t->live, p, n);
}

void transcript_live_end(struct transcript *t)
{
    t->has_live = false;
    if (t->selected >= transcript_n(t))
        t->selected = transcript_n(t) ? transcript_n(t) - 1 : 0;
}

/* ---- Layout ---- */

static int gutter(const struct transcript *t)
{
    return t->width >= MIN_WIDTH_FOR_GUTTER ? GUTTER : 0;
}

static int text_width(const struct transcript *t)
{
    int w = t->width - gutter(t) - (t->width >= MIN_WIDTH_FOR_GUTTER);
    return w < 1 ? 1 : w;
}

static void lay_text(const struct transcript *t, struct layout *l, enum shown_role role, const char *s, size_t n)
{
    if (role == SHOWN_REPLY && !t->raw)
        layout_markdown(l, s, n);
    else
        layout_plain(l, s, n, role == SHOWN_SYSTEM ? STYLE_SYSTEM : STYLE_TEXT);
}

static void lay_live(struct transcript *t)
{
    if (t->live_done == t->live.len)
        return;
    if (t->live_done == SIZE_MAX || t->raw) {
        layout_clear(&t->live_layout, text_width(t));
        t->live_growth = (struct layout_growth){ .done = 0 };
    }
    if (t->raw)
        lay_text(t, &t->live_layout, SHOWN_REPLY, str_z(&t->live), t->live.len);
    else
        layout_markdown_more(&t->live_layout, &t->live_growth, str_z(&t->live), t->live.len);
    t->live_done = t->live.len;
}

const struct layout *transcript_layout(struct transcript *t, size_t i)
{
    if (i >= transcript_n_shown(t)) {
        lay_live(t);
        return &t->live_layout;
    }
    if (i >= t->n_layouts)
        return NULL;
    if (!t->layouts[i]) {
        const struct shown_msg *m = t->shown->msgs[i];
        struct layout *l = mem_alloc(1, sizeof *l);
        if (!l)
            return NULL;
        layout_init(l, text_width(t));
        lay_text(t, l, m->role, m->text, m->n);
        t->layouts[i] = l;
    }
    return t->layouts[i];
}

bool transcript_folded(const struct transcript *t, size_t i)
{
    const struct shown_msg *m = i < transcript_n_shown(t) ? t->shown->msgs[i] : NULL;
    bool turned = false;
    for (size_t k = 0; m && k < t->n_turned; k++)
        turned |= t->turned[k] == m->node;
    return m && (m->role == SHOWN_SYSTEM) != turned;
}

/* Rows of a message on the screen: its head, its text, an empty one. */
static int rows_of(struct transcript *t, size_t i)
{
    if (transcript_folded(t, i))
        return 2;
    const struct layout *l = transcript_layout(t, i);
    return 2 + (l ? (int)l->n_rows : 0);
}

/* Stands at (msg, row); goes `by` rows, stopping at both ends. Returns the rows gone. */
static int walk(struct transcript *t, size_t *msg, int *row, int by)
{
    int gone = 0;
    while (by < 0) {
        if (*row > 0) {
            int step = *row < -by ? *row : -by;
            *row -= step;
            by += step;
            gone -= step;
        } else if (*msg > 0) {
            --*msg;
            *row = rows_of(t, *msg);
        } else {
            break;
        }
    }
    while (by > 0 && *msg < transcript_n(t)) {
        int left = rows_of(t, *msg) - *row;
        if (by < left) {
            *row += by;
            return gone + by;
        }
        by -= left;
        gone += left;
        ++*msg;
        *row = 0;
    }
    return gone;
}

/* The place whose row `rows` further on is the end. */
static void place_at_end(struct transcript *t, int rows)
{
    t->top_msg = transcript_n(t);
    t->top_row = 0;
    walk(t, &t->top_msg, &t->top_row, -rows);
}

/* Layouts far from what is shown go: memory stays with the screen's size, not the chat's. */
static void forget_far(struct transcript *t)
{
    enum { KEEP = 200 };
    for (size_t i = 0; i < t->n_layouts && t->n_layouts > 2 * KEEP; i++) {
        if (i + KEEP < t->top_msg || i > t->top_msg + KEEP)
            drop_layout(t, i);
    }
}

void transcript_recalc(struct transcript *t, int rows, int cols)
{
    if (t->width != cols) {
        t->width = cols;
        transcript_relayout(t);
    }
    if (t->follow)
        place_at_end(t, rows);
    else {
        size_t msg = t->top_msg;
        int row = t->top_row;
        if (t->top_msg < transcript_n(t) && t->top_row >= rows_of(t, t->top_msg))
            t->top_row = 0;
        if (walk(t, &msg, &row, rows) < rows) /* not so far down that the screen is half empty */
            place_at_end(t, rows);
    }
}

void transcript_scroll(struct transcript *t, int by, int rows, int cols)
{
    transcript_recalc(t, rows, cols);
    if (walk(t, &t->top_msg, &t->top_row, by) && by < 0)
        t->follow = false;
    size_t msg = t->top_msg;
    int row = t->top_row;
    if (by > 0 && walk(t, &msg, &row, rows) < rows)
        t->follow = true;
    forget_far(t);
}

void transcript_select(struct transcript *t, int by, int rows, int cols)
{
    size_t n = transcript_n(t);
    if (!n)
        return;
    transcript_recalc(t, rows, cols);
    if (by < 0)
        t->selected = t->selected > (size_t)-by ? t->selected + (size_t)by : 0;
    else
        t->selected = t->selected + (size_t)by < n ? t->selected + (size_t)by : n - 1;
    t->code_at = 0;
    /* Bring it into view: its head at the top when it lies above, its end at the bottom when it lies below. */
    size_t msg = t->top_msg;
    int row = t->top_row;
    walk(t, &msg, &row, rows);
    if (t->selected < t->top_msg || (t->selected == t->top_msg && t->top_row)) {
        t->top_msg = t->selected;
        t->top_row = 0;
        t->follow = false;
    } else if (t->selected >= msg) {
        t->top_msg = t->selected + 1;
        t->top_row = 0;
        int tall = rows_of(t, t->selected);
        walk(t, &t->top_msg, &t->top_row, -(tall < rows ? rows : tall));
        t->follow = false;
    }
    if (t->selected + 1 == n && by > 0)
        t->follow = true;
}

void transcript_end(struct transcript *t)
{
    t->follow = true;
    t->selected = transcript_n(t) ? transcript_n(t) - 1 : 0;
}

void transcript_go(struct transcript *t, uint32_t node)
{
    for (size_t i = 0; i < transcript_n_shown(t); i++) {
        if (t->shown->msgs[i]->node == node) {
            t->follow = false;
            t->top_msg = t->selected = i;
            t->top_row = 0;
        }
    }
}

void transcript_begin(struct transcript *t)
{
    t->follow = false;
    t->top_msg = t->selected = 0;
    t->top_row = 0;
}

void transcript_fold(struct transcript *t)
{
    const struct shown_msg *m = transcript_selected(t);
    size_t k = 0;
    if (!m)
        return;
    while (k < t->n_turned && t->turned[k] != m->node)
        k++;
    if (k < t->n_turned)
        t->turned[k] = t->turned[--t->n_turned];
    else if (!mem_grow(&t->turned, &t->cap_turned, k + 1, sizeof *t->turned))
        t->turned[t->n_turned++] = m->node;
}

/* ---- Drawing ---- */

static void clock_text(int64_t ms, char out[16])
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    out[0] = '\0';
    if (ms > 0 && localtime_r(&s, &tm))
        strftime(out, 16, "%H:%M", &tm);
}

/* "2/3   09:41  1.1 s", right-aligned. */
static void draw_facts(const struct transcript *t, const struct shown_msg *m, int row, int left, int cols)
{
    char clock[16], facts[80];
    size_t at = 0;
    clock_text(m->time, clock);
    facts[0] = '\0';
    if (m->rating)
        at += (size_t)snprintf(facts + at, sizeof facts - at, "%c   ", m->rating > 0 ? '+' : '-');
    if (m->n_alt > 1)
        at += (size_t)snprintf(facts + at, sizeof facts - at, "%u/%u   ", m->alt, m->n_alt);
    if (m->ended)
        at += (size_t)snprintf(facts + at, sizeof facts - at, "%s   ", m->ended);
    if (t->width >= MIN_WIDTH_FOR_TIMES) {
        at += (size_t)snprintf(facts + at, sizeof facts - at, "%s", clock);
        if (m->role == SHOWN_REPLY && m->ms)
            at += (size_t)snprintf(facts + at, sizeof facts - at, "  %.1f s", m->ms / 1000.0);
    }
    while (at && facts[at - 1] == ' ')
        facts[--at] = '\0';
    if ((int)at + 12 < cols)
        cells_puts(row, left + cols - (int)at - 1, (int)at, facts, STYLE_DIM);
}

static void draw_mark(const struct transcript *t, const struct shown_msg *m, int row, int left)
{
    static const struct {
        const char *text;
        enum theme_role role;
    } looks[] = { [VERIFY_SAME] = { "✓", STYLE_BAR }, [VERIFY_DIFFERS] = { "✗", STYLE_ERROR }, [VERIFY_NOT_RUN] = { "-", STYLE_DIM } };
    for (size_t i = 0; m && gutter(t) && i < t->n_marks; i++) {
        if (t->marks[i].node == m->node)
            cells_puts(row, left, 1, looks[t->marks[i].outcome].text, looks[t->marks[i].outcome].role);
    }
}

static void draw_head(struct transcript *t, size_t i, int row, int left, int cols, const char *model_name)
{
    static const enum theme_role roles[] = { STYLE_DIM, STYLE_USER, STYLE_MODEL };
    const char *const names[] = { "system", "you", model_name };
    const struct shown_msg *m = i < transcript_n_shown(t) ? t->shown->msgs[i] : NULL;
    enum shown_role who = m ? m->role : SHOWN_REPLY;
    int col = gutter(t);
    if (transcript_folded(t, i)) {
        int used = cells_puts(row, left + col, cols - col, names[who], roles[who]);
        used += cells_puts(row, left + col + used, cols - col - used, "  ", STYLE_TEXT);
        size_t line = strcspn(m->text, "\n");
        int room = cols - col - used - 2;
        size_t fit = cells_fit(m->text, line, room, NULL);
        used += cells_put(row, left + col + used, room, m->text, fit, m->role == SHOWN_SYSTEM ? STYLE_SYSTEM : STYLE_DIM, false);
        if (fit < m->n)
            cells_puts(row, left + col + used, cols - col - used, "…", STYLE_DIM);
        return;
    }
    cells_puts(row, left + col, cols - col, names[who], roles[who]);
    draw_mark(t, m, row, left);
    if (m)
        draw_facts(t, m, row, left, cols);
}

static void draw_row(struct transcript *t, size_t i, int which, int row, int left, int cols, const char *model_name)
{
    if (which == 0) {
        draw_head(t, i, row, left, cols, model_name);
        return;
    }
    const struct layout *l = transcript_folded(t, i) ? NULL : transcript_layout(t, i);
    if (!l || (size_t)which > l->n_rows)
        return;
    int col = gutter(t);
    layout_draw(l, (size_t)which - 1, row, left + col, cols - col, false);
    if (t->needle.len)
        find_draw(l, (size_t)which - 1, t->needle.p, t->needle.len, row, left + col, cols - col);
    bool last_live = i == transcript_n_shown(t) && (size_t)which == l->n_rows;
    if (last_live) {
        const struct layout_row *r = &l->rows[which - 1];
        const struct layout_seg *g = r->n_seg ? &l->segs[r->seg + r->n_seg - 1] : NULL;
        int at = col + (g ? g->col + cells_width(l->text.p + g->at, g->n) : 0);
        if (at < cols)
            cells_puts(row, left + at, 1, "█", STYLE_BAR);
    }
}

void transcript_line(struct transcript *t, int cols, bool last, struct str *out)
{
    transcript_recalc(t, 1, cols);
    size_t n = transcript_n(t), i = last && n ? n - 1 : t->selected;
    const struct layout *l = i < n ? transcript_layout(t, i) : NULL;
    if (!l || !l->n_rows)
        return;
    size_t k = last ? l->n_rows - 1 : t->needle.len && t->found_msg == i && t->found_row > 0 ? (size_t)t->found_row : 0;
    const struct layout_row *r = &l->rows[k < l->n_rows ? k : 0];
    for (size_t s = 0; s < r->n_seg; s++)
        str_add(out, l->text.p + l->segs[r->seg + s].at, l->segs[r->seg + s].n);
}

void transcript_draw(struct transcript *t, int row, int rows, int left, int cols, bool focused, const char *model_name)
{
    size_t msg = t->top_msg;
    int which = t->top_row, used = 0;
    for (int k = 0; k < rows; k++)
        cells_fill(row + k, left, cols, STYLE_TEXT);
    for (; used < rows && msg < transcript_n(t); used++) {
        draw_row(t, msg, which, row + used, left, cols, model_name);
        bool text_row = which < rows_of(t, msg) - 1;
        if (focused && msg == t->selected && gutter(t) && text_row)
            cells_puts(row + used, left + 1, 1, "▌", STYLE_BAR);
        if (++which >= rows_of(t, msg)) {
            msg++;
            which = 0;
        }
    }
}
