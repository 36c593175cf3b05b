/* What lines.c (talking) and lines_command.c (commands) share. */
#ifndef UI_LINES_PARTS_H
#define UI_LINES_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "desk/desk.h"
#include "desk/settings.h"
#include "desk/shown.h"

struct ui_opts;

struct lines {
    struct desk *desk;
    struct desk_chat *chat;
    struct chat_settings settings, defaults; /* of the chat; of chats without their own */
    unsigned given;                          /* settings (bits by index) of the command line: they go before a chat's own */
    char wanted[128];                        /* the chat to open; "": none was named */
    struct shown *shown;
    bool busy, writing, leaving;
    bool on_command_line;                    /* -e is being run */
};

/* Opens the wanted chat in the other one's place. */
int lines_open(struct lines *l, struct err *e);

/* From message `from` on, each with who said it. */
void lines_messages(const struct shown *s, size_t from);

/* The rc file, and of -e what is for before a chat is open. What concerns the screen alone is passed over. */
void lines_start(struct lines *l, const struct ui_opts *o);
bool lines_is_early(const char *line);

/* A line that was typed after /; errors are said. */
void lines_command(struct lines *l, const char *line);

#endif
