#include "ui/composer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "term/cells.h"
#include "ui/composer_parts.h"
#include "ui/recall.h"

enum {
    HISTORY_BYTES = 1 << 16, /* of a message that is written down for Up */
    FOLD_FIRST = 0x10F000, FOLD_LAST = 0x10FFFD, /* a private-use character stands for a folded paste; no font has these */
    LABEL_MAX = 160, PREVIEW_COLS = 24,
};

static struct {
    struct composer_hooks hooks;
    FILE *nowhere;
    const char *queue; /* bytes readline may take */
    size_t n_queue;
    bool open;
    struct paste {
        char *p;
        size_t n;
        char label[LABEL_MAX];
    } *pastes;         /* [n_pastes] of this run: a draft may come back to them */
    size_t n_pastes, cap_pastes;
} c;

static const char writing[] = "› ";
static const char *prompt = writing;

/* ---- What readline sees of the world ---- */

static int next_byte(FILE *f)
{
    (void)f;
    if (!c.n_queue)
        return EOF;
    c.n_queue--;
    return (unsigned char)*c.queue++;
}

static int byte_waits(void)
{
    return c.n_queue > 0;
}

static void no_op(void)
{
}

static void no_op_int(int meta)
{
    (void)meta;
}

static void accepted(char *line)
{
    /* readline has taken the line away; give it back so that accept can read it as any other text */
    if (!line)
        return;
    composer_set(line, strlen(line));
    free(line);
    c.hooks.accept(c.hooks.arg);
}

static char **complete(const char *word, int start, int end)
{
    (void)end;
    rl_attempted_completion_over = 1;
    return c.hooks.complete ? c.hooks.complete(c.hooks.arg, word, (size_t)start) : NULL;
}

static void show(char **matches, int n, int longest)
{
    (void)longest;
    if (c.hooks.show_matches)
        c.hooks.show_matches(c.hooks.arg, matches + 1, (size_t)n);
}

int composer_open(const char *history, const struct composer_hooks *hooks, struct err *e)
{
    c.hooks = *hooks;
    c.nowhere = fopen("/dev/null", "r+");
    if (!c.nowhere)
        return err_sys(e, "cannot open /dev/null");
    rl_readline_name = "hiss";
    rl_instream = rl_outstream = c.nowhere;
    rl_getc_function = next_byte;
    rl_input_available_hook = byte_waits;
    rl_prep_term_function = no_op_int;
    rl_deprep_term_function = no_op;
    rl_redisplay_function = no_op;
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_attempted_completion_function = complete;
    rl_completion_display_matches_hook = show;
    rl_basic_word_break_characters = " \t\n";
    rl_completer_quote_characters = "\"'";
    struct err why;
    if (recall_open(history, &why))
        c.hooks.fail(c.hooks.arg, &why);
    rl_variable_bind("show-all-if-ambiguous", "on"); /* before the user's inputrc, which may differ */
    rl_callback_handler_install(writing, accepted);
    rl_variable_bind("enable-bracketed-paste", "off"); /* ours: the decoder has it */
    c.open = true;
    return 0;
}

void composer_key(const char *raw, size_t n)
{
    c.queue = raw;
    c.n_queue = n;
    while (c.n_queue)
        rl_callback_read_char();
}

bool composer_wants_all(void)
{
    return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG | RL_STATE_MULTIKEY |
                      RL_STATE_METANEXT | RL_STATE_VIMOTION | RL_STATE_MOREINPUT) != 0;
}

/* ---- Text ---- */

void composer_insert(const char *p, size_t n)
{
    char *z = mem_alloc(n + 1, 1);
    if (!z)
        return;
    memcpy(z, p, n);
    z[n] = '\0';
    rl_begin_undo_group();
    rl_insert_text(z);
    rl_end_undo_group();
    free(z);
}

static size_t count_lines(const char *p, size_t n)
{
    size_t lines = n && p[n - 1] != '\n';
    for (size_t i = 0; i < n; i++)
        lines += p[i] == '\n';
    return lines;
}

/* "[500 lines: how it begins…]"; one line is told by its bytes. */
static void label_of(const char *p, size_t n, size_t lines, char out[LABEL_MAX])
{
    char count[NUMBER_TEXT];
    while (n && strchr(" \t\n", *p))
        p++, n--;
    const char *nl = memchr(p, '\n', n);
    size_t fit = cells_fit(p, nl ? (size_t)(nl - p) : n, PREVIEW_COLS, NULL);
    snprintf(out, LABEL_MAX, "[%s %s: %.*s…]", number_grouped(lines > 1 ? lines : n, count), lines > 1 ? "lines" : "bytes",
             fit < LABEL_MAX / 2 ? (int)fit : 0, p);
}

static void add_mark(struct str *out, size_t i)
{
    char mark[4];
    str_add(out, mark, utf8_encode(FOLD_FIRST + (uint32_t)i, mark));
}

void composer_fold(struct str *out, const char *p, size_t n, size_t most)
{
    size_t lines = count_lines(p, n);
    bool folds = lines > most || n > COMPOSER_FOLD_BYTES;
    for (size_t i = 0; folds && i < c.n_pastes; i++) {
        if (c.pastes[i].n == n && !memcmp(c.pastes[i].p, p, n)) {
            add_mark(out, i);
            return;
        }
    }
    char *copy = folds && FOLD_FIRST + c.n_pastes <= FOLD_LAST ? mem_dup(p, n) : NULL;
    if (!copy || mem_grow(&c.pastes, &c.cap_pastes, c.n_pastes + 1, sizeof *c.pastes)) {
        free(copy);
        str_add(out, p, n);
        return;
    }
    struct paste *new = &c.pastes[c.n_pastes];
    *new = (struct paste){ .p = copy, .n = n };
    label_of(p, n, lines, new->label);
    add_mark(out, c.n_pastes++);
}

void composer_paste(const char *p, size_t n)
{
    struct str text = STR_INIT;
    composer_fold(&text, p, n, COMPOSER_FOLD);
    composer_insert(str_z(&text), text.len);
    str_release(&text);
}

bool composer_empty(void)
{
    return rl_end == 0;
}

static bool folded(uint32_t cp)
{
    return cp >= FOLD_FIRST && cp < FOLD_FIRST + c.n_pastes;
}

const char *composer_label(uint32_t cp)
{
    return folded(cp) ? c.pastes[cp - FOLD_FIRST].label : NULL;
}

const char *composer_prompt(void)
{
    return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG) && rl_display_prompt ? rl_display_prompt : prompt;
}

void composer_text(struct str *out)
{
    for (size_t at = 0; at < (size_t)rl_end;) {
        uint32_t cp;
        size_t n = utf8_decode(rl_line_buffer + at, (size_t)rl_end - at, &cp, NULL);
        if (folded(cp))
            str_add(out, c.pastes[cp - FOLD_FIRST].p, c.pastes[cp - FOLD_FIRST].n);
        else
            str_add(out, rl_line_buffer + at, n);
        at += n;
    }
}

void composer_draft(struct str *out)
{
    str_add(out, rl_line_buffer, (size_t)rl_end);
}

void composer_set(const char *p, size_t n)
{
    char *z = mem_alloc(n + 1, 1);
    if (!z)
        return;
    memcpy(z, p, n);
    z[n] = '\0';
    rl_replace_line(z, 1);
    rl_point = rl_end;
    free(z);
}

static bool holds_fold(const char *z)
{
    for (size_t at = 0, n = strlen(z); at < n;) {
        uint32_t cp;
        at += utf8_decode(z + at, n - at, &cp, NULL);
        if (folded(cp))
            return true;
    }
    return false;
}

/* What is too long for the file stands folded: Up brings it back in this run. */
void composer_remember(const char *p, size_t n)
{
    struct str line = STR_INIT;
    struct err why;
    if (n > HISTORY_BYTES)
        composer_fold(&line, p, n, 0);
    else
        str_add(&line, p, n);
    if (!line.oom && recall_add(str_z(&line), n <= HISTORY_BYTES && !holds_fold(str_z(&line)), &why))
        c.hooks.fail(c.hooks.arg, &why);
    str_release(&line);
}

void composer_close(void)
{
    if (!c.open)
        return;
    rl_callback_handler_remove();
    recall_close();
    for (size_t i = 0; i < c.n_pastes; i++)
        free(c.pastes[i].p);
    free(c.pastes);
    fclose(c.nowhere);
    memset(&c, 0, sizeof c);
}

char **composer_matches(const char *word, char *(*generator)(const char *word, int state))
{
    return rl_completion_matches(word, generator);
}

char **composer_file_matches(const char *word)
{
    return rl_completion_matches(word, rl_filename_completion_function);
}

bool composer_quotes(void)
{
    return rl_completion_quote_character != 0;
}

void composer_ask(const char *question)
{
    prompt = question ? question : writing; /* borrowed until the next call */
}

const char *composer_mode(void)
{
    return rl_editing_mode ? "" : rl_variable_value("keymap") && strcmp(rl_variable_value("keymap"), "vi-insert") ? "vi" : "vi insert";
}
