/* Lines instead of a screen, for screen readers, dumb terminals and pipes: each message once, no cursor movement, what
 * happens in brackets, the same slash commands where they make sense without a screen. */
#ifndef UI_LINES_H
#define UI_LINES_H

struct ui_opts;
int lines_run(const struct ui_opts *o); /* exit status */

#endif
