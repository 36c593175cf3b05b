#define PCRE2_CODE_UNIT_WIDTH 8
#include "token/pretok.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* White space as Unicode's White_Space property has it. PCRE2's own \s would add U+180E. */
#define W "\\x09-\\x0d\\x{85}\\p{Z}"

/* Radford et al. 2019 (GPT-2, encoder.py). */
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" W "\\p{L}\\p{N}]+|[" W "]+(?![^" W "])|[" W "]+"

/* tiktoken's cl100k and kin: `letters` are \p{L} or \p{L}\p{M}, `digits` how many numerals one piece takes. The
 * contractions ignore case in ASCII only, so they are spelled out. */
#define CL(letters, digits) \
    "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\\r\\n\\p{L}\\p{N}]?[" letters "]+|\\p{N}" digits \
    "| ?[^" W letters "\\p{N}]+[\\r\\n]*|[" W "]*[\\r\\n]+|[" W "]+(?![^" W "])|[" W "]+"

enum { MAX_STAGES = 4 };

/* Each stage runs over the pieces of the one before: its matches and the gaps between them are the new pieces. */
struct rule {
    const char *names; /* separated by spaces, with one at either end */
    const char *stage[MAX_STAGES];
    bool ignore_merges, add_bos;
};

static const struct rule rules[] = {
    { " gpt-2 gpt2 gpt-neox phi-2 mpt olmo jais trillion granite-docling exaone4 mellum modern-bert roberta-bpe ",
      { GPT2 }, false, false },
    { " smollm starcoder refact command-r codeshell exaone minerva-7b mellum2 ", { "\\p{N}", GPT2 }, false, false },
    { " falcon ", { "[\\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]" }, false, false },
    { " default ", { "[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]" }, false, false },
    { " llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano ", { CL("\\p{L}", "{1,3}") },
      true, true },
    { " dbrx smaug-bpe glm4 chatglm-bpe ", { CL("\\p{L}", "{1,3}") }, false, false },
    { " qwen2 deepseek-r1-qwen stablelm2 megrez kormo f2llmv2 hunyuan solar-open grok-2 ", { CL("\\p{L}", "") }, false,
      false },
    { " qwen35 ", { CL("\\p{L}\\p{M}", "") }, false, false },
    { " bloom poro-chat gpt3-finnish ", { " ?[^(" W "|.,!?\xE2\x80\xA6\xE3\x80\x82\xEF\xBC\x8C\xE3\x80\x81\xE0\xA5\xA4"
      "\xDB\x94\xD8\x8C)]+" }, false, false },
};

struct pretok {
    pcre2_code *stage[MAX_STAGES];
    size_t n;
};

static const struct rule *find_rule(const char *name, size_t n)
{
    char key[64] = " ";
    if (n && n + 3 <= sizeof key && !memchr(name, ' ', n) && !memchr(name, '\0', n)) {
        memcpy(key + 1, name, n);
        key[n + 1] = ' ';
        for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
            if (strstr(rules[i].names, key))
                return &rules[i];
        }
    }
    return NULL;
}

static pcre2_code *compile(const char *expr, struct err *e)
{
    int code;
    PCRE2_SIZE at;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)expr, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &code, &at, NULL);
    if (!re) {
        PCRE2_UCHAR why[120];
        pcre2_get_error_message(code, why, sizeof why);
        err_set(e, ERR_UNSUPPORTED, "PCRE2 refuses the pre-tokenizer's expression at %zu: %s", (size_t)at, (char *)why);
        return NULL;
    }
    pcre2_jit_compile(re, PCRE2_JIT_COMPLETE); /* a PCRE2 without JIT matches the same, slower */
    return re;
}

struct pretok *pretok_open(const char *name, size_t n, struct pretok_traits *traits, struct err *e)
{
    const struct rule *r = n ? find_rule(name, n) : find_rule("default", 7);
    *traits = (struct pretok_traits){ .known = r != NULL };
    if (!r)
        r = find_rule("gpt-2", 5);
    traits->ignore_merges = r->ignore_merges;
    traits->add_bos = r->add_bos;
    struct pretok *t = mem_zalloc(1, sizeof *t);
    if (!t) {
        err_nomem(e, "pre-tokenizer");
        return NULL;
    }
    for (; t->n < MAX_STAGES && r->stage[t->n]; t->n++) {
        t->stage[t->n] = compile(r->stage[t->n], e);
        if (!t->stage[t->n]) {
            pretok_free(t);
            return NULL;
        }
    }
    return t;
}

void pretok_free(struct pretok *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++)
        pcre2_code_free(t->stage[i]);
    free(t);
}

void *pretok_work_new(void)
{
    return pcre2_match_data_create(1, NULL);
}

void pretok_work_free(void *work)
{
    pcre2_match_data_free(work);
}

struct split {
    const struct pretok *t;
    pcre2_match_data *match;
    pretok_piece piece;
    void *arg;
    struct err *e;
};

/* The next match of stage s in p[at..n): 1 and its borders, 0 when there is none, -1 on failure. */
static int next_match(const struct split *sp, size_t s, const char *p, size_t n, size_t at, size_t *begin, size_t *end)
{
    int rc = pcre2_match(sp->t->stage[s], (PCRE2_SPTR)p, n, at, PCRE2_NO_UTF_CHECK, sp->match, NULL);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    if (rc < 0)
        return err_set(sp->e, ERR_LIMIT, "PCRE2 gave up on splitting a text of %zu bytes (error %d)", n, rc);
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(sp->match);
    *begin = v[0];
    *end = v[1];
    return *end > *begin; /* no stage matches the empty text */
}

static int split_from(const struct split *sp, size_t s, const char *p, size_t n)
{
    if (!n)
        return 0;
    if (s == sp->t->n)
        return sp->piece(sp->arg, p, n);
    size_t at = 0;
    while (at < n) {
        size_t begin = n, end = n;
        int r = next_match(sp, s, p, n, at, &begin, &end);
        if (r < 0 || (r = split_from(sp, s + 1, p + at, begin - at)) || (r = split_from(sp, s + 1, p + begin, end - begin)))
            return r;
        at = end;
    }
    return 0;
}

int pretok_split(const struct pretok *t, void *work, const char *text, size_t n, pretok_piece piece, void *arg,
                 struct err *e)
{
    struct split sp = { t, work, piece, arg, e };
    return split_from(&sp, 0, text, n);
}
