/* Which kernels each x86 level has; one a line. What a level lacks comes from the level below. */
#ifndef KERN_X86_HAVE_H
#define KERN_X86_HAVE_H

#define KERN_HAVE_AVX2(X) \
    /* end */

#define KERN_HAVE_AVX512(X) \
    /* end */

#define KERN_HAVE_AMX(X) \
    /* end */

#endif
