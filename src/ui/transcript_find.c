/* Searching in a chat: from row to row of what is laid out, round the ends. */
#include "term/find.h"
#include "ui/transcript.h"
#include "ui/transcript_parts.h"

void transcript_search(struct transcript *t, const char *needle)
{
    str_clear(&t->needle);
    str_adds(&t->needle, needle);
    t->found_msg = t->selected; /* the first is sought in the selected message */
    t->found_row = -1;
}

static bool holds(const struct transcript *t, size_t i)
{
    size_t len;
    const struct shown_msg *m = t->shown->msgs[i];
    return find_text(m->text, m->n, 0, t->needle.p, t->needle.len, &len) != SIZE_MAX;
}

/* The first matching row of message i behind `row`, or the last one before it; n_rows: none. */
static size_t row_beside(const struct transcript *t, const struct layout *l, size_t row, int by)
{
    size_t last = l->n_rows;
    for (size_t k = by > 0 ? row : 0; (k = find_row(l, k, t->needle.p, t->needle.len)) < l->n_rows; k++) {
        if (by > 0)
            return k;
        if (k >= row)
            break;
        last = k;
    }
    return last;
}

/* From where the search stands to the next place in message found_msg; false: no more there. A message that matches
 * only across a line's end is found at its head. */
static bool find_inside(struct transcript *t, int by, bool entering)
{
    const struct layout *l = transcript_layout(t, t->found_msg);
    if (!l || !holds(t, t->found_msg))
        return false;
    size_t from = by > 0 ? (entering ? 0 : (size_t)(t->found_row + 1)) : entering ? l->n_rows : (size_t)(t->found_row < 0 ? 0 : t->found_row);
    size_t row = row_beside(t, l, from, by);
    if (row == l->n_rows && !(entering && row_beside(t, l, 0, 1) == l->n_rows))
        return false;
    t->found_row = row < l->n_rows ? (int)row : -1;
    return true;
}

static void show_found(struct transcript *t, int rows)
{
    if (transcript_folded(t, t->found_msg)) { /* what was found can be seen */
        t->selected = t->found_msg;
        transcript_fold(t);
    }
    t->selected = t->found_msg;
    t->follow = false;
    t->top_msg = t->found_msg;
    t->top_row = t->found_row + 1 - rows / 3 > 0 ? t->found_row + 1 - rows / 3 : 0;
}

size_t transcript_search_go(struct transcript *t, int by, int rows, int cols, size_t *of, bool *round)
{
    size_t n = transcript_n_shown(t), nth = 0;
    *of = 0;
    *round = false;
    if (!n || !t->needle.len)
        return 0;
    transcript_recalc(t, rows, cols);
    if (t->found_msg >= n)
        t->found_msg = n - 1;
    bool found = find_inside(t, by, false);
    for (size_t k = 0; k < n && !found; k++) {
        *round |= by > 0 ? t->found_msg + 1 == n : t->found_msg == 0;
        t->found_msg = (t->found_msg + (by > 0 ? 1 : n - 1)) % n;
        found = find_inside(t, by, true);
    }
    if (!found)
        return 0;
    for (size_t i = 0; i < n; i++) {
        *of += holds(t, i);
        nth = i == t->found_msg ? *of : nth;
    }
    show_found(t, rows);
    return nth;
}
