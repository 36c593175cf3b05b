/* A panel: a list or a text that takes the focus until it is closed. One table of operations a kind. */
#ifndef UI_PANEL_H
#define UI_PANEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "ui/layout.h"

struct app;
struct panel;

struct panel_ops {
    const char *name;                                        /* the command that opens it */
    const char *title, *foot;                                /* foot: the keys of the moment */
    int (*fill)(struct app *a, struct panel *p);             /* builds rows or text; -1 no memory */
    unsigned (*open)(struct app *a, struct panel *p);        /* Enter on the focused row; NULL: nothing to open */
    unsigned (*remove)(struct app *a, struct panel *p);
    unsigned (*change)(struct app *a, struct panel *p, int by); /* h l */
    unsigned (*reset)(struct app *a, struct panel *p);
    unsigned (*make)(struct app *a, struct panel *p);        /* n */
    unsigned (*rename)(struct app *a, struct panel *p);
    unsigned (*edit)(struct app *a, struct panel *p);
};

/* A row of a list: what is drawn, and what it stands for. */
struct panel_row {
    char *text;      /* columns are separated by \t */
    char *key;       /* name, path … of the thing */
    bool heading;    /* cannot take the focus */
    bool mark;       /* the current one */
};

struct panel {
    const struct panel_ops *ops;
    struct panel_row *rows;
    size_t n, cap;
    size_t at;                /* focused row */
    size_t top;
    struct layout text;       /* a panel of text instead of rows */
    bool is_text;
    struct str source;        /* the text before it was laid out */
    char filter[64], topic[64];
    int widths[8];            /* of the columns */
};

extern const struct panel_ops panel_chats, panel_models, panel_settings, panel_personas, panel_help, panel_log;

struct panel *panel_new(struct app *a, const struct panel_ops *ops, const char *topic); /* NULL no memory */
void panel_free(struct panel *p);
int panel_refill(struct app *a, struct panel *p);        /* after a change; keeps the focus where it can */
int panel_add(struct panel *p, const char *key, bool mark, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int panel_heading(struct panel *p, const char *text);
const struct panel_row *panel_focused(const struct panel *p); /* NULL: none */
void panel_move(struct panel *p, int by, int rows);
void panel_draw(struct panel *p, int row, int rows, int col, int cols);

#endif
