/* Errors and notices of this run, newest last. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ui/app.h"
#include "ui/panel.h"

/* In full where one reads what was said; it is in the log already. */
static unsigned show(struct app *a, struct panel *p)
{
    const struct panel_row *r = panel_focused(p);
    str_clear(&a->message);
    str_adds(&a->message, r->note);
    a->message_error = strstr(r->text, "\terror\t") != NULL;
    return ACT_REPAINT | ACT_LAYOUT;
}

static int fill(struct app *a, struct panel *p)
{
    p->tail = true;
    for (size_t i = 0; i < a->n_log; i++) {
        const struct log_line *l = &a->log[i];
        char when[16], text[600];
        time_t t = (time_t)(l->time / 1000);
        struct tm tm = { .tm_year = 70 };
        localtime_r(&t, &tm);
        strftime(when, sizeof when, "%H:%M:%S", &tm);
        panel_plain(text, sizeof text, l->text);
        if (panel_add(p, NULL, false, "%s\t%s\t%s", text, l->error ? "error" : "", when) || panel_note(p, "%s", l->text))
            return -1;
    }
    return 0;
}

const struct panel_ops panel_log = {
    .name = "log",
    .title = "Log",
    .foot = "panel-open in full\tpanel-up up\tpanel-down down\tpanel-filter filter\tclose close",
    .empty = "nothing to report in this run",
    .fill = fill,
    .open = show,
};
