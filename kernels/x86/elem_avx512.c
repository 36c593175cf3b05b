/* Elementwise kernels, sixteen lanes, but for to_f16, which is AVX2's: its conversion runs at the same speed in either width. */
#include "x86/avx512.h"

#include "elem.h"
