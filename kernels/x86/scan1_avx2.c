/* The scan of Mamba-1, eight lanes. */
#include "x86/avx2.h"

enum { TOGETHER = 4 };

#include "scan1.h"

void kern_scan1_avx2(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    scan_groups(v, g0, g1);
}
