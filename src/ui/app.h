/* The program on the screen: what is open, where the focus is, what has to be drawn. Everything here belongs to the UI
 * thread; chats' workers reach it through one channel (desk.h). Handlers change it and return bits; app_frame settles
 * them: lay out, draw, one doupdate. */
#ifndef UI_APP_H
#define UI_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "desk/desk.h"
#include "desk/tab.h"
#include "term/input.h"
#include "ui/action.h"
#include "ui/keymap.h"
#include "ui/panel.h"
#include "ui/transcript.h"

enum focus { FOCUS_COMPOSER, FOCUS_TRANSCRIPT, FOCUS_PANEL, FOCUS_ASK };

/* What a question asked in the composer's place is for. */
typedef unsigned (*ask_fn)(struct app *a, const char *answer);

enum { APP_MAX_TABS = 9, APP_LOG_LINES = 500, APP_SETTINGS_UNDO = 32 };

/* An open chat. */
struct tab {
    struct desk_chat *chat;
    struct transcript view;
    struct str draft;        /* what was being written when another chat was shown */
    unsigned draft_place;    /* where on disk (draft.h) */
    uint32_t editing;        /* node whose new text is being written; 0: none */
    enum tab_state state;    /* of its worker; app_asked and the worker's events change it */
    bool unread;             /* a reply came while another chat was shown */
    struct desk_stats stats; /* of the last turn, or of the running one */
    enum desk_stage stage;
    double progress;         /* 0..1 of the stage, where known */
    uint64_t since_ns;       /* the stage began */
    struct chat_settings settings, before[APP_SETTINGS_UNDO]; /* [n_before] earlier in this run, newest last */
    size_t n_before;
};

struct replay;

struct log_line {
    int64_t time;
    bool error;
    char *text;
};

struct app {
    struct desk *desk;
    struct tab tabs[APP_MAX_TABS];
    size_t n_tabs, tab;      /* the shown one */
    enum focus focus;
    struct panel *panel;     /* NULL: none */
    int rows, cols;
    bool linear;

    struct str message;      /* the message area: one sentence until the next key that acts */
    bool message_error;
    struct log_line log[APP_LOG_LINES];
    size_t n_log;

    ask_fn ask;              /* not NULL: the composer asks a question */
    struct str ask_draft;    /* what it held before */
    char ask_prompt[64];

    struct chat_settings defaults; /* of chats without settings of their own */
    unsigned given;          /* settings (bits by index) of the command line: they go before a chat's own */
    bool on_command_line;    /* -e is being run */
    char theme[64];
    char send_key[24];
    uint64_t quit_armed_ns;  /* ^C on an empty line: again to leave */
    struct replay *replaying; /* NULL: not (replay.h) */
    bool replay_first;       /* the chat is to be played again once it is there */
    bool welcome;            /* asked for by hand */
    uint64_t draft_due_ns, draft_since_ns; /* what was written since then is to be on disk by then; due 0: it is */
    unsigned bits;           /* enum action_bits not settled yet */
    int exit_status;
    const char *rc_where;    /* file and line being read, for messages; NULL */
};

int app_init(struct app *a, const struct desk_opts *o, struct err *e);
void app_release(struct app *a);

struct tab *app_tab(struct app *a);                      /* the shown chat; NULL before the first is open */
void app_say(struct app *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void app_fail(struct app *a, const struct err *e);       /* an error: shown, and in the log */
enum context app_context(const struct app *a);

/* Opens a chat (or shows it when it is open); name NULL: a new one. */
unsigned app_open_chat(struct app *a, const char *name);
unsigned app_show_tab(struct app *a, size_t i);
void app_close_tab(struct app *a, size_t i, bool drop);   /* drop: an empty chat leaves no file */
void app_say_editing(struct app *a);                     /* which message the shown chat's draft is to replace, if any */
int app_draft_wait_ms(const struct app *a);              /* until what is written should be on disk; -1: it is */
void app_draft_tick(struct app *a);
void app_stash_draft(struct app *a);                     /* keeps what is being written as the shown chat's, on disk too */

unsigned app_key(struct app *a, const struct input_event *ev); /* one key or paste */
unsigned app_events(struct app *a);                            /* what the workers said */
void app_frame(struct app *a);                                 /* draws if something has to be drawn */

/* A question in the composer's place; the answer goes to fn. */
unsigned app_ask(struct app *a, const char *prompt, const char *initial, ask_fn fn);
unsigned app_ask_end(struct app *a, bool take);

/* A request to a chat's worker was put into its queue, unless `failed`. */
void app_asked(struct tab *t, int failed);

/* True while the shown chat can take no request, with the reason said. While it is opened, its model being loaded, it can. */
bool app_refuses(struct app *a);

/* True when what is written stands before what goes on: `stop` clears the line then. */
bool app_line_goes_first(const struct app *a);

/* Sends text as the shown chat's next message. */
unsigned app_send(struct app *a, const char *text, size_t n);

/* ---- act_settings.c ---- */

/* The shown chat's; without one the defaults. Borrowed. */
const struct chat_settings *app_settings(struct app *a);

/* Others for the shown chat, from the next token on, with a step of undo. While the rc file or the command line is
 * read: for chats without settings of their own. */
unsigned app_use_settings(struct app *a, const struct chat_settings *s);
unsigned app_undo_settings(struct app *a);

/* One by name, as text. */
int app_set(struct app *a, const char *name, const char *value, struct err *e);

/* A chat that is being opened was left with these. */
void app_settings_left(struct app *a, struct tab *t, const struct chat_settings *s);

/* Height of the transcript and where the composer begins, for this size. */
struct app_geometry {
    int top, transcript_rows, rule, composer_row, composer_rows, message_row, message_rows, status_row, left, width;
};
struct app_geometry app_geometry(struct app *a);

#endif
