/* A panel: a list or a text that takes the focus until it is closed. One table of operations a kind.
 *
 * A list's rows have columns (cut at \t in their text), may stand under headings, and may carry a note: a sentence
 * shown below the list while the row has the focus. Names from files go through panel_plain first. */
#ifndef UI_PANEL_H
#define UI_PANEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "term/layout.h"

struct app;
struct panel;

struct panel_ops {
    const char *name;                                        /* the command that opens it */
    const char *title;
    const char *foot;                                        /* "command words\tcommand words…": shown with their keys */
    const char *empty;                                       /* stands in an empty list */
    bool over;                                               /* lies over the panel it was opened from, which comes back */
    int (*fill)(struct app *a, struct panel *p);             /* builds rows or text; -1 no memory */
    /* What a key does; NULL: nothing here. */
    unsigned (*open)(struct app *a, struct panel *p);        /* Enter on the focused row */
    unsigned (*remove)(struct app *a, struct panel *p);
    unsigned (*change)(struct app *a, struct panel *p, int by); /* h l */
    unsigned (*shift)(struct app *a, struct panel *p, int by);  /* J K */
    unsigned (*reset)(struct app *a, struct panel *p);
    unsigned (*make)(struct app *a, struct panel *p);        /* n */
    unsigned (*rename)(struct app *a, struct panel *p);
    unsigned (*edit)(struct app *a, struct panel *p);
    unsigned (*undo)(struct app *a, struct panel *p);
};

/* A row of a list: what is drawn, and what it stands for. */
struct panel_row {
    char *text;      /* columns are separated by \t */
    char *key;       /* name, path … of the thing; NULL: of nothing */
    char *note;      /* NULL: none */
    bool heading;    /* cannot take the focus */
    bool mark;       /* the current one */
};

enum { PANEL_COLUMNS = 8 };

struct panel {
    const struct panel_ops *ops;
    struct panel *under;      /* the panel this one lies over (ops->over); owned */
    struct panel_row *rows;
    size_t n, cap;
    size_t at;                /* focused row; n: none */
    size_t top;
    struct layout text;       /* a panel of text instead of rows; else the note under the list */
    bool is_text;
    bool tail;                /* new rows come at the end and the focus goes with them */
    bool active;              /* has the focus: its row is drawn as such */
    struct str source;        /* the text before it was laid out: Markdown */
    char filter[64], topic[64];
    char about[96];           /* what the list is of, beside the title */
    int widths[PANEL_COLUMNS];/* of the columns */
    int back;                 /* enum focus to go back to */
    int where;                /* help: enum context it is about */
};

const char *help_topic(size_t i);           /* NULL behind the last */
void panel_chats_deleted(const char *name); /* undo in the list of chats brings it back */
extern const struct panel_ops panel_chats, panel_models, panel_settings, panel_presets, panel_personas, panel_help, panel_log;

struct panel *panel_new(struct app *a, const struct panel_ops *ops, const char *topic); /* NULL no memory */
void panel_free(struct panel *p);                        /* NULL is fine */
int panel_refill(struct app *a, struct panel *p);        /* after a change; keeps the focus where it can */
int panel_add(struct panel *p, const char *key, bool mark, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int panel_note(struct panel *p, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* of the row added last */
int panel_heading(struct panel *p, const char *text);
const struct panel_row *panel_focused(const struct panel *p); /* NULL: none */
void panel_focus(struct panel *p, const char *key);      /* NULL, or not there: the current one */
const char *panel_column(const char *text, int n, size_t *len); /* the n-th column of a row's text */
void panel_move(struct panel *p, int by, int rows);      /* by rows; INT_MIN and INT_MAX: to the ends */
void panel_draw(struct panel *p, int row, int rows, int col, int cols);

/* Text on one line: tabs and line ends become spaces. Returns out. */
const char *panel_plain(char *out, size_t cap, const char *text);

/* "18.9 MB", "4 KB", "312 B": powers of ten, as disks are sold and files are listed. */
enum { PANEL_BYTES_TEXT = 24 };
const char *panel_bytes(size_t n, char out[PANEL_BYTES_TEXT]);

/* ---- act_panel.c: what the app's other handlers need ---- */
unsigned panel_open(struct app *a, const struct panel_ops *ops, const char *topic); /* again: closes it */
unsigned panel_close(struct app *a);                     /* what lay under it comes back; NONE when there is none */
unsigned panel_undo(struct app *a, bool *took);          /* *took: the panel had something to take back */

/* Begins a chat with a persona, asking for its variables one after the other (panel_personas.c). */
unsigned persona_begin(struct app *a, const char *id);

#endif
