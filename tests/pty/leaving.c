/* The ways in which a terminal and hiss part: hanging up, kill -9, ^Z and fg. If this fails, a reply is lost with the
 * window it was in, or a shell gets a terminal on which one cannot type. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "stage.h"

#define WORDS "abcdefgh ijklmnop" /* and so on, over and over */

/* Does the chat's file hold the question and what the reply had said? */
static void report_kept(const char *chat, const char *question, const char *when)
{
    int status;
    char *text = stage_output((const char *const[]){ "chats", "show", chat, NULL }, &status);
    const char *asked = strstr(text, question);
    report(status == 0 && asked, "%s: the message is kept", when);
    report(asked && strstr(asked, WORDS), "%s: what the reply had said is kept", when);
    free(text);
}

/* Until the journal has a part of the reply: they are written about once a second. */
static bool part_is_written(struct pty *p, const char *journal)
{
    for (;;) {
        size_t n, from;
        pty_bytes(p, &from);
        char *text = stage_read(journal, &n);
        bool there = text && strstr(text, "\"part\"");
        free(text);
        if (there || !pty_sent(p, from, ""))
            return there;
    }
}

static void hangs_up(void)
{
    struct pty *p = pty_open(24, 80);
    stage_chat(p, "--no-rc", "-m", stage_path("words.gguf"), "gone");
    report_on(p, stage_reply(p, "tell me all of it") && pty_see(p, WORDS), "hanging up: a reply is being written");
    pty_hang_up(p);
    int status = pty_end(p);
    report(status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP, "hanging up: it ends by HUP");
    report_kept("gone", "tell me all of it", "hanging up");
    pty_close(p);
}

static void is_killed(void)
{
    struct pty *p = pty_open(24, 80);
    stage_chat(p, "--no-rc", "-m", stage_path("words.gguf"), "killed");
    report_on(p, stage_reply(p, "tell me the rest"), "kill -9: a reply is being written");
    report(part_is_written(p, "data/chats/killed.jsonl"), "kill -9: parts of it are on disk while it is written");
    pty_signal(p, SIGKILL);
    int status = pty_end(p);
    report(status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "kill -9: it is dead");
    report(!pty_modes_as_before(p), "kill -9: the terminal is left raw, nobody could help it");
    report_kept("killed", "tell me the rest", "kill -9");

    stage_chat(p, "--no-rc", "-m", stage_path("words.gguf"), "killed"); /* on the terminal as it is */
    report_on(p, pty_see(p, "restored "), "the next start: the chat is open again");
    pty_type(p, "and now\r");
    report_on(p, pty_see(p, " t/s · read "), "the next start: it goes on");
    pty_type(p, "\003");
    report_on(p, pty_see(p, "wrote "), "the next start: ^C stops the reply");
    pty_type(p, "\004");
    report(pty_end(p) == 0, "the next start: ^D leaves");
    report_sane(p, "the next start");
    pty_close(p);
}

/* stop: how it is stopped, by the key or by a signal from elsewhere. */
static void is_stopped(const char *how, int sig)
{
    struct pty *p = pty_open(24, 80);
    stage_chat(p, "--no-rc", "--new");
    report_on(p, stage_reply(p, "go on"), "%s: a reply is being written", how);
    if (sig)
        pty_signal(p, sig);
    else
        pty_type(p, "\032");
    report(pty_stopped(p), "%s: it is stopped", how);
    report_sane(p, how);
    pty_continue(p);
    report_on(p, pty_see(p, " t/s · read "), "%s, fg: the screen is there again and the reply goes on", how);
    report(!pty_modes_as_before(p) && pty_mode(p, "2004") == 'h' && pty_mode(p, "1049") == 'h', "%s, fg: the modes too", how);
    pty_type(p, "\003");
    report_on(p, pty_see(p, "wrote "), "%s, fg: keys arrive: ^C stops the reply", how);
    pty_type(p, "\004");
    report(pty_end(p) == 0, "%s, fg: ^D leaves", how);
    report_sane(p, "after that");
    pty_close(p);
}

int main(void)
{
    stage_open();
    stage_model("words.gguf", WORDS ".\n");
    hangs_up();
    is_killed();
    is_stopped("^Z", 0);
    is_stopped("kill -TSTP", SIGTSTP);
    return stage_done();
}
