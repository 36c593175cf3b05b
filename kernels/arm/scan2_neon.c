/* The scan of Mamba-2, four lanes, four rows together. */
#include "arm/neon.h"

enum { ROWS = 4, ROWS_ONCE = 4 };

#include "scan2.h"

void kern_scan2_neon(const struct kern_scan2 *a)
{
    struct chunk ck;
    for (size_t t0 = 0; t0 < a->n_tok; t0 += CHUNK) {
        chunk_begin(&ck, a, t0);
        rows_streamed(&ck, 0);
    }
}
