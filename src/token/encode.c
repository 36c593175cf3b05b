#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "token/alphabet.h"
#include "token/tok.h"
#include "token/vocab.h"

/* One call's working memory. A run is the joined text of adjacent text spans, made valid UTF-8. */
struct encoder {
    const struct tok *t;
    struct ids *out;
    struct err *e;
    void *split;
    struct bpe_work bpe;
    struct spm_work spm;
    bool first;               /* nothing but special tokens so far: SentencePiece puts a space before the text */
    struct str text;          /* the run */
    unsigned char *scaffold;  /* [cap_scaffold] for each byte of it: the template's own */
    size_t cap_scaffold;
    size_t *span_end;         /* [n_run_spans] where the run's spans end in it */
    size_t n_run_spans, cap_span_end;
    size_t *ends;             /* of the run's first span, or NULL */
    size_t done;              /* spans of the run whose end has been passed */
    size_t at;                /* bytes of the run that are tokenised */
    struct str alphabet;
};

/* Notes every span that ends within the bytes tokenised so far. */
static void advance(struct encoder *en, size_t bytes)
{
    en->at += bytes;
    for (; en->done < en->n_run_spans && en->span_end[en->done] <= en->at; en->done++) {
        if (en->ends)
            en->ends[en->done] = en->out->n;
    }
}

/* Bytes of its text that a token stands for: in BPE one a character of the alphabet. */
static size_t token_bytes(const struct tok *t, int32_t id)
{
    struct tok_text x = t->tokens[id];
    size_t n = 0;
    if (!t->pretok)
        return spm_token_bytes(t, id);
    for (size_t i = 0; i < x.n; i++)
        n += ((unsigned char)x.p[i] & 0xC0) != 0x80;
    return n;
}

/* Goes n bytes on, which are the tokens from `first` on, the first of them with `extra` bytes that the text has not. A
 * span that ends inside ends with the token that holds its last byte. */
static void advance_by_tokens(struct encoder *en, size_t first, size_t n, size_t extra)
{
    size_t end = en->at + n, all = en->out->n;
    bool inside = en->ends && en->done < en->n_run_spans && en->span_end[en->done] < end;
    for (size_t i = first; inside && i < all && en->at < end; i++) {
        size_t k = token_bytes(en->t, en->out->p[i]);
        k -= i == first && k >= extra ? extra : 0;
        en->out->n = i + 1;
        advance(en, k < end - en->at ? k : end - en->at);
    }
    en->out->n = all;
    advance(en, end - en->at);
}

static int32_t whole_piece(struct encoder *en, const char *p, size_t n)
{
    if (!en->t->ignore_merges || n > en->t->longest)
        return -1;
    str_clear(&en->alphabet);
    return alphabet_encode(p, n, &en->alphabet) ? -1 : tok_find(en->t, en->alphabet.p, en->alphabet.len);
}

static int on_piece(void *arg, const char *p, size_t n)
{
    struct encoder *en = arg;
    size_t first = en->out->n;
    int32_t id = whole_piece(en, p, n);
    if (id >= 0 ? ids_push(en->out, id) : bpe_piece(&en->t->bpe, &en->bpe, p, n, en->out, en->e))
        return id >= 0 ? err_nomem(en->e, "token ids") : -1;
    advance_by_tokens(en, first, n, 0);
    return 0;
}

/* Text between special tokens. */
static int encode_text(struct encoder *en, const char *p, size_t n, bool after_special)
{
    size_t first = en->out->n;
    bool prefix = en->t->space_prefix && after_special;
    if (en->t->pretok)
        return pretok_split(en->t->pretok, en->split, p, n, on_piece, en, en->e);
    if (n && spm_text(en->t, en->t->scores, &en->spm, p, n, prefix, en->out, en->e))
        return -1;
    advance_by_tokens(en, first, n, prefix);
    return 0;
}

static int encode_run(struct encoder *en)
{
    struct special_cut *cuts;
    size_t n_cuts, n = en->text.len;
    en->at = 0;
    en->done = 0;
    if (!n) {
        advance(en, 0);
        return 0;
    }
    int r = specials_find(&en->t->specials, en->text.p, en->scaffold, n, &cuts, &n_cuts, en->e);
    advance(en, 0); /* empty spans in front */
    for (size_t i = 0, at = 0; !r && i <= n_cuts; i++) {
        size_t end = i < n_cuts ? cuts[i].begin : n;
        r = encode_text(en, en->text.p + at, end - at, i ? true : en->first);
        if (!r && i < n_cuts) {
            r = ids_push(en->out, cuts[i].id) ? err_nomem(en->e, "token ids") : 0;
            at = cuts[i].end;
            advance(en, cuts[i].end - cuts[i].begin);
        }
    }
    free(cuts);
    en->first = false;
    return r;
}

/* Appends cp to the run. */
static int add_char(struct encoder *en, const char *p, size_t n, bool scaffold)
{
    if (str_add(&en->text, p, n) || mem_grow(&en->scaffold, &en->cap_scaffold, en->text.len, 1))
        return err_nomem(en->e, "a prompt");
    memset(en->scaffold + en->text.len - n, scaffold, n);
    return 0;
}

static int end_span(struct encoder *en)
{
    if (mem_grow(&en->span_end, &en->cap_span_end, en->n_run_spans + 1, sizeof *en->span_end))
        return err_nomem(en->e, "a prompt");
    en->span_end[en->n_run_spans++] = en->text.len;
    return 0;
}

/* Adds one text span to the run, an invalid byte as U+FFFD. A character may not reach over a span's border: such a
 * text was cut by nobody but an enemy. */
static int add_span(struct encoder *en, const struct tok_span *s)
{
    for (size_t i = 0; i < s->n;) {
        uint32_t cp;
        bool ok;
        size_t n = utf8_decode(s->p + i, s->n - i, &cp, &ok);
        if (add_char(en, ok ? s->p + i : "\xEF\xBF\xBD", ok ? n : 3, s->kind == TOK_SCAFFOLD))
            return -1;
        i += n;
    }
    return end_span(en);
}

static int encode_spans(struct encoder *en, const struct tok_span *spans, size_t n, size_t *ends)
{
    for (size_t i = 0; i < n;) {
        if (spans[i].kind == TOK_IDS) {
            if (ids_add(en->out, spans[i].ids, spans[i].n_ids))
                return err_nomem(en->e, "token ids");
            en->first = false;
            if (ends)
                ends[i] = en->out->n;
            i++;
            continue;
        }
        str_clear(&en->text);
        en->n_run_spans = 0;
        en->ends = ends ? ends + i : NULL;
        for (; i < n && spans[i].kind != TOK_IDS; i++) {
            if (add_span(en, &spans[i]))
                return -1;
        }
        if (encode_run(en))
            return -1;
    }
    return 0;
}

int tok_encode(const struct tok *t, const struct tok_span *spans, size_t n_spans, bool bos, struct ids *out,
               size_t *ends, struct err *e)
{
    struct encoder en = { .t = t, .out = out, .e = e, .bpe = BPE_WORK_INIT, .spm = SPM_WORK_INIT, .first = true,
                          .text = STR_INIT, .alphabet = STR_INIT };
    size_t base = out->n;
    bool with_bos = bos && t->add_bos;
    int r = -1;
    en.split = pretok_work_new();
    if (!en.split || (with_bos && ids_push(out, t->bos))) {
        err_nomem(e, "tokenizing");
        goto done;
    }
    r = encode_spans(&en, spans, n_spans, ends);
    if (!r && with_bos && out->n > base + 1 && out->p[base + 1] == t->bos) { /* the text brought its own */
        memmove(out->p + base, out->p + base + 1, (out->n - base - 1) * sizeof *out->p);
        out->n--;
        for (size_t i = 0; ends && i < n_spans; i++)
            ends[i] -= ends[i] > base;
    }
done:
    if (r)
        out->n = base;
    pretok_work_free(en.split);
    bpe_work_release(&en.bpe);
    spm_work_release(&en.spm);
    str_release(&en.text);
    str_release(&en.alphabet);
    free(en.scaffold);
    free(en.span_end);
    return r;
}
