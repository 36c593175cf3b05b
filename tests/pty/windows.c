/* One chat in two windows. If this fails, the two write into each other's conversation, or what is typed in the second
 * one is gone. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "stage.h"

static void shows(const char *text, bool wanted, const char *what)
{
    int status;
    char *all = stage_output((const char *const[]){ "chats", "show", "both", NULL }, &status);
    report(status == 0 && !strstr(all, text) == !wanted, "%s", what);
    free(all);
}

int main(void)
{
    stage_open();
    struct pty *first = pty_open(24, 80), *second = pty_open(24, 120);
    stage_chat(first, "--no-rc", "both");
    report_on(first, stage_reply(first, "said in the first window"), "the first window writes");
    stage_chat(second, "--no-rc", "both");
    report_on(second, pty_see(second, "is open in another hiss"), "the second one says that the chat is open elsewhere");
    report_on(second, pty_see(second, "said in the first window"), "and shows it");
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
