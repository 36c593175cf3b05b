/* The convolution, sixteen lanes. */
#include "x86/avx512.h"

#include "conv.h"
