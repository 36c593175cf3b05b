/* Only in builds with sanitizers. A report gives the terminal back first, so that it can be read, and ends in SIGABRT:
 * exiting, which is their usual way, passes by the handler of crashes (term/term.c). ASAN_OPTIONS and UBSAN_OPTIONS go
 * before what stands here. */
#include "term/term.h"

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
void __asan_on_error(void);
void __ubsan_on_report(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1";
}

const char *__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1";
}

void __asan_on_error(void)
{
    term_emergency();
}

void __ubsan_on_report(void)
{
    term_emergency();
}
