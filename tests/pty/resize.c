/* A storm of window sizes, down to one cell and back, while a reply streams. If this fails, dragging a window's corner
 * kills hiss or leaves its screen in pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

static const struct {
    int rows, cols;
} sizes[] = { { 1, 1 }, { 24, 80 }, { 2, 2 }, { 60, 200 }, { 1, 20 }, { 3, 12 }, { 100, 1 }, { 10, 40 }, { 5, 300 }, { 1, 1 } };

enum { ROUNDS = 30, N_SIZES = sizeof sizes / sizeof sizes[0] };

/* The rows above the line that is written. */
static char *upper_rows(struct pty *p)
{
    int rows, cols;
    char *text = strdup(pty_text(p)), *end = text;
    pty_size(p, &rows, &cols);
    for (int i = 0; i < rows - 3; i++)
        end = strchr(end, '\n') + 1;
    *end = '\0';
    return text;
}

static void ends_at(int rows, int cols, const char *chat)
{
    struct pty *p = pty_open(24, 80), *fresh;
    stage_chat(p, "--no-rc", "-m", stage_path("words.gguf"), chat);
    report_on(p, stage_reply(p, "go on"), "%dx%d: a reply is being written", rows, cols);
    for (int i = 0; i < ROUNDS * N_SIZES; i++) {
        pty_resize(p, sizes[i % N_SIZES].rows, sizes[i % N_SIZES].cols);
        if (i % 7 == 0) { /* now and then one is drawn before the next */
            size_t from;
            pty_bytes(p, &from);
            pty_sent(p, from, "");
        }
    }
    pty_resize(p, rows, cols);
    pty_type(p, "\003");
    report_on(p, pty_see(p, "wrote "), "%dx%d: alive after %d sizes, the reply is stopped", rows, cols, ROUNDS * N_SIZES);
    pty_type(p, "settled");
    report_on(p, pty_see(p, "› settled"), "%dx%d: keys are taken", rows, cols);
    char *after = upper_rows(p);
    pty_type(p, "\014 again");
    pty_see(p, "› settled again");
    char *redrawn = upper_rows(p);
    report_on(p, !strcmp(after, redrawn), "%dx%d: ^L changes nothing", rows, cols);
    pty_type(p, "\025");
    report_on(p, pty_see_not(p, "settled"), "%dx%d: the line is empty again", rows, cols);
    pty_type(p, "\004");
    report(pty_end(p) == 0, "%dx%d: ^D leaves", rows, cols);
    report_sane(p, "after the storm");

    fresh = pty_open(rows, cols);
    stage_chat(fresh, "--no-rc", "-m", stage_path("words.gguf"), chat);
    pty_see(fresh, "restored ");
    char *anew = upper_rows(fresh);
    report_on(fresh, !strcmp(after, anew), "%dx%d: the screen is what a new start shows", rows, cols);
    free(after);
    free(redrawn);
    free(anew);
    pty_close(fresh);
    pty_close(p);
}

int main(void)
{
    stage_open();
    stage_model("words.gguf", "abcdefg 漢字hijk\nlmn"); /* one width for all: libvterm and the C library differ on the rest */
    ends_at(24, 80, "usual");
    ends_at(40, 132, "large");
    return stage_done();
}
