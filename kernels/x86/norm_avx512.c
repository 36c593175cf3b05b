/* Norm and sum, sixteen lanes. max is AVX2's: reading is all it costs, and wider registers won nothing. */
#include "x86/avx512.h"

#include "norm.h"
