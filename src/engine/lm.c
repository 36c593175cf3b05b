#include "engine/lm.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The tables of a GGUF vocabulary in the tokenizer's own terms; their bytes lie in the file's mapping. */
struct lm_vocab {
    struct gguf *own;       /* when only the tokenizer was opened */
    struct tok_text *tokens, *merges;
    unsigned char *kinds;
    float *scores;
};

static void vocab_free(struct lm_vocab *v)
{
    if (!v)
        return;
    free(v->tokens);
    free(v->merges);
    free(v->kinds);
    free(v->scores);
    gguf_close(v->own);
    free(v);
}

/* All strings of an array: struct gguf_str and struct tok_text say the same. NULL when the key is absent. */
static struct tok_text *texts(const struct gguf *g, const char *key, size_t *n, struct err *e)
{
    enum gguf_kind kind;
    if (!gguf_array(g, key, &kind, n) || !*n)
        return NULL;
    struct gguf_str *s = mem_alloc(*n, sizeof *s);
    struct tok_text *t = mem_alloc(*n, sizeof *t);
    if (!s || !t) {
        err_nomem(e, "the vocabulary");
    } else if (!gguf_array_strings(g, key, s, *n)) {
        err_set(e, ERR_FORMAT, "%s: %s is not an array of strings; the file is damaged", gguf_path(g), key);
    } else {
        for (size_t i = 0; i < *n; i++)
            t[i] = (struct tok_text){ s[i].p, s[i].n };
        free(s);
        return t;
    }
    free(s);
    free(t);
    return NULL;
}

static int read_kinds(struct lm_vocab *v, const struct gguf *g, size_t n_tokens, struct err *e)
{
    enum gguf_kind kind;
    size_t n;
    if (!gguf_array(g, "tokenizer.ggml.token_type", &kind, &n))
        return 0;
    if (n < n_tokens)
        return err_set(e, ERR_FORMAT, "%s: %zu token types for %zu tokens; the file is damaged", gguf_path(g), n, n_tokens);
    v->kinds = mem_alloc(n_tokens, 1);
    if (!v->kinds)
        return err_nomem(e, "the vocabulary");
    for (size_t i = 0; i < n_tokens; i++) {
        int64_t k;
        bool known = gguf_array_i64(g, "tokenizer.ggml.token_type", i, &k) && k >= TOK_UNDEFINED && k <= TOK_BYTE;
        v->kinds[i] = (unsigned char)(known ? k : TOK_NORMAL);
    }
    return 0;
}

static int read_scores(struct lm_vocab *v, const struct gguf *g, size_t n_tokens, struct err *e)
{
    enum gguf_kind kind;
    size_t n;
    if (!gguf_array(g, "tokenizer.ggml.scores", &kind, &n))
        return 0;
    if (n < n_tokens)
        return err_set(e, ERR_FORMAT, "%s: %zu scores for %zu tokens; the file is damaged", gguf_path(g), n, n_tokens);
    v->scores = mem_alloc(n_tokens, sizeof *v->scores);
    if (!v->scores)
        return err_nomem(e, "the vocabulary");
    for (size_t i = 0; i < n_tokens; i++) {
        double x = 0;
        gguf_array_f64(g, "tokenizer.ggml.scores", i, &x);
        v->scores[i] = (float)x;
    }
    return 0;
}

static struct tok_text string_of(const struct gguf *g, const char *key)
{
    struct gguf_str s = { NULL, 0 };
    gguf_string(g, key, &s);
    return (struct tok_text){ s.p, s.n };
}

static int64_t id_of(const struct gguf *g, const char *key, size_t n_tokens)
{
    uint64_t id;
    return gguf_u64(g, key, &id) && id < n_tokens ? (int64_t)id : -1;
}

static int flag_of(const struct gguf *g, const char *key)
{
    bool b;
    return gguf_bool(g, key, &b) ? b : -1;
}

/* v's tables must outlive the tokenizer. */
static struct tok *open_tok(const struct gguf *g, struct lm_vocab *v, struct err *e)
{
    struct tok_source src = { .n_tokens = 0 };
    v->tokens = texts(g, "tokenizer.ggml.tokens", &src.n_tokens, e);
    if (!v->tokens) {
        if (!e->code)
            err_set(e, ERR_UNSUPPORTED, "%s carries no vocabulary; hiss needs a GGUF file with its tokenizer", gguf_path(g));
        return NULL;
    }
    v->merges = texts(g, "tokenizer.ggml.merges", &src.n_merges, e);
    if (e->code || read_kinds(v, g, src.n_tokens, e) || read_scores(v, g, src.n_tokens, e))
        return NULL;
    src.tokens = v->tokens;
    src.merges = v->merges;
    src.kinds = v->kinds;
    src.scores = v->scores;
    src.model = string_of(g, "tokenizer.ggml.model");
    src.pre = string_of(g, "tokenizer.ggml.pre");
    src.bos = id_of(g, "tokenizer.ggml.bos_token_id", src.n_tokens);
    src.eos = id_of(g, "tokenizer.ggml.eos_token_id", src.n_tokens);
    src.eot = id_of(g, "tokenizer.ggml.eot_token_id", src.n_tokens);
    src.eom = id_of(g, "tokenizer.ggml.eom_token_id", src.n_tokens);
    src.unk = id_of(g, "tokenizer.ggml.unknown_token_id", src.n_tokens);
    src.add_bos = flag_of(g, "tokenizer.ggml.add_bos_token");
    src.add_eos = flag_of(g, "tokenizer.ggml.add_eos_token");
    src.no_space_prefix = flag_of(g, "tokenizer.ggml.add_space_prefix") == 0;
    src.chat_template = string_of(g, "tokenizer.chat_template");
    struct tok *t = tok_open(&src, e);
    if (!t)
        err_prefix(e, "%s", gguf_path(g));
    return t;
}

static struct lm *lm_new(struct err *e)
{
    struct lm *lm = mem_zalloc(1, sizeof *lm);
    if (!lm || !(lm->vocab = mem_zalloc(1, sizeof *lm->vocab))) {
        free(lm);
        err_nomem(e, "a model");
        return NULL;
    }
    gate_init(&lm->gate);
    return lm;
}

struct lm *lm_open(const char *path, const struct lm_opts *o, struct err *e)
{
    struct lm *lm = lm_new(e);
    struct model_opts mo = { o->level, o->pool, o->progress, o->progress_arg };
    e->code = ERR_OK;
    if (!lm)
        return NULL;
    lm->pool = o->pool;
    lm->model = model_open(path, &mo, e);
    if (!lm->model || !(lm->tok = open_tok(model_gguf(lm->model), lm->vocab, e)))
        goto fail;
    if (tok_n(lm->tok) != model_config(lm->model)->n_vocab) {
        err_set(e, ERR_FORMAT, "%s: the tokenizer has %zu tokens, the model %zu; the file is damaged", path,
                tok_n(lm->tok), model_config(lm->model)->n_vocab);
        goto fail;
    }
    lm->tmpl = template_open(lm->tok, o->template, e);
    if (lm->tmpl)
        return lm;
    err_prefix(e, "%s: its chat template", path);
fail:
    lm_close(lm);
    return NULL;
}

struct lm *lm_open_tokenizer(const char *path, struct err *e)
{
    struct lm *lm = lm_new(e);
    e->code = ERR_OK;
    if (!lm)
        return NULL;
    lm->vocab->own = gguf_open(path, e);
    if (lm->vocab->own && (lm->tok = open_tok(lm->vocab->own, lm->vocab, e)))
        return lm;
    lm_close(lm);
    return NULL;
}

void lm_close(struct lm *lm)
{
    if (!lm)
        return;
    template_free(lm->tmpl);
    tok_close(lm->tok);
    model_close(lm->model);
    vocab_free(lm->vocab);
    gate_release(&lm->gate);
    free(lm);
}
