/* The first minute: what this is, the model, three things to try. Every figure is computed from the loaded model and
 * every command named exists in this build (tests/lint/commands.sh). */
#ifndef UI_WELCOME_H
#define UI_WELCOME_H

struct app;
void welcome_draw(struct app *a, int row, int rows, int col, int cols);

#endif
