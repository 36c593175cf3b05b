/* The scan of Mamba-1, sixteen lanes. */
#include "x86/avx512.h"

enum { TOGETHER = 1 };

#include "scan1.h"

void kern_scan1_avx512(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    scan_groups(v, g0, g1);
}
