/* A report of AddressSanitizer, in builds that have it: here because more memory is asked for than it was allowed. If this
 * fails, whoever finds a bug with a sanitizer gets a raw terminal and cannot read what was found. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "stage.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
enum { ALLOWED_MB = 8 };

/* A draft that is too large to be read. */
static void write_draft(const char *chat)
{
    size_t n = (size_t)(ALLOWED_MB + 1) << 20;
    char name[64], *text = malloc(n);
    if (!text)
        exit(99);
    memset(text, 'x', n);
    snprintf(name, sizeof name, "state/drafts/%s", chat);
    stage_write(name, text, n);
    free(text);
}

int main(void)
{
    const char *given = getenv("ASAN_OPTIONS");
    char options[512];
    stage_open();
    write_draft("large");
    snprintf(options, sizeof options, "%s%smax_allocation_size_mb=%d", given ? given : "", given ? ":" : "", ALLOWED_MB);
    setenv("ASAN_OPTIONS", options, 1);
    struct pty *p = pty_open(24, 80);
    stage_chat(p, "--new", "--no-rc");
    report_on(p, pty_see(p, "thousand parameters"), "the screen is there");
    pty_type(p, "/new large\r");
    int status = pty_end(p);
    report_on(p, status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "it ends by ABRT");
    report_sane(p, "after the report");
    size_t n;
    const char *bytes = pty_bytes(p, &n), *left = strstr(bytes, "\033[?1049l");
    report_on(p, left && strstr(left, "AddressSanitizer: requested allocation size"), "the report stands where it can be read");
    pty_close(p);
    return stage_done();
}
#else
int main(void)
{
    puts("1..0 # SKIP built without AddressSanitizer");
    return 0;
}
#endif
