/* The scan of Mamba-2, eight lanes, two rows together. */
#include "x86/avx2.h"

enum { ROWS = 2, ROWS_ONCE = 1 };

#include "scan2.h"

void kern_scan2_avx2(const struct kern_scan2 *a)
{
    struct chunk ck;
    for (size_t t0 = 0; t0 < a->n_tok; t0 += CHUNK) {
        chunk_begin(&ck, a, t0);
        rows_streamed(&ck, 0);
    }
}
