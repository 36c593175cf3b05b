/* What was said long ago is read behind one's back while one writes. If this fails, ^C stops that reading instead of
 * clearing the line, or Esc does not stop it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define NO_MODEL "00000000000000000000000000000000"

/* A chat of one long message, which no state is kept of. */
static void write_long_chat(const char *journal)
{
    static const char head[] = "{\"event\":\"chat\",\"time\":\"1699999980000\",\"version\":1,\"id\":\"5eed5eed5eed5eed\",\"date\":\"1699999980\"}\n"
                               "{\"event\":\"node\",\"op\":1,\"time\":\"1699999980000\",\"id\":1,\"parent\":0,\"role\":\"user\",\"head\":true,\"model\":\"" NO_MODEL "\",\"at\":0,\"ids\":[],\"text\":\"";
    enum { WORDS = 1 << 20 };
    char *text = malloc(sizeof head + 2 * WORDS + 8);
    size_t n = sizeof head - 1;
    if (!text)
        exit(99);
    memcpy(text, head, n);
    for (int i = 0; i < WORDS; i++)
        n += (size_t)sprintf(text + n, "%c ", 'a' + i % 26);
    n += (size_t)sprintf(text + n, "\"}\n");
    stage_write(journal, text, n);
    free(text);
}

int main(void)
{
    stage_open();
    write_long_chat("data/chats/long.jsonl");
    struct pty *p = pty_open(24, 100);
    stage_chat(p, "--no-rc", "long");
    report_on(p, pty_see(p, "reading "), "a long chat is read when it is opened");
    report_on(p, pty_see(p, "^C stop"), "an empty line: ^C would stop that");
    pty_type(p, "half a thought");
    report_on(p, pty_see(p, "› half a thought") && pty_see(p, "Esc stop"), "one writes meanwhile, and Esc would");
    pty_type(p, "\003");
    report_on(p, pty_see_not(p, "half a thought") && pty_see(p, "^C stop"), "^C clears the line and the reading goes on");
    pty_type(p, "\033[A");
    report_on(p, pty_see(p, "› half a thought"), "Up brings it back");
    pty_type(p, "\033");
    report_on(p, pty_see_not(p, " stop") && pty_see(p, "› half a thought"), "Esc stops the reading, not the line");
    pty_type(p, "\003");
    report_on(p, pty_see_not(p, "half a thought"), "^C clears the line then, too");
    pty_type(p, "\004");
    report_on(p, pty_end(p) == 0, "^D leaves");
    pty_close(p);
    return stage_done();
}
