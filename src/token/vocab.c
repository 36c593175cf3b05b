#include "token/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MAX_TOKENS = 1 << 24, SPM_BOS = 1, SPM_EOS = 2 /* where a file does not say */ };

/* Tokens that end a turn wherever they occur, whatever type a file gives them (llama.cpp, src/llama-vocab.cpp). */
static const char *const eog_texts[] = {
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
    "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>",
    "<eos>", "<turn|>", "<|tool_response>", "<\357\275\234end\342\226\201of\342\226\201sentence\357\275\234>", "[e~[",
};

static bool text_is(struct tok_text t, const char *z)
{
    return t.n == strlen(z) && !memcmp(t.p, z, t.n);
}

static int32_t checked_id(const struct tok *t, int64_t id)
{
    return id >= 0 && (uint64_t)id < t->n ? (int32_t)id : -1; /* a number outside the vocabulary counts as absent */
}

static void mark_eog(struct tok *t, int64_t id)
{
    if (checked_id(t, id) >= 0)
        t->eog[id] = 1;
}

static int read_tokens(struct tok *t, const struct tok_source *src, struct err *e)
{
    if (!src->n_tokens || src->n_tokens > MAX_TOKENS)
        return err_set(e, ERR_FORMAT, "the tokenizer has %zu tokens: 1 to %d are possible", src->n_tokens, MAX_TOKENS);
    t->tokens = src->tokens;
    t->n = src->n_tokens;
    t->kinds = mem_alloc(t->n, 1);
    t->eog = mem_zalloc(t->n, 1);
    if (!t->kinds || !t->eog || map_reserve(&t->by_text, t->n))
        return err_nomem(e, "the vocabulary");
    for (size_t i = 0; i < t->n; i++) {
        t->kinds[i] = src->kinds && src->kinds[i] <= TOK_BYTE ? src->kinds[i] : TOK_NORMAL;
        struct tok_text x = t->tokens[i];
        uint64_t first;
        if (x.n > t->longest)
            t->longest = x.n;
        if (x.n && !map_get(&t->by_text, x.p, x.n, &first) && map_put(&t->by_text, x.p, x.n, i) < 0)
            return err_nomem(e, "the vocabulary");
    }
    for (size_t i = 0; i < sizeof eog_texts / sizeof *eog_texts; i++) {
        int32_t id = tok_find(t, eog_texts[i], strlen(eog_texts[i]));
        if (id >= 0) {
            t->kinds[id] = TOK_CONTROL;
            t->eog[id] = 1;
        }
    }
    return 0;
}

static int open_bpe(struct tok *t, const struct tok_source *src, struct err *e)
{
    struct pretok_traits traits;
    if (!src->n_merges)
        return err_set(e, ERR_FORMAT, "the tokenizer gpt2 (byte-level BPE) needs tokenizer.ggml.merges, and the file has none");
    t->pretok = pretok_open(src->pre.p, src->pre.n, &traits, e);
    if (!t->pretok || bpe_init(&t->bpe, t, src->merges, src->n_merges, e))
        return -1;
    t->ignore_merges = traits.ignore_merges;
    t->add_bos = src->add_bos >= 0 ? src->add_bos != 0 : traits.add_bos;
    if (!src->pre.n)
        snprintf(t->warning, sizeof t->warning, "the file names no pre-tokenizer: \"default\" is used, which may split "
                 "text differently from what the model learned");
    else if (!traits.known)
        snprintf(t->warning, sizeof t->warning, "the pre-tokenizer \"%.*s\" is not known: gpt-2's is used, which may "
                 "split text differently from what the model learned", (int)(src->pre.n < 40 ? src->pre.n : 40),
                 src->pre.p);
    else if (t->bpe.unresolved)
        snprintf(t->warning, sizeof t->warning, "%zu of %zu merges name no token of the vocabulary and are left out",
                 t->bpe.unresolved, src->n_merges);
    return 0;
}

static void open_spm(struct tok *t, const struct tok_source *src)
{
    t->scores = src->scores;
    t->space_prefix = !src->no_space_prefix;
    t->add_bos = src->add_bos != 0; /* also when absent */
}

struct tok *tok_open(const struct tok_source *src, struct err *e)
{
    bool spm = text_is(src->model, "llama");
    struct tok *t = mem_zalloc(1, sizeof *t);
    if (!t) {
        err_nomem(e, "tokenizer");
        return NULL;
    }
    if (!spm && !text_is(src->model, "gpt2")) {
        err_set(e, ERR_UNSUPPORTED, "the tokenizer \"%.*s\" is not supported: hiss reads gpt2 (byte-level BPE) and llama "
                "(SentencePiece)",
                (int)(src->model.n < 40 ? src->model.n : 40), src->model.n ? src->model.p : "");
        goto fail;
    }
    if (read_tokens(t, src, e) || (!spm && open_bpe(t, src, e)))
        goto fail;
    if (spm)
        open_spm(t, src);
    t->bos = checked_id(t, spm && src->bos < 0 ? SPM_BOS : src->bos);
    t->eos = checked_id(t, spm && src->eos < 0 ? SPM_EOS : src->eos);
    mark_eog(t, t->eos);
    mark_eog(t, src->eot);
    mark_eog(t, src->eom);
    t->add_bos = t->add_bos && t->bos >= 0;
    t->chat_template = src->chat_template;
    if (specials_init(&t->specials, t->tokens, t->kinds, t->n, e))
        goto fail;
    return t;
fail:
    tok_close(t);
    return NULL;
}

void tok_close(struct tok *t)
{
    if (!t)
        return;
    specials_release(&t->specials);
    bpe_release(&t->bpe);
    pretok_free(t->pretok);
    map_release(&t->by_text);
    free(t->eog);
    free(t->kinds);
    free(t);
}

const char *tok_warning(const struct tok *t)
{
    return t->warning;
}

size_t tok_n(const struct tok *t)
{
    return t->n;
}

int32_t tok_bos(const struct tok *t)
{
    return t->bos;
}

int32_t tok_eos(const struct tok *t)
{
    return t->eos;
}

bool tok_add_bos(const struct tok *t)
{
    return t->add_bos;
}

bool tok_is_eog(const struct tok *t, int32_t id)
{
    return id >= 0 && (size_t)id < t->n && t->eog[id];
}

bool tok_is_special(const struct tok *t, int32_t id)
{
    if (id < 0 || (size_t)id >= t->n)
        return false;
    return t->kinds[id] == TOK_CONTROL || t->kinds[id] == TOK_UNKNOWN || t->kinds[id] == TOK_UNUSED;
}

int32_t tok_find(const struct tok *t, const char *text, size_t n)
{
    uint64_t id;
    return n && map_get(&t->by_text, text, n, &id) ? (int32_t)id : -1;
}

struct tok_text tok_text_of(const struct tok *t, int32_t id)
{
    return id >= 0 && (size_t)id < t->n ? t->tokens[id] : (struct tok_text){ "", 0 };
}
