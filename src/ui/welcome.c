#include "ui/welcome.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/str.h"
#include "term/cells.h"
#include "ui/app.h"

static const char *kind_of(struct app *a)
{
    struct desk_model_info m;
    if (!desk_model_now(a->desk, &m))
        return "language model";
    if (!m.state_bytes)
        return "Transformer";
    return m.row_bytes ? "hybrid of state-space and attention layers" : "state-space model";
}

/* "135 M parameters, 18.9 MB of memory however long you talk." */
static void model_text(struct app *a, struct str *out)
{
    struct desk_model_info m;
    char most[NUMBER_TEXT], bytes[NUMBER_TEXT], params[NUMBER_TEXT];
    double loading = desk_loading(a->desk);
    if (!desk_model_now(a->desk, &m)) {
        if (loading >= 0)
            str_addf(out, "Loading the model: %.0f %%. One can write already.\n", 100 * loading);
        else
            str_adds(out, "No model is loaded: F3 shows where one can be put.\n");
        return;
    }
    str_addf(out, "%s: %s", m.name, number_params(m.n_params, params));
    if (m.state_bytes)
        str_addf(out, ", %s of memory%s", number_bytes(m.state_bytes, bytes), m.row_bytes ? "" : " however long you talk");
    if (m.row_bytes)
        str_addf(out, "%s %s a token, %s tokens at most", m.state_bytes ? " plus" : ",", number_bytes(m.row_bytes, bytes),
                 number_grouped(m.n_ctx, most));
    str_adds(out, ".\n");
    if (m.n_params < 1000000000)
        str_adds(out, "It is small: good at short answers and at rewriting what you give it, bad at facts.\n");
}

static void key_line(struct str *out)
{
    static const struct {
        const char *command, *what;
    } hints[] = { { "send", "sends" }, { "newline", "begins a line" }, { "stop", "stops" }, { "help", "helps" }, { "quit", "leaves" } };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        struct str keys = STR_INIT;
        keymap_keys_of(CONTEXT_COMPOSER, hints[i].command, &keys);
        const char *last = strrchr(str_z(&keys), ',');
        const char *shown = last && !strcmp(hints[i].command, "newline") ? last + 2 : str_z(&keys);
        str_addf(out, "%s%.*s %s", i ? ", " : "", (int)strcspn(shown, ","), shown, hints[i].what);
        str_release(&keys);
    }
    str_adds(out, ".\n");
}

enum { KEYS, KIND, MODEL, ALL };

static void say(struct app *a, int most, struct str *out)
{
    if (most >= KIND)
        str_addf(out, "A chat with a small %s, on this machine only.\n", kind_of(a));
    if (most >= MODEL)
        model_text(a, out);
    if (most >= KIND)
        str_addc(out, '\n');
    if (most >= ALL)
        str_adds(out, "Try     Write a haiku about rain.\n        /persona editor     corrects what you paste\n"
                      "        /models             other models: give it a GGUF file\n\n");
    key_line(out);
}

void welcome_draw(struct app *a, int row, int rows, int col, int cols)
{
    struct str text = STR_INIT;
    struct layout l;
    int indent = cols >= 40 ? 3 : 0, width = cols - 2 * indent;
    layout_init(&l, width > 72 ? 72 : width);
    for (int most = ALL; most >= KEYS && (most == ALL || l.n_rows > (size_t)rows); most--) { /* as much as there is room for */
        str_clear(&text);
        say(a, most, &text);
        layout_clear(&l, l.width);
        layout_hard(&l, str_z(&text), text.len, STYLE_TEXT);
    }
    for (int k = 0; k < rows; k++)
        cells_fill(row + k, col, cols, STYLE_TEXT);
    int top = rows > (int)l.n_rows + 2 ? 1 : 0;
    for (int k = 0; k + top < rows && (size_t)k < l.n_rows; k++)
        layout_draw(&l, (size_t)k, row + top + k, col + indent, width, false);
    layout_release(&l);
    str_release(&text);
}
