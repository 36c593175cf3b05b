/* One poll set: terminal, workers, signals, timers. Everything that happened is taken in, then one frame is drawn. */
#ifndef UI_LOOP_H
#define UI_LOOP_H

#include "base/err.h"

struct app;

/* Catches the signals from now on; before the terminal is opened, so that none finds it in raw modes unguarded. */
int loop_open(struct err *e);

/* Runs until something ends it. Returns the exit status. */
int loop_run(struct app *a, struct err *e);

/* The signal that ended it (SIGHUP too when the terminal went away); 0: none did. */
int loop_signal(void);

#endif
