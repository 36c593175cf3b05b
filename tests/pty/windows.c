/* Two windows: on one chat, or beside each other. If this fails, the two write into each other's conversation, or what is typed
 * in one of them is gone. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"

static void shows(const char *text, bool wanted, const char *what)
{
    int status;
    char *all = stage_output((const char *const[]){ "chats", "show", "both", NULL }, &status);
    report(status == 0 && !strstr(all, text) == !wanted, "%s", what);
    free(all);
}

static struct pty *window(const char *chat)
{
    struct pty *p = pty_open(24, 120);
    stage_chat(p, "--no-rc", chat);
    pty_see(p, "thousand parameters");
    return p;
}

static void killed(struct pty *p)
{
    pty_signal(p, SIGKILL);
    pty_end(p);
    pty_close(p);
}

/* What is being written in the one is not what the other has in its line, on disk neither. */
static void drafts_are_apart(void)
{
    struct pty *first = window("drafted"), *second;
    pty_type(first, "of the first");
    report(stage_appears("state/drafts/drafted", "of the first"), "drafts: the first window's is on disk");
    second = window("drafted");
    report_on(second, pty_see(second, "is open in another hiss") && !strstr(pty_text(second), "of the first"),
              "drafts: the second window's line is empty");
    pty_type(second, "of the second");
    report(stage_appears("state/drafts-2/drafted", "of the second"), "drafts: the second window's is on disk");
    report(stage_appears("state/drafts/drafted", "of the first"), "drafts: and the first one's still");
    killed(first);
    killed(second);
    first = window("drafted");
    report_on(first, pty_see(first, "› of the first"), "drafts: after kill -9 the first window's is there again");
    second = window("drafted");
    report_on(second, pty_see(second, "› of the second"), "drafts: and in a second window the second one's");
    pty_type(first, "\025");
    pty_see_not(first, "of the first");
    pty_type(first, "\004");
    report_on(first, pty_end(first) == 0, "drafts: the first window leaves with an empty line");
    pty_close(first);
    killed(second);
    first = window("drafted");
    report_on(first, pty_see(first, "› of the second"), "drafts: what the second window left is found by the next one");
    killed(first);
}

/* hiss without a chat's name goes on with the last one, unless somebody is there. */
static void last_chat_is_taken(void)
{
    struct pty *first = window("taken"), *second = pty_open(24, 120);
    report_on(first, stage_reply(first, "said in the first window"), "last chat: the first window writes");
    stage_chat(second, "--no-rc");
    report_on(second, pty_see(second, "is open in another window; this is a new one"), "last chat: the second window says that it is taken");
    report_on(second, stage_reply(second, "said in a new one") && !strstr(pty_text(second), "said in the first"),
              "last chat: and talks in a new one");
    killed(first);
    killed(second);
    second = pty_open(24, 120);
    stage_chat(second, "--no-rc");
    report_on(second, pty_see(second, "said in a new one") && !strstr(pty_text(second), "another window"),
              "last chat: a window alone goes on with the last one");
    killed(second);
}

/* Up brings back what any window sent, also one that was killed. */
static void lines_of_both_are_recalled(void)
{
    struct pty *first = window("recalled"), *second = window("recalled too");
    stage_reply(first, "from the first");
    stage_reply(second, "from the second");
    killed(second);
    killed(first);
    first = window("recalled");
    pty_type(first, "\033[A");
    report_on(first, pty_see(first, "› from the second"), "recall: the last line of the one window");
    pty_type(first, "\033[A");
    report_on(first, pty_see(first, "› from the first"), "recall: before it that of the other");
    killed(first);
}

/* A history that cannot be read stops nobody from talking. */
static void history_is_no_file(void)
{
    remove(stage_path("state/history"));
    mkdir(stage_path("state/history"), 0700);
    struct pty *p = pty_open(24, 200);
    stage_chat(p, "--no-rc", "without a history");
    report_on(p, pty_see(p, "Up recalls only what is sent from here on"), "history: a window says that it cannot be read");
    report_on(p, stage_reply(p, "said all the same"), "history: and talks");
    killed(p);
    report(!rmdir(stage_path("state/history")), "history: what is there was left");
}

int main(void)
{
    stage_open();
    drafts_are_apart();
    last_chat_is_taken();
    lines_of_both_are_recalled();
    history_is_no_file();
    struct pty *first = pty_open(24, 80), *second = pty_open(24, 120);
    stage_chat(first, "--no-rc", "both");
    report_on(first, stage_reply(first, "said in the first window"), "the first window writes");
    stage_chat(second, "--no-rc", "both");
    report_on(second, pty_see(second, "is open in another hiss"), "the second one says that the chat is open elsewhere");
    report_on(second, pty_see(second, "said in the first window"), "and shows it");
    report_on(second, !strstr(pty_text(second), "state 0"), "but no size of a state that it has not put back");
    pty_type(second, "/chat 9\r");
    pty_see(second, "no open chat 9");
    pty_type(second, "\025said in the second window\r"); /* ^U, since ^C would stop the reading of what the first one wrote */
    report_on(second, pty_see(second, "is open in another hiss"), "a message that is sent there is refused, with the reason");
    report_on(second, pty_see(second, "› said in the second window"), "its text stands in the line again");
    pty_type(first, "\003");
    report_on(first, pty_see(first, "wrote "), "the first window goes on undisturbed");
    shows("said in the second window", false, "nothing of the second window is in the chat");
    pty_type(first, "\004");
    report(pty_end(first) == 0, "the first window leaves");
    shows("said in the first window", true, "what was said there is kept");
    report_sane(first, "the first window");
    pty_type(second, "\r");
    report_on(second, pty_see(second, "writing"), "now the message can be sent from the second one");
    pty_type(second, "\003");
    report_on(second, pty_see(second, "wrote "), "and is answered");
    shows("said in the second window", true, "it is in the chat");
    shows("said in the first window", true, "behind what the first one wrote");
    pty_type(second, "\003");
    pty_type(second, "\004");
    report_on(second, pty_end(second) == 0, "the second window leaves");
    report_sane(second, "the second window");

    stage_chat(second, "--no-rc", "both");
    report_on(second, stage_reply(second, "said later"), "afterwards the chat can be written there");
    pty_type(second, "\003");
    pty_see(second, "wrote ");
    shows("said later", true, "and what is said is kept");
    pty_close(second);
    pty_close(first);
    return stage_done();
}
