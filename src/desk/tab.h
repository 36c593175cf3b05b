/* What an open chat's worker is at, as the screen knows it. It changes when something is asked of the worker and when
 * the worker is heard of; nothing else sets it. */
#ifndef DESK_TAB_H
#define DESK_TAB_H

#include <stdbool.h>

enum tab_state {
    TAB_NEW,     /* nothing was heard of it */
    TAB_OPENING, /* it reads the chat, or waits for the model: it takes a request meanwhile */
    TAB_FREE,    /* it has nothing to do */
    TAB_BUSY,    /* it does something, or has been asked to: only a stop is taken */
};

enum tab_event {
    TAB_WORKS, /* the worker said something, and is not done */
    TAB_DONE,  /* it is done with everything */
    TAB_ASKED, /* a request was put into its queue */
};

enum tab_state tab_next(enum tab_state s, enum tab_event ev);

bool tab_works(enum tab_state s);  /* there is something to stop */
bool tab_takes(enum tab_state s);  /* it can be asked for something */
bool tab_opened(enum tab_state s); /* the chat was read, or could not be */

#endif
