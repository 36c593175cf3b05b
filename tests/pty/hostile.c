/* What comes from outside: a model's output, a persona, a paste, an rc file. If this fails, text somebody else wrote
 * reaches the terminal as commands, or a large paste takes hiss down. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "stage.h"

static const char *const persona =
    "---\nname: Bad \033]0;owned\007one\ndescription: \033[2J\033[31mred\n---\nYou \033]52;c;b3duZWQ=\007are \xC2\x9B" "31m\xFF\xC3 odd.\n";

/* The length of a sequence that only draws, as ncurses writes it; 0: it is another one. */
static size_t drawing(const char *p, const char *end)
{
    static const char *const fixed[] = { "(B", ")0", "=", ">", "M", "7", "8" };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if ((size_t)(end - p) > strlen(fixed[i]) && !strncmp(p + 1, fixed[i], strlen(fixed[i])))
            return 1 + strlen(fixed[i]);
    }
    size_t n = 2 + strspn(p + 2, "?0123456789;");
    return p[1] == '[' && p + n < end && strchr("HJKmhlrdGABCDPXLMST@", p[n]) ? n + 1 : 0;
}

/* The length of a character of UTF-8 that is no control character; 0: it is something else. */
static size_t character(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0x20)
        return strchr("\r\n\b\t\016\017", c) ? 1 : 0;
    if (c == 0x7F || (c >= 0x80 && c < 0xC2) || (size_t)(end - p) < n || (c == 0xC2 && (unsigned char)p[1] < 0xA0))
        return 0;
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)p[i] & 0xC0) != 0x80)
            return 0;
    }
    return n;
}

/* Where something else than drawing stands; NULL: nowhere. */
static const char *strange(const char *p, const char *end)
{
    for (size_t n; p < end; p += n) {
        n = *p == '\033' ? drawing(p, end) : character(p, end);
        if (!n)
            return p;
    }
    return NULL;
}

static void report_clean(struct pty *p, const char *what)
{
    size_t n;
    const char *bytes = pty_bytes(p, &n), *bad = strange(bytes, bytes + n);
    report(!bad, "%s: the terminal got nothing but drawing", what);
    for (int i = -8; bad && i < 16 && bad + i < bytes + n; i++)
        printf("%s%02x%s", i == -8 ? "# " : " ", bad + i >= bytes ? (unsigned char)bad[i] : 0, i == 15 ? "\n" : "");
}

static void leaves(struct pty *p, const char *what)
{
    pty_type(p, "\025\004"); /* a refused command is still in the line */
    report_on(p, pty_end(p) == 0, "%s: ^D leaves", what);
    report_clean(p, what);
    report_sane(p, what);
    pty_close(p);
}

static void model_says(const char *name, const char *says, const char *shown, const char *what)
{
    struct pty *p = pty_open(24, 80);
    stage_model(name, says);
    stage_chat(p, "--no-rc", "-m", stage_path(name), "--new");
    report_on(p, stage_reply(p, "say it"), "%s: it is being written", what);
    pty_type(p, "\003");
    report_on(p, pty_see(p, "wrote "), "%s: ^C stops it", what);
    report_on(p, pty_see(p, shown), "%s: it is shown as characters", what);
    leaves(p, what);
}

static void is_pasted(void)
{
    static const char text[] = "a \033]0;owned\007 title \033[31m red \x9B" "31m \xC2\x9B" "31m \xFF\xC3( and \x01\x02 all";
    struct pty *p = pty_open(24, 80);
    stage_chat(p, "--no-rc", "pasted");
    pty_see(p, "thousand parameters");
    pty_paste(p, text, sizeof text - 1);
    report_on(p, pty_see(p, " title "), "a paste with sequences: it is in the line");
    pty_type(p, "\r");
    report_on(p, pty_see(p, " t/s · read "), "a paste with sequences: it is answered");
    pty_type(p, "\003");
    pty_see(p, "wrote ");
    leaves(p, "a paste with sequences");
}

static void persona_is_bad(void)
{
    struct pty *p = pty_open(24, 80);
    stage_write("config/personas/bad.md", persona, strlen(persona));
    stage_chat(p, "--no-rc", "--new");
    pty_see(p, "thousand parameters");
    pty_type(p, "/personas\r");
    report_on(p, pty_see(p, "bad.md:2: a control character"), "a persona with sequences: file and line are named");
    pty_type(p, "q/persona bad\r");
    report_on(p, pty_see(p, "bad.md:2: a control character"), "a persona with sequences: it is refused");
    leaves(p, "a persona with sequences");
}

static char *lines_of(size_t n, size_t *len)
{
    char *text = malloc(n * 8);
    *len = 0;
    for (size_t i = 0; text && i < n; i++)
        *len += (size_t)sprintf(text + *len, "%zu\n", i % 1000000);
    return text;
}

static void many_lines(void)
{
    size_t n, all;
    char *text = lines_of(100000, &n);
    struct pty *p = pty_open(24, 80);
    stage_chat(p, "--no-rc", "lines");
    pty_see(p, "thousand parameters");
    pty_paste(p, text, n - 1);
    report_on(p, pty_see(p, "[100,000 lines: 0"), "100,000 lines: they are folded to a block");
    pty_type(p, "\r");
    report_on(p, pty_see_not(p, "› [100,000 lines") && pty_see(p, "^C stop"), "100,000 lines: they are sent");
    pty_type(p, "\003");
    report_on(p, pty_see(p, "Esc read"), "100,000 lines: reading them can be stopped");
    pty_type(p, "\033[A");
    report_on(p, pty_see(p, "› [100,000 lines: 0"), "100,000 lines: Up brings them back as a block");
    pty_type(p, "\025"); /* ^C would stop what may still go on */
    pty_type(p, "still here");
    report_on(p, pty_see(p, "› still here"), "100,000 lines: keys are taken");
    leaves(p, "100,000 lines");
    char *history = stage_read("state/history", &all);
    report(history && !strstr(history, "99998"), "100,000 lines: the next start does not read them");
    free(history);
    char *journal = stage_read("data/chats/lines.jsonl", &all);
    report(journal && strstr(journal, "0\\n1\\n2\\n3") && strstr(journal, "99998\\n99999\""), "100,000 lines: the message is kept whole");
    free(journal);
    free(text);
}

static void long_line(void)
{
    size_t n = 5 << 20;
    char *text = malloc(n);
    struct pty *p = pty_open(24, 80);
    memset(text, 'x', n);
    memcpy(text + n - 7, "the end", 7);
    stage_chat(p, "--no-rc", "long");
    pty_see(p, "thousand parameters");
    pty_paste(p, text, n);
    report_on(p, pty_see(p, "[5,242,880 bytes: xxxx"), "a line of 5 MB: it is folded to a block");
    pty_signal(p, SIGTERM);
    report(pty_end(p) != -1, "a line of 5 MB: hiss is ended with it as a draft");
    stage_chat(p, "--no-rc", "long");
    report_on(p, pty_see(p, "[5,242,880 bytes: xxxx"), "a line of 5 MB: the draft is there again");
    pty_type(p, "\003");
    report_on(p, pty_see_not(p, "bytes: xxxx"), "a line of 5 MB: ^C takes it away");
    pty_type(p, "still here");
    report_on(p, pty_see(p, "› still here"), "a line of 5 MB: keys are taken");
    leaves(p, "a line of 5 MB");
    free(text);
}

static void rc_is_broken(void)
{
    static const char rc[] = "set temperature 0.25\nset temperature \033[31mbanana\nset top-p 0.5\n";
    struct pty *p = pty_open(24, 120);
    stage_write("config/rc", rc, sizeof rc - 1);
    pty_run(p, (const char *const[]){ getenv("HISS") ? getenv("HISS") : "./hiss", "chat", "--new", "-t", "1", "-m",
                                      stage_path("endless.gguf"), NULL });
    report_on(p, pty_see(p, "config/rc:2: "), "a broken rc line: file and line are named");
    report_on(p, pty_see(p, "temp 0.25 top-p 0.50"), "a broken rc line: the lines around it are taken");
    leaves(p, "a broken rc line");
}

int main(void)
{
    stage_open();
    model_says("osc.gguf", "\033]0;owned\007", "]0;owned", "a model that writes sequences");
    model_says("bytes.gguf", "\xFF\xC3(\x9B" "31m\xC2\x01\x80.", "(", "a model that writes invalid UTF-8");
    is_pasted();
    persona_is_bad();
    rc_is_broken();
    many_lines();
    long_line();
    return stage_done();
}
