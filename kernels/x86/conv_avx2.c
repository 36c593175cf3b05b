/* The convolution, eight lanes. */
#include "x86/avx2.h"

#include "conv.h"
