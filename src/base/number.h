/* Figures as people read them. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stddef.h>

enum { NUMBER_TEXT = 32 };

const char *number_grouped(size_t n, char out[NUMBER_TEXT]); /* 4,120; returns out */
const char *number_bytes(size_t n, char out[NUMBER_TEXT]);   /* 18.9 MB, of 1,000s; returns out */
const char *number_params(size_t n, char out[NUMBER_TEXT]);  /* 788 thousand parameters, 135 M parameters; returns out */

#endif
