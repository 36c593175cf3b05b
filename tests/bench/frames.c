/* Frame times of the transcript: while a reply streams into chats of ten and of ten thousand messages, and while a long
 * one does, of paragraphs and of what cannot be parted: a list, a code block, a single paragraph; at 200x60.
 * `make bench-frames` builds and runs it. A frame is laying out, drawing and ncurses' update into /dev/null. */
#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "term/theme.h"
#include "ui/script.h"
#include "ui/transcript.h"

enum { HEIGHT = 60, WIDTH = 200, FRAMES = 4000 };

static struct shown *chat(size_t n)
{
    static const char text[] = "The garden had not seen rain since the figs fell. Under the third step lived a snake who *counted*:\n\n"
                               "1. one stone that stayed cool,\n2. two lizards, both too quick,\n3. every evening, the same boy with a bowl.\n\n"
                               "```\nls -l\n```\nAnd so on, for as long as anybody listened, which was not always very long.";
    struct shown *s = shown_new(n);
    for (size_t i = 0; s && i < n; i++) {
        s->msgs[i] = shown_msg_new(text, sizeof text - 1);
        if (!s->msgs[i])
            exit(1);
        s->msgs[i]->node = (uint32_t)i + 1;
        s->msgs[i]->role = i % 2 ? SHOWN_REPLY : SHOWN_USER;
        s->msgs[i]->n_alt = s->msgs[i]->alt = 1;
    }
    return s;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static const char *const prose[] = { " the", " snake", " counted", " stones", ".\n\n", " *and*", " lizards", NULL };
static const char *const items[] = { " the", " snake", " counted", " *and*", " stones", "\n- ", "one", " of", " them", "\n  - ", "both", "\n- ", NULL };
static const char *const code[] = { "    int", " snake", " =", " stones", "(", "1", ");\n", NULL };
static const char *const one[] = { " the", " snake", " counted", " *and*", " stones", NULL };

static void measure(size_t n, size_t reply, const char *what, const char *begin, const char *const words[])
{
    static double ms[FRAMES];
    struct transcript t;
    size_t n_words = 0;
    while (words[n_words])
        n_words++;
    transcript_init(&t);
    transcript_show(&t, chat(n));
    transcript_live_begin(&t);
    for (size_t i = 0; i < FRAMES; i++) {
        const char *w = words[i % n_words];
        if (i % reply == 0) {
            transcript_live_begin(&t);
            transcript_live_add(&t, begin, strlen(begin));
        }
        transcript_live_add(&t, w, strlen(w));
        uint64_t began = clock_ns();
        transcript_recalc(&t, HEIGHT - 5, WIDTH);
        transcript_draw(&t, 2, HEIGHT - 5, 0, WIDTH, false, "hiss");
        refresh();
        ms[i] = (double)(clock_ns() - began) * 1e-6;
    }
    transcript_release(&t);
    qsort(ms, FRAMES, sizeof ms[0], by_size);
    fprintf(stderr, "%6zu messages, %s of %zu tokens: frame median %.3f ms, p99 %.3f ms, most %.3f ms\n", n, what, reply,
            ms[FRAMES / 2], ms[FRAMES * 99 / 100], ms[FRAMES - 1]);
}

int main(void)
{
    struct err e = ERR_INIT;
    setlocale(LC_CTYPE, "C.UTF-8");
    if (script_open("xterm-256color", HEIGHT, WIDTH, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    theme_init(true);
    for (int round = 0; round < 2; round++) {
        measure(10, 500, "a reply", "", prose);
        measure(10000, 500, "a reply", "", prose);
        measure(10, 4000, "a reply", "", prose);
        measure(10, 4000, "a list", "- ", items);
        measure(10, 4000, "a code block", "```c\n", code);
        measure(10, 4000, "a paragraph", "", one);
    }
    script_close();
    return 0;
}
