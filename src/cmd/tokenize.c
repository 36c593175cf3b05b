/* hiss tokenize: text from stdin to one line of ids. Only the tokenizer is read from the file. */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "engine/lm.h"

enum { MAX_TEXT = 1 << 30 };

static int print_ids(const struct lm *lm, const struct str *text, bool special, bool bos, struct err *e)
{
    struct ids ids = IDS_INIT;
    struct tok_span span = { .kind = special ? TOK_SCAFFOLD : TOK_CONTENT, .p = str_z(text), .n = text->len };
    int r = tok_encode(lm->tok, &span, 1, bos, &ids, NULL, e);
    for (size_t i = 0; !r && i < ids.n; i++)
        printf("%s%d", i ? " " : "", (int)ids.p[i]);
    if (!r)
        putchar('\n');
    ids_release(&ids);
    return r;
}

int cmd_tokenize(int argc, char **argv)
{
    struct cmd_model m = { 0 };
    bool no_bos = false, special = false;
    const struct opt table[] = {
        CMD_OPT_MODEL(m),
        { 0, "no-bos", OPT_FLAG, &no_bos, NULL, "leave out the token that begins a text", 0, 0 },
        { 0, "special", OPT_FLAG, &special, NULL, "read <|im_end|> and the like as control tokens", 0, 0 },
    };
    const struct opts o = {
        .command = "tokenize",
        .usage = "[-m MODEL] [--no-bos] [--special] < TEXT",
        .about = "Prints the token ids of a text on one line.",
        .opts = table,
        .n_opts = sizeof table / sizeof table[0],
    };
    struct err e = ERR_INIT;
    struct str path = STR_INIT, text = STR_INIT;
    struct lm *lm = NULL;
    size_t n;
    int r = opts_parse(&o, argc, argv, &n);
    if (r != OPTS_GO)
        return r;
    r = CMD_OK;
    if (lm_find(m.model, &path, &e) || !(lm = lm_open_tokenizer(path.p, &e)))
        r = cmd_fail("tokenize", &e);
    else if (file_read("/dev/stdin", MAX_TEXT, &text, &e) || print_ids(lm, &text, special, !no_bos, &e))
        r = cmd_fail("tokenize", &e);
    else if (tok_warning(lm->tok)[0])
        cmd_note("tokenize", "%s", tok_warning(lm->tok));
    lm_close(lm);
    str_release(&path);
    str_release(&text);
    return r;
}
