/* The numbers of the second definition (emulate.h): conversions, sums, and one row of weights times one row of
 * activations, from the bytes of a GGUF file. */
#ifndef TEST_EMULATE_NUM_H
#define TEST_EMULATE_NUM_H

#include <stddef.h>

#include "kern.h"

float emu_f16_round(float x); /* to the nearest f16, half to even; finite results only */
float emu_f32_value(const unsigned char *p);
float emu_tree(const float lane[16]);                    /* the closing tree of sum16 */
float emu_dot(const float *x, const float *y, size_t n); /* sum16 */

/* Element k of a row: of F32, F16, BF16; of any type. */
float emu_plain_value(enum kern_type type, const unsigned char *row, size_t k);
float emu_weight_value(enum kern_type type, const unsigned char *row, size_t k);

/* Row times x[n], which is quantised here: types of blocks of 32, and of 256. */
float emu_product32(enum kern_type type, const unsigned char *row, const float *x, size_t n);
float emu_product256(enum kern_type type, const unsigned char *row, const float *x, size_t n);

#endif
