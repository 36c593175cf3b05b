/* The status line: left what is going on, right the settings that matter and the keys of the moment. */
#ifndef UI_STATUS_H
#define UI_STATUS_H

#include <stddef.h>

struct app;
struct app_geometry;

void status_text(struct app *a, char *out, size_t n); /* the left side: "writing 186 t/s"; "" when there is nothing to say */
void status_draw(struct app *a, const struct app_geometry *g);

#endif
