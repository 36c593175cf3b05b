/* ^G: what is written goes into $EDITOR and back. If this fails, a draft is lost (also by kill -9), or the terminal is left to an editor
 * that is not there. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "stage.h"

/* An editor that is a shell script; "$1" is the file. */
static void editor_is(const char *script)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
    stage_write("editor", text, (size_t)n);
    chmod(stage_path("editor"), 0700);
    setenv("EDITOR", stage_path("editor"), 1);
}

static struct pty *with_draft(void)
{
    struct pty *p = pty_open(24, 120);
    stage_chat(p, "--no-rc", "--new");
    pty_see(p, "thousand parameters");
    pty_type(p, "half a thought");
    pty_see(p, "› half a thought");
    pty_type(p, "\007");
    return p;
}

/* Keys are taken and the end is sane. */
static void goes_on(struct pty *p, const char *draft, const char *when)
{
    char shown[128];
    snprintf(shown, sizeof shown, "%s more", draft);
    pty_type(p, " more");
    report_on(p, pty_see(p, shown), "%s: the draft '%s' stands and one writes on", when, draft);
    report(pty_mode(p, "2004") == 'h', "%s: pastes are in brackets again", when);
    pty_type(p, "\025"); /* ^C would stop what may still go on */
    pty_see_not(p, shown);
    pty_type(p, "\004");
    report_on(p, pty_end(p) == 0, "%s: ^D leaves", when);
    report_sane(p, when);
    pty_close(p);
}

static void fails(const char *when, const char *message)
{
    struct pty *p = with_draft();
    report_on(p, pty_see(p, message), "%s: the message says so", when);
    goes_on(p, "› half a thought", when);
}

static void works(void)
{
    editor_is("cat \"$1\" >\"$HISS_HOME/seen\"; stty -a >\"$HISS_HOME/modes\"; printf 'a whole one\\nin two lines\\n' >\"$1\"");
    struct pty *p = with_draft();
    report_on(p, pty_see(p, "› a whole one"), "an editor: what it wrote is in the line");
    size_t n;
    char *seen = stage_read("seen", &n), *modes = stage_read("modes", &n);
    report(seen && !strcmp(seen, "half a thought"), "an editor: it was given the draft");
    report(modes && strstr(modes, "\nisig icanon iexten echo "), "an editor: its terminal had the usual modes");
    free(seen);
    free(modes);
    goes_on(p, "in two lines", "an editor");
}

static void is_interrupted(void)
{
    editor_is("echo it runs; exec cat");
    struct pty *p = with_draft();
    report_on(p, pty_see(p, "it runs"), "^C in an editor: it runs");
    pty_type(p, "\003");
    report_on(p, pty_see(p, "the text is as it was"), "^C in an editor: the editor ends, hiss does not");
    goes_on(p, "› half a thought", "^C in an editor");
}

static void is_stopped(void)
{
    editor_is("echo it runs; read line; printf '%s' \"$line\" >\"$1\"");
    struct pty *p = with_draft();
    report_on(p, pty_see(p, "it runs"), "^Z in an editor: it runs");
    pty_type(p, "\032");
    report(pty_stopped(p), "^Z in an editor: both stop");
    report(pty_modes_as_before(p), "^Z in an editor: the shell has the usual modes");
    pty_continue(p);
    pty_type(p, "typed after fg\n");
    report_on(p, pty_see(p, "› typed after fg"), "^Z in an editor: fg brings both back");
    goes_on(p, "› typed after fg", "^Z in an editor");
}

static void is_killed(void)
{
    struct pty *p = pty_open(24, 120);
    stage_chat(p, "--no-rc", "drafted");
    pty_see(p, "thousand parameters");
    pty_type(p, "half a thought");
    report(stage_appears("state/drafts/drafted", "half a thought"), "kill -9: a draft is on disk by then");
    pty_signal(p, SIGKILL);
    pty_end(p);
    pty_close(p);
    p = pty_open(24, 120);
    stage_chat(p, "--no-rc", "drafted");
    report_on(p, pty_see(p, "› half a thought"), "kill -9: the draft is there again");
    pty_type(p, "\025\004");
    report_on(p, pty_end(p) == 0, "kill -9: ^U empties the line, ^D leaves");
    pty_close(p);
}

int main(void)
{
    stage_open();
    setenv("EDITOR", "/nonexistent/editor", 1);
    fails("no editor", "cannot run the editor '/nonexistent/editor'");
    editor_is("echo spoiled >\"$1\"; exit 1");
    fails("an editor that fails", "ended with status 1; the text is as it was");
    works();
    is_interrupted();
    is_stopped();
    is_killed();
    return stage_done();
}
