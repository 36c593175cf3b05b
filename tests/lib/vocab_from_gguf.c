#include "vocab_from_gguf.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct tok_text text(const struct gguf *g, const char *key)
{
    struct gguf_str s;
    return gguf_string(g, key, &s) ? (struct tok_text){ s.p, s.n } : (struct tok_text){ "", 0 };
}

static int64_t id(const struct gguf *g, const char *key)
{
    uint64_t v;
    return gguf_u64(g, key, &v) && v <= INT32_MAX ? (int64_t)v : -1;
}

static int flag(const struct gguf *g, const char *key)
{
    bool v;
    return gguf_bool(g, key, &v) ? v : -1;
}

static struct tok_text *texts(const struct gguf *g, const char *key, size_t *n)
{
    enum gguf_kind kind;
    *n = 0;
    if (!gguf_array(g, key, &kind, n))
        return NULL;
    struct gguf_str *s = mem_alloc(*n, sizeof *s);
    struct tok_text *t = mem_alloc(*n, sizeof *t);
    if (!s || !t || !gguf_array_strings(g, key, s, *n)) {
        free(t);
        t = NULL;
        *n = 0;
    }
    for (size_t i = 0; i < *n; i++)
        t[i] = (struct tok_text){ s[i].p, s[i].n };
    free(s);
    return t;
}

int vocab_gguf_open(struct vocab_gguf *v, const char *path, struct err *e)
{
    memset(v, 0, sizeof *v);
    v->g = gguf_open(path, e);
    if (!v->g)
        return -1;
    struct tok_source *s = &v->src;
    s->tokens = v->tokens = texts(v->g, "tokenizer.ggml.tokens", &s->n_tokens);
    s->merges = v->merges = texts(v->g, "tokenizer.ggml.merges", &s->n_merges);
    s->kinds = v->kinds = mem_alloc(s->n_tokens, 1);
    if (!v->tokens || !v->kinds)
        return err_set(e, ERR_FORMAT, "%s has no vocabulary", path);
    for (size_t i = 0; i < s->n_tokens; i++) {
        int64_t k;
        v->kinds[i] = gguf_array_i64(v->g, "tokenizer.ggml.token_type", i, &k) ? (unsigned char)k : TOK_NORMAL;
    }
    double score;
    v->scores = gguf_has(v->g, "tokenizer.ggml.scores") ? mem_zalloc(s->n_tokens, sizeof *v->scores) : NULL;
    for (size_t i = 0; v->scores && i < s->n_tokens && gguf_array_f64(v->g, "tokenizer.ggml.scores", i, &score); i++)
        v->scores[i] = (float)score;
    s->scores = v->scores;
    s->no_space_prefix = flag(v->g, "tokenizer.ggml.add_space_prefix") == 0;
    s->model = text(v->g, "tokenizer.ggml.model");
    s->pre = text(v->g, "tokenizer.ggml.pre");
    s->chat_template = text(v->g, "tokenizer.chat_template");
    s->bos = id(v->g, "tokenizer.ggml.bos_token_id");
    s->eos = id(v->g, "tokenizer.ggml.eos_token_id");
    s->eot = id(v->g, "tokenizer.ggml.eot_token_id");
    s->eom = id(v->g, "tokenizer.ggml.eom_token_id");
    s->unk = id(v->g, "tokenizer.ggml.unknown_token_id");
    s->add_bos = flag(v->g, "tokenizer.ggml.add_bos_token");
    s->add_eos = flag(v->g, "tokenizer.ggml.add_eos_token");
    return 0;
}

void vocab_gguf_close(struct vocab_gguf *v)
{
    gguf_close(v->g);
    free(v->tokens);
    free(v->merges);
    free(v->kinds);
    free(v->scores);
}
