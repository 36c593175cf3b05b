/* Whether AMX may be used: Linux grants the tiles on request (arch/x86: xstate.rst), and a product is tried, since some
 * systems announce AMX and then fault at its first use. */
#include "impl.h"
#include "layout.h"
#include "x86/cpu.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
enum { TOKENS = 16, COLS = 64, GROUP_BYTES = 1088, ROW_BYTES = 128 };

static _Thread_local sigjmp_buf *trying; /* a fault of another thread is not ours to catch */

static void on_fault(int sig)
{
    if (trying)
        siglongjmp(*trying, 1);
    signal(sig, SIG_DFL);
}

/* The same small product by AMX and by C. */
static bool same_product(void)
{
    static const float x[COLS] = { 1, -2, 3, -4, 5, -6, 7, -8, [40] = 0.5f, [50] = -0.25f };
    _Alignas(64) uint8_t w[GROUP_BYTES], rows[TOKENS][ROW_BYTES];
    float want[TOKENS * KERN_GROUP], got[TOKENS * KERN_GROUP];
    for (size_t i = 0; i < sizeof w; i++)
        w[i] = (uint8_t)(i * 37 % 113);
    for (size_t t = 0; t < TOKENS; t++)
        kern_act_q8_c(x, COLS, rows[t]);
    struct kern_linear a = { .w = w, .rows = KERN_GROUP, .cols = COLS, .x = rows, .x_stride = ROW_BYTES, .n_tok = TOKENS,
                             .y = want, .y_stride = KERN_GROUP };
    kern_linear_q8_0_c(&a, 0, 1);
    a.y = got;
    kern_linear_q8_0_amx(&a, 0, 1);
    return memcmp(want, got, sizeof want) == 0;
}

bool kern_amx_probe(void)
{
    if (syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) != 0)
        return false;
    struct sigaction sa = { .sa_handler = on_fault }, old_ill, old_segv;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGILL, &sa, &old_ill);
    sigaction(SIGSEGV, &sa, &old_segv);
    sigjmp_buf here;
    volatile bool ok = false;
    if (sigsetjmp(here, 1) == 0) {
        trying = &here;
        ok = same_product();
    }
    trying = NULL;
    sigaction(SIGILL, &old_ill, NULL);
    sigaction(SIGSEGV, &old_segv, NULL);
    return ok;
}
