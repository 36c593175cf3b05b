/* The messages of a chat on the screen: selection, scrolling, drawing. A frame costs what the screen shows: only
 * visible messages are laid out, and where one stands is kept as (message, row), never as a row of the whole. */
#ifndef UI_TRANSCRIPT_H
#define UI_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "chat/verify.h"
#include "desk/shown.h"
#include "term/layout.h"

struct transcript {
    struct shown *shown;       /* counted; may be NULL */
    struct str live;           /* text of the reply in progress */
    bool has_live;
    uint32_t live_node;        /* 0, or the reply that this one goes on from */
    struct layout **layouts;   /* [n_layouts] of each message; NULL: not laid out */
    size_t n_layouts;
    struct layout live_layout;
    size_t live_done;          /* bytes of live that live_layout holds; SIZE_MAX: none, it has to be laid out anew */
    struct layout_growth live_growth;
    int width;
    size_t selected;           /* message index; n is the live one */
    bool follow;               /* stands at the end and stays there */
    size_t top_msg;            /* when not following: the first shown row */
    int top_row;
    bool raw;
    uint32_t *turned;          /* [n_turned] messages that were folded or unfolded by hand */
    size_t n_turned, cap_turned;
    size_t code_at;            /* which code block `copy-code` takes next */
    struct str needle;         /* what is searched for; empty: nothing */
    size_t found_msg;          /* where the search stands */
    int found_row;             /* of its layout; -1: at its head */
    struct transcript_mark {
        uint32_t node;
        enum verify_outcome outcome;
    } *marks;                  /* [n_marks] in the gutter, beside replies that were run again */
    size_t n_marks, cap_marks;
};

void transcript_init(struct transcript *t);
void transcript_release(struct transcript *t);

/* Takes over a reference. Keeps selection and place where they still make sense. */
void transcript_show(struct transcript *t, struct shown *s);
void transcript_live_begin(struct transcript *t);
void transcript_live_add(struct transcript *t, const char *p, size_t n);
void transcript_live_end(struct transcript *t);

void transcript_mark(struct transcript *t, uint32_t node, enum verify_outcome outcome);
void transcript_unmark(struct transcript *t);              /* all */

size_t transcript_n(const struct transcript *t);            /* messages, the live one included */
const struct shown_msg *transcript_selected(const struct transcript *t); /* NULL: none or the live one */

/* Searching (find.h): matches are drawn as such until another needle is given; an empty one ends it. */
void transcript_search(struct transcript *t, const char *needle);

/* Goes to the next row that matches (by > 0) or the one before, round the ends: the message's number among the *of that
 * match, from 1; 0: none does. *round: it went round an end. */
size_t transcript_search_go(struct transcript *t, int by, int rows, int cols, size_t *of, bool *round);

/* Lays out for this size; call before drawing. */
void transcript_recalc(struct transcript *t, int rows, int cols);
void transcript_draw(struct transcript *t, int row, int rows, int left, int cols, bool focused, const char *model_name);

/* One row's text for a screen of one row: of the last message its end, else of the selected one what was searched for or
 * its beginning. */
void transcript_line(struct transcript *t, int cols, bool last, struct str *out);

void transcript_select(struct transcript *t, int by, int rows, int cols); /* by messages */
void transcript_scroll(struct transcript *t, int by, int rows, int cols); /* by rows */
void transcript_go(struct transcript *t, uint32_t node);    /* selects it; nothing when it is not shown */
void transcript_end(struct transcript *t);
void transcript_begin(struct transcript *t);
void transcript_fold(struct transcript *t);                 /* the selected message, to one line or back */
void transcript_relayout(struct transcript *t);             /* raw, fold or theme changed */

#endif
