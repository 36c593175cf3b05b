/* Terminals on which no screen can be drawn, and one without colours. If this fails, somebody with a dumb terminal, a
 * pipe or NO_COLOR gets bytes that mean nothing there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "stage.h"

static bool has_escape(const struct pty *p)
{
    size_t n;
    const char *bytes = pty_bytes(p, &n);
    return memchr(bytes, '\033', n) != NULL;
}

/* A whole conversation in lines. */
static void speaks_lines(const char *term, const char *why)
{
    struct pty *p = pty_open(24, 80);
    if (term)
        setenv("TERM", term, 1);
    else
        unsetenv("TERM");
    stage_chat(p, "--no-rc", "--new");
    setenv("TERM", "tmux-256color", 1);
    report_on(p, pty_see(p, why), "TERM %s: one sentence says why", term ? term : "unset");
    report_on(p, pty_see(p, "you:"), "TERM %s: it asks", term ? term : "unset");
    size_t from;
    pty_bytes(p, &from);
    pty_type(p, "go on\n");
    report_on(p, pty_sent(p, from, "hiss: "), "TERM %s: it answers", term ? term : "unset");
    pty_bytes(p, &from);
    pty_type(p, "\003"); /* stops the reply, or comes after its end and is answered */
    report_on(p, pty_sent(p, from, "you: "), "TERM %s: and asks again", term ? term : "unset");
    pty_type(p, "/quit\n");
    report_on(p, pty_end(p) == 0, "TERM %s: /quit leaves", term ? term : "unset");
    report(!has_escape(p), "TERM %s: no control sequence was written", term ? term : "unset");
    report(pty_modes_as_before(p), "TERM %s: the line's modes were left alone", term ? term : "unset");
    pty_close(p);
}

/* One end of it is no terminal: what = a shell's words around hiss. */
static void piped(const char *before, const char *after, const char *name)
{
    char line[1024];
    struct pty *p = pty_open(24, 80);
    snprintf(line, sizeof line, "%s '%s' chat --no-rc --new -t 1 -m '%s' %s", before, getenv("HISS") ? getenv("HISS") : "./hiss",
             stage_path("endless.gguf"), after);
    pty_run(p, (const char *const[]){ "/bin/sh", "-c", line, NULL });
    report_on(p, pty_see(p, "not a terminal"), "%s: one sentence says why", name);
    if (after[0])
        pty_type(p, "/quit\n");
    report_on(p, pty_end(p) == 0, "%s: it ends well", name);
    report(!has_escape(p), "%s: no control sequence was written", name);
    pty_close(p);
}

/* Does a "select graphic rendition", from behind its bracket, set a colour? */
static bool colours(const char *p)
{
    size_t n = strspn(p, "0123456789;");
    for (const char *end = p + n; *end == 'm' && p < end; p++) {
        long v = strtol(p, (char **)&p, 10);
        if ((v >= 30 && v <= 38) || (v >= 40 && v <= 48) || (v >= 90 && v <= 107))
            return true;
    }
    return false;
}

static size_t count_colours(const struct pty *p)
{
    size_t n, found = 0;
    const char *bytes = pty_bytes(p, &n);
    for (size_t i = 0; i + 2 < n; i++)
        found += bytes[i] == '\033' && bytes[i + 1] == '[' && colours(bytes + i + 2);
    return found;
}

static size_t colours_of_a_session(void)
{
    struct pty *p = pty_open(24, 80);
    stage_chat(p, "--no-rc", "--new");
    pty_see(p, "thousand parameters");
    stage_reply(p, "go **on**");
    pty_type(p, "\003");
    pty_see(p, "wrote ");
    pty_type(p, "\033OS"); /* F4 */
    report_on(p, pty_see(p, "temperature"), "the settings are shown");
    pty_type(p, "q/nonsense\r");
    report_on(p, pty_see(p, "no command"), "an error is shown");
    pty_type(p, "\025\004"); /* a refused command is still in the line */
    report_on(p, pty_end(p) == 0, "it ends well");
    size_t n = count_colours(p);
    pty_close(p);
    return n;
}

int main(void)
{
    stage_open();
    speaks_lines("dumb", "TERM is dumb");
    speaks_lines("no-such-terminal", "does not know the terminal");
    speaks_lines(NULL, "TERM is not set");
    piped("", "</dev/null", "no terminal on stdin");
    piped("", "| cat", "no terminal on stdout");
    size_t n = colours_of_a_session();
    report(n > 0, "with colours there are colour sequences (%zu)", n);
    setenv("NO_COLOR", "1", 1);
    n = colours_of_a_session();
    report(n == 0, "NO_COLOR: there is none (%zu)", n);
    return stage_done();
}
