/* A screen of one row. */
#ifndef UI_SINGLE_H
#define UI_SINGLE_H

struct app;

void single_draw(struct app *a);

#endif
