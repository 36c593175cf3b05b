/* The convolution, four lanes. */
#include "arm/neon.h"

#include "conv.h"
