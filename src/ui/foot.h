/* A foot: the keys of a place and what they do, "Enter open  n new  q close". */
#ifndef UI_FOOT_H
#define UI_FOOT_H

#include "ui/keymap.h"

/* spec: "command words\tcommand words…"; a command without a key there is left out. */
int foot_rows(enum context where, const char *spec, int most, int cols); /* as many as the keys need, at most `most` */
void foot_draw(enum context where, const char *spec, int row, int rows, int col, int cols);

#endif
