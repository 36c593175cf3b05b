/* Templates are programs from strangers: whatever they say, rendering ends, with a text or one sentence.
 * With clang: -fsanitize=fuzzer,address,undefined -DWITH_LIBFUZZER. Without, a small mutator of its own runs ROUNDS
 * templates made from the seeds below (fuzz_jinja [SEED [ROUNDS]]) and speaks TAP. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "token/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct tok *open_tok(const char *src, size_t n)
{
    static const struct tok_text tokens[] = { { "a", 1 }, { "b", 1 }, { "ab", 2 }, { "<BOS>", 5 }, { "<EOS>", 5 } };
    static const unsigned char kinds[] = { TOK_NORMAL, TOK_NORMAL, TOK_NORMAL, TOK_CONTROL, TOK_USER };
    static const struct tok_text merge = { "a b", 3 };
    struct tok_source s = { .model = { "gpt2", 4 }, .pre = { "gpt-2", 5 }, .tokens = tokens, .n_tokens = 5, .kinds = kinds,
                            .merges = &merge, .n_merges = 1, .bos = 3, .eos = 4, .eot = -1, .eom = -1, .unk = -1,
                            .add_bos = 1, .add_eos = 0, .chat_template = { src, n } };
    return tok_open(&s, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int32_t ids[] = { 0, 1, 2 };
    static const struct chat_message msgs[] = {
        { "system", "S a<EOS>", 8, NULL, 0 }, { "user", " U\xC3\xA9\xFF'\"\n", 9, NULL, 0 },
        { "assistant", "<think>x</think>A", 17, ids, 3 }, { "user", "", 0, NULL, 0 },
    };
    struct err e = ERR_INIT;
    struct tok *t = open_tok((const char *)data, n);
    struct template *tp = t ? template_open(t, NULL, &e) : NULL;
    struct template_out out = TEMPLATE_OUT_INIT;
    struct ids v = IDS_INIT;
    size_t ends[4], at = 0;
    if (!t || (!tp && (e.code == ERR_OK || !*e.msg)))
        abort();
    if (tp && !template_render(tp, msgs, 4, true, 0, &out, &e)) {
        for (size_t i = 0; i < out.n_pieces; at = out.pieces[i++].end) {
            if (out.pieces[i].begin != at || out.pieces[i].end <= at || out.pieces[i].message >= 4)
                abort();
        }
        if (at != out.text.len)
            abort();
    }
    if (tp && !template_ids(tp, t, msgs, 4, true, 0, &v, ends, &e)) {
        for (size_t i = 0; i < 4; i++) {
            if (ends[i] > v.n)
                abort();
        }
    }
    ids_release(&v);
    template_out_release(&out);
    template_free(tp);
    tok_close(t);
    return 0;
}

#ifndef WITH_LIBFUZZER
static const char *const seeds[] = {
    "{% for m in messages %}{{ '<' + m['role'] + '>' + m.content | trim }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{%- set ns = namespace(x=1, y=[]) -%}{% for m in messages[::-1] if m.role == 'user' %}{% set ns.x = ns.x * 3 + 1 %}"
    "{{ ns.x ~ loop.index0 }}{% else %}none{% endfor %}{{ ns }}",
    "{% macro f(a, b=2) %}{{ a[1:b] }}{{ f(a, b - 1) if b > 0 else '' }}{% endmacro %}{{ f(messages[1].content) }}",
    "{{ messages | map(attribute='content') | join(', ') | replace('a', 'bb') | upper }}{{ messages | tojson(indent=2) }}",
    "{% set x %}{% filter lower %}ABC{{ bos_token }}{% endfilter %}{% endset %}{{ x.split('b', 1)[-1].strip('c\\n') }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ {'a': 1, 'b': (1, 2.5)}.items() | list }}",
    "{% if messages is defined and messages[0].role in ['system', 'x'] or false %}{{ -7 // 2 ** 3 % 5 }}{% elif 1 %}"
    "{% break %}{% endif %}{{ 'é%s' % eos_token }}{# c #}{% raw %}{{{% endraw %}{{ range(3) | list }}",
    "{% set l = [1] %}{% set _ = l.append(l) %}{{ l == [l] }}{% for k, v in {'a': l}.items() %}{{ k * 9 }}{% endfor %}",
};
enum { N_SEEDS = sizeof seeds / sizeof *seeds, MAX_LEN = 600 };

/* Seed template `a` with some bytes changed, cut, doubled, or taken from another seed. */
static size_t mutate(uint64_t seed, uint64_t round, char out[MAX_LEN])
{
    uint64_t k = round << 8;
    const char *a = seeds[rng_u64(seed, k++) % N_SEEDS];
    size_t n = strlen(a);
    memcpy(out, a, n);
    for (uint64_t i = 0, times = 1 + rng_u64(seed, k++) % 6; i < times; i++) {
        size_t at = rng_u64(seed, k++) % n, len = 1 + rng_u64(seed, k++) % 12;
        const char *b = seeds[rng_u64(seed, k++) % N_SEEDS];
        size_t from = rng_u64(seed, k++) % strlen(b);
        switch (rng_u64(seed, k++) % 4) {
        case 0:
            out[at] = "{}%#-+()[]|.,:'\"\\~*/=<> \n0a_\xC3"[rng_u64(seed, k++) % 29];
            break;
        case 1:
            len = len < n - at ? len : n - at - 1;
            memmove(out + at, out + at + len, n - at - len);
            n -= len;
            break;
        default:
            len = len < strlen(b) - from ? len : strlen(b) - from;
            if (n + len > MAX_LEN)
                break;
            memmove(out + at + len, out + at, n - at);
            memcpy(out + at, b + from, len);
            n += len;
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 3000;
    char src[MAX_LEN];
    for (uint64_t i = 0; i < rounds; i++) {
        size_t n = mutate(seed, i, src);
        char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read beyond it */
        if (!exact)
            return 1;
        memcpy(exact, src, n);
        LLVMFuzzerTestOneInput((const uint8_t *)exact, n);
        free(exact);
    }
    printf("1..1\nok 1 - %d mutated templates end (seed %d)\n", (int)rounds, (int)seed);
    return 0;
}
#endif
