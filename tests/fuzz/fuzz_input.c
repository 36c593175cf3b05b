/* libFuzzer harness of what the screen takes in: keys and pastes from the terminal, Markdown from a model, lines from an
 * rc file. Whatever the bytes: no crash, no foreign read, no row wider than asked for.
 * Build and run: make fuzz-input && FUZZ=markdown tests/fuzz/fuzz_input -max_len=4096 CORPUS
 * FUZZ: input, markdown or rc; all three without. */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "term/cells.h"
#include "term/find.h"
#include "term/input.h"
#include "term/layout.h"
#include "ui/action.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACTION(id, nm, ar, ks, hp)                                     \
    unsigned act_##id(struct app *a, const struct args *args)          \
    {                                                                  \
        (void)a;                                                       \
        (void)args;                                                    \
        return 0;                                                      \
    }
#include "ui/action.def"
#undef ACTION

static void decode(const char *p, size_t n, size_t cut)
{
    struct input in;
    struct input_event ev;
    input_init(&in);
    for (size_t at = 0; at < n; at += cut) {
        input_feed(&in, p + at, n - at < cut ? n - at : cut, at * 1000000);
        while (input_next(&in, at * 1000000, &ev)) {
            if (ev.kind == INPUT_KEY && (!ev.key.code || ev.n_raw > sizeof ev.raw))
                abort();
            if (ev.kind == INPUT_PASTE && memchr(ev.paste, '\033', ev.n_paste))
                abort();
        }
    }
    input_release(&in);
}

static void lay_out(const char *p, size_t n, int width)
{
    struct layout l;
    layout_init(&l, width);
    layout_markdown(&l, p, n);
    for (size_t i = 0; i < l.n_rows; i++) {
        const struct layout_row *r = &l.rows[i];
        for (size_t k = 0; k < r->n_seg; k++) {
            const struct layout_seg *g = &l.segs[r->seg + k];
            if (g->at + g->n > l.text.len || cells_fit(l.text.p + g->at, g->n, width, NULL) > g->n)
                abort();
        }
    }
    if (n > 2 && find_row(&l, 0, p, n < 8 ? n : 8) > l.n_rows)
        abort();
    layout_release(&l);
}

static void parse(const char *p, size_t n)
{
    struct action_line line;
    struct err e = ERR_INIT;
    char *z = malloc(n + 1);
    if (!z)
        return;
    memcpy(z, p, n);
    z[n] = '\0';
    if (action_parse(z, &line, &e))
        action_line_release(&line);
    free(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    if (size < 2)
        return 0;
    const char *p = (const char *)data + 1;
    const char *only = getenv("FUZZ");
    if (!only || !strcmp(only, "input"))
        decode(p, size - 1, 1 + data[0] % 7);
    if (!only || !strcmp(only, "markdown"))
        lay_out(p, size - 1, 1 + data[0] % 90);
    if (!only || !strcmp(only, "rc"))
        parse(p, size - 1);
    return 0;
}
