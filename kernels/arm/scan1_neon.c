/* The scan of Mamba-1, four lanes. */
#include "arm/neon.h"

enum { TOGETHER = 1 };

#include "scan1.h"

void kern_scan1_neon(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    scan_groups(v, g0, g1);
}
