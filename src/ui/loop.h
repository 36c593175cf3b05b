/* One poll set: terminal, workers, signals, timers. Everything that happened is taken in, then one frame is drawn. */
#ifndef UI_LOOP_H
#define UI_LOOP_H

#include "base/err.h"

struct app;

/* Runs until something ends it. Returns the exit status. */
int loop_run(struct app *a, struct err *e);

#endif
